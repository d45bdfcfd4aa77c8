/** Which events may stand where (BPMN 2.0.2 §10.5, tables 10.84 to 10.93), and what they are tied to. */
import type { Findings } from './findings.ts';
import { type AnyElement, attributeOf, type BpmnElement, isA, targetOf } from './model.ts';
import { linkName, type Section, type Skeleton, triggerOf } from './skeleton.ts';

type Place = 'start' | 'eventSubProcess' | 'nested' | 'catch' | 'throw' | 'boundary' | 'end';

const none = 'none';

/** Kinds of event definitions a place takes, by the first word of their type; `none` is an event without one. */
const allowed: Readonly<Record<Place, readonly string[]>> = {
  start: [none, 'Message', 'Timer', 'Conditional', 'Signal'],
  eventSubProcess: ['Message', 'Timer', 'Conditional', 'Signal', 'Error', 'Escalation', 'Compensate'],
  nested: [none],
  catch: ['Message', 'Timer', 'Conditional', 'Signal', 'Link'],
  throw: [none, 'Message', 'Signal', 'Escalation', 'Compensate', 'Link'],
  boundary: ['Message', 'Timer', 'Conditional', 'Signal', 'Error', 'Escalation', 'Compensate', 'Cancel'],
  end: [none, 'Message', 'Signal', 'Error', 'Escalation', 'Compensate', 'Cancel', 'Terminate'],
};

/** Triggers that always interrupt what they are caught by. */
const interrupting: readonly string[] = ['Error', 'Compensate', 'Cancel'];

export function checkEvent(
  node: BpmnElement<'FlowNode'>,
  section: Section,
  skeleton: Skeleton,
  findings: Findings,
): void {
  const place = placeOf(node, section);
  if (place === null || !isA(node, 'Event')) return;
  const trigger = triggerOf(node)?.replace('EventDefinition', '') ?? none;
  if (!isPermitted(node, place, trigger, section)) {
    // A start event without trigger in an event sub-process is reported with the sub-process.
    if (place !== 'eventSubProcess' || trigger !== none) {
      findings.add('process_event_misplaced', node, { en: `${trigger} (${place})`, zh: `${trigger}（${place}）` });
    }
    return;
  }
  checkFlows(node, place, trigger, skeleton, findings);
  if (trigger === 'Link') checkLink(node, section, findings);
  if (isA(node, 'BoundaryEvent')) checkBoundary(node, section, trigger, skeleton, findings);
}

function placeOf(node: AnyElement, section: Section): Place | null {
  if (isA(node, 'StartEvent')) {
    return section.kind === 'process' ? 'start' : section.kind === 'event' ? 'eventSubProcess' : 'nested';
  }
  if (isA(node, 'BoundaryEvent')) return 'boundary';
  if (isA(node, 'IntermediateCatchEvent')) return 'catch';
  if (isA(node, 'IntermediateThrowEvent')) return 'throw';
  return isA(node, 'EndEvent') ? 'end' : null;
}

function isPermitted(node: BpmnElement<'Event'>, place: Place, trigger: string, section: Section): boolean {
  if (!allowed[place].includes(trigger)) return false;
  if (trigger === 'Cancel' && place === 'end') return isInTransaction(section);
  if (!interrupting.includes(trigger)) return true;
  if (isA(node, 'StartEvent')) return attributeOf(node, 'isInterrupting') !== false;
  // A compensation event never interrupts: the activity it belongs to is over.
  if (isA(node, 'BoundaryEvent') && trigger !== 'Compensate') return attributeOf(node, 'cancelActivity') !== false;
  return true;
}

function isInTransaction(section: Section): boolean {
  return section.kind === 'transaction' || (section.parent !== null && isInTransaction(section.parent));
}

function checkFlows(
  node: BpmnElement<'Event'>,
  place: Place,
  trigger: string,
  skeleton: Skeleton,
  findings: Findings,
): void {
  const noIncoming = place === 'start' || place === 'eventSubProcess' || place === 'nested' || place === 'boundary';
  const linkIn = trigger === 'Link' && place === 'catch';
  if ((noIncoming || linkIn) && skeleton.incoming(node).length > 0) findings.add('process_flow_misplaced', node);
  const linkOut = trigger === 'Link' && place === 'throw';
  const handled = trigger === 'Compensate' && place === 'boundary';
  if ((place === 'end' || linkOut || handled) && skeleton.outgoing(node).length > 0) {
    findings.add('process_flow_misplaced', node);
  }
}

function checkLink(node: BpmnElement<'Event'>, section: Section, findings: Findings): void {
  const name = linkName(node);
  const same = section.nodes.filter((other) => linkName(other) === name);
  const catching = same.filter((other) => isA(other, 'CatchEvent')).length;
  const throwing = same.length - catching;
  if (catching !== 1 || throwing === 0) findings.add('process_link_unmatched', node);
}

function checkBoundary(
  node: BpmnElement<'BoundaryEvent'>,
  section: Section,
  trigger: string,
  skeleton: Skeleton,
  findings: Findings,
): void {
  const activity: AnyElement | undefined = targetOf(node, 'attachedToRef');
  const fits = activity !== undefined && isA(activity, 'Activity') && skeleton.sectionOf(activity) === section;
  if (!fits || activity === undefined) {
    findings.add('process_boundary_misplaced', node);
    return;
  }
  if (trigger === 'Cancel' && !isA(activity, 'Transaction')) {
    findings.add('process_event_misplaced', node, { en: 'cancel only on a transaction', zh: '取消事件仅可附着于事务' });
  }
  if (trigger !== 'Compensate') return;
  const handlers = skeleton.handlersOf(node);
  const [handler] = handlers;
  if (handlers.length !== 1 || handler === undefined || attributeOf(handler, 'isForCompensation') !== true) {
    findings.add('process_compensation_handler_missing', node);
  }
}
