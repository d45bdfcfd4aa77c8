import { Temporal } from 'temporal-polyfill';
import { dateError, shown } from './errors.ts';

/** RFC 3339 section 5.6, capital T and Z, at most nanoseconds, and no leap second: Temporal would silently drop it. */
const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

const earliest = Temporal.Instant.from('0001-01-01T00:00:00Z').epochNanoseconds;
const latest = Temporal.Instant.from('9999-12-31T23:59:59.999999999Z').epochNanoseconds;

/**
 * Reads an RFC 3339 instant with seconds and an offset, such as '2025-01-26T09:30:00+08:00'.
 *
 * @throws instant_invalid if it has another form, does not exist, or its year in UTC is not 0001 to 9999
 */
export function parseInstant(text: string): Temporal.Instant {
  if (form.test(text)) {
    try {
      const instant = Temporal.Instant.from(text);
      if (isInRange(instant)) return instant;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw dateError('instant_invalid', `${shown(text)} is not an RFC 3339 instant with an offset, years 0001 to 9999`);
}

/** Whether {@link parseInstant} reads it. */
export function isValidInstant(text: string): boolean {
  try {
    parseInstant(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * RFC 3339 text in UTC with exactly six decimals, '2025-01-26T01:30:00.000000Z': the resolution of PostgreSQL, and
 * such texts sort as their instants do. Nanoseconds are cut off, never rounded up into the future.
 *
 * @throws instant_invalid if the year is not 0001 to 9999
 */
export function instantText(instant: Temporal.Instant): string {
  if (!isInRange(instant)) throw dateError('instant_invalid', `${instant} is outside the years 0001 to 9999`);
  return instant.toString({ smallestUnit: 'microsecond', roundingMode: 'floor' });
}

function isInRange(instant: Temporal.Instant): boolean {
  return instant.epochNanoseconds >= earliest && instant.epochNanoseconds <= latest;
}
