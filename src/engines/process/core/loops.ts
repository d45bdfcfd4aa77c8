/** Repeated activities: standard loops, sequential and parallel multi-instance. */
import type { Activity, MultiInstanceLoop, StandardLoop } from '../model/graph.ts';
import { type Execution, IncidentError } from './execution.ts';
import { addScope } from './scopes.ts';
import type { LoopState, ScopeState, Token } from './state.ts';
import type { Json, Variables } from './values.ts';

/** Begins the repetition of an activity; `token` waits until all of it is done. */
export function startLoop(x: Execution, token: Token, node: Activity): void {
  const loop = node.loop?.kind === 'multiInstance' ? multiState(x, token, node.loop) : standardState();
  const scope = addScope(x, node.scopeId, token.scope, token.id, { loop });
  x.wait(token, 'scope');
  if (node.loop?.kind === 'standard') {
    if (node.loop.testBefore && !goesOn(x, scope, node.loop)) finish(x, scope, node);
    else spawnInstance(x, scope, node);
    return;
  }
  const total = loop.total ?? 0;
  count(scope);
  if (total === 0) {
    finish(x, scope, node);
    return;
  }
  const atOnce = node.loop?.kind === 'multiInstance' && node.loop.sequential ? 1 : total;
  for (let number = 0; number < atOnce; number++) spawnInstance(x, scope, node);
}

function standardState(): LoopState {
  return { items: null, total: null, started: 0, completed: 0, results: null };
}

function multiState(x: Execution, token: Token, loop: MultiInstanceLoop): LoopState {
  const layers = x.layersOf(token);
  const results = loop.outputCollection === null ? null : [];
  if (loop.collection !== null) {
    const items = x.evaluateJson(loop.collection, layers);
    if (!Array.isArray(items)) {
      throw new IncidentError('collection_missing', `${loop.collection.text} is no list`);
    }
    return { items, total: items.length, started: 0, completed: 0, results };
  }
  const total = loop.cardinality === null ? null : x.evaluateJson(loop.cardinality, layers);
  if (typeof total !== 'number' || total < 0) {
    throw new IncidentError('cardinality_invalid', `${loop.cardinality?.text} is no whole number from 0`);
  }
  return { items: null, total, started: 0, completed: 0, results };
}

function spawnInstance(x: Execution, scope: ScopeState, node: Activity): void {
  const { loop } = scope;
  if (loop === null) return;
  const local: Variables = { loopCounter: loop.started + 1 };
  const item = node.loop?.kind === 'multiInstance' ? node.loop.item : null;
  if (item !== null && loop.items !== null) local[item] = loop.items[loop.started] ?? null;
  loop.started++;
  count(scope);
  x.spawn(scope.id, node.id, { inner: true, local });
}

function count(scope: ScopeState): void {
  const { loop } = scope;
  if (loop === null || loop.total === null) return;
  scope.variables.numberOfInstances = loop.total;
  scope.variables.numberOfActiveInstances = loop.started - loop.completed;
  scope.variables.numberOfCompletedInstances = loop.completed;
}

/** One instance is done: collects its result and goes on, or ends the repetition. `seen`: what its result is made of. */
export function instanceDone(x: Execution, token: Token, node: Activity, seen: readonly Variables[]): void {
  const scope = x.scope(token.scope);
  const { loop } = scope;
  if (loop === null) return;
  const definition = node.loop;
  if (definition?.kind === 'multiInstance' && loop.results !== null) {
    const index = Number(token.local.loopCounter) - 1;
    const { outputItem } = definition;
    while (loop.results.length <= index) loop.results.push(null);
    loop.results[index] =
      outputItem === null ? (token.result as Json) : x.evaluateJson(outputItem, x.layersOf(token, ...seen));
  }
  loop.completed++;
  count(scope);
  if (definition?.kind === 'standard') {
    if (goesOn(x, scope, definition)) spawnInstance(x, scope, node);
    else finish(x, scope, node);
    return;
  }
  const condition = definition?.completionCondition ?? null;
  const enough = condition !== null && x.isTrue(condition, x.layersOf(token, ...seen, scope.variables));
  if (enough || loop.completed === loop.total) {
    x.killTokens(scope, token);
    finish(x, scope, node);
  } else if (definition?.sequential === true) {
    spawnInstance(x, scope, node);
  }
}

function goesOn(x: Execution, scope: ScopeState, loop: StandardLoop): boolean {
  const done = scope.loop?.completed ?? 0;
  if (loop.maximum !== null && done >= loop.maximum) return false;
  return loop.condition === null
    ? loop.maximum !== null
    : x.isTrue(loop.condition, x.layers(scope.id, { loopCounter: done }));
}

function finish(x: Execution, scope: ScopeState, node: Activity): void {
  const owner = scope.owner === null ? undefined : x.tokens.get(scope.owner);
  if (owner === undefined) return;
  const target = node.loop?.kind === 'multiInstance' ? node.loop.outputCollection : null;
  if (target !== null && scope.loop?.results) {
    const { results } = scope.loop;
    while (results.length < (scope.loop.total ?? 0)) results.push(null);
    x.set(owner.scope, target, results);
  }
  x.scopes.delete(scope.id);
  x.emptied.delete(scope.id);
  x.resume(owner);
}
