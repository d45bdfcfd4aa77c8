/** Values in the kit's test files, and when a result counts as the expected one. */
import { type FeelValue, feel } from '#engines/decision';
import { attributeOf, childElement, childElements, textOf, type XmlElement } from '#kernel/xml';

/** The value below an `inputNode`, `expected`, `item` or `component` element. */
export function valueOfXml(element: XmlElement): FeelValue {
  const components = childElements(element, 'component');
  if (components.length > 0) {
    return new Map(components.map((component) => [attributeOf(component, 'name') ?? '', valueOfXml(component)]));
  }
  const list = childElement(element, 'list');
  if (list !== undefined) return childElements(list, 'item').map(valueOfXml);
  const value = childElement(element, 'value');
  return value === undefined ? null : simpleValue(value);
}

function simpleValue(element: XmlElement): FeelValue {
  const attribute = (local: string): string | undefined =>
    element.attributes.find(({ name }) => name === local || name.endsWith(`:${local}`))?.value;
  if (attribute('nil') === 'true') return null;
  const text = textOf(element);
  const trimmed = text.trim();
  switch (attribute('type')?.split(':').at(-1)) {
    case 'boolean':
      return trimmed === 'true' || trimmed === '1';
    case 'decimal':
    case 'double':
    case 'integer':
      return feel.number(trimmed.replace(/^\+/, ''));
    case 'date':
      return feel.date(trimmed);
    case 'time':
      return feel.time(trimmed);
    case 'dateTime':
      return feel.dateTime(trimmed);
    case 'duration':
      return feel.duration(trimmed);
    default:
      return text;
  }
}

/** The kit compares numbers to a relative precision of about 1e-8, because its expected values are rounded so. */
export function sameResult(expected: FeelValue, actual: FeelValue): boolean {
  if (feel.isNumber(expected) && feel.isNumber(actual)) return feel.nearlyEqual(expected, actual, '0.00000001');
  if (feel.isList(expected) && feel.isList(actual)) {
    return (
      expected.length === actual.length && expected.every((item, index) => sameResult(item, actual[index] ?? null))
    );
  }
  if (feel.isContext(expected) && feel.isContext(actual)) {
    if (expected.size !== actual.size) return false;
    return [...expected].every(([key, value]) => actual.has(key) && sameResult(value, actual.get(key) ?? null));
  }
  return feel.isEqual(expected, actual);
}
