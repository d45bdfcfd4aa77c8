/**
 * One transaction's worth of steps: instances that are locked, the steps made on them in memory, and one set of
 * statements that writes everything at the end.
 */
import type { Transaction } from '#kernel/database';
import type { EventInput } from '#kernel/events';
import { deterministicId, newId } from '#kernel/ids';
import type { Effect } from '../core/effects.ts';
import type { StepContext } from '../core/execution.ts';
import type { Migrated, MigrationProblem } from '../core/migrate.ts';
import type { State } from '../core/state.ts';
import { advance, type Stimulus } from '../core/step.ts';
import { type Json, toPlainMembers, type Variables } from '../core/values.ts';
import type { Engine } from '../engine.ts';
import type { Deployed } from './definitions.ts';
import * as rows from './rows.ts';

/** An instance in hand: its row is locked, or new. */
export interface Live {
  readonly instanceId: string;
  deployed: Deployed;
  status: rows.Status;
  readonly businessKey: string | null;
  readonly parentId: string | null;
  readonly parentToken: number | null;
  state: State;
  readonly isNew: boolean;
  changed: boolean;
  /** Work made or removed (null) by steps of this unit, by key. */
  readonly work: Map<string, rows.WorkRow | null>;
}

export interface CallRequest {
  readonly parent: Live;
  readonly token: number;
  readonly process: string;
  readonly version: number | null;
  readonly variables: Variables;
}

export class Unit {
  readonly engine: Engine;
  readonly tx: Transaction;
  readonly now_ms: number;
  readonly lives = new Map<string, Live>();
  readonly history: rows.HistoryRow[] = [];
  readonly tasks: rows.TaskRow[] = [];
  readonly endedTasks: rows.EndedTask[] = [];
  readonly subscriptions: rows.NewSubscription[] = [];
  readonly closed: { instanceId: string; wait: number }[] = [];
  readonly incidents: rows.IncidentRow[] = [];
  readonly resolved: { instanceId: string; token: number }[] = [];
  /** Work for instances that are not in hand. */
  readonly otherWork: rows.WorkRow[] = [];
  readonly sent: rows.Sent[] = [];
  readonly broadcasts: rows.Broadcast[] = [];
  calls: CallRequest[] = [];
  readonly withdrawnCalls: { parentId: string; token: number }[] = [];
  readonly events: EventInput[] = [];
  /** Who ended a task in this unit, by task id. */
  actor: string | null = null;
  /** Steps applied. */
  steps = 0;

  constructor(engine: Engine, tx: Transaction) {
    this.engine = engine;
    this.tx = tx;
    this.now_ms = engine.clock.now().epochMilliseconds;
  }

  /** Takes on an instance whose row the caller has locked. */
  adopt(row: rows.InstanceRow, deployed: Deployed): Live {
    const live: Live = { ...row, deployed, isNew: false, changed: false, work: new Map() };
    this.lives.set(live.instanceId, live);
    return live;
  }

  /** Adds a new instance that nothing has happened in yet. */
  create(row: rows.NewInstance, deployed: Deployed): Live {
    const live: Live = { ...row, deployed, status: 'running', isNew: true, changed: true, work: new Map() };
    this.lives.set(live.instanceId, live);
    this.events.push({
      type: 'process.instance_started',
      subject: live.instanceId,
      payload: { process: deployed.key, version: deployed.version, business_key: live.businessKey },
    });
    return live;
  }

  contextOf(live: Live): StepContext {
    const { definitions, timeZone } = this.engine;
    return {
      now_ms: this.now_ms,
      timeZone,
      called: live.parentId !== null,
      decide: (decision, model, binding, layers) =>
        definitions.decide(live.deployed, { decision, model, binding }, layers, { now_ms: this.now_ms, timeZone }),
    };
  }

  /** One step of an instance. False: the stimulus came too late and nothing changed. */
  run(live: Live, stimulus: Stimulus): boolean {
    const { state, effects, accepted } = advance(live.deployed.graph, live.state, stimulus, this.contextOf(live));
    live.state = state;
    if (!accepted) return false;
    this.steps++;
    live.changed = true;
    for (const effect of effects) this.take(live, effect);
    return true;
  }

  /** Puts an instance on another version, unless that has problems. */
  migrate(live: Live, to: Deployed, work: (context: StepContext) => Migrated): readonly MigrationProblem[] {
    const { state, effects, problems } = work(this.contextOf(live));
    if (problems.length > 0) return problems;
    live.state = state;
    live.deployed = to;
    live.changed = true;
    for (const effect of effects) this.take(live, effect);
    this.event(live, 'process.instance_migrated', { version: to.version });
    return [];
  }

