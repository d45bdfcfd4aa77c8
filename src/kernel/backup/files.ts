/** Writing files so that they are whole or not there. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Ends of names of files that were being written when their process ended. */
export const draftEnding = '.draft';

/** Writes a file under another name, brings it to disk, and gives it its name. Mode 0600. */
export function writeDurably(path: string, content: Buffer): void {
  writeWhole(path, content);
  syncFolder(dirname(path));
}

/** As {@link writeDurably}, but the name is only on disk after {@link syncFolder}. */
export function writeWhole(path: string, content: Buffer): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}${draftEnding}`;
  try {
    const file = openSync(draft, 'wx', 0o600);
    try {
      for (let offset = 0; offset < content.length; ) offset += writeSync(file, content, offset);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Brings the names in a folder to disk. (Windows does so by itself and cannot be asked.) */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
