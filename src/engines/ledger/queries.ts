/** Reading the books: balances at both clocks, statements, journal, trial balance. */
import { builder, type Queryable, run } from '#kernel/database';
import { instantText, parseInstant } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { accountOf, accountSelect, countersOf, findAccounts, type RawAccountRow } from './accounts.ts';
import { archiveEnd } from './archived.ts';
import { ledgerError } from './errors.ts';
import { groupId } from './groups.ts';
import { type Account, type Counters, type GroupKey, type Kind, kinds } from './model.ts';
import { isTransferId } from './prepare.ts';
import { kindOf, outcomeCodeOf } from './store.ts';

/** A line of the journal as readers see it. Amounts in minor units. */
export interface Transfer {
  readonly id: string;
  readonly sequence: bigint;
  readonly kind: Kind;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly effectiveDate: string;
  readonly recordedAt: string;
  /** The pending transfer that was posted, voided or expired, or the transfer that was reversed. */
  readonly relatedId: string | null;
  readonly expiresAt: string | null;
  readonly linked: boolean;
  readonly type: string | null;
  readonly description: string | null;
  readonly reference: string | null;
  /** Posted into a closed period on purpose. */
  readonly adjustment: boolean;
}

export interface TransferRow {
  book_id: number;
  transfer_id: string;
  sequence: bigint;
  kind: number;
  debit_account_id: string;
  credit_account_id: string;
  amount_minor: bigint;
  currency: string;
  effective_date: string;
  recorded_at: string;
  related_id: string | null;
  expires_at: string | null;
  linked: boolean;
  type: string | null;
  description: string | null;
  reference: string | null;
  adjustment: boolean;
}

interface Tables {
  'ledger.transfer': TransferRow;
  'ledger.journal': TransferRow;
  'ledger.account': Omit<RawAccountRow, 'debits_pending' | 'credits_pending' | 'debits_posted' | 'credits_posted'> & {
    book_id: number;
  };
}

const transferColumns = [
  'transfer_id',
  'sequence',
  'kind',
  'debit_account_id',
  'credit_account_id',
  'amount_minor',
  'currency',
  'effective_date',
  'recorded_at',
  'related_id',
  'expires_at',
  'linked',
  'type',
  'description',
  'reference',
  'adjustment',
] as const;

export function transferOf(row: Omit<TransferRow, 'book_id'>): Transfer {
  return {
    id: row.transfer_id,
    sequence: row.sequence,
    kind: kindOf(row.kind),
    debitAccountId: row.debit_account_id,
    creditAccountId: row.credit_account_id,
    amount: row.amount_minor,
    currency: row.currency,
    effectiveDate: row.effective_date,
    recordedAt: row.recorded_at,
    relatedId: row.related_id,
    expiresAt: row.expires_at,
    linked: row.linked,
    type: row.type,
    description: row.description,
    reference: row.reference,
    adjustment: row.adjustment,
  };
}

/** One account. Error: `account_not_found`. */
export async function readAccount(db: Queryable, bookId: number, id: string): Promise<Account> {
  const account = isTransferId(id) ? (await findAccounts(db, bookId, [id])).get(id.toLowerCase()) : undefined;
  if (account === undefined) throw ledgerError('account_not_found', `No account ${id}`, { account_id: id });
  return account;
}

export interface AccountFilter {
  readonly code?: string | undefined;
  /** Accounts behind this one in the order of (code, id). */
  readonly after?: { readonly code: string; readonly id: string } | undefined;
  readonly limit: number;
}

/** Accounts in the order of (code, id). */
export async function listAccounts(db: Queryable, bookId: number, filter: AccountFilter): Promise<Account[]> {
  const { rows } = await db.query<RawAccountRow>(
    `${accountSelect} where a.book_id = $1 and ($2::text is null or a.code = $2)
       and ($3::text is null or (a.code, a.account_id) > ($3, $4::uuid))
     order by a.code, a.account_id limit $5`,
    [bookId, filter.code ?? null, filter.after?.code ?? null, filter.after?.id ?? null, filter.limit],
  );
  return rows.map(accountOf);
}

/**
 * The journal position as of an instant: null means "as known now". Error: `archived`, when the instant lies before the
 * last row that was taken out of the journal.
 */
export async function positionAt(
  db: Queryable,
  bookId: number,
  recordedAt: string | undefined,
): Promise<bigint | null> {
  if (recordedAt === undefined) return null;
  // In UTC: PostgreSQL does not know all offsets that RFC 3339 allows.
  const { rows } = await db.query<{ sequence: bigint | null }>('select ledger.sequence_at($1, $2) as sequence', [
    bookId,
    instantText(parseInstant(recordedAt)),
  ]);
  const sequence = rows[0]?.sequence ?? null;
  if (sequence !== null) return sequence;
  const end = await archiveEnd(db, bookId);
  throw ledgerError('archived', `What was known at ${recordedAt} is archived: ask for ${end?.recordedAt} or later`, {
    archived_until: end?.recordedAt ?? null,
  });
}

