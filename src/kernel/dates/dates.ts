import { Temporal } from 'temporal-polyfill';
import { invariant } from '#kernel/errors';
import { dateError, shown } from './errors.ts';

/**
 * A date of the Gregorian calendar as text 'YYYY-MM-DD', years 0001 to 9999. Made by {@link parseDate} or
 * {@link isValidDate} only; the brand exists for the compiler alone.
 */
export type IsoDate = string & { readonly brand: 'IsoDate' };

const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether `text` is a date that exists, in the form 'YYYY-MM-DD', years 0001 to 9999. */
export function isValidDate(text: string): text is IsoDate {
  // Written out because it runs for every transfer; building a Temporal object costs far more.
  if (!form.test(text)) return false;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  const leapDay = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  return year >= 1 && day >= 1 && day <= (daysOfMonth[month - 1] ?? 0) + leapDay;
}

/**
 * Reads a date 'YYYY-MM-DD'.
 *
 * @throws date_invalid if it has another form, does not exist, or its year is not 0001 to 9999
 */
export function parseDate(text: string): IsoDate {
  if (!isValidDate(text)) {
    throw dateError('date_invalid', `${shown(text)} is not a date of the form YYYY-MM-DD, years 0001 to 9999`);
  }
  return text;
}

/**
 * The date `days` whole days later; earlier if negative.
 *
 * @throws date_invalid if the result leaves the years 0001 to 9999
 */
export function addDays(date: IsoDate, days: number): IsoDate {
  return shifted(date, { days });
}

/**
 * The same day of the month `months` later (earlier if negative), or the last day of that month if it is shorter:
 * 2024-01-31 plus one month is 2024-02-29.
 *
 * @throws date_invalid if the result leaves the years 0001 to 9999
 */
export function addMonths(date: IsoDate, months: number): IsoDate {
  return shifted(date, { months });
}

function shifted(date: IsoDate, by: { days: number } | { months: number }): IsoDate {
  for (const amount of Object.values(by)) invariant(Number.isSafeInteger(amount), 'date_shift_is_whole');
  let result: string | undefined;
  try {
    result = Temporal.PlainDate.from(date).add(by).toString();
  } catch (error) {
    // Temporal leaves its own range far outside ours; the caller gets one error for both.
    if (!(error instanceof RangeError)) throw error;
  }
  if (result === undefined || !isValidDate(result)) {
    throw dateError('date_invalid', `${date} moved by ${JSON.stringify(by)} leaves the years 0001 to 9999`);
  }
  return result;
}

/** Whole days from `from` to `to`; negative if `to` is earlier. `addDays(from, daysBetween(from, to))` is `to`. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: 'day' }).days;
}

/** Order of two dates, for `sort`: negative, zero or positive. */
export function compareDates(left: IsoDate, right: IsoDate): -1 | 0 | 1 {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * The calendar date at `instant` in `timeZone` (an IANA name such as 'Asia/Shanghai').
 *
 * @throws date_invalid if the year is not 0001 to 9999
 */
export function isoDateOf(instant: Temporal.Instant, timeZone: string): IsoDate {
  return parseDate(instant.toZonedDateTimeISO(timeZone).toPlainDate().toString());
}

/** Every date from `from` to `to`, both included, ascending; nothing if `to` is earlier. */
export function* dateRange(from: IsoDate, to: IsoDate): Generator<IsoDate, void, undefined> {
  for (let date = from; date <= to; date = addDays(date, 1)) {
    yield date;
    // The day after 9999-12-31 has no name, so the last date must not be left.
    if (date === to) return;
  }
}
