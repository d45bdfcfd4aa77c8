/** Opening trees and accounts in them, and freezing, unfreezing and closing: for one account or the whole tree. */
import {
  type Account,
  type AccountInput,
  type AccountState,
  type Ledger,
  mustSeeAccounts,
  readAccounts,
} from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import { type Database, isStorable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { centreError } from './errors.ts';
import {
  CUSTOMER_DIMENSION,
  customerKey,
  earmarkAccountOf,
  type Freeze,
  freezeOf,
  groupCode,
  nodePath,
  parentOf,
  stateUnder,
  type TreeAction,
} from './model.ts';
import * as store from './store.ts';
import { type TreeAccount, treeAccounts } from './tree.ts';

export interface CentreDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Whose hand it was, 1 to 100 characters, and why, at most 500. */
export interface Hand {
  readonly actor: string;
  readonly reason?: string | undefined;
}

/** Checks the hand. Errors: `centre_actor_invalid`, `centre_reason_required`. */
export function checkHand(hand: Hand, reasonNeeded = false): { actor: string; reason: string | null } {
  const actor = hand.actor.trim();
  if (actor.length < 1 || actor.length > 100 || /\p{Cc}/u.test(actor) || !actor.isWellFormed()) {
    throw centreError('centre_actor_invalid', 'The name of who does it has 1 to 100 characters');
  }
  const reason = (hand.reason ?? '').trim();
  if (reason.length > 500 || !isStorable(reason)) {
    throw centreError('centre_reason_required', 'A reason has at most 500 characters');
  }
  if (reasonNeeded && reason === '') throw centreError('centre_reason_required', 'Say why: a reason must be given');
  return { actor, reason: reason === '' ? null : reason };
}

export interface OpenedAccount extends Omit<AccountInput, 'groups'> {
  /** The node it stands on, such as 'fund' or 'fund/margin'. */
  readonly node: string;
}

/** Why an account cannot be closed. */
export interface Obstacle {
  readonly account_id: string;
  readonly why: 'balance' | 'pending' | 'earmarked';
}

export interface ActionResult {
  readonly changes: readonly store.StateChange[];
  /** Accounts whose state stays although the tree was unfrozen: they are frozen by themselves. */
  readonly kept: readonly string[];
}

/**
 * Adds a node below one that exists. The same again changes nothing.
 * Errors: `tree_not_found`, `tree_closed`, `node_invalid`, `node_not_found` (the one above), `node_different`.
 */
export async function addNode(
  { ledger, clock }: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  node: store.TreeNode,
): Promise<store.TreeNode> {
  const bookId = await ledger.bookId(book);
  const path = nodePath(key, node.path);
  if (node.name.length > 200 || !isStorable(node.name)) {
    throw centreError('node_invalid', 'The name must be text of at most 200 characters', { node: path });
  }
  const { nodes } = await lockedTree(tx, bookId, key, { open: true });
  const before = nodes.get(path);
  if (before !== undefined) {
    if (before.name === node.name) return before;
    throw centreError('node_different', `Node ${path} exists as '${before.name}'`, { node: path });
  }
  const above = parentOf(path);
  if (above === null || !nodes.has(above)) {
    throw centreError('node_not_found', `No node ${above} to stand below`, { node: path });
  }
  await asSystem(() =>
    ledger.createGroups(tx, book, [
      {
        dimension: CUSTOMER_DIMENSION,
        code: groupCode(key, path),
        parentCode: groupCode(key, above),
        name: node.name,
        daily: false,
      },
    ]),
  );
  await store.addNode(tx, bookId, key, { path, name: node.name }, instantText(clock.now()));
  return { path, name: node.name };
}

/**
 * Opens accounts in a tree, all or none; in a frozen tree they are frozen. The same again changes nothing.
 * Errors: `tree_not_found`, `tree_closed`, `node_not_found`, `account_in_another_place`, and those of the
 * ledger's `openAccounts`.
 */
export async function openTreeAccounts(
  deps: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  accounts: readonly OpenedAccount[],
  hand: Hand,
): Promise<Account[]> {
  const who = checkHand(hand);
  const bookId = await deps.ledger.bookId(book);
  const tree = await lockedTree(tx, bookId, key, { open: true });
  const wanted = accounts.map((account) => ({ ...account, id: account.id.toLowerCase() }));
  for (const { node } of wanted) knownNode(tree.nodes, node);
  await deps.ledger.openAccounts(
    tx,
    book,
    wanted.map(({ node, ...account }) => ({
      ...account,
      groups: [{ dimension: CUSTOMER_DIMENSION, code: groupCode(key, node) }],
    })),
  );
  const byNode = Map.groupBy(wanted, ({ node }) => node);
  for (const [node, ones] of byNode) {
    const ids = ones.map(({ id }) => id);
    await place(deps, tx, { book, bookId, key, node, ids, action: 'open', who, tree });
  }
  const opened = await readAccounts(
    tx,
    bookId,
    wanted.map(({ id }) => id),
  );
  return wanted.flatMap(({ id }) => opened.get(id) ?? []);
}

/**
 * Lets accounts that exist join a tree with all they hold and held, all or none. The same again changes nothing.
 * Errors: `tree_not_found`, `tree_closed`, `node_not_found`, `account_in_another_place`, the ledger's
 * `account_not_found`.
 */
export async function attachAccounts(
  deps: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  node: string,
  accountIds: readonly string[],
  hand: Hand,
): Promise<void> {
  const who = checkHand(hand);
  const bookId = await deps.ledger.bookId(book);
  const tree = await lockedTree(tx, bookId, key, { open: true });
  knownNode(tree.nodes, node);
  const ids = [...new Set(accountIds.map((id) => id.toLowerCase()))];
  await place(deps, tx, { book, bookId, key, node, ids, action: 'attach', who, tree });
}

interface LockedTree {
  readonly nodes: ReadonlyMap<string, store.TreeNode>;
  readonly freezes: store.Freezes;
}

async function lockedTree(
  tx: Transaction,
  bookId: number,
  key: string,
  options: { readonly open: boolean },
): Promise<LockedTree> {
  await store.lockTree(tx, bookId, customerKey(key));
  await store.readCustomer(tx, bookId, key);
  const freezes = await store.readFreezes(tx, bookId, key);
  if (options.open && freezes.closed) {
    throw centreError('tree_closed', `The account tree of ${key} is closed`, { customer: key });
  }
  const nodes = await store.readNodes(tx, bookId, key);
  return { nodes: new Map(nodes.map((node) => [node.path, node])), freezes };
}

function knownNode(nodes: LockedTree['nodes'], path: string): void {
  if (!nodes.has(path))
    throw centreError('node_not_found', `No node '${path.slice(0, 64)}' in the tree`, { node: path });
}

interface Placing {
  readonly book: string;
  readonly bookId: number;
  readonly key: string;
  readonly node: string;
  readonly ids: readonly string[];
  readonly action: 'open' | 'attach';
  readonly who: { readonly actor: string; readonly reason: string | null };
  readonly tree: LockedTree;
}

async function place({ ledger, clock }: CentreDeps, tx: Transaction, placing: Placing): Promise<void> {
  const { book, bookId, key, node, ids, action, who, tree } = placing;
  // The ledger says first that an account is missing, before its row here could be refused for another reason.
  const group = { dimension: CUSTOMER_DIMENSION, code: groupCode(key, node) };
  // The house joins them to its own groups, but only those that the request may reach.
  await mustSeeAccounts(tx, bookId, ids);
  await asSystem(() => ledger.joinGroupIn(tx, book, group, ids));
  const places = await store.placesOf(tx, bookId, ids);
  for (const there of places.values()) {
    if (there.customer === key && there.path === node) continue;
    const detail = `Account ${there.accountId} stands on ${there.path} of customer ${there.customer}`;
    throw centreError('account_in_another_place', detail, { account_id: there.accountId, customer: there.customer });
  }
  const added = ids.filter((id) => !places.has(id));
  const at = instantText(clock.now());
  await store.addPlaces(tx, bookId, key, node, added, at);
  const accounts = await readAccounts(tx, bookId, added);
  for (const id of added) {
    const before = accounts.get(id)?.state ?? 'open';
    // What was frozen or closed before stays so; a frozen tree freezes what joins it.
    const after = before === 'open' ? stateUnder('none', tree.freezes.tree) : before;
    if (after !== before) await ledger.setState(tx, book, id, after);
    const changes = [{ account_id: id, before: action === 'open' ? null : before, after }];
    await store.addAction(tx, bookId, key, { action, accountId: id, changes, ...who, recordedAt: at });
  }
}

/**
 * Freezes, unfreezes or closes one account of a tree (`accountId`), or the whole tree: all or nothing. A reason must be
 * given. An account is as frozen as the stronger of its own and its tree's freeze says, so unfreezing a tree leaves what
 * is frozen by itself; what others froze in the ledger is left alone, too. Errors: `centre_reason_required`,
 * `tree_not_found`, `tree_closed`, `account_not_in_tree`, `account_frozen_by_tree`, the ledger's
 * `account_is_closed`, and `action_stopped` with `obstacles` when what is to be closed holds something.
 */
export async function act(
  deps: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  request: { readonly action: TreeAction; readonly accountId?: string | undefined },
  hand: Hand,
): Promise<ActionResult> {
  const who = checkHand(hand, true);
  const { ledger, clock } = deps;
  const { action } = request;
  const bookId = await ledger.bookId(book);
  const { freezes } = await lockedTree(tx, bookId, key, { open: false });
  if (freezes.closed) {
    if (action === 'close' && request.accountId === undefined) return { changes: [], kept: [] };
    throw centreError('tree_closed', `The account tree of ${key} is closed`, { customer: key });
  }
  const all = await treeAccounts(tx, bookId, key);
  const accountId = request.accountId?.toLowerCase() ?? null;
  const scope = accountId === null ? all : all.filter(({ account }) => account.id === accountId);
  if (accountId !== null && scope.length === 0) {
    throw centreError('account_not_in_tree', `Account ${accountId} is not in the tree of ${key}`, {
      account_id: accountId,
    });
  }
  const asked = freezeOf(action);
  if (accountId !== null && asked === 'none' && freezes.tree !== 'none') {
    const detail = `The tree of ${key} is frozen; unfreeze the tree first`;
    throw centreError('account_frozen_by_tree', detail, { account_id: accountId });
  }
  const targets = asked === null ? closing(scope) : frozen(scope, freezes, accountId !== null, asked);
  for (const { account_id, after } of targets.changes) {
    await ledger.setState(tx, book, account_id, after);
    if (after === 'closed') await closeEarmarkAccount(deps, tx, book, bookId, account_id);
  }
  const recordedAt = instantText(clock.now());
  await store.addAction(tx, bookId, key, { action, accountId, changes: targets.changes, ...who, recordedAt });
  await appendEvents(tx, bookId, clock, [
    {
      type: 'account_centre.action_done',
      subject: accountId ?? key,
      payload: { customer: key, action, account_id: accountId, changes: targets.changes, ...who },
    },
  ]);
  return targets;
}

/** Every account of the scope closed. Error: `action_stopped`. */
function closing(scope: readonly TreeAccount[]): ActionResult {
  const obstacles: Obstacle[] = scope.flatMap((one) => {
    const about = (why: Obstacle['why']) => ({ account_id: one.account.id, why });
    return [
      ...(one.balance === 0n ? [] : [about('balance')]),
      ...(one.pendingIn === 0n && one.pendingOut === 0n ? [] : [about('pending')]),
      ...(one.earmarked === 0n ? [] : [about('earmarked')]),
    ];
  });
  if (obstacles.length > 0) {
    const ids = new Set(obstacles.map(({ account_id }) => account_id));
    throw centreError('action_stopped', `${ids.size} accounts hold something and cannot be closed`, { obstacles });
  }
  const open = scope.filter(({ account }) => account.state !== 'closed');
  return { changes: open.map(({ account }) => changed(account, 'closed')), kept: [] };
}

/** The states under a new freeze of the account itself or of its tree. Error: the ledger's `account_is_closed` later on. */
function frozen(scope: readonly TreeAccount[], freezes: store.Freezes, single: boolean, asked: Freeze): ActionResult {
  const changes: store.StateChange[] = [];
  const kept: string[] = [];
  for (const { account } of scope) {
    if (account.state === 'closed' && !single) continue;
    const own = freezes.accounts.get(account.id) ?? 'none';
    const before = stateUnder(own, freezes.tree);
    const after = single ? stateUnder(asked, freezes.tree) : stateUnder(own, asked);
    // Frozen by somebody else, and more than is asked for now: that is not this room's to lift.
    const foreign = account.state !== before && rank(account.state) > rank(after);
    if (account.state === 'closed') changes.push(changed(account, after));
    else if (foreign || (asked === 'none' && after !== 'open')) kept.push(account.id);
    if (!foreign && account.state !== 'closed' && after !== account.state) changes.push(changed(account, after));
  }
  return { changes, kept };
}

function rank(state: AccountState): number {
  return ['open', 'outgoing_frozen', 'frozen', 'closed'].indexOf(state);
}

function changed(account: Account, after: AccountState): store.StateChange {
  return { account_id: account.id, before: account.state, after };
}

async function closeEarmarkAccount(
  { ledger }: CentreDeps,
  tx: Transaction,
  book: string,
  bookId: number,
  accountId: string,
): Promise<void> {
  const id = earmarkAccountOf(accountId);
  if ((await readAccounts(tx, bookId, [id])).has(id)) await ledger.setState(tx, book, id, 'closed');
}
