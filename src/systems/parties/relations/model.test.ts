/** The rules of relations: tables, and circles against a search day by day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { circleWith, fitsKinds, holdsOn, isAdult, isPercentage, overlaps, peakHolding } from './model.ts';

test('percentages', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['100', true],
    ['100.0000000000', true],
    ['0.0000000001', true],
    ['33.3333333333', true],
    ['0', false],
    ['0.0', false],
    ['100.0000000001', false],
    ['101', false],
    ['-1', false],
    ['1e1', false],
    ['01', false],
    ['1.', false],
    ['0.00000000001', false],
    ['', false],
  ];
  for (const [text, expected] of cases) assert.equal(isPercentage(text), expected, text);
});

const share = (percentage: string, validFrom: string, validUntil: string | null = null) => ({
  percentage,
  validFrom,
  validUntil,
});

test('what is held of a company at its most', () => {
  const cases: readonly (readonly [ReturnType<typeof share>[], string])[] = [
    [[], 'nothing'],
    [[share('60', '2020-01-01'), share('40', '2021-01-01')], '2021-01-01 100'],
    [[share('60', '2020-01-01'), share('40.0000000001', '2021-01-01')], '2021-01-01 100.0000000001!'],
    // Sold on the day the other buys: no day has both.
    [[share('60', '2020-01-01', '2021-01-01'), share('60', '2021-01-01')], '2020-01-01 60'],
    [[share('60', '2020-01-01', '2021-01-02'), share('60', '2021-01-01')], '2021-01-01 120!'],
    // A back-dated holding meets those that were there before.
    [[share('70', '2020-01-01', '2022-01-01'), share('50', '2019-01-01', '2020-01-02')], '2020-01-01 120!'],
  ];
  for (const [holdings, expected] of cases) {
    const peak = peakHolding(holdings);
    const shown = peak === null ? 'nothing' : `${peak.date} ${peak.percentage}${peak.above100 ? '!' : ''}`;
    assert.equal(shown, expected);
  }
});

test('adults', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['2007-01-02', '2025-01-02', true],
    ['2007-01-03', '2025-01-02', false],
    ['2004-02-29', '2022-02-28', true],
    ['2004-02-29', '2022-02-27', false],
  ];
  for (const [birth, on, expected] of cases) assert.equal(isAdult(birth, on), expected, `${birth} ${on}`);
});

test('between which parties a relation can be', () => {
  assert.equal(fitsKinds('spouse', 'person', 'organisation'), false);
  assert.equal(fitsKinds('shareholder', 'organisation', 'organisation'), true);
  assert.equal(fitsKinds('shareholder', 'person', 'person'), false);
  assert.equal(fitsKinds('guardian', 'organisation', 'person'), true);
  assert.equal(fitsKinds('director', 'organisation', 'organisation'), false);
});

const day = (number: number) => `2025-01-${String(number + 1).padStart(2, '0')}`;
const edge = fc
  .record({ from: fc.nat(4), to: fc.nat(4), start: fc.nat(8), length: fc.option(fc.integer({ min: 1, max: 4 })) })
  .filter(({ from, to }) => from !== to)
  .map(({ from, to, start, length }) => ({
    from: String(from),
    to: String(to),
    validFrom: day(start),
    validUntil: length === null ? null : day(start + length),
  }));

test('a circle is found exactly when there is one on some day', () => {
  fc.assert(
    fc.property(edge, fc.array(edge, { maxLength: 8 }), (added, edges) => {
      const days = Array.from({ length: 20 }, (_, number) => day(number)).filter((date) => holdsOn(added, date));
      const expected = days.some((date) => {
        const reachable = new Set([added.to]);
        for (const at of reachable) {
          for (const one of edges) if (one.from === at && holdsOn(one, date)) reachable.add(one.to);
        }
        return reachable.has(added.from);
      });
      assert.equal(circleWith(added, edges) !== null, expected);
    }),
    { numRuns: 500 },
  );
});

test('stretches overlap exactly when they share a day', () => {
  fc.assert(
    fc.property(edge, edge, (left, right) => {
      const days = Array.from({ length: 20 }, (_, number) => day(number));
      assert.equal(
        overlaps(left, right),
        days.some((date) => holdsOn(left, date) && holdsOn(right, date)),
      );
    }),
  );
});
