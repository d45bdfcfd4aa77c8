/** Tries to be both pairs of eyes, to get more rights than one has, and to act in another's name; by people with sessions. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assignRole, saveRole } from '#kernel/access';
import { newId } from '#kernel/ids';
import { caller } from '../http.ts';
import type { Answer, Browser, Person } from '../identity.ts';
import { wholeHouse } from '../whole-house.ts';

const home = await wholeHouse({ after });
const { db, clock } = home;
await home.unit({ code: 'east', name: 'East', kind: 'branch' });
await home.unit({ code: 'west', name: 'West', kind: 'branch' });
await db.transaction((tx) =>
  saveRole(
    tx,
    {
      code: 'rights_clerk',
      nameZh: '授权员',
      nameEn: 'Rights clerk',
      permissions: ['access.role:write', 'token:write', 'ledger.account:read'],
    },
    clock,
  ),
);

interface Somebody {
  readonly person: Person;
  readonly id: string;
  readonly browser: Browser;
}

/** Somebody who is signed in, with roles in units. */
async function somebody(login: string, ...roles: [role: string, unit: string][]): Promise<Somebody> {
  const person = await home.person(login);
  const id = person.staff.staffId;
  for (const [role, unit] of roles) await db.transaction((tx) => assignRole(tx, { staffId: id, role, unit }, clock));
  const browser = home.browser();
  await browser.signIn(person);
  return { person, id, browser };
}

const tomorrow = clock.now().add({ hours: 24 }).toString();
const maker = await somebody('maker', ['teller', 'east'], ['supervisor', 'east']);
const checker = await somebody('checker', ['supervisor', 'east']);
const helper = await somebody('helper');
const stranger = await somebody('stranger', ['supervisor', 'west']);
const admin = await somebody('admin2', ['administrator', 'institution']);
const clerk = await somebody('clerk', ['rights_clerk', 'institution']);

const told = ({ status, body }: Answer) => `${status} ${String(body.code)}`;
const api = (who: Somebody, method: string, path: string, body?: unknown) =>
  who.browser.send(method, `/api/v1${path}`, body);
const lend = async (from: Somebody, to: Somebody, role?: string) => {
  const answer = await api(from, 'POST', '/me/delegations', { to_id: to.id, role, valid_until: tomorrow });
  assert.equal(answer.status, 201, answer.text);
  return async () =>
    assert.equal((await api(from, 'DELETE', `/me/delegations/${String(answer.body.delegation_id)}`)).status, 204);
};

let customers = 0;
/** A customer of the east, who is to be frozen. */
async function askToFreeze(who: Somebody): Promise<{ id: string; customer: string }> {
  const customer = `c-${++customers}`;
  const east = await home.as(['account_centre:*'], 'east');
  assert.equal((await east('POST', '/account-centre/customers', { key: customer })).status, 201);
  const answer = await api(who, 'POST', `/account-centre/customers/${customer}/actions`, {
    action: 'freeze',
    reason: 'court',
  });
  assert.equal(answer.status, 202, answer.text);
  return { id: (answer.body.approval as { request_id: string }).request_id, customer };
}
const approve = (who: Somebody, id: string, body: unknown = {}) => api(who, 'POST', `/approvals/${id}/approve`, body);

test('four eyes: the maker does not approve', async () => {
  const { id } = await askToFreeze(maker);
  assert.equal(told(await approve(maker, id)), '403 approval_by_maker');
  assert.equal(told(await api(maker, 'POST', `/approvals/${id}/refuse`, {})), '403 approval_by_maker');
});

test('four eyes: nor does somebody with the right that the maker lent', async () => {
  const { id } = await askToFreeze(maker);
  const end = await lend(maker, helper, 'supervisor');
  assert.equal(told(await approve(helper, id)), '403 approval_by_maker');
  await end();
});

test('four eyes: nor the one in whose name somebody else asked', async () => {
  const end = await lend(maker, helper, 'teller');
  const { id } = await askToFreeze(helper);
  assert.equal(told(await approve(maker, id)), '403 approval_by_maker');
  await end();
});

test('four eyes: nor the maker with a right that the checker lent', async () => {
  const end = await lend(checker, maker, 'supervisor');
  const { id } = await askToFreeze(maker);
  assert.equal(told(await approve(maker, id)), '403 approval_by_maker');
  await end();
});

