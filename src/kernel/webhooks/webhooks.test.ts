import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ManualClock, manualClock } from '#kernel/clock';
import {
  appendEvents,
  createBook,
  headPosition,
  listConsumers,
  readEvents,
  replay,
  wakeConsumers,
} from '#kernel/events';
import { isUuid } from '#kernel/ids';
import { loopbackNetworks, openWebhooks, verifySignature, type Webhooks, type WebhooksOptions } from '#kernel/webhooks';
import { testDatabase } from '#test/database';
import { claimDeliveries, enqueueDeliveries, recordAttempt } from './deliveries.ts';

const db = await testDatabase({ after });

interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A receiver on this machine; `answer` may differ from request to request, or never come. */
async function receiver(t: TestContext, answer: (response: ServerResponse, received: Received) => void) {
  const requests: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received = {
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    requests.push(received);
    answer(response, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function ok(response: ServerResponse): void {
  response.writeHead(204).end();
}

/** A book, a clock and webhooks for one test. */
async function house(code: string, options: Partial<WebhooksOptions> = {}) {
  const clock = manualClock('2026-03-01T10:00:00Z');
  const { bookId } = await db.transaction((tx) => createBook(tx, { code, name: code }, clock));
  const webhooks = openWebhooks({ db, clock, allowedNetworks: loopbackNetworks, idleDelay_ms: 20, ...options });
  return { bookId, clock, webhooks };
}

async function append(bookId: number, clock: ManualClock, ...types: string[]): Promise<void> {
  const events = types.map((type, index) => ({ type, subject: `s${index}`, payload: { amount_minor: 5n } }));
  await db.transaction((tx) => appendEvents(tx, bookId, clock, events));
  wakeConsumers(bookId);
}

/** Runs webhooks until the test ends. */
function run(t: TestContext, webhooks: Webhooks, bookId: number): { stop: () => Promise<void> } {
  const controller = new AbortController();
  const running = webhooks.run(bookId, controller.signal);
  async function stop(): Promise<void> {
    controller.abort();
    await running;
  }
  t.after(stop);
  return { stop };
}

async function until(isDone: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let look = 0; look < 1_000; look += 1) {
    if (await isDone()) return;
    await sleep(10);
  }
  assert.fail(`not within 10 s: ${what}`);
}

/** Waits until the webhooks consumer has read the whole log of a book. */
async function consumed(bookId: number): Promise<void> {
  await until(async () => {
    const status = (await listConsumers(db)).find((consumer) => consumer.bookId === bookId);
    return status !== undefined && status.position === (await headPosition(db, bookId));
  }, 'the log read');
}

test('an event is delivered once, signed, to those who subscribed to its type before it happened', async (t) => {
  const { bookId, clock, webhooks } = await house('deliver');
  const { url, requests } = await receiver(t, ok);
  const subscribe = (path: string, eventTypes?: string[]) =>
    db.transaction((tx) => webhooks.subscribe(tx, bookId, { url: url + path, ...(eventTypes && { eventTypes }) }));
  await append(bookId, clock, 'test.before');
  const all = await subscribe('/all');
  const some = await subscribe('/some', ['test.second', 'test.third']);
  run(t, webhooks, bookId);
  await append(bookId, clock, 'test.first', 'test.second');
  const delivered = () => webhooks.deliveries(db, bookId, { state: 'delivered' });
  await until(async () => (await delivered()).length === 3, 'three deliveries');

  const seen = requests.map(({ path, body }) => `${path} ${JSON.parse(body).type}`).sort();
  assert.deepEqual(seen, ['/all test.first', '/all test.second', '/some test.second']);
  for (const { path, headers, body } of requests) {
    const { secret } = path === '/all' ? all : some;
    const signature = String(headers['longmen-signature']);
    assert.ok(verifySignature(secret, signature, body, clock), 'signed with the secret of its subscription');
    assert.ok(!verifySignature(path === '/all' ? some.secret : all.secret, signature, body, clock));
    assert.ok(isUuid(String(headers['longmen-delivery'])));
    assert.equal(headers['longmen-attempt'], '1');
    assert.equal(headers['content-type'], 'application/json');
  }
  const first = JSON.parse(requests.find(({ body }) => body.includes('test.first'))?.body ?? '{}');
  assert.ok(isUuid(first.id));
  assert.deepEqual(first, {
    id: first.id,
    type: 'test.first',
    subject: 's0',
    book: 'deliver',
    position: '2',
    recorded_at: '2026-03-01T10:00:00.000000Z',
    payload: { amount_minor: '5' },
  });
  assert.match(all.secret, /^whsec_[\w-]{43}$/);
  const listed = await webhooks.subscriptions(db, bookId);
  assert.deepEqual(listed, [all.subscription, some.subscription]);
  assert.ok(!JSON.stringify(listed, (_, value) => String(value)).includes(all.secret), 'the secret is shown once');
});

test('a failed delivery is made again, later and later, with the same identity and content', async (t) => {
  const { bookId, clock, webhooks } = await house('retry');
  let failures = 3;
  const { url, requests } = await receiver(t, (response) => {
    failures -= 1;
    response.writeHead(failures >= 0 ? 503 : 200).end();
  });
  await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url }));
  run(t, webhooks, bookId);
  await append(bookId, clock, 'test.happened');
  const pauses_ms: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await until(async () => (await webhooks.deliveries(db, bookId))[0]?.lastStatus === 503, `failure ${attempt}`);
    const [delivery] = await webhooks.deliveries(db, bookId, { state: 'waiting' });
    assert.ok(delivery);
    assert.equal(delivery.attempts, attempt);
    assert.equal(delivery.lastError, 'receiver answered 503');
    pauses_ms.push(Date.parse(delivery.nextAttemptAt) - clock.now().epochMilliseconds);
    await db.query('update kernel.webhook_delivery set last_status = null where book_id = $1', [bookId]);
    await sleep(60);
    assert.equal(requests.length, attempt, 'not before its time');
    clock.set(delivery.nextAttemptAt);
  }
  await until(async () => (await webhooks.deliveries(db, bookId))[0]?.state === 'delivered', 'the delivery');
  assert.equal(requests.length, 4);
  assert.equal(new Set(requests.map(({ headers }) => headers['longmen-delivery'])).size, 1);
  assert.equal(new Set(requests.map(({ body }) => body)).size, 1);
  assert.deepEqual(
    requests.map(({ headers }) => headers['longmen-attempt']),
    ['1', '2', '3', '4'],
  );
  for (const [index, pause_ms] of pauses_ms.entries()) {
    const base_ms = 5_000 * 2 ** index;
    assert.ok(pause_ms >= base_ms * 0.5 && pause_ms <= base_ms * 1.5, `pause ${index + 1}: ${pause_ms} ms`);
  }
});

