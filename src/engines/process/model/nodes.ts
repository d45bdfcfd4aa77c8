/** Nodes of the executable graph, each from the element that `executability` has nothing against. */
import { inputsOf, outputsOf } from './data.ts';
import { eventOf } from './events.ts';
import { extensionOf, valueIn } from './extension.ts';
import type { Activity, DecisionBinding, EventNode, FlowNode, Gateway, Retry, UserTask, Value } from './graph.ts';
import { loopOf } from './loops.ts';
import { functionOf, messageEvent, messageOf } from './messages.ts';
import {
  type AnyElement,
  attributeOf,
  type BpmnElement,
  childOf,
  childrenOf,
  idOf,
  isA,
  nameOf,
  referenceOf,
  targetOf,
  textIn,
} from './model.ts';

/** What the graph knows of a node beside its own element. */
export interface Surroundings {
  readonly process: BpmnElement<'Process'>;
  readonly scopeId: string;
  readonly incoming: readonly string[];
  readonly outgoing: readonly string[];
  readonly boundaryEventIds: readonly string[];
  /** Of an activity or its compensation boundary event. */
  readonly compensationHandlerId: string | null;
}

/** Null for an element that is no node or lacks what a node of its kind must have. */
export function nodeOf(element: BpmnElement<'FlowNode'>, around: Surroundings): FlowNode | null {
  if (isA(element, 'Event')) return eventNode(element, around);
  if (isA(element, 'Gateway')) return gateway(element, around);
  return isA(element, 'Activity') ? activity(element, around) : null;
}

function common(element: AnyElement, { scopeId, incoming, outgoing }: Surroundings) {
  return {
    id: idOf(element) ?? '',
    name: nameOf(element) ?? null,
    documentation: documentationOf(element),
    scopeId,
    incoming,
    outgoing,
    extension: extensionOf(element),
  };
}

export function documentationOf(element: AnyElement): string | null {
  if (!isA(element, 'BaseElement')) return null;
  const texts = childrenOf(element, 'documentation').map((part) => textIn(part).trim());
  return texts.length === 0 ? null : texts.join('\n');
}

function eventNode(element: BpmnElement<'Event'>, around: Surroundings): EventNode | null {
  const event = eventOf(element, around.process);
  const mappings = isA(element, 'CatchEvent') ? outputsOf(element) : inputsOf(element);
  const base = { ...common(element, around), event, mappings };
  if (isA(element, 'StartEvent')) {
    return { ...base, kind: 'startEvent', interrupting: attributeOf(element, 'isInterrupting') !== false };
  }
  if (isA(element, 'BoundaryEvent')) {
    const attachedToId = idOf(targetOf(element, 'attachedToRef') ?? element) ?? '';
    const interrupting = attributeOf(element, 'cancelActivity') !== false;
    const { compensationHandlerId } = around;
    return event === null
      ? null
      : { ...base, kind: 'boundaryEvent', event, attachedToId, interrupting, compensationHandlerId };
  }
  if (isA(element, 'EndEvent')) return { ...base, kind: 'endEvent' };
  if (isA(element, 'IntermediateCatchEvent')) return { ...base, kind: 'intermediateCatchEvent' };
  return isA(element, 'IntermediateThrowEvent') ? { ...base, kind: 'intermediateThrowEvent' } : null;
}

function gateway(element: BpmnElement<'Gateway'>, around: Surroundings): Gateway | null {
  const base = common(element, around);
  if (isA(element, 'ExclusiveGateway')) return { ...base, kind: 'exclusiveGateway' };
  if (isA(element, 'InclusiveGateway')) return { ...base, kind: 'inclusiveGateway' };
  if (isA(element, 'ParallelGateway')) return { ...base, kind: 'parallelGateway' };
  if (!isA(element, 'EventBasedGateway')) return null;
  return {
    ...base,
    kind: 'eventBasedGateway',
    instantiate: attributeOf(element, 'instantiate') === true,
    type: attributeOf(element, 'eventGatewayType') === 'Parallel' ? 'parallel' : 'exclusive',
  };
}

