import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { activeCurrencies, historicCurrencies } from './currencies.ts';
import {
  type AllocationRule,
  type AmountErrorCode,
  addMoney,
  allocate,
  compareMoney,
  currencyExponent,
  formatAmount,
  isCurrency,
  MAX_AMOUNT_MINOR,
  negateMoney,
  parseAmountMinor,
  parseCurrency,
  subtractMoney,
} from './index.ts';

const codesOf = (table: typeof activeCurrencies) => table.flatMap(({ codes }) => codes.trim().split(/\s+/));

test('the currency table is ISO 4217 List One of 2026 with minor units, and a few historic codes', () => {
  const active = codesOf(activeCurrencies);
  const all = [...active, ...codesOf(historicCurrencies)];
  assert.equal(active.length, 165);
  assert.equal(new Set(all).size, all.length);
  for (const code of all) assert.match(code, /^[A-Z]{3}$/);
});

test('currencyExponent', () => {
  for (const [code, exponent] of [
    ['CNY', 2],
    ['USD', 2],
    ['CZK', 2],
    ['CSK', 2],
    ['BGN', 2],
    ['XCG', 2],
    ['ZWG', 2],
    ['XAD', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['UYI', 0],
    ['XAF', 0],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
    ['UYW', 4],
  ] as const) {
    assert.ok(isCurrency(code));
    assert.equal(currencyExponent(code), exponent, code);
    assert.equal(parseCurrency(code), code);
  }
  for (const code of ['', 'cny', 'CN', 'CNYX', ' CNY', 'RMB', 'XAU', 'XXX', 'XTS', 'constructor', '__proto__']) {
    assert.ok(!isCurrency(code), code);
    assert.throws(() => currencyExponent(code), { code: 'currency_unknown', status: 400 }, code);
    assert.throws(() => parseCurrency(code), { code: 'currency_unknown' }, code);
  }
});

const amounts: [text: string, currency: string, expected: bigint | AmountErrorCode][] = [
  ['0', 'CNY', 0n],
  ['-0', 'CNY', 0n],
  ['-0.00', 'CNY', 0n],
  ['0.01', 'CNY', 1n],
  ['-0.01', 'CNY', -1n],
  ['1', 'CNY', 100n],
  ['1.5', 'CNY', 150n],
  ['12.34', 'CNY', 1234n],
  ['-12.30', 'CNY', -1230n],
  ['1000000', 'CNY', 100000000n],
  ['12', 'JPY', 12n],
  ['12.345', 'KWD', 12345n],
  ['12.3', 'CLF', 123000n],
  // Either side of the fifteen digits that are read as one JavaScript number.
  ['9999999999999.99', 'CNY', 999999999999999n],
  ['99999999999999.99', 'CNY', 9999999999999999n],
  ['90071992547409.93', 'CNY', 9007199254740993n],
  ['99999999999', 'CLF', 999999999990000n],
  ['999999999999.1', 'CLF', 9999999999991000n],
  ['92233720368547758.07', 'CNY', MAX_AMOUNT_MINOR],
  ['-92233720368547758.07', 'CNY', -MAX_AMOUNT_MINOR],
  ['9223372036854775807', 'JPY', MAX_AMOUNT_MINOR],
  ['922337203685477.5807', 'UYW', MAX_AMOUNT_MINOR],
  ['92233720368547758.08', 'CNY', 'amount_too_large'],
  ['-92233720368547758.08', 'CNY', 'amount_too_large'],
  ['9223372036854775808', 'JPY', 'amount_too_large'],
  ['100000000000000000', 'CNY', 'amount_too_large'],
  ['9'.repeat(100_000), 'CNY', 'amount_too_large'],
  ['1.230', 'CNY', 'amount_too_many_decimals'],
  ['1.000', 'CNY', 'amount_too_many_decimals'],
  ['0.001', 'CNY', 'amount_too_many_decimals'],
  ['1.0', 'JPY', 'amount_too_many_decimals'],
  ['1.2345', 'KWD', 'amount_too_many_decimals'],
  ['1.23456', 'CLF', 'amount_too_many_decimals'],
  [`${'9'.repeat(30)}.999`, 'CNY', 'amount_too_many_decimals'],
  ...[
    [
      '',
      ' ',
      '-',
      '.',
      '-.',
      '1.',
      '-1.',
      '.5',
      '-.5',
      '1..2',
      '1.2.3',
      '1.2.345',
      '--1',
      '1-',
      '+1',
      ' 1',
      '1 ',
      '1\n',
    ],
    ['1e3', '1E3', '0x1f', '1n', '1,000', '1_000', '1，00', '￥1', '１', '١', 'NaN', 'Infinity', 'null', '1\u0000'],
    ['00', '01', '-01', '00.10', '000', '0000000000000000000000000.1', '99999999999999999999999x'],
  ]
    .flat()
    .map((text): [string, string, AmountErrorCode] => [text, 'CNY', 'amount_malformed']),
  ['1.', 'JPY', 'amount_malformed'],
];

test('parseAmountMinor', () => {
  for (const [text, code, expected] of amounts) {
    const wanted = typeof expected === 'bigint' ? { ok: true, amountMinor: expected } : { ok: false, code: expected };
    assert.deepEqual(
      parseAmountMinor(text, parseCurrency(code)),
      wanted,
      `${JSON.stringify(text.slice(0, 40))} ${code}`,
    );
  }
});

const anyCurrency = fc.constantFrom('JPY', 'CNY', 'KWD', 'CLF').map(parseCurrency);
const anyAmountMinor = fc.oneof(
  fc.bigInt({ min: -MAX_AMOUNT_MINOR, max: MAX_AMOUNT_MINOR }),
  fc.bigInt({ min: -100_000n, max: 100_000n }),
);

test('what formatAmount writes, parseAmountMinor reads', () => {
  fc.assert(
    fc.property(anyAmountMinor, anyCurrency, (amountMinor, currency) => {
      const text = formatAmount(amountMinor, currency);
      assert.match(text, /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/);
      assert.equal(text.split('.')[1]?.length ?? 0, currencyExponent(currency));
      assert.deepEqual(parseAmountMinor(text, currency), { ok: true, amountMinor });
    }),
    { numRuns: 1000 },
  );
});

test('parseAmountMinor agrees with a slow reading by regular expression, for any text', () => {
  const slow = (text: string, exponent: number) => {
    const match = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text);
    if (!match) return 'amount_malformed';
    const [, sign = '', whole = '', decimals = ''] = match;
    if (decimals.length > exponent) return 'amount_too_many_decimals';
    const magnitude = BigInt(whole + decimals.padEnd(exponent, '0'));
    if (magnitude > MAX_AMOUNT_MINOR) return 'amount_too_large';
    return sign === '-' ? -magnitude : magnitude;
  };
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789.-'), maxLength: 24 }),
    fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{1,5})?$/),
  );
  fc.assert(
    fc.property(text, anyCurrency, (amount, currency) => {
      const parse = parseAmountMinor(amount, currency);
      assert.equal(parse.ok ? parse.amountMinor : parse.code, slow(amount, currencyExponent(currency)));
    }),
    { numRuns: 2000 },
  );
});

