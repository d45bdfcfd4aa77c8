/** Calls as the type checker sees them: too few or too many arguments, wrong names, wrong types. */
import { BUILT_INS, type BuiltIn, signatureText } from '../builtins/index.ts';
import type { Node } from './ast.ts';
import type { CheckContext } from './check-scope.ts';
import { ANY, type FeelType, isSubtype, typeText, underlying } from './types.ts';
import type { Parameter } from './values.ts';

type NodeOf<Type extends Node['type']> = Extract<Node, { readonly type: Type }>;

function builtInOf(callee: Node, type: FeelType): BuiltIn | undefined {
  return callee.type === 'name' && type.kind === 'function' && type.parameters === null
    ? BUILT_INS.get(callee.name)
    : undefined;
}

export function checkCall(
  node: NodeOf<'call'>,
  callee: FeelType,
  args: readonly FeelType[],
  context: CheckContext,
): FeelType {
  const builtIn = builtInOf(node.callee, callee);
  if (builtIn !== undefined) {
    if (builtIn.variadic !== 'no' || builtIn.signatures.some((signature) => accepts(signature, args)))
      return builtIn.result;
    refuse(node, builtIn, args, context);
    return builtIn.result;
  }
  const fn = functionType(node, callee, context);
  if (fn?.kind !== 'function' || fn.parameters === null) return ANY;
  const { parameters } = fn;
  if (parameters.length !== args.length) {
    context.report(
      'arguments_invalid',
      `${parameters.length} arguments are wanted, ${args.length} given`,
      `需要 ${parameters.length} 个参数，给出了 ${args.length} 个`,
      node,
    );
    return fn.result;
  }
  args.forEach((arg, index) => {
    const wanted = parameters[index] ?? ANY;
    if (fits(arg, wanted)) return;
    context.report(
      'arguments_invalid',
      `Argument ${index + 1} is ${typeText(arg)}, but ${typeText(wanted)} is wanted`,
      `第 ${index + 1} 个参数是 ${typeText(arg)}，需要 ${typeText(wanted)}`,
      node.args[index] ?? node,
    );
  });
  return fn.result;
}

export function checkNamedCall(
  node: NodeOf<'named call'>,
  callee: FeelType,
  args: ReadonlyMap<string, FeelType>,
  context: CheckContext,
): FeelType {
  const builtIn = builtInOf(node.callee, callee);
  if (builtIn === undefined) {
    const fn = functionType(node, callee, context);
    return fn?.kind === 'function' ? fn.result : ANY;
  }
  const named = builtIn.signatures.some((signature) => {
    const ordered = signature.map(({ name }) => args.get(name));
    const complete = signature.every((parameter, index) => parameter.optional === true || ordered[index] !== undefined);
    const known = [...args.keys()].every((name) => signature.some((parameter) => parameter.name === name));
    return complete && known && signature.every(({ type }, index) => fits(ordered[index] ?? ANY, type));
  });
  if (!named) refuse(node, builtIn, [...args.values()], context);
  return builtIn.result;
}

function functionType(node: NodeOf<'call' | 'named call'>, callee: FeelType, context: CheckContext): FeelType | null {
  const base = underlying(callee);
  if (base.kind === 'function' || base.kind === 'any') return base;
  context.report('not_a_function', `${typeText(callee)} cannot be called`, `${typeText(callee)} 不能调用`, node.callee);
  return null;
}

function refuse(node: Node, builtIn: BuiltIn, args: readonly FeelType[], context: CheckContext): void {
  const forms = builtIn.signatures.map((signature) => signatureText(builtIn, signature)).join(' or ');
  const given = args.map(typeText).join(', ');
  context.report(
    'arguments_invalid',
    `${builtIn.name} cannot take (${given}); it is ${forms}`,
    `${builtIn.name} 不接受参数（${given}），其形式为 ${forms}`,
    node,
  );
}

function accepts(signature: readonly Parameter[], args: readonly FeelType[]): boolean {
  if (args.length > signature.length) return false;
  return signature.every(({ type, optional }, index) => {
    const arg = args[index];
    return arg === undefined ? optional === true : fits(arg, type);
  });
}

/** Whether a value of the type may be passed, conversions of singleton lists and of dates included. */
function fits(arg: FeelType, wanted: FeelType): boolean {
  const a = underlying(arg);
  const b = underlying(wanted);
  if (a.kind === 'any' || a.kind === 'null' || b.kind === 'any' || isSubtype(arg, wanted)) return true;
  if (b.kind === 'list') return a.kind === 'list' ? fits(a.element, b.element) : fits(a, b.element);
  if (a.kind === 'list') return fits(a.element, wanted);
  if (b.kind === 'function') return a.kind === 'function';
  return (
    (b.kind === 'date and time' && a.kind === 'date') ||
    (b.kind === 'range' && a.kind === 'range') ||
    (b.kind === 'context' && a.kind === 'context')
  );
}
