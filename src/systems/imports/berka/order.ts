/**
 * Finds the order of the transactions within one account-day. A bank file states, beside each transaction, the balance
 * after it, but not the order within a day. An order fits when every row starts from the balance the row before it
 * ended with. Where no order fits exactly, the bank rounded: a row may then state a balance that differs from ours by at
 * most a tolerance, and that difference is posted openly.
 *
 * This is a search over all orders, not a guess: rows that look alike are grouped, and the states (what is left, balance
 * reached) are explored layer by layer with the cheapest way to each kept. Several closing balances may remain possible;
 * the days that follow decide between them.
 */
import { invariant } from '#kernel/errors';
import { exactTrail, roundedTrail } from './trail.ts';

/** One transaction of a day: what it adds to the balance (negative: takes away) and the balance stated after it. */
export interface DayRow {
  readonly signedMinor: bigint;
  readonly balanceMinor: bigint;
}

/** One transaction in its place: the index into the day's rows, and stated balance minus computed balance after it. */
export interface PlacedRow {
  readonly index: number;
  readonly differenceMinor: bigint;
}

/** `exact`: every row fits; `rounding`: every row fits within the tolerance, at least one not exactly; `unexplained`: neither. */
export type Closing = 'exact' | 'rounding' | 'unexplained';

export interface OrderedDay {
  readonly closing: Closing;
  readonly closingMinor: bigint;
  readonly rows: readonly PlacedRow[];
}

export interface OrderOptions {
  /** The largest difference of one row that counts as rounding. */
  readonly toleranceMinor: bigint;
  /** States explored per day before the search falls back to trails; see {@link orderAccount}. */
  readonly stateLimit?: number;
}

interface Cost {
  readonly unexplained: number;
  readonly rounded: number;
  readonly roundingMinor: bigint;
}

interface Candidate {
  readonly cost: Cost;
  readonly closingMinor: bigint;
  readonly rows: readonly PlacedRow[];
}

interface State {
  readonly cost: Cost;
  readonly balanceMinor: bigint;
  readonly left: readonly number[];
  readonly from: State | null;
  readonly group: number;
  readonly differenceMinor: bigint;
}

interface Chain {
  readonly cost: Cost;
  readonly closingMinor: bigint;
  readonly day: Candidate | null;
  readonly before: Chain | null;
}

const FREE: Cost = { unexplained: 0, rounded: 0, roundingMinor: 0n };
const DEFAULT_STATE_LIMIT = 20_000;

/**
 * Orders all days of one account, from an opening balance of zero, so that as few rows as possible need a difference
 * over the whole account.
 *
 * A day whose search exceeds `stateLimit` states (dozens of rows that go back and forth through one balance) is solved
 * by Eulerian trails instead: exactly, or with at most two rounded rows. A day with no order within the tolerance is
 * `unexplained`: its rows keep the longest chains that fit, and the differences say where it breaks.
 *
 * The answer depends only on the rows and their order in the arrays: sort them by a stable key first.
 */
export function orderAccount(days: readonly (readonly DayRow[])[], options: OrderOptions): OrderedDay[] {
  let frontier: Chain[] = [{ cost: FREE, closingMinor: 0n, day: null, before: null }];
  for (const rows of days) {
    invariant(rows.length > 0, 'account_day_has_rows');
    frontier = advance(frontier, rows, options, false) ?? advance(frontier, rows, options, true) ?? [];
  }
  let chain: Chain | null = null;
  for (const candidate of frontier) if (chain === null || cheaper(candidate.cost, chain.cost)) chain = candidate;
  const ordered: OrderedDay[] = [];
  for (; chain !== null && chain.day !== null; chain = chain.before) ordered.push(orderedDay(chain.day));
  invariant(ordered.length === days.length, 'every_account_day_is_ordered');
  return ordered.reverse();
}

/** Every closing balance reachable in one day from any of the balances before it, each by its cheapest way; null: none. */
function advance(
  frontier: readonly Chain[],
  rows: readonly DayRow[],
  options: OrderOptions,
  unexplained: boolean,
): Chain[] | null {
  const reached = new Map<bigint, Chain>();
  for (const before of frontier) {
    for (const day of closings(before.closingMinor, rows, options, unexplained)) {
      const cost = plus(before.cost, day.cost);
      const known = reached.get(day.closingMinor);
      if (known !== undefined && !cheaper(cost, known.cost)) continue;
      reached.set(day.closingMinor, { cost, closingMinor: day.closingMinor, day, before });
    }
  }
  return reached.size === 0 ? null : [...reached.values()];
}

function closings(
  openingMinor: bigint,
  rows: readonly DayRow[],
  options: OrderOptions,
  unexplained: boolean,
): Candidate[] {
  const [only] = rows;
  if (rows.length === 1 && only !== undefined) {
    const differenceMinor = only.balanceMinor - only.signedMinor - openingMinor;
    const cost = costOf(differenceMinor, options.toleranceMinor);
    if (cost.unexplained > 0 && !unexplained) return [];
    return [{ cost, closingMinor: only.balanceMinor, rows: [{ index: 0, differenceMinor }] }];
  }
  const found = search(openingMinor, rows, options, unexplained);
  if (found !== null) return found;
  const trail = unexplained
    ? rows.map((_, index) => index)
    : (exactTrail(openingMinor, rows) ?? roundedTrail(openingMinor, rows, options.toleranceMinor));
  return trail === null ? [] : [placed(openingMinor, rows, trail, options.toleranceMinor)];
}

