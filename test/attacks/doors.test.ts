/** Tries to get in, or to confuse the door: tokens, headers, methods, bodies, addresses. Each test is one try that must fail. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createToken, revokeToken } from '#kernel/tokens';
import { wholeHouse } from '../whole-house.ts';

const home = await wholeHouse({ after });
const { db, clock, url, call } = home;
const secretOf = ({ authorization }: { authorization: string }) => authorization.slice('Bearer '.length);
const good = secretOf(await home.headersOf(['*:*']));
const until = clock.now().add({ hours: 1 });
const made = await createToken(db, 'short-lived', clock, { permissions: ['*:*'], expiresAt: until.toString() });
const revoked = await createToken(db, 'revoked', clock, { permissions: ['*:*'] });
await revokeToken(db, revoked.tokenId, clock);
clock.advance({ hours: 2 });

async function door(headers: Record<string, string>, path = '/api/v1/units') {
  const response = await fetch(`${url}${path}`, { headers, redirect: 'manual' });
  const text = await response.text();
  const code = text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined;
  return { status: response.status, code, text, headers: response.headers };
}

const swapped = [...good].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join('');
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokens: [what: string, authorization: string, code: string][] = [
  ['an expired token', `Bearer ${made.secret}`, 'token_expired'],
  ['a revoked token', `Bearer ${revoked.secret}`, 'token_invalid'],
  ['a token without its last character', `Bearer ${good.slice(0, -1)}`, 'token_invalid'],
  ['a token and one character more', `Bearer ${good}A`, 'token_invalid'],
  ['a token in the other case', `Bearer ${swapped}`, 'token_invalid'],
  ['a token with its prefix in capitals', `Bearer LM_${good.slice(3)}`, 'token_invalid'],
  ['a token percent-encoded', `Bearer ${good.replace('_', '%5F')}`, 'token_invalid'],
  ['a token in quotes', `Bearer "${good}"`, 'token_invalid'],
  ['two tokens', `Bearer ${good}, Bearer ${good}`, 'token_missing'],
  ['a token as a Basic password', `Basic ${Buffer.from(`x:${good}`).toString('base64')}`, 'token_missing'],
  [
    'a signed-by-nobody token (alg none)',
    `Bearer ${base64({ alg: 'none' })}.${base64({ sub: 'admin' })}.`,
    'token_invalid',
  ],
  ['SQL for a token', `Bearer ' or '1'='1`, 'token_missing'],
  ['the digest instead of the token', `Bearer lm_${'0'.repeat(43)}`, 'token_invalid'],
  ['nothing after the scheme', 'Bearer ', 'token_missing'],
];
for (const [what, authorization, code] of tokens) {
  test(`token: ${what}`, async () => {
    const answer = await door({ authorization });
    assert.deepEqual([answer.status, answer.code], [401, code]);
    assert.ok(!answer.text.includes(good) && !answer.text.includes(made.secret));
  });
}

test('token: look-alike letters of other scripts never reach the table', async () => {
  // Headers hold bytes; letters beyond Latin-1 cannot even be sent, and Latin-1 ones are no part of a token.
  const answer = await door({ authorization: `Bearer ${good.slice(0, -1)}\u00e9` });
  assert.deepEqual([answer.status, answer.code], [401, 'token_invalid']);
});

for (const name of ['token', 'access_token', 'authorization', 'api_key']) {
  test(`token: in the address as ${name}`, async () => {
    assert.equal((await door({}, `/api/v1/units?${name}=${good}`)).status, 401);
  });
}

test('token: in a cookie or another header', async () => {
  for (const headers of [{ cookie: `token=${good}` }, { 'x-api-key': good }, { 'x-authorization': `Bearer ${good}` }]) {
    assert.equal((await door(headers as Record<string, string>)).status, 401);
  }
});

test('token: what is wrong with it takes the same time to be told', async () => {
  const time = async (secret: string) => {
    const took: number[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const started = performance.now();
      await home.app.inject({ url: '/api/v1/units', headers: { authorization: `Bearer ${secret}` } });
      took.push(performance.now() - started);
    }
    return took.sort((left, right) => left - right)[20] ?? 0;
  };
  // Nearly right and altogether wrong: both are looked up by digest, so a good beginning gains nothing.
  const last = good.endsWith('A') ? 'B' : 'A';
  const near = await time(`${good.slice(0, -1)}${last}`);
  const far = await time(`lm_${'z'.repeat(43)}`);
  assert.ok(Math.abs(near - far) < 5, `${near} ms and ${far} ms`);
});

const overrides: [name: string, value: string][] = [
  ['x-http-method-override', 'DELETE'],
  ['x-http-method', 'DELETE'],
  ['x-method-override', 'PATCH'],
];
for (const [name, value] of overrides) {
  test(`header: ${name} does not change the method`, async () => {
    assert.equal((await door({ authorization: `Bearer ${good}`, [name]: value })).status, 200);
    assert.equal((await call('POST', '/units', {}, { [name]: 'GET' })).status, 400);
  });
}

for (const name of ['x-original-url', 'x-rewrite-url', 'x-forwarded-prefix']) {
  test(`header: ${name} does not lead elsewhere`, async () => {
    const answer = await door({ [name]: '/health/live' });
    assert.equal(answer.status, 401);
  });
}

test('header: a proxy that nobody trusts does not say who calls', async () => {
  const answer = await door({ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' });
  assert.equal(answer.status, 401);
});

test('method: HEAD is guarded as GET is, and unknown methods find nothing', async () => {
  assert.equal((await fetch(`${url}/api/v1/units`, { method: 'HEAD' })).status, 401);
  const narrow = await home.headersOf(['evidence:read']);
  assert.equal((await fetch(`${url}/api/v1/units`, { method: 'HEAD', headers: narrow })).status, 403);
  for (const method of ['PROPFIND', 'QUERY', 'SEARCH']) {
    const { statusCode } = await home.app.inject({ method: method as 'GET', url: '/api/v1/units' });
    assert.ok(statusCode === 401 || statusCode === 404 || statusCode === 405, `${method}: ${statusCode}`);
  }
});

test('method: TRACE and CONNECT give nothing back', async () => {
  for (const method of ['TRACE', 'CONNECT']) {
    const answer = await raw(
      `${method} /api/v1/units HTTP/1.1\r\nHost: x\r\nCookie: secret=1\r\nConnection: close\r\n\r\n`,
    );
    assert.ok(!answer.includes('secret=1'), answer);
    assert.ok(!answer.startsWith('HTTP/1.1 2'), answer);
  }
});

test('CORS: another site gets no permission, neither before nor with a request', async () => {
  const origin = 'https://evil.example';
  const preflight = await fetch(`${url}/api/v1/units`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });
  await preflight.text();
  const answer = await door({ authorization: `Bearer ${good}`, origin });
  for (const { headers } of [preflight, answer]) {
    const names = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
    assert.deepEqual(names, []);
  }
  assert.ok(preflight.status >= 400);
});

const unit = JSON.stringify({ code: 'sneaky', name: 'Sneaky', kind: 'branch' });
const types = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/xml',
  'application/xml',
  'text/json',
  'application/json-seq',
  'application/vnd.api+json',
];
for (const type of types) {
  test(`content type: ${type} is not taken for JSON`, async () => {
    const answer = await call('POST', '/units', unit, { 'content-type': type });
    assert.deepEqual([answer.status, answer.body.code], [415, 'content_type_unsupported']);
  });
}

test('content type: another character set does not smuggle other letters in', async () => {
  const bytes = Buffer.from(unit, 'utf16le');
  const response = await fetch(`${url}/api/v1/units`, {
    method: 'POST',
    headers: { authorization: `Bearer ${good}`, 'content-type': 'application/json; charset=utf-16le' },
    body: bytes,
  });
  assert.ok(response.status === 400 || response.status === 415, String(response.status));
  await response.text();
});

const bodies: [what: string, text: string, codes: string[]][] = [
  ['deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, ['request_invalid', 'json_malformed']],
  [
    'deep nesting of objects',
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    ['request_invalid', 'json_malformed'],
  ],
  [
    'a hundred thousand fields',
    `{${Array.from({ length: 60_000 }, (_, at) => `"f${at}":1`).join()}}`,
    ['request_invalid'],
  ],
  ['larger than allowed', `{"name":"${'x'.repeat(2 ** 20 + 1)}"}`, ['body_too_large']],
  ['__proto__', '{"__proto__":{"admin":true},"code":"p1","name":"P","kind":"branch"}', ['json_malformed']],
  [
    '__proto__ in escapes',
    '{"__proto_\\u005f":{"admin":true},"code":"p2","name":"P","kind":"branch"}',
    ['json_malformed'],
  ],
  [
    'constructor.prototype',
    '{"constructor":{"prototype":{"admin":true}},"code":"p3","name":"P","kind":"branch"}',
    ['json_malformed'],
  ],
  ['the same field twice', '{"code":"twice","code":"Twice!","name":"P","kind":"branch"}', ['request_invalid']],
  ['a number that is none', '{"code":NaN,"name":"P","kind":"branch"}', ['json_malformed']],
  ['half a letter', '\uD800', ['json_malformed']],
  ['a list instead of an object', '[{"code":"list","name":"P","kind":"branch"}]', ['request_invalid']],
];
for (const [what, text, codes] of bodies) {
  test(`body: ${what}`, async () => {
    const answer = await call('POST', '/units', text);
    assert.ok(answer.status === 400 || answer.status === 413, JSON.stringify(answer.body).slice(0, 300));
    assert.ok(codes.includes(String(answer.body.code)), String(answer.body.code));
    assert.equal(({} as { admin?: boolean }).admin, undefined);
    assert.equal((await call('GET', '/units')).status, 200, 'the server goes on');
  });
}

test('body: a longer one than Content-Length says is no second request', async () => {
  const smuggled = 'GET /api/v1/units HTTP/1.1\r\nHost: x\r\n\r\n';
  const answer = await raw(
    `POST /api/v1/units HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  );
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer');
});

const paths = [
  '/api/v1/evidence/main/tile/../../../../etc/passwd',
  '/api/v1/evidence/main/tile/..%2f..%2f..%2fetc%2fpasswd',
  '/api/v1/evidence/main/tile/%2e%2e/%2e%2e/key',
  '/api/v1/evidence/main/tile/0/..%5c..%5ckey',
  '/api/v1/evidence/..%2fmain/checkpoint',
  '/api/v1/evidence/main/tile/0/000%00.key',
  '/api/docs/static/..%2f..%2f..%2fpackage.json',
];
for (const path of paths) {
  test(`path: ${path}`, async () => {
    const { status, text } = await plain(path, { authorization: `Bearer ${good}` });
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    assert.ok(!/root:|PRIVATE KEY|"dependencies"/.test(text), text);
  });
}

test('path: other spellings of an address are guarded as well, or are nothing', async () => {
  for (const path of [
    '/api/v1//units',
    '/api/v1/./units',
    '/API/v1/units',
    '/api/v1/units/',
    '/api/v1/%75nits',
    '/api/v1/units;x=/health/live',
    '/health/../api/v1/units',
    '//api/v1/units',
  ]) {
    const { status } = await plain(path, {});
    assert.ok(status === 401 || status === 404 || status === 400, `${path}: ${status}`);
  }
});

test('log: what callers send makes no line of its own', async () => {
  const forged = '{"level":"error","msg":"forged"}';
  await call('GET', `/units?x=${encodeURIComponent(`a\r\n${forged}`)}`);
  await call('POST', '/units', { code: `x\n${forged}`, name: `n\r\n${forged}`, kind: 'branch' });
  await call('POST', '/units', { code: 'logged', name: `n\r\n${forged}`, kind: 'branch' });
  await raw(`GET /api/v1/units HTTP/1.1\r\nHost: x\r\ntraceparent: 00-\n${forged}\r\nConnection: close\r\n\r\n`);
  await door({ traceparent: `00-${'0'.repeat(31)}'-b7ad6b7169203331-01`, 'user-agent': forged });
  for (const line of home.log().trimEnd().split('\n')) {
    const read: Record<string, unknown> = JSON.parse(line);
    assert.notEqual(read.msg, 'forged');
  }
  assert.ok(!home.log().includes('"msg":"forged"'));
});

test('header: line ends in what is sent never become headers of the answer', async () => {
  const answer = await door(
    { authorization: `Bearer ${good}` },
    `/api/v1/units?x=${encodeURIComponent('a\r\nset-cookie: own=1')}`,
  );
  assert.equal(answer.headers.get('set-cookie'), null);
  const key = await call('POST', '/units', unit, { 'idempotency-key': 'é' }).catch(() => ({ status: 400, body: {} }));
  assert.equal(key.status, 400);
  const traced = await door({ authorization: `Bearer ${good}`, traceparent: '00-zz\u00e9-1-01' });
  assert.match(String(traced.headers.get('trace-id')), /^[0-9a-f]{32}$/);
});

test('header: a foreign Host leads nowhere', async () => {
  const answer = await plain('/api/openapi.json', { host: 'evil.example' });
  assert.ok(!answer.text.includes('evil.example'));
});

/** As it is: fetch would tidy the address up. */
function plain(path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    })
      .on('error', reject)
      .end();
  });
}

function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}