/**
 * The four counters of an account from all transfers effective on or before `effectiveDate` and, when given, recorded at
 * or before `recordedAt` (RFC 3339). Costs O(days), whatever was posted later. Error: `account_not_found`.
 */
export async function balanceAsOf(
  db: Queryable,
  bookId: number,
  id: string,
  effectiveDate: string,
  recordedAt?: string,
): Promise<{ account: Account; counters: Counters }> {
  const account = await readAccount(db, bookId, id);
  const position = await positionAt(db, bookId, recordedAt);
  return { account, counters: await countersAt(db, bookId, account.id, effectiveDate, position) };
}

/** The four counters of an account as of a date and a journal position (null: as known now). */
export async function countersAt(db: Queryable, bookId: number, id: string, date: string, position: bigint | null) {
  const { rows } = await db.query<Parameters<typeof countersOf>[0]>(
    'select * from ledger.balance_as_of($1, $2, $3, $4)',
    [bookId, id, date, position],
  );
  const row = rows[0];
  invariant(row !== undefined, 'balance_as_of_answers_one_row');
  return countersOf(row);
}

export interface TransferFilter {
  readonly accountId?: string | undefined;
  readonly kind?: Kind | undefined;
  readonly type?: string | undefined;
  readonly reference?: string | undefined;
  readonly adjustment?: boolean | undefined;
  readonly effectiveFrom?: string | undefined;
  readonly effectiveTo?: string | undefined;
  /** Behind this journal position. */
  readonly afterSequence?: bigint | undefined;
  readonly throughSequence?: bigint | undefined;
  readonly limit: number;
}

/** Accepted transfers in journal order, as far as they are not archived; adjustments are all there. */
export async function listTransfers(db: Queryable, bookId: number, filter: TransferFilter): Promise<Transfer[]> {
  let query = builder<Tables>()
    .selectFrom(filter.adjustment === true ? 'ledger.journal' : 'ledger.transfer')
    .select([...transferColumns])
    .where('book_id', '=', bookId)
    .where('sequence', '>', filter.afterSequence ?? 0n)
    .orderBy('sequence')
    .limit(filter.limit);
  const { accountId } = filter;
  if (accountId !== undefined) {
    query = query.where((or) =>
      or.or([or('debit_account_id', '=', accountId), or('credit_account_id', '=', accountId)]),
    );
  }
  if (filter.kind !== undefined) query = query.where('kind', '=', kinds.indexOf(filter.kind));
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.reference !== undefined) query = query.where('reference', '=', filter.reference);
  if (filter.adjustment !== undefined) query = query.where('adjustment', '=', filter.adjustment);
  if (filter.effectiveFrom !== undefined) query = query.where('effective_date', '>=', filter.effectiveFrom);
  if (filter.effectiveTo !== undefined) query = query.where('effective_date', '<=', filter.effectiveTo);
  if (filter.throughSequence !== undefined) query = query.where('sequence', '<=', filter.throughSequence);
  return (await run(db, query)).rows.map(transferOf);
}

export interface Answered {
  readonly id: string;
  readonly code: number;
  readonly recordedAt: string;
  readonly transfer: Transfer | null;
  /** For a pending transfer: what is still held and how it ended. */
  readonly pending: { readonly remaining: bigint; readonly ended: string | null } | null;
  /** The transfer that reversed this one. */
  readonly reversedBy: string | null;
  /** It was accepted, and its journal row is in an archive. */
  readonly archived: boolean;
}

/** The answer once given to an id, with the journal line when it was accepted. Error: `transfer_not_found`. */
export async function readTransfer(db: Queryable, bookId: number, id: string): Promise<Answered> {
  if (isTransferId(id)) {
    const { rows } = await db.query<
      TransferRow & {
        answer_id: string;
        answer_code: number;
        answered_at: string;
        remaining_minor: bigint | null;
        ended: string | null;
        reversed_by: string | null;
      }
    >(
      `select t.*, a.transfer_id as answer_id, a.code as answer_code, a.recorded_at as answered_at, p.remaining_minor,
         p.ended, r.transfer_id as reversed_by
       from ledger.answer a
       left join ledger.journal t on t.book_id = a.book_id and t.sequence = a.sequence
       left join ledger.pending p on p.book_id = a.book_id and p.transfer_id = a.transfer_id
       left join ledger.reversal r on r.book_id = a.book_id and r.reversed_id = a.transfer_id
       where a.book_id = $1 and a.transfer_id = $2`,
      [bookId, id],
    );
    const row = rows[0];
    if (row !== undefined) {
      const accepted = row.sequence !== null;
      return {
        id: row.answer_id,
        code: row.answer_code,
        recordedAt: row.answered_at,
        transfer: accepted ? transferOf(row) : null,
        pending: row.remaining_minor === null ? null : { remaining: row.remaining_minor, ended: row.ended },
        reversedBy: row.reversed_by,
        archived: !accepted && outcomeCodeOf(row.answer_code) === 'accepted',
      };
    }
  }
  throw ledgerError('transfer_not_found', `No transfer ${id}`, { transfer_id: id });
}

