/**
 * `npm run bench process`: how many steps (visits of elements that are over, each a row of history) and timers a second the
 * process engine makes durably, how much 100,000 waiting instances slow it down, and what `bpmn-engine` does in memory.
 * Service tasks call a function that does nothing (`steps_rate`) or writes a row of its own (`steps_rate_writing`); up to 64
 * instances commit together. Everything runs in this one process beside the embedded PostgreSQL. Each result is the best of its rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  complete,
  deploy,
  type Engine,
  listTasks,
  openProcess,
  type ProcessFunction,
  start,
  workUntilIdle,
} from '#engines/process';
import { type ManualClock, manualClock } from '#kernel/clock';
import { type Database, openDatabase } from '#kernel/database';
import { createBook } from '#kernel/events';
import type { BenchOptions, Result } from './lib/contract.ts';
import { runsPerSecond } from './process/elsewhere.ts';
import { CALLS_VISITS, calls, people, timers, waiting } from './process/models.ts';

/** Workers at once: one would leave the other core idle while PostgreSQL commits. */
const WORKERS = 2;
const actor = { id: 'bench' };

interface Bench {
  readonly db: Database;
  readonly clock: ManualClock;
  readonly engine: Engine;
}

export async function run({ log, progress, args }: BenchOptions): Promise<readonly Result[]> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { instances: option, waiting: option, rounds: option, quick: { type: 'boolean' } },
  });
  const quick = values.quick === true;
  const instances = Number(values.instances ?? (quick ? 50 : 1_500));
  const waitingCount = Number(values.waiting ?? (quick ? 500 : 100_000));
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const folder = mkdtempSync(join(tmpdir(), 'longmen-bench-'));
  const db = await openDatabase({
    dataFolder: folder,
    databaseUrl: undefined,
    appDatabaseUrl: undefined,
    databasePool: 12,
  });
  try {
    const bench = await prepared(db);
    const steps: number[] = [];
    const writing: number[] = [];
    const completions: number[] = [];
    const fired: number[] = [];
    const elsewhere: number[] = [];
    const crowded: number[] = [];
    // Once to warm up.
    await stepsPerSecond(bench, instances);
    const total = rounds * 5;
    for (let round = 0; round < rounds; round++) {
      progress(round * 4, total, 'steps');
      steps.push(await stepsPerSecond(bench, instances));
      log(`round ${round + 1}: ${Math.round(steps.at(-1) ?? 0)} steps/s`);
      writing.push(await stepsPerSecond(bench, Math.ceil(instances / 2), true));
      completions.push(await completionsPerSecond(bench, Math.ceil(instances / 3)));
      fired.push(await timersPerSecond(bench, instances * 2));
      const other = await runsPerSecond(Math.ceil(instances / 10));
      if (other !== undefined) elsewhere.push(other * CALLS_VISITS);
    }
    log(`adding ${waitingCount} waiting instances`);
    await addWaiting(bench, waitingCount);
    for (let round = 0; round < rounds; round++) {
      progress(rounds * 4 + round, total, 'steps beside waiting instances');
      crowded.push(await stepsPerSecond(bench, instances));
      log(`beside them: ${Math.round(crowded.at(-1) ?? 0)} steps/s`);
    }
    const [alone, beside] = [Math.max(...steps), Math.max(...crowded)];
    const baseline = elsewhere.length > 0 ? Math.max(...elsewhere) : undefined;
    return [
      {
        name: 'steps_rate',
        value: alone,
        unit: 'steps/s',
        ...(baseline === undefined ? {} : { baseline: 'bpmn_engine_in_memory', ratio: alone / baseline }),
      },
      ...(baseline === undefined ? [] : [{ name: 'bpmn_engine_in_memory', value: baseline, unit: 'steps/s' }]),
      { name: 'steps_rate_writing', value: Math.max(...writing), unit: 'steps/s' },
      { name: 'completions_per_s', value: Math.max(...completions), unit: 'tasks/s' },
      { name: 'timers_per_s', value: Math.max(...fired), unit: 'timers/s' },
      {
        name: 'steps_rate_beside_waiting',
        value: beside,
        unit: 'steps/s',
        baseline: 'steps_rate',
        ratio: beside / alone,
      },
      { name: 'waiting_100k_slowdown', value: alone / beside, unit: 'times' },
    ];
  } finally {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The function of the service tasks; it leaves a row in the step's transaction if it is to. */
const f: ProcessFunction = async (tx, input, call) => {
  if (input.writes !== true) return {};
  await tx.query(
    `insert into process.trail (book_id, trail_id, instance_id, recorded_at, actor, action, detail)
     values (1, gen_random_uuid(), $1, '2026-03-02T00:00:00Z', 'bench', $2, '{}')`,
    [call.instanceId, call.node],
    { prepare: true },
  );
  return {};
};

async function prepared(db: Database): Promise<Bench> {
  const clock = manualClock('2026-03-02T00:00:00Z');
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  const engine = await openProcess({ db, book: 'main', clock, functions: { f } });
  await db.transaction(async (tx) => {
    for (const document of [calls, people, timers, waiting]) await deploy(engine, tx, { document, actor });
  });
  return { db, clock, engine };
}

/** Starts instances, many in a transaction: only what follows is measured. */
async function begin({ db, engine }: Bench, process: string, count: number, writes = false): Promise<void> {
  for (let begun = 0; begun < count; begun += 100) {
    await db.transaction(async (tx) => {
      for (let index = begun; index < Math.min(begun + 100, count); index++) {
        await start(engine, tx, { process, variables: { n: index, id: `${index}`, writes } });
      }
    });
  }
}

async function workAll({ engine }: Bench): Promise<void> {
  await Promise.all(Array.from({ length: WORKERS }, () => workUntilIdle(engine)));
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const started_ms = performance.now();
  await work();
  return (performance.now() - started_ms) / 1000;
}

async function stepsPerSecond(bench: Bench, count: number, writes = false): Promise<number> {
  await begin(bench, 'calls', count, writes);
  const before = await visits(bench.db);
  const taken = await seconds(() => workAll(bench));
  const made = (await visits(bench.db)) - before;
  if (made !== count * (CALLS_VISITS - 1)) throw new Error(`${made} steps were made by ${count} instances`);
  return made / taken;
}

async function visits(db: Database): Promise<number> {
  const { rows } = await db.query<{ count: number }>('select count(*)::integer as count from process.history');
  return rows[0]?.count ?? 0;
}

/** People completing tasks: one transaction each, eight at a time. */
async function completionsPerSecond(bench: Bench, count: number): Promise<number> {
  const { db, engine } = bench;
  await begin(bench, 'people', count);
  const tasks = await listTasks(engine, db, { limit: count });
  const open = [...tasks];
  const taken = await seconds(async () => {
    const person = async () => {
      for (let task = open.pop(); task !== undefined; task = open.pop()) {
        const { taskId } = task;
        await db.transaction((tx) => complete(engine, tx, taskId, { actor }));
      }
    };
    await Promise.all(Array.from({ length: 8 }, person));
  });
  await db.transaction(async (tx) => {
    for (const { taskId } of await listTasks(engine, tx, { limit: count }))
      await complete(engine, tx, taskId, { actor });
  });
  return tasks.length / taken;
}

async function timersPerSecond(bench: Bench, count: number): Promise<number> {
  await begin(bench, 'timers', count);
  bench.clock.advance('PT1H');
  return count / (await seconds(() => workAll(bench)));
}

/** Copies of one waiting instance and all it waits for, made in the database. */
async function addWaiting(bench: Bench, count: number): Promise<void> {
  const { db, engine } = bench;
  const { instanceId } = await db.transaction((tx) =>
    start(engine, tx, { process: 'waiting', variables: { id: 'key' } }),
  );
  const copies = `(select gen_random_uuid() as id, number from generate_series(1, ${count}) as number)`;
  await db.transaction(async (tx) => {
    await tx.query(`create temporary table copy on commit drop as select * from ${copies} as made`);
    await tx.query(
      `insert into process.instance (book_id, instance_id, definition_id, status, started_at, state)
       select i.book_id, c.id, i.definition_id, i.status, i.started_at, i.state from process.instance i, copy c
        where i.instance_id = $1`,
      [instanceId],
    );
    await tx.query(
      `insert into process.work (book_id, instance_id, work_key, kind, token, due_at)
       select w.book_id, c.id, w.work_key, w.kind, w.token, w.due_at + c.number * interval '1 second' from process.work w, copy c
        where w.instance_id = $1`,
      [instanceId],
    );
    await tx.query(
      `insert into process.subscription (book_id, instance_id, wait, type, name, key, keeps, opened_at)
       select s.book_id, c.id, s.wait, s.type, s.name, s.key || c.number, s.keeps, s.opened_at
         from process.subscription s, copy c where s.instance_id = $1`,
      [instanceId],
    );
    await tx.query(
      `insert into process.task (book_id, task_id, instance_id, token, node, name, state, candidate_roles, priority, created_at)
       select t.book_id, gen_random_uuid(), c.id, t.token, t.node, t.name, t.state, t.candidate_roles, t.priority, t.created_at
         from process.task t, copy c where t.instance_id = $1`,
      [instanceId],
    );
  });
}
