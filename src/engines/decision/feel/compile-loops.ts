/** Compiled `for`, `some`, `every` and filters: the parts of an expression that visit many values. */
import type { Iterator, Node } from './ast.ts';
import { iterationValues, valuesBetween } from './iteration.ts';
import { asInteger, isNumber } from './numbers.ts';
import type { Run } from './run.ts';
import { type Code, type Compile, Frame, Scope } from './scope.ts';
import { childrenOf } from './tree.ts';
import { isList, kindOf, type List, type Value } from './values.ts';

type NodeOf<Type extends Node['type']> = Extract<Node, { readonly type: Type }>;
type Domain = (frame: Frame, run: Run) => List | null;

/** Compiles the iterators so that each sees the variables of those before it. */
function compileIterators(iterators: readonly Iterator[], scope: Scope, compile: Compile): Domain[] {
  return iterators.map(({ name, source, to }) => {
    const from = compile(source, scope);
    const until = to === null ? null : compile(to, scope);
    scope.declare(name);
    if (until === null) return (frame, run) => iterationValues(from(frame, run), run);
    return (frame, run) => {
      const values = valuesBetween(from(frame, run), until(frame, run), run);
      return values ?? run.report('iteration_invalid', 'a..b needs two whole numbers or two dates', source);
    };
  });
}

/**
 * Visits every combination of the iterators' values, the last one fastest. Each visit has a frame of its own, because a
 * function made there may outlive it. False when a domain is null; `visit` returns true to stop early.
 */
function visitAll(
  domains: readonly Domain[],
  outer: Frame,
  run: Run,
  visit: (frame: Frame) => boolean,
): 'done' | 'stopped' | 'invalid' {
  const step = (index: number, chosen: readonly Value[]): 'done' | 'stopped' | 'invalid' => {
    const values = domains[index]?.(new Frame([...chosen], outer), run) ?? null;
    if (values === null) return 'invalid';
    const last = index === domains.length - 1;
    for (const value of values) {
      run.charge(1);
      if (last) {
        if (visit(new Frame([...chosen, value], outer))) return 'stopped';
      } else {
        const result = step(index + 1, [...chosen, value]);
        if (result !== 'done') return result;
      }
    }
    return 'done';
  };
  return step(0, []);
}

export function compileFor(node: NodeOf<'for'>, scope: Scope, compile: Compile): Code {
  const inner = new Scope(scope);
  const domains = compileIterators(node.iterators, inner, compile);
  const partial = inner.declare('partial');
  const body = compile(node.body, inner);
  const needsPartial = mentionsPartial(node.body);
  return (frame, run) => {
    const results: Value[] = [];
    const outcome = visitAll(domains, frame, run, (visited) => {
      if (needsPartial) {
        run.charge(results.length);
        visited.values[partial] = [...results];
      }
      results.push(body(visited, run));
      run.produce(1);
      if (results.length > run.limits.size) run.produce(results.length);
      return false;
    });
    return outcome === 'invalid' ? null : results;
  };
}

function mentionsPartial(node: Node): boolean {
  return (node.type === 'name' && node.name === 'partial') || childrenOf(node).some(mentionsPartial);
}

export function compileQuantifier(node: NodeOf<'some' | 'every'>, scope: Scope, compile: Compile): Code {
  const inner = new Scope(scope);
  const domains = compileIterators(node.iterators, inner, compile);
  const condition = compile(node.condition, inner);
  const decisive = node.type === 'some';
  return (frame, run) => {
    let unknown = false;
    const outcome = visitAll(domains, frame, run, (visited) => {
      const holds = condition(visited, run);
      if (typeof holds !== 'boolean') unknown = true;
      return holds === decisive;
    });
    if (outcome === 'stopped') return decisive;
    return outcome === 'invalid' || unknown ? null : !decisive;
  };
}

/** The element at a position counted from 1, or from the end when negative; null without one. */
export function elementAt(list: List, position: Value, run: Run): Value {
  const index = isNumber(position) ? asInteger(position) : null;
  const element = index === null || index === 0 ? undefined : list.at(index > 0 ? index - 1 : index);
  return element ?? (element === null ? null : run.report('no_element', `No element in a list of ${list.length}`));
}

export function compileFilter(node: NodeOf<'filter'>, scope: Scope, compile: Compile): Code {
  const source = compile(node.list, scope);
  const condition = compile(node.condition, new Scope(scope, ['item'], true));
  return (frame, run) => {
    const value = source(frame, run);
    const list = isList(value) ? value : value === null ? [] : [value];
    run.charge(list.length + 1);
    const first = condition(new Frame([list[0] ?? null], frame), run);
    if (isNumber(first)) return elementAt(list, first, run);
    const kept: Value[] = [];
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index] ?? null;
      const holds = index === 0 ? first : condition(new Frame([item], frame), run);
      if (holds === true) kept.push(item);
      else if (holds !== false && holds !== null) {
        return run.report('filter_invalid', `A filter gave ${kindOf(holds)}`, node);
      }
    }
    return kept;
  };
}
