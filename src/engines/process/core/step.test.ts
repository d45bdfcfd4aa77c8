/** The semantics of the elements, one case per line: the model, what happens to it, and the visits that follow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpmn } from '#test/bpmn';
import { readProcesses } from '../read.ts';
import { Player } from './player.ts';
import { cases } from './step.cases.ts';

for (const { name, body, roots = '', play, visits, variables, open, status = 'completed' } of cases) {
  test(name, () => {
    const { processes, problems } = readProcesses(bpmn(body, roots));
    const [definition] = processes;
    assert.ok(definition, problems.map((problem) => `${problem.element}: ${problem.en}`).join('; '));
    const player = new Player(definition);
    for (const move of play ?? ['start']) player.play(move);
    assert.equal(player.trace.join(' '), visits);
    assert.deepEqual(player.open(), open ?? []);
    assert.equal(player.status, open === undefined ? status : 'running');
    if (variables !== undefined) assert.deepEqual(player.variables(), variables);
  });
}
