import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { z } from 'zod';
import { createMetrics } from '#kernel/metrics';
import { createTokenVerifier } from '#kernel/tokens';
import { testServer } from '#test/http';
import { buildHttp, integerText, pageOf, pageQuery, type RouteModule, sendJson } from './index.ts';

const config = { permission: 'thing:use' };

const Thing = z.object({ id: z.string(), amount_minor: integerText }).meta({ id: 'HttpTestThing' });

const room: RouteModule = (app) => {
  app.get(
    '/customers/:name',
    {
      config,
      schema: {
        tags: ['things'],
        summary: 'List things',
        params: z.strictObject({ name: z.string() }),
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(Thing) },
      },
    },
    async () => ({ items: [{ id: '1', amount_minor: '12' }], next_cursor: null }),
  );
  app.post('/things', { config, schema: { body: Thing, response: { 201: Thing } } }, async (_request, reply) => {
    return sendJson(reply, '{"ready": 1}', 201);
  });
  app.get('/slow', { config }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { done: true };
  });
};

const server = await testServer({ after }, [room]);
const { url, authorized, db } = server;

test('live and ready answer without a token', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    const response = await fetch(`${url}${path}`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: 'ok' });
  }
});

test('a server without its database is alive, not ready, and cannot verify tokens', async (t) => {
  const gone = await db.reopen();
  await gone.close();
  const { clock, app: sibling } = server;
  const tokens = createTokenVerifier({ db: gone, clock });
  const log = sibling.log as Parameters<typeof buildHttp>[0]['log'];
  const app = await buildHttp({ config: { bodyLimitMib: 1 }, db: gone, clock, log, metrics: createMetrics(), tokens }, [
    room,
  ]);
  t.after(async () => void (await app.close()));
  assert.equal((await app.inject('/health/live')).statusCode, 200);
  const ready = await app.inject('/health/ready');
  assert.equal(ready.statusCode, 503);
  assert.equal(ready.json().code, 'not_ready');
  assert.equal(ready.json().database, 'database_unreachable');
  const refused = await app.inject({ url: '/api/v1/slow', headers: authorized });
  assert.equal(`${refused.statusCode} ${refused.json().code}`, '503 database_unreachable');
});

test('metrics are open on this machine, by route pattern', async () => {
  await fetch(`${url}/api/v1/customers/Zhang%20San`, { headers: authorized });
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  assert.match(String(response.headers.get('content-type')), /^text\/plain; version=/);
  assert.match(
    text,
    /http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/customers\/:name",status="200"\} \d/,
  );
  assert.ok(!text.includes('Zhang'));
  const proxied = { 'x-forwarded-for': '198.51.100.7' };
  assert.equal((await fetch(`${url}/metrics`, { headers: { ...authorized, ...proxied } })).status, 200);
});

test('one line per request, by route pattern, with trace and token but no personal data', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const headers = { ...authorized, traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const response = await fetch(`${url}/api/v1/customers/Li%20Si?limit=7`, { headers });
  assert.equal(response.headers.get('trace-id'), trace);
  await response.text();
  const lines = server
    .log()
    .split('\n')
    .filter((line) => line.includes(trace))
    .map((line): Record<string, unknown> => JSON.parse(line));
  assert.equal(lines.length, 1);
  const [line] = lines;
  assert.equal(typeof line?.latency_ms, 'number');
  assert.deepEqual(
    { level: line?.level, method: line?.method, route: line?.route, status: line?.status, token_id: line?.token_id },
    { level: 'debug', method: 'GET', route: '/api/v1/customers/:name', status: 200, token_id: server.tokenId },
  );
  assert.ok(!server.log().includes('Li%20Si') && !server.log().includes('Li Si'));
});

