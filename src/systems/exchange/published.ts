/** A source's rates for whoever translates books: at the close of a day, and their mean over days. */
import type { Queryable } from '#kernel/database';
import { Decimal } from '#kernel/decimal';
import { exchangeError } from './errors.ts';
import type { Ratio } from './model.ts';
import { PIVOT, type RateQuestion, rateIfAny, rateOn } from './rates.ts';

/** Units of `to` for one of `from`, as a source has them; with an instant, as they were known then (RFC 3339). */
export interface PublishedPair {
  readonly source: string;
  readonly from: string;
  readonly to: string;
  readonly recordedAt?: string | undefined;
}

/** Over the longest holidays nothing is published for some days. */
const CLOSING_AGE_DAYS = 15;

/**
 * The latest mid rate on or before a date, at most 15 days old: of the pair, or across the US dollar.
 * @throws rate_not_found, rate_too_old
 */
export async function closingRate(db: Queryable, pair: PublishedPair, date: string): Promise<Decimal> {
  const { mid } = await rateOn(db, pair.from, pair.to, questionOf(pair, date, CLOSING_AGE_DAYS));
  return decimalOf(mid);
}

/**
 * The arithmetic mean of the closing mid rates of all days from `first` to `last` for which the source has a rate; days
 * without one, such as holidays, do not count.
 * @throws rate_not_found when there is no such day
 */
export async function meanRate(db: Queryable, pair: PublishedPair, first: string, last: string): Promise<Decimal> {
  const { source, from, to, recordedAt } = pair;
  const { rows } = await db.query<{ date: string }>(
    `select distinct rate_date as date from exchange.rate
     where source = $1 and rate_date between $2 and $3 and base = any ($4) and quote = any ($4)
       and ($5::timestamptz is null or recorded_at <= $5)
     order by 1`,
    [source, first, last, [from, to, PIVOT], recordedAt ?? null],
  );
  let [sum, days] = [new Decimal(0), 0];
  for (const { date } of rows) {
    // Of a cross rate one half may be of an earlier day: then it is none of this day.
    const found = await rateIfAny(db, from, to, questionOf(pair, date, Number.POSITIVE_INFINITY));
    if (found?.date !== date) continue;
    sum = sum.plus(decimalOf(found.mid));
    days += 1;
  }
  if (days > 0) return sum.div(days);
  throw exchangeError('rate_not_found', `${source} has no rate of ${from}/${to} from ${first} to ${last}`, {
    pair: `${from}/${to}`,
  });
}

function questionOf({ source, recordedAt }: PublishedPair, date: string, maximumAgeDays: number): RateQuestion {
  return { source, date, maximumAgeDays, recordedAt };
}

function decimalOf({ numerator, denominator }: Ratio): Decimal {
  return new Decimal(numerator.toString()).div(denominator.toString());
}
