/** A backup folder: its manifest, its sealed parts, and the right to add to it. */
import { createHash, randomUUID } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Clock } from '#kernel/clock';
import { type FileLock, tryLock } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { backupError, systemCode, translateWriting } from './errors.ts';
import { draftEnding, syncFolder, writeDurably, writeWhole } from './files.ts';
import { type KeySource, newKey, openKey } from './key.ts';
import {
  type Entry,
  firstPrevious,
  lineHash,
  manifestFormat,
  manifestLine,
  readHead,
  readManifest,
  type StoredFile,
} from './manifest.ts';
import { deriveKeys, type Keys, openPart, sealPart } from './seal.ts';

export interface Repository {
  readonly folder: string;
  /** Identifier of this backup folder. */
  readonly id: string;
  /** Everything the manifest says, oldest first. */
  readonly entries: readonly Entry[];
  /** SHA-256 of the last line of the manifest: it stands for all there is. */
  readonly head: string;
  readonly keys: Keys;
  /** Reads a part. @throws `backup_part_missing`, `backup_part_damaged`, both naming it */
  get(stored: StoredFile, name?: string): Promise<Buffer>;
  /** The part with a name of its content at its place, if it is there and sound. */
  find(name: string): Promise<StoredFile | undefined>;
}

/** A repository this process alone may add to. All errors of writing: `backup_disk_full`, `backup_folder_unusable`. */
export interface WritableRepository extends Repository {
  /** The key file made for a new folder: its owner must be told to keep a copy. */
  readonly createdKeyFile: string | null;
  /** Adds lines to the manifest, once the files they speak of are on disk. */
  append(...entries: readonly Entry[]): void;
  /** Writes a part under a path of its own, which is also the name it is sealed under. */
  put(path: string, content: Buffer): Promise<StoredFile>;
  /** Writes a part named by its content; what is already there is not written again (`fresh` is then false). */
  putContent(content: Buffer): Promise<{ stored: StoredFile; fresh: boolean }>;
  /** Replaces the manifest by one of these entries only. Their files must be there. */
  rewrite(entries: readonly Entry[]): void;
  /** Removes files below the folder, by path. */
  remove(paths: readonly string[]): void;
  close(): void;
}

const manifestName = 'manifest.jsonl';
const lockName = 'backup.lock';

/** True when `folder` holds a backup. */
export function isRepository(folder: string): boolean {
  return existsSync(join(folder, manifestName));
}

/**
 * Opens a backup folder to read from it.
 *
 * @throws `backup_not_found`, `backup_key_*`, `backup_manifest_damaged`, `backup_format_unknown`.
 */
export async function openRepository(folder: string, source: KeySource): Promise<Repository> {
  const at = resolve(folder);
  if (!isRepository(at)) throw backupError('backup_not_found', `There is no backup in ${at}`, { folder: at });
  return load(at, source);
}

/**
 * Opens a backup folder to add to it; made when it is missing or empty.
 *
 * @throws as {@link openRepository}, and `backup_folder_in_use`, `backup_folder_unusable`, `backup_disk_full`.
 */
export async function openForWriting(folder: string, source: KeySource, clock: Clock): Promise<WritableRepository> {
  const at = resolve(folder);
  const lock = claim(at);
  try {
    let createdKeyFile: string | null = null;
    if (!isRepository(at)) {
      const others = readdirSync(at).filter((name) => !name.startsWith(lockName) && !name.endsWith(draftEnding));
      if (others.length > 0) {
        const detail = `${at} holds other files (${others[0]}) and no backup; give an empty folder`;
        throw backupError('backup_folder_unusable', detail, { folder: at });
      }
      createdKeyFile = await create(at, source, clock);
    }
    return writable(await load(at, source), lock, createdKeyFile);
  } catch (error) {
    lock.release();
    throw translateWriting(error, at);
  }
}

function claim(folder: string): FileLock {
  let lock: FileLock | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = tryLock(join(folder, lockName), 'exclusive');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw backupError('backup_folder_unusable', `${folder} cannot be used for backups: ${reason}`, { folder });
  }
  if (lock !== undefined) return lock;
  const detail = `Another process is adding to ${folder}, perhaps the server (LONGMEN_BACKUP_FOLDER)`;
  throw backupError('backup_folder_in_use', detail, { folder });
}

async function create(folder: string, source: KeySource, clock: Clock): Promise<string | null> {
  const { master, description, createdFile } = await newKey(source, folder);
  const head: Entry = {
    kind: 'repository',
    format: manifestFormat,
    repository: randomUUID(),
    created_at: instantText(clock.now()),
    key: description,
  };
  writeDurably(join(folder, manifestName), Buffer.from(`${manifestLine(deriveKeys(master), head, firstPrevious)}\n`));
  return createdFile;
}

interface Loaded extends Repository {
  entries: Entry[];
  head: string;
  readonly wholeBytes: number;
}

