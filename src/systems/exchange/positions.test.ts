/** Revaluation over leap days and year ends, and what must hold whatever is dealt. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readAccount, trialBalance } from '#engines/ledger';
import { parseInstant } from '#kernel/dates';
import { currencies, testExchange } from '#test/exchange';
import { deskAccounts } from './index.ts';

const { db, clock, ledger, exchange, deskBook } = await testExchange({ after });

test('revaluation: month ends, a leap day, year end; the change only, and the same again nothing', async () => {
  const { code, rates, deal, yuan, account } = await deskBook();
  const desk = deskAccounts(code, 'CNY');
  const posted = async () => {
    const { counters } = await account(desk.unrealisedResult);
    return yuan(counters.creditsPosted - counters.debitsPosted);
  };
  // [date, business day it is done on, rates of that date, total change, unrealised in the books after]
  clock.set(parseInstant('2027-02-20T01:00:00Z'));
  await deal('USD', 'CNY', '100.00');
  await deal('CNY', 'JPY', '505.00');
  const cases: [date: string, on: string, usd: string, jpy: string, change: string, unrealised: string][] = [
    ['2027-02-28', '2027-03-02', '7.10', '142', '10.00', '10.00'],
    ['2027-12-31', '2028-01-03', '6.90', '138', '-20.00', '-10.00'],
    ['2028-02-28', '2028-02-28', '6.90', '140', '7.14', '-2.86'],
    ['2028-02-29', '2028-03-01', '7.00', '140', '2.86', '0.00'],
    ['2028-12-31', '2029-01-01', '7.00', '140', '0.00', '0.00'],
  ];
  for (const [date, on, usd, jpy, change, unrealised] of cases) {
    clock.set(parseInstant(`${on}T01:00:00Z`));
    await rates(date, usd, jpy, '23');
    const { entries } = await exchange.revalue(code, date);
    assert.equal(yuan(entries.reduce((sum, { changeMinor }) => sum + changeMinor, 0n)), change, date);
    assert.equal(await posted(), unrealised, date);
    assert.deepEqual((await exchange.revalue(code, date)).entries, [], `${date} again`);
    assert.equal(await posted(), unrealised);
    const report = await exchange.positions(code, date);
    assert.equal(report.unrealisedPostedMinor, report.unrealisedMinor, date);
  }
  await assert.rejects(exchange.revalue(code, '2028-02-29'), { code: 'exchange_date_invalid' });
  await assert.rejects(exchange.revalue(code, '2029-01-02'), {
    code: 'exchange_date_invalid',
    message: /business date/,
  });
  await assert.rejects(exchange.revalue(code, '2029-02-29'), { code: 'exchange_date_invalid' });
  // A position that is gone gives its unrealised result back.
  clock.set(parseInstant('2029-01-10T01:00:00Z'));
  await rates('2029-01-09', '7.50', '150', '23');
  assert.equal((await exchange.revalue(code, '2029-01-09')).entries.length, 2);
  await deal('CNY', 'USD', '757.50');
  await exchange.revalue(code, '2029-01-10');
  const { lines } = await exchange.positions(code);
  const usd = lines.find(({ currency }) => currency === 'USD');
  assert.deepEqual(
    [usd?.quantityMinor, usd?.costMinor, usd?.unrealisedPostedMinor, usd?.realisedMinor],
    [0n, 0n, 0n, 5000n],
  );
  // What was known as of an earlier date stands.
  assert.equal(yuan((await exchange.positions(code, '2027-12-31')).unrealisedPostedMinor), '-10.00');
});

test('property: whatever is dealt and revalued, results are what was paid and what is held is worth', {
  timeout: 120_000,
}, async () => {
  const code = fc.constantFrom(...currencies);
  const rateDigits = fc.integer({ min: 50_000, max: 99_999 });
  const step = fc.record({
    sell: code,
    buy: code,
    amount: fc.bigInt({ min: 1_000n, max: 10_000_000n }),
    rate: rateDigits,
    revalue: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 6 }),
      fc.constantFrom('0', '25', '137.5'),
      async (steps, spreadBasisPoints) => {
        clock.set(parseInstant('2027-12-30T01:00:00Z'));
        const room = await deskBook({ spreadBasisPoints, rounding: 'half_even' }, '100000000');
        let flow = 0n;
        for (const { sell, buy, amount, rate, revalue } of steps) {
          clock.advance({ hours: 24 });
          await room.rates(ledger.businessDate(), `${rate / 10_000}`, `${rate / 500}`, `${rate / 3_000}`.slice(0, 10));
          if (sell !== buy) {
            const quoted = await room.quote({ sellCurrency: sell, buyCurrency: buy, sellMinor: amount });
            const dealt = await room.take(quoted.id, sell, buy);
            assert.equal(dealt.status, 'accepted', dealt.code);
            if (sell === 'CNY') flow += quoted.sellMinor;
            if (buy === 'CNY') flow -= quoted.buyMinor;
          }
          if (revalue) {
            const date = ledger.businessDate();
            await exchange.revalue(room.code, date);
            assert.deepEqual((await exchange.revalue(room.code, date)).entries, []);
          }
          const report = await exchange.positions(room.code);
          // Realised and unrealised result = value of the positions less what was paid for them.
          assert.equal(report.resultMinor, flow + report.valueMinor);
          assert.equal(report.unrealisedMinor, report.valueMinor - report.costMinor);
          if (revalue) assert.equal(report.unrealisedPostedMinor, report.unrealisedMinor);
        }
        const totals = new Map<string, bigint>();
        for (const { currency, counters } of await trialBalance(db, room.bookId, ledger.businessDate())) {
          totals.set(currency, (totals.get(currency) ?? 0n) + counters.debitsPosted - counters.creditsPosted);
        }
        for (const [currency, total] of totals) assert.equal(total, 0n, currency);
        const cleared = await readAccount(db, room.bookId, deskAccounts(room.code, 'CNY').position('CNY'));
        assert.equal(cleared.counters.creditsPosted, cleared.counters.debitsPosted);
      },
    ),
    { numRuns: 6, endOnFailure: true },
  );
});

test('a closed period is revalued only as an adjustment; a refusal keeps nothing', async () => {
  clock.set(parseInstant('2027-02-20T01:00:00Z'));
  const { code, rates, deal } = await deskBook();
  await deal('USD', 'CNY', '100.00');
  await rates('2027-02-28', '7.10', '142', '23');
  clock.set(parseInstant('2027-03-05T01:00:00Z'));
  const close = (closedThrough: string, sealedThrough: string | null) =>
    db.transaction((tx) => ledger.setClosing(tx, code, { closedThrough, sealedThrough }));
  await close('2027-02-28', null);
  await assert.rejects(exchange.revalue(code, '2027-02-28'), {
    code: 'exchange_revaluation_refused',
    message: /period_closed/,
  });
  assert.equal((await exchange.positions(code)).unrealisedPostedMinor, 0n);
  const { entries } = await exchange.revalue(code, '2027-02-28', true);
  assert.deepEqual(
    entries.map(({ changeMinor }) => changeMinor),
    [1000n],
  );
  assert.deepEqual((await exchange.revalue(code, '2027-02-28')).entries, []);
});
