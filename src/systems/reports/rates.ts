/** Rates that are given with a report, as texts, and those of a source that the exchange room keeps. */
import type { Queryable } from '#kernel/database';
import { decimal } from '#kernel/decimal';
import { isCurrency } from '#kernel/money';
import { closingRate, meanRate } from '#systems/exchange';
import type { RateKind } from './layout.ts';
import { reportError } from './model.ts';
import type { RateSource } from './translate.ts';

const form = /^([A-Z]{3})(?::(closing|average|historical))?=(.+)$/;

/**
 * Rates into the currency of the report, each `USD=7.1` (for whatever it is needed) or `USD:average=7.05`. Null without
 * any. Errors: `report_invalid`, `decimal_malformed`.
 */
export function fixedRates(texts: readonly string[]): RateSource | undefined {
  if (texts.length === 0) return undefined;
  const rates = new Map(
    texts.map((text) => {
      const [, from = '', kind, value = ''] = form.exec(text) ?? [];
      if (!isCurrency(from))
        throw reportError('report_invalid', `'${text}' is no rate; expected USD=7.1`, { rate: text });
      const rate = decimal(value);
      if (rate.lte(0)) throw reportError('report_invalid', `A rate is above zero: '${text}'`, { rate: text });
      return [rateKey(from, (kind as RateKind | undefined) ?? null), rate] as const;
    }),
  );
  return async ({ from, kind }) => rates.get(rateKey(from, kind)) ?? rates.get(rateKey(from, null)) ?? null;
}

function rateKey(from: string, kind: RateKind | null): string {
  return `${from} ${kind ?? 'any'}`;
}

/**
 * Rates of a source of the exchange room, such as `pboc`, as known at the report's instant: closing ones of the last day,
 * average ones as the mean of the days of the report (of a balance sheet: of its year). Historical rates are of no day of
 * the report, so they are given with it. Errors: `rate_not_found`, `rate_too_old`.
 */
export function publishedRates(db: Queryable, source: string): RateSource {
  return async ({ from, to, firstDate, date, recordedAt, kind }) => {
    const pair = { source, from, to, recordedAt: recordedAt ?? undefined };
    if (kind === 'historical') return null;
    return kind === 'average' ? meanRate(db, pair, firstDate, date) : closingRate(db, pair, date);
  };
}
