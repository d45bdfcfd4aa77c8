/** A plain XML tree that loses nothing: comments, CDATA, processing instructions, prefixes and white space stay. */

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

export function qualifiedName(element: XmlElement): string {
  return element.prefix === null ? element.local : `${element.prefix}:${element.local}`;
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

export function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text);
}

/** The text directly in an element. */
export function textOf(element: XmlElement): string {
  return element.children.map((child) => (child.kind === 'text' || child.kind === 'cdata' ? child.text : '')).join('');
}
