/** Parsers of single fields. Each takes the text between the delimiters and gives a value or throws {@link DamagedField}. */
import { type IsoDate, isValidDate } from '#kernel/dates';
import { parseAmountMinor, parseCurrency } from '#kernel/money';

/** A field that cannot be read; the table reader adds file, line and column. */
export class DamagedField extends Error {}

export const BERKA_CURRENCY = parseCurrency('CZK');

/** A positive identifier as the bank writes it: digits, no leading zero. */
export function identifier(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw damaged(text, 'an identifier');
  return Number(text);
}

/** An amount in koruna with at most two decimals, zero or more, in minor units (haléř). */
export function amount(text: string): bigint {
  if (!/^[0-9]+(\.[0-9]{1,2})?$/.test(text)) throw damaged(text, 'an amount');
  return minor(text);
}

/** A balance in koruna with at most two decimals, of either sign, in minor units. */
export function balance(text: string): bigint {
  if (!/^-?[0-9]+(\.[0-9]{1,2})?$/.test(text)) throw damaged(text, 'a balance');
  return minor(text);
}

function minor(text: string): bigint {
  const parsed = parseAmountMinor(text, BERKA_CURRENCY);
  if (!parsed.ok) throw new DamagedField(`"${shortened(text)}" is refused as an amount (${parsed.code})`);
  return parsed.amountMinor;
}

/** A whole number, zero or more. */
export function count(text: string): number {
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text)) throw damaged(text, 'a whole number');
  return Number(text);
}

/** A statistic of a district: decimal text, or null where the bank wrote `?` for missing. */
export function statistic(text: string): string | null {
  if (text === '?') return null;
  if (!/^[0-9]{1,12}(\.[0-9]{1,6})?$/.test(text)) throw damaged(text, 'a number or ?');
  return text;
}

export function name(text: string): string {
  if (text.trim() === '' || text.length > 100 || /\p{Cc}/u.test(text)) throw damaged(text, 'a name');
  return text;
}

/** YYMMDD of the twentieth century. */
export function date(text: string): IsoDate {
  if (!/^[0-9]{6}$/.test(text)) throw damaged(text, 'a date YYMMDD');
  return calendarDate(text.slice(0, 2), text.slice(2, 4), text.slice(4), `"${text}"`);
}

/** `YYMMDD 00:00:00`, as cards carry it. */
export function dateAtMidnight(text: string): IsoDate {
  if (!text.endsWith(' 00:00:00')) throw damaged(text, 'a date YYMMDD 00:00:00');
  return date(text.slice(0, -' 00:00:00'.length));
}

export interface Birth {
  readonly date: IsoDate;
  readonly sex: 'female' | 'male';
}

/** A Czech birth number without its serial: YYMMDD, with 50 added to the month of women. */
export function birthNumber(text: string): Birth {
  // The number is personal data: it is not repeated in the message.
  if (!/^[0-9]{6}$/.test(text)) throw new DamagedField('is not a birth number YYMMDD');
  const month = Number(text.slice(2, 4));
  const sex = month > 50 ? 'female' : 'male';
  const monthText = String(sex === 'female' ? month - 50 : month).padStart(2, '0');
  return { date: calendarDate(text.slice(0, 2), monthText, text.slice(4), 'the birth number'), sex };
}

function calendarDate(year: string, month: string, day: string, shown: string): IsoDate {
  const written = `19${year}-${month}-${day}`;
  if (!isValidDate(written)) throw new DamagedField(`${shown} is not a day of the calendar`);
  return written;
}

/** Two capital letters, or null where no other bank is named. */
export function bankCode(text: string): string | null {
  if (text === '') return null;
  if (!/^[A-Z]{2}$/.test(text)) throw damaged(text, 'a bank code of two capital letters');
  return text;
}

/** The account number at the other bank, or null where none is named (empty or 0). */
export function accountNumber(text: string): string | null {
  if (text === '' || text === '0') return null;
  if (!/^[0-9]{1,16}$/.test(text)) throw damaged(text, 'an account number');
  return text;
}

/** One of the bank's codes, translated by `terms`. */
export function oneOf<Terms extends Readonly<Record<string, string | null>>>(terms: Terms) {
  return (text: string): Terms[keyof Terms] => {
    if (!Object.hasOwn(terms, text)) throw damaged(text, `one of ${Object.keys(terms).filter(Boolean).join(', ')}`);
    return terms[text as keyof Terms];
  };
}

function damaged(text: string, expected: string): DamagedField {
  return new DamagedField(`"${shortened(text)}" is not ${expected}`);
}

function shortened(text: string): string {
  const printable = text.replaceAll(/\p{Cc}/gu, '�');
  return printable.length > 40 ? `${printable.slice(0, 40)}…` : printable;
}
