/** Conversion, customer rates and positions, as tables of cases and as properties. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { currencyExponent, formatAmount, parseAmountMinor, type RoundingRule, roundingRules } from '#kernel/money';
import { currencyOn } from './countries.ts';
import {
  averageCost,
  convert,
  customerRate,
  inverse,
  isRate,
  move,
  type Position,
  pairOf,
  rateText,
  ratio,
  times,
} from './model.ts';

function minor(text: string, currency: string): bigint {
  const parsed = parseAmountMinor(text, currency);
  assert.ok(parsed.ok, text);
  return parsed.amountMinor;
}

test('an amount is converted with the exponents of both currencies and rounded once, by the rule named', () => {
  const cases: [amount: string, from: string, to: string, rate: string, rule: RoundingRule, expected: string][] = [
    ['100.00', 'USD', 'CNY', '7.12345', 'half_up', '712.35'],
    ['100.00', 'USD', 'CNY', '7.12345', 'half_even', '712.34'],
    ['100.00', 'USD', 'CNY', '7.12345', 'down', '712.34'],
    ['100.00', 'USD', 'CNY', '7.12341', 'up', '712.35'],
    ['100.00', 'USD', 'JPY', '149.505', 'half_up', '14951'],
    ['100.00', 'USD', 'JPY', '149.505', 'half_even', '14950'],
    ['100.00', 'USD', 'JPY', '149.515', 'half_even', '14952'],
    ['100.00', 'USD', 'KWD', '0.306125', 'half_up', '30.613'],
    ['100.00', 'USD', 'KWD', '0.306125', 'half_even', '30.612'],
    ['1', 'JPY', 'CNY', '0.0476', 'half_up', '0.05'],
    ['1', 'JPY', 'KWD', '0.002', 'half_up', '0.002'],
    ['1.000', 'KWD', 'JPY', '488.5', 'half_even', '488'],
    ['1.000', 'KWD', 'CNY', '23.205', 'half_up', '23.21'],
    ['-100.00', 'USD', 'CNY', '7.12345', 'half_up', '-712.35'],
    ['92233720368547758.07', 'CNY', 'CNY', '1', 'half_even', '92233720368547758.07'],
    ['0.01', 'CNY', 'USD', '0.1', 'half_even', '0.00'],
  ];
  for (const [amount, from, to, rate, rule, expected] of cases) {
    const converted = convert(minor(amount, from), from, to, ratio(rate), rule);
    assert.equal(formatAmount(converted, to), expected, `${amount} ${from} at ${rate} ${rule}`);
  }
});

test('the spread is taken on the side the customer deals on', () => {
  const cases: [mid: string, side: 'bid' | 'ask', points: string, expected: string][] = [
    ['7.00', 'bid', '100', '6.93'],
    ['7.00', 'ask', '100', '7.07'],
    ['7.00', 'bid', '0', '7'],
    ['7.1234', 'ask', '12.5', '7.13230425'],
    ['0.047619047619047619', 'bid', '10', '0.0475714285714'],
    ['149.50', 'ask', '0.5', '149.507475'],
  ];
  for (const [mid, side, points, expected] of cases) {
    assert.equal(customerRate(ratio(mid), side, points), expected, `${mid} ${side} ${points}`);
  }
});

test('pairs are quoted as the market does, the functional currency last', () => {
  const cases: [one: string, other: string, pair: string][] = [
    ['USD', 'CNY', 'USD/CNY'],
    ['CNY', 'JPY', 'JPY/CNY'],
    ['JPY', 'USD', 'USD/JPY'],
    ['USD', 'EUR', 'EUR/USD'],
    ['GBP', 'EUR', 'EUR/GBP'],
    ['KWD', 'USD', 'USD/KWD'],
    ['KWD', 'JPY', 'JPY/KWD'],
  ];
  for (const [one, other, expected] of cases) {
    for (const [left, right] of [
      [one, other],
      [other, one],
    ] as const) {
      const { base, quote } = pairOf(left, right, 'CNY');
      assert.equal(`${base}/${quote}`, expected);
    }
  }
});

test('rates are exact fractions', () => {
  assert.equal(rateText(times(ratio('0.1'), ratio('0.2'))), '0.02');
  assert.equal(rateText(inverse(ratio('3'))), '0.333333333333');
  assert.equal(rateText(times(inverse(ratio('3')), ratio('3'))), '1');
  assert.equal(rateText(ratio('2495016.1501')), '2495016.1501');
  for (const text of ['0', '0.00', '-1', '1e3', '', '1.', '.5', 'NaN', `1.${'0'.repeat(19)}`])
    assert.ok(!isRate(text), text);
});

test('a position at weighted average cost', () => {
  type Step = [quantity: bigint, value: bigint, expected: Position, realised: bigint];
  const histories: [what: string, Step[]][] = [
    [
      'grows',
      [
        [100n, 700n, { quantity: 100n, cost: 700n }, 0n],
        [100n, 720n, { quantity: 200n, cost: 1420n }, 0n],
      ],
    ],
    [
      'gives half at the average of 7.1, then all',
      [
        [100n, 700n, { quantity: 100n, cost: 700n }, 0n],
        [100n, 720n, { quantity: 200n, cost: 1420n }, 0n],
        [-100n, -750n, { quantity: 100n, cost: 710n }, 40n],
        [-100n, -600n, { quantity: 0n, cost: 0n }, -110n],
      ],
    ],
    [
      'short, and bought back dearer',
      [
        [-100n, -700n, { quantity: -100n, cost: -700n }, 0n],
        [40n, 300n, { quantity: -60n, cost: -420n }, -20n],
        [60n, 400n, { quantity: 0n, cost: 0n }, 20n],
      ],
    ],
    [
      'crosses zero: closes, and opens at the rest of the value',
      [
        [100n, 700n, { quantity: 100n, cost: 700n }, 0n],
        [-150n, -1200n, { quantity: -50n, cost: -400n }, 100n],
        [150n, 900n, { quantity: 100n, cost: 600n }, 100n],
      ],
    ],
    [
      'a share of the cost that does not divide is rounded half-even',
      [
        [3n, 10n, { quantity: 3n, cost: 10n }, 0n],
        [-1n, -4n, { quantity: 2n, cost: 7n }, 1n],
      ],
    ],
    [
      'what is worth nothing',
      [
        [1n, 0n, { quantity: 1n, cost: 0n }, 0n],
        [-1n, 0n, { quantity: 0n, cost: 0n }, 0n],
      ],
    ],
  ];
  for (const [what, steps] of histories) {
    let position: Position = { quantity: 0n, cost: 0n };
    for (const [quantity, value, expected, realised] of steps) {
      const moved = move(position, quantity, value);
      assert.deepEqual(moved, { position: expected, realised }, what);
      position = moved.position;
    }
  }
  assert.equal(averageCost({ quantity: 200n, cost: 1420n }, 'USD', 'CNY'), '7.1');
  assert.equal(averageCost({ quantity: 10000n, cost: 47600n }, 'JPY', 'CNY'), '0.0476');
  assert.equal(averageCost({ quantity: -1000n, cost: -2320n }, 'KWD', 'CNY'), '23.2');
  assert.equal(averageCost({ quantity: 0n, cost: 0n }, 'KWD', 'CNY'), null);
});

test('property: cost is what was paid less what was realised, and nothing held costs nothing', () => {
  const step = fc
    .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 10n ** 13n }))
    .filter(([quantity]) => quantity !== 0n)
    .map(([quantity, value]) => [quantity, quantity > 0n ? value : -value] as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let position: Position = { quantity: 0n, cost: 0n };
      let [held, paid, realised] = [0n, 0n, 0n];
      for (const [quantity, value] of steps) {
        const moved = move(position, quantity, value);
        held += quantity;
        paid += value;
        realised += moved.realised;
        position = moved.position;
        assert.equal(position.quantity, held);
        assert.equal(position.cost, paid + realised);
        if (held === 0n) assert.equal(position.cost, 0n);
        // The cost of a long position is not negative, that of a short one not positive.
        if (held > 0n) assert.ok(position.cost >= 0n);
        if (held < 0n) assert.ok(position.cost <= 0n);
      }
      const closed = move(
        position.quantity === 0n ? { quantity: 1n, cost: 0n } : position,
        position.quantity === 0n ? -1n : -position.quantity,
        0n,
      );
      assert.deepEqual(closed.position, { quantity: 0n, cost: 0n });
    }),
  );
});

test('property: a conversion is less than one minor unit of its currency away from the exact amount', () => {
  const codes = fc.constantFrom('JPY', 'CNY', 'KWD', 'USD');
  const rates = fc
    .bigInt({ min: 1n, max: 10n ** 12n })
    .map((digits) => ({ numerator: digits, denominator: 10n ** 6n }));
  const amounts = fc.bigInt({ min: 0n, max: 10n ** 17n });
  fc.assert(
    fc.property(
      amounts,
      codes,
      codes,
      rates,
      fc.constantFrom(...roundingRules),
      (amountMinor, from, to, rate, rule) => {
        const converted = convert(amountMinor, from, to, rate, rule);
        const exact = amountMinor * rate.numerator * 10n ** BigInt(currencyExponent(to));
        const scale = rate.denominator * 10n ** BigInt(currencyExponent(from));
        const off = exact - converted * scale;
        assert.ok(off < scale && off > -scale);
        if (rule === 'down') assert.ok(off >= 0n);
        if (rule === 'up') assert.ok(off <= 0n);
        // Text of the amount has exactly the decimals of its currency.
        assert.equal(formatAmount(converted, to).split('.')[1]?.length ?? 0, currencyExponent(to));
      },
    ),
  );
});

test('the currency of a country on a date', () => {
  const cases: [country: string, date: string, currency: string | undefined][] = [
    ['China', '1981-01-01', 'CNY'],
    ['Germany', '2001-12-01', 'DEM'],
    ['Euro', '1999-01-01', 'EUR'],
    ['Euro', '1998-12-01', undefined],
    ['Venezuela', '2018-08-31', 'VEF'],
    ['Venezuela', '2018-09-01', 'VES'],
    ['Venezuela', '2021-11-01', 'VED'],
    ['Atlantis', '2020-01-01', undefined],
    ['constructor', '2020-01-01', undefined],
  ];
  for (const [country, date, expected] of cases)
    assert.equal(currencyOn(country, date), expected, `${country} ${date}`);
});
