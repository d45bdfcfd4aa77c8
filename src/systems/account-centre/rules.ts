/** Rules for movement alerts: what they are made of, and which are in force where in the event log. */
import { isStorable, type Queryable } from '#kernel/database';
import { canonicalUuid } from '#kernel/ids';
import { isCurrency } from '#kernel/money';
import { centreError } from './errors.ts';
import { type Condition, nodePath } from './model.ts';
import { placesOf, readCustomer, readNodes } from './store.ts';

export interface RuleInput extends Condition {
  /** UUID of the caller; the same again changes nothing. */
  readonly id: string;
  readonly customer: string;
  /** Only accounts of this node and below; null: all. Not together with an account. */
  readonly path: string | null;
  readonly accountId: string | null;
  /** Who is told: 1 to 20 names, each 1 to 100 characters, such as the adviser's. */
  readonly subscribers: readonly string[];
}

export interface AlertRule extends RuleInput {
  readonly actor: string;
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

export interface RuleRow extends AlertRule {
  /** The rule covers postings whose event stands behind this position, */
  readonly fromPosition: bigint;
  /** and, when retired, before this one. */
  readonly throughPosition: bigint | null;
}

export const ruleColumns = `rule_id as id, customer_key as customer, path, account_id as "accountId", direction, type, currency,
  at_least_minor as "atLeast", balance_below_minor as "balanceBelow", balance_above_minor as "balanceAbove", subscribers,
  actor, created_at as "createdAt", retired_at as "retiredAt", from_position as "fromPosition",
  through_position as "throughPosition"`;

export async function findRule(db: Queryable, bookId: number, id: string): Promise<RuleRow | undefined> {
  const { rows } = await db.query<RuleRow>(
    `select ${ruleColumns} from account_centre.alert_rule where book_id = $1 and rule_id = $2`,
    [bookId, id],
  );
  return rows[0];
}

export function shown({ fromPosition: _from, throughPosition: _through, ...rule }: RuleRow): AlertRule {
  return rule;
}

/** What makes two rules the same. */
const content = [
  'customer',
  'path',
  'accountId',
  'direction',
  'type',
  'currency',
  'atLeast',
  'balanceBelow',
  'balanceAbove',
] as const;

/** The rule that is there already. Error: `alert_rule_different`. */
export function same(before: RuleRow, rule: RuleInput): AlertRule {
  const told = before.subscribers.join('\n') === rule.subscribers.join('\n');
  if (told && content.every((field) => before[field] === rule[field])) return shown(before);
  throw centreError('alert_rule_different', `The id ${rule.id} was used for another rule`, { rule_id: rule.id });
}

/** Checks a rule, also against the tree. Errors: those of `Alerts.addRule`. */
export async function checked(db: Queryable, bookId: number, given: RuleInput): Promise<RuleInput> {
  const fault = (detail: string) => centreError('alert_rule_invalid', detail);
  const id = canonicalUuid(given.id);
  const accountId = given.accountId === null ? null : canonicalUuid(given.accountId);
  if (id === undefined || accountId === undefined) throw fault('A rule and an account are named by UUIDs');
  if (accountId !== null && given.path !== null) throw fault('A rule is about a node or an account, not both');
  const { currency, atLeast, subscribers, type } = given;
  const amounts = [atLeast, given.balanceBelow, given.balanceAbove].some((amount) => amount !== null);
  if (currency === null ? amounts : !isCurrency(currency)) throw fault('A rule with an amount names its currency');
  if (atLeast !== null && atLeast <= 0n) throw fault('The least amount must be above zero');
  if (type !== null && (type.length < 1 || type.length > 64 || !isStorable(type))) {
    throw fault('A type has 1 to 64 characters');
  }
  const unfit = subscribers.some(
    (one) => one.trim() === '' || one.length > 100 || /\p{Cc}/u.test(one) || !one.isWellFormed(),
  );
  if (unfit || subscribers.length < 1 || subscribers.length > 20)
    throw fault('A rule has 1 to 20 subscribers, named by text');
  await readCustomer(db, bookId, given.customer);
  if (given.path !== null) {
    const path = nodePath(given.customer, given.path);
    const nodes = await readNodes(db, bookId, given.customer);
    if (!nodes.some((node) => node.path === path)) {
      throw centreError('node_not_found', `No node '${path}' in the tree`, { node: path });
    }
  }
  if (accountId !== null) {
    const place = (await placesOf(db, bookId, [accountId])).get(accountId);
    if (place?.customer !== given.customer) {
      const detail = `Account ${accountId} is not in the tree of ${given.customer}`;
      throw centreError('account_not_in_tree', detail, { account_id: accountId });
    }
  }
  return { ...given, id, accountId };
}

/** The rules in force at an event's position, by customer. */
export async function rulesAt(
  db: Queryable,
  bookId: number,
  position: bigint,
  customers: readonly string[],
): Promise<Map<string, RuleRow[]>> {
  if (customers.length === 0) return new Map();
  const { rows } = await db.query<RuleRow>(
    `select ${ruleColumns} from account_centre.alert_rule
     where book_id = $1 and customer_key = any ($2::text[]) and from_position < $3
       and (through_position is null or through_position > $3) order by rule_id`,
    [bookId, customers, position],
  );
  return Map.groupBy(rows, ({ customer }) => customer);
}
