/** Rates: the only SQL of the table `exchange.rate`, and the way from one currency to another on a date. */
import type { Queryable, Transaction } from '#kernel/database';
import { daysBetween, parseDate } from '#kernel/dates';
import { isCurrency } from '#kernel/money';
import { withdrawnCurrencies } from './countries.ts';
import { exchangeError } from './errors.ts';
import { inverse, isRate, ONE, type Ratio, ratio, times } from './model.ts';

/** One unit of `base` is `mid` units of `quote`. Rates are decimal text. */
export interface Rate {
  /** Who says so, such as `pboc`: small letters, digits, `_`, `.` and `-`. */
  readonly source: string;
  readonly base: string;
  readonly quote: string;
  /** The date it is for. */
  readonly date: string;
  /** RFC 3339; null: it is for the whole day. */
  readonly quotedAt: string | null;
  readonly mid: string;
  readonly bid: string | null;
  readonly ask: string | null;
}

/** The currency every other one has a way to. */
export const PIVOT = 'USD';

const rateColumns = `source, base, quote, rate_date as date, quoted_at as "quotedAt", mid, bid, ask`;

/** What is wrong with a rate, or undefined. */
export function faultOf(rate: Rate): string | undefined {
  for (const currency of [rate.base, rate.quote]) {
    if (!isCurrency(currency) && !withdrawnCurrencies.has(currency)) return `'${currency}' is no known currency`;
  }
  if (rate.base === rate.quote) return 'base and quote are the same';
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(rate.source)) return `'${rate.source}' is no name of a source`;
  for (const text of [rate.mid, rate.bid, rate.ask]) {
    if (text !== null && !isRate(text)) return `'${text.slice(0, 40)}' is no rate above zero`;
  }
  const { bid, ask } = rate;
  if (bid !== null && ask !== null && compare(ratio(bid), ratio(ask)) > 0) return 'the bid is above the ask';
  return undefined;
}

