/** What somebody tries who wants in, or wants more than is theirs. Each test is an attack that must fail. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, test } from 'node:test';
import { house, newPassword, totpCode } from '#test/identity';
import { createStaff } from './index.ts';

const home = await house({ after });
const COOKIE = 'longmen.session_token';
const forgotten = () => home.db.admin.query('delete from kernel.sign_in_failure');

async function withFactor(login: string) {
  const person = await home.person(login);
  const browser = home.browser();
  await browser.signIn(person);
  const enabled = await browser.post('/api/auth/two-factor/enable', { password: person.password });
  const otpauth = String(enabled.body.totpURI);
  await browser.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth, -1) });
  return { person, otpauth, browser };
}

test('cookies: out of reach of scripts, of other sites, of nobody else but this host', async () => {
  const person = await home.person('flags');
  const browser = home.browser();
  await browser.signIn(person);
  const line = browser.setCookies.find((one) => one.startsWith(`${COOKIE}=`)) ?? '';
  assert.match(line, /; HttpOnly/i);
  assert.match(line, /; SameSite=Strict/i);
  assert.match(line, /; Path=\//i);
  assert.ok(!/domain=/i.test(line));
  const max = Number(/max-age=(\d+)/i.exec(line)?.[1]);
  assert.ok(max <= 12 * 3_600, 'not longer than the session');
});

test('with https the cookie is only sent and accepted there', async (t) => {
  const secure = await house(t, { publicUrl: 'https://bank.example' });
  const person = await secure.person('https.only').catch(() => null);
  assert.ok(person);
  const browser = secure.browser();
  await browser.post('/api/auth/sign-in/username', { username: person.staff.login, password: person.password });
  const line = browser.setCookies.find((one) => one.includes('session_token')) ?? '';
  assert.match(line, /^__Secure-longmen\.session_token=.*; Secure/i);
  const plain = browser.copy();
  plain.cookies.set(COOKIE, browser.cookies.get(`__Secure-${COOKIE}`) ?? '');
  plain.cookies.delete(`__Secure-${COOKIE}`);
  assert.equal(await plain.isIn(), false);
});

test('fixation: a cookie from before the sign-in is worth nothing after it', async () => {
  const person = await home.person('fixed');
  const browser = home.browser();
  browser.cookies.set(COOKIE, 'chosen-by-the-attacker.c2lnbmF0dXJl');
  await browser.signIn(person);
  assert.ok(!browser.header().includes('chosen-by-the-attacker'));
  const first = browser.copy();
  await browser.signIn(person);
  assert.notEqual(browser.header(), first.header(), 'every sign-in makes another session');
  const attacker = home.browser();
  attacker.cookies.set(COOKIE, 'chosen-by-the-attacker.c2lnbmF0dXJl');
  assert.equal((await attacker.get('/api/v1/me')).status, 401);
});

test('a stolen cookie ends with sign-out, with suspension, with a forged signature', async () => {
  const person = await home.person('robbed');
  const browser = home.browser();
  await browser.signIn(person);
  const thief = browser.copy();
  assert.equal(await thief.isIn(), true);
  await browser.post('/api/auth/sign-out');
  assert.equal(await thief.isIn(), false);

  await browser.signIn(person);
  const second = browser.copy();
  const value = decodeURIComponent(browser.cookies.get(COOKIE) ?? '');
  const forged = browser.copy();
  forged.cookies.set(COOKIE, encodeURIComponent(`${value.slice(0, -6)}AAAAA=`));
  assert.equal(await forged.isIn(), false, 'also while the good one is remembered');
  assert.equal((await home.call('POST', `/staff/${person.staff.staffId}/suspend`, {})).status, 200);
  assert.equal(await second.isIn(), false);
  assert.equal((await browser.signIn(person)).body.code, 'sign_in_refused');
  const { rows } = await home.db.admin.query('select id from identity.session where "userId" = $1', [
    person.staff.staffId,
  ]);
  assert.deepEqual(rows, [], 'not even half a session was left');
});

test('two session cookies in one request are none', async () => {
  const person = await home.person('doubled');
  const browser = home.browser();
  await browser.signIn(person);
  const cookie = `${browser.header()}; ${COOKIE}=other.c2lnbmF0dXJl`;
  assert.equal((await home.browser().get('/api/v1/me', { cookie })).status, 401);
});

test('cross-site requests with the cookie change nothing', async () => {
  const person = await home.person('victim', { role: 'administrator' });
  const browser = home.browser();
  await browser.signIn(person);
  const body = { login: 'planted', name: 'Planted', email: 'planted@evil.example' };
  const own = new URL(home.url);
  const cases: [string, Record<string, string>][] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['no origin at all', { origin: '' }],
    ['an opaque origin', { origin: 'null' }],
    ['another port', { origin: `http://localhost:${Number(own.port) + 1}` }],
    ['a longer name', { origin: `http://${own.host}.evil.example` }],
    ['the browser says so', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour of the same site', { 'sec-fetch-site': 'same-site' }],
  ];
  for (const [what, headers] of cases) {
    const answer = await browser.post('/api/v1/staff', body, headers);
    assert.deepEqual([answer.status, answer.body.code], [403, 'csrf_refused'], what);
    const step = await browser.post('/api/auth/sign-out', {}, headers);
    assert.deepEqual([step.status, step.body.code], [403, 'csrf_refused'], what);
  }
  assert.equal(await browser.isIn(), true, 'nobody was signed out');
  const foreign = await home
    .browser()
    .post(
      '/api/auth/sign-in/username',
      { username: person.staff.login, password: person.password },
      { origin: 'https://evil.example' },
    );
  assert.equal(foreign.body.code, 'csrf_refused', 'nobody is signed in by a foreign page');
  // Forms cannot send JSON, and nothing else is read.
  const form = await fetch(`${home.url}/api/auth/sign-out`, {
    method: 'POST',
    headers: { cookie: browser.header(), origin: home.url, 'content-type': 'text/plain' },
    body: '{}',
  });
  assert.equal(form.status, 415);
});

test('a code of a second factor opens the door once', async () => {
  const { person, otpauth } = await withFactor('replay');
  const code = totpCode(otpauth);
  const [first, second] = [home.browser(), home.browser()];
  await first.signIn(person);
  await second.signIn(person);
  assert.equal((await first.post('/api/auth/two-factor/verify-totp', { code })).status, 200);
  const replayed = await second.post('/api/auth/two-factor/verify-totp', { code });
  assert.deepEqual([replayed.status, replayed.body.code], [401, 'sign_in_refused']);
  assert.equal(await second.isIn(), false);
  assert.ok(!second.header().includes('session_token'));
});

test('the second factor cannot be gone around', async () => {
  const { person } = await withFactor('around');
  const browser = home.browser();
  await browser.signIn(person);
  assert.equal(await browser.isIn(), false);
  for (const path of ['/api/auth/two-factor/disable', '/api/auth/two-factor/enable']) {
    assert.equal((await browser.post(path, { password: person.password })).body.code, 'session_needed', path);
  }
  // What the library also knows, and the house does not let through.
  const body = { username: person.staff.login, password: person.password };
  for (const extra of [{ trustDevice: true }, { rememberMe: true }, { callbackURL: 'https://evil.example' }]) {
    assert.equal(
      (await browser.post('/api/auth/sign-in/username', { ...body, ...extra })).body.code,
      'request_invalid',
    );
  }
  const trusting = await browser.post('/api/auth/two-factor/verify-totp', { code: '123456', trustDevice: true });
  assert.equal(trusting.body.code, 'request_invalid');
  await forgotten();
});

test('guessing codes of a second factor is stopped', async () => {
  const { person, otpauth } = await withFactor('guessed');
  let refused = 0;
  for (let challenge = 0; challenge < 2; challenge += 1) {
    const browser = home.browser();
    await browser.signIn(person);
    await forgotten();
    for (let guess = 0; guess < 6; guess += 1) {
      const { status } = await browser.post('/api/auth/two-factor/verify-totp', { code: `00000${guess}` });
      if (status === 401) refused += 1;
    }
  }
  assert.equal(refused, 12);
  const late = home.browser();
  await late.signIn(person);
  const right = await late.post('/api/auth/two-factor/verify-totp', { code: totpCode(otpauth) });
  assert.equal(right.status, 401, 'the account is locked, whatever the challenge');
  await forgotten();
});

test('guessing a password is slowed down, also many at once, also for the right one', async () => {
  const person = await home.person('guess.me');
  await forgotten();
  const wrong = { ...person, password: 'wrong-wrong-wrong' };
  const answers = await Promise.all(Array.from({ length: 12 }, () => home.browser().signIn(wrong)));
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.filter((status) => status === 401).length <= 5, String(statuses));
  const locked = await home.browser().signIn(person);
  assert.deepEqual([locked.status, locked.body.code], [429, 'sign_in_locked']);
  assert.ok(Number(locked.headers.get('retry-after')) > 0);
  home.clock.advance({ seconds: 31 });
  assert.equal((await home.browser().signIn(person)).status, 200);
  await forgotten();
});

test('one address guessing over many logins is slowed down', async () => {
  await forgotten();
  await home.db.admin.query(
    `insert into kernel.sign_in_failure (scope, key, failures, last_failed_at)
     select 'address', address, 49, $1 from unnest('{127.0.0.1,::1,::ffff:127.0.0.1}'::text[]) address`,
    [home.clock.now().toString()],
  );
  const nobody = (login: string) =>
    home.browser().post('/api/auth/sign-in/username', { username: login, password: 'wrong-wrong-wrong' });
  assert.equal((await nobody('first.login')).status, 401);
  assert.equal((await nobody('other.login')).body.code, 'sign_in_locked');
  const link = await home.browser().post('/api/auth/welcome/look', { token: 'x'.repeat(43) });
  assert.equal(link.body.code, 'link_not_valid');
  await forgotten();
});

test('logins cannot be found out: same answers, same waiting, same time', async () => {
  const person = await home.person('exists');
  await home.db.transaction((tx) =>
    createStaff(tx, { login: 'invited.only', name: 'I', email: 'invited@bank.example' }, { linkHours: 1 }, home.clock),
  );
  const attempt = async (username: string) => {
    const begun = performance.now();
    const { status, body } = await home
      .browser()
      .post('/api/auth/sign-in/username', { username, password: 'not-the-one-1' });
    const { trace_id: _trace, ...told } = body;
    return { told: { status, ...told }, took_ms: performance.now() - begun };
  };
  const logins = [person.staff.login, 'invited.only', 'no.such.login'];
  const took = new Map<string, number[]>(logins.map((login) => [login, []]));
  const answers = new Map<string, string[]>(logins.map((login) => [login, []]));
  await forgotten();
  for (let round = 0; round < 6; round += 1) {
    for (const login of logins) {
      const { told, took_ms } = await attempt(login);
      answers.get(login)?.push(JSON.stringify({ ...told, retry_after_seconds: undefined }));
      if (round < 5) took.get(login)?.push(took_ms);
    }
  }
  const [known, invited, unknown] = logins.map((login) => answers.get(login));
  assert.deepEqual(known, unknown);
  assert.deepEqual(invited, unknown);
  const fastest = logins.map((login) => Math.min(...(took.get(login) ?? [])));
  // Hashing takes most of the time; leaving it out would make a login ten times faster than the others.
  assert.ok(Math.max(...fastest) < 3 * Math.min(...fastest), String(fastest));
  await forgotten();
});

test('one-time links: not twice, not late, not after another, not at once by two', async () => {
  const invite = (login: string) =>
    home.db.transaction((tx) =>
      createStaff(tx, { login, name: login, email: `${login}@bank.example` }, { linkHours: 1 }, home.clock),
    );
  const accept = (token: string | undefined) =>
    home.browser().post('/api/auth/welcome', { token, password: newPassword() });
  const { link } = await invite('racer');
  const both = await Promise.all([accept(link.token), accept(link.token)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400]);

  const superseded = await invite('superseded');
  const next = await home.call('POST', `/staff/${superseded.staff.staffId}/link`, {});
  assert.equal((await accept(superseded.link.token)).body.code, 'link_not_valid');
  const present = home.clock.now();
  home.clock.advance({ hours: 73 });
  assert.equal((await accept(String(next.body.url).split('/').at(-1))).body.code, 'link_not_valid');
  home.clock.set(present);

  const suspended = await invite('link.suspended');
  await home.call('POST', `/staff/${suspended.staff.staffId}/suspend`, {});
  assert.equal((await accept(suspended.link.token)).body.code, 'link_not_valid');
  for (const token of ['', 'x', "' or 1=1 --", `${link.token}A`, link.token.toLowerCase()]) {
    assert.ok(['link_not_valid', 'request_invalid'].includes(String((await accept(token)).body.code)), token);
  }
  const { rows } = await home.db.admin.query<{ row: string }>(
    'select row_to_json(l)::text as row from kernel.staff_link l',
  );
  assert.ok(!rows.some(({ row }) => row.includes(superseded.link.token)), 'only digests are kept');
});

test('nothing redirects to another site', async () => {
  const browser = home.browser();
  const evil = 'https://evil.example/';
  const paths = [
    `/sign-in?next=${evil}`,
    `/sign-in?callbackURL=${evil}`,
    `/api/auth/callback/sso?state=x&code=y&callbackURL=${evil}`,
    `/api/auth/callback/sso?error=x&state=${evil}`,
    `/api/auth/error?callbackURL=${evil}`,
    `/api/auth/verify-email?token=x&callbackURL=${evil}`,
    `/api/auth/reset-password/x?callbackURL=${evil}`,
  ];
  for (const path of paths) {
    const { headers } = await browser.get(path);
    assert.ok(!(headers.get('location') ?? '').includes('evil.example'), `${path}: ${headers.get('location')}`);
  }
  const begun = await browser.post('/api/auth/sign-in/sso', { callbackURL: evil });
  assert.equal(begun.body.code, 'request_invalid');
});

test('a foreign Host header makes no link and no redirect of its own', async () => {
  const location = await new Promise<string | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(home.url);
    const asked = httpRequest(
      { hostname, port, path: '/api/auth/callback/sso?state=x', headers: { host: 'evil.example' } },
      (answer) => {
        answer.resume();
        resolve(answer.headers.location);
      },
    );
    asked.on('error', reject).end();
  });
  assert.ok(location === undefined || location.startsWith('/sign-in'), location);
});
