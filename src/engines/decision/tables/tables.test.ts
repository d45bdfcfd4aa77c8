import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate, type JsonResult, load } from '../index.ts';

interface TableSpec {
  readonly policy: string;
  readonly aggregation?: string;
  readonly inputs: readonly string[];
  /** Names of output columns and their allowed values, '' for none. */
  readonly outputs: readonly (readonly [string, string])[];
  readonly rules: readonly (readonly string[])[];
  readonly defaults?: readonly string[];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

export function tableModel(spec: TableSpec): string {
  const element = (name: string, text: string): string => `<${name}><text>${escaped(text)}</text></${name}>`;
  const width = spec.inputs.length;
  const aggregation = spec.aggregation === undefined ? '' : ` aggregation="${spec.aggregation}"`;
  return `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t" namespace="urn:t">
    ${spec.inputs.map((name) => `<inputData id="i${name}" name="${name}"/>`).join('')}<decision id="t" name="t">
    ${spec.inputs.map((name) => `<informationRequirement><requiredInput href="#i${name}"/></informationRequirement>`).join('')}
    <decisionTable id="table" hitPolicy="${spec.policy}"${aggregation}>
    ${spec.inputs.map((name) => `<input>${element('inputExpression', name)}</input>`).join('')}
    ${spec.outputs.map(([name, values], index) => `<output name="${name}">${values === '' ? '' : element('outputValues', values)}${spec.defaults === undefined ? '' : element('defaultOutputEntry', spec.defaults[index] ?? 'null')}</output>`).join('')}
    ${spec.rules.map((cells) => `<rule>${cells.map((cell, index) => element(index < width ? 'inputEntry' : 'outputEntry', cell)).join('')}</rule>`).join('')}
    </decisionTable></decision></definitions>`;
}

function result(spec: TableSpec, input: Record<string, unknown>): JsonResult {
  const model = load(tableModel(spec));
  const compiled = evaluate(model, input);
  assert.deepEqual(evaluate(model, input, { evaluator: 'reference' }).values, compiled.values);
  return compiled;
}

const RULES = [
  ['>= 0', '"b"', '1'],
  ['[5..10]', '"a"', '2'],
  ['> 7', '"b"', '4'],
];
const ONE = {
  inputs: ['x'],
  outputs: [['o', '"a", "b"']],
  rules: RULES.map(([test = '', output = '']) => [test, output]),
} as const;
const NUMBERS = {
  inputs: ['x'],
  outputs: [['o', '']],
  rules: RULES.map(([test = '', , output = '']) => [test, output]),
} as const;
const BOTH = {
  inputs: ['x'],
  outputs: [
    ['o', '"a", "b"'],
    ['p', '4, 2, 1'],
  ],
  rules: RULES,
} as const;

/** Table, input, result. */
const CASES: readonly (readonly [TableSpec, unknown, unknown])[] = [
  [{ ...ONE, policy: 'UNIQUE' }, 1, 'b'],
  [{ ...ONE, policy: 'UNIQUE' }, 6, null],
  [{ ...ONE, policy: 'UNIQUE' }, -1, null],
  [{ ...ONE, policy: 'UNIQUE', defaults: ['"none"'] }, -1, 'none'],
  [{ ...ONE, policy: 'FIRST' }, 8, 'b'],
  [{ ...ONE, policy: 'PRIORITY' }, 8, 'a'],
  [{ ...ONE, policy: 'ANY' }, 11, 'b'],
  [{ ...ONE, policy: 'ANY' }, 6, null],
  [{ ...ONE, policy: 'RULE ORDER' }, 8, ['b', 'a', 'b']],
  [{ ...ONE, policy: 'OUTPUT ORDER' }, 8, ['a', 'b', 'b']],
  [{ ...ONE, policy: 'COLLECT' }, 8, ['b', 'a', 'b']],
  [{ ...ONE, policy: 'COLLECT' }, -1, []],
  [{ ...NUMBERS, policy: 'COLLECT', aggregation: 'SUM' }, 8, 7],
  [{ ...NUMBERS, policy: 'COLLECT', aggregation: 'MIN' }, 8, 1],
  [{ ...NUMBERS, policy: 'COLLECT', aggregation: 'MAX' }, 8, 4],
  [{ ...NUMBERS, policy: 'COLLECT', aggregation: 'COUNT' }, 8, 3],
  [{ ...NUMBERS, policy: 'COLLECT', aggregation: 'COUNT' }, -1, 0],
  [{ ...BOTH, policy: 'PRIORITY' }, 11, { o: 'b', p: 4 }],
  [
    { ...BOTH, policy: 'OUTPUT ORDER' },
    9,
    [
      { o: 'a', p: 2 },
      { o: 'b', p: 4 },
      { o: 'b', p: 1 },
    ],
  ],
];

test('hit policies and aggregations', () => {
  for (const [spec, x, expected] of CASES) {
    assert.deepEqual(result(spec, { x }).values.t, expected, `${spec.policy} ${spec.aggregation ?? ''} of ${x}`);
  }
});

test('an index finds the same rules as a scan, whatever the cells', () => {
  const number = fc.integer({ min: -5, max: 25 });
  const cell = fc.oneof(
    fc.constant('-'),
    number.map(String),
    fc.tuple(fc.constantFrom('<', '<=', '>', '>='), number).map(([operator, value]) => `${operator} ${value}`),
    fc
      .tuple(fc.constantFrom('[', '('), number, fc.integer({ min: 0, max: 9 }), fc.constantFrom(']', ')'))
      .map(([open, low, width, close]) => `${open}${low}..${low + width}${close}`),
    fc.tuple(number, number).map(([a, b]) => `${a}, [${b}..${b + 3}]`),
    fc.constantFrom('"a"', '"a", "b"', 'not(3)', '? > 4', 'null', 'true', '2.5', '@"2020-01-01"', '> @"2020-01-01"'),
  );
  const rules = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 150 });
  const value = fc.oneof(number, fc.constantFrom(2.5, 'a', 'c', null, true, [1]));
  fc.assert(
    fc.property(rules, fc.array(fc.tuple(value, value), { minLength: 5, maxLength: 5 }), (cells, inputs) => {
      const spec: TableSpec = {
        policy: 'COLLECT',
        inputs: ['x', 'y'],
        outputs: [['o', '']],
        rules: cells.map(([left, right], index) => [left, right, String(index)]),
      };
      const model = load(tableModel(spec));
      for (const [x, y] of inputs) {
        const [compiled, scanned] = (['compiled', 'reference'] as const).map(
          (evaluator) => evaluate(model, { x, y }, { evaluator }).values.t,
        );
        assert.deepEqual(compiled, scanned);
      }
    }),
    { numRuns: 60 },
  );
});
