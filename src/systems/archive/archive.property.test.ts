/** Whatever was posted and wherever it is cut: after archiving the books answer as before. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  archiveEnd,
  balanceAsOf,
  closingBalances,
  groupBalances,
  listAccounts,
  listTransfers,
  listWindows,
  openPendings,
  readPendings,
  readTransfer,
  statement,
  trialBalance,
  verify,
} from '#engines/ledger';
import { addDays, parseDate, Temporal } from '#kernel/dates';
import { testEvidence } from '#test/evidence';
import { about, type TestBook, transfer } from '#test/ledger';
import { accounts, submit, units } from '#test/ledger-history';
import { establish, groups, regimes } from '#test/ledger-regime';
import { type ArchivedPosting, archiveBook, checkArchives, readArchived, verifyArchiveRecords } from './index.ts';

const { db, clock, ledger, book, evidence, findings } = await testEvidence({ after });
const whole = { limit: 10_000 };
const dates = ['2026-02-24', '2026-02-26', '2026-02-28', '2026-03-02', '2026-03-04', '2030-06-01', '9999-12-31'];

/** All a book answers of the present, and of instants from `since` on. */
async function answers({ bookId }: TestBook, since: readonly string[]): Promise<unknown> {
  const found = await listAccounts(db, bookId, whole);
  const told: unknown[] = [
    found,
    await listWindows(db, bookId),
    await openPendings(db, bookId, { effectiveThrough: '9999-12-31', limit: 1_000 }),
  ];
  told.push(
    await closingBalances(
      db,
      bookId,
      found.map(({ id }) => id),
    ),
  );
  for (const recordedAt of [undefined, ...since]) {
    for (const date of dates) {
      for (const { id } of found) told.push((await balanceAsOf(db, bookId, id, date, recordedAt)).counters);
      told.push(await trialBalance(db, bookId, date, recordedAt));
      for (const { dimension, code } of groups) {
        told.push(await groupBalances(db, bookId, { dimension, code, effectiveDate: date, recordedAt }));
        told.push(await trialBalance(db, bookId, date, recordedAt, { group: { dimension, code } }));
      }
    }
  }
  return told;
}

