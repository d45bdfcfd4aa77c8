/**
 * The manifest: what a backup folder holds, one JSON object per line. Each line names the SHA-256 of the line before and
 * ends with an authentication code under the backup's key, so that no line can be changed, left out or put elsewhere.
 * No I/O.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { backupError } from './errors.ts';
import { KeyDescription } from './key.ts';
import type { Keys } from './seal.ts';

const instant = z.string();
const position = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/);

/** A file of the backup folder. */
export const StoredFile = z.object({
  /** Path below the backup folder. */
  file: z.string(),
  /** Bytes of the file. */
  size: z.int(),
  sha256: z.string().length(64),
});
export type StoredFile = z.infer<typeof StoredFile>;

const RepositoryEntry = z.object({
  kind: z.literal('repository'),
  format: z.int(),
  repository: z.string(),
  created_at: instant,
  key: KeyDescription,
});

/** One unbroken run of archived write-ahead log of one server, held together by one replication slot. */
const ChainEntry = z.object({
  kind: z.literal('chain'),
  chain: z.string(),
  /** PostgreSQL's identifier of the database cluster. */
  system: z.string(),
  timeline: z.int(),
  /** `server_version_num`. */
  postgres: z.int(),
  segment_bytes: z.int(),
  slot: z.string(),
  /** Whether the server is the embedded one of a data folder. */
  embedded: z.boolean(),
  from: position,
  started_at: instant,
});

/** A whole base backup; written when the log it needs is archived as well. */
const BaseEntry = z.object({
  kind: z.literal('base'),
  base: z.string(),
  chain: z.string(),
  from: position,
  to: position,
  started_at: instant,
  /** From this time on it can be restored from. */
  ended_at: instant,
  /** Bytes as the server sent them. */
  bytes: z.int(),
  /** Bytes of new files; parts already there are not written again. */
  new_bytes: z.int(),
  parts: z.int(),
  /** The sealed list of its parts. */
  index: StoredFile,
});

/** Write-ahead log from one position to another. */
const WalEntry = StoredFile.extend({
  kind: z.literal('wal'),
  chain: z.string(),
  from: position,
  to: position,
});

/** Everything that was committed and answered up to `time`, by the server's clock, lies before `at`. */
const PointEntry = z.object({ kind: z.literal('point'), chain: z.string(), at: position, time: instant });

/** The files of the data folder beside the database. */
const FilesEntry = z.object({ kind: z.literal('files'), taken_at: instant, files: z.int(), index: StoredFile });

/** Nothing can be added to this chain any more. */
const EndEntry = z.object({
  kind: z.literal('end'),
  chain: z.string(),
  reason: z.enum(['slot_lost', 'slot_missing', 'released', 'server_changed']),
});

const Entry = z.discriminatedUnion('kind', [
  RepositoryEntry,
  ChainEntry,
  BaseEntry,
  WalEntry,
  PointEntry,
  FilesEntry,
  EndEntry,
]);
export type Entry = z.infer<typeof Entry>;
export type ChainEntry = z.infer<typeof ChainEntry>;
export type BaseEntry = z.infer<typeof BaseEntry>;
export type WalEntry = z.infer<typeof WalEntry>;
export type PointEntry = z.infer<typeof PointEntry>;
export type FilesEntry = z.infer<typeof FilesEntry>;
export type RepositoryEntry = z.infer<typeof RepositoryEntry>;

export const manifestFormat = 1;
/** What the first line names as the line before it. */
export const firstPrevious = '0'.repeat(64);

export function lineHash(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** One line, without its line end. `previous`: {@link lineHash} of the line before. */
export function manifestLine(keys: Keys, entry: Entry, previous: string): string {
  const content = { ...entry, previous };
  return JSON.stringify({ ...content, mac: keys.macOf(JSON.stringify(content)) });
}

/** The first line without a look at its code: it says how to get the key. @throws `backup_format_unknown`, `…_damaged` */
export function readHead(text: string): RepositoryEntry {
  const head = RepositoryEntry.safeParse(parseJson(text.split('\n', 1)[0] ?? ''));
  if (!head.success) throw damaged(1, 'it is no first line of a manifest');
  if (head.data.format !== manifestFormat) {
    const detail = `The backup has format ${head.data.format}, this program knows ${manifestFormat}`;
    throw backupError('backup_format_unknown', detail);
  }
  return head.data;
}

/**
 * Reads and checks a manifest. What stands behind the last line end is the rest of a line that was being written when
 * its process ended; `wholeBytes` says where it begins.
 *
 * @throws `backup_key_wrong` when the first line's code does not fit, `backup_manifest_damaged` naming the line.
 */
export function readManifest(keys: Keys, text: string): { entries: Entry[]; last: string; wholeBytes: number } {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const entries: Entry[] = [];
  let previous = firstPrevious;
  for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
    const parsed = parseJson(line);
    const { mac, ...content } =
      typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    if (mac !== keys.macOf(JSON.stringify(content))) {
      if (index > 0) throw damaged(index + 1, 'it was changed');
      throw backupError(
        'backup_key_wrong',
        'The key does not fit this backup (or the first line of its manifest was changed)',
      );
    }
    if (content.previous !== previous) throw damaged(index + 1, 'it does not follow the line before');
    const entry = Entry.safeParse(content);
    if (!entry.success) {
      throw backupError(
        'backup_format_unknown',
        `Line ${index + 1} of the manifest is of a kind this program does not know`,
      );
    }
    entries.push(entry.data);
    previous = lineHash(line);
  }
  return { entries, last: previous, wholeBytes: Buffer.byteLength(whole) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(line: number, reason: string) {
  return backupError('backup_manifest_damaged', `Line ${line} of the manifest is damaged: ${reason}`, { line });
}
