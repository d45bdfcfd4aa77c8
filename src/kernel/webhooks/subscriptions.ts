import { randomBytes } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { headPosition } from '#kernel/events';
import { isUuid, newId } from '#kernel/ids';
import { type AddressPolicy, checkUrl } from './address.ts';
import { webhooksError } from './errors.ts';

/** Who wants to hear of what. The secret is not part of it: it is shown once, at creation. */
export interface Subscription {
  readonly subscriptionId: string;
  readonly bookId: number;
  readonly url: string;
  /** Empty: all types. */
  readonly eventTypes: readonly string[];
  /** Only events behind this position of the log are delivered. */
  readonly afterPosition: bigint;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

export interface SubscriptionInput {
  /** https; or http to this machine where that is allowed. */
  readonly url: string;
  /** Default: all types. */
  readonly eventTypes?: readonly string[];
}

/**
 * Subscribes a URL to the events of a book that come after now. `secret` (`whsec_…`) is what the receiver checks
 * signatures with; it cannot be read again. Errors: `webhook_url_invalid`, `webhook_address_refused`,
 * `webhook_event_type_invalid`, `book_not_found`.
 */
export async function subscribe(
  tx: Transaction,
  bookId: number,
  input: SubscriptionInput,
  policy: AddressPolicy,
  clock: Clock,
): Promise<{ subscription: Subscription; secret: string }> {
  const url = await checkUrl(input.url, policy);
  const eventTypes = [...new Set(input.eventTypes ?? [])];
  const malformed = eventTypes.find((type) => type.length === 0 || type.length > 128);
  if (malformed !== undefined) {
    throw webhooksError('webhook_event_type_invalid', 'An event type has 1 to 128 characters');
  }
  const afterPosition = await headPosition(tx, bookId);
  const secret = newSecret();
  const { rows } = await tx.query<Subscription>(
    `insert into kernel.webhook_subscription
       (book_id, subscription_id, url, event_types, secret, after_position, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     returning ${subscriptionFields}`,
    [bookId, newId(clock), url, eventTypes, secret, afterPosition, clock.now().toString()],
  );
  const [subscription] = rows;
  invariant(subscription !== undefined, 'insert_returns_the_subscription');
  return { subscription, secret };
}

/**
 * Replaces the secret of a subscription: what is sent from now on, first or again, is signed with the new one.
 * Error: `webhook_subscription_not_found`.
 */
export async function rotateSecret(tx: Transaction, bookId: number, subscriptionId: string): Promise<string> {
  const secret = newSecret();
  const { rowCount } = isUuid(subscriptionId)
    ? await tx.query(`update kernel.webhook_subscription set secret = $3 where book_id = $1 and subscription_id = $2`, [
        bookId,
        subscriptionId,
        secret,
      ])
    : { rowCount: 0 };
  if (rowCount === 0) throw notFound(subscriptionId);
  return secret;
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

function notFound(subscriptionId: string) {
  return webhooksError('webhook_subscription_not_found', `No subscription ${subscriptionId}`, {
    subscription_id: subscriptionId,
  });
}

/** Removes a subscription together with its deliveries. Error: `webhook_subscription_not_found`. */
export async function unsubscribe(tx: Transaction, bookId: number, subscriptionId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `delete from kernel.webhook_subscription where book_id = $1 and subscription_id = $2`,
    [bookId, subscriptionId],
  );
  if (rowCount === 0) throw notFound(subscriptionId);
}

/** The subscriptions of a book, oldest first. */
export async function listSubscriptions(db: Queryable, bookId: number): Promise<Subscription[]> {
  const { rows } = await db.query<Subscription>(
    `select ${subscriptionFields} from kernel.webhook_subscription where book_id = $1 order by subscription_id`,
    [bookId],
  );
  return rows;
}

const subscriptionFields = `subscription_id as "subscriptionId", book_id as "bookId", url,
  event_types as "eventTypes", after_position as "afterPosition", created_at as "createdAt"`;
