/**
 * The canonical form of a BPMN document: two documents that say the same have the same text. It is made from the XML, not
 * from the typed objects, so that something the reader dropped makes a difference.
 */

import {
  attributeNamespace,
  emptyScope,
  escapeAttribute,
  escapeText,
  isBlank,
  isDeclaration,
  type NamespaceScope,
  parseXml,
  scopeWithin,
  splitName,
  textOf,
  writeNode,
  type XmlElement,
  type XmlNode,
} from '#kernel/xml';
import { malformed } from './errors.ts';
import {
  type AttributeMeta,
  isKindOf,
  isTypeName,
  metaOf,
  namespaces,
  type SlotMeta,
  slotOf,
  type TypeName,
} from './meta.ts';

/**
 * The canonical form, itself a BPMN document. What is made equal, and why no meaning goes with it:
 *
 * - *Prefixes*: namespaces get fixed prefixes, declared once at the root; names mean namespace and local name (Namespaces
 *   in XML 1.0). That holds for qualified names in values too: `xsi:type`, references, and foreign values of the form
 *   `prefix:name` whose prefix is declared. A reference into the document's own target namespace becomes a bare id, which
 *   names the same element. A declaration nothing uses has no meaning.
 * - *Order of attributes*, by namespace and name: XML gives it none.
 * - *White space* between BPMN elements, and around values that XML Schema collapses. Text of documentation, expressions,
 *   scripts and annotations, and everything inside extension elements, stays to the character.
 * - *Lexical forms* of one value: `1` and `true`, `12.0` and `12`; CDATA and escaped text; character references.
 * - *Defaults*: an attribute that says what the schema supplies when it is absent is left out, likewise an `xsi:type` that
 *   names the type the element has anyway. Absence and that value are the same in the schema's own terms.
 * - *The XML declaration*: the encoding is of the file, not of the model.
 *
 * The order of elements, comments, processing instructions, ids, extension elements and attributes of other tools are
 * kept. Throws `process_xml_malformed`.
 */
export function canonical(text: string): string {
  const xml = parseXml(text, malformed);
  // A first pass finds which namespaces are used; only those are numbered and declared.
  const scout = new CanonicalWriter(xml.root, new Map());
  scout.root(xml.root);
  const writer = new CanonicalWriter(xml.root, fixedPrefixes(scout.used));
  const parts: string[] = [];
  for (const node of xml.before) if (!isXmlDeclaration(node)) line(node, parts);
  parts.push(writer.root(xml.root), '\n');
  for (const node of xml.after) line(node, parts);
  return parts.join('');
}

function isXmlDeclaration(node: XmlNode): boolean {
  return node.kind === 'instruction' && node.target === 'xml';
}

function line(node: XmlNode, parts: string[]): void {
  writeNode(node, parts);
  parts.push('\n');
}

class CanonicalWriter {
  readonly used = new Set<string>();
  private readonly prefixes: ReadonlyMap<string, string>;
  private readonly targetNamespace: string | undefined;

  constructor(root: XmlElement, prefixes: ReadonlyMap<string, string>) {
    this.prefixes = prefixes;
    this.targetNamespace = root.attributes.find(({ name }) => name === 'targetNamespace')?.value;
  }

  root(element: XmlElement): string {
    const known = element.namespace === namespaces.bpmn && element.local === 'definitions';
    const written = this.element(element, known ? 'Definitions' : null, emptyScope, 0);
    const declarations = [...this.used]
      .filter((uri) => uri !== namespaces.xml)
      .map((uri) => ` xmlns:${this.prefixes.get(uri)}="${escapeAttribute(uri)}"`)
      .sort()
      .join('');
    // The declarations come right after the name of the root element.
    return written.replace(/^<[^\s/>]+/, (name) => `${name}${declarations}`);
  }

  private element(element: XmlElement, declared: TypeName | null, outer: NamespaceScope, depth: number): string {
    const scope = scopeWithin(outer, element.attributes);
    const type = declared === null ? null : typeIn(element, declared, scope);
    const attributes = this.attributes(element, declared, type, scope);
    const name = this.name(element.namespace, element.local);
    const inner = this.content(element, type, scope, depth);
    return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
  }

  private content(element: XmlElement, type: TypeName | null, scope: NamespaceScope, depth: number): string {
    const layout = type !== null && metaOf(type).content === 'elements';
    const parts: string[] = [];
    for (const node of element.children) {
      const isText = node.kind === 'text' || node.kind === 'cdata';
      if (layout && isText && isBlank(node.text)) continue;
      if (layout) parts.push(`\n${'  '.repeat(depth + 1)}`);
      if (isText) parts.push(escapeText(this.text(node.text, type, layout, scope)));
      else if (node.kind === 'element') parts.push(this.child(node, type, scope, depth + 1));
      else writeNode(node, parts);
    }
    if (layout && parts.length > 0) parts.push(`\n${'  '.repeat(depth)}`);
    return parts.join('');
  }

