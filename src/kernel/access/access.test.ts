import { after, test } from 'node:test';
import { testDatabase } from '#test/database';

const db = await testDatabase({ after });
test('migrates', async () => {
  const r = await db.query('select 1 as one');
  console.log(r.rows);
});
