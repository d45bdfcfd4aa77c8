/** Reading a tree: one view of all a customer has, at present or at both clocks, and one statement over all of it. */
import {
  type Account,
  balancesAsOf,
  type Counters,
  type JointStatement,
  type JointStatementRequest,
  jointStatement,
  readAccounts,
} from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { customerKey, earmarkAccountOf, type Holding, holdingOf, isBelow, type Total, totalsOf } from './model.ts';
import { placesOfCustomer, readCustomer, readFreezes, readNodes } from './store.ts';

/** Which moment is asked for: neither says now, with everything that counts from later dates too. */
export interface Clocks {
  /** From what counts on or before this date; default all. */
  readonly effectiveDate?: string | undefined;
  /** As known at this instant (RFC 3339); default now. */
  readonly recordedAt?: string | undefined;
}

export interface TreeAccount extends Holding {
  /** State and limits are those of now, whatever moment is asked for; the counters are not used. */
  readonly account: Account;
  readonly path: string;
}

export interface NodeView {
  readonly path: string;
  readonly name: string;
  /** Over the accounts of this node and of the nodes below. */
  readonly totals: readonly Total[];
  /** The accounts that stand on this very node. */
  readonly accounts: readonly TreeAccount[];
}

export interface TreeView {
  readonly customer: string;
  readonly openedAt: string;
  readonly freeze: 'none' | 'outgoing' | 'both';
  readonly closed: boolean;
  readonly totals: readonly Total[];
  /** Parents before their children. */
  readonly nodes: readonly NodeView[];
}

/**
 * The tree of a customer with all it holds. It reads more than once: call it in a repeatable-read transaction.
 * Errors: `tree_key_invalid`, `tree_not_found`.
 */
export async function readTree(db: Queryable, bookId: number, key: string, clocks: Clocks = {}): Promise<TreeView> {
  const customer = await readCustomer(db, bookId, customerKey(key));
  const nodes = await readNodes(db, bookId, customer.key);
  const freezes = await readFreezes(db, bookId, customer.key);
  const accounts = await treeAccounts(db, bookId, customer.key, clocks);
  return {
    customer: customer.key,
    openedAt: customer.openedAt,
    freeze: freezes.tree,
    closed: freezes.closed,
    totals: totalsOf(accounts.map(flat)),
    nodes: nodes.map(({ path, name }) => ({
      path,
      name,
      totals: totalsOf(accounts.filter((one) => isBelow(one.path, path)).map(flat)),
      accounts: accounts.filter((one) => one.path === path),
    })),
  };
}

function flat({ account, ...holding }: TreeAccount) {
  return { ...holding, currency: account.currency, side: account.side };
}

/** The accounts of a tree with what they hold, by code and id. */
export async function treeAccounts(
  db: Queryable,
  bookId: number,
  customer: string,
  clocks: Clocks = {},
): Promise<TreeAccount[]> {
  const places = await placesOfCustomer(db, bookId, customer);
  const ids = places.flatMap(({ accountId }) => [accountId, earmarkAccountOf(accountId)]);
  const accounts = await readAccounts(db, bookId, ids);
  const counters = await countersAt(db, bookId, accounts, clocks);
  return places
    .flatMap(({ accountId, path }) => {
      const account = accounts.get(accountId);
      const held = counters.get(accountId);
      if (account === undefined || held === undefined) return [];
      return [{ account, path, ...holdingOf(account.side, held, counters.get(earmarkAccountOf(accountId))) }];
    })
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function orderOf({ account }: TreeAccount): string {
  return `${account.code} ${account.id}`;
}

async function countersAt(
  db: Queryable,
  bookId: number,
  accounts: ReadonlyMap<string, Account>,
  { effectiveDate, recordedAt }: Clocks,
): Promise<ReadonlyMap<string, Counters>> {
  if (effectiveDate === undefined && recordedAt === undefined) {
    return new Map([...accounts].map(([id, account]) => [id, account.counters]));
  }
  return balancesAsOf(db, bookId, [...accounts.keys()], effectiveDate ?? '9999-12-31', { recordedAt });
}

/** The statement over all accounts of a customer. Errors: `tree_key_invalid`, `tree_not_found`. */
export async function customerStatement(
  db: Queryable,
  bookId: number,
  key: string,
  request: JointStatementRequest,
): Promise<JointStatement> {
  const customer = await readCustomer(db, bookId, customerKey(key));
  const places = await placesOfCustomer(db, bookId, customer.key);
  return jointStatement(
    db,
    bookId,
    places.map(({ accountId }) => accountId),
    request,
  );
}
