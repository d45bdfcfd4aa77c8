/** Compiled arithmetic, comparison and logic. */
import type { ArithmeticOperator, ComparisonOperator, Located, Node } from './ast.ts';
import { addNumbers, multiplyNumbers, subtractNumbers } from './numbers.ts';
import { add, compare, divide, equal, multiply, negate, operandKinds, power, subtract } from './operators.ts';
import type { Run } from './run.ts';
import type { Code, Compile, Scope } from './scope.ts';
import { kindOf, type Value } from './values.ts';

type NodeOf<Type extends Node['type']> = Extract<Node, { readonly type: Type }>;

export function compileNegate(node: NodeOf<'negate'>, scope: Scope, compile: Compile): Code {
  if (node.operand.type === 'literal') {
    const value = negate(node.operand.value);
    if (value !== null) return () => value;
  }
  const operand = compile(node.operand, scope);
  return (frame, run) => {
    const value = operand(frame, run);
    return negate(value) ?? run.report('operands_invalid', `- cannot take ${kindOf(value)}`, node);
  };
}

const ARITHMETIC: Readonly<Record<ArithmeticOperator, (left: Value, right: Value) => Value>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '**': power,
};

export function compileArithmetic(node: NodeOf<'arithmetic'>, scope: Scope, compile: Compile): Code {
  const left = compile(node.left, scope);
  const right = compile(node.right, scope);
  const { operator } = node;
  const apply = ARITHMETIC[operator];
  const slow = (a: Value, b: Value, run: Run): Value => {
    const result = apply(a, b);
    if (result === null) return run.report('operands_invalid', `${operator} cannot take ${operandKinds(a, b)}`, node);
    if (typeof result === 'string') run.produce(result.length);
    return result;
  };
  switch (operator) {
    case '+':
      return (frame, run) => {
        const a = left(frame, run);
        const b = right(frame, run);
        return typeof a === 'number' && typeof b === 'number' ? addNumbers(a, b) : slow(a, b, run);
      };
    case '-':
      return (frame, run) => {
        const a = left(frame, run);
        const b = right(frame, run);
        return typeof a === 'number' && typeof b === 'number' ? subtractNumbers(a, b) : slow(a, b, run);
      };
    case '*':
      return (frame, run) => {
        const a = left(frame, run);
        const b = right(frame, run);
        return typeof a === 'number' && typeof b === 'number' ? multiplyNumbers(a, b) : slow(a, b, run);
      };
    case '**':
      return (frame, run) => {
        const a = left(frame, run);
        const b = right(frame, run);
        run.charge(20);
        return slow(a, b, run);
      };
    default:
      return (frame, run) => slow(left(frame, run), right(frame, run), run);
  }
}

export function compileComparison(node: NodeOf<'compare'>, scope: Scope, compile: Compile): Code {
  const left = compile(node.left, scope);
  const right = compile(node.right, scope);
  if (node.operator === '=' || node.operator === '!=')
    return compileEquality(node, left, right, node.operator === '!=');
  const holds = ORDER[node.operator];
  return (frame, run) => {
    const a = left(frame, run);
    const b = right(frame, run);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : compare(a, b);
    if (order !== null) return holds(order);
    return run.report('operands_invalid', `${node.operator} cannot take ${operandKinds(a, b)}`, node);
  };
}

const ORDER: Readonly<Record<Exclude<ComparisonOperator, '=' | '!='>, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function compileEquality(place: Located, left: Code, right: Code, negated: boolean): Code {
  return (frame, run) => {
    const a = left(frame, run);
    const b = right(frame, run);
    const same = equal(a, b);
    if (same !== null) return same !== negated;
    return run.report('operands_invalid', `= cannot compare ${operandKinds(a, b)}`, place);
  };
}

export function compileBetween(node: NodeOf<'between'>, scope: Scope, compile: Compile): Code {
  const value = compile(node.value, scope);
  const low = compile(node.low, scope);
  const high = compile(node.high, scope);
  return (frame, run) => {
    const v = value(frame, run);
    const fromLow = compare(low(frame, run), v);
    const toHigh = compare(v, high(frame, run));
    if (fromLow !== null && toHigh !== null) return fromLow <= 0 && toHigh <= 0;
    return run.report('operands_invalid', 'between needs three values with an order', node);
  };
}

/** Kleene's three-valued logic; whatever is not a boolean counts as null. */
export function compileLogic(left: Code, right: Code, decisive: boolean): Code {
  return (frame, run) => {
    const a = left(frame, run);
    if (a === decisive) return decisive;
    const b = right(frame, run);
    if (b === decisive) return decisive;
    return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : null;
  };
}
