import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileExpression } from '../engine.ts';
import { valueText } from '../feel/text.ts';
import { builtInReference } from '../reference-text.ts';
import { BUILT_INS } from './index.ts';

/** The functions of DMN 1.5 §10.3.4. */
const STANDARD = `date, date and time, time, number, string, duration, years and months duration, not, substring,
  string length, upper case, lower case, substring before, substring after, replace, contains, starts with, ends with,
  matches, split, string join, list contains, list replace, count, min, max, sum, mean, all, any, sublist, append,
  concatenate, insert before, remove, reverse, index of, union, distinct values, flatten, product, median, stddev, mode,
  decimal, floor, ceiling, round up, round down, round half up, round half down, abs, modulo, sqrt, log, exp, odd, even,
  is, before, after, meets, met by, overlaps, overlaps before, overlaps after, finishes, finished by, includes, during,
  starts, started by, coincides, day of year, day of week, month of year, week of year, sort, get value, get entries,
  context, context put, context merge, now, today, range`;

test('every function of the standard is there', () => {
  const names = STANDARD.split(',').map((name) => name.trim());
  assert.deepEqual(
    names.filter((name) => !BUILT_INS.has(name)),
    [],
  );
  assert.deepEqual(
    [...BUILT_INS.keys()].filter((name) => !names.includes(name)),
    [],
  );
});

for (const builtIn of BUILT_INS.values()) {
  test(`examples of ${builtIn.name}`, () => {
    assert.ok(builtIn.examples.length > 0);
    for (const [expression, result] of builtIn.examples) {
      for (const evaluator of ['compiled', 'reference'] as const) {
        assert.equal(valueText(compileExpression(expression).evaluate(new Map(), { evaluator })), result, expression);
      }
    }
  });
}

test('the documentation holds the reference as the table of functions gives it', () => {
  const text = readFileSync(new URL('../../../../docs/decision.md', import.meta.url), 'utf8');
  const begin = '<!-- built-in functions: begin -->';
  const written = text.slice(text.indexOf(begin) + begin.length, text.indexOf('<!-- built-in functions: end -->'));
  assert.equal(written.trim(), builtInReference());
});
