/** Single sign-on against a real OpenID Connect provider, which runs beside the house. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Provider from 'oidc-provider';
import type { Cleanup } from '#test/database';
import { type Browser, type House, house } from '#test/identity';
import { createStaff } from './index.ts';
import type { IdentityConfig } from './interface.ts';

/** Who the provider knows, by account: what it says of them. */
const known: Record<string, { email: string; email_verified: boolean; name: string }> = {};
let signedInAs = '';

/** A house whose provider knows it under its real address. */
async function houseWithProvider(t: Cleanup, settings: Partial<IdentityConfig> = {}) {
  let handler: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end();
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve()) && server.closeAllConnections()));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const home = await house(t, {
    oidcIssuer: issuer,
    oidcClientId: 'longmen',
    oidcClientSecret: 'a secret',
    ...settings,
  });
  const provider = new Provider(issuer, {
    clients: [
      { client_id: 'longmen', client_secret: 'a secret', redirect_uris: [`${home.url}/api/auth/callback/sso`] },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['some keys'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, ...known[sub] }) }),
    // Everybody has agreed that the house learns their address.
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: session?.accountId ?? '',
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  const answers = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/interaction/') !== true) {
      void callback(request, response);
      return;
    }
    void provider.interactionFinished(request, response, { login: { accountId: signedInAs } });
  };
  handler = answers;
  const away = (is: boolean) => {
    handler = is ? (_request, response) => response.writeHead(503).end() : answers;
  };
  return { home, away };
}

const { home } = await houseWithProvider({ after });

/** Goes through single sign-on as `account`; the last redirect of the house. */
async function signOn(at: House, browser: Browser, account: string): Promise<string> {
  signedInAs = account;
  const begun = await browser.post('/api/auth/sign-in/sso');
  assert.equal(begun.status, 200, begun.text);
  const elsewhere = at.browser();
  let next = String(begun.body.url);
  for (let hop = 0; hop < 10 && !next.startsWith(at.url); hop += 1) {
    const answer = await elsewhere.get(next);
    next = new URL(answer.headers.get('location') ?? '/nowhere', next).href;
  }
  const back = await browser.get(next);
  assert.equal(back.status, 303, back.text);
  return back.headers.get('location') ?? '';
}

test('a staff member comes in by verified address, later by subject, whatever the address is then', async () => {
  const person = await home.person('linked');
  known.subject1 = { email: person.staff.email, email_verified: true, name: 'Linked' };
  const browser = home.browser();
  assert.equal(await signOn(home, browser, 'subject1'), '/sign-in?signed_in');
  assert.equal((await browser.get('/api/v1/me')).body.login, 'linked');
  known.subject1 = { email: 'renamed@bank.example', email_verified: true, name: 'Linked' };
  const later = home.browser();
  assert.equal(await signOn(home, later, 'subject1'), '/sign-in?signed_in');
  assert.equal((await later.get('/api/v1/me')).body.login, 'linked');
  const { rows } = await home.db.admin.query<Record<string, unknown>>(
    `select "accessToken", "refreshToken", "idToken" from identity.account where "providerId" = 'sso'`,
  );
  assert.deepEqual(rows, [{ accessToken: null, refreshToken: null, idToken: null }], 'nothing of the provider is kept');
  const [cookie = ''] = browser.setCookies.filter((line) => line.startsWith('longmen.session_token='));
  assert.match(cookie, /SameSite=Strict/i);
});

test('an invited person needs no password when the provider vouches for them', async () => {
  const { staff } = await home.db.transaction((tx) =>
    createStaff(tx, { login: 'invited', name: 'I', email: 'invited@bank.example' }, { linkHours: 1 }, home.clock),
  );
  known.subject2 = { email: 'Invited@bank.example', email_verified: true, name: 'I' };
  const browser = home.browser();
  assert.equal(await signOn(home, browser, 'subject2'), '/sign-in?signed_in');
  assert.equal((await home.call('GET', `/staff/${staff.staffId}`)).body.state, 'active');
});

test('who is unknown, unverified or suspended stays outside', async () => {
  const person = await home.person('kept.out');
  known.stranger = { email: 'stranger@elsewhere.example', email_verified: true, name: 'Stranger' };
  known.unverified = { email: person.staff.email, email_verified: false, name: 'Pretender' };
  for (const account of ['stranger', 'unverified']) {
    const browser = home.browser();
    assert.match(await signOn(home, browser, account), /^\/sign-in\?error=/, account);
    assert.equal(await browser.isIn(), false);
  }
  assert.ok(!(await home.call('GET', '/staff')).body.items.some(({ email }) => email === 'stranger@elsewhere.example'));
  await home.call('POST', `/staff/${person.staff.staffId}/suspend`, {});
  known.suspended = { email: person.staff.email, email_verified: true, name: 'Kept Out' };
  const browser = home.browser();
  assert.match(await signOn(home, browser, 'suspended'), /^\/sign-in\?error=/);
  assert.equal(await browser.isIn(), false);
});

test('an answer of the provider is only good in the browser that asked, and once', async () => {
  const person = await home.person('csrf.victim');
  known.attacker = { email: person.staff.email, email_verified: true, name: 'A' };
  signedInAs = 'attacker';
  const asking = home.browser();
  const begun = await asking.post('/api/auth/sign-in/sso');
  const elsewhere = home.browser();
  let next = String(begun.body.url);
  while (!next.startsWith(home.url)) {
    next = new URL((await elsewhere.get(next)).headers.get('location') ?? '/nowhere', next).href;
  }
  const victim = home.browser();
  assert.match((await victim.get(next)).headers.get('location') ?? '', /error=/);
  assert.equal(await victim.isIn(), false);
  const state = asking.setCookies.find((line) => /^longmen\.state=/.test(line)) ?? '';
  assert.match(state, /SameSite=Lax/i, state);
  assert.match(state, /HttpOnly/i);
});

test('where settings say so, somebody the provider knows becomes a staff member without any right', async (t) => {
  const open = await houseWithProvider(t, { oidcCreatesStaff: 'on' });
  known.fresh = { email: 'New.Person@bank.example', email_verified: true, name: 'New Person' };
  const pretender = open.home.browser();
  known.pretender = { email: 'not.mine@bank.example', email_verified: false, name: 'Pretender' };
  assert.match(await signOn(open.home, pretender, 'pretender'), /^\/sign-in\?error=/);
  assert.deepEqual((await open.home.call('GET', '/staff')).body.items, []);
  const browser = open.home.browser();
  assert.equal(await signOn(open.home, browser, 'fresh'), '/sign-in?signed_in');
  const me = await browser.get('/api/v1/me');
  assert.deepEqual([me.body.login, me.body.name, me.body.permissions], ['new.person', 'New Person', []]);
  assert.equal((await browser.get('/api/v1/staff')).body.code, 'permission_missing');
});

test('a provider that is away is said to be, and found again when it is back', async (t) => {
  const other = await houseWithProvider(t);
  other.away(true);
  const answer = await other.home.browser().post('/api/auth/sign-in/sso');
  assert.deepEqual([answer.status, answer.body.code], [503, 'sso_unavailable']);
  other.away(false);
  await sleep(1_050);
  assert.equal((await other.home.browser().post('/api/auth/sign-in/sso')).status, 200);
});

test('a house without a provider says so', async (t) => {
  const none = await house(t);
  assert.equal((await none.browser().post('/api/auth/sign-in/sso')).body.code, 'sso_not_configured');
});
