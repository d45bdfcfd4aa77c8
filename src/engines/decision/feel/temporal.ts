/**
 * FEEL dates, times, date-times and durations (DMN 1.5 §10.3.2.3.4 to 10.3.2.3.8): immutable values, exact to the
 * nanosecond, for all years FEEL allows. Offsets of named zones come from `zones.ts`.
 */
import { civilFromEpochDay, daysInMonth, epochDay, isValidDate } from './calendar.ts';
import {
  addNumbers,
  type Decimal,
  Decimal128,
  divideNumbers,
  type FeelNumber,
  multiplyNumbers,
  negateNumber,
  toDecimal,
} from './numbers.ts';
import { type Zone, zoneOffsetSeconds, zoneText } from './zones.ts';

export const DAY_SECONDS = 86_400;
const NANOS = 1_000_000_000;

export class FeelDate {
  readonly kind = 'date';
  readonly year: number;
  readonly month: number;
  readonly day: number;

  constructor(year: number, month: number, day: number) {
    this.year = year;
    this.month = month;
    this.day = day;
  }

  epochDay(): number {
    return epochDay(this.year, this.month, this.day);
  }
}

/** Time of day; `zone` null means a local time. */
export class FeelTime {
  readonly kind = 'time';
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly zone: Zone | null;

  constructor(hour: number, minute: number, second: number, nanosecond: number, zone: Zone | null) {
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.nanosecond = nanosecond;
    this.zone = zone;
  }

  secondOfDay(): number {
    return this.hour * 3600 + this.minute * 60 + this.second;
  }
}

export class FeelDateTime {
  readonly kind = 'date and time';
  readonly date: FeelDate;
  readonly time: FeelTime;

  constructor(date: FeelDate, time: FeelTime) {
    this.date = date;
    this.time = time;
  }
}

/** Length in seconds, possibly fractional and negative. */
export class DaysDuration {
  readonly kind = 'days and time duration';
  readonly seconds: FeelNumber;

  constructor(seconds: FeelNumber) {
    this.seconds = seconds;
  }
}

/** Length in whole months, possibly negative. */
export class MonthsDuration {
  readonly kind = 'years and months duration';
  readonly months: number;

  constructor(months: number) {
    this.months = months;
  }
}

/** Null unless year, month and day name a day of the calendar. */
export function makeDate(year: number, month: number, day: number): FeelDate | null {
  return isValidDate(year, month, day) ? new FeelDate(year, month, day) : null;
}

export function dateOfEpochDay(days: number): FeelDate | null {
  const { year, month, day } = civilFromEpochDay(days);
  return makeDate(year, month, day);
}

/** Null unless within 00:00:00 and 23:59:59.999999999. */
export function makeTime(
  hour: number,
  minute: number,
  second: number,
  nanosecond: number,
  zone: Zone | null,
): FeelTime | null {
  const valid =
    Number.isInteger(hour) &&
    hour >= 0 &&
    hour <= 23 &&
    Number.isInteger(minute) &&
    minute >= 0 &&
    minute <= 59 &&
    Number.isInteger(second) &&
    second >= 0 &&
    second <= 59;
  return valid ? new FeelTime(hour, minute, second, nanosecond, zone) : null;
}

export const MIDNIGHT = new FeelTime(0, 0, 0, 0, null);

/** Offset from UTC in seconds; null for local times. A named zone needs the date; a lone time uses 1970-01-01. */
export function offsetOf(value: FeelTime | FeelDateTime): number | null {
  if (value instanceof FeelDateTime) return zoneOffsetSeconds(value.time.zone, value.date, value.time);
  return zoneOffsetSeconds(value.zone, new FeelDate(1970, 1, 1), value);
}

/** A point on the time line (or on the local one): whole days, seconds within the day, nanoseconds. */
interface Point {
  readonly day: number;
  readonly second: number;
  readonly nanosecond: number;
}

function normalized(day: number, second: number, nanosecond: number): Point {
  const shift = Math.floor(second / DAY_SECONDS);
  return { day: day + shift, second: second - shift * DAY_SECONDS, nanosecond };
}

function pointOf(value: FeelDate | FeelTime | FeelDateTime, offset_seconds: number): Point {
  if (value instanceof FeelDate) return { day: value.epochDay(), second: 0, nanosecond: 0 };
  if (value instanceof FeelTime) return normalized(0, value.secondOfDay() - offset_seconds, value.nanosecond);
  return normalized(value.date.epochDay(), value.time.secondOfDay() - offset_seconds, value.time.nanosecond);
}

