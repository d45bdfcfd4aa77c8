/** Random FEEL texts: well-formed ones by the grammar, and mutations of them that mostly are not. */
import { BUILT_INS } from '#engines/decision';
import type { Choices } from './random.ts';

const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '7',
  '10',
  '-1',
  '-2.5',
  '0.1',
  '0.2',
  '1.50',
  '1e3',
  '123456789012345678901234567890',
  '9007199254740991',
  '9007199254740993',
  '0.000000000000000000001',
  '99999999999999999999999999999999999',
] as const;
const STRINGS = [
  '""',
  '"a"',
  '"b"',
  '"foobar"',
  '"龙门"',
  '"\\U01F40E"',
  '"1"',
  '"2020-01-31"',
  '"a;b;c"',
  '"A1"',
] as const;
const TEMPORALS = [
  '@"2020-02-29"',
  '@"2019-12-31"',
  '@"-0044-03-15"',
  '@"10:30:00"',
  '@"23:59:59.5Z"',
  '@"10:30:00+08:00"',
  '@"2020-02-29T10:30:00"',
  '@"2020-02-29T10:30:00Z"',
  '@"2021-03-28T02:30:00@Europe/Paris"',
  '@"P1D"',
  '@"-PT36H"',
  '@"PT0.5S"',
  '@"P1Y2M"',
  '@"-P3M"',
  '@"P0D"',
  '@"P0M"',
  'date("2020-01-31")',
  'duration("P1M")',
] as const;
const PATTERNS = [
  '"[a-z]+"',
  '"(a|b)*c"',
  '"^f.*r$"',
  '"\\\\s"',
  '"(o)\\\\1"',
  '"[a-z-[aeiou]]"',
  '"(a+)+$"',
  '"["',
] as const;
export const VARIABLES = ['n', 'm', 's', 'l', 'c', 'd', 'z', 'loan amount', 'rows'] as const;
const TYPES = [
  'number',
  'string',
  'boolean',
  'date',
  'list<number>',
  'context<a: number>',
  'range<number>',
  'Any',
  'date and time',
  'function<number> -> number',
  'years and months duration',
  'nothing',
] as const;
const PROPERTIES = ['a', 'b', 'year', 'month', 'days', 'start', 'end included', 'time offset', 'zz'] as const;

export class Generator {
  private readonly choices: Choices;
  private readonly names: [string, ...string[]];
  private locals: string[] = [];

  constructor(choices: Choices) {
    this.choices = choices;
    const all = [...BUILT_INS.keys()];
    this.names = [all[0] ?? 'count', ...all.slice(1)];
  }

  expression(depth: number): string {
    const { choices } = this;
    if (depth <= 0 || choices.chance(0.12)) return this.leaf();
    const sub = (): string => this.expression(depth - 1);
    switch (choices.below(21)) {
      case 0:
      case 1:
      case 2:
        return `${this.operand(depth)} ${choices.pick(['+', '-', '*', '/', '**'])} ${this.operand(depth)}`;
      case 3:
      case 4:
        return `${this.operand(depth)} ${choices.pick(['=', '!=', '<', '<=', '>', '>='])} ${this.operand(depth)}`;
      case 5:
        return `${this.operand(depth)} ${choices.pick(['and', 'or'])} ${this.operand(depth)}`;
      case 6:
        return `if ${sub()} then ${sub()} else ${sub()}`;
      case 7:
        return `[${this.several(sub, 4)}]`;
      case 8:
        return this.context(depth);
      case 9:
      case 10:
      case 11:
        return this.call(depth);
      case 12:
        return `${this.operand(depth)}[${choices.chance(0.4) ? this.number() : this.filter(depth)}]`;
      case 13:
        return this.iteration(depth);
      case 14:
        return `${this.operand(depth)} in ${this.test(depth)}`;
      case 15:
        return `${this.operand(depth)} in (${this.several(() => this.test(depth - 1), 3, 1)})`;
      case 16:
        return `${this.operand(depth)} between ${this.operand(depth)} and ${this.operand(depth)}`;
      case 17:
        return `${this.operand(depth)}.${choices.pick(PROPERTIES)}`;
      case 18:
        return `${this.operand(depth)} instance of ${choices.pick(TYPES)}`;
      case 19:
        return this.test(depth);
      default:
        return this.lambda(depth);
    }
  }

  private operand(depth: number): string {
    return this.choices.chance(0.4) ? this.leaf() : `(${this.expression(depth - 1)})`;
  }

  private several(make: () => string, most: number, least = 0): string {
    return Array.from({ length: least + this.choices.below(most - least + 1) }, make).join(', ');
  }

  leaf(): string {
    const { choices } = this;
    switch (choices.below(9)) {
      case 0:
      case 1:
        return this.number();
      case 2:
        return choices.pick(STRINGS);
      case 3:
        return choices.pick(TEMPORALS);
      case 4:
        return choices.pick(['true', 'false', 'null']);
      case 5:
        return choices.pick(['[1, 2, 3]', '[]', '["a", null]', '{a: 1, b: "x"}', '[1..5]', '[3, 1, 2]']);
      default: {
        const local = this.locals[choices.below(this.locals.length + 1)];
        return local ?? choices.pick(VARIABLES);
      }
    }
  }

  private number(): string {
    return this.choices.pick(NUMBERS);
  }

  private within(names: readonly string[], make: () => string): string {
    const outer = this.locals;
    this.locals = [...outer, ...names];
    const text = make();
    this.locals = outer;
    return text;
  }

