/** Text to tree: a recursive descent over the grammar of DMN 1.5 §10.3.1.2. */

import { decisionError } from '../errors.ts';
import type { ArithmeticOperator, ComparisonOperator, Node } from './ast.ts';
import { charAt } from './names.ts';
import { SyntaxFailure } from './scanner.ts';
import { type ParseOptions, TermParser } from './term-parser.ts';
import { depthOf } from './tree.ts';
import { parseType } from './type-parser.ts';
import type { RangeOperator } from './values.ts';

export type { ParseOptions } from './term-parser.ts';

const MAX_NESTING = 120;
const MAX_TREE_DEPTH = 1000;
const MAX_LENGTH = 1_000_000;
const TOO_DEEP = 'Expression nests too deeply';
const COMPARISONS: readonly ComparisonOperator[] = ['<=', '>=', '!=', '=', '<', '>'];

/** Parses an expression. Throws `feel_syntax` with `start` and `end` in its meta. */
export function parseExpression(text: string, options: ParseOptions): Node {
  const parser = new Parser(text, options);
  return parsed(text, () => parser.whole(() => parser.expression()));
}

/** Parses the unary tests of a decision table cell: `-`, `not(…)` or a comma-separated list. */
export function parseUnaryTests(text: string, options: ParseOptions): Node {
  const parser = new Parser(text, options);
  return parsed(text, () => parser.whole(() => parser.unaryTests()));
}

/** Types nest as well as expressions; where the stack ends, so does the text. */
function parsed(text: string, parse: () => Node): Node {
  try {
    return parse();
  } catch (error) {
    const tooDeep = error instanceof RangeError;
    if (!tooDeep && !(error instanceof SyntaxFailure)) throw error;
    const { message, start, end } = tooDeep ? new SyntaxFailure(TOO_DEEP, 0, text.length) : error;
    throw decisionError('feel_syntax', message, { start, end, text });
  }
}

/** The outer half of the parser: unary tests and operators by precedence. */
class Parser extends TermParser {
  whole(parse: () => Node): Node {
    if (this.text.length > MAX_LENGTH) this.fail('Expression is too long', 0, this.text.length);
    const node = parse();
    this.skip();
    if (this.position < this.text.length) this.fail(`Did not expect ${this.found()} here`);
    // Trees are walked by recursion later, so their depth is bounded; `a + b + …` is deep on its left.
    if (depthOf(node) > MAX_TREE_DEPTH) this.fail(TOO_DEEP, 0, this.text.length);
    return node;
  }

  unaryTests(): Node {
    this.skip();
    const start = this.position;
    if (this.text.slice(start).trim() === '-') {
      this.position = this.text.length;
      return this.node(start, { type: 'tests', tests: [], negated: false });
    }
    const notHere = !this.atWord('not');
    const negated = notHere
      ? null
      : this.attempt(() => {
          this.expectWord('not');
          this.expect('(');
          const tests = this.testList();
          this.expect(')');
          this.skip();
          if (this.position < this.text.length) this.fail('More follows');
          return this.node(start, { type: 'tests', tests, negated: true });
        });
    return negated ?? this.node(start, { type: 'tests', tests: this.testList(), negated: false });
  }

  private testList(): Node[] {
    const tests = [this.expression()];
    while (this.take(',')) tests.push(this.expression());
    return tests;
  }

  expression(): Node {
    this.nesting += 1;
    if (this.nesting > MAX_NESTING) this.fail(TOO_DEEP);
    this.skip();
    const start = this.position;
    const operator = COMPARISONS.find((symbol) => this.at(symbol));
    const node = operator === undefined ? this.disjunction() : this.unaryRange(start, operator);
    this.nesting -= 1;
    return node;
  }

  private unaryRange(start: number, operator: ComparisonOperator): Node {
    this.expect(operator);
    const operand = this.additive();
    const lower = operator === '<' || operator === '<=';
    return this.node(start, {
      type: 'range',
      operator: operator as RangeOperator,
      from: lower ? null : operand,
      to: lower ? operand : null,
      fromIncluded: operator === '>=' || operator === '=',
      toIncluded: operator === '<=' || operator === '=',
    });
  }

  private disjunction(): Node {
    let left = this.conjunction();
    while (this.takeWord('or')) left = this.node(left.start, { type: 'or', left, right: this.conjunction() });
    return left;
  }

  private conjunction(): Node {
    let left = this.comparison();
    while (this.takeWord('and')) left = this.node(left.start, { type: 'and', left, right: this.comparison() });
    return left;
  }

  private comparison(): Node {
    let left = this.additive();
    for (;;) {
      const { start } = left;
      const operator = COMPARISONS.find((symbol) => this.at(symbol));
      if (operator !== undefined) {
        this.expect(operator);
        left = this.node(start, { type: 'compare', operator, left, right: this.additive() });
      } else if (this.takeWord('between')) {
        const low = this.additive();
        this.expectWord('and');
        left = this.node(start, { type: 'between', value: left, low, high: this.additive() });
      } else if (this.takeWord('in')) {
        left = this.node(start, { type: 'in', value: left, tests: this.inTests() });
      } else {
        return left;
      }
    }
  }

  private inTests(): Node[] {
    this.skip();
    const start = this.position;
    const operator = COMPARISONS.find((symbol) => this.at(symbol));
    if (operator !== undefined) return [this.unaryRange(start, operator)];
    const listed = this.at('(')
      ? this.attempt(() => {
          this.expect('(');
          const tests = this.testList();
          this.expect(')');
          this.skip();
          // `x in (a) + b` and `x in (a).b`: the parenthesis only begins an operand.
          if ('.[+-*/('.includes(charAt(this.text, this.position) || ' ')) this.fail('An operand goes on');
          return tests;
        })
      : null;
    return listed ?? [this.additive()];
  }

  private binary(operators: readonly ArithmeticOperator[], operand: () => Node): Node {
    let left = operand();
    for (;;) {
      const operator = operators.find((symbol) => this.at(symbol));
      if (operator === undefined || (operator === '*' && this.at('**'))) return left;
      this.expect(operator);
      left = this.node(left.start, { type: 'arithmetic', operator, left, right: operand() });
    }
  }

  private additive(): Node {
    return this.binary(['+', '-'], () => this.binary(['*', '/'], () => this.binary(['**'], () => this.unary())));
  }

  private unary(): Node {
    this.skip();
    const start = this.position;
    let negations = 0;
    while (this.take('-')) negations += 1;
    let node = this.instance();
    for (; negations > 0; negations -= 1) node = this.node(start, { type: 'negate', operand: node });
    return node;
  }

  private instance(): Node {
    const value = this.postfix();
    if (!this.takeWord('instance')) return value;
    this.expectWord('of');
    return this.node(value.start, { type: 'instance', value, of: parseType(this, this.resolveType) });
  }
}