function compare(left: Ratio, right: Ratio): number {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

/**
 * Adds rates. The same rate again changes nothing.
 * @returns how many are new
 * @throws rate_invalid, rate_differs (nothing is kept if the transaction is given up)
 */
export async function addRates(tx: Transaction, rates: readonly Rate[], recordedAt: string): Promise<number> {
  for (const rate of rates) {
    const fault = faultOf(rate);
    if (fault !== undefined) throw exchangeError('rate_invalid', `${rate.base}/${rate.quote} ${rate.date}: ${fault}`);
  }
  let added = 0;
  for (let at = 0; at < rates.length; at += ROWS_AT_ONCE) {
    added += await addSome(tx, rates.slice(at, at + ROWS_AT_ONCE), recordedAt);
  }
  return added;
}

const ROWS_AT_ONCE = 5_000;

async function addSome(tx: Transaction, rates: readonly Rate[], recordedAt: string): Promise<number> {
  const given = `unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::timestamptz[], $6::numeric[], $7::numeric[],
    $8::numeric[]) as given (source, base, quote, rate_date, quoted_at, mid, bid, ask)`;
  const values = [
    rates.map((rate) => rate.source),
    rates.map((rate) => rate.base),
    rates.map((rate) => rate.quote),
    rates.map((rate) => rate.date),
    rates.map((rate) => rate.quotedAt),
    rates.map((rate) => rate.mid),
    rates.map((rate) => rate.bid),
    rates.map((rate) => rate.ask),
  ];
  const { rowCount } = await tx.query(
    `insert into exchange.rate (source, base, quote, rate_date, quoted_at, mid, bid, ask, recorded_at)
     select given.*, $9::timestamptz from ${given} on conflict do nothing`,
    [...values, recordedAt],
  );
  if (rowCount === rates.length) return rowCount;
  const { rows } = await tx.query<Rate>(
    `select ${rateColumns.replaceAll(/(^|, )(?=[a-z])/g, '$1given.')} from ${given}
     join exchange.rate stored using (source, base, quote, rate_date)
     where stored.quoted_at is not distinct from given.quoted_at
       and (stored.mid, stored.bid, stored.ask) is distinct from (given.mid, given.bid, given.ask)
     order by given.rate_date limit 1`,
    values,
  );
  const [first] = rows;
  if (first === undefined) return rowCount;
  throw exchangeError(
    'rate_differs',
    `${first.source} has another rate of ${first.base}/${first.quote} for ${first.quotedAt ?? first.date} already`,
    { source: first.source, base: first.base, quote: first.quote, date: first.date },
  );
}

/** Rates of a source, the latest first. */
export async function listRates(
  db: Queryable,
  filter: {
    source?: string | undefined;
    base?: string | undefined;
    quote?: string | undefined;
    through?: string | undefined;
    limit: number;
  },
): Promise<Rate[]> {
  const { rows } = await db.query<Rate>(
    `select ${rateColumns} from exchange.rate
     where ($1::text is null or source = $1) and ($2::text is null or base = $2) and ($3::text is null or quote = $3)
       and ($4::date is null or rate_date <= $4)
     order by rate_date desc, quoted_at desc nulls last, source, base, quote limit $5`,
    [filter.source ?? null, filter.base ?? null, filter.quote ?? null, filter.through ?? null, filter.limit],
  );
  return rows;
}

export interface RateQuestion {
  readonly source: string;
  readonly date: string;
  /** Rates with an instant count up to this one (RFC 3339); without it all of the date. */
  readonly at?: string | undefined;
  /** The oldest rate that is still good, in days before `date`. */
  readonly maximumAgeDays: number;
  /** Only rates that were there by this instant (RFC 3339); without it all. */
  readonly recordedAt?: string | undefined;
  /** A currency to go across when there is no way across the US dollar. */
  readonly across?: string | undefined;
}

/** The way from one currency to another. */
export interface FoundRate {
  /** Units of `to` for one of `from`; exact. */
  readonly mid: Ratio;
  /** What the source itself pays for and asks for one of `from`; mid where it does not say. */
  readonly bid: Ratio;
  readonly ask: Ratio;
  /** The date of the oldest rate on the way. */
  readonly date: string;
  readonly way: 'same' | 'direct' | 'inverse' | 'cross';
}

/**
 * The latest rate on or before a date: of the pair itself, whichever way round it is quoted, else across the US dollar,
 * else across the currency the question names. Errors: `rate_not_found`, `rate_too_old`.
 */
export async function rateOn(db: Queryable, from: string, to: string, question: RateQuestion): Promise<FoundRate> {
  const found = await rateIfAny(db, from, to, question);
  const pair = `${from}/${to}`;
  if (found === undefined) {
    throw exchangeError('rate_not_found', `${question.source} has no rate of ${pair} up to ${question.date}`, { pair });
  }
  const age_days = daysBetween(parseDate(found.date), parseDate(question.date));
  if (age_days > question.maximumAgeDays) {
    const detail = `The latest rate of ${pair} from ${question.source} is of ${found.date}, ${age_days} days old`;
    throw exchangeError('rate_too_old', detail, { pair, date: found.date });
  }
  return found;
}

/** The same without regard to its age; undefined when there is none. */
export async function rateIfAny(
  db: Queryable,
  from: string,
  to: string,
  question: RateQuestion,
): Promise<FoundRate | undefined> {
  if (from === to) return { mid: ONE, bid: ONE, ask: ONE, date: question.date, way: 'same' };
  return (await near(db, from, to, question)) ?? (await far(db, from, to, question));
}

type Way = (db: Queryable, from: string, to: string, question: RateQuestion) => Promise<FoundRate | undefined>;

const near: Way = async (db, from, to, question) =>
  (await either(db, from, to, question)) ?? (await across(PIVOT, either, db, from, to, question));

const far: Way = async (db, from, to, question) =>
  question.across === undefined ? undefined : across(question.across, near, db, from, to, question);

async function across(
  pivot: string,
  way: Way,
  ...[db, from, to, question]: Parameters<Way>
): Promise<FoundRate | undefined> {
  if (from === pivot || to === pivot) return undefined;
  const [one, other] = [await way(db, from, pivot, question), await way(db, pivot, to, question)];
  if (one === undefined || other === undefined) return undefined;
  return {
    mid: times(one.mid, other.mid),
    bid: times(one.bid, other.bid),
    ask: times(one.ask, other.ask),
    date: one.date < other.date ? one.date : other.date,
    way: 'cross',
  };
}

async function either(db: Queryable, from: string, to: string, question: RateQuestion): Promise<FoundRate | undefined> {
  const { rows } = await db.query<Rate>(
    `select ${rateColumns} from exchange.rate
     where source = $1 and ((base = $2 and quote = $3) or (base = $3 and quote = $2))
       and rate_date <= $4 and (quoted_at is null or $5::timestamptz is null or quoted_at <= $5)
       and ($6::timestamptz is null or recorded_at <= $6)
     order by rate_date desc, quoted_at desc nulls last, base = $2 desc limit 1`,
    [question.source, from, to, question.date, question.at ?? null, question.recordedAt ?? null],
  );
  const [rate] = rows;
  if (rate === undefined) return undefined;
  const [mid, bid, ask] = [ratio(rate.mid), ratio(rate.bid ?? rate.mid), ratio(rate.ask ?? rate.mid)];
  return rate.base === from
    ? { mid, bid, ask, date: rate.date, way: 'direct' }
    : { mid: inverse(mid), bid: inverse(ask), ask: inverse(bid), date: rate.date, way: 'inverse' };
}
