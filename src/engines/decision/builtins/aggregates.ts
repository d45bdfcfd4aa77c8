/** Functions that calculate over lists (DMN 1.5 table 75). The variadic ones also take their items one by one. */

import {
  addNumbers,
  canonical,
  compareNumbers,
  Decimal128,
  divideNumbers,
  equalNumbers,
  type FeelNumber,
  multiplyNumbers,
  subtractNumbers,
  toDecimal,
} from '../feel/numbers.ts';
import { add, compare } from '../feel/operators.ts';
import type { Run } from '../feel/run.ts';
import type { List, Value } from '../feel/values.ts';
import { type Arguments, type BuiltIn, defineGroup, listArg, numbersOf } from './define.ts';

/** Runs over the numbers of a list; null with a message when something else is among them. */
function overNumbers(name: string, calculate: (numbers: FeelNumber[], run: Run) => Value) {
  return ([list]: Arguments, run: Run): Value => {
    const numbers = numbersOf(listArg(list));
    run.charge(listArg(list).length);
    return numbers === null
      ? run.report('argument_invalid', `${name}: not a list of numbers`)
      : calculate(numbers, run);
  };
}

function extreme(name: string, sign: 1 | -1) {
  return ([list]: Arguments, run: Run): Value => {
    const items = listArg(list);
    run.charge(items.length);
    let best: Value = items[0] ?? null;
    for (const item of items) {
      const order = compare(item, best);
      if (order === null) return run.report('argument_invalid', `${name}: items have no order`);
      if (order * sign > 0) best = item;
    }
    return best;
  };
}

function sum(items: List, run: Run): Value {
  run.charge(items.length);
  let total: Value = items[0] ?? null;
  if (total !== null && !isSummable(total)) return run.report('argument_invalid', 'sum: not numbers or durations');
  for (const item of items.slice(1)) {
    if (!isSummable(item)) return run.report('argument_invalid', 'sum: not numbers or durations');
    total = add(total, item);
  }
  return total;
}

function isSummable(value: Value): boolean {
  return add(value, value) !== null && typeof value !== 'string';
}

function sumNumbers(numbers: readonly FeelNumber[]): FeelNumber | null {
  let total: FeelNumber | null = 0;
  for (const number of numbers) total = total === null ? null : addNumbers(total, number);
  return total;
}

function mean(numbers: readonly FeelNumber[]): FeelNumber | null {
  const total = numbers.length === 0 ? null : sumNumbers(numbers);
  return total === null ? null : divideNumbers(total, numbers.length);
}

function median(numbers: readonly FeelNumber[]): FeelNumber | null {
  const sorted = numbers.toSorted(compareNumbers);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return null;
  if (sorted.length % 2 === 1) return upper;
  return mean([sorted[middle - 1] ?? upper, upper]);
}

/** Sample standard deviation; null for fewer than two numbers. */
function deviation(numbers: readonly FeelNumber[]): FeelNumber | null {
  const average = mean(numbers);
  if (average === null || numbers.length < 2) return null;
  let squares = new Decimal128(0);
  for (const number of numbers) {
    const difference = subtractNumbers(number, average);
    if (difference === null) return null;
    squares = squares.plus(toDecimal(difference).pow(2));
  }
  return canonical(squares.div(numbers.length - 1).sqrt());
}

/** All most frequent numbers, ascending. */
function mode(numbers: readonly FeelNumber[]): List {
  const runs: { value: FeelNumber; count: number }[] = [];
  for (const value of numbers.toSorted(compareNumbers)) {
    const last = runs.at(-1);
    if (last !== undefined && equalNumbers(last.value, value)) last.count += 1;
    else runs.push({ value, count: 1 });
  }
  const most = Math.max(0, ...runs.map((entry) => entry.count));
  return runs.filter((entry) => entry.count === most).map((entry) => entry.value);
}

/** `decisive` settles the answer; null when another item is not a boolean. */
function logical(decisive: boolean) {
  return ([list]: Arguments, run: Run): Value => {
    const items = listArg(list);
    run.charge(items.length);
    if (items.includes(decisive)) return decisive;
    return items.every((item) => typeof item === 'boolean') ? !decisive : null;
  };
}

