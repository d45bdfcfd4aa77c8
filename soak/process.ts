/**
 * `npm run soak process`: workers are killed with `kill -9` at random step boundaries (after instances were taken, after
 * steps were made, after they were written, after they were committed, after an outside call was made) while they work on
 * processes of every kind of element. Each instance must end as one that nobody disturbed: the same visits, variables
 * and traces of functions; nothing lost, nothing doubled. Options: `--rounds` kills (default 200).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deploy, deployDecisions, type Engine, start } from '#engines/process';
import { systemClock } from '#kernel/clock';
import { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';
import { createBook } from '#kernel/events';
import { useEmbeddedServer } from '../src/kernel/database/embedded/server.ts';
import { connect } from '../src/kernel/database/pool.ts';
import type { Soak, SoakReport } from './lib/contract.ts';
import { decisions, documents, started } from './process/models.ts';
import { engineOn, traceTable, work } from './process/workshop.ts';

const FULL_KILLS = 200;
/** Boundaries a worker lives at most. */
const LONGEST_LIFE = 40;
const END_TIMEOUT_MS = 120_000;
const actor = { id: 'soak' };

export const run: Soak = async ({ rounds = FULL_KILLS, seed, log, progress }) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-soak-'));
  const config: DatabaseConfig = {
    dataFolder: folder,
    databaseUrl: undefined,
    appDatabaseUrl: undefined,
    databasePool: 4,
  };
  const db = await openDatabase(config);
  try {
    const server = await useEmbeddedServer(folder);
    const owner = await connect(server.ownerUrl);
    await owner.query(traceTable);
    await owner.end();
    await server.release();
    return await soakOn(db, config, rounds, seed, log, progress);
  } finally {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The soak on a database that has the trace tables; also for the short form in the tests. */
export async function soakOn(
  db: Database,
  config: DatabaseConfig,
  kills: number,
  seed: number,
  log: (text: string) => void,
  progress: (done: number, total: number, what?: string) => void,
): Promise<SoakReport> {
  const calm = await prepared(db, 'calm');
  const rough = await prepared(db, 'rough');
  await begin(calm, 0);
  while ((await unended(calm)) > 0) {
    await work(calm);
    await sleep(20);
  }
  log('the undisturbed instances have ended');
  const random = randomFrom(seed);
  let instances = 0;
  for (let kill = 0; kill < kills; kill++) {
    progress(kill, kills, 'kills');
    if (kill % 2 === 0 || (await unended(rough)) === 0) instances += await begin(rough, kill);
    await workerUntilDeath(config, 1 + Math.floor(random() * LONGEST_LIFE));
  }
  const deadline_ms = performance.now() + END_TIMEOUT_MS;
  while ((await unended(rough)) > 0 && performance.now() < deadline_ms) {
    await work(rough);
    await sleep(50);
  }
  const expected = await endsOf(db, calm.bookId, 'calm');
  const found = await endsOf(db, rough.bookId, 'rough');
  const differences: string[] = [];
  for (const { process, end } of found) {
    const wanted = expected.find((one) => one.process === process)?.end;
    if (end !== wanted) differences.push(`${process}: ${end} instead of ${wanted}`);
  }
  const left = await db.query('select from process.work where book_id = $1', [rough.bookId]);
  const passed = differences.length === 0 && found.length >= instances && left.rows.length === 0;
  return {
    name: 'process',
    passed,
    details: {
      kills,
      instances: found.length,
      element_visits: await visits(db, rough.bookId),
      unended: await unended(rough),
      work_left: left.rows.length,
      differences: differences.slice(0, 5),
    },
  };
}

async function prepared(db: Database, book: string): Promise<Engine> {
  await db.transaction((tx) => createBook(tx, { code: book, name: book }, systemClock()));
  const engine = await engineOn(db, book);
  await db.transaction(async (tx) => {
    await deployDecisions(engine, tx, { document: decisions, actor });
    for (const document of documents) await deploy(engine, tx, { document, actor });
  });
  return engine;
}

async function begin(engine: Engine, number: number): Promise<number> {
  for (const process of started) {
    const id = `${engine.book}-${process}-${number}`;
    const variables = { n: 7, id };
    await engine.db.transaction((tx) => start(engine, tx, { process, businessKey: id, variables }));
  }
  return started.length;
}

async function unended({ db, bookId }: Engine): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::integer as count from process.instance where book_id = $1 and ended_at is null',
    [bookId],
  );
  return rows[0]?.count ?? 0;
}

async function visits(db: Database, bookId: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::integer as count from process.history where book_id = $1',
    [bookId],
  );
  return rows[0]?.count ?? 0;
}

/** How each instance ended: status, visits, variables and traces, in an order that does not depend on timing. */
async function endsOf(db: Database, bookId: number, book: string): Promise<{ process: string; end: string }[]> {
  const { rows } = await db.query<{ process: string; end: string }>(
    `select d.key as process, concat_ws(' | ', i.status,
            (select string_agg(h.node || ':' || h.outcome, ' ' order by h.node, h.outcome) from process.history h
              where h.book_id = i.book_id and h.instance_id = i.instance_id),
            (select ((v -> 'variables') - 'id'::text)::text from jsonb_array_elements(i.state -> 'scopes') v
              where v -> 'parent' = 'null'),
            case when i.parent_id is null then
              (select string_agg(t.node || t.loop, ' ' order by t.node, t.loop) from soak.trace t
                where t.book = $2 and t.business_key = i.business_key) end,
            (select count(*) from soak.outside o where o.book = $2 and o.idempotency_key like i.instance_id || ':%')) as end
       from process.instance i
       join process.definition d on d.book_id = i.book_id and d.definition_id = i.definition_id
      where i.book_id = $1`,
    [bookId, book],
  );
  return rows;
}

async function workerUntilDeath(config: DatabaseConfig, life: number): Promise<void> {
  const program = join(import.meta.dirname, 'process/worker.ts');
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(config), 'rough', String(life)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const died = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A worker that has nothing left to do is killed where it is.
  const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await died;
  clearTimeout(patience);
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
