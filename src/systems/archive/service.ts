/** Archiving old rows of the journal: written, read back, and only then taken out. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Temporal } from 'temporal-polyfill';
import {
  consistencyProof,
  formatVerifierKey,
  hashesOfRanges,
  latestCheckpoint,
  lockLog,
  readLog,
  toBase64,
  verifierKeys,
} from '#engines/evidence';
import type { Clock } from '#kernel/clock';
import { type Database, tryLock } from '#kernel/database';
import { instantText, isoDateOf } from '#kernel/dates';
import { type Book, findBook } from '#kernel/events';
import { countErased, decodeLeaf, POSTINGS, type PostingEvidence } from '#systems/evidence';
import { suspenseAccounts, YEAR_END_TYPE } from '#systems/general-ledger';
import { checkArchive } from './check.ts';
import { archiveError } from './errors.ts';
import { archivePath, giveName, sha256, writeDraft } from './files.ts';
import {
  type AccountLine,
  ARCHIVE_FORMAT,
  type Manifest,
  movesOf,
  type PostingLine,
  plus,
  subtreesOf,
  type TextLine,
  type Totals,
  totalNames,
  totalsOf,
  totalsText,
  zeroTotals,
} from './model.ts';
import {
  type ArchiveRecord,
  type Cut,
  endOfBatch,
  insertRecord,
  lastRecord,
  nextEndOfBatch,
  readAccountLines,
  readCut,
  takeOut,
} from './store.ts';

/** Postings of one archive at most; more make several. */
const POSTINGS_PER_ARCHIVE = 50_000;
/** Leaves are read this many at a time. */
const PAGE = 4_096;

/** How far an archive has come. After `named` it is whole on disk; after `taken_out` the rows are gone from the journal. */
export type ArchiveStep = 'written' | 'checked' | 'named' | 'taken_out';

export interface ArchiveDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The business time zone. */
  readonly timeZone: string;
  readonly evidence: PostingEvidence;
  /** Where archives go. */
  readonly folder: string;
}

export interface ArchiveOptions {
  /** Rows recorded before this instant, of days before it. */
  readonly before: Temporal.Instant;
  readonly postingsPerArchive?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: ArchiveStep, archive: number) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ArchiveResult {
  readonly book: string;
  readonly archives: readonly ArchiveRecord[];
  readonly postings: number;
  /** What keeps the rows behind. */
  readonly stoppedBy: Cut['stoppedBy'];
  readonly detail: string | null;
}

/**
 * Archives what a book has from before an instant, archive by archive. Each is written to disk, read back and verified, and
 * only then its rows are taken out of the journal, in one transaction with what is carried forward. Whenever the work ends
 * early, an archive and its rows are both as before or both as after; running it again goes on.
 * Errors: `book_not_found`, `archive_busy`, `archive_unsound`, `archive_interrupted`, those of evidence.
 */
export async function archiveBook(
  deps: ArchiveDeps,
  bookCode: string,
  options: ArchiveOptions,
): Promise<ArchiveResult> {
  const { db, evidence, folder, timeZone } = deps;
  const book = await findBook(db, bookCode);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = tryLock(join(folder, '.lock'), 'exclusive');
  if (lock === undefined) throw archiveError('archive_busy', `Another process is archiving to ${folder}`);
  try {
    const cut = await readCut(db, book.bookId, {
      recordedBefore: options.before.toString(),
      effectiveThrough: isoDateOf(options.before, timeZone),
    });
    const { stoppedBy, detail } = cut;
    const archives: ArchiveRecord[] = [];
    // Nothing is archived that no signed checkpoint covers.
    if (cut.through > cut.from) await evidence.catchUp(book);
    let from = cut.from;
    while (from < cut.through) {
      if (options.signal?.aborted === true) {
        throw archiveError(
          'archive_interrupted',
          `Interrupted after ${archives.length} archives; run it again to go on`,
        );
      }
      const most = from + BigInt(options.postingsPerArchive ?? POSTINGS_PER_ARCHIVE);
      const near = await endOfBatch(db, book.bookId, most < cut.through ? most : cut.through);
      // A batch that is larger than an archive should be is one nevertheless.
      const through = near > from ? near : await nextEndOfBatch(db, book.bookId, from);
      archives.push(await archiveRange(deps, book, from + 1n, through, options));
      from = through;
      options.onProgress?.(Number(from - cut.from), Number(cut.through - cut.from));
    }
    return { book: book.code, archives, postings: Number(from - cut.from), stoppedBy, detail };
  } finally {
    lock.release();
  }
}

