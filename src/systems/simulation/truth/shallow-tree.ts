/**
 * A small decision tree, to see whether a few questions about raw columns can tell one class from the other: greedy
 * splits by Gini impurity (CART, Breiman et al., 1984) on weighted rows, numbers at quantiles and words one by one.
 */

/** One column: numbers, or words as numbers with no order between them. */
export interface Column {
  readonly name: string;
  readonly values: Float64Array;
  readonly isWords: boolean;
}

/** Rows to learn from or to judge: columns of equal length, the class of each row (0 or 1), and its weight. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly labels: Uint8Array;
  readonly weights: Float64Array;
}

interface Split {
  readonly column: number;
  readonly at: number;
  readonly yes: Node;
  readonly no: Node;
}
type Node = Split | { readonly score: number };

const THRESHOLDS = 32;
const LEAST_ROWS = 20;

/** Learns a tree of at most `depth` questions from the rows named by `which`, looking only at `columns`. */
export function learn(rows: Rows, which: Uint32Array, columns: readonly number[], depth: number): Node {
  const [negative, positive] = weigh(rows, which);
  const leaf = { score: positive / (positive + negative || 1) };
  if (depth === 0 || which.length < LEAST_ROWS * 2) return leaf;
  let best: { gain: number; column: number; at: number } | undefined;
  const before = impurity(negative, positive);
  for (const column of columns) {
    for (const at of candidates(rows.columns[column], which)) {
      const { yes, no, count } = sums(rows, which, column, at);
      if (count < LEAST_ROWS || which.length - count < LEAST_ROWS) continue;
      const gain = before - impurity(...yes) - impurity(...no);
      if (best === undefined || gain > best.gain) best = { gain, column, at };
    }
  }
  if (best === undefined || best.gain <= 0) return leaf;
  const { column, at } = best;
  const holds = which.filter((row) => goesYes(rows.columns[column], row, at));
  const others = which.filter((row) => !goesYes(rows.columns[column], row, at));
  return { column, at, yes: learn(rows, holds, columns, depth - 1), no: learn(rows, others, columns, depth - 1) };
}

/** The score a tree gives a row: the share of class 1 where the row ends. */
export function scoreOf(node: Node, rows: Rows, row: number): number {
  let at = node;
  while ('column' in at) at = goesYes(rows.columns[at.column], row, at.at) ? at.yes : at.no;
  return at.score;
}

/** Weighted area under the ROC curve of `scores`; ties count half. */
export function areaUnderCurve(scores: Float64Array, labels: Uint8Array, weights: Float64Array): number {
  const order = Uint32Array.from(scores.keys()).sort((left, right) => (scores[left] ?? 0) - (scores[right] ?? 0));
  let [negative, positive, area] = [0, 0, 0];
  for (let from = 0; from < order.length; ) {
    let end = from;
    let [tiedNegative, tiedPositive] = [0, 0];
    while (end < order.length && scores[order[end] ?? 0] === scores[order[from] ?? 0]) {
      const row = order[end] ?? 0;
      if (labels[row] === 1) tiedPositive += weights[row] ?? 0;
      else tiedNegative += weights[row] ?? 0;
      end += 1;
    }
    area += tiedPositive * (negative + tiedNegative / 2);
    negative += tiedNegative;
    positive += tiedPositive;
    from = end;
  }
  return negative * positive === 0 ? 0.5 : area / (negative * positive);
}

/** Learns on the even rows and judges the odd ones: the area under the curve of a tree that sees only `columns`. */
export function heldOutArea(rows: Rows, columns: readonly number[], depth: number): number {
  const all = Uint32Array.from(rows.labels.keys());
  const tree = learn(
    rows,
    all.filter((row) => row % 2 === 0),
    columns,
    depth,
  );
  const judged = all.filter((row) => row % 2 === 1);
  return areaUnderCurve(
    Float64Array.from(judged, (row) => scoreOf(tree, rows, row)),
    Uint8Array.from(judged, (row) => rows.labels[row] ?? 0),
    Float64Array.from(judged, (row) => rows.weights[row] ?? 0),
  );
}

function goesYes(column: Column | undefined, row: number, at: number): boolean {
  const value = column?.values[row] ?? 0;
  return column?.isWords ? value === at : value <= at;
}

function candidates(column: Column | undefined, which: Uint32Array): number[] {
  if (column === undefined) return [];
  const values = Float64Array.from(which, (row) => column.values[row] ?? 0);
  if (column.isWords) return [...new Set(values)].slice(0, 200);
  values.sort();
  const found = new Set<number>();
  for (let step = 1; step < THRESHOLDS; step += 1)
    found.add(values[Math.floor((step * values.length) / THRESHOLDS)] ?? 0);
  return [...found];
}

function weigh({ labels, weights }: Rows, which: Uint32Array): [number, number] {
  const total: [number, number] = [0, 0];
  for (const row of which) total[labels[row] === 1 ? 1 : 0] += weights[row] ?? 0;
  return total;
}

function sums(rows: Rows, which: Uint32Array, column: number, at: number) {
  const yes: [number, number] = [0, 0];
  const no: [number, number] = [0, 0];
  let count = 0;
  for (const row of which) {
    const side = goesYes(rows.columns[column], row, at);
    if (side) count += 1;
    (side ? yes : no)[rows.labels[row] === 1 ? 1 : 0] += rows.weights[row] ?? 0;
  }
  return { yes, no, count };
}

/** Gini impurity times the weight. */
function impurity(negative: number, positive: number): number {
  const total = negative + positive;
  return total === 0 ? 0 : (2 * negative * positive) / total;
}
