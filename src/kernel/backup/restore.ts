/** Restoring: base backup and log into a new data folder, recovered to a time, and verified before it gets its name. */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  connect,
  type DatabaseConfig,
  type DatabaseLog,
  type EmbeddedServer,
  findPrograms,
  majorVersion,
  type Programs,
  stopEmbeddedServer,
  useEmbeddedServer,
} from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { partsOf } from './base.ts';
import { restoreDataFiles } from './data-files.ts';
import { backupError, hasCode, translateWriting } from './errors.ts';
import { syncFolder } from './files.ts';
import { filesFor, planRestore, type Recoverable, walUpTo } from './plan.ts';
import { parsePosition, segmentName, segmentStart } from './positions.ts';
import type { Repository } from './repository.ts';
import { TarReader } from './tar-reader.ts';

export interface RestoreOptions<Verified> {
  readonly repository: Repository;
  /** The new data folder: missing or empty. */
  readonly dataFolder: string;
  /** RFC 3339 in UTC with microseconds, of the server's clock; without it as far as the log goes. */
  readonly time?: string | undefined;
  /** A base backup by its name; else the newest that was complete by then. */
  readonly base?: string | undefined;
  readonly programs?: Programs;
  readonly log?: DatabaseLog | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number, what: string) => void) | undefined;
  /** Looks at the restored database while it runs under a name that is not yet its own. */
  readonly verify?: ((config: DatabaseConfig) => Promise<Verified>) | undefined;
}

export interface RestoreReport<Verified> {
  readonly folder: string;
  readonly base: string;
  /** The time asked for, or null for all there is. */
  readonly time: string | null;
  /** When the last transaction was committed that is in it; null when none was replayed after the base backup. */
  readonly last_commit: string | null;
  readonly bytes: number;
  readonly wal_bytes: number;
  readonly seconds: number;
  /**
   * False for a backup of a server that is not embedded: its files are in `postgres` below the folder, and recover by
   * themselves when that PostgreSQL is started on them.
   */
  readonly recovered: boolean;
  readonly postgres_version: number;
  readonly verified: Verified | null;
}

const recoveryTimeoutMs = 24 * 3_600_000;
/** Where it is made, inside the target: that may be a mounted volume, which cannot be renamed. */
const workName = 'restoring';

/**
 * Restores into `dataFolder`. Every part is checked before use. Until all is done everything lies in its folder
 * `restoring`; the database files are the last to get their name. A restore that was killed is begun anew.
 *
 * @throws `restore_target_not_empty`, `backup_not_found`, `backup_time_unreachable`, `backup_wal_missing`, `backup_part_*`,
 *   `backup_postgres_version_differs`, `backup_disk_full`, `restore_recovery_failed`, and what `verify` throws.
 */
export async function restore<Verified>(options: RestoreOptions<Verified>): Promise<RestoreReport<Verified>> {
  const started = performance.now();
  const { repository } = options;
  const target = resolve(options.dataFolder);
  const plan = planRestore(repository.entries, options);
  const version = Math.floor(plan.chain.postgres / 10_000);
  const programs = options.programs ?? findPrograms();
  const major = plan.chain.embedded ? majorVersion(programs) : version;
  if (major !== version) {
    const detail = `The backup is of PostgreSQL ${version}, here is ${major}; restore it with the Longmen that made it`;
    throw backupError('backup_postgres_version_differs', detail, { backup: version, here: major });
  }
  const work = await prepareTarget(target);
  try {
    // The log first: that a segment is missing is known before the large part of the work.
    const walBytes = await placeLog(options, plan, join(work, 'postgres/pg_wal'));
    const bytes = await unpackBase(options, plan, join(work, 'postgres'));
    const files = filesFor(repository.entries, options.time);
    if (files !== undefined) await restoreDataFiles(repository, files, work);
    options.signal?.throwIfAborted();
    const settings = askForRecovery(join(work, 'postgres'), options.time);
    const outcome = plan.chain.embedded ? await recover(options, work, programs, settings) : null;
    publish(work, target);
    return {
      folder: target,
      base: plan.base.base,
      time: options.time ?? null,
      last_commit: outcome?.lastCommit ?? null,
      bytes,
      wal_bytes: walBytes,
      seconds: (performance.now() - started) / 1000,
      recovered: outcome !== null,
      postgres_version: version,
      verified: outcome?.verified ?? null,
    };
  } catch (error) {
    await stopEmbeddedServer(work).catch(() => undefined);
    rmSync(work, { recursive: true, force: true });
    throw translateWriting(error, target);
  }
}

