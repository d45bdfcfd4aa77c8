/** Backing up a running server: once, or for as long as it runs. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#kernel/clock';
import type { DatabaseLog, ReplicationAccess } from '#kernel/database';
import { Temporal } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { type Archiver, startArchiver } from './archive.ts';
import { takeBase } from './base.ts';
import { type Control, openControl } from './control.ts';
import { stateOfDataFiles, storeDataFiles } from './data-files.ts';
import { backupError } from './errors.ts';
import type { KeySource } from './key.ts';
import type { BaseEntry, ChainEntry } from './manifest.ts';
import { archivedFrom, openChain, type Retention } from './plan.ts';
import { positionText, segmentStart } from './positions.ts';
import { prune } from './prune.ts';
import { openForWriting, type WritableRepository } from './repository.ts';

export interface BackupOptions {
  /** The backup folder; made when missing. */
  readonly folder: string;
  readonly key: KeySource;
  readonly access: ReplicationAccess;
  /** Its files beside the database are backed up as well. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: DatabaseLog;
  /** Take a base backup although there is one. */
  readonly full?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Progress of a base backup, bytes. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a backup has done. Instants are RFC 3339 in UTC, of the server's clock. */
export interface BackupReport {
  readonly folder: string;
  /** The base backup taken, or null when the log was enough. */
  readonly base: BaseEntry | null;
  readonly base_seconds: number;
  /** Bytes of write-ahead log added. */
  readonly wal_bytes: number;
  /** Everything committed and answered up to then is in the backup. */
  readonly latest: string;
  /** A key file made for a new backup folder: whoever loses it loses the backup. */
  readonly created_key_file: string | null;
  readonly warnings: readonly string[];
}

/**
 * Brings a backup folder up to the present: the log since the last time, and a base backup if there is none to start
 * from. Whatever was cut off before is continued: log from the byte where it ended, a base from its beginning, without
 * writing parts again that are there.
 *
 * @throws `backup_*`, those of the database, and the signal's reason.
 */
export async function backup(options: BackupOptions): Promise<BackupReport> {
  const session = await openSession(options);
  try {
    const started = performance.now();
    const base = session.newestBase() === undefined || options.full === true ? await session.takeBase() : null;
    const seconds = (performance.now() - started) / 1000;
    await session.storeFiles();
    const latest = await session.archiver.catchUp();
    return {
      folder: session.repository.folder,
      base,
      base_seconds: base === null ? 0 : seconds,
      wal_bytes: session.archiver.bytes,
      latest,
      created_key_file: session.repository.createdKeyFile,
      warnings: session.warnings,
    };
  } finally {
    await session.close();
  }
}

export interface FollowOptions extends BackupOptions {
  /** A new base backup is taken when the newest is this old. */
  readonly baseEveryHours: number;
  /** Applied after each base backup; without it nothing is thrown away. */
  readonly retention?: Retention | undefined;
  /** Called when archiving runs, and again each time after it was broken. */
  readonly onRunning?:
    | ((report: { folder: string; createdKeyFile: string | null; latest: string }) => void)
    | undefined;
  /** What is wrong with the first start is thrown, not tried again. */
  readonly failAtStart?: boolean;
}

const [firstRetryMs, longestRetryMs] = [2_000, 60_000];
const lookEveryMs = 10_000;

/** Archives until `signal` fires. What goes wrong is logged, and tried again. */
export async function followBackup(options: FollowOptions): Promise<void> {
  const { signal, log, access } = options;
  const isOver = () => signal?.aborted === true;
  let retryMs = firstRetryMs;
  for (let started = false; !isOver(); ) {
    try {
      const session = await openSession(options);
      for (const warning of session.warnings) log.warn({ folder: options.folder }, warning);
      try {
        await followSession(session, options, () => {
          started = true;
          retryMs = firstRetryMs;
        });
      } finally {
        await session.close();
      }
    } catch (error) {
      if (isOver()) return;
      if (!started && options.failAtStart === true) throw error;
      log.warn({ err: error, folder: options.folder }, 'backup broken; it will be tried again');
      access.revive?.();
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      retryMs = Math.min(2 * retryMs, longestRetryMs);
    }
  }
}

