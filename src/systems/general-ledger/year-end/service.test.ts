/** The year end on a real database: everything of profit and loss to zero, once, in chunks, and back. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type AccountInput, balancesAsOf, listAccounts, listTransfers, trialBalance } from '#engines/ledger';
import { newId } from '#kernel/ids';
import { codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { installChart, standardChart } from '../chart/service.ts';
import { profitAndLossLeft } from '../periods/checks.ts';
import { closePeriod, reopenPeriod, sealPeriod } from '../periods/service.ts';
import { netOf, YEAR_END_TYPE } from './model.ts';
import { readYearEnd, yearEndTotals } from './queries.ts';
import { makeYearEnd } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const hand = { actor: 'Li Wei' };
const asbe = await standardChart('asbe');
const dec31 = '2025-12-31';
const in2025 = { effectiveDate: '2025-11-30' };

const income: Partial<AccountInput> = { code: '6011', side: 'credit' };
const expense: Partial<AccountInput> = { code: '6601', side: 'debit' };

/** A book with the statutory chart and the accounts cash, deposits, interest income, administrative expenses. */
async function bankBook(...more: readonly Partial<AccountInput>[]) {
  const one = await book({ code: '1001', side: 'debit' }, {}, income, expense, ...more);
  await installChart(deps, one.code, asbe, hand);
  const [cash, deposits, interest = '', costs = '', ...rest] = one.ids;
  return { ...one, cash, deposits, interest, costs, rest };
}

const make = (one: TestBook, year = 2025, chunk?: number) => makeYearEnd(deps, one.code, year, { ...hand, chunk });

/** Balances per code and currency as of a date, debits less credits, without zeros. */
async function nets(one: TestBook, date = dec31): Promise<Record<string, bigint>> {
  const lines = await trialBalance(db, one.bookId, date);
  return Object.fromEntries(
    lines
      .map(({ code, currency, counters }) => [`${code} ${currency}`, netOf(counters)])
      .filter(([, net]) => net !== 0n),
  );
}

test('profit and loss goes through the profit of the year into retained earnings, once', async () => {
  const one = await bankBook();
  await ledger.post(one.code, [
    transfer(one.cash, one.interest, 500n, in2025),
    transfer(one.costs, one.cash, 120n, { effectiveDate: dec31 }),
    transfer(one.cash, one.interest, 7n, { effectiveDate: '2026-01-01' }),
  ]);
  const result = await make(one);
  assert.deepEqual(result, { year: 2025, transfers: 3, results: [{ currency: 'CNY', profit: 380n }], left: [] });
  assert.deepEqual(await nets(one), { '1001 CNY': 380n, '4104 CNY': -380n });
  assert.deepEqual(await nets(one, '2026-03-02'), { '1001 CNY': 387n, '4104 CNY': -380n, '6011 CNY': -7n });
  assert.deepEqual(await make(one), { year: 2025, transfers: 0, results: [], left: [] });

  const rows = await listTransfers(db, one.bookId, { type: YEAR_END_TYPE, limit: 10 });
  assert.deepEqual(
    rows.map(({ effectiveDate, reference, adjustment }) => [effectiveDate, reference, adjustment]),
    Array(3).fill([dec31, 'year-end-2025', false]),
  );
  assert.deepEqual(
    (await yearEndTotals(db, one.bookId, { from: '2025-01-01', to: dec31 })).map(
      ({ code, debitsPosted, creditsPosted }) => `${code} ${debitsPosted} ${creditsPosted}`,
    ),
    ['4103 500 500', '4104 0 380', '6011 500 0', '6601 0 120'],
  );
});

