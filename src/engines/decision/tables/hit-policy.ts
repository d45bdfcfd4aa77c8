/** From the rules that hit to the result of a table (DMN 1.5 §8.2.10, §8.2.11). Shared by both evaluators. */
import type { TableNode } from '../feel/ast.ts';
import { addNumbers, isNumber } from '../feel/numbers.ts';
import { compare, isEqual } from '../feel/operators.ts';
import type { Run } from '../feel/run.ts';
import type { List, Value } from '../feel/values.ts';

/** How to get at the parts of a table; each evaluator has its own way. */
export interface TableParts {
  /** The values of one rule's outputs, one per output column. */
  readonly outputs: (rule: number) => List;
  /** The same combined to one value, see {@link combined}. */
  readonly result: (rule: number) => Value;
  /** The default values, or null when the table has none. */
  readonly defaults: () => List | null;
  /** Place of a value among the allowed values of an output column; larger is less important. */
  readonly rank: (output: number, value: Value) => number;
}

export function applyHitPolicy(table: TableNode, hits: readonly number[], parts: TableParts, run: Run): Value {
  if (hits.length === 0) return withoutHits(table, parts);
  const first = hits[0] ?? 0;
  switch (table.hitPolicy) {
    case 'UNIQUE':
      if (hits.length > 1) return severalRules(table, hits, run);
      return parts.result(first);
    case 'FIRST':
      return parts.result(first);
    case 'ANY':
      return anyOutput(table, hits, parts, run);
    case 'PRIORITY':
      return combined(table, byPriority(hits, parts)[0] ?? []);
    case 'OUTPUT ORDER':
      return byPriority(hits, parts).map((outputs) => combined(table, outputs));
    case 'RULE ORDER':
      return hits.map((rule) => parts.result(rule));
    case 'COLLECT': {
      const results = hits.map((rule) => parts.result(rule));
      return table.aggregation === null ? results : aggregate(table, results, run);
    }
  }
}

function severalRules(table: TableNode, hits: readonly number[], run: Run): null {
  const numbers = hits.slice(0, 10).map((rule) => rule + 1);
  return run.report('rules_not_unique', `${table.name}: rules ${numbers.join(', ')} hit, but the policy is UNIQUE`);
}

/** The only output itself, or a context with one entry per output column. */
export function combined(table: TableNode, outputs: List): Value {
  if (table.outputs.length === 1) return outputs[0] ?? null;
  return new Map(table.outputs.map((output, index) => [output.name ?? `output ${index + 1}`, outputs[index] ?? null]));
}

function withoutHits(table: TableNode, parts: TableParts): Value {
  const defaults = parts.defaults();
  if (defaults !== null) {
    const value = combined(table, defaults);
    return isMultiple(table) && !Array.isArray(value) ? [value] : value;
  }
  if (table.hitPolicy !== 'COLLECT') return null;
  if (table.aggregation === null) return [];
  return table.aggregation === 'COUNT' ? 0 : null;
}

function isMultiple(table: TableNode): boolean {
  return (
    table.hitPolicy === 'RULE ORDER' ||
    table.hitPolicy === 'OUTPUT ORDER' ||
    (table.hitPolicy === 'COLLECT' && table.aggregation === null)
  );
}

function anyOutput(table: TableNode, hits: readonly number[], parts: TableParts, run: Run): Value {
  const results = hits.map((rule) => parts.result(rule));
  const first = results[0] ?? null;
  if (results.every((result) => isEqual(result, first))) return first;
  return run.report('rules_differ', `${table.name}: rules that hit differ, but the policy is ANY`);
}

function byPriority(hits: readonly number[], parts: TableParts): List[] {
  const ranked = hits.map((rule) => {
    const outputs = parts.outputs(rule);
    return { outputs, ranks: outputs.map((value, index) => parts.rank(index, value)) };
  });
  ranked.sort((left, right) => {
    const differing = left.ranks.findIndex((rank, index) => rank !== right.ranks[index]);
    return differing < 0 ? 0 : (left.ranks[differing] ?? 0) - (right.ranks[differing] ?? 0);
  });
  return ranked.map((entry) => entry.outputs);
}

function aggregate(table: TableNode, results: List, run: Run): Value {
  if (table.aggregation === 'COUNT') return results.length;
  if (table.outputs.length > 1) return run.report('aggregation_invalid', `${table.name}: several outputs`);
  if (table.aggregation === 'SUM') {
    let total: Value = 0;
    for (const result of results) total = isNumber(total) && isNumber(result) ? addNumbers(total, result) : null;
    return total ?? run.report('aggregation_invalid', `${table.name}: outputs are not numbers`);
  }
  const sign = table.aggregation === 'MAX' ? 1 : -1;
  let best: Value = results[0] ?? null;
  for (const result of results) {
    const order = compare(result, best);
    if (order === null) return run.report('aggregation_invalid', `${table.name}: outputs have no order`);
    if (order * sign > 0) best = result;
  }
  return best;
}
