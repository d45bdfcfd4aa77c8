/** Text to tree: a recursive descent over the grammar of DMN 1.5 §10.3.1.2. */
import type { ArithmeticOperator, ComparisonOperator, ContextEntry, Iterator, Located, Node, NodeBody } from './ast.ts';
import { charAt, isNameStart, NameScope, normalizeName } from './names.ts';
import { Scanner } from './scanner.ts';
import { temporalFromText } from './temporal-parse.ts';
import { parseType } from './type-parser.ts';
import type { FeelType } from './types.ts';
import type { RangeOperator } from './values.ts';

/** What the parser has to know of the surroundings of an expression. */
export interface ParseOptions {
  /** Variables and functions in scope. */
  readonly names: Iterable<string> | NameScope;
  /** Names of context entries that may follow a dot or stand in a filter. */
  readonly members?: Iterable<string> | NameScope;
  /** Item definitions; built-in types are always known. */
  readonly resolveType?: (name: string) => FeelType | undefined;
}

const MAX_NESTING = 120;
const MAX_TREE_DEPTH = 1000;
const MAX_ATTEMPTS = 20;

/** Words that end a name of several words which is not known. */
const STOP_WORDS = new Set(['and', 'or', 'in', 'between', 'instance', 'then', 'else', 'return', 'satisfies']);
const KEYWORDS = new Set(['if', 'for', 'some', 'every', 'function', 'true', 'false', 'null']);
const COMPARISONS: readonly ComparisonOperator[] = ['<=', '>=', '!=', '=', '<', '>'];

/** Parses an expression. Throws `feel_syntax` with `start` and `end` in its meta. */
export function parseExpression(text: string, options: ParseOptions): Node {
  const parser = new Parser(text, options);
  return checkedDepth(parser.whole(() => parser.expression()), parser);
}

/** Parses the unary tests of a decision table cell: `-`, `not(…)` or a comma-separated list. */
export function parseUnaryTests(text: string, options: ParseOptions): Node {
  const parser = new Parser(text, options);
  return checkedDepth(parser.whole(() => parser.unaryTests()), parser);
}

/** Children of a node, in the order of the text. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'literal':
    case 'name':
    case 'table':
      return [];
    case 'path':
      return [node.target];
    case 'filter':
      return [node.list, node.condition];
    case 'call':
      return [node.callee, ...node.args];
    case 'named call':
      return [node.callee, ...node.args.map((arg) => arg.value)];
    case 'negate':
    case 'coerce':
      return [node.operand];
    case 'arithmetic':
    case 'compare':
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'between':
      return [node.value, node.low, node.high];
    case 'in':
      return [node.value, ...node.tests];
    case 'if':
      return [node.condition, node.then, node.otherwise];
    case 'for':
      return [...iteratorNodes(node.iterators), node.body];
    case 'some':
    case 'every':
      return [...iteratorNodes(node.iterators), node.condition];
    case 'list':
      return node.items;
    case 'context':
      return [...node.entries.map((entry) => entry.value), ...(node.result === null ? [] : [node.result])];
    case 'range':
      return [node.from, node.to].filter((end) => end !== null);
    case 'function':
      return node.body === null ? [] : [node.body];
    case 'instance':
      return [node.value];
    case 'tests':
      return node.tests;
  }
}

function iteratorNodes(iterators: readonly Iterator[]): Node[] {
  return iterators.flatMap((iterator) => (iterator.to === null ? [iterator.source] : [iterator.source, iterator.to]));
}

/** Trees are walked by recursion later, so their depth is bounded here (a long `a + b + …` is deep on its left). */
function checkedDepth(root: Node, parser: Parser): Node {
  let level: readonly Node[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_TREE_DEPTH) parser.fail('Expression nests too deeply', 0, parser.text.length);
    level = level.flatMap(childrenOf);
  }
  return root;
}

function asScope(names: Iterable<string> | NameScope): NameScope {
  return names instanceof NameScope ? names : new NameScope(null, names);
}

class Parser extends Scanner {
  private scope: NameScope;
  private readonly members: NameScope;
  private readonly resolveType: (name: string) => FeelType | undefined;
  private nesting = 0;
  private attempts = 0;

  constructor(text: string, options: ParseOptions) {
    super(text);
    this.scope = asScope(options.names);
    this.members = new NameScope(asScope(options.members ?? []));
    this.resolveType = options.resolveType ?? (() => undefined);
  }

  whole(parse: () => Node): Node {
    const node = parse();
    this.skip();
    if (this.position < this.text.length) this.fail(`Did not expect ${this.found()} here`);
    return node;
  }

