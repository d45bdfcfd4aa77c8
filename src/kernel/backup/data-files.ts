/**
 * The files of the data folder beside the database: passwords of the roles, the first token, settings, keys. An
 * institution cannot be run without them, so they are part of the backup, sealed like everything else.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { writeDurably } from './files.ts';
import { type FilesEntry, StoredFile } from './manifest.ts';
import type { Repository, WritableRepository } from './repository.ts';
import { pieceBytes } from './tar.ts';

const FileList = z.object({
  files: z.array(z.object({ path: z.string(), size: z.int(), parts: z.array(StoredFile) })),
});
export type FileList = z.infer<typeof FileList>;

/** What is no part of the institution: the database (backed up by itself), logs, locks, and what is being made. */
const left = /^(postgres|postgres\.log(\.\d+)?|postgres\.new-.*|restoring|server\.pid|soak\.log|.*\.lock(-journal)?)$/;

/**
 * Stores the files of `dataFolder`, other than those of `without` (the key of the backup, the backup itself).
 *
 * @param takenAt the server's time
 * @returns the entry to add, or undefined when the newest one says the same
 */
export async function storeDataFiles(
  repository: WritableRepository,
  dataFolder: string,
  without: readonly string[],
  takenAt: string,
): Promise<FilesEntry | undefined> {
  const files: FileList['files'] = [];
  for (const path of dataFiles(dataFolder, without)) {
    const parts: StoredFile[] = [];
    let size = 0;
    // What was there a moment ago may have been a draft that has got its name meanwhile.
    if (!existsSync(join(dataFolder, path))) continue;
    for (const piece of piecesOf(join(dataFolder, path))) {
      size += piece.length;
      parts.push((await repository.putContent(piece)).stored);
    }
    files.push({ path, size, parts });
  }
  const index = (await repository.putContent(Buffer.from(JSON.stringify({ files })))).stored;
  const last = repository.entries.findLast((entry) => entry.kind === 'files');
  if (last?.index.sha256 === index.sha256) return undefined;
  return { kind: 'files', taken_at: takenAt, files: files.length, index };
}

/** Names, sizes and times of the files: as long as it is the same, they need not be read again. */
export function stateOfDataFiles(dataFolder: string, without: readonly string[]): string {
  return dataFiles(dataFolder, without)
    .map((path) => {
      const found = statSync(join(dataFolder, path), { throwIfNoEntry: false });
      return `${path} ${found?.size} ${found?.mtimeMs}`;
    })
    .join('\n');
}

/** The list of files an entry stands for. @throws `backup_part_missing`, `backup_part_damaged` */
export async function listDataFiles(repository: Repository, entry: FilesEntry): Promise<FileList['files']> {
  return FileList.parse(JSON.parse((await repository.get(entry.index)).toString())).files;
}

/** Writes them into `folder`, mode 0600. @throws `backup_part_missing`, `backup_part_damaged` */
export async function restoreDataFiles(repository: Repository, entry: FilesEntry, folder: string): Promise<string[]> {
  const files = await listDataFiles(repository, entry);
  for (const { path, parts } of files) {
    const pieces: Buffer[] = [];
    for (const part of parts) pieces.push(await repository.get(part));
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    writeDurably(join(folder, path), Buffer.concat(pieces));
  }
  return files.map(({ path }) => path);
}

function dataFiles(dataFolder: string, without: readonly string[]): string[] {
  const excluded = without.map((path) => resolve(path));
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (excluded.includes(resolve(path))) return [];
      if (folder === dataFolder && left.test(entry.name)) return [];
      if (entry.isDirectory()) return walk(path);
      return entry.isFile() ? [relative(dataFolder, path).split(sep).join('/')] : [];
    });
  return walk(dataFolder).sort();
}

function* piecesOf(path: string): Generator<Buffer> {
  const handle = openSync(path, 'r');
  try {
    for (let left = statSync(path).size; left > 0; ) {
      const piece = Buffer.alloc(Math.min(left, pieceBytes));
      const count = readSync(handle, piece);
      if (count === 0) return;
      yield piece.subarray(0, count);
      left -= count;
    }
  } finally {
    closeSync(handle);
  }
}
