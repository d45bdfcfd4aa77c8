/** Opening the events a token or a scope waits for. */
import type { BoundaryEvent, EventDefinition, FlowNode } from '../model/graph.ts';
import type { Execution } from './execution.ts';
import { IncidentError } from './execution.ts';
import type { Layers } from './expressions.ts';
import type { ScopeState, Token, Wait } from './state.ts';
import { firstDue, nextDue } from './timers.ts';
import { encode, type Json, toPlain } from './values.ts';

/** Opens one wait. Events nobody waits for (error, escalation, compensation, cancel) open nothing. */
export function openWait(
  x: Execution,
  owner: number,
  node: string,
  event: EventDefinition,
  layers: Layers,
  interrupting: boolean,
): void {
  const id = x.newId();
  const base = {
    id,
    owner,
    node,
    name: null,
    key: null,
    keeps: !interrupting,
    due_ms: null,
    repeat: null,
    last: false,
  };
  switch (event.kind) {
    case 'timer': {
      const value = x.value(event.value, layers);
      if (value === null) throw new IncidentError('timer_invalid', `The timer of ${node} has no value`);
      const due = dueOf(() => firstDue(event.timer, value, event.calendar, x.context));
      x.waits.set(id, { ...base, kind: 'timer', due_ms: due.due_ms, repeat: due.repeat });
      x.effects.push({ kind: 'timer', wait: id, node, due_ms: due.due_ms });
      return;
    }
    case 'message': {
      const key = event.key === null ? null : keyText(encode(x.evaluate(event.key, layers)));
      if (event.key !== null && key === null) {
        throw new IncidentError('key_missing', `The correlation key ${event.key.text} of ${node} has no value`);
      }
      subscribe(x, { ...base, kind: 'message', name: event.message.name, key });
      return;
    }
    case 'signal':
      subscribe(x, { ...base, kind: 'signal', name: event.name });
      return;
    case 'conditional':
      x.waits.set(id, { ...base, kind: 'condition' });
      x.variablesChanged = true;
      return;
    default:
  }
}

function dueOf<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new IncidentError('timer_invalid', error instanceof Error ? error.message : String(error));
  }
}

function subscribe(x: Execution, wait: Wait): void {
  x.waits.set(wait.id, wait);
  const type = wait.kind === 'signal' ? 'signal' : 'message';
  const { node, name, key, keeps } = wait;
  x.effects.push({ kind: 'subscribe', wait: wait.id, node, type, name: name ?? '', key, keeps });
}

/** A correlation key as the text it is compared by; null for null. */
export function keyText(key: Json): string | null {
  if (key === null) return null;
  const plain = toPlain(key);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

/** Opens the boundary events of an activity. */
export function openBoundaries(x: Execution, token: Token): void {
  const node = x.node(token.node);
  if (!('boundaryEventIds' in node)) return;
  for (const id of node.boundaryEventIds) {
    const boundary = x.node(id) as BoundaryEvent;
    openWait(x, token.id, id, boundary.event, x.layersOf(token), boundary.interrupting);
  }
}

/** Opens the event sub-processes of a scope. */
export function openEventSubProcesses(x: Execution, scope: ScopeState): void {
  for (const id of x.graphScope(scope.graph).eventSubProcessIds) {
    const start = startOf(x, id);
    if (start.event !== null) openWait(x, scope.id, start.id, start.event, x.layers(scope.id), start.interrupting);
  }
}

/** The start event of an event sub-process. */
export function startOf(x: Execution, subProcess: string): Extract<FlowNode, { kind: 'startEvent' }> {
  const [id = ''] = x.graphScope(subProcess).entryIds;
  return x.node(id) as Extract<FlowNode, { kind: 'startEvent' }>;
}

/** After a wait fired and stays: a timer gets its next due instant or closes. */
export function rearm(x: Execution, wait: Wait): void {
  if (wait.kind !== 'timer') return;
  const next =
    wait.repeat === null || wait.due_ms === null ? null : nextDue(wait.due_ms, wait.repeat, x.context.timeZone);
  if (next === null) {
    x.waits.delete(wait.id);
    return;
  }
  wait.due_ms = next.due_ms;
  wait.repeat = next.repeat;
  x.effects.push({ kind: 'timer', wait: wait.id, node: wait.node, due_ms: next.due_ms });
}