test('four eyes: nor one who stands in for both', async () => {
  const ends = [await lend(maker, helper, 'teller'), await lend(checker, helper, 'supervisor')];
  const { id } = await askToFreeze(helper);
  assert.equal(told(await approve(helper, id)), '403 approval_by_maker');
  for (const end of ends) await end();
});

test('four eyes: a right that was received is not passed on', async () => {
  await lend(checker, helper, 'supervisor');
  const other = await somebody('second.helper');
  assert.equal(
    told(await api(helper, 'POST', '/me/delegations', { to_id: other.id, valid_until: tomorrow })),
    '422 delegation_of_nothing',
  );
});

test('four eyes: a role that one does not have is not lent', async () => {
  const answer = await api(maker, 'POST', '/me/delegations', {
    to_id: helper.id,
    role: 'administrator',
    valid_until: tomorrow,
  });
  assert.equal(told(answer), '422 delegation_of_nothing');
  assert.equal(
    told(await api(maker, 'POST', '/me/delegations', { to_id: maker.id, valid_until: tomorrow })),
    '422 delegation_to_self',
  );
  const forged = { to_id: helper.id, from_id: admin.id, valid_until: tomorrow };
  assert.equal(told(await api(maker, 'POST', '/me/delegations', forged)), '400 request_invalid');
});

test('four eyes: a delegation of somebody else is not ended by a stranger', async () => {
  const made = await api(maker, 'POST', '/me/delegations', { to_id: helper.id, role: 'teller', valid_until: tomorrow });
  const path = `/me/delegations/${String(made.body.delegation_id)}`;
  assert.equal(told(await api(stranger, 'DELETE', path)), '404 delegation_not_found');
  assert.equal((await api(maker, 'DELETE', path)).status, 204);
});

test('four eyes: a checker of another unit finds nothing', async () => {
  const { id } = await askToFreeze(maker);
  assert.equal(told(await approve(stranger, id)), '404 approval_not_found');
  assert.equal(told(await api(stranger, 'GET', `/approvals/${id}`)), '404 approval_not_found');
  assert.equal(told(await api(stranger, 'POST', `/me/approvals/${id}/withdraw`)), '404 approval_not_found');
});

test('four eyes: machines do not approve, whatever they hold', async () => {
  const { id } = await askToFreeze(maker);
  const { status, body } = await home.call('POST', `/approvals/${id}/approve`, {});
  assert.deepEqual([status, body.code], [403, 'approval_by_machine']);
});

test('four eyes: an approval is used once, and says nothing but yes', async () => {
  const { id } = await askToFreeze(maker);
  assert.equal(told(await approve(checker, id, { input: { action: 'close' } })), '400 request_invalid');
  assert.equal(told(await approve(checker, id, { note: 'x', maker_id: checker.id })), '400 request_invalid');
  const approved = await approve(checker, id);
  assert.equal(approved.status, 200, approved.text);
  assert.equal(told(await approve(checker, id)), '409 approval_decided');
  assert.equal(told(await api(checker, 'POST', `/approvals/${id}/refuse`, {})), '409 approval_decided');
  assert.equal(told(await api(maker, 'POST', `/me/approvals/${id}/withdraw`)), '409 approval_decided');
});