  private text(text: string, type: TypeName | null, layout: boolean, scope: NamespaceScope): string {
    if (type === null) return this.expanded(text, scope);
    return layout ? text.trim() : text;
  }

  private child(element: XmlElement, parent: TypeName | null, scope: NamespaceScope, depth: number): string {
    const place =
      parent === null || metaOf(parent).content === 'any' ? null : slotOf(parent, element.namespace, element.local);
    if (place?.slot.reference) return this.referenceElement(element, place.slot, scope);
    return this.element(element, place?.type ?? null, scope, depth);
  }

  private referenceElement(element: XmlElement, slot: SlotMeta, outer: NamespaceScope): string {
    const scope = scopeWithin(outer, element.attributes);
    const name = this.name(element.namespace, slot.local);
    const attributes = this.attributes(element, null, null, scope);
    return `<${name}${attributes}>${escapeText(this.reference(textOf(element).trim(), scope))}</${name}>`;
  }

  private attributes(
    element: XmlElement,
    declared: TypeName | null,
    type: TypeName | null,
    scope: NamespaceScope,
  ): string {
    const known = type === null ? undefined : metaOf(type).attributes;
    const written: string[] = [];
    for (const { name, value } of element.attributes) {
      if (isDeclaration(name)) continue;
      const { prefix, local } = splitName(name);
      if (prefix === '') {
        const meta = known?.get(name);
        const text = meta === undefined ? this.expanded(value, scope) : this.value(meta, value, scope);
        if (text !== null) written.push(` ${name}="${escapeAttribute(text)}"`);
        continue;
      }
      const namespace = attributeNamespace(scope, name);
      const typeName = namespace === namespaces.xsi && local === 'type';
      if (typeName && type !== null && namesType(value, type, scope) && type === declared) continue;
      written.push(` ${this.name(namespace ?? prefix, local)}="${escapeAttribute(this.expanded(value, scope))}"`);
    }
    return written.sort().join('');
  }

  /** The canonical text of a typed value; null when it is the default. */
  private value(meta: AttributeMeta, text: string, scope: NamespaceScope): string | null {
    const value = this.typed(meta, text, scope);
    return value === meta.defaultText ? null : value;
  }

  private typed(meta: AttributeMeta, text: string, scope: NamespaceScope): string {
    const token = text.trim();
    switch (meta.kind) {
      case 'boolean':
        return token === '1' ? 'true' : token === '0' ? 'false' : token;
      case 'integer':
        return /^[+-]?\d+$/.test(token) ? `${BigInt(token.replace(/^\+/, ''))}` : token;
      case 'double':
        return token === '' || Number.isNaN(Number(token)) ? token : `${Number(token)}`;
      case 'reference':
        return this.reference(token, scope);
      case 'QName':
        return this.expanded(token, scope);
      case 'enumeration':
        return token;
      default:
        return text;
    }
  }

  /** A bare id for an element of this document, else a qualified name with the fixed prefix. */
  private reference(text: string, scope: NamespaceScope): string {
    const { prefix, local } = splitName(text);
    if (prefix !== '' && scope.get(prefix) === this.targetNamespace) return local;
    return this.expanded(text, scope);
  }

  private expanded(text: string, scope: NamespaceScope): string {
    const match = /^([A-Za-z_][\w.-]*):([A-Za-z_][\w.-]*)$/.exec(text);
    const namespace = match?.[1] === undefined ? undefined : scope.get(match[1]);
    return namespace === undefined ? text : this.name(namespace, match?.[2] ?? '');
  }

  private name(namespace: string | null, local: string): string {
    if (namespace === null) return local;
    this.used.add(namespace);
    return `${this.prefixes.get(namespace)}:${local}`;
  }
}

function typeIn(element: XmlElement, declared: TypeName, scope: NamespaceScope): TypeName {
  for (const { name, value } of element.attributes) {
    if (splitName(name).local !== 'type' || attributeNamespace(scope, name) !== namespaces.xsi) continue;
    const named = splitName(value.trim()).local.replace(/^t(?=[A-Z])/, '');
    if (isTypeName(named) && isKindOf(named, declared) && namesType(value, named, scope)) return named;
  }
  return declared;
}

function namesType(value: string, type: TypeName, scope: NamespaceScope): boolean {
  const { prefix, local } = splitName(value.trim());
  return scope.get(prefix) === metaOf(type).namespace && local.replace(/^t(?=[A-Z])/, '') === type;
}

/** The prefix of each namespace: fixed for those of BPMN, else numbered in order of the URIs. */
function fixedPrefixes(used: ReadonlySet<string>): ReadonlyMap<string, string> {
  const prefixes = new Map<string, string>(Object.entries(namespaces).map(([prefix, uri]) => [uri, prefix]));
  const others = [...used].filter((uri) => !prefixes.has(uri)).sort();
  for (const [index, uri] of others.entries()) prefixes.set(uri, `n${index + 1}`);
  return prefixes;
}
