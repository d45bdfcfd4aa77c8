/** Whose data was looked at, and who may see it in plain: the trail, grants to unmask, and nothing beside the masks. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assignRole, createUnit, saveRole } from '#kernel/access';
import { auditRoutes } from '#kernel/audit';
import { createBook } from '#kernel/events';
import type { SessionIdentity, SessionVerifier } from '#kernel/http';
import { newId } from '#kernel/ids';
import { caller, testServer } from '#test/http';
import { partyRoutes, simulatedVerification } from './index.ts';

const teller = {
  staffId: newId(),
  sessionId: newId(),
  login: 'teller',
  name: '柜员',
  locale: 'zh-CN',
  unitId: 1,
} as const;
/** Whoever sends the cookie is the teller. */
const sessions: SessionVerifier = {
  verify: (cookie): SessionIdentity | null => (cookie === 'teller' ? teller : null),
  forget: () => undefined,
};
const server = await testServer(
  { after },
  [partyRoutes({ timeZone: 'Asia/Shanghai', verification: simulatedVerification() }), auditRoutes],
  'silent',
  { audited: true, open: () => ({ sessions }) },
);
const { db, clock, url } = server;
const north = await db.transaction(async (tx) => {
  await createBook(tx, { code: 'main', name: 'Main' }, clock);
  const unit = await createUnit(tx, { code: 'north', name: '北支行', kind: 'branch' }, clock);
  const permissions = ['party:*', 'party.match:*', 'party.personal:unmask'];
  await saveRole(tx, { code: 'teller', nameZh: '柜员', nameEn: 'Teller', permissions }, clock);
  await assignRole(tx, { staffId: teller.staffId, role: 'teller', unit: 'north' }, clock);
  return unit;
});
const call = caller(server, '/api/v1');
const ask = caller({ url, authorized: { cookie: 'teller', origin: url } }, '/api/v1');

const secrets = ['小明', '1949-12-31', '194912', '1234567', '建国路', 'xiaoming@'];
const wang = {
  id: newId(clock),
  unit: 'north',
  kind: 'person',
  names: [{ value: '王小明' }],
  identifiers: [{ kind: 'resident_id', value: '11010519491231002X' }],
  addresses: [{ kind: 'residence', division_code: '110105', line: '北京市朝阳区建国路 1 号' }],
  contacts: [
    { kind: 'mobile', value: '13812345678' },
    { kind: 'email', value: 'xiaoming@example.com' },
  ],
};
const li = { id: newId(clock), unit: 'north', kind: 'person', names: [{ value: '李四' }] };
for (const party of [wang, li]) assert.equal((await call('POST', '/parties', party)).status, 201);

/** Who looked at a party, newest first: `<name> <action>`. */
async function looks(id: string): Promise<string[]> {
  await server.recorded();
  const { body } = await call('GET', `/audit/subjects/party/${id}`);
  return body.items.map((line) => `${(line.actor as { name: string }).name} ${String(line.action)}`);
}

