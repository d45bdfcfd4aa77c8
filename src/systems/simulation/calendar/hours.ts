/** When within a day things happen. */
import { hourTables } from '../data/tables.ts';
import type { Draws } from '../random.ts';

export type HourCurve = keyof typeof hourTables;

const SLOTS = 4096;
const MINUTES = 1440;

/** For each curve and kind of day a table from an even number to a minute; a look-up is all that a draw costs. */
const tables = new Map<HourCurve, { working: Uint16Array; off: Uint16Array }>();
for (const name of Object.keys(hourTables) as HourCurve[]) {
  const { working_day: working, day_off: off } = hourTables[name];
  tables.set(name, { working: quantiles(working), off: quantiles(off) });
}

function quantiles(weights: readonly number[]): Uint16Array {
  // Between two hours the weight goes over evenly, else every full hour would have a step.
  const perMinute = Float64Array.from({ length: MINUTES }, (_, minute) => {
    const [hour, within] = [Math.floor(minute / 60), (minute % 60) / 60];
    const here = weights[hour] ?? 0;
    const next = weights[(hour + 1) % 24] ?? 0;
    return here === 0 ? 0 : here + (next === 0 ? 0 : (next - here) * within);
  });
  const total = perMinute.reduce((left, right) => left + right, 0);
  const table = new Uint16Array(SLOTS);
  let minute = 0;
  let sum = perMinute[0] ?? 0;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    while (minute < MINUTES - 1 && sum / total <= (slot + 0.5) / SLOTS) {
      minute += 1;
      sum += perMinute[minute] ?? 0;
    }
    table[slot] = minute;
  }
  return table;
}

/** A second of the day, 0 to 86,399. */
export function secondOf(draws: Draws, curve: HourCurve, isBusinessDay: boolean): number {
  const table = tables.get(curve);
  const minutes = isBusinessDay ? table?.working : table?.off;
  const word = draws.word();
  return (minutes?.[word & (SLOTS - 1)] ?? 0) * 60 + ((word >>> 12) % 60);
}