async function load(folder: string, source: KeySource): Promise<Loaded> {
  const text = readFileSync(join(folder, manifestName), 'utf8');
  const { repository: id, key } = readHead(text);
  const keys = deriveKeys(await openKey(source, key));
  const { entries, last, wholeBytes } = readManifest(keys, text);
  const get = async (stored: StoredFile, name = stored.file) => {
    const sealed = readStored(folder, stored);
    return openPart(keys, name, sealed);
  };
  return {
    folder,
    id,
    keys,
    entries,
    head: last,
    wholeBytes,
    get,
    async find(name) {
      const file = contentPath(name);
      try {
        const sealed = readFileSync(join(folder, file));
        const content = await openPart(keys, file, sealed);
        return keys.nameOf(content) === name ? describe(file, sealed) : undefined;
      } catch (error) {
        if (systemCode(error) === 'ENOENT' || isDamage(error)) return undefined;
        throw error;
      }
    },
  };
}

function readStored(folder: string, { file, size, sha256 }: StoredFile): Buffer {
  let sealed: Buffer;
  try {
    sealed = readFileSync(join(folder, file));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw backupError('backup_part_missing', `The part ${file} is missing`, { part: file });
  }
  if (sealed.length !== size) {
    const detail = `The part ${file} is damaged: it has ${sealed.length} bytes, not ${size}`;
    throw backupError('backup_part_damaged', detail, { part: file });
  }
  if (createHash('sha256').update(sealed).digest('hex') !== sha256) {
    throw backupError('backup_part_damaged', `The part ${file} is damaged: its SHA-256 differs`, { part: file });
  }
  return sealed;
}

function writable(loaded: Loaded, lock: FileLock, createdKeyFile: string | null): WritableRepository {
  const { folder, keys } = loaded;
  const manifest = join(folder, manifestName);
  const unsynced = new Set<string>();
  const known = new Map<string, Promise<StoredFile>>();
  // The rest of a line whose process was killed while it wrote.
  if (loaded.wholeBytes < readFileSync(manifest).length) truncateSync(manifest, loaded.wholeBytes);

  const writing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw translateWriting(error, folder);
    }
  };
  const syncFolders = () => {
    for (const path of unsynced) syncFolder(path);
    unsynced.clear();
  };
  const write = (file: string, sealed: Buffer): StoredFile =>
    writing(() => {
      const path = join(folder, file);
      const parent = dirname(path);
      if (mkdirSync(parent, { recursive: true, mode: 0o700 }) !== undefined) {
        for (let at = dirname(parent); at.startsWith(folder); at = dirname(at)) unsynced.add(at);
      }
      writeWhole(path, sealed);
      unsynced.add(parent);
      return describe(file, sealed);
    });

  return {
    folder,
    id: loaded.id,
    keys,
    get entries() {
      return loaded.entries;
    },
    get head() {
      return loaded.head;
    },
    createdKeyFile,
    get: loaded.get,
    find: loaded.find,
    append(...entries) {
      writing(() => {
        syncFolders();
        const { text, last } = manifestText(keys, entries, loaded.head);
        const size = statSync(manifest).size;
        const handle = openSync(manifest, 'a');
        try {
          appendFileSync(handle, text);
          fsyncSync(handle);
        } catch (error) {
          // Half a line must not stand before the next one.
          ftruncateSync(handle, size);
          throw error;
        } finally {
          closeSync(handle);
        }
        loaded.entries.push(...entries);
        loaded.head = last;
      });
    },
    async put(path, content) {
      return write(path, await sealPart(keys, path, content));
    },
    async putContent(content) {
      const name = keys.nameOf(content);
      const file = contentPath(name);
      let fresh = false;
      // The same content may be on its way already.
      const storing = known.get(name) ?? storeContent();
      known.set(name, storing);
      return { stored: await storing, fresh };

      async function storeContent(): Promise<StoredFile> {
        const present = existsSync(join(folder, file)) ? await loaded.find(name) : undefined;
        fresh = present === undefined;
        return present ?? write(file, await sealPart(keys, file, content));
      }
    },
    rewrite(entries) {
      writing(() => {
        syncFolders();
        const { text, last } = manifestText(keys, entries, firstPrevious);
        writeDurably(manifest, Buffer.from(text));
        loaded.entries = [...entries];
        loaded.head = last;
      });
    },
    remove(paths) {
      writing(() => {
        for (const path of paths) rmSync(join(folder, path), { force: true });
      });
      known.clear();
    },
    close: () => lock.release(),
  };
}

/** All files below the folder but the manifest and the lock, by path. */
export function filesOf({ folder }: Repository): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== manifestName && !path.startsWith(lockName));
}

function manifestText(keys: Keys, entries: readonly Entry[], previous: string): { text: string; last: string } {
  let last = previous;
  const lines = entries.map((entry) => {
    const line = manifestLine(keys, entry, last);
    last = lineHash(line);
    return `${line}\n`;
  });
  return { text: lines.join(''), last };
}

function contentPath(name: string): string {
  return `parts/${name.slice(0, 2)}/${name}`;
}

function describe(file: string, sealed: Buffer): StoredFile {
  return { file, size: sealed.length, sha256: createHash('sha256').update(sealed).digest('hex') };
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'backup_part_damaged';
}