async function followSession(session: Session, options: FollowOptions, onStart: () => void): Promise<void> {
  const { signal, retention, onRunning } = options;
  const { archiver, control, repository } = session;
  let announced = false;
  let endangered = false;
  while (signal?.aborted !== true) {
    const { time } = await control.present();
    const newest = session.newestBase();
    if (newest === undefined || hoursBetween(newest.ended_at, time) >= options.baseEveryHours) {
      await session.takeBase();
      if (retention !== undefined) {
        const report = await archiver.whileQuiet(() => prune(repository, retention, time));
        options.log.info({ ...report, folder: repository.folder }, 'backup pruned');
      }
    }
    await session.storeFiles();
    if (!announced) {
      onRunning?.({
        folder: repository.folder,
        createdKeyFile: repository.createdKeyFile,
        latest: await archiver.catchUp(),
      });
      onStart();
    }
    announced = true;
    const state = await control.slotState(session.chain.slot);
    if (state === 'endangered' && !endangered) {
      options.log.warn(
        { slot: session.chain.slot },
        'backup falls behind: the server will soon drop log it still needs',
      );
    }
    endangered = state === 'endangered';
    const rest = new AbortController();
    const stop = () => rest.abort();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([
        sleep(lookEveryMs, undefined, { signal: rest.signal }).catch(() => undefined),
        archiver.failure(rest.signal),
      ]);
    } finally {
      rest.abort();
      signal?.removeEventListener('abort', stop);
    }
  }
  await archiver.catchUp();
}

interface Session {
  readonly repository: WritableRepository;
  readonly control: Control;
  readonly chain: ChainEntry;
  readonly archiver: Archiver;
  readonly warnings: readonly string[];
  /** The newest base backup of this chain. */
  newestBase(): BaseEntry | undefined;
  takeBase(): Promise<BaseEntry>;
  storeFiles(): Promise<void>;
  close(): Promise<void>;
}

