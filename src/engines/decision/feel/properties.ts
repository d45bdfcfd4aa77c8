/** What follows a dot: entries of contexts and the properties of dates, durations and ranges (DMN 1.5 table 65). */
import { weekday } from './calendar.ts';
import { canonical } from './numbers.ts';
import { DaysDuration, durationParts, FeelDate, FeelDateTime, FeelTime, MonthsDuration, offsetOf } from './temporal.ts';
import { FeelRange, isContext, isList, type Value } from './values.ts';

/** Names of the properties that are not context entries; some have several words. */
export const PROPERTY_NAMES = [
  'year',
  'month',
  'day',
  'weekday',
  'hour',
  'minute',
  'second',
  'time offset',
  'timezone',
  'years',
  'months',
  'days',
  'hours',
  'minutes',
  'seconds',
  'start',
  'end',
  'start included',
  'end included',
] as const;

function dateProperty(date: FeelDate, name: string): Value | undefined {
  switch (name) {
    case 'year':
      return date.year;
    case 'month':
      return date.month;
    case 'day':
      return date.day;
    case 'weekday':
      return weekday(date.epochDay());
    default:
      return undefined;
  }
}

function timeProperty(time: FeelTime, whole: FeelTime | FeelDateTime, name: string): Value | undefined {
  switch (name) {
    case 'hour':
      return time.hour;
    case 'minute':
      return time.minute;
    case 'second':
      return time.second;
    case 'time offset': {
      const offset = offsetOf(whole);
      return offset === null ? null : new DaysDuration(offset);
    }
    case 'timezone':
      return time.zone?.name ?? null;
    default:
      return undefined;
  }
}

function durationProperty(duration: DaysDuration | MonthsDuration, name: string): Value | undefined {
  if (duration instanceof MonthsDuration) {
    if (name === 'years') return Math.trunc(duration.months / 12) + 0;
    return name === 'months' ? (duration.months % 12) + 0 : undefined;
  }
  const parts = durationParts(duration);
  switch (name) {
    case 'days':
      return canonical(parts.days);
    case 'hours':
      return parts.hours + 0;
    case 'minutes':
      return parts.minutes + 0;
    case 'seconds':
      return canonical(parts.seconds);
    default:
      return undefined;
  }
}

function rangeProperty(range: FeelRange, name: string): Value | undefined {
  switch (name) {
    case 'start':
      return range.start;
    case 'end':
      return range.end;
    case 'start included':
      return range.startIncluded;
    case 'end included':
      return range.endIncluded;
    default:
      return undefined;
  }
}

/** The property of one value; undefined when it has none of that name. Of a list: the property of each element. */
export function propertyOf(value: Value, name: string): Value | undefined {
  if (isContext(value)) return value.get(name);
  if (isList(value)) return value.map((item) => propertyOf(item, name) ?? null);
  if (value instanceof FeelDate) return dateProperty(value, name);
  if (value instanceof FeelDateTime) {
    return dateProperty(value.date, name) ?? timeProperty(value.time, value, name);
  }
  if (value instanceof FeelTime) return timeProperty(value, value, name);
  if (value instanceof DaysDuration || value instanceof MonthsDuration) return durationProperty(value, name);
  return value instanceof FeelRange ? rangeProperty(value, name) : undefined;
}
