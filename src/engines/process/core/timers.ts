/**
 * When timers are due: ISO 8601 dates, durations and repeating intervals (`R3/PT10H`, `R/2026-01-05T09:00:00Z/P1D`).
 * Days, months and years are counted in the business time zone; with a calendar, days are business days and a date
 * that is none moves to the following one. The next firing follows from the last due instant, never from the clock, so
 * that a cycle neither drifts nor skips after downtime.
 */
import { type FeelValue, literalText } from '#engines/decision';
import { type CalendarName, calendar, calendarNames } from '#kernel/calendar';
import { parseDate, Temporal } from '#kernel/dates';
import { processError } from '../errors.ts';
import type { Moment } from './moment.ts';
import type { Repeat } from './state.ts';

export interface Due {
  readonly due_ms: number;
  readonly repeat: Repeat | null;
}

/** The first due instant of a timer value. Error: `process_timer_invalid`. */
export function firstDue(
  timer: 'date' | 'duration' | 'cycle',
  value: FeelValue,
  calendarName: string | null,
  moment: Moment,
): Due {
  const text = value === null ? '' : typeof value === 'string' ? value.trim() : literalText(value);
  try {
    if (timer === 'date') return { due_ms: dateDue(text, calendarName, moment), repeat: null };
    if (timer === 'duration') {
      return { due_ms: after(moment.now_ms, text, calendarName, moment.timeZone), repeat: null };
    }
    return cycleDue(text, calendarName, moment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw processError('process_timer_invalid', `'${text}' is not a ${timer} for a timer: ${reason}`, { value: text });
  }
}

/** The firing after the one at `due_ms`; null when there is none. */
export function nextDue(due_ms: number, repeat: Repeat, timeZone: string): Due | null {
  if (repeat.left === 0) return null;
  const next_ms = after(due_ms, repeat.period, repeat.calendar, timeZone);
  if (repeat.until_ms !== null && next_ms > repeat.until_ms) return null;
  return { due_ms: next_ms, repeat: { ...repeat, left: repeat.left === null ? null : repeat.left - 1 } };
}

function cycleDue(text: string, calendarName: string | null, moment: Moment): Due {
  const parts = text.split('/');
  const [count, first, second] = parts;
  const times = /^R(\d{0,9})$/.exec(count ?? '')?.[1];
  if (times === undefined || first === undefined || parts.length > 3) throw new RangeError('not R[n]/…/…');
  const total = times === '' ? null : Number(times);
  if (total === 0) throw new RangeError('a cycle of no firing');
  const left = total === null ? null : total - 1;
  const startsWithPeriod = first.startsWith('P');
  const period = startsWithPeriod ? first : (second ?? '');
  const until_ms = startsWithPeriod && second !== undefined ? dateDue(second, null, moment) : null;
  const repeat = { left, period, until_ms, calendar: calendarName };
  const following_ms = after(moment.now_ms, period, calendarName, moment.timeZone);
  if (following_ms <= moment.now_ms) throw new RangeError('a period must be longer than nothing');
  return { due_ms: startsWithPeriod ? following_ms : dateDue(first, calendarName, moment), repeat };
}

function dateDue(text: string, calendarName: string | null, moment: Moment): number {
  const zoned = zonedOf(text, moment.timeZone);
  if (calendarName === null) return zoned.epochMilliseconds;
  const date = parseDate(zoned.toPlainDate().toString());
  return onDate(zoned, calendar(nameOf(calendarName)).adjust(date, 'following')).epochMilliseconds;
}

/** FEEL writes a zone behind `@`; ISO 8601 texts without offset are in the business time zone. */
function zonedOf(text: string, timeZone: string): Temporal.ZonedDateTime {
  const [stamp = '', zone = timeZone] = text.split('@');
  if (/(Z|[+-]\d\d:?\d\d)$/.test(stamp) && stamp.includes('T')) {
    return Temporal.Instant.from(stamp).toZonedDateTimeISO(timeZone);
  }
  return Temporal.PlainDateTime.from(stamp).toZonedDateTime(zone).withTimeZone(timeZone);
}

function after(from_ms: number, text: string, calendarName: string | null, timeZone: string): number {
  const duration = Temporal.Duration.from(text);
  if (duration.sign < 0) throw new RangeError('a negative duration');
  const from = Temporal.Instant.fromEpochMilliseconds(from_ms).toZonedDateTimeISO(timeZone);
  if (calendarName === null) return from.add(duration).epochMilliseconds;
  const { years, months, weeks, days } = duration;
  const months_later = from.add({ years, months, weeks });
  const date = parseDate(months_later.toPlainDate().toString());
  const moved = onDate(months_later, calendar(nameOf(calendarName)).add(date, days));
  return moved.add(duration.with({ years: 0, months: 0, weeks: 0, days: 0 })).epochMilliseconds;
}

function onDate(zoned: Temporal.ZonedDateTime, date: string): Temporal.ZonedDateTime {
  return Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zoned.timeZoneId, plainTime: zoned.toPlainTime() });
}

function nameOf(text: string): CalendarName {
  const name = calendarNames.find((known) => known === text);
  if (name === undefined) throw new RangeError(`no calendar ${text}`);
  return name;
}
