/**
 * The pure core: from the graph, the state of an instance and one stimulus to the next state and what is to be done
 * outside. No input or output: the same arguments give the same outcome, so that a step can be tried again at will.
 */
import { LongmenError } from '#kernel/errors';
import { processError } from '../errors.ts';
import { type Expression, isActivity, type ProcessDefinition } from '../model/graph.ts';
import { callAgain, enterActivity, leaveActivity } from './activities.ts';
import { handlerDone } from './compensation.ts';
import type { Effect } from './effects.ts';
import { enterEvent, leaveEvent } from './events.ts';
import { Execution, IncidentError, type StepContext } from './execution.ts';
import { enterGateway, leaveByFlows } from './flows.ts';
import { type Modification, modify } from './modify.ts';
import { joinInclusive } from './reach.ts';
import { addScope, startEventSubProcess } from './scopes.ts';
import type { ScopeState, State, Token, Wait } from './state.ts';
import { end, fireBoundary, throwError, throwEscalation } from './throwing.ts';
import type { Json, Variables } from './values.ts';
import { openEventSubProcesses, rearm } from './waits.ts';

export type Stimulus =
  /** `trigger`: the start event (or receive task, or event of an instantiating gateway) that fired; null: the none start. */
  | { readonly kind: 'start'; readonly trigger: string | null; readonly variables: Variables; readonly payload: Json }
  /** A job, task or called instance came back. */
  | { readonly kind: 'complete'; readonly token: number; readonly result: Json }
  | {
      readonly kind: 'error';
      readonly token: number;
      readonly code: string;
      readonly message: string;
      readonly payload: Variables;
    }
  | { readonly kind: 'escalation'; readonly token: number; readonly code: string; readonly payload: Variables }
  /** A job gave up. */
  | { readonly kind: 'fail'; readonly token: number; readonly code: string; readonly detail: string }
  | { readonly kind: 'trigger'; readonly wait: number; readonly payload: Json }
  /** Sets variables in a scope instance, or in the process. */
  | { readonly kind: 'variables'; readonly scope: number | null; readonly values: Variables }
  /** A person has an incident tried again, or takes the element as done with a result. */
  | { readonly kind: 'retry'; readonly token: number; readonly variables: Variables }
  | { readonly kind: 'resolve'; readonly token: number; readonly result: Json }
  | { readonly kind: 'modify'; readonly modification: Modification }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'continue' };

export interface StepOutcome {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** False: what the stimulus is for is not there any more; nothing changed. */
  readonly accepted: boolean;
}

/** How many visits one step makes before it gives others a turn. */
const VISITS_PER_STEP = 2_000;

/** One step; `state` is left as it was. */
export function step(
  definition: ProcessDefinition,
  state: State,
  stimulus: Stimulus,
  context: StepContext,
): StepOutcome {
  return advance(definition, structuredClone(state), stimulus, context);
}

/** As {@link step}, for a caller that has no more use for `state`. */
export function advance(
  definition: ProcessDefinition,
  state: State,
  stimulus: Stimulus,
  context: StepContext,
): StepOutcome {
  const x = new Execution(definition, state, context);
  const accepted = applySafely(x, stimulus);
  if (accepted) drain(x);
  return { state: x.state(), effects: x.effects, accepted };
}

/** What goes wrong where no token stands yet (the event of an event sub-process, say) is an error of the stimulus. */
function applySafely(x: Execution, stimulus: Stimulus): boolean {
  try {
    return apply(x, stimulus);
  } catch (error) {
    if (error instanceof IncidentError) throw processError('process_step_failed', error.message, { cause: error.code });
    throw error;
  }
}

function apply(x: Execution, stimulus: Stimulus): boolean {
  switch (stimulus.kind) {
    case 'start':
      start(x, stimulus.trigger, stimulus.variables, stimulus.payload);
      return true;
    case 'trigger': {
      const wait = x.waits.get(stimulus.wait);
      if (wait === undefined) return false;
      fire(x, wait, stimulus.payload);
      return true;
    }
    case 'variables': {
      const root = [...x.scopes.values()].find((one) => one.parent === null);
      const scope = stimulus.scope === null ? root : x.scopes.get(stimulus.scope);
      if (scope === undefined) return false;
      Object.assign(scope.variables, stimulus.values);
      x.variablesChanged = true;
      return true;
    }
    case 'modify':
      modify(x, stimulus.modification);
      return true;
    case 'cancel':
      end(x, 'cancelled');
      return true;
    case 'continue':
      return true;
    default: {
      const token = x.tokens.get(stimulus.token);
      return token !== undefined && applyTo(x, token, stimulus);
    }
  }
}

