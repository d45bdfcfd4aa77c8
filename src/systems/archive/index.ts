/** Archives of old journal rows, which stay verifiable. See README.md. */
export { type ArchiveReport, checkArchives } from './check.ts';
export { archiveError } from './errors.ts';
export { type ArchivedPosting, type ArchiveFilter, readArchived } from './read.ts';
export { archiveJson, archiveRoutes } from './routes.ts';
export {
  type ArchiveDeps,
  type ArchiveOptions,
  type ArchiveResult,
  type ArchiveStep,
  archiveBook,
} from './service.ts';
export { type ArchiveRecord, listRecords as listArchives } from './store.ts';
export { type ArchiveFinding, verifyArchiveRecords } from './verify.ts';
