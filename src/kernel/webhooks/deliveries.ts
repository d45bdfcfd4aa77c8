import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import type { EventRecord } from '#kernel/events';
import { newId } from '#kernel/ids';
import { webhooksError } from './errors.ts';
import { listSubscriptions, type Subscription } from './subscriptions.ts';

export type DeliveryState = 'waiting' | 'delivered' | 'dead';

/** One event for one subscription, and what became of it. */
export interface Delivery {
  readonly deliveryId: string;
  readonly bookId: number;
  readonly subscriptionId: string;
  /** The event's position in the book's log. */
  readonly position: bigint;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** RFC 3339, UTC; while an attempt is under way, the instant at which it counts as lost. */
  readonly nextAttemptAt: string;
  /** HTTP status of the last attempt; null when there was no answer. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

export interface DeliveryFilter {
  readonly state?: DeliveryState;
  readonly subscriptionId?: string;
  /** Cursor: only deliveries older than this one. */
  readonly beforeDeliveryId?: string;
  /** Default 100. */
  readonly limit?: number;
}

/** Deliveries of a book, newest first. */
export async function listDeliveries(db: Queryable, bookId: number, filter: DeliveryFilter = {}): Promise<Delivery[]> {
  const { rows } = await db.query<Delivery>(
    `select delivery_id as "deliveryId", book_id as "bookId", subscription_id as "subscriptionId", position, state,
            attempts, next_attempt_at as "nextAttemptAt", last_status as "lastStatus", last_error as "lastError",
            created_at as "createdAt", finished_at as "finishedAt"
       from kernel.webhook_delivery
      where book_id = $1
        and ($2::text is null or state = $2)
        and ($3::uuid is null or subscription_id = $3)
        and ($4::uuid is null or delivery_id < $4)
      order by delivery_id desc
      limit $5`,
    [bookId, filter.state ?? null, filter.subscriptionId ?? null, filter.beforeDeliveryId ?? null, filter.limit ?? 100],
  );
  return rows;
}

/** Sends a finished delivery again, with all its attempts. Error: `webhook_delivery_not_found`. */
export async function redeliver(tx: Transaction, bookId: number, deliveryId: string, clock: Clock): Promise<void> {
  const { rowCount } = await tx.query(
    `update kernel.webhook_delivery
        set state = 'waiting', attempts = 0, next_attempt_at = $3, finished_at = null
      where book_id = $1 and delivery_id = $2 and state <> 'waiting'`,
    [bookId, deliveryId, clock.now().toString()],
  );
  if (rowCount === 0) {
    throw webhooksError('webhook_delivery_not_found', `No finished delivery ${deliveryId}`, {
      delivery_id: deliveryId,
    });
  }
}

