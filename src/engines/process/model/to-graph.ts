/** Makes the executable graph of a process, or says why there is none. */
import { checkExpressions } from './check-expressions.ts';
import { checkStructure } from './checks.ts';
import { variablesOf } from './data.ts';
import { isListed, notExecutable } from './executability.ts';
import { expressionOf } from './expressions.ts';
import { extensionOf } from './extension.ts';
import { Findings } from './findings.ts';
import type { FlowNode, Message, ProcessDefinition, Scope, SequenceFlow } from './graph.ts';
import { type AnyElement, type BpmnDocument, type BpmnElement, childOf, idOf, isA, nameOf, walk } from './model.ts';
import { documentationOf, nodeOf } from './nodes.ts';
import type { ProcessProblem } from './problems.ts';
import { entriesOf, type Flow, idText, linkTarget, type Section, Skeleton, triggerOf, triggersOf } from './skeleton.ts';

export type GraphResult =
  | { readonly ok: true; readonly definition: ProcessDefinition; readonly problems: readonly ProcessProblem[] }
  | { readonly ok: false; readonly problems: readonly ProcessProblem[] };

/** Ids of the processes of a document, in document order. */
export function processIds(document: BpmnDocument): string[] {
  return document.definitions.content.flatMap((item) =>
    item.kind === 'element' && isA(item.element, 'Process') ? [idText(item.element)] : [],
  );
}

/**
 * The graph of one process. Without errors `problems` holds warnings only; with errors it holds all that was found, each
 * with the id and name of its element: what cannot be executed is `process_element_not_executable`.
 */
export function toGraph(document: BpmnDocument, processId: string): GraphResult {
  const process = document.byId.get(processId);
  const findings = new Findings();
  if (process === undefined || !isA(process, 'Process')) {
    findings.add('process_not_in_document', document.definitions, { en: processId, zh: processId });
    return { ok: false, problems: findings.problems };
  }
  if (process.attributes.get('isExecutable') === false) findings.add('process_not_marked_executable', process);
  checkElements(process, document, findings);
  const skeleton = new Skeleton(process);
  checkStructure(skeleton, findings);
  if (findings.failed) return { ok: false, problems: findings.problems };
  const definition = build(process, skeleton);
  checkExpressions(definition, document, process, findings);
  return { ok: true, definition, problems: findings.problems };
}

function checkElements(process: BpmnElement<'Process'>, document: BpmnDocument, findings: Findings): void {
  const broken = new Map<string, ProcessProblem[]>();
  for (const warning of document.warnings) {
    if (warning.code !== 'process_reference_unresolved' && warning.code !== 'process_id_repeated') continue;
    const id = warning.element ?? '';
    broken.set(id, [...(broken.get(id) ?? []), warning]);
  }
  for (const element of walk(process)) {
    const reason = isListed(element) ? notExecutable(element) : null;
    if (reason !== null) findings.add('process_element_not_executable', named(element), reason);
    const id = idOf(element);
    for (const { code, en, zh } of (id === undefined ? undefined : broken.get(id)) ?? []) {
      if (code === 'process_id_repeated') findings.add(code, element);
      else findings.add('process_reference_unresolved', element, { en, zh });
    }
  }
}

/** Event definitions and loops are known by the node they belong to. */
function named(element: AnyElement): AnyElement {
  const part = isA(element, 'EventDefinition') || isA(element, 'LoopCharacteristics');
  return part && element.parent !== null ? element.parent : element;
}

function build(process: BpmnElement<'Process'>, skeleton: Skeleton): ProcessDefinition {
  const nodes = new Map<string, FlowNode>();
  const flows = new Map<string, SequenceFlow>();
  const scopes = new Map<string, Scope>();
  for (const section of skeleton.sections) {
    for (const flow of section.flows) flows.set(idText(flow.element), flowOf(flow, section));
    for (const element of section.nodes) {
      const node = buildNode(element, section, skeleton, process);
      if (node !== null) nodes.set(node.id, node);
    }
    scopes.set(idText(section.element), scopeOf(section, skeleton));
  }
  const id = idText(process);
  const root = scopes.get(id);
  if (root === undefined) throw new TypeError(`process ${id} has no scope`);
  const extension = extensionOf(process);
  return {
    id,
    name: nameOf(process) ?? null,
    documentation: documentationOf(process),
    versionTag: extension.get('versionTag') ?? null,
    root,
    scopes,
    nodes,
    flows,
    messages: messagesOf(nodes.values()),
    extension,
  };
}

function buildNode(
  element: BpmnElement<'FlowNode'>,
  section: Section,
  skeleton: Skeleton,
  process: BpmnElement<'Process'>,
): FlowNode | null {
  const boundary = skeleton.boundaryEvents(element);
  const compensation = isA(element, 'BoundaryEvent')
    ? element
    : boundary.find((event) => triggerOf(event) === 'CompensateEventDefinition');
  const [handler] = compensation === undefined ? [] : skeleton.handlersOf(compensation);
  const node = nodeOf(element, {
    process,
    scopeId: idText(section.element),
    incoming: skeleton.incoming(element).map((flow) => idText(flow.element)),
    outgoing: skeleton.outgoing(element).map((flow) => idText(flow.element)),
    boundaryEventIds: boundary.map(idText),
    compensationHandlerId: handler === undefined ? null : idText(handler),
  });
  if (node?.kind !== 'intermediateThrowEvent' || node.event?.kind !== 'link') return node;
  const target = linkTarget(element, section);
  return { ...node, event: { ...node.event, targetId: target === undefined ? null : idText(target) } };
}

function flowOf({ element, source, target }: Flow, section: Section): SequenceFlow {
  const chosen = source.attributes.get('default');
  const isDefault = typeof chosen === 'object' && chosen.target === element;
  return {
    id: idText(element),
    name: nameOf(element) ?? null,
    scopeId: idText(section.element),
    sourceId: idText(source),
    targetId: idText(target),
    condition: isDefault ? null : expressionOf(childOf(element, 'conditionExpression'), element),
    isDefault,
  };
}

function scopeOf(section: Section, skeleton: Skeleton): Scope {
  return {
    id: idText(section.element),
    parentId: section.parent === null ? null : idText(section.parent.element),
    kind: section.kind,
    nodeIds: section.nodes.map(idText),
    flowIds: section.flows.map((flow) => idText(flow.element)),
    entryIds: entriesOf(section, skeleton).map(idText),
    triggerIds: triggersOf(section, skeleton).map(idText),
    eventSubProcessIds: section.nodes
      .filter((node) => isA(node, 'SubProcess') && node.attributes.get('triggeredByEvent') === true)
      .map(idText),
    variables: variablesOf(section.element),
  };
}

function messagesOf(nodes: Iterable<FlowNode>): Map<string, Message> {
  const messages = new Map<string, Message>();
  for (const node of nodes) {
    const event = 'event' in node ? node.event : null;
    if (event?.kind === 'message') messages.set(event.message.id, event.message);
  }
  return messages;
}
