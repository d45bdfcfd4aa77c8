/** The bones of a process before it becomes a graph: scopes, flows and what hangs on what, still as BPMN elements. */
import { definitionsOf } from './events.ts';
import type { Scope } from './graph.ts';
import { type AnyElement, attributeOf, type BpmnElement, idOf, isA, targetOf } from './model.ts';
import { instantiates } from './nodes.ts';

export interface Flow {
  readonly element: BpmnElement<'SequenceFlow'>;
  readonly source: BpmnElement<'FlowNode'>;
  readonly target: BpmnElement<'FlowNode'>;
}

export interface Section {
  readonly element: AnyElement;
  readonly kind: Scope['kind'];
  readonly parent: Section | null;
  readonly nodes: readonly BpmnElement<'FlowNode'>[];
  /** Sequence flows as they stand, also those that lead nowhere. */
  readonly flowElements: readonly BpmnElement<'SequenceFlow'>[];
  /** Those with both ends among the nodes. */
  readonly flows: readonly Flow[];
}

export class Skeleton {
  readonly sections: Section[] = [];
  private readonly sectionOfNode = new Map<AnyElement, Section>();
  private readonly into = new Map<AnyElement, Flow[]>();
  private readonly outOf = new Map<AnyElement, Flow[]>();
  private readonly attached = new Map<AnyElement, BpmnElement<'BoundaryEvent'>[]>();
  private readonly handlers = new Map<AnyElement, BpmnElement<'Activity'>[]>();
  private readonly handling = new Set<AnyElement>();

  constructor(process: BpmnElement<'Process'>) {
    this.section(process, 'process', null);
    for (const { nodes } of this.sections) for (const node of nodes) this.orderFlows(node);
  }

  incoming(node: AnyElement): readonly Flow[] {
    return this.into.get(node) ?? [];
  }

  outgoing(node: AnyElement): readonly Flow[] {
    return this.outOf.get(node) ?? [];
  }

  boundaryEvents(activity: AnyElement): readonly BpmnElement<'BoundaryEvent'>[] {
    return this.attached.get(activity) ?? [];
  }

  /** Activities for compensation at the other end of the associations of a boundary event. */
  handlersOf(boundary: AnyElement): readonly BpmnElement<'Activity'>[] {
    return this.handlers.get(boundary) ?? [];
  }

  sectionOf(node: AnyElement): Section | undefined {
    return this.sectionOfNode.get(node);
  }

  isHandler(activity: AnyElement): boolean {
    return this.handling.has(activity);
  }

  private section(element: AnyElement, kind: Scope['kind'], parent: Section | null): void {
    const inside = element.content.flatMap((item) => (item.kind === 'element' ? [item.element] : []));
    const nodes = inside.filter((node) => isA(node, 'FlowNode'));
    const flowElements = inside.filter((flow) => isA(flow, 'SequenceFlow'));
    const inSection = new Set<AnyElement>(nodes);
    const flows = flowElements.flatMap((flow): Flow[] => {
      const source = targetOf(flow, 'sourceRef');
      const target = targetOf(flow, 'targetRef');
      if (source === undefined || target === undefined) return [];
      return inSection.has(source) && inSection.has(target) ? [{ element: flow, source, target }] : [];
    });
    const section: Section = { element, kind, parent, nodes, flowElements, flows };
    this.sections.push(section);
    for (const flow of flows) {
      push(this.outOf, flow.source, flow);
      push(this.into, flow.target, flow);
    }
    for (const node of nodes) {
      this.sectionOfNode.set(node, section);
      if (isA(node, 'BoundaryEvent')) {
        const activity = targetOf(node, 'attachedToRef');
        if (activity !== undefined) push(this.attached, activity, node);
      }
    }
    for (const association of inside) if (isA(association, 'Association')) this.handler(association);
    for (const node of nodes) if (isA(node, 'SubProcess')) this.section(node, sectionKind(node), section);
  }

