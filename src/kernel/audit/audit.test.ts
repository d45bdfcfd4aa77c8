import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { manualClock } from '#kernel/clock';
import { type Context, currentContext, withContext } from '#kernel/context';
import { buildHttp, type RouteModule } from '#kernel/http';
import { newId } from '#kernel/ids';
import { createLog } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createToken, createTokenVerifier } from '#kernel/tokens';
import { testDatabase } from '#test/database';
import { caller } from '#test/http';
import {
  type AuditEntry,
  type AuditInput,
  auditChange,
  auditEnd,
  auditRead,
  auditRoutes,
  auditSubject,
  mayUnmask,
  openTrail,
  requestAudit,
  searchAudit,
} from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-03-04T05:06:07Z');
const lines: string[] = [];
const log = createLog('error', { write: (line) => void lines.push(line) });
const trail = openTrail({ db, log });

/** A room with one route of each kind. */
const room: RouteModule = (app, deps) => {
  const schema = { body: z.strictObject({ id: z.string(), fail: z.boolean().optional() }) };
  app.get('/things', { config: { permission: 'thing:read' } }, async () => ({}));
  app.get('/people/:id', { config: { permission: 'person:read', personal: true } }, async (request) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    auditSubject({ kind: 'person', id, unitId: 7 });
    return {};
  });
  app.get('/found', { config: { permission: 'person:read' } }, async () => {
    auditRead([{ kind: 'person', id: 'found' }], { fields: ['name'], reason: 'by chance' });
    return {};
  });
  app.post('/things', { config: { permission: 'thing:write' }, schema }, (request, reply) =>
    deps.idempotently(request, reply, async (tx) => {
      const { id, fail } = request.body;
      auditSubject({ kind: 'thing', id });
      await auditChange(tx, clock, { action: 'thing:merge', subjects: [{ kind: 'thing', id: `${id}-old` }] });
      if (fail === true) throw new Error('no');
      return { status: 201, body: { id } };
    }),
  );
  app.post('/lane', { config: { permission: 'thing:post' } }, async () => ({}));
  app.post('/hot', { config: { permission: 'thing:post', audit: 'after' } }, async () => ({}));
  app.post('/poll', { config: { permission: 'thing:post', audit: 'none' } }, async () => ({}));
  app.post('/door', { config: { permission: 'public' } }, async (_request, reply) => reply.code(401).send({}));
};

const { secret, tokenId } = await createToken(db, 'night shift', clock);
const tokens = createTokenVerifier({ db, clock });
const audit = requestAudit({ trail, clock });
const app = await buildHttp({ config: { bodyLimitMib: 1 }, db, clock, log, metrics: createMetrics(), tokens, audit }, [
  room,
  auditRoutes,
]);
const url = await app.listen({ host: '127.0.0.1', port: 0 });
after(async () => {
  await app.close();
  await trail.close();
});
const call = caller({ url, authorized: { authorization: `Bearer ${secret}` } }, '/api/v1');

/** The entries that `work` made, oldest first. */
async function made(work: () => Promise<unknown>): Promise<AuditEntry[]> {
  await trail.flush();
  const before = await auditEnd(db);
  await work();
  // An answer arrives before what follows it has run.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await trail.flush();
  const end = await auditEnd(db);
  return (await searchAudit(db, {}, Number(end - before))).reverse();
}

test('a plain read of what is not personal leaves no entry', async () => {
  assert.deepEqual(await made(() => call('GET', '/things')), []);
});

test('a read of personal data says who looked at whom, from where', async () => {
  const [entry, ...others] = await made(() => call('GET', '/people/42'));
  assert.deepEqual(others, []);
  const { actorId, actorKind, actorName, action, effect, method, route, status, subjects, unitId, address } =
    entry ?? {};
  assert.deepEqual(
    { actorId, actorKind, actorName, action, effect, method, route, status, subjects, unitId, address },
    {
      actorId: tokenId,
      actorKind: 'token',
      actorName: 'night shift',
      action: 'person:read',
      effect: 'read',
      method: 'GET',
      route: '/api/v1/people/:id',
      status: 200,
      subjects: ['person:42'],
      unitId: 7,
      address: '127.0.0.1',
    },
  );
  assert.match(entry?.traceId ?? '', /^[0-9a-f]{32}$/);
  assert.match(entry?.requestDigest ?? '', /^[0-9a-f]{64}$/);
});

test('a route that does not say that it is personal is recorded when its handler does', async () => {
  const [entry] = await made(() => call('GET', '/found'));
  assert.deepEqual([entry?.subjects, entry?.fields, entry?.reason], [['person:found'], ['name'], 'by chance']);
});

