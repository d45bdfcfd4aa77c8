import { activeCurrencies, historicCurrencies } from './currencies.ts';
import { moneyError } from './errors.ts';

/**
 * An ISO 4217 code this house can keep amounts in. Made by {@link parseCurrency} or {@link isCurrency} only; the
 * brand exists for the compiler alone.
 */
export type Currency = string & { readonly brand: 'Currency' };

const exponents = new Map<string, number>();
for (const { exponent, codes } of [...activeCurrencies, ...historicCurrencies]) {
  for (const code of codes.trim().split(/\s+/)) exponents.set(code, exponent);
}

/** Whether `code` is a current or known historic ISO 4217 code with minor units; capital letters only. */
export function isCurrency(code: string): code is Currency {
  return exponents.has(code);
}

/**
 * Reads a currency code.
 *
 * @throws currency_unknown
 */
export function parseCurrency(code: string): Currency {
  if (!isCurrency(code)) throw unknown(code);
  return code;
}

/**
 * Number of decimals of a currency by ISO 4217: 2 for CNY, 0 for JPY, 3 for KWD.
 *
 * @throws currency_unknown
 */
export function currencyExponent(code: string): number {
  const exponent = exponents.get(code);
  if (exponent === undefined) throw unknown(code);
  return exponent;
}

function unknown(code: string) {
  return moneyError('currency_unknown', `'${code.slice(0, 20)}' is not an ISO 4217 currency with minor units`);
}
