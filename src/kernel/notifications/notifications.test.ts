/** Notifications against a real PostgreSQL, a real mail server and a real receiver of webhooks. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { assignRole, createUnit, delegate, saveRole } from '#kernel/access';
import { type Context, currentContext, withContext } from '#kernel/context';
import { newId } from '#kernel/ids';
import { addressPolicy, loopbackNetworks, verifySignature } from '#kernel/webhooks';
import { caller, testServer } from '#test/http';
import { type Mail, mailServer } from '#test/mail';
import {
  type DeliveryProof,
  installTemplates,
  listDeliveries,
  listNotifications,
  type Notifier,
  type NotifierOptions,
  notificationRoutes,
  notify,
  openNotifier,
  type Preferences,
  purgeNotifications,
  redeliver,
  savePreferences,
  saveTemplate,
  type Values,
} from './index.ts';

const timeZone = 'Asia/Shanghai';
const policy = addressPolicy(loopbackNetworks);
const server = await testServer({ after }, [notificationRoutes({ policy, timeZone })]);
const { db, clock } = server;
// The staff is identity's table; where it is not installed, one with the columns that are read here.
await db.admin.query(`create table if not exists kernel.staff (staff_id uuid primary key, login text not null unique,
  name text not null, email text not null unique, locale text not null, unit_id int not null, state text not null,
  created_at timestamptz not null)`);
await db.admin.query('grant select on kernel.staff to longmen_app');
await db.transaction((tx) => installTemplates(tx, clock));

let people = 0;
async function person(locale: 'zh-CN' | 'en' = 'zh-CN', state = 'active', email?: string): Promise<string> {
  people += 1;
  const id = newId(clock);
  await db.admin.query(
    `insert into kernel.staff (staff_id, login, name, email, locale, unit_id, state, created_at)
     values ($1, $2, $3, $4, $5, 1, $6, $7)`,
    [id, `p${people}`, `员工 ${people}`, email ?? `p${people}@bank.example`, locale, state, clock.now().toString()],
  );
  return id;
}

const { url: mailUrl, mails, refusals } = await mailServer({ after });
const smtp = { url: mailUrl, from: 'Longmen <notify@bank.example>' };

const opened: Notifier[] = [];
after(() => {
  for (const one of opened) one.close();
});
function notifier(options: Partial<NotifierOptions> = {}): Notifier {
  const made = openNotifier({ db, clock, smtp, allowedNetworks: loopbackNetworks, ...options });
  opened.push(made);
  return made;
}
const sender = notifier();

/** Tells one person that a job failed. */
function tell(to: string, values: Values = {}, urgency: 'normal' | 'urgent' = 'normal'): Promise<string[]> {
  const all = { job: 'purge', code: 'database_unreachable', at: '2025-01-02', ...values };
  return db.transaction((tx) => notify(tx, clock, { to, template: 'job_failed', values: all, urgency }));
}

async function proofs(staffId: string): Promise<DeliveryProof[]> {
  return listDeliveries(db, { staffId, limit: 10 });
}

const preferred: Preferences = { email: true, webhookUrl: null, quiet: null, zone: timeZone, muted: [] };
const prefer = (staffId: string, change: Partial<Preferences>) =>
  db.transaction((tx) => savePreferences(tx, staffId, { ...preferred, ...change }, { clock, policy }));

test('a notification is in the inbox with its transaction, in both languages, and goes out by e-mail', async () => {
  const staffId = await person();
  await tell(staffId, { job: '清理\r\nBcc: x@y' });
  const [inbox] = await listNotifications(db, staffId, { unread: true, limit: 10 });
  assert.deepEqual(inbox?.title, { zh: '后台任务失败：清理␍␊Bcc: x@y', en: 'A job failed: 清理␍␊Bcc: x@y' });
  await sender.sendDue();
  const [mail, ...others] = mails.splice(0);
  assert.deepEqual(others, []);
  assert.equal(mail?.to, `p${people}@bank.example`);
  assert.match(mail?.raw ?? '', /^Auto-Submitted: auto-generated\r$/m);
  assert.doesNotMatch(mail?.raw ?? '', /^Bcc:/m);
  const [proof] = await proofs(staffId);
  assert.equal(proof?.state, 'delivered');
  const [attempt] = proof?.attempts ?? [];
  assert.match(mail?.raw ?? '', new RegExp(`^Message-ID: ${attempt?.message_id}\\r$`, 'm'));
  assert.equal(attempt?.message_id, `<${proof?.deliveryId}@bank.example>`);
  assert.match(attempt?.answer ?? '', /^250 .*queued as 42/);
  assert.equal(attempt?.accepted, true);
});

