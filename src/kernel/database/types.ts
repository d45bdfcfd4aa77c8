/**
 * How PostgreSQL values become JavaScript values: nothing passes through a binary float or the local time zone.
 * int8 -> bigint; numeric, date, timestamp, time, interval -> text as PostgreSQL writes it; timestamptz -> RFC 3339
 * UTC text with six decimals; json and jsonb -> parsed. The same for arrays of these. Connections run in UTC, ISO style.
 */

import type { CustomTypesConfig } from 'pg';
import pg from 'pg';

type Parse = (text: string) => unknown;

const scalars: readonly (readonly [type: number, array: number, parse: Parse])[] = [
  [20, 1016, BigInt], // int8
  [1700, 1231, String], // numeric
  [1082, 1182, String], // date
  [1083, 1183, String], // time
  [1266, 1270, String], // timetz
  [1114, 1115, String], // timestamp
  [1184, 1185, instantOfPostgres], // timestamptz
  [1186, 1187, String], // interval
  [114, 199, JSON.parse], // json
  [3802, 3807, JSON.parse], // jsonb
];

const textArrayType: number = 1009;
const textArray: Parse = pg.types.getTypeParser(textArrayType, 'text');

const parsers = new Map<number, Parse>();
for (const [type, array, parse] of scalars) {
  parsers.set(type, parse);
  parsers.set(array, (text) => mapArray(textArray(text), parse));
}

/** Given to every connection as `types`; the driver's global table is left alone. */
export const types: CustomTypesConfig = {
  getTypeParser(type: number, format?: string) {
    const parser = format === 'binary' ? undefined : parsers.get(type);
    return (
      parser ?? (format === 'binary' ? pg.types.getTypeParser(type, 'binary') : pg.types.getTypeParser(type, 'text'))
    );
  },
};

/** '2026-01-31 09:30:00.5+00' -> '2026-01-31T09:30:00.500000Z'; infinity and years outside 1..9999 stay as they are. */
export function instantOfPostgres(text: string): string {
  if (text.length < 22 || text.charCodeAt(10) !== 32 || !text.endsWith('+00')) return text;
  const decimals = text.length > 22 ? text.slice(20, -3) : '';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${decimals.padEnd(6, '0')}Z`;
}

function mapArray(value: unknown, parse: Parse): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapArray(item, parse));
  return typeof value === 'string' ? parse(value) : value;
}