test('after archiving at any cut every answer is what it was, and the archives hold the rest', async () => {
  await fc.assert(
    fc.asyncProperty(
      units,
      regimes,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      async (drafts, regime, cut, size, all) => {
        clock.set('2026-03-02T01:00:00Z');
        const one = await book(...accounts);
        const { code, bookId } = one;
        await establish(db, ledger, code, regime);
        const requests = submit(drafts, clock.now());
        const early = Math.max(1, Math.round(cut * requests.length));
        const outcomes = new Map<string, unknown>();
        const post = async (request: (typeof requests)[number]) => {
          for (const outcome of await ledger.post(code, request)) outcomes.set(outcome.id, outcome);
        };
        for (const request of requests.slice(0, early)) await post(request);
        clock.set('2030-06-01T01:00:00Z');
        await ledger.expireDue(code);
        for (const request of requests.slice(early)) await post(request);
        clock.set('2041-06-01T01:00:00Z');
        await ledger.expireDue(code);
        const seal = (through: string | null) =>
          db.transaction((tx) => ledger.setClosing(tx, code, { closedThrough: through, sealedThrough: through }));
        await seal('2041-05-30');
        const journal = await listTransfers(db, bookId, whole);
        const since = ['2030-05-31T00:00:00Z', '2030-06-01T01:00:00.000002Z', '2035-01-01T00:00:00Z'].slice(
          all ? 3 : 0,
        );
        const before = await answers(one, since);
        const statements = await Promise.all(
          one.ids.map((id) => statement(db, bookId, id, { from: '2026-03-06', to: '9999-12-31', limit: 1_000 })),
        );
        const folder = join(db.config.dataFolder, 'archive', code);
        const result = await archiveBook({ db, clock, timeZone: 'Asia/Shanghai', evidence, folder }, code, {
          before: Temporal.Instant.from(all ? '2041-05-30T00:00:00Z' : '2030-05-30T00:00:00Z'),
          postingsPerArchive: size,
        });
        const end = await archiveEnd(db, bookId);
        assert.ok(end !== null, 'the funding at least is archived');
        const expected = journal.filter(({ recordedAt }) => all || recordedAt < '2030');
        assert.equal(result.postings, expected.length);
        assert.equal(end.sequence, expected.at(-1)?.sequence);
        assert.deepEqual((await listTransfers(db, bookId, whole)).length, journal.length - expected.length);

        assert.deepEqual(await answers(one, since), before, 'what the books answer');
        for (const [index, id] of one.ids.entries()) {
          const request = { from: '2026-03-06', to: '9999-12-31', limit: 1_000 };
          const behind = await statement(db, bookId, id, request);
          if (!all) assert.deepEqual(behind, statements[index], 'a statement behind the cut');
          const long = await statement(db, bookId, id, { ...request, from: '0001-01-01', limit: 1 });
          const last = (await statement(db, bookId, id, { ...request, from: '0001-01-01' })).entries.at(-1);
          if (last !== undefined)
            assert.equal(last.balanceAfter, long.closing, 'archived movements and entries lead to the end');
          for (let page = long; page.next !== null; ) {
            const next = await statement(db, bookId, id, {
              ...request,
              from: '0001-01-01',
              limit: 1,
              after: page.next,
            });
            assert.equal(next.opening, page.entries[0]?.balanceAfter, 'pages join');
            page = next;
          }
        }
        await assert.rejects(trialBalance(db, bookId, '2026-03-02', '2026-02-01T00:00:00Z'), { code: 'archived' });

        for (const request of requests) {
          for (const outcome of await ledger.post(code, request)) {
            assert.deepEqual(
              outcome,
              { ...(outcomes.get(outcome.id) as object), repeated: true },
              'ids keep their answers',
            );
          }
        }
        const shown: ArchivedPosting[] = [];
        for await (const row of readArchived(folder, { book: code }, [])) shown.push(row);
        assert.deepEqual(
          shown.map((row) => [row.sequence, row.id, row.kind, row.amount_minor, row.effective_date, row.recorded_at]),
          expected.map((row) => [
            String(row.sequence),
            row.id,
            row.kind,
            String(row.amount),
            row.effectiveDate,
            row.recordedAt,
          ]),
        );
        assert.equal((await checkArchives(folder, [])).books[0]?.postings, expected.length);
        await sound(one);

        // Life goes on, also on days whose rows are archived.
        await seal(null);
        const found = await listAccounts(db, bookId, whole);
        for (const date of ['2026-02-28', addDays(parseDate(end.throughDate), 0), '2041-06-01']) {
          await ledger.post(code, [
            transfer(one.ids[0], one.ids[1], 1n, { effectiveDate: date }),
            transfer(one.ids[1], one.ids[0], 2n, { effectiveDate: date, kind: 'pending' }),
          ]);
        }
        assert.equal(found.length, accounts.length);
        for (const { transfer: held } of await openPendings(db, bookId, {
          effectiveThrough: '9999-12-31',
          limit: 1_000,
        })) {
          const [outcome] = await ledger.post(code, [about('void', held.id)]);
          assert.equal(outcome?.code, 'accepted', 'what is held can be released, archived or not');
        }
        for (const row of expected) {
          const { archived, transfer: kept } = await readTransfer(db, bookId, row.id);
          assert.equal(archived, kept === null);
          const [outcome] = await ledger.post(code, [about('reverse', row.id, { effectiveDate: '2041-06-01' })]);
          if (archived) assert.equal(outcome?.code, 'transfer_archived');
          else assert.notEqual(outcome?.code, 'transfer_archived');
        }
        assert.ok(
          (
            await readPendings(
              db,
              bookId,
              expected.map(({ id }) => id),
            )
          ).size >= 0,
        );
        await evidence.catchUp({ bookId, code, name: code, legalEntity: '', createdAt: '' });
        await sound(one);
      },
    ),
    { numRuns: 8, interruptAfterTimeLimit: 90_000 },
  );
});

async function sound(one: TestBook): Promise<void> {
  assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  assert.deepEqual(await findings(one), []);
  assert.deepEqual(await verifyArchiveRecords(db, one.code), []);
}
