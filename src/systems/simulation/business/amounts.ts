/**
 * How large amounts are. Sizes are drawn as real numbers of yuan; from the moment one is an amount of money it is a
 * bigint of fen. Curves come from the Berka bank (quantiles over the median), with medians in yuan.
 */
import { amountTables } from '../data/tables.ts';
import type { Draws } from '../random.ts';

export type CurveName = keyof typeof amountTables.curves;

const { probabilities } = amountTables;
const STEPS = 2048;
const tables = new Map<CurveName, Float64Array>();
for (const name of Object.keys(amountTables.curves) as CurveName[])
  tables.set(name, tabulate(amountTables.curves[name]));

/** The quantile curve at evenly spaced probabilities, straight lines between logarithms. */
function tabulate(values: readonly number[]): Float64Array {
  let upper = 1;
  return Float64Array.from({ length: STEPS + 1 }, (_, step) => {
    const unit = step / STEPS;
    while (upper < probabilities.length - 1 && (probabilities[upper] ?? 1) < unit) upper += 1;
    const low = probabilities[upper - 1] ?? 0;
    const part = (unit - low) / ((probabilities[upper] ?? 1) - low);
    const from = Math.log(values[upper - 1] ?? 1);
    return Math.exp(from + part * (Math.log(values[upper] ?? 1) - from));
  });
}

/** A size by one of the measured curves, in yuan. */
export function curveYuan(draws: Draws, curve: CurveName, medianYuan: number): number {
  const table = tables.get(curve);
  const place = draws.unit() * STEPS;
  const step = Math.floor(place);
  const low = table?.[step] ?? 1;
  const high = table?.[step + 1] ?? low;
  return medianYuan * (low + (place - step) * (high - low));
}

/** A log-normal size with a Pareto tail for one draw in two hundred: few are very large. */
export function heavyYuan(draws: Draws, medianYuan: number, spread: number): number {
  const body = medianYuan * Math.exp(spread * draws.normal());
  if (!draws.chance(0.005)) return body;
  return Math.min(body * (1 - draws.unit()) ** -0.8, medianYuan * 400);
}

const FEN = 100;

/** Fen of `yuan`, rounded to a multiple of `step` yuan (0.01, 0.1, 1, 10, 100 …); at least one fen. */
export function fenOf(yuan: number, step: number): bigint {
  const units = Math.max(1, Math.round(yuan / step));
  return BigInt(Math.round(units * step * FEN));
}

/** As people choose amounts among themselves: the larger, the rounder; some to the fen. */
export function chosenFen(draws: Draws, yuan: number): bigint {
  const unit = draws.unit();
  if (unit < 0.12) return fenOf(yuan, 0.01);
  if (unit < 0.25) return fenOf(yuan, 1);
  if (yuan < 20) return fenOf(yuan, 1);
  if (yuan < 200) return fenOf(yuan, unit < 0.6 ? 10 : 5);
  if (yuan < 2_000) return fenOf(yuan, unit < 0.7 ? 100 : 50);
  if (yuan < 20_000) return fenOf(yuan, unit < 0.6 ? 500 : 100);
  return fenOf(yuan, unit < 0.6 ? 1_000 : 5_000);
}

/** As prices come out: to the fen or to ten fen. */
export function pricedFen(draws: Draws, yuan: number): bigint {
  const unit = draws.unit();
  return fenOf(
    yuan,
    yuan < 100 ? (unit < 0.45 ? 0.01 : unit < 0.75 ? 0.5 : 1) : unit < 0.5 ? 0.01 : unit < 0.8 ? 1 : 10,
  );
}

/** As companies pay invoices. */
export function invoicedFen(draws: Draws, yuan: number): bigint {
  return draws.chance(0.55) ? fenOf(yuan, 0.01) : fenOf(yuan, yuan > 5_000 ? 100 : 10);
}

const GRAINS = [1_000_000n, 100_000n, 10_000n, 1_000n, 100n, 10n];

/** `fen` made as round as `model` is, downwards; never nothing. */
export function asRoundAs(fen: bigint, model: bigint): bigint {
  for (const grain of GRAINS) {
    if (model % grain === 0n && fen >= grain) return fen - (fen % grain);
  }
  return fen;
}
