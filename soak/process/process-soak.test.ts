/** The short form of `npm run soak process`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '#test/database';
import { soakOn } from '../process.ts';
import { traceTable } from './workshop.ts';

test('workers killed at step boundaries lose nothing and double nothing', async (t) => {
  const db = await testDatabase(t);
  await db.admin.query(traceTable);
  const { passed, details } = await soakOn(
    db,
    db.config,
    3,
    11,
    () => {},
    () => {},
  );
  assert.ok(passed, JSON.stringify(details));
});
