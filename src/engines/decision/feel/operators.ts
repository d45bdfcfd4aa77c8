/** Comparison and arithmetic of FEEL values (DMN 1.5 tables 50 to 57). Whatever the tables do not define is null. */
import {
  addNumbers,
  compareNumbers,
  divideNumbers,
  equalNumbers,
  type FeelNumber,
  isNumber,
  multiplyNumbers,
  negateNumber,
  powerNumbers,
  subtractNumbers,
  toDecimal,
} from './numbers.ts';
import { DEFAULT_LIMITS } from './run.ts';
import {
  addMonths,
  addToDate,
  addToDateTime,
  addToTime,
  comparePoints,
  DaysDuration,
  FeelDate,
  FeelDateTime,
  FeelTime,
  MonthsDuration,
  negateDuration,
  scaleDays,
  scaleMonths,
  subtractPoints,
} from './temporal.ts';
import { type Context, FeelFunction, FeelRange, isContext, isList, kindOf, type List, type Value } from './values.ts';
import { assertWeight, weightOf } from './weight.ts';
import { UTC } from './zones.ts';

/** Order of strings by Unicode code point, which differs from UTF-16 order beyond the basic plane. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aHigh = a >= 0xd800 && a <= 0xdfff;
    const bHigh = b >= 0xd800 && b <= 0xdfff;
    return aHigh === bHigh ? a - b : aHigh ? 1 : -1;
  }
  return left.length - right.length;
}

/** Negative, zero or positive; null when the two have no order. */
export function compare(left: Value, right: Value): number | null {
  if (isNumber(left)) return isNumber(right) ? compareNumbers(left, right) : null;
  if (typeof left === 'string') return typeof right === 'string' ? compareStrings(left, right) : null;
  if (left instanceof FeelDate) return right instanceof FeelDate ? comparePoints(left, right) : null;
  if (left instanceof FeelDateTime) return right instanceof FeelDateTime ? comparePoints(left, right) : null;
  if (left instanceof FeelTime) return right instanceof FeelTime ? comparePoints(left, right) : null;
  if (left instanceof DaysDuration) {
    return right instanceof DaysDuration ? compareNumbers(left.seconds, right.seconds) : null;
  }
  if (left instanceof MonthsDuration) return right instanceof MonthsDuration ? left.months - right.months : null;
  return null;
}

function isZeroDuration(value: Value): boolean {
  return (
    (value instanceof DaysDuration && value.seconds === 0) || (value instanceof MonthsDuration && value.months === 0)
  );
}

/** FEEL `=`: null when the kinds differ and neither side is null. */
export function equal(left: Value, right: Value): boolean | null {
  if (left === right) return true;
  if (left === null || right === null) return false;
  if (isNumber(left)) return isNumber(right) ? equalNumbers(left, right) : null;
  switch (typeof left) {
    case 'string':
      return typeof right === 'string' ? false : null;
    case 'boolean':
      return typeof right === 'boolean' ? false : null;
  }
  if (isList(left)) return isList(right) ? equalLists(left, right) : null;
  if (isContext(left)) return isContext(right) ? equalContexts(left, right) : null;
  if (left instanceof FeelRange) return right instanceof FeelRange ? equalRanges(left, right) : null;
  if (left instanceof FeelFunction) return right instanceof FeelFunction ? false : null;
  if (isZeroDuration(left) && isZeroDuration(right)) return true;
  const order = compare(left, right);
  return order === null ? null : order === 0;
}

/** Equality as a plain condition: what is not comparable is different. */
export function isEqual(left: Value, right: Value): boolean {
  return equal(left, right) === true;
}

/** What is too large to be compared element by element; both have to be, as the smaller ends the comparison. */
function assertComparable(left: Value, right: Value): void {
  if (weightOf(left) > DEFAULT_LIMITS.size) assertWeight(right, DEFAULT_LIMITS.size);
}

function equalLists(left: List, right: List): boolean {
  if (left.length === right.length) assertComparable(left, right);
  return left.length === right.length && left.every((item, index) => isEqual(item, right[index] ?? null));
}

function equalContexts(left: Context, right: Context): boolean {
  if (left.size !== right.size) return false;
  assertComparable(left, right);
  for (const [key, value] of left) {
    const other = right.get(key);
    if (other === undefined || !isEqual(value, other)) return false;
  }
  return true;
}

function equalRanges(left: FeelRange, right: FeelRange): boolean {
  return (
    left.operator === right.operator &&
    left.startIncluded === right.startIncluded &&
    left.endIncluded === right.endIncluded &&
    isEqual(left.start, right.start) &&
    isEqual(left.end, right.end)
  );
}

/** Whether the range holds the value; null when an end is null or not comparable with it. */
export function rangeIncludes(range: FeelRange, value: Value): boolean | null {
  switch (range.operator) {
    case '=':
      return equal(value, range.start);
    case '!=': {
      const same = equal(value, range.start);
      return same === null ? null : !same;
    }
    case '<':
    case '<=':
      return isBelow(compare(value, range.end), range.endIncluded);
    case '>':
    case '>=':
      return isBelow(compare(range.start, value), range.startIncluded);
    case 'interval': {
      const low = isBelow(compare(range.start, value), range.startIncluded);
      const high = isBelow(compare(value, range.end), range.endIncluded);
      return low === null || high === null ? null : low && high;
    }
  }
}