test('a route can answer with ready JSON text, HEAD follows GET, answers are not kept', async () => {
  const posted = await fetch(`${url}/api/v1/things`, {
    method: 'POST',
    headers: { ...authorized, 'content-type': 'application/json' },
    body: '{"id": "1", "amount_minor": "5"}',
  });
  assert.equal(posted.status, 201);
  assert.equal(await posted.text(), '{"ready": 1}');
  assert.equal(posted.headers.get('content-type'), 'application/json; charset=utf-8');
  const head = await fetch(`${url}/api/v1/customers/x`, { method: 'HEAD', headers: authorized });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('cache-control'), 'no-store');
  assert.match(String(head.headers.get('content-security-policy')), /default-src 'none'/);
  assert.equal((await fetch(`${url}/api/v1/customers/x`, { method: 'HEAD' })).status, 401);
});

test('the OpenAPI description has schemas, problems, bearer tokens and Idempotency-Key', async () => {
  const response = await fetch(`${url}/api/openapi.json`);
  assert.equal(response.status, 200);
  const document = (await response.json()) as {
    openapi: string;
    info: { title: string; version: string; description: string };
    security: unknown;
    components: Record<string, Record<string, unknown>>;
    paths: Record<
      string,
      Record<string, { responses: Record<string, unknown>; parameters?: unknown[]; security?: unknown }>
    >;
  };
  assert.equal(document.openapi, '3.1.0');
  assert.equal(document.info.title, 'Longmen');
  assert.match(document.info.version, /^\d+\.\d+\.\d+/);
  assert.match(document.info.description, /\| `token_missing` \| 401 \|/);
  assert.deepEqual(document.security, [{ token: [] }]);
  assert.ok(document.components.securitySchemes?.token);
  assert.ok(document.components.schemas?.Problem && document.components.schemas.HttpTestThing);
  const list = document.paths['/api/v1/customers/{name}']?.get;
  assert.deepEqual(Object.keys(list?.responses ?? {}), ['200', '401', 'default']);
  assert.equal(list?.parameters?.length, 3);
  const create = document.paths['/api/v1/things']?.post;
  assert.deepEqual(create?.parameters, [{ $ref: '#/components/parameters/IdempotencyKey' }]);
  assert.deepEqual(document.paths['/health/live']?.get?.security, []);
  assert.ok(!('/metrics' in document.paths));
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)) {
    const [kind = '', key = ''] = name.split('/');
    assert.ok(document.components[kind]?.[key], name);
  }
});

test('the reference page works without the internet', async () => {
  const page = await fetch(`${url}/api/docs`);
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(String(page.headers.get('content-security-policy')), /default-src 'self'/);
  assert.ok(!/https?:\/\//.test(html));
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
  assert.ok(links.length >= 5);
  for (const link of links) {
    const asset = await fetch(new URL(link, `${url}/api/docs`));
    assert.equal(asset.status, 200, link);
    assert.ok((await asset.text()).length > 0);
  }
  assert.equal((await fetch(`${url}/api/docs/json`)).status, 200);
});

function speak(text: string): Promise<string> {
  const { port } = server.app.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}

test('what is not HTTP is told so in a problem as well', async () => {
  const cases: [sent: string, status: number, code: string][] = [
    ['EHLO example.org\r\n\r\n', 400, 'request_malformed'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'request_headers_too_large'],
  ];
  for (const [sent, status, code] of cases) {
    const [head = '', body = ''] = (await speak(sent)).split('\r\n\r\n');
    assert.ok(head.startsWith(`HTTP/1.1 ${status} `), head);
    assert.match(head, /content-type: application\/problem\+json/);
    const problem: Record<string, unknown> = JSON.parse(body);
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
  }
});

test('closing lets requests in flight finish, and does not wait for idle connections', async (t) => {
  const closing = await testServer(t, [room]);
  const agent = new Agent({ keepAlive: true });
  const get = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${closing.url}${path}`, { agent, headers: closing.authorized }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });
  assert.equal(await get('/health/live'), 200);
  const slow = get('/api/v1/slow');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const begun = performance.now();
  const closed = closing.app.close();
  assert.equal(await slow, 200);
  await closed;
  assert.ok(performance.now() - begun < 5_000);
  agent.destroy();
  await assert.rejects(get('/health/live'), /ECONNREFUSED/);
});