  private node<Body extends NodeBody>(start: number, body: Body): Body & Located {
    return { ...body, start, end: this.position };
  }

  private within<T>(scope: NameScope, parse: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    try {
      return parse();
    } finally {
      this.scope = outer;
    }
  }

  /** Runs `parse`; when it fails, goes back and returns null. Bounded, so that bad texts cannot make it exponential. */
  private attempt<T>(parse: () => T): T | null {
    const { position, nesting, scope } = this;
    this.attempts += 1;
    if (this.attempts > MAX_ATTEMPTS + this.text.length) this.fail('Expression is too ambiguous');
    try {
      return parse();
    } catch {
      this.position = position;
      this.nesting = nesting;
      this.scope = scope;
      return null;
    }
  }

  unaryTests(): Node {
    this.skip();
    const start = this.position;
    if (this.text.slice(start).trim() === '-') {
      this.position = this.text.length;
      return this.node(start, { type: 'tests', tests: [], negated: false });
    }
    const notHere = !this.atWord('not');
    const negated = notHere ? null : this.attempt(() => {
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
    if (this.nesting > MAX_NESTING) this.fail('Expression nests too deeply');
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

  private postfix(): Node {
    let node = this.primary();
    for (;;) {
      if (this.at('.') && !this.at('..')) {
        this.expect('.');
        node = this.node(node.start, { type: 'path', target: node, name: this.name(this.members) });
      } else if (this.at('[')) {
        const list = node;
        const condition = this.attempt(() => {
          this.expect('[');
          const inner = this.within(this.filterScope(), () => this.expression());
          this.expect(']');
          return inner;
        });
        // `]a..b[`: the bracket may close an interval instead of opening a filter.
        if (condition === null && !this.inInterval) this.filterError();
        if (condition === null) return node;
        node = this.node(node.start, { type: 'filter', list, condition });
      } else if (this.at('(')) {
        node = this.call(node);
      } else {
        return node;
      }
    }
  }

  private inInterval = false;

  /** Parses the failed filter again, this time for its message. */
  private filterError(): never {
    this.expect('[');
    this.within(this.filterScope(), () => this.expression());
    this.expect(']');
    this.fail('Expression is too ambiguous');
  }

  private filterScope(): NameScope {
    return new NameScope(this.scope, ['item'], this.members);
  }

  private call(callee: Node): Node {
    this.expect('(');
    if (this.take(')')) return this.node(callee.start, { type: 'call', callee, args: [] });
    const named: { name: string; value: Node }[] = [];
    const args: Node[] = [];
    do {
      const name = this.declaredName(':');
      if (name === null) args.push(this.expression());
      else if (this.take(':')) named.push({ name, value: this.expression() });
    } while (this.take(','));
    this.expect(')');
    if (named.length === 0) return this.node(callee.start, { type: 'call', callee, args });
    if (args.length > 0) this.fail('Named and positional arguments cannot be mixed', callee.start, this.position);
    return this.node(callee.start, { type: 'named call', callee, args: named });
  }

  /** A name: the longest known one, or else all words up to a keyword or a symbol. */
  private name(scope: NameScope): string {
    this.skip();
    const known = scope.longestAt(this.text, this.position);
    let end = this.position;
    for (let word = this.wordAt(end); word !== ''; ) {
      end += word.length;
      const { position } = this;
      this.position = end;
      this.skip();
      const next = this.position;
      this.position = position;
      word = next > end ? this.wordAt(next) : '';
      if (STOP_WORDS.has(word)) word = '';
      if (word !== '') end = next;
    }
    // Two names never stand side by side, so a known name that stops inside a run of words is not meant.
    if (known !== null && known.end >= end) end = known.end;
    if (end === this.position) this.fail(`Expected a name but found ${this.found()}`);
    const name = normalizeName(this.text.slice(this.position, end));
    this.position = end;
    return name;
  }

  private primary(): Node {
    this.skip();
    const start = this.position;
    const char = charAt(this.text, start);
    if (char === '"') return this.node(start, { type: 'literal', value: this.string() });
    if (char === '@') {
      this.position += 1;
      if (!this.at('"')) this.fail('Expected a string after @');
      const value = temporalFromText(this.string());
      return this.node(start, { type: 'literal', value });
    }
    const number = this.number();
    if (number !== null) return this.node(start, { type: 'literal', value: number });
    if (char === '{') return this.context();
    if (char === '[' || char === '(' || char === ']') return this.bracketed(char);
    if (!isNameStart(char)) this.fail(`Expected an expression but found ${this.found()}`);
    const word = this.wordAt(start);
    const known = this.scope.longestAt(this.text, start);
    if (KEYWORDS.has(word) && (known === null || known.end <= start + word.length)) return this.keyword(word);
    return this.node(start, { type: 'name', name: this.name(this.scope) });
  }

  private keyword(word: string): Node {
    const start = this.position;
    this.position += word.length;
    switch (word) {
      case 'true':
      case 'false':
        return this.node(start, { type: 'literal', value: word === 'true' });
      case 'null':
        return this.node(start, { type: 'literal', value: null });
      case 'if': {
        const condition = this.free();
        this.expectWord('then');
        const then = this.free();
        this.expectWord('else');
        return this.node(start, { type: 'if', condition, then, otherwise: this.free() });
      }
      case 'function':
        return this.functionLiteral(start);
      default:
        return this.iteration(start, word === 'for' ? 'for' : word === 'some' ? 'some' : 'every');
    }
  }

  /** An expression inside which a `[` is a filter again. */
  private free(): Node {
    const outer = this.inInterval;
    this.inInterval = false;
    const node = this.expression();
    this.inInterval = outer;
    return node;
  }

  private iteration(start: number, type: 'for' | 'some' | 'every'): Node {
    const scope = new NameScope(this.scope);
    return this.within(scope, () => {
      const iterators: Iterator[] = [];
      do {
        const name = this.iteratorName();
        const source = this.expression();
        const to = this.take('..') ? this.expression() : null;
        scope.add(name);
        iterators.push({ name, source, to });
      } while (this.take(','));
      this.expectWord(type === 'for' ? 'return' : 'satisfies');
      if (type !== 'for') return this.node(start, { type, iterators, condition: this.expression() });
      scope.add('partial');
      return this.node(start, { type, iterators, body: this.expression() });
    });
  }

  private iteratorName(): string {
    this.skip();
    const match = /^(.+?)\sin(?![\p{L}\p{N}_])/su.exec(this.text.slice(this.position));
    if (match?.[1] === undefined || !isNameStart(match[1])) this.fail('Expected a variable and `in`');
    this.position += match[0].length;
    return normalizeName(match[1]);
  }

  private functionLiteral(start: number): Node {
    this.expect('(');
    const parameters: { name: string; type: FeelType | null }[] = [];
    if (!this.take(')')) {
      do {
        const name = this.declaredName(':,)');
        if (name === null) this.fail('Expected a parameter name');
        parameters.push({ name, type: this.take(':') ? parseType(this, this.resolveType) : null });
      } while (this.take(','));
      this.expect(')');
    }
    if (this.takeWord('external')) {
      this.expression();
      return this.node(start, { type: 'function', parameters, body: null });
    }
    const scope = new NameScope(
      this.scope,
      parameters.map((parameter) => parameter.name),
    );
    return this.node(start, { type: 'function', parameters, body: this.within(scope, () => this.expression()) });
  }

  private context(): Node {
    const start = this.position;
    const scope = new NameScope(this.scope);
    this.expect('{');
    const entries: ContextEntry[] = [];
    if (!this.take('}')) {
      this.within(scope, () => {
        do {
          this.skip();
          const name = charAt(this.text, this.position) === '"' ? this.string() : this.declaredName(':');
          if (name === null) this.fail('Expected the name of an entry');
          this.expect(':');
          // An entry sees those before it, and a function may call itself.
          if (/^function\b/.test(this.text.slice(this.position).trimStart())) scope.add(name);
          const value = this.free();
          entries.push({ name, value });
          scope.add(name);
          this.members.add(name);
        } while (this.take(','));
      });
      this.expect('}');
    }
    return this.node(start, { type: 'context', entries, result: null });
  }

  /** A list, a parenthesis or an interval: what follows the first expression tells. */
  private bracketed(open: string): Node {
    const start = this.position;
    this.position += 1;
    if (open === '[' && this.take(']')) return this.node(start, { type: 'list', items: [] });
    const outer = this.inInterval;
    this.inInterval = false;
    const first = this.expression();
    if (this.take('..')) {
      this.inInterval = true;
      const to = this.expression();
      this.inInterval = outer;
      const closed = this.take(']');
      if (!closed && !this.take(')')) this.expect('[');
      return this.node(start, {
        type: 'range',
        operator: 'interval',
        from: first,
        to,
        fromIncluded: open === '[',
        toIncluded: closed,
      });
    }
    if (open === ']') this.fail(`Expected '..' but found ${this.found()}`);
    if (open === '(') {
      this.expect(')');
      this.inInterval = outer;
      return first;
    }
    const items = [first];
    while (this.take(',')) items.push(this.expression());
    this.expect(']');
    this.inInterval = outer;
    return this.node(start, { type: 'list', items });
  }
}