test('a redirect counts as a failure and is not followed; after its attempts a delivery is dead until sent again', async (t) => {
  const { bookId, clock, webhooks } = await house('dead', { maximumAttempts: 2 });
  let isMended = false;
  const { url, requests } = await receiver(t, (response) => {
    if (isMended) ok(response);
    else response.writeHead(302, { Location: '/elsewhere' }).end();
  });
  await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url: `${url}/hook` }));
  run(t, webhooks, bookId);
  await append(bookId, clock, 'test.happened');
  await until(async () => (await webhooks.deliveries(db, bookId))[0]?.lastStatus === 302, 'the first failure');
  clock.advance({ minutes: 1 });
  const dead = () => webhooks.deliveries(db, bookId, { state: 'dead' });
  await until(async () => (await dead()).length === 1, 'the end');
  clock.advance({ hours: 24 });
  await sleep(60);
  assert.deepEqual(
    requests.map(({ path }) => path),
    ['/hook', '/hook'],
  );
  const [delivery] = await dead();
  assert.ok(delivery?.finishedAt);
  assert.deepEqual([delivery.attempts, delivery.lastStatus], [2, 302]);

  isMended = true;
  await db.transaction((tx) => webhooks.redeliver(tx, bookId, delivery.deliveryId));
  await until(async () => (await webhooks.deliveries(db, bookId))[0]?.state === 'delivered', 'the delivery');
  await assert.rejects(
    db.transaction((tx) => webhooks.redeliver(tx, bookId, '00000000-0000-7000-8000-000000000000')),
    { code: 'webhook_delivery_not_found' },
  );
});

test('what a killed process had taken is delivered by another within 30 seconds', async (t) => {
  const { bookId, clock, webhooks } = await house('killed');
  const { url, requests } = await receiver(t, ok);
  await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url }));
  // The first process reads the log, takes the delivery with the lease of `run`, and dies before sending it.
  const first = run(t, openWebhooks({ db, clock, perSubscription: 0 }), bookId);
  await append(bookId, clock, 'test.happened');
  await consumed(bookId);
  await first.stop();
  const leaseEnd = clock.now().add({ seconds: 20 }).toString();
  const taken = await claimDeliveries(db, bookId, new Map(), 4, clock.now().toString(), leaseEnd);
  assert.equal(taken.length, 1);

  run(t, webhooks, bookId);
  clock.advance({ seconds: 19 });
  await sleep(80);
  assert.equal(requests.length, 0, 'the lease is respected');
  clock.advance({ seconds: 1 });
  await until(async () => (await webhooks.deliveries(db, bookId))[0]?.state === 'delivered', 'the takeover');
  assert.equal(requests.length, 1);
  assert.equal(requests[0]?.headers['longmen-attempt'], '2');
});

