/** The audit trail's part of `longmen verify`: every leaf is made anew from the entries. */
import { type LogFinding, logChecks, type Marker, readLog, verifyLog } from '#engines/evidence';
import { auditEnd } from '#kernel/audit';
import { type Database, inOneSnapshot, type Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { AUDIT_CODE, AUDIT_KEY } from './audit.ts';
import { firstMissingAudit, hashAuditAgain } from './audit-store.ts';
import { BATCH } from './store.ts';
import type { EvidenceFinding } from './verify.ts';

export interface AuditReport {
  readonly entries: number;
  /** Leaves of the log; 0 also when there is no log yet. */
  readonly leaves: number;
  /** Entries that are not in the log yet: nothing vouches for them so far. */
  readonly behind: number;
  readonly checks: number;
  readonly findings: readonly EvidenceFinding[];
}

/** Recomputes the log of the audit trail in one snapshot, and names what does not follow. */
export async function verifyAudit(
  db: Database,
  options: { readonly marker?: Marker | undefined; readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<AuditReport> {
  const checks = Object.keys(logChecks).length;
  return inOneSnapshot(db, async ([tx]) => {
    const entries = Number(await auditEnd(tx));
    const log = await readLog(tx, AUDIT_KEY).catch((error: unknown) => {
      if (error instanceof LongmenError && error.code === 'evidence_log_not_found') return null;
      throw error;
    });
    if (log === null) return { entries, leaves: 0, behind: entries, checks, findings: [] };
    const found = await verifyLog(tx, log, leavesOf(tx, log.size), {
      marker: options.marker,
      onProgress: (leaves) => options.onProgress?.(leaves, log.size),
    });
    const findings = found.map(({ check, count, first }) => {
      return { book: AUDIT_CODE, check, about: logChecks[check], count, first: inWords(first) };
    });
    return { entries, leaves: log.size, behind: Math.max(0, entries - log.size), checks, findings };
  });
}

/** Indexes of leaves as sequences of entries. */
function inWords(first: LogFinding['first']): EvidenceFinding['first'] {
  const { index, first_index_in_question: from, last_index_in_question: to, ...rest } = first;
  if (typeof index === 'number') return { sequence: index + 1 };
  return {
    ...rest,
    ...(typeof from === 'number' ? { first_sequence_in_question: from + 1 } : {}),
    ...(typeof to === 'number' ? { last_sequence_in_question: to + 1 } : {}),
  };
}

/** The leaf hashes of all entries of the log; they end where an entry is missing. */
async function* leavesOf(tx: Transaction, size: number): AsyncGenerator<Uint8Array> {
  for (let first = 1; first <= size; first += BATCH) {
    const last = Math.min(size, first + BATCH - 1);
    const { count, hashes } = await hashAuditAgain(tx, first, last);
    const whole = count === last - first + 1;
    // What stands before a missing entry still counts.
    const missing = whole ? last + 1 : await firstMissingAudit(tx, first, last);
    if (hashes !== null && missing > first) yield hashes.subarray(0, (missing - first) * 32);
    if (!whole) return;
  }
}
