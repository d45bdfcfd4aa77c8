/** Decision tables compiled: inputs once, columns indexed, only the cells no index can hold evaluated, outputs on a hit. */
import type { Node, TableNode, TableRule } from '../feel/ast.ts';
import { compile } from '../feel/compile.ts';
import type { Run } from '../feel/run.ts';
import { type Code, Frame, Scope } from '../feel/scope.ts';
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

export function compileTable(table: TableNode, scope: Scope): Code {
  const inputScope = new Scope(scope, ['?']);
  const inputs = table.inputs.map((input) => compile(input.expression, scope));
  const allowed = table.inputs.map((input) => (input.allowed === null ? null : compile(input.allowed, inputScope)));
  const columns = lazily(() =>
    table.inputs.map((_, column) => buildColumnIndex(table.rules.map((rule) => analyzeCell(cell(rule.tests, column))))),
  );
  const tests = table.rules.map((rule) => rule.tests.map((test) => lazily(() => compile(test, inputScope))));
  const outputs = table.rules.map((rule) => lazily(() => rule.outputs.map((output) => compile(output, scope))));
  const defaults = compileDefaults(table, scope);
  const ranks = table.outputs.map((output) => (output.allowed ?? []).map((value) => compile(value, inputScope)));
  const firstOnly = table.hitPolicy === 'FIRST';
  const constants = table.rules.map((rule) => constantResult(table, rule));

  return (frame, run) => {
    const values = inputs.map((input) => input(frame, run));
    const frames = values.map((value) => new Frame([value], frame));
    run.charge(table.inputs.length + 1);
    const refused = allowed.findIndex((test, index) => test !== null && test(frames[index] ?? frame, run) !== true);
    if (refused >= 0) {
      const text = table.inputs[refused]?.text ?? '';
      const result = run.report('input_not_allowed', `${table.name}: the value of ${text} is not allowed`);
      run.trace(table, values, [], result);
      return result;
    }
    const hits = findHits(table.rules.length, columns(), tests, values, frames, run, firstOnly);
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
    run.trace(table, values, hits, result);
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

function compileDefaults(table: TableNode, scope: Scope): Code[] | null {
  if (table.outputs.every((output) => output.defaultValue === null)) return null;
  return table.outputs.map((output) => (output.defaultValue === null ? () => null : compile(output.defaultValue, scope)));
}

function outputsOf(table: TableNode, codes: readonly Code[], frame: Frame, run: Run): List {
  return codes.map((code, index) => {
    const value = code(frame, run);
    const type = table.outputs[index]?.type ?? null;
    return type === null ? value : coerce(value, type, run, table.outputs[index]?.name ?? table.name);
  });
}

function findHits(
  rules: number,
  columns: readonly ColumnIndex[],
  tests: readonly (readonly (() => Code)[])[],
  values: List,
  frames: readonly Frame[],
  run: Run,
  firstOnly: boolean,
): number[] {
  const candidates = emptyRuleSet(rules).fill(0xffffffff);
  run.charge(candidates.length);
  columns.forEach((column, index) => {
    column.narrow(values[index] ?? null, candidates);
  });
  const complex = columns.flatMap((column, index) => (column.hasComplex ? [{ set: column.complex, index }] : []));
  const accepted = (rule: number): boolean =>
    complex.every(({ set, index }) => !hasRule(set, rule) || evaluates(tests[rule]?.[index], frames[index], run));
  return collect(candidates, rules, accepted, firstOnly);
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
  accepted: (rule: number) => boolean,
  firstOnly: boolean,
): number[] {
  const hits: number[] = [];
  for (let word = 0; word < candidates.length; word += 1) {
    for (let bits = candidates[word] ?? 0; bits !== 0; bits &= bits - 1) {
      const rule = word * 32 + (31 - Math.clz32(bits & -bits));
      if (rule >= rules) return hits;
      if (!accepted(rule)) continue;
      hits.push(rule);
      if (firstOnly) return hits;
    }
  }
  return hits;
}
