/**
 * Backup and restore of the whole institution: base backups and the write-ahead log of PostgreSQL over its replication
 * protocol, encrypted, restorable to any instant. Knows nothing of what is in the database.
 */

export {
  type BackupOptions,
  type BackupReport,
  backup,
  type FollowOptions,
  followBackup,
  releaseBackup,
} from './backup.ts';
export { type CheckFinding, type CheckReport, checkRepository, type ListedBase, listBases } from './check.ts';
export { backupKeyOf, type KeySource } from './key.ts';
export type { Retention } from './plan.ts';
export { type PruneReport, prune } from './prune.ts';
export {
  isRepository,
  openForWriting,
  openRepository,
  type Repository,
  type WritableRepository,
} from './repository.ts';
export { type RestoreOptions, type RestoreReport, restore } from './restore.ts';
