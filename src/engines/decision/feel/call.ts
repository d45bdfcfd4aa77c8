/** Calls of functions: which signature fits, conversion of arguments, bounds on nesting (DMN 1.5 §10.3.2.13). */
import type { Run } from './run.ts';
import { convert } from './types.ts';
import { type FeelFunction, isList, kindOf, type Parameter, type Value } from './values.ts';

/** Calls with positional arguments. Whatever does not fit makes the result null, with a message. */
export function callFunction(fn: FeelFunction, args: readonly Value[], run: Run): Value {
  if (fn.variadic !== 'no') return callVariadic(fn, args, run);
  for (let index = 0; index < fn.signatures.length; index += 1) {
    const signature = fn.signatures[index] ?? [];
    if (!acceptsCount(signature, args.length)) continue;
    const converted = convertAll(signature, args, run);
    if (converted !== null) return invoke(fn, converted, run, index);
  }
  return run.report('arguments_invalid', `${fn.name || 'function'} cannot take (${args.map(kindOf).join(', ')})`);
}

/** Calls with named arguments, in any order. */
export function callNamed(fn: FeelFunction, args: ReadonlyMap<string, Value>, run: Run): Value {
  for (let index = 0; index < fn.signatures.length; index += 1) {
    const signature = fn.signatures[index] ?? [];
    const ordered = orderArguments(signature, args);
    const converted = ordered === null ? null : convertAll(signature, ordered, run);
    if (converted !== null) return invoke(fn, converted, run, index);
  }
  return run.report('arguments_invalid', `${fn.name || 'function'} has no parameters (${[...args.keys()].join(', ')})`);
}

function invoke(fn: FeelFunction, args: readonly (Value | undefined)[], run: Run, signature: number): Value {
  run.enter();
  const result = fn.invoke(args, run, signature);
  run.leave();
  return result;
}

function acceptsCount(signature: readonly Parameter[], count: number): boolean {
  if (count > signature.length) return false;
  for (let index = count; index < signature.length; index += 1) {
    if (signature[index]?.optional !== true) return false;
  }
  return true;
}

function orderArguments(
  signature: readonly Parameter[],
  args: ReadonlyMap<string, Value>,
): (Value | undefined)[] | null {
  let used = 0;
  const ordered: (Value | undefined)[] = [];
  for (const { name, optional } of signature) {
    const value = args.get(name);
    if (value === undefined && optional !== true) return null;
    if (value !== undefined) used += 1;
    ordered.push(value);
  }
  return used === args.size ? ordered : null;
}

function convertAll(
  signature: readonly Parameter[],
  args: readonly (Value | undefined)[],
  run: Run,
): (Value | undefined)[] | null {
  const converted: (Value | undefined)[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    const parameter = signature[index];
    if (arg === undefined || arg === null || parameter === undefined || parameter.type.kind === 'any') {
      converted.push(arg);
      continue;
    }
    const value = convert(arg, parameter.type, run);
    if (value === undefined) return null;
    converted.push(value);
  }
  return converted;
}

/** The last parameter of the only signature takes all arguments from its place on; a single list there is the list itself. */
function callVariadic(fn: FeelFunction, args: readonly Value[], run: Run): Value {
  const signature = fn.signatures[0] ?? [];
  const fixed = signature.length - 1;
  if (args.length < signature.length) return run.report('arguments_invalid', `${fn.name}: too few arguments`);
  const rest = args.slice(fixed);
  const only = rest[0];
  if (rest.length === 1 && fn.variadic === 'list') {
    if (only === null || only === undefined) return run.report('argument_null', `${fn.name}: the list is null`);
    return invoke(fn, [isList(only) ? only : rest], run, 0);
  }
  const converted = convertAll(signature, args.slice(0, fixed), run);
  if (converted === null) return run.report('arguments_invalid', `${fn.name}: arguments do not fit`);
  return invoke(fn, [...converted, rest], run, 0);
}
