/** Reading year ends. */
import type { Queryable } from '#kernel/database';
import { instantText, parseInstant } from '#kernel/dates';
import { type StoredTransfer, standingTransfers } from './store.ts';

/** One thing that was done about a year end. Instants are RFC 3339, UTC. */
export interface YearEndAction {
  readonly number: number;
  readonly year: number;
  readonly action: 'close' | 'undo';
  readonly actor: string;
  readonly reason: string | null;
  readonly recordedAt: string;
}

export interface YearEnd {
  readonly year: number;
  /** Whether transfers of it stand. */
  readonly made: boolean;
  readonly actions: readonly YearEndAction[];
  /** The transfers that stand, first to last. */
  readonly transfers: readonly StoredTransfer[];
}

/** What was done about the year end of a year. */
export async function readYearEnd(db: Queryable, bookId: number, year: number): Promise<YearEnd> {
  const { rows } = await db.query<YearEndAction>(
    `select number, year, action, actor, reason, recorded_at as "recordedAt" from general_ledger.year_end_action
     where book_id = $1 and year = $2 order by number`,
    [bookId, year],
  );
  const transfers = await standingTransfers(db, bookId, year);
  return { year, made: transfers.length > 0, actions: rows, transfers };
}

/** What year ends posted on a code; minor units. */
export interface YearEndTotal {
  readonly code: string;
  readonly currency: string;
  readonly debitsPosted: bigint;
  readonly creditsPosted: bigint;
}

/**
 * What year ends and their reversals posted per code and currency, with effective dates from `from` to `to` (both
 * included), as known at an instant (default: now). The movement of an income statement is that of the books less this.
 */
export async function yearEndTotals(
  db: Queryable,
  bookId: number,
  range: { readonly from: string; readonly to: string; readonly recordedAt?: string | undefined },
): Promise<YearEndTotal[]> {
  const { rows } = await db.query<{ code: string; currency: string; debits: string; credits: string }>(
    `select e.code, e.currency, sum(e.debit)::text as debits, sum(e.credit)::text as credits
     from general_ledger.year_end_transfer t
     cross join lateral (values (t.debit_code, t.currency, t.amount_minor, 0::bigint),
       (t.credit_code, t.currency, 0::bigint, t.amount_minor)) as e (code, currency, debit, credit)
     where t.book_id = $1 and t.effective_date between $2 and $3
       and ($4::timestamptz is null or t.recorded_at <= $4)
     group by e.code, e.currency order by e.code, e.currency`,
    [bookId, range.from, range.to, range.recordedAt === undefined ? null : instantText(parseInstant(range.recordedAt))],
  );
  return rows.map(({ code, currency, debits, credits }) => ({
    code,
    currency,
    debitsPosted: BigInt(debits),
    creditsPosted: BigInt(credits),
  }));
}
