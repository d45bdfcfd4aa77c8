import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import fc from 'fast-check';
import { testDatabase } from '#test/database';
import { dateArray, hexArray, int2Array, int4Array, int8Array, uuidArray } from './arrays.ts';

const db = await testDatabase({ after });

it('binary arrays arrive as PostgreSQL would read them from text', async () => {
  const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.array(fc.option(value), { maxLength: 20 });
  const date = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((value) => value.toISOString().slice(0, 10));
  await fc.assert(
    fc.asyncProperty(
      orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      orNull(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      orNull(fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })),
      orNull(fc.uuid()),
      orNull(date),
      fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 5 }),
      async (longs, integers, shorts, uuids, dates, bytes) => {
        const { rows } = await db.query<Record<string, unknown[]>>(
          'select $1::bigint[] a, $2::integer[] b, $3::smallint[] c, $4::uuid[] d, $5::date[]::text[] e, $6::bytea[] f',
          [
            int8Array(longs, (value) => value),
            int4Array(integers, (value) => value),
            int2Array(shorts, (value) => value),
            uuidArray(uuids, (value) => value),
            dateArray(dates, (value) => value),
            hexArray(bytes, (value) => Buffer.from(value).toString('hex'), 4),
          ],
        );
        assert.deepEqual(rows[0]?.a, longs);
        assert.deepEqual(rows[0]?.b, integers);
        assert.deepEqual(rows[0]?.c, shorts);
        assert.deepEqual(rows[0]?.d, uuids);
        assert.deepEqual(rows[0]?.e, dates);
        assert.deepEqual(
          rows[0]?.f?.map((value) => [...(value as Buffer)]),
          bytes.map((value) => [...value]),
        );
      },
    ),
    { numRuns: 50 },
  );
});
