/** Exact fractions. Shares through chains and circles are solved in them, so that a threshold is met or not met. */

/** In lowest terms, `denominator` above zero. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const zero: Rational = { numerator: 0n, denominator: 1n };
export const one: Rational = { numerator: 1n, denominator: 1n };

export function rational(numerator: bigint, denominator = 1n): Rational {
  const sign = denominator < 0n ? -1n : 1n;
  const shared = sign * divisor(numerator < 0n ? -numerator : numerator, sign * denominator);
  return { numerator: numerator / shared, denominator: denominator / shared };
}

function divisor(left: bigint, right: bigint): bigint {
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

/** The share that a decimal text of percent stands for: '12.5' is 1/8. */
export function fromPercentage(text: string): Rational {
  const [whole = '0', decimals = ''] = text.split('.');
  return rational(BigInt(whole + decimals), 100n * 10n ** BigInt(decimals.length));
}

const PERCENTAGE_DECIMALS = 10n;

/** Percent as decimal text, rounded half-even to ten decimals, without trailing zeros. */
export function percentageOf({ numerator, denominator }: Rational): string {
  const scale = 10n ** PERCENTAGE_DECIMALS;
  const scaled = 100n * scale * numerator;
  const rest = 2n * (scaled % denominator);
  const floor = scaled / denominator;
  const rounded = rest > denominator || (rest === denominator && floor % 2n === 1n) ? floor + 1n : floor;
  const decimals = (rounded % scale).toString().padStart(Number(PERCENTAGE_DECIMALS), '0').replace(/0+$/, '');
  return decimals === '' ? `${rounded / scale}` : `${rounded / scale}.${decimals}`;
}

export function add(left: Rational, right: Rational): Rational {
  return rational(
    left.numerator * right.denominator + right.numerator * left.denominator,
    left.denominator * right.denominator,
  );
}

export function subtract(left: Rational, right: Rational): Rational {
  return add(left, { numerator: -right.numerator, denominator: right.denominator });
}

export function multiply(left: Rational, right: Rational): Rational {
  return rational(left.numerator * right.numerator, left.denominator * right.denominator);
}

/** `right` is not zero. */
export function divide(left: Rational, right: Rational): Rational {
  return rational(left.numerator * right.denominator, left.denominator * right.numerator);
}

/** Negative, zero or positive, as for `sort`. */
export function compare(left: Rational, right: Rational): number {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
