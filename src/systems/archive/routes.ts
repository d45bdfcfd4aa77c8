/** Archives over HTTP: which there are, and how far the journal is archived. */
import { z } from 'zod';
import { archiveEnd } from '#engines/ledger';
import { findBook } from '#kernel/events';
import type { RouteModule } from '#kernel/http';
import { type ArchiveRecord, listRecords } from './store.ts';

const archiveReply = z
  .object({
    number: z.int(),
    first_sequence: z.string(),
    last_sequence: z.string(),
    manifest_sha256: z.string().describe('Hexadecimal; of the manifest as it was written.'),
    archived_at: z.string(),
  })
  .meta({ id: 'Archive' });

export function archiveJson(record: ArchiveRecord) {
  return {
    number: record.number,
    first_sequence: String(record.firstSequence),
    last_sequence: String(record.lastSequence),
    manifest_sha256: record.manifestSha256,
    archived_at: record.archivedAt,
  };
}

/** Routes below /api/v1/archives. */
export const archiveRoutes: RouteModule = (app, { db }) => {
  app.get(
    '/archives',
    {
      config: { permission: 'retention:read', reach: 'book' },
      schema: {
        tags: ['archives'],
        summary: 'The archives of a book, and how far its journal is archived',
        querystring: z.strictObject({ book: z.string().default('main').describe('Code of the book.') }),
        response: {
          200: z.object({
            archived: z
              .object({
                through_sequence: z.string(),
                recorded_at: z.string().describe('Of the last archived row: what was known before is in the archives.'),
                through_date: z.string().describe('The latest effective date of any archived row.'),
              })
              .nullable(),
            items: z.array(archiveReply),
          }),
        },
      },
    },
    async ({ query }) => {
      const { bookId } = await findBook(db, query.book);
      const end = await archiveEnd(db, bookId);
      return {
        archived: end && {
          through_sequence: String(end.sequence),
          recorded_at: end.recordedAt,
          through_date: end.throughDate,
        },
        items: (await listRecords(db, bookId)).map(archiveJson),
      };
    },
  );
};
