/**
 * Dates and instants. A business date is an {@link IsoDate}, which sorts as text, compares with `===` and is what JSON
 * and SQL carry; an instant is a `Temporal.Instant`, written in UTC.
 */

export { Temporal } from 'temporal-polyfill';
export {
  addDays,
  addMonths,
  compareDates,
  dateRange,
  daysBetween,
  type IsoDate,
  isoDateOf,
  isValidDate,
  parseDate,
} from './dates.ts';
export { instantText, isValidInstant, parseInstant } from './instants.ts';