const formats: [amountMinor: bigint, currency: string, text: string][] = [
  [0n, 'CNY', '0.00'],
  [-1n, 'CNY', '-0.01'],
  [-1230n, 'CNY', '-12.30'],
  [100n, 'CNY', '1.00'],
  [5n, 'KWD', '0.005'],
  [-5n, 'JPY', '-5'],
  [0n, 'JPY', '0'],
  // A balance may be the sum of many amounts, so writing has no upper bound.
  [2n ** 64n, 'CNY', '184467440737095516.16'],
];

test('formatAmount', () => {
  for (const [amountMinor, code, text] of formats) assert.equal(formatAmount(amountMinor, parseCurrency(code)), text);
});

const allocations: [total: bigint, weights: bigint[], rule: AllocationRule, parts: bigint[]][] = [
  [100n, [1n, 1n, 1n], 'largest_remainder', [34n, 33n, 33n]],
  [101n, [1n, 1n, 1n], 'largest_remainder', [34n, 34n, 33n]],
  [100n, [1n, 1n, 1n], 'first', [34n, 33n, 33n]],
  [101n, [1n, 1n, 1n], 'first', [35n, 33n, 33n]],
  [101n, [1n, 1n, 1n], 'last', [33n, 33n, 35n]],
  [-101n, [1n, 1n, 1n], 'last', [-33n, -33n, -35n]],
  [-100n, [1n, 1n, 1n], 'largest_remainder', [-34n, -33n, -33n]],
  [10n, [1n, 2n, 4n], 'largest_remainder', [1n, 3n, 6n]],
  [1n, [3n, 7n], 'largest_remainder', [0n, 1n]],
  [5n, [0n, 3n, 4n, 0n], 'first', [0n, 3n, 2n, 0n]],
  [5n, [0n, 3n, 4n, 0n], 'last', [0n, 2n, 3n, 0n]],
  [5n, [0n, 3n, 4n, 0n], 'largest_remainder', [0n, 2n, 3n, 0n]],
  [0n, [1n, 2n], 'largest_remainder', [0n, 0n]],
  [7n, [5n], 'largest_remainder', [7n]],
];