/** Points of two values of one kind, or null when one has a zone and the other has none. */
function pointsOf<T extends FeelDate | FeelTime | FeelDateTime>(left: T, right: T): [Point, Point] | null {
  if (left instanceof FeelDate || right instanceof FeelDate) return [pointOf(left, 0), pointOf(right, 0)];
  const leftOffset = offsetOf(left);
  const rightOffset = offsetOf(right);
  if ((leftOffset === null) !== (rightOffset === null)) return null;
  return [pointOf(left, leftOffset ?? 0), pointOf(right, rightOffset ?? 0)];
}

/** Order on the time line at the precision of milliseconds; null when the two cannot be compared. */
export function comparePoints<T extends FeelDate | FeelTime | FeelDateTime>(left: T, right: T): number | null {
  const points = pointsOf(left, right);
  if (points === null) return null;
  const [a, b] = points;
  return a.day - b.day || a.second - b.second || Math.floor(a.nanosecond / 1e6) - Math.floor(b.nanosecond / 1e6);
}

/** `left - right`, or null when one has a zone and the other has none. */
export function subtractPoints<T extends FeelDate | FeelTime | FeelDateTime>(left: T, right: T): DaysDuration | null {
  const points = pointsOf(left, right);
  if (points === null) return null;
  const [a, b] = points;
  const whole = addNumbers(multiplyNumbers(a.day - b.day, DAY_SECONDS) ?? 0, a.second - b.second);
  const nanos = a.nanosecond - b.nanosecond;
  const seconds = nanos === 0 || whole === null ? whole : addNumbers(whole, new Decimal128(nanos).div(NANOS));
  return seconds === null ? null : new DaysDuration(seconds);
}

/** Splits seconds into whole seconds (floored) and nanoseconds; null when far out of range. */
function splitSeconds(seconds: FeelNumber): { whole: number; nanosecond: number } | null {
  if (typeof seconds === 'number') return { whole: seconds, nanosecond: 0 };
  const floor = seconds.floor();
  const whole = floor.toNumber();
  if (!Number.isSafeInteger(whole)) return null;
  return { whole, nanosecond: seconds.minus(floor).times(NANOS).trunc().toNumber() };
}

function timeOfSecond(second: number, nanosecond: number, zone: Zone | null): FeelTime {
  return new FeelTime(Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60, nanosecond, zone);
}

/** Wraps around midnight; keeps the zone. */
export function addToTime(time: FeelTime, duration: DaysDuration): FeelTime | null {
  const split = splitSeconds(duration.seconds);
  if (split === null) return null;
  const nanos = time.nanosecond + split.nanosecond;
  const point = normalized(0, time.secondOfDay() + (split.whole % DAY_SECONDS) + Math.floor(nanos / NANOS), 0);
  return timeOfSecond(point.second, nanos % NANOS, time.zone);
}

/** Adds exact time on the time line for zoned values and on the clock for local ones; keeps the zone. */
export function addToDateTime(value: FeelDateTime, duration: DaysDuration): FeelDateTime | null {
  const split = splitSeconds(duration.seconds);
  if (split === null) return null;
  const nanos = value.time.nanosecond + split.nanosecond;
  const days = Math.floor(split.whole / DAY_SECONDS);
  const second = value.time.secondOfDay() + (split.whole - days * DAY_SECONDS) + Math.floor(nanos / NANOS);
  const local = localDateTime(value.date.epochDay() + days, second, nanos % NANOS, value.time.zone);
  if (local === null || value.time.zone === null || value.time.zone.name === null) return local;
  const before = offsetOf(value) ?? 0;
  const after = offsetOf(local) ?? 0;
  return before === after
    ? local
    : localDateTime(local.date.epochDay(), local.time.secondOfDay() + after - before, nanos % NANOS, value.time.zone);
}

function localDateTime(day: number, second: number, nanosecond: number, zone: Zone | null): FeelDateTime | null {
  const point = normalized(day, second, nanosecond);
  const date = dateOfEpochDay(point.day);
  return date === null ? null : new FeelDateTime(date, timeOfSecond(point.second, nanosecond, zone));
}

