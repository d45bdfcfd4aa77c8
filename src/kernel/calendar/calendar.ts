import type { IsoDate } from '#kernel/dates';
import { defineErrors, invariant } from '#kernel/errors';
import { type BusinessDays, exchangeDays, interbankDays } from './china.ts';

const calendarError = defineErrors({
  calendar_year_unknown: { status: 422, title: 'Calendar year unknown' },
});

/** The calendars of the house: 全国银行间同业拆借市场 and 沪深证券交易所. */
export const calendarNames = ['CN_INTERBANK', 'CN_EXCHANGE'] as const;
export type CalendarName = (typeof calendarNames)[number];

/**
 * How a date that is no business day is moved (ISDA 2006 section 4.12): to the next or the previous business day;
 * `modified` turns round if that would leave the month; `none` leaves the date alone.
 */
export const dateAdjustments = ['following', 'modified_following', 'preceding', 'modified_preceding', 'none'] as const;
export type DateAdjustment = (typeof dateAdjustments)[number];

/** Every function throws `calendar_year_unknown` if a date, or its answer, is in a year the calendar has no data for. */
export interface Calendar {
  readonly name: CalendarName;
  readonly firstYear: number;
  readonly lastYear: number;
  isBusinessDay(date: IsoDate): boolean;
  /** The first business day after `date`. */
  next(date: IsoDate): IsoDate;
  /** The last business day before `date`. */
  previous(date: IsoDate): IsoDate;
  /**
   * The `count`-th business day after `date`, or before it if `count` is negative; `date` itself need not be one.
   * Zero gives `date`, moved to the following business day if it is none.
   */
  add(date: IsoDate, count: number): IsoDate;
  adjust(date: IsoDate, adjustment: DateAdjustment): IsoDate;
  /** Number of business days from `from` (included) to `to` (excluded); negative if `to` is earlier. */
  businessDaysBetween(from: IsoDate, to: IsoDate): number;
}

const made = new Map<CalendarName, Calendar>();

/** The calendar of that name; its days are worked out once, at first use. */
export function calendar(name: CalendarName): Calendar {
  let found = made.get(name);
  if (found === undefined) {
    found = calendarOf(name, name === 'CN_INTERBANK' ? interbankDays() : exchangeDays());
    made.set(name, found);
  }
  return found;
}

function calendarOf(name: CalendarName, { firstYear, lastYear, days }: BusinessDays): Calendar {
  function refused(year: number) {
    const detail = `Calendar ${name} knows the years ${firstYear} to ${lastYear}, not ${year}`;
    return calendarError('calendar_year_unknown', detail, {
      calendar: name,
      year,
      first_year: firstYear,
      last_year: lastYear,
    });
  }

  /** Number of business days before `date`: the index of `date` in `days`, or where it would be. */
  function rank(date: IsoDate): number {
    const year = Number(date.slice(0, 4));
    if (year < firstYear || year > lastYear) throw refused(year);
    let [low, high] = [0, days.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((days[middle] ?? date) < date) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function dayAt(index: number): IsoDate {
    const day = days[index];
    if (day === undefined) throw refused(index < 0 ? firstYear - 1 : lastYear + 1);
    return day;
  }

  function add(date: IsoDate, count: number): IsoDate {
    invariant(Number.isSafeInteger(count), 'business_day_count_is_whole');
    const index = rank(date);
    // A business day is its own rank; any other date already stands before the day of its rank.
    const first = count > 0 && days[index] !== date ? index - 1 : index;
    return dayAt(first + count);
  }

  const isBusinessDay = (date: IsoDate) => days[rank(date)] === date;
  const next = (date: IsoDate) => add(date, 1);
  const previous = (date: IsoDate) => add(date, -1);

  function adjust(date: IsoDate, adjustment: DateAdjustment): IsoDate {
    if (adjustment === 'none' || isBusinessDay(date)) return date;
    const forward = adjustment === 'following' || adjustment === 'modified_following';
    const moved = forward ? next(date) : previous(date);
    const leavesMonth = moved.slice(0, 7) !== date.slice(0, 7);
    if (!leavesMonth || adjustment === 'following' || adjustment === 'preceding') return moved;
    return forward ? previous(date) : next(date);
  }

  return {
    name,
    firstYear,
    lastYear,
    isBusinessDay,
    next,
    previous,
    add,
    adjust,
    businessDaysBetween: (from, to) => rank(to) - rank(from),
  };
}
