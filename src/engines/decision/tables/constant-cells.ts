/** Which cells of a table say something simple: intervals of constants, which can be indexed and checked statically. */
import { builtInFunction } from '../builtins/index.ts';
import type { Node } from '../feel/ast.ts';
import { callFunction } from '../feel/call.ts';
import { isNumber } from '../feel/numbers.ts';
import { compare, negate } from '../feel/operators.ts';
import { DEFAULT_LIMITS, Run } from '../feel/run.ts';
import { FeelDate } from '../feel/temporal.ts';
import type { Value } from '../feel/values.ts';

/** Kinds with a total order of their values, in which points and intervals can be located. */
export type IndexedKind = 'number' | 'string' | 'boolean' | 'date';

/** A null end is open to that side. */
export interface Interval {
  readonly kind: IndexedKind;
  readonly low: Value;
  readonly high: Value;
  readonly lowIncluded: boolean;
  readonly highIncluded: boolean;
}

/** `any` accepts everything, `intervals` exactly their values, `complex` has to be evaluated. */
export type Cell =
  | { readonly form: 'any' }
  | { readonly form: 'intervals'; readonly intervals: readonly Interval[] }
  | { readonly form: 'complex' };

const COMPLEX: Cell = { form: 'complex' };
const PURE = new Set(['date', 'time', 'date and time', 'duration']);

export function indexedKind(value: Value): IndexedKind | null {
  if (isNumber(value)) return 'number';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  return value instanceof FeelDate ? 'date' : null;
}

/** Order within one indexed kind. */
export function compareIndexed(left: Value, right: Value): number {
  if (typeof left === 'boolean' || typeof right === 'boolean') return Number(left) - Number(right);
  return compare(left, right) ?? 0;
}

/** The value of a node that does not depend on variables: a literal, its negation or a call such as `date("…")`. */
export function constantOf(node: Node): Value | undefined {
  if (node.type === 'literal') return node.value;
  if (node.type === 'negate') {
    const value = constantOf(node.operand);
    return value === undefined ? undefined : (negate(value) ?? undefined);
  }
  if (node.type !== 'call' || node.callee.type !== 'name' || !PURE.has(node.callee.name)) return undefined;
  const fn = builtInFunction(node.callee.name);
  const args = node.args.map(constantOf).filter((arg) => arg !== undefined);
  if (fn === undefined || args.length < node.args.length) return undefined;
  return callFunction(fn, args, new Run(DEFAULT_LIMITS, () => ({ epochMilliseconds: 0, zone: 'UTC' })));
}

function intervalOf(node: Node): Interval | null {
  if (node.type === 'range') {
    const low = node.from === null ? null : (constantOf(node.from) ?? null);
    const high = node.to === null ? null : (constantOf(node.to) ?? null);
    const kind = indexedKind(low ?? high);
    if (kind === null || kind === 'boolean' || node.operator === '!=') return null;
    if (node.operator === '=') return { kind, low, high: low, lowIncluded: true, highIncluded: true };
    if ((node.from !== null && low === null) || (node.to !== null && high === null)) return null;
    if (low !== null && high !== null && indexedKind(high) !== kind) return null;
    return { kind, low, high, lowIncluded: node.fromIncluded, highIncluded: node.toIncluded };
  }
  const value = constantOf(node);
  const kind = value === undefined ? null : indexedKind(value);
  if (value === undefined || kind === null) return null;
  return { kind, low: value, high: value, lowIncluded: true, highIncluded: true };
}

function isEmpty(interval: Interval): boolean {
  if (interval.low === null || interval.high === null) return false;
  const order = compareIndexed(interval.low, interval.high);
  return order > 0 || (order === 0 && !(interval.lowIncluded && interval.highIncluded));
}

/** What the unary tests of a cell accept; intervals that hold nothing are left out. */
export function analyzeCell(node: Node): Cell {
  if (node.type !== 'tests') return COMPLEX;
  if (node.tests.length === 0) return { form: 'any' };
  if (node.negated) return COMPLEX;
  const intervals = node.tests.map(intervalOf).filter((interval) => interval !== null);
  if (intervals.length < node.tests.length) return COMPLEX;
  return { form: 'intervals', intervals: intervals.filter((interval) => !isEmpty(interval)) };
}