test('what is rolled back was never told', async () => {
  const staffId = await person();
  const failing = db.transaction(async (tx) => {
    await notify(tx, clock, { to: staffId, template: 'approval_expired', values: { title: 'x' } });
    throw new Error('no');
  });
  await assert.rejects(failing);
  assert.deepEqual(await listNotifications(db, staffId, { unread: false, limit: 10 }), []);
});

test('everybody is told who holds a permission in a unit, by role or delegation, except some', async () => {
  const [chief, teller, deputy, maker, gone, elsewhere] = [
    await person(),
    await person(),
    await person(),
    await person(),
    await person('en', 'left'),
    await person(),
  ];
  const told = await db.transaction(async (tx) => {
    await saveRole(tx, { code: 'approver', nameZh: '审批', nameEn: 'Approver', permissions: ['limit:*'] }, clock);
    const unit = await createUnit(tx, { code: 'b1', kind: 'branch', name: 'B1' }, clock);
    await createUnit(tx, { code: 'b2', kind: 'branch', name: 'B2' }, clock);
    for (const [staffId, at] of [
      [chief, 'institution'],
      [maker, 'b1'],
      [gone, 'b1'],
      [elsewhere, 'b2'],
    ] as const) {
      await assignRole(tx, { staffId, role: 'approver', unit: at }, clock);
    }
    const validUntil = clock.now().add({ hours: 1 }).toString();
    await delegate(tx, { fromId: chief, toId: deputy, validUntil }, clock);
    const to = { permission: 'limit:approve', unitId: unit.unitId, except: [maker, null] };
    return notify(tx, clock, { to, template: 'approval_expired', values: { title: '额度' } });
  });
  assert.deepEqual(told, [chief, deputy].sort());
  assert.deepEqual(await listNotifications(db, teller, { unread: false, limit: 1 }), []);
  await sender.sendDue();
  mails.splice(0);
});

test('what a mail server puts off is tried again, with the same message id; what it refuses for good is dead', async () => {
  const staffId = await person('en');
  refusals.push({ code: 451, text: 'try later' });
  await tell(staffId);
  await sender.sendDue();
  const [waiting] = await proofs(staffId);
  assert.equal(waiting?.state, 'waiting');
  assert.match(waiting?.attempts[0]?.answer ?? '', /^451 try later/);
  assert.equal(await sender.sendDue(), 0);
  clock.advance({ minutes: 1 });
  await sender.sendDue();
  const [done] = await proofs(staffId);
  assert.deepEqual([done?.state, done?.attempts.length], ['delivered', 2]);
  assert.equal(new Set(done?.attempts.map(({ message_id }) => message_id)).size, 1);
  assert.match(mails.splice(0)[0]?.raw ?? '', /^Subject: A job failed: purge\r$/m);

  const nobody = await person('en', 'active', 'nobody@bank.example');
  await tell(nobody);
  await sender.sendDue();
  const [dead] = await proofs(nobody);
  assert.deepEqual([dead?.state, dead?.attempts.length], ['dead', 1]);
  assert.match(dead?.attempts[0]?.answer ?? '', /550 no such user/);
  assert.equal(await sender.sendDue(), 0);
  await db.transaction((tx) => redeliver(tx, clock, dead?.deliveryId ?? ''));
  await sender.sendDue();
  assert.equal((await proofs(nobody))[0]?.attempts.length, 2);
});

test('a server that cannot be reached is tried until the attempts are used up', async () => {
  const staffId = await person();
  const nowhere = notifier({ smtp: { ...smtp, url: 'smtp://127.0.0.1:1' }, maximumAttempts: 2 });
  await tell(staffId);
  await nowhere.sendDue();
  clock.advance({ minutes: 1 });
  await nowhere.sendDue();
  const [proof] = await proofs(staffId);
  assert.deepEqual([proof?.state, proof?.attempts.length], ['dead', 2]);
  assert.match(proof?.attempts[1]?.answer ?? '', /ECONNREFUSED/);
});

test('a process that dies between sending and writing it down sends the same message again, and others wait for it', async () => {
  const staffId = await person();
  const forgetful = notifier({ db: { ...db, transaction: () => Promise.reject(new Error('killed')) } });
  await tell(staffId);
  await forgetful.sendDue();
  const [first] = mails.splice(0);
  assert.ok(first !== undefined);
  assert.equal(await sender.sendDue(), 0);
  clock.advance({ minutes: 2 });
  await sender.sendDue();
  const [second] = mails.splice(0);
  const id = (mail: Mail | undefined) => /^Message-ID: (.*)\r$/m.exec(mail?.raw ?? '')?.[1];
  assert.equal(id(first), id(second));
  assert.deepEqual([(await proofs(staffId))[0]?.state, await sender.sendDue()], ['delivered', 0]);
});

