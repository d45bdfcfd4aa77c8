/** What can be restored, and whether all of it can be read. */
import { LongmenError } from '#kernel/errors';
import { hasCode } from './errors.ts';
import { recoverable } from './plan.ts';
import { parsePosition } from './positions.ts';
import { neededFiles } from './prune.ts';
import { filesOf, type Repository } from './repository.ts';

/** One base backup and the times it can be restored to; instants are RFC 3339 in UTC, of the server's clock. */
export interface ListedBase {
  readonly base: string;
  readonly chain: string;
  readonly postgres_version: number;
  readonly bytes: number;
  readonly new_bytes: number;
  readonly earliest: string;
  /** Null when the log it needs is not there. */
  readonly latest: string | null;
  /** The first segment that is missing before its log ends, or null. */
  readonly missing_segment: string | null;
}

/** Base backups and the times they reach, oldest first. */
export function listBases(repository: Repository, without: ReadonlySet<string> = new Set()): ListedBase[] {
  return recoverable(repository.entries, without).map(({ base, chain, earliest, latest, missingSegment }) => ({
    base: base.base,
    chain: chain.chain,
    postgres_version: Math.floor(chain.postgres / 10_000),
    bytes: base.bytes,
    new_bytes: base.new_bytes,
    earliest,
    latest: latest === '' ? null : latest,
    missing_segment: missingSegment,
  }));
}

export interface CheckFinding {
  readonly code: string;
  readonly part: string;
  readonly detail: string;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly parts: number;
  readonly bytes: number;
  readonly findings: readonly CheckFinding[];
  /** What can be restored without the log files that were found damaged or missing. */
  readonly bases: readonly ListedBase[];
  /** Files that nothing needs: left by a backup that was cut off; the next prune removes them. */
  readonly unneeded: number;
  /** SHA-256 of the manifest's last line: noted elsewhere, it shows that later nothing was taken away. */
  readonly head: string;
}

/** Reads and authenticates every part, without restoring. */
export async function checkRepository(
  repository: Repository,
  onProgress?: (done: number, total: number) => void,
): Promise<CheckReport> {
  const findings: CheckFinding[] = [];
  const bad = new Set<string>();
  const note = (error: unknown, part: string) => {
    if (!(error instanceof LongmenError)) throw error;
    const named = typeof error.meta.part === 'string' ? error.meta.part : part;
    if (!bad.has(named)) findings.push({ code: error.code, part: named, detail: error.message });
    bad.add(named);
  };
  const lengths = new Map<string, bigint>();
  for (const entry of repository.entries) {
    if (entry.kind === 'wal') lengths.set(entry.file, parsePosition(entry.to) - parsePosition(entry.from));
  }
  const files = await readableFiles(repository, note);
  let bytes = 0;
  for (const [index, stored] of files.entries()) {
    onProgress?.(index, files.length);
    try {
      const content = await repository.get(stored);
      bytes += stored.size;
      const length = lengths.get(stored.file);
      const named = stored.file.startsWith('parts/') && !stored.file.endsWith(repository.keys.nameOf(content));
      if (named || (length !== undefined && BigInt(content.length) !== length)) {
        bad.add(stored.file);
        const detail = `The part ${stored.file} holds something else than its name says`;
        findings.push({ code: 'backup_part_damaged', part: stored.file, detail });
      }
    } catch (error) {
      note(error, stored.file);
    }
  }
  const needed = new Set(files.map(({ file }) => file));
  const bases = listBases(repository, bad);
  for (const { base, missing_segment: segment } of bases) {
    if (segment === null || bad.size > 0) continue;
    const detail = `The log segment ${segment} behind base ${base} is missing`;
    findings.push({ code: 'backup_wal_missing', part: segment, detail });
  }
  return {
    ok: findings.length === 0,
    parts: files.length,
    bytes,
    findings,
    bases,
    unneeded: filesOf(repository).filter((file) => !needed.has(file) && !bad.has(file)).length,
    head: repository.head,
  };
}

/** All files needed; a damaged list is noted and what it listed cannot be looked at. */
async function readableFiles(repository: Repository, note: (error: unknown, part: string) => void) {
  const entries = [...repository.entries];
  for (;;) {
    try {
      return await neededFiles({ ...repository, entries });
    } catch (error) {
      if (!hasCode(error, 'backup_part_damaged', 'backup_part_missing') || !(error instanceof LongmenError))
        throw error;
      note(error, String(error.meta.part));
      const culprit = entries.findIndex((entry) => 'index' in entry && entry.index.file === error.meta.part);
      if (culprit === -1) throw error;
      entries.splice(culprit, 1);
    }
  }
}
