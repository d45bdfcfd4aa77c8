import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Closing, type DayRow, type OrderedDay, orderAccount } from './order.ts';

const toleranceMinor = 10n;

/** Rows written as "signed amount → stated balance" in minor units. */
function day(...rows: [number, number][]): DayRow[] {
  return rows.map(([signed, balance]) => ({ signedMinor: BigInt(signed), balanceMinor: BigInt(balance) }));
}

describe('order of an account-day', () => {
  const cases: [name: string, days: DayRow[][], expected: [Closing, number, string][]][] = [
    ['one row', [day([100, 100])], [['exact', 100, '0']]],
    ['already in order', [day([100, 100], [50, 150])], [['exact', 150, '0 1']]],
    ['reversed', [day([50, 150], [100, 100])], [['exact', 150, '1 0']]],
    [
      'the first row that fits is a dead end: 100 → 60 → 100 must come before 100 → 130',
      [day([100, 100]), day([30, 130], [-40, 60], [40, 100])],
      [
        ['exact', 100, '0'],
        ['exact', 130, '1 2 0'],
      ],
    ],
    ['equal rows are interchangeable', [day([5, 5], [-5, 0], [5, 5], [-5, 0])], [['exact', 0, '2 3 0 1']]],
    ['an overdraft', [day([-70, -70], [20, -50])], [['exact', -50, '0 1']]],
    ['a row of zero', [day([0, 100], [100, 100])], [['exact', 100, '1 0']]],
    ['rounded down', [day([100, 95])], [['rounding', 95, '0:-5']]],
    ['rounded by the whole tolerance', [day([100, 110])], [['rounding', 110, '0:10']]],
    ['beyond the tolerance', [day([100, 111])], [['unexplained', 111, '0:11']]],
    ['rounded in the middle', [day([-30, 80], [100, 110])], [['rounding', 80, '1:10 0']]],
    ['two rows rounded, which cancel', [day([-30, 70], [100, 90])], [['rounding', 70, '1:-10 0:10']]],
    ['two rows rounded the same way', [day([50, 140], [100, 95])], [['rounding', 140, '1:-5 0:-5']]],
    [
      'the day after decides between two orders',
      [day([1000, 1000]), day([4, 1004], [-4, 996]), day([-996, 0])],
      [
        ['exact', 1000, '0'],
        ['rounding', 996, '0 1:-4'],
        ['exact', 0, '0'],
      ],
    ],
    [
      'one unexplained day leaves the days after it alone',
      [day([100, 100]), day([50, 250]), day([1, 251])],
      [
        ['exact', 100, '0'],
        ['unexplained', 250, '0:100'],
        ['exact', 251, '0'],
      ],
    ],
    [
      'an unexplained day keeps the chains that fit',
      [day([100, 100]), day([7, 107], [3, 503], [2, 505])],
      [
        ['exact', 100, '0'],
        ['unexplained', 505, '0 1:393 2'],
      ],
    ],
  ];
  for (const [name, days, expected] of cases) {
    it(name, () => {
      const ordered = orderAccount(days, { toleranceMinor });
      assert.deepEqual(
        ordered.map((found) => [found.closing, Number(found.closingMinor), shown(found)]),
        expected,
      );
    });
  }

  it('solves a day of forty transactions that all return to one balance', () => {
    const loops = Array.from({ length: 20 }, (_, index) => index + 1);
    const rows = day(
      ...loops.flatMap((step): [number, number][] => [
        [-step * 100, 5000 - step * 100],
        [step * 100, 5000],
      ]),
    );
    const opening = day([5000, 5000]);
    const leaving = day([-5000, 0]);
    const [, exact] = orderAccount([opening, [...leaving, ...rows]], { toleranceMinor });
    assert.deepEqual([exact?.closing, exact?.closingMinor], ['exact', 0n]);
    const [, rounded] = orderAccount([opening, [...day([-5000, 7], [20, 20]), ...rows]], { toleranceMinor });
    assert.deepEqual([rounded?.closing, rounded?.closingMinor], ['rounding', 20n]);
  });
});

describe('order of random account-days', () => {
  // Few different amounts make equal balances, and with them many orders that begin well and end badly.
  const step = fc.record({
    signed: fc.oneof(
      fc.integer({ min: -4, max: 4 }).map((n) => n * 50),
      fc.integer({ min: -99_999, max: 99_999 }),
    ),
    rounding: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -10, max: 10 }) },
    ),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const account = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

  for (const stateLimit of [20_000, 0]) {
    it(`recovers an order after shuffling${stateLimit === 0 ? ' by trails alone' : ''}`, () => {
      fc.assert(
        fc.property(account, fc.boolean(), (steps, rounds) => {
          let balance = 0n;
          let roundedRows = 0;
          const days = steps.map((daySteps) => {
            const rows = daySteps.map(({ signed, rounding, place }) => {
              const difference = rounds && stateLimit > 0 ? BigInt(rounding) : 0n;
              if (difference !== 0n) roundedRows += 1;
              balance += BigInt(signed) + difference;
              return { place, row: { signedMinor: BigInt(signed), balanceMinor: balance } };
            });
            return rows.sort((left, right) => left.place - right.place).map(({ row }) => row);
          });
          const ordered = orderAccount(days, { toleranceMinor, stateLimit });
          checkArithmetic(days, ordered);
          const differences = ordered.flatMap((found) => found.rows).filter((row) => row.differenceMinor !== 0n);
          assert.ok(ordered.every((found) => found.closing !== 'unexplained'));
          assert.ok(differences.length <= roundedRows);
          if (roundedRows === 0) assert.equal(ordered.at(-1)?.closingMinor, balance);
        }),
        { numRuns: 300 },
      );
    });
  }
});

/** Every row once, every difference true, every class true. */
function checkArithmetic(days: DayRow[][], ordered: OrderedDay[]): void {
  assert.equal(ordered.length, days.length);
  let balance = 0n;
  for (const [number, found] of ordered.entries()) {
    const rows = days[number] ?? [];
    assert.deepEqual(
      found.rows.map((row) => row.index).sort((left, right) => left - right),
      rows.map((_, index) => index),
    );
    for (const { index, differenceMinor } of found.rows) {
      const row = rows[index];
      assert.ok(row);
      balance += row.signedMinor + differenceMinor;
      assert.equal(balance, row.balanceMinor);
    }
    assert.equal(found.closingMinor, balance);
    const sizes = found.rows.map(({ differenceMinor: d }) => (d < 0n ? -d : d));
    const closing = sizes.some((size) => size > toleranceMinor)
      ? 'unexplained'
      : sizes.some((size) => size > 0n)
        ? 'rounding'
        : 'exact';
    assert.equal(found.closing, closing);
  }
}

function shown({ rows }: OrderedDay): string {
  return rows
    .map(({ index, differenceMinor }) => (differenceMinor === 0n ? `${index}` : `${index}:${differenceMinor}`))
    .join(' ');
}
