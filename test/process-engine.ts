/** A process engine on a test database, with functions that can be told what to do, for the tests of the engine. */
import assert from 'node:assert/strict';
import {
  deploy,
  type Engine,
  listTasks,
  openProcess,
  type ProcessFunction,
  readHistory,
  readInstance,
  start,
} from '#engines/process';
import { type ManualClock, manualClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { bpmn } from '#test/bpmn';
import { type Cleanup, type TestDatabase, testDatabase } from '#test/database';

export interface FunctionCall {
  readonly name: string;
  readonly key: string;
  readonly input: unknown;
  readonly attempt: number;
}

export const actor = { id: 'anna', roles: ['clerk'] };
/** Start and end event of most models. */
export const s = '<startEvent id="s"/>';
export const e = '<endEvent id="e"/>';

export interface EngineFixture {
  readonly db: TestDatabase;
  readonly clock: ManualClock;
  readonly engine: Engine;
  readonly calls: FunctionCall[];
  /** What `flaky` and `outside` do at their next calls. */
  readonly script: (() => unknown)[];
  /** What the engine itself could not do; nothing should be among it. */
  readonly failures: object[];
  /** Deploys a process of its own name and gives that. */
  deployed(body: string, roots?: string): Promise<string>;
  begin(process: string, variables?: Record<string, unknown>): ReturnType<typeof start>;
  /** Visits that are over, cancelled ones with `!`. */
  nodes(instanceId: string): Promise<string>;
  view(instanceId: string): ReturnType<typeof readInstance>;
  onlyTask(instanceId: string): Promise<string>;
}

export async function engineFixture(t: Cleanup): Promise<EngineFixture> {
  const db = await testDatabase(t);
  const clock = manualClock('2026-01-05T01:00:00Z');
  const calls: FunctionCall[] = [];
  const script: (() => unknown)[] = [];
  const failures: object[] = [];
  let serial = 0;
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  await db.admin.query('create schema shop');
  await db.admin.query('create table shop.row (text text)');
  await db.admin.query('grant usage on schema shop to longmen_app');
  await db.admin.query('grant select, insert on shop.row to longmen_app');
  const functions: Record<string, ProcessFunction> = {
    note: (_tx, input, call) => {
      calls.push({ name: 'note', key: call.idempotencyKey, input, attempt: call.attempt });
      return { noted: input.x ?? null };
    },
    flaky: (_tx, input, call) => {
      calls.push({ name: 'flaky', key: call.idempotencyKey, input, attempt: call.attempt });
      return script.shift()?.();
    },
    write: async (tx, input) => {
      await tx.query('insert into shop.row (text) values ($1)', [String(input.text)]);
      if (input.fail === true) throw new Error('after writing');
      return {};
    },
    outside: {
      external: async (input, call) => {
        calls.push({ name: 'outside', key: call.idempotencyKey, input, attempt: call.attempt });
        return script.shift()?.() ?? { answered: true };
      },
    },
  };
  const log = { warn: (fields: object) => void failures.push(fields) };
  const engine = await openProcess({ db, book: 'main', clock, timeZone: 'Asia/Shanghai', functions, log });
  return {
    db,
    clock,
    engine,
    calls,
    script,
    failures,
    async deployed(body, roots = '') {
      const id = `p${++serial}`;
      await db.transaction((tx) => deploy(engine, tx, { document: bpmn(body, roots, id), actor }));
      return id;
    },
    begin: (process, variables = {}) => db.transaction((tx) => start(engine, tx, { process, variables })),
    async nodes(instanceId) {
      const rows = await readHistory(engine, db, instanceId);
      return rows.map((row) => `${row.node}${row.outcome === 'cancelled' ? '!' : ''}`).join(' ');
    },
    view: (instanceId) => readInstance(engine, db, instanceId),
    async onlyTask(instanceId) {
      const tasks = await listTasks(engine, db, { instanceId });
      assert.equal(tasks.length, 1);
      return tasks[0]?.taskId ?? '';
    },
  };
}
