/**
 * A BPMN document as typed objects: every element knows its type in the metamodel, its attributes hold values of their
 * types, and its references point to the elements they name. Content keeps its order, and what is not BPMN (extension
 * elements, foreign attributes, comments) is kept beside it as XML; so a document can be written again without loss.
 */

import type { XmlAttribute, XmlElement, XmlNode } from '#kernel/xml';
import {
  type Ancestors,
  type AttributeName,
  type ElementName,
  isKindOf,
  metaOf,
  referencedType,
  type TargetOf,
  type TypeName,
  type ValueOf,
} from './meta.ts';
import type { ProcessProblem } from './problems.ts';

export interface AnyElement {
  readonly type: TypeName;
  /** Name and prefix of the XML element; the prefix is null for the default namespace, absent in elements made by a program. */
  readonly tag: string;
  readonly prefix?: string | null;
  readonly attributes: ReadonlyMap<string, AttributeContent>;
  readonly content: readonly Content[];
  /** Attributes of other namespaces, namespace declarations, and what the metamodel does not know, as written. */
  readonly foreign: readonly XmlAttribute[];
  readonly parent: AnyElement | null;
  readonly line: number;
}

export interface BpmnElement<T extends TypeName> extends AnyElement {
  /** For the type checker only: an element of a type is also one of every type that type extends. */
  readonly kindOf?: { readonly [Kind in Ancestors<T>]: true };
}

export type AttributeContent = string | boolean | bigint | number | Reference;

/** A qualified name. `target` is the element of this document it names; null when there is none. */
export interface Reference {
  /** As written. */
  readonly text: string;
  readonly local: string;
  /** Null for a name without prefix, which by custom is an id of this document. */
  readonly namespace: string | null;
  readonly target: AnyElement | null;
}

export type Content =
  | { readonly kind: 'element'; readonly slot: string; readonly element: AnyElement }
  | { readonly kind: 'reference'; readonly slot: string; readonly reference: Reference; readonly source?: XmlElement }
  /** Text of an element with mixed content, comments, and everything that is not BPMN. */
  | { readonly kind: 'xml'; readonly node: XmlNode };

export interface BpmnDocument {
  readonly before: readonly XmlNode[];
  readonly definitions: BpmnElement<'Definitions'>;
  readonly after: readonly XmlNode[];
  readonly byId: ReadonlyMap<string, AnyElement>;
  /** Unknown elements and attributes, references without target, values that are not of their type. */
  readonly warnings: readonly ProcessProblem[];
}

export function isA<T extends TypeName>(element: AnyElement, type: T): element is BpmnElement<T> {
  return isKindOf(element.type, type);
}

/** The value of an attribute; the default of the schema when it is not written; undefined when there is none. */
export function attributeOf<T extends TypeName, N extends AttributeName<T>>(
  element: BpmnElement<T>,
  name: N,
): ValueOf<T, N> | undefined {
  const value = element.attributes.get(name) ?? defaultOf(element.type, name);
  return value as ValueOf<T, N> | undefined;
}

function defaultOf(type: TypeName, name: string): AttributeContent | undefined {
  const meta = metaOf(type).attributes.get(name);
  if (meta === undefined || meta.defaultText === null) return undefined;
  if (meta.kind === 'boolean') return meta.defaultText === 'true';
  return meta.kind === 'integer' ? BigInt(meta.defaultText) : meta.defaultText;
}

/** The reference an attribute or the first child element of that name holds. */
export function referenceOf<T extends TypeName, N extends AttributeName<T> | ElementName<T>>(
  element: BpmnElement<T>,
  name: N,
): Reference | undefined {
  const value = element.attributes.get(name);
  if (typeof value === 'object') return value;
  return referencesOf(element, name)[0];
}

/** References in child elements of that name. */
export function referencesOf<T extends TypeName>(element: BpmnElement<T>, name: string): Reference[] {
  return element.content.flatMap((item) => (item.kind === 'reference' && item.slot === name ? [item.reference] : []));
}

/** The element a reference names, when it is in this document and of the right type. */
export function targetOf<T extends TypeName, N extends AttributeName<T> | ElementName<T>>(
  element: BpmnElement<T>,
  name: N,
): BpmnElement<TargetOf<T, N>> | undefined {
  const target = referenceOf(element, name)?.target ?? null;
  const type = referencedType(element.type, name);
  if (target === null || type === null || !isKindOf(target.type, type)) return undefined;
  return target as BpmnElement<TargetOf<T, N>>;
}

/** Child elements in a slot of the metamodel, in document order. */
export function childrenOf<T extends TypeName, N extends ElementName<T>>(
  element: BpmnElement<T>,
  name: N,
): BpmnElement<TargetOf<T, N>>[] {
  return element.content.flatMap((item) =>
    item.kind === 'element' && item.slot === name ? [item.element as BpmnElement<TargetOf<T, N>>] : [],
  );
}

export function childOf<T extends TypeName, N extends ElementName<T>>(
  element: BpmnElement<T>,
  name: N,
): BpmnElement<TargetOf<T, N>> | undefined {
  return childrenOf(element, name)[0];
}

/** The text of an element with mixed content, as written. */
export function textIn(element: AnyElement): string {
  return element.content
    .map((item) =>
      item.kind === 'xml' && (item.node.kind === 'text' || item.node.kind === 'cdata') ? item.node.text : '',
    )
    .join('');
}

/** Every BPMN element below, itself first, in document order. */
export function* walk(element: AnyElement): Generator<AnyElement> {
  yield element;
  for (const item of element.content) if (item.kind === 'element') yield* walk(item.element);
}

export function idOf(element: AnyElement): string | undefined {
  const id = element.attributes.get('id');
  return typeof id === 'string' ? id : undefined;
}

export function nameOf(element: AnyElement): string | undefined {
  const name = element.attributes.get('name');
  return typeof name === 'string' && name !== '' ? name : undefined;
}
