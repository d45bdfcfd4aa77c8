/** Parties over HTTP: from creating to reading, masked for who may not see, for one branch only. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createUnit } from '#kernel/access';
import { manualClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { buildHttp } from '#kernel/http';
import { newId } from '#kernel/ids';
import { createLog } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createToken, createTokenVerifier, type TokenIdentity } from '#kernel/tokens';
import { testDatabase } from '#test/database';
import { caller } from '#test/http';
import { partyRoutes, simulatedVerification } from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');
const north = await db.transaction(async (tx) => {
  await createBook(tx, { code: 'main', name: 'Main' }, clock);
  return createUnit(tx, { code: 'north', name: '北支行', kind: 'branch' }, clock);
});
const tokens = createTokenVerifier({ db, clock });
const all = await createToken(db, 'all', clock);
const teller = await createToken(db, 'teller', clock);
/** The teller's token as one with the rights of a teller of a branch has them. */
const narrowed = (token: TokenIdentity): TokenIdentity =>
  token.tokenId === teller.tokenId
    ? { ...token, permissions: ['party:read', 'party:write'], unitId: north.unitId }
    : token;
const lines: string[] = [];
const app = await buildHttp(
  {
    config: { bodyLimitMib: 1 },
    db,
    clock,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    metrics: createMetrics(),
    tokens: { ...tokens, verify: async (secret) => narrowed(await tokens.verify(secret)) },
  },
  [partyRoutes({ timeZone: 'Asia/Shanghai', verification: simulatedVerification() })],
);
after(async () => void (await app.close()));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
const callAs = ({ secret }: { secret: string }) =>
  caller({ url, authorized: { authorization: `Bearer ${secret}` } }, '/api/v1/parties');
const [call, ask] = [callAs(all), callAs(teller)];

const wang = {
  id: newId(clock),
  unit: 'north',
  kind: 'person',
  names: [{ value: '王小明' }],
  identifiers: [{ kind: 'resident_id', value: '11010519491231002X' }],
  addresses: [{ kind: 'residence', division_code: '110105', line: '北京市朝阳区建国路 1 号' }],
  contacts: [{ kind: 'mobile', value: '13812345678' }],
};
const firm = newId(clock);

test('a party is created once, read in full, and changed only as it was read', async () => {
  const key = { 'idempotency-key': 'one' };
  const made = await call('POST', '', wang, key);
  assert.equal(made.status, 201);
  assert.deepEqual((await call('POST', '', wang, key)).body, made.body);
  assert.deepEqual((await call('POST', '', wang)).body, made.body);
  assert.deepEqual([made.body.name, made.body.birth_date, made.body.masked], ['王小明', '1949-12-31', false]);
  assert.equal((await call('POST', '', { ...wang, extra: 1 })).status, 400);
  assert.equal((await call('POST', '', { ...wang, merged_into: firm })).status, 400);
  const wrong = { ...wang, id: newId(clock), identifiers: [{ kind: 'resident_id', value: '110105194912310021' }] };
  const refused = await call('POST', '', wrong);
  assert.deepEqual([refused.status, refused.body.code], [400, 'identifier_check_digit_wrong']);

  const changed = await call('PATCH', `/${wang.id}`, {
    version: 1,
    add: { names: [{ kind: 'alias', value: '小王' }] },
  });
  assert.deepEqual([changed.status, changed.body.version], [200, 2]);
  assert.equal((await call('PATCH', `/${wang.id}`, { version: 1 })).body.code, 'party_version_conflict');
  assert.equal((await call('PATCH', `/${wang.id}`, { version: 2, unit: 'institution' })).status, 400);
  assert.equal((await call('GET', '/nothing')).body.code, 'party_not_found');
});

test('who may not see personal data sees it masked, and nothing of other branches', async () => {
  assert.equal(
    (await call('POST', '', { id: firm, kind: 'organisation', names: [{ value: '龙门公司' }] })).status,
    201,
  );
  const { body } = await ask('GET', `/${wang.id}`);
  assert.deepEqual([body.name, body.birth_date, body.masked], ['王**', null, true]);
  const text = JSON.stringify(body);
  for (const secret of ['王小明', '194912', '1234567', '建国路']) assert.ok(!text.includes(secret), secret);
  assert.equal((await ask('GET', `/${firm}`)).body.code, 'party_not_found');
  assert.equal((await ask('PATCH', `/${firm}`, { version: 1 })).body.code, 'party_not_found');
  assert.equal((await ask('POST', '', { kind: 'person', names: [{ value: '外' }] })).status, 403);
  assert.deepEqual(
    (await ask('GET', '')).body.items.map(({ id }) => id),
    [wang.id],
  );
  assert.deepEqual((await ask('POST', '/search', { name: '龙门' })).body.items, []);
  assert.equal((await ask('POST', '/search', { identifier: '11010519491231002X' })).body.items.length, 1);
});

