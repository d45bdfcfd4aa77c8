/** Uniqueness over HTTP: across branches where it must look, within a branch where it must not. */
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
import { partyRoutes } from '../routes.ts';
import { simulatedVerification } from '../verification/simulator.ts';
import * as schemas from './schemas.ts';

const db = await testDatabase({ after });
const clock = manualClock('2026-03-02T01:00:00Z');
const north = await db.transaction(async (tx) => {
  await createBook(tx, { code: 'main', name: 'Main' }, clock);
  return createUnit(tx, { code: 'north', name: '北支行', kind: 'branch' }, clock);
});
const tokens = createTokenVerifier({ db, clock });
const all = await createToken(db, 'all', clock);
const teller = await createToken(db, 'teller', clock);
const reader = await createToken(db, 'reader', clock);
const narrowed = (token: TokenIdentity): TokenIdentity => {
  if (token.tokenId === teller.tokenId) {
    return { ...token, permissions: ['party:*', 'party.match:*'], unitId: north.unitId };
  }
  return token.tokenId === reader.tokenId ? { ...token, permissions: ['party:read'], unitId: 1 } : token;
};
const app = await buildHttp(
  {
    config: { bodyLimitMib: 1 },
    db,
    clock,
    log: createLog('silent'),
    metrics: createMetrics(),
    tokens: { ...tokens, verify: async (secret) => narrowed(await tokens.verify(secret)) },
  },
  [partyRoutes({ timeZone: 'Asia/Shanghai', verification: simulatedVerification() })],
);
after(async () => void (await app.close()));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
const callAs = ({ secret }: { secret: string }) =>
  caller({ url, authorized: { authorization: `Bearer ${secret}` } }, '/api/v1/parties');
const [call, atBranch, asReader] = [callAs(all), callAs(teller), callAs(reader)];

const reason = 'Same person, seen at the counter';
const number = { kind: 'resident_id', value: '11010519491231002X' };
const wang = {
  kind: 'person',
  names: [{ value: '王小明' }],
  identifiers: [number],
  contacts: [{ kind: 'mobile', value: '13800138000' }],
};

async function create(unit: string, more: object = {}): Promise<string> {
  const id = newId(clock);
  const made = await call('POST', '', { ...wang, id, unit, ...more });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return id;
}

const headOffice = await create('institution');
const branch = await create('north');

test('a branch finds who is a customer of another, but sees nothing of them', async () => {
  const found = await atBranch('POST', '/checks', {
    parties: [
      { kind: 'person', names: ['Xiaoming Wang'], identifiers: [{ ...number, value: '11010519491231002x' }] },
      { kind: 'person', names: ['司马相如'], birth_date: '1980-01-01' },
    ],
  });
  assert.equal(found.status, 200, JSON.stringify(found.body));
  const [same, fresh] = schemas.checkReply.parse(found.body).results;
  assert.equal(same?.verdict, 'same');
  assert.deepEqual(new Set(same?.matches.map((match) => match.party_id)), new Set([headOffice, branch]));
  assert.ok(!JSON.stringify(found.body).includes('王'));
  assert.deepEqual([fresh?.verdict, fresh?.matches, fresh?.too_common], ['new', [], false]);
  assert.equal((await atBranch('GET', `/${headOffice}`)).status, 404);
});