function activity(element: BpmnElement<'Activity'>, around: Surroundings): Activity | null {
  const extension = extensionOf(element);
  const [loop] = childrenOf(element, 'loopCharacteristics');
  const multiple = loop !== undefined && isA(loop, 'MultiInstanceLoopCharacteristics') ? loop : undefined;
  const collection = multiple === undefined ? undefined : targetOf(multiple, 'loopDataInputRef');
  const results = multiple === undefined ? undefined : targetOf(multiple, 'loopDataOutputRef');
  const base = {
    ...common(element, around),
    loop: loopOf(element),
    inputs: inputsOf(element, collection),
    outputs: outputsOf(element, results),
    boundaryEventIds: around.boundaryEventIds,
    isForCompensation: attributeOf(element, 'isForCompensation') === true,
    compensationHandlerId: around.compensationHandlerId,
    retry: retryOf(extension),
  };
  const resultVariable = extension.get('resultVariable') ?? null;
  if (isA(element, 'SubProcess')) {
    const event = attributeOf(element, 'triggeredByEvent') === true;
    return {
      ...base,
      kind: 'subProcess',
      variant: event ? 'event' : element.type === 'Transaction' ? 'transaction' : 'embedded',
    };
  }
  if (isA(element, 'CallActivity')) {
    const version = Number(extension.get('calledVersion') ?? '');
    return {
      ...base,
      kind: 'callActivity',
      calledElement: valueIn(referenceOf(element, 'calledElement')?.local ?? '', base.id),
      calledVersion: Number.isSafeInteger(version) && version > 0 ? version : null,
    };
  }
  if (isA(element, 'UserTask')) return { ...base, ...userTask(element, extension, base.id) };
  if (isA(element, 'ServiceTask')) {
    return { ...base, kind: 'serviceTask', function: functionOf(element) ?? '', resultVariable };
  }
  if (isA(element, 'ScriptTask')) {
    const script = childOf(element, 'script');
    const text = script === undefined ? '' : textIn(script).trim();
    return { ...base, kind: 'scriptTask', script: { text, elementId: base.id }, resultVariable };
  }
  if (isA(element, 'BusinessRuleTask')) {
    const decision = valueIn(extension.get('decisionRef') ?? '', base.id);
    return {
      ...base,
      kind: 'businessRuleTask',
      decision,
      decisionModel: extension.get('decisionModel') ?? null,
      binding: bindingIn(extension.get('decisionVersion')) ?? 'latest',
      resultVariable,
    };
  }
  return messageTask(element, base, around);
}

function messageTask(
  element: BpmnElement<'Activity'>,
  base: Omit<Extract<Activity, { kind: 'task' }>, 'kind'>,
  around: Surroundings,
): Activity | null {
  const sends = isA(element, 'SendTask');
  if (sends || isA(element, 'ReceiveTask')) {
    const message = messageOf(element);
    if (message === undefined) return null;
    const event = messageEvent(message, [element], around.process);
    if (sends) return { ...base, kind: 'sendTask', event };
    return { ...base, kind: 'receiveTask', event, instantiate: instantiates(element) };
  }
  if (isA(element, 'ManualTask')) return { ...base, kind: 'manualTask' };
  return element.type === 'Task' ? { ...base, kind: 'task' } : null;
}

/** What `longmen:decisionVersion` says; null when it says nothing that is known. */
export function bindingIn(text = 'latest'): DecisionBinding | null {
  if (text === 'latest' || text === 'deployment') return text;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/** Whether a receive task or event-based gateway starts an instance of its process. */
export function instantiates(element: AnyElement): boolean {
  return element.attributes.get('instantiate') === true;
}

function userTask(element: BpmnElement<'UserTask'>, extension: ReadonlyMap<string, string>, id: string) {
  const value = (name: string): Value | null => {
    const text = extension.get(name);
    return text === undefined || text === '' ? null : valueIn(text, id);
  };
  const roles = extension.get('candidateRole')?.trim() ?? '';
  const written = roles.startsWith('=') ? [roles] : roles.split(',').map((role) => role.trim());
  const own = written.filter((role) => role !== '').map((role) => valueIn(role, id));
  return {
    kind: 'userTask',
    assignee: value('assignee') ?? resourceOf(element, false)[0] ?? null,
    candidateRoles: own.length > 0 ? own : resourceOf(element, true),
    formKey: extension.get('formKey') ?? null,
    dueDate: value('dueDate'),
    priority: value('priority'),
  } as const satisfies Partial<UserTask>;
}

/** Potential owners are candidate roles; a human performer is the assignee. A resource counts by its name. */
function resourceOf(element: BpmnElement<'UserTask'>, potential: boolean): Value[] {
  return childrenOf(element, 'resourceRole').flatMap((role): Value[] => {
    if (isA(role, 'PotentialOwner') !== potential || !isA(role, 'HumanPerformer')) return [];
    const resource = targetOf(role, 'resourceRef');
    if (resource !== undefined) return [{ kind: 'literal', text: nameOf(resource) ?? idOf(resource) ?? '' }];
    const assignment = childOf(role, 'resourceAssignmentExpression');
    const expression = assignment === undefined ? undefined : childOf(assignment, 'expression');
    const text = expression === undefined ? '' : textIn(expression).trim();
    return text === '' ? [] : [valueIn(text.startsWith('=') ? text : `=${text}`, idOf(element) ?? '')];
  });
}

function retryOf(extension: ReadonlyMap<string, string>): Retry {
  const retries = extension.get('retries')?.trim() ?? '';
  return {
    retries: /^\d{1,4}$/.test(retries) ? Number(retries) : 3,
    backoff: extension.get('backoff')?.trim() || 'PT10S',
  };
}