test('allocate', () => {
  for (const [total, weights, rule, parts] of allocations) {
    assert.deepEqual(allocate(total, weights, rule), parts, `${total} by ${weights} ${rule}`);
  }
  assert.deepEqual(allocate(101n, [1n, 1n, 1n]), [34n, 34n, 33n]);
});

test('allocate refuses weights that divide nothing', () => {
  for (const weights of [[], [0n], [0n, 0n], [2n, -1n], [-1n]]) {
    assert.throws(() => allocate(1n, weights, 'first'), { code: 'allocation_weights_invalid' }, `${weights}`);
  }
});

test('parts always sum to the whole, keep its sign, and give weight zero nothing', () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 12 })
    .filter((list) => list.some((weight) => weight > 0n));
  const rules = fc.constantFrom<AllocationRule>('largest_remainder', 'first', 'last');
  fc.assert(
    fc.property(anyAmountMinor, weights, rules, (total, list, rule) => {
      const parts = allocate(total, list, rule);
      const weightSum = list.reduce((sum, weight) => sum + weight, 0n);
      assert.equal(parts.length, list.length);
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0n),
        total,
      );
      for (const [index, part] of parts.entries()) {
        const weight = list[index] ?? 0n;
        assert.ok(total >= 0n ? part >= 0n : part <= 0n);
        if (weight === 0n) assert.equal(part, 0n);
        // By largest remainder no part is a whole minor unit or more away from its exact share.
        const distance = part * weightSum - total * weight;
        if (rule === 'largest_remainder') assert.ok(distance < weightSum && -distance < weightSum);
      }
      const negated = allocate(-total, list, rule);
      assert.deepEqual(
        negated,
        parts.map((part) => -part),
      );
    }),
    { numRuns: 1000 },
  );
});

test('money of one currency adds up, money of two is refused', () => {
  const [cny, usd] = [parseCurrency('CNY'), parseCurrency('USD')];
  const five = { amountMinor: 5n, currency: cny };
  const seven = { amountMinor: 7n, currency: cny };
  const dollars = { amountMinor: 5n, currency: usd };
  assert.deepEqual(addMoney(five, seven), { amountMinor: 12n, currency: cny });
  assert.deepEqual(subtractMoney(five, seven), { amountMinor: -2n, currency: cny });
  assert.deepEqual(negateMoney(five), { amountMinor: -5n, currency: cny });
  assert.deepEqual([compareMoney(five, seven), compareMoney(seven, five), compareMoney(five, { ...five })], [-1, 1, 0]);
  for (const operation of [addMoney, subtractMoney, compareMoney]) {
    assert.throws(() => operation(five, dollars), { code: 'currency_mismatch_money' });
  }
});
