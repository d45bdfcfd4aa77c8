import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codePoints, compileRegex } from './regex.ts';
import { DEFAULT_LIMITS, Run } from './run.ts';

function run(): Run {
  return new Run({ ...DEFAULT_LIMITS, milliseconds: Infinity, steps: 200_000 }, () => ({
    epochMilliseconds: 0,
    zone: 'UTC',
  }));
}

/** Pattern, flags, input, and the first match or null; undefined: not a pattern. */
const CASES: readonly (readonly [string, string, string, string | null | undefined])[] = [
  ['a+?b', '', 'xaab', 'aab'],
  ['^b', '', 'a\nb', null],
  ['^b', 'm', 'a\nb', 'b'],
  ['.', '', '\n', null],
  ['.', 's', '\n', '\n'],
  ['[a-z-[aeiou]]+', '', 'aeixyz', 'xyz'],
  ['\\p{L}+', '', '12龙门', '龙门'],
  ['\\P{L}', '', 'a1', '1'],
  ['\\p{IsHiragana}', '', 'カひ', 'ひ'],
  ['[\\i-[:]][\\c-[:]]*', '', '9abc', 'abc'],
  ['(a)(b)?\\1', '', 'aba', 'aba'],
  ['(?:ab){2,3}', '', 'abababab', 'ababab'],
  ['HELLO', 'i', 'hello', 'hello'],
  ['[h-j]', 'i', 'H', 'H'],
  ['h e l', 'x', 'hel', 'hel'],
  ['a.b', 'q', 'axb a.b', 'a.b'],
  ['\\.', '', 'a.b', '.'],
  ['^.$', '', '\u{1F40E}', '\u{1F40E}'],
  ['(', '', '', undefined],
  ['a{2,1}', '', '', undefined],
  ['[z-a]', '', '', undefined],
  ['\\b', '', '', undefined],
  ['\\1(a)', '', '', undefined],
  ['a**', '', '', undefined],
  ['a', 'g', '', undefined],
  ['[]', '', '', undefined],
];

test('XPath patterns', () => {
  for (const [pattern, flags, input, expected] of CASES) {
    const regex = compileRegex(pattern, flags);
    if (expected === undefined) {
      assert.equal(regex, null, pattern);
      continue;
    }
    assert.ok(regex !== null, pattern);
    const match = regex.find(codePoints(input), 0, run());
    const found = match === null ? null : Array.from(input).slice(match.start, match.end).join('');
    assert.equal(found, expected, pattern);
  }
});

test('a pattern that backtracks without end runs into the limit', () => {
  const regex = compileRegex('(a+)+$', '');
  assert.throws(() => regex?.find(codePoints(`${'a'.repeat(40)}b`), 0, run()), { code: 'decision_steps_exceeded' });
});
