import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#kernel/clock';
import type { Transaction } from '#kernel/database';
import {
  appendEvents,
  type ConsumerOptions,
  type ConsumerStatus,
  createBook,
  type EventRecord,
  listConsumers,
  replay,
  resumeConsumer,
  runConsumer,
  wakeConsumers,
} from '#kernel/events';
import { testDatabase } from '#test/database';

const db = await testDatabase({ after });
const clock = systemClock();

async function bookWith(code: string, count: number): Promise<number> {
  const { bookId } = await db.transaction((tx) => createBook(tx, { code, name: code }, clock));
  if (count > 0) await append(bookId, 1, count);
  return bookId;
}

/** Appends events with the subjects `from` to `to`; the odd ones have type `test.odd`, the others `test.even`. */
async function append(bookId: number, from: number, to: number): Promise<void> {
  const events = Array.from({ length: to - from + 1 }, (_, index) => ({
    type: (from + index) % 2 === 1 ? 'test.odd' : 'test.even',
    subject: String(from + index),
    payload: {},
  }));
  await db.transaction((tx) => appendEvents(tx, bookId, clock, events));
  wakeConsumers(bookId);
}

/**
 * A handler with an effect that commits or rolls back with the batch and is never idempotent: it publishes each event
 * again in the book `target`. The application role may create no table for a test, and the log is one.
 */
function copyTo(target: number): (tx: Transaction, events: readonly EventRecord[]) => Promise<void> {
  return async (tx, events) => {
    const copies = events.map(({ type, subject }) => ({ type, subject, payload: {} }));
    await appendEvents(tx, target, clock, copies);
  };
}

async function subjectsOf(bookId: number): Promise<number[]> {
  const { rows } = await db.query<{ subject: string }>(
    'select subject from kernel.event where book_id = $1 order by position',
    [bookId],
  );
  return rows.map((row) => Number(row.subject));
}

/** The checkpoint of a consumer; waits for a consumer that has just been started to make it. */
async function statusOf(name: string): Promise<ConsumerStatus> {
  for (let look = 0; look < 1_000; look += 1) {
    const status = (await listConsumers(db)).find((consumer) => consumer.consumer === name);
    if (status) return status;
    await sleep(10);
  }
  assert.fail(`consumer ${name} has no checkpoint`);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Waits until `isDone`, at most 10 seconds. */
async function until(isDone: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let look = 0; look < 1_000; look += 1) {
    if (await isDone()) return;
    await sleep(10);
  }
  assert.fail(`not within 10 s: ${what}`);
}

/** Starts a consumer that stops with its test at the latest. */
function start(t: TestContext, options: Omit<ConsumerOptions, 'db' | 'signal'>): { stop: () => Promise<void> } {
  const controller = new AbortController();
  const running = runConsumer({ retryDelay_ms: 5, ...options, db, signal: controller.signal });
  async function stop(): Promise<void> {
    controller.abort();
    await running;
  }
  t.after(stop);
  return { stop };
}

test('a consumer handles what is there and what comes, in order, once', async (t) => {
  const bookId = await bookWith('plain', 25);
  const target = await bookWith('plain-copy', 0);
  const consumer = start(t, { name: 'plain', bookId, batchSize: 10, handle: copyTo(target) });
  await until(async () => (await statusOf('plain')).position === 25n, 'the first 25');
  await append(bookId, 26, 40);
  await until(async () => (await statusOf('plain')).position === 40n, 'the next 15');
  await consumer.stop();
  assert.deepEqual(await subjectsOf(target), numbers(1, 40));

  await append(bookId, 41, 45);
  const again = start(t, { name: 'plain', bookId, handle: copyTo(target) });
  await until(async () => (await statusOf('plain')).position === 45n, 'the rest after a restart');
  await again.stop();
  assert.deepEqual(await subjectsOf(target), numbers(1, 45));
  assert.equal((await statusOf('plain')).head, 45n);
});

test('a consumer of one type gets only that, and its checkpoint moves past the others', async (t) => {
  const bookId = await bookWith('typed', 30);
  const target = await bookWith('typed-copy', 0);
  const consumer = start(t, { name: 'typed', bookId, types: ['test.even'], batchSize: 7, handle: copyTo(target) });
  await until(async () => (await statusOf('typed')).position === 30n, 'all 30');
  await consumer.stop();
  assert.deepEqual(
    await subjectsOf(target),
    numbers(1, 30).filter((number) => number % 2 === 0),
  );
});

test('a consumer killed in the middle of a batch does exactly that batch again', async (t) => {
  const bookId = await bookWith('killed', 30);
  const target = await bookWith('killed-copy', 0);
  const handle = copyTo(target);
  let batches = 0;
  const consumer = start(t, {
    name: 'killed',
    bookId,
    batchSize: 10,
    async handle(tx, events) {
      batches += 1;
      await handle(tx, events);
      if (batches === 2) {
        // What the server does when a process dies: its connection ends and its transaction is rolled back.
        const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
        const terminated = await db.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        assert.equal(terminated.rowCount, 1);
      }
    },
  });
  await until(async () => (await statusOf('killed')).position === 30n, 'all 30');
  await consumer.stop();
  assert.equal(batches, 4, 'the second batch was handled twice');
  assert.deepEqual(await subjectsOf(target), numbers(1, 30), 'and took effect once');
  assert.equal((await statusOf('killed')).failureCount, 0, 'a lost connection is not held against the event');
});

