/** Variables and data mappings of the executable graph. */
import { expressionOf } from './expressions.ts';
import { mappingsIn } from './extension.ts';
import type { Expression, Mapping, Variable } from './graph.ts';
import {
  type AnyElement,
  attributeOf,
  type BpmnElement,
  childOf,
  childrenOf,
  idOf,
  isA,
  nameOf,
  referencesOf,
  targetOf,
  textIn,
  walk,
} from './model.ts';

/** Data objects and properties directly in a process or sub-process. */
export function variablesOf(container: AnyElement): Variable[] {
  return container.content.flatMap((item) => {
    if (item.kind !== 'element') return [];
    const { element } = item;
    if (!isA(element, 'DataObject') && !isA(element, 'Property')) return [];
    const isCollection = isA(element, 'DataObject') && attributeOf(element, 'isCollection') === true;
    return [{ id: idOf(element) ?? '', name: variableName(element), isCollection }];
  });
}

/**
 * The name of the variable an item-aware element stands for. A data object often has its name only in the references that
 * tools draw; a reference stands for its object.
 */
export function variableName(element: AnyElement): string {
  if (isA(element, 'DataObjectReference')) {
    const object = targetOf(element, 'dataObjectRef');
    return object === undefined ? (nameOf(element) ?? idOf(element) ?? '') : variableName(object);
  }
  const name = nameOf(element);
  if (name !== undefined || !isA(element, 'DataObject') || element.parent === null) return name ?? idOf(element) ?? '';
  for (const candidate of walk(element.parent)) {
    if (!isA(candidate, 'DataObjectReference') || targetOf(candidate, 'dataObjectRef') !== element) continue;
    const drawn = nameOf(candidate);
    if (drawn !== undefined) return drawn;
  }
  return idOf(element) ?? '';
}

/**
 * What goes into an activity or throwing event: its data input associations, then its `longmen:input` elements; without
 * the association of one data input, which is the collection of a loop.
 */
export function inputsOf(element: AnyElement, except?: AnyElement): Mapping[] {
  return [...associationsOf(element, 'dataInputAssociation', except), ...mappingsIn(element, 'input')];
}

/** What comes out of an activity or catching event. */
export function outputsOf(element: AnyElement, except?: AnyElement): Mapping[] {
  return [...associationsOf(element, 'dataOutputAssociation', except), ...mappingsIn(element, 'output')];
}

function associationsOf(
  element: AnyElement,
  slot: 'dataInputAssociation' | 'dataOutputAssociation',
  except?: AnyElement,
): Mapping[] {
  return element.content.flatMap((item) => {
    if (item.kind !== 'element' || item.slot !== slot || !isA(item.element, 'DataAssociation')) return [];
    const input = slot === 'dataInputAssociation';
    const inner = targetOf(item.element, input ? 'targetRef' : 'sourceRef');
    return except !== undefined && inner === except ? [] : mappingsOf(item.element, input);
  });
}

/**
 * Assignments if there are any, else the transformation, else a copy (BPMN 2.0.2 §10.4.2). A data input or output without
 * a name takes that of the variable at the other end.
 */
function mappingsOf(association: BpmnElement<'DataAssociation'>, input: boolean): Mapping[] {
  const assignments = childrenOf(association, 'assignment').flatMap((assignment) => {
    const source = expressionOf(childOf(assignment, 'from'), association);
    const to = childOf(assignment, 'to');
    const target = to === undefined ? '' : assignmentTarget(textIn(to).trim(), association);
    return source === null || target === '' ? [] : [{ source, target }];
  });
  if (assignments.length > 0) return assignments;
  const from = referencesOf(association, 'sourceRef')[0]?.target ?? undefined;
  const to = targetOf(association, 'targetRef');
  const transformation = expressionOf(childOf(association, 'transformation'), association);
  const inner = input ? to : from;
  const outer = input ? from : to;
  const name = inner === undefined || nameOf(inner) === undefined ? outer : inner;
  const target = input ? name : to;
  if (target === undefined) return [];
  const source: Expression | null = transformation ?? copyOf(input ? from : name, association);
  return source === null ? [] : [{ source, target: variableName(target) }];
}

function copyOf(element: AnyElement | undefined, owner: AnyElement): Expression | null {
  return element === undefined ? null : { text: variableName(element), elementId: idOf(owner) ?? '' };
}

/** `to` holds a variable name, or the id of the target. */
function assignmentTarget(text: string, association: BpmnElement<'DataAssociation'>): string {
  const target = targetOf(association, 'targetRef');
  return target !== undefined && idOf(target) === text ? variableName(target) : text;
}