/** Layer n holds every state with n rows placed. Null when there are more states than the limit allows. */
function search(
  openingMinor: bigint,
  rows: readonly DayRow[],
  options: OrderOptions,
  unexplained: boolean,
): Candidate[] | null {
  const groups = groupAlike(rows);
  const first = groups.map((group) => group.indexes.length);
  let layer: State[] = [
    { cost: FREE, balanceMinor: openingMinor, left: first, from: null, group: -1, differenceMinor: 0n },
  ];
  let states = 0;
  for (let depth = 0; depth < rows.length; depth += 1) {
    const next = new Map<string, State>();
    for (const state of layer) {
      for (const reached of following(state, groups, options.toleranceMinor, unexplained)) {
        const key = `${reached.balanceMinor}|${reached.left.join()}`;
        const known = next.get(key);
        if (known === undefined || cheaper(reached.cost, known.cost)) next.set(key, reached);
      }
    }
    states += next.size;
    if (states > (options.stateLimit ?? DEFAULT_STATE_LIMIT)) return null;
    layer = [...next.values()];
  }
  return layer.map((state) => ({
    cost: state.cost,
    closingMinor: state.balanceMinor,
    rows: rowsOnTheWayTo(state, groups),
  }));
}

interface Group {
  readonly beforeMinor: bigint;
  readonly afterMinor: bigint;
  readonly indexes: readonly number[];
}

/** Rows with the same balance before and after are interchangeable: only how many are left matters. */
function groupAlike(rows: readonly DayRow[]): Group[] {
  const groups = new Map<string, Group & { indexes: number[] }>();
  for (const [index, row] of rows.entries()) {
    const beforeMinor = row.balanceMinor - row.signedMinor;
    const key = `${beforeMinor}|${row.balanceMinor}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { beforeMinor, afterMinor: row.balanceMinor, indexes: [index] });
    else group.indexes.push(index);
  }
  return [...groups.values()];
}

function following(
  state: State,
  groups: readonly Group[],
  toleranceMinor: bigint,
  unexplained: boolean,
): readonly State[] {
  const fitting: State[] = [];
  const broken: State[] = [];
  for (const [number, group] of groups.entries()) {
    const left = state.left[number] ?? 0;
    if (left === 0) continue;
    const differenceMinor = group.beforeMinor - state.balanceMinor;
    const step = costOf(differenceMinor, toleranceMinor);
    (step.unexplained > 0 ? broken : fitting).push({
      cost: plus(state.cost, step),
      balanceMinor: group.afterMinor,
      left: state.left.with(number, left - 1),
      from: state,
      group: number,
      differenceMinor,
    });
  }
  // On an unexplained day the chain is broken only where nothing fits, which keeps that search small.
  return unexplained && fitting.length === 0 ? broken : fitting;
}

function rowsOnTheWayTo(last: State, groups: readonly Group[]): PlacedRow[] {
  const rows: PlacedRow[] = [];
  for (let state: State | null = last; state !== null && state.from !== null; state = state.from) {
    const index = groups[state.group]?.indexes[state.left[state.group] ?? 0];
    invariant(index !== undefined, 'placed_row_exists');
    rows.push({ index, differenceMinor: state.differenceMinor });
  }
  return rows.reverse();
}

function placed(
  openingMinor: bigint,
  rows: readonly DayRow[],
  trail: readonly number[],
  toleranceMinor: bigint,
): Candidate {
  let balanceMinor = openingMinor;
  let cost = FREE;
  const result: PlacedRow[] = [];
  for (const index of trail) {
    const row = rows[index];
    invariant(row !== undefined, 'trail_row_exists');
    const differenceMinor = row.balanceMinor - row.signedMinor - balanceMinor;
    cost = plus(cost, costOf(differenceMinor, toleranceMinor));
    balanceMinor = row.balanceMinor;
    result.push({ index, differenceMinor });
  }
  return { cost, closingMinor: balanceMinor, rows: result };
}

function orderedDay(day: Candidate): OrderedDay {
  const closing = day.cost.unexplained > 0 ? 'unexplained' : day.cost.rounded > 0 ? 'rounding' : 'exact';
  return { closing, closingMinor: day.closingMinor, rows: day.rows };
}

function costOf(differenceMinor: bigint, toleranceMinor: bigint): Cost {
  if (differenceMinor === 0n) return FREE;
  const size = differenceMinor < 0n ? -differenceMinor : differenceMinor;
  if (size > toleranceMinor) return { unexplained: 1, rounded: 0, roundingMinor: 0n };
  return { unexplained: 0, rounded: 1, roundingMinor: size };
}

function plus(left: Cost, right: Cost): Cost {
  if (right === FREE) return left;
  return {
    unexplained: left.unexplained + right.unexplained,
    rounded: left.rounded + right.rounded,
    roundingMinor: left.roundingMinor + right.roundingMinor,
  };
}

function cheaper(left: Cost, right: Cost): boolean {
  if (left.unexplained !== right.unexplained) return left.unexplained < right.unexplained;
  if (left.rounded !== right.rounded) return left.rounded < right.rounded;
  return left.roundingMinor < right.roundingMinor;
}
