/** Signing in as people do it: links, passwords, second factors, passkeys, sessions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { getMigrations } from 'better-auth/db/migration';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { systemClock } from '#kernel/clock';
import { Authenticator, house, newPassword, totpCode } from '#test/identity';
import { authOptions } from './auth.ts';
import { rotateAuthSecret } from './index.ts';

const home = await house({ after });

test('the migration is the schema that the installed better-auth wants', async (t) => {
  const { rows } = await home.db.admin.query<{ name: string }>('select current_database() as name');
  const url = new URL(home.db.environment.DATABASE_URL ?? '');
  url.pathname = `/${rows[0]?.name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 1 });
  const kysely = new Kysely<Record<string, Record<string, unknown>>>({ dialect: new PostgresDialect({ pool }) });
  t.after(() => kysely.destroy());
  const options = authOptions(partsOf(kysely));
  const present = await getMigrations(options);
  assert.deepEqual([present.toBeCreated, present.toBeAdded], [[], []]);
  const migration = readFileSync(join(import.meta.dirname, 'migrations/0001-better-auth.sql'), 'utf8');
  const wanted = await getMigrations({ ...options, database: { ...options.database, schemaName: 'elsewhere' } });
  const compact = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim();
  const text = compact((await wanted.compileMigrations()).replaceAll('"elsewhere"', '"identity"'));
  assert.ok(compact(migration).includes(text), 'a new better-auth needs a migration');
});

function partsOf(kysely: Kysely<Record<string, Record<string, unknown>>>) {
  return {
    kysely,
    secrets: [{ version: 1, value: 'x'.repeat(43) }],
    publicUrl: 'http://localhost',
    absoluteHours: 1,
    hooks: { maySignIn: async () => true, loginFor: async (email: string) => email, onCreated: async () => {} },
  };
}

test('a one-time link gives a first password, once; then login and password open the API', async () => {
  const invited = await home.call('POST', '/staff', { login: 'Wang.Li', name: '王丽', email: 'Wang.Li@Bank.example' });
  assert.equal(invited.status, 201, JSON.stringify(invited.body));
  const { staff, link } = invited.body as unknown as { staff: Record<string, string>; link: { url: string } };
  assert.deepEqual(
    [staff.login, staff.email, staff.state, staff.unit],
    ['wang.li', 'wang.li@bank.example', 'invited', 'institution'],
  );
  const token = link.url.split('/').at(-1);
  const browser = home.browser();
  assert.equal((await browser.get(new URL(link.url).pathname)).status, 200);
  const look = await browser.post('/api/auth/welcome/look', { token });
  assert.deepEqual([look.status, look.body.login, look.body.name], [200, 'wang.li', '王丽']);

  const weak = await browser.post('/api/auth/welcome', { token, password: 'wang.li-2026-bank' });
  assert.deepEqual([weak.status, weak.body.code, weak.body.fault], [422, 'password_refused', 'contains_login']);
  const password = newPassword();
  assert.equal((await browser.post('/api/auth/welcome', { token, password })).status, 200);
  const again = await browser.post('/api/auth/welcome', { token, password: newPassword() });
  assert.deepEqual([again.status, again.body.code], [400, 'link_not_valid']);

  assert.equal(await browser.isIn(), false);
  const answer = await browser.post('/api/auth/sign-in/username', { username: 'WANG.LI', password });
  assert.deepEqual([answer.status, answer.body], [200, { signed_in: true, second_factors: [] }]);
  const me = await browser.get('/api/v1/me');
  assert.equal(me.status, 200);
  assert.deepEqual(
    [me.body.kind, me.body.login, me.body.locale, me.body.unit, me.body.permissions],
    ['staff', 'wang.li', 'zh-CN', 'institution', []],
  );
  assert.equal((await browser.get('/api/v1/staff')).body.code, 'permission_missing');
  assert.equal((await browser.post('/api/auth/sign-out')).status, 200);
  assert.equal(await browser.isIn(), false);
});

test('a role opens what it names, and a person is changed, suspended, reinstated and seen off', async () => {
  const admin = await home.person('admin.one', { role: 'administrator' });
  const browser = home.browser();
  await browser.signIn(admin);
  const made = await browser.post('/api/v1/staff', {
    login: 'zhao',
    name: 'Zhao',
    email: 'zhao@bank.example',
    locale: 'en',
  });
  assert.equal(made.status, 201, made.text);
  const { id } = (made.body as { staff: { id: string } }).staff;
  const twice = await browser.post('/api/v1/staff', { login: 'zhao', name: 'Zhao', email: 'other@bank.example' });
  assert.deepEqual([twice.status, twice.body.code], [409, 'staff_exists']);
  const changed = await browser.send('PATCH', `/api/v1/staff/${id}`, { name: 'Zhao Min' });
  assert.deepEqual([changed.status, changed.body.name], [200, 'Zhao Min']);
  const states = ['suspend', 'suspend', 'reinstate', 'leave', 'reinstate'];
  const seen: unknown[] = [];
  for (const change of states) {
    const { body } = await browser.post(`/api/v1/staff/${id}/${change}`);
    seen.push(body.state ?? body.code);
  }
  assert.deepEqual(seen, ['suspended', 'suspended', 'invited', 'left', 'left']);
  const list = await browser.get('/api/v1/staff?state=left');
  assert.deepEqual(
    (list.body.items as { login: string }[]).map(({ login }) => login),
    ['zhao'],
  );
  assert.equal((await browser.post(`/api/v1/staff/${id}/link`)).body.code, 'staff_state_invalid');
});

test('a second factor is asked for, backup codes work once, and taking it away needs the password', async () => {
  const person = await home.person('factor');
  const browser = home.browser();
  await browser.signIn(person);
  const before = browser.header();
  const wrong = await browser.post('/api/auth/two-factor/enable', { password: 'not it at all' });
  assert.deepEqual([wrong.status, wrong.body.code], [400, 'password_wrong']);
  const enabled = await browser.post('/api/auth/two-factor/enable', { password: person.password });
  assert.equal(enabled.status, 200, enabled.text);
  const otpauth = String(enabled.body.totpURI);
  const [backup = ''] = enabled.body.backupCodes as string[];
  assert.equal((await browser.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth) })).status, 200);
  assert.notEqual(browser.header(), before, 'the session is another one');

  const next = home.browser();
  const half = await next.signIn(person);
  assert.deepEqual(half.body, { signed_in: false, second_factors: ['totp'] });
  assert.equal(await next.isIn(), false);
  const guess = await next.post('/api/auth/two-factor/verify-totp', { code: '000000' });
  assert.deepEqual([guess.status, guess.body.code], [401, 'sign_in_refused']);
  assert.equal((await next.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth, 1) })).status, 200);
  assert.equal(await next.isIn(), true);
  assert.equal((await next.get('/api/v1/me')).body.second_factor, true);
  const failures = await home.db.admin.query(`select from kernel.sign_in_failure where key = 'factor'`);
  assert.equal(failures.rowCount, 0, 'signing in in two steps counts no failure');

  const third = home.browser();
  await third.signIn(person);
  assert.equal((await third.post('/api/auth/two-factor/verify-backup-code', { code: backup })).status, 200);
  assert.equal(await third.isIn(), true);
  const fourth = home.browser();
  await fourth.signIn(person);
  assert.equal((await fourth.post('/api/auth/two-factor/verify-backup-code', { code: backup })).status, 401);

  assert.equal((await third.post('/api/auth/two-factor/disable', { password: person.password })).status, 200);
  const fifth = home.browser();
  assert.deepEqual((await fifth.signIn(person)).body.signed_in, true);
});

test('a link can take lost second factors away', async () => {
  const person = await home.person('lost.phone');
  const browser = home.browser();
  await browser.signIn(person);
  const enabled = await browser.post('/api/auth/two-factor/enable', { password: person.password });
  await browser.post('/api/auth/two-factor/verify-totp', { code: totpCode(String(enabled.body.totpURI)) });
  const link = await home.call('POST', `/staff/${person.staff.staffId}/link`, { reset_factors: true });
  const token = String(link.body.url).split('/').at(-1);
  const password = newPassword();
  assert.equal((await browser.post('/api/auth/welcome', { token, password })).status, 200);
  assert.equal(await browser.isIn(), false, 'sessions ended');
  assert.equal((await browser.signIn({ ...person, password })).body.signed_in, true);
});

test('a passkey opens the door without login and password, if it checked who holds it', async () => {
  const person = await home.person('passkey');
  const browser = home.browser();
  await browser.signIn(person);
  const device = new Authenticator(home.url);
  const options = await browser.get('/api/auth/passkey/generate-register-options');
  assert.equal(options.status, 200, options.text);
  const registered = await browser.post('/api/auth/passkey/verify-registration', {
    response: device.register(options.body),
    name: 'key ring',
  });
  assert.equal(registered.status, 200, registered.text);
  const listed = await browser.get('/api/auth/passkey/list-user-passkeys');
  const [key] = listed.body.items as { id: string; name: string }[];
  assert.equal(key?.name, 'key ring');

  const other = home.browser();
  const challenge = await other.get('/api/auth/passkey/generate-authenticate-options');
  const response = device.authenticate(challenge.body);
  const answer = await other.post('/api/auth/passkey/verify-authentication', { response });
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await other.get('/api/v1/me')).body.login, 'passkey');

  const replayed = await home.browser().post('/api/auth/passkey/verify-authentication', { response });
  assert.equal(replayed.status, 401);
  const careless = home.browser();
  device.verifiesUser = false;
  const again = await careless.get('/api/auth/passkey/generate-authenticate-options');
  const refused = await careless.post('/api/auth/passkey/verify-authentication', {
    response: device.authenticate(again.body),
  });
  assert.deepEqual([refused.status, refused.body.code], [401, 'sign_in_refused']);
  assert.equal(await careless.isIn(), false);

  assert.equal((await browser.post('/api/auth/passkey/delete-passkey', { id: key?.id })).status, 200);
  device.verifiesUser = true;
  const gone = home.browser();
  const last = await gone.get('/api/auth/passkey/generate-authenticate-options');
  const late = await gone.post('/api/auth/passkey/verify-authentication', { response: device.authenticate(last.body) });
  assert.equal(late.status, 401);
});

test('a new password: the present one is asked for, earlier ones are refused, other sessions end', async () => {
  const person = await home.person('changer');
  const [here, there] = [home.browser(), home.browser()];
  await here.signIn(person);
  await there.signIn(person);
  const change = (current_password: string, new_password: string) =>
    here.post('/api/auth/change-password', { current_password, new_password });
  assert.equal((await change('wrong password 1', newPassword())).body.code, 'password_wrong');
  assert.equal((await change(person.password, 'short')).body.fault, 'too_short');
  assert.equal((await change(person.password, person.password)).body.fault, 'used_before');
  const next = newPassword();
  const before = here.header();
  const changed = await change(person.password, next);
  assert.deepEqual([changed.status, changed.body], [200, { changed: true }]);
  assert.notEqual(here.header(), before);
  assert.deepEqual([await here.isIn(), await there.isIn()], [true, false]);
  assert.equal((await change(next, person.password)).body.fault, 'used_before');
});

test('people see and end their own sessions', async () => {
  const person = await home.person('many');
  const [one, two, three] = [home.browser(), home.browser(), home.browser()];
  for (const browser of [one, two, three]) await browser.signIn(person);
  const list = await one.get('/api/v1/me/sessions');
  const sessions = list.body.items as { id: string; current: boolean; address: string }[];
  assert.equal(sessions.length, 3);
  assert.equal(sessions.filter(({ current }) => current).length, 1);
  assert.match(sessions[0]?.address ?? '', /127\.0\.0\.1|::1/);
  assert.ok(!list.text.includes('token'));
  const other = sessions.find(({ current }) => !current);
  assert.equal((await one.send('DELETE', `/api/v1/me/sessions/${other?.id}`)).status, 204);
  assert.equal((await one.send('DELETE', `/api/v1/me/sessions/${other?.id}`)).body.code, 'session_not_found');
  assert.deepEqual((await one.send('DELETE', '/api/v1/me/sessions')).body, { ended: 1 });
  assert.deepEqual([await one.isIn(), await two.isIn(), await three.isIn()], [true, false, false]);
});

test('a session ends when it idles, and in any case in the end', async () => {
  const person = await home.person('sleepy');
  // The library says when a session began, by the machine's time.
  home.clock.set(systemClock().now());
  const browser = home.browser();
  await browser.signIn(person);
  const later = async (minutes: number) => {
    home.clock.advance({ minutes });
    home.identity.sessions.forget();
    return browser.isIn();
  };
  assert.equal(await later(29), true);
  assert.equal(await later(29), true, 'use keeps it alive');
  assert.equal(await later(30), false, 'half an hour without use');
  home.clock.set(systemClock().now());
  await browser.signIn(person);
  for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) assert.equal(await later(20), true, `${minutes}`);
  assert.equal(await later(21), false, 'twelve hours in all');
  home.clock.set(systemClock().now());
});

test('the page at both addresses runs nothing but its own script', async () => {
  for (const path of ['/sign-in', `/welcome/${'x'.repeat(43)}`]) {
    const { status, headers, text } = await home.browser().get(path);
    assert.equal(status, 200);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(
      policy,
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/,
    );
    assert.ok(!/unsafe|https?:/.test(policy));
    assert.ok(!/(src|href)=/.test(text), 'nothing from elsewhere');
    const script = text.slice(text.indexOf('<script>') + 8, text.indexOf('</script>'));
    assert.doesNotThrow(() => new Function(script));
  }
});

test('machine tokens are made with permissions their maker holds, listed and revoked', async () => {
  const admin = await home.person('token.admin', { role: 'administrator' });
  const browser = home.browser();
  await browser.signIn(admin);
  const expires_at = home.clock.now().add({ hours: 1 }).toString();
  const made = await browser.post('/api/v1/tokens', { name: 'people export', permissions: ['staff:read'], expires_at });
  assert.equal(made.status, 201, made.text);
  const authorization = `Bearer ${made.body.secret}`;
  const machine = home.browser();
  assert.equal((await machine.get('/api/v1/staff', { authorization })).status, 200);
  const refused = await machine.post(
    '/api/v1/staff',
    { login: 'xx', name: 'X', email: 'x@y.example' },
    { authorization },
  );
  assert.equal(refused.body.code, 'permission_missing');
  const more = await browser.post('/api/v1/tokens', { name: 'too much', permissions: ['*:*'], expires_at });
  assert.deepEqual([more.status, more.body.code], [403, 'permission_missing']);
  const listed = await browser.get('/api/v1/tokens');
  assert.ok(!listed.text.includes(String(made.body.secret)));
  assert.equal((await browser.send('DELETE', `/api/v1/tokens/${made.body.id}`)).status, 204);
  assert.equal((await machine.get('/api/v1/staff', { authorization })).body.code, 'token_invalid');
});

test('a new secret ends all sessions; second factors that were set up before still work', async () => {
  const person = await home.person('rotated');
  const browser = home.browser();
  await browser.signIn(person);
  const enabled = await browser.post('/api/auth/two-factor/enable', { password: person.password });
  const otpauth = String(enabled.body.totpURI);
  await browser.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth) });
  const { version, ended } = await rotateAuthSecret(home.db, home.secretFile);
  assert.equal(version, 2);
  assert.ok(ended >= 1);
  home.identity.sessions.forget();
  assert.equal(await browser.isIn(), false);
  const restarted = await home.elsewhere();
  await restarted.signIn(person);
  assert.equal((await restarted.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth, 1) })).status, 200);
  assert.equal(await restarted.isIn(), true);
  const stale = home.browser();
  for (const [name, value] of restarted.cookies) stale.cookies.set(name, value);
  assert.equal(await stale.isIn(), false, 'a server that was not restarted knows nothing of the new secret');
});
