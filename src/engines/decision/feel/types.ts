/** FEEL types (DMN 1.5 §10.3.2.9): their names, which values they hold, conversion of values to them. */
import { dateTimeOfDate } from './operators.ts';
import type { Run } from './run.ts';
import { FeelDate } from './temporal.ts';
import { FeelFunction, FeelRange, type FeelType, isContext, isList, kindOf, type Value } from './values.ts';

export type { FeelType, NamedType, SimpleKind } from './values.ts';

export const ANY: FeelType = { kind: 'any' };
export const NULL: FeelType = { kind: 'null' };
export const BOOLEAN: FeelType = { kind: 'boolean' };
export const STRING: FeelType = { kind: 'string' };
export const NUMBER: FeelType = { kind: 'number' };
export const DATE: FeelType = { kind: 'date' };
export const TIME: FeelType = { kind: 'time' };
export const DATE_TIME: FeelType = { kind: 'date and time' };
export const DAYS_DURATION: FeelType = { kind: 'days and time duration' };
export const MONTHS_DURATION: FeelType = { kind: 'years and months duration' };
export const LIST: FeelType = { kind: 'list', element: ANY };
export const RANGE: FeelType = { kind: 'range', element: ANY };
export const CONTEXT: FeelType = { kind: 'context', fields: new Map() };
export const FUNCTION: FeelType = { kind: 'function', parameters: null, result: ANY };

export function listOf(element: FeelType): FeelType {
  return { kind: 'list', element };
}

const BUILT_IN = new Map<string, FeelType>([
  ['Any', ANY],
  ['Null', NULL],
  ['null', NULL],
  ['boolean', BOOLEAN],
  ['string', STRING],
  ['number', NUMBER],
  ['date', DATE],
  ['time', TIME],
  ['date and time', DATE_TIME],
  ['dateTime', DATE_TIME],
  ['days and time duration', DAYS_DURATION],
  ['dayTimeDuration', DAYS_DURATION],
  ['years and months duration', MONTHS_DURATION],
  ['yearMonthDuration', MONTHS_DURATION],
  ['list', LIST],
  ['range', RANGE],
  ['context', CONTEXT],
  ['function', FUNCTION],
]);

/** The type of a FEEL type name, also in the spellings of older models; undefined when it is not built in. */
export function builtInType(name: string): FeelType | undefined {
  return BUILT_IN.get(name);
}

/** The type below names and constraints. */
export function underlying(type: FeelType): FeelType {
  let current = type;
  for (let hops = 0; current.kind === 'named'; hops += 1) {
    if (hops > 64) return ANY;
    current = current.base();
  }
  return current;
}

export function typeText(type: FeelType): string {
  switch (type.kind) {
    case 'any':
      return 'Any';
    case 'null':
      return 'Null';
    case 'named':
      return type.name;
    case 'list':
      return `list<${typeText(type.element)}>`;
    case 'range':
      return `range<${typeText(type.element)}>`;
    case 'context':
      return `context<${[...type.fields].map(([name, field]) => `${name}: ${typeText(field)}`).join(', ')}>`;
    case 'function':
      return `function<${(type.parameters ?? []).map(typeText).join(', ')}> -> ${typeText(type.result)}`;
    default:
      return type.kind;
  }
}

/** Whether the value belongs to the type as it stands. Null belongs to every type, save `instance of`, which asks itself. */
export function conforms(value: Value, type: FeelType, run: Run): boolean {
  if (value === null) return true;
  switch (type.kind) {
    case 'any':
      return true;
    case 'null':
      return false;
    case 'named':
      return conforms(value, type.base(), run) && (type.allows === undefined || type.allows(value, run));
    case 'list':
      if (!isList(value)) return false;
      if (type.element.kind === 'any') return true;
      run.charge(value.length);
      return value.every((item) => conforms(item, type.element, run));
    case 'range':
      return (
        value instanceof FeelRange &&
        (value.start !== null || value.end !== null || type.element.kind === 'any') &&
        conforms(value.start, type.element, run) &&
        conforms(value.end, type.element, run)
      );
    case 'context':
      if (!isContext(value)) return false;
      for (const [name, field] of type.fields) {
        const entry = value.get(name);
        if (entry === undefined || !conforms(entry, field, run)) return false;
      }
      return true;
    case 'function':
      return value instanceof FeelFunction && functionConforms(value, type);
    default:
      return kindOf(value) === type.kind;
  }
}

