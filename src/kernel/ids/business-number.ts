import { invariant } from '#kernel/errors';

const prefixForm = /^[A-Z]{1,8}$/;
const numberForm = /^[A-Z]{1,8}[0-9]{12,20}$/;

/** Fixed width keeps numbers of one kind equally long and in order as text. */
const serialWidth = 10;
const serialLimit = 10n ** 18n;

/**
 * A number people can read out and type: `prefix` (1 to 8 capital letters), `serial` (below 10^18) with at least ten
 * digits, and two check digits by ISO 7064 MOD 97-10, the scheme of IBAN and LEI: letters count as 10 to 35 and the
 * whole leaves 1 when divided by 97. Any single wrong character and any swap of two neighbours is detected.
 *
 * @example businessNumber('LN', 42n) // 'LN000000004237'
 */
export function businessNumber(prefix: string, serial: bigint): string {
  invariant(prefixForm.test(prefix), 'business_number_prefix_is_capital_letters');
  invariant(serial >= 0n && serial < serialLimit, 'business_number_serial_in_range');
  const body = prefix + serial.toString().padStart(serialWidth, '0');
  const checkDigits = 98 - remainderOf97(`${body}00`);
  return body + checkDigits.toString().padStart(2, '0');
}

/** Whether `text` has the form of a business number and its check digits are right. */
export function isBusinessNumber(text: string): boolean {
  if (!numberForm.test(text)) return false;
  const checkDigits = text.slice(-2);
  // 00, 01 and 99 are congruent to 97, 98 and 02, and only those are ever given out.
  if (checkDigits < '02' || checkDigits > '98') return false;
  return remainderOf97(text) === 1;
}

function remainderOf97(text: string): number {
  let remainder = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder;
}
