/**
 * Orders of a day as Eulerian trails: balances are the points of a graph and every transaction leads from the balance
 * before it to the balance after it, so an order in which all balances fit is a trail that uses every transaction once.
 * Hierholzer's algorithm finds it in linear time, however often the day passes through the same balance.
 */
import { invariant } from '#kernel/errors';

interface Step {
  readonly beforeMinor: bigint;
  readonly afterMinor: bigint;
  /** The row it stands for; null for a rounding step. */
  readonly index: number | null;
}

interface Row {
  readonly signedMinor: bigint;
  readonly balanceMinor: bigint;
}

/** The indexes of `rows` in an order in which every stated balance fits exactly, or null when there is none. */
export function exactTrail(openingMinor: bigint, rows: readonly Row[]): number[] | null {
  return indexesOf(eulerian(openingMinor, stepsOf(rows)));
}

/**
 * The same with one rounding step, or else two, of at most `toleranceMinor` each; a rounding step belongs to the row it
 * leads to, so no two stand together and none stands last. Null when there is no such trail.
 */
export function roundedTrail(openingMinor: bigint, rows: readonly Row[], toleranceMinor: bigint): number[] | null {
  const steps = stepsOf(rows);
  const roundings = roundingSteps(openingMinor, steps, toleranceMinor);
  for (const rounding of roundings) {
    const trail = indexesOf(eulerian(openingMinor, [...steps, rounding]));
    if (trail !== null) return trail;
  }
  for (const [number, first] of roundings.entries()) {
    for (const second of roundings.slice(number)) {
      const trail = indexesOf(eulerian(openingMinor, [...steps, first, second]));
      if (trail !== null) return trail;
    }
  }
  return null;
}

function stepsOf(rows: readonly Row[]): Step[] {
  return rows.map((row, index) => ({
    beforeMinor: row.balanceMinor - row.signedMinor,
    afterMinor: row.balanceMinor,
    index,
  }));
}

/** Every small step from a balance that can be reached to a balance that some row starts from. */
function roundingSteps(openingMinor: bigint, steps: readonly Step[], toleranceMinor: bigint): Step[] {
  const reached = new Set([openingMinor, ...steps.map((step) => step.afterMinor)]);
  const needed = new Set(steps.map((step) => step.beforeMinor));
  const roundings: Step[] = [];
  for (const beforeMinor of reached) {
    for (const afterMinor of needed) {
      const difference = afterMinor - beforeMinor;
      if (difference === 0n || difference > toleranceMinor || -difference > toleranceMinor) continue;
      roundings.push({ beforeMinor, afterMinor, index: null });
    }
  }
  return roundings;
}

/** Hierholzer: walk until stuck, and on the way back splice in the round trips that were left out. */
function eulerian(openingMinor: bigint, steps: readonly Step[]): Step[] | null {
  const leaving = new Map<bigint, Step[]>();
  for (const step of steps) {
    const from = leaving.get(step.beforeMinor);
    if (from === undefined) leaving.set(step.beforeMinor, [step]);
    else from.push(step);
  }
  const open: { balanceMinor: bigint; by: Step | null }[] = [{ balanceMinor: openingMinor, by: null }];
  const trail: Step[] = [];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const step = leaving.get(top.balanceMinor)?.pop();
    if (step !== undefined) {
      open.push({ balanceMinor: step.afterMinor, by: step });
      continue;
    }
    open.pop();
    if (top.by !== null) trail.push(top.by);
  }
  trail.reverse();
  if (trail.length !== steps.length) return null;
  // Steps that only meet out of place show that the degrees do not allow a trail from this opening balance.
  let balanceMinor = openingMinor;
  for (const step of trail) {
    if (step.beforeMinor !== balanceMinor) return null;
    balanceMinor = step.afterMinor;
  }
  return trail;
}

function indexesOf(trail: readonly Step[] | null): number[] | null {
  if (trail === null) return null;
  const indexes: number[] = [];
  for (const [place, step] of trail.entries()) {
    if (step.index !== null) {
      indexes.push(step.index);
      continue;
    }
    const next = trail[place + 1];
    if (next === undefined || next.index === null) return null;
  }
  invariant(indexes.length > 0, 'trail_has_rows');
  return indexes;
}
