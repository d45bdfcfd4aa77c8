/** The rows of trees and their trail. */

import type { AccountState } from '#engines/ledger';
import { ownUnit } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { bookUnit } from '#kernel/events';
import { centreError } from './errors.ts';
import { type Freeze, freezeOf, treeActions } from './model.ts';

export interface Customer {
  readonly key: string;
  readonly openedAt: string;
  /** Of the unit that keeps the customer. */
  readonly unitId: number;
  /** The party as it was named when it became a customer; null: not known. */
  readonly partyId: string | null;
}

/** A customer of some book. */
export interface CustomerOfParty extends Customer {
  /** Code of the book. */
  readonly book: string;
  readonly accounts: number;
}

export interface TreeNode {
  readonly path: string;
  readonly name: string;
}

/** Which account stands where. */
export interface Place {
  readonly accountId: string;
  readonly customer: string;
  readonly path: string;
}

export interface StateChange {
  readonly account_id: string;
  readonly before: AccountState | null;
  readonly after: AccountState;
}

/** One line of the trail, numbered 1, 2, 3 … in each tree. */
export interface Action {
  readonly number: number;
  readonly action: 'open' | 'attach' | (typeof treeActions)[number];
  /** null: the whole tree. */
  readonly accountId: string | null;
  readonly changes: readonly StateChange[];
  readonly actor: string;
  readonly reason: string | null;
  readonly recordedAt: string;
}

/** From here to the commit nobody else changes this tree. */
export async function lockTree(tx: Transaction, bookId: number, customer: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`account_centre/${bookId}/${customer}`]);
}

const customerColumns = `c.customer_key as key, c.opened_at as "openedAt", c.unit_id as "unitId", c.party_id as "partyId"`;
const accountsOfCustomer = `(select count(*)::integer from account_centre.account a
  where a.book_id = c.book_id and a.customer_key = c.customer_key) as accounts`;

/** Error: `tree_not_found`. */
export async function readCustomer(db: Queryable, bookId: number, key: string): Promise<Customer> {
  const { rows } = await db.query<Customer>(
    `select ${customerColumns} from account_centre.customer c
     where book_id = $1 and customer_key = $2`,
    [bookId, key],
  );
  const [found] = rows;
  if (found === undefined) throw centreError('tree_not_found', `No account tree of customer ${key}`, { customer: key });
  return found;
}

/** The unit that keeps a customer. Error: `tree_not_found`. */
export async function customerUnit(db: Queryable, bookId: number, key: string): Promise<number> {
  return (await readCustomer(db, bookId, key)).unitId;
}

/** Customers in the order of their keys, behind `after`; those of some parties only, when these are given. */
export async function listCustomers(
  db: Queryable,
  bookId: number,
  page: {
    readonly after?: string | undefined;
    readonly limit: number;
    readonly partyIds?: readonly string[] | undefined;
  },
): Promise<(Customer & { readonly accounts: number })[]> {
  const { rows } = await db.query<Customer & { accounts: number }>(
    `select ${customerColumns}, ${accountsOfCustomer}
     from account_centre.customer c where c.book_id = $1 and ($2::text is null or c.customer_key > $2)
       and ($4::uuid[] is null or c.party_id = any ($4))
     order by c.customer_key limit $3`,
    [bookId, page.after ?? null, page.limit, page.partyIds === undefined ? null : [...page.partyIds]],
  );
  return rows;
}

/** The customers that some parties are, in all books, by book and key. */
export async function customersOfParties(db: Queryable, partyIds: readonly string[]): Promise<CustomerOfParty[]> {
  const { rows } = await db.query<CustomerOfParty>(
    `select b.code as book, ${customerColumns}, ${accountsOfCustomer}
     from account_centre.customer c join kernel.book b using (book_id) where c.party_id = any ($1::uuid[])
     order by b.code, c.customer_key`,
    [[...partyIds]],
  );
  return rows;
}

/** Says which party a customer of a locked tree is. */
export async function setParty(tx: Transaction, bookId: number, key: string, partyId: string): Promise<void> {
  await tx.query('update account_centre.customer set party_id = $3 where book_id = $1 and customer_key = $2', [
    bookId,
    key,
    partyId,
  ]);
}

