/**
 * `npm run soak process`: workers are killed with `kill -9` at random step boundaries (after instances were taken, after
 * steps were made, after they were written, after they were committed, after an outside call was made, around what people
 * do) while they work on processes of every kind of element. There must be as many instances as without a kill, and each
 * must end as one that nobody disturbed: the same visits, variables and traces of functions; nothing lost, nothing
 * doubled. Options: `--rounds` kills (default 200).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deploy, deployDecisions, type Engine, readProcesses, start } from '#engines/process';
import { systemClock } from '#kernel/clock';
import { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';
import { createBook } from '#kernel/events';
import { everyKind, kindsOf } from '#test/bpmn-kinds';
import { useEmbeddedServer } from '../src/kernel/database/embedded/server.ts';
import { connect } from '../src/kernel/database/pool.ts';
import type { Soak, SoakReport } from './lib/contract.ts';
import { seededRandom } from './lib/random.ts';
import { decisions, documents, started } from './process/models.ts';
import { numbered } from './process/starting.ts';
import { engineOn, traceTable, work } from './process/workshop.ts';

const FULL_KILLS = 200;
/** Boundaries a worker lives at most. */
const LONGEST_LIFE = 40;
const PATIENCE_MS = 20_000;
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
  await workUntilEnded(calm);
  const calmLeft = await unended(calm);
  log('the undisturbed instances have ended');
  const random = seededRandom(seed);
  let rounds = 0;
  let atBoundaries = 0;
  let kill = 0;
  // One that died elsewhere, as the machine was too busy, does not count.
  for (; atBoundaries < kills && kill < 2 * kills; kill++) {
    progress(atBoundaries, kills, 'kills');
    if (kill % 2 === 0 || (await unended(rough)) === 0) await begin(rough, rounds++);
    if (await workerUntilDeath(config, random.integer(1, LONGEST_LIFE))) atBoundaries++;
  }
  log('the last worker was killed');
  await workUntilEnded(rough);
  const expected = await endsOf(db, calm.bookId);
  const found = await endsOf(db, rough.bookId);
  const differences = differencesOf(expected, found, rounds);
  const left = await db.query('select from process.work where book_id = $1', [rough.bookId]);
  const missing = kindsMissing();
  return {
    name: 'process',
    passed:
      differences.length === 0 &&
      left.rows.length === 0 &&
      missing.length === 0 &&
      calmLeft === 0 &&
      atBoundaries >= kills,
    details: {
      kills: kill,
      kills_at_boundaries: atBoundaries,
      kinds_of_elements: everyKind.length,
      kinds_missing: missing,
      unended_undisturbed: calmLeft,
      instances: [...found.values()].reduce((sum, count) => sum + count, 0),
      instances_expected: rounds * [...expected.values()].reduce((sum, count) => sum + count, 0),
      element_visits: await visits(db, rough.bookId),
      unended: await unended(rough),
      work_left: left.rows.length,
      differences: differences.slice(0, 5),
    },
  };
}

/** What ended otherwise, or not as often, as in as many undisturbed rounds. */
function differencesOf(
  expected: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
  rounds: number,
): string[] {
  const ends = new Set([...expected.keys(), ...found.keys()]);
  return [...ends].flatMap((end) => {
    const [wanted, seen] = [(expected.get(end) ?? 0) * rounds, found.get(end) ?? 0];
    return wanted === seen ? [] : [`${seen} instead of ${wanted}: ${end}`];
  });
}

/** Kinds that no process uses, or that are not in the list. */
function kindsMissing(): string[] {
  const used = [...documents, ...numbered(0)].flatMap((document) =>
    readProcesses(document).processes.flatMap((process) => [...kindsOf(process)]),
  );
  const all = new Set([...used, ...everyKind]);
  return [...all].filter((kind) => !(used.includes(kind) && everyKind.includes(kind)));
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

/** One round: deploys the processes that are its own, and starts one instance of each that is started. */
async function begin(engine: Engine, round: number): Promise<void> {
  await engine.db.transaction(async (tx) => {
    for (const document of numbered(round)) await deploy(engine, tx, { document, actor });
  });
  for (const process of [...started, `ringing-${round}`]) {
    const id = `${engine.book}-${process}-${round}`;
    await engine.db.transaction((tx) =>
      start(engine, tx, { process, businessKey: id, variables: { n: 7, id }, actor }),
    );
  }
}

/** Instances that have not ended, and start timers still to fire. */
async function unended({ db, bookId }: Engine): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select (select count(*) from process.instance where book_id = $1 and ended_at is null)::integer
          + (select count(*) from process.start_event where book_id = $1 and due_at < 'infinity')::integer as count`,
    [bookId],
  );
  return rows[0]?.count ?? 0;
}

async function workUntilEnded(engine: Engine): Promise<void> {
  const deadline_ms = performance.now() + END_TIMEOUT_MS;
  while ((await unended(engine)) > 0 && performance.now() < deadline_ms) {
    await work(engine);
    await sleep(50);
  }
}

async function visits(db: Database, bookId: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::integer as count from process.history where book_id = $1',
    [bookId],
  );
  return rows[0]?.count ?? 0;
}

/**
 * How instances ended, and how many ended so: process, status, visits, variables and traces, in an order that does not
 * depend on timing.
 */
async function endsOf(db: Database, bookId: number): Promise<Map<string, number>> {
  const { rows } = await db.query<{ end: string; count: number }>(
    `with ended as (
       select concat_ws(' | ', regexp_replace(d.key, '-[0-9]+$', ''), i.status,
              (select string_agg(h.node || ':' || h.outcome, ' ' order by h.node, h.outcome) from process.history h
                where h.book_id = i.book_id and h.instance_id = i.instance_id),
              (select ((v -> 'variables') - 'id'::text)::text from jsonb_array_elements(i.state -> 'scopes') v
                where v -> 'parent' = 'null'),
              (select string_agg(t.node || t.loop, ' ' order by t.node, t.loop) from soak.trace t
                where t.instance_id = i.instance_id),
              (select count(*) from soak.outside o where o.idempotency_key like i.instance_id || ':%')) as end
         from process.instance i
         join process.definition d on d.book_id = i.book_id and d.definition_id = i.definition_id
        where i.book_id = $1)
     select "end", count(*)::integer as count from ended group by "end"`,
    [bookId],
  );
  return new Map(rows.map(({ end, count }) => [end, count]));
}

/** True: it died at a step boundary. False: it found too little to do, and was killed where it was. */
async function workerUntilDeath(config: DatabaseConfig, life: number): Promise<boolean> {
  const program = join(import.meta.dirname, 'process/worker.ts');
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(config), 'rough', String(life)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const died = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let atBoundary = true;
  const patience = setTimeout(() => {
    atBoundary = false;
    child.kill('SIGKILL');
  }, PATIENCE_MS);
  await died;
  clearTimeout(patience);
  return atBoundary;
}
