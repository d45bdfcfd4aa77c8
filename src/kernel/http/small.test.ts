import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { createAddressBook } from './addresses.ts';
import { decodeCursor, encodeCursor, integerText, jsonPointer, pageFrom } from './index.ts';
import { needsToken } from './paths.ts';
import { problemText, publicError } from './problem.ts';
import { traceIdOf } from './trace.ts';

test('traceparent is taken when valid, else a trace is begun', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const parent = 'b7ad6b7169203331';
  const cases: [header: string | undefined, taken: boolean][] = [
    [`00-${trace}-${parent}-01`, true],
    [`00-${trace}-${parent}-00`, true],
    [`cc-${trace}-${parent}-01-what-the-future-says`, true],
    [`00-${trace}-${parent}-01-more`, false],
    [`ff-${trace}-${parent}-01`, false],
    [`00-${trace.toUpperCase()}-${parent}-01`, false],
    [`00-${'0'.repeat(32)}-${parent}-01`, false],
    [`00-${trace}-${'0'.repeat(16)}-01`, false],
    [`00-${trace}-${parent}`, false],
    ['', false],
    [undefined, false],
  ];
  for (const [traceparent, taken] of cases) {
    const id = traceIdOf({ headers: traceparent === undefined ? {} : { traceparent } });
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(id === trace, taken, traceparent);
  }
  assert.notEqual(traceIdOf({ headers: {} }), traceIdOf({ headers: {} }));
});

test('a cursor gives back its key, and nothing else is a cursor', () => {
  const key = z.tuple([z.string(), integerText, z.number(), z.boolean(), z.null()]);
  fc.assert(
    fc.property(fc.string(), fc.bigInt(), fc.integer(), fc.boolean(), (text, whole, number, flag) => {
      const values = [text, String(whole), number, flag, null] as const;
      assert.deepEqual(decodeCursor(key, encodeCursor(values)), [...values]);
    }),
    { numRuns: 100 },
  );
  assert.equal(decodeCursor(key, undefined), undefined);
  const good = encodeCursor(['a', '1', 2, true, null]);
  for (const bad of [
    '',
    'x',
    '!!',
    `${good}=`,
    `${good} `,
    good.slice(1),
    encodeCursor(['a']),
    'eyJhIjoxfQ',
    'bnVsbA',
  ]) {
    assert.throws(() => decodeCursor(key, bad), { code: 'cursor_invalid', status: 400 }, bad);
  }
});

test('a page ends where the rows end', () => {
  const keyOf = (row: number) => [row];
  assert.deepEqual(pageFrom([], 2, keyOf), { items: [], next_cursor: null });
  assert.deepEqual(pageFrom([1, 2], 2, keyOf), { items: [1, 2], next_cursor: null });
  assert.deepEqual(pageFrom([1, 2, 3], 2, keyOf), { items: [1, 2], next_cursor: encodeCursor([2]) });
});

test('JSON pointers are escaped', () => {
  assert.equal(jsonPointer([]), '');
  assert.equal(jsonPointer(['a/b', 0, 'c~d']), '/a~1b/0/c~0d');
});

test('addresses know their methods', () => {
  const book = createAddressBook();
  book.add({ method: 'GET', url: '/things/:id' } as never);
  book.add({ method: ['PUT', 'DELETE'], url: '/things/:id' } as never);
  book.add({ method: 'GET', url: '/files/*' } as never);
  book.add({ method: 'POST', url: '/a.b' } as never);
  assert.deepEqual(book.methodsAt('/things/1'), ['DELETE', 'GET', 'PUT']);
  assert.deepEqual(book.methodsAt('/things/1/2'), []);
  assert.deepEqual(book.methodsAt('/files/a/b.css'), ['GET']);
  assert.deepEqual(book.methodsAt('/axb'), []);
});

test('everything below /api/ needs a token except its description', () => {
  const cases: [path: string, needed: boolean][] = [
    ['/api/v1/ledger', true],
    ['/api/other', true],
    ['/api', true],
    ['/api/docsx', true],
    ['/api/openapi.json/x', false],
    ['/api/openapi.json', false],
    ['/api/docs', false],
    ['/api/docs/static/index.css', false],
    ['/health/live', false],
    ['/apiary', false],
  ];
  for (const [path, needed] of cases) assert.equal(needsToken(path), needed, path);
});

test('what we did not foresee tells nothing of itself, and meta data cannot pose as the problem', () => {
  for (const error of [new Error('secret'), 'secret', undefined, null, { statusCode: 418 }, 7n]) {
    const told = publicError(error);
    assert.equal(told.code, 'internal_error');
    assert.ok(!problemText(told, 'abc').includes('secret'));
  }
  const odd = publicError(new Error('x'));
  const text = problemText({ ...odd, message: 'd', meta: { code: 'other', status: 200, amount: 12n } }, 'abc');
  const problem: Record<string, unknown> = JSON.parse(text);
  assert.equal(problem.code, 'internal_error');
  assert.equal(problem.status, 500);
  assert.equal(problem.amount, '12');
});
