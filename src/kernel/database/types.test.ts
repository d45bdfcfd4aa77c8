import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '#test/database';
import { instantOfPostgres } from './types.ts';

const db = await testDatabase({ after });

test('values keep every digit and no local time', async () => {
  const { rows } = await db.query(`select
    9223372036854775807::int8 as int8, array[1, null, -9223372036854775808]::int8[] as int8s,
    0.10000000000000000000000000000001::numeric as numeric, '{1.50,NULL,NaN}'::numeric[] as numerics,
    date '2024-02-29' as date, array[date '0001-01-01'] as dates,
    timestamptz '2024-03-10 08:30:00.12+08' as instant,
    array[timestamptz '2024-03-10 08:30:00+05:30', null] as instants,
    timestamptz 'infinity' as endless, timestamp '2024-03-10 02:30:00' as local, interval '1 day 2 hours' as interval,
    '{"a": ["1.10", null]}'::jsonb as json, array['{"b":1}'::jsonb] as jsons, '{{1,2},{3,4}}'::int8[] as matrix,
    7::int4 as int4, 0.5::float8 as float8, true as boolean, 'x,"y'::text as text, array['a,b', 'NULL'] as texts`);
  assert.deepEqual(rows[0], {
    int8: 9223372036854775807n,
    int8s: [1n, null, -9223372036854775808n],
    numeric: '0.10000000000000000000000000000001',
    numerics: ['1.50', null, 'NaN'],
    date: '2024-02-29',
    dates: ['0001-01-01'],
    instant: '2024-03-10T00:30:00.120000Z',
    instants: ['2024-03-10T03:00:00.000000Z', null],
    endless: 'infinity',
    local: '2024-03-10 02:30:00',
    interval: '1 day 02:00:00',
    json: { a: ['1.10', null] },
    jsons: [{ b: 1 }],
    matrix: [
      [1n, 2n],
      [3n, 4n],
    ],
    int4: 7,
    float8: 0.5,
    boolean: true,
    text: 'x,"y',
    texts: ['a,b', 'NULL'],
  });
});

test('values come back as they were sent', async () => {
  const values = [2n ** 63n - 1n, '12.345678901234567890', '2024-02-29', '2024-03-10T00:30:00.123456Z', [1n, -2n]];
  const { rows } = await db.query(
    'select $1::int8 as a, $2::numeric as b, $3::date as c, $4::timestamptz as d, $5::int8[] as e',
    values,
  );
  assert.deepEqual(Object.values(rows[0] ?? {}), values);
});

test('instants outside the years 1 to 9999 stay as PostgreSQL writes them', () => {
  assert.equal(instantOfPostgres('0044-03-15 12:00:00+00 BC'), '0044-03-15 12:00:00+00 BC');
  assert.equal(instantOfPostgres('10000-01-01 00:00:00+00'), '10000-01-01 00:00:00+00');
  assert.equal(instantOfPostgres('9999-12-31 23:59:59.999999+00'), '9999-12-31T23:59:59.999999Z');
});
