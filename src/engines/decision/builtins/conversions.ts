/** Conversions between strings and other values (DMN 1.5 table 72). */
import type { Node } from '../feel/ast.ts';
import { negateNumber, numberFromText, isNumber } from '../feel/numbers.ts';
import { compare } from '../feel/operators.ts';
import { parseExpression } from '../feel/parser.ts';
import type { Run } from '../feel/run.ts';
import { valueText } from '../feel/text.ts';
import { FeelRange, type Value } from '../feel/values.ts';
import { callFunction } from '../feel/call.ts';
import { type BuiltIn, defineGroup, textArg } from './define.ts';
import { DATE_FUNCTIONS } from './dates.ts';

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
function literalEnd(node: Node | null, run: Run): Value | undefined {
  if (node === null) return null;
  if (node.type === 'literal') return node.value;
  if (node.type === 'negate' && node.operand.type === 'literal' && isNumber(node.operand.value)) {
    return negateNumber(node.operand.value);
  }
  const fn = node.type === 'call' && node.callee.type === 'name' ? LITERAL_FUNCTIONS.get(node.callee.name) : undefined;
  if (fn === undefined || node.type !== 'call') return undefined;
  const args = node.args.map((arg) => literalEnd(arg, run));
  return args.includes(undefined) ? undefined : callFunction(fn, args.map((arg) => arg ?? null), run);
}

function toRange(text: string, run: Run): Value {
  let node: Node;
  try {
    node = parseExpression(text, { names: LITERAL_FUNCTIONS.keys() });
  } catch {
    return null;
  }
  if (node.type !== 'range' || node.operator !== 'interval') return null;
  const start = literalEnd(node.from, run);
  const end = literalEnd(node.to, run);
  if (start === undefined || end === undefined || (start === null && end === null)) return null;
  if (start !== null && end !== null) {
    const order = compare(start, end);
    if (order === null || order > 0) return null;
  }
  return new FeelRange('interval', start, end, node.fromIncluded, node.toIncluded);
}

export const CONVERSION_FUNCTIONS: BuiltIn[] = defineGroup('conversion', [
  {
    name: 'number',
    parameters: [
      'from: string, grouping separator: string, decimal separator: string',
      'from: string',
      'from: number',
    ],
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
    ],
    call: ([from], run) => toRange(textArg(from), run) ?? run.report('argument_invalid', `range: not one: ${textArg(from)}`),
  },
]);

