/** What happens when a token comes to an activity and when the activity is done. */
import { literalText } from '#engines/decision';
import type { Activity, Value } from '../model/graph.ts';
import { handlerDone, noteCompleted } from './compensation.ts';
import { mapped, resultVariables, takeResult } from './data.ts';
import { type Execution, IncidentError } from './execution.ts';
import type { Layers } from './expressions.ts';
import { leaveByFlows } from './flows.ts';
import { instanceDone, startLoop } from './loops.ts';
import { enterSubProcess } from './scopes.ts';
import type { ScopeState, Token } from './state.ts';
import { firstDue } from './timers.ts';
import { encode, type Variables } from './values.ts';
import { keyText, openBoundaries, openWait } from './waits.ts';

export function enterActivity(x: Execution, token: Token, node: Activity): void {
  if (!token.inner) openBoundaries(x, token);
  if (node.loop !== null && !token.inner) {
    startLoop(x, token, node);
    return;
  }
  token.local = { ...token.local, ...mapped(x, node.inputs, x.layersOf(token)) };
  begin(x, token, node);
}

function begin(x: Execution, token: Token, node: Activity): void {
  switch (node.kind) {
    case 'task':
    case 'manualTask':
      x.resume(token);
      return;
    case 'userTask':
      offerTask(x, token, node);
      return;
    case 'serviceTask':
      callFunction(x, token);
      return;
    case 'sendTask':
      if (node.event.function !== null) {
        callFunction(x, token);
        return;
      }
      send(x, token, node.event.message, mappedOnly(token, node));
      x.resume(token);
      return;
    case 'scriptTask':
      x.resume(token, x.evaluateJson(node.script, x.layersOf(token)));
      return;
    case 'businessRuleTask':
      decide(x, token, node);
      return;
    case 'receiveTask':
      x.wait(token, 'wait');
      openWait(x, token.id, node.id, node.event, x.layersOf(token), true);
      return;
    case 'callActivity':
      call(x, token);
      return;
    case 'subProcess':
      enterSubProcess(x, token);
      return;
  }
}

/** The variables a function or a called process is given: its inputs, or all it can see. */
export function inputOf(x: Execution, token: Token): Variables {
  const node = x.node(token.node);
  if ('inputs' in node) {
    return node.inputs.length > 0 ? mappedOnly(token, node) : x.visible(x.layersOf(token));
  }
  if ('mappings' in node) return mapped(x, node.mappings, x.layersOf(token));
  return {};
}

function mappedOnly(token: Token, node: Activity): Variables {
  return Object.fromEntries(node.inputs.map(({ target }) => [target, token.local[target] ?? null]));
}

/** Has a registered function called for a token: of a service task, a send task or a throwing message event. */
export function callFunction(x: Execution, token: Token): void {
  const node = x.node(token.node);
  const name = 'function' in node ? node.function : messageFunction(node);
  if (name === null) return;
  const retry = 'retry' in node ? node.retry : { retries: 3, backoff: 'PT10S' };
  x.wait(token, 'job');
  x.effects.push({ kind: 'job', token: token.id, node: node.id, function: name, retry });
}

function messageFunction(node: ReturnType<Execution['node']>): string | null {
  const event = 'event' in node ? node.event : null;
  return event?.kind === 'message' ? event.function : null;
}

/** Publishes a message to whoever waits for it; its key is made from its payload. */
export function send(
  x: Execution,
  token: Token,
  message: { readonly name: string; readonly payloadKey: { readonly text: string; readonly elementId: string } | null },
  payload: Variables,
): void {
  const key =
    message.payloadKey === null ? null : keyText(x.evaluateJson(message.payloadKey, [payload, ...x.layersOf(token)]));
  x.effects.push({ kind: 'send', token: token.id, name: message.name, key, payload });
}

function decide(x: Execution, token: Token, node: Extract<Activity, { kind: 'businessRuleTask' }>): void {
  const layers = x.layersOf(token);
  const decision = textOf(x, node.decision, layers);
  if (decision === null) throw new IncidentError('decision_missing', `Task ${node.id} names no decision`);
  const seen = node.inputs.length > 0 ? [mappedOnly(token, node)] : layers;
  x.resume(token, encode(x.context.decide(decision, node.decisionModel, node.binding, seen)));
}

function call(x: Execution, token: Token): void {
  const node = x.node(token.node);
  if (node.kind !== 'callActivity') return;
  const process = textOf(x, node.calledElement, x.layersOf(token));
  if (process === null) throw new IncidentError('called_process_missing', `Activity ${node.id} calls nothing`);
  x.wait(token, 'call');
  const variables = inputOf(x, token);
  x.effects.push({ kind: 'call', token: token.id, process, version: node.calledVersion, variables });
}

function offerTask(x: Execution, token: Token, node: Extract<Activity, { kind: 'userTask' }>): void {
  const layers = x.layersOf(token);
  const due = node.dueDate === null ? null : x.value(node.dueDate, layers);
  const priority = node.priority === null ? null : Number(textOf(x, node.priority, layers));
  x.wait(token, 'task');
  x.effects.push({
    kind: 'task',
    token: token.id,
    node: node.id,
    name: node.name ?? node.id,
    assignee: node.assignee === null ? null : textOf(x, node.assignee, layers),
    candidateRoles: node.candidateRoles.flatMap((role) => textsOf(x, role, layers)),
    formKey: node.formKey,
    due_ms: due === null ? null : dueOf(x, due),
    priority: priority === null || !Number.isSafeInteger(priority) ? 50 : priority,
  });
}

/** A due date may be a date or a duration from now. */
function dueOf(x: Execution, due: Parameters<typeof firstDue>[1]): number {
  const text = due === null ? '' : typeof due === 'string' ? due : literalText(due);
  return firstDue(text.startsWith('P') ? 'duration' : 'date', text, null, x.context).due_ms;
}

function textOf(x: Execution, value: Value, layers: Layers): string | null {
  return keyText(encode(x.value(value, layers)));
}

function textsOf(x: Execution, value: Value, layers: Layers): string[] {
  const found = encode(x.value(value, layers));
  return (Array.isArray(found) ? found : [found]).flatMap((one) => keyText(one) ?? []);
}

/** Does again what an activity waits for, without entering it anew. */
export function callAgain(x: Execution, token: Token): void {
  if (token.waitsFor === 'call') call(x, token);
  else callFunction(x, token);
}

/** The activity is done: takes its result, notes it for compensation and goes on. */
export function leaveActivity(x: Execution, token: Token, node: Activity): void {
  const inside = insideOf(x, token, node);
  // The instances of a repeated activity have handed over their results one by one.
  const isLoop = node.loop !== null && !token.inner;
  if (!isLoop) {
    takeResult(x, token, node, inside);
    if (token.compensates === null) noteCompleted(x, token, inside);
  }
  if (inside !== null) x.killScope(inside);
  if (token.inner) {
    instanceDone(x, token, node, [resultVariables(node, token.result), ...(inside === null ? [] : [inside.variables])]);
  }
  x.closeWaits(token.id);
  if (token.inner || token.compensates !== null) {
    x.record(token, 'completed');
    x.remove(token);
    if (token.compensates !== null) handlerDone(x, token.compensates);
    return;
  }
  leaveByFlows(x, token, node);
}

function insideOf(x: Execution, token: Token, node: Activity): ScopeState | null {
  if (node.kind !== 'subProcess') return null;
  for (const scope of x.scopes.values()) {
    if (scope.owner === token.id && scope.loop === null) return scope;
  }
  return null;
}