test('four eyes: of two approvals at once one is carried out', async () => {
  const second = await somebody('checker2', ['supervisor', 'east']);
  const { id, customer } = await askToFreeze(maker);
  const answers = await Promise.all([approve(checker, id), approve(second, id), approve(checker, id)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
  const east = await home.as(['account_centre:*'], 'east');
  const { body } = await east('GET', `/account-centre/customers/${customer}/actions`);
  assert.equal(body.items.filter(({ action }) => action === 'freeze').length, 1);
});

test('four eyes: what changed after it was asked for is asked for again', async () => {
  const { id, customer } = await askToFreeze(maker);
  const freeze = { action: 'freeze_outgoing', reason: 'meanwhile' };
  const alone = await home.as(['account_centre:*', 'approval:exempt'], 'east');
  assert.equal((await alone('POST', `/account-centre/customers/${customer}/actions`, freeze)).status, 200);
  const answer = told(await approve(checker, id));
  // Where the change leaves what the checker read as it was, it is carried out.
  assert.ok(['409 approval_outdated', '200 undefined'].includes(answer), answer);
});

test('four eyes: a large posting cut in pieces by one body is as large as its largest', async () => {
  const [deposit, till] = [newId(), newId()];
  const east = await home.as(['ledger.*:*'], 'east');
  const accounts = [
    { id: deposit, currency: 'CNY', code: '2011', side: 'credit' },
    { id: till, currency: 'CNY', code: '1001', side: 'debit' },
  ];
  assert.equal((await east('POST', '/ledger/accounts', { accounts })).status, 201);
  const line = (amount: string) => ({
    id: newId(),
    debit_account_id: till,
    credit_account_id: deposit,
    amount,
    currency: 'CNY',
  });
  const small = await api(maker, 'POST', '/ledger/transfers', { transfers: [line('1.00')] });
  assert.equal(small.status, 200, small.text);
  const hidden = await api(maker, 'POST', '/ledger/transfers', { transfers: [line('1.00'), line('60000.00')] });
  assert.equal(hidden.status, 202, hidden.text);
});

const escalations: [what: string, attempt: () => Promise<Answer>, answers: string[]][] = [
  [
    'giving oneself a role',
    () => api(admin, 'POST', '/assignments', { staff_id: admin.id, role: 'accountant' }),
    ['403 assignment_to_self'],
  ],
  [
    'giving oneself a role, the id in capitals',
    () => api(admin, 'POST', '/assignments', { staff_id: admin.id.toUpperCase(), role: 'accountant' }),
    ['403 assignment_to_self'],
  ],
  [
    'giving oneself a role while others may approve',
    () => api(clerk, 'POST', '/assignments', { staff_id: clerk.id, role: 'administrator' }),
    ['403 assignment_to_self'],
  ],
  [
    'editing a built-in role',
    async () =>
      approveIfAsked(await api(clerk, 'PUT', '/roles/teller', { name_zh: 'x', name_en: 'x', permissions: ['*:*'] })),
    ['409 role_built_in', '202 undefined'],
  ],
  [
    'a role with a malformed pattern',
    async () =>
      approveIfAsked(await api(clerk, 'PUT', '/roles/odd', { name_zh: 'x', name_en: 'x', permissions: ['*'] })),
    ['400 permission_malformed', '202 undefined'],
  ],
  [
    'a token that may everything',
    () => api(clerk, 'POST', '/tokens', { name: 'x', permissions: ['*:*'], expires_at: tomorrow }),
    ['403 permission_missing'],
  ],
  [
    'a token with a wider pattern than one’s own',
    () => api(clerk, 'POST', '/tokens', { name: 'x', permissions: ['ledger.account:*'], expires_at: tomorrow }),
    ['403 permission_missing'],
  ],
  [
    'a token with a pattern that means nothing yet',
    () => api(clerk, 'POST', '/tokens', { name: 'x', permissions: ['nothing.*:read'], expires_at: tomorrow }),
    ['403 permission_missing'],
  ],
  [
    'a token that acts alone',
    () => api(admin, 'POST', '/tokens', { name: 'x', permissions: ['approval:exempt'], expires_at: tomorrow }),
    ['403 permission_missing'],
  ],
  [
    'a token without an end',
    () => api(admin, 'POST', '/tokens', { name: 'x', permissions: ['staff:read'] }),
    ['400 request_invalid'],
  ],
  [
    'a token that has ended before it began',
    () => api(admin, 'POST', '/tokens', { name: 'x', permissions: ['staff:read'], expires_at: '2001-01-01T00:00:00Z' }),
    ['400 token_scope_invalid'],
  ],
  [
    'a role for somebody that only another may check',
    () => api(clerk, 'POST', '/assignments', { staff_id: helper.id, role: 'administrator' }),
    ['202 undefined'],
  ],
];
async function approveIfAsked(answer: Answer): Promise<Answer> {
  if (answer.status !== 202) return answer;
  // What would be refused is refused at the latest when it is to be carried out.
  const { request_id: id } = answer.body.approval as { request_id: string };
  const refused = await approve(checkerOfRoles, id);
  assert.ok(refused.status >= 400, refused.text);
  return answer;
}
const checkerOfRoles = await somebody('role.checker', ['supervisor', 'institution']);
for (const [what, attempt, answers] of escalations) {
  test(`more rights: ${what}`, async () => {
    const answer = told(await attempt());
    assert.ok(answers.includes(answer), answer);
  });
}

test('more rights: nobody approves a role for themselves that another asked for', async () => {
  const asked = await api(clerk, 'POST', '/assignments', { staff_id: checkerOfRoles.id, role: 'administrator' });
  assert.equal(asked.status, 202, asked.text);
  const { request_id: id } = asked.body.approval as { request_id: string };
  assert.equal(told(await approve(checkerOfRoles, id)), '403 approval_about_oneself');
  const approved = await approve(admin, id);
  // The administrator reads requests and does not decide them.
  assert.equal(told(approved), '403 permission_missing');
});

test('more rights: what a colleague lent makes no token that lives on', async () => {
  const own = { name: 'lent', permissions: ['ledger.account:read'], expires_at: '2099-01-01T00:00:00Z' };
  await lend(clerk, stranger);
  assert.equal(told(await api(stranger, 'POST', '/tokens', own)), '403 permission_missing');
  assert.equal((await api(clerk, 'POST', '/tokens', own)).status, 201);
});

test('more rights: a token makes no token that may more or elsewhere', async () => {
  const east = await home.as(['token:write', 'ledger.account:read'], 'east');
  const wish = { name: 'x', permissions: ['ledger.account:read'], expires_at: tomorrow };
  assert.equal((await east('POST', '/tokens', { ...wish, unit: 'east' })).status, 201);
  assert.equal((await east('POST', '/tokens', { ...wish, unit: 'west' })).status, 404);
  assert.equal((await east('POST', '/tokens', wish)).body.code, 'permission_missing');
  const more = { ...wish, unit: 'east', permissions: ['ledger.account:write'] };
  assert.equal((await east('POST', '/tokens', more)).body.code, 'permission_missing');
});

test('more rights: a branch does not revoke tokens of head office', async () => {
  const east = await home.as(['token:*'], 'east');
  const { body } = await home.call('GET', '/tokens');
  const head = body.items.find(({ unit }) => unit === 'institution');
  assert.equal((await east('DELETE', `/tokens/${String(head?.id)}`)).body.code, 'token_not_found');
});

const actions: [method: string, path: string, body: object][] = [
  ['POST', '/process/tasks/00000000-0000-7000-8000-000000000001/claim', { assignee: 'admin2' }],
  ['POST', '/process/tasks/00000000-0000-7000-8000-000000000001/complete', {}],
  ['POST', '/process/instances/00000000-0000-7000-8000-000000000001/cancel', { reason: 'x' }],
  ['PATCH', '/process/instances/00000000-0000-7000-8000-000000000001/variables', { variables: {} }],
];
test('another’s name: a person does not act as somebody else in a process', async () => {
  await db.transaction((tx) =>
    saveRole(
      tx,
      { code: 'processes', nameZh: '流程', nameEn: 'Processes', permissions: ['process:*', 'process.*:*'] },
      clock,
    ),
  );
  const worker = await somebody('worker', ['processes', 'institution']);
  for (const [method, path, body] of actions) {
    const answer = await api(worker, method, path, { ...body, actor: { id: 'admin2', roles: ['administrator'] } });
    assert.equal(told(answer), '403 permission_missing', `${path}: ${answer.text}`);
  }
});

test('another’s name: headers that name a person are not heard', async () => {
  const call = caller(
    { url: home.url, authorized: await home.headersOf(['access.role:read'], 'institution', 'robot') },
    '/api/v1',
  );
  const { body } = await call('GET', '/me', undefined, {
    'x-user': 'admin2',
    'x-remote-user': 'admin2',
    'x-staff-id': admin.id,
    from: 'admin2',
  });
  assert.deepEqual([body.kind, body.name], ['token', 'robot']);
});

test('another’s name: a token beside a session is who counts', async () => {
  const narrow = await home.headersOf(['evidence:read']);
  const answer = await admin.browser.get('/api/v1/staff', narrow);
  assert.equal(told(answer), '403 permission_missing');
});

test('rights that end, end: an assignment, a delegation, a person', async () => {
  const leaver = await somebody('leaver', ['teller', 'east'], ['supervisor', 'east']);
  const { id } = await askToFreeze(leaver);
  const { body } = await home.call('GET', `/assignments?staff_id=${leaver.id}`);
  for (const { assignment_id: one } of body.items) await home.call('DELETE', `/assignments/${String(one)}`);
  assert.equal(told(await api(leaver, 'GET', '/ledger/accounts')), '403 permission_missing');
  assert.equal(told(await approve(checker, id)), '409 approval_outdated');
  assert.equal((await home.call('POST', `/staff/${leaver.id}/leave`, {})).status, 200);
  assert.equal((await leaver.browser.get('/api/v1/me')).status, 401);
});
