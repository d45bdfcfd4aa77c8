import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { defineErrors } from '#kernel/errors';
import { createToken } from '#kernel/tokens';
import { testServer } from '#test/http';
import { purgeIdempotencyKeys, type RouteModule } from './index.ts';

const config = { permission: 'thing:use' };

const roomError = defineErrors({ work_refused: { status: 409, title: 'Work refused' } });

const Work = z.strictObject({
  mode: z.enum(['work', 'refuse', 'slow', 'empty']).default('work'),
  note: z.string().default(''),
});
const Done = z.object({ z_first: z.string(), a_last: z.string() });

let runs = 0;
const room: RouteModule = (app, deps) => {
  app.post('/work', { config, schema: { body: Work, response: { 201: Done } } }, async (request, reply) => {
    return deps.idempotently(request, reply, async (tx) => {
      runs += 1;
      const { mode, note } = request.body;
      await tx.query(
        `insert into kernel.token (token_id, name, secret_sha256, created_at, permissions, unit_id)
                      values ($1, $2, $3, now(), '{thing:use}', 1)`,
        [crypto.randomUUID(), 'trace of work', crypto.getRandomValues(Buffer.alloc(32))],
      );
      if (mode === 'refuse') throw roomError('work_refused', 'Not now');
      if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
      if (mode === 'empty') return { status: 204 };
      return { status: 201, body: { z_first: String(runs), a_last: note, dropped: true } };
    });
  });
  app.post('/other', { config }, async (request, reply) =>
    deps.idempotently(request, reply, async () => ({ status: 200, body: {} })),
  );
  app.post('/claimed', { config, schema: { body: Work } }, async (request) => {
    await deps.claimIdempotencyKey(request);
    runs += 1;
    return { runs };
  });
};

const { url, authorized, db, clock } = await testServer({ after }, [room]);

async function post(path: string, key: string | undefined, body: unknown, headers = authorized) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const { code } = text.startsWith('{') ? (JSON.parse(text) as { code?: string }) : {};
  return { status: response.status, text, code, replayed: response.headers.get('idempotency-replayed') };
}

async function traces(): Promise<bigint> {
  const { rows } = await db.query<{ n: bigint }>(`select count(*) as n from kernel.token where name = 'trace of work'`);
  return rows[0]?.n ?? -1n;
}

test('the same again is answered the same, byte for byte, and done once', async () => {
  const before = await traces();
  const first = await post('/work', 'once', { note: '第一' });
  const again = await post('/work', 'once', { note: '第一' });
  assert.equal(first.status, 201);
  assert.equal(first.replayed, null);
  assert.match(first.text, /^\{"z_first":"\d+","a_last":"第一"\}$/);
  assert.deepEqual(again, { ...first, replayed: 'true' });
  assert.equal(await traces(), before + 1n);
});

test('answers without a body are repeated too', async () => {
  const first = await post('/work', 'empty', { mode: 'empty' });
  const again = await post('/work', 'empty', { mode: 'empty' });
  assert.deepEqual([first.status, first.text, again.status, again.replayed], [204, '', 204, 'true']);
});

test('without a key everything is done each time', async () => {
  const before = await traces();
  const first = await post('/work', undefined, {});
  const again = await post('/work', undefined, {});
  assert.notEqual(first.text, again.text);
  assert.equal(await traces(), before + 2n);
});

test('a key used for another body or address is refused, and nothing is done', async () => {
  await post('/work', 'mine', { note: 'a' });
  const before = await traces();
  for (const [path, body] of [
    ['/work', { note: 'b' }],
    ['/work?x=1', { note: 'a' }],
    ['/other', { note: 'a' }],
    ['/claimed', { note: 'a' }],
  ] as const) {
    const refused = await post(path, 'mine', body);
    assert.equal(`${refused.status} ${refused.code}`, '422 idempotency_key_reused', path);
  }
  assert.equal(await traces(), before);
});

test('keys belong to their token', async () => {
  const { secret } = await createToken(db, 'other', clock);
  const first = await post('/work', 'shared', { note: 'a' });
  const other = await post('/work', 'shared', { note: 'b' }, { authorization: `Bearer ${secret}` });
  assert.deepEqual([first.status, other.status, other.replayed], [201, 201, null]);
});

test('keys have 1 to 255 printable ASCII characters', async () => {
  for (const key of ['', 'x'.repeat(256), 'caf\u00e9', 'a\tb']) {
    for (const path of ['/work', '/claimed']) {
      const refused = await post(path, key, {});
      assert.equal(`${refused.status} ${refused.code}`, '400 idempotency_key_invalid', key);
    }
  }
  assert.equal((await post('/work', 'x'.repeat(255), {})).status, 201);
  assert.equal((await post('/work', '"quoted, with comma"', {})).status, 201);
});

test('work that is refused leaves no key and can be tried again', async () => {
  const before = await traces();
  const runsBefore = runs;
  for (const _try of [1, 2]) assert.equal((await post('/work', 'refused', { mode: 'refuse' })).code, 'work_refused');
  assert.equal(runs, runsBefore + 2);
  assert.equal(await traces(), before);
  assert.equal((await post('/work', 'refused', { mode: 'work' })).status, 201);
});

test('of concurrent duplicates one works and the others get its answer', async () => {
  const before = await traces();
  const answers = await Promise.all([1, 2, 3, 4].map(() => post('/work', 'race', { mode: 'slow' })));
  assert.equal(new Set(answers.map((answer) => answer.text)).size, 1);
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [201, 201, 201, 201],
  );
  assert.equal(answers.filter((answer) => answer.replayed === null).length, 1);
  assert.equal(await traces(), before + 1n);
});

test('a claimed key lets the same request pass and no other', async () => {
  const before = runs;
  const passed = await Promise.all([1, 2, 3].map(() => post('/claimed', 'claim', { note: 'a' })));
  assert.deepEqual(
    passed.map((answer) => answer.status),
    [200, 200, 200],
  );
  assert.equal(runs, before + 3);
  assert.equal((await post('/claimed', 'claim', { note: 'b' })).code, 'idempotency_key_reused');
  assert.equal((await post('/claimed', undefined, { note: 'b' })).status, 200);
});

test('old keys are purged, young ones kept', async () => {
  clock.advance({ hours: 24 * 3 });
  await post('/work', 'young', {});
  clock.advance({ hours: 24 * 28 });
  const { rows } = await db.query<{ n: bigint }>('select count(*) as n from kernel.idempotency_key');
  const purged = await purgeIdempotencyKeys(db, clock, 30);
  assert.equal(BigInt(purged), (rows[0]?.n ?? 0n) - 1n);
  assert.equal((await post('/work', 'young', {})).replayed, 'true');
  await assert.rejects(purgeIdempotencyKeys(db, clock, 0), /kept_a_day/);
});