/** Returns false when it was there. */
export async function addCustomer(tx: Transaction, bookId: number, key: string, at: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into account_centre.customer (book_id, customer_key, opened_at, unit_id) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [bookId, key, at, ownUnit() ?? (await bookUnit(tx, bookId))],
  );
  return rowCount > 0;
}

export async function addNode(tx: Transaction, bookId: number, key: string, node: TreeNode, at: string): Promise<void> {
  await tx.query(
    `insert into account_centre.node (book_id, customer_key, path, name, opened_at) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [bookId, key, node.path, node.name, at],
  );
}

export async function readNodes(db: Queryable, bookId: number, key: string): Promise<TreeNode[]> {
  const { rows } = await db.query<TreeNode>(
    `select path, name from account_centre.node where book_id = $1 and customer_key = $2
     order by array_position(array['fund', 'asset', 'right'], split_part(path, '/', 1)), path collate "C"`,
    [bookId, key],
  );
  return rows;
}

const placeColumns = 'account_id as "accountId", customer_key as customer, path';

export async function placesOfCustomer(db: Queryable, bookId: number, key: string): Promise<Place[]> {
  const { rows } = await db.query<Place>(
    `select ${placeColumns} from account_centre.account where book_id = $1 and customer_key = $2 order by account_id`,
    [bookId, key],
  );
  return rows;
}

export async function placesOf(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
): Promise<Map<string, Place>> {
  const { rows } = await db.query<Place>(
    `select ${placeColumns} from account_centre.account where book_id = $1 and account_id = any ($2::uuid[])`,
    [bookId, accountIds],
  );
  return new Map(rows.map((row) => [row.accountId, row]));
}

export async function addPlaces(
  tx: Transaction,
  bookId: number,
  key: string,
  path: string,
  accountIds: readonly string[],
  at: string,
): Promise<void> {
  await tx.query(
    `insert into account_centre.account (book_id, account_id, customer_key, path, attached_at)
     select $1, u.id, $3, $4, $5 from unnest($2::uuid[]) as u (id)`,
    [bookId, accountIds, key, path, at],
  );
}

/** Adds a line to the trail of a locked tree. */
export async function addAction(
  tx: Transaction,
  bookId: number,
  key: string,
  action: Omit<Action, 'number'>,
): Promise<void> {
  await tx.query(
    `insert into account_centre.action
       (book_id, customer_key, number, action, account_id, changes, actor, reason, recorded_at)
     select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8
     from account_centre.action where book_id = $1 and customer_key = $2`,
    [
      bookId,
      key,
      action.action,
      action.accountId,
      JSON.stringify(action.changes),
      action.actor,
      action.reason,
      action.recordedAt,
    ],
  );
}

/** The trail of a tree, oldest first, behind a number. */
export async function listActions(
  db: Queryable,
  bookId: number,
  key: string,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<Action[]> {
  const { rows } = await db.query<Action>(
    `select number, action, account_id as "accountId", changes, actor, reason, recorded_at as "recordedAt"
     from account_centre.action where book_id = $1 and customer_key = $2 and number > $3
     order by number limit $4`,
    [bookId, key, page.after ?? 0, page.limit],
  );
  return rows;
}

/** How a tree is frozen and whether it is closed, and how its accounts are frozen by themselves. */
export interface Freezes {
  readonly tree: Freeze;
  readonly closed: boolean;
  readonly accounts: ReadonlyMap<string, Freeze>;
}

/** Follows from the last action about the tree, and about each account. */
export async function readFreezes(db: Queryable, bookId: number, key: string): Promise<Freezes> {
  const { rows } = await db.query<{ action: (typeof treeActions)[number]; accountId: string | null }>(
    `select distinct on (account_id) action, account_id as "accountId" from account_centre.action
     where book_id = $1 and customer_key = $2 and action = any ($3::text[]) order by account_id, number desc`,
    [bookId, key, treeActions],
  );
  const tree = rows.find(({ accountId }) => accountId === null)?.action;
  return {
    tree: (tree === undefined ? null : freezeOf(tree)) ?? 'none',
    closed: tree === 'close',
    accounts: new Map(
      rows.flatMap((row) => (row.accountId === null ? [] : [[row.accountId, freezeOf(row.action) ?? 'none']])),
    ),
  };
}
