/** The engine of the soak: its functions leave traces in the database, each of which must be there exactly once. */

import {
  BusinessError,
  complete,
  type Engine,
  listTasks,
  openProcess,
  type ProcessFunction,
  workUntilIdle,
} from '#engines/process';
import { systemClock } from '#kernel/clock';
import { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';

/** Traces have no unique key, so that a doubled one shows. */
export const traceTable = `
  create schema soak;
  create table soak.trace (book text, instance_id uuid, node text, loop text);
  create table soak.outside (book text, idempotency_key text primary key, node text);
  grant usage on schema soak to longmen_app;
  grant select, insert on soak.trace, soak.outside to longmen_app;`;

export function functionsOf(db: Database, book: string): Record<string, ProcessFunction> {
  const record: ProcessFunction = async (tx, input, call) => {
    await tx.query('insert into soak.trace values ($1, $2, $3, $4)', [
      book,
      call.instanceId,
      call.node,
      String(input.loopCounter ?? ''),
    ]);
    return {};
  };
  return {
    record,
    flaky: (tx, input, call) => {
      if (call.attempt === 1) throw new Error('the first attempt fails');
      return record(tx, input, call);
    },
    refuse: async (tx, input, call) => {
      await record(tx, input, call);
      throw new BusinessError('E1');
    },
    count: async (tx, input, call) => {
      await record(tx, input, call);
      return { times: Number(input.times ?? 0) + 1 };
    },
    outside: {
      external: async (_input, call) => {
        await db.query('insert into soak.outside values ($1, $2, $3) on conflict do nothing', [
          book,
          call.idempotencyKey,
          call.node,
        ]);
        return { seen: true };
      },
    },
  };
}

export async function openWorkshop(config: DatabaseConfig, book: string): Promise<Engine> {
  const db = await openDatabase(config, { migrate: false });
  return engineOn(db, book);
}

export function engineOn(db: Database, book: string): Promise<Engine> {
  const log = { warn: (fields: object) => process.stderr.write(`${JSON.stringify(fields)}\n`) };
  return openProcess({ db, book, clock: systemClock(), functions: functionsOf(db, book), log });
}

const person = { id: 'person' };

/** What people do: they complete every task but those whose id begins with `never`. */
export async function people(engine: Engine, onBoundary: () => void): Promise<void> {
  const tasks = await listTasks(engine, engine.db, { limit: 10_000 });
  for (const { taskId, node } of tasks) {
    if (node.startsWith('never')) continue;
    await engine.db
      .transaction(async (tx) => {
        onBoundary();
        await complete(engine, tx, taskId, { actor: person });
        onBoundary();
      })
      .catch((error: { code?: string }) => {
        if (error.code !== 'process_task_closed' && error.code !== 'process_instance_ended') throw error;
      });
    onBoundary();
  }
}

/** One round of everything there is to do. */
export async function work(engine: Engine, onBoundary: () => void = () => undefined): Promise<void> {
  await workUntilIdle(engine, { batch: 4, onBoundary });
  await people(engine, onBoundary);
}
