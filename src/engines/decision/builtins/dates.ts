/** Date and time functions (DMN 1.5 tables 72, 77, 80 and 81). */
import { Temporal } from 'temporal-polyfill';
import { dayOfYear, weekday, weekOfYear } from '../feel/calendar.ts';
import { asInteger, type FeelNumber, toDecimal } from '../feel/numbers.ts';
import { isEqual } from '../feel/operators.ts';
import type { Run } from '../feel/run.ts';
import { DaysDuration, FeelDate, FeelDateTime, FeelTime, makeDate, makeTime, monthsBetween } from '../feel/temporal.ts';
import { dateFromText, dateTimeFromText, durationFromText, timeFromText } from '../feel/temporal-parse.ts';
import { kindOf, type Value } from '../feel/values.ts';
import { namedZone, offsetZone, UTC, type Zone } from '../feel/zones.ts';
import { type BuiltIn, defineGroup, numberArg } from './define.ts';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function invalid(run: Run, name: string, text: string): null {
  return run.report('argument_invalid', `${name}: not one: ${text}`);
}

/** A whole number; NaN otherwise, which no date or time accepts. */
function whole(value: Value | undefined): number {
  return asInteger(numberArg(value)) ?? Number.NaN;
}

function zoneOf(value: Value | undefined): Zone | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return namedZone(value) ?? undefined;
  const seconds = value instanceof DaysDuration ? asInteger(value.seconds) : null;
  return seconds === null ? undefined : (offsetZone(seconds) ?? undefined);
}

/** Time of day from parts; seconds may have a fraction. */
function timeOfParts(hour: number, minute: number, seconds: FeelNumber, zone: Zone | null): FeelTime | null {
  const exact = toDecimal(seconds);
  const second = exact.floor();
  return makeTime(hour, minute, second.toNumber(), exact.minus(second).times(1e9).trunc().toNumber(), zone);
}

function asDate(value: Value | undefined): FeelDate | null {
  if (value instanceof FeelDate) return value;
  return value instanceof FeelDateTime ? value.date : null;
}

function toDate(from: Value, run: Run): Value {
  if (typeof from === 'string') return dateFromText(from) ?? invalid(run, 'date', from);
  return asDate(from);
}

function toTime(from: Value, run: Run): Value {
  if (typeof from === 'string') return timeFromText(from) ?? invalid(run, 'time', from);
  if (from instanceof FeelDateTime) return from.time;
  return from instanceof FeelDate ? new FeelTime(0, 0, 0, 0, UTC) : from;
}

function toDateTime(from: Value, run: Run): Value {
  if (typeof from === 'string') return dateTimeFromText(from) ?? invalid(run, 'date and time', from);
  return from instanceof FeelDate ? new FeelDateTime(from, new FeelTime(0, 0, 0, 0, UTC)) : from;
}

/** The current instant as the evaluation sees it. */
function now(run: Run): FeelDateTime {
  const { epochMilliseconds, zone } = run.moment();
  const clock = Temporal.Instant.fromEpochMilliseconds(epochMilliseconds).toZonedDateTimeISO(zone);
  const date = new FeelDate(clock.year, clock.month, clock.day);
  return new FeelDateTime(
    date,
    new FeelTime(
      clock.hour,
      clock.minute,
      clock.second,
      clock.millisecond * 1e6,
      zone === 'UTC' ? UTC : namedZone(zone),
    ),
  );
}

function sameZone(left: FeelTime, right: FeelTime): boolean {
  return left.zone?.name === right.zone?.name && left.zone?.offset_seconds === right.zone?.offset_seconds;
}

/** Same kind and same value, time zones included (DMN 1.5 §10.3.2.3.12). */
function isSame(left: Value, right: Value): boolean {
  if (kindOf(left) !== kindOf(right)) return false;
  if (left instanceof FeelTime && right instanceof FeelTime && !sameZone(left, right)) return false;
  if (left instanceof FeelDateTime && right instanceof FeelDateTime && !sameZone(left.time, right.time)) return false;
  return isEqual(left, right);
}

