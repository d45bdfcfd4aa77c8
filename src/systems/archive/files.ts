/** Archives as files: a folder per archive, whole or not there. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { archiveError } from './errors.ts';
import { ARCHIVE_FORMAT, type ArchiveFile, archiveFiles, MANIFEST, type Manifest } from './model.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const names = Object.keys(archiveFiles) as ArchiveFile[];

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Where an archive is: `<folder>/<book>/<number>`. */
export function archivePath(folder: string, book: string, number: number): string {
  return join(folder, book, String(number).padStart(6, '0'));
}

/** Writes the files of an archive to disk in a folder of another name; {@link giveName} makes it the archive. */
export async function writeDraft(
  path: string,
  lines: Readonly<Record<ArchiveFile, readonly unknown[]>>,
  manifestOf: (files: Manifest['files']) => Manifest,
): Promise<{ draft: string; manifest: string }> {
  const draft = `${path}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const files: Partial<Record<ArchiveFile, Manifest['files'][ArchiveFile]>> = {};
  for (const name of names) {
    const text = lines[name].map((line) => `${JSON.stringify(line)}\n`).join('');
    const bytes = await compress(Buffer.from(text));
    await writeDurably(join(draft, archiveFiles[name]), bytes);
    files[name] = { bytes: bytes.length, records: lines[name].length, sha256: sha256(bytes).toString('hex') };
  }
  const manifest = `${JSON.stringify(manifestOf(files as Manifest['files']), null, 2)}\n`;
  await writeDurably(join(draft, MANIFEST), Buffer.from(manifest));
  await syncFolder(draft);
  return { draft, manifest };
}

/** Makes a draft the archive. What lies there under its name belongs to no archive of this database: it is moved aside. */
export async function giveName(draft: string, path: string, aside: string): Promise<void> {
  if (existsSync(path)) await rename(path, `${path}.aside-${aside}`);
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** The archives of a folder of archives, or of one book's, in order; drafts and what was moved aside are none. */
export async function findArchives(folder: string): Promise<{ book: string; number: number; path: string }[]> {
  const found: { book: string; number: number; path: string }[] = [];
  const look = async (path: string, depth: number): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      throw archiveError('archive_not_found', `Cannot read ${path}: ${error.code}`);
    });
    for (const entry of entries) {
      const inside = join(path, entry.name);
      if (!entry.isDirectory()) continue;
      if (/^\d{6,}$/.test(entry.name) && existsSync(join(inside, MANIFEST))) {
        const { book } = (await readManifest(inside)).manifest;
        found.push({ book, number: Number(entry.name), path: inside });
      } else if (depth === 0) await look(inside, 1);
    }
  };
  if (existsSync(join(folder, MANIFEST))) {
    const { book, number } = (await readManifest(folder)).manifest;
    return [{ book, number, path: folder }];
  }
  await look(folder, 0);
  return found.sort((a, b) => (a.book === b.book ? a.number - b.number : a.book < b.book ? -1 : 1));
}

/** Errors: `archive_not_found`, `archive_unsound`. */
export async function readManifest(path: string): Promise<{ manifest: Manifest; bytes: Buffer }> {
  const bytes = await readFile(join(path, MANIFEST)).catch(() => {
    throw archiveError('archive_not_found', `There is no ${MANIFEST} in ${path}`);
  });
  try {
    const manifest = JSON.parse(bytes.toString('utf8')) as Manifest;
    if (manifest.format === ARCHIVE_FORMAT) return { manifest, bytes };
  } catch {
    // Said below: it is no manifest.
  }
  throw archiveError('archive_unsound', `${join(path, MANIFEST)} is no manifest of ${ARCHIVE_FORMAT}`);
}

/** The lines of one file, which must be what the manifest says. Error: `archive_unsound`. */
export async function readLines<Line>(path: string, name: ArchiveFile, manifest: Manifest): Promise<Line[]> {
  const file = join(path, archiveFiles[name]);
  const unsound = (why: string) => archiveError('archive_unsound', `${file} ${why}`, { file });
  const bytes = await readFile(file).catch(() => {
    throw unsound('is missing');
  });
  const stated = manifest.files[name];
  if (sha256(bytes).toString('hex') !== stated.sha256) throw unsound('is not what the manifest says');
  const lines = (await decompress(bytes)).toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length !== stated.records) throw unsound(`does not have ${stated.records} lines`);
  return lines.map((line) => JSON.parse(line) as Line);
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Brings the names in a folder to disk. (Windows does so by itself and cannot be asked.) */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
