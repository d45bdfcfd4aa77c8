/** What callers do with instances, each inside a transaction of the caller: it holds if that transaction commits. */
import type { Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { isUuid, newId } from '#kernel/ids';
import { variablesFromPlain } from './core/values.ts';
import type { Actor, Data, Engine } from './engine.ts';
import { processError, uuidOf } from './errors.ts';
import { flush } from './store/flush.ts';
import { lockRunning, requireOpen } from './store/instances.ts';
import { instantOf, type Status, unbegun } from './store/rows.ts';
import { Unit } from './store/unit.ts';

export interface StartInput {
  /** Id of the process. */
  readonly process: string;
  /** The latest by default. */
  readonly version?: number;
  readonly variables?: Data;
  readonly businessKey?: string;
  /** A UUID chosen by the caller: the same one again starts nothing. */
  readonly instanceId?: string;
  /** Begins at this start event with a trigger, `variables` being its payload; by default at the none start event. */
  readonly startEvent?: string;
  readonly actor?: Actor;
}

export interface Started {
  readonly instanceId: string;
  readonly status: Status;
  /** The instance was there already. */
  readonly repeated: boolean;
}

/** Where no person is named, the house itself acts. */
const system: Actor = { id: 'system' };

/**
 * Starts an instance and runs it until every token waits. Errors: `process_not_found`, `process_version_not_found`,
 * `process_start_not_found`, `process_instance_exists` (the id belongs to an instance of another process).
 */
export async function start(engine: Engine, tx: Transaction, input: StartInput): Promise<Started> {
  const { process, version = null, businessKey = null, startEvent = null, actor = system } = input;
  engine.allow(actor, 'start', process);
  const deployed = await engine.definitions.find(tx, process, version);
  const unit = new Unit(engine, tx);
  const instanceId = input.instanceId === undefined ? newId(engine.clock) : uuidOf(input.instanceId);
  if (input.instanceId !== undefined) {
    const known = await existing(unit, instanceId);
    if (known !== undefined) {
      if (known.key !== process) {
        throw processError('process_instance_exists', `Instance ${instanceId} is one of process ${known.key}`);
      }
      return { instanceId, status: known.status, repeated: true };
    }
  }
  const { root } = deployed.graph;
  if (startEvent === null ? root.entryIds.length === 0 : !root.nodeIds.includes(startEvent)) {
    throw processError(
      'process_start_not_found',
      startEvent === null
        ? `Process ${process} has no none start event`
        : `Process ${process} has no event ${startEvent}`,
    );
  }
  if (deployed.decides) await engine.definitions.refreshModels(tx, deployed);
  const live = unit.create({ instanceId, businessKey, parentId: null, parentToken: null, state: unbegun() }, deployed);
  const variables = variablesFromPlain(input.variables);
  unit.run(
    live,
    startEvent === null
      ? { kind: 'start', trigger: null, variables, payload: null }
      : { kind: 'start', trigger: startEvent, variables: {}, payload: variables },
  );
  await trail(unit, instanceId, actor, 'start', { process, version: deployed.version });
  await flush(unit);
  return { instanceId, status: live.status, repeated: false };
}

async function existing(unit: Unit, instanceId: string): Promise<{ key: string; status: Status } | undefined> {
  // Two starts with one id at once: the second waits and then finds the first.
  await unit.tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 10))`, [instanceId]);
  const { rows } = await unit.tx.query<{ key: string; status: Status }>(
    `select d.key, i.status from process.instance i
       join process.definition d on d.book_id = i.book_id and d.definition_id = i.definition_id
      where i.book_id = $1 and i.instance_id = $2`,
    [unit.engine.bookId, instanceId],
  );
  return rows[0];
}

/** Notes who did what. */
export async function trail(
  unit: Unit,
  instanceId: string,
  actor: Actor,
  action: string,
  detail: object,
): Promise<void> {
  await unit.tx.query(
    `insert into process.trail (book_id, trail_id, instance_id, recorded_at, actor, action, detail)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      unit.engine.bookId,
      newId(unit.engine.clock),
      instanceId,
      instantOf(unit.now_ms),
      actor.id,
      action,
      JSON.stringify(actor.via === undefined ? detail : { ...detail, via: actor.via }),
    ],
    { prepare: true },
  );
}

interface TaskLock {
  readonly instanceId: string;
  readonly token: number;
  readonly state: 'open' | 'completed' | 'cancelled';
  readonly assignee: string | null;
  readonly candidateRoles: string[];
}

async function taskOf(unit: Unit, taskId: string): Promise<TaskLock> {
  const { rows } = isUuid(taskId)
    ? await unit.tx.query<TaskLock>(
        `select instance_id as "instanceId", token, state, assignee, candidate_roles as "candidateRoles"
           from process.task where book_id = $1 and task_id = $2`,
        [unit.engine.bookId, taskId],
      )
    : { rows: [] };
  const [task] = rows;
  if (task === undefined) throw processError('process_task_not_found', `No task ${taskId}`, { task: taskId });
  return task;
}

function requireTask(task: TaskLock, taskId: string, actor: Actor): void {
  if (task.state !== 'open') {
    throw processError('process_task_closed', `Task ${taskId} is ${task.state}`, { task: taskId, state: task.state });
  }
  if (task.assignee !== null && task.assignee !== actor.id) {
    throw processError('process_task_claimed', `Task ${taskId} belongs to ${task.assignee}`, { task: taskId });
  }
  const { candidateRoles, assignee } = task;
  if (assignee !== null || candidateRoles.length === 0) return;
  if (candidateRoles.some((role) => actor.roles?.includes(role))) return;
  throw processError('process_action_forbidden', `Task ${taskId} is for ${candidateRoles.join(', ')}`, {
    task: taskId,
  });
}

