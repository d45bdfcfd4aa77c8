/** What can be known of a PostgreSQL server from outside: its pid file, whether it lives, whether it answers. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { LongmenError } from '#kernel/errors';
import { sqlState } from '../errors.ts';
import { connect } from '../pool.ts';

export interface Postmaster {
  readonly pid: number;
  /** Undefined until the server has come far enough to write it. */
  readonly port: number | undefined;
}

/** Reads `postmaster.pid`: the process number in line 1, the port in line 4. The file may be stale. */
export function readPostmaster(files: string): Postmaster | undefined {
  const path = join(files, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  return pid > 0 ? { pid, port: port > 0 ? port : undefined } : undefined;
}

/** True when process `pid` lives and is the server of `files`, not another process that was given the same number. */
export function isPostmaster(pid: number, files: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  if (process.platform === 'win32') return true;
  if (process.platform !== 'linux') return commandLine(pid).includes(files);
  try {
    // The server works in its data folder. A process that has ended but was not yet reaped works nowhere.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(files);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

/** What a server answered to a login. */
export type Answer = 'ready' | 'starting' | 'silent' | 'refused';

/** Tries to log in at `url`: 'starting' also stands for shutting down, 'silent' for nobody listening. */
export async function ask(url: string): Promise<Answer> {
  try {
    const client = await connect(url);
    await client.end();
    return 'ready';
  } catch (error) {
    if (sqlState(error) === '57P03') return 'starting';
    // All connections taken: it runs.
    if (sqlState(error) === '53300') return 'ready';
    if (error instanceof LongmenError && error.code === 'database_unreachable') return 'silent';
    if (error instanceof LongmenError && error.code === 'database_login_refused') return 'refused';
    throw error;
  }
}

/** A port of 127.0.0.1 that is free at this moment: `wanted` if possible, else any. */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted;
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()));
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
}

function commandLine(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
