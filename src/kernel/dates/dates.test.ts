import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  addMonths,
  compareDates,
  dateRange,
  daysBetween,
  type IsoDate,
  instantText,
  isoDateOf,
  isValidDate,
  parseDate,
  parseInstant,
  Temporal,
} from './index.ts';

const dateCases: [text: string, exists: boolean][] = [
  ['2025-01-26', true],
  ['0001-01-01', true],
  ['9999-12-31', true],
  ['2024-02-29', true],
  ['2000-02-29', true],
  ['2023-02-29', false],
  ['1900-02-29', false],
  ['2024-02-30', false],
  ['2024-04-31', false],
  ['2024-13-01', false],
  ['2024-00-01', false],
  ['2024-01-00', false],
  ['0000-01-01', false],
  ['10000-01-01', false],
  ['-0001-01-01', false],
  ['2024-1-1', false],
  ['20240101', false],
  ['2024/01/01', false],
  ['2024-01-01T00:00:00Z', false],
  [' 2024-01-01', false],
  ['2024-01-01\n', false],
  ['２０２４-01-01', false],
  ['', false],
];

test('parseDate reads dates that exist and refuses the rest', () => {
  for (const [text, exists] of dateCases) {
    assert.equal(isValidDate(text), exists, text);
    if (exists) assert.equal(parseDate(text), text);
    else assert.throws(() => parseDate(text), { code: 'date_invalid', status: 400 }, text);
  }
});

test('a date exists for us exactly if it does for Temporal', () => {
  const numbers = fc.tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 0, max: 14 }),
    fc.integer({ min: 0, max: 33 }),
  );
  fc.assert(
    fc.property(numbers, ([year, month, day]) => {
      const text = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join(
        '-',
      );
      let exists = true;
      try {
        Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' });
      } catch {
        exists = false;
      }
      assert.equal(isValidDate(text), exists, text);
    }),
    { numRuns: 1000 },
  );
});

const additions: [date: string, unit: 'days' | 'months', amount: number, result: string][] = [
  ['2024-02-28', 'days', 1, '2024-02-29'],
  ['2023-02-28', 'days', 1, '2023-03-01'],
  ['2024-12-31', 'days', 1, '2025-01-01'],
  ['2024-03-01', 'days', -1, '2024-02-29'],
  ['2024-03-01', 'days', 0, '2024-03-01'],
  ['2024-01-31', 'months', 1, '2024-02-29'],
  ['2023-01-31', 'months', 1, '2023-02-28'],
  ['2024-02-29', 'months', 12, '2025-02-28'],
  ['2024-02-29', 'months', 48, '2028-02-29'],
  ['2024-03-31', 'months', -1, '2024-02-29'],
  ['2024-11-30', 'months', 3, '2025-02-28'],
];

test('addDays and addMonths', () => {
  for (const [date, unit, amount, result] of additions) {
    const add = unit === 'days' ? addDays : addMonths;
    assert.equal(add(parseDate(date), amount), result, `${date} + ${amount} ${unit}`);
  }
});

test('a result outside the years 0001 to 9999 is refused', () => {
  const [first, last] = [parseDate('0001-01-01'), parseDate('9999-12-31')];
  for (const work of [
    () => addDays(last, 1),
    () => addDays(first, -1),
    () => addMonths(last, 1),
    () => addMonths(first, -1),
    () => addDays(last, 10 ** 12),
    () => addMonths(first, Number.MAX_SAFE_INTEGER),
  ]) {
    assert.throws(work, { code: 'date_invalid' });
  }
  assert.throws(() => addDays(first, 0.5), { invariant: 'date_shift_is_whole' });
});

const anyDate = fc.integer({ min: 0, max: 3_652_058 }).map((days) => addDays(parseDate('0001-01-01'), days));

test('days added and days between are each other turned round, and dates sort as text', () => {
  fc.assert(
    fc.property(anyDate, anyDate, (left, right) => {
      const days = daysBetween(left, right);
      assert.equal(addDays(left, days), right);
      assert.equal(daysBetween(right, left), days === 0 ? 0 : -days);
      assert.equal(compareDates(left, right), Math.sign(-days) || 0);
      assert.equal(compareDates(left, right), Temporal.PlainDate.compare(left, right));
    }),
  );
});

