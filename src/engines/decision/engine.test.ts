import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run as runTck } from '../../../conformance/dmn-tck.ts';
import { evaluate, evaluateExpression, load } from './index.ts';

const OPEN = '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="urn:m">';

function literal(text: string): string {
  return `<literalExpression><text>${text}</text></literalExpression>`;
}

function decision(name: string, needs: readonly string[], body: string, typeRef = ''): string {
  const requirements = needs.map((need) => {
    const [kind, id] = need.split(' ');
    const holder = kind === 'requiredKnowledge' ? 'knowledgeRequirement' : 'informationRequirement';
    return `<${holder}><${kind} href="${id}"/></${holder}>`;
  });
  const type = typeRef === '' ? '' : ` typeRef="${typeRef}"`;
  return `<decision id="${name}" name="${name}"><variable name="${name}"${type}/>${requirements.join('')}${body}</decision>`;
}

function input(name: string, typeRef: string): string {
  return `<inputData id="${name}" name="${name}"><variable name="${name}" typeRef="${typeRef}"/></inputData>`;
}

const LOAN = `${OPEN}
  <itemDefinition name="tRisk"><typeRef>string</typeRef><allowedValues><text>"low","high"</text></allowedValues></itemDefinition>
  ${input('age', 'number')}${input('risk', 'tRisk')}
  ${decision(
    'rate',
    ['requiredInput #age', 'requiredInput #risk'],
    `<decisionTable hitPolicy="FIRST">
      <input><inputExpression typeRef="number"><text>age</text></inputExpression></input>
      <input><inputExpression><text>risk</text></inputExpression></input>
      <output typeRef="number"/><annotation name="why"/>
      <rule id="r1"><inputEntry><text>&lt; 18</text></inputEntry><inputEntry><text>-</text></inputEntry><outputEntry><text>null</text></outputEntry><annotationEntry><text>minor</text></annotationEntry></rule>
      <rule id="r2"><inputEntry><text>-</text></inputEntry><inputEntry><text>"low"</text></inputEntry><outputEntry><text>0.035</text></outputEntry></rule>
      <rule id="r3"><inputEntry><text>-</text></inputEntry><inputEntry><text>"high"</text></inputEntry><outputEntry><text>0.1 + 0.2</text></outputEntry></rule>
    </decisionTable>`,
  )}
  ${decision('offer', ['requiredDecision #rate'], literal('if rate = null then "no" else "yes"'), 'string')}
  </definitions>`;

test('decisions, their path in words and exact decimals in JSON', () => {
  const { values, path } = evaluate(load(LOAN), { age: '34', risk: 'high' });
  assert.deepEqual(values, { rate: '0.3', offer: 'yes' });
  assert.equal(path.length, 1);
  assert.equal(path[0]?.en, 'rate: with age = 34, risk = "high", rule 3 (risk: "high") hits; the result is 0.3.');
  assert.equal(path[0]?.zh, 'rate：age = 34，risk = "high"，命中第 3 条规则（risk: "high"），结果为 0.3。');
  assert.deepEqual(evaluate(load(LOAN), { age: 3, risk: 'low' }).path[0]?.rules[0]?.annotations, ['minor']);
});

test('a value outside the allowed ones becomes null, with a message', () => {
  const { values, messages } = evaluate(load(LOAN), { age: 34, risk: 'unknown' });
  assert.deepEqual(values, { rate: null, offer: 'no' });
  assert.equal(messages[0]?.code, 'type_mismatch');
});

test('decisions that are asked for by name or id, and names the model does not have', () => {
  assert.deepEqual(evaluate(load(LOAN), { age: 34, risk: 'low' }, { decisions: ['rate'] }).values, { rate: '0.035' });
  assert.throws(() => evaluate(load(LOAN), {}, { decisions: ['none'] }), { code: 'decision_not_found' });
});

test('imports, knowledge models and decision services', () => {
  const imported = `<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/" name="lib" namespace="urn:lib">
    <businessKnowledgeModel id="fee" name="fee"><variable name="fee"/><encapsulatedLogic>
    <formalParameter name="amount" typeRef="number"/>${literal('amount * 0.01')}</encapsulatedLogic></businessKnowledgeModel></definitions>`;
  const main = `${OPEN}<import name="lib" namespace="urn:lib" importType="http://www.omg.org/spec/DMN/20180521/MODEL/"/>
    ${input('amount', 'number')}
    ${decision('total', ['requiredInput #amount', 'requiredKnowledge urn:lib#fee'], literal('amount + lib.fee(amount)'))}
    <decisionService id="quote" name="quote"><variable name="quote"/><outputDecision href="#total"/><inputData href="#amount"/></decisionService>
    </definitions>`;
  assert.throws(() => load(main), { code: 'decision_import_missing' });
  const model = load(main, [imported]);
  assert.deepEqual(evaluate(model, { amount: 200 }).values, { total: 202 });
  assert.deepEqual(evaluate(model, { amount: '10.50' }, { invocable: 'quote' }).values, { quote: '10.605' });
});

test('a decision that requires itself is refused', () => {
  const model = `${OPEN}${decision('a', ['requiredDecision #b'], literal('b'))}${decision('b', ['requiredDecision #a'], literal('a'))}</definitions>`;
  assert.throws(() => load(model), { code: 'decision_model_invalid' });
});

