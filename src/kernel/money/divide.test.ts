import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divideRounded, type RoundingRule, roundingRules } from './index.ts';

const cases: [numerator: bigint, denominator: bigint, Record<RoundingRule, bigint>][] = [
  [10n, 5n, { half_even: 2n, half_up: 2n, down: 2n, up: 2n }],
  [5n, 2n, { half_even: 2n, half_up: 3n, down: 2n, up: 3n }],
  [7n, 2n, { half_even: 4n, half_up: 4n, down: 3n, up: 4n }],
  [7n, 3n, { half_even: 2n, half_up: 2n, down: 2n, up: 3n }],
  [8n, 3n, { half_even: 3n, half_up: 3n, down: 2n, up: 3n }],
  [-5n, 2n, { half_even: -2n, half_up: -3n, down: -2n, up: -3n }],
  [5n, -2n, { half_even: -2n, half_up: -3n, down: -2n, up: -3n }],
  [0n, 7n, { half_even: 0n, half_up: 0n, down: 0n, up: 0n }],
];

test('a quotient is rounded by the rule that is named', () => {
  for (const [numerator, denominator, expected] of cases) {
    for (const rule of roundingRules) {
      assert.equal(divideRounded(numerator, denominator, rule), expected[rule], `${numerator}/${denominator} ${rule}`);
    }
  }
});

test('it is less than one away from the exact quotient, half a unit for the half rules, and symmetric', () => {
  const whole = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const divisor = fc.bigInt({ min: 1n, max: 10n ** 20n });
  fc.assert(
    fc.property(whole, divisor, fc.constantFrom(...roundingRules), (numerator, denominator, rule) => {
      const off = numerator - divideRounded(numerator, denominator, rule) * denominator;
      const distance = off < 0n ? -off : off;
      assert.ok(rule.startsWith('half') ? 2n * distance <= denominator : distance < denominator);
      assert.equal(divideRounded(-numerator, denominator, rule), -divideRounded(numerator, denominator, rule));
    }),
  );
});
