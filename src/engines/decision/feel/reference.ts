/**
 * The judge: FEEL evaluated in the plainest way, straight from the tree, with maps for variables, decimals for all
 * arithmetic and rules tried one after another. Slow on purpose; `compile.ts` must always agree with it.
 */
import { builtInFunction } from '../builtins/index.ts';
import { applyHitPolicy, combined } from '../tables/hit-policy.ts';
import type { Iterator, Node, TableNode } from './ast.ts';
import { callFunction, callNamed } from './call.ts';
import { accepts, makeRange, testValue, usesInput } from './compile.ts';
import { iterationValues, valuesBetween } from './iteration.ts';
import { asInteger, canonical, isNumber, toDecimal } from './numbers.ts';
import { add, compare, divide, equal, isIn, multiply, negate, power, subtract } from './operators.ts';
import { propertyOf } from './properties.ts';
import type { Run } from './run.ts';
import { ANY, coerce, isInstance } from './types.ts';
import { FeelFunction, isContext, isList, type List, type Value } from './values.ts';

/** Variables by name; `item` is set inside a filter, whose context entries are names as well. */
interface Environment {
  readonly variables: ReadonlyMap<string, Value>;
  readonly item: Value | undefined;
  readonly up: Environment | null;
}

export function evaluateReference(node: Node, variables: ReadonlyMap<string, Value>, run: Run): Value {
  return evaluate(node, { variables, item: undefined, up: null }, run);
}

function bind(up: Environment, name: string, value: Value): Environment {
  return { variables: new Map([[name, value]]), item: undefined, up };
}

function lookUp(name: string, environment: Environment, run: Run): Value {
  for (let current: Environment | null = environment; current !== null; current = current.up) {
    if (current.item !== undefined) {
      const entry = isContext(current.item) ? current.item.get(name) : undefined;
      if (entry !== undefined) return entry;
    }
    const value = current.variables.get(name);
    if (value !== undefined) return value;
  }
  return builtInFunction(name) ?? run.report('name_unknown', `No variable ${name}`);
}

function evaluate(node: Node, env: Environment, run: Run): Value {
  run.charge(1);
  const value = (child: Node): Value => evaluate(child, env, run);
  switch (node.type) {
    case 'literal':
      return node.value;
    case 'name':
      return lookUp(node.name, env, run);
    case 'path':
      return propertyOf(value(node.target), node.name) ?? null;
    case 'filter':
      return filter(value(node.list), node.condition, env, run);
    case 'call': {
      const fn = value(node.callee);
      const args = node.args.map(value);
      return fn instanceof FeelFunction ? callFunction(fn, args, run) : null;
    }
    case 'named call': {
      const fn = value(node.callee);
      const args = new Map(node.args.map((arg) => [arg.name, value(arg.value)]));
      return fn instanceof FeelFunction && args.size === node.args.length ? callNamed(fn, args, run) : null;
    }
    case 'negate':
      return negate(value(node.operand));
    case 'arithmetic':
      return arithmetic(node.operator, value(node.left), value(node.right), run);
    case 'compare':
      return comparison(node.operator, value(node.left), value(node.right));
    case 'between': {
      const middle = value(node.value);
      const low = compare(value(node.low), middle);
      const high = compare(middle, value(node.high));
      return low === null || high === null ? null : low <= 0 && high <= 0;
    }
    case 'in': {
      const [first] = node.tests;
      const wanted = value(node.value);
      if (node.tests.length === 1 && first !== undefined) return isIn(wanted, value(first));
      return anyOf(node.tests.map((test) => accepts(wanted, value(test))));
    }
    case 'and':
      return allOf([value(node.left), value(node.right)]);
    case 'or':
      return anyOf([value(node.left), value(node.right)]);
    case 'if': {
      const condition = value(node.condition);
      if (condition !== null && typeof condition !== 'boolean') return null;
      return condition === true ? value(node.consequent) : value(node.alternative);
    }
    case 'for': {
      const results: Value[] = [];
      const done = visit(node.iterators, env, run, (inner) => {
        run.produce(results.length + 1);
        results.push(evaluate(node.body, bind(inner, 'partial', [...results]), run));
      });
      return done ? results : null;
    }
    case 'some':
    case 'every': {
      const answers: Value[] = [];
      const done = visit(node.iterators, env, run, (inner) => {
        answers.push(evaluate(node.condition, inner, run));
      });
      if (node.type === 'some') return done || answers.includes(true) ? anyOf(answers, done) : null;
      return done || answers.includes(false) ? allOf(answers, done) : null;
    }
    case 'list':
      return node.items.map(value);
    case 'context':
      return context(node, env, run);
    case 'range':
      return makeRange(
        node,
        node.from === null ? null : value(node.from),
        node.to === null ? null : value(node.to),
        run,
      );
    case 'function':
      return userFunction(node, env);
    case 'instance':
      return node.of === null ? null : isInstance(value(node.value), node.of, run);
    case 'tests':
      return tests(node, env, run);
    case 'coerce':
      return coerce(value(node.operand), node.to, run, node.what);
    case 'table':
      return table(node.table, env, run);
  }
}

/** Kleene's disjunction; `complete` false means that further values could not be had. */
function anyOf(answers: List, complete = true): boolean | null {
  if (answers.includes(true)) return true;
  return complete && answers.every((answer) => answer === false) ? false : null;
}

function allOf(answers: List, complete = true): boolean | null {
  if (answers.includes(false)) return false;
  return complete && answers.every((answer) => answer === true) ? true : null;
}

