/**
 * Variables as JSON that survives storage: what JSON has no type for is an object with one member that starts with `$`.
 * Whole numbers within the safe range are JSON numbers; every other number is `{"$number": "0.10"}`.
 */
import { compileExpression, type FeelValue, feel, fromJson, literalText, toJson } from '#engines/decision';
import { processError } from '../errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Variables = { [name: string]: Json };

const makers = {
  $number: feel.number,
  $date: feel.date,
  $time: feel.time,
  $dateTime: feel.dateTime,
  $duration: feel.duration,
  $feel: (text: string): FeelValue => compileExpression(text).evaluate(new Map()),
} as const;

const tags: Readonly<Record<string, keyof typeof makers>> = {
  date: '$date',
  time: '$time',
  'date and time': '$dateTime',
  'days and time duration': '$duration',
  'years and months duration': '$duration',
  range: '$feel',
};

/** The stored form of a FEEL value. A function cannot be stored and becomes null. */
export function encode(value: FeelValue): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (feel.isNumber(value)) {
    const plain = toJson(value);
    return typeof plain === 'number' && Number.isSafeInteger(plain) ? plain : { $number: String(plain) };
  }
  if (feel.isList(value)) return value.map(encode);
  if (feel.isContext(value)) return contextOf([...value].map(([name, item]) => [name, encode(item)]));
  const tag = tags[value.kind];
  return tag === undefined ? null : { [tag]: literalText(value) };
}

function contextOf(members: readonly (readonly [string, Json])[]): Json {
  const made = Object.fromEntries(members);
  return members.length === 1 && members[0]?.[0].startsWith('$') ? { $context: made } : made;
}

/** The FEEL value of a stored variable. */
export function decode(data: Json): FeelValue {
  if (data === null || typeof data !== 'object') return fromJson(data);
  if (Array.isArray(data)) return data.map(decode);
  const members = Object.entries(data);
  const [first] = members;
  if (members.length === 1 && first !== undefined && first[0].startsWith('$')) {
    const [tag, inner] = first;
    if (tag === '$context' && isMembers(inner)) return decodeMembers(inner);
    if (isTag(tag) && typeof inner === 'string') return makers[tag](inner);
  }
  return decodeMembers(data as Variables);
}

function decodeMembers(data: Readonly<Variables>): FeelValue {
  return new Map(Object.entries(data).map(([name, item]) => [name, decode(item)]));
}

function isTag(text: string): text is keyof typeof makers {
  return Object.hasOwn(makers, text);
}

export function isMembers(data: Json | undefined): data is Variables {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/**
 * The stored form of what a program gives: JSON data, bigint, and the `$` objects above. Error:
 * `process_variable_invalid`.
 */
export function fromPlain(data: unknown): Json {
  switch (typeof data) {
    case 'undefined':
      return null;
    case 'boolean':
    case 'string':
      return data;
    case 'number':
      if (Number.isSafeInteger(data)) return data;
      break;
    case 'bigint':
      return Number.isSafeInteger(Number(data)) ? Number(data) : { $number: data.toString() };
    case 'object':
      return data === null ? null : structureFromPlain(data);
    default:
      break;
  }
  try {
    return encode(fromJson(data));
  } catch {
    throw processError('process_variable_invalid', `No value stands for ${String(data)}`);
  }
}

function structureFromPlain(data: object): Json {
  if (Array.isArray(data)) return data.map(fromPlain);
  const members = Object.entries(data as Record<string, unknown>);
  const [first] = members;
  if (members.length === 1 && first !== undefined && isTag(first[0])) {
    const [tag, text] = first;
    const value = typeof text === 'string' ? makers[tag](text) : null;
    if (value === null) throw processError('process_variable_invalid', `${String(text)} is not a ${tag.slice(1)}`);
    return encode(value);
  }
  return contextOf(members.map(([name, item]) => [name, fromPlain(item)]));
}

/** Variables of a plain object; undefined gives none. */
export function variablesFromPlain(data: Readonly<Record<string, unknown>> | undefined): Variables {
  const made: Variables = {};
  for (const [name, item] of Object.entries(data ?? {})) made[name] = fromPlain(item);
  return made;
}

/** Plain data for programs and people: fractions, dates and durations as text. */
export function toPlain(data: Json): unknown {
  if (data === null || typeof data !== 'object') return data;
  if (Array.isArray(data)) return data.map(toPlain);
  const members = Object.entries(data);
  const [first] = members;
  if (members.length === 1 && first !== undefined && first[0].startsWith('$')) {
    if (first[0] === '$context') return toPlainMembers(first[1] as Variables);
    if (isTag(first[0])) return first[1];
  }
  return toPlainMembers(data as Variables);
}

export function toPlainMembers(data: Readonly<Variables>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([name, item]) => [name, toPlain(item)]));
}