test('any number of senders at once send everything once', async () => {
  const staffId = await person();
  await Promise.all(Array.from({ length: 30 }, (_, index) => tell(staffId, { job: `j${index}` })));
  const others = [notifier(), notifier()];
  for (let round = 0; round < 3; round++) await Promise.all([sender, ...others].map((one) => one.sendDue()));
  const ids = mails.splice(0).map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)?.[1]);
  assert.deepEqual([ids.length, new Set(ids).size], [30, 30]);
});

test('quiet hours hold back what is not urgent until they end, in the time of the person', async () => {
  const staffId = await person();
  // It is 11:04 and some minutes in Shanghai.
  await prefer(staffId, { quiet: { from: '10:00', until: '12:00' } });
  await tell(staffId);
  await tell(staffId, {}, 'urgent');
  await sender.sendDue();
  assert.equal(mails.splice(0).length, 1);
  const [urgent, normal] = await proofs(staffId);
  assert.deepEqual([urgent?.state, normal?.state, normal?.attempts], ['delivered', 'waiting', []]);
  assert.equal(normal?.nextAttemptAt, '2025-01-02T04:00:00.000000Z');
  clock.advance({ hours: 1 });
  await sender.sendDue();
  assert.equal(mails.splice(0).length, 1);
});

test('muted templates stay in the inbox unless urgent; without a server, or for whom has left, deliveries are skipped', async () => {
  const [muted, plain, leaver] = [await person(), await person(), await person()];
  await prefer(muted, { muted: ['job_failed'] });
  await tell(muted);
  assert.deepEqual(await proofs(muted), []);
  await tell(muted, {}, 'urgent');
  assert.equal((await proofs(muted)).length, 1);
  await sender.sendDue();
  await tell(plain);
  await notifier({ smtp: undefined }).sendDue();
  assert.deepEqual(
    (await proofs(plain)).map(({ state }) => state),
    ['skipped'],
  );
  await tell(leaver);
  await db.admin.query(`update kernel.staff set state = 'left' where staff_id = $1`, [leaver]);
  await sender.sendDue();
  assert.deepEqual(
    (await proofs(leaver)).map(({ state, attempts }) => [state, attempts]),
    [['skipped', []]],
  );
  mails.splice(0);
});

test('a webhook of a person is signed, tried again, and keeps to what addresses are allowed', async () => {
  const received: { readonly body: string; readonly headers: IncomingHttpHeaders }[] = [];
  let status = 503;
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      received.push({ body, headers: request.headers });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  after(() => new Promise((resolve) => receiver.close(resolve)));
  const staffId = await person();
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const { webhookSecret } = await prefer(staffId, { email: false, webhookUrl });
  assert.match(webhookSecret ?? '', /^whsec_/);
  assert.deepEqual(await prefer(staffId, { email: false, webhookUrl }), { webhookSecret: null });
  await tell(staffId);
  await sender.sendDue();
  status = 204;
  clock.advance({ minutes: 1 });
  await sender.sendDue();
  const [first, second] = received;
  assert.equal(first?.body, second?.body);
  const signature = String(second?.headers['longmen-signature']);
  assert.ok(verifySignature(webhookSecret ?? '', signature, second?.body ?? '', clock));
  const [proof] = await proofs(staffId);
  assert.deepEqual(
    proof?.attempts.map(({ answer, accepted }) => [answer, accepted]),
    [
      ['receiver answered 503', false],
      ['204', true],
    ],
  );
  const strict = addressPolicy();
  await assert.rejects(
    db.transaction((tx) => savePreferences(tx, staffId, { ...preferred, webhookUrl }, { clock, policy: strict })),
    { code: 'webhook_address_refused' },
  );
});

test('a changed template stays changed; its placeholders are checked', async () => {
  const texts = { title: { zh: '任务 {job}', en: 'Job {job}' }, body: { zh: '甲', en: 'a {code}' } };
  const change = (input: typeof texts) =>
    db.transaction((tx) => saveTemplate(tx, { code: 'job_failed', urgency: 'normal', ...input }, clock));
  assert.equal((await change(texts)).builtIn, false);
  await db.transaction((tx) => installTemplates(tx, clock));
  const staffId = await person();
  await tell(staffId);
  const [inbox] = await listNotifications(db, staffId, { unread: true, limit: 1 });
  assert.equal(inbox?.title.en, 'Job purge');
  await assert.rejects(change({ ...texts, body: { zh: '{secret}', en: 'x' } }), {
    code: 'notification_template_invalid',
  });
  await sender.sendDue();
  mails.splice(0);
});

