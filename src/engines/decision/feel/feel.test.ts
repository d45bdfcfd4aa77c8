import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpression } from '../engine.ts';
import { fromJson } from '../json.ts';
import { literalText } from './text.ts';

const VARIABLES = {
  x: 5,
  'monthly payment': 1200.5,
  'pre-tax': 7,
  pre: 100,
  tax: 1,
  'in stock': true,
  loan: { amount: 250_000, 'interest rate': 0.045, tags: ['a', 'b'] },
  people: [
    { name: 'Ann', age: 34 },
    { name: 'Bo', age: 17 },
    { name: 'Cy', age: null },
  ],
  empty: null,
};

/** Expression and the value both evaluators give, written as FEEL. */
const CASES: readonly (readonly [string, string])[] = [
  // Numbers are decimals of 34 digits.
  ['0.1 + 0.2 = 0.3', 'true'],
  ['1 / 3', '0.3333333333333333333333333333333333'],
  ['2 / 3', '0.6666666666666666666666666666666667'],
  ['9007199254740991 + 2', '9007199254740993'],
  ['99999999999 * 99999999999', '9999999999800000000001'],
  ['10 ** 6200', 'null'],
  ['1 / 0', 'null'],
  ['-3 ** 2', '9'],
  ['2 ** 3 ** 2', '64'],
  ['1.2e3 + .5', '1200.5'],
  ['7 - 2 - 1', '4'],
  ['-x', '-5'],
  ['--x', '5'],
  // Names: the longest that is in scope.
  ['monthly payment * 2', '2401'],
  ['pre-tax', '7'],
  ['pre - tax', '99'],
  ['in stock and true', 'true'],
  ['loan.interest rate', '0.045'],
  ['loan . amount', '250000'],
  ['not known at all', 'null'],
  // Three-valued logic.
  ['true and null', 'null'],
  ['false and null', 'false'],
  ['null or true', 'true'],
  ['1 and true', 'null'],
  ['not(null)', 'null'],
  // Equality and order.
  ['"a" = 1', 'null'],
  ['null = null', 'true'],
  ['null = 1', 'false'],
  ['1 < "a"', 'null'],
  ['"\\uFFFF" < "\\U01F40E"', 'true'],
  ['[1, [2]] = [1, [2]]', 'true'],
  ['{a: 1, b: 2} = {b: 2, a: 1}', 'true'],
  ['@"2020-01-01T00:00:00Z" = @"2020-01-01T08:00:00+08:00"', 'true'],
  ['@"2020-01-01T00:00:00Z" = @"2020-01-01T00:00:00"', 'null'],
  // Ranges and membership.
  ['x in [1..5)', 'false'],
  ['x in ]4..5]', 'true'],
  ['x in (> 4, < 0)', 'true'],
  ['x in [[1..2], [5..6]]', 'true'],
  ['x between 5 and 5', 'true'],
  ['[5..1]', 'null'],
  ['x in (5)', 'true'],
  ['[1..10].start included', 'true'],
  ['(< 10) = (null..10)', 'false'],
  // Strings.
  ['"\\u9f99\\n" + "\\\\"', '"龙\\n\\\\"'],
  ['"\\d"', '"\\\\d"'],
  ['"a" + 1', 'null'],
  // Dates and durations.
  ['@"2024-02-29" + @"P1Y"', '2025-02-28'],
  ['@"2020-01-31" + duration("P1M")', '2020-02-29'],
  ['@"2021-03-01" - @"2020-03-01"', 'P365D'],
  ['@"2021-03-27T02:30:00@Europe/Paris" + @"P1D"', '2021-03-28T03:30:00@Europe/Paris'],
  ['@"10:00:00" + @"PT15H"', '01:00:00'],
  ['@"PT36H" / 5', 'PT7H12M'],
  ['@"P1Y" * 1.5', 'P1Y6M'],
  ['@"P1D" / @"PT6H"', '4'],
  ['@"2020-02-30"', 'null'],
  ['@"2021-01-01T24:00:00"', '2021-01-02T00:00:00'],
  ['date("999999999-12-31").year', '999999999'],
  ['@"2020-06-15T12:00:00@Asia/Shanghai".time offset', 'PT8H'],
  ['@"2021-01-04".weekday', '1'],
  ['@"-PT36H".hours', '-12'],
  // Lists, filters and paths.
  ['[1, 2, 3][2]', '2'],
  ['[1, 2, 3][-1]', '3'],
  ['[1, 2, 3][4]', 'null'],
  ['[1, 2, 3][item > 1]', '[2, 3]'],
  ['5[1]', '5'],
  ['null[1]', 'null'],
  ['people[age >= 18].name', '["Ann"]'],
  ['people[name = "Bo"][1].age', '17'],
  ['people.age', '[34, 17, null]'],
  ['[{item: 1}, {item: 2}][item >= 2]', '[{item: 2}]'],
  ['[1, 2][if item > 1 then true else "no"]', 'null'],
  // Iteration.
  ['for i in 1..3 return i * i', '[1, 4, 9]'],
  ['for i in 3..1 return i', '[3, 2, 1]'],
  ['for i in [1..4) return i', '[1, 2, 3]'],
  ['for d in @"2020-02-28"..@"2020-03-01" return d.day', '[28, 29, 1]'],
  ['for i in [1, 2], j in [i, 10] return i * j', '[1, 10, 4, 20]'],
  ['for i in 1..5 return if i = 1 then 1 else i * partial[-1]', '[1, 2, 6, 24, 120]'],
  ['for i in null return i', 'null'],
  ['some p in people satisfies p.age < 18', 'true'],
  ['every p in people satisfies p.age > 0', 'null'],
  ['every i in [] satisfies false', 'true'],
  // Contexts and functions.
  ['{a: 1, b: a + 1}.b', '2'],
  ['{a: 1, a: 2}', 'null'],
  ['{"a b": 1, c: a b + 1}.c', '2'],
  ['{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(30)}.r', '265252859812191058636308480000000'],
  ['(function(a: number) a)("1")', 'null'],
  ['(function(a) function(b) a + b)(1)(2)', '3'],
  ['substring(start position: 2, string: "abc")', '"bc"'],
  ['substring(string: "abc", from: 2)', 'null'],
  ['(function(a) a)(1, 2)', 'null'],
  ['count(5)', '1'],
  ['upper case(["a"])', '"A"'],
  ['max([])', 'null'],
  // Conditions and types.
  ['if null then 1 else 2', '2'],
  ['if "a" then 1 else 2', 'null'],
  ['[1, 2] instance of list<number>', 'true'],
  ['{a: 1} instance of context<a: string>', 'false'],
  ['null instance of number', 'false'],
  ['function(a) a instance of function<number> -> Any', 'function(a)'],
  ['1 instance of nothing', 'null'],
  // Comments and white space.
  ['1 + // one\n /* two */ 2', '3'],
];