test('every read of a person stands in the trail of that person, lists and searches too', async () => {
  const reads: [string, string, unknown?][] = [
    ['GET', `/parties/${wang.id}`],
    ['GET', '/parties'],
    ['POST', '/parties/search', { identifier: '11010519491231002X' }],
    ['GET', `/parties/${wang.id}/relations`],
    ['GET', `/parties/${wang.id}/group`],
    ['GET', `/parties/${wang.id}/consents`],
    ['GET', `/parties/${wang.id}/rights`],
    ['GET', `/parties/${wang.id}/verifications`],
    ['GET', `/parties/${wang.id}/merges`],
    ['POST', '/parties/checks', { parties: [{ kind: 'person', names: ['王小明'], phones: ['13812345678'] }] }],
  ];
  for (const [method, path, body] of reads) {
    const before = await looks(wang.id);
    const answer = await ask(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path} ${JSON.stringify(answer.body)}`);
    const [latest = '', ...others] = (await looks(wang.id)).filter((line) => line.startsWith('柜员'));
    assert.equal(others.length, before.filter((line) => line.startsWith('柜员')).length, `${method} ${path}`);
    assert.match(latest, /^柜员 party(\.match)?:(read|check)$/, `${method} ${path}`);
  }
  // Only the list showed the other one.
  assert.deepEqual(
    (await looks(li.id)).filter((line) => line.startsWith('柜员')),
    ['柜员 party:read'],
  );
});

test('an entry belongs to the unit of whom it is about', async () => {
  const { rows } = await db.query<{ units: number[] }>(
    `select array_agg(distinct unit_id) as units from kernel.audit_entry where subjects @> array[$1]`,
    [`party:${wang.id}`],
  );
  // The report on a subject itself names no unit.
  assert.ok(rows[0]?.units.includes(north.unitId));
});

test('without the permission nothing leaks, in whatever is answered', async () => {
  const answers = [
    await ask('GET', `/parties/${wang.id}`),
    await ask('GET', '/parties'),
    await ask('POST', '/parties/search', { name: '王' }),
    await ask('POST', '/parties', { ...li, id: wang.id }),
    await ask('PATCH', `/parties/${wang.id}`, { version: 9 }),
    await ask('POST', `/parties/${li.id}/relations`, { kind: 'spouse', to: wang.id, valid_from: '2020-01-01' }),
    await ask('POST', `/parties/${li.id}/relations`, { kind: 'spouse', to: wang.id, valid_from: '2020-01-01' }),
    await ask('POST', `/parties/${wang.id}/verifications`, { purpose: 'large_transfer' }),
    await ask('POST', '/parties/checks', { parties: [{ kind: 'person', names: ['某'], phones: ['13812345678'] }] }),
    await ask('POST', `/parties/${wang.id}/checks`),
  ];
  for (const { body, status } of answers) {
    const text = JSON.stringify(body);
    for (const secret of secrets) assert.ok(!text.includes(secret), `${status} ${text}`);
  }
  assert.equal((await ask('GET', `/parties/${wang.id}`)).body.masked, true);
  // The trail that is exported holds ids, not data.
  await server.recorded();
  const exported = await fetch(`${url}/api/v1/audit/export?subject=party:${wang.id}`, { headers: server.authorized });
  const csv = await exported.text();
  assert.ok(csv.includes(wang.id));
  for (const secret of secrets) assert.ok(!csv.includes(secret), secret);
});

test('what is unmasked for a reason is plain for ten minutes, for one person and one reader', async () => {
  const subject = { kind: 'party', id: wang.id };
  const read = async (id = wang.id) => (await ask('GET', `/parties/${id}`)).body;
  const unmask = (fields: string[], reason: string) => ask('POST', '/audit/unmask', { subject, fields, reason });
  assert.equal((await unmask(['name'], ' ')).status, 400);
  assert.equal((await read()).name, '王**');
  assert.equal((await unmask(['contacts', 'birth_date'], '客户来电核实')).status, 201);
  const some = await read();
  assert.deepEqual([some.name, some.birth_date, some.masked], ['王**', '1949-12-31', true]);
  assert.deepEqual(
    (some.contacts as { value: string }[]).map(({ value }) => value),
    ['+8613812345678', 'xiaoming@example.com'],
  );
  assert.equal((await unmask(['*'], '客户来电核实')).status, 201);
  const all = await read();
  assert.deepEqual([all.name, all.masked], ['王小明', false]);
  assert.equal((await ask('POST', '/parties/search', { name: '王' })).body.items[0]?.name, '王小明');
  assert.equal((await read(li.id)).name, '李*');
  clock.advance({ minutes: 10 });
  const again = await read();
  assert.deepEqual([again.name, again.birth_date, again.masked], ['王**', null, true]);
  await server.recorded();
  const { body } = await call('GET', `/audit/subjects/party/${wang.id}`);
  assert.ok(body.items.some(({ reason }) => reason === '客户来电核实'));
});
