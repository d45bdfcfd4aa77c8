import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './feel.ts';

test('random expressions and tables: both evaluators agree', async () => {
  const { passed, details } = await run({ operations: 4_000, seed: 20_260_701, log() {}, progress() {} });
  assert.ok(passed, JSON.stringify(details));
  assert.ok(Number(details.evaluated) > 2_500);
});
