/** The trail over HTTP, below /api/v1/audit. Reading the trail is recorded in it. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { parseSubject, subjectText } from './entry.ts';
import { auditRead, auditSubject } from './record.ts';
import { csvHeader, csvLine, entryJson, subjectLine } from './report.ts';
import * as schemas from './schemas.ts';
import { type AuditFilter, allAudit, searchAudit } from './search.ts';
import { grantUnmask } from './unmask.ts';

const tags = ['audit'];
const cursorKey = z.tuple([z.string().regex(/^(0|[1-9]\d{0,17})$/)]);

export const auditRoutes: RouteModule = (app, deps) => {
  const { db, clock } = deps;

  app.get(
    '/audit/entries',
    {
      config: { permission: 'audit:read', personal: true },
      schema: {
        tags,
        summary: 'Who read or changed what, newest first',
        querystring: schemas.searchQuery,
        response: { 200: pageOf(schemas.entryReply) },
      },
    },
    async ({ query: { limit, cursor, ...query } }) => {
      const filter = schemas.filterOf(query);
      if (filter.subject !== undefined) auditSubject(filter.subject);
      const page = await pageBy(filter, limit, cursor);
      return { ...page, items: page.items.map(entryJson) };
    },
  );

  app.get(
    '/audit/export',
    {
      config: { permission: 'audit:export', personal: true },
      schema: {
        tags,
        summary: 'The same as a CSV file, in full',
        querystring: schemas.filterQuery,
      },
    },
    async ({ query }, reply) => {
      const filter = schemas.filterOf(query);
      if (filter.subject !== undefined) auditSubject(filter.subject);
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="audit.csv"')
        .send(Readable.from(csvOf(filter)));
    },
  );

  app.get(
    '/audit/subjects/:kind/:id',
    {
      config: { permission: 'audit.subject:read', personal: true },
      schema: {
        tags,
        summary: 'Who looked at one subject or changed it, when and why, newest first: what a customer may be told',
        params: schemas.subjectParams,
        querystring: schemas.subjectQuery,
        response: { 200: pageOf(schemas.subjectLineReply) },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const subject = parseSubject(`${params.kind}:${params.id}`);
      auditRead([subject]);
      const page = await pageBy({ subject }, limit, cursor);
      return { ...page, items: page.items.map(subjectLine) };
    },
  );

  app.post(
    '/audit/unmask',
    {
      config: { permission: 'party.personal:unmask' },
      schema: {
        tags,
        summary: 'See fields of a subject in plain for some minutes; the reason is kept',
        body: schemas.unmaskBody,
        response: { 201: schemas.unmaskReply },
      },
    },
    (request, reply) => {
      const { subject, fields, reason } = request.body;
      subjectText(subject);
      auditRead([subject], { fields, reason });
      return deps.idempotently(request, reply, async (tx) => {
        const grant = await grantUnmask(tx, clock, { subject, fields, reason });
        const { grantId: grant_id, expiresAt: expires_at } = grant;
        return { status: 201, body: { grant_id, subject: grant.subject, fields: grant.fields, expires_at } };
      });
    },
  );

  async function pageBy(filter: AuditFilter, limit: number, cursor: string | undefined) {
    const after = decodeCursor(cursorKey, cursor)?.[0];
    const before = after === undefined ? undefined : BigInt(after);
    const rows = await searchAudit(db, { ...filter, before }, limit + 1);
    return pageFrom(rows, limit, ({ sequence }) => [sequence.toString()]);
  }

  async function* csvOf(filter: AuditFilter): AsyncGenerator<string> {
    // A byte order mark, as spreadsheets otherwise guess another encoding for Chinese.
    yield `\ufeff${csvHeader}`;
    for await (const page of allAudit(db, filter)) yield page.map(csvLine).join('');
  }
};
