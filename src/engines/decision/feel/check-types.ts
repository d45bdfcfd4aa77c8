/**
 * The type checker: which type an expression has, and what can be seen to be wrong with it before it runs. It speaks up
 * only where it is certain: whatever may have any type is not complained about.
 */
import { BUILT_INS } from '../builtins/index.ts';
import type { Node } from './ast.ts';
import { checkCall, checkNamedCall } from './check-calls.ts';
import { type CheckContext, lookUp, nearest, type TypeScope, withNames } from './check-scope.ts';
import { PROPERTY_NAMES } from './properties.ts';
import {
  ANY,
  BOOLEAN,
  CONTEXT,
  DATE,
  DATE_TIME,
  DAYS_DURATION,
  type FeelType,
  LIST,
  listOf,
  MONTHS_DURATION,
  NULL,
  NUMBER,
  STRING,
  TIME,
  typeText,
  underlying,
} from './types.ts';
import { kindOf, type Value } from './values.ts';

type NodeOf<Type extends Node['type']> = Extract<Node, { readonly type: Type }>;

/** The type of a node; findings go to `context.report`. */
export function typeOf(node: Node, scope: TypeScope, context: CheckContext): FeelType {
  const of = (child: Node): FeelType => typeOf(child, scope, context);
  switch (node.type) {
    case 'literal':
      return typeOfValue(node.value);
    case 'name':
      return typeOfName(node, scope, context);
    case 'path':
      return typeOfPath(node, of(node.target), context);
    case 'filter':
      return typeOfFilter(node, scope, context);
    case 'call': {
      const callee = of(node.callee);
      return checkCall(node, callee, node.args.map(of), context);
    }
    case 'named call': {
      const callee = of(node.callee);
      return checkNamedCall(node, callee, new Map(node.args.map((arg) => [arg.name, of(arg.value)])), context);
    }
    case 'negate':
      return of(node.operand);
    case 'arithmetic':
      return typeOfArithmetic(node, underlying(of(node.left)), underlying(of(node.right)), context);
    case 'compare':
      return checkComparable(node, of(node.left), of(node.right), context);
    case 'between': {
      const value = of(node.value);
      checkComparable(node, value, of(node.low), context);
      return checkComparable(node, value, of(node.high), context);
    }
    case 'in': {
      const value = of(node.value);
      for (const test of node.tests) checkTest(test, value, of(test), context);
      return BOOLEAN;
    }
    case 'and':
    case 'or':
      for (const side of [node.left, node.right]) expectBoolean(side, of(side), context, node.type);
      return BOOLEAN;
    case 'if': {
      expectBoolean(node.condition, of(node.condition), context, 'if');
      return either(of(node.consequent), of(node.alternative));
    }
    case 'for': {
      const inner = iteratorScope(node, scope, context);
      const partial = withNames(inner, [['partial', LIST]]);
      return listOf(typeOf(node.body, partial, context));
    }
    case 'some':
    case 'every': {
      const inner = iteratorScope(node, scope, context);
      expectBoolean(node.condition, typeOf(node.condition, inner, context), context, node.type);
      return BOOLEAN;
    }
    case 'list':
      return listOf(node.items.map(of).reduce(either, NULL));
    case 'context':
      return typeOfContext(node, scope, context);
    case 'range':
      return {
        kind: 'range',
        element: either(node.from === null ? NULL : of(node.from), node.to === null ? NULL : of(node.to)),
      };
    case 'function': {
      const parameters = node.parameters.map((parameter) => parameter.type ?? ANY);
      const names = node.parameters.map((parameter, index) => [parameter.name, parameters[index] ?? ANY] as const);
      const result = node.body === null ? ANY : typeOf(node.body, withNames(scope, names), context);
      return { kind: 'function', parameters, result };
    }
    case 'instance':
      of(node.value);
      if (node.of === null) context.report('type_unknown', 'There is no such type', '没有这个类型', node);
      return BOOLEAN;
    case 'tests': {
      const input = lookUp(scope, '?') ?? ANY;
      for (const test of node.tests) checkTest(test, input, of(test), context);
      return BOOLEAN;
    }
    case 'coerce':
      of(node.operand);
      return node.to;
    case 'table':
      return context.table(node.table, scope);
  }
}

