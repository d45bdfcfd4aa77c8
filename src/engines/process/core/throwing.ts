/** Errors, escalations, cancellation and termination: how they find who catches them. */
import type { BoundaryEvent } from '../model/graph.ts';
import { handlerDone } from './compensation.ts';
import type { Execution } from './execution.ts';
import { startEventSubProcess } from './scopes.ts';
import type { ScopeState, Token } from './state.ts';
import type { Json, Variables } from './values.ts';
import { startOf } from './waits.ts';

type Handler =
  | { readonly kind: 'boundary'; readonly token: Token; readonly node: BoundaryEvent }
  | {
      readonly kind: 'event';
      readonly scope: ScopeState;
      readonly subProcess: string;
      readonly interrupting: boolean;
    };

/** The nearest catcher going outwards; at one place an event that names the code is preferred to one that takes all. */
function findHandler(x: Execution, from: Token, type: 'error' | 'escalation', code: string): Handler | undefined {
  let token = from;
  for (;;) {
    const node = x.node(token.node);
    if ('boundaryEventIds' in node && !token.inner && !token.helper) {
      const { boundaryEventIds } = node;
      const id = best(x, boundaryEventIds, (one) => one, type, code);
      if (id !== undefined) return { kind: 'boundary', token, node: x.node(id) as BoundaryEvent };
    }
    const scope = x.scope(token.scope);
    // What an event sub-process throws is for those around the scope it belongs to, not for its siblings.
    const fromEvent = node.kind === 'subProcess' && node.variant === 'event';
    if (scope.loop === null && !fromEvent) {
      const { eventSubProcessIds } = x.graphScope(scope.graph);
      const id = best(x, eventSubProcessIds, (one) => startOf(x, one).id, type, code);
      if (id !== undefined) {
        return { kind: 'event', scope, subProcess: id, interrupting: startOf(x, id).interrupting };
      }
    }
    const owner = scope.owner === null ? undefined : x.tokens.get(scope.owner);
    if (owner === undefined) return undefined;
    token = owner;
  }
}

function best(
  x: Execution,
  ids: readonly string[],
  eventOf: (id: string) => string,
  type: 'error' | 'escalation',
  code: string,
): string | undefined {
  const codeOf = (id: string) => {
    const node = x.node(eventOf(id));
    const event = 'event' in node ? node.event : null;
    return event?.kind === type && 'code' in event ? event.code : undefined;
  };
  return ids.find((id) => codeOf(id) === code) ?? ids.find((id) => codeOf(id) === null);
}

/** Lets a boundary event fire on the activity of `token`. */
export function fireBoundary(x: Execution, token: Token, boundary: BoundaryEvent, payload: Json): void {
  if (boundary.interrupting) {
    x.kill(token);
    if (token.compensates !== null) handlerDone(x, token.compensates);
  }
  x.spawn(token.scope, boundary.id, { phase: 'leave', result: payload });
}

function handle(x: Execution, handler: Handler, payload: Json): void {
  if (handler.kind === 'boundary') fireBoundary(x, handler.token, handler.node, payload);
  else startEventSubProcess(x, handler.scope, handler.subProcess, handler.interrupting, payload);
}

/**
 * Throws a BPMN error from a token. Caught by nobody it ends a called instance, whose caller then gets it; in any other
 * instance it is an incident of the token.
 */
export function throwError(x: Execution, token: Token, code: string, message: string, variables: Variables): void {
  const payload = { ...variables, errorCode: code, errorMessage: message };
  const handler = findHandler(x, token, 'error', code);
  if (handler !== undefined) {
    if (handler.kind === 'boundary' && handler.token === token) x.kill(token, 'error', { errorCode: code });
    handle(x, handler, payload);
    return;
  }
  if (!x.context.called) {
    x.raise(token, 'error_uncaught', `Error ${code} was caught by nobody: ${message}`);
    return;
  }
  end(x, 'failed', { code, message, payload });
}

/** Throws an escalation; the token goes on unless the catcher ended it. */
export function throwEscalation(x: Execution, token: Token, code: string, variables: Variables): void {
  const payload = { ...variables, escalationCode: code };
  const handler = findHandler(x, token, 'escalation', code);
  if (handler !== undefined) handle(x, handler, payload);
  else if (x.context.called) x.effects.push({ kind: 'escalate', code, payload });
}

/** The transaction of a cancel end event is compensated: it ends and its cancel boundary event takes over. */
export function finishCancel(x: Execution, token: Token): void {
  const scope = x.plainScope(token.scope);
  x.record(token, 'completed');
  const owner = scope.owner === null ? undefined : x.tokens.get(scope.owner);
  if (owner === undefined) return;
  const activity = outermost(x, owner);
  const node = x.node(activity.node);
  const boundaries = 'boundaryEventIds' in node ? node.boundaryEventIds : [];
  const id = boundaries.find((one) => (x.node(one) as BoundaryEvent).event.kind === 'cancel');
  x.remove(token);
  if (id !== undefined) {
    fireBoundary(x, activity, x.node(id) as BoundaryEvent, null);
    return;
  }
  x.killScope(scope);
  x.resume(owner);
}

/** The token that carries the boundary events of an activity: of a repeated one, the one around the loop. */
function outermost(x: Execution, token: Token): Token {
  if (!token.inner) return token;
  const { owner } = x.scope(token.scope);
  return (owner === null ? undefined : x.tokens.get(owner)) ?? token;
}

/** Ends the instance with everything in it. */
export function end(
  x: Execution,
  status: 'completed' | 'cancelled' | 'failed',
  error: { code: string; message: string; payload: Variables } | null = null,
): void {
  const root = [...x.scopes.values()].find((scope) => scope.parent === null);
  const variables = root?.variables ?? {};
  if (root !== undefined) {
    for (const token of [...x.tokens.values()]) if (token.scope === root.id) x.kill(token);
    x.closeWaits(root.id);
  }
  x.tokens.clear();
  x.emptied.clear();
  x.ended = true;
  x.effects.push({ kind: 'ended', status, variables, error });
}