/**
 * Completes a user task with a result; the instance goes on until it waits again. Errors: `process_task_not_found`,
 * `process_task_closed`, `process_task_claimed`, `process_action_forbidden`, `process_instance_suspended`.
 */
export async function complete(
  engine: Engine,
  tx: Transaction,
  taskId: string,
  input: { readonly result?: Data; readonly actor: Actor },
): Promise<Started> {
  engine.allow(input.actor, 'complete_task', taskId);
  const unit = new Unit(engine, tx);
  const { instanceId, token } = await taskOf(unit, taskId);
  const live = await lockRunning(unit, instanceId);
  // Under the lock of the instance the task is what it is.
  requireTask(await taskOf(unit, taskId), taskId, input.actor);
  unit.actor = input.actor.id;
  unit.endTask(live, token, 'completed');
  const accepted = unit.run(live, { kind: 'complete', token, result: variablesFromPlain(input.result) });
  invariant(accepted, 'process_open_task_has_its_token');
  await trail(unit, instanceId, input.actor, 'complete_task', { task: taskId });
  await flush(unit);
  return { instanceId, status: live.status, repeated: false };
}

/** Throws a BPMN error at a user task, as its work shows that it cannot be done as planned. Errors as {@link complete}. */
export async function completeWithError(
  engine: Engine,
  tx: Transaction,
  taskId: string,
  input: { readonly code: string; readonly message?: string; readonly variables?: Data; readonly actor: Actor },
): Promise<Started> {
  engine.allow(input.actor, 'complete_task', taskId);
  const unit = new Unit(engine, tx);
  const { instanceId, token } = await taskOf(unit, taskId);
  const live = await lockRunning(unit, instanceId);
  requireTask(await taskOf(unit, taskId), taskId, input.actor);
  unit.actor = input.actor.id;
  const { code, message = code } = input;
  unit.run(live, { kind: 'error', token, code, message, payload: variablesFromPlain(input.variables) });
  await trail(unit, instanceId, input.actor, 'complete_task', { task: taskId, error: code });
  await flush(unit);
  return { instanceId, status: live.status, repeated: false };
}

/** Makes a task one person's own; null gives it back. Errors as {@link complete}. */
export async function claim(
  engine: Engine,
  tx: Transaction,
  taskId: string,
  input: { readonly assignee: string | null; readonly actor: Actor },
): Promise<void> {
  engine.allow(input.actor, 'claim_task', taskId);
  const unit = new Unit(engine, tx);
  const { instanceId } = await taskOf(unit, taskId);
  await lockRunning(unit, instanceId);
  requireTask(await taskOf(unit, taskId), taskId, input.actor);
  await tx.query(`update process.task set assignee = $3 where book_id = $1 and task_id = $2`, [
    engine.bookId,
    taskId,
    input.assignee,
  ]);
  await trail(unit, instanceId, input.actor, 'claim_task', { task: taskId, assignee: input.assignee });
}

export interface MessageInput {
  readonly name: string;
  readonly key?: string;
  readonly payload?: Data;
  /** A UUID: the same message again changes nothing while the first is remembered. */
  readonly messageId?: string;
  /** How long it waits for a taker, and how long its id is remembered. Default a day. */
  readonly ttl_ms?: number;
}

/** Publishes a message: to a waiting instance of that name and key, else to a start event, else it is kept for a while. */
export async function publish(engine: Engine, tx: Transaction, message: MessageInput): Promise<{ messageId: string }> {
  const unit = new Unit(engine, tx);
  const messageId = message.messageId === undefined ? newId(engine.clock) : uuidOf(message.messageId);
  unit.sent.push({
    messageId,
    name: message.name,
    key: message.key ?? null,
    payload: variablesFromPlain(message.payload),
    expires_ms: message.ttl_ms === undefined ? null : unit.now_ms + message.ttl_ms,
    repeated: false,
  });
  await flush(unit);
  return { messageId };
}

/** Broadcasts a signal to every instance that waits for it and every process that starts with it. */
export async function broadcastSignal(
  engine: Engine,
  tx: Transaction,
  signal: { readonly name: string; readonly payload?: Data },
): Promise<void> {
  const unit = new Unit(engine, tx);
  unit.broadcasts.push({
    id: newId(engine.clock),
    name: signal.name,
    payload: variablesFromPlain(signal.payload),
  });
  await flush(unit);
}

/** Sets variables of the process, or of one scope instance; conditions are looked at again. */
export async function setVariables(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  input: { readonly variables: Data; readonly scope?: number; readonly actor: Actor },
): Promise<void> {
  engine.allow(input.actor, 'set_variables', instanceId);
  const unit = new Unit(engine, tx);
  const live = await lockRunning(unit, instanceId);
  requireOpen(live);
  const values = variablesFromPlain(input.variables);
  if (!unit.run(live, { kind: 'variables', scope: input.scope ?? null, values })) {
    throw processError('process_token_not_found', `Instance ${instanceId} has no scope ${input.scope}`);
  }
  await trail(unit, instanceId, input.actor, 'set_variables', { names: Object.keys(values) });
  await flush(unit);
}
