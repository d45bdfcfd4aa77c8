/** The event log over HTTP, for readers outside who keep their own position. */
import { z } from 'zod';
import { decodeCursor, integerText, pageFrom, pageOf, pageQuery, type RouteModule } from '#kernel/http';
import { findBook } from './book.ts';
import { readEvents } from './log.ts';

const position = z.string().regex(/^(0|[1-9]\d{0,17})$/, 'Not a position in the log');
const eventReply = z
  .object({
    position: integerText,
    event_id: z.string(),
    type: z.string(),
    subject: z.string(),
    recorded_at: z.string(),
    payload: z.unknown(),
  })
  .meta({ id: 'Event' });

export const eventRoutes: RouteModule = (app, { db }) => {
  app.get(
    '/events',
    {
      config: { permission: 'event:read', reach: 'book' },
      schema: {
        tags: ['events'],
        summary: 'Events of a book in commit order, without gaps; keep the last position and ask for what comes after',
        querystring: z.strictObject({
          ...pageQuery,
          book: z.string().default('main'),
          after: position.default('0').describe('Position to read behind.'),
        }),
        response: { 200: pageOf(eventReply) },
      },
    },
    async ({ query }) => {
      const { bookId } = await findBook(db, query.book);
      const after = decodeCursor(z.tuple([position]), query.cursor)?.[0] ?? query.after;
      const rows = await readEvents(db, bookId, BigInt(after), query.limit + 1);
      const page = pageFrom(rows, query.limit, ({ position }) => [position.toString()]);
      return {
        ...page,
        items: page.items.map((event) => ({
          position: event.position.toString(),
          event_id: event.eventId,
          type: event.type,
          subject: event.subject,
          recorded_at: event.recordedAt,
          payload: event.payload,
        })),
      };
    },
  );
};
