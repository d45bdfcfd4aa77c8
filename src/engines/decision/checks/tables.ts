/** Static checks of one decision table: gaps, overlaps, contradictions, rules that can never decide (DMN 1.5 §8.2.10). */
import type { TableNode } from '../feel/ast.ts';
import { isNumber } from '../feel/numbers.ts';
import type { Problem, Severity } from '../model/problems.ts';
import {
  type ColumnRegions,
  hasSegment,
  intersection,
  type Spans,
  sameSpans,
  stretchText,
  tableRegions,
} from './regions.ts';

/** Steps that each check of a table may take. */
const BUDGET = 2_000_000;
const REPORTED = 20;

class BudgetSpent extends Error {}

interface Checking {
  readonly table: TableNode;
  readonly columns: readonly ColumnRegions[];
  readonly problems: Problem[];
  spent: number;
}

export function checkTable(table: TableNode): Problem[] {
  const columns = tableRegions(table);
  const problems: Problem[] = [];
  if (columns === null || table.rules.length === 0) {
    if (columns === null)
      report(
        problems,
        table,
        'table_not_checked',
        'information',
        [],
        'has cells that are not constants, so gaps and overlaps are not checked',
        '含非常量单元格，未检查缺口与重叠',
      );
    return problems;
  }
  const checks = [checkEmptyRules, checkPairs, checkGaps, checkHiddenRules, checkZero];
  const unfinished = checks.filter((one) => !withinBudget(() => one({ table, columns, problems, spent: 0 })));
  if (unfinished.length > 0) {
    report(
      problems,
      table,
      'table_not_checked',
      'information',
      [],
      'is too large to be checked completely',
      '过大，未能完整检查',
    );
  }
  return problems;
}

/** False when the check ran out of its budget; what it found until then stays. */
function withinBudget(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    return false;
  }
}

function report(
  problems: Problem[],
  table: TableNode,
  code: string,
  severity: Severity,
  rules: readonly number[],
  en: string,
  zh: string,
): void {
  if (problems.filter((problem) => problem.code === code).length >= REPORTED) return;
  const numbers = rules.map((rule) => rule + 1);
  const subject = {
    en: numbers.length === 0 ? '' : ` ${numbers.length === 1 ? 'rule' : 'rules'} ${numbers.join(' and ')}`,
    zh: numbers.length === 0 ? '' : ` 第 ${numbers.join('、')} 条规则`,
  };
  problems.push({
    code,
    severity,
    en: `${table.name}:${subject.en} ${en}`,
    zh: `${table.name}：${subject.zh.trim()}${zh}`,
    element: table.id,
    name: table.name,
    rules: numbers,
  });
}

function spend(checking: Checking, steps: number): void {
  checking.spent += steps;
  if (checking.spent > BUDGET) throw new BudgetSpent();
}

function coverOf(column: ColumnRegions, rule: number): Spans {
  return column.covers[rule] ?? [];
}

function covers(column: ColumnRegions, rule: number, segment: number): boolean {
  return hasSegment(coverOf(column, rule), segment);
}

function checkEmptyRules(checking: Checking): void {
  checking.table.rules.forEach((_, rule) => {
    const dead = checking.columns.find((column) => coverOf(column, rule).length === 0);
    if (dead === undefined) return;
    report(
      checking.problems,
      checking.table,
      'rule_unreachable',
      'error',
      [rule],
      `never hits: nothing allowed for ${dead.text} fits`,
      `永不命中：${dead.text} 没有可满足的取值`,
    );
  });
}

function sharesRegion(checking: Checking, first: number, second: number): boolean {
  return checking.columns.every((column) => {
    spend(checking, 1);
    return intersection(coverOf(column, first), coverOf(column, second)).length > 0;
  });
}

