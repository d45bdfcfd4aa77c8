/** A plain XML tree that loses nothing: comments, CDATA, processing instructions, prefixes and white space stay. */
import { DOMParser, type Node as DomNode } from '@xmldom/xmldom';
import { processModelError } from './errors.ts';

export interface XmlAttribute {
  /** As written, with its prefix. */
  readonly name: string;
  readonly value: string;
}

export interface XmlElement {
  readonly kind: 'element';
  readonly prefix: string | null;
  readonly local: string;
  readonly namespace: string | null;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlNode[];
  readonly line: number;
}

export type XmlNode =
  | XmlElement
  | { readonly kind: 'text' | 'cdata' | 'comment'; readonly text: string }
  | { readonly kind: 'instruction'; readonly target: string; readonly text: string };

export interface XmlDocument {
  /** What stands before and after the root element, the XML declaration included. */
  readonly before: readonly XmlNode[];
  readonly root: XmlElement;
  readonly after: readonly XmlNode[];
}

const ELEMENT = 1;
const TEXT = 3;
const CDATA = 4;
const INSTRUCTION = 7;
const COMMENT = 8;
const MAX_DEPTH = 500;

interface DomShape extends DomNode {
  readonly target?: string;
  readonly data?: string;
  readonly attributes?: { readonly length: number; item(index: number): { name: string; value: string } | null };
}

/** Parses a document. Throws `process_xml_malformed`, also for document types, which could hide expanding entities. */
export function parseXml(text: string): XmlDocument {
  const document = parseDom(text.startsWith('\ufeff') ? text.slice(1) : text);
  const nodes: XmlNode[] = [];
  let rootAt = -1;
  for (let child = document.firstChild; child !== null; child = child.nextSibling) {
    const node = convert(child, 0);
    // Outside the root there can only be white space.
    if (node === null || node.kind === 'text') continue;
    if (node.kind === 'element') rootAt = nodes.length;
    nodes.push(node);
  }
  const root = nodes[rootAt];
  if (root?.kind !== 'element') throw processModelError('process_xml_malformed', 'No root element');
  return { before: nodes.slice(0, rootAt), root, after: nodes.slice(rootAt + 1) };
}

function parseDom(text: string): DomNode {
  if (/<!DOCTYPE/i.test(text)) throw processModelError('process_xml_malformed', 'Document types are not accepted');
  try {
    return new DOMParser({
      onError: (_level, message) => {
        throw new Error(message);
      },
    }).parseFromString(text, 'text/xml');
  } catch (error) {
    throw processModelError('process_xml_malformed', error instanceof Error ? error.message : String(error));
  }
}

function convert(node: DomShape, depth: number): XmlNode | null {
  if (depth > MAX_DEPTH) throw processModelError('process_xml_malformed', 'Elements nest too deeply');
  switch (node.nodeType) {
    case ELEMENT: {
      const children: XmlNode[] = [];
      for (let child = node.firstChild; child !== null; child = child.nextSibling) {
        const converted = convert(child, depth + 1);
        if (converted !== null) children.push(converted);
      }
      return {
        kind: 'element',
        prefix: node.prefix ?? null,
        local: node.localName ?? node.nodeName,
        namespace: node.namespaceURI ?? null,
        attributes: attributesOf(node),
        children,
        line: node.lineNumber ?? 0,
      };
    }
    case TEXT:
      return { kind: 'text', text: node.data ?? '' };
    case CDATA:
      return { kind: 'cdata', text: node.data ?? '' };
    case COMMENT:
      return { kind: 'comment', text: node.data ?? '' };
    case INSTRUCTION:
      return { kind: 'instruction', target: node.target ?? '', text: node.data ?? '' };
    default:
      return null;
  }
}

function attributesOf(node: DomShape): XmlAttribute[] {
  const attributes: XmlAttribute[] = [];
  for (let index = 0; index < (node.attributes?.length ?? 0); index += 1) {
    const attribute = node.attributes?.item(index);
    if (attribute !== null && attribute !== undefined)
      attributes.push({ name: attribute.name, value: attribute.value });
  }
  return attributes;
}

/** The document as text; parsing it again gives the same tree. */
export function serializeXml(document: XmlDocument): string {
  const parts: string[] = [];
  for (const node of document.before) {
    writeNode(node, parts);
    // White space outside the root is not kept by parsers; a line each keeps the text readable.
    parts.push('\n');
  }
  writeNode(document.root, parts);
  for (const node of document.after) {
    parts.push('\n');
    writeNode(node, parts);
  }
  parts.push('\n');
  return parts.join('');
}

export function writeNode(node: XmlNode, parts: string[]): void {
  switch (node.kind) {
    case 'text':
      parts.push(escapeText(node.text));
      return;
    case 'cdata':
      parts.push(`<![CDATA[${node.text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`);
      return;
    case 'comment':
      parts.push(`<!--${node.text}-->`);
      return;
    case 'instruction':
      parts.push(`<?${node.target}${node.text === '' ? '' : ` ${node.text}`}?>`);
      return;
    case 'element': {
      const name = qualifiedName(node);
      parts.push(`<${name}`);
      for (const attribute of node.attributes) parts.push(` ${attribute.name}="${escapeAttribute(attribute.value)}"`);
      if (node.children.length === 0) {
        parts.push('/>');
        return;
      }
      parts.push('>');
      for (const child of node.children) writeNode(child, parts);
      parts.push(`</${name}>`);
    }
  }
}

export function qualifiedName(element: XmlElement): string {
  return element.prefix === null ? element.local : `${element.prefix}:${element.local}`;
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

export function escapeAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}

/** Prefix (`''` for the default namespace) to namespace, as in force at some element. */
export type NamespaceScope = ReadonlyMap<string, string>;

export const emptyScope: NamespaceScope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]);

export function isDeclaration(attributeName: string): boolean {
  return attributeName === 'xmlns' || attributeName.startsWith('xmlns:');
}

/** The scope inside an element that has the given attributes. */
export function scopeWithin(outer: NamespaceScope, attributes: readonly XmlAttribute[]): NamespaceScope {
  let inner: Map<string, string> | null = null;
  for (const { name, value } of attributes) {
    if (!isDeclaration(name)) continue;
    inner ??= new Map(outer);
    inner.set(name === 'xmlns' ? '' : name.slice('xmlns:'.length), value);
  }
  return inner ?? outer;
}

export interface SplitName {
  readonly prefix: string;
  readonly local: string;
}

export function splitName(name: string): SplitName {
  const colon = name.indexOf(':');
  return colon < 0 ? { prefix: '', local: name } : { prefix: name.slice(0, colon), local: name.slice(colon + 1) };
}

/** Namespace of an attribute: none without a prefix (Namespaces in XML 1.0 §6.2). */
export function attributeNamespace(scope: NamespaceScope, name: string): string | null {
  const { prefix } = splitName(name);
  return prefix === '' ? null : (scope.get(prefix) ?? null);
}

export function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text);
}

/** The text directly in an element. */
export function textOf(element: XmlElement): string {
  return element.children.map((child) => (child.kind === 'text' || child.kind === 'cdata' ? child.text : '')).join('');
}
