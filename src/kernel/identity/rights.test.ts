/** What somebody tries who is in and wants more than is theirs. Each test is an attack that must fail. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createUnit } from '#kernel/access';
import { house, newPassword } from '#test/identity';

const home = await house({ after });
const COOKIE = 'longmen.session_token';

test('of the library only what is named can be reached', async () => {
  const person = await home.person('curious');
  const browser = home.browser();
  await browser.signIn(person);
  const closed: [string, string, unknown?][] = [
    ['POST', '/sign-up/email', { email: 'new@evil.example', password: newPassword(), name: 'New' }],
    ['POST', '/sign-in/email', { email: person.staff.email, password: person.password }],
    ['POST', '/sign-in/social', { provider: 'sso' }],
    ['POST', '/update-user', { name: 'Somebody else' }],
    ['POST', '/change-email', { newEmail: 'admin@bank.example' }],
    ['POST', '/delete-user', {}],
    ['POST', '/link-social', { provider: 'sso' }],
    ['POST', '/unlink-account', { providerId: 'credential' }],
    ['POST', '/request-password-reset', { email: person.staff.email }],
    ['POST', '/reset-password', { token: 'x', newPassword: newPassword() }],
    ['POST', '/is-username-available', { username: 'admin' }],
    ['GET', '/get-session'],
    ['GET', '/list-sessions'],
    ['GET', '/list-accounts'],
    ['POST', '/two-factor/send-otp', {}],
    ['POST', '/two-factor/get-totp-uri', { password: person.password }],
    ['POST', '/passkey/update-passkey', { id: 'x', name: 'y' }],
  ];
  for (const [method, path, body] of closed) {
    const { status } = await browser.send(method, `/api/auth${path}`, body);
    assert.ok(status === 404 || status === 405, `${method} ${path}: ${status}`);
  }
});

test('nobody makes themselves more than they are', async () => {
  const person = await home.person('climber');
  const browser = home.browser();
  await browser.signIn(person);
  for (const extra of [{ state: 'active' }, { unit: 'institution' }, { permissions: ['*:*'] }, { login: 'admin' }]) {
    const { status, body } = await browser.send('PATCH', '/api/v1/me', { locale: 'en', ...extra });
    assert.deepEqual([status, body.code], [400, 'request_invalid'], JSON.stringify(extra));
  }
  for (const [method, path, body] of [
    ['POST', '/api/v1/staff', { login: 'friend', name: 'F', email: 'f@bank.example' }],
    ['POST', `/api/v1/staff/${person.staff.staffId}/link`, {}],
    ['GET', '/api/v1/tokens', undefined],
  ] as const) {
    assert.equal((await browser.send(method, path, body)).body.code, 'permission_missing', path);
  }
  // Another's session is nobody's.
  const other = await home.person('other.one');
  const theirs = home.browser();
  await theirs.signIn(other);
  const [session] = (await theirs.get('/api/v1/me/sessions')).body.items as { id: string }[];
  assert.equal((await browser.send('DELETE', `/api/v1/me/sessions/${session?.id}`)).body.code, 'session_not_found');
  assert.equal(await theirs.isIn(), true);
});

test('an administrator of a branch neither sees other branches nor takes over headquarters', async () => {
  const clock = home.clock;
  const [east, west] = await home.db.transaction(async (tx) => [
    await createUnit(tx, { code: 'east', name: 'East', kind: 'branch', parent: 'institution' }, clock),
    await createUnit(tx, { code: 'west', name: 'West', kind: 'branch', parent: 'institution' }, clock),
  ]);
  const manager = await home.person('east.admin', { role: 'administrator', unit: 'east', unitId: east.unitId });
  const clerk = await home.person('east.clerk', { unitId: east.unitId });
  const stranger = await home.person('west.clerk', { unitId: west.unitId });
  const director = await home.person('director', { role: 'administrator', unitId: east.unitId });
  const browser = home.browser();
  await browser.signIn(manager);
  const seen = (await browser.get('/api/v1/staff')).body.items as { login: string }[];
  assert.deepEqual(seen.map(({ login }) => login).sort(), ['director', 'east.admin', 'east.clerk']);
  assert.equal((await browser.get(`/api/v1/staff/${stranger.staff.staffId}`)).body.code, 'staff_not_found');
  assert.equal((await browser.post(`/api/v1/staff/${stranger.staff.staffId}/suspend`)).body.code, 'staff_not_found');
  assert.equal((await browser.post(`/api/v1/staff/${clerk.staff.staffId}/link`)).status, 201);
  for (const path of ['link', 'suspend', 'reinstate', 'leave']) {
    const { body } = await browser.post(`/api/v1/staff/${director.staff.staffId}/${path}`);
    assert.equal(body.code, 'permission_missing', path);
  }
  const mail = await browser.send('PATCH', `/api/v1/staff/${director.staff.staffId}`, { email: 'mine@evil.example' });
  assert.equal(mail.body.code, 'permission_missing');
  const out = { login: 'planted', name: 'P', email: 'p@bank.example', unit: 'institution' };
  const invited = await browser.post('/api/v1/staff', out);
  assert.deepEqual([invited.status, invited.body.code], [403, 'staff_out_of_scope']);
  const moved = await browser.send('PATCH', `/api/v1/staff/${clerk.staff.staffId}`, { unit: 'institution' });
  assert.equal(moved.body.code, 'staff_out_of_scope');
  const expires_at = clock.now().add({ hours: 1 }).toString();
  const token = await browser.post('/api/v1/tokens', { name: 't', permissions: ['staff:read'], expires_at });
  assert.equal(token.body.code, 'permission_missing', 'not for the whole institution');
});

test('no secret is told: not in answers, not in logs', async () => {
  const person = await home.person('discreet');
  const browser = home.browser();
  const answer = await browser.signIn(person);
  const cookie = decodeURIComponent(browser.cookies.get(COOKIE) ?? '');
  const [token = ''] = cookie.split('.');
  assert.ok(!answer.text.includes(token));
  assert.ok(!(await browser.get('/api/auth/session')).text.includes(token));
  const log = home.log();
  for (const secret of [token, person.password, 'discreet@bank.example']) assert.ok(!log.includes(secret), secret);
});

test('people, codes and sessions are the house’s own: a request for some units reaches no table of sign-in', async () => {
  for (const table of [
    'identity."user"',
    'identity.session',
    'identity.account',
    'kernel.staff_link',
    'kernel.staff_password',
  ]) {
    const { rows } = await home.db.admin.query<{ may: boolean }>(
      `select has_table_privilege('longmen_staff', '${table}', 'select') as may`,
    );
    assert.deepEqual(rows, [{ may: false }], table);
  }
});

test('secrets that are shown once lie nowhere, also not with Idempotency-Keys', async () => {
  const key = { 'idempotency-key': 'once-only' };
  const person = { login: 'kept.nowhere', name: 'K', email: 'kept@bank.example' };
  const made = await home.call('POST', '/staff', person, key);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal((await home.call('POST', '/staff', person, key)).body.code, 'staff_exists');
  assert.equal((await home.call('POST', '/staff', { ...person, name: 'L' }, key)).body.code, 'idempotency_key_reused');
  const token = (made.body.link as { url: string }).url.split('/').at(-1) ?? '';
  const { rows } = await home.db.admin.query<{ text: string }>('select k::text as text from kernel.idempotency_key k');
  assert.ok(rows.length > 0 && !rows.some(({ text }) => text.includes(token)));
});
