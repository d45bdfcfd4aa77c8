/**
 * Makes the XML element of a model part again: what the model manages is taken from the model, everything else (other
 * attributes, extension elements, comments, white space, order) from the element the part was read from.
 */
import { textOf, type XmlAttribute, type XmlElement, type XmlNode } from '#kernel/xml';

/** The element each rebuilt one comes from. */
const origins = new WeakMap<XmlElement, XmlElement>();
/** Elements that have no element they come from. */
const made = new WeakSet<XmlElement>();

export interface Blueprint {
  readonly source: XmlElement | undefined;
  readonly local: string;
  /** Attributes the model manages; undefined ones are absent. */
  readonly attributes?: readonly (readonly [name: string, value: string | undefined])[];
  /** Names of the child elements the model manages, in the order of the schema. */
  readonly owned?: readonly string[];
  readonly children?: readonly (XmlElement | undefined)[];
}

/** Prefix and namespace of new elements. */
export interface Vocabulary {
  readonly prefix: string | null;
  readonly namespace: string;
}

export class Rebuilder {
  private readonly vocabulary: Vocabulary;

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
  }

  element({ source, local, attributes = [], owned = [], children = [] }: Blueprint): XmlElement {
    const present = children.filter((child) => child !== undefined);
    const element: XmlElement = {
      kind: 'element',
      prefix: source === undefined ? this.vocabulary.prefix : source.prefix,
      local: source === undefined ? local : source.local,
      namespace: source === undefined ? this.vocabulary.namespace : source.namespace,
      attributes: mergedAttributes(source, attributes),
      children: source === undefined ? present : mergedChildren(source, owned, present),
      line: source?.line ?? 0,
    };
    if (source === undefined) made.add(element);
    else origins.set(element, source);
    return element;
  }

  /** An element that holds only text; kept as it stands (with CDATA and comments) when the text is the same. */
  text(parent: XmlElement | undefined, local: string, text: string | undefined): XmlElement | undefined {
    const source = parent?.children.find(
      (child): child is XmlElement =>
        child.kind === 'element' && child.local === local && child.namespace === parent.namespace,
    );
    if (text === undefined) return undefined;
    const element = this.element({ source, local });
    if (source !== undefined && textOf(source) === text) return element;
    const written: XmlElement = { ...element, children: text === '' ? [] : [{ kind: 'text', text }] };
    if (source !== undefined) origins.set(written, source);
    return written;
  }
}

function mergedAttributes(
  source: XmlElement | undefined,
  wanted: readonly (readonly [string, string | undefined])[],
): XmlAttribute[] {
  const values = new Map(wanted);
  const result: XmlAttribute[] = [];
  for (const attribute of source?.attributes ?? []) {
    if (!values.has(attribute.name)) {
      result.push(attribute);
      continue;
    }
    const value = values.get(attribute.name);
    if (value !== undefined) result.push({ name: attribute.name, value });
    values.delete(attribute.name);
  }
  for (const [name, value] of values) if (value !== undefined) result.push({ name, value });
  return result;
}

function mergedChildren(source: XmlElement, owned: readonly string[], wanted: readonly XmlElement[]): XmlNode[] {
  const byOrigin = new Map<XmlElement, XmlElement>();
  const added: XmlElement[] = [];
  for (const child of wanted) {
    const origin = origins.get(child);
    if (origin !== undefined && source.children.includes(origin)) byOrigin.set(origin, child);
    else added.push(child);
  }
  const isOwned = (node: XmlNode): node is XmlElement =>
    node.kind === 'element' && node.namespace === source.namespace && owned.includes(node.local);
  // Managed children may have been put into another order; they take the managed places in the order of the model.
  const kept = wanted.filter((child) => !added.includes(child));
  const result: XmlNode[] = [];
  for (const node of source.children) {
    if (!isOwned(node)) result.push(node);
    else if (byOrigin.has(node)) {
      const next = kept.shift();
      if (next !== undefined) result.push(next);
    }
  }
  for (const child of added) insert(result, child, owned);
  return result;
}

/** Puts a new child where the schema wants it: before the first managed child that comes later in the schema. */
function insert(nodes: XmlNode[], child: XmlElement, owned: readonly string[]): void {
  const rank = owned.indexOf(child.local);
  const before = nodes.findIndex((node) => node.kind === 'element' && owned.indexOf(node.local) > rank);
  const at = before < 0 ? nodes.length : before;
  const last = nodes.at(-1);
  const closing = before < 0 && last?.kind === 'text' && last.text.trim() === '';
  nodes.splice(closing ? at - 1 : at, 0, child);
}

/** Adds line breaks and indentation below elements that were made anew. */
export function indented(element: XmlElement, depth = 0): XmlElement {
  const children = element.children.map((child) => (child.kind === 'element' ? indented(child, depth + 1) : child));
  const isNew = made.has(element) && children.length > 0 && children.every((child) => child.kind === 'element');
  if (!isNew) return { ...element, children };
  const spaced = children.flatMap((child): XmlNode[] => [{ kind: 'text', text: `\n${'  '.repeat(depth + 1)}` }, child]);
  return { ...element, children: [...spaced, { kind: 'text', text: `\n${'  '.repeat(depth)}` }] };
}

/** All elements of a tree, from the root down. */
export function* allElements(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) if (child.kind === 'element') yield* allElements(child);
}
