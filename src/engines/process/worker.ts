/** The worker: takes due work in batches of instances, one transaction a batch, and calls external functions between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LongmenError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { fromPlain } from './core/values.ts';
import type { Engine } from './engine.ts';
import { fireStartTimers, purgeMessages } from './schedule.ts';
import { flush } from './store/flush.ts';
import { lockInstance, readDue, takeDue } from './store/instances.ts';
import { instantOf, type WorkRow } from './store/rows.ts';
import { Unit } from './store/unit.ts';
import { answerError, handleAll, LEASE_MS, type Leased } from './work.ts';

export interface WorkerOptions {
  /** Instances in one transaction. Default 64. */
  readonly batch?: number;
  /** External functions called at once. Default 16. */
  readonly external?: number;
  /** How long to sleep when nothing is due. Default 100 ms. */
  readonly idle_ms?: number;
  /** Says that the next transaction begins; for tests that stop the world there. */
  readonly onBoundary?: (boundary: 'taken' | 'stepped' | 'written' | 'committed' | 'called') => void;
}

/** Attempts of work that the engine itself cannot do before it waits for a person. */
const ENGINE_ATTEMPTS = 5;
/** A worker that lost its machine loses its locks after this time even if the network does not say so. */
const IDLE_LIMIT = `set local idle_in_transaction_session_timeout = '25s'`;

