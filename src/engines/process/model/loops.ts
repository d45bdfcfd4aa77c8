/** Loop characteristics of the executable graph. */
import { inputsOf, outputsOf, variableName } from './data.ts';
import { expressionOf } from './expressions.ts';
import { expressionIn, extensionOf } from './extension.ts';
import type { Expression, Loop, MultiInstanceLoop } from './graph.ts';
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
} from './model.ts';

export function loopOf(activity: BpmnElement<'Activity'>): Loop | null {
  const [element] = childrenOf(activity, 'loopCharacteristics');
  if (element === undefined) return null;
  if (isA(element, 'StandardLoopCharacteristics')) {
    const maximum = attributeOf(element, 'loopMaximum');
    return {
      kind: 'standard',
      testBefore: attributeOf(element, 'testBefore') === true,
      condition: expressionOf(childOf(element, 'loopCondition'), activity),
      maximum: maximum === undefined ? null : Number(maximum),
    };
  }
  return isA(element, 'MultiInstanceLoopCharacteristics') ? multiInstance(element, activity) : null;
}

/**
 * Collection and results come from `longmen:collection` and its companions, else from the references of the standard. A
 * data input as the collection stands for what is mapped into it, a data output for the variable it is mapped to.
 */
function multiInstance(
  element: BpmnElement<'MultiInstanceLoopCharacteristics'>,
  activity: BpmnElement<'Activity'>,
): MultiInstanceLoop {
  const extension = new Map([...extensionOf(activity), ...extensionOf(element)]);
  const id = idOf(activity) ?? '';
  const collection =
    expressionIn(extension.get('collection'), id) ?? collectionOf(targetOf(element, 'loopDataInputRef'), activity);
  const item = childOf(element, 'inputDataItem');
  const result = targetOf(element, 'loopDataOutputRef');
  const resultItem = childOf(element, 'outputDataItem');
  return {
    kind: 'multiInstance',
    sequential: attributeOf(element, 'isSequential') === true,
    // A collection decides how many there are; a cardinality beside it says the same or nothing.
    cardinality: collection === null ? expressionOf(childOf(element, 'loopCardinality'), activity) : null,
    collection,
    item: extension.get('item') ?? (item === undefined ? null : (nameOf(item) ?? idOf(item) ?? null)),
    outputCollection: extension.get('outputCollection') ?? resultName(result, activity),
    outputItem:
      expressionIn(extension.get('outputItem'), id) ??
      (resultItem === undefined ? null : { text: variableName(resultItem), elementId: id }),
    completionCondition: expressionOf(childOf(element, 'completionCondition'), activity),
  };
}

function collectionOf(target: AnyElement | undefined, activity: AnyElement): Expression | null {
  if (target === undefined) return null;
  const name = variableName(target);
  const mapped = isA(target, 'DataInput') ? mappedEnd(target, activity, 'dataInputAssociation') : undefined;
  const source = isA(target, 'DataInput')
    ? inputsOf(activity).find((mapping) => mapping.target === name)?.source
    : undefined;
  if (source !== undefined) return source;
  return { text: mapped === undefined ? name : variableName(mapped), elementId: idOf(activity) ?? '' };
}

function resultName(target: AnyElement | undefined, activity: AnyElement): string | null {
  if (target === undefined) return null;
  const mapped = isA(target, 'DataOutput') ? mappedEnd(target, activity, 'dataOutputAssociation') : undefined;
  if (mapped !== undefined) return variableName(mapped);
  return outputsOf(activity).find(({ source }) => source.text === variableName(target))?.target ?? variableName(target);
}

/** The variable at the other end of the association of a data input or output. */
function mappedEnd(end: AnyElement, activity: AnyElement, slot: string): AnyElement | undefined {
  for (const item of activity.content) {
    if (item.kind !== 'element' || item.slot !== slot || !isA(item.element, 'DataAssociation')) continue;
    const source = targetOf(item.element, 'sourceRef');
    const target = targetOf(item.element, 'targetRef');
    if (source === end) return target;
    if (target === end) return source;
  }
  return undefined;
}
