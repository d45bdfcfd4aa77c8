import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, dateRange, parseDate, Temporal } from '#kernel/dates';
import { calendar, calendarNames, type DateAdjustment } from './index.ts';

const interbank = calendar('CN_INTERBANK');
const exchange = calendar('CN_EXCHANGE');

const days: [date: string, interbank: boolean, exchange: boolean, why: string][] = [
  ['2025-01-24', true, true, 'an ordinary Friday'],
  ['2025-01-25', false, false, 'an ordinary Saturday'],
  ['2025-01-26', true, false, 'make-up Sunday before Spring Festival'],
  ['2025-01-27', true, true, 'Monday before Spring Festival'],
  ['2025-01-28', false, false, 'New Year’s Eve'],
  ['2025-02-04', false, false, 'last day of Spring Festival'],
  ['2025-02-05', true, true, 'first day after it'],
  ['2025-02-08', true, false, 'make-up Saturday'],
  ['2025-04-04', false, false, 'Tomb-sweeping Day'],
  ['2025-04-27', true, false, 'make-up Sunday before Labour Day'],
  ['2025-09-28', true, false, 'make-up Sunday before National Day'],
  ['2025-09-30', true, true, 'day before National Day'],
  ['2025-10-01', false, false, 'National Day 2025'],
  ['2025-10-08', false, false, 'last day of National Day and Mid-autumn 2025'],
  ['2025-10-09', true, true, 'first day after it'],
  ['2025-10-11', true, false, 'make-up Saturday'],
  ['2024-02-04', true, false, 'make-up Sunday'],
  ['2024-02-09', true, false, 'New Year’s Eve 2024: an official working day, the exchanges closed'],
  ['2024-02-12', false, false, 'Spring Festival 2024'],
  ['2024-02-18', true, false, 'make-up Sunday'],
  ['2024-02-19', true, true, 'first trading day after Spring Festival 2024'],
  ['2024-02-29', true, true, 'leap day, a Thursday'],
  ['2020-02-29', false, false, 'leap day, a Saturday'],
  ['2020-01-31', false, false, 'Spring Festival lengthened in the epidemic'],
  ['2020-02-03', true, true, 'first day after it'],
  ['2015-09-03', false, false, 'seventieth anniversary of victory'],
  ['2015-09-06', true, false, 'its make-up Sunday'],
  ['2005-12-31', true, false, 'make-up Saturday for New Year 2006'],
  ['2006-01-27', true, false, 'exchanges closed two days before Spring Festival'],
  ['2026-10-10', true, false, 'make-up Saturday'],
];

test('known days', () => {
  for (const [text, works, trades, why] of days) {
    const date = parseDate(text);
    assert.equal(interbank.isBusinessDay(date), works, `${text} interbank: ${why}`);
    assert.equal(exchange.isBusinessDay(date), trades, `${text} exchange: ${why}`);
  }
});

test('the exchange has as many trading days a year as Shanghai had', () => {
  const known: [year: number, tradingDays: number][] = [
    [2004, 243],
    [2005, 242],
    [2006, 241],
    [2007, 242],
    [2008, 246],
    [2009, 244],
    [2010, 242],
    [2011, 244],
    [2012, 243],
    [2013, 238],
    [2014, 245],
    [2015, 244],
    [2016, 244],
    [2017, 244],
    [2018, 243],
    [2019, 244],
    [2020, 243],
    [2021, 243],
    [2022, 242],
    [2023, 242],
    [2024, 242],
    [2025, 243],
  ];
  for (const [year, tradingDays] of known) {
    const all = [...dateRange(parseDate(`${year}-01-01`), parseDate(`${year}-12-31`))];
    assert.equal(all.filter(exchange.isBusinessDay).length, tradingDays, `${year}`);
  }
});

test('the exchange never trades when the interbank market rests, nor on a weekend', () => {
  for (const date of dateRange(parseDate('2004-01-01'), parseDate('2026-12-31'))) {
    if (!exchange.isBusinessDay(date)) continue;
    assert.ok(interbank.isBusinessDay(date), date);
    assert.ok(Temporal.PlainDate.from(date).dayOfWeek <= 5, date);
  }
});

const steps: [from: string, count: number, interbank: string, exchange: string][] = [
  ['2025-01-24', 1, '2025-01-26', '2025-01-27'],
  ['2025-01-27', 1, '2025-02-05', '2025-02-05'],
  ['2025-01-25', 1, '2025-01-26', '2025-01-27'],
  ['2025-01-25', 0, '2025-01-26', '2025-01-27'],
  ['2025-01-27', 0, '2025-01-27', '2025-01-27'],
  ['2025-01-25', -1, '2025-01-24', '2025-01-24'],
  ['2025-02-05', -1, '2025-01-27', '2025-01-27'],
  ['2025-02-05', -2, '2025-01-26', '2025-01-24'],
  ['2025-09-30', 3, '2025-10-11', '2025-10-13'],
  ['2024-12-31', 1, '2025-01-02', '2025-01-02'],
  ['2024-02-28', 2, '2024-03-01', '2024-03-01'],
];

