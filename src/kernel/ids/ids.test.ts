import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { manualClock, systemClock } from '#kernel/clock';
import { InvariantError } from '#kernel/errors';
import { businessNumber, canonicalUuid, deterministicId, isBusinessNumber, isUuid, newId } from './index.ts';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function assertAscending(ids: readonly string[]): void {
  ids.reduce((before, id) => {
    assert.match(id, uuidV7);
    assert.ok(before < id, `${before} < ${id}`);
    return id;
  });
}

test('newId ascends under the machine clock, far more often than once a millisecond', () => {
  const clock = systemClock();
  assertAscending(Array.from({ length: 20_000 }, () => newId(clock)));
  assertAscending([newId(), newId()]);
});

test('newId carries the milliseconds of its clock', () => {
  // Later than any other instant of this file, because identifiers never go back within a process.
  const clock = manualClock('9000-01-01T00:00:00.123Z');
  const id = newId(clock);
  const milliseconds = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  assert.equal(milliseconds, clock.now().epochMilliseconds);
});

test('newId ascends while a clock stands still, jumps and goes back', () => {
  const clock = manualClock('2025-01-01T00:00:00Z');
  const ids: string[] = [];
  for (const instant of ['9100-06-01T00:00:00Z', '9100-06-01T00:00:00.001Z', '1971-01-01T00:00:00Z']) {
    clock.set(instant);
    // More than the 4096 values of the counter, so that milliseconds are borrowed.
    for (let count = 0; count < 5_000; count += 1) ids.push(newId(clock));
  }
  assertAscending(ids);
});

const uuidCases: [text: string, canonical: boolean, normal: string | undefined][] = [
  ['0190163d-8694-739b-aea5-966c26f8ad91', true, '0190163d-8694-739b-aea5-966c26f8ad91'],
  ['00000000-0000-0000-0000-000000000000', true, '00000000-0000-0000-0000-000000000000'],
  ['0190163D-8694-739B-AEA5-966C26F8AD91', false, '0190163d-8694-739b-aea5-966c26f8ad91'],
  ['0190163d8694739baea5966c26f8ad91', false, undefined],
  ['{0190163d-8694-739b-aea5-966c26f8ad91}', false, undefined],
  ['0190163d-8694-739b-aea5-966c26f8ad9', false, undefined],
  ['0190163d-8694-739b-aea5-966c26f8ad91\n', false, undefined],
  ['g190163d-8694-739b-aea5-966c26f8ad91', false, undefined],
  ['', false, undefined],
];

test('isUuid and canonicalUuid', () => {
  for (const [text, canonical, normal] of uuidCases) {
    assert.equal(isUuid(text), canonical, text);
    assert.equal(canonicalUuid(text), normal, text);
  }
});

test('deterministicId is fixed for ever', () => {
  // Computed with sha256sum over 00000001 61 00000002 6263; a change here would break every import made before.
  assert.equal(deterministicId('a', 'bc'), 'b534ce16-ac9c-8b36-823f-39a395ce8e0e');
  assert.equal(deterministicId('龙门'), 'e07b2713-5dc4-8d1b-bfc0-b079a6b695ab');
});

test('deterministicId differs when the parts differ, even if they join to the same text', () => {
  const names = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(names, names, (left, right) => {
      const [leftId, rightId] = [left, right].map(([namespace = '', ...parts]) => deterministicId(namespace, ...parts));
      assert.ok(leftId !== undefined && isUuid(leftId));
      assert.equal(leftId[14], '8');
      assert.equal(leftId === rightId, JSON.stringify(left) === JSON.stringify(right));
    }),
    {
      examples: [
        [
          ['a', 'bc'],
          ['ab', 'c'],
        ],
        [['a'], ['a', '']],
      ],
    },
  );
});

test('businessNumber', () => {
  // Worked out by hand: L = 21 and N = 23, so the whole 2123000000004237 leaves 1 modulo 97.
  assert.equal(businessNumber('LN', 42n), 'LN000000004237');
  assert.equal(businessNumber('A', 0n), 'A000000000083');
  assert.equal(businessNumber('CASE', 10n ** 18n - 1n), 'CASE99999999999999999994');
});

const prefixes = fc.stringMatching(/^[A-Z]{1,8}$/);
const serials = fc.bigInt({ min: 0n, max: 10n ** 18n - 1n });

test('every business number is valid, unique to its parts, and leaves 1 modulo 97', () => {
  fc.assert(
    fc.property(prefixes, serials, (prefix, serial) => {
      const number = businessNumber(prefix, serial);
      assert.ok(isBusinessNumber(number), number);
      assert.equal(number.slice(0, prefix.length), prefix);
      assert.equal(BigInt(number.slice(prefix.length, -2)), serial);
      const asDigits = number.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
      assert.equal(BigInt(asDigits) % 97n, 1n);
    }),
  );
});

test('every single wrong character and every swap of neighbours is detected', () => {
  fc.assert(
    fc.property(prefixes, serials, (prefix, serial) => {
      const number = businessNumber(prefix, serial);
      for (let at = 0; at < number.length; at += 1) {
        const before = number.slice(0, at);
        const character = number.charAt(at);
        for (const other of /[A-Z]/.test(character) ? 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' : '0123456789') {
          if (other !== character) assert.ok(!isBusinessNumber(before + other + number.slice(at + 1)));
        }
        const neighbour = number.charAt(at + 1);
        if (neighbour !== '' && neighbour !== character) {
          assert.ok(!isBusinessNumber(before + neighbour + character + number.slice(at + 2)));
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('what has not the form of a business number is none', () => {
  const valid = businessNumber('LN', 42n);
  for (const text of [
    '',
    'LN',
    valid.toLowerCase(),
    ` ${valid}`,
    `${valid}\n`,
    valid.slice(2),
    'LN0000000042',
    `L-${valid}`,
  ]) {
    assert.ok(!isBusinessNumber(text), JSON.stringify(text));
  }
});

test('a prefix or serial outside the scheme is a programming error', () => {
  for (const [prefix, serial] of [
    ['', 1n],
    ['ln', 1n],
    ['L1', 1n],
    ['ABCDEFGHI', 1n],
    ['LN', -1n],
    ['LN', 10n ** 18n],
  ] as const) {
    assert.throws(() => businessNumber(prefix, serial), InvariantError);
  }
});