/** Empties what a killed restore has left, and refuses anything else. */
async function prepareTarget(target: string): Promise<string> {
  const work = join(target, workName);
  if (existsSync(work)) {
    await stopEmbeddedServer(work);
    rmSync(work, { recursive: true, force: true });
  }
  try {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const [other] = readdirSync(target);
    if (other !== undefined) {
      const detail = `${target} is not empty (${other}); give a new folder`;
      throw backupError('restore_target_not_empty', detail, { folder: target });
    }
    mkdirSync(work, { mode: 0o700 });
    // Where PostgreSQL runs as another user, that user must be able to pass.
    if (process.getuid?.() === 0) chmodSync(target, 0o711);
  } catch (error) {
    throw translateWriting(error, target);
  }
  return work;
}

async function unpackBase<Verified>(
  { repository, signal, onProgress }: RestoreOptions<Verified>,
  plan: Recoverable,
  files: string,
): Promise<number> {
  const parts = await partsOf(repository, plan.base.index);
  const reader = new TarReader(files);
  let bytes = 0;
  try {
    for (const part of parts) {
      signal?.throwIfAborted();
      const content = await repository.get(part);
      reader.push(content);
      bytes += content.length;
      onProgress?.(bytes, plan.base.bytes, 'database files');
    }
    reader.end();
  } finally {
    reader.close();
  }
  return bytes;
}

/** Puts the log where PostgreSQL looks for it, in segments of full size. */
async function placeLog<Verified>(
  options: RestoreOptions<Verified>,
  plan: Recoverable,
  folder: string,
): Promise<number> {
  const { repository, signal, onProgress, time } = options;
  const { timeline, segment_bytes: segmentBytes } = plan.chain;
  const end = walUpTo(plan, repository.entries, time);
  const needed = plan.wal.filter(({ from }) => parsePosition(from) < end);
  mkdirSync(join(folder, 'archive_status'), { recursive: true, mode: 0o700 });
  let bytes = 0;
  for (const [index, entry] of needed.entries()) {
    signal?.throwIfAborted();
    onProgress?.(index, needed.length, 'log');
    const content = await repository.get(entry).catch((error: unknown) => {
      throw withReach(error, options, entry.file);
    });
    const from = parsePosition(entry.from);
    const start = segmentStart(from, segmentBytes);
    const handle = openSync(join(folder, segmentName(timeline, start, segmentBytes)), openFlags, 0o600);
    try {
      ftruncateSync(handle, segmentBytes);
      writeSync(handle, content, 0, content.length, Number(from - start));
    } finally {
      closeSync(handle);
    }
    bytes += content.length;
  }
  return bytes;
}

// Several pieces make one segment.
const openFlags = constants.O_RDWR | constants.O_CREAT;

/** For a part of the log that is missing or damaged: says as well how far one gets without it. */
function withReach<Verified>(error: unknown, { repository, base }: RestoreOptions<Verified>, file: string): unknown {
  if (!(error instanceof LongmenError) || !hasCode(error, 'backup_part_missing', 'backup_part_damaged')) return error;
  const segment = file.slice(file.lastIndexOf('/') + 1).split('.')[0];
  let latest: unknown = null;
  try {
    planRestore(repository.entries, { base, without: new Set([file]) });
  } catch (reach) {
    if (reach instanceof LongmenError) latest = reach.meta.latest ?? null;
  }
  const reach =
    latest === null ? 'no time can be reached without it' : `the latest time that can be reached is ${latest}`;
  const code = error.code === 'backup_part_missing' ? 'backup_wal_missing' : 'backup_part_damaged';
  return backupError(code, `${error.message}; ${reach}`, { ...error.meta, part: file, segment, latest });
}

