/**
 * Values of the namespace `http://longmen.dev/schema/bpmn/1.0` (prefix `longmen`). Each may be an attribute of the BPMN
 * element (`longmen:function="ledger.hold"`) or an element with text in its extension elements
 * (`<longmen:correlationKey>order.id</longmen:correlationKey>`); the element wins.
 *
 * | name | on | meaning |
 * |---|---|---|
 * | `function` | service and send task, throwing message event | registered function to call |
 * | `retries`, `backoff` | service, script, business-rule and send task | tries after a failure; first wait, ISO 8601 |
 * | `decisionRef`, `decisionModel` | business-rule task | decision to evaluate, and the model that has it |
 * | `decisionVersion` | business-rule task | `latest` (default), `deployment`, or a version of `decisionModel` |
 * | `resultVariable` | service, script, business-rule task | variable that takes the result |
 * | `assignee`, `candidateRole`, `formKey`, `dueDate`, `priority` | user task | roles are separated by commas |
 * | `correlationKey` | message; receive task or catching message event | FEEL over the payload; over the variables |
 * | `collection`, `item`, `outputCollection`, `outputItem` | multi-instance activity or its loop characteristics | |
 * | `calendar` | timer event or its definition | business calendar of its durations |
 * | `calledVersion` | call activity | version to call |
 * | `versionTag` | process | label of the version |
 * | `input`, `output` (elements with `source`, `target`) | activities and events | mappings: FEEL to variable |
 */

import {
  attributeNamespace,
  emptyScope,
  type NamespaceScope,
  scopeWithin,
  splitName,
  textOf,
  type XmlElement,
} from '#kernel/xml';
import type { Expression, Extension, Mapping, Value } from './graph.ts';
import { namespaces } from './meta.ts';
import { type AnyElement, idOf, isA } from './model.ts';

const noExtension: Extension = new Map();

/** All scalar extension values of an element. */
export function extensionOf(element: AnyElement): Extension {
  const values = new Map<string, string>();
  const prefixed = element.foreign.filter(({ name }) => name.includes(':') && !name.startsWith('xmlns:'));
  if (prefixed.length > 0) {
    const scope = scopeAt(element);
    for (const { name, value } of prefixed) {
      if (attributeNamespace(scope, name) === namespaces.longmen) values.set(splitName(name).local, value);
    }
  }
  for (const xml of extensionElements(element)) {
    if (xml.local !== 'input' && xml.local !== 'output') values.set(xml.local, textOf(xml).trim());
  }
  return values.size === 0 ? noExtension : values;
}

/** Mappings of `longmen:input` or `longmen:output` elements, in order. A target without a source takes the same name. */
export function mappingsIn(element: AnyElement, local: 'input' | 'output'): Mapping[] {
  return extensionElements(element)
    .filter((xml) => xml.local === local)
    .map((xml) => {
      const target = attribute(xml, 'target') ?? '';
      return { source: { text: attribute(xml, 'source') || target, elementId: idOf(element) ?? '' }, target };
    });
}

/** `= …` is FEEL, anything else is plain text. */
export function valueIn(text: string, elementId: string): Value {
  return text.startsWith('=')
    ? { kind: 'expression', expression: { text: text.slice(1).trim(), elementId } }
    : { kind: 'literal', text };
}

/** FEEL of an extension value; a leading `=`, which marks FEEL elsewhere, is allowed. */
export function expressionIn(text: string | undefined, elementId: string): Expression | null {
  const feel = text?.replace(/^\s*=/, '').trim();
  return feel === undefined || feel === '' ? null : { text: feel, elementId };
}

function extensionElements(element: AnyElement): XmlElement[] {
  const holder = element.content.find((item) => item.kind === 'element' && isA(item.element, 'ExtensionElements'));
  if (holder?.kind !== 'element') return [];
  return holder.element.content.flatMap((item) =>
    item.kind === 'xml' && item.node.kind === 'element' && item.node.namespace === namespaces.longmen
      ? [item.node]
      : [],
  );
}

function attribute(xml: XmlElement, name: string): string | undefined {
  return xml.attributes.find((candidate) => candidate.name === name)?.value;
}

function scopeAt(element: AnyElement): NamespaceScope {
  return scopeWithin(element.parent === null ? emptyScope : scopeAt(element.parent), element.foreign);
}
