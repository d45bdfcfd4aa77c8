/** What an archive is: its manifest, its lines, and the tree over its leaves. No I/O. */
import { emptyRoot, fastNodeHash } from '#engines/evidence';
import type { PostingLeaf, PostingTexts } from '#systems/evidence';

export const ARCHIVE_FORMAT = 'longmen.archive.v1';

/** The files of an archive beside its manifest; each holds one JSON document per line, compressed with gzip. */
export const archiveFiles = {
  postings: 'postings.jsonl.gz',
  texts: 'texts.jsonl.gz',
  accounts: 'accounts.jsonl.gz',
} as const;
export type ArchiveFile = keyof typeof archiveFiles;
export const MANIFEST = 'manifest.json';

/** Four counters as decimal text, minor units. */
export interface TotalsText {
  readonly debits_pending: string;
  readonly credits_pending: string;
  readonly debits_posted: string;
  readonly credits_posted: string;
}
export const totalNames = ['debits_pending', 'credits_pending', 'debits_posted', 'credits_posted'] as const;

/** What an archive says of itself. Hashes are hexadecimal but for those of the tree, which are base64 as in proofs. */
export interface Manifest {
  readonly format: typeof ARCHIVE_FORMAT;
  readonly book: string;
  /** From 1; the archives of a book follow each other without gaps. */
  readonly number: number;
  readonly first_sequence: string;
  readonly last_sequence: string;
  readonly records: number;
  readonly first_recorded_at: string;
  readonly last_recorded_at: string;
  /** The latest effective date. */
  readonly through_date: string;
  /** SHA-256 of the manifest before; null for the first. */
  readonly previous: string | null;
  readonly files: Readonly<
    Record<ArchiveFile, { readonly bytes: number; readonly records: number; readonly sha256: string }>
  >;
  /** By currency: what the records moved, as debits and as credits. */
  readonly totals: Readonly<Record<string, TotalsText>>;
  readonly evidence: {
    readonly origin: string;
    /** The hashes of the full subtrees in front of the first leaf, the largest first. */
    readonly start: readonly string[];
    /** The signed checkpoint that covers the archive, and the proof that its tree continues this one. */
    readonly checkpoint: string;
    readonly consistency: readonly string[];
    /** Verifier keys, for convenience; they prove nothing. */
    readonly keys: readonly string[];
  };
  readonly archived_at: string;
}

/** A line of `postings`: the leaf in words. */
export type PostingLine = PostingLeaf;

/** A line of `texts`: what the hashes of a leaf stand for. */
export type TextLine = Omit<PostingTexts, 'sequence'> & { readonly sequence: string };

/** A line of `accounts`: an account the records moved, by how much, and what it carries forward behind them. */
export interface AccountLine {
  readonly account_id: string;
  readonly currency: string;
  readonly code: string;
  readonly side: 'debit' | 'credit';
  readonly moved: TotalsText;
  readonly carried: TotalsText;
}

/** Four counters in the order of {@link totalNames}. */
export type Totals = readonly [bigint, bigint, bigint, bigint];
export const zeroTotals: Totals = [0n, 0n, 0n, 0n];

export function totalsText([debitsPending, creditsPending, debitsPosted, creditsPosted]: Totals): TotalsText {
  return {
    debits_pending: String(debitsPending),
    credits_pending: String(creditsPending),
    debits_posted: String(debitsPosted),
    credits_posted: String(creditsPosted),
  };
}

export function totalsOf(text: TotalsText): Totals {
  return [
    BigInt(text.debits_pending),
    BigInt(text.credits_pending),
    BigInt(text.debits_posted),
    BigInt(text.credits_posted),
  ];
}

export function plus(a: Totals, b: Totals): Totals {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** What a record moves the counters of its debit and its credit account by; the ledger's rule (README there). */
export function movesOf(leaf: PostingLeaf): { debit: Totals; credit: Totals } {
  const amount = BigInt(leaf.amount_minor);
  const pending = leaf.kind === 'pending' ? amount : -BigInt(leaf.released_minor);
  const posted = leaf.kind === 'transfer' || leaf.kind === 'post' || leaf.kind === 'reverse' ? amount : 0n;
  return { debit: [pending, 0n, posted, 0n], credit: [0n, pending, 0n, posted] };
}

/** The sizes of the full subtrees of a tree of `size` leaves, the largest first; they stand one behind the other. */
export function subtreesOf(size: bigint): { start: bigint; end: bigint }[] {
  const found: { start: bigint; end: bigint }[] = [];
  let start = 0n;
  for (let width = 1n << BigInt(Math.max(0, size.toString(2).length - 1)); width > 0n; width >>= 1n) {
    if ((size & width) === 0n) continue;
    found.push({ start, end: start + width });
    start += width;
  }
  return found;
}

/** The right edge of a Merkle tree (RFC 6962): enough to go on with and to know its root. */
export class TreeEdge {
  size: bigint;
  private readonly nodes: Uint8Array[];

  /** @param nodes the hashes of {@link subtreesOf} the size. */
  constructor(size = 0n, nodes: readonly Uint8Array[] = []) {
    this.size = size;
    this.nodes = [...nodes];
  }

  get hashes(): readonly Uint8Array[] {
    return this.nodes;
  }

  add(leaf: Uint8Array): void {
    let hash = leaf;
    for (let rest = this.size; rest % 2n === 1n; rest /= 2n) {
      const left = this.nodes.pop();
      if (left !== undefined) hash = fastNodeHash(left, hash);
    }
    this.nodes.push(hash);
    this.size += 1n;
  }

  root(): Uint8Array {
    return (
      this.nodes.reduceRight(
        (right, left) => (right === undefined ? left : fastNodeHash(left, right)),
        undefined as Uint8Array | undefined,
      ) ?? emptyRoot()
    );
  }
}
