import { defineErrors } from '#kernel/errors';

export const archiveError = defineErrors({
  archive_busy: { status: 409, title: 'The archive folder is in use' },
  archive_unsound: { status: 500, title: 'The archive does not verify' },
  archive_not_found: { status: 404, title: 'No such archive' },
  archive_interrupted: { status: 503, title: 'Archiving was interrupted' },
});
