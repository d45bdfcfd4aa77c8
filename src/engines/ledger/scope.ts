/**
 * What a request may touch that sees the accounts of some units only. Posting itself needs both sides of a transfer,
 * whoever keeps them; so a request is first asked to see one side of each, and then the house posts.
 */
import { currentContext, ownUnit } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { ledgerError } from './errors.ts';
import type { Prepared } from './prepare.ts';

/** Whether the running request sees some units only. */
export function isScoped(): boolean {
  return currentContext().visibility !== 'all';
}

/** @throws `account_not_found` for the first account that the request does not see. */
export async function mustSeeAccounts(on: Queryable, bookId: number, accountIds: readonly string[]): Promise<void> {
  if (!isScoped() || accountIds.length === 0) return;
  const seen = await visibleAccounts(on, bookId, accountIds);
  const hidden = accountIds.find((id) => !seen.has(id.toLowerCase()));
  if (hidden !== undefined) {
    throw ledgerError('account_not_found', `No account ${hidden}`, { account_id: hidden });
  }
}

/**
 * Each transfer must have one account that the request sees, or refer to a transfer that it sees.
 *
 * @throws `transfer_out_of_scope`
 */
export async function mustSeeTransfers(on: Queryable, bookId: number, transfers: readonly Prepared[]): Promise<void> {
  if (!isScoped()) return;
  const accounts = await visibleAccounts(
    on,
    bookId,
    transfers.flatMap((transfer) => [transfer.debitAccountId ?? [], transfer.creditAccountId ?? []].flat()),
  );
  const related = await visibleTransfers(
    on,
    bookId,
    transfers.flatMap(({ relatedId }) => relatedId ?? []),
  );
  const own = new Set<string>();
  for (const transfer of transfers) {
    const sees =
      (transfer.relatedId !== null && (related.has(transfer.relatedId) || own.has(transfer.relatedId))) ||
      [transfer.debitAccountId, transfer.creditAccountId].some((id) => id !== null && accounts.has(id));
    if (!sees) {
      throw ledgerError('transfer_out_of_scope', 'Neither account of this transfer is in your units', {
        transfer_id: transfer.id,
      });
    }
    own.add(transfer.id);
  }
}

async function visibleAccounts(on: Queryable, bookId: number, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await on.query<{ id: string }>(
    'select account_id as id from ledger.account where book_id = $1 and account_id = any ($2::uuid[])',
    [bookId, [...ids]],
  );
  return new Set(rows.map(({ id }) => id));
}

async function visibleTransfers(on: Queryable, bookId: number, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await on.query<{ id: string }>(
    'select transfer_id as id from ledger.answer where book_id = $1 and transfer_id = any ($2::uuid[])',
    [bookId, [...ids]],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * The unit of a new account: the one given, which the request must see; else the topmost one that it sees; else that of
 * the book.
 *
 * @throws `unit_out_of_scope`
 */
export function unitOfNewAccount(given: number | undefined): number | null {
  const { visibility } = currentContext();
  if (visibility === 'all') return given ?? null;
  const unit = given ?? ownUnit();
  if (unit === null || !visibility.includes(unit)) {
    throw ledgerError('unit_out_of_scope', 'The account would belong to a unit that is not yours');
  }
  return unit;
}