/** Works until `signal` aborts; then finishes what it has begun. */
export async function runWorker(engine: Engine, signal: AbortSignal, options: WorkerOptions = {}): Promise<void> {
  const { idle_ms = 100 } = options;
  const calls = new Set<Promise<unknown>>();
  let idle = 0;
  while (!signal.aborted) {
    try {
      const { handled, leased } = await workBatch(engine, options);
      for (const one of leased) {
        const call = callExternal(engine, one, options, signal).catch((error: unknown) => warn(engine, error));
        calls.add(call);
        void call.finally(() => calls.delete(call));
      }
      while (calls.size >= (options.external ?? 16)) await Promise.race(calls);
      idle = handled > 0 ? 0 : idle + 1;
      if (handled > 0) continue;
      if (idle % 100 === 1) await purgeMessages(engine);
    } catch (error) {
      warn(engine, error);
      idle = 1;
    }
    await sleep(idle_ms, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(calls);
}

function warn(engine: Engine, error: unknown): void {
  const code = error instanceof LongmenError ? error.code : 'unexpected';
  engine.log?.warn(
    { error_code: code, error: error instanceof Error ? error.message : String(error) },
    'process work failed',
  );
}

/** Does everything that is due now, external functions included, and what follows from it; returns how much it was. */
export async function workUntilIdle(engine: Engine, options: WorkerOptions = {}): Promise<number> {
  for (let total = 0; ; ) {
    const { handled, leased } = await workBatch(engine, options);
    for (const one of leased) await callExternal(engine, one, options);
    if (handled === 0) return total;
    total += handled;
  }
}

/** One batch: one transaction, or one for each instance when one of them spoils it. */
export async function workBatch(
  engine: Engine,
  options: WorkerOptions = {},
): Promise<{ handled: number; leased: Leased[] }> {
  const started = await fireStartTimers(engine, options.onBoundary);
  const ids: string[] = [];
  try {
    const done = await engine.db.transaction(async (tx) => {
      await tx.query(IDLE_LIMIT);
      const unit = new Unit(engine, tx);
      const lives = await takeDue(unit, options.batch ?? 64);
      ids.splice(0, ids.length, ...lives.map((live) => live.instanceId));
      if (lives.length === 0) return { handled: 0, leased: [] };
      options.onBoundary?.('taken');
      return handleLives(unit, options);
    });
    options.onBoundary?.('committed');
    return { ...done, handled: done.handled + started };
  } catch (error) {
    if (ids.length === 0 || (error instanceof LongmenError && error.code.startsWith('database_'))) throw error;
    warn(engine, error);
    return oneByOne(engine, ids, options);
  }
}

async function handleLives(unit: Unit, options: WorkerOptions): Promise<{ handled: number; leased: Leased[] }> {
  const suspended = [...unit.lives.values()].filter((live) => live.status === 'suspended');
  if (suspended.length > 0)
    await holdWork(
      unit,
      suspended.map((live) => live.instanceId),
    );
  const lives = [...unit.lives.values()].filter((live) => live.status !== 'suspended');
  const due = await readDue(
    unit,
    lives.map((live) => live.instanceId),
  );
  const leased: Leased[] = [];
  let handled = suspended.length;
  for (const live of lives) {
    const work = due.get(live.instanceId) ?? [];
    leased.push(...(await handleAll(unit, live, work)));
    handled += work.length;
  }
  options.onBoundary?.('stepped');
  await flush(unit);
  options.onBoundary?.('written');
  return { handled, leased };
}

/** Work that fell due while its instance was suspended waits for it to be resumed. */
export async function holdWork(unit: Unit, ids: readonly string[]): Promise<void> {
  await unit.tx.query(
    `update process.work set held_at = due_at, due_at = 'infinity'
      where book_id = $1 and instance_id = any($2::uuid[]) and due_at < 'infinity'`,
    [unit.engine.bookId, ids],
  );
}

/** Finds out which instance spoils a batch; its work is tried again later and at last becomes an incident. */
async function oneByOne(
  engine: Engine,
  ids: readonly string[],
  options: WorkerOptions,
): Promise<{ handled: number; leased: Leased[] }> {
  const leased: Leased[] = [];
  let handled = 0;
  for (const id of ids) {
    try {
      const done = await engine.db.transaction(async (tx) => {
        const unit = new Unit(engine, tx);
        await lockInstance(unit, id);
        return handleLives(unit, options);
      });
      handled += done.handled;
      leased.push(...done.leased);
    } catch (error) {
      if (error instanceof LongmenError && error.code.startsWith('database_')) throw error;
      warn(engine, error);
      await putOff(engine, id, error);
      handled++;
    }
  }
  return { handled, leased };
}

async function putOff(engine: Engine, instanceId: string, error: unknown): Promise<void> {
  const now_ms = engine.clock.now().epochMilliseconds;
  const detail = error instanceof Error ? error.message : String(error);
  await engine.db.transaction(async (tx) => {
    const { rows } = await tx.query<{ token: number | null; attempts: number }>(
      `update process.work set attempts = attempts + 1,
              due_at = case when attempts + 1 >= $4 then 'infinity' else $3::timestamptz + interval '10 seconds' * 2 ^ attempts end
        where book_id = $1 and instance_id = $2 and due_at <= $3 returning token, attempts`,
      [engine.bookId, instanceId, instantOf(now_ms), ENGINE_ATTEMPTS],
    );
    for (const { token, attempts } of rows) {
      if (attempts < ENGINE_ATTEMPTS) continue;
      await tx.query(
        `insert into process.incident (book_id, incident_id, instance_id, token, node, code, detail, opened_at)
         values ($1, $2, $3, $4, '', 'engine_failed', $5, $6)`,
        [engine.bookId, newId(engine.clock), instanceId, token ?? 0, detail, instantOf(now_ms)],
      );
    }
  });
}

/** Calls an external function under its lease, then takes its answer in a transaction of its own. */
export async function callExternal(
  engine: Engine,
  leased: Leased,
  options: WorkerOptions = {},
  signal?: AbortSignal,
): Promise<void> {
  const { work, call, input, run, lease } = leased;
  const stop = new AbortController();
  const beat = keepLease(engine, leased, stop.signal);
  let answer: { readonly output: unknown } | { readonly error: unknown };
  try {
    answer = { output: await run(input, call, signal ?? stop.signal) };
  } catch (error) {
    answer = { error };
  }
  stop.abort();
  await beat;
  options.onBoundary?.('called');
  await engine.db.transaction(async (tx) => {
    const unit = new Unit(engine, tx);
    const live = await lockInstance(unit, work.instanceId);
    const { rows } = await tx.query<{ attempts: number }>(
      `select attempts from process.work
        where book_id = $1 and instance_id = $2 and work_key = $3 and payload ->> 'lease' = $4`,
      [engine.bookId, work.instanceId, work.key, lease],
    );
    // Withdrawn meanwhile, or with another worker since the lease ended: that one's answer counts.
    if (rows.length === 0) return;
    live.work.set(work.key, null);
    if ('error' in answer) answerError(unit, live, unleased(work), answer.error);
    else unit.run(live, { kind: 'complete', token: work.token ?? 0, result: fromPlain(answer.output) });
    if (live.status === 'suspended') await holdWork(unit, [live.instanceId]);
    await flush(unit);
    options.onBoundary?.('written');
  });
  options.onBoundary?.('committed');
}

function unleased(work: WorkRow): WorkRow {
  const { lease: _, ...payload } = work.payload as { lease?: string };
  return { ...work, payload: payload as WorkRow['payload'] };
}

async function keepLease(engine: Engine, { work, lease }: Leased, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(LEASE_MS / 3, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const until_ms = engine.clock.now().epochMilliseconds + LEASE_MS;
    await engine.db
      .query(
        `update process.work set due_at = $4
          where book_id = $1 and instance_id = $2 and work_key = $3 and payload ->> 'lease' = $5 and due_at < 'infinity'`,
        [engine.bookId, work.instanceId, work.key, instantOf(until_ms), lease],
      )
      .catch((error: unknown) => warn(engine, error));
  }
}
