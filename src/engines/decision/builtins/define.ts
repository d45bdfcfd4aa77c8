/** How a built-in function is declared: one entry of the table that evaluation, checks and documentation all read. */

import { InvariantError } from '#kernel/errors';
import { type FeelNumber, isNumber, truncated } from '../feel/numbers.ts';
import type { Run } from '../feel/run.ts';
import { Scanner } from '../feel/scanner.ts';
import { parseType } from '../feel/type-parser.ts';
import { ANY, type FeelType, typeText } from '../feel/types.ts';
import {
  type Context,
  FeelFunction,
  type FeelRange,
  isContext,
  isFunction,
  isList,
  isRange,
  type List,
  type Parameter,
  type Value,
  type Variadic,
} from '../feel/values.ts';

export type BuiltInGroup =
  | 'conversion'
  | 'boolean'
  | 'string'
  | 'list'
  | 'number'
  | 'date'
  | 'range'
  | 'context'
  | 'clock';

export interface BuiltIn {
  readonly name: string;
  readonly group: BuiltInGroup;
  readonly signatures: readonly (readonly Parameter[])[];
  readonly result: FeelType;
  /** Positional arguments beyond the first signature are taken as one list. */
  readonly variadic: Variadic;
  readonly summary: { readonly en: string; readonly zh: string };
  /** Expressions and what `string()` gives for their values; executed by a test and printed in the documentation. */
  readonly examples: readonly (readonly [expression: string, result: string])[];
  readonly value: FeelFunction;
}

export type Arguments = readonly (Value | undefined)[];
export type Implementation = (args: Arguments, run: Run, signature: number) => Value;

interface Declaration {
  readonly name: string;
  /** `name: type` pairs, `?` after the name for optional ones; several signatures in order of preference. */
  readonly parameters: string | readonly string[];
  readonly result: string;
  readonly variadic?: Variadic;
  /** Receives null arguments itself; otherwise a null argument makes the result null. */
  readonly acceptsNull?: boolean;
  readonly en: string;
  readonly zh: string;
  readonly examples: readonly (readonly [string, string])[];
  readonly call: Implementation;
}

/** Declares the functions of one group. */
export function defineGroup(group: BuiltInGroup, declarations: readonly Declaration[]): BuiltIn[] {
  return declarations.map((declaration) => {
    const texts = typeof declaration.parameters === 'string' ? [declaration.parameters] : declaration.parameters;
    const signatures = texts.map(parseParameters);
    const variadic = declaration.variadic ?? 'no';
    const call = declaration.acceptsNull === true ? declaration.call : refuseNull(declaration.name, declaration.call);
    return {
      name: declaration.name,
      group,
      signatures,
      result: parseTypeText(declaration.result),
      variadic,
      summary: { en: declaration.en, zh: declaration.zh },
      examples: declaration.examples,
      value: new FeelFunction(declaration.name, signatures, call, variadic),
    };
  });
}

function refuseNull(name: string, call: Implementation): Implementation {
  return (args, run, signature) => {
    for (const arg of args) {
      if (arg === null) return run.report('argument_null', `${name}: an argument is null`);
    }
    return call(args, run, signature);
  };
}

function parseTypeText(text: string): FeelType {
  return parseType(new Scanner(text), () => undefined) ?? ANY;
}

function parseParameters(text: string): Parameter[] {
  if (text === '') return [];
  return text.split(/, (?![^<]*>)/).map((part) => {
    const colon = part.indexOf(': ');
    const [name, type] = [part.slice(0, colon), part.slice(colon + 2)];
    const optional = name.endsWith('?');
    return { name: optional ? name.slice(0, -1) : name, type: parseTypeText(type), optional };
  });
}

/** `substring(string: string, start position: number, [length: number]): string`. */
export function signatureText(builtIn: BuiltIn, signature: readonly Parameter[]): string {
  const parameters = signature.map(({ name, type, optional }) => {
    const text = type.kind === 'any' ? name : `${name}: ${typeText(type)}`;
    return optional === true ? `[${text}]` : text;
  });
  return `${builtIn.name}(${parameters.join(', ')}${builtIn.variadic === 'no' ? '' : ', …'}): ${typeText(builtIn.result)}`;
}

/** The arguments have been converted to the signature's types before a call; these readers only tell the compiler so. */
export function textArg(value: Value | undefined): string {
  if (typeof value !== 'string') throw new InvariantError('built_in_argument_is_string');
  return value;
}

export function numberArg(value: Value | undefined): FeelNumber {
  if (!isNumber(value)) throw new InvariantError('built_in_argument_is_number');
  return value;
}

export function listArg(value: Value | undefined): List {
  if (!isList(value)) throw new InvariantError('built_in_argument_is_list');
  return value;
}

export function contextArg(value: Value | undefined): Context {
  if (!isContext(value)) throw new InvariantError('built_in_argument_is_context');
  return value;
}

export function rangeArg(value: Value | undefined): FeelRange {
  if (!isRange(value)) throw new InvariantError('built_in_argument_is_range');
  return value;
}

export function functionArg(value: Value | undefined): FeelFunction {
  if (!isFunction(value)) throw new InvariantError('built_in_argument_is_function');
  return value;
}

/** A number cut to a whole one, for positions and lengths. */
export function wholeArg(value: Value | undefined): number {
  return truncated(numberArg(value)) ?? Number.MAX_SAFE_INTEGER;
}

/** The numbers of a list, or null when something else is among them. */
export function numbersOf(list: List): FeelNumber[] | null {
  const numbers = list.filter(isNumber);
  return numbers.length === list.length ? numbers : null;
}
