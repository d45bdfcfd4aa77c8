/**
 * Reads regular expressions of XPath / XQuery Functions and Operators 3.1 §5.6.1 (which extend XML Schema part 2
 * appendix F), the language FEEL's matches, replace and split use. JavaScript's differs in classes, anchors and escapes.
 */
import { BLOCKS } from './unicode-blocks.ts';

/** Tells whether one code point belongs to a set. */
export type CharTest = (code: number) => boolean;

export type RegexNode =
  | { readonly type: 'set'; readonly test: CharTest }
  | { readonly type: 'start' | 'end' }
  | { readonly type: 'group'; readonly index: number | null; readonly body: RegexNode }
  | { readonly type: 'reference'; readonly index: number }
  | { readonly type: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly type: 'choice'; readonly options: readonly RegexNode[] }
  | {
      readonly type: 'repeat';
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

export interface ParsedRegex {
  readonly root: RegexNode;
  readonly groups: number;
}

class RegexSyntaxError extends Error {}

const MAX_NESTING = 60;
const categories = new Map<string, RegExp>();

function category(name: string): CharTest {
  if (!/^(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?)$/.test(name)) throw new RegexSyntaxError();
  let pattern = categories.get(name);
  if (pattern === undefined) {
    pattern = new RegExp(`^\\p{${name}}$`, 'u');
    categories.set(name, pattern);
  }
  const compiled = pattern;
  return (code) => compiled.test(String.fromCodePoint(code));
}

const not =
  (test: CharTest): CharTest =>
  (code) =>
    !test(code);
const oneOf =
  (text: string): CharTest =>
  (code) =>
    text.includes(String.fromCodePoint(code));

const space = oneOf(' \t\n\r');
const digit = category('Nd');
const punctuation = category('P');
const separator = category('Z');
const other = category('C');
const word: CharTest = (code) => !punctuation(code) && !separator(code) && !other(code);
const nameStart: CharTest = (code) => code === 0x3a || code === 0x5f || category('L')(code) || category('Nl')(code);
const nameChar: CharTest = (code) =>
  nameStart(code) || digit(code) || category('M')(code) || code === 0x2d || code === 0x2e || code === 0xb7;

const CLASS_ESCAPES: Readonly<Record<string, CharTest>> = {
  s: space,
  S: not(space),
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  i: nameStart,
  I: not(nameStart),
  c: nameChar,
  C: not(nameChar),
};
const CONTROL_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const LITERAL_ESCAPES = '\\|.-^?*+{}()[]$';

/** Null when pattern or flags are not valid. `flags` may hold s, m (for the matcher), i, x and q. */
export function parseRegex(pattern: string, flags: string): ParsedRegex | null {
  if (!/^[smixq]*$/.test(flags)) return null;
  try {
    return new RegexParser(pattern, flags).parse();
  } catch (error) {
    if (error instanceof RegexSyntaxError) return null;
    throw error;
  }
}

class RegexParser {
  private readonly chars: readonly string[];
  private readonly flags: string;
  private at = 0;
  private groups = 0;
  private readonly closed = new Set<number>();
  private nesting = 0;

  constructor(pattern: string, flags: string) {
    this.flags = flags;
    this.chars = Array.from(pattern);
  }

  parse(): ParsedRegex {
    if (this.flags.includes('q')) {
      const items = this.chars.map((char): RegexNode => this.literal(char));
      return { root: { type: 'sequence', items }, groups: 0 };
    }
    const root = this.choice();
    if (this.at < this.chars.length) throw new RegexSyntaxError();
    return { root, groups: this.groups };
  }

  private peek(): string {
    if (this.flags.includes('x')) while (' \t\n\r'.includes(this.chars[this.at] ?? '-')) this.at += 1;
    return this.chars[this.at] ?? '';
  }

  private literal(char: string): RegexNode {
    return { type: 'set', test: this.folded(codeOf(char)) };
  }

  private folded(wanted: number): CharTest {
    if (!this.flags.includes('i')) return (code) => code === wanted;
    const variants = caseVariants(wanted);
    return (code) => variants.includes(code);
  }

  private choice(): RegexNode {
    this.nesting += 1;
    if (this.nesting > MAX_NESTING) throw new RegexSyntaxError();
    const options = [this.sequence()];
    while (this.peek() === '|') {
      this.at += 1;
      options.push(this.sequence());
    }
    this.nesting -= 1;
    return options.length === 1 ? (options[0] ?? { type: 'sequence', items: [] }) : { type: 'choice', options };
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (let char = this.peek(); char !== '' && char !== '|' && char !== ')'; char = this.peek()) {
      items.push(this.quantified(this.atom(char)));
    }
    return { type: 'sequence', items };
  }

  private quantified(body: RegexNode): RegexNode {
    const char = this.peek();
    let bounds: [number, number] | null = null;
    if (char === '*') bounds = [0, Infinity];
    else if (char === '+') bounds = [1, Infinity];
    else if (char === '?') bounds = [0, 1];
    if (bounds !== null) this.at += 1;
    else if (char === '{') bounds = this.bounds();
    if (bounds === null) return body;
    const lazy = this.peek() === '?';
    if (lazy) this.at += 1;
    return { type: 'repeat', body, min: bounds[0], max: bounds[1], lazy };
  }

  private bounds(): [number, number] {
    const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.chars.slice(this.at, this.at + 40).join(''));
    if (match === null) throw new RegexSyntaxError();
    this.at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' || match[3] === undefined ? Infinity : Number(match[3]);
    if (max < min) throw new RegexSyntaxError();
    return [min, max];
  }

  private atom(char: string): RegexNode {
    this.at += 1;
    switch (char) {
      case '.': {
        const all = this.flags.includes('s');
        return { type: 'set', test: (code) => all || (code !== 0x0a && code !== 0x0d) };
      }
      case '^':
        return { type: 'start' };
      case '$':
        return { type: 'end' };
      case '(':
        return this.group();
      case '[':
        return { type: 'set', test: this.charClass() };
      case '\\':
        return this.escapeAtom();
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        throw new RegexSyntaxError();
      default:
        return this.literal(char);
    }
  }

  private group(): RegexNode {
    let index: number | null = null;
    if (this.chars[this.at] === '?' && this.chars[this.at + 1] === ':') {
      this.at += 2;
    } else {
      this.groups += 1;
      index = this.groups;
    }
    const body = this.choice();
    if (this.peek() !== ')') throw new RegexSyntaxError();
    this.at += 1;
    if (index !== null) this.closed.add(index);
    return { type: 'group', index, body };
  }

  private escapeAtom(): RegexNode {
    const char = this.chars[this.at] ?? '';
    if (/^[1-9]$/.test(char)) {
      let index = Number(char);
      this.at += 1;
      // As many digits belong to the reference as there are groups for.
      for (let next = this.chars[this.at] ?? ''; /^\d$/.test(next); next = this.chars[this.at] ?? '') {
        if (index * 10 + Number(next) > this.groups) break;
        index = index * 10 + Number(next);
        this.at += 1;
      }
      if (!this.closed.has(index)) throw new RegexSyntaxError();
      return { type: 'reference', index };
    }
    const test = this.escape();
    return { type: 'set', test: typeof test === 'number' ? this.folded(test) : test };
  }

  /** After a backslash: a class, or the code point of one character. */
  private escape(): CharTest | number {
    const char = this.chars[this.at] ?? '';
    this.at += 1;
    if (char === 'p' || char === 'P') {
      const end = this.chars.indexOf('}', this.at);
      if (this.chars[this.at] !== '{' || end < 0) throw new RegexSyntaxError();
      const name = this.chars.slice(this.at + 1, end).join('');
      this.at = end + 1;
      const test = name.startsWith('Is') ? block(name.slice(2)) : category(name);
      return char === 'p' ? test : not(test);
    }
    const set = CLASS_ESCAPES[char];
    if (set !== undefined) return set;
    const control = CONTROL_ESCAPES[char];
    if (control !== undefined) return codeOf(control);
    if (char !== '' && LITERAL_ESCAPES.includes(char)) return codeOf(char);
    throw new RegexSyntaxError();
  }

  /** After `[`: ranges, escapes, and a class to take away after the last `-`. */
  private charClass(): CharTest {
    this.nesting += 1;
    if (this.nesting > MAX_NESTING) throw new RegexSyntaxError();
    const negated = this.chars[this.at] === '^';
    if (negated) this.at += 1;
    const tests: CharTest[] = [];
    let without: CharTest | null = null;
    for (;;) {
      const char = this.chars[this.at] ?? '';
      if (char === '' || (char === '[' && this.chars[this.at - 1] !== '-')) throw new RegexSyntaxError();
      if (char === ']') {
        if (tests.length === 0) throw new RegexSyntaxError();
        this.at += 1;
        break;
      }
      if (char === '-' && this.chars[this.at + 1] === '[') {
        this.at += 2;
        without = this.charClass();
        if (this.chars[this.at] !== ']') throw new RegexSyntaxError();
        continue;
      }
      tests.push(this.classMember());
    }
    this.nesting -= 1;
    const minus = without;
    return (code) => tests.some((test) => test(code)) !== negated && (minus === null || !minus(code));
  }

  private classMember(): CharTest {
    const low = this.classChar();
    if (typeof low !== 'number') return low;
    const next = this.chars[this.at + 1] ?? '';
    if (this.chars[this.at] !== '-' || next === ']' || next === '[') return this.folded(low);
    this.at += 1;
    const high = this.classChar();
    if (typeof high !== 'number' || high < low) throw new RegexSyntaxError();
    if (!this.flags.includes('i')) return (code) => code >= low && code <= high;
    return (code) => caseVariants(code).some((variant) => variant >= low && variant <= high);
  }

  private classChar(): CharTest | number {
    const char = this.chars[this.at] ?? '';
    this.at += 1;
    if (char === '\\') return this.escape();
    if (char === '' || char === '[' || char === ']') throw new RegexSyntaxError();
    return codeOf(char);
  }
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function caseVariants(code: number): readonly number[] {
  const char = String.fromCodePoint(code);
  const variants = [char, char.toLowerCase(), char.toUpperCase()];
  return variants.filter((text) => Array.from(text).length === 1).map(codeOf);
}

function block(name: string): CharTest {
  const range = BLOCKS[name];
  if (range === undefined) throw new RegexSyntaxError();
  return (code) => code >= range[0] && code <= range[1];
}
