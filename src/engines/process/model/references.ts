/** Finds the elements that references name. */
import { isKindOf, type TypeName } from './meta.ts';
import type { AnyElement, Reference } from './model.ts';

export interface DraftReference extends Reference {
  target: AnyElement | null;
}

export interface PendingReference {
  readonly owner: AnyElement;
  readonly name: string;
  readonly reference: DraftReference;
  readonly target: TypeName;
  readonly outside: boolean;
  /** Whether the prefix is declared, or there is none. */
  readonly bound: boolean;
}

/**
 * The element a reference names. A name without prefix is an id of this document whatever the default namespace is, as
 * every tool writes it; one with a prefix is when its namespace is that of the document, or when the prefix is unbound.
 * An id may itself hold a colon in files of some tools, so the text as a whole is tried first.
 */
export function resolve(
  reference: Reference,
  definitions: AnyElement,
  byId: ReadonlyMap<string, AnyElement>,
): AnyElement | null {
  const whole = byId.get(reference.text);
  if (whole !== undefined) return whole;
  const own = reference.namespace === null || reference.namespace === definitions.attributes.get('targetNamespace');
  return own ? (byId.get(reference.local) ?? null) : null;
}

/** What is wrong with a resolved reference; null when nothing is. A name in another namespace is another document's. */
export function checkReference(
  pending: PendingReference,
  definitions: AnyElement,
): { readonly code: string; readonly en: string } | null {
  const { reference, owner, name, target, outside, bound } = pending;
  if (reference.target === null) {
    const elsewhere =
      reference.namespace !== null && reference.namespace !== definitions.attributes.get('targetNamespace');
    if (bound && (outside || elsewhere)) return null;
    return { code: 'reference_unresolved', en: `${owner.type}.${name} names ${reference.text}, which does not exist` };
  }
  if (isKindOf(reference.target.type, target)) return null;
  return {
    code: 'reference_type',
    en: `${owner.type}.${name} names ${reference.text}, a ${reference.target.type}, not a ${target}`,
  };
}