test('a text that is not FEEL is a problem of the model, and null', () => {
  const model = load(`${OPEN}${decision('a', [], literal('1 +'))}</definitions>`);
  assert.deepEqual(evaluate(model, {}).values, { a: null });
  assert.equal(model.problems[0]?.code, 'feel_syntax');
});

test('types that stand for themselves, recursive ones, and ids used twice', () => {
  const type = (name: string, body: string): string => `<itemDefinition name="${name}">${body}</itemDefinition>`;
  const model = load(`${OPEN}${type('tA', '<typeRef>tB</typeRef>')}${type('tB', '<typeRef>tA</typeRef>')}
    ${type('tTree', '<itemComponent name="leaf"><typeRef>number</typeRef></itemComponent><itemComponent name="sub" isCollection="true"><typeRef>tTree</typeRef></itemComponent>')}
    ${input('a', 'tA')}${input('tree', 'tTree')}${decision('d', ['requiredInput #a', 'requiredInput #tree'], literal('tree.sub.leaf'))}${decision('d', [], literal('1'))}</definitions>`);
  const tree = { leaf: 1, sub: [{ leaf: 2, sub: [] }] };
  assert.deepEqual(evaluate(model, { a: 1, tree }).values.d, 1);
  assert.deepEqual(model.problems.map((problem) => problem.code).toSorted(), ['id_twice', 'type_goes_round']);
});

/** Expressions that would run away, the limit that ends them, and the error. */
const RUNAWAYS: readonly (readonly [string, object, string])[] = [
  ['for i in 1..1000, j in 1..1000, k in 1..1000 return i', { steps: 100_000 }, 'decision_steps_exceeded'],
  ['for i in 1..100000000 return i', {}, 'decision_size_exceeded'],
  // Lists that share their parts are small to hold and endless to write out, compare or put into words.
  ['for i in 1..60 return partial', {}, 'decision_size_exceeded'],
  ['count(string(for i in 1..60 return partial))', {}, 'decision_size_exceeded'],
  [
    '{a: for i in 1..60 return partial, b: for i in 1..60 return partial, same: a = b}.same',
    {},
    'decision_size_exceeded',
  ],
  ['count(for i in 1..999, j in 1..999 return [i, j])', { milliseconds: 1, steps: Infinity }, 'decision_time_exceeded'],
  ['{f: function(n) f(n + 1), r: f(1)}.r', {}, 'decision_depth_exceeded'],
  ['{f: function(n) 1 + f(n + 1), r: f(1)}.r', { depth: Infinity }, 'decision_depth_exceeded'],
  ['{f: function(s, n) if n = 0 then s else f(s + s, n - 1), r: f("0123456789", 40)}.r', {}, 'decision_size_exceeded'],
  ['matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a+)+$")', { steps: 100_000 }, 'decision_steps_exceeded'],
];

test('every evaluation is bounded', () => {
  for (const [text, limits, code] of RUNAWAYS) {
    for (const evaluator of ['compiled', 'reference'] as const) {
      const attempt = () => evaluateExpression(text, {}, { limits: { milliseconds: Infinity, ...limits }, evaluator });
      assert.throws(attempt, { code }, `${text} (${evaluator})`);
    }
  }
});

test('a message says which part of which expression failed', () => {
  const model = load(
    `${OPEN}${input('x', 'string')}${decision('a', ['requiredInput #x'], literal('1 + (x * 2)'))}</definitions>`,
  );
  const [message] = evaluate(model, { x: 'abc' }).messages;
  assert.deepEqual(message, {
    code: 'operands_invalid',
    detail: '* cannot take string and number',
    text: '1 + (x * 2)',
    start: 5,
    end: 10,
    element: 'a',
  });
});

test('the clock is the caller’s', () => {
  const now = { epochMilliseconds: Date.UTC(2026, 1, 3, 20, 0, 0) };
  assert.equal(evaluateExpression('string(today())', {}, { now, timeZone: 'Asia/Shanghai' }), '2026-02-04');
  assert.equal(evaluateExpression('string(now())'), '1970-01-01T00:00:00Z');
});

test('names such as __proto__ are only names', () => {
  assert.equal(evaluateExpression('{"__proto__": 1}.a'), null);
  assert.equal(evaluateExpression('c.constructor', { c: {} }), null);
});

const folder = `${process.env.LONGMEN_SHARED ?? '../shared'}/conformance/dmn-tck`;
for (const evaluator of ['compiled', 'reference'] as const) {
  test(`the compatibility kit, ${evaluator}`, { skip: !existsSync(folder) }, async () => {
    const { levels, external, failed, skipped } = await runTck({ folder, evaluator, log() {}, progress() {} });
    const [second, third] = [levels['compliance-level-2'], levels['compliance-level-3']];
    assert.ok(second !== undefined && second.total > 0 && second.passed === second.total);
    assert.ok(third !== undefined && third.passed / third.total >= 0.99);
    assert.equal(failed, 0);
    assert.equal(skipped, external.length, 'only what needs external Java is skipped');
  });
}

test('the engine runs in browsers: no module of Node, no code made from text', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'));
  assert.ok(files.length > 40);
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    assert.doesNotMatch(text, /from 'node:|\bprocess\.[a-z]|\beval\(|new Function\(|\bBuffer\b/, file);
  }
});
