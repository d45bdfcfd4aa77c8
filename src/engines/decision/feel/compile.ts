/**
 * Trees to closures: every node becomes one JavaScript function, names become places in frames, and whole numbers take a
 * short path. `reference.ts` says the same in the plainest way; a soak test holds the two together.
 */
import { builtInFunction } from '../builtins/index.ts';
import { compileTable } from '../tables/compile.ts';
import type { Located, Node } from './ast.ts';
import { callFunction, callNamed } from './call.ts';
import { compileFilter, compileFor, compileQuantifier } from './compile-loops.ts';
import {
  compileArithmetic,
  compileBetween,
  compileComparison,
  compileLogic,
  compileNegate,
} from './compile-operators.ts';
import { compare, isEqual, isIn, operandKinds } from './operators.ts';
import { propertyOf } from './properties.ts';
import type { Run } from './run.ts';
import { type Code, Frame, readVariable, Scope } from './scope.ts';
import { childrenOf } from './tree.ts';
import { ANY, coerce, isInstance } from './types.ts';
import { FeelFunction, FeelRange, isContext, kindOf, type Value } from './values.ts';

export type { Code } from './scope.ts';
export { Frame, Scope } from './scope.ts';

type NodeOf<Type extends Node['type']> = Extract<Node, { readonly type: Type }>;

/** Compiles a tree. The frame given at run time must have the shape of `scope`. */
export function compile(node: Node, scope: Scope): Code {
  switch (node.type) {
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'name':
      return compileName(node, scope);
    case 'path':
      return compilePath(node, scope);
    case 'filter':
      return compileFilter(node, scope, compile);
    case 'call':
      return compileCall(node, scope);
    case 'named call':
      return compileNamedCall(node, scope);
    case 'negate':
      return compileNegate(node, scope, compile);
    case 'arithmetic':
      return compileArithmetic(node, scope, compile);
    case 'compare':
      return compileComparison(node, scope, compile);
    case 'between':
      return compileBetween(node, scope, compile);
    case 'in':
      return compileIn(node, scope);
    case 'and':
    case 'or':
      return compileLogic(compile(node.left, scope), compile(node.right, scope), node.type === 'or');
    case 'if':
      return compileIf(node, scope);
    case 'for':
      return compileFor(node, scope, compile);
    case 'some':
    case 'every':
      return compileQuantifier(node, scope, compile);
    case 'list':
      return compileList(node, scope);
    case 'context':
      return compileContext(node, scope);
    case 'range':
      return compileRange(node, scope);
    case 'function':
      return compileFunction(node, scope);
    case 'instance': {
      const value = compile(node.value, scope);
      const type = node.of;
      if (type === null) return (_frame, run) => run.report('type_unknown', 'No such type', node);
      return (frame, run) => isInstance(value(frame, run), type, run);
    }
    case 'tests':
      return compileTests(node, scope);
    case 'coerce': {
      const operand = compile(node.operand, scope);
      const { to, what } = node;
      return (frame, run) => coerce(operand(frame, run), to, run, what);
    }
    case 'table':
      return compileTable(node.table, scope, compile);
  }
}

function compileName(node: NodeOf<'name'>, scope: Scope): Code {
  const builtIn = builtInFunction(node.name) ?? null;
  const code = readVariable(scope, node.name, builtIn === null ? null : () => builtIn);
  return code ?? ((_frame, run) => run.report('name_unknown', `No variable ${node.name}`, node));
}

function compilePath(node: NodeOf<'path'>, scope: Scope): Code {
  const target = compile(node.target, scope);
  const { name } = node;
  return (frame, run) => {
    const value = target(frame, run);
    const found = isContext(value) ? value.get(name) : propertyOf(value, name);
    return found ?? (found === null ? null : missing(value, name, run, node));
  };
}

function missing(value: Value, name: string, run: Run, place: Located): null {
  return run.report('entry_missing', `${kindOf(value)} has no ${name}`, place);
}

function compileCall(node: NodeOf<'call'>, scope: Scope): Code {
  const callee = compile(node.callee, scope);
  const args = node.args.map((arg) => compile(arg, scope));
  return (frame, run) => {
    const fn = callee(frame, run);
    if (!(fn instanceof FeelFunction)) return run.report('not_a_function', `${kindOf(fn)} cannot be called`, node);
    const values: Value[] = [];
    for (const arg of args) values.push(arg(frame, run));
    return callFunction(fn, values, run);
  };
}

function compileNamedCall(node: NodeOf<'named call'>, scope: Scope): Code {
  const callee = compile(node.callee, scope);
  const args = node.args.map(({ name, value }) => ({ name, code: compile(value, scope) }));
  return (frame, run) => {
    const fn = callee(frame, run);
    if (!(fn instanceof FeelFunction)) return run.report('not_a_function', `${kindOf(fn)} cannot be called`, node);
    const values = new Map<string, Value>();
    for (const { name, code } of args) values.set(name, code(frame, run));
    if (values.size < args.length) return run.report('arguments_invalid', 'A parameter is named twice', node);
    return callNamed(fn, values, run);
  };
}

/** Whether a test among several accepts the value: `in` of the test, or equality with it as a whole. */
export function accepts(value: Value, test: Value): boolean | null {
  return isEqual(value, test) ? true : isIn(value, test);
}

