/** Which namespace a name is in. */
import type { XmlAttribute } from './tree.ts';

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
