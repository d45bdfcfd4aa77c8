import { currencyExponent } from './currency.ts';

/** The largest amount, of either sign, in minor units: 2^63 - 1, what a PostgreSQL bigint holds. */
export const MAX_AMOUNT_MINOR = 2n ** 63n - 1n;

/** Why a text is not an amount; the first that applies, in this order. */
export type AmountErrorCode = 'amount_malformed' | 'amount_too_many_decimals' | 'amount_too_large';

export type AmountParse =
  | { readonly ok: true; readonly amountMinor: bigint }
  | { readonly ok: false; readonly code: AmountErrorCode };

const malformed: AmountParse = { ok: false, code: 'amount_malformed' };
const tooManyDecimals: AmountParse = { ok: false, code: 'amount_too_many_decimals' };
const tooLarge: AmountParse = { ok: false, code: 'amount_too_large' };

const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** Every whole number of 15 digits is exact as a JavaScript number; the largest amount has 19 digits. */
const exactDigits = 15;
const largestDigits = 19;
const powersOfTen = Array.from({ length: exactDigits + 1 }, (_, power) => 10 ** power);

/**
 * Reads an amount such as '-1234.50' into minor units of `currency`, exactly. The form is an optional '-', digits
 * without superfluous leading zeros, and optionally '.' with one or more digits; fewer decimals than the currency has
 * are filled up ('1' and '1.5' are CNY amounts), more are refused even if they are zeros. Zero and negative amounts
 * are read; whether they make sense is for the caller to say.
 *
 * It runs for every transfer: one pass, and no object but the result.
 *
 * @throws currency_unknown
 */
export function parseAmountMinor(text: string, currency: string): AmountParse {
  const exponent = currencyExponent(currency);
  const length = text.length;
  const negative = text.charCodeAt(0) === minus;
  const start = negative ? 1 : 0;
  let pointAt = length;
  // The digits read as one number: exact up to 15 of them, and not used beyond.
  let value = 0;
  for (let at = start; at < length; at += 1) {
    const character = text.charCodeAt(at);
    const digit = character - zero;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (character === point && pointAt === length) pointAt = at;
    else return malformed;
  }

  const wholeDigits = pointAt - start;
  if (wholeDigits === 0 || pointAt === length - 1) return malformed;
  if (wholeDigits > 1 && text.charCodeAt(start) === zero) return malformed;

  const decimals = pointAt === length ? 0 : length - pointAt - 1;
  if (decimals > exponent) return tooManyDecimals;

  const missingDecimals = exponent - decimals;
  const digits = wholeDigits + exponent;
  if (digits > largestDigits) return tooLarge;
  if (digits <= exactDigits) {
    const magnitude = value * (powersOfTen[missingDecimals] ?? 1);
    return { ok: true, amountMinor: BigInt(negative ? -magnitude : magnitude) };
  }
  const magnitude = BigInt(text.slice(start, pointAt) + text.slice(pointAt + 1) + '0'.repeat(missingDecimals));
  if (magnitude > MAX_AMOUNT_MINOR) return tooLarge;
  return { ok: true, amountMinor: negative ? -magnitude : magnitude };
}

/**
 * The decimal text of an amount in minor units, with exactly the decimals of the currency: '-12.30'. The only form
 * in which amounts leave the house.
 *
 * @throws currency_unknown
 */
export function formatAmount(amountMinor: bigint, currency: string): string {
  const exponent = currencyExponent(currency);
  if (exponent === 0) return amountMinor.toString();
  const negative = amountMinor < 0n;
  const digits = (negative ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  const pointAt = digits.length - exponent;
  return `${negative ? '-' : ''}${digits.slice(0, pointAt)}.${digits.slice(pointAt)}`;
}
