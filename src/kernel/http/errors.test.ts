import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { defineErrors } from '#kernel/errors';
import { testServer } from '#test/http';
import { bodyCheckedBy, decodeCursor, pageQuery, type RouteModule, requestInvalid } from './index.ts';

const config = { permission: 'thing:use' };

const roomError = defineErrors({
  thing_frozen: { status: 409, title: 'Thing frozen' },
  thing_missing: { status: 404, title: 'No such thing' },
});

const Thing = z.strictObject({
  id: z.string().min(1),
  parts: z.array(z.strictObject({ amount: z.string() })).default([]),
});

const room: RouteModule = (app, deps) => {
  app.post('/things', { config, schema: { body: Thing, response: { 200: Thing } } }, async (request) => request.body);
  app.post('/optional', { config, schema: { body: Thing.optional() } }, async () => ({ done: true }));
  app.get(
    '/things/:id',
    {
      config,
      schema: { params: z.strictObject({ id: z.string().regex(/^\d+$/) }), querystring: z.strictObject(pageQuery) },
    },
    async (request) => ({ id: request.params.id, after: decodeCursor(z.tuple([z.string()]), request.query.cursor) }),
  );
  app.put('/things/:id', { config }, async () => ({}));
  app.post(
    '/checked',
    {
      config,
      schema: { body: Thing },
      validatorCompiler: bodyCheckedBy((body) => {
        if (body === 'crash') throw new TypeError('the checker broke');
        if (body !== 'good') throw requestInvalid([{ in: 'body', pointer: '', message: 'Not good' }]);
        return body;
      }),
    },
    async (request) => ({ seen: request.body }),
  );
  app.get('/frozen', { config }, async () => {
    throw roomError('thing_frozen', 'Thing 7 is frozen', { amount_minor: 12n, status: 'lost' });
  });
  app.get('/missing', { config }, async () => {
    throw roomError('thing_missing', 'No thing 7');
  });
  app.get('/crash', { config }, async () => {
    throw new Error('the password is hunter2', { cause: new Error('inner') });
  });
  app.get('/crash/text', { config }, async () => {
    throw 'thrown text';
  });
  app.get('/raw-bigint', { config }, async () => ({ amount: 12n }));
  app.get('/wrong-answer', { config, schema: { response: { 200: Thing } } }, async () => ({ id: 7 }) as never);
  app.get('/database', { config }, async () => deps.db.query('select $1::date', ['Zhang San']));
  app.get('/unreachable', { config }, async () => {
    const gone = await db.reopen();
    await gone.close();
    return gone.query('select 1');
  });
};

const { url, authorized, log, db } = await testServer({ after }, [room]);

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  trace_id: string;
  errors?: { in: string; pointer: string; message: string }[];
  [member: string]: unknown;
}

interface Case {
  readonly line: string;
  readonly status: number;
  readonly code: string;
  readonly body?: string | Buffer | ReadableStream;
  readonly headers?: Record<string, string>;
  readonly check?: (problem: Problem, response: Response) => void;
}

const json = { ...authorized, 'content-type': 'application/json' };
const pointers =
  (...expected: string[]) =>
  (problem: Problem) => {
    assert.deepEqual(
      problem.errors?.map((fault) => `${fault.in} ${fault.pointer}`),
      expected,
    );
  };