test('a pair gets one case, which is decided, merged, split and decided again', async () => {
  const opened = await call('POST', `/${branch}/checks`);
  assert.equal(schemas.checkResult.parse(opened.body).matches[0]?.party_id, headOffice);
  const cases = await call('GET', `/match-cases?state=open&party_id=${branch}`);
  assert.equal(cases.body.items.length, 1);
  const { id } = schemas.caseReply.parse(cases.body.items[0]);
  // Half of it belongs to the branch: it sees that there is a case, but cannot merge a party it does not see.
  assert.equal((await atBranch('GET', `/match-cases/${id}`)).status, 200);
  const merging = { state: 'same', reason };
  const tried = await atBranch('POST', `/match-cases/${id}/decision`, merging);
  assert.deepEqual([tried.status, tried.body.code], [404, 'party_not_found']);
  const decided = await call('POST', `/match-cases/${id}/decision`, merging);
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
  const { merge } = schemas.decisionReply.parse(decided.body);
  assert.ok(merge !== null);
  assert.deepEqual([merge.survivor_id, merge.absorbed_id, merge.made_by], [headOffice, branch, all.tokenId]);
  assert.equal((await call('GET', `/${branch}`)).body.id, headOffice);
  assert.equal((await atBranch('POST', `/merges/${merge.id}/split`, { reason })).status, 404);
  const split = await call('POST', `/merges/${merge.id}/split`, { reason: 'Twins' });
  assert.deepEqual([split.status, schemas.mergeReply.parse(split.body).split?.reason], [200, 'Twins']);
  assert.equal((await call('GET', `/${branch}`)).body.id, branch);
  const different = await call('POST', `/match-cases/${id}/decision`, { state: 'different', reason: 'Twins' });
  assert.equal(schemas.decisionReply.parse(different.body).case.state, 'different');
  assert.deepEqual((await call('POST', `/${branch}/checks`)).body.matches, []);
  const { trail } = schemas.caseWithTrail.parse((await call('GET', `/match-cases/${id}`)).body);
  assert.deepEqual(
    trail.map((line) => line.state),
    ['same', 'open', 'different'],
  );
  assert.equal((await call('GET', `/${branch}/merges`)).body.items.length, 1);
  assert.equal((await call('GET', `/merges/${merge.id}`)).body.id, merge.id);
});

test('the index follows a party that changes', async () => {
  const id = await create('institution', { names: [{ value: '诸葛孔明' }], identifiers: [], contacts: [] });
  const probe = {
    parties: [{ kind: 'person', names: ['某某某'], phones: ['139 1234 5678'], emails: ['k@example.com'] }],
  };
  const check = async () => schemas.checkReply.parse((await call('POST', '/checks', probe)).body).results[0];
  assert.equal((await check())?.verdict, 'new');
  const contacts = [
    { kind: 'mobile', value: '13912345678' },
    { kind: 'email', value: 'k@example.com' },
  ];
  const names = [{ kind: 'alias', value: '某某某' }];
  assert.equal((await call('PATCH', `/${id}`, { version: 1, add: { contacts, names } })).status, 200);
  assert.equal((await check())?.matches[0]?.party_id, id);
});

test('what is wrong is refused with a code', async () => {
  const id = newId(clock);
  const merge = (survivor_id: string, absorbed_id: string, more: object = {}) =>
    call('POST', '/merges', { id: newId(clock), survivor_id, absorbed_id, reason, ...more });
  const cases: [string, ReturnType<typeof call>][] = [
    ['400 merge_with_itself', merge(branch, branch)],
    ['404 party_not_found', merge(branch, id)],
    ['400 request_invalid', merge(branch, headOffice, { reason: '' })],
    ['400 request_invalid', merge(branch, headOffice, { made_by: id })],
    ['404 merge_not_found', call('POST', `/merges/${id}/split`, { reason })],
    ['404 match_case_not_found', call('GET', `/match-cases/${id}`)],
    ['404 match_case_not_found', call('POST', `/match-cases/${id}/decision`, { state: 'same', reason })],
    ['400 request_invalid', call('POST', '/checks', { parties: [] })],
    ['400 request_invalid', call('GET', "/match-cases?state=open'--")],
    ['403 permission_missing', asReader('GET', '/match-cases')],
    ['403 permission_missing', asReader('POST', '/checks', { parties: [{ kind: 'person', names: ['王小明'] }] })],
    ['404 party_not_found', atBranch('POST', `/${headOffice}/checks`)],
    ['404 party_not_found', atBranch('GET', `/${headOffice}/merges`)],
  ];
  for (const [expected, asked] of cases) {
    const { status, body } = await asked;
    assert.equal(`${status} ${body.code}`, expected);
  }
});
