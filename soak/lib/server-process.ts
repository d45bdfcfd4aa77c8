/** `longmen start` as a process of its own, to be killed; and the PostgreSQL it started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../scripts/runner.ts';
import { isPostmaster, readPostmaster } from '../../src/kernel/database/embedded/postmaster.ts';

export interface ServerOptions {
  readonly dataFolder: string;
  /** Environment variables on top of the defaults; nothing of Longmen is inherited. */
  readonly settings?: Readonly<Record<string, string>>;
  /** When it takes longer the server counts as not starting. */
  readonly timeoutMs?: number;
}

export interface ServerProcess {
  /** The address, once the server is ready. Rejects when it ends before. */
  readonly ready: Promise<string>;
  /** Kills it at once, as a power failure would; resolves when it is gone. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

const program = join(root, 'bin/longmen.js');
const defaultTimeoutMs = 120_000;

/** Starts a server on a free port. */
export function startServer(options: ServerOptions): ServerProcess {
  const { dataFolder, settings = {}, timeoutMs = defaultTimeoutMs } = options;
  const child = longmen(['start', '--json', '--data', dataFolder], { LONGMEN_PORT: '0', ...settings }, dataFolder);
  const ended = endOf(child);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  const ready = (async () => {
    const late = sleep(timeoutMs, undefined, { ref: false });
    const url = await Promise.race([readyUrl(child), ended.then(() => undefined), late]);
    if (url !== undefined) return url;
    await end('SIGKILL');
    throw new Error(`the server did not become ready; the end of its log:\n${tail(join(dataFolder, 'soak.log'))}`);
  })();
  // Whoever kills it while it starts does not wait for it.
  ready.catch(() => undefined);
  return { ready, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** The first machine token of a data folder. */
export function readToken(dataFolder: string): string {
  return readFileSync(join(dataFolder, 'token'), 'utf8').trim();
}

/** What `longmen verify --json` says beside whatever runs. */
export async function verifyBooks(
  dataFolder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<object> {
  const child = longmen(['verify', '--json', '--data', dataFolder], settings, dataFolder);
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
  const closed = new Promise((done) => child.once('close', done));
  const code = await endOf(child);
  await closed;
  const text = Buffer.concat(pieces).toString();
  return { ...(text === '' ? {} : (JSON.parse(text) as object)), exit_code: code };
}

/** Kills the PostgreSQL server of a data folder at once, with or without its children; false when none runs. */
export function killPostgres(dataFolder: string, withChildren: boolean): boolean {
  const files = join(dataFolder, 'postgres');
  const postmaster = readPostmaster(files);
  if (postmaster === undefined || !isPostmaster(postmaster.pid, files)) return false;
  const children = withChildren ? childrenOf(postmaster.pid) : [];
  for (const pid of [postmaster.pid, ...children]) kill(pid);
  return true;
}

/** The number of the process that serves the database of a data folder. */
export function postgresPid(dataFolder: string): number | undefined {
  return readPostmaster(join(dataFolder, 'postgres'))?.pid;
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      // The second field is a name in brackets, which may hold anything; the parent is the second one behind it.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(fields[1]) === parent;
    } catch {
      return false;
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function longmen(
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  dataFolder: string,
): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !/^(LONGMEN_|DATABASE_URL$|NODE_TEST)/.test(name));
  const log = openSync(join(dataFolder, 'soak.log'), 'a', 0o600);
  try {
    const env = { ...Object.fromEntries(kept), ...settings };
    return spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', log], env });
  } finally {
    closeSync(log);
  }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('exit', (code) => done(code)).once('error', () => done(null)));
}

/** The address in the one JSON document that `start --json` prints when it is ready. */
function readyUrl(child: ChildProcess): Promise<string | undefined> {
  return new Promise((done) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const url = /"url":\s*"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined && text.trimEnd().endsWith('}')) done(url);
    });
  });
}

function tail(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}
