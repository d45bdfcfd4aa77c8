import type { Clock } from '#kernel/clock';
import { systemClock } from '#kernel/clock';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { eventsError } from './errors.ts';
import { headPosition } from './log.ts';
import { wakeConsumers } from './wake.ts';

/** How far a consumer has come, for operators and health pages. */
export interface ConsumerStatus {
  readonly bookId: number;
  readonly consumer: string;
  /** The last position handled. In state `failed` the next one is the event that cannot be handled. */
  readonly position: bigint;
  /** The last position of the book's log. */
  readonly head: bigint;
  readonly state: 'running' | 'failed';
  /** Failures in a row at this position. */
  readonly failureCount: number;
  readonly error: string | null;
  /** RFC 3339, UTC. */
  readonly updatedAt: string;
}

/** All consumers of all books with their lag (`head - position`) and failures. */
export async function listConsumers(db: Queryable): Promise<ConsumerStatus[]> {
  const { rows } = await db.query<ConsumerStatus>(
    `select c.book_id as "bookId", c.consumer, c.position, b.position as head, c.state,
            c.failure_count as "failureCount", c.error, c.updated_at as "updatedAt"
       from kernel.consumer_checkpoint c join kernel.book_position b using (book_id)
      order by c.book_id, c.consumer`,
  );
  return rows;
}

/**
 * Makes a consumer handle the log again from `fromPosition` on (1n: from the beginning; head + 1: nothing old). It
 * waits for a batch under way, also clears a failure, and works while the consumer runs. The consumer's own writes must
 * allow for seeing an event again. Errors: `consumer_not_found`, `replay_position_invalid`.
 */
export async function replay(
  db: Database,
  name: string,
  bookId: number,
  fromPosition: bigint,
  clock: Clock = systemClock(),
): Promise<void> {
  const head = await headPosition(db, bookId);
  if (fromPosition < 1n || fromPosition > head + 1n) {
    throw eventsError('replay_position_invalid', `Position ${fromPosition} is not within 1 to ${head + 1n}`, {
      book_id: bookId,
      position: String(fromPosition),
    });
  }
  await setRunning(db, name, bookId, fromPosition - 1n, clock);
}

/** Lets a failed consumer try again where it stopped. Error: `consumer_not_found`. */
export async function resumeConsumer(
  db: Database,
  name: string,
  bookId: number,
  clock: Clock = systemClock(),
): Promise<void> {
  await setRunning(db, name, bookId, null, clock);
}

async function setRunning(db: Queryable, name: string, bookId: number, position: bigint | null, clock: Clock) {
  const { rowCount } = await db.query(
    `update kernel.consumer_checkpoint
        set position = coalesce($3, position), state = 'running', failure_count = 0, error = null, updated_at = $4
      where book_id = $1 and consumer = $2`,
    [bookId, name, position, clock.now().toString()],
  );
  if (rowCount === 0) {
    throw eventsError('consumer_not_found', `No consumer '${name}' of book number ${bookId}`, { consumer: name });
  }
  wakeConsumers(bookId);
}

/** Creates the checkpoint at the beginning of the log, unless the consumer has one. */
export async function ensureCheckpoint(db: Queryable, name: string, bookId: number, clock: Clock): Promise<void> {
  await db.query(
    `insert into kernel.consumer_checkpoint (book_id, consumer, updated_at) values ($1, $2, $3)
     on conflict do nothing`,
    [bookId, name, clock.now().toString()],
  );
}

/** Whether there may be something to do: one cheap look without a transaction. */
export async function hasWork(db: Queryable, name: string, bookId: number): Promise<boolean> {
  const { rows } = await db.query(
    `select 1 from kernel.consumer_checkpoint c join kernel.book_position b using (book_id)
      where c.book_id = $1 and c.consumer = $2 and c.state = 'running' and b.position > c.position`,
    [bookId, name],
  );
  return rows.length > 0;
}

/**
 * Takes the checkpoint for this transaction. Undefined: another process has it, or the consumer has failed.
 * The head is that of a committed append, so every position up to it can be read.
 */
export async function lockCheckpoint(
  tx: Transaction,
  name: string,
  bookId: number,
): Promise<{ position: bigint; head: bigint } | undefined> {
  const { rows } = await tx.query<{ position: bigint; head: bigint }>(
    `select c.position, b.position as head
       from kernel.consumer_checkpoint c join kernel.book_position b using (book_id)
      where c.book_id = $1 and c.consumer = $2 and c.state = 'running'
        for update of c skip locked`,
    [bookId, name],
  );
  return rows[0];
}

export async function advanceCheckpoint(tx: Transaction, name: string, bookId: number, position: bigint, clock: Clock) {
  await tx.query(
    `update kernel.consumer_checkpoint
        set position = $3, failure_count = 0, error = null, updated_at = $4
      where book_id = $1 and consumer = $2`,
    [bookId, name, position, clock.now().toString()],
  );
}

/**
 * Counts a failure at `position` and stops the consumer when there are `maximumFailures`. Undefined: the checkpoint has
 * moved meanwhile (another process went on, or an operator), so the failure no longer concerns it.
 */
export async function recordFailure(
  db: Queryable,
  name: string,
  bookId: number,
  failure: { position: bigint; error: string; maximumFailures: number },
  clock: Clock,
): Promise<{ failureCount: number; state: 'running' | 'failed' } | undefined> {
  const { rows } = await db.query<{ failureCount: number; state: 'running' | 'failed' }>(
    `update kernel.consumer_checkpoint
        set failure_count = failure_count + 1, error = $4, updated_at = $6,
            state = case when failure_count + 1 >= $5 then 'failed' else 'running' end
      where book_id = $1 and consumer = $2 and position = $3 and state = 'running'
      returning failure_count as "failureCount", state`,
    [bookId, name, failure.position, failure.error, failure.maximumFailures, clock.now().toString()],
  );
  return rows[0];
}
