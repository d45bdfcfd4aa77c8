/** The measurement runs and tells what it should; how much it costs is for `npm run bench access`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../access.ts';

test('bench access measures every result', async () => {
  const results = await run({ log: () => {}, progress: () => {}, args: ['--quick'] });
  const names = results.map(({ name }) => name);
  for (const actor of ['everywhere', 'scoped', 'switched']) {
    for (const share of ['p50', 'p99']) assert.ok(names.includes(`overhead_${actor}_${share}_ms`));
  }
});
