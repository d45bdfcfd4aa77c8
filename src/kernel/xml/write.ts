/** From the tree to text. */
import { qualifiedName, type XmlDocument, type XmlNode } from './tree.ts';

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
