/** What operators do with running instances: each leaves a row of the trail. */
import type { Transaction } from '#kernel/database';
import type { Modification } from './core/modify.ts';
import type { Stimulus } from './core/step.ts';
import { variablesFromPlain } from './core/values.ts';
import type { Action, Actor, Data, Engine } from './engine.ts';
import { processError } from './errors.ts';
import { trail } from './service.ts';
import { flush } from './store/flush.ts';
import { lockInstance, requireOpen } from './store/instances.ts';
import { instantOf } from './store/rows.ts';
import { type Live, Unit } from './store/unit.ts';
import { holdWork } from './worker.ts';

export interface Operation {
  readonly actor: Actor;
  /** Why; kept in the trail. */
  readonly reason?: string;
}

async function operate(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  operation: Operation,
  action: Action,
  detail: object,
  work: (unit: Unit, live: Live) => Promise<void> | void,
): Promise<void> {
  engine.allow(operation.actor, action, instanceId);
  const unit = new Unit(engine, tx);
  const live = await lockInstance(unit, instanceId);
  requireOpen(live);
  await work(unit, live);
  await trail(unit, instanceId, operation.actor, action, { ...detail, reason: operation.reason ?? null });
  await flush(unit);
}

/** Stops an instance where it is: nothing is done for it until it is resumed. Timers that fall due meanwhile fire then. */
export function suspend(engine: Engine, tx: Transaction, instanceId: string, operation: Operation): Promise<void> {
  return operate(engine, tx, instanceId, operation, 'suspend', {}, async (unit, live) => {
    live.status = 'suspended';
    live.changed = true;
    unit.event(live, 'process.instance_suspended', {});
    await holdWork(unit, [instanceId]);
  });
}

/** Lets a suspended instance go on. */
export function resume(engine: Engine, tx: Transaction, instanceId: string, operation: Operation): Promise<void> {
  return operate(engine, tx, instanceId, operation, 'resume', {}, async (unit, live) => {
    live.status = 'running';
    live.changed = true;
    unit.event(live, 'process.instance_resumed', {});
    await tx.query(
      `update process.work set due_at = held_at, held_at = null
        where book_id = $1 and instance_id = $2 and held_at is not null`,
      [engine.bookId, instanceId],
    );
  });
}

/** Ends an instance and everything it waits for, without compensation. */
export function cancel(engine: Engine, tx: Transaction, instanceId: string, operation: Operation): Promise<void> {
  return operate(engine, tx, instanceId, operation, 'cancel', {}, (unit, live) => {
    unit.run(live, { kind: 'cancel' });
  });
}

/** Ends tokens and starts others in one step. Errors: `process_token_not_found`, `process_modification_invalid`. */
export function modify(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  operation: Operation & Omit<Modification, 'variables'> & { readonly variables?: Data },
): Promise<void> {
  const { cancel: ended = [], start = [], variables } = operation;
  return operate(engine, tx, instanceId, operation, 'modify', { cancel: ended, start }, (unit, live) => {
    const modification = { cancel: ended, start, variables: variablesFromPlain(variables) };
    unit.run(live, { kind: 'modify', modification });
  });
}

/** Has the element of an incident tried again, after setting variables. Error: `process_incident_not_found`. */
export function retryIncident(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  operation: Operation & { readonly token: number; readonly variables?: Data },
): Promise<void> {
  const { token, variables } = operation;
  return operate(engine, tx, instanceId, operation, 'retry_incident', { token }, async (unit, live) => {
    if (await retryWork(unit, live, token)) return;
    settle(unit, live, token, { kind: 'retry', token, variables: variablesFromPlain(variables) });
  });
}

/** Work the engine itself failed at, and that waits for a person since, is due again. */
async function retryWork(unit: Unit, live: Live, token: number): Promise<boolean> {
  const { tx, engine } = unit;
  const now = instantOf(unit.now_ms);
  const { rowCount } = await tx.query(
    `update process.incident set resolved_at = $4
      where book_id = $1 and instance_id = $2 and token = $3 and code = 'engine_failed' and resolved_at is null`,
    [engine.bookId, live.instanceId, token, now],
  );
  if (rowCount === 0) return false;
  await tx.query(
    `update process.work set due_at = $4, attempts = 0
      where book_id = $1 and instance_id = $2 and coalesce(token, 0) = $3 and due_at = 'infinity' and held_at is null`,
    [engine.bookId, live.instanceId, token, now],
  );
  return true;
}

/** Takes the element of an incident as done with this result. Error: `process_incident_not_found`. */
export function resolveIncident(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  operation: Operation & { readonly token: number; readonly result?: Data },
): Promise<void> {
  const { token, result } = operation;
  return operate(engine, tx, instanceId, operation, 'resolve_incident', { token }, (unit, live) =>
    settle(unit, live, token, { kind: 'resolve', token, result: variablesFromPlain(result) }),
  );
}

function settle(unit: Unit, live: Live, token: number, stimulus: Stimulus): void {
  if (unit.run(live, stimulus)) return;
  throw processError('process_incident_not_found', `Token ${token} of ${live.instanceId} has no open incident`);
}
