/** The rows of year ends: actions and transfers, both append-only. */
import type { Queryable, Transaction } from '#kernel/database';
import type { YearEndStep } from './model.ts';

export interface StoredTransfer {
  readonly transferId: string;
  readonly step: YearEndStep;
  readonly accountId: string;
  readonly debitCode: string;
  readonly creditCode: string;
  readonly currency: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly effectiveDate: string;
  /** The transfer of a year end that this one reversed; null when it is none. */
  readonly reverses: string | null;
  readonly recordedAt: string;
}

/** One change of the year ends of a book at a time, until commit. */
export async function lockYearEnds(tx: Transaction, bookId: number): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('general_ledger.year_end.' || $1, 0))`, [
    String(bookId),
  ]);
}

/** Writes an action and returns its number. */
export async function addAction(
  tx: Transaction,
  bookId: number,
  action: {
    readonly year: number;
    readonly action: 'close' | 'undo';
    readonly actor: string;
    readonly reason: string | null;
    readonly recordedAt: string;
  },
): Promise<number> {
  const { rows } = await tx.query<{ number: number }>(
    `insert into general_ledger.year_end_action (book_id, number, year, action, actor, reason, recorded_at)
     select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from general_ledger.year_end_action where book_id = $1
     returning number`,
    [bookId, action.year, action.action, action.actor, action.reason, action.recordedAt],
  );
  return rows[0]?.number ?? 0;
}

export async function addTransfers(
  tx: Transaction,
  bookId: number,
  year: number,
  actionNumber: number,
  transfers: readonly StoredTransfer[],
): Promise<void> {
  await tx.query(
    `insert into general_ledger.year_end_transfer (book_id, year, action_number, transfer_id, step, account_id, debit_code,
       credit_code, currency, amount_minor, effective_date, reverses, recorded_at)
     select $1, $2, $3, t.* from unnest($4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[],
       $10::bigint[], $11::date[], $12::uuid[], $13::timestamptz[]) as t`,
    [
      bookId,
      year,
      actionNumber,
      transfers.map((one) => one.transferId),
      transfers.map((one) => one.step),
      transfers.map((one) => one.accountId),
      transfers.map((one) => one.debitCode),
      transfers.map((one) => one.creditCode),
      transfers.map((one) => one.currency),
      transfers.map((one) => String(one.amount)),
      transfers.map((one) => one.effectiveDate),
      transfers.map((one) => one.reverses),
      transfers.map((one) => one.recordedAt),
    ],
  );
}

/** How many transfers the year end of a year has made for each of some accounts, undone ones included. */
export async function earlierTransfers(
  db: Queryable,
  bookId: number,
  year: number,
  accountIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await db.query<{ account_id: string; transfers: number }>(
    `select account_id, count(*)::integer as transfers from general_ledger.year_end_transfer
     where book_id = $1 and year = $2 and account_id = any($3::uuid[]) and reverses is null group by account_id`,
    [bookId, year, accountIds],
  );
  return new Map(rows.map((row) => [row.account_id, row.transfers]));
}

const transferColumns = `t.transfer_id as "transferId", t.step, t.account_id as "accountId", t.debit_code as "debitCode",
  t.credit_code as "creditCode", t.currency, t.amount_minor as amount, t.effective_date as "effectiveDate", t.reverses,
  t.recorded_at as "recordedAt"`;

/** The transfers of a year end that stand: not reversed, nor reversals; first to last. */
export async function standingTransfers(db: Queryable, bookId: number, year: number): Promise<StoredTransfer[]> {
  const { rows } = await db.query<StoredTransfer>(
    `select ${transferColumns} from general_ledger.year_end_transfer t
     where t.book_id = $1 and t.year = $2 and t.reverses is null and not exists (
       select from general_ledger.year_end_transfer r
       where r.book_id = $1 and r.year = $2 and r.account_id = t.account_id and r.reverses = t.transfer_id)
     order by t.action_number, t.step desc, t.currency, t.account_id`,
    [bookId, year],
  );
  return rows;
}

/** The years from `year` on whose year end was made, latest first. */
export async function yearsWithTransfers(db: Queryable, bookId: number, year: number): Promise<number[]> {
  const { rows } = await db.query<{ year: number }>(
    `select distinct year from general_ledger.year_end_transfer where book_id = $1 and year >= $2 order by year desc`,
    [bookId, year],
  );
  return rows.map((row) => row.year);
}