  private context(depth: number): string {
    const first = this.expression(depth - 1);
    return this.within(['k'], () => `{k: ${first}, "q r": ${this.expression(depth - 1)}}`);
  }

  private filter(depth: number): string {
    return this.within(['item', 'a'], () => this.expression(depth - 1));
  }

  private iteration(depth: number): string {
    const source = this.choices.chance(0.3) ? '1..4' : this.operand(depth);
    const second = this.choices.chance(0.3) ? `, y in ${this.operand(depth)}` : '';
    const names = second === '' ? ['x'] : ['x', 'y'];
    const kind = this.choices.pick(['for', 'some', 'every']);
    const body = this.within(kind === 'for' ? [...names, 'partial'] : names, () => this.expression(depth - 1));
    return `(${kind} x in ${source}${second} ${kind === 'for' ? 'return' : 'satisfies'} ${body})`;
  }

  private lambda(depth: number): string {
    const body = this.within(['p'], () => this.expression(depth - 1));
    const type = this.choices.chance(0.3) ? ': number' : '';
    return `(function(p${type}) ${body})(${this.expression(depth - 1)})`;
  }

  private call(depth: number): string {
    const name = this.choices.pick(this.names);
    const builtIn = BUILT_INS.get(name);
    const signature = builtIn?.signatures[this.choices.below(builtIn.signatures.length)] ?? [];
    const named = this.choices.chance(0.15);
    const args = signature.flatMap((parameter) => {
      if (parameter.optional === true && this.choices.chance(0.5)) return [];
      const value = this.argument(parameter.type.kind, parameter.name, depth);
      return [named ? `${parameter.name}: ${value}` : value];
    });
    return `${name}(${args.join(', ')})`;
  }

  private argument(kind: string, name: string, depth: number): string {
    const { choices } = this;
    if (name === 'pattern' || name === 'delimiter') return choices.pick(PATTERNS);
    if (choices.chance(0.3)) return this.expression(depth - 1);
    switch (kind) {
      case 'number':
        return choices.chance(0.8) ? choices.pick(['1', '2', '0', '-1', '3']) : this.number();
      case 'string':
        return choices.pick(STRINGS);
      case 'list':
        return `[${this.several(() => this.leaf(), 4)}]`;
      case 'context':
        return choices.pick(['{a: 1}', 'c', '{key: "k", value: 2}']);
      case 'function':
        return this.within(['u', 'v'], () => `function(u, v) ${this.expression(1)}`);
      case 'range':
        return this.test(1);
      case 'any':
        return this.expression(depth - 1);
      default:
        return choices.pick(TEMPORALS);
    }
  }

  /** Something that may stand behind `in`. */
  test(depth: number): string {
    const { choices } = this;
    switch (choices.below(4)) {
      case 0:
        return `${choices.pick(['<', '<=', '>', '>=', '=', '!='])} ${this.leaf()}`;
      case 1:
        return `${choices.pick(['[', '(', ']'])}${this.leaf()}..${this.leaf()}${choices.pick([']', ')', '['])}`;
      case 2:
        return `[${this.several(() => this.leaf(), 3)}]`;
      default:
        return `(${this.expression(depth - 1)})`;
    }
  }

  /** A cell of a decision table. */
  cell(): string {
    const { choices } = this;
    const range = (): string => {
      const low = choices.below(12) - 2;
      return `${choices.pick(['[', '('])}${low}..${low + choices.below(8)}${choices.pick([']', ')'])}`;
    };
    switch (choices.below(12)) {
      case 0:
        return '-';
      case 1:
      case 2:
        return `${choices.below(12) - 2}${choices.chance(0.3) ? '.5' : ''}`;
      case 3:
        return `${choices.pick(['<', '<=', '>', '>=', '='])} ${choices.below(12) - 2}`;
      case 4:
      case 5:
        return range();
      case 6:
        return `${range()}, ${choices.below(12)}, ${range()}`;
      case 7:
        return `not(${range()}, "a")`;
      case 8:
        return choices.pick(['"a"', '"b", "c"', '< "b"', 'null', 'true', 'not(null)', '"a", 3', '["a".."c"]']);
      case 9:
        return choices.pick(['? > 3', '? = "a"', 'n > 2', 'even(?)', '? in [1, 2, 3]', 'm']);
      case 10:
        return choices.pick(['date("2020-01-01")', '< @"2020-06-01"', '[@"2020-01-01"..@"2020-12-31"]', '@"P1D"']);
      default:
        return choices.pick(['[1, 2]', 'true, false', '>= 0.5', '!= 3', '[5..1]']);
    }
  }

  /** The text with a few characters taken away, doubled, exchanged or replaced. */
  mutated(text: string): string {
    const { choices } = this;
    const chars = Array.from(text);
    for (let count = 1 + choices.below(3); count > 0; count -= 1) {
      const at = choices.below(chars.length + 1);
      const other = choices.below(chars.length + 1);
      switch (choices.below(4)) {
        case 0:
          chars.splice(at, 1 + choices.below(3));
          break;
        case 1:
          chars.splice(at, 0, ...chars.slice(other, other + 8));
          break;
        case 2:
          chars.splice(at, 1, chars[other] ?? ' ');
          break;
        default:
          chars.splice(
            at,
            0,
            choices.pick(['(', ')', '[', ']', '..', '"', ' and ', '-', '.', '@', '{', '}', '\\', '?', '\u0000']),
          );
      }
    }
    return chars.join('');
  }
}
