import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PgBoss } from 'pg-boss';
import { systemClock } from '#kernel/clock';
import { appendEvents, createBook, readEvents } from '#kernel/events';
import { type JobRun, type Jobs, openJobs } from '#kernel/jobs';
import { testDatabase } from '#test/database';
import { constructionSql } from './schema.ts';

const db = await testDatabase({ after });

/** Opened jobs that look often and stop with their test at the latest. */
function open(t: TestContext, options: { work?: boolean } = {}): Jobs {
  const jobs = openJobs({ db, pollInterval_ms: 500, ...options });
  t.after(() => jobs.stop({ timeout_ms: 1_000 }));
  return jobs;
}

async function until(isDone: () => Promise<boolean> | boolean, what: string, limit_ms = 10_000): Promise<void> {
  for (let waited_ms = 0; waited_ms < limit_ms; waited_ms += 20) {
    if (await isDone()) return;
    await sleep(20);
  }
  assert.fail(`not within ${limit_ms} ms: ${what}`);
}

test('the migration is the schema that the installed pg-boss wants', async () => {
  const migration = readFileSync(join(import.meta.dirname, 'migrations/0001-jobs.sql'), 'utf8');
  assert.ok(migration.includes(constructionSql()), 'a new pg-boss needs a migration');
  const boss = new PgBoss({ connectionString: db.connectionString, schema: 'kernel_jobs', migrate: false });
  await boss.start();
  const drift = await boss.detectSchemaDrift();
  await boss.stop({ graceful: false });
  assert.equal(drift.ok, true, JSON.stringify(drift));
});

test('the application role cannot change the schema of the jobs', async () => {
  await assert.rejects(db.query('create table kernel_jobs.other ()'), { code: '42501' });
  await assert.rejects(db.query('alter table kernel_jobs.job add column other int'), { code: '42501' });
  await assert.rejects(db.query('drop table kernel_jobs.queue'), { code: '42501' });
});

test('a job is there if and only if the transaction that wanted it commits', async (t) => {
  const clock = systemClock();
  const { bookId } = await db.transaction((tx) => createBook(tx, { code: 'jobs', name: 'Jobs' }, clock));
  const done: JobRun<{ note: string }>[] = [];
  const jobs = open(t);
  jobs.define<{ note: string }>({
    name: 'transactional',
    async handler(job) {
      done.push(job);
    },
  });
  await jobs.start();
  const undone = new Error('rolled back on purpose');
  async function write(note: string, isUndone: boolean): Promise<string | null> {
    return db.transaction(async (tx) => {
      const id = await jobs.enqueue(tx, 'transactional', { note });
      await appendEvents(tx, bookId, clock, [{ type: 'test.noted', subject: note, payload: {} }]);
      await sleep(700);
      assert.ok(!done.some((job) => job.data.note === note), 'not before the commit');
      if (isUndone) throw undone;
      return id;
    });
  }
  await assert.rejects(write('undone', true), undone);
  const id = await write('kept', false);
  await until(() => done.length === 1, 'the job');
  const [job] = done;
  assert.ok(job && id !== null);
  assert.deepEqual([job.id, job.name, job.data, job.attempt], [id, 'transactional', { note: 'kept' }, 1]);
  assert.deepEqual(
    (await readEvents(db, bookId, 0n, 10)).map((event) => event.subject),
    ['kept'],
  );
  await until(async () => (await jobs.inspect('transactional', id)).state === 'completed', 'its end');
});

test('a failed job is tried again, then waits as failed with its error, and can be retried', async (t) => {
  const attempts: number[] = [];
  let isMended = false;
  const jobs = open(t);
  jobs.define({
    name: 'failing',
    retryLimit: 1,
    retryDelay_seconds: 1,
    async handler({ attempt }) {
      attempts.push(attempt);
      if (!isMended) throw new Error('the other side is down');
    },
  });
  await jobs.start();
  const id = await jobs.enqueue(db, 'failing', {});
  assert.ok(id);
  assert.deepEqual((await jobs.inspect('failing', id)).attempts, 0);
  await until(async () => (await jobs.inspect('failing', id)).state === 'failed', 'the failure');
  const failed = await jobs.inspect('failing', id);
  assert.deepEqual(attempts, [1, 2]);
  assert.equal(failed.attempts, 2);
  assert.match(JSON.stringify(failed.output), /the other side is down/);
  isMended = true;
  await jobs.retry('failing', id);
  await until(async () => (await jobs.inspect('failing', id)).state === 'completed', 'the end');
  await assert.rejects(jobs.retry('failing', id), { code: 'job_not_found' });
  await assert.rejects(jobs.inspect('failing', '00000000-0000-7000-8000-000000000000'), { code: 'job_not_found' });
  await assert.rejects(jobs.enqueue(db, 'nobody', {}), { code: 'job_unknown' });
});

test('a singleton key keeps one job waiting, also for two callers at once; without a key all wait', async (t) => {
  const jobs = open(t, { work: false });
  jobs.define({ name: 'single', handler: async () => {} });
  await jobs.start();
  const keyed = await Promise.all([1, 2, 3].map(() => jobs.enqueue(db, 'single', {}, { singletonKey: 'day' })));
  assert.equal(keyed.filter((id) => id !== null).length, 1);
  assert.ok(await jobs.enqueue(db, 'single', {}, { singletonKey: 'other day' }));
  const free = await Promise.all([1, 2, 3].map(() => jobs.enqueue(db, 'single', {})));
  assert.equal(new Set(free).size, 3);
  assert.ok(!free.includes(null));
});