/** Whole days are added (floored), so the result stays a date. */
export function addToDate(date: FeelDate, duration: DaysDuration): FeelDate | null {
  const split = splitSeconds(duration.seconds);
  return split === null ? null : dateOfEpochDay(date.epochDay() + Math.floor(split.whole / DAY_SECONDS));
}

/** The day is cut to the last of the resulting month: 31 January + 1 month = 28 or 29 February. */
export function addMonths(date: FeelDate, months: number): FeelDate | null {
  const total = date.year * 12 + (date.month - 1) + months;
  const year = Math.floor(total / 12);
  const month = total - year * 12 + 1;
  return makeDate(year, month, Math.min(date.day, daysInMonth(year, month)));
}

export function negateDuration(duration: DaysDuration | MonthsDuration): DaysDuration | MonthsDuration {
  return duration instanceof DaysDuration
    ? new DaysDuration(negateNumber(duration.seconds))
    : new MonthsDuration(duration.months === 0 ? 0 : -duration.months);
}

/** Months are truncated towards zero. */
export function scaleMonths(months: Decimal): MonthsDuration | null {
  const whole = months.trunc().toNumber();
  return Number.isSafeInteger(whole) ? new MonthsDuration(whole === 0 ? 0 : whole) : null;
}

export function scaleDays(duration: DaysDuration, factor: FeelNumber, divide: boolean): DaysDuration | null {
  const seconds = divide ? divideNumbers(duration.seconds, factor) : multiplyNumbers(duration.seconds, factor);
  return seconds === null ? null : new DaysDuration(seconds);
}

/** Whole months between two dates, truncated towards zero (DMN 1.5 table 72, years and months duration). */
export function monthsBetween(from: FeelDate, to: FeelDate): MonthsDuration {
  const months = (to.year - from.year) * 12 + (to.month - from.month);
  if (months > 0 && to.day < from.day) return new MonthsDuration(months - 1);
  if (months < 0 && to.day > from.day) return new MonthsDuration(months + 1);
  return new MonthsDuration(months);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

export function dateText(date: FeelDate): string {
  const year = pad(Math.abs(date.year), 4);
  return `${date.year < 0 ? '-' : ''}${year}-${pad(date.month, 2)}-${pad(date.day, 2)}`;
}

export function timeText(time: FeelTime): string {
  const fraction = time.nanosecond === 0 ? '' : `.${pad(time.nanosecond, 9).replace(/0+$/, '')}`;
  return `${pad(time.hour, 2)}:${pad(time.minute, 2)}:${pad(time.second, 2)}${fraction}${zoneText(time.zone)}`;
}

export function dateTimeText(value: FeelDateTime): string {
  return `${dateText(value.date)}T${timeText(value.time)}`;
}

/** Days, hours, minutes and seconds of a duration, all with the sign of the duration. */
export function durationParts(duration: DaysDuration): {
  days: Decimal;
  hours: number;
  minutes: number;
  seconds: Decimal;
} {
  const total = toDecimal(duration.seconds);
  const days = total.div(DAY_SECONDS).trunc();
  const rest = total.minus(days.times(DAY_SECONDS));
  const hours = rest.div(3600).trunc().toNumber();
  const minutes = rest
    .minus(hours * 3600)
    .div(60)
    .trunc()
    .toNumber();
  return { days, hours, minutes, seconds: rest.minus(hours * 3600 + minutes * 60) };
}

export function daysDurationText(duration: DaysDuration): string {
  if (duration.seconds === 0) return 'PT0S';
  const negative = toDecimal(duration.seconds).isNegative();
  const { days, hours, minutes, seconds } = durationParts(
    negative ? new DaysDuration(negateNumber(duration.seconds)) : duration,
  );
  let time = hours === 0 ? '' : `${hours}H`;
  if (minutes !== 0) time += `${minutes}M`;
  if (!seconds.isZero()) time += `${seconds.toFixed()}S`;
  return `${negative ? '-' : ''}P${days.isZero() ? '' : `${days.toFixed()}D`}${time === '' ? '' : `T${time}`}`;
}

export function monthsDurationText(duration: MonthsDuration): string {
  if (duration.months === 0) return 'P0M';
  const length = Math.abs(duration.months);
  const years = Math.floor(length / 12);
  const months = length % 12;
  const sign = duration.months < 0 ? '-' : '';
  return `${sign}P${years === 0 ? '' : `${years}Y`}${months === 0 ? '' : `${months}M`}`;
}
