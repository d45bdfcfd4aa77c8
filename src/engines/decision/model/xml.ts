/** A plain XML tree that loses nothing: comments, CDATA, processing instructions, prefixes and white space stay. */
import { DOMParser, type Node as DomNode } from '@xmldom/xmldom';
import { decisionError } from '../errors.ts';

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

/** Parses a document. Throws `decision_xml_malformed`, also for document types, which could hide expanding entities. */
export function parseXml(text: string): XmlDocument {
  const document = parseDom(text.startsWith('\ufeff') ? text.slice(1) : text);
  const nodes: XmlNode[] = [];
  let rootAt = -1;
  for (let child = document.firstChild; child !== null; child = child.nextSibling) {
    const node = convert(child, 0);
    if (node === null) continue;
    if (node.kind === 'element') rootAt = nodes.length;
    nodes.push(node);
  }
  const root = nodes[rootAt];
  if (root?.kind !== 'element') throw decisionError('decision_xml_malformed', 'No root element');
  return { before: nodes.slice(0, rootAt), root, after: nodes.slice(rootAt + 1) };
}

function parseDom(text: string): DomNode {
  if (/<!DOCTYPE/i.test(text)) throw decisionError('decision_xml_malformed', 'Document types are not accepted');
  try {
    return new DOMParser({
      onError: (_level, message) => {
        throw new Error(message);
      },
    }).parseFromString(text, 'text/xml');
  } catch (error) {
    throw decisionError('decision_xml_malformed', error instanceof Error ? error.message : String(error));
  }
}

function convert(node: DomShape, depth: number): XmlNode | null {
  if (depth > MAX_DEPTH) throw decisionError('decision_xml_malformed', 'Elements nest too deeply');
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

function writeNode(node: XmlNode, parts: string[]): void {
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

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

function escapeAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}

export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.find((attribute) => attribute.name === name)?.value;
}

/** Child elements, of one name when given. */
export function childElements(element: XmlElement, local?: string): XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement =>
      child.kind === 'element' &&
      child.namespace === element.namespace &&
      (local === undefined || child.local === local),
  );
}

export function childElement(element: XmlElement, local: string): XmlElement | undefined {
  return childElements(element, local)[0];
}

export function textOf(element: XmlElement): string {
  return element.children.map((child) => (child.kind === 'text' || child.kind === 'cdata' ? child.text : '')).join('');
}
