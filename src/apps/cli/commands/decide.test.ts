import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { systemClock } from '#kernel/clock';
import type { Handler } from '../command.ts';
import { createContext } from '../context.ts';
import { createOutput } from '../output.ts';
import { decideCommand } from './decide.ts';

const MODEL = `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="urn:m">
  <inputData id="a" name="amount"><variable name="amount" typeRef="number"/></inputData>
  <decision id="d" name="fee"><variable name="fee"/><informationRequirement><requiredInput href="#a"/></informationRequirement>
  <decisionTable><input><inputExpression typeRef="number"><text>amount</text></inputExpression></input><output/>
  <rule><inputEntry><text>&lt; 1000</text></inputEntry><outputEntry><text>amount * 0.001</text></outputEntry></rule>
  </decisionTable></decision></definitions>`;

/** Runs `longmen decide` with the words and gives what it printed. */
async function decide(json: boolean, ...words: string[]): Promise<string> {
  let printed = '';
  const collector = {
    write(text: string) {
      printed += text;
    },
  };
  const output = createOutput({ stdout: collector, stderr: collector, json });
  const { signal } = new AbortController();
  const surroundings = { stdout: process.stdout, stderr: process.stderr, env: {}, signal };
  const { context, close } = createContext(surroundings, { json, data: undefined, config: undefined }, output);
  const program = new Command().exitOverride();
  decideCommand(
    program,
    (handler: Handler) =>
      async function (this: Command) {
        await handler({ ...context, clock: systemClock() }, this.args, this.opts());
      },
  );
  await program.parseAsync(['decide', ...words], { from: 'user' });
  await close();
  return printed;
}

test('longmen decide', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-decide-'));
  try {
    const [model, input] = [join(folder, 'fee.dmn'), join(folder, 'input.json')];
    writeFileSync(model, MODEL);
    writeFileSync(input, '{"amount": 123.45678901234567890123}');
    assert.equal(await decide(false, model, '--input', input), 'fee: "0.12345678901234567890123"\n');
    const document: unknown = JSON.parse(await decide(true, model, '--input', input));
    assert.ok(typeof document === 'object' && document !== null && 'values' in document);
    assert.deepEqual(document.values, { fee: '0.12345678901234567890123' });
    assert.match(await decide(false, model, '--input', input, '--explain', '--language', 'zh'), /命中第 1 条规则/);
    assert.match(await decide(false, model, '--check'), /table_gap: fee: has no rule for amount: >= 1000/);
    await assert.rejects(decide(false, join(folder, 'none.dmn')), /cannot read/);
    await assert.rejects(decide(false, model, '--language', 'fr'), /en or zh/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
