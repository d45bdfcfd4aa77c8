/** The server that is measured: `longmen start` as a process of its own, on a fresh data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../src/kernel/database/embedded/postmaster.ts';
import { useEmbeddedServer } from '../../src/kernel/database/embedded/server.ts';
import { HOST, type Target } from './requests.ts';

export interface MeasuredServer {
  readonly target: Target;
  /** Logs in to the server's PostgreSQL as its owner role. */
  readonly databaseUrl: string;
  /** Runs `longmen verify --json` beside the server. `postings` are those of all its books. */
  verify(): Promise<{ readonly ok: boolean; readonly postings: number; readonly report: string }>;
  /** Resolves when every posting of the book `main` is a leaf of its evidence log. */
  evidenceDrained(): Promise<void>;
  /** Stops server and PostgreSQL, and removes the data folder. */
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, '../../bin/longmen.js');
const START_TIMEOUT_MS = 120_000;
/** `f_type` of a file system in memory, where a file that is synced is not safe. */
const TMPFS = 0x01021994;

/**
 * Starts the server with its defaults but for `settings`, on a free port, below the folder `place` (default: that of the system for
 * temporary files).
 * @throws Error when it does not start, or when its PostgreSQL or its disk would not make a commit durable.
 */
export async function startServer(place = tmpdir(), settings: Record<string, string> = {}): Promise<MeasuredServer> {
  if (process.platform === 'linux' && statfsSync(place).type === TMPFS) {
    throw new Error(`${place} is in memory, so nothing there is durable; name a folder on a disk with --folder`);
  }
  const data = mkdtempSync(join(place, 'longmen-bench-'));
  const port = await freePort(undefined);
  const log = join(data, 'server.log');
  const output = openSync(log, 'a');
  const child = longmen(['start', '--data', data], ['ignore', output, output], {
    ...settings,
    LONGMEN_PORT: String(port),
  });
  closeSync(output);
  const ended = endOf(child);
  const stopServer = async () => {
    child.kill();
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await ready(child, port, log);
    const database = await useEmbeddedServer(data);
    try {
      await checkDurable(database.ownerUrl);
    } catch (error) {
      await database.release();
      throw error;
    }
    return {
      target: { port, token: readFileSync(join(data, 'token'), 'utf8').trim() },
      databaseUrl: database.ownerUrl,
      verify: () => verify(data),
      evidenceDrained: () => evidenceDrained(database.ownerUrl),
      async stop() {
        await database.release();
        await stopServer();
      },
    };
  } catch (error) {
    await stopServer();
    throw error;
  }
}

/** Runs the program with no settings but those given: the defaults are what is measured. */
function longmen(
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | number)[],
  settings: Record<string, string> = {},
): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !/^(LONGMEN_|DATABASE_URL$)/.test(name));
  return spawn(process.execPath, [program, ...args], { stdio, env: { ...Object.fromEntries(kept), ...settings } });
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('exit', (code) => done(code)).once('error', () => done(null)));
}

async function ready(child: ChildProcess, port: number, log: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const answer = await fetch(`http://${HOST}:${port}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(100);
  }
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
  throw new Error(`the server did not become ready; the end of its log:\n${tail}`);
}

async function checkDurable(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')",
  );
  await client.end();
  const off = rows.filter(({ setting }) => setting !== 'on').map(({ name }) => name);
  if (rows.length !== 3 || off.length > 0) throw new Error(`PostgreSQL is not durable: ${off.join(', ')} not on`);
}

async function evidenceDrained(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ behind: string }>(
        `select coalesce((select max(sequence) from ledger.journal_end), 0) - coalesce((select max(size) from evidence.log), 0)
           as behind`,
      );
      if (Number(rows[0]?.behind) === 0) return;
      await sleep(20);
    }
  } finally {
    await client.end();
  }
}

async function verify(data: string): ReturnType<MeasuredServer['verify']> {
  const child = longmen(['verify', '--json', '--data', data], ['ignore', 'pipe', 2]);
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
  const drained = new Promise((done) => child.stdout?.once('end', done));
  const code = await endOf(child);
  await drained;
  const report = Buffer.concat(pieces).toString();
  const { ok, books } = JSON.parse(report) as { ok?: boolean; books?: { book: string; postings: number | string }[] };
  const postings = (books ?? []).reduce((sum, book) => sum + Number(book.postings), 0);
  return { ok: code === 0 && ok === true, postings, report };
}
