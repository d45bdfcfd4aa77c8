/** Decision tables compiled: inputs once, columns indexed, only the cells no index can hold evaluated, outputs on a hit. */
import { pathStep } from '../explain.ts';
import type { Node, TableNode, TableRule } from '../feel/ast.ts';
import type { Run } from '../feel/run.ts';
import { type Code, type Compile, Frame, Scope } from '../feel/scope.ts';
import { coerce } from '../feel/types.ts';
import type { List, Value } from '../feel/values.ts';
import { buildColumnIndex, type ColumnIndex, emptyRuleSet, hasRule, type RuleSet } from './column-index.ts';
import { analyzeCell } from './constant-cells.ts';
import { applyHitPolicy, combined } from './hit-policy.ts';

/** A value made on first use: a large table compiles only the rules that are hit. */
function lazily<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export function compileTable(table: TableNode, scope: Scope, compile: Compile): Code {
  const inputScope = new Scope(scope, ['?']);
  const inputs = table.inputs.map((input) => compile(input.expression, scope));
  const allowed = table.inputs.map((input) => (input.allowed === null ? null : compile(input.allowed, inputScope)));
  const index = lazily(() => buildTableIndex(table));
  const tests = table.rules.map((rule) => rule.tests.map((test) => lazily(() => compile(test, inputScope))));
  const outputs = table.rules.map((rule) => lazily(() => rule.outputs.map((output) => compile(output, scope))));
  const defaults = compileDefaults(table, scope, compile);
  const ranks = table.outputs.map((output) => (output.allowed ?? []).map((value) => compile(value, inputScope)));
  const firstOnly = table.hitPolicy === 'FIRST';
  const constants = table.rules.map((rule) => constantResult(table, rule));

  const traced = (values: List, hits: readonly number[], result: Value, run: Run): void => {
    const { element } = run;
    run.trace(() => pathStep({ table, element, inputs: values, hits, result }));
  };

  return (frame, run) => {
    const values = inputs.map((input) => input(frame, run));
    const frames = values.map((value) => new Frame([value], frame));
    run.charge(table.inputs.length + 1);
    const refused = allowed.findIndex((test, index) => test !== null && test(frames[index] ?? frame, run) !== true);
    if (refused >= 0) {
      const text = table.inputs[refused]?.text ?? '';
      const result = run.report('input_not_allowed', `${table.name}: the value of ${text} is not allowed`);
      traced(values, [], result, run);
      return result;
    }
    const hits = findHits(index(), tests, values, frames, run, firstOnly);
    const outputsAt = (rule: number): List => outputsOf(table, outputs[rule]?.() ?? [], frame, run);
    const result = applyHitPolicy(
      table,
      hits,
      {
        outputs: outputsAt,
        result: (rule) => constants[rule] ?? combined(table, outputsAt(rule)),
        defaults: () => (defaults === null ? null : outputsOf(table, defaults, frame, run)),
        rank: (output, value) => {
          const codes = ranks[output] ?? [];
          const place = codes.findIndex((code) => code(new Frame([value], frame), run) === true);
          return place < 0 ? codes.length : place;
        },
      },
      run,
    );
    traced(values, hits, result, run);
    return result;
  };
}

/** The result of a rule whose outputs are literals of no declared type: made once. */
function constantResult(table: TableNode, rule: TableRule): Value | undefined {
  const values = rule.outputs.map((output) => (output.type === 'literal' ? output.value : undefined));
  const constant = values.filter((value) => value !== undefined);
  if (constant.length < values.length || table.outputs.some((output) => output.type !== null)) return undefined;
  return combined(table, constant) ?? undefined;
}

function cell(tests: readonly Node[], column: number): Node {
  return tests[column] ?? { type: 'tests', tests: [], negated: false, start: 0, end: 0 };
}

function compileDefaults(table: TableNode, scope: Scope, compile: Compile): Code[] | null {
  if (table.outputs.every((output) => output.defaultValue === null)) return null;
  return table.outputs.map((output) =>
    output.defaultValue === null ? () => null : compile(output.defaultValue, scope),
  );
}

function outputsOf(table: TableNode, codes: readonly Code[], frame: Frame, run: Run): List {
  return codes.map((code, index) => {
    const value = code(frame, run);
    const type = table.outputs[index]?.type ?? null;
    return type === null ? value : coerce(value, type, run, table.outputs[index]?.name ?? table.name);
  });
}

interface TableIndex {
  readonly rules: number;
  readonly columns: readonly ColumnIndex[];
  /** Columns with cells that have to be evaluated. */
  readonly complex: readonly { readonly set: RuleSet; readonly column: number }[];
  /** Sets to work in; more than one only while a table is evaluated inside its own cells. */
  readonly spare: RuleSet[];
}

function buildTableIndex(table: TableNode): TableIndex {
  const columns = table.inputs.map((_, column) =>
    buildColumnIndex(table.rules.map((rule) => analyzeCell(cell(rule.tests, column)))),
  );
  const complex = columns.flatMap((index, column) => (index.hasComplex ? [{ set: index.complex, column }] : []));
  return { rules: table.rules.length, columns, complex, spare: [] };
}

function findHits(
  index: TableIndex,
  tests: readonly (readonly (() => Code)[])[],
  values: List,
  frames: readonly Frame[],
  run: Run,
  firstOnly: boolean,
): number[] {
  const { columns, complex, rules, spare } = index;
  const candidates = (spare.pop() ?? emptyRuleSet(rules)).fill(0xffffffff);
  run.charge(candidates.length);
  for (let column = 0; column < columns.length; column += 1)
    columns[column]?.narrow(values[column] ?? null, candidates);
  const accepted =
    complex.length === 0
      ? null
      : (rule: number): boolean =>
          complex.every(
            ({ set, column }) => !hasRule(set, rule) || evaluates(tests[rule]?.[column], frames[column], run),
          );
  const hits = collect(candidates, rules, accepted, firstOnly);
  spare.push(candidates);
  return hits;
}

function evaluates(test: (() => Code) | undefined, frame: Frame | undefined, run: Run): boolean {
  if (test === undefined || frame === undefined) return true;
  run.charge(1);
  const answer: Value = test()(frame, run);
  return answer === true;
}

function collect(
  candidates: RuleSet,
  rules: number,
  accepted: ((rule: number) => boolean) | null,
  firstOnly: boolean,
): number[] {
  const hits: number[] = [];
  for (let word = 0; word < candidates.length; word += 1) {
    for (let bits = candidates[word] ?? 0; bits !== 0; bits &= bits - 1) {
      const rule = word * 32 + (31 - Math.clz32(bits & -bits));
      if (rule >= rules) return hits;
      if (accepted !== null && !accepted(rule)) continue;
      hits.push(rule);
      if (firstOnly) return hits;
    }
  }
  return hits;
}
