/**
 * Archiving the write-ahead log as it is written. Finished segments are stored whole; of the segment being written,
 * what is new is stored every second, so that at most that much is missing if the server's disk is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#kernel/clock';
import { sqlState } from '#kernel/database';
import type { Control } from './control.ts';
import { backupError } from './errors.ts';
import type { ChainEntry, Entry, WalEntry } from './manifest.ts';
import { archivedFrom, thinned } from './plan.ts';
import { type Position, parsePosition, positionText, postgresTime, segmentName, segmentStart } from './positions.ts';
import { type CopyStream, connectForReplication, copyStream, readWalMessage, statusUpdate } from './replication.ts';
import type { WritableRepository } from './repository.ts';

export interface ArchiverOptions {
  readonly repository: WritableRepository;
  readonly chain: ChainEntry;
  readonly control: Control;
  readonly url: string;
  readonly clock: Clock;
}

export interface Archiver {
  /** Everything before this position is in the backup folder, durably. */
  readonly archived: Position;
  /** Bytes of log stored by this archiver. */
  readonly bytes: number;
  /** Stores everything committed up to now; returns the server's time that is then reached. */
  catchUp(): Promise<string>;
  /** Runs `work` while nothing is stored. */
  whileQuiet<T>(work: () => Promise<T>): Promise<T>;
  /** Rejects when archiving breaks, resolves when `signal` fires. */
  failure(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

const pieceIntervalMs = 1_000;
/** How often an archive without news says that nothing has happened. */
const idlePointMs = 60_000;
/** Superseded lines a manifest may hold before it is written anew. */
const mostSuperseded = 1_000;

/** Starts archiving where the chain's archive ends. @throws `backup_slot_lost`, and those of the database */
export async function startArchiver(options: ArchiverOptions): Promise<Archiver> {
  const { repository, chain, control, clock } = options;
  const segmentBytes = chain.segment_bytes;
  const name = (position: Position) => segmentName(chain.timeline, position, segmentBytes);
  let archived = archivedFrom(repository.entries, chain);
  let start = segmentStart(archived, segmentBytes);
  const segment = Buffer.alloc(segmentBytes);
  /** Bytes of the present segment that are in memory. */
  let filled = 0;
  let stored = 0;
  let stopping = false;
  let lastPointMs = Number.NEGATIVE_INFINITY;
  let news = Promise.withResolvers<void>();
  const ender = new AbortController();
  const broken = new AbortController();
  let failure: unknown;
  const breakUp = (error: unknown) => {
    if (stopping) return;
    failure ??= error;
    broken.abort();
    news.resolve();
  };

  const client = await connectForReplication(options.url);
  const command = `START_REPLICATION SLOT "${chain.slot}" PHYSICAL ${positionText(start)} TIMELINE ${chain.timeline}`;
  const stream = copyStream(client, command);
  const report = () => stream.send(statusUpdate(archived, postgresTime(clock.now())));

  // Storing is done by one at a time: the stream when a segment ends, or who wants the present stored.
  let queue: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  async function storePiece(): Promise<WalEntry | undefined> {
    const end = start + BigInt(filled);
    if (end <= archived) return undefined;
    const from = archived;
    const offset = Number(from - start);
    const path = `wal/${chain.chain}/${name(start)}.${offset.toString(16).padStart(8, '0')}`;
    const file = await repository.put(path, Buffer.from(segment.subarray(offset, filled)));
    stored += filled - offset;
    return { kind: 'wal', chain: chain.chain, from: positionText(from), to: positionText(end), ...file };
  }

  async function storeSegment(): Promise<void> {
    const end = start + BigInt(segmentBytes);
    const file = await repository.put(`wal/${chain.chain}/${name(start)}`, segment);
    stored += Number(end - archived);
    const entry: WalEntry = {
      kind: 'wal',
      chain: chain.chain,
      from: positionText(start),
      to: positionText(end),
      ...file,
    };
    repository.append(entry);
    const pieces = repository.entries.filter(
      (one): one is WalEntry =>
        one.kind === 'wal' && one.chain === chain.chain && one.file.startsWith(`wal/${chain.chain}/${name(start)}.`),
    );
    const thin = thinned(repository.entries);
    if (repository.entries.length - thin.length > mostSuperseded) repository.rewrite(thin);
    repository.remove(pieces.map(({ file: path }) => path));
    archived = end;
    start = end;
    filled = 0;
    report();
  }

  async function receive(copy: CopyStream): Promise<void> {
    for await (const bytes of copy.messages) {
      const message = readWalMessage(bytes);
      if (message?.kind === 'keepalive' && message.replyWanted) report();
      if (message?.kind !== 'data') continue;
      let { data, from } = message;
      while (data.length > 0) {
        if (from !== start + BigInt(filled)) throw backupError('backup_stream_ended', 'The stream has a gap');
        const part = data.subarray(0, segmentBytes - filled);
        part.copy(segment, filled);
        filled += part.length;
        from += BigInt(part.length);
        data = data.subarray(part.length);
        if (filled === segmentBytes) await alone(storeSegment);
      }
      news.resolve();
      news = Promise.withResolvers();
    }
    throw backupError('backup_stream_ended', 'The server has ended the stream');
  }

  async function catchUp(): Promise<string> {
    const { time, flushed } = await control.present();
    while (start + BigInt(filled) < flushed) {
      await news.promise;
      if (failure !== undefined) throw failure;
    }
    return alone(async () => {
      const piece = await storePiece();
      const idle = piece === undefined && performance.now() - lastPointMs < idlePointMs;
      const end = piece === undefined ? archived : parsePosition(piece.to);
      const entries: Entry[] = piece === undefined ? [] : [piece];
      if (!idle) entries.push({ kind: 'point', chain: chain.chain, at: positionText(flushed), time });
      if (entries.length > 0) repository.append(...entries);
      if (!idle) lastPointMs = performance.now();
      archived = end;
      report();
      return time;
    });
  }

  const receiving = receive(stream).catch((error: unknown) => breakUp(lostSlot(error) ?? error));
  const ticking = (async () => {
    while (!stopping && failure === undefined) {
      await catchUp().catch(breakUp);
      await sleep(pieceIntervalMs, undefined, { signal: ender.signal }).catch(() => undefined);
    }
  })();
  return {
    get archived() {
      return archived;
    },
    get bytes() {
      return stored;
    },
    catchUp,
    whileQuiet: alone,
    async failure(signal) {
      const either = AbortSignal.any([signal, broken.signal]);
      if (!either.aborted) await new Promise((resolve) => either.addEventListener('abort', resolve, { once: true }));
      if (failure !== undefined && !stopping) throw failure;
    },
    async stop() {
      stopping = true;
      failure ??= backupError('backup_stream_ended', 'Archiving was stopped');
      ender.abort();
      news.resolve();
      await queue;
      await client.end().catch(() => undefined);
      await Promise.all([receiving, ticking]);
    },
  };
}

/** The log that would be needed is gone: 58P01 a removed segment, 55000 a slot without its log. */
function lostSlot(error: unknown): unknown {
  const state = sqlState(error);
  if (state !== '58P01' && state !== '55000' && state !== '42704') return undefined;
  const lost = backupError('backup_slot_lost', 'The server no longer has the log that is to be archived next');
  lost.cause = error;
  return lost;
}
