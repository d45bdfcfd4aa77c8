/** Account trees: their names, how freezes combine, totals, and what an alert rule asks. Pure rules, no I/O. */
import {
  type Account,
  type AccountState,
  available,
  balance,
  type Counters,
  type Minor,
  type Side,
} from '#engines/ledger';
import { deterministicId } from '#kernel/ids';
import { centreError } from './errors.ts';

/** The three parts of every tree: 资金户, 资产户, 权益户. */
export const kinds = ['fund', 'asset', 'right'] as const;
export type AccountKind = (typeof kinds)[number];

/** The ledger's dimension that holds the trees. */
export const CUSTOMER_DIMENSION = 'customer';

/** The path of a node and of its ledger group is at most this long with the key of the customer. */
const CODE_LENGTH = 64;

/** Checks the key of a customer. Error: `tree_key_invalid`. */
export function customerKey(text: string): string {
  if (/^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$/.test(text)) return text;
  throw centreError(
    'tree_key_invalid',
    'A key has 1 to 40 letters, digits, dots, dashes; it begins with a letter or digit',
  );
}

/** Checks the path of a node such as 'fund' or 'fund/margin'. Error: `node_invalid`. */
export function nodePath(customer: string, path: string): string {
  const wellFormed = /^(fund|asset|right)(\/[0-9a-z][0-9a-z_-]*)*$/.test(path);
  if (wellFormed && groupCode(customer, path).length <= CODE_LENGTH) return path;
  const detail = `A node is fund, asset or right, or a path below such as fund/margin; with the key at most ${CODE_LENGTH} characters`;
  throw centreError('node_invalid', detail, { node: path });
}

/** The code of a node's group in the ledger's dimension `customer`; without a path that of the customer. */
export function groupCode(customer: string, path?: string): string {
  return path === undefined ? customer : `${customer}/${path}`;
}

export function kindOf(path: string): AccountKind {
  const kind = kinds.find((one) => path === one || path.startsWith(`${one}/`));
  if (kind === undefined) throw centreError('node_invalid', `'${path}' is in no part of a tree`, { node: path });
  return kind;
}

/** The path above; null above fund, asset and right. */
export function parentOf(path: string): string | null {
  const at = path.lastIndexOf('/');
  return at < 0 ? null : path.slice(0, at);
}

/** Whether a node is `above` or stands below it. */
export function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}

/** The technical account beside an account into which its earmarks are pending; nothing is ever posted on it. */
export function earmarkAccountOf(accountId: string): string {
  return deterministicId('account_centre.earmark_account', accountId);
}

/** How something is frozen: not, 只收不付, 不收不付. */
export const freezes = ['none', 'outgoing', 'both'] as const;
export type Freeze = (typeof freezes)[number];

export const treeActions = ['freeze_outgoing', 'freeze', 'unfreeze', 'close'] as const;
export type TreeAction = (typeof treeActions)[number];

const freezeAfter = { freeze_outgoing: 'outgoing', freeze: 'both', unfreeze: 'none' } as const;

/** How something is frozen after an action; null: the action is not about freezing. */
export function freezeOf(action: TreeAction): Freeze | null {
  return action === 'close' ? null : freezeAfter[action];
}

/** The state of an account that is frozen by itself and by its tree: the stronger of both. */
export function stateUnder(own: Freeze, tree: Freeze): Exclude<AccountState, 'closed'> {
  const strongest = Math.max(freezes.indexOf(own), freezes.indexOf(tree));
  return (['open', 'outgoing_frozen', 'frozen'] as const)[strongest] ?? 'frozen';
}

/** What an account holds, in minor units on its normal side. */
export interface Holding {
  readonly balance: Minor;
  /** The balance less all that is promised to leave, earmarks included. */
  readonly available: Minor;
  readonly pendingIn: Minor;
  /** What is promised to leave, without the earmarks. */
  readonly pendingOut: Minor;
  readonly earmarked: Minor;
}

/** What an account holds, by its counters and those of its earmark account (undefined: it has none). */
export function holdingOf(side: Side, counters: Counters, earmarks: Counters | undefined): Holding {
  const [out, into] =
    side === 'credit'
      ? [counters.debitsPending, counters.creditsPending]
      : [counters.creditsPending, counters.debitsPending];
  const earmarked = earmarks === undefined ? 0n : pendingIncreases(side, earmarks);
  return {
    balance: balance(side, counters),
    available: available(side, counters),
    pendingIn: into,
    pendingOut: out - earmarked,
    earmarked,
  };
}

function pendingIncreases(side: Side, counters: Counters): Minor {
  return side === 'credit' ? counters.creditsPending : counters.debitsPending;
}

/** What accounts of one currency and side hold together. Sides are kept apart: a deposit does not pay for a loan. */
export interface Total extends Holding {
  readonly currency: string;
  readonly side: Side;
  readonly accounts: number;
}

/** Totals per currency and side, in that order. */
export function totalsOf(accounts: readonly (Pick<Account, 'currency' | 'side'> & Holding)[]): Total[] {
  const totals = new Map<string, Total>();
  for (const one of accounts) {
    const { currency, side } = one;
    const sum = totals.get(`${currency} ${side}`);
    totals.set(`${currency} ${side}`, {
      currency,
      side,
      accounts: (sum?.accounts ?? 0) + 1,
      balance: (sum?.balance ?? 0n) + one.balance,
      available: (sum?.available ?? 0n) + one.available,
      pendingIn: (sum?.pendingIn ?? 0n) + one.pendingIn,
      pendingOut: (sum?.pendingOut ?? 0n) + one.pendingOut,
      earmarked: (sum?.earmarked ?? 0n) + one.earmarked,
    });
  }
  return [...totals.keys()].sort().flatMap((key) => totals.get(key) ?? []);
}

/** What a rule asks of a movement. Amounts in minor units of `currency`; null asks nothing. */
export interface Condition {
  readonly direction: 'in' | 'out' | 'any';
  readonly type: string | null;
  readonly currency: string | null;
  readonly atLeast: Minor | null;
  /** The movement takes the balance from here or above to below. */
  readonly balanceBelow: Minor | null;
  /** The movement takes the balance from here or below to above. */
  readonly balanceAbove: Minor | null;
}

/** A posted movement of one account: `in` where its balance grows on its normal side. */
export interface Movement {
  readonly direction: 'in' | 'out';
  readonly type: string | null;
  readonly currency: string;
  readonly amount: Minor;
}

/** What can be judged without the balance. */
export function matches(condition: Condition, movement: Movement): boolean {
  return (
    (condition.direction === 'any' || condition.direction === movement.direction) &&
    (condition.type === null || condition.type === movement.type) &&
    (condition.currency === null || condition.currency === movement.currency) &&
    (condition.atLeast === null || movement.amount >= condition.atLeast)
  );
}

export function asksForBalance(condition: Condition): boolean {
  return condition.balanceBelow !== null || condition.balanceAbove !== null;
}

/**
 * Whether the movement takes the balance over a threshold of the rule, given the balance after it. Only the crossing
 * counts, so that an account that stays low does not raise an alert with every movement.
 */
export function crosses(condition: Condition, movement: Movement, after: Minor): boolean {
  const before = movement.direction === 'in' ? after - movement.amount : after + movement.amount;
  const { balanceBelow, balanceAbove } = condition;
  return (
    (balanceBelow !== null && before >= balanceBelow && after < balanceBelow) ||
    (balanceAbove !== null && before <= balanceAbove && after > balanceAbove)
  );
}
