/** From text to the tree. */
import { DOMParser, type Node as DomNode } from '@xmldom/xmldom';
import { defineErrors } from '#kernel/errors';
import type { XmlAttribute, XmlDocument, XmlNode } from './tree.ts';

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

const xmlError = defineErrors({ xml_malformed: { status: 400, title: 'Not well-formed XML' } });

/** Makes the error of whoever asked for the document: `detail` says what is wrong with it. */
export type Malformed = (detail: string) => Error;

/**
 * Parses a document. Throws what `malformed` makes, by default `xml_malformed`, also for document types, which could hide
 * expanding entities.
 */
export function parseXml(
  text: string,
  malformed: Malformed = (detail) => xmlError('xml_malformed', detail),
): XmlDocument {
  const document = parseDom(text.startsWith('\ufeff') ? text.slice(1) : text, malformed);
  const nodes: XmlNode[] = [];
  let rootAt = -1;
  for (let child = document.firstChild; child !== null; child = child.nextSibling) {
    const node = convert(child, 0, malformed);
    // Outside the root there can only be white space.
    if (node === null || node.kind === 'text') continue;
    if (node.kind === 'element') rootAt = nodes.length;
    nodes.push(node);
  }
  const root = nodes[rootAt];
  if (root?.kind !== 'element') throw malformed('No root element');
  return { before: nodes.slice(0, rootAt), root, after: nodes.slice(rootAt + 1) };
}

function parseDom(text: string, malformed: Malformed): DomNode {
  if (/<!DOCTYPE/i.test(text)) throw malformed('Document types are not accepted');
  try {
    return new DOMParser({
      onError: (_level, message) => {
        throw new Error(message);
      },
    }).parseFromString(text, 'text/xml');
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

function convert(node: DomShape, depth: number, malformed: Malformed): XmlNode | null {
  if (depth > MAX_DEPTH) throw malformed('Elements nest too deeply');
  switch (node.nodeType) {
    case ELEMENT: {
      const children: XmlNode[] = [];
      for (let child = node.firstChild; child !== null; child = child.nextSibling) {
        const converted = convert(child, depth + 1, malformed);
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
