/** Decision tables of the size the benchmark wants, as DMN text. */
function definitions(inputs: readonly string[], hitPolicy: string, rules: readonly (readonly string[])[]): string {
  const data = inputs.map(
    (name) => `<inputData id="_${name}" name="${name}"><variable name="${name}" typeRef="number"/></inputData>`,
  );
  const needs = inputs.map(
    (name) => `<informationRequirement><requiredInput href="#_${name}"/></informationRequirement>`,
  );
  const columns = inputs.map(
    (name) => `<input><inputExpression typeRef="number"><text>${name}</text></inputExpression></input>`,
  );
  const rows = rules.map((cells) => {
    const tests = cells.slice(0, -1).map((cell) => `<inputEntry><text>${escaped(cell)}</text></inputEntry>`);
    return `<rule>${tests.join('')}<outputEntry><text>${cells.at(-1)}</text></outputEntry></rule>`;
  });
  return `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="bench" namespace="urn:bench">
    ${data.join('\n')}<decision id="_result" name="result"><variable name="result"/>${needs.join('')}
    <decisionTable hitPolicy="${hitPolicy}">${columns.join('')}<output/>${rows.join('\n')}</decisionTable></decision></definitions>`;
}

function escaped(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The two conditions of one rule: `age >= …` and `amount < …`. */
export function ruleBounds(rule: number): { age: number; amount: number } {
  return { age: 18 + (rule % 50), amount: ((rule * 6151) % 100_000) + 1 };
}

/** Rules of two conditions each; every rule that holds is reported, as `json-rules-engine` does. */
export function twoConditionTable(rules: number): string {
  const rows = Array.from({ length: rules }, (_, rule) => {
    const { age, amount } = ruleBounds(rule);
    return [`>= ${age}`, `< ${amount}`, `${rule}`];
  });
  return definitions(['age', 'amount'], 'COLLECT', rows);
}

/** Rows of four ranges each, of many widths; the first that holds is taken. */
export function rangesTable(rows: number): string {
  const cells = Array.from({ length: rows }, (_, row) => {
    const range = (factor: number, width: number): string => {
      const low = (row * factor) % 10_000;
      return `[${low}..${low + (row % 7 === 0 ? 9_000 : width)})`;
    };
    return [range(31, 900), range(977, 2_000), range(389, 3_000), row % 11 === 0 ? '-' : range(53, 2_500), `${row}`];
  });
  return definitions(['a', 'b', 'c', 'd'], 'FIRST', cells);
}
