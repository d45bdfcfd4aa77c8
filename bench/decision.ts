/**
 * `npm run bench decision`: decision tables beside `json-rules-engine` and FEEL expressions beside `feelin`, in one run on
 * the same machine and the same inputs. `docs/decision.md` says what each result means. Tables and rules are
 * prepared on both sides. `feelin` cannot keep a parsed expression, so `feel_over_feelin` goes from text to value on both
 * sides; `feel_prepared_over_feelin` says what it gains to keep ours compiled, as a model does.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { evaluate as feelinEvaluate } from 'feelin';
import { Engine } from 'json-rules-engine';
import { compileExpression, evaluateValues, type FeelValue, fromJson, load } from '#engines/decision';
import { expressions } from './decision/expressions.ts';
import { rangesTable, ruleBounds, twoConditionTable } from './decision/models.ts';
import type { BenchOptions, Result } from './lib/contract.ts';

const RULES = 1_000;
const ROWS = 10_000;

/**
 * Microseconds one call takes: the best of several rounds, each long enough for the clock. What slows a shared machine
 * down for a while costs single rounds, on either side.
 */
function microseconds(work: (turn: number) => void, window_ms: number): number {
  const rounds: number[] = [];
  let turn = 0;
  for (let round = 0; round < 7; round += 1) {
    const started = performance.now();
    let calls = 0;
    while (performance.now() - started < window_ms) {
      for (let repeat = 0; repeat < 16; repeat += 1) work(turn++);
      calls += 16;
    }
    rounds.push(((performance.now() - started) * 1000) / calls);
  }
  return Math.min(...rounds);
}

async function microsecondsAsync(work: (turn: number) => Promise<void>, window_ms: number): Promise<number> {
  const rounds: number[] = [];
  let turn = 0;
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    let calls = 0;
    while (performance.now() - started < window_ms) {
      await work(turn++);
      calls += 1;
    }
    rounds.push(((performance.now() - started) * 1000) / calls);
  }
  return Math.min(...rounds);
}

export async function run({ log, progress, args }: BenchOptions): Promise<readonly Result[]> {
  const window_ms = args.includes('--quick') ? 20 : 300;
  log(`json-rules-engine ${versionOf('json-rules-engine')}, feelin ${versionOf('feelin')}`);
  const steps = 4;
  progress(0, steps, 'tables of 1,000 rules');
  const rules = await measureRules(window_ms);
  progress(1, steps, 'table of 10,000 rows');
  const table = measureTable(window_ms);
  progress(2, steps, 'FEEL expressions');
  const feel = measureFeel(window_ms, log);
  progress(steps, steps, 'done');
  return [...rules, ...table, ...feel];
}

async function measureRules(window_ms: number): Promise<Result[]> {
  const model = load(twoConditionTable(RULES));
  const inputs = Array.from({ length: 512 }, (_, index) => ({
    age: 18 + (index % 50),
    amount: (index * 7919) % 100_000,
  }));
  const values = inputs.map((input) => new Map(Object.entries(input).map(([name, data]) => [name, fromJson(data)])));
  const ours = microseconds((turn) => {
    evaluateValues(model, values[turn % values.length] ?? new Map());
  }, window_ms);
  const engine = new Engine([], { allowUndefinedFacts: true });
  for (let rule = 0; rule < RULES; rule += 1) {
    const { age, amount } = ruleBounds(rule);
    engine.addRule({
      conditions: {
        all: [
          { fact: 'age', operator: 'greaterThanInclusive', value: age },
          { fact: 'amount', operator: 'lessThan', value: amount },
        ],
      },
      event: { type: `rule ${rule}` },
    });
  }
  const theirs = await microsecondsAsync(async (turn) => {
    await engine.run(inputs[turn % inputs.length] ?? {});
  }, window_ms);
  const baseline = 'rules_1000_json_rules_engine_us';
  return [
    { name: 'rules_1000_us', value: ours, unit: 'us', baseline, ratio: ours / theirs },
    { name: baseline, value: theirs, unit: 'us', baseline: null, ratio: null },
  ];
}

function measureTable(window_ms: number): Result[] {
  const model = load(rangesTable(ROWS));
  const inputs = Array.from({ length: 512 }, (_, index) => {
    const at = (factor: number, size: number): FeelValue => (index * factor) % size;
    return new Map<string, FeelValue>([
      ['a', at(7919, 10_000)],
      ['b', at(104_729, 10_000)],
      ['c', at(1299, 10_000)],
      ['d', at(15_485, 10_000)],
    ]);
  });
  const value = microseconds((turn) => {
    evaluateValues(model, inputs[turn % inputs.length] ?? new Map());
  }, window_ms);
  const reference = microseconds((turn) => {
    evaluateValues(model, inputs[turn % inputs.length] ?? new Map(), {
      evaluator: 'reference',
      limits: { steps: Infinity, milliseconds: Infinity },
    });
  }, 1);
  const baseline = 'table_10000_scanned_us';
  return [
    { name: 'table_10000_us', value, unit: 'us', baseline, ratio: value / reference },
    { name: baseline, value: reference, unit: 'us', baseline: null, ratio: null },
  ];
}

/** Geometric means over the expressions of how often a second each side evaluates them. */
function measureFeel(window_ms: number, log: (text: string) => void): Result[] {
  const prepared: number[] = [];
  const fresh: number[] = [];
  let oursTotal = 0;
  let theirsTotal = 0;
  for (const { text, variables } of expressions) {
    const names = Object.keys(variables);
    const values = new Map(names.map((name) => [name, fromJson(variables[name])]));
    const compiled = compileExpression(text, names);
    const ours = microseconds(() => void compiled.evaluate(values), window_ms / 4);
    const whole = microseconds(() => void compileExpression(text, names).evaluate(values), window_ms / 4);
    const theirs = microseconds(() => void feelinEvaluate(text, variables), window_ms / 4);
    log(`${text}: ${ours.toFixed(2)} us compiled, ${whole.toFixed(2)} us with parsing, feelin ${theirs.toFixed(2)} us`);
    prepared.push(theirs / ours);
    fresh.push(theirs / whole);
    oursTotal += ours;
    theirsTotal += theirs;
  }
  const mean = (ratios: readonly number[]): number =>
    Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const baseline = 'feel_feelin_us';
  return [
    { name: 'feel_over_feelin', value: mean(fresh), unit: 'ratio', baseline, ratio: mean(fresh) },
    { name: 'feel_prepared_over_feelin', value: mean(prepared), unit: 'ratio', baseline, ratio: mean(prepared) },
    { name: 'feel_us', value: oursTotal / expressions.length, unit: 'us', baseline, ratio: oursTotal / theirsTotal },
    { name: baseline, value: theirsTotal / expressions.length, unit: 'us', baseline: null, ratio: null },
  ];
}

function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  for (;;) {
    try {
      const document: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (typeof document === 'object' && document !== null && 'version' in document) return String(document.version);
    } catch {
      // Not the folder of the package yet.
    }
    const parent = dirname(folder);
    if (parent === folder) return 'unknown';
    folder = parent;
  }
}
