/** Velocity windows: how much and how often in an hour, a day or a month, for an account, each account of a group, or a group. */
import type { Clock } from '#kernel/clock';
import { isStorable, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { isCurrency } from '#kernel/money';
import { findAccounts } from './accounts.ts';
import { ledgerError } from './errors.ts';
import { groupId, guard } from './groups.ts';
import { type GroupKey, MAX_MINOR, type Minor } from './model.ts';
import { isTransferId } from './prepare.ts';
import { lockBook } from './store.ts';

/** The most one window may let through; null means no bound. Amounts in minor units. */
export interface WindowMaxima {
  readonly maximumCount: number | null;
  readonly maximumAmount: Minor | null;
}

export interface WindowInput extends WindowMaxima {
  /** Unique in its book, 1 to 64 characters. */
  readonly code: string;
  readonly name?: string | undefined;
  readonly target: { readonly accountId: string } | GroupKey;
  /** Of a group: each of its accounts by itself, or all together. */
  readonly per: 'account' | 'group';
  /** What leaves the account or group, or what reaches it. */
  readonly direction: 'out' | 'in';
  /** An hour, day or month of the calendar in the business time zone. */
  readonly period: 'hour' | 'day' | 'month';
  readonly currency: string;
}

export interface VelocityWindow extends WindowInput {
  readonly name: string;
  readonly timeZone: string;
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

interface WindowRow {
  window_id: number;
  code: string;
  name: string;
  account_id: string | null;
  group_id: number | null;
  dimension: string | null;
  group_code: string | null;
  per: WindowInput['per'];
  direction: WindowInput['direction'];
  period: WindowInput['period'];
  currency: string;
  time_zone: string;
  maximum_count: bigint | null;
  maximum_minor: bigint | null;
  created_at: string;
  retired_at: string | null;
}

const windowSelect = `select w.window_id, w.code, w.name, w.account_id, w.group_id, g.dimension, g.code as group_code, w.per,
    w.direction, w.period, w.currency, w.time_zone, w.maximum_count, w.maximum_minor, w.created_at, w.retired_at
  from ledger.velocity_window w left join ledger.account_group g using (book_id, group_id)`;

function windowOf(row: WindowRow): VelocityWindow {
  const { code, name, per, direction, period, currency } = row;
  return {
    code,
    name,
    target:
      row.account_id === null
        ? { dimension: row.dimension ?? '', code: row.group_code ?? '' }
        : { accountId: row.account_id },
    per,
    direction,
    period,
    currency,
    timeZone: row.time_zone,
    maximumCount: row.maximum_count === null ? null : Number(row.maximum_count),
    maximumAmount: row.maximum_minor,
    createdAt: row.created_at,
    retiredAt: row.retired_at,
  };
}

function judgeMaxima(code: string, { maximumCount, maximumAmount }: WindowMaxima): void {
  const fault = (detail: string) => ledgerError('window_invalid', detail, { window: code });
  if (maximumCount === null && maximumAmount === null) throw fault('A window bounds a count, an amount, or both');
  if (maximumCount !== null && !(Number.isSafeInteger(maximumCount) && maximumCount >= 0)) {
    throw fault('The maximum count must be a whole number from 0');
  }
  if (maximumAmount !== null && (maximumAmount < 0n || maximumAmount > MAX_MINOR)) {
    throw fault('The maximum amount must lie between 0 and 2^63 - 1 minor units');
  }
}

function judge(input: WindowInput): void {
  const fault = (detail: string) => ledgerError('window_invalid', detail, { window: input.code });
  if (input.code.length < 1 || input.code.length > 64 || !isStorable(input.code)) {
    throw fault('The code must be text of 1 to 64 characters');
  }
  if ((input.name ?? '').length > 200 || !isStorable(input.name ?? '')) {
    throw fault('The name must be text of at most 200 characters');
  }
  if (!isCurrency(input.currency)) throw fault(`Unknown currency '${input.currency}'`);
  if ('accountId' in input.target && input.per === 'group') throw fault('An account is no group');
  judgeMaxima(input.code, input);
}

/**
 * Creates a window; it counts from now on. The same content again changes nothing.
 * Errors: `window_invalid`, `window_different`, `account_not_found`, `group_not_found`.
 */
export async function createWindow(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  timeZone: string,
  input: WindowInput,
): Promise<VelocityWindow> {
  judge(input);
  await lockBook(tx, bookId);
  const { target } = input;
  const accountId = 'accountId' in target ? await accountOf(tx, bookId, target.accountId) : null;
  const group = 'accountId' in target ? null : await groupId(tx, bookId, target);
  const before = await findWindow(tx, bookId, input.code);
  if (before !== undefined) {
    const same =
      before.account_id === accountId &&
      before.group_id === group &&
      before.name === (input.name ?? '') &&
      before.per === input.per &&
      before.direction === input.direction &&
      before.period === input.period &&
      before.currency === input.currency;
    if (same) return windowOf(before);
    throw ledgerError('window_different', `Window ${input.code} exists with other content`, { window: input.code });
  }
  await tx.query(
    `insert into ledger.velocity_window (book_id, window_id, code, name, account_id, group_id, per, direction, period,
       currency, time_zone, maximum_count, maximum_minor, created_at)
     select $1, coalesce(max(window_id), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
       ledger.next_instant($1, $13)
     from ledger.velocity_window where book_id = $1`,
    [
      bookId,
      input.code,
      input.name ?? '',
      accountId,
      group,
      input.per,
      input.direction,
      input.period,
      input.currency,
      timeZone,
      input.maximumCount,
      input.maximumAmount,
      instantText(clock.now()),
    ],
  );
  return changed(tx, bookId, clock, input.code, 'ledger.window_created');
}

/** Replaces what a window lets through; what it has counted stays. Errors: `window_not_found`, `window_invalid`. */
export async function setWindowMaxima(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  code: string,
  maxima: WindowMaxima,
): Promise<VelocityWindow> {
  judgeMaxima(code, maxima);
  await lockBook(tx, bookId);
  await tx.query(
    'update ledger.velocity_window set maximum_count = $3, maximum_minor = $4 where book_id = $1 and code = $2',
    [bookId, code, maxima.maximumCount, maxima.maximumAmount],
  );
  return changed(tx, bookId, clock, code, 'ledger.window_changed');
}

/** Ends a window for good. Error: `window_not_found`. */
export async function retireWindow(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  code: string,
): Promise<VelocityWindow> {
  await lockBook(tx, bookId);
  await tx.query(
    `update ledger.velocity_window set retired_at = ledger.next_instant($1, $3)
     where book_id = $1 and code = $2 and retired_at is null`,
    [bookId, code, instantText(clock.now())],
  );
  return changed(tx, bookId, clock, code, 'ledger.window_retired');
}

/** All windows of a book, in the order of their codes. */
export async function listWindows(db: Queryable, bookId: number): Promise<VelocityWindow[]> {
  const { rows } = await db.query<WindowRow>(`${windowSelect} where w.book_id = $1 order by w.code`, [bookId]);
  return rows.map(windowOf);
}

/** Batches that were decided on the window as it was before are decided again. */
async function changed(tx: Transaction, bookId: number, clock: Clock, code: string, type: string) {
  const row = await findWindow(tx, bookId, code);
  if (row === undefined) throw ledgerError('window_not_found', `No window ${code}`, { window: code });
  if (row.per === 'group' && row.group_id !== null) await guard(tx, bookId, row.group_id, row.currency);
  else if (row.group_id !== null) await tx.query('select ledger.touch_group_members($1, $2)', [bookId, row.group_id]);
  else {
    await tx.query('update ledger.balance set version = version + 1 where book_id = $1 and account_id = $2', [
      bookId,
      row.account_id,
    ]);
  }
  const window = windowOf(row);
  await appendEvents(tx, bookId, clock, [
    { type, subject: code, payload: { ...window, maximumAmount: window.maximumAmount?.toString() ?? null } },
  ]);
  return window;
}

async function findWindow(db: Queryable, bookId: number, code: string): Promise<WindowRow | undefined> {
  const { rows } = await db.query<WindowRow>(`${windowSelect} where w.book_id = $1 and w.code = $2`, [bookId, code]);
  return rows[0];
}

async function accountOf(tx: Transaction, bookId: number, id: string): Promise<string> {
  const account = isTransferId(id) ? (await findAccounts(tx, bookId, [id])).get(id.toLowerCase()) : undefined;
  if (account === undefined) throw ledgerError('account_not_found', `No account ${id}`, { account_id: id });
  return account.id;
}
