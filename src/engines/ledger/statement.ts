/** The statement of an account (对账单): its posted movements by effective date, with the balance after each. */
import type { Queryable } from '#kernel/database';
import { addDays, parseDate } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { countersOf } from './accounts.ts';
import { type Account, balance, type Side, zeroCounters } from './model.ts';
import {
  countersAt,
  positionAt,
  postedKinds,
  readAccount,
  type Transfer,
  type TransferRow,
  transferOf,
} from './queries.ts';

/** One posted movement of an account. Exactly one of debit and credit is not null; minor units. */
export interface StatementEntry {
  readonly transfer: Transfer;
  readonly debit: bigint | null;
  readonly credit: bigint | null;
  readonly counterAccountId: string;
  /** The balance on the account's normal side after this entry, in the order of (effective date, sequence). */
  readonly balanceAfter: bigint;
}

export interface Statement {
  readonly account: Account;
  readonly from: string;
  readonly to: string;
  /** Balance before the first entry of this page; minor units. */
  readonly opening: bigint;
  /** Balance at the end of `to`; minor units. */
  readonly closing: bigint;
  /** What of the account between the two dates is archived; null when all of it is here. */
  readonly archived: ArchivedMovements | null;
  readonly entries: readonly StatementEntry[];
  readonly next: StatementCursor | null;
}

/** Movements that were taken out of the journal. They stand in front of all entries. */
export interface ArchivedMovements {
  /** From this date on every movement of the account is an entry. */
  readonly before: string;
  /** What they add up to on either side; minor units. */
  readonly debit: bigint;
  readonly credit: bigint;
}

export interface StatementCursor {
  readonly date: string;
  readonly sequence: bigint;
}

export interface StatementRequest {
  readonly from: string;
  readonly to: string;
  /** As known at this instant (RFC 3339); default now. */
  readonly recordedAt?: string | undefined;
  readonly after?: StatementCursor | undefined;
  readonly limit: number;
}

/**
 * The posted movements of an account between two effective dates (both included), with the balance after each. It reads
 * more than once: while the book is in use, call it in a repeatable-read transaction. Errors: `account_not_found`,
 * `archived`.
 */
export async function statement(
  db: Queryable,
  bookId: number,
  id: string,
  request: StatementRequest,
): Promise<Statement> {
  const account = await readAccount(db, bookId, id);
  const position = await positionAt(db, bookId, request.recordedAt);
  const through = position ?? 2n ** 63n - 1n;
  const start = request.after ?? { date: request.from, sequence: 0n };
  const before = await countersBefore(db, bookId, account.id, start.date, position);
  if (request.after !== undefined) {
    const { rows } = await db.query<Parameters<typeof countersOf>[0]>(
      `select debits_pending, credits_pending, debits_posted, credits_posted
       from ledger.account_days($1, $2, $3, $3, $4)`,
      [bookId, account.id, start.date, start.sequence],
    );
    const day = rows[0] === undefined ? zeroCounters() : countersOf(rows[0]);
    before.debitsPosted += day.debitsPosted;
    before.creditsPosted += day.creditsPosted;
  }
  const archived = await archivedMovements(db, bookId, account.id, request.from, request.to);
  // A later page begins behind what is archived of the days it has already passed.
  const stillArchived =
    request.after === undefined ? null : await archivedMovements(db, bookId, account.id, start.date, request.to, true);
  before.debitsPosted += stillArchived?.debit ?? 0n;
  before.creditsPosted += stillArchived?.credit ?? 0n;
  const opening = balance(account.side, before);
  const rows = await statementRows(db, bookId, account.id, start, request.to, through, request.limit + 1);
  const entries: StatementEntry[] = [];
  let running = opening;
  if (request.after === undefined && archived !== null) {
    running += account.side === 'debit' ? archived.debit - archived.credit : archived.credit - archived.debit;
  }
  for (const row of rows.slice(0, request.limit)) {
    const entry: Side = row.debit_account_id === account.id ? 'debit' : 'credit';
    running += entry === account.side ? row.amount_minor : -row.amount_minor;
    entries.push({
      transfer: transferOf(row),
      debit: entry === 'debit' ? row.amount_minor : null,
      credit: entry === 'credit' ? row.amount_minor : null,
      counterAccountId: entry === 'debit' ? row.credit_account_id : row.debit_account_id,
      balanceAfter: running,
    });
  }
  const last = entries.at(-1);
  const more = rows.length > request.limit && last !== undefined;
  const closing = await countersAt(db, bookId, account.id, request.to, position);
  return {
    account,
    from: request.from,
    to: request.to,
    opening,
    closing: balance(account.side, closing),
    archived,
    entries,
    next: more ? { date: last.transfer.effectiveDate, sequence: last.transfer.sequence } : null,
  };
}

/** What is archived of an account between two dates, the first of them left out if `behind`. */
async function archivedMovements(
  db: Queryable,
  bookId: number,
  id: string,
  from: string,
  to: string,
  behind = false,
): Promise<ArchivedMovements | null> {
  const { rows } = await db.query<{ last: string | null; debit: string; credit: string }>(
    `select max(effective_date) as last, coalesce(sum(debits_posted), 0) as debit, coalesce(sum(credits_posted), 0) as credit
     from ledger.carried_day
     where book_id = $1 and account_id = $2 and effective_date between $3::date and $4::date
       and (not $5::boolean or effective_date > $3::date)`,
    [bookId, id, from, to, behind],
  );
  const [row] = rows;
  if (row === undefined || row.last === null) return null;
  return { before: addDays(parseDate(row.last), 1), debit: BigInt(row.debit), credit: BigInt(row.credit) };
}

/** Counters at the end of the day before `date`. */
async function countersBefore(db: Queryable, bookId: number, id: string, date: string, position: bigint | null) {
  const { rows } = await db.query<Parameters<typeof countersOf>[0]>(
    'select * from ledger.balance_as_of($1, $2, $3::date - 1, $4)',
    [bookId, id, date, position],
  );
  const row = rows[0];
  invariant(row !== undefined, 'balance_as_of_answers_one_row');
  return countersOf(row);
}

async function statementRows(
  db: Queryable,
  bookId: number,
  id: string,
  start: StatementCursor,
  to: string,
  through: bigint,
  limit: number,
): Promise<TransferRow[]> {
  // Each side has an index in statement order; the two are merged.
  const half = (side: Side) => `(select * from ledger.transfer
    where book_id = $1 and ${side}_account_id = $2 and (effective_date, sequence) > ($3::date, $4::bigint)
      and effective_date <= $5 and sequence <= $6 and kind in (${postedKinds.join(', ')})
    order by effective_date, sequence limit $7)`;
  const { rows } = await db.query<TransferRow>(
    `select * from (${half('debit')} union all ${half('credit')}) t order by effective_date, sequence limit $7`,
    [bookId, id, start.date, start.sequence, to, through, limit],
  );
  return rows;
}
