/** The measurement runs and tells what it should; how fast is for `npm run bench process`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../process.ts';

test('bench process measures every result', async () => {
  const results = await run({ log: () => {}, progress: () => {}, args: ['--quick'] });
  const names = results.map((result) => result.name);
  for (const name of ['steps_rate', 'completions_per_s', 'timers_per_s', 'waiting_100k_slowdown']) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(results.every((result) => result.value > 0));
});
