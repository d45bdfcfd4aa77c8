/** Verifying archives from their files alone: hashes, order, sums, and the tree under a signed checkpoint. */
import { createHash } from 'node:crypto';
import {
  fromBase64,
  leafHashes,
  openCheckpoint,
  parseVerifierKey,
  sameBytes,
  verifyConsistency,
} from '#engines/evidence';
import { LongmenError } from '#kernel/errors';
import { encodeLeaf, type SaltedText } from '#systems/evidence';
import { archiveError } from './errors.ts';
import { findArchives, readLines, readManifest, sha256 } from './files.ts';
import {
  type AccountLine,
  type Manifest,
  movesOf,
  type PostingLine,
  plus,
  subtreesOf,
  type TextLine,
  type Totals,
  TreeEdge,
  totalsOf,
  totalsText,
  zeroTotals,
} from './model.ts';

/** What the archives of a book so far lead to. */
export interface Chain {
  readonly number: number;
  readonly last: bigint;
  readonly lastRecordedAt: string;
  /** SHA-256 of the last manifest, hexadecimal. */
  readonly manifest: string;
  readonly edge: TreeEdge;
  /** What each account carries forward; null where the archives before are not at hand. */
  readonly carried: Map<string, Totals>;
}

export interface CheckedArchive {
  readonly manifest: Manifest;
  readonly chain: Chain;
}

/**
 * Verifies one archive, behind the ones before (null: it is judged by itself; the first one begins the books).
 *
 * @param keys verifier keys the checkpoint must be signed with; empty: those the archive names itself.
 * @throws `archive_unsound`, naming the first fault.
 */
export async function checkArchive(
  path: string,
  keys: readonly string[],
  before: Chain | null,
): Promise<CheckedArchive> {
  const { manifest, bytes } = await readManifest(path);
  const unsound = (why: string, meta: Readonly<Record<string, unknown>> = {}) =>
    archiveError('archive_unsound', `Archive ${manifest.number} of book ${manifest.book}: ${why}`, {
      book: manifest.book,
      archive: manifest.number,
      ...meta,
    });
  try {
    const first = BigInt(manifest.first_sequence);
    const previous = before ?? (manifest.number === 1 ? emptyChain() : null);
    if (previous !== null) {
      if (manifest.number !== previous.number + 1) throw unsound(`archive ${previous.number + 1} is missing`);
      if (first !== previous.last + 1n) throw unsound(`it does not begin at ${previous.last + 1n}`);
      if ((manifest.previous ?? '') !== previous.manifest) throw unsound('the manifest before it is another one');
    }
    const start = manifest.evidence.start.map(hashOf);
    if (start.length !== subtreesOf(first - 1n).length) throw unsound('its tree does not begin where it says');
    if (
      previous !== null &&
      !previous.edge.hashes.every((hash, at) => sameBytes(hash, start[at] ?? new Uint8Array()))
    ) {
      throw unsound('its tree does not continue the one before');
    }
    const edge = new TreeEdge(first - 1n, start);
    const postings = await readLines<PostingLine>(path, 'postings', manifest);
    const moved = judgePostings(manifest, postings, previous, unsound);
    for (let at = 0; at < postings.length; at += 4_096) {
      const hashes = leafHashes(postings.slice(at, at + 4_096).map(encodeLeaf));
      for (let offset = 0; offset < hashes.length; offset += 32) edge.add(hashes.subarray(offset, offset + 32));
    }
    judgeEvidence(manifest, edge, keys.length === 0 ? manifest.evidence.keys : keys, unsound);
    judgeTexts(await readLines<TextLine>(path, 'texts', manifest), postings, first, unsound);
    const carried = judgeAccounts(await readLines<AccountLine>(path, 'accounts', manifest), moved, previous, unsound);
    const chain: Chain = {
      number: manifest.number,
      last: BigInt(manifest.last_sequence),
      lastRecordedAt: manifest.last_recorded_at,
      manifest: sha256(bytes).toString('hex'),
      edge,
      carried,
    };
    return { manifest, chain };
  } catch (error) {
    if (error instanceof LongmenError && error.code === 'archive_unsound') throw error;
    throw unsound(error instanceof Error ? error.message : String(error));
  }
}

function hashOf(text: string): Uint8Array {
  // What is no base64 is no hash either.
  return fromBase64(text) ?? new Uint8Array();
}

type Unsound = (why: string, meta?: Readonly<Record<string, unknown>>) => LongmenError;

function emptyChain(): Chain {
  return { number: 0, last: 0n, lastRecordedAt: '', manifest: '', edge: new TreeEdge(), carried: new Map() };
}

