import { defineErrors, LongmenError } from '#kernel/errors';

export const backupError = defineErrors({
  backup_folder_unusable: { status: 500, title: 'Backup folder unusable' },
  backup_folder_in_use: { status: 409, title: 'Backup folder in use' },
  backup_folder_foreign: { status: 409, title: 'Backup folder of another institution' },
  backup_not_found: { status: 404, title: 'No backup to restore from' },
  backup_format_unknown: { status: 500, title: 'Backup made by a newer program' },
  backup_key_missing: { status: 500, title: 'Backup key missing' },
  backup_key_invalid: { status: 500, title: 'Not a backup key' },
  backup_key_inside: { status: 500, title: 'Backup key inside the backup' },
  backup_key_wrong: { status: 403, title: 'Wrong backup key' },
  backup_manifest_damaged: { status: 500, title: 'Damaged backup manifest' },
  backup_part_damaged: { status: 500, title: 'Damaged part of a backup' },
  backup_part_missing: { status: 500, title: 'Missing part of a backup' },
  backup_wal_missing: { status: 409, title: 'Missing write-ahead log' },
  backup_time_unreachable: { status: 409, title: 'Time outside of the backup' },
  backup_disk_full: { status: 507, title: 'Disk full' },
  backup_role_cannot_replicate: { status: 403, title: 'Role may not replicate' },
  backup_server_unfit: { status: 409, title: 'Server cannot be backed up' },
  backup_tablespaces_unsupported: { status: 409, title: 'Tablespaces cannot be backed up' },
  backup_slot_lost: { status: 409, title: 'Archiving fell too far behind' },
  backup_stream_ended: { status: 503, title: 'Stream of the write-ahead log ended' },
  backup_postgres_version_differs: { status: 409, title: 'Backup of another PostgreSQL version' },
  restore_target_not_empty: { status: 409, title: 'Folder to restore to is not empty' },
  restore_recovery_failed: { status: 500, title: 'PostgreSQL could not recover the backup' },
});

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof LongmenError && codes.includes(error.code);
}

/** The code of an error of the operating system, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Gives errors of writing to `folder` the codes of the house; others come back as they are. */
export function translateWriting(error: unknown, folder: string): unknown {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const translated = backupError(
      'backup_disk_full',
      `No space is left for ${folder}; nothing written so far is lost`,
      {
        folder,
      },
    );
    translated.cause = error;
    return translated;
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EIO') {
    const translated = backupError('backup_folder_unusable', `${folder} cannot be written: ${code}`, { folder });
    translated.cause = error;
    return translated;
  }
  return error;
}
