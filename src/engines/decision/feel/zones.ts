/** Time zones of FEEL values: a fixed offset from UTC or a name of the IANA database (DMN 1.5 §10.3.2.3.4). */
import { Temporal } from 'temporal-polyfill';

/** `name` is null for a fixed offset; `offset_seconds` is used only then. */
export interface Zone {
  readonly name: string | null;
  readonly offset_seconds: number;
}

const MAX_OFFSET_SECONDS = 14 * 3600;
const known = new Map<string, Zone | null>();
const KNOWN_LIMIT = 1000;

export const UTC: Zone = { name: null, offset_seconds: 0 };

export function offsetZone(seconds: number): Zone | null {
  return Math.abs(seconds) <= MAX_OFFSET_SECONDS ? { name: null, offset_seconds: seconds } : null;
}

/** Null when the name is not in the IANA database. */
export function namedZone(name: string): Zone | null {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  let zone: Zone | null = null;
  if (/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) {
    try {
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
      zone = { name, offset_seconds: 0 };
    } catch {
      zone = null;
    }
  }
  if (known.size >= KNOWN_LIMIT) known.clear();
  known.set(name, zone);
  return zone;
}

/** Reads what follows a time: '', 'Z', '+hh:mm', '+hh:mm:ss' or '@Area/City'; undefined when it is none of these. */
export function zoneFromText(text: string): Zone | null | undefined {
  if (text === '') return null;
  if (text === 'Z' || text === 'z') return UTC;
  if (text.startsWith('@')) return namedZone(text.slice(1)) ?? undefined;
  const match = /^([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return offsetZone(sign === '-' && total !== 0 ? -total : total) ?? undefined;
}

export function zoneText(zone: Zone | null): string {
  if (zone === null) return '';
  if (zone.name !== null) return `@${zone.name}`;
  if (zone.offset_seconds === 0) return 'Z';
  const total = Math.abs(zone.offset_seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = total % 60 === 0 ? '' : `:${two(total % 60)}`;
  return `${zone.offset_seconds < 0 ? '-' : '+'}${two(Math.floor(total / 3600))}:${two(Math.floor(total / 60) % 60)}${seconds}`;
}

const LAST_ZONED_YEAR = 200_000;

/**
 * Offset from UTC in seconds at a wall-clock time; null without a zone. A time the clock skips or repeats is read as
 * Temporal's `compatible` does. Years beyond Temporal's range use the year of the same place in the 400-year cycle.
 */
export function zoneOffsetSeconds(
  zone: Zone | null,
  date: { readonly year: number; readonly month: number; readonly day: number },
  time: { readonly hour: number; readonly minute: number; readonly second: number },
): number | null {
  if (zone === null) return null;
  if (zone.name === null) return zone.offset_seconds;
  const year =
    Math.abs(date.year) <= LAST_ZONED_YEAR
      ? date.year
      : (((date.year % 400) + 400) % 400) + (date.year < 0 ? 1200 : 2400);
  const clock = new Temporal.PlainDateTime(year, date.month, date.day, time.hour, time.minute, time.second);
  return clock.toZonedDateTime(zone.name).offsetNanoseconds / 1e9;
}