const settingsName = 'postgresql.auto.conf';

/** Writes what PostgreSQL is to do at its next start; returns the settings file as it was. */
function askForRecovery(files: string, time: string | undefined): string {
  const path = join(files, settingsName);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const settings = [
    // All log lies in place; a command must be named all the same, and this one says that it has nothing.
    `restore_command = 'exit 1'`,
    `recovery_target_timeline = 'current'`,
    `recovery_target_action = 'promote'`,
    // Nobody is let in before the end, so that who gets in knows that it is the end.
    `hot_standby = 'off'`,
    // In PostgreSQL's own form: names of time zones, even Z, are not known when this is read.
    ...(time === undefined ? [] : [`recovery_target_time = '${time.replace('T', ' ').replace('Z', '+00')}'`]),
  ];
  writeFileSync(path, `${before}${settings.join('\n')}\n`, { mode: 0o600 });
  writeFileSync(join(files, 'recovery.signal'), '', { mode: 0o600 });
  return before;
}

interface Recovered<Verified> {
  readonly lastCommit: string | null;
  readonly verified: Verified | null;
}

async function recover<Verified>(
  options: RestoreOptions<Verified>,
  work: string,
  programs: Programs,
  settingsBefore: string,
): Promise<Recovered<Verified>> {
  options.onProgress?.(0, 0, 'recovery');
  const server = await startRecovered(options, work, programs);
  try {
    const lastCommit = await lastReplayed(server.superuserUrl);
    writeFileSync(join(work, 'postgres', settingsName), settingsBefore, { mode: 0o600 });
    options.signal?.throwIfAborted();
    const config = { dataFolder: work, databaseUrl: undefined, appDatabaseUrl: undefined, databasePool: 4 };
    return { lastCommit, verified: (await options.verify?.(config)) ?? null };
  } finally {
    await server.release();
  }
}

const endedBeforeTarget = 'recovery ended before configured recovery target was reached';

async function startRecovered<Verified>(
  { log, time }: RestoreOptions<Verified>,
  work: string,
  programs: Programs,
): Promise<EmbeddedServer> {
  const start = () =>
    useEmbeddedServer(work, { programs, startTimeoutMs: recoveryTimeoutMs, ...(log === undefined ? {} : { log }) });
  try {
    return await start();
  } catch (error) {
    if (time === undefined || !logOf(work).includes(endedBeforeTarget)) throw recoveryFailed(error, work);
  }
  // No transaction was committed between the time asked for and the end of the log, which is complete beyond that time:
  // the end of the log is the state at that time.
  const path = join(work, 'postgres', settingsName);
  appendFileSync(path, `recovery_target_time = ''\n`);
  try {
    return await start();
  } catch (error) {
    throw recoveryFailed(error, work);
  }
}

function recoveryFailed(error: unknown, work: string): unknown {
  if (!hasCode(error, 'embedded_postgres_failed')) return error;
  const lines = logOf(work).trimEnd().split('\n').slice(-5).join('; ');
  const failed = backupError('restore_recovery_failed', `PostgreSQL could not recover the backup: ${lines}`);
  failed.cause = error;
  return failed;
}

function logOf(work: string): string {
  const path = join(work, 'postgres.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

async function lastReplayed(url: string): Promise<string | null> {
  const client = await connect(url);
  try {
    const { rows } = await client.query<{ time: string | null }>(
      `select to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time`,
    );
    return rows[0]?.time ?? null;
  } finally {
    await client.end();
  }
}

/** Moves everything to its place, the database last. */
function publish(work: string, target: string): void {
  const left = /\.(lock|lock-journal)$/;
  for (const name of readdirSync(work)) {
    if (name !== 'postgres' && !left.test(name)) renameSync(join(work, name), join(target, name));
  }
  renameSync(join(work, 'postgres'), join(target, 'postgres'));
  rmSync(work, { recursive: true, force: true });
  syncFolder(target);
  syncFolder(dirname(target));
}
