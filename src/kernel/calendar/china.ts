import holidayData from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import { dateRange, type IsoDate, parseDate, Temporal } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { exchangeClosures, missingMakeUpDays } from './corrections.ts';

const holidays = new Set(Object.keys(holidayData.holidays));
const makeUpDays = new Set([...Object.keys(holidayData.workdays), ...missingMakeUpDays]);
const closures = new Set(exchangeClosures);

/** All business days of a market in the years its data covers, ascending. */
export interface BusinessDays {
  readonly firstYear: number;
  readonly lastYear: number;
  readonly days: readonly IsoDate[];
}

/**
 * The business days of the interbank market: Monday to Friday without public holidays, and the weekend days the State
 * Council declares working days in exchange (调休). The last days of the last year are as the notice for the next
 * year, once published, leaves them.
 */
export function interbankDays(): BusinessDays {
  return businessDays((date, isWeekend) => makeUpDays.has(date) || (!isWeekend && !holidays.has(date)));
}

/** The business days of the stock exchanges, which are closed on every weekend and sometimes on official working days. */
export function exchangeDays(): BusinessDays {
  return businessDays((date, isWeekend) => !isWeekend && !holidays.has(date) && !closures.has(date));
}

function businessDays(isBusinessDay: (date: IsoDate, isWeekend: boolean) => boolean): BusinessDays {
  const { firstYear, lastYear } = knownYears();
  const from = parseDate(`${firstYear}-01-01`);
  const weekdayOfFirst = Temporal.PlainDate.from(from).dayOfWeek;
  const days: IsoDate[] = [];
  let offset = weekdayOfFirst - 1;
  for (const date of dateRange(from, parseDate(`${lastYear}-12-31`))) {
    if (isBusinessDay(date, offset % 7 >= 5)) days.push(date);
    offset += 1;
  }
  return { firstYear, lastYear, days };
}

/**
 * A year is known if the data has both its New Year's Day and its National Day, which are holidays in every year; a
 * year that only got a few January dates from the notice before is not.
 */
function knownYears(): { firstYear: number; lastYear: number } {
  const years = [...holidays]
    .filter((date) => date.endsWith('-10-01') && holidays.has(`${date.slice(0, 4)}-01-01`))
    .map((date) => Number(date.slice(0, 4)))
    .sort((left, right) => left - right);
  const [firstYear] = years;
  const lastYear = years.at(-1);
  invariant(firstYear !== undefined && lastYear !== undefined, 'holiday_data_has_years');
  invariant(lastYear - firstYear + 1 === years.length, 'holiday_data_has_no_gap');
  return { firstYear, lastYear };
}
