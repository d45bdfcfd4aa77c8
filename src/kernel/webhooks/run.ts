import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { type ConsumerLog, runConsumer } from '#kernel/events';
import type { AddressPolicy } from './address.ts';
import { type ClaimedDelivery, claimDeliveries, enqueueDeliveries, recordAttempt } from './deliveries.ts';
import { createSender, type Sender } from './send.ts';
import { sign, signatureHeader } from './signature.ts';

export interface DelivererOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly policy: AddressPolicy;
  readonly log?: ConsumerLog;
  /** Bounds one attempt. Default 10,000. */
  readonly timeout_ms?: number;
  /** How long an attempt may take before another process makes it again. Default 20,000. */
  readonly lease_ms?: number;
  /** Longest pause between two looks for due deliveries. Default 500. */
  readonly idleDelay_ms?: number;
  /** Attempts under way to one receiver in this process. Default 4. */
  readonly perSubscription?: number;
  /** Attempts after which a delivery is dead. Default 16: about a day. */
  readonly maximumAttempts?: number;
}

const firstRetry_ms = 5_000;
const longestRetry_ms = 6 * 3_600_000;

/**
 * Runs the webhooks of one book until `signal` aborts: a consumer of the log writes down what is to be delivered, and a
 * deliverer delivers it. Any number of processes may do so for the same book.
 */
export async function runWebhooks(options: DelivererOptions, bookId: number, signal: AbortSignal): Promise<void> {
  const { db, clock, log } = options;
  const consumer = runConsumer({
    db,
    name: 'webhooks',
    bookId,
    signal,
    clock,
    handle: (tx, events) => enqueueDeliveries(tx, bookId, events, clock),
    ...(log && { log }),
  });
  await Promise.all([consumer, deliver(options, bookId, signal)]);
}

/**
 * Sends due deliveries until `signal` aborts, then waits for the attempts under way. Every delivery is made at least
 * once: an attempt whose process dies, or whose outcome cannot be written down, is made again when its lease ends.
 */
async function deliver(options: DelivererOptions, bookId: number, signal: AbortSignal): Promise<void> {
  const { db, clock, log, perSubscription = 4, idleDelay_ms = 500, lease_ms = 20_000 } = options;
  const sender = createSender(options.policy, options.timeout_ms ?? 10_000);
  const underway = new Map<string, number>();
  const attempts = new Set<Promise<void>>();
  let pause_ms = 0;

  function begin(claimed: ClaimedDelivery): void {
    const { subscriptionId } = claimed;
    underway.set(subscriptionId, (underway.get(subscriptionId) ?? 0) + 1);
    const running = attempt(options, sender, bookId, claimed)
      .catch((error) => log?.warn({ err: error, delivery_id: claimed.deliveryId }, 'outcome of a delivery was lost'))
      .finally(() => {
        const remaining = (underway.get(subscriptionId) ?? 1) - 1;
        if (remaining > 0) underway.set(subscriptionId, remaining);
        else underway.delete(subscriptionId);
        attempts.delete(running);
      });
    attempts.add(running);
  }

  while (!signal.aborted) {
    const now = clock.now();
    const leaseEnd = now.add({ milliseconds: lease_ms }).toString();
    try {
      const claimed = await claimDeliveries(db, bookId, underway, perSubscription, now.toString(), leaseEnd);
      for (const delivery of claimed) begin(delivery);
      pause_ms = claimed.length > 0 ? 0 : Math.min(Math.max(pause_ms * 2, 20), idleDelay_ms);
    } catch (error) {
      log?.warn({ err: error, book_id: bookId }, 'webhook deliveries cannot be read');
      pause_ms = idleDelay_ms;
    }
    await firstOf(attempts, pause_ms, signal);
  }
  await Promise.all(attempts);
  sender.close();
}

/** Waits until an attempt has ended (which makes room for another), the time is over, or the signal aborts. */
async function firstOf(attempts: ReadonlySet<Promise<void>>, pause_ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, pause_ms);
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) resolve();
  await Promise.race([promise, ...attempts]);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
}

async function attempt(
  options: DelivererOptions,
  sender: Sender,
  bookId: number,
  claimed: ClaimedDelivery,
): Promise<void> {
  const { db, clock, maximumAttempts = 16 } = options;
  const body = deliveryBody(claimed);
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Longmen-Webhooks/1',
    'Longmen-Delivery': claimed.deliveryId,
    'Longmen-Attempt': String(claimed.attempts),
    [signatureHeader]: sign(claimed.secret, body, clock),
  };
  const { status, error } = await sender.send(claimed.url, headers, body);
  const now = clock.now();
  if (error === null) {
    await recordAttempt(
      db,
      bookId,
      claimed,
      { state: 'delivered', status, error, nextAttemptAt: null },
      now.toString(),
    );
    return;
  }
  const isDead = claimed.attempts >= maximumAttempts;
  const nextAttemptAt = isDead ? null : now.add({ milliseconds: retryDelay_ms(claimed.attempts, Math.random()) });
  await recordAttempt(
    db,
    bookId,
    claimed,
    { state: isDead ? 'dead' : 'waiting', status, error, nextAttemptAt: nextAttemptAt?.toString() ?? null },
    now.toString(),
  );
}

/** What a receiver gets: the same bytes at every attempt. */
export function deliveryBody(claimed: ClaimedDelivery): string {
  return JSON.stringify({
    id: claimed.eventId,
    type: claimed.type,
    subject: claimed.subject,
    book: claimed.book,
    position: String(claimed.position),
    recorded_at: claimed.recordedAt,
    payload: claimed.payload,
  });
}

/**
 * The pause after attempt number `attempts`: 5 s doubling up to 6 h, times 0.5 to 1.5 by `random` (0 to 1), so that
 * what failed together does not come back together.
 */
export function retryDelay_ms(attempts: number, random: number): number {
  const base_ms = Math.min(firstRetry_ms * 2 ** Math.min(attempts - 1, 30), longestRetry_ms);
  return Math.round(base_ms * (0.5 + random));
}
