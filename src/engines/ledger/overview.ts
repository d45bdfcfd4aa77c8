/** Sets of accounts and transfers at a glance, for systems that check or close books. */
import type { Queryable } from '#kernel/database';
import { countersOf } from './accounts.ts';
import type { Counters, Side } from './model.ts';
import { type Transfer, type TransferRow, transferOf } from './queries.ts';

/** How many accounts stand on a chart-of-accounts code, per currency and side. */
export interface CodeInUse {
  readonly code: string;
  readonly currency: string;
  readonly side: Side;
  readonly accounts: number;
}

/** The chart-of-accounts codes a book has accounts on, by code. */
export async function codesInUse(db: Queryable, bookId: number): Promise<CodeInUse[]> {
  const { rows } = await db.query<CodeInUse>(
    `select code, currency, side, count(*)::integer as accounts from ledger.account
     where book_id = $1 group by code, currency, side order by code, currency, side`,
    [bookId],
  );
  return rows;
}

/** A pending transfer of which something is still held. */
export interface OpenPending {
  readonly transfer: Transfer;
  /** Minor units. */
  readonly remaining: bigint;
}

/** Pending transfers effective on or before a date that have not ended, in journal order. */
export async function openPendings(
  db: Queryable,
  bookId: number,
  filter: { readonly effectiveThrough: string; readonly limit: number },
): Promise<OpenPending[]> {
  const { rows } = await db.query<TransferRow & { remaining_minor: bigint }>(
    `select t.*, p.remaining_minor
     from ledger.pending p join ledger.transfer t on t.book_id = p.book_id and t.sequence = p.sequence
     where p.book_id = $1 and p.ended is null and t.effective_date <= $2 order by p.sequence limit $3`,
    [bookId, filter.effectiveThrough, filter.limit],
  );
  return rows.map((row) => ({ transfer: transferOf(row), remaining: row.remaining_minor }));
}

/** The four counters of several accounts as of an effective date, as known now, by account id. */
export async function balancesAsOf(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
  effectiveDate: string,
): Promise<Map<string, Counters>> {
  const { rows } = await db.query<{ account_id: string } & Parameters<typeof countersOf>[0]>(
    `select asked.account_id, b.* from unnest($2::uuid[]) as asked (account_id)
     cross join lateral ledger.balance_as_of($1, asked.account_id, $3, null) b`,
    [bookId, accountIds, effectiveDate],
  );
  return new Map(rows.map((row) => [row.account_id, countersOf(row)]));
}

/** The first effective date anything of a book counts from; null when nothing was ever posted. */
export async function firstEffectiveDate(db: Queryable, bookId: number): Promise<string | null> {
  const { rows } = await db.query<{ first: string | null }>(
    'select min(effective_date) as first from ledger.code_day where book_id = $1',
    [bookId],
  );
  return rows[0]?.first ?? null;
}
