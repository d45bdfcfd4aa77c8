/** Opening accounts and changing their limits and state. Every change makes the account's version grow. */

import { institutionId, readUnit } from '#kernel/access';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import { isStorable, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { isCurrency } from '#kernel/money';
import { ledgerError } from './errors.ts';
import { joinOpened } from './members.ts';
import { type Account, type AccountInput, type AccountState, type Counters, type Limits, MAX_MINOR } from './model.ts';
import { isTransferId } from './prepare.ts';
import { mustSeeAccounts, unitOfNewAccount } from './scope.ts';
import { lockBook } from './store.ts';

export interface RawAccountRow {
  account_id: string;
  currency: string;
  code: string;
  side: 'debit' | 'credit';
  name: string;
  minimum_minor: bigint | null;
  maximum_minor: bigint | null;
  state: AccountState;
  unit: string;
  unit_id: number;
  opened_at: string;
  debits_pending: bigint;
  credits_pending: bigint;
  debits_posted: bigint;
  credits_posted: bigint;
}

export const accountSelect = `select a.account_id, a.currency, a.code, a.side, a.name, a.minimum_minor, a.maximum_minor,
    a.state, (select u.code from kernel.unit u where u.unit_id = a.unit_id) as unit, a.unit_id, a.opened_at, b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted
  from ledger.account a join ledger.balance b using (book_id, account_id)`;

export function accountOf(row: RawAccountRow): Account {
  return {
    id: row.account_id,
    currency: row.currency,
    code: row.code,
    side: row.side,
    name: row.name,
    limits: { minimum: row.minimum_minor, maximum: row.maximum_minor },
    state: row.state,
    unit: row.unit,
    unitId: row.unit_id,
    counters: countersOf(row),
    openedAt: row.opened_at,
  };
}

export function countersOf(row: {
  debits_pending: bigint;
  credits_pending: bigint;
  debits_posted: bigint;
  credits_posted: bigint;
}): Counters {
  return {
    debitsPending: row.debits_pending,
    creditsPending: row.credits_pending,
    debitsPosted: row.debits_posted,
    creditsPosted: row.credits_posted,
  };
}

function judge(input: AccountInput): void {
  const fault = (detail: string) => ledgerError('account_invalid', detail, { account_id: input.id });
  if (!isTransferId(input.id)) throw fault('The account id is not a UUID');
  if (!isCurrency(input.currency)) throw fault(`Unknown currency '${input.currency}'`);
  if (!/^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/.test(input.code)) {
    throw fault('The chart-of-accounts code must be 1 to 32 letters, digits, dots, dashes');
  }
  if (input.side !== 'debit' && input.side !== 'credit') throw fault('The side must be debit or credit');
  if ((input.name ?? '').length > 200 || !isStorable(input.name ?? '')) {
    throw fault('The name must be text of at most 200 characters');
  }
  judgeLimits(input.id, { minimum: input.limits?.minimum ?? null, maximum: input.limits?.maximum ?? null });
}

function judgeLimits(id: string, limits: Limits): void {
  for (const limit of [limits.minimum, limits.maximum]) {
    if (limit !== null && (limit > MAX_MINOR || limit < -MAX_MINOR)) {
      throw ledgerError('account_invalid', 'A limit must lie within 2^63 - 1 minor units', { account_id: id });
    }
  }
  if (limits.minimum !== null && limits.maximum !== null && limits.minimum > limits.maximum) {
    throw ledgerError('account_invalid', 'The minimum is above the maximum', { account_id: id });
  }
}

/**
 * Opens accounts in one set-based write. An id that exists with the same content is given back as it is.
 * Errors: `account_invalid`, `account_exists_differently`.
 */
export async function openAccounts(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  inputs: readonly AccountInput[],
): Promise<Account[]> {
  if (inputs.length === 0) return [];
  for (const input of inputs) judge(input);
  const wanted = inputs.map((input) => ({ ...input, id: input.id.toLowerCase() }));
  const units = await unitsOfNew(tx, bookId, wanted);
  const accounts = await asSystem(() => openThem(tx, bookId, clock, wanted, units));
  // An id that somebody else's account has is not told apart from one with other content.
  await mustSeeAccounts(
    tx,
    bookId,
    wanted.map(({ id }) => id),
  ).catch(() => {
    throw ledgerError('account_exists_differently', 'An account with one of these ids exists');
  });
  return accounts;
}

async function openThem(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  wanted: readonly AccountInput[],
  units: readonly number[],
): Promise<Account[]> {
  await lockBook(tx, bookId);
  const inserted = await tx.query<{ account_id: string }>(
    `insert into ledger.account (book_id, account_id, currency, code, side, name, minimum_minor, maximum_minor, opened_at,
       unit_id)
     select $1, u.id, u.currency, u.code, u.side, u.name, u.minimum, u.maximum, $9, u.unit
     from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $10::int[])
       as u (id, currency, code, side, name, minimum, maximum, unit)
     on conflict (book_id, account_id) do nothing
     returning account_id`,
    [
      bookId,
      wanted.map((input) => input.id),
      wanted.map((input) => input.currency),
      wanted.map((input) => input.code),
      wanted.map((input) => input.side),
      wanted.map((input) => input.name ?? ''),
      wanted.map((input) => input.limits?.minimum ?? null),
      wanted.map((input) => input.limits?.maximum ?? null),
      instantText(clock.now()),
      [...units],
    ],
  );
  const openedIds = inserted.rows.map((row) => row.account_id);
  await tx.query('insert into ledger.balance (book_id, account_id) select $1, u.id from unnest($2::uuid[]) as u (id)', [
    bookId,
    openedIds,
  ]);
  const accounts = await findAccounts(
    tx,
    bookId,
    wanted.map((input) => input.id),
  );
  for (const input of wanted) {
    const account = accounts.get(input.id);
    if (account === undefined || !sameContent(account, input)) {
      throw ledgerError('account_exists_differently', `Account ${input.id} exists with other content`, {
        account_id: input.id,
      });
    }
  }
  if (openedIds.length > 0) {
    const opened = new Set(openedIds);
    const joined = await joinOpened(
      tx,
      bookId,
      clock,
      wanted.filter(({ id }) => opened.has(id)),
    );
    await appendEvents(
      tx,
      bookId,
      clock,
      openedIds.map((id) => {
        const { currency, code, side } = accounts.get(id) as Account;
        const groups = joined.get(id) ?? [];
        const payload = { account_id: id, currency, code, side, ...(groups.length === 0 ? {} : { groups }) };
        return { type: 'ledger.account_opened', subject: id, payload };
      }),
    );
  }
  return wanted.map((input) => accounts.get(input.id) as Account);
}

/** What cannot change after opening. Limits and state can, so they do not count. */
function sameContent(account: Account, input: AccountInput): boolean {
  return (
    account.currency === input.currency &&
    account.code === input.code &&
    account.side === input.side &&
    account.name === (input.name ?? '') &&
    (input.unit === undefined || account.unit === input.unit)
  );
}

/** The units new accounts belong to. Error: `unit_not_found`, also for one that is not the caller's. */
async function unitsOfNew(tx: Transaction, bookId: number, inputs: readonly AccountInput[]): Promise<number[]> {
  const codes = new Map<string, number>();
  for (const { unit } of inputs) {
    if (unit !== undefined && !codes.has(unit)) codes.set(unit, (await readUnit(tx, unit)).unitId);
  }
  const { rows } = await tx.query<{ unitId: number }>(
    'select unit_id as "unitId" from kernel.book where book_id = $1',
    [bookId],
  );
  return inputs.map(({ unit }) => {
    const given = unit === undefined ? undefined : codes.get(unit);
    return unitOfNewAccount(given) ?? rows[0]?.unitId ?? institutionId;
  });
}

/**
 * Gives an account to another unit of the organisation. Error: `account_not_found`, `unit_not_found`.
 */
export async function setUnit(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  id: string,
  code: string,
): Promise<Account> {
  const account = await lock(tx, bookId, id);
  if (account.unit === code) return account;
  const { unitId } = await readUnit(tx, code);
  await tx.query('update ledger.account set unit_id = $3 where book_id = $1 and account_id = $2', [
    bookId,
    account.id,
    unitId,
  ]);
  await appendEvents(tx, bookId, clock, [
    {
      type: 'ledger.account_moved',
      subject: account.id,
      payload: { account_id: account.id, before: account.unit, after: code },
    },
  ]);
  return { ...account, unit: code, unitId };
}

export async function findAccounts(
  db: Queryable,
  bookId: number,
  ids: readonly string[],
): Promise<Map<string, Account>> {
  const { rows } = await db.query<RawAccountRow>(
    `${accountSelect} where a.book_id = $1 and a.account_id = any($2::uuid[])`,
    [bookId, ids],
  );
  return new Map(rows.map((row) => [row.account_id, accountOf(row)]));
}

async function lock(tx: Transaction, bookId: number, id: string): Promise<Account> {
  if (isTransferId(id)) {
    await lockBook(tx, bookId);
    const account = (await findAccounts(tx, bookId, [id])).get(id.toLowerCase());
    if (account !== undefined) return account;
  }
  throw ledgerError('account_not_found', `No account ${id}`, { account_id: id });
}

async function touch(tx: Transaction, bookId: number, id: string): Promise<void> {
  await tx.query('update ledger.balance set version = version + 1 where book_id = $1 and account_id = $2', [
    bookId,
    id,
  ]);
}

/** Replaces both limits. They bind the next transfer; what is already below or above them stays. */
export async function setLimits(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  id: string,
  limits: Limits,
): Promise<Account> {
  const account = await lock(tx, bookId, id);
  if (account.state === 'closed') throw ledgerError('account_is_closed', `Account ${id} is closed`, { account_id: id });
  judgeLimits(id, limits);
  await tx.query(
    'update ledger.account set minimum_minor = $3, maximum_minor = $4 where book_id = $1 and account_id = $2',
    [bookId, account.id, limits.minimum, limits.maximum],
  );
  await touch(tx, bookId, account.id);
  await appendEvents(tx, bookId, clock, [
    {
      type: 'ledger.account_limits_changed',
      subject: account.id,
      payload: { account_id: account.id, before: account.limits, after: limits },
    },
  ]);
  return { ...account, limits };
}

/** Freezes, unfreezes or closes. Closing needs a zero balance and nothing pending, and is final. */
export async function setState(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  id: string,
  state: AccountState,
): Promise<Account> {
  const account = await lock(tx, bookId, id);
  if (account.state === state) return account;
  if (account.state === 'closed') throw ledgerError('account_is_closed', `Account ${id} is closed`, { account_id: id });
  const { counters } = account;
  const empty = counters.debitsPosted === counters.creditsPosted;
  if (state === 'closed' && !(empty && counters.debitsPending === 0n && counters.creditsPending === 0n)) {
    throw ledgerError('account_not_empty', `Account ${id} has a balance or something pending`, { account_id: id });
  }
  await tx.query('update ledger.account set state = $3 where book_id = $1 and account_id = $2', [
    bookId,
    account.id,
    state,
  ]);
  await touch(tx, bookId, account.id);
  await appendEvents(tx, bookId, clock, [
    {
      type: 'ledger.account_state_changed',
      subject: account.id,
      payload: { account_id: account.id, before: account.state, after: state },
    },
  ]);
  return { ...account, state };
}