function sameText(left: readonly string[] | undefined, right: readonly string[] | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Overlaps are errors where only one rule may hit; with the same conditions and other outputs rules contradict. */
function checkPairs(checking: Checking): void {
  const { table, problems } = checking;
  for (let first = 0; first < table.rules.length; first += 1) {
    for (let second = first + 1; second < table.rules.length; second += 1) {
      if (!sharesRegion(checking, first, second)) continue;
      const pair = [first, second];
      const sameOutputs = sameText(table.rules[first]?.outputTexts, table.rules[second]?.outputTexts);
      const sameConditions = checking.columns.every((column) =>
        sameSpans(coverOf(column, first), coverOf(column, second)),
      );
      if (sameConditions && sameOutputs) {
        report(problems, table, 'rule_twice', 'warning', pair, 'are the same', '相同');
      } else if (table.hitPolicy === 'UNIQUE') {
        report(
          problems,
          table,
          sameConditions ? 'rules_contradict' : 'rules_overlap',
          'error',
          pair,
          'hit together, but the policy is UNIQUE',
          '可能同时命中，而命中策略为 UNIQUE',
        );
      } else if (table.hitPolicy === 'ANY' && !sameOutputs) {
        report(
          problems,
          table,
          'rules_contradict',
          'error',
          pair,
          'hit together with different results',
          '可能同时命中而结果不同',
        );
      }
    }
  }
}

type Gap = readonly (readonly [from: number, to: number] | null)[];

/** Combinations of values that no rule accepts; neighbouring segments of equal fate are taken together. */
function findGaps(checking: Checking, rules: readonly number[], column: number, prefix: Gap, found: Gap[]): void {
  if (found.length >= REPORTED) return;
  if (rules.length === 0) {
    found.push(prefix);
    return;
  }
  const regions = checking.columns[column];
  if (regions === undefined) return;
  for (const [first, last] of regions.relevant) {
    let from = first;
    let active: readonly number[] | null = null;
    for (let segment = first; segment <= last; segment += 1) {
      spend(checking, rules.length);
      const here = rules.filter((rule) => covers(regions, rule, segment));
      if (active !== null && !sameRules(here, active)) {
        findGaps(checking, active, column + 1, [...prefix, [from, segment - 1]], found);
        from = segment;
      }
      if (active === null || from === segment) active = here;
    }
    if (active !== null) findGaps(checking, active, column + 1, [...prefix, [from, last]], found);
  }
}

function sameRules(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((rule, index) => rule === right[index]);
}

function gapText(columns: readonly ColumnRegions[], gap: Gap): string {
  const parts = columns.flatMap((column, index) => {
    const stretch = gap[index] ?? null;
    if (stretch === null) return [];
    const text = stretchText(column, stretch[0], stretch[1]);
    return text === '-' ? [] : [`${column.text}: ${text}`];
  });
  return parts.join(', ') || '-';
}

function checkGaps(checking: Checking): void {
  const { table, columns, problems } = checking;
  if (table.outputs.some((output) => output.defaultValue !== null)) return;
  const found: Gap[] = [];
  findGaps(
    checking,
    table.rules.map((_, rule) => rule),
    0,
    [],
    found,
  );
  const severity = table.hitPolicy === 'COLLECT' || table.hitPolicy === 'RULE ORDER' ? 'information' : 'warning';
  for (const gap of found) {
    const text = gapText(columns, gap);
    report(problems, table, 'table_gap', severity, [], `has no rule for ${text}`, `缺少规则：${text}`);
  }
}

/** With FIRST, a rule whose every case an earlier rule takes never decides. */
function checkHiddenRules(checking: Checking): void {
  const { table, problems } = checking;
  if (table.hitPolicy !== 'FIRST') return;
  for (let rule = 1; rule < table.rules.length; rule += 1) {
    const earlier = Array.from({ length: rule }, (_, index) => index).filter((other) =>
      sharesRegion(checking, other, rule),
    );
    if (!isHidden(checking, rule, earlier, 0)) continue;
    report(
      problems,
      table,
      'rule_unreachable',
      'error',
      [rule],
      'never decides: earlier rules take all its cases',
      '永不起作用：其情形均被前面的规则占用',
    );
  }
}

function isHidden(checking: Checking, rule: number, earlier: readonly number[], column: number): boolean {
  if (earlier.length === 0) return false;
  const regions = checking.columns[column];
  if (regions === undefined) return true;
  for (const [from, to] of coverOf(regions, rule)) {
    for (let segment = from; segment <= to; segment += 1) {
      spend(checking, earlier.length);
      const remaining = earlier.filter((other) => covers(regions, other, segment));
      if (!isHidden(checking, rule, remaining, column + 1)) return false;
    }
  }
  return true;
}

/** A column that tells below from above 0 but leaves 0 itself out treats 0 as if it were no value. */
function checkZero(checking: Checking): void {
  const { table, columns, problems } = checking;
  for (const column of columns) {
    const at = column.points.findIndex((point) => isNumber(point) && point === 0);
    if (column.kind !== 'number' || at < 0) continue;
    const taken = (segment: number): boolean => table.rules.some((_, rule) => covers(column, rule, segment));
    const allowed = hasSegment(column.relevant, at * 2 + 1);
    if (!allowed || taken(at * 2 + 1) || !(taken(at * 2) || taken(at * 2 + 2))) continue;
    report(
      problems,
      table,
      'zero_left_out',
      'warning',
      [],
      `has no rule for ${column.text} = 0: 0 is a value like any other`,
      `对 ${column.text} = 0 没有规则：0 也是一个值`,
    );
  }
}
