/** Events: what a token does when it comes to one and when it leaves it. */
import type { EventNode } from '../model/graph.ts';
import { callFunction, inputOf, send } from './activities.ts';
import { compensate, takeCompleted } from './compensation.ts';
import { payloadVariables } from './data.ts';
import type { Execution } from './execution.ts';
import { leaveByFlows } from './flows.ts';
import type { Token } from './state.ts';
import { finishCancel, throwError, throwEscalation } from './throwing.ts';
import { openWait } from './waits.ts';

export function enterEvent(x: Execution, token: Token, node: EventNode): void {
  switch (node.kind) {
    case 'startEvent':
    case 'boundaryEvent':
      x.resume(token);
      return;
    case 'intermediateCatchEvent':
      if (node.event === null || node.event.kind === 'link') {
        x.resume(token);
        return;
      }
      x.wait(token, 'wait');
      openWait(x, token.id, node.id, node.event, x.layers(token.scope), true);
      return;
    case 'intermediateThrowEvent':
    case 'endEvent':
      throwEvent(x, token, node);
      return;
  }
}

function throwEvent(x: Execution, token: Token, node: EventNode): void {
  const { event } = node;
  switch (event?.kind) {
    case 'message':
      if (event.function !== null) {
        callFunction(x, token);
        return;
      }
      send(x, token, event.message, inputOf(x, token));
      break;
    case 'signal':
      x.effects.push({ kind: 'broadcast', name: event.name, payload: inputOf(x, token) });
      break;
    case 'escalation':
      throwEscalation(x, token, event.code ?? '', inputOf(x, token));
      // An interrupting catcher has ended this token.
      if (!x.tokens.has(token.id)) return;
      break;
    case 'error':
      throwError(x, token, event.code ?? '', event.name ?? event.code ?? '', inputOf(x, token));
      return;
    case 'compensation':
      throwCompensation(x, token, event.activityId, event.waitForCompletion);
      return;
    case 'cancel': {
      const scope = x.plainScope(token.scope);
      x.killTokens(scope, token);
      x.closeWaits(scope.id);
      compensate(x, token, takeCompleted(x, token, null));
      return;
    }
    case 'terminate': {
      const scope = x.scope(token.scope);
      x.killTokens(scope, token);
      x.closeWaits(scope.id);
      break;
    }
    case 'link':
      if (event.targetId === null) break;
      x.spawn(token.scope, event.targetId);
      x.record(token, 'completed');
      x.remove(token);
      return;
    default:
  }
  x.resume(token);
}

function throwCompensation(x: Execution, token: Token, activity: string | null, waits: boolean): void {
  const entries = takeCompleted(x, token, activity);
  if (waits) {
    compensate(x, token, entries);
    return;
  }
  compensate(x, x.spawn(token.scope, token.node, { helper: true }), entries);
  x.resume(token);
}

export function leaveEvent(x: Execution, token: Token, node: EventNode): void {
  switch (node.kind) {
    case 'startEvent': {
      // What starts an event sub-process, or an instance, belongs to it alone.
      const { variables } = x.scope(token.scope);
      Object.assign(variables, payloadVariables(x, node, token.result, x.layers(token.scope)));
      x.variablesChanged = true;
      break;
    }
    case 'intermediateCatchEvent':
    case 'boundaryEvent':
      x.setAll(token.scope, payloadVariables(x, node, token.result, x.layers(token.scope)));
      break;
    case 'endEvent':
      x.closeWaits(token.id);
      if (node.event?.kind === 'cancel') {
        finishCancel(x, token);
        return;
      }
      x.record(token, 'completed');
      x.remove(token);
      return;
    case 'intermediateThrowEvent':
      break;
  }
  x.closeWaits(token.id);
  leaveByFlows(x, token, node);
}
