/**
 * Reads what a batch needs to see of the books. None of these statements is prepared: a plan made while a table was
 * small would be kept while it grows.
 */
import { dateArray, type Queryable, uuidArray } from '#kernel/database';
import { invariant } from '#kernel/errors';
import type { AccountNow, Known, ReferenceNow } from './batch.ts';
import { kinds, outcomeCodes } from './model.ts';

interface RawAccount {
  account_id: string;
  currency: string;
  code: string;
  side: 'debit' | 'credit';
  minimum_minor: bigint | null;
  maximum_minor: bigint | null;
  state: AccountNow['state'];
}

interface RawBalance {
  account_id: string;
  version: bigint;
  debits_pending: bigint;
  credits_pending: bigint;
  debits_posted: bigint;
  credits_posted: bigint;
}

function accountNow(raw: RawAccount, held: RawBalance): AccountNow {
  return {
    id: raw.account_id,
    currency: raw.currency,
    code: raw.code,
    side: raw.side,
    minimum: raw.minimum_minor,
    maximum: raw.maximum_minor,
    state: raw.state,
    version: held.version,
    debitsPending: held.debits_pending,
    creditsPending: held.credits_pending,
    debitsPosted: held.debits_posted,
    creditsPosted: held.credits_posted,
    seenBy: 0,
    changedBy: 0,
    days: [],
  };
}

/** Reads accounts as of one snapshot, without locking. Unknown ids are absent from the answer. */
export async function readAccounts(db: Queryable, bookId: number, ids: readonly string[]): Promise<AccountNow[]> {
  const { rows } = await db.query<RawAccount & RawBalance>(
    `select a.account_id, a.currency, a.code, a.side, a.minimum_minor, a.maximum_minor, a.state,
       b.version, b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted
     from ledger.balance b join ledger.account a using (book_id, account_id)
     where b.book_id = $1 and b.account_id = any($2::uuid[])`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map((row) => accountNow(row, row));
}

/**
 * Makes the book ours until the transaction ends: the lock every writer of balances takes first. What is read after it
 * stays as it is.
 */
export async function lockBook(tx: Queryable, bookId: number): Promise<void> {
  const lock = 'select from ledger.journal_end where book_id = $1 for update';
  if ((await tx.query(lock, [bookId])).rowCount > 0) return;
  // The first write of a book.
  await tx.query('insert into ledger.journal_end (book_id) values ($1) on conflict do nothing', [bookId]);
  await tx.query(lock, [bookId]);
}

/** Reads accepted transfers that others refer to, with their present state. */
export async function readReferences(db: Queryable, bookId: number, ids: readonly string[]): Promise<ReferenceNow[]> {
  const { rows } = await db.query<{
    transfer_id: string;
    kind: number;
    debit_account_id: string;
    credit_account_id: string;
    amount_minor: bigint;
    currency: string;
    effective_date: string;
    expires_at: string | null;
    remaining_minor: bigint | null;
    ended: ReferenceNow['ended'];
    reversed: boolean;
  }>(
    `select t.transfer_id, t.kind, t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency, t.effective_date,
       t.expires_at, p.remaining_minor, p.ended, r.transfer_id is not null as reversed
     from ledger.answer a
     join ledger.transfer t on t.book_id = a.book_id and t.sequence = a.sequence
     left join ledger.pending p on p.book_id = a.book_id and p.transfer_id = a.transfer_id
     left join ledger.reversal r on r.book_id = a.book_id and r.reversed_id = a.transfer_id
     where a.book_id = $1 and a.transfer_id = any($2::uuid[])`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map((row) => ({
    id: row.transfer_id,
    kind: kindOf(row.kind),
    debitAccountId: row.debit_account_id,
    creditAccountId: row.credit_account_id,
    amount: row.amount_minor,
    currency: row.currency,
    effectiveDate: row.effective_date,
    expiresAtMs: row.expires_at === null ? null : Date.parse(row.expires_at),
    remaining: row.remaining_minor ?? 0n,
    ended: row.ended,
    reversed: row.reversed,
  }));
}

export function kindOf(stored: number) {
  const kind = kinds[stored];
  invariant(kind !== undefined, 'stored_kind_is_known');
  return kind;
}

export function outcomeCodeOf(stored: number) {
  const code = outcomeCodes[stored];
  invariant(code !== undefined, 'stored_outcome_code_is_known');
  return code;
}

/** The first answers to these ids; ids never answered are absent. */
export async function readAnswers(
  db: Queryable,
  bookId: number,
  ids: readonly string[],
): Promise<(Known & { id: string })[]> {
  const { rows } = await db.query<{
    transfer_id: string;
    fingerprint: string;
    code: number;
    sequence: bigint | null;
    recorded_at: string;
  }>(
    `select transfer_id, encode(fingerprint, 'hex') as fingerprint, code, sequence, recorded_at
     from ledger.answer where book_id = $1 and transfer_id = any($2::uuid[])`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map((row) => ({
    id: row.transfer_id,
    fingerprint: row.fingerprint,
    code: outcomeCodeOf(row.code),
    sequence: row.sequence,
    recordedAt: row.recorded_at,
  }));
}

const dayColumns = (side: 'debit' | 'credit') =>
  `${side}_day_debits_pending as debits_pending, ${side}_day_credits_pending as credits_pending,
   ${side}_day_debits_posted as debits_posted, ${side}_day_credits_posted as credits_posted`;

/**
 * Adds to each account's `days` what happened on one date: the running totals of its last journal row of that date, or
 * zeros. The order of (date, sequence) is one only the account's own index has: ordered by sequence alone, a planner
 * without fresh statistics would walk the whole journal backwards for each account.
 */
export async function loadDays(
  db: Queryable,
  bookId: number,
  wanted: readonly { account: AccountNow; date: string }[],
): Promise<void> {
  const last = (side: 'debit' | 'credit') => `(select effective_date, sequence, ${dayColumns(side)}
    from ledger.transfer
    where book_id = $1 and ${side}_account_id = u.account_id
      and effective_date between u.effective_date and u.effective_date
    order by effective_date desc, sequence desc limit 1)`;
  const { rows } = await db.query<{ n: bigint } & Omit<RawBalance, 'account_id' | 'version'>>(
    `select u.n, x.debits_pending, x.credits_pending, x.debits_posted, x.credits_posted
     from unnest($2::uuid[], $3::date[]) with ordinality as u (account_id, effective_date, n)
     cross join lateral (${last('debit')} union all ${last('credit')} order by sequence desc limit 1) x`,
    [bookId, uuidArray(wanted, ({ account }) => account.id), dateArray(wanted, ({ date }) => date)],
  );
  const found = new Map(rows.map((row) => [Number(row.n) - 1, row]));
  for (const [index, { account, date }] of wanted.entries()) {
    const row = found.get(index);
    account.days.push({
      date,
      debitsPending: row?.debits_pending ?? 0n,
      creditsPending: row?.credits_pending ?? 0n,
      debitsPosted: row?.debits_posted ?? 0n,
      creditsPosted: row?.credits_posted ?? 0n,
    });
  }
}
