/** The path of a result in words: which table saw what, which rules hit and what came of it. */
import type { TableNode } from './feel/ast.ts';
import type { PathStep } from './feel/path.ts';
import { literalText } from './feel/text.ts';
import type { List, Value } from './feel/values.ts';
import { weightOf } from './feel/weight.ts';
import { toJson } from './json.ts';

/** What a decision table did. `hits` are indexes of rules, in the order of the table. */
export interface TableTrace {
  readonly table: TableNode;
  readonly element: string | undefined;
  readonly inputs: List;
  readonly hits: readonly number[];
  readonly result: Value;
}

/** The trace as data and in words, English and Chinese. */
export function pathStep(trace: TableTrace): PathStep {
  const { table } = trace;
  const inputs = table.inputs.map((input, index) => ({
    expression: input.text,
    value: bounded(trace.inputs[index] ?? null),
  }));
  const rules = trace.hits.map((index) => {
    const rule = table.rules[index];
    return {
      number: index + 1,
      id: rule?.id ?? '',
      conditions: (rule?.inputTexts ?? []).flatMap((text, column) =>
        text === '' || text === '-' ? [] : [`${table.inputs[column]?.text ?? '?'}: ${text}`],
      ),
      annotations: (rule?.annotations ?? []).filter((text) => text !== ''),
    };
  });
  const facts = table.inputs.map((input, index) => `${input.text} = ${shown(trace.inputs[index] ?? null)}`);
  const result = shown(trace.result);
  return {
    table: table.name,
    element: trace.element,
    inputs,
    rules,
    result: bounded(trace.result),
    ...words(table.name, facts, rules, result),
  };
}

/** Values with more elements than this are left out of explanations. */
const SHOWN_ELEMENTS = 10_000;

function shown(value: Value): string {
  return weightOf(value) > SHOWN_ELEMENTS ? '…' : literalText(value);
}

function bounded(value: Value): unknown {
  return weightOf(value) > SHOWN_ELEMENTS ? '…' : toJson(value);
}

function words(
  table: string,
  facts: readonly string[],
  rules: PathStep['rules'],
  result: string,
): { en: string; zh: string } {
  if (rules.length === 0) {
    return {
      en: `${table}: no rule hits for ${facts.join(', ')}; the result is ${result}.`,
      zh: `${table}：${facts.join('，')} 未命中任何规则，结果为 ${result}。`,
    };
  }
  const because = (rule: PathStep['rules'][number], always: string): string =>
    rule.conditions.length === 0 ? always : rule.conditions.join('; ');
  const en = rules.map((rule) => `rule ${rule.number} (${because(rule, 'always')})`).join(', ');
  const zh = rules.map((rule) => `第 ${rule.number} 条规则（${because(rule, '无条件')}）`).join('、');
  return {
    en: `${table}: with ${facts.join(', ')}, ${en} ${rules.length === 1 ? 'hits' : 'hit'}; the result is ${result}.`,
    zh: `${table}：${facts.join('，')}，命中${zh}，结果为 ${result}。`,
  };
}
