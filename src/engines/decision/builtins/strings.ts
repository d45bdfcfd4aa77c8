/** String functions (DMN 1.5 table 74). Positions and lengths count Unicode code points. */

import { codePoints, compileRegex, type Match } from '../feel/regex.ts';
import type { Run } from '../feel/run.ts';
import type { Value } from '../feel/values.ts';
import { type BuiltIn, defineGroup, listArg, textArg, wholeArg } from './define.ts';

const ASTRAL = /[\ud800-\udfff]/;

function codePointLength(text: string): number {
  if (!ASTRAL.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** `start` counts from 1, or from the end when negative; null when it is not inside the string. */
function substring(text: string, start: number, length: number | undefined, run: Run): Value {
  const chars = ASTRAL.test(text) ? Array.from(text) : text;
  const from = start > 0 ? start - 1 : chars.length + start;
  if (start === 0 || from < 0 || from >= chars.length) {
    return run.report('argument_out_of_range', `substring: no position ${start} in ${chars.length} characters`);
  }
  if (length !== undefined && length < 1) {
    return run.report('argument_out_of_range', `substring: length ${length}`);
  }
  const part = chars.slice(from, length === undefined ? undefined : from + length);
  return typeof part === 'string' ? part : part.join('');
}

function* allMatches(pattern: string, flags: string, text: string, run: Run): Generator<Match, boolean> {
  const regex = compileRegex(pattern, flags);
  if (regex === null) return false;
  const input = codePoints(text);
  run.charge(input.length);
  let from = 0;
  while (from <= input.length) {
    const match = regex.find(input, from, run);
    if (match === null) return true;
    yield match;
    from = match.end > match.start ? match.end : match.end + 1;
  }
  return true;
}

/** Null when the replacement is malformed: `$` needs a digit and `\` needs `$` or `\` after it (XPath fn:replace). */
function expandReplacement(
  replacement: string,
  match: Match,
  chars: readonly string[],
  literal: boolean,
): string | null {
  if (literal) return replacement;
  let result = '';
  for (let at = 0; at < replacement.length; at += 1) {
    const char = replacement[at] ?? '';
    const next = replacement[at + 1] ?? '';
    if (char === '\\') {
      if (next !== '\\' && next !== '$') return null;
      result += next;
      at += 1;
    } else if (char === '$') {
      if (!/^\d$/.test(next)) return null;
      let group = Number(next);
      at += 1;
      while (/^\d$/.test(replacement[at + 1] ?? '') && group * 10 + Number(replacement[at + 1]) < match.groups.length) {
        at += 1;
        group = group * 10 + Number(replacement[at]);
      }
      const span = group === 0 ? ([match.start, match.end] as const) : match.groups[group];
      if (span !== null && span !== undefined) result += chars.slice(span[0], span[1]).join('');
    } else {
      result += char;
    }
  }
  return result;
}

function replaceAll(text: string, pattern: string, replacement: string, flags: string, run: Run): Value {
  const chars = Array.from(text);
  const matches = allMatches(pattern, flags, text, run);
  let result = '';
  let copied = 0;
  for (let step = matches.next(); ; step = matches.next()) {
    if (step.done) {
      if (!step.value) return run.report('argument_invalid', `replace: not a pattern: ${pattern}`);
      const whole = result + chars.slice(copied).join('');
      run.produce(whole.length);
      return whole;
    }
    const expanded = expandReplacement(replacement, step.value, chars, flags.includes('q'));
    if (expanded === null) return run.report('argument_invalid', `replace: not a replacement: ${replacement}`);
    result += chars.slice(copied, step.value.start).join('') + expanded;
    run.produce(result.length);
    copied = step.value.end;
  }
}

function split(text: string, pattern: string, run: Run): Value {
  const chars = Array.from(text);
  const matches = allMatches(pattern, '', text, run);
  const parts: string[] = [];
  let copied = 0;
  for (let step = matches.next(); ; step = matches.next()) {
    if (step.done) {
      if (!step.value) return run.report('argument_invalid', `split: not a pattern: ${pattern}`);
      parts.push(chars.slice(copied).join(''));
      run.produce(parts.length);
      return parts;
    }
    const { start, end } = step.value;
    // An empty match splits between characters, never at the ends.
    if (end === start && (start === 0 || start >= chars.length)) continue;
    parts.push(chars.slice(copied, start).join(''));
    copied = end;
  }
}

function join(items: readonly Value[], delimiter: string, run: Run): Value {
  const texts = items.filter((item) => item !== null);
  if (!texts.every((item) => typeof item === 'string'))
    return run.report('argument_invalid', 'string join: not a string');
  run.produce(texts.reduce((sum, item) => sum + item.length + delimiter.length, 0));
  return texts.join(delimiter);
}

export const STRING_FUNCTIONS: BuiltIn[] = defineGroup('string', [
  {
    name: 'substring',
    parameters: 'string: string, start position: number, length?: number',
    result: 'string',
    en: 'The part from a position (1 is the first, -1 the last character), of a length or to the end.',
    zh: '从某位置（1 为首字符，-1 为末字符）起、指定长度或到末尾的子串。',
    examples: [
      ['substring("foobar", 3)', 'obar'],
      ['substring("foobar", 3, 3)', 'oba'],
      ['substring("foobar", -2, 1)', 'a'],
      ['substring("龙门账", 2)', '门账'],
    ],
    call: ([text, start, length], run) =>
      substring(textArg(text), wholeArg(start), length === undefined ? undefined : wholeArg(length), run),
  },
  {
    name: 'string length',
    parameters: 'string: string',
    result: 'number',
    en: 'The number of characters.',
    zh: '字符数。',
    examples: [
      ['string length("foo")', '3'],
      ['string length("\\U01F40E")', '1'],
    ],
    call: ([text]) => codePointLength(textArg(text)),
  },
  {
    name: 'upper case',
    parameters: 'string: string',
    result: 'string',
    en: 'The string in upper case.',
    zh: '转为大写。',
    examples: [['upper case("aBc4")', 'ABC4']],
    call: ([text]) => textArg(text).toUpperCase(),
  },
  {
    name: 'lower case',
    parameters: 'string: string',
    result: 'string',
    en: 'The string in lower case.',
    zh: '转为小写。',
    examples: [['lower case("aBc4")', 'abc4']],
    call: ([text]) => textArg(text).toLowerCase(),
  },
  {
    name: 'substring before',
    parameters: 'string: string, match: string',
    result: 'string',
    en: 'What stands before the first match, or the empty string.',
    zh: '首个匹配之前的部分；无匹配则为空串。',
    examples: [
      ['substring before("foobar", "bar")', 'foo'],
      ['substring before("foobar", "xyz")', ''],
    ],
    call: ([text, match]) => {
      const at = textArg(text).indexOf(textArg(match));
      return at < 0 ? '' : textArg(text).slice(0, at);
    },
  },
  {
    name: 'substring after',
    parameters: 'string: string, match: string',
    result: 'string',
    en: 'What stands after the first match, or the empty string.',
    zh: '首个匹配之后的部分；无匹配则为空串。',
    examples: [
      ['substring after("foobar", "ob")', 'ar'],
      ['substring after("", "a")', ''],
    ],
    call: ([text, match]) => {
      const at = textArg(text).indexOf(textArg(match));
      return at < 0 ? '' : textArg(text).slice(at + textArg(match).length);
    },
  },
  {
    name: 'replace',
    parameters: 'input: string, pattern: string, replacement: string, flags?: string',
    result: 'string',
    en: 'Replaces all matches of an XPath pattern; $1 … stand for groups.',
    zh: '替换 XPath 正则的全部匹配；$1 等代表分组。',
    examples: [
      ['replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', '[1=ab][2=]cd'],
      ['replace("abracadabra", "a.*?a", "*")', '*c*bra'],
    ],
    call: ([text, pattern, replacement, flags], run) =>
      replaceAll(textArg(text), textArg(pattern), textArg(replacement), flags === undefined ? '' : textArg(flags), run),
  },
  {
    name: 'contains',
    parameters: 'string: string, match: string',
    result: 'boolean',
    en: 'Whether the string holds the match.',
    zh: '是否包含指定文本。',
    examples: [['contains("foobar", "of")', 'false']],
    call: ([text, match]) => textArg(text).includes(textArg(match)),
  },
  {
    name: 'starts with',
    parameters: 'string: string, match: string',
    result: 'boolean',
    en: 'Whether the string begins with the match.',
    zh: '是否以指定文本开头。',
    examples: [['starts with("foobar", "fo")', 'true']],
    call: ([text, match]) => textArg(text).startsWith(textArg(match)),
  },
  {
    name: 'ends with',
    parameters: 'string: string, match: string',
    result: 'boolean',
    en: 'Whether the string ends with the match.',
    zh: '是否以指定文本结尾。',
    examples: [['ends with("foobar", "r")', 'true']],
    call: ([text, match]) => textArg(text).endsWith(textArg(match)),
  },
  {
    name: 'matches',
    parameters: 'input: string, pattern: string, flags?: string',
    result: 'boolean',
    en: 'Whether an XPath pattern matches somewhere in the input; flags s, m, i, x, q.',
    zh: 'XPath 正则是否在文本中匹配；标志 s、m、i、x、q。',
    examples: [
      ['matches("foobar", "^fo*b")', 'true'],
      ['matches("FooBar", "foo", "i")', 'true'],
      ['matches("a1", "^\\\\p{L}\\\\d$")', 'true'],
    ],
    call: ([text, pattern, flags], run) => {
      const regex = compileRegex(textArg(pattern), flags === undefined ? '' : textArg(flags));
      if (regex === null) return run.report('argument_invalid', `matches: not a pattern: ${textArg(pattern)}`);
      const input = codePoints(textArg(text));
      run.charge(input.length);
      return regex.find(input, 0, run) !== null;
    },
  },
  {
    name: 'split',
    parameters: 'string: string, delimiter: string',
    result: 'list<string>',
    en: 'The parts between the matches of an XPath pattern.',
    zh: '按 XPath 正则分割成列表。',
    examples: [
      ['split("John Doe", "\\\\s")', '["John", "Doe"]'],
      ['split("a;b;;", ";")', '["a", "b", "", ""]'],
    ],
    call: ([text, delimiter], run) => split(textArg(text), textArg(delimiter), run),
  },
  {
    name: 'string join',
    parameters: 'list: list<string>, delimiter?: string',
    result: 'string',
    acceptsNull: true,
    en: 'The strings of a list one after another, nulls left out, with a delimiter between them.',
    zh: '依次连接列表中的字符串（忽略 null），以分隔符相隔。',
    examples: [
      ['string join(["a", "b", "c"], "_and_")', 'a_and_b_and_c'],
      ['string join(["a", null, "c"])', 'ac'],
    ],
    call: ([list, delimiter], run) => {
      if (list === null) return run.report('argument_null', 'string join: the list is null');
      return join(listArg(list), typeof delimiter === 'string' ? delimiter : '', run);
    },
  },
]);
