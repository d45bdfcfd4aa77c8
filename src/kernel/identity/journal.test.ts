/** What signing in and leaving leave behind: entries of the trail, word to the person, nothing that still waits. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { assignRole, createAccess, delegate, listDelegations } from '#kernel/access';
import { createApprovals, listRequests } from '#kernel/approvals';
import { searchAudit } from '#kernel/audit';
import { currentContext, withContext } from '#kernel/context';
import { listNotifications } from '#kernel/notifications';
import { type Browser, house, newPassword, type Person, totpCode } from '#test/identity';

const home = await house({ after });
const { db, clock } = home;

/** What the trail has got to tell since `work` began, oldest first: `<who> <action> <status> <subjects>`. */
async function told(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await searchAudit(db, {}, 1))[0]?.sequence ?? 0n;
  await work();
  const entries = (await searchAudit(db, {}, 100)).filter(({ sequence }) => sequence > before).reverse();
  return entries.map(({ actorName, actorKind, action, status, subjects }) =>
    [actorKind === 'unknown' ? 'somebody' : actorName, action, status, ...subjects].join(' '),
  );
}

const inbox = async ({ staff }: Person) =>
  (await listNotifications(db, staff.staffId, { unread: false, limit: 50 })).map(({ template }) => template).reverse();
const signIn = (browser: Browser, { staff }: Person, password: string, device: string) =>
  browser.post('/api/auth/sign-in/username', { username: staff.login, password }, { 'user-agent': device });

test('signing in, failing to, and signing out stand in the trail; no password does', async () => {
  const wang = await home.person('wang');
  const { name, staffId } = wang.staff;
  const browser = home.browser();
  const wrong = newPassword();
  const entries = await told(async () => {
    assert.equal((await signIn(browser, wang, wrong, 'a')).status, 401);
    assert.equal(
      (await browser.post('/api/auth/sign-in/username', { username: 'no.body', password: wrong })).status,
      401,
    );
    // Typed into the wrong field.
    assert.equal((await browser.post('/api/auth/sign-in/username', { username: wrong, password: 'x' })).status, 401);
    assert.equal((await signIn(browser, wang, wang.password, 'a')).status, 200);
    assert.equal((await browser.post('/api/auth/sign-out')).status, 200);
    assert.equal((await browser.post('/api/auth/sign-out')).status, 200);
  });
  assert.deepEqual(entries, [
    `somebody session:begin 401 staff:${staffId} login:wang`,
    'somebody session:begin 401 login:no.body',
    'somebody session:begin 401',
    `${name} session:begin 200 staff:${staffId}`,
    `${name} session:end 200 staff:${staffId}`,
  ]);
  const [latest] = await searchAudit(db, { action: 'session:end' }, 1);
  assert.match(latest?.address ?? '', /127\.0\.0\.1|::1/);
  const { rows } = await db.query<{ text: string }>(
    `select coalesce(string_agg(e::text, ''), '') as text from kernel.audit_entry e`,
  );
  for (const secret of [wrong, wang.password]) assert.ok(!rows[0]?.text.toLowerCase().includes(secret.toLowerCase()));
});

test('a sign-in from a new place is told, the first one and one from a known place are not', async () => {
  const li = await home.person('li.si');
  for (const device of ['first', 'first', 'second', 'second']) {
    assert.equal((await signIn(home.browser(), li, li.password, device)).status, 200);
  }
  assert.deepEqual(await inbox(li), ['password_changed', 'sign_in_new']);
});

test('changes of password and second factor are told and recorded', async () => {
  const zhao = await home.person('zhao');
  const browser = home.browser();
  await browser.signIn(zhao);
  const entries = await told(async () => {
    const change = { current_password: zhao.password, new_password: newPassword() };
    assert.equal((await browser.post('/api/auth/change-password', { ...change, current_password: 'no' })).status, 400);
    assert.equal((await browser.post('/api/auth/change-password', change)).status, 200);
    const enabled = await browser.post('/api/auth/two-factor/enable', { password: change.new_password });
    const code = totpCode(String(enabled.body.totpURI));
    assert.equal((await browser.post('/api/auth/two-factor/verify-totp', { code })).status, 200);
    assert.equal((await browser.post('/api/auth/two-factor/disable', { password: 'no' })).status, 400);
    assert.equal((await browser.post('/api/auth/two-factor/disable', { password: change.new_password })).status, 200);
  });
  const { name, staffId } = zhao.staff;
  assert.deepEqual(
    entries,
    [
      'password:change 400',
      'password:change 200',
      'second_factor:change 200',
      'second_factor:change 400',
      'second_factor:change 200',
    ].map((entry) => `${name} ${entry} staff:${staffId}`),
  );
  const [, ...changes] = await inbox(zhao);
  assert.deepEqual(changes, ['password_changed', 'second_factor_changed', 'second_factor_changed']);
});

test('whoever is suspended or leaves takes delegations and open requests along', async () => {
  const access = createAccess({ db, clock, rememberedSeconds: 0 });
  const approvals = createApprovals({ db, clock, access });
  const ask = approvals.define<{ to: number }>({
    name: 'thing:change',
    permission: 'thing:approve',
    schema: z.object({ to: z.number() }),
    unitOf: async () => 1,
    describe: async () => ({ title: { zh: '变更', en: 'Change' }, before: {}, after: {} }),
    perform: async () => ({ status: 200, body: {} }),
  });
  const validUntil = clock.now().add({ hours: 24 }).toString();
  for (const change of ['suspend', 'leave'] as const) {
    const [leaver, colleague] = [await home.person(`${change}.a`), await home.person(`${change}.b`)];
    const [from, to] = [leaver.staff.staffId, colleague.staff.staffId];
    const request = { actor: { kind: 'staff', id: from, name: leaver.staff.name }, permission: 'thing:ask' } as const;
    await db.transaction(async (tx) => {
      for (const staffId of [from, to])
        await assignRole(tx, { staffId, role: 'administrator', unit: 'institution' }, clock);
      await delegate(tx, { fromId: from, toId: to, validUntil }, clock);
      await delegate(tx, { fromId: to, toId: from, validUntil }, clock);
      await withContext({ ...currentContext(), ...request }, () => ask(tx, { to: 1 }));
    });
    const states = async () => (await listRequests(db, { makerId: from, limit: 10 })).map(({ state }) => state);
    assert.deepEqual(await states(), ['waiting']);
    clock.advance({ seconds: 1 });
    assert.equal((await home.call('POST', `/staff/${from}/${change}`)).status, 200);
    assert.deepEqual(await states(), ['withdrawn']);
    const now = clock.now().epochMilliseconds;
    const delegations = await listDelegations(db, from);
    assert.equal(delegations.length, 2);
    for (const delegation of delegations) assert.ok(Date.parse(delegation.validUntil) <= now, delegation.validUntil);
  }
});
