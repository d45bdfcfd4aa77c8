/** Moving an instance to another version of its process: checked first, then done as one step. */
import type { FlowNode, ProcessDefinition } from '../model/graph.ts';
import type { Effect } from './effects.ts';
import { Execution, type StepContext } from './execution.ts';
import type { Completed, ScopeState, State, Token, Wait } from './state.ts';
import { openWait, startOf } from './waits.ts';

export interface MigrationProblem {
  readonly code:
    | 'node_missing'
    | 'kind_differs'
    | 'event_differs'
    | 'loop_differs'
    | 'scope_differs'
    | 'flow_missing'
    | 'compensation_missing';
  readonly node: string;
  readonly detail: string;
}

/** Node ids of the old version to node ids of the new one; a node that is not named keeps its id. */
export type NodeMapping = Readonly<Record<string, string>>;

export interface Migrated {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly problems: readonly MigrationProblem[];
}

/**
 * Moves tokens, scopes and waits to `to`. What an activity has open stays as it is (timers keep their due instants);
 * boundary events and event sub-processes the new version adds are opened, those it lacks are closed. With problems the
 * state is given back unchanged.
 */
export function migrateState(
  from: ProcessDefinition,
  to: ProcessDefinition,
  state: State,
  mapping: NodeMapping,
  context: StepContext,
): Migrated {
  const target = (id: string) => mapping[id] ?? id;
  const scopeTarget = (id: string) => (id === from.root.id ? to.root.id : target(id));
  const problems = check(from, to, state, target, scopeTarget);
  if (problems.length > 0) return { state, effects: [], problems };
  const moved = structuredClone(state);
  for (const token of moved.tokens) {
    token.node = target(token.node);
    if (token.queue !== null) token.queue = token.queue.map((entry) => renamed(entry, target));
  }
  for (const scope of moved.scopes) {
    scope.graph = scopeTarget(scope.graph);
    scope.completed = scope.completed.map((entry) => renamed(entry, target));
  }
  for (const wait of moved.waits) wait.node = target(wait.node);
  const x = new Execution(to, moved, context);
  for (const wait of x.waits.values()) if (!isWanted(x, wait)) x.closeWait(wait);
  for (const token of x.tokens.values()) openMissing(x, token);
  for (const scope of x.scopes.values()) openMissingEvents(x, scope);
  return { state: x.state(), effects: x.effects, problems: [] };
}

function renamed(entry: Completed, target: (id: string) => string): Completed {
  const inside =
    entry.inside === null
      ? null
      : { ...entry.inside, completed: entry.inside.completed.map((one) => renamed(one, target)) };
  return { ...entry, node: target(entry.node), inside };
}

function check(
  from: ProcessDefinition,
  to: ProcessDefinition,
  state: State,
  target: (id: string) => string,
  scopeTarget: (id: string) => string,
): MigrationProblem[] {
  const problems: MigrationProblem[] = [];
  const report = (code: MigrationProblem['code'], node: string, detail: string) =>
    problems.push({ code, node, detail });
  const scopes = new Map(state.scopes.map((scope) => [scope.id, scope]));
  for (const token of state.tokens) {
    const before = from.nodes.get(token.node);
    const after = to.nodes.get(target(token.node));
    const scope = scopes.get(token.scope);
    if (before === undefined || scope === undefined) continue;
    if (after === undefined) {
      report('node_missing', token.node, `${target(token.node)} is not in the new version`);
      continue;
    }
    if (after.kind !== before.kind) report('kind_differs', token.node, `${after.id} is a ${after.kind}`);
    else if (eventKind(before) !== eventKind(after))
      report('event_differs', token.node, `${after.id} waits for another event`);
    if (loopKind(before) !== loopKind(after)) report('loop_differs', token.node, `${after.id} repeats in another way`);
    if (after.scopeId !== scopeTarget(scope.graph))
      report('scope_differs', token.node, `${after.id} is in ${after.scopeId}`);
    if (token.waitsFor === 'join' && token.flow !== null && to.flows.get(token.flow)?.targetId !== after.id) {
      report('flow_missing', token.node, `The new version has no flow ${token.flow} to ${after.id}`);
    }
  }
  for (const scope of state.scopes) {
    if (!to.scopes.has(scopeTarget(scope.graph))) {
      report('node_missing', scope.graph, `${scopeTarget(scope.graph)} is no scope of the new version`);
    }
    for (const entry of scope.completed) {
      const node = to.nodes.get(target(entry.node));
      const handler = node !== undefined && 'compensationHandlerId' in node ? node.compensationHandlerId : null;
      if (handler === null && entry.inside === null) {
        report('compensation_missing', entry.node, 'What was done there could not be compensated any more');
      }
    }
  }
  return problems;
}

function eventKind(node: FlowNode): string | null {
  return 'event' in node && node.event !== null ? node.event.kind : null;
}

function loopKind(node: FlowNode): string | null {
  return 'loop' in node && node.loop !== null ? node.loop.kind : null;
}

/** Whether the new version still has an event where this wait is. */
function isWanted(x: Execution, wait: Wait): boolean {
  const node = x.definition.nodes.get(wait.node);
  if (node === undefined || (eventKind(node) ?? '') !== (wait.kind === 'condition' ? 'conditional' : wait.kind))
    return false;
  const token = x.tokens.get(wait.owner);
  if (token === undefined) {
    const scope = x.scopes.get(wait.owner);
    return scope !== undefined && x.graphScope(scope.graph).eventSubProcessIds.includes(node.scopeId);
  }
  if (node.kind === 'boundaryEvent') return node.attachedToId === token.node;
  return node.id === token.node || gatewayTargets(x, token).includes(node.id);
}

function gatewayTargets(x: Execution, token: Token): string[] {
  const node = x.node(token.node);
  if (node.kind !== 'eventBasedGateway') return [];
  return node.outgoing.flatMap((id) => x.definition.flows.get(id)?.targetId ?? []);
}

function openMissing(x: Execution, token: Token): void {
  if (token.inner || token.helper) return;
  const node = x.node(token.node);
  const boundaries = 'boundaryEventIds' in node ? node.boundaryEventIds : [];
  for (const id of [...boundaries, ...gatewayTargets(x, token)]) {
    const event = x.node(id);
    if (!('event' in event) || event.event === null || hasWait(x, token.id, id)) continue;
    openWait(x, token.id, id, event.event, x.layersOf(token), event.kind !== 'boundaryEvent' || event.interrupting);
  }
}

function openMissingEvents(x: Execution, scope: ScopeState): void {
  if (scope.loop !== null) return;
  for (const id of x.graphScope(scope.graph).eventSubProcessIds) {
    const start = startOf(x, id);
    if (start.event === null || hasWait(x, scope.id, start.id)) continue;
    openWait(x, scope.id, start.id, start.event, x.layers(scope.id), start.interrupting);
  }
}

function hasWait(x: Execution, owner: number, node: string): boolean {
  for (const wait of x.waits.values()) if (wait.owner === owner && wait.node === node) return true;
  return false;
}