export const AGGREGATE_FUNCTIONS: BuiltIn[] = defineGroup('list', [
  {
    name: 'count',
    parameters: 'list: list<Any>',
    result: 'number',
    en: 'The number of elements.',
    zh: '元素个数。',
    examples: [
      ['count([1, 2, 3])', '3'],
      ['count([])', '0'],
    ],
    call: ([list]) => listArg(list).length,
  },
  {
    name: 'min',
    parameters: 'list: list<Any>',
    result: 'Any',
    variadic: 'list',
    en: 'The least element; null for an empty list.',
    zh: '最小元素；空列表为 null。',
    examples: [
      ['min([1, 2, 3])', '1'],
      ['min(3, 1, 2)', '1'],
    ],
    call: extreme('min', -1),
  },
  {
    name: 'max',
    parameters: 'list: list<Any>',
    result: 'Any',
    variadic: 'list',
    en: 'The greatest element; null for an empty list.',
    zh: '最大元素；空列表为 null。',
    examples: [
      ['max([1, 2, 3])', '3'],
      ['max("a", "b")', 'b'],
    ],
    call: extreme('max', 1),
  },
  {
    name: 'sum',
    parameters: 'list: list<Any>',
    result: 'Any',
    variadic: 'list',
    en: 'The sum of numbers or durations; null for an empty list.',
    zh: '数值或时长之和；空列表为 null。',
    examples: [
      ['sum([0.1, 0.2])', '0.3'],
      ['sum(1, 2, 3)', '6'],
    ],
    call: ([list], run) => sum(listArg(list), run),
  },
  {
    name: 'product',
    parameters: 'list: list<Any>',
    result: 'number',
    variadic: 'list',
    en: 'The product of numbers; null for an empty list.',
    zh: '数值之积；空列表为 null。',
    examples: [['product([2, 3, 4])', '24']],
    call: overNumbers('product', (numbers) =>
      numbers.length === 0
        ? null
        : numbers.reduce<FeelNumber | null>((total, item) => (total === null ? null : multiplyNumbers(total, item)), 1),
    ),
  },
  {
    name: 'mean',
    parameters: 'list: list<Any>',
    result: 'number',
    variadic: 'list',
    en: 'The arithmetic mean; null for an empty list.',
    zh: '算术平均；空列表为 null。',
    examples: [['mean([1, 2, 4, 5])', '3']],
    call: overNumbers('mean', mean),
  },
  {
    name: 'median',
    parameters: 'list: list<Any>',
    result: 'number',
    variadic: 'list',
    en: 'The middle number, or the mean of the two in the middle.',
    zh: '中位数。',
    examples: [
      ['median(8, 2, 5, 3, 4)', '4'],
      ['median([6, 1, 2, 3])', '2.5'],
    ],
    call: overNumbers('median', median),
  },
  {
    name: 'stddev',
    parameters: 'list: list<Any>',
    result: 'number',
    variadic: 'list',
    en: 'The sample standard deviation; null for fewer than two numbers.',
    zh: '样本标准差；少于两个数为 null。',
    examples: [['stddev(2, 4, 7, 5)', '2.081665999466132735282297706979931']],
    call: overNumbers('stddev', deviation),
  },
  {
    name: 'mode',
    parameters: 'list: list<Any>',
    result: 'list<number>',
    variadic: 'list',
    en: 'The most frequent numbers, ascending.',
    zh: '众数，升序。',
    examples: [['mode([6, 3, 9, 6, 6])', '[6]']],
    call: overNumbers('mode', mode),
  },
  {
    name: 'all',
    parameters: 'list: list<Any>',
    result: 'boolean',
    variadic: 'list',
    en: 'False if an element is false, else true if all are true, else null.',
    zh: '有 false 为 false；全为 true 为 true；否则 null。',
    examples: [
      ['all([false, null, true])', 'false'],
      ['all([])', 'true'],
    ],
    call: logical(false),
  },
  {
    name: 'any',
    parameters: 'list: list<Any>',
    result: 'boolean',
    variadic: 'list',
    en: 'True if an element is true, else false if all are false, else null.',
    zh: '有 true 为 true；全为 false 为 false；否则 null。',
    examples: [
      ['any([false, null, true])', 'true'],
      ['any([])', 'false'],
    ],
    call: logical(true),
  },
]);
