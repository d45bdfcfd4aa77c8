/** Books with a log of postings, for tests of evidence. */
import { join } from 'node:path';
import { type LogKey, type Marker, openMarker } from '#engines/evidence';
import { findBook } from '#kernel/events';
import {
  type EvidenceFinding,
  type EvidenceReport,
  openPostingEvidence,
  POSTINGS,
  type PostingEvidence,
  verifyPostings,
} from '#systems/evidence';
import type { Cleanup } from './database.ts';
import { type TestBook, type TestLedger, testLedger, transfer } from './ledger.ts';

/** A book whose log is signed up to its last posting. */
export interface LoggedBook {
  readonly code: string;
  readonly bookId: number;
  readonly debit: string;
  readonly credit: string;
  /** Ids of its transfers, in order. */
  readonly transfers: readonly string[];
  readonly key: LogKey;
}

export interface TestEvidence extends TestLedger {
  readonly evidence: PostingEvidence;
  /** Where the keys are. */
  readonly folder: string;
  /** The key of the marks of this folder. */
  marker(): Marker | undefined;
  /** A book with `count` transfers of 1, 2, 3, … fen; with a text each has a description and a reference. */
  logged(count: number, text?: string): Promise<LoggedBook>;
  /** Posts `count` more. */
  more(book: LoggedBook, count: number): Promise<void>;
  catchUp(book: { readonly code: string }): ReturnType<PostingEvidence['catchUp']>;
  report(book: { readonly code: string }, marker?: Marker): Promise<EvidenceReport>;
  findings(book: { readonly code: string }, marker?: Marker): Promise<readonly EvidenceFinding[]>;
}

export async function testEvidence(t: Cleanup): Promise<TestEvidence> {
  const base = await testLedger(t);
  const { db, clock, ledger, book } = base;
  const folder = join(db.config.dataFolder, 'evidence');
  const evidence = openPostingEvidence({ db, clock, folder, origin: 'bank.example/evidence' });
  const catchUp = async ({ code }: { readonly code: string }) => evidence.catchUp(await findBook(db, code));
  const report: TestEvidence['report'] = ({ code }, marker) => verifyPostings(db, { book: code, marker });

  async function post({ code, ids: [debit, credit] }: Pick<TestBook, 'code' | 'ids'>, count: number, text?: string) {
    const transfers = Array.from({ length: count }, (_, index) =>
      transfer(debit, credit, BigInt(index + 1), {
        ...(text === undefined ? {} : { description: `${text} ${index}`, reference: 'R' }),
      }),
    );
    await ledger.post(code, transfers);
    return transfers.map(({ id }) => id);
  }

  return {
    ...base,
    evidence,
    folder,
    marker: () => openMarker(folder, { create: false }),
    async logged(count, text) {
      const made = await book({ side: 'debit', code: '1001' }, {});
      const transfers = await post(made, count, text);
      await catchUp(made);
      const { code, bookId, ids } = made;
      return { code, bookId, debit: ids[0], credit: ids[1], transfers, key: { bookId, log: POSTINGS } };
    },
    more: async ({ code, debit, credit }, count) => void (await post({ code, ids: [debit, credit] }, count)),
    catchUp,
    report,
    findings: async (made, marker) => (await report(made, marker)).findings,
  };
}
