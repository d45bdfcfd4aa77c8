/** One statement over several accounts: their posted movements merged, each with the balance of its own account after it. */
import type { Queryable } from '#kernel/database';
import { countersOf, findAccounts } from './accounts.ts';
import { type Account, balance, type Side } from './model.ts';
import { positionAt, postedKinds, type Transfer, type TransferRow, transferOf } from './queries.ts';

/** One movement of one of the accounts; a transfer between two of them is two entries. Amounts in minor units. */
export interface JointEntry {
  readonly transfer: Transfer;
  readonly accountId: string;
  readonly entry: Side;
  readonly counterAccountId: string;
  /** The balance of the account on its normal side after this entry, in the order of (effective date, sequence). */
  readonly balanceAfter: bigint;
}

export interface JointStatementCursor {
  readonly date: string;
  readonly sequence: bigint;
  readonly entry: Side;
}

export interface JointStatementRequest {
  readonly from: string;
  readonly to: string;
  /** As known at this instant (RFC 3339); default now. */
  readonly recordedAt?: string | undefined;
  readonly after?: JointStatementCursor | undefined;
  readonly limit: number;
}

export interface JointStatement {
  readonly accounts: ReadonlyMap<string, Account>;
  /** In the order of (effective date, sequence), the credit entry before the debit entry. */
  readonly entries: readonly JointEntry[];
  readonly next: JointStatementCursor | null;
  /** From this date on every movement of the accounts is an entry; null when nothing of them is archived. */
  readonly archivedBefore: string | null;
}

interface EntryRow extends TransferRow {
  account_id: string;
  entry: Side;
  day_debits: bigint;
  day_credits: bigint;
  before_debits: bigint;
  before_credits: bigint;
}

/**
 * The posted movements of several accounts between two effective dates (both included). It reads more than once: while
 * the book is in use, call it in a repeatable-read transaction.
 */
export async function jointStatement(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
  request: JointStatementRequest,
): Promise<JointStatement> {
  const accounts = await findAccounts(db, bookId, accountIds);
  const position = await positionAt(db, bookId, request.recordedAt);
  const { date, sequence, entry } = request.after ?? { date: request.from, sequence: 0n, entry: 'credit' };
  // Both sides of each account have an index in this order. The row's running totals of its day and the balance of the
  // day before give the balance after it, without reading what stands between.
  const half = (side: Side) => `(select t.*, '${side}' as entry, t.${side}_day_debits_posted as day_debits,
      t.${side}_day_credits_posted as day_credits
    from ledger.transfer t
    where t.book_id = $1 and t.${side}_account_id = a.account_id and t.kind in (${postedKinds.join(', ')})
      and (t.effective_date, t.sequence) >= ($3::date, $4::bigint)
      and (t.effective_date, t.sequence, '${side}') > ($3::date, $4::bigint, $5::text)
      and t.effective_date <= $6 and t.sequence <= coalesce($7::bigint, 9223372036854775807)
    order by t.effective_date, t.sequence limit $8)`;
  const { rows } = await db.query<EntryRow>(
    `with merged as (
       select a.account_id, e.* from unnest($2::uuid[]) as a (account_id)
       cross join lateral (${half('debit')} union all ${half('credit')}) e
       order by e.effective_date, e.sequence, e.entry limit $8
     )
     select m.*, b.debits_posted as before_debits, b.credits_posted as before_credits
     from merged m cross join lateral ledger.balance_as_of($1, m.account_id, m.effective_date - 1, $7) b
     order by m.effective_date, m.sequence, m.entry`,
    [bookId, [...accounts.keys()], date, sequence, entry, request.to, position, request.limit + 1],
  );
  const entries = rows.slice(0, request.limit).map((row) => {
    const { side } = accounts.get(row.account_id) as Account;
    return {
      transfer: transferOf(row),
      accountId: row.account_id,
      entry: row.entry,
      counterAccountId: row.entry === 'debit' ? row.credit_account_id : row.debit_account_id,
      balanceAfter: balance(side, postedOf(row)),
    };
  });
  const last = entries.at(-1);
  const next =
    rows.length > request.limit && last !== undefined
      ? { date: last.transfer.effectiveDate, sequence: last.transfer.sequence, entry: last.entry }
      : null;
  const archived = await db.query<{ before: string | null }>(
    `select max(effective_date) + 1 as before from ledger.carried_day
     where book_id = $1 and account_id = any ($2::uuid[]) and effective_date between $3::date and $4::date`,
    [bookId, [...accounts.keys()], request.from, request.to],
  );
  return { accounts, entries, next, archivedBefore: archived.rows[0]?.before ?? null };
}

function postedOf(row: EntryRow) {
  return countersOf({
    debits_pending: 0n,
    credits_pending: 0n,
    debits_posted: row.before_debits + row.day_debits,
    credits_posted: row.before_credits + row.day_credits,
  });
}
