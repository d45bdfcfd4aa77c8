/** Opening scopes: of a process, a sub-process, an event sub-process. */
import type { Execution } from './execution.ts';
import type { Completed, LoopState, ScopeState, Token } from './state.ts';
import type { Json, Variables } from './values.ts';
import { openEventSubProcesses, startOf } from './waits.ts';

export interface ScopeOptions {
  readonly variables?: Variables;
  readonly completed?: Completed[];
  readonly loop?: LoopState;
}

/** Adds a scope instance with its declared variables; nothing runs in it yet. */
export function addScope(
  x: Execution,
  graph: string,
  parent: number | null,
  owner: number | null,
  options: ScopeOptions = {},
): ScopeState {
  const variables: Variables = {};
  if (options.loop === undefined) for (const { name } of x.graphScope(graph).variables) variables[name] = null;
  const scope: ScopeState = {
    id: x.newId(),
    graph,
    parent,
    owner,
    variables: Object.assign(variables, options.variables),
    completed: options.completed ?? [],
    loop: options.loop ?? null,
  };
  x.scopes.set(scope.id, scope);
  return scope;
}

/** Enters a sub-process: its event sub-processes listen and a token stands at each entry. */
export function enterSubProcess(x: Execution, token: Token): void {
  const scope = addScope(x, token.node, token.scope, token.id);
  openEventSubProcesses(x, scope);
  for (const id of x.graphScope(token.node).entryIds) x.spawn(scope.id, id);
  x.wait(token, 'scope');
  x.emptied.add(scope.id);
}

/** Starts an event sub-process in a scope; an interrupting one ends everything else there. */
export function startEventSubProcess(
  x: Execution,
  scope: ScopeState,
  subProcess: string,
  interrupting: boolean,
  payload: Json,
): void {
  if (interrupting) {
    x.killTokens(scope);
    x.closeWaits(scope.id);
  }
  const owner = x.spawn(scope.id, subProcess);
  x.wait(owner, 'scope');
  const inside = addScope(x, subProcess, scope.id, owner.id);
  openEventSubProcesses(x, inside);
  x.spawn(inside.id, startOf(x, subProcess).id, { phase: 'leave', result: payload });
}
