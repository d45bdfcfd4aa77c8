/** The parts of webhooks as one service. */
import type { Clock } from '#kernel/clock';
import type { Database, Queryable, Transaction } from '#kernel/database';
import type { ConsumerLog } from '#kernel/events';
import { addressPolicy } from './address.ts';
import { type Delivery, type DeliveryFilter, listDeliveries, purgeDeliveries, redeliver } from './deliveries.ts';
import { type DelivererOptions, runWebhooks } from './run.ts';
import {
  listSubscriptions,
  type Subscription,
  type SubscriptionInput,
  subscribe,
  unsubscribe,
} from './subscriptions.ts';

export interface WebhooksOptions extends Omit<DelivererOptions, 'policy'> {
  readonly db: Database;
  readonly clock: Clock;
  readonly log?: ConsumerLog;
  /**
   * Networks (CIDR) that may be delivered to besides the public internet, such as `10.20.0.0/16`. Plain http is
   * possible to this machine only, and only with {@link loopbackNetworks}. Default: none.
   */
  readonly allowedNetworks?: readonly string[];
}

export interface Webhooks {
  /**
   * Subscribes a URL to the events of a book that come after now; `secret` is shown this once. Errors:
   * `webhook_url_invalid`, `webhook_address_refused`, `webhook_event_type_invalid`, `book_not_found`.
   */
  subscribe(
    tx: Transaction,
    bookId: number,
    input: SubscriptionInput,
  ): Promise<{ subscription: Subscription; secret: string }>;
  /** Removes a subscription together with its deliveries. Error: `webhook_subscription_not_found`. */
  unsubscribe(tx: Transaction, bookId: number, subscriptionId: string): Promise<void>;
  subscriptions(db: Queryable, bookId: number): Promise<Subscription[]>;
  /** Deliveries, newest first. */
  deliveries(db: Queryable, bookId: number, filter?: DeliveryFilter): Promise<Delivery[]>;
  /** Sends a finished delivery again. Error: `webhook_delivery_not_found`. */
  redeliver(tx: Transaction, bookId: number, deliveryId: string): Promise<void>;
  /** Forgets deliveries finished before an instant (RFC 3339); gives how many. */
  purge(tx: Transaction, bookId: number, finishedBefore: string): Promise<number>;
  /** Delivers the events of a book until the signal aborts and the attempts under way have ended. */
  run(bookId: number, signal: AbortSignal): Promise<void>;
}

export function openWebhooks(options: WebhooksOptions): Webhooks {
  const { clock } = options;
  const policy = addressPolicy(options.allowedNetworks);
  return {
    subscribe: (tx, bookId, input) => subscribe(tx, bookId, input, policy, clock),
    unsubscribe,
    subscriptions: listSubscriptions,
    deliveries: listDeliveries,
    redeliver: (tx, bookId, deliveryId) => redeliver(tx, bookId, deliveryId, clock),
    purge: purgeDeliveries,
    run: (bookId, signal) => runWebhooks({ ...options, policy }, bookId, signal),
  };
}