const TEXTUAL = { '+': add, '-': subtract, '*': multiply, '/': divide, '**': power } as const;

function arithmetic(operator: keyof typeof TEXTUAL, left: Value, right: Value, run: Run): Value {
  if (isNumber(left) && isNumber(right) && operator !== '**') {
    const a = toDecimal(left);
    const b = toDecimal(right);
    if (operator === '+') return canonical(a.plus(b));
    if (operator === '-') return canonical(a.minus(b));
    if (operator === '*') return canonical(a.times(b));
    return b.isZero() ? null : canonical(a.div(b));
  }
  const result = TEXTUAL[operator](left, right);
  if (typeof result === 'string') run.produce(result.length);
  return result;
}

function comparison(operator: '=' | '!=' | '<' | '<=' | '>' | '>=', left: Value, right: Value): Value {
  if (operator === '=' || operator === '!=') {
    const same = equal(left, right);
    return same === null ? null : same === (operator === '=');
  }
  const bothNumbers = isNumber(left) && isNumber(right);
  const order = bothNumbers ? toDecimal(left).comparedTo(toDecimal(right)) : compare(left, right);
  if (order === null) return null;
  if (order === 0) return operator === '<=' || operator === '>=';
  return order < 0 === (operator === '<' || operator === '<=');
}

function filter(source: Value, condition: Node, env: Environment, run: Run): Value {
  const list = isList(source) ? source : source === null ? [] : [source];
  const within = (item: Value): Value =>
    evaluate(condition, { variables: new Map([['item', item]]), item, up: env }, run);
  const first = within(list[0] ?? null);
  if (isNumber(first)) {
    const position = asInteger(first) ?? 0;
    return position === 0 ? null : (list[position > 0 ? position - 1 : list.length + position] ?? null);
  }
  const answers = list.map(within);
  const valid = answers.every((answer) => answer === null || typeof answer === 'boolean');
  return valid ? list.filter((_, index) => answers[index] === true) : null;
}

/** Visits all combinations; false when a domain is nothing to iterate over. */
function visit(iterators: readonly Iterator[], env: Environment, run: Run, body: (env: Environment) => void): boolean {
  const [iterator, ...rest] = iterators;
  if (iterator === undefined) {
    body(env);
    return true;
  }
  const source = evaluate(iterator.source, env, run);
  const values =
    iterator.to === null ? iterationValues(source, run) : valuesBetween(source, evaluate(iterator.to, env, run), run);
  if (values === null) return false;
  return values.every((value) => visit(rest, bind(env, iterator.name, value), run, body));
}

function context(node: Extract<Node, { type: 'context' }>, env: Environment, run: Run): Value {
  const names = node.entries.map((entry) => entry.name);
  if (new Set(names).size < names.length) return null;
  const made = new Map<string, Value>();
  // The environment reads the same map, so each entry sees those before it and a function sees itself.
  const inner: Environment = { variables: made, item: undefined, up: env };
  for (const entry of node.entries) made.set(entry.name, evaluate(entry.value, inner, run));
  return node.result === null ? made : evaluate(node.result, inner, run);
}

function userFunction(node: Extract<Node, { type: 'function' }>, env: Environment): Value {
  const signature = node.parameters.map(({ name, type }) => ({ name, type: type ?? ANY }));
  const { body } = node;
  return new FeelFunction('', [signature], (args, run) => {
    if (body === null) return run.report('external_function', 'External functions are not run');
    const variables = new Map(signature.map((parameter, index) => [parameter.name, args[index] ?? null]));
    return evaluate(body, { variables, item: undefined, up: env }, run);
  });
}

function tests(node: Extract<Node, { type: 'tests' }>, env: Environment, run: Run): boolean | null {
  if (node.tests.length === 0) return true;
  const input = lookUp('?', env, run);
  const answers = node.tests.map((test) => {
    const answer = evaluate(test, env, run);
    return usesInput(test) ? answer : testValue(input, answer, test);
  });
  const holds = anyOf(answers);
  return holds === null ? null : holds !== node.negated;
}

function table(node: TableNode, env: Environment, run: Run): Value {
  const inputs = node.inputs.map((input) => evaluate(input.expression, env, run));
  const inputEnv = (column: number): Environment => bind(env, '?', inputs[column] ?? null);
  const refused = node.inputs.some(
    (input, column) => input.allowed !== null && evaluate(input.allowed, inputEnv(column), run) !== true,
  );
  if (refused) return null;
  const hits = node.rules.flatMap((rule, index) =>
    rule.tests.every((test, column) => evaluate(test, inputEnv(column), run) === true) ? [index] : [],
  );
  const typed = (output: Node | null, column: number): Value => {
    const type = node.outputs[column]?.type ?? ANY;
    return output === null ? null : coerce(evaluate(output, env, run), type, run, node.name);
  };
  const hasDefaults = node.outputs.some((output) => output.defaultValue !== null);
  const outputs = (rule: number): List => (node.rules[rule]?.outputs ?? []).map(typed);
  const parts = {
    outputs,
    result: (rule: number): Value => combined(node, outputs(rule)),
    defaults: (): List | null =>
      hasDefaults ? node.outputs.map((output, column) => typed(output.defaultValue, column)) : null,
    rank: (column: number, value: Value): number => {
      const allowed = node.outputs[column]?.allowed ?? [];
      const place = allowed.findIndex((test) => evaluate(test, bind(env, '?', value), run) === true);
      return place < 0 ? allowed.length : place;
    },
  };
  return applyHitPolicy(node, node.hitPolicy === 'FIRST' ? hits.slice(0, 1) : hits, parts, run);
}