for (const evaluator of ['compiled', 'reference'] as const) {
  test(`expressions, ${evaluator}`, () => {
    const names = Object.keys(VARIABLES);
    const values = new Map(Object.entries(VARIABLES).map(([name, data]) => [name, fromJson(data)]));
    for (const [text, expected] of CASES) {
      const value = compileExpression(text, names).evaluate(values, { evaluator });
      assert.equal(literalText(value), expected, text);
    }
  });
}

/** Unary tests, an input, and whether they accept it. */
const TESTS: readonly (readonly [string, unknown, boolean | null])[] = [
  ['-', 'anything', true],
  ['5', 5, true],
  ['"a", "b"', 'b', true],
  ['not("a", "b")', 'b', false],
  ['not("a", "b")', 'c', true],
  ['< 5, [10..20]', 12, true],
  ['? > 3 and ? < 6', 5, true],
  ['even(?)', 5, false],
  ['null', null, true],
  ['[5..1]', null, null],
  ['"a"', 5, null],
  ['[1, 2]', [1, 2], true],
  ['[1, 2]', 2, true],
  ['contains(?, "a")', 'cat', true],
];

test('unary tests', () => {
  for (const [text, input, expected] of TESTS) {
    for (const evaluator of ['compiled', 'reference'] as const) {
      const code = compileExpression(text, [], 'unary tests');
      assert.equal(code.evaluate(new Map([['?', fromJson(input)]]), { evaluator }), expected, `${text} of ${input}`);
    }
  }
});

/** Texts that are not FEEL, and the place the error names. */
const ERRORS: readonly (readonly [string, number, number])[] = [
  ['1 +', 3, 3],
  ['a b +* 2', 5, 6],
  ['"open', 0, 5],
  ['[1, 2', 5, 5],
  ['if true then 1', 14, 14],
  ['f(a: 1, 2)', 0, 10],
  ['1 2', 2, 3],
];

test('syntax errors name their place', () => {
  for (const [text, start, end] of ERRORS) {
    assert.throws(
      () => compileExpression(text),
      (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error && 'meta' in error);
        assert.equal(error.code, 'feel_syntax', text);
        assert.deepEqual(error.meta, { start, end, text }, text);
        return true;
      },
    );
  }
});

test('texts that nest without end, or try to make the parser guess without end, are refused soon', () => {
  const texts = [
    '('.repeat(50_000),
    '['.repeat(50_000),
    `1 instance of ${'list<'.repeat(100_000)}`,
    '1 + '.repeat(20_000),
    'x in ('.repeat(5_000),
    ']1..'.repeat(5_000),
    `${'-'.repeat(5_000)}1`,
    `x${'[1'.repeat(5_000)}`,
    'if '.repeat(5_000),
    '1'.repeat(2_000_000),
  ];
  for (const text of texts) {
    const started = performance.now();
    assert.throws(() => compileExpression(text, ['x']), { code: 'feel_syntax' }, text.slice(0, 20));
    assert.ok(performance.now() - started < 3_000, text.slice(0, 20));
  }
});