type TokenStimulus = Extract<Stimulus, { readonly token: number }>;

function applyTo(x: Execution, token: Token, stimulus: TokenStimulus): boolean {
  switch (stimulus.kind) {
    case 'complete':
      if (token.waitsFor !== 'job' && token.waitsFor !== 'task' && token.waitsFor !== 'call') return false;
      clearIncident(x, token);
      x.resume(token, stimulus.result);
      return true;
    case 'error':
      clearIncident(x, token);
      throwError(x, token, stimulus.code, stimulus.message, stimulus.payload);
      return true;
    case 'escalation':
      throwEscalation(x, token, stimulus.code, stimulus.payload);
      return true;
    case 'fail':
      x.raise(token, stimulus.code, stimulus.detail);
      return true;
    case 'retry':
      return retry(x, token, stimulus.variables);
    case 'resolve':
      if (token.incident === null) return false;
      if (token.waitsFor === 'job' || token.waitsFor === 'call' || token.waitsFor === 'task') {
        x.effects.push({ kind: 'withdraw', token: token.id, what: token.waitsFor });
      }
      clearIncident(x, token);
      x.resume(token, stimulus.result);
      return true;
  }
}

function clearIncident(x: Execution, token: Token): void {
  if (token.incident === null) return;
  token.incident = null;
  x.effects.push({ kind: 'resolved', token: token.id });
}

function retry(x: Execution, token: Token, variables: Variables): boolean {
  const { incident } = token;
  if (incident === null) return false;
  x.setAll(token.scope, variables);
  clearIncident(x, token);
  if (token.waitsFor === 'task') return true;
  if (token.waitsFor === 'job' || token.waitsFor === 'call') {
    callAgain(x, token);
  } else if (incident.at === 'leave') {
    x.resume(token, token.result);
  } else {
    // What was opened before it failed is opened anew.
    x.closeWaits(token.id);
    for (const scope of x.scopes.values()) if (scope.owner === token.id) x.killScope(scope);
    token.phase = 'enter';
    token.waitsFor = null;
    x.ready.push(token.id);
  }
  return true;
}

function start(x: Execution, trigger: string | null, variables: Variables, payload: Json): void {
  const graph = x.definition.root;
  const root = addScope(x, graph.id, null, null, { variables });
  x.emptied.add(root.id);
  openEventSubProcesses(x, root);
  if (trigger === null) {
    for (const id of graph.entryIds) x.spawn(root.id, id);
    return;
  }
  x.spawn(root.id, trigger, { phase: 'leave', result: payload });
  // Of an instantiating parallel event gateway the other events are still to come.
  const node = x.node(trigger);
  for (const flowId of node.incoming) {
    const gateway = x.definition.nodes.get(x.definition.flows.get(flowId)?.sourceId ?? '');
    if (gateway?.kind !== 'eventBasedGateway' || gateway.type !== 'parallel') continue;
    for (const outgoing of gateway.outgoing) {
      const target = x.definition.flows.get(outgoing)?.targetId;
      if (target !== undefined && target !== trigger) x.spawn(root.id, target, { flow: outgoing });
    }
  }
}

/** An event that was waited for has happened. */
function fire(x: Execution, wait: Wait, payload: Json): void {
  const target = x.node(wait.node);
  const scope = x.scopes.get(wait.owner);
  if (scope !== undefined) {
    settle(x, wait);
    startEventSubProcess(x, scope, target.scopeId, !wait.keeps, payload);
    return;
  }
  const token = x.tokens.get(wait.owner);
  if (token === undefined) return;
  settle(x, wait);
  if (target.kind === 'boundaryEvent') {
    fireBoundary(x, token, target, payload);
  } else if (token.node === wait.node) {
    x.closeWaits(token.id);
    x.resume(token, payload);
  } else {
    // An event-based gateway: the token goes on from the event that happened.
    x.closeWaits(token.id);
    x.record(token, 'completed');
    x.spawn(token.scope, wait.node, { phase: 'leave', result: payload });
    x.remove(token);
  }
}