test('a process that comes back after its lease cannot write over the attempt of another', async () => {
  const { bookId, clock, webhooks } = await house('late');
  await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url: 'http://127.0.0.1:9/' }));
  await append(bookId, clock, 'test.happened');
  const events = await readEvents(db, bookId, 0n, 1);
  await db.transaction((tx) => enqueueDeliveries(tx, bookId, events, clock));
  const claim = async () => {
    const now = clock.now();
    const leaseEnd = now.add({ seconds: 20 }).toString();
    const [claimed] = await claimDeliveries(db, bookId, new Map(), 4, now.toString(), leaseEnd);
    assert.ok(claimed);
    return claimed;
  };
  const late = await claim();
  clock.advance({ seconds: 20 });
  const present = await claim();
  const failure = { state: 'dead', status: 500, error: 'too late', nextAttemptAt: null } as const;
  await recordAttempt(db, bookId, late, failure, clock.now().toString());
  assert.equal((await webhooks.deliveries(db, bookId))[0]?.state, 'waiting');
  const success = { state: 'delivered', status: 200, error: null, nextAttemptAt: null } as const;
  await recordAttempt(db, bookId, present, success, clock.now().toString());
  assert.equal((await webhooks.deliveries(db, bookId))[0]?.state, 'delivered');
});

test('two processes share the work: every delivery is made once, and a replay of the log adds none', async (t) => {
  const { bookId, clock, webhooks } = await house('shared');
  const { url, requests } = await receiver(t, (response) => setTimeout(() => ok(response), 5));
  await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url }));
  run(t, webhooks, bookId);
  run(t, openWebhooks({ db, clock, allowedNetworks: loopbackNetworks, idleDelay_ms: 20 }), bookId);
  const count = 60;
  await append(bookId, clock, ...Array.from({ length: count }, (_, index) => `test.event_${index}`));
  const delivered = () => webhooks.deliveries(db, bookId, { state: 'delivered', limit: 1_000 });
  await until(async () => (await delivered()).length === count, 'all deliveries');
  await replay(db, 'webhooks', bookId, 1n);
  await consumed(bookId);
  await sleep(60);
  assert.equal(requests.length, count);
  assert.equal(new Set(requests.map(({ body }) => JSON.parse(body).type)).size, count);
});

test('a receiver that does not answer holds up nobody else, and its deliveries fail in time', async (t) => {
  const { bookId, clock, webhooks } = await house('silent', { timeout_ms: 300 });
  const { url, requests } = await receiver(t, (response, { path }) => {
    if (path === '/lively') ok(response);
  });
  await db.transaction(async (tx) => {
    await webhooks.subscribe(tx, bookId, { url: `${url}/silent` });
    await webhooks.subscribe(tx, bookId, { url: `${url}/lively` });
  });
  run(t, webhooks, bookId);
  await append(bookId, clock, ...Array.from({ length: 40 }, (_, index) => `test.event_${index}`));
  const lively = () => requests.filter(({ path }) => path === '/lively').length;
  await until(() => lively() === 40, 'all deliveries of the other');
  const silent = requests.filter(({ path }) => path === '/silent').length;
  assert.ok(silent < 40, `${silent} attempts at the silent receiver meanwhile`);
  const failed = async () => (await webhooks.deliveries(db, bookId)).filter((delivery) => delivery.lastError !== null);
  await until(async () => (await failed()).length > 0, 'a failure');
  assert.equal((await failed())[0]?.lastError, 'no answer in time');
});

test('unsubscribing ends the deliveries; finished ones can be forgotten', async (t) => {
  const { bookId, clock, webhooks } = await house('leave');
  const { url } = await receiver(t, ok);
  const { subscription } = await db.transaction((tx) => webhooks.subscribe(tx, bookId, { url }));
  run(t, webhooks, bookId);
  await append(bookId, clock, 'test.one', 'test.two');
  const delivered = () => webhooks.deliveries(db, bookId, { state: 'delivered' });
  await until(async () => (await delivered()).length === 2, 'two deliveries');
  const [newest] = await delivered();
  assert.ok(newest);
  assert.equal((await webhooks.deliveries(db, bookId, { beforeDeliveryId: newest.deliveryId })).length, 1);
  assert.equal(await db.transaction((tx) => webhooks.purge(tx, bookId, clock.now().toString())), 0);
  clock.advance({ hours: 1 });
  assert.equal(await db.transaction((tx) => webhooks.purge(tx, bookId, clock.now().toString())), 2);

  await append(bookId, clock, 'test.three');
  await until(async () => (await delivered()).length === 1, 'the third');
  const leave = () => db.transaction((tx) => webhooks.unsubscribe(tx, bookId, subscription.subscriptionId));
  await leave();
  assert.deepEqual(await webhooks.subscriptions(db, bookId), []);
  assert.deepEqual(await webhooks.deliveries(db, bookId), []);
  await assert.rejects(leave(), { code: 'webhook_subscription_not_found' });
});

test('what cannot be subscribed is refused', async () => {
  const { bookId, webhooks } = await house('refused');
  const subscribe = (url: string, eventTypes: string[] = []) =>
    db.transaction((tx) => webhooks.subscribe(tx, bookId, { url, eventTypes }));
  await assert.rejects(subscribe('ftp://127.0.0.1/'), { code: 'webhook_url_invalid' });
  await assert.rejects(subscribe('https://10.0.0.1/'), { code: 'webhook_address_refused' });
  await assert.rejects(subscribe('http://127.0.0.1/', ['']), { code: 'webhook_event_type_invalid' });
  await assert.rejects(
    db.transaction((tx) => webhooks.subscribe(tx, 999, { url: 'http://127.0.0.1/' })),
    { code: 'book_not_found' },
  );
});
