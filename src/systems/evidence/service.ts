/** Keeps the log of each book's postings: appends, signs, proves, erases. */
import { join } from 'node:path';
import {
  formatProof,
  formatVerifierKey,
  inclusionProof,
  type KeptCheckpoint,
  type Keyring,
  type LogKey,
  type LogSource,
  latestCheckpoint,
  lockLog,
  openKeyring,
  type ProofFile,
  readLog,
  verifierKeys,
} from '#engines/evidence';
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database, Transaction } from '#kernel/database';
import { type Book, type ConsumerLog, findBook, runConsumer } from '#kernel/events';
import { evidenceError } from './errors.ts';
import { type KeptLog, openKeeper } from './keeper.ts';
import { decodeLeaf, type PostingLeaf } from './leaf.ts';
import {
  archivedRows,
  eraseTexts,
  findArchived,
  findPosting,
  firstMissing,
  hashNew,
  journalEnd,
  readLeaves,
  readSalts,
  readTexts,
  SALT_BYTES,
} from './store.ts';

/** The log of a book's postings. */
export const POSTINGS = 'postings';
/** Events handled in one transaction; each can tell of thousands of postings. */
const EVENTS_PER_TRANSACTION = 16;

export interface EvidenceDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** Where the private keys are. */
  readonly folder: string;
  /** What the origins of new logs begin with; the book's code is added. */
  readonly origin: string;
  readonly log?: ConsumerLog;
}

/** Where the keys are unless said otherwise. */
export function evidenceFolder(config: Pick<Config, 'dataFolder' | 'evidenceFolder'>): string {
  return config.evidenceFolder ?? join(config.dataFolder, 'evidence');
}

/** A proof of one posting, with what its leaf says in words. */
export interface PostingProof extends ProofFile {
  /** The leaf, decoded. */
  readonly posting: PostingLeaf;
  /** The texts behind the hashes of the leaf with their salts (hexadecimal), when they were asked for. */
  readonly texts?: Readonly<Record<'description' | 'reference', SaltedText | null>>;
}

/** A text of a posting and its salt (hexadecimal), whose SHA-256 is in the leaf. */
export interface SaltedText {
  readonly text: string;
  readonly salt: string;
}

/** The texts of one posting. */
export interface PostingTexts {
  readonly sequence: bigint;
  readonly description: SaltedText | null;
  readonly reference: SaltedText | null;
}

export interface PostingEvidence {
  readonly keyring: Keyring;
  /** Appends and signs until `signal` aborts; it never rejects. Any number of processes may run it for one book. */
  run(book: Book, signal: AbortSignal): Promise<void>;
  /** Appends whatever the journal has and the log has not, and signs. */
  catchUp(book: Book, onProgress?: (done: number, total: number) => void): Promise<KeptCheckpoint>;
  /** Signs what the log holds, when it has changed; null when another process is signing. */
  sign(book: Book): Promise<KeptCheckpoint | null>;
  /** The log of a book and its entries. Errors: `book_not_found`, `evidence_log_not_found`. */
  source(bookCode: string): Promise<LogSource>;
  /** The texts behind the hashes of leaves, for the sequences from `first` to `last`; at most 4,096 of them at a time. */
  texts(book: Book, first: number, last: number): Promise<PostingTexts[]>;
  /**
   * The proof that a transfer was posted, against the newest checkpoint. Errors: `evidence_posting_not_found`,
   * `evidence_posting_archived`,
   * `evidence_index_out_of_range` when it is not under a checkpoint yet, which takes about a second.
   */
  prove(bookCode: string, transferId: string, options?: { texts?: boolean }): Promise<PostingProof>;
  /**
   * Erases description and reference of a posting and their salts, and keeps the reason. False: there is nothing to
   * erase. Errors: `evidence_posting_not_found`, `evidence_index_out_of_range` when it is not in the log yet.
   */
  erase(tx: Transaction, bookCode: string, transferId: string, reason: string): Promise<boolean>;
}