async function archiveRange(
  deps: ArchiveDeps,
  book: Book,
  first: bigint,
  last: bigint,
  { onStep }: ArchiveOptions,
): Promise<ArchiveRecord> {
  const { db, clock, folder } = deps;
  const key = { bookId: book.bookId, log: POSTINGS };
  const before = await lastRecord(db, book.bookId);
  const number = (before?.number ?? 0) + 1;
  const path = archivePath(folder, book.code, number);
  const erased = await countErased(db, book.bookId, first, last);
  const { postings, texts } = await readPostings(deps, book, first, last);
  const { accounts, totals } = await readAccounts(db, book.bookId, postings);
  const checkpoint = await latestCheckpoint(db, key);
  const consistency = await consistencyProof(db, key, Number(last), checkpoint.size);
  const start = await hashesOfRanges(db, key, subtreesOf(first - 1n));
  const { origin } = await readLog(db, key);
  const keys = (await verifierKeys(db, origin)).map(formatVerifierKey);
  const archivedAt = instantText(clock.now());
  const manifestOf = (files: Manifest['files']): Manifest => ({
    format: ARCHIVE_FORMAT,
    book: book.code,
    number,
    first_sequence: String(first),
    last_sequence: String(last),
    records: postings.length,
    first_recorded_at: postings.at(0)?.recorded_at ?? '',
    last_recorded_at: postings.at(-1)?.recorded_at ?? '',
    through_date: postings.reduce((latest, { effective_date: date }) => (date > latest ? date : latest), ''),
    previous: before?.manifestSha256 ?? null,
    files,
    totals,
    evidence: {
      origin,
      start: start.map(toBase64),
      checkpoint: checkpoint.note,
      consistency: consistency.map(toBase64),
      keys,
    },
    archived_at: archivedAt,
  });
  const { draft, manifest } = await writeDraft(path, { postings, texts, accounts }, manifestOf);
  onStep?.('written', number);
  await checkArchive(draft, keys, null);
  onStep?.('checked', number);
  await giveName(draft, path, archivedAt.replaceAll(/\D/g, ''));
  onStep?.('named', number);
  const record: ArchiveRecord = {
    number,
    firstSequence: first,
    lastSequence: last,
    manifest,
    manifestSha256: sha256(Buffer.from(manifest)).toString('hex'),
    archivedAt,
  };
  await db.transaction(async (tx) => {
    // Whoever erases texts locks the log first.
    await lockLog(tx, key);
    if ((await countErased(tx, book.bookId, first, last)) !== erased) {
      throw archiveError('archive_interrupted', `Texts were erased meanwhile; archive ${number} is to be made again`);
    }
    const keep = { accounts: (await suspenseAccounts(tx, book.bookId)).map(({ id }) => id), types: [YEAR_END_TYPE] };
    await takeOut(tx, book.bookId, last, keep);
    await insertRecord(tx, book.bookId, record);
    await compareCarried(tx, book.bookId, accounts);
  });
  onStep?.('taken_out', number);
  return record;
}

async function readPostings({ evidence }: ArchiveDeps, book: Book, first: bigint, last: bigint) {
  const { entries } = await evidence.source(book.code);
  const postings: PostingLine[] = [];
  const texts: TextLine[] = [];
  for (let from = Number(first); from <= Number(last); from += PAGE) {
    const to = Math.min(from + PAGE - 1, Number(last));
    for (const entry of await entries(from - 1, to)) postings.push(decodeLeaf(entry));
    for (const { sequence, ...told } of await evidence.texts(book, from, to)) {
      texts.push({ sequence: String(sequence), ...told });
    }
  }
  if (postings.length !== Number(last - first) + 1) {
    throw archiveError('archive_unsound', `The journal of book ${book.code} has a gap from ${first} to ${last}`);
  }
  return { postings, texts };
}

/** What the postings move each account by and what it then carries forward; and the sums of all, by currency. */
async function readAccounts(db: Database, bookId: number, postings: readonly PostingLine[]) {
  const moved = new Map<string, Totals>();
  const sums = new Map<string, Totals>();
  for (const leaf of postings) {
    const { debit, credit } = movesOf(leaf);
    moved.set(leaf.debit_account_id, plus(moved.get(leaf.debit_account_id) ?? zeroTotals, debit));
    moved.set(leaf.credit_account_id, plus(moved.get(leaf.credit_account_id) ?? zeroTotals, credit));
    sums.set(leaf.currency, plus(sums.get(leaf.currency) ?? zeroTotals, plus(debit, credit)));
  }
  const before = await readAccountLines(db, bookId, [...moved.keys()]);
  const accounts: AccountLine[] = [];
  for (const [id, sum] of [...moved].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const line = before.get(id);
    if (line === undefined) throw archiveError('archive_unsound', `Account ${id} of archived postings does not exist`);
    const { carried, ...account } = line;
    accounts.push({ ...account, moved: totalsText(sum), carried: totalsText(plus(totalsOf(carried), sum)) });
  }
  return { accounts, totals: Object.fromEntries([...sums].map(([currency, sum]) => [currency, totalsText(sum)])) };
}

/** What the database carries forward is what the archive says, to the last fen. */
async function compareCarried(
  db: Parameters<typeof readAccountLines>[0],
  bookId: number,
  accounts: readonly AccountLine[],
) {
  const now = await readAccountLines(
    db,
    bookId,
    accounts.map(({ account_id: id }) => id),
  );
  for (const { account_id: id, carried } of accounts) {
    if (totalNames.every((name) => now.get(id)?.carried[name] === carried[name])) continue;
    throw archiveError('archive_unsound', `What account ${id} carries forward is not what its postings add up to`, {
      account_id: id,
    });
  }
}
