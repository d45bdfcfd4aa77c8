/**
 * The embedded PostgreSQL of a data folder. Every process that uses it holds a shared lock; who comes first starts the
 * server, who goes last stops it. A server left behind by a killed process is found and adopted, one that was killed
 * itself is started again and recovers from its log.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseError } from '../errors.ts';
import type { DatabaseLog } from '../interface.ts';
import { initialise, writeSettings } from './initialise.ts';
import { makeDataFolder, tryLock, waitForLock } from './lock.ts';
import { type Place, serverEnvironment } from './place.ts';
import { ask, freePort, isPostmaster, readPostmaster } from './postmaster.ts';
import { findRunner } from './privileges.ts';
import { findPrograms, type Programs } from './programs.ts';
import { readSecrets } from './secrets.ts';

/** A running embedded server, as one user of it sees it. */
export interface EmbeddedServer {
  readonly superuserUrl: string;
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** Starts the server again if it has died. Returns at once; failures are logged. */
  revive(): void;
  /** Ends this use; the last user of all processes stops the server and waits for it. May be called twice. */
  release(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly log?: DatabaseLog;
  /** Another PostgreSQL than the installed package. */
  readonly programs?: Programs;
  /** False gives up durability for speed: for throw-away data only. Default true. */
  readonly durable?: boolean;
  /** How long recovery may take before the start counts as failed. Default half an hour. */
  readonly startTimeoutMs?: number;
}

const pollMs = 50;
/** How often a start that takes long is looked at: each look leaves a line in PostgreSQL's log. */
const slowPollMs = 500;
const startTimeoutMs = 30 * 60_000;
const stopTimeoutMs = 5 * 60_000;
const progressEveryMs = 5_000;
const largestLogBytes = 10 * 1024 * 1024;

/**
 * Joins the users of the server of `folder`, starting it when it does not run.
 *
 * @throws `data_folder_unusable`, `embedded_postgres_missing`, `embedded_postgres_root`, `embedded_postgres_failed`.
 */
export async function useEmbeddedServer(folder: string, options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const { log } = options;
  const data = resolve(folder);
  makeDataFolder(data);
  const programs = options.programs ?? findPrograms();
  const startLock = join(data, 'postgres.lock');
  const usersLock = join(data, 'users.lock');
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = await waitForLock(startLock, () => log?.info({ folder: data }, 'waiting for another process'));
    try {
      return await work();
    } finally {
      lock.release();
    }
  };

  const { place, port, use } = await exclusively(async () => {
    const secrets = readSecrets(data);
    const runner = findRunner(data, programs.postgres);
    const files = join(data, 'postgres');
    const at: Place = { folder: data, files, programs, runner, log, secrets, durable: options.durable ?? true };
    if (!existsSync(files)) await initialise(at);
    const found = await ensureRunning(at, undefined, options.startTimeoutMs);
    // Taken before the start lock is given back, so that nobody can believe to be the last user meanwhile.
    return { place: at, port: found, use: tryLock(usersLock, 'shared') };
  });

  let reviving = false;
  let released: Promise<void> | undefined;
  return {
    superuserUrl: urlOf(port, 'longmen', place.secrets.superuser_password),
    ownerUrl: urlOf(port, 'longmen_owner', place.secrets.owner_password),
    appUrl: urlOf(port, 'longmen_app', place.secrets.app_password),
    revive() {
      if (reviving || released !== undefined) return;
      reviving = true;
      exclusively(() => ensureRunning(place, port))
        .catch((error: unknown) => log?.warn({ reason: String(error) }, 'PostgreSQL could not be started again'))
        .finally(() => {
          reviving = false;
        });
    },
    release() {
      released ??= exclusively(async () => {
        use?.release();
        const last = tryLock(usersLock, 'exclusive');
        if (last === undefined) return;
        await stop(place);
        last.release();
      });
      return released;
    },
  };
}

function urlOf(port: number, role: string, password: string): string {
  return `postgresql://${role}:${password}@127.0.0.1:${port}/longmen`;
}