/** Forgets deliveries finished before an instant (RFC 3339), for the retention job. Gives how many. */
export async function purgeDeliveries(tx: Transaction, bookId: number, finishedBefore: string): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from kernel.webhook_delivery where book_id = $1 and state <> 'waiting' and finished_at < $2`,
    [bookId, finishedBefore],
  );
  return rowCount;
}

/** Which subscription gets which event. */
export function matches(subscription: Subscription, event: EventRecord): boolean {
  if (event.position <= subscription.afterPosition) return false;
  return subscription.eventTypes.length === 0 || subscription.eventTypes.includes(event.type);
}

/** Writes down what is to be delivered; the handler of the webhooks consumer. */
export async function enqueueDeliveries(
  tx: Transaction,
  bookId: number,
  events: readonly EventRecord[],
  clock: Clock,
): Promise<void> {
  const subscriptions = await listSubscriptions(tx, bookId);
  const wanted = events.flatMap((event) =>
    subscriptions
      .filter((subscription) => matches(subscription, event))
      .map(({ subscriptionId }) => ({
        deliveryId: newId(clock),
        subscriptionId,
        position: event.position,
      })),
  );
  if (wanted.length === 0) return;
  // The join drops what is for a subscription removed since it was listed.
  await tx.query(
    `insert into kernel.webhook_delivery
       (book_id, delivery_id, subscription_id, position, next_attempt_at, created_at)
     select $1, wanted.delivery_id, wanted.subscription_id, wanted.position, $2, $2
       from unnest($3::uuid[], $4::uuid[], $5::bigint[]) as wanted (delivery_id, subscription_id, position)
       join kernel.webhook_subscription s on s.book_id = $1 and s.subscription_id = wanted.subscription_id
     on conflict (book_id, subscription_id, position) do nothing`,
    [
      bookId,
      clock.now().toString(),
      wanted.map((delivery) => delivery.deliveryId),
      wanted.map((delivery) => delivery.subscriptionId),
      wanted.map((delivery) => delivery.position),
    ],
  );
}

/** A delivery taken for one attempt, with everything to send. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly subscriptionId: string;
  readonly url: string;
  readonly secret: string;
  /** Counts this attempt. It also fences: the outcome is only written while nobody has taken the delivery since. */
  readonly attempts: number;
  readonly eventId: string;
  readonly type: string;
  readonly subject: string;
  readonly book: string;
  readonly position: bigint;
  readonly recordedAt: string;
  readonly payload: unknown;
}

/**
 * Takes due deliveries of a book, oldest first, so that no subscription has more than `perSubscription` under way in
 * this process (`underway` counts them by subscription): a receiver that does not answer must not hold up the others.
 * Until `leaseEnd` they are this process's; after it anybody may take them.
 */
export async function claimDeliveries(
  db: Queryable,
  bookId: number,
  underway: ReadonlyMap<string, number>,
  perSubscription: number,
  now: string,
  leaseEnd: string,
): Promise<ClaimedDelivery[]> {
  const { rows } = await db.query<ClaimedDelivery>(
    `with due as (
       select picked.delivery_id
         from kernel.webhook_subscription s
         left join unnest($2::uuid[], $3::int[]) as underway (subscription_id, amount) using (subscription_id)
        cross join lateral (
          select d.delivery_id
            from kernel.webhook_delivery d
           where d.book_id = s.book_id and d.subscription_id = s.subscription_id
             and d.state = 'waiting' and d.next_attempt_at <= $5
           order by d.next_attempt_at
           limit greatest($4::int - coalesce(underway.amount, 0), 0)
             for update skip locked
        ) as picked
        where s.book_id = $1
     )
     update kernel.webhook_delivery d
        set attempts = d.attempts + 1, next_attempt_at = $6
       from due, kernel.webhook_subscription s, kernel.event e, kernel.book b
      where d.book_id = $1 and d.delivery_id = due.delivery_id
        and s.book_id = d.book_id and s.subscription_id = d.subscription_id
        and e.book_id = d.book_id and e.position = d.position
        and b.book_id = d.book_id
     returning d.delivery_id as "deliveryId", d.subscription_id as "subscriptionId", s.url, s.secret, d.attempts,
               e.event_id as "eventId", e.type, e.subject, b.code as book, e.position,
               e.recorded_at as "recordedAt", e.payload`,
    [bookId, [...underway.keys()], [...underway.values()], perSubscription, now, leaseEnd],
  );
  return rows;
}

/** Writes down how an attempt ended, unless its lease has run out and someone else has taken the delivery. */
export async function recordAttempt(
  db: Queryable,
  bookId: number,
  claimed: ClaimedDelivery,
  outcome: { state: DeliveryState; status: number | null; error: string | null; nextAttemptAt: string | null },
  now: string,
): Promise<void> {
  await db.query(
    `update kernel.webhook_delivery
        set state = $4, last_status = $5, last_error = $6, next_attempt_at = coalesce($7, next_attempt_at),
            finished_at = case when $4 = 'waiting' then null else $8::timestamptz end
      where book_id = $1 and delivery_id = $2 and attempts = $3 and state = 'waiting'`,
    [
      bookId,
      claimed.deliveryId,
      claimed.attempts,
      outcome.state,
      outcome.status,
      outcome.error,
      outcome.nextAttemptAt,
      now,
    ],
  );
}