/** Kinds that move money (as stored). */
export const postedKinds = [kinds.indexOf('transfer'), kinds.indexOf('post'), kinds.indexOf('reverse')];

/** What one chart-of-accounts code holds in one currency; minor units. */
export interface TrialBalanceLine {
  readonly currency: string;
  readonly code: string;
  readonly counters: Counters;
}

/**
 * Totals per currency and code from all transfers effective on or before `effectiveDate` and, when given, recorded at or
 * before `recordedAt`; with a group, only of its present members. Over all accounts total debits equal total credits in
 * each currency.
 */
export async function trialBalance(
  db: Queryable,
  bookId: number,
  effectiveDate: string,
  recordedAt?: string,
  only?: { readonly group?: GroupKey | undefined },
): Promise<TrialBalanceLine[]> {
  const position = await positionAt(db, bookId, recordedAt);
  const { rows } =
    only?.group === undefined
      ? await db.query<TotalsRow>('select * from ledger.trial_balance($1, $2, $3)', [bookId, effectiveDate, position])
      : await db.query<TotalsRow>('select * from ledger.trial_balance_of_group($1, $2, $3, $4)', [
          bookId,
          await groupId(db, bookId, only.group),
          effectiveDate,
          position,
        ]);
  return rows.map((row) => ({ currency: row.currency, code: row.code, counters: totalsOf(row) }));
}

interface TotalsRow {
  currency: string;
  code: string;
  debits_pending: string;
  credits_pending: string;
  debits_posted: string;
  credits_posted: string;
}

function totalsOf(row: TotalsRow): Counters {
  return {
    debitsPending: BigInt(row.debits_pending),
    creditsPending: BigInt(row.credits_pending),
    debitsPosted: BigInt(row.debits_posted),
    creditsPosted: BigInt(row.credits_posted),
  };
}

/** What the accounts of one group, and of the groups below it, hold together in one currency; minor units. */
export interface GroupBalance extends GroupKey {
  readonly currency: string;
  readonly counters: Counters;
}

export interface GroupBalanceFilter {
  readonly dimension: string;
  /** One group; default all of the dimension. */
  readonly code?: string | undefined;
  /** From transfers effective on or before this date; default all. */
  readonly effectiveDate?: string | undefined;
  /** As known at this instant; default now. */
  readonly recordedAt?: string | undefined;
}

/** Balances of the present members of groups, at both clocks, in the order of (code, currency). */
export async function groupBalances(
  db: Queryable,
  bookId: number,
  filter: GroupBalanceFilter,
): Promise<GroupBalance[]> {
  const position = await positionAt(db, bookId, filter.recordedAt);
  const { dimension, code, effectiveDate } = filter;
  if (code !== undefined) await groupId(db, bookId, { dimension, code });
  const { rows } = await db.query<TotalsRow>('select * from ledger.group_balances($1, $2, $3, $4, $5)', [
    bookId,
    dimension,
    code ?? null,
    effectiveDate ?? null,
    position,
  ]);
  return rows.map((row) => ({ dimension, code: row.code, currency: row.currency, counters: totalsOf(row) }));
}

/** Each effective date of an account with its closing balance (normal side, minor units), ascending. */
export async function closingBalances(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
): Promise<{ accountId: string; date: string; closing: bigint }[]> {
  const { rows } = await db.query<{ account_id: string; effective_date: string; closing: bigint }>(
    `select a.account_id, d.effective_date, (sum(case a.side when 'credit' then d.credits_posted - d.debits_posted
         else d.debits_posted - d.credits_posted end) over (partition by a.account_id order by d.effective_date))::bigint
         as closing
     from ledger.account a
     cross join lateral ledger.account_days(a.book_id, a.account_id, '0001-01-01', '9999-12-31', 9223372036854775807) d
     where a.book_id = $1 and a.account_id = any($2::uuid[])
     order by a.account_id, d.effective_date`,
    [bookId, accountIds],
  );
  return rows.map((row) => ({ accountId: row.account_id, date: row.effective_date, closing: row.closing }));
}