/** Finds the running server or starts one; returns its port once it accepts logins. `wanted`: the port it must have. */
async function ensureRunning(place: Place, wanted?: number, timeoutMs = startTimeoutMs): Promise<number> {
  const startedMs = performance.now();
  const deadlineMs = startedMs + timeoutMs;
  let nextProgressMs = performance.now() + progressEveryMs;
  let child: ChildProcess | undefined;
  while (performance.now() < deadlineMs) {
    const server = readPostmaster(place.files);
    if (server !== undefined && isPostmaster(server.pid, place.files)) {
      const answer =
        server.port === undefined
          ? 'silent'
          : await ask(urlOf(server.port, 'longmen_owner', place.secrets.owner_password));
      if (answer === 'ready' && server.port !== undefined) return server.port;
      if (answer === 'refused') throw loginRefused(place);
      if (performance.now() > nextProgressMs) {
        nextProgressMs = performance.now() + progressEveryMs;
        place.log?.info({ pid: server.pid, last: lastLogLine(place) }, 'waiting for PostgreSQL');
      }
    } else if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      if (child !== undefined) await afterFailedStart(place);
      // The number in the file now belongs to some other process, which PostgreSQL would take for a running server.
      if (server !== undefined) rmSync(join(place.files, 'postmaster.pid'), { force: true });
      child = await start(place, wanted ?? server?.port, wanted !== undefined);
    }
    await sleep(performance.now() - startedMs < progressEveryMs ? pollMs : slowPollMs);
  }
  throw failed(place, 'PostgreSQL did not become ready in time');
}

async function start(place: Place, wanted: number | undefined, only: boolean): Promise<ChildProcess> {
  const port = await freePort(wanted);
  if (only && port !== wanted) throw failed(place, `port ${wanted} is taken by another process`);
  place.runner.own(place.files);
  writeSettings(place);
  const logFile = join(place.folder, 'postgres.log');
  if (existsSync(logFile) && statSync(logFile).size > largestLogBytes) renameSync(logFile, `${logFile}.1`);
  const output = openSync(logFile, 'a', 0o600);
  const command = [...place.runner.prefix, place.programs.postgres, '-D', place.files, '-p', String(port)];
  const [program = '', ...args] = command;
  try {
    // A session of its own: Ctrl-C in the terminal reaches Longmen alone, which then stops the server in order.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], env: serverEnvironment() });
    await new Promise((started, error) => child.once('spawn', started).once('error', error));
    child.unref();
    place.log?.info({ pid: child.pid, port, folder: place.folder }, 'PostgreSQL started');
    return child;
  } catch (error) {
    throw failed(place, `${place.programs.postgres} cannot be run: ${String(error)}`);
  } finally {
    closeSync(output);
  }
}

/** Decides after a start that ended at once whether another try makes sense. */
async function afterFailedStart(place: Place): Promise<void> {
  const tail = logTail(place);
  // Processes of a killed server are still ending, or somebody else was quicker to take the port.
  const passing = /still in use|could not bind|could not create any TCP\/IP sockets/.test(tail);
  if (!passing) throw failed(place, 'PostgreSQL did not start');
  await sleep(500);
}

async function stop(place: Pick<Place, 'folder' | 'files' | 'programs' | 'log'>): Promise<void> {
  const server = readPostmaster(place.files);
  if (server === undefined || !isPostmaster(server.pid, place.files)) return;
  if (process.platform === 'win32') spawnSync(place.programs.pgCtl, ['stop', '-D', place.files, '-m', 'fast', '-W']);
  else process.kill(server.pid, 'SIGINT');
  const deadlineMs = performance.now() + stopTimeoutMs;
  while (isPostmaster(server.pid, place.files)) {
    if (performance.now() > deadlineMs) {
      place.log?.warn({ pid: server.pid }, 'PostgreSQL is still stopping');
      return;
    }
    await sleep(pollMs);
  }
  place.log?.info({ folder: place.folder }, 'PostgreSQL stopped');
}

/** Stops the server of a data folder that the process which started it has left behind; for folders to be removed. */
export async function stopEmbeddedServer(folder: string): Promise<void> {
  const data = resolve(folder);
  const files = join(data, 'postgres');
  if (existsSync(files)) await stop({ folder: data, files, programs: findPrograms(), log: undefined });
}

function loginRefused(place: Place) {
  return databaseError(
    'data_folder_unusable',
    `The passwords in ${join(place.folder, 'secrets.json')} do not fit the database beside it; restore the file from a copy`,
    { folder: place.folder },
  );
}

function failed(place: Place, reason: string) {
  return databaseError('embedded_postgres_failed', `${reason}; last lines of postgres.log: ${logTail(place)}`, {
    folder: place.folder,
  });
}

function lastLogLine(place: Place): string {
  return logTail(place).split('\n').at(-1) ?? '';
}

function logTail(place: Place): string {
  const path = join(place.folder, 'postgres.log');
  if (!existsSync(path)) return '';
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