test('a teller of a branch does their work within it', async () => {
  const made = await ask(
    'POST',
    '',
    { unit: 'north', kind: 'person', names: [{ value: '李四' }] },
    { 'idempotency-key': 'x' },
  );
  assert.deepEqual([made.status, made.body.name], [201, '李*']);
  const li = String(made.body.id);
  const change = {
    version: 1,
    birth_date: '1990-01-01',
    add: { contacts: [{ kind: 'mobile', value: '13800138000' }] },
  };
  const changed = await ask('PATCH', `/${li}`, change);
  assert.deepEqual([changed.status, changed.body.version], [200, 2]);
  const related = await ask('POST', `/${li}/relations`, { kind: 'guardian', to: wang.id, valid_from: '2020-01-01' });
  assert.equal(related.status, 201);
  const other = { kind: 'shareholder', to: firm, percentage: '1', valid_from: '2020-01-01' };
  assert.equal((await ask('POST', `/${li}/relations`, other)).body.code, 'party_not_found');
  const consent = { purpose: 'marketing', text_version: '1', channel: 'counter' };
  assert.equal((await ask('POST', `/${li}/consents`, consent)).status, 201);
  assert.equal((await ask('GET', `/${wang.id}/group`)).status, 200);
  const end = await ask('POST', `/${li}/relations/${String(related.body.id)}/end`, { until: '2021-01-01' });
  assert.equal(end.status, 200);
  assert.equal((await call('PATCH', `/${li}`, { version: 2, state: 'closed' })).status, 200);
});

test('lists go page by page', async () => {
  const first = await call('GET', '?limit=1');
  assert.deepEqual([first.body.items.length, typeof first.body.next_cursor], [1, 'string']);
  const second = await call('GET', `?limit=1&cursor=${String(first.body.next_cursor)}`);
  assert.notEqual(second.body.items[0]?.id, first.body.items[0]?.id);
  assert.equal((await call('GET', '?cursor=x')).body.code, 'cursor_invalid');
  assert.equal((await call('GET', '?unit=nowhere')).body.code, 'unit_not_found');
});

test('relations, owners, groups', async () => {
  const holding = { kind: 'shareholder', to: firm, percentage: '60', valid_from: '2020-01-01' };
  const made = await call('POST', `/${wang.id}/relations`, holding);
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.from, { id: wang.id, kind: 'person', name: '王小明' });
  const more = await call('POST', `/${wang.id}/relations`, { ...holding, percentage: '41', valid_from: '2019-01-01' });
  assert.equal(more.body.code, 'relation_exists');
  const owners = await call('GET', `/${firm}/beneficial-owners?date=2024-01-01`);
  const [owner] = owners.body.owners as { effective_percentage: string; basis: string[] }[];
  assert.deepEqual([owner?.effective_percentage, owner?.basis], ['60', ['ownership', 'control']]);
  assert.equal((await call('GET', `/${firm}/beneficial-owners?threshold=101`)).status, 400);
  assert.deepEqual((await call('GET', `/${firm}/group`)).body.members, [
    { id: wang.id, kind: 'person', name: '王小明' },
    { id: firm, kind: 'organisation', name: '龙门公司' },
  ]);
  const ended = await call('POST', `/${firm}/relations/${String(made.body.id)}/end`, { until: '2025-01-01' });
  assert.equal(ended.body.valid_until, '2025-01-01');
  assert.deepEqual((await call('GET', `/${firm}/group`)).body.members, [
    { id: firm, kind: 'organisation', name: '龙门公司' },
  ]);
});

test('consents, rights and verifications', async () => {
  const consent = { purpose: 'marketing', text_version: '1', channel: 'counter' };
  const granted = await call('POST', `/${wang.id}/consents`, consent);
  assert.equal(granted.status, 201);
  const inForce = async () => (await call('GET', `/${wang.id}/consents/in-force?purpose=marketing`)).body.consent;
  assert.notEqual(await inForce(), null);
  clock.advance({ seconds: 1 });
  await call('POST', `/${wang.id}/consents/${String(granted.body.id)}/withdraw`);
  assert.equal(await inForce(), null);

  const account = newId(clock);
  const asked = { account_id: account, amount: '1.00', currency: 'CNY' };
  assert.equal((await call('POST', `/${wang.id}/may-act`, asked)).body.code, 'right_missing');
  const right = { account_id: account, kind: 'owner', currency: 'CNY' };
  assert.equal((await call('POST', `/${wang.id}/rights`, right)).body.code, 'account_not_found');
  assert.equal(
    (await call('POST', `/${wang.id}/rights`, { ...right, per_day: '1.001' })).body.code,
    'account_right_invalid',
  );

  assert.equal((await call('GET', '/verification-policies')).body.items.length, 4);
  const policy = { checks: ['liveness'], minimum_score: '0.8', valid_days: 2 };
  const path = '/verification-policies/large_transfer';
  assert.equal((await ask('PUT', path, policy)).status, 403);
  assert.equal((await call('PUT', path, { ...policy, minimum_score: '1.1' })).body.code, 'verification_policy_invalid');
  assert.deepEqual((await call('PUT', path, policy)).body, {
    purpose: 'large_transfer',
    ...policy,
    minimum_score: '0.8000',
  });
  const verification = { id: newId(clock), purpose: 'large_transfer', liveness_reference: 'sim:live' };
  const verified = await call('POST', `/${wang.id}/verifications`, verification);
  assert.deepEqual([verified.status, verified.body.simulation], [201, true]);
  assert.ok(!('salt' in verified.body));
  assert.deepEqual((await call('POST', `/${wang.id}/verifications`, verification)).body, verified.body);
  const { body } = await call('GET', `/${wang.id}`);
  assert.deepEqual(
    [body.consents, body.rights, body.verifications].map((list) => (list as unknown[]).length),
    [1, 0, 1],
  );
});

test('no line of the log holds personal data', () => {
  const text = lines.join('');
  assert.ok(text.length > 0);
  for (const secret of ['王小明', '11010519491231002X', '13812345678']) assert.ok(!text.includes(secret), secret);
});
