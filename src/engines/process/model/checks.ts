/** Structural checks of a process (BPMN 2.0.2 §10, §13); every finding has a code of `findings.ts`. */

import { checkEvent } from './checks-events.ts';
import type { Findings } from './findings.ts';
import { type AnyElement, attributeOf, type BpmnElement, childOf, idOf, isA, referenceOf, targetOf } from './model.ts';
import { entriesOf, linkTarget, type Section, type Skeleton, triggerOf, triggersOf } from './skeleton.ts';

export function checkStructure(skeleton: Skeleton, findings: Findings): void {
  for (const section of skeleton.sections) {
    for (const flow of section.flowElements) checkFlow(flow, section, skeleton, findings);
    for (const node of section.nodes) {
      if (idOf(node) === undefined) findings.add('process_id_missing', node);
      checkEvent(node, section, skeleton, findings);
      checkNode(node, skeleton, findings);
    }
    checkStart(section, skeleton, findings);
    checkReachable(section, skeleton, findings);
  }
}

function checkFlow(flow: BpmnElement<'SequenceFlow'>, section: Section, skeleton: Skeleton, findings: Findings): void {
  if (idOf(flow) === undefined) findings.add('process_id_missing', flow);
  const source = targetOf(flow, 'sourceRef');
  const target = targetOf(flow, 'targetRef');
  if (source === undefined || target === undefined) {
    findings.add('process_flow_dangling', flow);
    return;
  }
  if (skeleton.sectionOf(source) !== section || skeleton.sectionOf(target) !== section) {
    findings.add('process_flow_crosses_scope', flow);
  }
  const decides = isA(source, 'ExclusiveGateway') || isA(source, 'InclusiveGateway') || isA(source, 'Activity');
  if (!decides && childOf(flow, 'conditionExpression') !== undefined) findings.add('process_condition_misplaced', flow);
}

function checkNode(node: BpmnElement<'FlowNode'>, skeleton: Skeleton, findings: Findings): void {
  const outgoing = skeleton.outgoing(node);
  const incoming = skeleton.incoming(node);
  const defaultFlow = node.attributes.get('default');
  const defaultElement = typeof defaultFlow === 'object' ? defaultFlow.target : null;
  if (defaultFlow !== undefined && !outgoing.some(({ element }) => element === defaultElement)) {
    findings.add('process_default_misplaced', node);
  }
  if ((isA(node, 'ExclusiveGateway') || isA(node, 'InclusiveGateway')) && outgoing.length > 1) {
    const open = outgoing.filter(
      ({ element }) => element !== defaultElement && childOf(element, 'conditionExpression') === undefined,
    );
    for (const { element } of open) {
      const id = idOf(element) ?? '?';
      findings.add('process_gateway_condition_missing', node, { en: `flow ${id}`, zh: `顺序流 ${id}` });
    }
    if (open.length === 0 && defaultElement === null) findings.add('process_gateway_default_missing', node);
  }
  if (isA(node, 'EventBasedGateway')) checkEventGateway(node, skeleton, findings);
  if (!isA(node, 'Activity')) return;
  if (isA(node, 'SubProcess') && attributeOf(node, 'triggeredByEvent') === true) {
    if (incoming.length + outgoing.length > 0) findings.add('process_flow_misplaced', node);
    return;
  }
  if (attributeOf(node, 'isForCompensation') === true) {
    const used = skeleton.isHandler(node) && incoming.length + outgoing.length === 0;
    if (!used) findings.add('process_compensation_handler_unused', node);
  }
}

function checkEventGateway(node: BpmnElement<'EventBasedGateway'>, skeleton: Skeleton, findings: Findings): void {
  const outgoing = skeleton.outgoing(node);
  const waits = outgoing.every(({ target }) => {
    const trigger = triggerOf(target);
    const catches = isA(target, 'IntermediateCatchEvent') && trigger !== undefined && trigger !== 'LinkEventDefinition';
    return (catches || isA(target, 'ReceiveTask')) && skeleton.incoming(target).length === 1;
  });
  if (!waits || outgoing.length < 2) findings.add('process_event_gateway_target', node);
  if (attributeOf(node, 'instantiate') === true && skeleton.incoming(node).length > 0) {
    findings.add('process_flow_misplaced', node);
  }
}

function checkStart(section: Section, skeleton: Skeleton, findings: Findings): void {
  const entries = entriesOf(section, skeleton);
  if (section.kind === 'event') {
    const [start] = entries;
    if (entries.length !== 1 || start === undefined || triggerOf(start) === undefined) {
      findings.add('process_event_sub_process_start', section.element);
    }
    return;
  }
  for (const extra of entries.filter((node) => isA(node, 'StartEvent')).slice(1)) {
    findings.add('process_start_multiple', extra);
  }
  if (entries.length + triggersOf(section, skeleton).length === 0)
    findings.add('process_start_missing', section.element);
}

function checkReachable(section: Section, skeleton: Skeleton, findings: Findings): void {
  const reached = new Set<AnyElement>();
  const open: AnyElement[] = [...entriesOf(section, skeleton), ...triggersOf(section, skeleton)];
  const eventSubProcesses = section.nodes.filter(
    (node) => isA(node, 'SubProcess') && attributeOf(node, 'triggeredByEvent') === true,
  );
  open.push(...eventSubProcesses);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    for (const { target } of skeleton.outgoing(node)) open.push(target);
    for (const event of skeleton.boundaryEvents(node)) open.push(event, ...skeleton.handlersOf(event));
    const link = isA(node, 'ThrowEvent') ? linkTarget(node, section) : undefined;
    if (link !== undefined) open.push(link);
  }
  for (const node of section.nodes) {
    // What lacks its counterpart is reported as that.
    const reported =
      (isA(node, 'Activity') && attributeOf(node, 'isForCompensation') === true) ||
      (isA(node, 'BoundaryEvent') && referenceOf(node, 'attachedToRef')?.target == null) ||
      (isA(node, 'StartEvent') && triggerOf(node) !== undefined);
    if (!reached.has(node) && !reported) findings.add('process_node_unreachable', node);
  }
}