function compileIn(node: NodeOf<'in'>, scope: Scope): Code {
  const value = compile(node.value, scope);
  const tests = node.tests.map((test) => compile(test, scope));
  const only = tests.length === 1 ? tests[0] : undefined;
  if (only !== undefined) return (frame, run) => isIn(value(frame, run), only(frame, run));
  return (frame, run) => {
    const v = value(frame, run);
    let answer: boolean | null = false;
    for (const test of tests) {
      const accepted = accepts(v, test(frame, run));
      if (accepted === true) return true;
      if (accepted === null) answer = null;
    }
    return answer;
  };
}

function compileIf(node: NodeOf<'if'>, scope: Scope): Code {
  const condition = compile(node.condition, scope);
  const then = compile(node.consequent, scope);
  const otherwise = compile(node.alternative, scope);
  return (frame, run) => {
    const holds = condition(frame, run);
    if (holds === true) return then(frame, run);
    if (holds === false || holds === null) return otherwise(frame, run);
    return run.report('condition_invalid', `A condition is ${kindOf(holds)}`, node.condition);
  };
}

function compileList(node: NodeOf<'list'>, scope: Scope): Code {
  const items = node.items.map((item) => compile(item, scope));
  if (node.items.every((item) => item.type === 'literal')) {
    const values = node.items.map((item) => (item.type === 'literal' ? item.value : null));
    return () => values;
  }
  return (frame, run) => {
    const values: Value[] = [];
    for (const item of items) values.push(item(frame, run));
    run.charge(values.length);
    return values;
  };
}

function compileContext(node: NodeOf<'context'>, scope: Scope): Code {
  const inner = new Scope(scope);
  const entries = node.entries.map(({ name, value }) => {
    // A function sees its own name and may call itself; any other entry sees only those before it.
    const early = isFunctionNode(value) ? inner.declare(name) : undefined;
    const code = compile(value, inner);
    return { name, code, slot: early ?? inner.declare(name) };
  });
  const result = node.result === null ? null : compile(node.result, inner);
  const duplicate = new Set(entries.map((entry) => entry.name)).size < entries.length;
  if (duplicate) return (_frame, run) => run.report('entry_twice', 'A context has one entry twice', node);
  return (frame, run) => {
    const values: Value[] = [];
    const own = new Frame(values, frame);
    run.charge(entries.length + 1);
    if (result !== null) {
      for (const { code, slot } of entries) values[slot] = code(own, run);
      return result(own, run);
    }
    const made = new Map<string, Value>();
    for (const { name, code, slot } of entries) {
      const value = code(own, run);
      values[slot] = value;
      made.set(name, value);
    }
    return made;
  };
}

function isFunctionNode(node: Node): boolean {
  return node.type === 'function' || (node.type === 'coerce' && isFunctionNode(node.operand));
}

/** An interval whose ends have no order with one another, or the wrong one, is null. */
export function makeRange(node: NodeOf<'range'>, from: Value, to: Value, run: Run): Value {
  if (node.operator !== 'interval') return FeelRange.of(node.operator, node.from === null ? to : from);
  if (from !== null && to !== null) {
    const order = compare(from, to);
    if (order === null) return run.report('operands_invalid', `No range between ${operandKinds(from, to)}`, node);
    if (order > 0) return run.report('operands_invalid', 'A range ends before it begins', node);
  }
  return new FeelRange('interval', from, to, node.fromIncluded, node.toIncluded);
}

function compileRange(node: NodeOf<'range'>, scope: Scope): Code {
  const nothing: Code = () => null;
  const from = node.from === null ? nothing : compile(node.from, scope);
  const to = node.to === null ? nothing : compile(node.to, scope);
  return (frame, run) => makeRange(node, from(frame, run), to(frame, run), run);
}

function compileFunction(node: NodeOf<'function'>, scope: Scope): Code {
  const signature = node.parameters.map(({ name, type }) => ({ name, type: type ?? ANY }));
  if (node.body === null) {
    return () =>
      new FeelFunction('', [signature], (_args, run) =>
        run.report('external_function', 'External functions are not run', node),
      );
  }
  const names = signature.map((parameter) => parameter.name);
  const body = compile(node.body, new Scope(scope, names));
  return (frame) =>
    new FeelFunction('', [signature], (args, run) =>
      body(
        new Frame(
          args.map((arg) => arg ?? null),
          frame,
        ),
        run,
      ),
    );
}

/** Whether a unary test speaks of the input by `?`, which makes it a condition instead of a value to compare with. */
export function usesInput(node: Node): boolean {
  return (node.type === 'name' && node.name === '?') || childrenOf(node).some(usesInput);
}

function compileTests(node: NodeOf<'tests'>, scope: Scope): Code {
  if (node.tests.length === 0) return () => true;
  const input = compile({ type: 'name', name: '?', start: node.start, end: node.end }, scope);
  const tests = node.tests.map((test) => compileTest(test, compile(test, scope), input));
  const { negated } = node;
  return (frame, run) => {
    let answer: boolean | null = false;
    for (const test of tests) {
      const accepted = test(frame, run);
      if (accepted === true) return !negated;
      if (accepted !== false) answer = null;
    }
    return answer === null ? null : negated;
  };
}

function compileTest(node: Node, code: Code, input: Code): Code {
  if (usesInput(node)) return code;
  return (frame, run) => testValue(input(frame, run), code(frame, run), node);
}

/**
 * A test without `?`: the input equals it or is in it; a condition on other variables that is true accepts as well. Null
 * is equal to null only where the test names it, not where an expression failed.
 */
export function testValue(input: Value, test: Value, node: Node): boolean | null {
  if (test === true && node.type !== 'literal' && typeof input !== 'boolean') return true;
  if (test === null && node.type !== 'literal' && node.type !== 'name' && node.type !== 'path') return null;
  return accepts(input, test);
}