test('two runners of one consumer never both handle an event', async (t) => {
  const bookId = await bookWith('twice', 200);
  const target = await bookWith('twice-copy', 0);
  const handle = copyTo(target);
  let handling = 0;
  const handled = [0, 0];
  const runners = [0, 1].map((runner) =>
    start(t, {
      name: 'twice',
      bookId,
      batchSize: 5,
      async handle(tx, events) {
        handling += 1;
        assert.equal(handling, 1, 'only one handles at a time');
        handled[runner] = (handled[runner] ?? 0) + events.length;
        await handle(tx, events);
        await sleep(1);
        handling -= 1;
      },
    }),
  );
  await until(async () => (await statusOf('twice')).position >= 100n, 'half of it');
  await runners[0]?.stop();
  await until(async () => (await statusOf('twice')).position === 200n, 'the other takes over');
  await runners[1]?.stop();
  assert.deepEqual(await subjectsOf(target), numbers(1, 200));
  assert.equal((handled[0] ?? 0) + (handled[1] ?? 0), 200);
  assert.ok((handled[1] ?? 0) > 0);
});

test('a failure that passes is retried; nothing is skipped or done twice', async (t) => {
  const bookId = await bookWith('flaky', 20);
  const target = await bookWith('flaky-copy', 0);
  const handle = copyTo(target);
  let calls = 0;
  const consumer = start(t, {
    name: 'flaky',
    bookId,
    batchSize: 6,
    async handle(tx, events) {
      calls += 1;
      await handle(tx, events);
      if (calls % 2 === 0) throw new Error('every second call fails');
    },
  });
  await until(async () => (await statusOf('flaky')).position === 20n, 'all 20');
  await consumer.stop();
  assert.deepEqual(await subjectsOf(target), numbers(1, 20));
});

test('an event that cannot be handled stops its consumer there, visibly, until it is resumed', async (t) => {
  const bookId = await bookWith('poisoned', 20);
  const target = await bookWith('poisoned-copy', 0);
  const handle = copyTo(target);
  let isPoisoned = true;
  const consumer = start(t, {
    name: 'poisoned',
    bookId,
    maximumFailures: 3,
    async handle(tx, events) {
      if (isPoisoned && events.some((event) => event.subject === '8')) throw new TypeError('cannot handle eight');
      await handle(tx, events);
    },
  });
  await until(async () => (await statusOf('poisoned')).state === 'failed', 'the failure');
  const failed = await statusOf('poisoned');
  assert.equal(failed.position, 7n);
  assert.equal(failed.failureCount, 3);
  assert.equal(failed.error, 'TypeError: cannot handle eight');
  assert.deepEqual(await subjectsOf(target), numbers(1, 7), 'what came before it was handled');

  isPoisoned = false;
  await resumeConsumer(db, 'poisoned', bookId);
  await until(async () => (await statusOf('poisoned')).position === 20n, 'the rest');
  await consumer.stop();
  const resumed = await statusOf('poisoned');
  assert.deepEqual([resumed.state, resumed.failureCount, resumed.error], ['running', 0, null]);
  assert.deepEqual(await subjectsOf(target), numbers(1, 20));
  await assert.rejects(resumeConsumer(db, 'nobody', bookId), { code: 'consumer_not_found' });
});

test('a replay handles the log again from a position', async (t) => {
  const bookId = await bookWith('replayed', 10);
  const target = await bookWith('replayed-copy', 0);
  const consumer = start(t, { name: 'replayed', bookId, handle: copyTo(target) });
  await until(async () => (await statusOf('replayed')).position === 10n, 'all 10');
  await replay(db, 'replayed', bookId, 8n);
  await until(async () => (await subjectsOf(target)).length === 13, 'three again');
  await consumer.stop();
  assert.deepEqual(await subjectsOf(target), [...numbers(1, 10), 8, 9, 10]);
  for (const position of [0n, 12n]) {
    await assert.rejects(replay(db, 'replayed', bookId, position), { code: 'replay_position_invalid' });
  }
  await assert.rejects(replay(db, 'nobody', bookId, 1n), { code: 'consumer_not_found' });
});

test('an event that comes during a batch is handled after it, and an idle consumer is woken at once', async (t) => {
  const bookId = await bookWith('woken', 1);
  const seen: string[] = [];
  const consumer = start(t, {
    name: 'woken',
    bookId,
    idleDelay_ms: 60_000,
    async handle(_tx, events) {
      seen.push(...events.map((event) => event.subject));
      // Committed by another writer while this batch is still under way.
      if (events[0]?.subject === '1') await append(bookId, 2, 2);
    },
  });
  await until(() => seen.length === 2, 'the event that came meanwhile');
  // By now the pauses have grown far beyond the time this test waits.
  await sleep(700);
  await append(bookId, 3, 3);
  await until(() => seen.length === 3, 'the event that woke it');
  await consumer.stop();
  assert.deepEqual(seen, ['1', '2', '3']);
});
