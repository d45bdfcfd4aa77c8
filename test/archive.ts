/** Books with old postings, for tests of archives. */
import { join } from 'node:path';
import type { TransferInput } from '#engines/ledger';
import { Temporal } from '#kernel/dates';
import { type ArchiveOptions, type ArchiveResult, archiveBook } from '#systems/archive';
import type { Cleanup } from './database.ts';
import { type TestEvidence, testEvidence } from './evidence.ts';
import { type TestBook, timeZone, transfer } from './ledger.ts';

export interface TestArchive extends TestEvidence {
  /** A book with postings of 2026 and, behind them, one of 2040; the clock says 2041, and all to the end of 2040 is sealed. */
  old(postings?: (one: TestBook) => readonly (readonly TransferInput[])[]): Promise<OldBook>;
}

export interface OldBook extends TestBook {
  /** Where its archives go. */
  readonly folder: string;
  seal(through: string | null): Promise<void>;
  /** Archives what is from before an instant, by default all of 2026. */
  archive(options?: Partial<ArchiveOptions>): Promise<ArchiveResult>;
}

export const midOf2030 = Temporal.Instant.from('2030-06-01T00:00:00Z');

export async function testArchive(t: Cleanup): Promise<TestArchive> {
  const base = await testEvidence(t);
  const { db, clock, ledger, book, evidence } = base;
  return {
    ...base,
    async old(postings) {
      clock.set('2026-03-02T01:00:00Z');
      const one = await book({ side: 'debit', code: '1001' }, {});
      const [debit, credit] = one.ids;
      const requests = postings?.(one) ?? [
        [transfer(debit, credit, 500n, { description: '工资', reference: 'R-1' }), transfer(debit, credit, 20n)],
        [transfer(credit, debit, 30n, { effectiveDate: '2026-01-31' })],
        [transfer(debit, credit, 7n)],
      ];
      for (const request of requests) await ledger.post(one.code, request);
      clock.set('2040-03-02T01:00:00Z');
      await ledger.post(one.code, [transfer(debit, credit, 1n)]);
      clock.set('2041-06-01T01:00:00Z');
      const seal = (through: string | null) =>
        db.transaction((tx) => ledger.setClosing(tx, one.code, { closedThrough: through, sealedThrough: through }));
      await seal('2040-12-31');
      const folder = join(db.config.dataFolder, 'archives', one.code);
      return {
        ...one,
        folder,
        seal,
        archive: (options = {}) =>
          archiveBook({ db, clock, timeZone, evidence, folder }, one.code, { before: midOf2030, ...options }),
      };
    },
  };
}
