/** Parts of DMN elements that many kinds of them have. */

import { attributeOf, childElement, textOf, type XmlElement } from '#kernel/xml';
import type { InformationItem, UnaryTests } from './model.ts';

/** Common attributes and the description of an element. */
export function common(element: XmlElement) {
  const description = childElement(element, 'description');
  return {
    source: element,
    id: attributeOf(element, 'id'),
    label: attributeOf(element, 'label'),
    description: description === undefined ? undefined : textOf(description),
  };
}

/** The same for an element with a name. */
export function named(element: XmlElement) {
  return { ...common(element), name: attributeOf(element, 'name') ?? '' };
}

export function readInformationItem(element: XmlElement): InformationItem {
  return { ...named(element), typeRef: attributeOf(element, 'typeRef') };
}

export function readUnaryTests(element: XmlElement | undefined): UnaryTests | undefined {
  if (element === undefined) return undefined;
  const text = childElement(element, 'text');
  return {
    ...common(element),
    text: text === undefined ? '' : textOf(text),
    expressionLanguage: attributeOf(element, 'expressionLanguage'),
  };
}