export function openPostingEvidence({ db, clock, folder, origin, log }: EvidenceDeps): PostingEvidence {
  const keyring = openKeyring({ folder, clock });
  const keeper = openKeeper({ db, clock, folder, keyring, log });

  function keyOf(book: Pick<Book, 'bookId'>): LogKey {
    return { bookId: book.bookId, log: POSTINGS };
  }

  function kept(book: Book): KeptLog {
    return {
      key: keyOf(book),
      origin: `${origin}/${book.code}`,
      async hashNew(tx, first, last) {
        const { count, hashes } = await hashNew(tx, book, first, last);
        if (hashes !== null && count === last - first + 1) return hashes;
        const sequence = await firstMissing(tx, book.bookId, first, last);
        throw evidenceError('evidence_journal_gap', `The journal of book ${book.code} lacks sequence ${sequence}`);
      },
    };
  }

  async function sign(book: Book): Promise<KeptCheckpoint | null> {
    return keeper.sign(kept(book));
  }

  async function source(bookCode: string): Promise<LogSource> {
    const book = await findBook(db, bookCode);
    await readLog(db, keyOf(book));
    return {
      key: keyOf(book),
      entries: (from, to) => readLeaves(db, book, from + 1, to),
      firstEntry: () => archivedRows(db, book.bookId),
    };
  }

  async function positionOf(bookCode: string, transferId: string) {
    const book = await findBook(db, bookCode);
    const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(transferId);
    const posting = isId ? await findPosting(db, book.bookId, transferId.toLowerCase()) : null;
    if (posting !== null) return { book, posting };
    const archived = isId ? await findArchived(db, book.bookId, transferId.toLowerCase()) : null;
    if (archived !== null) {
      throw evidenceError('evidence_posting_archived', `Posting ${archived} is in an archive of book ${book.code}`, {
        sequence: archived,
      });
    }
    throw evidenceError('evidence_posting_not_found', `Book ${book.code} has no posting of a transfer ${transferId}`);
  }

  return {
    keyring,
    sign,
    source,
    async run(book, signal) {
      await db.transaction((tx) => keeper.locked(tx, kept(book)));
      const consumer = runConsumer({
        db,
        name: 'evidence.postings',
        bookId: book.bookId,
        types: ['ledger.posted'],
        batchSize: EVENTS_PER_TRANSACTION,
        clock,
        signal,
        ...(log === undefined ? {} : { log }),
        async handle(tx, events) {
          const last = Math.max(...events.map(({ payload }) => lastSequenceOf(payload)));
          await keeper.appendThrough(tx, kept(book), last, Number.POSITIVE_INFINITY);
        },
      });
      await Promise.all([consumer, keeper.signLoop(kept(book), signal)]);
    },
    async catchUp(book, onProgress) {
      return keeper.catchUp(kept(book), await journalEnd(db, book.bookId), onProgress);
    },
    async texts({ bookId }, first, last) {
      const rows = await readTexts(db, bookId, first, last);
      if (rows.length === 0) return [];
      const salts = await readSalts(db, bookId, first, last);
      return rows.map(({ sequence, description, reference }) => {
        const offset = (Number(sequence) - first) * SALT_BYTES;
        return {
          sequence,
          description: salted(description, salts, offset),
          reference: salted(reference, salts, offset + 16),
        };
      });
    },
    async prove(bookCode, transferId, options = {}) {
      const { book, posting } = await positionOf(bookCode, transferId);
      const { sequence } = posting;
      const key = keyOf(book);
      const checkpoint = await latestCheckpoint(db, key);
      const proof = await inclusionProof(db, key, sequence - 1, checkpoint.size);
      const [entry] = await readLeaves(db, book, sequence, sequence);
      if (entry === undefined) throw evidenceError('evidence_journal_gap', `No journal row ${sequence}`);
      const { origin: logOrigin } = await readLog(db, key);
      const keys = (await verifierKeys(db, logOrigin)).map(formatVerifierKey);
      const file = formatProof({ index: BigInt(sequence - 1), entry, proof, checkpoint: checkpoint.note, keys });
      const proved = { ...file, posting: decodeLeaf(entry) };
      if (options.texts !== true) return proved;
      const salts = await readSalts(db, book.bookId, sequence, sequence);
      return {
        ...proved,
        texts: { description: salted(posting.description, salts, 0), reference: salted(posting.reference, salts, 16) },
      };
    },
    async erase(tx, bookCode, transferId, reason) {
      const { book, posting } = await positionOf(bookCode, transferId);
      const { sequence } = posting;
      const { size } = await lockLog(tx, keyOf(book));
      if (sequence > size) {
        throw evidenceError('evidence_posting_not_found', `Posting ${sequence} is not in the log yet`, { sequence });
      }
      return eraseTexts(tx, book.bookId, { sequence, reason, at: clock.now().toString() });
    },
  };
}

function salted(text: string | null, salts: Buffer, offset: number): SaltedText | null {
  return text === null ? null : { text, salt: salts.subarray(offset, offset + 16).toString('hex') };
}

function lastSequenceOf(payload: unknown): number {
  const last = typeof payload === 'object' && payload !== null && 'last_sequence' in payload && payload.last_sequence;
  return Number(last);
}