test('every currency is closed in its own; a loss goes the other way; what comes later is closed by doing it again', async () => {
  const one = await bankBook({ ...income, currency: 'JPY' }, { code: '1003', side: 'debit', currency: 'JPY' });
  const [yenIncome = '', yen = ''] = one.rest;
  await ledger.post(one.code, [
    transfer(one.costs, one.cash, 120n, in2025),
    transfer(yen, yenIncome, 9_000n, { ...in2025, currency: 'JPY' }),
  ]);
  const { results } = await make(one);
  assert.deepEqual(
    results.toSorted((a, b) => (a.currency < b.currency ? -1 : 1)),
    [
      { currency: 'CNY', profit: -120n },
      { currency: 'JPY', profit: 9_000n },
    ],
  );
  assert.deepEqual(await nets(one), { '1001 CNY': -120n, '4104 CNY': 120n, '1003 JPY': 9_000n, '4104 JPY': -9_000n });
  await ledger.post(one.code, [transfer(one.cash, one.interest, 20n, in2025)]);
  assert.deepEqual((await make(one)).results, [{ currency: 'CNY', profit: 20n }]);
  assert.deepEqual(await profitAndLossLeft(db, one.bookId, dec31), []);
  const { actions, transfers } = await readYearEnd(db, one.bookId, 2025);
  assert.deepEqual([actions.map(({ action }) => action), transfers.length], [['close', 'close'], 6]);
});

test('in a closed period the year end is an adjustment; re-opening undoes it by reversal', async () => {
  const one = await bankBook();
  await ledger.post(one.code, [transfer(one.cash, one.interest, 500n, in2025)]);
  await db.transaction((tx) => closePeriod(deps, tx, one.code, '2025', hand));
  await assert.rejects(
    db.transaction((tx) => sealPeriod(deps, tx, one.code, '2025', hand)),
    { code: 'period_check_failed' },
    'not sealed without its year end',
  );
  await make(one);
  // The instants of batches run ahead of a clock that stands still.
  clock.advance({ seconds: 1 });
  const made = clock.now().toString();
  const rows = await listTransfers(db, one.bookId, { adjustment: true, limit: 10 });
  assert.deepEqual(
    rows.map(({ type }) => type),
    [YEAR_END_TYPE, YEAR_END_TYPE],
  );
  await db.transaction((tx) => closePeriod(deps, tx, one.code, '2026-01', hand));
  const reopen = (period: string) =>
    db.transaction((tx) => reopenPeriod(deps, tx, one.code, period, { ...hand, reason: 'audit' }));
  await assert.rejects(reopen('2025-12'), { code: 'period_later_closed' });
  assert.deepEqual((await reopen('2026-01')).yearEndsUndone, []);

  clock.advance({ minutes: 1 });
  const { period, yearEndsUndone } = await reopen('2025-12');
  assert.deepEqual([period.state, yearEndsUndone], ['open', [2025]]);
  assert.deepEqual(await nets(one), { '1001 CNY': 500n, '6011 CNY': -500n });
  assert.equal((await readYearEnd(db, one.bookId, 2025)).made, false);
  assert.equal(
    (await yearEndTotals(db, one.bookId, { from: '2025-01-01', to: dec31 })).find(({ code }) => code === '6011')
      ?.creditsPosted,
    500n,
    'the reversal counts, too',
  );
  const before = await yearEndTotals(db, one.bookId, { from: '2025-01-01', to: dec31, recordedAt: made });
  assert.equal(before.find(({ code }) => code === '6011')?.creditsPosted, 0n, 'as known before');

  assert.equal((await make(one)).transfers, 2, 'and again');
  await db.transaction((tx) => closePeriod(deps, tx, one.code, '2025-12', hand));
  await db.transaction((tx) => sealPeriod(deps, tx, one.code, '2025', hand));
  await assert.rejects(make(one), { code: 'year_end_not_possible', meta: { reason: 'year_sealed' } });
});

test('in chunks of one, broken off and made by two at once, it comes to the same', async () => {
  const many = Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? income : expense));
  const one = await bankBook(...many);
  await ledger.post(
    one.code,
    one.rest.map((id, index) =>
      index % 2 === 0
        ? transfer(one.cash, id, BigInt(index + 1), in2025)
        : transfer(id, one.cash, BigInt(index + 1), in2025),
    ),
  );
  let chunks = 0;
  const broken = {
    ...deps,
    authorise: async () => {
      if (++chunks === 3) throw new Error('power cut');
    },
  };
  await assert.rejects(makeYearEnd(broken, one.code, 2025, { ...hand, chunk: 1 }), { message: 'power cut' });
  assert.ok((await profitAndLossLeft(db, one.bookId, dec31)).length > 0);
  const both = await Promise.all([make(one, 2025, 2), make(one, 2025, 1)]);
  assert.ok(both.every(({ left }) => left.length === 0));
  assert.deepEqual(await nets(one), { '1001 CNY': -3n, '4104 CNY': 3n });
});

