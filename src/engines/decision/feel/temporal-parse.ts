/** Strict readers of the ISO 8601 / XML Schema texts FEEL accepts; all return null when the text is not exactly one. */

import { canonical, Decimal128 } from './numbers.ts';
import {
  DaysDuration,
  dateOfEpochDay,
  type FeelDate,
  FeelDateTime,
  FeelTime,
  MIDNIGHT,
  MonthsDuration,
  makeDate,
  makeTime,
} from './temporal.ts';
import { zoneFromText } from './zones.ts';

export function dateFromText(text: string): FeelDate | null {
  const match = /^(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)$/.exec(text);
  if (match === null || match[1] === '-0000') return null;
  return makeDate(Number(match[1]), Number(match[2]), Number(match[3]));
}

export function timeFromText(text: string): FeelTime | null {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(.*)$/.exec(text);
  if (match === null) return null;
  const [, hour, minute, second, fraction = '', rest = ''] = match;
  const zone = zoneFromText(rest);
  if (zone === undefined) return null;
  const nanosecond = Number(fraction.slice(0, 9).padEnd(9, '0'));
  // XML Schema allows 24:00:00 as the name of midnight at the end of a day.
  if (hour === '24') {
    return Number(minute) + Number(second) + nanosecond === 0 ? new FeelTime(0, 0, 0, 0, zone) : null;
  }
  return makeTime(Number(hour), Number(minute), Number(second), nanosecond, zone);
}

/** A date alone is read as its midnight (DMN 1.5 table 72, date and time(from)). */
export function dateTimeFromText(text: string): FeelDateTime | null {
  const split = text.indexOf('T');
  if (split < 0) {
    const date = dateFromText(text);
    return date === null ? null : new FeelDateTime(date, MIDNIGHT);
  }
  const date = dateFromText(text.slice(0, split));
  const rest = text.slice(split + 1);
  const time = timeFromText(rest);
  if (date === null || time === null) return null;
  const day = rest.startsWith('24') ? dateOfEpochDay(date.epochDay() + 1) : date;
  return day === null ? null : new FeelDateTime(day, time);
}

/** One of the two FEEL durations; a text with both months and days is neither. */
export function durationFromText(text: string): DaysDuration | MonthsDuration | null {
  const months = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?$/.exec(text);
  if (months !== null && (months[2] !== undefined || months[3] !== undefined)) {
    const total = Number(months[2] ?? 0) * 12 + Number(months[3] ?? 0);
    if (!Number.isSafeInteger(total)) return null;
    return new MonthsDuration(months[1] === '-' && total !== 0 ? -total : total);
  }
  const days = /^(-?)P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (days === null || days.slice(2).every((part) => part === undefined)) return null;
  const [, sign, day = '0', hour = '0', minute = '0', second = '0'] = days;
  const total = new Decimal128(day)
    .times(86_400)
    .plus(new Decimal128(hour).times(3600))
    .plus(new Decimal128(minute).times(60))
    .plus(second);
  const seconds = canonical(sign === '-' ? total.negated() : total);
  return seconds === null ? null : new DaysDuration(seconds);
}

/** The value of an `@"…"` literal, or null when the text is none of the five kinds. */
export function temporalFromText(
  text: string,
): FeelDate | FeelTime | FeelDateTime | DaysDuration | MonthsDuration | null {
  if (/^-?P/.test(text)) return durationFromText(text);
  const date = dateFromText(text);
  if (date !== null) return date;
  return text.indexOf('T') > 0 ? dateTimeFromText(text) : timeFromText(text);
}
