/** Conversions between strings and other values (DMN 1.5 table 72). */
import type { Node } from '../feel/ast.ts';
import { callFunction } from '../feel/call.ts';
import { isNumber, negateNumber, numberFromText } from '../feel/numbers.ts';
import { compare } from '../feel/operators.ts';
import { parseExpression } from '../feel/parser.ts';
import type { Run } from '../feel/run.ts';
import { valueText } from '../feel/text.ts';
import { FeelRange, type Value } from '../feel/values.ts';
import { assertWeight } from '../feel/weight.ts';
import { DATE_FUNCTIONS } from './dates.ts';
import { type BuiltIn, defineGroup, textArg } from './define.ts';

function toNumber(text: string, grouping: Value | undefined, point: Value | undefined): Value {
  let plain = text;
  if (typeof grouping === 'string') {
    if (![' ', ',', '.'].includes(grouping) || grouping === point) return null;
    plain = plain.replaceAll(grouping, '');
  }
  if (typeof point === 'string') {
    if (![',', '.'].includes(point)) return null;
    if (point === ',' && plain.includes('.')) return null;
    plain = plain.replace(point, '.');
  }
  return numberFromText(plain);
}

const LITERAL_FUNCTIONS = new Map(
  DATE_FUNCTIONS.filter((entry) => ['date', 'time', 'date and time', 'duration'].includes(entry.name)).map((entry) => [
    entry.name,
    entry.value,
  ]),
);

/** The value of an end written as a literal; undefined when it is anything else. */
function literalEnd(node: Node, run: Run): Value | undefined {
  if (node.type === 'literal') return node.value;
  if (node.type === 'negate' && node.operand.type === 'literal' && isNumber(node.operand.value)) {
    return negateNumber(node.operand.value);
  }
  const fn = node.type === 'call' && node.callee.type === 'name' ? LITERAL_FUNCTIONS.get(node.callee.name) : undefined;
  if (fn === undefined || node.type !== 'call') return undefined;
  const args = node.args.map((arg) => literalEnd(arg, run));
  return args.includes(undefined)
    ? undefined
    : callFunction(
        fn,
        args.map((arg) => arg ?? null),
        run,
      );
}

/** The value of the text of an end; undefined when it is not a literal. */
function endOfText(text: string, run: Run): Value | undefined {
  try {
    return literalEnd(parseExpression(text, { names: LITERAL_FUNCTIONS.keys() }), run);
  } catch {
    return undefined;
  }
}

/** An end left out makes the range open to that side, but not both. */
function toRange(text: string, run: Run): Value {
  const match = /^\s*([[(\]])(.*?)\.\.(.*)([\])[])\s*$/su.exec(text);
  if (match === null) return null;
  const [, open, first = '', last = '', close] = match;
  const start = first.trim() === '' ? null : endOfText(first, run);
  const end = last.trim() === '' ? null : endOfText(last, run);
  if (start === undefined || end === undefined || (start === null && end === null)) return null;
  if (last.trim() === '') return FeelRange.of(open === '[' ? '>=' : '>', start);
  if (first.trim() === '') return FeelRange.of(close === ']' ? '<=' : '<', end);
  const order = start === null || end === null ? null : compare(start, end);
  return order === null || order > 0 ? null : new FeelRange('interval', start, end, open === '[', close === ']');
}

export const CONVERSION_FUNCTIONS: BuiltIn[] = defineGroup('conversion', [
  {
    name: 'number',
    parameters: ['from: string, grouping separator: string, decimal separator: string', 'from: string', 'from: number'],
    result: 'number',
    acceptsNull: true,
    en: 'A number from text; the separators (space, comma, period or null) are taken away or read as the point.',
    zh: '由文本构造数值；可指定千分位与小数点符号。',
    examples: [
      ['number("1 000,0", " ", ",")', '1000'],
      ['number("1,000.5", ",", ".")', '1000.5'],
      ['number("100")', '100'],
    ],
    call: ([from = null, grouping, point], run) => {
      if (from === null) return run.report('argument_null', 'number: null');
      if (isNumber(from)) return from;
      return toNumber(textArg(from), grouping, point) ?? run.report('argument_invalid', `number: not one: ${from}`);
    },
  },
  {
    name: 'string',
    parameters: 'from: Any',
    result: 'string',
    en: 'The text of a value; null for null.',
    zh: '值的文本；null 仍为 null。',
    examples: [
      ['string(1.10)', '1.1'],
      ['string([1, "a", {b: null}])', '[1, "a", {b: null}]'],
      ['string(date("2012-12-25"))', '2012-12-25'],
    ],
    call: ([value = null], run) => {
      assertWeight(value, run.limits.size);
      const text = valueText(value);
      run.produce(text.length);
      return text;
    },
  },
  {
    name: 'range',
    parameters: 'from: string',
    result: 'range<Any>',
    en: 'A range from the text of an interval with literal ends.',
    zh: '由区间文本构造区间。',
    examples: [
      ['range("[18..21)") = [18..21)', 'true'],
      ['range("[21..18]")', 'null'],
      ['range("[2..]") = (>= 2)', 'true'],
    ],
    call: ([from], run) =>
      toRange(textArg(from), run) ?? run.report('argument_invalid', `range: not one: ${textArg(from)}`),
  },
]);
