/** Compensation: completed activities are undone by their handlers, the last one first, one after the other. */
import type { Execution } from './execution.ts';
import { addScope, startEventSubProcess } from './scopes.ts';
import type { Completed, ScopeState, Token } from './state.ts';
import { startOf } from './waits.ts';

/** Notes a completed activity if there is something that could undo it. */
export function noteCompleted(x: Execution, token: Token, inside: ScopeState | null): void {
  const node = x.node(token.node);
  const handler = 'compensationHandlerId' in node ? node.compensationHandlerId : null;
  const hasInside =
    inside !== null && (inside.completed.length > 0 || compensationSubProcess(x, inside.graph) !== undefined);
  if (handler === null && !hasInside) return;
  x.plainScope(token.scope).completed.push({
    node: token.node,
    local: { ...token.local },
    inside: hasInside ? { variables: { ...inside.variables }, completed: inside.completed } : null,
  });
}

/** The event sub-process of a scope that a compensation starts. */
function compensationSubProcess(x: Execution, graph: string): string | undefined {
  return x.graphScope(graph).eventSubProcessIds.find((id) => startOf(x, id).event?.kind === 'compensation');
}

/**
 * Takes what is to be compensated out of the scope of `token`, oldest first: all of it or one activity's. An event
 * sub-process compensates what its surrounding scope has completed.
 */
export function takeCompleted(x: Execution, token: Token, activity: string | null): Completed[] {
  const taken: Completed[] = [];
  let scope: ScopeState | undefined = x.plainScope(token.scope);
  while (scope !== undefined) {
    const { id } = scope;
    const wanted = scope.completed.filter((entry) => activity === null || entry.node === activity);
    scope.completed = scope.completed.filter((entry) => activity !== null && entry.node !== activity);
    taken.unshift(...wanted.map((entry) => ({ ...entry, scope: id })));
    const isEvent: boolean = x.graphScope(scope.graph).kind === 'event';
    scope = isEvent && scope.parent !== null ? x.plainScope(scope.parent) : undefined;
  }
  return taken;
}

/** Has `token` wait until `entries` are compensated; it then leaves its node, or ends if it is a helper. */
export function compensate(x: Execution, token: Token, entries: Completed[]): void {
  token.queue = entries;
  x.wait(token, 'compensation');
  compensateNext(x, token);
}

/** Begins the next handler of a token that compensates, or finishes. */
export function compensateNext(x: Execution, token: Token): void {
  const entry = token.queue?.pop();
  if (entry === undefined) {
    token.queue = null;
    if (token.helper) x.remove(token);
    else x.resume(token);
    return;
  }
  const scope = entry.scope ?? token.scope;
  const node = x.node(entry.node);
  const handler = 'compensationHandlerId' in node ? node.compensationHandlerId : null;
  // A handler of the sub-process as a whole takes the place of the handlers inside.
  if (handler !== null) {
    x.spawn(scope, handler, { local: { ...entry.local }, compensates: token.id });
    return;
  }
  const owner = x.spawn(scope, entry.node, { local: { ...entry.local }, compensates: token.id, helper: true });
  x.wait(owner, 'scope');
  const inside = addScope(x, entry.node, scope, owner.id, {
    variables: { ...entry.inside?.variables },
    completed: entry.inside?.completed ?? [],
  });
  const own = compensationSubProcess(x, entry.node);
  if (own !== undefined) {
    startEventSubProcess(x, inside, own, false, null);
    return;
  }
  const helper = x.spawn(inside.id, entry.node, { helper: true });
  x.emptied.add(inside.id);
  compensate(
    x,
    helper,
    inside.completed.map((one) => ({ ...one, scope: inside.id })),
  );
}

/** What a token was part of goes on after it. */
export function handlerDone(x: Execution, compensates: number): void {
  const thrower = x.tokens.get(compensates);
  if (thrower !== undefined) compensateNext(x, thrower);
}
