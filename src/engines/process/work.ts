/** Handling what is due: jobs, timers, messages, answers of called instances. */
import type { QueryOptions, Transaction } from '#kernel/database';
import { Temporal } from '#kernel/dates';
import { LongmenError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { functionInput } from './core/input.ts';
import { fromPlain, type Json, toPlainMembers, type Variables, variablesFromPlain } from './core/values.ts';
import type { Call, Data, ExternalFunction } from './engine.ts';
import { BusinessError } from './errors.ts';
import type { Sent, WorkRow } from './store/rows.ts';
import type { Live, Unit } from './store/unit.ts';

/** A job that was leased in this transaction and is to be called after its commit. */
export interface Leased {
  readonly lease: string;
  readonly work: WorkRow;
  readonly call: Call;
  readonly input: Data;
  readonly run: ExternalFunction['external'];
}

/** How long a job called outside a transaction stays with a worker that is not heard of. */
export const LEASE_MS = 20_000;
/** Steps of one instance in one transaction, so that it commits now and then. */
const CHAIN = 50;

export interface JobPayload {
  readonly [name: string]: Json;
  readonly function: string;
  readonly retries: number;
  readonly backoff: string;
}

/**
 * Handles the due work of one instance, and what follows from it at once, always the earliest due first: a cycle that
 * missed several firings takes its turns among the other timers.
 */
export async function handleAll(unit: Unit, live: Live, due: readonly WorkRow[]): Promise<Leased[]> {
  const leased: Leased[] = [];
  const given = new Map(due.map((work) => [work.key, work]));
  for (let handled = 0; handled < CHAIN; handled++) {
    // What an earlier step withdrew or moved is in the work of the instance, and counts.
    for (const key of live.work.keys()) given.delete(key);
    const next = earliest(unit, live, given);
    if (next === undefined) break;
    if (live.isNew) live.work.delete(next.key);
    else live.work.set(next.key, null);
    await handle(unit, live, next, leased);
  }
  return leased;
}

function earliest(unit: Unit, live: Live, given: ReadonlyMap<string, WorkRow>): WorkRow | undefined {
  let first: WorkRow | undefined;
  for (const work of [...given.values(), ...live.work.values()]) {
    if (work === null || work.due_ms === null || work.due_ms > unit.now_ms) continue;
    if (first?.due_ms == null || work.due_ms < first.due_ms) first = work;
  }
  return first;
}

async function handle(unit: Unit, live: Live, work: WorkRow, leased: Leased[]): Promise<void> {
  const token = work.token ?? 0;
  const payload = work.payload as Readonly<Record<string, Json>> | null;
  if (live.status !== 'running') {
    if (work.kind === 'message') sendOn(unit, payload);
    return;
  }
  switch (work.kind) {
    case 'job':
      await handleJob(unit, live, work, leased);
      return;
    case 'timer':
      unit.run(live, { kind: 'trigger', wait: token, payload: null });
      return;
    case 'message': {
      const message = payload?.message as unknown as Sent;
      if (!unit.run(live, { kind: 'trigger', wait: token, payload: message.payload })) sendOn(unit, payload);
      return;
    }
    case 'signal':
      unit.run(live, { kind: 'trigger', wait: token, payload: payload?.payload ?? null });
      return;
    case 'start':
      unit.run(live, {
        kind: 'start',
        trigger: (payload?.trigger ?? null) as string | null,
        variables: (payload?.variables ?? {}) as Variables,
        payload: payload?.payload ?? null,
      });
      return;
    case 'returned':
      unit.run(live, { kind: 'complete', token, result: payload });
      return;
    case 'error':
      unit.run(live, {
        kind: 'error',
        token,
        code: String(payload?.code),
        message: String(payload?.message),
        payload: (payload?.payload ?? {}) as Variables,
      });
      return;
    case 'escalation':
      unit.run(live, {
        kind: 'escalation',
        token,
        code: String(payload?.code),
        payload: (payload?.payload ?? {}) as Variables,
      });
      return;
    case 'fail':
      unit.run(live, { kind: 'fail', token, code: String(payload?.code), detail: String(payload?.detail) });
      return;
    case 'cancel':
      unit.run(live, { kind: 'cancel' });
      return;
    case 'continue':
      unit.run(live, { kind: 'continue' });
      return;
  }
}

/** A message the instance has no use for any more looks for another taker. */
function sendOn(unit: Unit, payload: Readonly<Record<string, Json>> | null): void {
  const message = payload?.message;
  if (message !== undefined) unit.sent.push({ ...(message as unknown as Sent), repeated: true });
}

async function handleJob(unit: Unit, live: Live, work: WorkRow, leased: Leased[]): Promise<void> {
  const token = live.state.tokens.find((one) => one.id === work.token);
  if (token === undefined || token.waitsFor !== 'job') return;
  const payload = work.payload as JobPayload;
  const registered = unit.engine.functions.get(payload.function);
  const attempt = work.attempts + 1;
  const { instanceId, businessKey } = live;
  const idempotencyKey = `${instanceId}:${token.id}`;
  const call: Call = { idempotencyKey, instanceId, businessKey, token: token.id, node: token.node, attempt };
  if (registered === undefined) {
    failed(
      unit,
      live,
      { ...work, attempts: attempt },
      'function_missing',
      `No function ${payload.function} is registered`,
    );
    return;
  }
  const input = toPlainMembers(functionInput(live.deployed.graph, live.state, token.id, unit.contextOf(live)));
  if (typeof registered !== 'function') {
    if (attempt > payload.retries + 1) {
      // Every attempt so far ended without an answer: its workers died.
      failed(unit, live, { ...work, attempts: attempt }, 'worker_lost', 'The workers that called it were lost');
      return;
    }
    const lease = newId(unit.engine.clock);
    const taken = { ...work, attempts: attempt, due_ms: unit.now_ms + LEASE_MS, payload: { ...payload, lease } };
    live.work.set(work.key, taken);
    leased.push({ lease, work: taken, call, input, run: registered.external });
    return;
  }
  const guarded = new Savepoint(unit.tx);
  try {
    const output = await registered(guarded.tx, input, call);
    await guarded.release();
    unit.run(live, { kind: 'complete', token: token.id, result: fromPlain(output) });
  } catch (error) {
    // What ends the transaction is not the function's failure; the whole of it is done again.
    if (error instanceof LongmenError && error.code.startsWith('database_')) throw error;
    await guarded.rollback();
    answerError(unit, live, { ...work, attempts: attempt }, error);
  }
}

/** What an error of a function means: a BPMN error of the model, another attempt, or an incident. */
export function answerError(unit: Unit, live: Live, work: WorkRow, error: unknown): void {
  if (error instanceof BusinessError) {
    const { code, message } = error;
    const payload = variablesFromPlain(error.variables);
    unit.run(live, { kind: 'error', token: work.token ?? 0, code, message, payload });
    return;
  }
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  failed(unit, live, work, error instanceof LongmenError ? error.code : 'function_failed', detail);
}

/** One attempt failed: the next one comes later, each time after twice the wait, or it is an incident. */
function failed(unit: Unit, live: Live, work: WorkRow, code: string, detail: string): void {
  const { retries, backoff } = work.payload as JobPayload;
  if (work.attempts > retries) {
    unit.run(live, { kind: 'fail', token: work.token ?? 0, code, detail });
    return;
  }
  const wait_ms = Temporal.Duration.from(backoff).total('milliseconds') * 2 ** (work.attempts - 1);
  live.work.set(work.key, { ...work, due_ms: unit.now_ms + wait_ms });
}

/** A savepoint that is made when the transaction is first used. */
class Savepoint {
  readonly tx: Transaction;
  private made = false;
  private readonly outer: Transaction;

  constructor(outer: Transaction) {
    this.outer = outer;
    this.tx = {
      inTransaction: true,
      query: async <Row extends object>(sql: string, values?: readonly unknown[], options?: QueryOptions) => {
        if (!this.made) {
          this.made = true;
          await outer.query('savepoint process_function');
        }
        return outer.query<Row>(sql, values, options);
      },
    };
  }

  async release(): Promise<void> {
    if (this.made) await this.outer.query('release savepoint process_function');
  }

  async rollback(): Promise<void> {
    if (this.made) await this.outer.query('rollback to savepoint process_function; release savepoint process_function');
  }
}