const POINT = ['date: date', 'date: date and time'];

function datePart(
  name: string,
  en: string,
  zh: string,
  result: string,
  example: string,
  read: (date: FeelDate) => Value,
) {
  const parameters = POINT;
  const examples: readonly (readonly [string, string])[] = [[`${name}(date(2019, 9, 17))`, example]];
  return {
    name,
    parameters,
    result,
    en,
    zh,
    examples,
    call: ([value]: readonly (Value | undefined)[], run: Run): Value => {
      const date = asDate(value);
      return date === null ? run.report('argument_invalid', `${name}: not a date`) : read(date);
    },
  };
}

export const DATE_FUNCTIONS: BuiltIn[] = [
  ...defineGroup('conversion', [
    {
      name: 'date',
      parameters: ['from: string', 'from: date', 'from: date and time', 'year: number, month: number, day: number'],
      result: 'date',
      en: 'A date from ISO 8601 text, from a date and time, or from its parts.',
      zh: '由 ISO 8601 文本、日期时间或年月日构造日期。',
      examples: [
        ['date("2012-12-25")', '2012-12-25'],
        ['date(2012, 12, 25)', '2012-12-25'],
        ['date("2012-02-30")', 'null'],
      ],
      call: ([year = null, month, day], run) => {
        if (month === undefined) return toDate(year, run);
        return makeDate(whole(year), whole(month), whole(day)) ?? invalid(run, 'date', 'parts');
      },
    },
    {
      name: 'time',
      parameters: [
        'from: string',
        'from: date and time',
        'from: time',
        'from: date',
        'hour: number, minute: number, second: number, offset?: days and time duration',
      ],
      result: 'time',
      acceptsNull: true,
      en: 'A time from ISO 8601 text, from a date and time, or from its parts.',
      zh: '由 ISO 8601 文本、日期时间或时分秒构造时间。',
      examples: [
        ['time("23:59:00Z")', '23:59:00Z'],
        ['time(23, 59, 0, duration("PT5H"))', '23:59:00+05:00'],
      ],
      call: ([hour = null, minute, second, offset], run) => {
        if (hour === null || minute === null || second === null) return run.report('argument_null', 'time: null');
        if (minute === undefined || second === undefined) return toTime(hour, run);
        const zone = zoneOf(offset);
        if (zone === undefined) return invalid(run, 'time', 'offset');
        return timeOfParts(whole(hour), whole(minute), numberArg(second), zone) ?? invalid(run, 'time', 'parts');
      },
    },
    {
      name: 'date and time',
      parameters: [
        'from: string',
        'from: date and time',
        'from: date',
        'date: date, time: time',
        'date: date and time, time: time',
        'year: number, month: number, day: number, hour: number, minute: number, second: number, offset?: days and time duration',
        'year: number, month: number, day: number, hour: number, minute: number, second: number, timezone: string',
      ],
      result: 'date and time',
      acceptsNull: true,
      en: 'A date and time from ISO 8601 text, from a date and a time, or from its parts.',
      zh: '由 ISO 8601 文本、日期与时间或各部分构造日期时间。',
      examples: [
        ['date and time("2012-12-24T23:59:00")', '2012-12-24T23:59:00'],
        ['date and time(date("2012-12-24"), time("23:59:00+08:00"))', '2012-12-24T23:59:00+08:00'],
        ['date and time(2012, 12, 24, 23, 59, 0, "Asia/Shanghai")', '2012-12-24T23:59:00@Asia/Shanghai'],
      ],
      call: ([first = null, second, day, hour, minute, seconds, zone], run) => {
        if (first === null || second === null) return run.report('argument_null', 'date and time: null');
        if (second === undefined) return toDateTime(first, run);
        if (second instanceof FeelTime) {
          const date = asDate(first);
          return date === null ? invalid(run, 'date and time', 'parts') : new FeelDateTime(date, second);
        }
        if (day === null || hour === null || minute === null || seconds === null) {
          return run.report('argument_null', 'date and time: null');
        }
        const where = zoneOf(zone);
        const date = makeDate(whole(first), whole(second), whole(day));
        const time = where === undefined ? null : timeOfParts(whole(hour), whole(minute), numberArg(seconds), where);
        return date === null || time === null ? invalid(run, 'date and time', 'parts') : new FeelDateTime(date, time);
      },
    },
    {
      name: 'duration',
      parameters: ['from: string', 'from: days and time duration', 'from: years and months duration'],
      result: 'Any',
      en: 'A duration of days and time, or of years and months, from ISO 8601 text.',
      zh: '由 ISO 8601 文本构造时长（日时或年月）。',
      examples: [
        ['duration("P2DT20H14M")', 'P2DT20H14M'],
        ['duration("P2Y2M")', 'P2Y2M'],
      ],
      call: ([from = null], run) =>
        typeof from === 'string' ? (durationFromText(from) ?? invalid(run, 'duration', from)) : from,
    },
    {
      name: 'years and months duration',
      parameters: [
        'from: date, to: date',
        'from: date and time, to: date and time',
        'from: date, to: date and time',
        'from: date and time, to: date',
      ],
      result: 'years and months duration',
      en: 'The whole months from one date to another.',
      zh: '两日期之间的整月数。',
      examples: [['years and months duration(date("2011-12-22"), date("2013-08-24"))', 'P1Y8M']],
      call: ([from, to]) => {
        const first = asDate(from);
        const last = asDate(to);
        return first === null || last === null ? null : monthsBetween(first, last);
      },
    },
  ]),
  ...defineGroup('date', [
    {
      name: 'is',
      parameters: 'value1?: Any, value2?: Any',
      result: 'boolean',
      acceptsNull: true,
      en: 'Whether two values are the same in kind, value and time zone.',
      zh: '两值的类型、值与时区是否完全相同。',
      examples: [
        ['is(date("2012-12-25"), time("23:00:50"))', 'false'],
        ['is(time("23:00:50Z"), time("23:00:50+00:00"))', 'true'],
        ['is(time("23:00:50Z"), time("23:00:50"))', 'false'],
      ],
      call: ([left, right], run) =>
        left === undefined && right === undefined
          ? run.report('arguments_invalid', 'is: two values are wanted')
          : isSame(left ?? null, right ?? null),
    },
    datePart('day of year', 'The number of the day in its year.', '年内第几天。', 'number', '260', (date) =>
      dayOfYear(date.year, date.month, date.day),
    ),
    datePart(
      'day of week',
      'The English name of the week day.',
      '星期几（英文名）。',
      'string',
      'Tuesday',
      (date) => DAYS[weekday(date.epochDay()) - 1] ?? null,
    ),
    datePart(
      'month of year',
      'The English name of the month.',
      '月份（英文名）。',
      'string',
      'September',
      (date) => MONTHS[date.month - 1] ?? null,
    ),
    datePart('week of year', 'The number of the ISO 8601 week.', 'ISO 8601 周序号。', 'number', '38', (date) =>
      weekOfYear(date.year, date.month, date.day),
    ),
  ]),
  ...defineGroup('clock', [
    {
      name: 'now',
      parameters: '',
      result: 'date and time',
      en: 'The current date and time, as given by the clock of the evaluation.',
      zh: '当前日期时间（由求值时的时钟给出）。',
      examples: [['now() instance of date and time', 'true']],
      call: (_args, run) => now(run),
    },
    {
      name: 'today',
      parameters: '',
      result: 'date',
      en: 'The current date, as given by the clock of the evaluation.',
      zh: '当前日期（由求值时的时钟给出）。',
      examples: [['today() = date(now())', 'true']],
      call: (_args, run) => now(run).date,
    },
  ]),
];
