/**
 * Movement alerts (动账提醒): rules as data, and the consumer of the book's event log that looks at each posting once and
 * writes what the rules ask for, with its checkpoint, in one transaction.
 */
import type { Ledger } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { appendEvents, type Book, type ConsumerLog, runConsumer } from '#kernel/events';
import { canonicalUuid } from '#kernel/ids';
import { centreError } from './errors.ts';
import { type Alert, raise } from './raise.ts';
import { type AlertRule, checked, findRule, type RuleInput, type RuleRow, ruleColumns, same, shown } from './rules.ts';
import { checkHand, type Hand } from './service.ts';

export interface AlertCursor {
  readonly sequence: bigint;
  readonly accountId: string;
  readonly ruleId: string;
}

export interface AlertDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log?: ConsumerLog | undefined;
}

export interface Alerts {
  /** Adds a rule; it looks at what is posted from then on. Errors: `alert_rule_invalid`, `alert_rule_different`, `tree_not_found`, `node_not_found`, `account_not_in_tree`. */
  addRule(tx: Transaction, book: string, rule: RuleInput, hand: Hand): Promise<AlertRule>;
  /** Ends a rule; the same again changes nothing. Error: `alert_rule_not_found`. */
  retireRule(tx: Transaction, book: string, id: string, hand: Hand): Promise<AlertRule>;
  /** The rules of a customer in the order of their ids, behind `after`, retired ones too. */
  rules(book: string, customer: string, page: { after?: string | undefined; limit: number }): Promise<AlertRule[]>;
  /** The alerts of a customer in journal order, behind `after`. */
  alerts(book: string, customer: string, page: { after?: AlertCursor | undefined; limit: number }): Promise<Alert[]>;
  /** Raises alerts until `signal` aborts; it never rejects. Any number of processes may run it for one book. */
  run(book: Pick<Book, 'bookId'>, signal: AbortSignal): Promise<void>;
}

/** Events handled in one transaction; each can tell of thousands of postings. */
const EVENTS_PER_TRANSACTION = 16;
export function openAlerts({ db, ledger, clock, log }: AlertDeps): Alerts {
  return {
    async addRule(tx, book, given, hand) {
      const { actor } = checkHand(hand);
      const bookId = await ledger.bookId(book);
      const rule = await checked(tx, bookId, given);
      const before = await findRule(tx, bookId, rule.id);
      if (before !== undefined) return same(before, rule);
      // The event comes first: its position says from where on the rule looks, and it is held until the commit, so that
      // nothing posted behind it can be looked at without the rule.
      const { lastPosition } = await appendEvents(tx, bookId, clock, [
        {
          type: 'account_centre.alert_rule_added',
          subject: rule.id,
          payload: { rule_id: rule.id, customer: rule.customer },
        },
      ]);
      await tx.query(
        `insert into account_centre.alert_rule (book_id, rule_id, customer_key, path, account_id, direction, type,
           currency, at_least_minor, balance_below_minor, balance_above_minor, subscribers, actor, created_at, from_position)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing`,
        [
          bookId,
          rule.id,
          rule.customer,
          rule.path,
          rule.accountId,
          rule.direction,
          rule.type,
          rule.currency,
          rule.atLeast,
          rule.balanceBelow,
          rule.balanceAbove,
          rule.subscribers,
          actor,
          instantText(clock.now()),
          lastPosition,
        ],
      );
      const added = await findRule(tx, bookId, rule.id);
      invariant(added !== undefined, 'alert_rule_is_there');
      return same(added, rule);
    },
    async retireRule(tx, book, id, hand) {
      const { actor } = checkHand(hand);
      const bookId = await ledger.bookId(book);
      const known = canonicalUuid(id);
      const rule = known === undefined ? undefined : await findRule(tx, bookId, known);
      if (rule === undefined) throw centreError('alert_rule_not_found', `No rule ${id.slice(0, 60)}`, { rule_id: id });
      if (rule.retiredAt !== null) return shown(rule);
      const { lastPosition, recordedAt } = await appendEvents(tx, bookId, clock, [
        {
          type: 'account_centre.alert_rule_retired',
          subject: rule.id,
          payload: { rule_id: rule.id, customer: rule.customer },
        },
      ]);
      await tx.query(
        `update account_centre.alert_rule set retired_at = $3, retired_by = $4, through_position = $5
         where book_id = $1 and rule_id = $2 and retired_at is null`,
        [bookId, rule.id, recordedAt, actor, lastPosition],
      );
      return { ...shown(rule), retiredAt: recordedAt };
    },
    async rules(book, customer, page) {
      const { rows } = await db.query<RuleRow>(
        `select ${ruleColumns} from account_centre.alert_rule
         where book_id = $1 and customer_key = $2 and ($3::uuid is null or rule_id > $3) order by rule_id limit $4`,
        [await ledger.bookId(book), customer, page.after ?? null, page.limit],
      );
      return rows.map(shown);
    },
    async alerts(book, customer, { after, limit }) {
      const { rows } = await db.query<Alert>(
        `select alert_id as id, sequence, account_id as "accountId", rule_id as "ruleId", customer_key as customer,
           transfer_id as "transferId", direction, amount_minor as amount, currency, balance_minor as balance,
           subscribers, raised_at as "raisedAt"
         from account_centre.alert
         where book_id = $1 and customer_key = $2
           and ($3::bigint is null or (sequence, account_id, rule_id) > ($3, $4::uuid, $5::uuid))
         order by sequence, account_id, rule_id limit $6`,
        [
          await ledger.bookId(book),
          customer,
          after?.sequence ?? null,
          after?.accountId ?? null,
          after?.ruleId ?? null,
          limit,
        ],
      );
      return rows;
    },
    run: ({ bookId }, signal) =>
      runConsumer({
        db,
        name: 'account_centre.alerts',
        bookId,
        types: ['ledger.posted'],
        batchSize: EVENTS_PER_TRANSACTION,
        clock,
        signal,
        ...(log === undefined ? {} : { log }),
        handle: (tx, events) => raise(tx, bookId, clock, events),
      }),
  };
}