const cases: Record<string, Case> = {
  'malformed JSON': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": ',
    status: 400,
    code: 'json_malformed',
  },
  'two documents': { line: 'POST /api/v1/things', headers: json, body: '{} {}', status: 400, code: 'json_malformed' },
  'not UTF-8': {
    line: 'POST /api/v1/things',
    headers: json,
    body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    status: 400,
    code: 'json_malformed',
  },
  'prototype poisoning': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": "1", "__proto__": {"admin": true}}',
    status: 400,
    code: 'json_malformed',
  },
  'escaped prototype poisoning': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": "1", "\\u005f_proto__": {"admin": true}}',
    status: 400,
    code: 'json_malformed',
  },
  'constructor poisoning': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": "1", "constructor": {"prototype": {"admin": true}}}',
    status: 400,
    code: 'json_malformed',
  },
  'empty body': { line: 'POST /api/v1/things', headers: json, body: '', status: 400, code: 'body_missing' },
  'no body at all': { line: 'POST /api/v1/things', headers: authorized, status: 400, code: 'body_missing' },
  'text instead of JSON': {
    line: 'POST /api/v1/things',
    headers: { ...authorized, 'content-type': 'text/plain' },
    body: '{}',
    status: 415,
    code: 'content_type_unsupported',
  },
  'a form instead of JSON': {
    line: 'POST /api/v1/things',
    headers: { ...authorized, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=1',
    status: 415,
    code: 'content_type_unsupported',
  },
  'a content type that is none': {
    line: 'POST /api/v1/things',
    headers: { ...authorized, 'content-type': 'json' },
    body: '{}',
    status: 415,
    code: 'content_type_unsupported',
  },
  'body too large': {
    line: 'POST /api/v1/things',
    headers: json,
    body: `{"id": "${'x'.repeat(2 ** 20)}"}`,
    status: 413,
    code: 'body_too_large',
  },
  'body too large, length not said': {
    line: 'POST /api/v1/things',
    headers: json,
    body: new Blob([`{"id": "${'x'.repeat(2 ** 20)}"}`]).stream(),
    status: 413,
    code: 'body_too_large',
  },
  'wrong types': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": 7, "parts": [{"amount": "1"}, {"amount": 2}]}',
    status: 400,
    code: 'request_invalid',
    check: pointers('body /id', 'body /parts/1/amount'),
  },
  'unknown fields': {
    line: 'POST /api/v1/things',
    headers: json,
    body: '{"id": "7", "a/b": 1, "parts": [{"amount": "1", "more": 1, "most": 2}]}',
    status: 400,
    code: 'request_invalid',
    check: pointers('body /parts/0/more', 'body /parts/0/most', 'body /a~1b'),
  },
  'more faults than are listed': {
    line: 'POST /api/v1/things',
    headers: json,
    body: JSON.stringify({ id: '1', parts: Array.from({ length: 150 }, () => ({})) }),
    status: 400,
    code: 'request_invalid',
    check(problem) {
      assert.equal(problem.errors?.length, 100);
      assert.equal(problem.errors_total, 150);
    },
  },
  'wrong path': {
    line: 'GET /api/v1/things/seven',
    headers: authorized,
    status: 400,
    code: 'request_invalid',
    check: pointers('path /id'),
  },
  'wrong and unknown query': {
    line: 'GET /api/v1/things/7?limit=0&colour=red',
    headers: authorized,
    status: 400,
    code: 'request_invalid',
    check: pointers('query /limit', 'query /colour'),
  },
  'cursor of another list': {
    line: 'GET /api/v1/things/7?cursor=abc',
    headers: authorized,
    status: 400,
    code: 'cursor_invalid',
  },
  'refused by a checker': {
    line: 'POST /api/v1/checked',
    headers: json,
    body: '"bad"',
    status: 400,
    code: 'request_invalid',
    check: pointers('body '),
  },
  'a checker that breaks': {
    line: 'POST /api/v1/checked',
    headers: json,
    body: '"crash"',
    status: 500,
    code: 'internal_error',
  },
  'no such route': { line: 'GET /api/v1/nothing', headers: authorized, status: 404, code: 'route_not_found' },
  'no such route outside the API': { line: 'GET /nothing', status: 404, code: 'route_not_found' },
  'no such file of the reference': { line: 'GET /api/docs/static/no.js', status: 404, code: 'route_not_found' },
  'no such route with a body that is not JSON': {
    line: 'POST /api/v1/nothing',
    headers: json,
    body: '{',
    status: 404,
    code: 'route_not_found',
  },
  'method not allowed': {
    line: 'DELETE /api/v1/things/7',
    headers: authorized,
    status: 405,
    code: 'method_not_allowed',
    check(problem, response) {
      assert.equal(response.headers.get('allow'), 'GET, HEAD, PUT');
      assert.deepEqual(problem.allow, ['GET', 'HEAD', 'PUT']);
    },
  },
  'method not allowed outside the API': { line: 'POST /health/live', status: 405, code: 'method_not_allowed' },
  'no token': {
    line: 'GET /api/v1/things/7',
    status: 401,
    code: 'token_missing',
    check: (_problem, response) => assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="longmen"'),
  },
  'no token, address spelled otherwise': { line: 'GET /%61pi/v1/things/7', status: 401, code: 'token_missing' },
  'no token, no such route': { line: 'GET /api/v1/nothing', status: 401, code: 'token_missing' },
  'no token, wrong method': { line: 'DELETE /api/v1/things/7', status: 401, code: 'token_missing' },
  'no token, bad body': {
    line: 'POST /api/v1/things',
    headers: { 'content-type': 'application/json' },
    body: '{',
    status: 401,
    code: 'token_missing',
  },
  'another scheme': {
    line: 'GET /api/v1/things/7',
    headers: { authorization: 'Basic YTpi' },
    status: 401,
    code: 'token_missing',
  },
  'an unknown token': {
    line: 'GET /api/v1/things/7',
    headers: { authorization: `Bearer lm_${'A'.repeat(43)}` },
    status: 401,
    code: 'token_invalid',
    check: (_problem, response) =>
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="longmen", error="invalid_token"'),
  },
  'a token that is none': {
    line: 'GET /api/v1/things/7',
    headers: { authorization: 'Bearer x' },
    status: 401,
    code: 'token_invalid',
  },
  'metrics through a proxy without token': {
    line: 'GET /metrics',
    headers: { 'x-forwarded-for': '198.51.100.7' },
    status: 401,
    code: 'token_missing',
  },
  'bad percent encoding': { line: 'GET /api/v1/things/%zz', headers: authorized, status: 400, code: 'url_malformed' },
  'a part of the address too long': {
    line: `GET /api/v1/things/${'7'.repeat(200)}`,
    headers: authorized,
    status: 414,
    code: 'url_too_long',
  },
  'an error of a room': {
    line: 'GET /api/v1/frozen',
    headers: authorized,
    status: 409,
    code: 'thing_frozen',
    check(problem) {
      assert.equal(problem.detail, 'Thing 7 is frozen');
      assert.equal(problem.title, 'Thing frozen');
      assert.equal(problem.amount_minor, '12');
    },
  },
  'a 404 of a room': { line: 'GET /api/v1/missing', headers: authorized, status: 404, code: 'thing_missing' },
  'an unexpected error': { line: 'GET /api/v1/crash', headers: authorized, status: 500, code: 'internal_error' },
  'something thrown that is no error': {
    line: 'GET /api/v1/crash/text',
    headers: authorized,
    status: 500,
    code: 'internal_error',
  },
  'a bigint without schema': {
    line: 'GET /api/v1/raw-bigint',
    headers: authorized,
    status: 500,
    code: 'internal_error',
  },
  'an answer that is not as its schema': {
    line: 'GET /api/v1/wrong-answer',
    headers: authorized,
    status: 500,
    code: 'internal_error',
  },
  'no database': {
    line: 'GET /api/v1/unreachable',
    headers: authorized,
    status: 503,
    code: 'database_unreachable',
    check: (_problem, response) => assert.equal(response.headers.get('retry-after'), '1'),
  },
  'a database error': { line: 'GET /api/v1/database', headers: authorized, status: 500, code: 'internal_error' },
};