  private handler(association: BpmnElement<'Association'>): void {
    const ends = [targetOf(association, 'sourceRef'), targetOf(association, 'targetRef')];
    const boundary = ends.find((end) => end !== undefined && isA(end, 'BoundaryEvent'));
    const activity = ends.find((end) => end !== undefined && isA(end, 'Activity'));
    if (boundary === undefined || activity === undefined || triggerOf(boundary) !== 'CompensateEventDefinition') return;
    push(this.handlers, boundary, activity);
    this.handling.add(activity);
  }

  /** A node may list its flows in an order of its own; that order counts for exclusive choices. */
  private orderFlows(node: AnyElement): void {
    for (const [slot, flows] of [
      ['incoming', this.into.get(node)],
      ['outgoing', this.outOf.get(node)],
    ] as const) {
      if (flows === undefined || flows.length < 2) continue;
      const listed = node.content.flatMap((item) =>
        item.kind === 'reference' && item.slot === slot ? [item.reference.target] : [],
      );
      const place = (flow: Flow) => {
        const at = listed.indexOf(flow.element);
        return at < 0 ? listed.length : at;
      };
      flows.sort((left, right) => place(left) - place(right));
    }
  }
}

function sectionKind(element: BpmnElement<'SubProcess'>): Scope['kind'] {
  if (attributeOf(element, 'triggeredByEvent') === true) return 'event';
  return element.type === 'Transaction' ? 'transaction' : 'embedded';
}

function push<Key, Member>(map: Map<Key, Member[]>, key: Key, member: Member): void {
  const members = map.get(key);
  if (members === undefined) map.set(key, [member]);
  else members.push(member);
}

/** Type of the event definition of an event; undefined for a none event and for everything else. */
export function triggerOf(node: AnyElement): string | undefined {
  return isA(node, 'Event') ? definitionsOf(node)[0]?.type : undefined;
}

/** Nodes that start an instance when their event occurs. */
export function triggersOf(section: Section, skeleton: Skeleton): BpmnElement<'FlowNode'>[] {
  if (section.kind !== 'process') return [];
  return section.nodes.filter((node) => {
    if (isA(node, 'StartEvent')) return triggerOf(node) !== undefined;
    const starts = isA(node, 'ReceiveTask') || isA(node, 'EventBasedGateway');
    return starts && instantiates(node) && skeleton.incoming(node).length === 0;
  });
}

/** Nodes that get a token when the scope is entered; see `Scope.entryIds`. */
export function entriesOf(section: Section, skeleton: Skeleton): BpmnElement<'FlowNode'>[] {
  const starts = section.nodes.filter((node) => isA(node, 'StartEvent'));
  if (section.kind === 'event') return starts;
  if (starts.length > 0) return starts.filter((node) => triggerOf(node) === undefined);
  const triggers = new Set<AnyElement>(triggersOf(section, skeleton));
  return section.nodes.filter(
    (node) => startsByItself(node) && skeleton.incoming(node).length === 0 && !triggers.has(node),
  );
}

function startsByItself(node: AnyElement): boolean {
  if (isA(node, 'BoundaryEvent')) return false;
  if (isA(node, 'SubProcess') && attributeOf(node, 'triggeredByEvent') === true) return false;
  if (isA(node, 'Activity')) return attributeOf(node, 'isForCompensation') !== true;
  return !(isA(node, 'IntermediateCatchEvent') && triggerOf(node) === 'LinkEventDefinition');
}

export function linkName(node: AnyElement): string | undefined {
  const definition = isA(node, 'Event') ? definitionsOf(node)[0] : undefined;
  return definition !== undefined && isA(definition, 'LinkEventDefinition')
    ? attributeOf(definition, 'name')
    : undefined;
}

/** The catching link event a throwing one leads to. */
export function linkTarget(node: AnyElement, section: Section): BpmnElement<'FlowNode'> | undefined {
  const name = linkName(node);
  return name === undefined
    ? undefined
    : section.nodes.find((candidate) => isA(candidate, 'CatchEvent') && linkName(candidate) === name);
}

/** Ids for people and maps; nodes without one are reported before a graph is made. */
export function idText(element: AnyElement): string {
  return idOf(element) ?? '';
}
