/**
 * FEEL numbers: IEEE 754-2008 decimal128 (34 significant digits, half-even), DMN 1.5 §10.3.2.3.1.
 *
 * A number has one canonical form: a JavaScript `number` when it is a safe integer, a `Decimal` otherwise. Integers, which
 * are most numbers in rules, are thus computed exactly by the processor; everything else goes through decimal.js.
 */
import { Decimal as DecimalJs } from 'decimal.js';

/** decimal.js with the precision, rounding and exponent range of decimal128. */
export const Decimal128 = DecimalJs.clone({
  precision: 34,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  minE: -6176,
  maxE: 6144,
  toExpNeg: -7000,
  toExpPos: 7000,
  defaults: true,
});
export type Decimal = InstanceType<typeof Decimal128>;

/** A FEEL number in canonical form. */
export type FeelNumber = number | Decimal;

const SAFE_DIGITS = 15;

/** The canonical form of a Decimal, or null when it is infinite or not a number. */
export function canonical(value: Decimal): FeelNumber | null {
  if (!value.isFinite()) return null;
  if (value.e <= SAFE_DIGITS && value.isInteger()) {
    const plain = value.toNumber();
    if (Number.isSafeInteger(plain)) return plain === 0 ? 0 : plain;
  }
  return value;
}

export function isNumber(value: unknown): value is FeelNumber {
  return typeof value === 'number' || value instanceof Decimal128;
}

export function toDecimal(value: FeelNumber): Decimal {
  return typeof value === 'number' ? new Decimal128(value) : value;
}

/** Reads `12`, `-1.5`, `.5`, `1.2e-3`; null when the text is not a number. Rounds to 34 digits. */
export function numberFromText(text: string): FeelNumber | null {
  if (!/^-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return null;
  return canonical(new Decimal128(text).toSignificantDigits(34));
}

/** A JavaScript number read by its shortest decimal text, so 0.1 becomes exactly one tenth. */
export function numberFromJavaScript(value: number): FeelNumber | null {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return Number.isFinite(value) ? canonical(new Decimal128(value)) : null;
}

/** Plain notation, never with an exponent. */
export function numberToText(value: FeelNumber): string {
  return typeof value === 'number' ? String(value) : value.toFixed();
}

/** The integer value as a JavaScript number, or null when fractional or beyond the safe range. */
export function asInteger(value: FeelNumber): number | null {
  return typeof value === 'number' ? value : null;
}

/** Truncates towards zero into the safe range; null when out of it. */
export function truncated(value: FeelNumber): number | null {
  if (typeof value === 'number') return value;
  const whole = canonical(value.trunc());
  return typeof whole === 'number' ? whole : null;
}

export function addNumbers(left: FeelNumber, right: FeelNumber): FeelNumber | null {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return canonical(toDecimal(left).plus(right));
}

export function subtractNumbers(left: FeelNumber, right: FeelNumber): FeelNumber | null {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return canonical(toDecimal(left).minus(right));
}

export function multiplyNumbers(left: FeelNumber, right: FeelNumber): FeelNumber | null {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  return canonical(toDecimal(left).times(right));
}

/** Null on division by zero. */
export function divideNumbers(left: FeelNumber, right: FeelNumber): FeelNumber | null {
  if (right === 0) return null;
  if (typeof left === 'number' && typeof right === 'number') {
    const quotient = left / right;
    // A safe integer quotient is exact only when nothing was rounded away; the remainder decides.
    if (Number.isSafeInteger(quotient) && left % right === 0) return quotient === 0 ? 0 : quotient;
  }
  return canonical(toDecimal(left).div(right));
}

/** Null when undefined (0 ** -1, (-8) ** 0.5) or out of range. */
export function powerNumbers(base: FeelNumber, exponent: FeelNumber): FeelNumber | null {
  if (base === 0 && toDecimal(exponent).isNegative() && exponent !== 0) return null;
  return canonical(Decimal128.pow(toDecimal(base), exponent));
}

export function negateNumber(value: FeelNumber): FeelNumber {
  if (typeof value === 'number') return value === 0 ? 0 : -value;
  return value.negated();
}

export function compareNumbers(left: FeelNumber, right: FeelNumber): number {
  if (typeof left === 'number') {
    return typeof right === 'number' ? left - right : -right.comparedTo(left);
  }
  return left.comparedTo(right);
}

export function equalNumbers(left: FeelNumber, right: FeelNumber): boolean {
  if (typeof left === 'number' || typeof right === 'number') return left === right;
  return left.equals(right);
}

const FloorModulo = Decimal128.clone({ modulo: DecimalJs.ROUND_FLOOR });

/** `a - b * floor(a / b)` (DMN 1.5 table 75, modulo): exact, with the sign of the divisor; null when b is 0. */
export function moduloNumbers(dividend: FeelNumber, divisor: FeelNumber): FeelNumber | null {
  if (divisor === 0) return null;
  const remainder = new FloorModulo(toDecimal(dividend)).mod(toDecimal(divisor));
  return canonical(new Decimal128(remainder));
}