test('the entries of a write stand in its transaction: all with it, or none', async () => {
  const done = await made(() => call('POST', '/things', { id: 'a' }));
  assert.deepEqual(
    done.map(({ action, status, subjects }) => [action, status, subjects]),
    [
      ['thing:write', 201, ['thing:a']],
      ['thing:merge', 200, ['thing:a-old']],
    ],
  );
  const failed = await made(() => call('POST', '/things', { id: 'b', fail: true }));
  assert.deepEqual(
    failed.map(({ action, status, code, subjects }) => [action, status, code, subjects]),
    [['thing:write', 500, 'internal_error', ['thing:b']]],
  );
});

test('a repetition is recorded as one', async () => {
  const headers = { 'idempotency-key': 'k1' };
  const entries = await made(async () => {
    await call('POST', '/things', { id: 'c' }, headers);
    await call('POST', '/things', { id: 'c' }, headers);
  });
  assert.deepEqual(
    entries.map(({ action, code }) => [action, code]),
    [
      ['thing:write', null],
      ['thing:merge', null],
      ['thing:write', 'idempotency_replayed'],
    ],
  );
});

test('a write without a transaction is answered when its entry is stored; a hot one does not wait; a poll has none', async () => {
  await trail.flush();
  const before = await auditEnd(db);
  await call('POST', '/lane');
  assert.equal(await auditEnd(db), before + 1n);
  assert.equal((await made(() => call('POST', '/hot'))).length, 1);
  assert.equal((await made(() => call('POST', '/poll'))).length, 0);
});

test('what is refused is recorded with its code; who is nobody is recorded only at doors open to all', async () => {
  const [invalid] = await made(() => call('POST', '/things', { wrong: 1 }));
  assert.deepEqual([invalid?.status, invalid?.code], [400, 'request_invalid']);
  const stranger = caller({ url, authorized: {} }, '/api/v1');
  assert.deepEqual(await made(() => stranger('POST', '/things', { id: 'x' })), []);
  const [door] = await made(() => stranger('POST', '/door'));
  assert.deepEqual([door?.actorKind, door?.action, door?.status], ['unknown', 'door:post', 401]);
});

test('sequences have no gaps and times never run back, whoever writes at once', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => call('POST', '/things', { id: `p${index}` })));
  await trail.flush();
  const { rows } = await db.query<{ good: boolean; ordered: boolean }>(
    `select count(*) = max(sequence) as good, bool_and(ok) as ordered
       from (select sequence, recorded_at >= coalesce(lag(recorded_at) over (order by sequence), recorded_at) as ok
               from kernel.audit_entry) e`,
  );
  assert.deepEqual(rows, [{ good: true, ordered: true }]);
});

test('nobody changes the trail or adds to it by hand', async () => {
  for (const sql of [
    'update kernel.audit_entry set status = 200',
    'delete from kernel.audit_entry',
    'update kernel.audit_head set sequence = 0',
    `insert into kernel.audit_head (trail) values ('main')`,
    'truncate kernel.audit_entry',
  ]) {
    await assert.rejects(db.query(sql), /permission denied/, sql);
  }
});

test('text that is chosen by others cannot forge lines', async () => {
  const reason = 'line one\r\n{"level":"info"}\u001b[2J\u202egnp.exe\u0000';
  const [entry] = await made(() =>
    call('POST', '/audit/unmask', {
      subject: { kind: 'party', id: 'p1' },
      fields: ['name'],
      reason: reason.slice(0, -1),
    }),
  );
  assert.equal(entry?.reason, 'line one␍␊{"level":"info"}␛[2J�gnp.exe');
  const refused = await call('POST', '/audit/unmask', {
    subject: { kind: 'party', id: 'a\nb' },
    fields: ['name'],
    reason: 'because',
  });
  assert.equal(refused.body.code, 'audit_subject_invalid');
});

function as(id: string, visibility: Context['visibility'] = 'all'): <T>(work: () => T) => T {
  const context: Context = { ...currentContext(), actor: { kind: 'token', id, name: 'x' }, visibility };
  return (work) => withContext(context, work);
}

test('unmasking lasts ten minutes, for one actor, one subject and the fields that were named', async () => {
  const subject = { kind: 'party', id: 'p2' };
  const deps = { db, clock };
  const may = (field?: string, actor = tokenId) => as(actor)(() => mayUnmask(deps, subject, field));
  assert.equal(await may(), false);
  const granted = await call('POST', '/audit/unmask', { subject, fields: ['mobile'], reason: 'customer calls' });
  assert.equal(granted.status, 201);
  assert.equal(granted.body.expires_at, '2025-03-04T05:16:07Z');
  assert.deepEqual([await may(), await may('mobile'), await may('name')], [true, true, false]);
  assert.equal(await may('mobile', newId(clock)), false);
  assert.equal(await as(tokenId)(() => mayUnmask(deps, { kind: 'party', id: 'p3' })), false);
  clock.advance({ minutes: 10 });
  assert.equal(await may('mobile'), false);
  const without = await call('POST', '/audit/unmask', { subject, fields: ['mobile'], reason: '\u0001 ' });
  assert.equal(without.body.code, 'audit_reason_missing');
});

