import { type Clock, systemClock } from '#kernel/clock';
import type { Database, Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { advanceCheckpoint, ensureCheckpoint, hasWork, lockCheckpoint, recordFailure } from './checkpoint.ts';
import { type EventRecord, readWindow } from './log.ts';
import { bookSleeper } from './wake.ts';

/** The part of a pino logger that is used here. */
export interface ConsumerLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ConsumerOptions {
  readonly db: Database;
  /** Names the checkpoint; unique among the consumers of a book. A new name starts at the beginning of the log. */
  readonly name: string;
  readonly bookId: number;
  /** Only events of these types are handed over; the checkpoint moves past the others. Default: all types. */
  readonly types?: readonly string[];
  /**
   * Handles events in log order. Whatever it writes through `tx` commits together with the checkpoint, so each event
   * takes effect exactly once, also when the process dies. An effect outside the database happens at least once.
   */
  readonly handle: (tx: Transaction, events: readonly EventRecord[]) => Promise<void>;
  /** Stops the consumer after the batch under way. */
  readonly signal: AbortSignal;
  /** Positions per transaction. Default 500. */
  readonly batchSize?: number;
  /** Failures in a row on one event after which the consumer waits for `resumeConsumer`. Default 10. */
  readonly maximumFailures?: number;
  /** Pause after the first failure; it doubles up to 30 s. Default 1,000. */
  readonly retryDelay_ms?: number;
  /** Longest pause between two looks when there is nothing to do. Default 200. */
  readonly idleDelay_ms?: number;
  readonly clock?: Clock;
  readonly log?: ConsumerLog;
}

const firstIdleDelay_ms = 10;
const longestRetryDelay_ms = 30_000;

/**
 * Runs a consumer of a book's log until `signal` aborts; it never rejects. Any number of processes may run the same
 * consumer: the checkpoint row is locked for each batch, so one handles and the others stand by.
 *
 * When a batch fails, its events are tried again one by one; an event that keeps failing is retried with a growing
 * pause and then stops the consumer (`kernel.consumer_checkpoint.state = 'failed'`, with the error) without blocking
 * any other consumer. An unreachable or read-only database is waited for and does not count as a failure.
 */
export async function runConsumer(options: ConsumerOptions): Promise<void> {
  const { db, name, bookId, types, handle, signal, log } = options;
  const { batchSize = 500, maximumFailures = 10, retryDelay_ms = 1_000, idleDelay_ms = 200 } = options;
  const clock = options.clock ?? systemClock();
  const sleeper = bookSleeper(bookId, signal);
  let prepared = false;
  let idle_ms = firstIdleDelay_ms;
  let outages = 0;
  /** Up to this position events are handled one by one, to find the one that made a batch fail. */
  let oneByOneUntil = 0n;
  /** The positions of the batch under way: behind `after`, up to and including `last`. */
  let window: { readonly after: bigint; readonly last: bigint } | undefined;

  /** Handles one window of the log in one transaction; false when there is nothing to do for this process. */
  async function step(): Promise<boolean> {
    window = undefined;
    if (!prepared) await ensureCheckpoint(db, name, bookId, clock);
    prepared = true;
    if (!(await hasWork(db, name, bookId))) return false;
    return db.transaction(async (tx) => {
      const checkpoint = await lockCheckpoint(tx, name, bookId);
      if (!checkpoint || checkpoint.head <= checkpoint.position) return false;
      const after = checkpoint.position;
      // Positions have no gaps, so a window of positions is a window of events, whatever their types.
      const size = after < oneByOneUntil ? 1n : BigInt(batchSize);
      const last = after + size < checkpoint.head ? after + size : checkpoint.head;
      window = { after, last };
      const events = await readWindow(tx, bookId, after, last, types);
      if (events.length > 0) await handle(tx, events);
      await advanceCheckpoint(tx, name, bookId, last, clock);
      return true;
    });
  }

  /** Deals with a failed step and says how long to pause. */
  async function failed(error: unknown): Promise<number> {
    const fields = { err: error, consumer: name, book_id: bookId, position: String(window?.after) };
    if (isOutage(error) || !window) {
      log?.warn(fields, 'consumer waits for the database');
      outages += 1;
      return backOff(retryDelay_ms, outages);
    }
    outages = 0;
    if (window.last - window.after > 1n) {
      log?.warn(fields, 'consumer batch failed; trying its events one by one');
      oneByOneUntil = window.last;
      return 0;
    }
    const failure = { position: window.after, error: errorText(error), maximumFailures };
    const recorded = await recordFailure(db, name, bookId, failure, clock);
    if (recorded?.state === 'failed') log?.error(fields, 'consumer stopped on an event and waits to be resumed');
    else if (recorded) log?.warn(fields, 'consumer failed on an event and will try again');
    return backOff(retryDelay_ms, recorded?.failureCount ?? 1);
  }

  try {
    while (!signal.aborted) {
      try {
        const worked = await step();
        outages = 0;
        if (worked) {
          idle_ms = firstIdleDelay_ms;
        } else {
          await sleeper.sleep(idle_ms);
          idle_ms = Math.min(idle_ms * 2, idleDelay_ms);
        }
      } catch (error) {
        await sleeper.pause(await failed(error).catch(() => retryDelay_ms));
      }
    }
  } finally {
    sleeper.close();
  }
}

/** The database, not the handler: nothing is wrong with the event, so it is not counted against it. */
function isOutage(error: unknown): boolean {
  return error instanceof LongmenError && error.status === 503;
}

function errorText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // PostgreSQL text cannot hold U+0000.
  return text.replaceAll('\0', '').slice(0, 2_000);
}

function backOff(first_ms: number, failures: number): number {
  return Math.min(first_ms * 2 ** Math.min(failures - 1, 20), longestRetryDelay_ms);
}