/** Order, running totals and sums. Gives what each account was moved by. */
function judgePostings(
  manifest: Manifest,
  postings: readonly PostingLine[],
  previous: Chain | null,
  unsound: Unsound,
): Map<string, Totals> {
  const moved = new Map<string, Totals>();
  const days = new Map<string, Totals>();
  const totals = new Map<string, Totals>();
  let sequence = BigInt(manifest.first_sequence);
  let recordedAt = previous?.lastRecordedAt ?? '';
  let throughDate = '';
  for (const leaf of postings) {
    const wrong = (why: string) => unsound(`posting ${leaf.sequence} ${why}`, { sequence: leaf.sequence });
    if (leaf.sequence !== String(sequence)) throw wrong(`stands where ${sequence} should`);
    if (leaf.book !== manifest.book) throw wrong(`is of book ${leaf.book}`);
    if (leaf.recorded_at < recordedAt) throw wrong('was recorded before the one in front of it');
    const { debit, credit } = movesOf(leaf);
    const told = leaf.day_totals_minor.map(BigInt);
    for (const [id, delta, at] of [
      [leaf.debit_account_id, debit, 0],
      [leaf.credit_account_id, credit, 4],
    ] as const) {
      const key = `${leaf.effective_date}${id}`;
      const stated: Totals = [told[at] ?? 0n, told[at + 1] ?? 0n, told[at + 2] ?? 0n, told[at + 3] ?? 0n];
      const before = days.get(key) ?? (manifest.number === 1 ? zeroTotals : undefined);
      if (before !== undefined && plus(before, delta).some((value, place) => value !== stated[place])) {
        throw wrong(`does not continue the day totals of account ${id}`);
      }
      days.set(key, stated);
      moved.set(id, plus(moved.get(id) ?? zeroTotals, delta));
    }
    totals.set(leaf.currency, plus(totals.get(leaf.currency) ?? zeroTotals, plus(debit, credit)));
    recordedAt = leaf.recorded_at;
    if (leaf.effective_date > throughDate) throughDate = leaf.effective_date;
    sequence += 1n;
  }
  const stated = JSON.stringify(Object.entries(manifest.totals).sort());
  const found = JSON.stringify(
    [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, sum]) => [key, totalsText(sum)]),
  );
  if (
    postings.length !== manifest.records ||
    postings.at(0)?.recorded_at !== manifest.first_recorded_at ||
    postings.at(-1)?.sequence !== manifest.last_sequence ||
    recordedAt !== manifest.last_recorded_at ||
    throughDate !== manifest.through_date ||
    stated !== found
  ) {
    throw unsound('its manifest does not say what its postings say');
  }
  return moved;
}

function judgeEvidence(manifest: Manifest, edge: TreeEdge, keys: readonly string[], unsound: Unsound): void {
  const { checkpoint, origin, consistency } = manifest.evidence;
  const signed = openCheckpoint(checkpoint, keys.map(parseVerifierKey));
  if (signed.origin !== origin) throw unsound(`its checkpoint is of ${signed.origin}`);
  if (!verifyConsistency(edge.size, signed.size, consistency.map(hashOf), edge.root(), signed.root)) {
    throw unsound('its postings are not those under the signed checkpoint');
  }
}

/** Every text is the one its leaf has the hash of. A text that is missing was erased. */
function judgeTexts(
  texts: readonly TextLine[],
  postings: readonly PostingLine[],
  first: bigint,
  unsound: Unsound,
): void {
  const saltedHash = ({ text, salt }: SaltedText) =>
    createHash('sha256').update(Buffer.from(salt, 'hex')).update(text, 'utf8').digest('hex');
  for (const { sequence, description, reference } of texts) {
    const leaf = postings[Number(BigInt(sequence) - first)];
    for (const [told, hash] of [
      [description, leaf?.description_hash],
      [reference, leaf?.reference_hash],
    ] as const) {
      if (told !== null && saltedHash(told) !== hash)
        throw unsound(`the texts of posting ${sequence} were changed`, { sequence });
    }
  }
}

function judgeAccounts(
  accounts: readonly AccountLine[],
  moved: ReadonlyMap<string, Totals>,
  previous: Chain | null,
  unsound: Unsound,
): Map<string, Totals> {
  const carried = new Map(previous?.carried);
  const same = (a: Totals, b: Totals) => a.every((value, at) => value === b[at]);
  if (accounts.length !== moved.size) throw unsound('its accounts are not those of its postings');
  for (const { account_id: id, moved: told, carried: forward } of accounts) {
    const sum = moved.get(id);
    const opening = previous === null ? undefined : (previous.carried.get(id) ?? zeroTotals);
    if (sum === undefined || !same(totalsOf(told), sum)) throw unsound(`account ${id} was moved otherwise`);
    if (opening !== undefined && !same(plus(opening, sum), totalsOf(forward))) {
      throw unsound(`account ${id} carries forward something else`);
    }
    carried.set(id, totalsOf(forward));
  }
  return carried;
}

export interface ArchiveReport {
  readonly books: readonly {
    readonly book: string;
    readonly archives: number;
    readonly first_sequence: string;
    readonly last_sequence: string;
    readonly postings: number;
    /** Of the last archive: SHA-256 of its manifest, to be compared with what the database says. */
    readonly manifest_sha256: string;
  }[];
}

/**
 * Verifies all archives of a folder, without a database. The archives of a book that begin behind its first one are verified
 * from there. Errors: `archive_not_found`, `archive_unsound`.
 */
export async function checkArchives(
  folder: string,
  keys: readonly string[],
  onProgress?: (done: number, total: number) => void,
): Promise<ArchiveReport> {
  const found = await findArchives(folder);
  if (found.length === 0) throw archiveError('archive_not_found', `There are no archives in ${folder}`);
  const books = new Map<string, { chain: Chain; first: string; archives: number; postings: number }>();
  for (const [done, { path, number }] of found.entries()) {
    const { manifest } = await readManifest(path);
    const before = books.get(manifest.book);
    const checked = await checkArchive(path, keys, before?.chain ?? null);
    if (manifest.number !== number && path !== folder) {
      throw archiveError('archive_unsound', `${path} holds archive ${manifest.number} of book ${manifest.book}`);
    }
    books.set(manifest.book, {
      chain: checked.chain,
      first: before?.first ?? manifest.first_sequence,
      archives: (before?.archives ?? 0) + 1,
      postings: (before?.postings ?? 0) + manifest.records,
    });
    onProgress?.(done + 1, found.length);
  }
  return {
    books: [...books].map(([book, { chain, first, archives, postings }]) => ({
      book,
      archives,
      first_sequence: first,
      last_sequence: String(chain.last),
      postings,
      manifest_sha256: chain.manifest,
    })),
  };
}
