/** Context functions (DMN 1.5 table 79) and the Boolean ones (table 73). */
import type { Run } from '../feel/run.ts';
import { type Context, isContext, isList, type List, type Value } from '../feel/values.ts';
import { type BuiltIn, contextArg, defineGroup, listArg, textArg } from './define.ts';

/** A context without the prototype traps of objects; null when a key comes twice or is missing. */
function fromEntries(entries: List, run: Run): Value {
  const result = new Map<string, Value>();
  for (const entry of entries) {
    const key = isContext(entry) ? entry.get('key') : undefined;
    if (!isContext(entry) || typeof key !== 'string' || !entry.has('value') || result.has(key)) {
      return run.report('argument_invalid', 'context: entries need a key of their own and a value');
    }
    result.set(key, entry.get('value') ?? null);
  }
  run.produce(result.size);
  return result;
}

function put(context: Context, keys: List, value: Value, run: Run): Value {
  const [key, ...rest] = keys;
  if (typeof key !== 'string') return run.report('argument_invalid', 'context put: keys must be strings');
  const inner = context.get(key);
  let item = value;
  if (rest.length > 0) {
    if (!isContext(inner)) return run.report('argument_invalid', `context put: no context at ${key}`);
    const changed = put(inner, rest, value, run);
    if (changed === null) return null;
    item = changed;
  }
  run.produce(context.size + 1);
  return new Map(context).set(key, item);
}

function valueAt(context: Context, keys: List): Value {
  let current: Value = context;
  for (const key of keys) {
    if (!isContext(current) || typeof key !== 'string') return null;
    current = current.get(key) ?? null;
  }
  return current;
}

export const CONTEXT_FUNCTIONS: BuiltIn[] = [
  ...defineGroup('boolean', [
    {
      name: 'not',
      parameters: 'negand: Any',
      result: 'boolean',
      acceptsNull: true,
      en: 'The opposite of a boolean; null for anything else.',
      zh: '布尔取反；其他值为 null。',
      examples: [
        ['not(true)', 'false'],
        ['not(null)', 'null'],
      ],
      call: ([value]) => (typeof value === 'boolean' ? !value : null),
    },
  ]),
  ...defineGroup('context', [
    {
      name: 'get value',
      parameters: ['m: context, key: string', 'context: context, key: string', 'context: context, keys: list<string>'],
      result: 'Any',
      en: 'The value of an entry, or at a path of entries; null without it.',
      zh: '取上下文中某键（或键路径）的值；不存在为 null。',
      examples: [
        ['get value({key1: "value1"}, "key1")', 'value1'],
        ['get value({a: {b: 1}}, ["a", "b"])', '1'],
      ],
      call: ([context, key]) => valueAt(contextArg(context), isList(key) ? key : [textArg(key)]),
    },
    {
      name: 'get entries',
      parameters: 'm: context',
      result: 'list<context<key: string, value: Any>>',
      en: 'The entries as a list of contexts with key and value.',
      zh: '将上下文转为 key、value 列表。',
      examples: [['get entries({a: 1})', '[{key: "a", value: 1}]']],
      call: ([context], run) => {
        run.produce(contextArg(context).size);
        return [...contextArg(context)].map(
          ([key, value]) =>
            new Map<string, Value>([
              ['key', key],
              ['value', value],
            ]),
        );
      },
    },
    {
      name: 'context put',
      parameters: ['context: context, key: string, value: Any', 'context: context, keys: list<string>, value: Any'],
      result: 'context',
      acceptsNull: true,
      en: 'The context with one entry added or replaced, also at a path of entries.',
      zh: '添加或替换上下文中的一项，可用键路径。',
      examples: [
        ['context put({x: 1}, "y", 2)', '{x: 1, y: 2}'],
        ['context put({x: {y: 0}}, ["x", "y"], 2)', '{x: {y: 2}}'],
      ],
      call: ([context, key, value = null], run) => {
        if (context === null || key === null) return run.report('argument_null', 'context put: an argument is null');
        return put(contextArg(context), isList(key) ? key : [textArg(key)], value, run);
      },
    },
    {
      name: 'context merge',
      parameters: 'contexts: list<context>',
      result: 'context',
      en: 'One context with the entries of all; later ones win.',
      zh: '合并多个上下文，后者优先。',
      examples: [['context merge([{x: 1}, {x: 2, y: 3}])', '{x: 2, y: 3}']],
      call: ([contexts], run) => {
        if (listArg(contexts).includes(null)) return run.report('argument_null', 'context merge: a context is null');
        const result = new Map<string, Value>();
        for (const context of listArg(contexts)) {
          for (const [key, value] of contextArg(context)) result.set(key, value);
        }
        run.produce(result.size);
        return result;
      },
    },
    {
      name: 'context',
      parameters: 'entries: list<context>',
      result: 'context',
      en: 'A context of entries given as contexts with key and value.',
      zh: '由 key、value 列表构造上下文。',
      examples: [['context([{key: "a", value: 1}, {key: "b", value: 2}])', '{a: 1, b: 2}']],
      call: ([entries], run) => fromEntries(listArg(entries), run),
    },
  ]),
];
