/** Plays the table of element semantics, one line per case, and looks whether a kind of element is without a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpmn } from '#test/bpmn';
import { everyKind, kindsOf } from '#test/bpmn-kinds';
import { playCases } from '#test/bpmn-player';
import { events } from '#test/element-semantics/events';
import { scopesAndLoops } from '#test/element-semantics/scopes-and-loops';
import { startingAndWaiting } from '#test/element-semantics/starting-and-waiting';
import { tasksAndGateways } from '#test/element-semantics/tasks-and-gateways';
import { readProcesses } from '../read.ts';

const table = [...tasksAndGateways, ...startingAndWaiting, ...events, ...scopesAndLoops];

playCases(table);

test('every kind of element the engine executes has a line', () => {
  const processes = table.flatMap(({ body, roots }) => readProcesses(bpmn(body, roots)).processes);
  const played = new Set(processes.flatMap((process) => [...kindsOf(process)]));
  assert.deepEqual(
    everyKind.filter((kind) => !played.has(kind)),
    [],
  );
});
