/** The measurement runs and tells what it should; how fast is for `npm run bench parties`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../parties.ts';

test('bench parties measures every result', async () => {
  const results = await run({ log: () => {}, progress: () => {}, args: ['--quick'] });
  const value = (name: string) => results.find((result) => result.name === name)?.value ?? Number.NaN;
  for (const name of ['match_rate', 'match_p99_ms', 'exact_name_rate', 'scan_rate']) assert.ok(value(name) > 0, name);
  // Among two thousand parties everybody known is found, whatever the mistake, and no stranger is taken for somebody.
  assert.ok(value('found_rate') > 0.95, String(value('found_rate')));
  assert.equal(value('false_proposed_rate'), 0);
  assert.ok(value('found_rate') > value('exact_name_found_rate'));
});
