import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, checkExpression, load } from '../index.ts';

const OPEN = '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="urn:m">';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** Findings on a table of inputs `name: type`, as `code en-text`. */
function findings(
  policy: string,
  inputs: readonly string[],
  rules: readonly (readonly string[])[],
  values = '',
): string[] {
  const names = inputs.map((input) => input.split(': '));
  const text = (element: string, content: string): string =>
    `<${element}><text>${escaped(content)}</text></${element}>`;
  const model = load(`${OPEN}
    ${names.map(([name, type]) => `<inputData id="i${name}" name="${name}"><variable name="${name}" typeRef="${type}"/></inputData>`).join('')}
    <decision id="d" name="T">${names.map(([name]) => `<informationRequirement><requiredInput href="#i${name}"/></informationRequirement>`).join('')}
    <decisionTable hitPolicy="${policy}">
    ${names.map(([name, type]) => `<input><inputExpression typeRef="${type}"><text>${name}</text></inputExpression>${values === '' ? '' : text('inputValues', values)}</input>`).join('')}
    <output/>${rules.map((cells) => `<rule>${cells.map((cell, index) => text(index < names.length ? 'inputEntry' : 'outputEntry', cell)).join('')}</rule>`).join('')}
    </decisionTable></decision></definitions>`);
  return check(model).map((problem) => `${problem.code} ${problem.en}`);
}

/** Policy, inputs, rules, allowed values, findings. */
const TABLES: readonly (readonly [string, string[], string[][], string, string[]])[] = [
  [
    'UNIQUE',
    ['x: number'],
    [
      ['< 5', '1'],
      ['>= 5', '2'],
    ],
    '',
    [],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['< 5', '1'],
      ['> 5', '2'],
    ],
    '',
    ['table_gap T: has no rule for x: 5'],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['<= 5', '1'],
      ['>= 5', '2'],
    ],
    '',
    ['rules_overlap T: rules 1 and 2 hit together, but the policy is UNIQUE'],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['<= 5', '1'],
      ['<= 5', '2'],
      ['> 5', '3'],
    ],
    '',
    ['rules_contradict T: rules 1 and 2 hit together, but the policy is UNIQUE'],
  ],
  [
    'ANY',
    ['x: number'],
    [
      ['<= 5', '1'],
      ['>= 5', '2'],
    ],
    '',
    ['rules_contradict T: rules 1 and 2 hit together with different results'],
  ],
  [
    'FIRST',
    ['x: number'],
    [
      ['< 5', '1'],
      ['< 3', '2'],
      ['-', '3'],
    ],
    '',
    ['rule_unreachable T: rule 2 never decides: earlier rules take all its cases'],
  ],
  [
    'FIRST',
    ['x: number'],
    [
      ['< 5', '1'],
      ['[5..10]', '2'],
      ['[2..9]', '2'],
      ['-', '3'],
    ],
    '',
    ['rule_unreachable T: rule 3 never decides: earlier rules take all its cases'],
  ],
  [
    'UNIQUE',
    ['s: string'],
    [
      ['"a"', '1'],
      ['"b"', '2'],
    ],
    '',
    ['table_gap T: has no rule for s: not("a", "b")'],
  ],
  [
    'UNIQUE',
    ['s: string'],
    [
      ['"a"', '1'],
      ['"b"', '2'],
    ],
    '"a", "b"',
    [],
  ],
  [
    'UNIQUE',
    ['s: string'],
    [
      ['"a"', '1'],
      ['"c"', '2'],
    ],
    '"a", "b"',
    ['rule_unreachable T: rule 2 never hits: nothing allowed for s fits', 'table_gap T: has no rule for s: "b"'],
  ],
  [
    'UNIQUE',
    ['b: boolean', 'x: number'],
    [
      ['true', '-', '1'],
      ['false', '< 1', '2'],
    ],
    '',
    ['table_gap T: has no rule for b: false, x: >= 1'],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['< 0', '1'],
      ['> 0', '2'],
    ],
    '',
    ['table_gap T: has no rule for x: 0', 'zero_left_out T: has no rule for x = 0: 0 is a value like any other'],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['-', '1'],
      ['-', '1'],
    ],
    '',
    ['rule_twice T: rules 1 and 2 are the same'],
  ],
  [
    'UNIQUE',
    ['x: number'],
    [
      ['"a"', '1'],
      ['-', '2'],
    ],
    '',
    [
      'test_invalid T: number is tested against string, which never holds',
      'rules_overlap T: rules 1 and 2 hit together, but the policy is UNIQUE',
    ],
  ],
];

test('gaps, overlaps, contradictions and rules that never decide', () => {
  for (const [policy, inputs, rules, values, expected] of TABLES) {
    assert.deepEqual(findings(policy, inputs, rules, values).toSorted(), expected.toSorted(), JSON.stringify(rules));
  }
});

/** Expression and the findings on it, as `code start-end`. */
const EXPRESSIONS: readonly (readonly [string, string, string[]])[] = [
  ['age + 1', 'number', []],
  ['aeg + 1', 'Any', ['name_unknown 0-3 There is no aeg; is age meant?']],
  [
    'age + "1"',
    'Null',
    ['operands_invalid 0-9 Cannot add number and string; string() makes text of a value; the result is always null'],
  ],
  [
    'age > name',
    'boolean',
    ['operands_invalid 0-10 number is never comparable with string; the result is always null'],
  ],
  [
    'substring(name)',
    'string',
    [
      'arguments_invalid 0-15 substring cannot take (string); it is substring(string: string, start position: number, [length: number]): string',
    ],
  ],
  ['if name then 1 else 2', 'number', ['condition_invalid 3-7 if needs a boolean, not string']],
  ['{a: 1}.b', 'Any', ['entry_unknown 0-8 context<a: number> has no b; it has a']],
  ['born + duration("P1Y")', 'Any', []],
  ['for i in 1..3 return i * age', 'list<number>', []],
  [
    '[1, 2][item > "a"]',
    'list<number>',
    ['operands_invalid 7-17 number is never comparable with string; the result is always null'],
  ],
  ['age in ("a", 2)', 'boolean', ['test_invalid 8-11 number is tested against string, which never holds']],
  ['(function(a: number) a)("x")', 'Any', ['arguments_invalid 24-27 Argument 1 is string, but number is wanted']],
];

test('types of expressions and what is wrong with them', () => {
  for (const [text, , expected] of EXPRESSIONS) {
    const { problems } = checkExpression(text, { age: 'number', name: 'string', born: 'date' });
    const found = problems.map((problem) => `${problem.code} ${problem.start}-${problem.end} ${problem.en}`);
    assert.deepEqual(found, expected, text);
  }
  for (const [text, type] of EXPRESSIONS.slice(0, 2)) {
    assert.equal(checkExpression(text, { age: 'number' }).type, type, text);
  }
});

test('parts nobody uses, and 0 taken for no limit', () => {
  const model = load(`${OPEN}
    <inputData id="a" name="a"/><inputData id="limit" name="limit"/>
    <businessKnowledgeModel id="k" name="k"/>
    <decision id="d" name="D"><informationRequirement><requiredInput href="#limit"/></informationRequirement>
    <literalExpression><text>if limit > 0 and 5 > limit then "over" else "fine"</text></literalExpression></decision>
    </definitions>`);
  assert.deepEqual(
    check(model)
      .map((problem) => problem.code)
      .toSorted(),
    ['input_unused', 'knowledge_unused', 'zero_as_no_limit'],
  );
});
