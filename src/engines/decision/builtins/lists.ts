/** List functions (DMN 1.5 table 75) that change or search lists; those that calculate are in `aggregates.ts`. */

import { callFunction } from '../feel/call.ts';
import { compare, isEqual } from '../feel/operators.ts';
import type { Run } from '../feel/run.ts';
import { FeelFunction, isList, type List, type Value } from '../feel/values.ts';
import { type BuiltIn, defineGroup, functionArg, listArg, wholeArg } from './define.ts';

function outOfRange(run: Run, name: string, position: number, length: number): null {
  return run.report('argument_out_of_range', `${name}: no position ${position} in a list of ${length}`);
}

/** Index of a position counted from 1, or from the end when negative; null when there is none. */
function indexOf(position: number, length: number): number | null {
  const index = position > 0 ? position - 1 : length + position;
  return position === 0 || index < 0 || index >= length ? null : index;
}

function made(list: Value[], run: Run): List {
  run.produce(list.length);
  return list;
}

function distinct(list: List, run: Run): List {
  const result: Value[] = [];
  for (const item of list) {
    run.charge(result.length + 1);
    if (!result.some((known) => isEqual(known, item))) result.push(item);
  }
  return result;
}

function flatten(list: List, into: Value[], run: Run): Value[] {
  run.produce(into.length + list.length);
  for (const item of list) {
    if (isList(item)) flatten(item, into, run);
    else into.push(item);
  }
  return into;
}

function replaceItems(list: List, where: Value, item: Value, run: Run): Value {
  if (where instanceof FeelFunction) {
    const result: Value[] = [];
    for (const old of list) {
      const chosen = callFunction(where, [old, item], run);
      if (typeof chosen !== 'boolean') return run.report('argument_invalid', 'list replace: match gave no boolean');
      result.push(chosen ? item : old);
    }
    return made(result, run);
  }
  const position = wholeArg(where);
  const index = indexOf(position, list.length);
  return index === null ? outOfRange(run, 'list replace', position, list.length) : made(list.with(index, item), run);
}

class SortRefused extends Error {}

/** Stable; null when the precedence function gives something else than a boolean. */
function sort(list: List, precedes: FeelFunction | null, run: Run): Value {
  const before = (left: Value, right: Value): boolean => {
    run.charge(1);
    if (precedes === null) {
      const order = compare(left, right);
      if (order === null) throw new SortRefused();
      return order < 0;
    }
    const answer = callFunction(precedes, [left, right], run);
    if (typeof answer !== 'boolean') throw new SortRefused();
    return answer;
  };
  try {
    return made(
      list.toSorted((left, right) => (before(left, right) ? -1 : before(right, left) ? 1 : 0)),
      run,
    );
  } catch (error) {
    if (error instanceof SortRefused) return run.report('argument_invalid', 'sort: items have no order');
    throw error;
  }
}

