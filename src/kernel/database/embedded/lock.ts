/**
 * Locks between processes of one data folder. They are locks of the operating system on files, so a killed process
 * leaves none behind and no process number can be mistaken for another. Node offers no such lock itself; its SQLite
 * does: an empty database file that is never written serves as the lock.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseError } from '../errors.ts';

export interface FileLock {
  release(): void;
}

const sqliteBusy = 5;

// A lock that nobody refers to any more must not end with garbage collection.
const held = new Set<DatabaseSync>();
const pollMs = 25;

/** Takes the lock of `path` if it is free; many may hold it shared, or one exclusively. Undefined when it is taken. */
export function tryLock(path: string, mode: 'shared' | 'exclusive'): FileLock | undefined {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec(mode === 'exclusive' ? 'begin exclusive' : 'begin; select count(*) from sqlite_master');
  } catch (error) {
    file.close();
    if (error instanceof Error && 'errcode' in error && Number(error.errcode) % 256 === sqliteBusy) return undefined;
    throw error;
  }
  held.add(file);
  return {
    release() {
      if (held.delete(file)) file.close();
    },
  };
}

/** Takes the exclusive lock of `path`, waiting for it; `onWait` is called once when it is not free at once. */
export async function waitForLock(path: string, onWait: () => void): Promise<FileLock> {
  for (let waited = false; ; waited = true) {
    const lock = tryLock(path, 'exclusive');
    if (lock !== undefined) return lock;
    if (!waited) onWait();
    await sleep(pollMs);
  }
}

/** Makes the data folder when missing. @throws `data_folder_unusable` */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    tryLock(join(folder, 'users.lock'), 'shared')?.release();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw databaseError('data_folder_unusable', `${folder} cannot be used as data folder: ${reason}`, { folder });
  }
}

/** The right to be the one application server of a data folder. */
export interface DataFolderLock {
  release(): void;
}

/**
 * Claims the data folder for an application server. The claim ends with the process at the latest.
 *
 * @throws `data_folder_in_use` naming the process that holds it (`meta.pid`), `data_folder_unusable`.
 */
export function lockDataFolder(folder: string): DataFolderLock {
  makeDataFolder(folder);
  const lock = tryLock(join(folder, 'server.lock'), 'exclusive');
  const pidFile = join(folder, 'server.pid');
  if (lock === undefined) {
    const pid = readPid(pidFile);
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    throw databaseError('data_folder_in_use', `A Longmen server is already running on ${folder}: ${holder}`, {
      folder,
      pid,
    });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    release() {
      rmSync(pidFile, { force: true });
      lock.release();
    },
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
