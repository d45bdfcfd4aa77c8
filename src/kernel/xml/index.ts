/** XML without loss: what the readers and writers of models stand on. */
export {
  attributeNamespace,
  emptyScope,
  isDeclaration,
  type NamespaceScope,
  type SplitName,
  scopeWithin,
  splitName,
} from './namespaces.ts';
export { type Malformed, parseXml } from './parse.ts';
export {
  attributeOf,
  childElement,
  childElements,
  isBlank,
  qualifiedName,
  textOf,
  type XmlAttribute,
  type XmlDocument,
  type XmlElement,
  type XmlNode,
} from './tree.ts';
export { escapeAttribute, escapeText, serializeXml, writeNode } from './write.ts';
