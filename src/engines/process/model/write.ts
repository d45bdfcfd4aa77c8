/**
 * Writes a BPMN document as XML from its typed objects. Attributes and references are written from their values; what is
 * not BPMN (extension elements, foreign attributes, comments) is written as it was read. White space between BPMN elements
 * is layout and is made anew; text of mixed content is written exactly.
 */

import {
  emptyScope,
  escapeAttribute,
  escapeText,
  isDeclaration,
  type NamespaceScope,
  scopeWithin,
  writeNode,
  type XmlAttribute,
  type XmlNode,
} from '#kernel/xml';
import { elementName, isKindOf, metaOf, namespaces, slotOf, type TypeName } from './meta.ts';
import type { AnyElement, AttributeContent, BpmnDocument, Content } from './model.ts';

const preferredPrefixes: readonly (readonly [prefix: string, namespace: string])[] = [
  ['bpmn', namespaces.bpmn],
  ['bpmndi', namespaces.bpmndi],
  ['di', namespaces.di],
  ['dc', namespaces.dc],
  ['xsi', namespaces.xsi],
];

/** The document as XML text. Reading it again gives an equal document. */
export function writeBpmn(document: BpmnDocument): string {
  const parts: string[] = [];
  for (const node of document.before) {
    writeNode(inUtf8(node), parts);
    parts.push('\n');
  }
  writeElement(document.definitions, 'Definitions', namespaces.bpmn, emptyScope, '', parts);
  for (const node of document.after) {
    parts.push('\n');
    writeNode(node, parts);
  }
  parts.push('\n');
  return parts.join('');
}

/** The text will be stored in UTF-8, whatever the encoding of the file it came from. */
function inUtf8(node: XmlNode): XmlNode {
  if (node.kind !== 'instruction' || node.target !== 'xml') return node;
  return { ...node, text: node.text.replace(/encoding\s*=\s*(["'])[^"']*\1/, 'encoding="UTF-8"') };
}

function writeElement(
  element: AnyElement,
  declared: TypeName,
  namespace: string,
  outer: NamespaceScope,
  indent: string,
  parts: string[],
): void {
  const attributes = element.foreign.filter(({ name }) => isDeclaration(name));
  const scope = declareNamespaces(element, namespace, outer, attributes);
  const prefix = prefixFor(element.prefix, namespace, scope);
  if (element.type !== declared) attributes.push(typeAttribute(element.type, scope));
  for (const [name, content] of element.attributes) attributes.push({ name, value: lexical(content) });
  attributes.push(...element.foreign.filter(({ name }) => !isDeclaration(name)));
  const name = qualified(prefix, element.tag);
  parts.push(`<${name}`);
  for (const attribute of attributes) parts.push(` ${attribute.name}="${escapeAttribute(attribute.value)}"`);
  if (element.content.length === 0) {
    parts.push('/>');
    return;
  }
  parts.push('>');
  const layout = metaOf(element.type).content === 'elements';
  const within = layout ? `${indent}  ` : '';
  for (const item of element.content) {
    if (layout) parts.push(`\n${within}`);
    writeContent(element, item, scope, within, parts);
  }
  if (layout) parts.push(`\n${indent}`);
  parts.push(`</${name}>`);
}

function writeContent(parent: AnyElement, item: Content, scope: NamespaceScope, indent: string, parts: string[]): void {
  if (item.kind === 'xml') {
    writeNode(item.node, parts);
    return;
  }
  const slot = metaOf(parent.type).slots.find((candidate) => candidate.name === item.slot);
  if (slot === undefined) throw new TypeError(`${parent.type} has no ${item.slot}`);
  if (item.kind === 'element') {
    const { element } = item;
    const namespace = slot.group ? metaOf(globalType(element, slot.type)).namespace : slot.namespace;
    const place = slotOf(parent.type, namespace, element.tag);
    writeElement(element, place?.type ?? slot.type, namespace, scope, indent, parts);
    return;
  }
  const inner = scopeWithin(scope, item.source?.attributes ?? []);
  const name = qualified(prefixFor(item.source?.prefix, slot.namespace, inner), slot.local);
  parts.push(`<${name}`);
  for (const attribute of item.source?.attributes ?? []) {
    parts.push(` ${attribute.name}="${escapeAttribute(attribute.value)}"`);
  }
  parts.push(`>${escapeText(item.reference.text)}</${name}>`);
}

/** The type whose global element has the tag of this element: its own, or one it extends when `xsi:type` says more. */
function globalType(element: AnyElement, slotType: TypeName): TypeName {
  if (elementName(element.type) === element.tag) return element.type;
  return isKindOf(element.type, slotType) ? slotType : element.type;
}

/** Adds the declarations that the element itself needs and that no one around it made; gives the scope within. */
function declareNamespaces(
  element: AnyElement,
  namespace: string,
  outer: NamespaceScope,
  attributes: XmlAttribute[],
): NamespaceScope {
  const written = scopeWithin(outer, attributes);
  const wanted = element.parent === null ? preferredPrefixes : preferredPrefixes.filter(([, uri]) => uri === namespace);
  const bound = new Set(written.values());
  for (const [prefix, uri] of wanted) {
    // Only a document made by a program lacks declarations; one that was read declares what it uses.
    if (bound.has(uri) || (element.prefix !== undefined && uri !== namespace)) continue;
    attributes.push({ name: `xmlns:${freePrefix(prefix, written)}`, value: uri });
  }
  return scopeWithin(
    outer,
    attributes.filter(({ name }) => isDeclaration(name)),
  );
}

function freePrefix(wanted: string, scope: NamespaceScope): string {
  let prefix = wanted;
  for (let serial = 1; scope.has(prefix); serial += 1) prefix = `${wanted}${serial}`;
  return prefix;
}

function prefixFor(written: string | null | undefined, namespace: string, scope: NamespaceScope): string {
  if (written !== undefined && scope.get(written ?? '') === namespace) return written ?? '';
  for (const [prefix, uri] of scope) if (uri === namespace) return prefix;
  throw new TypeError(`namespace ${namespace} is not declared`);
}

function typeAttribute(type: TypeName, scope: NamespaceScope): XmlAttribute {
  const { namespace } = metaOf(type);
  const local = namespace === namespaces.bpmn ? `t${type}` : type;
  return {
    name: qualified(prefixFor(undefined, namespaces.xsi, scope), 'type'),
    value: qualified(prefixFor(undefined, namespace, scope), local),
  };
}

function qualified(prefix: string, local: string): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}

function lexical(content: AttributeContent): string {
  return typeof content === 'object' ? content.text : `${content}`;
}
