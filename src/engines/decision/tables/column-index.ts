/**
 * An index of one input column: for any value, the set of rules whose cell may accept it, without looking at each rule.
 *
 * The ends of all intervals of a kind cut its values into segments; within a segment the set of accepting rules does not
 * change. A rule set is a row of bits. Rows are kept for every 64th segment only, with the rules that enter or leave at
 * each segment in between, so memory stays near `rules × segments / 64` bits and a look-up copies one row and turns over
 * a few bits.
 */
import { compareNumbers, isNumber, toDecimal } from '../feel/numbers.ts';
import type { Value } from '../feel/values.ts';
import { type Cell, compareIndexed, type IndexedKind, type Interval, indexedKind } from './constant-cells.ts';

const ROW_INTERVAL = 64;

/** A set of rules: bit r of word r / 32. */
export type RuleSet = Uint32Array;

export function emptyRuleSet(rules: number): RuleSet {
  return new Uint32Array(Math.ceil(rules / 32));
}

export function addRule(set: RuleSet, rule: number): void {
  set[rule >>> 5] = (set[rule >>> 5] ?? 0) | (1 << (rule & 31));
}

export function hasRule(set: RuleSet, rule: number): boolean {
  return (((set[rule >>> 5] ?? 0) >>> (rule & 31)) & 1) === 1;
}

interface KindIndex {
  readonly points: readonly Value[];
  /** Nearest doubles of numeric points: most comparisons need no decimal arithmetic. */
  readonly doubles: Float64Array | null;
  readonly rows: readonly RuleSet[];
  /** Rules that enter or leave when a segment begins. */
  readonly changes: readonly (readonly number[])[];
}

export interface ColumnIndex {
  /** Keeps in `candidates` only rules whose cell accepts the value or has to be evaluated. */
  narrow(value: Value, candidates: RuleSet): void;
  /** Rules whose cell has to be evaluated. */
  readonly complex: RuleSet;
  readonly hasComplex: boolean;
}

export function buildColumnIndex(cells: readonly Cell[]): ColumnIndex {
  const always = emptyRuleSet(cells.length);
  const complex = emptyRuleSet(cells.length);
  const byKind = new Map<IndexedKind, { rule: number; interval: Interval }[]>();
  cells.forEach((cell, rule) => {
    if (cell.form !== 'intervals') addRule(always, rule);
    if (cell.form === 'complex') addRule(complex, rule);
    for (const interval of cell.form === 'intervals' ? cell.intervals : []) {
      const entries = byKind.get(interval.kind) ?? [];
      entries.push({ rule, interval });
      byKind.set(interval.kind, entries);
    }
  });
  const kinds = new Map([...byKind].map(([kind, entries]) => [kind, buildKindIndex(entries, always)]));
  const scratch = emptyRuleSet(cells.length);
  return {
    complex,
    hasComplex: complex.some((word) => word !== 0),
    narrow(value, candidates) {
      const kind = indexedKind(value);
      const index = kind === null ? undefined : kinds.get(kind);
      if (index === undefined) intersect(candidates, always);
      else intersect(candidates, rulesAt(index, value, scratch));
    },
  };
}

function intersect(target: RuleSet, other: RuleSet): void {
  for (let word = 0; word < target.length; word += 1) target[word] = (target[word] ?? 0) & (other[word] ?? 0);
}

function rulesAt(index: KindIndex, value: Value, scratch: RuleSet): RuleSet {
  const segment = segmentOf(index, value);
  const row = Math.floor(segment / ROW_INTERVAL);
  const base = index.rows[row];
  if (base === undefined) return scratch.fill(0);
  if (segment === row * ROW_INTERVAL) return base;
  scratch.set(base);
  for (let at = row * ROW_INTERVAL + 1; at <= segment; at += 1) {
    for (const rule of index.changes[at] ?? []) {
      scratch[rule >>> 5] = (scratch[rule >>> 5] ?? 0) ^ (1 << (rule & 31));
    }
  }
  return scratch;
}

/** Segment 2i is the open one before point i, 2i + 1 is point i itself. */
function segmentOf(index: KindIndex, value: Value): number {
  const { points, doubles } = index;
  const double = doubles !== null && isNumber(value) ? toDouble(value) : Number.NaN;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const near = doubles === null ? Number.NaN : double - (doubles[middle] ?? 0);
    const order = near < 0 || near > 0 ? near : compareIndexed(value, points[middle] ?? null);
    if (order === 0) return middle * 2 + 1;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return low * 2;
}

function toDouble(value: Value): number {
  if (typeof value === 'number') return value;
  return isNumber(value) ? toDecimal(value).toNumber() : Number.NaN;
}

function buildKindIndex(entries: readonly { rule: number; interval: Interval }[], always: RuleSet): KindIndex {
  const points = distinctPoints(entries.flatMap(({ interval }) => [interval.low, interval.high]));
  const numeric = isNumber(points[0] ?? null);
  const locator: KindIndex = {
    points,
    doubles: numeric ? Float64Array.from(points, toDouble) : null,
    rows: [],
    changes: [],
  };
  const segments = points.length * 2 + 1;
  const changes: number[][] = Array.from({ length: segments + 1 }, () => []);
  for (const [rule, spans] of spansByRule(entries, locator, segments - 1)) {
    for (const [from, to] of spans) {
      changes[from]?.push(rule);
      changes[to + 1]?.push(rule);
    }
  }
  const rows: RuleSet[] = [];
  const current = always.slice();
  for (let segment = 0; segment < segments; segment += 1) {
    for (const rule of changes[segment] ?? []) current[rule >>> 5] = (current[rule >>> 5] ?? 0) ^ (1 << (rule & 31));
    if (segment % ROW_INTERVAL === 0) rows.push(current.slice());
  }
  return { ...locator, rows, changes };
}

function distinctPoints(values: readonly Value[]): Value[] {
  const sorted = values
    .filter((value) => value !== null)
    .sort((left, right) =>
      typeof left === 'number' && typeof right === 'number' ? compareNumbers(left, right) : compareIndexed(left, right),
    );
  return sorted.filter((value, index) => index === 0 || compareIndexed(value, sorted[index - 1] ?? null) !== 0);
}

/** The segments each rule covers, as disjoint spans in ascending order. */
function spansByRule(
  entries: readonly { rule: number; interval: Interval }[],
  locator: KindIndex,
  last: number,
): Map<number, [number, number][]> {
  const spans = new Map<number, [number, number][]>();
  for (const { rule, interval } of entries) {
    const low = interval.low === null ? 0 : segmentOf(locator, interval.low) + (interval.lowIncluded ? 0 : 1);
    const high = interval.high === null ? last : segmentOf(locator, interval.high) - (interval.highIncluded ? 0 : 1);
    const own = spans.get(rule) ?? [];
    own.push([low, high]);
    spans.set(rule, own);
  }
  for (const [rule, own] of spans) spans.set(rule, mergedSpans(own));
  return spans;
}

/** Disjoint spans in ascending order that cover the same segments. */
export function mergedSpans(spans: readonly (readonly [number, number])[]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of spans.toSorted((left, right) => left[0] - right[0])) {
    const previous = result.at(-1);
    if (previous !== undefined && from <= previous[1] + 1) previous[1] = Math.max(previous[1], to);
    else result.push([from, to]);
  }
  return result;
}
