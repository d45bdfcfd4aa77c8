import { invariant } from '#kernel/errors';

/** How a quotient becomes whole minor units: ties to even, ties away from zero, toward zero, away from zero. */
export const roundingRules = ['half_even', 'half_up', 'down', 'up'] as const;
export type RoundingRule = (typeof roundingRules)[number];

/**
 * The quotient of two whole numbers, rounded to a whole number by a named rule; exact however long the numbers are. A
 * negative quotient is rounded as its positive would be, so that both sides of a deal round alike.
 */
export function divideRounded(numerator: bigint, denominator: bigint, rule: RoundingRule): bigint {
  invariant(denominator !== 0n, 'divisor_is_not_zero');
  if (denominator < 0n) return divideRounded(-numerator, -denominator, rule);
  if (numerator < 0n) return -divideRounded(-numerator, denominator, rule);
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n || rule === 'down') return quotient;
  if (rule === 'up') return quotient + 1n;
  const twice = 2n * remainder;
  if (twice !== denominator) return twice > denominator ? quotient + 1n : quotient;
  return rule === 'half_up' || quotient % 2n === 1n ? quotient + 1n : quotient;
}
