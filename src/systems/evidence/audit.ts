/** Keeps the log of the audit trail: appends, signs, proves, erases. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  formatProof,
  formatVerifierKey,
  inclusionProof,
  type KeptCheckpoint,
  type Keyring,
  type LogKey,
  type LogSource,
  latestCheckpoint,
  lockLog,
  openKeyring,
  type ProofFile,
  readLog,
  verifierKeys,
} from '#engines/evidence';
import { auditEnd } from '#kernel/audit';
import type { Transaction } from '#kernel/database';
import { type AuditLeaf, decodeAuditLeaf } from './audit-leaf.ts';
import { type AuditPart, eraseAuditParts, firstMissingAudit, hashNewAudit, readAuditLeaves } from './audit-store.ts';
import { evidenceError } from './errors.ts';
import { type KeptLog, openKeeper } from './keeper.ts';
import type { EvidenceDeps } from './service.ts';

/** The log of the audit trail belongs to no book. */
export const AUDIT_KEY: LogKey = { bookId: 0, log: 'audit' };
/** What stands where the code of a book does in addresses and origins; no book can have it. */
export const AUDIT_CODE = '_audit';

const APPEND_INTERVAL_MS = 500;

/** A proof of one entry, with what its leaf says in words. */
export interface AuditProof extends ProofFile {
  readonly entry: AuditLeaf;
}

export interface AuditEvidence {
  readonly keyring: Keyring;
  /** Appends and signs until `signal` aborts; it never rejects. Any number of processes may run it. */
  run(signal: AbortSignal): Promise<void>;
  /** Appends whatever the trail has and the log has not, and signs. */
  catchUp(onProgress?: (done: number, total: number) => void): Promise<KeptCheckpoint>;
  /** The log and its entries. Error: `evidence_log_not_found`. */
  source(): Promise<LogSource>;
  /** The proof that an entry stands in the trail, against the newest checkpoint. Error: `evidence_index_out_of_range`. */
  prove(sequence: number): Promise<AuditProof>;
  /**
   * Erases parts of an entry and their salts for good, and keeps the reason. False: there was nothing left to erase.
   * Error: `evidence_index_out_of_range` when it is not in the log yet.
   */
  erase(tx: Transaction, sequence: number, parts: readonly AuditPart[], reason: string): Promise<boolean>;
}

export function openAuditEvidence({ db, clock, folder, origin, log }: EvidenceDeps): AuditEvidence {
  const keyring = openKeyring({ folder, clock });
  const keeper = openKeeper({ db, clock, folder, keyring, log });
  const kept: KeptLog = {
    key: AUDIT_KEY,
    origin: `${origin}/${AUDIT_CODE}`,
    async hashNew(tx, first, last) {
      const { count, hashes } = await hashNewAudit(tx, first, last);
      if (hashes !== null && count === last - first + 1) return hashes;
      const sequence = await firstMissingAudit(tx, first, last);
      throw evidenceError('evidence_journal_gap', `The audit trail lacks entry ${sequence}`);
    },
  };

  async function append(): Promise<void> {
    const end = Number(await auditEnd(db));
    const { size } = await readLog(db, AUDIT_KEY);
    if (size < end) await db.transaction((tx) => keeper.appendThrough(tx, kept, end, 8));
  }

  async function appendLoop(signal: AbortSignal): Promise<void> {
    let told = false;
    while (!signal.aborted) {
      try {
        await append();
        told = false;
      } catch (error) {
        if (!told) log?.error({ err: error, origin: kept.origin }, 'the log of the audit trail cannot be continued');
        told = true;
      }
      await sleep(APPEND_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    keyring,
    async run(signal) {
      await db.transaction((tx) => keeper.locked(tx, kept));
      await Promise.all([appendLoop(signal), keeper.signLoop(kept, signal)]);
    },
    catchUp: async (onProgress) => keeper.catchUp(kept, Number(await auditEnd(db)), onProgress),
    async source() {
      await readLog(db, AUDIT_KEY);
      return { key: AUDIT_KEY, entries: (from, to) => readAuditLeaves(db, from + 1, to) };
    },
    async prove(sequence) {
      const checkpoint = await latestCheckpoint(db, AUDIT_KEY);
      const proof = await inclusionProof(db, AUDIT_KEY, sequence - 1, checkpoint.size);
      const [leaf] = await readAuditLeaves(db, sequence, sequence);
      if (leaf === undefined) throw evidenceError('evidence_journal_gap', `The audit trail lacks entry ${sequence}`);
      const { origin: logOrigin } = await readLog(db, AUDIT_KEY);
      const keys = (await verifierKeys(db, logOrigin)).map(formatVerifierKey);
      const index = BigInt(sequence - 1);
      const file = formatProof({ index, entry: leaf, proof, checkpoint: checkpoint.note, keys });
      return { ...file, entry: decodeAuditLeaf(leaf) };
    },
    async erase(tx, sequence, parts, reason) {
      const { size } = await lockLog(tx, AUDIT_KEY);
      if (!(sequence >= 1 && sequence <= size)) {
        throw evidenceError('evidence_posting_not_found', `Entry ${sequence} is not in the log`, { sequence });
      }
      return eraseAuditParts(tx, { sequence, parts, reason, at: clock.now().toString() });
    },
  };
}
