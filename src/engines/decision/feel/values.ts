/**
 * The values of FEEL (DMN 1.5 §10.3.2): what every part of the engine passes around. All are immutable by convention.
 */
import { Decimal128, type FeelNumber } from './numbers.ts';
import type { Run } from './run.ts';
import type { DaysDuration, FeelDate, FeelDateTime, FeelTime, MonthsDuration } from './temporal.ts';

export type Value =
  | null
  | boolean
  | string
  | FeelNumber
  | FeelDate
  | FeelTime
  | FeelDateTime
  | DaysDuration
  | MonthsDuration
  | FeelRange
  | FeelFunction
  | List
  | Context;

export type List = readonly Value[];
export type Context = ReadonlyMap<string, Value>;

export type Kind =
  | 'null'
  | 'boolean'
  | 'string'
  | 'number'
  | 'date'
  | 'time'
  | 'date and time'
  | 'days and time duration'
  | 'years and months duration'
  | 'range'
  | 'function'
  | 'list'
  | 'context';

export type SimpleKind =
  | 'any'
  | 'null'
  | 'boolean'
  | 'string'
  | 'number'
  | 'date'
  | 'time'
  | 'date and time'
  | 'days and time duration'
  | 'years and months duration';

export type FeelType =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'list'; readonly element: FeelType }
  | { readonly kind: 'range'; readonly element: FeelType }
  | { readonly kind: 'context'; readonly fields: ReadonlyMap<string, FeelType> }
  | { readonly kind: 'function'; readonly parameters: readonly FeelType[] | null; readonly result: FeelType }
  | NamedType;

/** An item definition: a base type under a name, possibly with constraints (allowedValues or typeConstraint). */
export interface NamedType {
  readonly kind: 'named';
  readonly name: string;
  /** A function, because item definitions may refer to one another in any order. */
  readonly base: () => FeelType;
  /** Whether a value of the base type is allowed; absent without constraints. */
  readonly allows?: (value: Value, run: Run) => boolean;
  /** The allowed values as written, for checks and messages. */
  readonly constraint?: string;
}

export type RangeOperator = 'interval' | '<' | '<=' | '>' | '>=' | '=' | '!=';

/**
 * A range. An `interval` has both ends (an end may be the value null); an operator range such as `< 10` has one end and
 * stays distinguishable from the interval that holds the same values. `=` and `!=` keep their operand in both ends.
 */
export class FeelRange {
  readonly kind = 'range';
  readonly operator: RangeOperator;
  readonly start: Value;
  readonly end: Value;
  readonly startIncluded: boolean;
  readonly endIncluded: boolean;

  constructor(operator: RangeOperator, start: Value, end: Value, startIncluded: boolean, endIncluded: boolean) {
    this.operator = operator;
    this.start = start;
    this.end = end;
    this.startIncluded = startIncluded;
    this.endIncluded = endIncluded;
  }

  static of(operator: Exclude<RangeOperator, 'interval'>, operand: Value): FeelRange {
    switch (operator) {
      case '<':
      case '<=':
        return new FeelRange(operator, null, operand, false, operator === '<=');
      case '>':
      case '>=':
        return new FeelRange(operator, operand, null, operator === '>=', false);
      case '=':
        return new FeelRange(operator, operand, operand, true, true);
      case '!=':
        return new FeelRange(operator, operand, operand, false, false);
    }
  }
}

export interface Parameter {
  readonly name: string;
  readonly type: FeelType;
  readonly optional?: boolean;
}

export type Variadic = 'no' | 'list' | 'rest';

/** A callable value. `signatures` are tried in order; a user-defined function has exactly one. */
export class FeelFunction {
  readonly kind = 'function';
  readonly name: string;
  readonly signatures: readonly (readonly Parameter[])[];
  /** Whether the last parameter takes all further positional arguments; for `list`, also one list as they stand. */
  readonly variadic: Variadic;
  /** Arguments are in the order of the chosen signature; undefined stands for an absent optional one. */
  readonly invoke: (args: readonly (Value | undefined)[], run: Run, signature: number) => Value;

  constructor(
    name: string,
    signatures: readonly (readonly Parameter[])[],
    invoke: (args: readonly (Value | undefined)[], run: Run, signature: number) => Value,
    variadic: Variadic = 'no',
  ) {
    this.name = name;
    this.signatures = signatures;
    this.invoke = invoke;
    this.variadic = variadic;
  }
}

export function isList(value: unknown): value is List {
  return Array.isArray(value);
}

export function isContext(value: unknown): value is Context {
  return value instanceof Map;
}

export function isFunction(value: unknown): value is FeelFunction {
  return value instanceof FeelFunction;
}

export function isRange(value: unknown): value is FeelRange {
  return value instanceof FeelRange;
}

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    default:
      if (value === null) return 'null';
      if (isList(value)) return 'list';
      if (isContext(value)) return 'context';
      if (value instanceof Decimal128) return 'number';
      return value.kind;
  }
}