test('add, next and previous', () => {
  for (const [from, count, works, trades] of steps) {
    const date = parseDate(from);
    assert.equal(interbank.add(date, count), works, `${from} ${count}`);
    assert.equal(exchange.add(date, count), trades, `${from} ${count}`);
    if (count === 1) assert.equal(interbank.next(date), works);
    if (count === -1) assert.equal(interbank.previous(date), works);
  }
});

const adjustments: [date: string, adjustment: DateAdjustment, exchange: string][] = [
  ['2025-01-27', 'following', '2025-01-27'],
  ['2025-01-28', 'following', '2025-02-05'],
  ['2025-01-28', 'modified_following', '2025-01-27'],
  ['2025-01-25', 'modified_following', '2025-01-27'],
  ['2025-01-28', 'preceding', '2025-01-27'],
  ['2025-02-03', 'preceding', '2025-01-27'],
  ['2025-02-03', 'modified_preceding', '2025-02-05'],
  ['2025-01-28', 'modified_preceding', '2025-01-27'],
  ['2025-01-28', 'none', '2025-01-28'],
  ['2024-03-31', 'modified_following', '2024-03-29'],
];

test('adjust', () => {
  for (const [date, adjustment, adjusted] of adjustments) {
    assert.equal(exchange.adjust(parseDate(date), adjustment), adjusted, `${date} ${adjustment}`);
  }
});

test('businessDaysBetween counts the first date and not the last', () => {
  for (const [from, to, works, trades] of [
    ['2025-01-24', '2025-01-27', 2, 1],
    ['2025-01-27', '2025-01-24', -2, -1],
    ['2025-01-27', '2025-01-27', 0, 0],
    ['2025-10-01', '2025-10-09', 0, 0],
    ['2025-10-09', '2025-10-13', 3, 2],
  ] as const) {
    assert.equal(interbank.businessDaysBetween(parseDate(from), parseDate(to)), works, `${from} ${to}`);
    assert.equal(exchange.businessDaysBetween(parseDate(from), parseDate(to)), trades, `${from} ${to}`);
  }
});

const inside = fc.integer({ min: 40, max: 8_360 }).map((offset) => addDays(parseDate('2004-01-01'), offset));
const anyCalendar = fc.constantFrom(...calendarNames).map(calendar);

test('next, previous, add and businessDaysBetween agree with walking day by day', () => {
  fc.assert(
    fc.property(anyCalendar, inside, fc.integer({ min: 1, max: 15 }), (market, date, count) => {
      let walked = date;
      for (let left = count; left > 0; left -= market.isBusinessDay(walked) ? 1 : 0) walked = addDays(walked, 1);
      assert.equal(market.add(date, count), walked);

      let back = date;
      for (let left = count; left > 0; left -= market.isBusinessDay(back) ? 1 : 0) back = addDays(back, -1);
      assert.equal(market.add(date, -count), back);

      const between = [...dateRange(back, addDays(walked, -1))].filter(market.isBusinessDay).length;
      assert.equal(market.businessDaysBetween(back, walked), between);
      if (market.isBusinessDay(date)) assert.equal(market.businessDaysBetween(date, walked), count);
    }),
    { numRuns: 300 },
  );
});

test('an adjusted date is a business day, and a modified one stays in its month', () => {
  const kinds = fc.constantFrom<DateAdjustment>('following', 'modified_following', 'preceding', 'modified_preceding');
  fc.assert(
    fc.property(anyCalendar, inside, kinds, (market, date, adjustment) => {
      const adjusted = market.adjust(date, adjustment);
      assert.ok(market.isBusinessDay(adjusted));
      assert.equal(adjusted === date, market.isBusinessDay(date));
      if (adjustment.startsWith('modified')) assert.equal(adjusted.slice(0, 7), date.slice(0, 7));
    }),
  );
});

test('a year without data is refused, whether asked for or arrived at', () => {
  for (const market of [interbank, exchange]) {
    const [first, last] = [parseDate(`${market.firstYear}-01-01`), parseDate(`${market.lastYear}-12-31`)];
    const [before, after] = [addDays(first, -1), addDays(last, 1)];
    for (const work of [
      () => market.isBusinessDay(before),
      () => market.isBusinessDay(after),
      () => market.adjust(after, 'following'),
      () => market.businessDaysBetween(first, after),
      () => market.next(last),
      () => market.previous(first),
      () => market.add(last, 1000),
      () => market.add(first, -1000),
    ]) {
      assert.throws(work, { code: 'calendar_year_unknown', status: 422 });
    }
    assert.equal(market.adjust(first, 'following'), market.next(first));
  }
});
