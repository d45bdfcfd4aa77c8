/** Event definitions of the executable graph. */
import { expressionOf } from './expressions.ts';
import { extensionOf, valueIn } from './extension.ts';
import type { EventDefinition, TimerEvent, Value } from './graph.ts';
import { messageEvent, messageOf } from './messages.ts';
import {
  type AnyElement,
  attributeOf,
  type BpmnElement,
  childOf,
  idOf,
  isA,
  nameOf,
  referencesOf,
  targetOf,
  textIn,
} from './model.ts';

/** The event definition elements of an event: its own, and those it refers to. */
export function definitionsOf(event: AnyElement): AnyElement[] {
  const own = event.content.flatMap((item) =>
    item.kind === 'element' && item.slot === 'eventDefinition' ? [item.element] : [],
  );
  const referenced = referencesOf(event, 'eventDefinitionRef').flatMap(({ target }) =>
    target === null ? [] : [target],
  );
  return [...own, ...referenced];
}

/** The definition of an event that `executability` has nothing against; null for a none event. */
export function eventOf(event: BpmnElement<'Event'>, process: BpmnElement<'Process'>): EventDefinition | null {
  const [definition] = definitionsOf(event);
  return definition === undefined ? null : definitionIn(definition, event, process);
}

function definitionIn(
  element: AnyElement,
  event: BpmnElement<'Event'>,
  process: BpmnElement<'Process'>,
): EventDefinition | null {
  if (isA(element, 'MessageEventDefinition')) {
    const message = messageOf(element);
    if (message === undefined) return null;
    const caught = messageEvent(message, [event, element], process);
    // Nothing waits at the start of a process, so nothing has a key.
    return isA(event, 'StartEvent') && event.parent === process ? { ...caught, key: null } : caught;
  }
  if (isA(element, 'TimerEventDefinition')) return timerIn(element, event);
  if (isA(element, 'ErrorEventDefinition')) {
    const error = targetOf(element, 'errorRef');
    return {
      kind: 'error',
      errorId: error === undefined ? null : (idOf(error) ?? null),
      name: error === undefined ? null : (nameOf(error) ?? null),
      code: (error && attributeOf(error, 'errorCode')) || null,
    };
  }
  if (isA(element, 'EscalationEventDefinition')) {
    const escalation = targetOf(element, 'escalationRef');
    return {
      kind: 'escalation',
      escalationId: escalation === undefined ? null : (idOf(escalation) ?? null),
      name: escalation === undefined ? null : (nameOf(escalation) ?? null),
      code: (escalation && attributeOf(escalation, 'escalationCode')) || null,
    };
  }
  if (isA(element, 'SignalEventDefinition')) {
    const signal = targetOf(element, 'signalRef');
    if (signal === undefined) return null;
    const signalId = idOf(signal) ?? '';
    return { kind: 'signal', signalId, name: nameOf(signal) ?? signalId };
  }
  if (isA(element, 'ConditionalEventDefinition')) {
    const condition = expressionOf(childOf(element, 'condition'), event);
    return condition === null ? null : { kind: 'conditional', condition };
  }
  if (isA(element, 'CompensateEventDefinition')) {
    const activity = isA(event, 'ThrowEvent') ? targetOf(element, 'activityRef') : undefined;
    return {
      kind: 'compensation',
      activityId: activity === undefined ? null : (idOf(activity) ?? null),
      waitForCompletion: attributeOf(element, 'waitForCompletion') ?? true,
    };
  }
  if (isA(element, 'LinkEventDefinition')) {
    return { kind: 'link', name: attributeOf(element, 'name') ?? '', targetId: null };
  }
  if (isA(element, 'CancelEventDefinition')) return { kind: 'cancel' };
  return isA(element, 'TerminateEventDefinition') ? { kind: 'terminate' } : null;
}

function timerIn(element: BpmnElement<'TimerEventDefinition'>, event: AnyElement): TimerEvent | null {
  const calendar = extensionOf(event).get('calendar') ?? extensionOf(element).get('calendar') ?? null;
  const kinds = [
    ['date', childOf(element, 'timeDate')],
    ['duration', childOf(element, 'timeDuration')],
    ['cycle', childOf(element, 'timeCycle')],
  ] as const;
  for (const [timer, expression] of kinds) {
    if (expression === undefined) continue;
    const text = textIn(expression).trim();
    if (text !== '') return { kind: 'timer', timer, value: timerValue(text, idOf(event) ?? ''), calendar };
  }
  return null;
}

/** ISO 8601 dates, durations and repeating intervals stand for themselves; everything else is FEEL. */
function timerValue(text: string, elementId: string): Value {
  const literal = /^(-?\d{4,}-\d\d-\d\d(T[\d:.,]+(Z|[+-]\d\d:?\d\d)?(\[.+\])?)?|-?P[\dYMWDTHS.,]+|R\d*\/.+)$/.test(
    text,
  );
  return literal ? { kind: 'literal', text } : valueIn(text.startsWith('=') ? text : `=${text}`, elementId);
}
