/** Throwing away what no kept base backup needs, and what backups that were cut off have left behind. */
import { partsOf } from './base.ts';
import { listDataFiles } from './data-files.ts';
import { type Retention, retained, thinned } from './plan.ts';
import { filesOf, type Repository, type WritableRepository } from './repository.ts';

export interface PruneReport {
  readonly bases_removed: readonly string[];
  readonly bases_kept: readonly string[];
  readonly files_removed: number;
}

/**
 * Applies `retention`. The manifest is shortened first, so that a process that is killed leaves files too many and
 * never a file too few. Nothing else may add to the repository meanwhile.
 *
 * @param now RFC 3339 in UTC with microseconds
 */
export async function prune(repository: WritableRepository, retention: Retention, now: string): Promise<PruneReport> {
  const names = () => repository.entries.flatMap((entry) => (entry.kind === 'base' ? [entry.base] : []));
  const before = names();
  const kept = thinned(retained(repository.entries, retention, now));
  const needed = new Set((await neededFiles({ ...repository, entries: kept })).map(({ file }) => file));
  if (kept.length < repository.entries.length) repository.rewrite(kept);
  const removed = filesOf(repository).filter((file) => !needed.has(file));
  repository.remove(removed);
  const after = names();
  return {
    bases_removed: before.filter((base) => !after.includes(base)),
    bases_kept: after,
    files_removed: removed.length,
  };
}

/** Every file the manifest needs, once, with what it is needed for. @throws `backup_part_missing`, `backup_part_damaged` */
export async function neededFiles(
  repository: Repository,
): Promise<{ file: string; size: number; sha256: string; of: string }[]> {
  const found = new Map<string, { file: string; size: number; sha256: string; of: string }>();
  const add = (file: { file: string; size: number; sha256: string }, of: string) => {
    if (!found.has(file.file)) found.set(file.file, { file: file.file, size: file.size, sha256: file.sha256, of });
  };
  for (const entry of thinned(repository.entries)) {
    if (entry.kind === 'wal') add(entry, 'log');
    if (entry.kind === 'files') {
      add(entry.index, 'files of the data folder');
      for (const { parts } of await listDataFiles(repository, entry)) {
        for (const part of parts) add(part, 'files of the data folder');
      }
    }
    if (entry.kind === 'base') {
      add(entry.index, `base ${entry.base}`);
      for (const part of await partsOf(repository, entry.index)) add(part, `base ${entry.base}`);
    }
  }
  return [...found.values()];
}
