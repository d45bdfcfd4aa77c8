/** The SQL of desks, quotes, deals and revaluations. Amounts in minor units; rates are decimal text. */
import type { Queryable, Transaction } from '#kernel/database';
import type { RoundingRule } from '#kernel/money';

/** How a book trades. */
export interface Desk {
  readonly functionalCurrency: string;
  /** Whose rates count. */
  readonly rateSource: string;
  /** What customers pay on top of mid, or get less: decimal text, 1/10,000 of mid. */
  readonly spreadBasisPoints: string;
  /** How a customer's amount becomes whole minor units of its currency. */
  readonly rounding: RoundingRule;
  /** How long a quote stands. */
  readonly quoteSeconds: number;
  /** The oldest rate that is still good. */
  readonly maximumRateAgeDays: number;
  /** Currencies traded, by code; the functional currency is one of them. */
  readonly currencies: readonly string[];
}

export interface Quote {
  readonly id: string;
  readonly sellCurrency: string;
  readonly sellMinor: bigint;
  readonly buyCurrency: string;
  readonly buyMinor: bigint;
  /** The pair the rate is quoted in, and the side the bank is on: it buys the base at the bid. */
  readonly base: string;
  readonly quote: string;
  readonly side: 'bid' | 'ask';
  readonly mid: string;
  readonly rate: string;
  readonly spreadBasisPoints: string;
  readonly rateDate: string;
  /** In the functional currency, at mid. */
  readonly sellValueMinor: bigint;
  readonly buyValueMinor: bigint;
  readonly quotedAt: string;
  readonly expiresAt: string;
}

export interface Deal {
  readonly id: string;
  readonly quoteId: string;
  /** The customer's account that gives, and the one that gets. */
  readonly sellAccountId: string;
  readonly buyAccountId: string;
  readonly status: 'accepted' | 'refused';
  /** An outcome code of the ledger. */
  readonly code: string;
  readonly effectiveDate: string;
  /** Results in the functional currency: the spread of this deal, and what its two positions realised. */
  readonly spreadMinor: bigint;
  readonly sellRealisedMinor: bigint;
  readonly buyRealisedMinor: bigint;
  readonly firstSequence: bigint | null;
  readonly lastSequence: bigint | null;
  readonly recordedAt: string;
}

export interface Revaluation {
  readonly date: string;
  readonly currency: string;
  /** 1, 2, …: how often this date was revalued with another result. */
  readonly run: number;
  readonly quantityMinor: bigint;
  readonly costMinor: bigint;
  /** Null when nothing is held. */
  readonly rate: string | null;
  readonly rateDate: string | null;
  /** The position at the rate of the date. */
  readonly valueMinor: bigint;
  /** What was posted to the revaluation account: above zero a gain. */
  readonly changeMinor: bigint;
  readonly transferId: string | null;
  readonly recordedAt: string;
}

/** One deal or revaluation of a book at a time, until the end of the transaction. */
export async function lockDesk(tx: Transaction, bookId: number): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`exchange/${bookId}`]);
}

export async function findDesk(db: Queryable, bookId: number): Promise<Desk | undefined> {
  const { rows } = await db.query<Desk>(
    `select functional_currency as "functionalCurrency", rate_source as "rateSource",
       spread_basis_points as "spreadBasisPoints", rounding, quote_seconds as "quoteSeconds",
       maximum_rate_age_days as "maximumRateAgeDays",
       array(select c.currency from exchange.currency c where c.book_id = d.book_id order by 1) as currencies
     from exchange.desk d where book_id = $1`,
    [bookId],
  );
  return rows[0];
}

export async function saveDesk(tx: Transaction, bookId: number, desk: Desk, at: string): Promise<void> {
  await tx.query(
    `insert into exchange.desk (book_id, functional_currency, rate_source, spread_basis_points, rounding, quote_seconds,
       maximum_rate_age_days, configured_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (book_id) do update set rate_source = excluded.rate_source,
       spread_basis_points = excluded.spread_basis_points, rounding = excluded.rounding,
       quote_seconds = excluded.quote_seconds, maximum_rate_age_days = excluded.maximum_rate_age_days,
       configured_at = excluded.configured_at`,
    [
      bookId,
      desk.functionalCurrency,
      desk.rateSource,
      desk.spreadBasisPoints,
      desk.rounding,
      desk.quoteSeconds,
      desk.maximumRateAgeDays,
      at,
    ],
  );
  await tx.query(
    `insert into exchange.currency (book_id, currency, opened_at)
     select $1, u.currency, $3 from unnest($2::text[]) as u (currency) on conflict do nothing`,
    [bookId, desk.currencies, at],
  );
}

