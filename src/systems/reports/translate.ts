/** Translating a report into one currency (外币报表折算). No I/O; rates come from outside. */
import { Decimal } from '#kernel/decimal';
import { currencyExponent } from '#kernel/money';
import type { RateKind } from './layout.ts';
import { type Cell, reportError, sideOf, TRANSLATION } from './model.ts';

/** What is asked of a rate source: units of `to` for one unit of `from`. */
export interface RateQuery {
  readonly from: string;
  readonly to: string;
  /** The first day of the report; of a balance sheet the first of the year. */
  readonly firstDate: string;
  /** The last day of the report. */
  readonly date: string;
  /** Null: as known now. */
  readonly recordedAt: string | null;
  readonly kind: RateKind;
}

/** Where rates come from; null when there is none. */
export type RateSource = (query: RateQuery) => Promise<Decimal | null>;

/** The currencies and kinds a translation of these cells needs, each once. */
export function ratesNeeded(
  cells: readonly Cell[],
  to: string,
  kindOf: (code: string) => RateKind,
): { from: string; kind: RateKind }[] {
  const needed = new Map<string, { from: string; kind: RateKind }>();
  for (const { currency, code } of cells) {
    if (currency === to) continue;
    const kind = kindOf(code);
    needed.set(`${currency} ${kind}`, { from: currency, kind });
  }
  return [...needed.values()];
}

/**
 * Each cell at the rate of its kind, rounded half-even to the minor unit. With `balanced`, what the cells of a unit then
 * no longer add up to stands in a cell of its own. Error: `report_rate_missing`.
 */
export function translate(
  cells: readonly Cell[],
  to: string,
  kindOf: (code: string) => RateKind,
  rateOf: (from: string, kind: RateKind) => Decimal | undefined,
  balanced: boolean,
): Cell[] {
  const differences = new Map<string, bigint>();
  const translated = cells.map((cell): Cell => {
    const { currency, net, unit } = cell;
    const rate = currency === to ? new Decimal(1) : rateOf(currency, kindOf(cell.code));
    if (rate === undefined) {
      throw reportError('report_rate_missing', `No ${kindOf(cell.code)} rate from ${currency} to ${to}`, {
        from: currency,
        to,
      });
    }
    const result = currency === to ? net : translateMinor(net, currency, to, rate);
    differences.set(unit, (differences.get(unit) ?? 0n) - result);
    return { ...cell, currency: to, net: result, original: { currency, net, rate: rate.toString() } };
  });
  if (!balanced) return translated;
  for (const [unit, net] of differences) {
    if (net === 0n) continue;
    translated.push({ unit, currency: to, code: TRANSLATION, net, side: sideOf(net), sources: [] });
  }
  return translated;
}

/** Minor units of one currency in minor units of another, rounded half-even. */
export function translateMinor(amountMinor: bigint, from: string, to: string, rate: Decimal): bigint {
  const shift = new Decimal(10).pow(currencyExponent(to) - currencyExponent(from));
  return BigInt(new Decimal(amountMinor.toString()).times(rate).times(shift).toFixed(0, Decimal.ROUND_HALF_EVEN));
}