test('over HTTP: templates, proofs, one’s own inbox and preferences', async () => {
  const call = caller(server, '/api/v1');
  const { body: templates } = await call('GET', '/notifications/templates');
  assert.ok(templates.items.some(({ code }) => code === 'approval_waiting'));
  const texts = { title: { zh: '甲', en: 'a' }, body: { zh: '乙', en: 'b' }, urgency: 'urgent' };
  assert.equal((await call('PUT', '/notifications/templates/period_closed', texts)).body.built_in, false);
  assert.equal((await call('PUT', '/notifications/templates/nothing', texts)).status, 404);
  const { body: dead } = await call('GET', '/notifications/deliveries?state=dead&limit=1');
  const again = `/notifications/deliveries/${dead.items[0]?.delivery_id}/redeliver`;
  assert.equal((await call('POST', again)).status, 204);
  assert.equal((await call('POST', again)).body.code, 'notification_delivery_not_found');
  assert.notEqual(dead.next_cursor, null);
  await sender.sendDue();
  mails.splice(0);

  // The token stands for a person here: what is one's own follows from who asks.
  await db.admin.query(
    `insert into kernel.staff (staff_id, login, name, email, locale, unit_id, state, created_at)
     values ($1, 'me', 'Me', 'me@bank.example', 'en', 1, 'active', $2)`,
    [server.tokenId, clock.now().toString()],
  );
  for (let index = 0; index < 3; index++) await tell(server.tokenId, { job: `j${index}` });
  assert.equal((await call('GET', '/me/notifications/unread')).body.unread, 3);
  const { body: page } = await call('GET', '/me/notifications?limit=2');
  assert.deepEqual(
    page.items.map(({ title }) => (title as { en: string }).en),
    ['Job j2', 'Job j1'],
  );
  const { body: rest } = await call('GET', `/me/notifications?limit=2&cursor=${page.next_cursor}`);
  const [oldest] = rest.items;
  assert.equal((await call('POST', `/me/notifications/${page.items[0]?.notification_id}/read`)).status, 204);
  const { body: read } = await call('POST', '/me/notifications/read', { up_to: oldest?.notification_id });
  assert.equal(read.read, 1);
  assert.equal((await call('GET', '/me/notifications?unread=true')).body.items.length, 1);
  const other = await person();
  await tell(other);
  const [theirs] = await listNotifications(db, other, { unread: true, limit: 1 });
  assert.equal(
    (await call('POST', `/me/notifications/${theirs?.notificationId}/read`)).body.code,
    'notification_not_found',
  );
  const wanted = {
    email: false,
    webhook_url: null,
    quiet: { from: '22:00', until: '07:00' },
    zone: timeZone,
    muted: [],
  };
  assert.equal((await call('PUT', '/me/notification-preferences', wanted)).status, 200);
  const { body: kept } = await call('GET', '/me/notification-preferences');
  assert.deepEqual(kept, { ...wanted, webhook_secret: null });
  const badZone = await call('PUT', '/me/notification-preferences', { ...wanted, zone: 'Nowhere/Land' });
  assert.equal(badZone.body.code, 'notification_hours_invalid');
});

test('a request that sees no rows can notify others, and reads nothing of theirs', async () => {
  const staffId = await person();
  const context: Context = {
    ...currentContext(),
    actor: { kind: 'staff', id: newId(clock), name: 'x' },
    visibility: [],
  };
  const told = await withContext(context, () => tell(staffId));
  assert.deepEqual(told, [staffId]);
  await assert.rejects(
    withContext(context, () => db.query('select from kernel.notification')),
    /permission denied/,
  );
  await assert.rejects(db.query('update kernel.notification_attempt set accepted = true'), /permission denied/);
});

test('the loop sends until it is told to stop', async () => {
  const staffId = await person();
  const stop = new AbortController();
  const running = notifier({ idleDelay_ms: 10 }).run(stop.signal);
  await tell(staffId);
  while ((await proofs(staffId))[0]?.state !== 'delivered') await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort();
  await running;
});

test('old notifications go with their proofs; what is on its way stays', async () => {
  const [old, waiting] = [await person(), await person()];
  await tell(old);
  while ((await proofs(old))[0]?.state !== 'delivered') await sender.sendDue();
  await tell(waiting);
  clock.advance({ hours: 1 });
  assert.ok((await purgeNotifications(db, clock.now().toString())) > 0);
  assert.deepEqual([(await proofs(old)).length, (await proofs(waiting)).length], [0, 1]);
});
