/** Random decision tables, written as DMN and evaluated by both evaluators on random inputs. */
import { evaluateValues, type FeelValue, feel, type Limits, literalText, load } from '#engines/decision';
import { isLongmenError } from './errors.ts';
import type { Generator } from './generate.ts';
import type { Choices } from './random.ts';

const POLICIES = ['UNIQUE', 'FIRST', 'ANY', 'PRIORITY', 'COLLECT', 'RULE ORDER', 'OUTPUT ORDER'] as const;
const AGGREGATIONS = ['', '', 'SUM', 'MIN', 'MAX', 'COUNT'] as const;
const INPUT_VALUES: readonly [FeelValue, ...FeelValue[]] = [
  null,
  true,
  false,
  'a',
  'b',
  'c',
  '',
  [1, 2],
  feel.date('2020-03-01'),
  feel.duration('P1D'),
  feel.number('2.5'),
];
const EVALUATIONS = 8;

export interface RandomTable {
  readonly xml: string;
  readonly inputs: readonly string[];
}

export function randomTable(choices: Choices, generator: Generator): RandomTable {
  const inputs = ['x', 'y', 'w'].slice(0, 1 + choices.below(3));
  const outputs = 1 + choices.below(2);
  const policy = choices.pick(POLICIES);
  const aggregation = policy === 'COLLECT' && outputs === 1 ? choices.pick(AGGREGATIONS) : '';
  const rules = 1 + choices.below(choices.chance(0.1) ? 120 : 12);
  const output = (): string => choices.pick(['1', '2', '3', '"low"', '"high"', 'n + 1', 'null', 'z']);
  const element = (name: string, text: string): string => `<${name}><text>${escaped(text)}</text></${name}>`;
  const rows = Array.from({ length: rules }, () => {
    const cells = inputs.map(() => element('inputEntry', generator.cell()));
    const results = Array.from({ length: outputs }, () => element('outputEntry', output()));
    return `<rule>${cells.join('')}${results.join('')}</rule>`;
  });
  const outputColumns = Array.from(
    { length: outputs },
    (_, index) => `<output name="o${index}">${element('outputValues', '"high", "low", 3, 2, 1')}</output>`,
  );
  const data = [...inputs, 'n', 'm', 'z'];
  const xml = `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="t" namespace="urn:t">
    ${data.map((name) => `<inputData id="i${name}" name="${name}"><variable name="${name}"/></inputData>`).join('')}
    <decision id="d" name="table"><variable name="table"/>
    ${data.map((name) => `<informationRequirement><requiredInput href="#i${name}"/></informationRequirement>`).join('')}
    <decisionTable hitPolicy="${policy}"${aggregation === '' ? '' : ` aggregation="${aggregation}"`}>
    ${inputs.map((name) => `<input><inputExpression><text>${name}</text></inputExpression></input>`).join('')}
    ${outputColumns.join('')}${rows.join('')}</decisionTable></decision></definitions>`;
  return { xml, inputs };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What differs between the evaluators, 'limit' when a limit ended one of them, null when they agree. */
export function tableDifference(table: RandomTable, choices: Choices, limits: Limits): string | null {
  try {
    const model = load(table.xml);
    for (let turn = 0; turn < EVALUATIONS; turn += 1) {
      const values = new Map<string, FeelValue>([
        ['n', 7],
        ['m', choices.below(10)],
        ['z', null],
      ]);
      for (const name of table.inputs) {
        values.set(name, choices.chance(0.7) ? choices.below(14) - 3 : choices.pick(INPUT_VALUES));
      }
      const [ours, judged] = (['compiled', 'reference'] as const).map((evaluator) =>
        literalText(evaluateValues(model, values, { limits, evaluator }).values.get('table') ?? null),
      );
      if (ours !== judged) {
        return `table: compiled ${ours}, reference ${judged} for ${literalText(values)}\n${table.xml}`;
      }
    }
    return null;
  } catch (error) {
    if (isLongmenError(error, 'decision_')) return 'limit';
    return `table crashed: ${error instanceof Error ? error.stack : String(error)}\n${table.xml}`;
  }
}
