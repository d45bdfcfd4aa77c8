/** Messages, what correlates them, and the functions that operations stand for. */
import { expressionOf, listOf } from './expressions.ts';
import { expressionIn, extensionOf } from './extension.ts';
import type { Expression, Message, MessageEvent } from './graph.ts';
import {
  type AnyElement,
  attributeOf,
  type BpmnElement,
  childOf,
  childrenOf,
  idOf,
  isA,
  nameOf,
  targetOf,
  walk,
} from './model.ts';

/** The message an event definition or task names, directly or by the operation it calls. */
export function messageOf(element: AnyElement): BpmnElement<'Message'> | undefined {
  if (isA(element, 'MessageEventDefinition')) {
    return targetOf(element, 'messageRef') ?? messageInto(targetOf(element, 'operationRef'));
  }
  if (isA(element, 'SendTask'))
    return targetOf(element, 'messageRef') ?? messageInto(targetOf(element, 'operationRef'));
  if (isA(element, 'ReceiveTask')) {
    return targetOf(element, 'messageRef') ?? messageInto(targetOf(element, 'operationRef'));
  }
  return undefined;
}

function messageInto(operation: BpmnElement<'Operation'> | undefined): BpmnElement<'Message'> | undefined {
  return operation === undefined ? undefined : targetOf(operation, 'inMessageRef');
}

/**
 * The registered function of a service task: `longmen:function`, else the implementation of its operation, else the
 * operation's name, else an `implementation` that is not one of the standard's marks.
 */
export function functionOf(element: AnyElement): string | null {
  const given = extensionOf(element).get('function');
  if (given !== undefined && given !== '') return given;
  if (!isA(element, 'ServiceTask')) return null;
  const operation = targetOf(element, 'operationRef');
  if (operation !== undefined) {
    const implementation = operation.attributes.get('implementationRef');
    return typeof implementation === 'object' ? implementation.local : (nameOf(operation) ?? null);
  }
  const implementation = attributeOf(element, 'implementation');
  return implementation === undefined || implementation === '' || implementation.startsWith('##')
    ? null
    : implementation;
}

/** The message as the runtime sees it. */
export function messageIn(element: BpmnElement<'Message'>, definitions: AnyElement): Message {
  const id = idOf(element) ?? '';
  const own = expressionIn(extensionOf(element).get('correlationKey'), id);
  const paths = correlationPaths(element, definitions).map(({ path }) => path);
  return { id, name: nameOf(element) ?? id, payloadKey: own ?? listOf(paths) };
}

/**
 * A message event. The waiting side's key is `longmen:correlationKey` of the event or its definition, else made of the
 * process's correlation subscription, when that binds every correlation property of the message (BPMN 2.0.2 §8.4.2).
 */
export function messageEvent(
  element: BpmnElement<'Message'>,
  holders: readonly AnyElement[],
  process: BpmnElement<'Process'>,
): MessageEvent {
  const definitions = rootOf(process);
  const id = idOf(holders[0] ?? element) ?? '';
  const values = holders.map(extensionOf);
  const written = values.find((extension) => extension.has('correlationKey'))?.get('correlationKey');
  return {
    kind: 'message',
    message: messageIn(element, definitions),
    key: expressionIn(written, id) ?? subscriptionKey(element, definitions, process),
    function: values.find((extension) => extension.has('function'))?.get('function') ?? null,
  };
}

function subscriptionKey(
  message: BpmnElement<'Message'>,
  definitions: AnyElement,
  process: BpmnElement<'Process'>,
): Expression | null {
  const bound = new Map<AnyElement, Expression>();
  for (const subscription of childrenOf(process, 'correlationSubscription')) {
    for (const binding of childrenOf(subscription, 'correlationPropertyBinding')) {
      const property = targetOf(binding, 'correlationPropertyRef');
      const path = expressionOf(childOf(binding, 'dataPath'), binding);
      if (property !== undefined && path !== null) bound.set(property, path);
    }
  }
  const paths = correlationPaths(message, definitions).map(({ property }) => bound.get(property));
  const known = paths.filter((path) => path !== undefined);
  return known.length === paths.length ? listOf(known) : null;
}

/** Where the correlation properties find their values in a message, in document order of the properties. */
function correlationPaths(message: BpmnElement<'Message'>, definitions: AnyElement) {
  const paths: { readonly property: AnyElement; readonly path: Expression }[] = [];
  for (const property of walk(definitions)) {
    if (!isA(property, 'CorrelationProperty')) continue;
    for (const retrieval of childrenOf(property, 'correlationPropertyRetrievalExpression')) {
      if (targetOf(retrieval, 'messageRef') !== message) continue;
      const path = expressionOf(childOf(retrieval, 'messagePath'), retrieval);
      if (path !== null) paths.push({ property, path });
    }
  }
  return paths;
}

function rootOf(element: AnyElement): AnyElement {
  return element.parent === null ? element : rootOf(element.parent);
}