for (const [name, expected] of Object.entries(cases)) {
  test(name, async () => {
    const [method = '', path = ''] = expected.line.split(' ');
    const response = await fetch(`${url}${path}`, {
      method,
      ...(expected.headers && { headers: expected.headers }),
      ...(expected.body !== undefined && { body: expected.body, duplex: 'half' }),
    } as RequestInit);
    const problem = (await response.json()) as Problem;
    assert.equal(`${response.status} ${problem.code}`, `${expected.status} ${expected.code}`, problem.detail);
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(problem.status, expected.status);
    assert.equal(problem.type, `urn:longmen:error:${expected.code}`);
    assert.ok(problem.title.length > 0 && problem.detail.length > 0);
    assert.match(problem.trace_id, /^[0-9a-f]{32}$/);
    assert.equal(response.headers.get('trace-id'), problem.trace_id);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    for (const secret of ['hunter2', 'thrown text', 'the checker broke', 'Zhang San', 'bigint']) {
      assert.ok(!JSON.stringify(problem).includes(secret), secret);
    }
    if (expected.status === 500) assert.ok(log().includes(problem.trace_id), 'the trace is in the log');
    expected.check?.(problem, response);
  });
}

test('what is right passes through the same routes', async () => {
  const good: [line: string, body: string | undefined, answer: unknown][] = [
    ['POST /api/v1/things', '{"id": "7", "parts": [{"amount": "1"}]}', { id: '7', parts: [{ amount: '1' }] }],
    ['POST /api/v1/things', '{"id": "constructor __proto__ \\u0041"}', { id: 'constructor __proto__ A', parts: [] }],
    ['POST /api/v1/optional', undefined, { done: true }],
    ['POST /api/v1/optional', '', { done: true }],
    ['POST /api/v1/checked', '"good"', { seen: 'good' }],
    ['GET /api/v1/things/7', undefined, { id: '7' }],
  ];
  for (const [line, body, answer] of good) {
    const [method = '', path = ''] = line.split(' ');
    const response = await fetch(`${url}${path}`, {
      method,
      headers: body === undefined ? authorized : { ...json, 'content-type': 'Application/JSON; charset=utf-8' },
      ...(body !== undefined && { body }),
    });
    assert.deepEqual(await response.json(), answer, line);
    assert.equal(response.status, 200);
  }
});

test('no secret and no personal data of the requests above is in the log', () => {
  for (const secret of ['Zhang San', String(authorized.authorization).slice(7), '%zz'])
    assert.ok(!log().includes(secret));
});
