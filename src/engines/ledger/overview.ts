/** Sets of accounts and transfers at a glance, for systems that check or close books. */
import type { Queryable } from '#kernel/database';
import { countersOf } from './accounts.ts';
import { archiveEnd } from './archived.ts';
import { ledgerError } from './errors.ts';
import type { Counters, Side } from './model.ts';
import { positionAt, type Transfer, type TransferRow, transferOf } from './queries.ts';

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
     from ledger.pending p join ledger.journal t on t.book_id = p.book_id and t.sequence = p.sequence
     where p.book_id = $1 and p.ended is null and t.effective_date <= $2 order by p.sequence limit $3`,
    [bookId, filter.effectiveThrough, filter.limit],
  );
  return rows.map((row) => ({ transfer: transferOf(row), remaining: row.remaining_minor }));
}

/**
 * The four counters of several accounts as of an effective date, by account id: as known now, at an instant (RFC 3339)
 * or right after a journal position. Error: `archived`.
 */
export async function balancesAsOf(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
  effectiveDate: string,
  known: { readonly recordedAt?: string | undefined; readonly sequence?: bigint | undefined } = {},
): Promise<Map<string, Counters>> {
  const position = known.sequence ?? (await positionAt(db, bookId, known.recordedAt));
  await assertKnown(db, bookId, position);
  const { rows } = await db.query<{ account_id: string } & Parameters<typeof countersOf>[0]>(
    `select asked.account_id, b.* from unnest($2::uuid[]) as asked (account_id)
     cross join lateral ledger.balance_as_of($1, asked.account_id, $3, $4) b`,
    [bookId, accountIds, effectiveDate, position],
  );
  return new Map(rows.map((row) => [row.account_id, countersOf(row)]));
}

/** Error: `archived`, when a position lies among the rows that were taken out of the journal. */
async function assertKnown(db: Queryable, bookId: number, position: bigint | null): Promise<void> {
  const end = position === null ? null : await archiveEnd(db, bookId);
  if (end === null || position === null || position >= end.sequence) return;
  throw ledgerError('archived', `What was known at position ${position} is archived`, {
    archived_until: end.recordedAt,
  });
}

/** The rows of an account that were taken out of the journal and are kept one by one nevertheless, in journal order. */
export async function carriedTransfers(db: Queryable, bookId: number, accountId: string): Promise<Transfer[]> {
  const { rows } = await db.query<TransferRow>(
    `select * from ledger.carried_transfer
     where book_id = $1 and (debit_account_id = $2 or credit_account_id = $2) order by sequence`,
    [bookId, accountId],
  );
  return rows.map(transferOf);
}

/** What is left of a pending transfer. */
export interface PendingNow {
  /** Minor units still held; 0 once it has ended. */
  readonly remaining: bigint;
  readonly ended: 'posted' | 'voided' | 'expired' | null;
  /** RFC 3339, UTC; from then on it cannot be posted, whether it was released yet or not. */
  readonly expiresAt: string | null;
}

/** The present state of pending transfers, by their ids; ids that are none are left out. */
export async function readPendings(
  db: Queryable,
  bookId: number,
  ids: readonly string[],
): Promise<Map<string, PendingNow>> {
  const { rows } = await db.query<{ id: string } & PendingNow>(
    `select transfer_id as id, remaining_minor as remaining, ended, expires_at as "expiresAt"
     from ledger.pending where book_id = $1 and transfer_id = any ($2::uuid[])`,
    [bookId, ids],
  );
  return new Map(rows.map(({ id, ...pending }) => [id, pending]));
}

/** The first effective date anything of a book counts from; null when nothing was ever posted. */
export async function firstEffectiveDate(db: Queryable, bookId: number): Promise<string | null> {
  const { rows } = await db.query<{ first: string | null }>(
    'select min(effective_date) as first from ledger.code_day where book_id = $1',
    [bookId],
  );
  return rows[0]?.first ?? null;
}