function typeOfValue(value: Value): FeelType {
  switch (kindOf(value)) {
    case 'null':
      return NULL;
    case 'boolean':
      return BOOLEAN;
    case 'string':
      return STRING;
    case 'number':
      return NUMBER;
    case 'date':
      return DATE;
    case 'time':
      return TIME;
    case 'date and time':
      return DATE_TIME;
    case 'days and time duration':
      return DAYS_DURATION;
    case 'years and months duration':
      return MONTHS_DURATION;
    default:
      return ANY;
  }
}

function typeOfName(node: NodeOf<'name'>, scope: TypeScope, context: CheckContext): FeelType {
  const type = lookUp(scope, node.name);
  if (type !== undefined) return type;
  if (BUILT_INS.has(node.name)) return { kind: 'function', parameters: null, result: ANY };
  const guess = nearest(node.name, scope);
  context.report(
    'name_unknown',
    `There is no ${node.name}${guess === undefined ? '' : `; is ${guess} meant?`}`,
    `没有名为 ${node.name} 的变量${guess === undefined ? '' : `，是否指 ${guess}？`}`,
    node,
  );
  return ANY;
}

function typeOfPath(node: NodeOf<'path'>, target: FeelType, context: CheckContext): FeelType {
  const base = underlying(target);
  if (base.kind === 'list') {
    const inner = typeOfPath(node, base.element, context);
    return listOf(inner);
  }
  if (base.kind === 'context') {
    const field = base.fields.get(node.name);
    if (field !== undefined || base.fields.size === 0) return field ?? ANY;
    const names = [...base.fields.keys()].join(', ');
    context.report(
      'entry_unknown',
      `${typeText(target)} has no ${node.name}; it has ${names}`,
      `${typeText(target)} 没有 ${node.name}，只有 ${names}`,
      node,
    );
    return ANY;
  }
  if (base.kind === 'number' || base.kind === 'string' || base.kind === 'boolean') {
    context.report('entry_unknown', `A ${base.kind} has no ${node.name}`, `${base.kind} 没有属性 ${node.name}`, node);
    return ANY;
  }
  const isProperty = PROPERTY_NAMES.some((name) => name === node.name);
  return isProperty && base.kind !== 'any' && base.kind !== 'range' && !/offset|timezone/.test(node.name)
    ? NUMBER
    : ANY;
}

function typeOfFilter(node: NodeOf<'filter'>, scope: TypeScope, context: CheckContext): FeelType {
  const source = underlying(typeOf(node.list, scope, context));
  const element = source.kind === 'list' ? source.element : source;
  const fields = underlying(element);
  const known = fields.kind === 'context' ? [...fields.fields] : [];
  // Entries of an item of unknown shape are names nobody can know before.
  const open = fields.kind === 'any' || (fields.kind === 'context' && fields.fields.size === 0);
  const inner: TypeScope = { ...withNames(scope, [['item', element], ...known]), open };
  const condition = underlying(typeOf(node.condition, inner, context));
  if (condition.kind === 'number') return element;
  return condition.kind === 'any' ? ANY : listOf(element);
}

const DURATIONS = new Set(['days and time duration', 'years and months duration']);
const POINTS = new Set(['date', 'time', 'date and time']);

function typeOfArithmetic(
  node: NodeOf<'arithmetic'>,
  left: FeelType,
  right: FeelType,
  context: CheckContext,
): FeelType {
  if (left.kind === 'any' || right.kind === 'any' || left.kind === 'null' || right.kind === 'null') return ANY;
  const result = arithmeticResult(node.operator, left, right);
  if (result !== null) return result;
  const verb = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', '**': 'raise' }[node.operator];
  const hint = left.kind === 'string' || right.kind === 'string' ? '; string() makes text of a value' : '';
  context.report(
    'operands_invalid',
    `Cannot ${verb} ${typeText(left)} and ${typeText(right)}${hint}; the result is always null`,
    `${typeText(left)} 与 ${typeText(right)} 不能做 ${node.operator} 运算，结果恒为 null`,
    node,
  );
  return NULL;
}