export async function addQuote(tx: Transaction, bookId: number, quote: Quote): Promise<void> {
  await tx.query(
    `insert into exchange.quote (book_id, quote_id, sell_currency, sell_minor, buy_currency, buy_minor, base, quote, side,
       mid, rate, spread_basis_points, rate_date, sell_value_minor, buy_value_minor, quoted_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      bookId,
      quote.id,
      quote.sellCurrency,
      quote.sellMinor,
      quote.buyCurrency,
      quote.buyMinor,
      quote.base,
      quote.quote,
      quote.side,
      quote.mid,
      quote.rate,
      quote.spreadBasisPoints,
      quote.rateDate,
      quote.sellValueMinor,
      quote.buyValueMinor,
      quote.quotedAt,
      quote.expiresAt,
    ],
  );
}

export async function findQuote(db: Queryable, bookId: number, id: string): Promise<Quote | undefined> {
  const { rows } = await db.query<Quote>(
    `select quote_id as id, sell_currency as "sellCurrency", sell_minor as "sellMinor", buy_currency as "buyCurrency",
       buy_minor as "buyMinor", base, quote, side, mid, rate, spread_basis_points as "spreadBasisPoints",
       rate_date as "rateDate", sell_value_minor as "sellValueMinor", buy_value_minor as "buyValueMinor",
       quoted_at as "quotedAt", expires_at as "expiresAt"
     from exchange.quote where book_id = $1 and quote_id = $2`,
    [bookId, id],
  );
  return rows[0];
}

const dealSelect = `select deal_id as id, quote_id as "quoteId", sell_account_id as "sellAccountId",
    buy_account_id as "buyAccountId", status, code, effective_date as "effectiveDate", spread_minor as "spreadMinor",
    sell_realised_minor as "sellRealisedMinor", buy_realised_minor as "buyRealisedMinor",
    first_sequence as "firstSequence", last_sequence as "lastSequence", recorded_at as "recordedAt"
  from exchange.deal where book_id = $1`;

export async function findDeal(db: Queryable, bookId: number, id: string): Promise<Deal | undefined> {
  return (await db.query<Deal>(`${dealSelect} and deal_id = $2`, [bookId, id])).rows[0];
}

/** The accepted deal that took a quote. */
export async function dealOfQuote(db: Queryable, bookId: number, quoteId: string): Promise<Deal | undefined> {
  const { rows } = await db.query<Deal>(`${dealSelect} and quote_id = $2 and status = 'accepted'`, [bookId, quoteId]);
  return rows[0];
}

export async function addDeal(tx: Transaction, bookId: number, deal: Deal): Promise<void> {
  await tx.query(
    `insert into exchange.deal (book_id, deal_id, quote_id, sell_account_id, buy_account_id, status, code,
       effective_date, spread_minor, sell_realised_minor, buy_realised_minor, first_sequence, last_sequence, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      bookId,
      deal.id,
      deal.quoteId,
      deal.sellAccountId,
      deal.buyAccountId,
      deal.status,
      deal.code,
      deal.effectiveDate,
      deal.spreadMinor,
      deal.sellRealisedMinor,
      deal.buyRealisedMinor,
      deal.firstSequence,
      deal.lastSequence,
      deal.recordedAt,
    ],
  );
}

/** What deals realised up to a date, by the currency whose position realised it; the spread under ''. */
export async function realisedThrough(db: Queryable, bookId: number, date: string): Promise<Map<string, bigint>> {
  const { rows } = await db.query<{ currency: string; realised: string }>(
    `select r.currency, sum(r.minor)::numeric as realised
     from exchange.deal d
     join exchange.quote q on q.book_id = d.book_id and q.quote_id = d.quote_id
     cross join lateral (values ('', d.spread_minor), (q.sell_currency, d.sell_realised_minor),
       (q.buy_currency, d.buy_realised_minor)) as r (currency, minor)
     where d.book_id = $1 and d.status = 'accepted' and d.effective_date <= $2
     group by r.currency`,
    [bookId, date],
  );
  return new Map(rows.map(({ currency, realised }) => [currency, BigInt(realised)]));
}

/** The latest date a book was revalued at. */
export async function lastRevaluation(db: Queryable, bookId: number): Promise<string | undefined> {
  const { rows } = await db.query<{ date: string }>(
    `select revaluation_date as date from exchange.revaluation where book_id = $1
     order by revaluation_date desc limit 1`,
    [bookId],
  );
  return rows[0]?.date;
}

/** The runs of one date, by currency. */
export async function runsOf(db: Queryable, bookId: number, date: string): Promise<Map<string, number>> {
  const { rows } = await db.query<{ currency: string; run: number }>(
    `select currency, max(run) as run from exchange.revaluation where book_id = $1 and revaluation_date = $2 group by 1`,
    [bookId, date],
  );
  return new Map(rows.map(({ currency, run }) => [currency, run]));
}

export async function addRevaluation(tx: Transaction, bookId: number, entry: Revaluation): Promise<void> {
  await tx.query(
    `insert into exchange.revaluation (book_id, revaluation_date, currency, run, quantity_minor, cost_minor, rate,
       rate_date, value_minor, change_minor, transfer_id, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      bookId,
      entry.date,
      entry.currency,
      entry.run,
      entry.quantityMinor,
      entry.costMinor,
      entry.rate,
      entry.rateDate,
      entry.valueMinor,
      entry.changeMinor,
      entry.transferId,
      entry.recordedAt,
    ],
  );
}