export const LIST_FUNCTIONS: BuiltIn[] = defineGroup('list', [
  {
    name: 'list contains',
    parameters: 'list: list<Any>, element: Any',
    result: 'boolean',
    acceptsNull: true,
    en: 'Whether the list has an equal element; null can be one.',
    zh: '列表是否含有相等的元素（可为 null）。',
    examples: [
      ['list contains([1, 2, 3], 2)', 'true'],
      ['list contains([1, null], null)', 'true'],
    ],
    call: ([list, element = null], run) => {
      if (list === null) return run.report('argument_null', 'list contains: the list is null');
      run.charge(listArg(list).length);
      return listArg(list).some((item) => isEqual(item, element));
    },
  },
  {
    name: 'sublist',
    parameters: 'list: list<Any>, start position: number, length?: number',
    result: 'list<Any>',
    en: 'The part from a position (negative: from the end), of a length or to the end.',
    zh: '从某位置（负数从末尾算）起、指定长度或到末尾的子列表。',
    examples: [
      ['sublist([4, 5, 6], 1, 2)', '[4, 5]'],
      ['sublist([4, 5, 6], -2)', '[5, 6]'],
    ],
    call: ([list, start, length], run) => {
      const items = listArg(list);
      const index = indexOf(wholeArg(start), items.length);
      if (index === null) return outOfRange(run, 'sublist', wholeArg(start), items.length);
      if (length === undefined) return made(items.slice(index), run);
      const end = index + wholeArg(length);
      if (wholeArg(length) < 1 || end > items.length) return outOfRange(run, 'sublist', end, items.length);
      return made(items.slice(index, end), run);
    },
  },
  {
    name: 'append',
    parameters: 'list: list<Any>, items: list<Any>',
    result: 'list<Any>',
    variadic: 'rest',
    acceptsNull: true,
    en: 'The list with the items after it.',
    zh: '在列表末尾追加元素。',
    examples: [['append([1], 2, 3)', '[1, 2, 3]']],
    call: ([list, items], run) =>
      list === null
        ? run.report('argument_null', 'append: the list is null')
        : made([...listArg(list), ...(items === null ? [null] : listArg(items))], run),
  },
  {
    name: 'concatenate',
    parameters: 'lists: list<Any>',
    result: 'list<Any>',
    variadic: 'rest',
    en: 'All lists one after another.',
    zh: '依次连接多个列表。',
    examples: [['concatenate([1, 2], [3])', '[1, 2, 3]']],
    call: ([lists], run) => {
      const all = listArg(lists);
      if (all.includes(null)) return run.report('argument_null', 'concatenate: a list is null');
      return made(
        all.flatMap((list) => (isList(list) ? list : [list])),
        run,
      );
    },
  },
  {
    name: 'insert before',
    parameters: 'list: list<Any>, position: number, newItem: Any',
    result: 'list<Any>',
    acceptsNull: true,
    en: 'The list with an item inserted at a position.',
    zh: '在指定位置插入元素。',
    examples: [['insert before([1, 3], 1, 2)', '[2, 1, 3]']],
    call: ([list, position, item = null], run) => {
      if (list === null || position === null) return run.report('argument_null', 'insert before: an argument is null');
      const items = listArg(list);
      const index = indexOf(wholeArg(position), items.length);
      if (index === null) return outOfRange(run, 'insert before', wholeArg(position), items.length);
      return made(items.toSpliced(index, 0, item), run);
    },
  },
  {
    name: 'remove',
    parameters: 'list: list<Any>, position: number',
    result: 'list<Any>',
    en: 'The list without the item at a position.',
    zh: '移除指定位置的元素。',
    examples: [['remove([1, 2, 3], 2)', '[1, 3]']],
    call: ([list, position], run) => {
      const items = listArg(list);
      const index = indexOf(wholeArg(position), items.length);
      if (index === null) return outOfRange(run, 'remove', wholeArg(position), items.length);
      return made(items.toSpliced(index, 1), run);
    },
  },
  {
    name: 'list replace',
    parameters: [
      'list: list<Any>, position: number, newItem: Any',
      'list: list<Any>, match: function<Any, Any> -> boolean, newItem: Any',
    ],
    result: 'list<Any>',
    acceptsNull: true,
    en: 'The list with the item at a position, or all items a function matches, replaced.',
    zh: '替换指定位置或函数匹配的元素。',
    examples: [
      ['list replace([2, 4, 7, 8], 3, 6)', '[2, 4, 6, 8]'],
      ['list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)', '[5, 5, 7, 8]'],
    ],
    call: ([list, where = null, item = null], run) =>
      list === null || where === null
        ? run.report('argument_null', 'list replace: an argument is null')
        : replaceItems(listArg(list), where, item, run),
  },
  {
    name: 'reverse',
    parameters: 'list: list<Any>',
    result: 'list<Any>',
    en: 'The list from the end.',
    zh: '倒序列表。',
    examples: [['reverse([1, 2, 3])', '[3, 2, 1]']],
    call: ([list], run) => made(listArg(list).toReversed(), run),
  },
  {
    name: 'index of',
    parameters: 'list: list<Any>, match: Any',
    result: 'list<number>',
    acceptsNull: true,
    en: 'The positions of the equal elements, ascending.',
    zh: '相等元素的位置，升序。',
    examples: [['index of([1, 2, 3, 2], 2)', '[2, 4]']],
    call: ([list, match = null], run) => {
      if (list === null) return run.report('argument_null', 'index of: the list is null');
      const positions: number[] = [];
      listArg(list).forEach((item, index) => {
        if (isEqual(item, match)) positions.push(index + 1);
      });
      run.charge(listArg(list).length);
      return positions;
    },
  },
  {
    name: 'union',
    parameters: 'lists: list<Any>',
    result: 'list<Any>',
    variadic: 'rest',
    en: 'All lists one after another, each value once.',
    zh: '连接多个列表并去重。',
    examples: [['union([1, 2], [2, 3])', '[1, 2, 3]']],
    call: ([lists], run) => {
      if (listArg(lists).includes(null)) return run.report('argument_null', 'union: a list is null');
      return distinct(
        listArg(lists).flatMap((list) => (isList(list) ? list : [list])),
        run,
      );
    },
  },
  {
    name: 'distinct values',
    parameters: 'list: list<Any>',
    result: 'list<Any>',
    en: 'Each value once, in the order of its first place.',
    zh: '去重，保留首次出现的顺序。',
    examples: [['distinct values([1, 2, 3, 2, 1])', '[1, 2, 3]']],
    call: ([list], run) => distinct(listArg(list), run),
  },
  {
    name: 'flatten',
    parameters: 'list: list<Any>',
    result: 'list<Any>',
    en: 'The elements of all nested lists.',
    zh: '展开嵌套列表。',
    examples: [['flatten([[1, 2], [[3]], 4])', '[1, 2, 3, 4]']],
    call: ([list], run) => flatten(listArg(list), [], run),
  },
  {
    name: 'sort',
    parameters: 'list: list<Any>, precedes?: function<Any, Any> -> boolean',
    result: 'list<Any>',
    en: 'The list in the order of a function that tells whether one item comes before another, else ascending.',
    zh: '按“是否先于”函数排序；缺省为升序。',
    examples: [
      ['sort(list: [3, 1, 4, 5, 2], precedes: function(x, y) x < y)', '[1, 2, 3, 4, 5]'],
      ['sort(["b", "a"])', '["a", "b"]'],
    ],
    call: ([list, precedes], run) => sort(listArg(list), precedes === undefined ? null : functionArg(precedes), run),
  },
]);