function functionConforms(value: FeelFunction, type: FeelType & { kind: 'function' }): boolean {
  if (type.parameters === null) return true;
  const wanted = type.parameters;
  return value.signatures.some(
    (signature) =>
      signature.length === wanted.length &&
      signature.every((parameter, index) => isSubtype(wanted[index] ?? ANY, parameter.type)),
  );
}

/** Whether every value of `type` also belongs to `wanted` (DMN 1.5 §10.3.2.9.2, conformance). */
export function isSubtype(type: FeelType, wanted: FeelType): boolean {
  if (type === wanted || wanted.kind === 'any' || type.kind === 'null') return true;
  if (wanted.kind === 'named') {
    if (type.kind === 'named' && type.name === wanted.name) return true;
    return isSubtype(type, wanted.base());
  }
  if (type.kind === 'named') return isSubtype(type.base(), wanted);
  if (type.kind === 'list' && wanted.kind === 'list') return isSubtype(type.element, wanted.element);
  if (type.kind === 'range' && wanted.kind === 'range') return isSubtype(type.element, wanted.element);
  if (type.kind === 'context' && wanted.kind === 'context') {
    return [...wanted.fields].every(([name, field]) => {
      const own = type.fields.get(name);
      return own !== undefined && isSubtype(own, field);
    });
  }
  if (type.kind === 'function' && wanted.kind === 'function') {
    if (wanted.parameters === null) return true;
    const own = type.parameters;
    return (
      own !== null &&
      own.length === wanted.parameters.length &&
      own.every((parameter, index) => isSubtype(wanted.parameters?.[index] ?? ANY, parameter)) &&
      isSubtype(type.result, wanted.result)
    );
  }
  return type.kind === wanted.kind;
}

/**
 * The value as the type: itself, the item of a singleton list, a singleton list of it, or a date as a date-time
 * (DMN 1.5 §10.3.2.9.4); undefined when none of these belongs to the type.
 */
export function convert(value: Value, type: FeelType, run: Run): Value | undefined {
  if (conforms(value, type, run)) return value;
  const base = underlying(type);
  if (base.kind === 'list') {
    const singleton = [value];
    if (!isList(value) && conforms(singleton, type, run)) return singleton;
    return undefined;
  }
  if (isList(value) && value.length === 1) {
    const only = value[0] ?? null;
    if (conforms(only, type, run)) return only;
  }
  if (base.kind === 'date and time' && value instanceof FeelDate) {
    const converted = dateTimeOfDate(value);
    if (conforms(converted, type, run)) return converted;
  }
  return undefined;
}

/** {@link convert}, where a value that cannot be converted becomes null with a message. */
export function coerce(value: Value, type: FeelType, run: Run, what: string): Value {
  if (value === null || type.kind === 'any') return value;
  const converted = convert(value, type, run);
  if (converted !== undefined) return converted;
  return run.report('type_mismatch', `${what}: ${kindOf(value)} is not ${typeText(type)}`);
}

/** `value instance of type`: null is an instance of Null only, and constraints of item definitions do not count. */
export function isInstance(value: Value, type: FeelType, run: Run): boolean {
  if (value === null) return underlying(type).kind === 'null';
  return conforms(value, withoutConstraints(type), run);
}

function withoutConstraints(type: FeelType): FeelType {
  if (type.kind !== 'named') return type;
  const base = underlying(type);
  if (base.kind === 'list') return listOf(withoutConstraints(base.element));
  return base;
}
