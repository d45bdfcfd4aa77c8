/** FEEL expressions of BPMN elements. */
import type { Expression } from './graph.ts';
import { type AnyElement, type BpmnElement, idOf, textIn } from './model.ts';

const xpath = 'http://www.w3.org/1999/XPath';

/** Whether a language name means FEEL: one of the URIs of the DMN versions, a media type, or the word. */
export function isFeel(language: string): boolean {
  return /(^|[/:.+-])feel($|[/;+])/i.test(language.trim());
}

/**
 * The language an expression names that is not FEEL, or null. Nearly every tool leaves out the language and so gets XPath
 * by the schema's default without meaning it; hence only a language that is written counts, and XPath only where the
 * expression itself names it.
 */
export function foreignLanguage(expression: AnyElement): string | null {
  const own = expression.attributes.get('language');
  if (typeof own === 'string' && own !== '') return isFeel(own) ? null : own;
  const general = rootOf(expression).attributes.get('expressionLanguage');
  if (typeof general !== 'string' || general === '' || general === xpath || isFeel(general)) return null;
  return general;
}

function rootOf(element: AnyElement): AnyElement {
  return element.parent === null ? element : rootOf(element.parent);
}

/** The expression; null when there is none or it is empty. A leading `=`, as some tools mark FEEL, is dropped. */
export function expressionOf(element: BpmnElement<'Expression'> | undefined, owner: AnyElement): Expression | null {
  if (element === undefined) return null;
  const text = textIn(element).trim().replace(/^=/, '').trim();
  return text === '' ? null : { text, elementId: idOf(element) ?? idOf(owner) ?? '' };
}

/** Several expressions as one: a FEEL list of their values. */
export function listOf(expressions: readonly Expression[]): Expression | null {
  const [first] = expressions;
  if (first === undefined || expressions.length === 1) return first ?? null;
  return { text: `[${expressions.map(({ text }) => `(${text})`).join(', ')}]`, elementId: first.elementId };
}
