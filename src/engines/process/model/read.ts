/** Reads BPMN 2.0 XML into typed objects by the metamodel; see `model.ts` for what they hold. */
import { invariant } from '#kernel/errors';
import {
  attributeNamespace,
  emptyScope,
  isBlank,
  isDeclaration,
  type NamespaceScope,
  parseXml,
  scopeWithin,
  splitName,
  textOf,
  type XmlAttribute,
  type XmlElement,
  type XmlNode,
} from '#kernel/xml';
import { malformed, processModelError } from './errors.ts';
import { type AttributeMeta, isKindOf, isTypeName, metaOf, namespaces, slotOf, type TypeName } from './meta.ts';
import {
  type AnyElement,
  type AttributeContent,
  type BpmnDocument,
  type Content,
  isA,
  type Reference,
} from './model.ts';
import type { ProcessProblem } from './problems.ts';
import { checkReference, type DraftReference, type PendingReference, resolve } from './references.ts';

/** An element while it is read: its links are still being made. */
interface Draft extends AnyElement {
  readonly attributes: Map<string, AttributeContent>;
  readonly content: Content[];
}

/**
 * Reads a document. Throws `process_xml_malformed` and `process_not_bpmn`; anything else that is wrong is a warning of the
 * document, and is kept as it stands.
 */
export function readBpmn(text: string): BpmnDocument {
  const xml = parseXml(text, malformed);
  if (xml.root.namespace !== namespaces.bpmn || xml.root.local !== 'definitions') {
    throw processModelError('process_not_bpmn', `The root element is ${xml.root.local}, not definitions of BPMN 2.0`);
  }
  const reader = new Reader();
  const definitions = reader.element(xml.root, 'Definitions', null, emptyScope);
  invariant(isA(definitions, 'Definitions'), 'root_is_definitions');
  reader.resolveAll(definitions);
  return { before: xml.before, definitions, after: xml.after, byId: reader.byId, warnings: reader.warnings };
}

class Reader {
  readonly byId = new Map<string, AnyElement>();
  readonly warnings: ProcessProblem[] = [];
  private readonly pending: PendingReference[] = [];

  element(xml: XmlElement, declared: TypeName, parent: AnyElement | null, outer: NamespaceScope): AnyElement {
    const scope = scopeWithin(outer, xml.attributes);
    const { type, typeAttribute } = this.typeOf(xml, declared, scope);
    const foreign: XmlAttribute[] = [];
    const element: Draft = {
      type,
      tag: xml.local,
      prefix: xml.prefix,
      attributes: new Map(),
      content: [],
      foreign,
      parent,
      line: xml.line,
    };
    for (const attribute of xml.attributes) {
      if (attribute !== typeAttribute) this.attribute(element, foreign, attribute, scope);
    }
    const { content } = metaOf(type);
    for (const node of xml.children) {
      if (content === 'any') element.content.push({ kind: 'xml', node });
      else this.child(element, node, content === 'mixed', scope);
    }
    return element;
  }

  /** The type of an element: that of its place, or the one `xsi:type` names if that is a kind of it. */
  private typeOf(xml: XmlElement, declared: TypeName, scope: NamespaceScope) {
    const typeAttribute = xml.attributes.find(
      ({ name }) => splitName(name).local === 'type' && attributeNamespace(scope, name) === namespaces.xsi,
    );
    if (typeAttribute === undefined) return { type: declared, typeAttribute };
    const { prefix, local } = splitName(typeAttribute.value.trim());
    const named = local.replace(/^t(?=[A-Z])/, '');
    const known = scope.get(prefix) === namespaces.bpmn || scope.get(prefix) === metaOf(declared).namespace;
    if (known && isTypeName(named) && isKindOf(named, declared)) return { type: named, typeAttribute };
    this.warn(xml, 'type_unknown', `xsi:type ${typeAttribute.value} is not a kind of ${declared}`);
    return { type: declared, typeAttribute: undefined };
  }

  private attribute(element: Draft, foreign: XmlAttribute[], written: XmlAttribute, scope: NamespaceScope): void {
    const { name, value } = written;
    if (isDeclaration(name)) {
      foreign.push(written);
      return;
    }
    if (name.includes(':')) {
      foreign.push(written);
      const namespace = attributeNamespace(scope, name);
      if (namespace === null)
        this.warn(element, 'prefix_undeclared', `The prefix of attribute ${name} is not declared`);
      return;
    }
    const meta = metaOf(element.type).attributes.get(name);
    const content = meta === undefined ? undefined : this.value(element, meta, value, scope);
    if (content === undefined) {
      foreign.push(written);
      const code = meta === undefined ? 'attribute_unknown' : 'attribute_invalid';
      this.warn(element, code, `${element.type} has no attribute ${name}="${value}"`);
      return;
    }
    element.attributes.set(name, content);
    if (meta?.kind === 'id') this.identify(element, value);
  }