function settle(x: Execution, wait: Wait): void {
  if (wait.keeps) rearm(x, wait);
  else x.waits.delete(wait.id);
}

/** Moves tokens until every one of them waits. */
function drain(x: Execution): void {
  for (let visits = 0; !x.ended; ) {
    const id = x.ready.shift();
    const token = id === undefined ? undefined : x.tokens.get(id);
    if (token !== undefined && token.phase !== 'wait') {
      if (visits++ >= VISITS_PER_STEP) {
        x.ready.unshift(token.id);
        x.effects.push({ kind: 'continue' });
        return;
      }
      visit(x, token);
    } else if (id === undefined && !settleAll(x)) {
      return;
    }
  }
}

/** What is looked at when no token can move: conditions, inclusive joins, ended scopes. False: nothing changed. */
function settleAll(x: Execution): boolean {
  if (x.variablesChanged) {
    x.variablesChanged = false;
    if (fireConditions(x)) return true;
  }
  for (const id of x.emptied) {
    x.emptied.delete(id);
    const scope = x.scopes.get(id);
    if (scope !== undefined && completeScope(x, scope)) return true;
  }
  const joined = joinInclusive(x);
  if (joined !== undefined) {
    visitSafely(x, joined, () => leaveByFlows(x, joined, x.node(joined.node)));
    return true;
  }
  return false;
}

function fireConditions(x: Execution): boolean {
  let fired = false;
  for (const wait of x.waits.values()) {
    if (wait.kind !== 'condition') continue;
    const node = x.node(wait.node);
    const event = 'event' in node ? node.event : null;
    if (event?.kind !== 'conditional') continue;
    const scope = x.tokens.get(wait.owner)?.scope ?? wait.owner;
    const holds = holdsSafely(x, event.condition, scope);
    const became = holds && !wait.last;
    wait.last = holds;
    if (!became) continue;
    fire(x, wait, null);
    fired = true;
  }
  return fired;
}

/** A condition that cannot be evaluated within the limits does not hold. */
function holdsSafely(x: Execution, condition: Expression, scope: number): boolean {
  try {
    return x.isTrue(condition, x.layers(scope));
  } catch (error) {
    if (error instanceof IncidentError) return false;
    throw error;
  }
}

/** Ends a scope nothing happens in any more; true if that moves something. */
function completeScope(x: Execution, scope: ScopeState): boolean {
  if (scope.loop !== null) return false;
  for (const token of x.tokens.values()) if (token.scope === scope.id) return false;
  const owner = scope.owner === null ? undefined : x.tokens.get(scope.owner);
  if (owner === undefined) {
    end(x, 'completed');
    return true;
  }
  x.closeWaits(scope.id);
  if (owner.helper || x.graphScope(scope.graph).kind === 'event') {
    x.record(owner, 'completed');
    x.killScope(scope);
    x.remove(owner);
    if (owner.compensates !== null) handlerDone(x, owner.compensates);
  } else {
    x.resume(owner);
  }
  return true;
}

function visit(x: Execution, token: Token): void {
  const node = x.node(token.node);
  const entering = token.phase === 'enter';
  visitSafely(x, token, () => {
    if (isActivity(node)) {
      if (entering) enterActivity(x, token, node);
      else leaveActivity(x, token, node);
    } else if ('event' in node) {
      if (entering) enterEvent(x, token, node);
      else leaveEvent(x, token, node);
    } else if (entering) {
      enterGateway(x, token, node);
    } else {
      leaveByFlows(x, token, node);
    }
  });
}

/** What a model or its data got wrong is an incident of the token, never an error of the caller. */
function visitSafely(x: Execution, token: Token, work: () => void): void {
  const phase = token.phase;
  try {
    work();
  } catch (error) {
    if (!(error instanceof IncidentError || error instanceof LongmenError)) throw error;
    token.phase = phase;
    token.waitsFor = null;
    x.raise(token, error.code, error.message);
  }
}