test('search by every field, page by page; each search is itself recorded', async () => {
  const all: Record<string, unknown>[] = [];
  let cursor = '';
  do {
    const { body } = await call('GET', `/audit/entries?action=thing:*&limit=10${cursor}`);
    all.push(...body.items);
    cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  const sequences = all.map(({ sequence }) => Number(sequence));
  assert.deepEqual(
    sequences,
    [...new Set(sequences)].sort((left, right) => right - left),
  );
  assert.ok(all.length > 40);
  assert.ok(all.every(({ action }) => String(action).startsWith('thing:')));
  const count = async (query: string) => (await call('GET', `/audit/entries?${query}`)).body.items.length;
  assert.equal(await count('subject=person:42'), 1);
  assert.equal(await count(`actor=${newId(clock)}`), 0);
  assert.equal(await count('outcome=failed'), 1);
  assert.equal(await count('to=2025-01-01T00:00:00Z'), 0);
  assert.ok((await count('from=2025-01-01T00:00:00Z&effect=read')) > 0);
  assert.equal((await call('GET', '/audit/entries?subject=nonsense')).body.code, 'audit_subject_invalid');
  await trail.flush();
  const [latest] = await searchAudit(db, { action: 'audit:read' }, 1);
  assert.equal(latest?.route, '/api/v1/audit/entries');
});

test('the report on one subject says who, when, what and why in both languages', async () => {
  const { body } = await call('GET', '/audit/subjects/party/p2');
  const [refused, line] = body.items;
  assert.deepEqual(refused?.deed, {
    zh: '尝试但被拒绝：查看未脱敏信息：mobile',
    en: 'was refused: asked to see in plain: mobile',
  });
  assert.deepEqual(line?.deed, { zh: '查看未脱敏信息：mobile', en: 'asked to see in plain: mobile' });
  assert.deepEqual([line?.reason, line?.recorded_at], ['customer calls', '2025-03-04T05:06:07.000000Z']);
});

test('the export is CSV that no spreadsheet executes', async () => {
  await call('POST', '/audit/unmask', { subject: { kind: 'party', id: 'p4' }, fields: ['a'], reason: '=cmd|x, "y"' });
  const response = await fetch(`${url}/api/v1/audit/export?subject=party:p4`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  const text = await response.text();
  assert.match(text, /^\ufeff?sequence,recorded_at,/);
  assert.match(text, /,"'=cmd\|x, ""y""",/);
});

test('who sees some units sees the entries of these units only', async () => {
  const scoped = (units: readonly number[]) =>
    as(newId(clock), units)(() => searchAudit(db, { subject: { kind: 'person', id: '42' } }, 10));
  assert.equal((await scoped([7])).length, 1);
  assert.equal((await scoped([8, 9])).length, 0);
  assert.equal((await scoped([])).length, 0);
});

function entry(subjectId: string): AuditInput {
  return {
    at: clock.now().toString(),
    actor: currentContext().actor,
    onBehalfOf: null,
    action: 'test:read',
    effect: 'read',
    method: null,
    route: null,
    status: 200,
    code: null,
    subjects: [{ kind: 'thing', id: subjectId }],
    fields: [],
    unitId: 1,
    address: null,
    traceId: null,
    approvalId: null,
    reason: null,
    requestDigest: null,
  };
}

test('the queue is bounded: nothing is served that cannot be recorded', async () => {
  const small = openTrail({ db, log, capacity: 3 });
  for (const id of ['1', '2', '3']) small.record(entry(id));
  assert.throws(() => small.checkRoom(), { code: 'audit_unavailable' });
  await small.flush();
  small.checkRoom();
  await small.close();
});

test('an entry PostgreSQL refuses does not keep the others from the trail', async () => {
  // What the requests of other tests left in their queue comes first.
  assert.deepEqual(await made(async () => undefined), []);
  const before = await auditEnd(db);
  const one = openTrail({ db, log, delay_ms: 5 });
  one.record(entry('good 1'));
  one.record({ ...entry('bad'), actor: { kind: 'staff', id: 'not a uuid', name: '' } });
  one.record(entry('good 2'));
  await one.close();
  assert.equal(await auditEnd(db), before + 2n);
  assert.match(lines.join(''), /an entry of the audit trail is lost/);
});

test('recording a read costs the request next to nothing', async () => {
  const quick = openTrail({ db, log });
  const count = 2_000;
  const started = performance.now();
  for (let index = 0; index < count; index++) quick.record(entry(`q${index}`));
  const each_us = ((performance.now() - started) * 1_000) / count;
  const queued = performance.now();
  await quick.close();
  console.log(
    `# an audited read: ${each_us.toFixed(1)} µs in the request, ${(((performance.now() - queued) * 1_000) / count).toFixed(0)} µs to store`,
  );
  assert.ok(each_us < 200, `${each_us} µs`);
});
