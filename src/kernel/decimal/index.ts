/**
 * Fixed decimals for rates and quantities (never for money, which is bigint minor units): 34 significant digits,
 * half-even, in the exponent range of IEEE 754-2008 decimal128.
 */
import { Decimal as DecimalJs } from 'decimal.js';
import { defineErrors } from '#kernel/errors';

const precision = 34;

/**
 * The house's own clone of decimal.js, so that nobody's settings can change ours. Its text is always plain
 * ('0.0000001', never '1e-7'), because PostgreSQL, JSON readers and people have to read it back.
 */
export const Decimal = DecimalJs.clone({
  defaults: true,
  precision,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  minE: -6176,
  maxE: 6144,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Decimal = InstanceType<typeof Decimal>;

const decimalError = defineErrors({ decimal_malformed: { status: 400, title: 'Decimal malformed' } });

const plainForm = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/**
 * Reads a decimal exactly: an optional '-', digits without superfluous leading zeros, an optional '.' with digits.
 * No sign '+', exponent, space or separator, no 'NaN' or 'Infinity', at most 34 significant digits; '-0' reads as 0.
 *
 * @throws decimal_malformed
 */
export function decimal(text: string): Decimal {
  if (!plainForm.test(text)) throw malformed(text, 'it is not of the form -123.45');
  const value = new Decimal(text);
  if (value.isZero()) {
    // A number too small for the exponent range reads as zero, and would be lost silently.
    if (/[1-9]/.test(text)) throw malformed(text, 'it is nearer to zero than a decimal can be');
    return new Decimal(0);
  }
  if (!value.isFinite()) throw malformed(text, 'it is larger than a decimal can be');
  if (value.precision() > precision) throw malformed(text, `it has more than ${precision} significant digits`);
  return value;
}

function malformed(text: string, reason: string) {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return decimalError('decimal_malformed', `'${shown}' is not a decimal: ${reason}`);
}
