/** Positions in PostgreSQL's write-ahead log, names of its segments, and the time stamps of its protocol. No I/O. */
import { Temporal } from '#kernel/dates';

/** A byte position in the write-ahead log (`pg_lsn`). */
export type Position = bigint;

/** Reads the text form of `pg_lsn`, such as `16/B374D848`. @throws RangeError for anything else. */
export function parsePosition(text: string): Position {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (match === null) throw new RangeError(`not a position in the write-ahead log: ${text}`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** The text form of `pg_lsn`. */
export function positionText(position: Position): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Where the segment that holds `position` begins. */
export function segmentStart(position: Position, segmentBytes: number): Position {
  return position - (position % BigInt(segmentBytes));
}

/** The file name of the segment that holds `position`: 24 hexadecimal digits, as in `pg_wal`. */
export function segmentName(timeline: number, position: Position, segmentBytes: number): string {
  const number = position / BigInt(segmentBytes);
  const perFile = 0x1_0000_0000n / BigInt(segmentBytes);
  const hex = (value: bigint) => value.toString(16).padStart(8, '0').toUpperCase();
  return hex(BigInt(timeline)) + hex(number / perFile) + hex(number % perFile);
}

const postgresEpoch = Temporal.Instant.from('2000-01-01T00:00:00Z').epochNanoseconds;

/** Microseconds since 2000-01-01, as PostgreSQL counts time in its protocol. */
export function postgresTime(instant: Temporal.Instant): bigint {
  return (instant.epochNanoseconds - postgresEpoch) / 1000n;
}