function isBelow(order: number | null, orEqual: boolean): boolean | null {
  return order === null ? null : order < 0 || (orEqual && order === 0);
}

/** `value in test` for one test: a list holds it, a range includes it, anything else equals it. */
export function isIn(value: Value, test: Value): boolean | null {
  if (test instanceof FeelRange) return value instanceof FeelRange ? equal(value, test) : rangeIncludes(test, value);
  if (isList(test)) return containsIn(value, test);
  return equal(value, test);
}

function containsIn(value: Value, tests: List): boolean {
  return tests.some((test) =>
    test instanceof FeelRange && !(value instanceof FeelRange)
      ? rangeIncludes(test, value) === true
      : isEqual(value, test),
  );
}

/** A date as the date-time at its midnight in UTC (DMN 1.5 §10.3.2.9.4). */
export function dateTimeOfDate(date: FeelDate): FeelDateTime {
  return new FeelDateTime(date, new FeelTime(0, 0, 0, 0, UTC));
}

export function add(left: Value, right: Value): Value {
  if (isNumber(left)) return isNumber(right) ? addNumbers(left, right) : null;
  if (typeof left === 'string') return typeof right === 'string' ? left + right : null;
  if (left instanceof DaysDuration) {
    if (right instanceof DaysDuration) {
      const seconds = addNumbers(left.seconds, right.seconds);
      return seconds === null ? null : new DaysDuration(seconds);
    }
    return isTemporalPoint(right) ? addDays(right, left) : null;
  }
  if (left instanceof MonthsDuration) {
    if (right instanceof MonthsDuration) return monthsOf(left.months + right.months);
    return isTemporalPoint(right) ? addCalendarMonths(right, left.months) : null;
  }
  if (!isTemporalPoint(left)) return null;
  if (right instanceof DaysDuration) return addDays(left, right);
  return right instanceof MonthsDuration ? addCalendarMonths(left, right.months) : null;
}

function monthsOf(months: number): MonthsDuration | null {
  return Number.isSafeInteger(months) ? new MonthsDuration(months) : null;
}

type TemporalPoint = FeelDate | FeelTime | FeelDateTime;

function isTemporalPoint(value: Value): value is TemporalPoint {
  return value instanceof FeelDate || value instanceof FeelTime || value instanceof FeelDateTime;
}

function addDays(point: TemporalPoint, duration: DaysDuration): Value {
  if (point instanceof FeelDate) return addToDate(point, duration);
  return point instanceof FeelTime ? addToTime(point, duration) : addToDateTime(point, duration);
}

function addCalendarMonths(point: TemporalPoint, months: number): Value {
  if (point instanceof FeelTime) return null;
  if (point instanceof FeelDate) return addMonths(point, months);
  const date = addMonths(point.date, months);
  return date === null ? null : new FeelDateTime(date, point.time);
}

export function subtract(left: Value, right: Value): Value {
  if (isNumber(left)) return isNumber(right) ? subtractNumbers(left, right) : null;
  if (right instanceof DaysDuration || right instanceof MonthsDuration) {
    if (left instanceof DaysDuration && right instanceof MonthsDuration) return null;
    if (left instanceof MonthsDuration && right instanceof DaysDuration) return null;
    return add(left, negateDuration(right));
  }
  if (left instanceof FeelDate && right instanceof FeelDate) return subtractPoints(left, right);
  if (left instanceof FeelTime && right instanceof FeelTime) return subtractPoints(left, right);
  if (left instanceof FeelDateTime && right instanceof FeelDateTime) return subtractPoints(left, right);
  if (left instanceof FeelDate && right instanceof FeelDateTime) return subtractPoints(dateTimeOfDate(left), right);
  if (left instanceof FeelDateTime && right instanceof FeelDate) return subtractPoints(left, dateTimeOfDate(right));
  return null;
}

export function multiply(left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return multiplyNumbers(left, right);
  if (isNumber(right)) return scale(left, right, false);
  return isNumber(left) ? scale(right, left, false) : null;
}

function scale(duration: Value, factor: FeelNumber, divide: boolean): Value {
  if (duration instanceof DaysDuration) return scaleDays(duration, factor, divide);
  if (!(duration instanceof MonthsDuration) || (divide && factor === 0)) return null;
  const months = toDecimal(duration.months);
  return scaleMonths(divide ? months.div(toDecimal(factor)) : months.times(toDecimal(factor)));
}

export function divide(left: Value, right: Value): Value {
  if (isNumber(right)) return isNumber(left) ? divideNumbers(left, right) : scale(left, right, true);
  if (left instanceof DaysDuration && right instanceof DaysDuration) return divideNumbers(left.seconds, right.seconds);
  if (left instanceof MonthsDuration && right instanceof MonthsDuration) {
    return divideNumbers(left.months, right.months);
  }
  return null;
}

export function power(left: Value, right: Value): Value {
  return isNumber(left) && isNumber(right) ? powerNumbers(left, right) : null;
}

export function negate(value: Value): Value {
  if (isNumber(value)) return negateNumber(value);
  return value instanceof DaysDuration || value instanceof MonthsDuration ? negateDuration(value) : null;
}

/** What an operator could not do, for messages. */
export function operandKinds(left: Value, right: Value): string {
  return `${kindOf(left)} and ${kindOf(right)}`;
}
