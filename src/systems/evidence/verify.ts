/** The tree's part of `longmen verify`: every leaf is made anew from the journal. */
import { HASH_BYTES, type Log, type LogFinding, logChecks, type Marker, readLog, verifyLog } from '#engines/evidence';
import { type Database, inOneSnapshot, type Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { type Book, listBooks } from '#kernel/events';
import { POSTINGS } from './service.ts';
import { archivedRows, BATCH, firstMissing, hashAgain, journalEnd, keptHashes, transferIdAt } from './store.ts';

export interface EvidenceFinding {
  readonly book: string;
  readonly check: LogFinding['check'];
  readonly about: string;
  readonly count: number;
  /** For `evidence_leaves` the sequence of the changed posting and its id, if it is still there. */
  readonly first: Readonly<Record<string, unknown>>;
}

export interface EvidenceReport {
  readonly books: readonly {
    readonly book: string;
    /** Leaves of the log; 0 also when there is no log yet. */
    readonly leaves: number;
    /** Postings that are not in the log yet: nothing vouches for them so far. */
    readonly behind: number;
  }[];
  readonly checks: number;
  readonly findings: readonly EvidenceFinding[];
}

export interface EvidenceVerifyOptions {
  /** Only this book; default all. */
  readonly book?: string | undefined;
  readonly marker?: Marker | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Batches asked for at a time: the two halves are made by two connections, while this process hashes the tree. */
const AHEAD = 2;
const PIECE = 4 * BATCH;

/** Recomputes the logs of postings in one snapshot, and names what does not follow. */
export async function verifyPostings(db: Database, options: EvidenceVerifyOptions = {}): Promise<EvidenceReport> {
  const books = (await listBooks(db)).filter(({ code }) => options.book === undefined || code === options.book);
  const report = { books: [] as EvidenceReport['books'][number][], findings: [] as EvidenceFinding[] };
  for (const book of books) {
    const { findings, ...counts } = await inOneSnapshot(db, (transactions) => verifyBook(transactions, book, options));
    report.books.push({ book: book.code, ...counts });
    report.findings.push(...findings);
  }
  return { ...report, checks: Object.keys(logChecks).length };
}

async function verifyBook(
  [tx, other]: readonly [Transaction, Transaction],
  book: Book,
  options: EvidenceVerifyOptions,
) {
  const end = await journalEnd(tx, book.bookId);
  const log = await readLog(tx, { bookId: book.bookId, log: POSTINGS }).catch((error: unknown) => {
    if (error instanceof LongmenError && error.code === 'evidence_log_not_found') return null;
    throw error;
  });
  if (log === null) return { leaves: 0, behind: end, findings: [] };
  const archived = Math.min(log.size, await archivedRows(tx, book.bookId));
  const found = await verifyLog(tx, log, leavesOf([tx, other], book, log, archived), {
    marker: options.marker,
    onProgress: (leaves) => options.onProgress?.(leaves, log.size),
  });
  const findings: EvidenceFinding[] = [];
  for (const { check, count, first } of found) {
    findings.push({ book: book.code, check, about: logChecks[check], count, first: await inWords(tx, book, first) });
  }
  return { leaves: log.size, behind: Math.max(0, end - log.size), findings };
}

/** Indexes of leaves as sequences of postings. */
async function inWords(tx: Transaction, book: Book, first: LogFinding['first']): Promise<EvidenceFinding['first']> {
  const { index, first_index_in_question: from, last_index_in_question: to, ...rest } = first;
  if (typeof index === 'number') {
    return { sequence: index + 1, transfer_id: await transferIdAt(tx, book.bookId, index + 1) };
  }
  return {
    ...rest,
    ...(typeof from === 'number' ? { first_sequence_in_question: from + 1 } : {}),
    ...(typeof to === 'number' ? { last_sequence_in_question: to + 1 } : {}),
  };
}

/**
 * The leaf hashes of all postings of the log, made by the database; they end where a journal row is missing. Those of
 * archived postings are what the log has; whether they are right, the signed checkpoints say.
 */
async function* leavesOf(
  connections: readonly [Transaction, Transaction],
  book: Book,
  log: Log,
  archived: number,
): AsyncGenerator<Uint8Array> {
  const { size } = log;
  for (let from = 0; from < archived; from += PIECE) {
    const end = Math.min(archived, from + PIECE);
    const hashes = await keptHashes(connections[0], log, from, end);
    yield hashes;
    if (hashes.length < (end - from) * HASH_BYTES) return;
  }
  const asked: ReturnType<typeof ask>[] = [];
  const ask = async (from: number) => {
    const connection = connections[((from - archived) / PIECE) % AHEAD] ?? connections[0];
    const first = from + 1;
    const last = Math.min(size, from + PIECE);
    const { count, hashes } = await hashAgain(connection, book, first, last);
    const whole = count === last - first + 1;
    // What stands before a missing row still counts.
    const missing = whole ? last + 1 : await firstMissing(connection, book.bookId, first, last);
    return { hashes: hashes?.subarray(0, (missing - first) * 32) ?? Buffer.alloc(0), whole };
  };
  let next = archived;
  while (next < size || asked.length > 0) {
    while (asked.length < AHEAD && next < size) {
      const piece = ask(next);
      // Whoever waits for it hears of a failure; until then it shall not end the process.
      piece.catch(() => undefined);
      asked.push(piece);
      next += PIECE;
    }
    const piece = await asked.shift();
    if (piece === undefined) return;
    if (piece.hashes.length > 0) yield piece.hashes;
    if (!piece.whole) {
      await Promise.allSettled(asked);
      return;
    }
  }
}