  private take(live: Live, effect: Effect): void {
    const { instanceId } = live;
    switch (effect.kind) {
      case 'job':
        this.addWork(live, rows.jobKey(effect.token), 'job', this.now_ms, effect.token, {
          function: effect.function,
          retries: effect.retry.retries,
          backoff: effect.retry.backoff,
        });
        return;
      case 'withdraw':
        if (effect.what === 'job') live.work.set(rows.jobKey(effect.token), null);
        else if (effect.what === 'call') this.withdrawnCalls.push({ parentId: instanceId, token: effect.token });
        else this.endTask(live, effect.token, 'cancelled');
        return;
      case 'task':
        this.addTask(live, effect);
        return;
      case 'call':
        this.calls.push({ parent: live, ...effect });
        return;
      case 'timer':
        this.addWork(live, rows.waitKey(effect.wait), 'timer', effect.due_ms, effect.wait, null);
        return;
      case 'subscribe':
        this.subscriptions.push({ instanceId, ...effect });
        return;
      case 'close':
        if (effect.type === 'timer') live.work.set(rows.waitKey(effect.wait), null);
        else this.closed.push({ instanceId, wait: effect.wait });
        return;
      case 'send':
        this.sent.push({
          messageId: deterministicId('process.send', instanceId, String(effect.token)),
          name: effect.name,
          key: effect.key,
          payload: effect.payload,
          expires_ms: null,
          repeated: false,
        });
        return;
      case 'broadcast':
        this.broadcasts.push({ id: newId(this.engine.clock), name: effect.name, payload: effect.payload });
        return;
      case 'history':
        this.history.push({ instanceId, ...effect.row });
        return;
      case 'incident':
        this.openIncident(live, effect);
        return;
      case 'resolved':
        this.resolved.push({ instanceId, token: effect.token });
        this.event(live, 'process.incident_resolved', { token: effect.token });
        return;
      case 'escalate':
        this.tellParent(live, 'escalation', { code: effect.code, payload: effect.payload });
        return;
      case 'continue':
        this.addWork(live, 'continue', 'continue', this.now_ms, null, null);
        return;
      case 'ended':
        this.end(live, effect);
        return;
    }
  }

  addWork(live: Live, key: string, kind: rows.WorkKind, due_ms: number, token: number | null, payload: Json): void {
    const { instanceId } = live;
    live.work.set(key, { instanceId, key, kind, token, due_ms, attempts: 0, payload });
  }

  private addTask(live: Live, effect: Extract<Effect, { kind: 'task' }>): void {
    const { instanceId } = live;
    const taskId = rows.taskId(instanceId, effect.token);
    const { token, node, name, assignee, candidateRoles, formKey, priority, due_ms } = effect;
    this.tasks.push({ taskId, instanceId, token, node, name, assignee, candidateRoles, formKey, priority, due_ms });
    this.event(live, 'process.task_created', { task: taskId, node, name, assignee, roles: candidateRoles });
  }

  endTask(live: Live, token: number, state: 'completed' | 'cancelled'): void {
    const taskId = rows.taskId(live.instanceId, token);
    this.endedTasks.push({ taskId, state, by: state === 'completed' ? this.actor : null });
    this.event(live, `process.task_${state}`, { task: taskId, by: this.actor });
  }

  private openIncident(live: Live, effect: Extract<Effect, { kind: 'incident' }>): void {
    const { token, node, code, detail } = effect;
    this.incidents.push({
      incidentId: newId(this.engine.clock),
      instanceId: live.instanceId,
      token,
      node,
      code,
      detail: detail.slice(0, 2_000),
    });
    this.event(live, 'process.incident_opened', { token, node, code });
  }

  private end(live: Live, effect: Extract<Effect, { kind: 'ended' }>): void {
    live.status = effect.status;
    for (const key of live.work.keys()) live.work.set(key, null);
    this.event(live, 'process.instance_ended', { status: effect.status });
    if (effect.status === 'failed' && effect.error !== null) {
      this.tellParent(live, 'error', { ...effect.error });
    } else if (effect.status === 'completed') {
      this.tellParent(live, 'returned', effect.variables);
    }
  }

  private tellParent(live: Live, kind: rows.WorkKind, payload: Json): void {
    const { parentId, parentToken, instanceId } = live;
    if (parentId === null) return;
    const key = `${kind}:${instanceId}:${live.state.sequence}`;
    const work = { instanceId: parentId, key, kind, token: parentToken, due_ms: this.now_ms, attempts: 0, payload };
    const parent = this.lives.get(parentId);
    if (parent === undefined) this.otherWork.push(work);
    else parent.work.set(key, work);
  }

  event(live: Live, type: string, payload: object): void {
    this.events.push({ type, subject: live.instanceId, payload: { process: live.deployed.key, ...payload } });
  }
}

/** What a caller outside sees of an instance's variables. */
export function variablesOf(state: State): Record<string, unknown> {
  const root = state.scopes.find((scope) => scope.parent === null);
  return toPlainMembers(root?.variables ?? {});
}
