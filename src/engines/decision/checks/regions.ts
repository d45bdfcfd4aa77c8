/** The cells of a decision table cut into elementary segments, in which gaps and overlaps can be counted. */
import type { TableNode } from '../feel/ast.ts';
import { literalText } from '../feel/text.ts';
import { underlying } from '../feel/types.ts';
import type { Value } from '../feel/values.ts';
import { analyzeCell, type Cell, compareIndexed, type IndexedKind, type Interval } from '../tables/constant-cells.ts';

/**
 * One input column. Segment 2i is the open stretch before point i, 2i + 1 the point itself; `relevant` tells which
 * segments the input can take at all; `covers` which ones each rule's cell accepts.
 */
export interface ColumnRegions {
  readonly text: string;
  readonly kind: IndexedKind;
  readonly points: readonly Value[];
  readonly relevant: readonly boolean[];
  readonly covers: readonly (readonly boolean[])[];
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
  const allowedCell = input.allowed === null ? null : analyzeCell(input.allowed);
  const allowed = allowedCell?.form === 'intervals' ? allowedCell.intervals : null;
  const intervals = cells.flatMap((cell) => (cell.form === 'intervals' ? cell.intervals : []));
  const kinds = new Set([...intervals, ...(allowed ?? [])].map((interval) => interval.kind));
  const declared = input.type === null ? null : underlying(input.type).kind;
  const kind = [...kinds][0] ?? (declared === 'string' || declared === 'boolean' || declared === 'date' ? declared : 'number');
  if (kinds.size > 1) return null;
  const ends = [...intervals, ...(allowed ?? [])].flatMap((interval) => [interval.low, interval.high]);
  const points = distinct(kind === 'boolean' ? [false, true] : ends);
  const segments = points.length * 2 + 1;
  const within = (list: readonly Interval[]): boolean[] => {
    const covered = new Array<boolean>(segments).fill(false);
    for (const interval of list) fill(covered, interval, points);
    return covered;
  };
  const relevant = allowed === null ? new Array<boolean>(segments).fill(true) : within(allowed);
  if (kind === 'boolean') for (let segment = 0; segment < segments; segment += 2) relevant[segment] = false;
  const everything = new Array<boolean>(segments).fill(true);
  return {
    text: input.text,
    kind,
    points,
    relevant,
    covers: cells.map((cell) => (cell.form === 'intervals' ? within(cell.intervals) : everything)),
  };
}

function distinct(values: readonly Value[]): Value[] {
  const sorted = values.filter((value) => value !== null).sort(compareIndexed);
  return sorted.filter((value, index) => index === 0 || compareIndexed(value, sorted[index - 1] ?? null) !== 0);
}

function fill(covered: boolean[], interval: Interval, points: readonly Value[]): void {
  const at = (value: Value): number => points.findIndex((point) => compareIndexed(point, value) === 0) * 2 + 1;
  const low = interval.low === null ? 0 : at(interval.low) + (interval.lowIncluded ? 0 : 1);
  const high = interval.high === null ? covered.length - 1 : at(interval.high) - (interval.highIncluded ? 0 : 1);
  for (let segment = low; segment <= high; segment += 1) covered[segment] = true;
}

/** A stretch of neighbouring segments as a unary test: `< 5`, `[5..8)`, `8`. */
export function stretchText(column: ColumnRegions, from: number, to: number): string {
  const { points } = column;
  const last = points.length * 2;
  if (from === 0 && to === last) return '-';
  const point = (segment: number): string => literalText(points[Math.floor(segment / 2)] ?? null);
  if (from === to && from % 2 === 1) return point(from);
  const low = from % 2 === 1 ? `[${point(from)}` : `(${point(from - 1)}`;
  const high = to % 2 === 1 ? `${point(to)}]` : `${point(to)})`;
  if (from === 0) return `${to % 2 === 1 ? '<=' : '<'} ${point(to)}`;
  if (to === last) return `${from % 2 === 1 ? '>=' : '>'} ${point(from % 2 === 1 ? from : from - 1)}`;
  return `${low}..${high}`;
}
