/** The inner half of the parser: literals, names, calls, filters, brackets, contexts and all that begins with a keyword. */
import type { ContextEntry, Iterator, Located, Node, NodeBody } from './ast.ts';
import { charAt, isNameStart, NameScope, normalizeName } from './names.ts';
import { Scanner } from './scanner.ts';
import { temporalFromText } from './temporal-parse.ts';
import { parseType } from './type-parser.ts';
import type { FeelType } from './types.ts';

/** What the parser has to know of the surroundings of an expression. */
export interface ParseOptions {
  /** Variables and functions in scope. */
  readonly names: Iterable<string> | NameScope;
  /** Names of context entries that may follow a dot or stand in a filter. */
  readonly members?: Iterable<string> | NameScope;
  /** Item definitions; built-in types are always known. */
  readonly resolveType?: (name: string) => FeelType | undefined;
}

const MAX_FAILURES = 1000;
/** Words that end a name of several words which is not known. */
const STOP_WORDS = new Set(['and', 'or', 'in', 'between', 'instance', 'then', 'else', 'return', 'satisfies']);
const KEYWORDS = new Set(['if', 'for', 'some', 'every', 'function', 'true', 'false', 'null']);

function asScope(names: Iterable<string> | NameScope): NameScope {
  return names instanceof NameScope ? names : new NameScope(null, names);
}

export abstract class TermParser extends Scanner {
  protected scope: NameScope;
  private readonly members: NameScope;
  protected readonly resolveType: (name: string) => FeelType | undefined;
  protected nesting = 0;
  private failures = 0;

  constructor(text: string, options: ParseOptions) {
    super(text);
    this.scope = asScope(options.names);
    this.members = new NameScope(asScope(options.members ?? []));
    this.resolveType = options.resolveType ?? (() => undefined);
  }

  /** A whole expression, of any precedence. */
  abstract expression(): Node;

  protected node<Body extends NodeBody>(start: number, body: Body): Body & Located {
    return { ...body, start, end: this.position, text: this.text };
  }

  protected within<T>(scope: NameScope, parse: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    try {
      return parse();
    } finally {
      this.scope = outer;
    }
  }

  /** Runs `parse`; when it fails, goes back and returns null. Bounded, so that bad texts cannot make it exponential. */
  protected attempt<T>(parse: () => T): T | null {
    const { position, nesting, scope } = this;
    try {
      return parse();
    } catch {
      this.position = position;
      this.nesting = nesting;
      this.scope = scope;
      this.failures += 1;
      if (this.failures > MAX_FAILURES) this.fail('Expression is too ambiguous');
      return null;
    }
  }

  protected postfix(): Node {
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

  protected primary(): Node {
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
        const consequent = this.free();
        this.expectWord('else');
        return this.node(start, { type: 'if', condition, consequent, alternative: this.free() });
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