test('what makes a year end impossible is told', async () => {
  const one = await bankBook({ code: '4103' }, { code: '4103' });
  await assert.rejects(make(one, 2026), { code: 'year_end_not_possible', meta: { reason: 'year_not_over' } });
  await ledger.post(one.code, [
    transfer(one.cash, one.interest, 5n, { effectiveDate: '2024-02-29' }),
    transfer(one.cash, one.interest, 5n, in2025),
  ]);
  await assert.rejects(make(one), { code: 'year_end_not_possible', meta: { reason: 'earlier_year_open' } });
  await assert.rejects(make(one, 2024), { code: 'year_end_not_possible', meta: { reason: 'account_ambiguous' } });
  assert.deepEqual(await nets(one, '2024-12-31'), { '1001 CNY': 5n, '6011 CNY': -5n }, 'nothing is half done');
  await db.transaction((tx) => ledger.setState(tx, one.code, one.rest[0] ?? '', 'closed'));
  await make(one, 2024);
  await db.transaction((tx) => ledger.setState(tx, one.code, one.interest, 'frozen'));
  await assert.rejects(make(one), {
    code: 'year_end_refused',
    meta: { year: 2025, account_id: one.interest, code: 'debit_account_frozen' },
  });
  await assert.rejects(make(one, 0), { code: 'period_malformed' });
  const bare = await book();
  await assert.rejects(make(bare), { code: 'chart_missing' });
});

test('whatever was posted, after the year end profit and loss is zero and debits equal credits', async () => {
  const day = fc.constantFrom('2024-02-29', '2024-12-31', '2025-01-01', '2025-02-28', dec31, '2026-01-01');
  const posting = fc.record({ from: fc.nat(5), to: fc.nat(5), amount: fc.bigInt({ min: 1n, max: 99n }), day });
  await fc.assert(
    fc.asyncProperty(fc.array(posting, { maxLength: 12 }), fc.integer({ min: 1, max: 3 }), async (postings, chunk) => {
      const one = await bankBook(income, expense);
      const ids = one.ids;
      const outcomes =
        postings.length === 0
          ? []
          : await ledger.post(
              one.code,
              postings
                .filter(({ from, to }) => from !== to)
                .map(({ from, to, amount, day: effectiveDate }) =>
                  transfer(ids[to] ?? '', ids[from] ?? '', amount, { effectiveDate }),
                )
                .concat(transfer(one.cash, one.interest, 1n, { id: newId(), effectiveDate: '2024-01-01' })),
            );
      assert.ok(codes(outcomes).every((code) => code === 'accepted'));
      const later = await nets(one, '2026-03-02');
      await make(one, 2024, chunk);
      await make(one, 2025, chunk);
      for (const date of ['2024-12-31', dec31]) {
        const accounts = await listAccounts(db, one.bookId, { limit: 100 });
        const balances = await balancesAsOf(
          db,
          one.bookId,
          accounts.map(({ id }) => id),
          date,
        );
        let sum = 0n;
        for (const { id, code } of accounts) {
          const net = netOf(
            balances.get(id) ?? { debitsPending: 0n, creditsPending: 0n, debitsPosted: 0n, creditsPosted: 0n },
          );
          sum += net;
          if (code.startsWith('6') || code === '4103') assert.equal(net, 0n, `${code} ${date}`);
        }
        assert.equal(sum, 0n);
      }
      const total = (lines: Record<string, bigint>, digit: string) =>
        Object.entries(lines).reduce((sum, [code, net]) => (code.startsWith(digit) ? sum + net : sum), 0n);
      const now = await nets(one, '2026-03-02');
      assert.equal(total(now, '1') + total(now, '2'), total(later, '1') + total(later, '2'), 'balance sheet as before');
    }),
    { numRuns: 8, interruptAfterTimeLimit: 60_000 },
  );
});