test('a job waits for its time; counts tell what waits', async (t) => {
  const jobs = open(t);
  let runs = 0;
  jobs.define({
    name: 'later',
    async handler() {
      runs += 1;
    },
  });
  await jobs.start();
  const now = systemClock().now();
  await jobs.enqueue(db, 'later', {}, { runAt: now.add({ hours: 1 }) });
  await jobs.enqueue(db, 'later', {}, { runAt: now.add({ milliseconds: 300 }).toString() });
  await until(() => runs === 1, 'the one that is due');
  const counts = async () => (await jobs.counts()).find((count) => count.name === 'later');
  await until(async () => (await counts())?.deferred === 1, 'the count of the other');
  assert.deepEqual(await counts(), { name: 'later', ready: 0, deferred: 1, active: 0, failed: 0 });
});

test('stopping waits for the job under way, and starts no other', async (t) => {
  const order: string[] = [];
  const jobs = open(t);
  jobs.define({
    name: 'graceful',
    async handler() {
      order.push('begun');
      await sleep(300);
      order.push('done');
    },
  });
  await jobs.start();
  const first = await jobs.enqueue(db, 'graceful', {});
  const second = await jobs.enqueue(db, 'graceful', {});
  assert.ok(first && second);
  await until(() => order.length === 1, 'the start of the first');
  await jobs.stop();
  assert.deepEqual(order, ['begun', 'done']);
  const { rows } = await db.query<{ id: string; state: string }>(
    `select id, state from kernel_jobs.job where name = 'graceful' order by created_on`,
  );
  assert.deepEqual(rows, [
    { id: first, state: 'completed' },
    { id: second, state: 'created' },
  ]);
});

test('a schedule is kept with its time zone, replaced by name and key, and removed', async (t) => {
  const jobs = open(t, { work: false });
  jobs.define({ name: 'nightly', handler: async () => {} });
  await jobs.start();
  const stored = async () => {
    const { rows } = await db.query('select key, cron, timezone, data from kernel_jobs.schedule order by key');
    return rows;
  };
  await jobs.schedule('nightly', '0 1 * * *', 'Asia/Shanghai');
  await jobs.schedule('nightly', '30 1 * * *', 'Asia/Shanghai', { data: { book: 'main' } });
  await jobs.schedule('nightly', '0 2 * * 1', 'UTC', { key: 'weekly' });
  assert.deepEqual(await stored(), [
    { key: '', cron: '30 1 * * *', timezone: 'Asia/Shanghai', data: { book: 'main' } },
    { key: 'weekly', cron: '0 2 * * 1', timezone: 'UTC', data: {} },
  ]);
  await jobs.unschedule('nightly', 'weekly');
  assert.equal((await stored()).length, 1);
  await jobs.unschedule('nightly');
  assert.equal((await stored()).length, 0);
  await assert.rejects(jobs.schedule('nightly', '61 * * * *', 'UTC'), { code: 'job_schedule_invalid' });
  await assert.rejects(jobs.schedule('nightly', '0 1 * * *', 'Asia/Nowhere'), { code: 'job_schedule_invalid' });
  await assert.rejects(jobs.schedule('nobody', '0 1 * * *', 'UTC'), { code: 'job_unknown' });
});

test('a schedule that is due runs its job', async (t) => {
  const runs: object[] = [];
  const scheduler = open(t);
  scheduler.define({
    name: 'minutely',
    async handler({ data }) {
      runs.push(data);
    },
  });
  const setup = open(t, { work: false });
  setup.define({ name: 'minutely', handler: async () => {} });
  await setup.start();
  await setup.schedule('minutely', '* * * * *', 'Asia/Shanghai', { data: { book: 'main' } });
  // Another test may have looked at the schedules within the last half minute; only one look in that time counts.
  await db.query('update kernel_jobs.version set cron_on = null');
  await scheduler.start();
  await until(() => runs.length === 1, 'the run');
  assert.deepEqual(runs, [{ book: 'main' }]);
  await setup.unschedule('minutely');
});

/** A process that takes a job, says so, and never finishes it. */
const endlessWorker = `
  import { openJobs } from ${JSON.stringify(new URL('index.ts', import.meta.url))};
  const jobs = openJobs({ db: { connectionString: process.env.TEST_CONNECTION_STRING }, pollInterval_ms: 500 });
  jobs.define({
    name: 'endless',
    async handler({ id, attempt }) {
      process.stdout.write(JSON.stringify({ id, attempt }));
      await new Promise(() => {});
    },
  });
  await jobs.start();
`;

test('work of a killed process is taken over within 30 seconds', async (t) => {
  const jobs = open(t, { work: false });
  jobs.define({ name: 'endless', handler: async () => {} });
  await jobs.start();
  const id = await jobs.enqueue(db, 'endless', { work: 'to be done' });
  await jobs.stop();

  const child = spawn(process.execPath, ['--input-type=module', '--eval', endlessWorker], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TEST_CONNECTION_STRING: db.connectionString },
  });
  t.after(() => child.kill('SIGKILL'));
  const [output] = await once(child.stdout, 'data');
  assert.deepEqual(JSON.parse(String(output)), { id, attempt: 1 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const killedAt_ms = performance.now();

  const done: JobRun<{ work: string }>[] = [];
  const second = openJobs({ db });
  t.after(() => second.stop({ timeout_ms: 1_000 }));
  second.define<{ work: string }>({
    name: 'endless',
    async handler(job) {
      done.push(job);
    },
  });
  await second.start();
  await until(() => done.length === 1, 'the takeover', 30_000);
  const takeover_ms = performance.now() - killedAt_ms;
  t.diagnostic(`taken over after ${Math.round(takeover_ms)} ms`);
  assert.ok(takeover_ms < 30_000);
  const [job] = done;
  assert.deepEqual([job?.id, job?.data, job?.attempt], [id, { work: 'to be done' }, 2]);
});