function arithmeticResult(operator: string, left: FeelType, right: FeelType): FeelType | null {
  const [a, b] = [left.kind, right.kind];
  if (a === 'number' && b === 'number') return NUMBER;
  if (operator === '+' && a === 'string' && b === 'string') return STRING;
  if (operator === '+' || operator === '-') {
    if (DURATIONS.has(a) && a === b) return left;
    if (POINTS.has(a) && DURATIONS.has(b)) return a === 'time' && b.startsWith('years') ? null : left;
    if (operator === '+' && DURATIONS.has(a) && POINTS.has(b))
      return b === 'time' && a.startsWith('years') ? null : right;
    if (operator === '-' && POINTS.has(a) && POINTS.has(b) && (a === 'time') === (b === 'time')) return DAYS_DURATION;
    return null;
  }
  if (operator === '*' && a === 'number' && DURATIONS.has(b)) return right;
  if ((operator === '*' || operator === '/') && DURATIONS.has(a) && b === 'number') return left;
  return operator === '/' && DURATIONS.has(a) && a === b ? NUMBER : null;
}

function isCertain(type: FeelType): boolean {
  return type.kind !== 'any' && type.kind !== 'null';
}

function checkComparable(node: Node, left: FeelType, right: FeelType, context: CheckContext): FeelType {
  const a = underlying(left);
  const b = underlying(right);
  if (isCertain(a) && isCertain(b) && a.kind !== b.kind) {
    context.report(
      'operands_invalid',
      `${typeText(left)} is never comparable with ${typeText(right)}; the result is always null`,
      `${typeText(left)} 与 ${typeText(right)} 不可比较，结果恒为 null`,
      node,
    );
  }
  return BOOLEAN;
}

/** A test fits when it is of the input's type, a range or list of it, or a condition. */
function checkTest(node: Node, input: FeelType, test: FeelType, context: CheckContext): void {
  const value = underlying(input);
  const base = underlying(test);
  const wanted =
    base.kind === 'range' || (base.kind === 'list' && value.kind !== 'list') ? underlying(base.element) : base;
  if (!isCertain(value) || !isCertain(wanted) || value.kind === wanted.kind || wanted.kind === 'list') return;
  if (wanted.kind === 'range' || wanted.kind === 'function') return;
  if (wanted.kind === 'boolean' && node.type !== 'literal') return;
  context.report(
    'test_invalid',
    `${typeText(input)} is tested against ${typeText(test)}, which never holds`,
    `${typeText(input)} 与 ${typeText(test)} 比较，永不成立`,
    node,
  );
}

function expectBoolean(node: Node, type: FeelType, context: CheckContext, where: string): void {
  const base = underlying(type);
  if (!isCertain(base) || base.kind === 'boolean') return;
  context.report(
    'condition_invalid',
    `${where} needs a boolean, not ${typeText(type)}`,
    `${where} 需要布尔值，而非 ${typeText(type)}`,
    node,
  );
}

/** The type of one of two values. */
function either(left: FeelType, right: FeelType): FeelType {
  if (left.kind === 'null') return right;
  if (right.kind === 'null') return left;
  return typeText(left) === typeText(right) ? left : ANY;
}

function iteratorScope(node: NodeOf<'for' | 'some' | 'every'>, scope: TypeScope, context: CheckContext): TypeScope {
  let inner = scope;
  for (const { name, source, to } of node.iterators) {
    const domain = underlying(typeOf(source, inner, context));
    if (to !== null) typeOf(to, inner, context);
    const element = domain.kind === 'list' || domain.kind === 'range' ? domain.element : domain;
    inner = withNames(inner, [[name, element]]);
  }
  return inner;
}

function typeOfContext(node: NodeOf<'context'>, scope: TypeScope, context: CheckContext): FeelType {
  const fields = new Map<string, FeelType>();
  let inner = scope;
  for (const { name, value } of node.entries) {
    if (fields.has(name)) context.report('entry_twice', `Entry ${name} comes twice`, `条目 ${name} 重复`, value);
    const early = value.type === 'function' ? withNames(inner, [[name, ANY]]) : inner;
    const type = typeOf(value, early, context);
    fields.set(name, type);
    inner = withNames(inner, [[name, type]]);
  }
  if (node.result !== null) return typeOf(node.result, inner, context);
  return fields.size === 0 ? CONTEXT : { kind: 'context', fields };
}
