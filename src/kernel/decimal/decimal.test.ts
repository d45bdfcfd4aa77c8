import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal as DecimalJs } from 'decimal.js';
import fc from 'fast-check';
import { Decimal, decimal } from './index.ts';

const readable: [text: string, plain: string][] = [
  ['0', '0'],
  ['-0', '0'],
  ['-0.00', '0'],
  ['1', '1'],
  ['-1.50', '-1.5'],
  ['0.1', '0.1'],
  ['0.00000000000000000001', '0.00000000000000000001'],
  ['1234567890123456789012345678901234', '1234567890123456789012345678901234'],
  ['0.1234567890123456789012345678901234', '0.1234567890123456789012345678901234'],
  [`1${'0'.repeat(40)}`, `1${'0'.repeat(40)}`],
];

test('decimal reads plain decimals exactly and writes them plainly', () => {
  for (const [text, plain] of readable) {
    const value = decimal(text);
    assert.equal(value.toString(), plain, text);
    assert.equal(JSON.stringify(value), `"${plain}"`);
    assert.equal(value.isNegative(), plain.startsWith('-'));
  }
});

const unreadable = [
  '',
  ' 1',
  '1 ',
  '1\n',
  '+1',
  '--1',
  '-',
  '.',
  '.5',
  '1.',
  '1.2.3',
  '01',
  '00',
  '-00.1',
  '1e3',
  '1E-3',
  '1,000',
  '1_000',
  '0x10',
  'NaN',
  'Infinity',
  '１',
  '12345678901234567890123456789012345',
  '0.12345678901234567890123456789012345',
  `1${'0'.repeat(7000)}`,
  `0.${'0'.repeat(7000)}1`,
];

test('decimal refuses everything else', () => {
  for (const text of unreadable) {
    assert.throws(() => decimal(text), { code: 'decimal_malformed', status: 400 }, text.slice(0, 40));
  }
});

test('arithmetic is decimal, has 34 digits and rounds half to even', () => {
  assert.equal(decimal('0.1').plus(decimal('0.2')).toString(), '0.3');
  assert.equal(decimal('1').div(3).toString(), `0.${'3'.repeat(34)}`);
  for (const [text, rounded] of [
    ['0.5', '0'],
    ['1.5', '2'],
    ['2.5', '2'],
    ['-2.5', '-2'],
    ['2.51', '3'],
  ] as const) {
    assert.equal(decimal(text).toDecimalPlaces(0).toString(), rounded, text);
  }
});

test('settings made elsewhere do not reach the house, nor ours them', () => {
  assert.equal(DecimalJs.precision, 20);
  assert.equal(Decimal.precision, 34);
});

test('what decimal writes it reads again', () => {
  const values = fc.tuple(
    fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }),
    fc.integer({ min: 0, max: 60 }),
  );
  fc.assert(
    fc.property(values, ([coefficient, scale]) => {
      const value = new Decimal(coefficient.toString()).times(new Decimal(10).pow(-scale));
      assert.ok(decimal(value.toString()).equals(value));
    }),
  );
});
