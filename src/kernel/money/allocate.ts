import { moneyError } from './errors.ts';

/**
 * Who gets the minor units that do not divide: one each to the largest remainders (Hamilton's method; equal ones in
 * the order given), or all to the first or last share of positive weight.
 */
export type AllocationRule = 'largest_remainder' | 'first' | 'last';

/**
 * Divides an amount in minor units in proportion to `weights`; the parts, in the order of the weights, always sum to
 * the amount. A share of weight zero gets nothing; a negative amount is divided as its positive would be.
 *
 * @throws allocation_weights_invalid if a weight is negative or none is positive
 */
export function allocate(
  totalMinor: bigint,
  weights: readonly bigint[],
  rule: AllocationRule = 'largest_remainder',
): bigint[] {
  if (totalMinor < 0n) return allocate(-totalMinor, weights, rule).map((part) => -part);

  const weightSum = weights.reduce((sum, weight) => sum + weight, 0n);
  if (weightSum <= 0n || weights.some((weight) => weight < 0n)) {
    throw moneyError('allocation_weights_invalid', 'Weights must not be negative, and one must be positive');
  }

  const parts = weights.map((weight) => (totalMinor * weight) / weightSum);
  const residual = parts.reduce((rest, part) => rest - part, totalMinor);
  switch (rule) {
    case 'first':
      increase(
        parts,
        weights.findIndex((weight) => weight > 0n),
        residual,
      );
      break;
    case 'last':
      increase(
        parts,
        weights.findLastIndex((weight) => weight > 0n),
        residual,
      );
      break;
    case 'largest_remainder': {
      // The remainders sum to residual × weightSum and each is below weightSum, so at least `residual` of them are
      // positive and no share of weight zero is reached. The sort is stable, which keeps ties in order.
      const ranked = weights
        .map((weight, index) => ({ index, remainder: (totalMinor * weight) % weightSum }))
        .sort((left, right) => (left.remainder === right.remainder ? 0 : left.remainder > right.remainder ? -1 : 1));
      for (const { index } of ranked.slice(0, Number(residual))) increase(parts, index, 1n);
    }
  }
  return parts;
}

function increase(parts: bigint[], index: number, byMinor: bigint): void {
  parts[index] = (parts[index] ?? 0n) + byMinor;
}
