/** JSON at the border: FEEL values to plain data and back, guided by declared types. */
import { decisionError } from './errors.ts';
import { isNumber, numberFromJavaScript, numberFromText, numberToText } from './feel/numbers.ts';
import { dateFromText, dateTimeFromText, durationFromText, timeFromText } from './feel/temporal-parse.ts';
import { literalText } from './feel/text.ts';
import { type FeelType, underlying } from './feel/types.ts';
import { isContext, isList, type Value } from './feel/values.ts';

const MAX_DEPTH = 100;

/**
 * A FEEL value from plain data. Numbers are read by their shortest decimal text; where the declared type is a number, a
 * date, a time or a duration, text is read as one too. Throws `decision_input_invalid` for what no value stands for.
 */
export function fromJson(data: unknown, type: FeelType | null = null, depth = 0): Value {
  if (depth > MAX_DEPTH) throw decisionError('decision_input_invalid', 'Input nests too deeply');
  switch (typeof data) {
    case 'undefined':
      return null;
    case 'boolean':
      return data;
    case 'number':
      return numberFromJavaScript(data) ?? refuse(data);
    case 'bigint':
      return numberFromText(String(data));
    case 'string':
      return type === null ? data : textAs(data, type);
    case 'object':
      return data === null ? null : structureFromJson(data, type, depth);
    default:
      return refuse(data);
  }
}

function refuse(data: unknown): never {
  throw decisionError('decision_input_invalid', `No value stands for ${String(data)}`);
}

function structureFromJson(data: object, type: FeelType | null, depth: number): Value {
  const base = type === null ? null : underlying(type);
  if (Array.isArray(data)) {
    const element = base?.kind === 'list' ? base.element : null;
    return data.map((item) => fromJson(item, element, depth + 1));
  }
  // Values that are FEEL already pass as they are.
  if (data instanceof Map) return data;
  if (isNumber(data)) return data;
  const fields = base?.kind === 'context' ? base.fields : null;
  return new Map(
    Object.entries(data).map(([name, item]) => [name, fromJson(item, fields?.get(name) ?? null, depth + 1)]),
  );
}

function textAs(text: string, type: FeelType): Value {
  switch (underlying(type).kind) {
    case 'number':
      return numberFromText(text) ?? text;
    case 'date':
      return dateFromText(text) ?? text;
    case 'time':
      return timeFromText(text) ?? text;
    case 'date and time':
      return dateTimeFromText(text) ?? text;
    case 'days and time duration':
    case 'years and months duration':
      return durationFromText(text) ?? text;
    default:
      return text;
  }
}

/** Plain data for JSON: whole numbers within the safe range as numbers, all others and dates as text. */
export function toJson(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (isNumber(value)) return numberToText(value);
  if (isList(value)) return value.map(toJson);
  if (isContext(value)) {
    const made: Record<string, unknown> = Object.create(null);
    for (const [name, item] of value) made[name] = toJson(item);
    return { ...made };
  }
  return literalText(value);
}
