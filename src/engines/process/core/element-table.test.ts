/** The table of element semantics as a whole: no kind of element the engine executes is without a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyKind } from '#test/bpmn-kinds';
import { kindsPlayed } from '#test/bpmn-player';
import './events.test.ts';
import './scopes-and-loops.test.ts';
import './starting-and-waiting.test.ts';
import './tasks-and-gateways.test.ts';

test('every kind of element has a line', () => {
  assert.deepEqual(
    everyKind.filter((kind) => !kindsPlayed.has(kind)),
    [],
  );
});