async function openSession(options: BackupOptions): Promise<Session> {
  const { access, log, clock, folder, dataFolder, signal } = options;
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const repository = await openForWriting(folder, options.key, clock);
  const closers: (() => Promise<void> | void)[] = [() => repository.close()];
  const close = async () => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    if (repository.createdKeyFile !== null) {
      warn(
        `A new key was made: ${repository.createdKeyFile}. Keep a copy of it away from this machine; without it the backup cannot be read by anybody`,
      );
    }
    const control = await openControl(access.url);
    closers.push(() => control.close());
    const chain = await continueChain(repository, control, access.embedded, warn);
    if (control.identity.slotBoundBytes === null) {
      warn('max_slot_wal_keep_size is not set: if this backup stops, the server keeps log until its disk is full');
    }
    const archiver = await startArchiver({ repository, chain, control, url: access.url, clock });
    closers.push(() => archiver.stop());
    let storedState = '';
    const newestBase = () =>
      repository.entries.findLast((entry) => entry.kind === 'base' && entry.chain === chain.chain) as
        | BaseEntry
        | undefined;
    return {
      repository,
      control,
      chain,
      archiver,
      warnings,
      newestBase,
      async takeBase() {
        const broken = new AbortController();
        const signals = signal === undefined ? [broken.signal] : [broken.signal, signal];
        const watching = archiver.failure(broken.signal).catch((error: unknown) => broken.abort(error));
        try {
          const { time: startedAt } = await control.present();
          const taken = await takeBase({
            repository,
            url: access.url,
            signal: AbortSignal.any(signals),
            onProgress: options.onProgress,
          });
          if (taken.timeline !== chain.timeline)
            throw backupError('backup_stream_ended', 'The server changed its timeline');
          const { time: endedAt } = await control.present();
          // Whole only with the log up to its end; before that the manifest does not know it.
          await archiver.catchUp();
          invariant(archiver.archived >= taken.to, 'base_has_its_log');
          const entry: BaseEntry = {
            kind: 'base',
            base: `${startedAt.replace(/\D/g, '').slice(0, 14)}-${randomBytes(3).toString('hex')}`,
            chain: chain.chain,
            from: positionText(taken.from),
            to: positionText(taken.to),
            started_at: startedAt,
            ended_at: endedAt,
            bytes: taken.bytes,
            new_bytes: taken.newBytes,
            parts: taken.parts,
            index: taken.index,
          };
          repository.append(entry);
          log.info({ base: entry.base, bytes: taken.bytes, new_bytes: taken.newBytes }, 'base backup taken');
          return entry;
        } finally {
          broken.abort();
          await watching;
        }
      },
      async storeFiles() {
        const without = options.key.kind === 'file' ? [options.key.path, folder] : [folder];
        const state = stateOfDataFiles(dataFolder, without);
        if (state === storedState) return;
        storedState = state;
        const { time } = await control.present();
        const entry = await storeDataFiles(repository, dataFolder, without, time);
        if (entry !== undefined) repository.append(entry);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The chain to add to: the one that is open if the server still has all the log it needs, else a new one. */
async function continueChain(
  repository: WritableRepository,
  control: Control,
  embedded: boolean,
  warn: (text: string) => void,
): Promise<ChainEntry> {
  const { identity } = control;
  const foreign = repository.entries.find((entry) => entry.kind === 'chain' && entry.system !== identity.system);
  if (foreign !== undefined) {
    const detail = `${repository.folder} holds backups of another database; give each a folder of its own`;
    throw backupError('backup_folder_foreign', detail, { folder: repository.folder });
  }
  const present = openChain(repository.entries);
  if (present !== undefined) {
    const reason = await endOf(present, repository, control);
    if (reason === undefined) return present;
    warn(`The log could not be continued (${reason}): a new base backup is taken, and the time between is not covered`);
    repository.append({ kind: 'end', chain: present.chain, reason });
  }
  // One name for each backup folder, so that a slot whose maker was killed is found again.
  const slot = `longmen_backup_${repository.id.slice(0, 8)}`;
  const { time } = await control.present();
  const kept = await control.makeSlot(slot);
  const chain: ChainEntry = {
    kind: 'chain',
    chain: randomBytes(4).toString('hex'),
    system: identity.system,
    timeline: identity.timeline,
    postgres: identity.postgres,
    segment_bytes: identity.segmentBytes,
    slot,
    embedded,
    from: positionText(segmentStart(kept, identity.segmentBytes)),
    started_at: time,
  };
  repository.append(chain);
  return chain;
}

async function endOf(chain: ChainEntry, repository: WritableRepository, { identity, slotState, present }: Control) {
  const major = (version: number) => Math.floor(version / 10_000);
  if (chain.timeline !== identity.timeline || major(chain.postgres) !== major(identity.postgres))
    return 'server_changed';
  const state = await slotState(chain.slot);
  if (state === 'missing') return 'slot_missing';
  if (state === 'lost') return 'slot_lost';
  // A server that was put back to an older state has written other log since.
  return (await present()).flushed < archivedFrom(repository.entries, chain) ? 'server_changed' : undefined;
}

/** Ends archiving for good: the server no longer keeps log for this folder. The next backup begins with a new base. */
export async function releaseBackup(options: Omit<BackupOptions, 'full'>): Promise<{ released: boolean }> {
  const repository = await openForWriting(options.folder, options.key, options.clock);
  try {
    const chain = openChain(repository.entries);
    if (chain === undefined) return { released: false };
    const control = await openControl(options.access.url);
    try {
      await control.dropSlot(chain.slot);
    } finally {
      await control.close();
    }
    repository.append({ kind: 'end', chain: chain.chain, reason: 'released' });
    return { released: true };
  } finally {
    repository.close();
  }
}

function hoursBetween(from: string, to: string): number {
  return Temporal.Instant.from(to).since(Temporal.Instant.from(from)).total('hours');
}