test('dateRange gives both ends', () => {
  const range = (from: string, to: string): IsoDate[] => [...dateRange(parseDate(from), parseDate(to))];
  assert.deepEqual(range('2024-02-28', '2024-03-01'), ['2024-02-28', '2024-02-29', '2024-03-01']);
  assert.deepEqual(range('2024-03-01', '2024-03-01'), ['2024-03-01']);
  assert.deepEqual(range('2024-03-02', '2024-03-01'), []);
  assert.deepEqual(range('9999-12-30', '9999-12-31'), ['9999-12-30', '9999-12-31']);
});

test('isoDateOf is the date on the wall of the time zone', () => {
  for (const [instant, timeZone, date] of [
    ['2025-01-26T15:59:59.999Z', 'Asia/Shanghai', '2025-01-26'],
    ['2025-01-26T16:00:00Z', 'Asia/Shanghai', '2025-01-27'],
    ['2025-01-26T16:00:00Z', 'UTC', '2025-01-26'],
    ['2025-01-26T04:00:00Z', 'America/New_York', '2025-01-25'],
    // China kept summer time in 1988: the same hour of day belongs to another date.
    ['1988-07-01T15:30:00Z', 'Asia/Shanghai', '1988-07-02'],
  ] as const) {
    assert.equal(isoDateOf(parseInstant(instant), timeZone), date, `${instant} ${timeZone}`);
  }
});

const instantCases: [text: string, utc: string][] = [
  ['2025-01-26T09:30:00+08:00', '2025-01-26T01:30:00.000000Z'],
  ['2025-01-26T01:30:00Z', '2025-01-26T01:30:00.000000Z'],
  ['2025-01-26T01:30:00.1Z', '2025-01-26T01:30:00.100000Z'],
  ['2025-01-26T01:30:00.123456789Z', '2025-01-26T01:30:00.123456Z'],
  ['1969-12-31T23:59:59.9999999Z', '1969-12-31T23:59:59.999999Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
  ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999Z'],
];

test('parseInstant reads RFC 3339 and instantText writes UTC with microseconds', () => {
  for (const [text, utc] of instantCases) assert.equal(instantText(parseInstant(text)), utc, text);
});

test('parseInstant refuses everything else', () => {
  for (const text of [
    '',
    '2025-01-26',
    '2025-01-26T09:30:00',
    '2025-01-26T09:30Z',
    '2025-01-26 09:30:00Z',
    '2025-01-26t09:30:00z',
    '2025-01-26T09:30:00+0800',
    '2025-01-26T09:30:00+08',
    '2025-01-26T09:30:00Z[UTC]',
    '2025-01-26T09:30:00.Z',
    '2025-01-26T09:30:00.1234567890Z',
    '2025-01-26T24:00:00Z',
    '2025-01-26T09:60:00Z',
    '2016-12-31T23:59:60Z',
    '2025-02-29T09:30:00Z',
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+12025-01-26T09:30:00Z',
    ' 2025-01-26T09:30:00Z',
    '2025-01-26T09:30:00Z\n',
  ]) {
    assert.throws(() => parseInstant(text), { code: 'instant_invalid', status: 400 }, text);
  }
  assert.throws(() => instantText(Temporal.Instant.fromEpochMilliseconds(8.64e15)), { code: 'instant_invalid' });
});

test('an instant of whole microseconds survives being written and read, and texts sort as instants', () => {
  const microseconds = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
  const instantOf = (value: bigint) => Temporal.Instant.fromEpochNanoseconds(value * 1000n);
  fc.assert(
    fc.property(microseconds, microseconds, (left, right) => {
      const text = instantText(instantOf(left));
      assert.equal(parseInstant(text).epochNanoseconds, left * 1000n);
      assert.equal(text < instantText(instantOf(right)), left < right);
    }),
  );
});
