/** Writing into the trail: at once within a transaction, or soon through a bounded queue. */
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { type AuditInput, type AuditRow, rowsOf } from './entry.ts';
import { auditError } from './errors.ts';
import { type AuditNote, currentRecord, entryOfNote } from './record.ts';

/** Where failures are told; a pino logger fits. */
export interface TrailLog {
  error(fields: object, message: string): void;
}

export interface TrailOptions {
  readonly db: Database;
  readonly log?: TrailLog;
  /** Entries that wait at most; beyond it what must be recorded is refused. Default 20,000. */
  readonly capacity?: number;
  /** How long an entry waits for others to share its transaction. Default 50. */
  readonly delay_ms?: number;
}

/** The way into the trail for what is not part of a transaction. */
export interface Trail {
  /** Puts an entry into the queue; it is stored within 100 ms while the database keeps up. Costs no promise. */
  record(entry: AuditInput): void;
  /** The same, and waits until it is stored. */
  recordAndWait(entry: AuditInput): Promise<void>;
  /** Refuses when nothing more can be recorded. Error: `audit_unavailable`. */
  checkRoom(): void;
  /** Waits until everything queued so far is stored. */
  flush(): Promise<void>;
  /** Stores what is queued; what cannot be stored any more goes to the log, with its count. */
  close(): Promise<void>;
}

const BATCH = 1_000;
const RETRY_MS = 500;
/** How often what is queued is tried at the end. */
const CLOSING_TRIES = 3;

/** Appends rows as the last statement of a transaction, or as one of its own; gives the sequence of the last. */
export async function appendRows(on: Queryable, rows: readonly AuditRow[]): Promise<bigint> {
  const { rows: answered } = await asSystem(() =>
    on.query<{ last: bigint }>('select kernel.append_audit($1::jsonb) as last', [JSON.stringify(rows)], {
      prepare: true,
    }),
  );
  return answered[0]?.last ?? 0n;
}

/**
 * Records a change in the name of who is acting, in the transaction that makes it. Within a request whose answer depends on
 * this transaction the entry is appended at its end; elsewhere at once, and from then to the commit everybody else who
 * appends waits: call it last.
 */
export async function auditChange(tx: Transaction, clock: Clock, note: AuditNote): Promise<void> {
  const entry = entryOfNote(note, clock.now().toString());
  const record = currentRecord();
  if (record?.transaction === tx) {
    record.changes.push(entry);
    return;
  }
  await appendRows(tx, rowsOf({ ...entry, method: null, route: null, requestDigest: null }));
}

/** Opens the queue. One transaction stores what has come together; the next begins when it has ended. */
export function openTrail({ db, log, capacity = 20_000, delay_ms = 50 }: TrailOptions): Trail {
  const queue: AuditRow[] = [];
  const waiters: { readonly at: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    [];
  /** Entries put in and stored so far, ever. */
  let added = 0;
  let stored = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;
  /** Entries are stored one by one after PostgreSQL has refused several together. */
  let alone = false;

  function lose(error: unknown): void {
    const [refused] = queue.splice(0, 1);
    stored += 1;
    log?.error(
      { err: error, action: refused?.action, trace_id: refused?.trace_id },
      'an entry of the audit trail is lost',
    );
    failWaiters(error);
  }

  function schedule(in_ms: number): void {
    if (timer !== undefined || running !== undefined) return;
    timer = setTimeout(() => void store(), in_ms);
  }

  function store(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running ??= drain().finally(() => {
      running = undefined;
      if (queue.length > 0 && !closed) schedule(waiters.length > 0 || alone ? 0 : delay_ms);
    });
    return running;
  }

  async function drain(): Promise<void> {
    const batch = queue.slice(0, alone ? 1 : BATCH);
    if (batch.length === 0) return;
    try {
      await appendRows(db, batch);
      alone = false;
    } catch (error) {
      if (!(error instanceof LongmenError)) {
        // PostgreSQL refuses what is in it. Found one by one, so that one entry does not keep all others from the trail.
        if (alone) lose(error);
        alone = !alone;
        return;
      }
      log?.error({ err: error, entries_waiting: queue.length }, 'the audit trail cannot be written; it is tried again');
      failWaiters(error);
      if (!closed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return;
    }
    queue.splice(0, batch.length);
    stored += batch.length;
    for (let first = waiters[0]; first !== undefined && first.at <= stored; first = waiters[0]) {
      waiters.shift();
      first.resolve();
    }
  }

  function failWaiters(error: unknown): void {
    for (const waiter of waiters.splice(0)) waiter.reject(error);
  }

  function push(entry: AuditInput): void {
    const rows = rowsOf(entry);
    queue.push(...rows);
    added += rows.length;
  }

  function whenStored(): Promise<void> {
    if (stored >= added) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiters.push({ at: added, resolve, reject });
    // Whoever waits shares the transaction with what is queued now, and does not wait for more to come.
    if (running === undefined) void store();
    return promise;
  }

  const trail: Trail = {
    record(entry) {
      push(entry);
      schedule(delay_ms);
    },
    recordAndWait(entry) {
      push(entry);
      return whenStored();
    },
    checkRoom() {
      if (queue.length < capacity) return;
      throw auditError('audit_unavailable', 'The audit trail cannot take more entries at present; try again');
    },
    flush: whenStored,
    async close() {
      for (let tries = 0; queue.length > 0 && tries < CLOSING_TRIES; ) {
        const before = queue.length;
        await store();
        if (queue.length === before) tries += 1;
      }
      closed = true;
      clearTimeout(timer);
      if (queue.length > 0)
        log?.error({ entries_lost: queue.length }, 'the audit trail could not be written at the end');
    },
  };
  return trail;
}
