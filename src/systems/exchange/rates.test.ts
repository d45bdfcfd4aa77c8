/** Rates on a real database: files, the way from one currency to another, and that rates are never rewritten. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { manualClock } from '#kernel/clock';
import { testDatabase } from '#test/database';
import { importRates } from './load.ts';
import { rateText } from './model.ts';
import { addRates, listRates, type Rate, rateOn } from './rates.ts';

const db = await testDatabase({ after });
const clock = manualClock('2026-07-01T01:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'longmen-rates-'));
after(() => rmSync(folder, { recursive: true }));

const at = '2026-07-01T01:00:00Z';
const rate = (base: string, quote: string, date: string, mid: string, more: Partial<Rate> = {}): Rate => ({
  source: 'test',
  base,
  quote,
  date,
  quotedAt: null,
  mid,
  bid: null,
  ask: null,
  ...more,
});
const add = (...rates: Rate[]) => db.transaction((tx) => addRates(tx, rates, at));
const load = (name: string, text: string, source?: string) => {
  writeFileSync(join(folder, name), text);
  return importRates({ db, clock }, join(folder, name), { source });
};

test('the latest rate on or before a date: direct, inverse, or across the dollar', async () => {
  await add(
    rate('USD', 'CNY', '2024-02-28', '7.1'),
    rate('USD', 'CNY', '2024-02-29', '7.2'),
    rate('USD', 'CNY', '2024-03-01', '7.3'),
    rate('USD', 'JPY', '2024-02-29', '150'),
    rate('KWD', 'USD', '2024-02-20', '3.25'),
    rate('EUR', 'CNY', '2023-12-31', '7.8', { bid: '7.7', ask: '7.9' }),
    rate('USD', 'CNY', '2024-03-01', '7.31', { quotedAt: '2024-03-01T02:00:00Z' }),
    rate('USD', 'CNY', '2024-03-01', '7.32', { quotedAt: '2024-03-01T03:00:00Z' }),
  );
  const ask = async (from: string, to: string, date: string, maximumAgeDays = 10, until?: string) => {
    try {
      const found = await rateOn(db, from, to, { source: 'test', date, at: until, maximumAgeDays });
      return `${found.way} ${rateText(found.mid)} of ${found.date}`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const cases: [Parameters<typeof ask>, string][] = [
    [['USD', 'CNY', '2024-02-28'], 'direct 7.1 of 2024-02-28'],
    [['USD', 'CNY', '2024-02-29'], 'direct 7.2 of 2024-02-29'],
    [['CNY', 'USD', '2024-02-29'], 'inverse 0.138888888889 of 2024-02-29'],
    [['JPY', 'CNY', '2024-02-29'], 'cross 0.048 of 2024-02-29'],
    [['KWD', 'JPY', '2024-02-29'], 'cross 487.5 of 2024-02-20'],
    [['KWD', 'JPY', '2024-02-29', 9], 'cross 487.5 of 2024-02-20'],
    [['KWD', 'JPY', '2024-02-29', 8], 'rate_too_old'],
    [['USD', 'CNY', '2024-03-11'], 'direct 7.32 of 2024-03-01'],
    [['USD', 'CNY', '2024-03-12'], 'rate_too_old'],
    // The rate of the whole day is known before its first quote of the day.
    [['USD', 'CNY', '2024-03-01', 10, '2024-03-01T01:59:59Z'], 'direct 7.3 of 2024-03-01'],
    [['USD', 'CNY', '2024-03-01', 10, '2024-03-01T02:00:00Z'], 'direct 7.31 of 2024-03-01'],
    [['USD', 'CNY', '2024-02-27'], 'rate_not_found'],
    [['GBP', 'CNY', '2024-03-01'], 'rate_not_found'],
    [['CNY', 'CNY', '2024-03-01'], 'same 1 of 2024-03-01'],
  ];
  for (const [question, expected] of cases) assert.equal(await ask(...question), expected, question.join(' '));
  const found = await rateOn(db, 'CNY', 'EUR', { source: 'test', date: '2023-12-31', maximumAgeDays: 0 });
  assert.deepEqual([rateText(found.bid), rateText(found.ask)], ['0.126582278481', '0.12987012987']);
});

test('a rate is there for good: the same again is nothing new, another value is refused', async () => {
  const one = rate('GBP', 'USD', '2024-01-02', '1.25');
  assert.equal(await add(one), 1);
  assert.equal(await add({ ...one, mid: '1.250' }), 0);
  await assert.rejects(add(rate('GBP', 'USD', '2024-01-03', '1.3'), { ...one, mid: '1.26' }), { code: 'rate_differs' });
  assert.deepEqual(await listRates(db, { base: 'GBP', limit: 5 }), [one]);
  for (const statement of ['update exchange.rate set mid = 1', 'delete from exchange.rate']) {
    await assert.rejects(db.query(statement), /permission denied/);
  }
  const faults: [Rate, RegExp][] = [
    [rate('ABC', 'USD', '2024-01-02', '1'), /'ABC' is no known currency/],
    [rate('USD', 'USD', '2024-01-02', '1'), /the same/],
    [rate('USD', 'CNY', '2024-01-02', '0.00'), /no rate above zero/],
    [rate('USD', 'CNY', '2024-01-02', '7', { bid: '7.1', ask: '7.0' }), /bid is above the ask/],
    [rate('USD', 'CNY', '2024-01-02', '7', { source: 'A b' }), /name of a source/],
  ];
  for (const [wrong, message] of faults) await assert.rejects(add(wrong), { code: 'rate_invalid', message });
});

test('a file of countries, and one of pairs', async () => {
  const countries =
    'Date,Country,Exchange rate\r\n2024-01-01,China,7.1\r\n2024-01-01,Atlantis,3\r\n2024-02-01,Atlantis,3\r\n';
  const expected = { source: 'countries', rows: 3, added: 1, unchanged: 0, refused: 2 };
  const refusals = [{ reason: "no currency is known for the country 'Atlantis'", rows: 2, first_line: 3 }];
  assert.deepEqual(await load('countries.csv', countries), { ...expected, refusals });
  assert.deepEqual(await load('countries.csv', countries), { ...expected, added: 0, unchanged: 1, refusals });
  const pairs =
    'date,base,quote,mid,bid,ask,quoted_at\n2024-01-02,EUR,USD,1.1,1.09,1.11,2024-01-02T10:00:00+08:00\n2024-01-02,EUR,XYZ,1,,,\n';
  assert.equal((await load('pairs.csv', pairs, 'house')).added, 1);
  assert.deepEqual(await listRates(db, { source: 'house', limit: 5 }), [
    rate('EUR', 'USD', '2024-01-02', '1.1', {
      source: 'house',
      bid: '1.09',
      ask: '1.11',
      quotedAt: '2024-01-02T02:00:00.000000Z',
    }),
  ]);
});

test('a damaged file is refused with its line, and nothing of it is kept', async () => {
  const head = 'Date,Country,Exchange rate\n2024-01-01,Japan,150\n';
  const damaged: [text: string, message: RegExp][] = [
    [`${head}2024-02-30,Japan,150\n`, /line 3: '2024-02-30' is no date/],
    [`${head}2024-02-01,Japan,-1\n`, /line 3: '-1' is no rate/],
    [`${head}2024-02-01,Japan,\n`, /line 3: '' is no rate/],
    [`${head}2024-02-01,Japan\n`, /line 3/],
    ['Date,Land,Rate\n', /line 1: the header/],
    ['', /line 1: the header/],
  ];
  for (const [text, message] of damaged) {
    await assert.rejects(load('damaged.csv', text), { code: 'rate_file_invalid', message }, text);
  }
  await assert.rejects(importRates({ db, clock }, join(folder, 'none.csv')), {
    code: 'rate_file_invalid',
    message: /ENOENT/,
  });
  assert.deepEqual(await listRates(db, { source: 'damaged', limit: 5 }), []);
});

const real = join(resolve(process.env.LONGMEN_SHARED ?? '../shared'), 'data', 'rates', 'monthly.csv');
const skip = existsSync(real) ? false : `no real data: ${real} (see LONGMEN_SHARED) does not exist`;

test('monthly rates of 34 countries load whole, and cross rates follow', { skip }, async () => {
  const first = await importRates({ db, clock }, real);
  assert.deepEqual(first, { source: 'monthly', rows: 17_237, added: 17_237, unchanged: 0, refused: 0, refusals: [] });
  assert.deepEqual(await importRates({ db, clock }, real), { ...first, added: 0, unchanged: 17_237 });
  const ask = async (from: string, to: string, date: string) =>
    rateText((await rateOn(db, from, to, { source: 'monthly', date, maximumAgeDays: 31 })).mid);
  assert.equal(await ask('USD', 'CNY', '2026-06-30'), '6.7758');
  assert.equal(await ask('JPY', 'CNY', '2026-06-30'), '0.0421459227468', '6.7758 / 160.77');
  assert.equal(await ask('DEM', 'EUR', '2001-12-31'), await ask('DEM', 'EUR', '2001-12-01'));
});
