/** The cells of a decision table cut into elementary segments, in which gaps and overlaps can be counted. */
import type { Node, TableNode } from '../feel/ast.ts';
import { parseUnaryTests } from '../feel/parser.ts';
import { literalText } from '../feel/text.ts';
import { ANY, type FeelType, underlying } from '../feel/types.ts';
import type { Value } from '../feel/values.ts';
import { mergedSpans } from '../tables/column-index.ts';
import { analyzeCell, type Cell, compareIndexed, type IndexedKind, type Interval } from '../tables/constant-cells.ts';

/** Segments as disjoint spans, both ends included, in ascending order. */
export type Spans = readonly (readonly [from: number, to: number])[];

/**
 * One input column. Segment 2i is the open stretch before point i, 2i + 1 the point itself; `relevant` tells which
 * segments the input can take at all; `covers` which of these each rule's cell accepts.
 */
export interface ColumnRegions {
  readonly text: string;
  readonly kind: IndexedKind;
  readonly points: readonly Value[];
  readonly relevant: Spans;
  readonly covers: readonly Spans[];
  /** Texts are only compared, never ordered: the last segment stands for all other texts, those between do not count. */
  readonly others: boolean;
}

/** The regions of all columns; null when a cell is not made of constants of one kind. */
export function tableRegions(table: TableNode): readonly ColumnRegions[] | null {
  const columns = table.inputs.map((_, index) => columnRegions(table, index));
  const known = columns.filter((column) => column !== null);
  return known.length === columns.length ? known : null;
}

function columnRegions(table: TableNode, index: number): ColumnRegions | null {
  const input = table.inputs[index];
  const cells = table.rules.map((rule): Cell => {
    const test = rule.tests[index];
    return test === undefined ? { form: 'any' } : analyzeCell(test);
  });
  if (input === undefined || cells.some((cell) => cell.form === 'complex')) return null;
  const allowedNode = input.allowed ?? constraintOf(input.type);
  const allowedCell = allowedNode === null ? null : analyzeCell(allowedNode);
  const allowed = allowedCell?.form === 'intervals' ? allowedCell.intervals : null;
  const intervals = cells.flatMap((cell) => (cell.form === 'intervals' ? cell.intervals : []));
  const kinds = new Set([...intervals, ...(allowed ?? [])].map((interval) => interval.kind));
  const declared = input.type === null ? null : underlying(input.type).kind;
  const kind =
    [...kinds][0] ?? (declared === 'string' || declared === 'boolean' || declared === 'date' ? declared : 'number');
  if (kinds.size > 1) return null;
  const ends = [...intervals, ...(allowed ?? [])].flatMap((interval) => [interval.low, interval.high]);
  const points = distinct(kind === 'boolean' ? [false, true] : ends);
  const segments = points.length * 2 + 1;
  const within = (list: readonly Interval[]): Spans => mergedSpans(list.map((interval) => spanOf(interval, points)));
  const others = kind === 'string' && ends.every((end) => end !== null) && intervals.every(isPoint);
  let relevant: Spans = allowed === null ? [[0, segments - 1]] : within(allowed);
  if (kind === 'boolean' || others) relevant = intersection(relevant, pointSpans(points.length, others));
  return {
    text: input.text,
    kind,
    points,
    relevant,
    covers: cells.map((cell) =>
      cell.form === 'intervals' ? intersection(within(cell.intervals), relevant) : relevant,
    ),
    others,
  };
}

function isPoint(interval: Interval): boolean {
  return interval.low !== null && interval.high !== null && compareIndexed(interval.low, interval.high) === 0;
}

/** The allowed values of a declared type as unary tests; null without, or when they are not constants. */
function constraintOf(type: FeelType | null): Node | null {
  for (let current = type ?? ANY; current.kind === 'named'; current = current.base()) {
    if (current.constraint === undefined) continue;
    try {
      return parseUnaryTests(current.constraint, { names: [] });
    } catch {
      return null;
    }
  }
  return null;
}

function distinct(values: readonly Value[]): Value[] {
  const sorted = values.filter((value) => value !== null).sort(compareIndexed);
  return sorted.filter((value, index) => index === 0 || compareIndexed(value, sorted[index - 1] ?? null) !== 0);
}

/** The points alone, and for texts the last segment, which stands for all others. */
function pointSpans(points: number, others: boolean): Spans {
  const spans = Array.from({ length: points }, (_, index): [number, number] => [index * 2 + 1, index * 2 + 1]);
  return others ? [...spans, [points * 2, points * 2]] : spans;
}

function spanOf(interval: Interval, points: readonly Value[]): [number, number] {
  const low = interval.low === null ? 0 : segmentOf(interval.low, points) + (interval.lowIncluded ? 0 : 1);
  const high =
    interval.high === null ? points.length * 2 : segmentOf(interval.high, points) - (interval.highIncluded ? 0 : 1);
  return [low, high];
}

function segmentOf(value: Value, points: readonly Value[]): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIndexed(points[middle] ?? null, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low * 2 + 1;
}

export function hasSegment(spans: Spans, segment: number): boolean {
  return spans.some(([from, to]) => segment >= from && segment <= to);
}

export function intersection(left: Spans, right: Spans): Spans {
  const result: [number, number][] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [a, b] = left[i] ?? [0, -1];
    const [c, d] = right[j] ?? [0, -1];
    if (Math.max(a, c) <= Math.min(b, d)) result.push([Math.max(a, c), Math.min(b, d)]);
    if (b < d) i += 1;
    else j += 1;
  }
  return result;
}

export function sameSpans(left: Spans, right: Spans): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** A stretch of neighbouring segments as a unary test: `< 5`, `[5..8)`, `8`. */
export function stretchText(column: ColumnRegions, from: number, to: number): string {
  const { points } = column;
  const last = points.length * 2;
  if (column.others && to === last) return points.length === 0 ? '-' : `not(${points.map(literalText).join(', ')})`;
  if (from === 0 && to === last) return '-';
  const point = (segment: number): string => literalText(points[Math.floor(segment / 2)] ?? null);
  if (from === to && from % 2 === 1) return point(from);
  const low = from % 2 === 1 ? `[${point(from)}` : `(${point(from - 1)}`;
  const high = to % 2 === 1 ? `${point(to)}]` : `${point(to)})`;
  if (from === 0) return `${to % 2 === 1 ? '<=' : '<'} ${point(to)}`;
  if (to === last) return `${from % 2 === 1 ? '>=' : '>'} ${point(from % 2 === 1 ? from : from - 1)}`;
  return `${low}..${high}`;
}