  private identify(element: AnyElement, id: string): void {
    if (this.byId.has(id)) this.warn(element, 'id_repeated', `The id ${id} is given more than once`);
    else this.byId.set(id, element);
  }

  /** The typed value, or undefined when the text is none of that type. */
  private value(owner: AnyElement, meta: AttributeMeta, text: string, scope: NamespaceScope) {
    const token = text.trim();
    switch (meta.kind) {
      case 'string':
      case 'id':
        return text;
      case 'boolean':
        if (token === 'true' || token === '1') return true;
        return token === 'false' || token === '0' ? false : undefined;
      case 'integer':
        return /^[+-]?\d+$/.test(token) ? BigInt(token.replace(/^\+/, '')) : undefined;
      case 'double':
        return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token) ? Number(token) : undefined;
      case 'enumeration':
        return meta.values.includes(token) ? token : undefined;
      case 'QName':
        return this.reference(owner, meta.name, token, scope, null, true);
      case 'reference':
        return this.reference(owner, meta.name, token, scope, meta.target, meta.outside);
    }
  }

  private reference(
    owner: AnyElement,
    name: string,
    text: string,
    scope: NamespaceScope,
    target: TypeName | null,
    outside: boolean,
  ): Reference {
    const { prefix, local } = splitName(text);
    const namespace = prefix === '' ? null : (scope.get(prefix) ?? null);
    const reference: DraftReference = { text, local, namespace, target: null };
    if (target !== null) {
      this.pending.push({ owner, name, reference, target, outside, bound: prefix === '' || namespace !== null });
    }
    return reference;
  }

  private child(element: Draft, node: XmlNode, mixed: boolean, scope: NamespaceScope): void {
    if (node.kind !== 'element') {
      const text = node.kind === 'text' || node.kind === 'cdata';
      // White space between elements is layout; the writer makes its own.
      if (text && !mixed && isBlank(node.text)) return;
      if (text && !mixed) this.warn(element, 'text_unexpected', `${element.type} holds the text "${node.text.trim()}"`);
      element.content.push({ kind: 'xml', node });
      return;
    }
    const place = slotOf(element.type, node.namespace, node.local);
    if (place === null) {
      element.content.push({ kind: 'xml', node });
      // Documentation, annotations and scripts may hold any markup; expressions may hold that of other vocabularies.
      if (mixed && (node.namespace !== namespaces.bpmn || !isKindOf(element.type, 'BaseElement'))) return;
      this.warn(node, 'element_unknown', `${element.type} has no element ${node.local}`, element);
      return;
    }
    const { slot, type } = place;
    if (!slot.many && element.content.some((item) => item.kind !== 'xml' && item.slot === slot.name)) {
      this.warn(node, 'element_repeated', `${element.type} has more than one ${node.local}`, element);
    }
    if (slot.reference) {
      const inner = scopeWithin(scope, node.attributes);
      const reference = this.reference(element, slot.name, textOf(node).trim(), inner, slot.type, slot.outside);
      element.content.push({ kind: 'reference', slot: slot.name, reference, source: node });
    } else {
      element.content.push({ kind: 'element', slot: slot.name, element: this.element(node, type, element, scope) });
    }
  }

  resolveAll(definitions: AnyElement): void {
    for (const pending of this.pending) {
      pending.reference.target = resolve(pending.reference, definitions, this.byId);
      const problem = checkReference(pending, definitions);
      if (problem !== null) this.warn(pending.owner, problem.code, problem.en);
    }
  }

  private warn(at: AnyElement | XmlElement, code: string, en: string, within?: AnyElement): void {
    const owner = 'type' in at ? at : within;
    const id = owner?.attributes.get('id');
    const name = owner?.attributes.get('name');
    this.warnings.push({
      code: `process_${code}`,
      severity: 'warning',
      en,
      zh: chinese[code] ?? en,
      element: typeof id === 'string' ? id : undefined,
      name: typeof name === 'string' ? name : undefined,
      kind: owner?.tag,
      line: at.line,
    });
  }
}

const chinese: Readonly<Record<string, string>> = {
  type_unknown: 'xsi:type 指定的类型不适用于该元素',
  prefix_undeclared: '属性的命名空间前缀未声明',
  attribute_unknown: '元素没有该属性',
  attribute_invalid: '属性值与其类型不符',
  id_repeated: '标识重复',
  text_unexpected: '元素中不应有文本',
  element_unknown: '元素不属于 BPMN 2.0 规定的位置',
  element_repeated: '只允许出现一次的元素重复出现',
  reference_unresolved: '引用的元素不存在',
  reference_type: '引用的元素类型不符',
};
