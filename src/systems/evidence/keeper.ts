/** What all logs of the house have in common: made when first needed, continued from their own size, signed once a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  appendHashes,
  createLog,
  type KeptCheckpoint,
  type Keyring,
  type Log,
  type LogKey,
  lockLog,
  type Marker,
  openMarker,
  signLog,
} from '#engines/evidence';
import type { Clock } from '#kernel/clock';
import type { Database, Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import type { ConsumerLog } from '#kernel/events';
import { BATCH } from './store.ts';

const SIGN_INTERVAL_MS = 1_000;

/** One log and where its leaves come from. Leaf n stands for sequence n + 1. */
export interface KeptLog {
  readonly key: LogKey;
  readonly origin: string;
  /** Leaf hashes of new sequences `first` to `last`, one behind the other. Throws when one is missing. */
  hashNew(tx: Transaction, first: number, last: number): Promise<Uint8Array>;
}

export interface KeeperOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly folder: string;
  readonly keyring: Keyring;
  readonly log?: ConsumerLog | undefined;
}

export interface Keeper {
  /** The log, locked; made when it is the first time. */
  locked(tx: Transaction, kept: KeptLog): Promise<Log>;
  /** Appends up to sequence `last`, at most `batches` batches of it; gives the size. */
  appendThrough(tx: Transaction, kept: KeptLog, last: number, batches: number): Promise<number>;
  /** Appends up to sequence `end`, and signs. */
  catchUp(kept: KeptLog, end: number, onProgress?: (done: number, total: number) => void): Promise<KeptCheckpoint>;
  sign(kept: Pick<KeptLog, 'key'>): Promise<KeptCheckpoint | null>;
  /** Signs once a second, so also soon after the end of a burst; with nothing new it is one look. */
  signLoop(kept: KeptLog, signal: AbortSignal): Promise<void>;
}

export function openKeeper({ db, clock, folder, keyring, log }: KeeperOptions): Keeper {
  let marker: Marker | undefined;

  async function locked(tx: Transaction, { key, origin }: KeptLog): Promise<Log> {
    marker ??= openMarker(folder, { create: true });
    try {
      return await lockLog(tx, key);
    } catch (error) {
      if (!(error instanceof LongmenError && error.code === 'evidence_log_not_found')) throw error;
      await createLog(tx, key, { origin, clock, marker });
      return lockLog(tx, key);
    }
  }

  async function appendThrough(tx: Transaction, kept: KeptLog, last: number, batches: number): Promise<number> {
    let state = await locked(tx, kept);
    for (let batch = 0; batch < batches && state.size < last; batch++) {
      const first = state.size + 1;
      const hashes = await kept.hashNew(tx, first, Math.min(last, state.size + BATCH));
      state = { ...state, ...(await appendHashes(tx, state, hashes, marker)) };
    }
    return state.size;
  }

  const sign: Keeper['sign'] = ({ key }) => signLog({ db, keyring, clock }, key);

  return {
    locked,
    appendThrough,
    sign,
    async catchUp(kept, end, onProgress) {
      let size = -1;
      while (size < end) {
        size = await db.transaction((tx) => appendThrough(tx, kept, end, 8));
        onProgress?.(size, end);
      }
      for (;;) {
        const signed = await sign(kept);
        if (signed !== null) return signed;
        await sleep(10);
      }
    },
    async signLoop(kept, signal) {
      let told = '';
      while (!signal.aborted) {
        try {
          await sign(kept);
          told = '';
        } catch (error) {
          const code = error instanceof LongmenError ? error.code : String(error);
          if (told !== code) log?.error({ err: error, origin: kept.origin }, 'an evidence log cannot be signed');
          told = code;
        }
        await sleep(SIGN_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
