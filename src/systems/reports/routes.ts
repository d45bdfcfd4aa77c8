/** Reports over HTTP. */
import { decodeCursor, encodeCursor, pageOf, type RouteModule } from '#kernel/http';
import { formatAmount } from '#kernel/money';
import { addDefinition, type Definition, listDefinitions } from './definitions.ts';
import { accountJson, gridJson, postingJson } from './json.ts';
import type { Place, ReportKind } from './model.ts';
import { csvText } from './output/csv.ts';
import { tabular } from './output/tabular.ts';
import { xlsxBytes } from './output/xlsx.ts';
import { fixedRates } from './rates.ts';
import * as schemas from './schemas.ts';
import type { ReportRequest, Reports } from './service.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** Routes below /api/v1/reports. */
export function reportRoutes(reports: Reports): RouteModule {
  return (app, deps) => {
    const { db, clock } = deps;

    app.get(
      '/reports/definitions',
      {
        config: { permission: 'report:read', reach: 'book' },
        schema: {
          tags: ['reports'],
          summary: 'Layouts and consolidations that were added, all versions',
          response: { 200: pageOf(schemas.definitionReply) },
        },
      },
      async () => ({ items: (await listDefinitions(db)).map(definitionJson), next_cursor: null }),
    );
    app.post(
      '/reports/definitions',
      {
        config: { permission: 'report:write', reach: 'institution' },
        schema: {
          tags: ['reports'],
          summary: 'Add a layout or a consolidation, or a version of one; the same again changes nothing',
          body: schemas.definitionBody,
          response: { 201: schemas.definitionReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { kind, content } = request.body;
          return { status: 201, body: definitionJson(await addDefinition(tx, clock, kind, content)) };
        }),
    );

    app.get(
      '/reports/:kind',
      {
        config: { permission: 'report:read', reach: 'book' },
        schema: {
          tags: ['reports'],
          summary: 'Balance sheet, income statement, movements or trial balance, as JSON, CSV or Excel',
          params: schemas.reportParams,
          querystring: schemas.reportQuery,
          response: { 200: schemas.reportReply },
        },
      },
      async ({ params, query }, reply) => {
        const { format, language, bom, ...asked } = query;
        const grid = await reports.report(requestOf(params.kind, asked));
        if (format === 'json') return gridJson(grid);
        const tables = tabular(grid, { language, nonzero: false });
        const csv = format === 'csv';
        const content = csv
          ? Buffer.from(csvText(tables, { language, byteOrderMark: bom === 'true' }))
          : await xlsxBytes(tables, language);
        reply.header('content-disposition', `attachment; filename="${params.kind}-${asked.date}.${format}"`);
        reply.header('content-type', csv ? 'text/csv; charset=utf-8' : XLSX);
        // A file is no JSON: past the schema of the reply.
        reply.serializer((payload: unknown) => payload as string);
        return reply.send(content as never);
      },
    );
    app.get(
      '/reports/:kind/accounts',
      {
        config: { permission: 'report:read', reach: 'book' },
        schema: {
          tags: ['reports'],
          summary: 'Open a number: the accounts it is the sum of',
          params: schemas.reportParams,
          querystring: schemas.accountsQuery,
          response: { 200: schemas.accountsReply },
        },
      },
      async ({ params, query }) => {
        const { section, row, column, limit, cursor, ...asked } = query;
        const place: Place = { currency: section, row, column };
        const from = decodeCursor(schemas.accountCursor, cursor);
        const after = from === undefined ? null : { slot: from[0], code: from[1], id: from[2] };
        const found = await reports.accounts(requestOf(params.kind, asked), place, { after, limit });
        return {
          amount: formatAmount(found.amount, section),
          translated: found.grid.translatedOf(place).map(({ unit, code, from: currency, net, rate, amount }) => ({
            unit,
            code,
            from: currency,
            net: currency === '' ? '0' : formatAmount(net, currency),
            rate,
            amount: formatAmount(amount, section),
          })),
          items: found.accounts.map(accountJson),
          next_cursor: found.next && encodeCursor([found.next.slot, found.next.code, found.next.id]),
        };
      },
    );
    app.get(
      '/reports/:kind/postings',
      {
        config: { permission: 'report:read', reach: 'book' },
        schema: {
          tags: ['reports'],
          summary: 'Open a number further: the postings of one account behind it',
          params: schemas.reportParams,
          querystring: schemas.postingsQuery,
          response: { 200: schemas.postingsReply },
        },
      },
      async ({ params, query }) => {
        const { section, row, column, limit, cursor, in_book, account_id, ...asked } = query;
        const place: Place = { currency: section, row, column };
        const from = decodeCursor(schemas.postingCursor, cursor);
        const after = from === undefined ? null : { date: from[0], sequence: BigInt(from[1]) };
        const page = { book: in_book, accountId: account_id.toLowerCase(), after, limit };
        const found = await reports.postings(requestOf(params.kind, asked), place, page);
        return {
          currency: found.currency,
          items: found.postings.map((posting) => postingJson(posting, found.currency)),
          next_cursor: found.next && encodeCursor([found.next.date, found.next.sequence.toString()]),
        };
      },
    );
  };
}

/** What the query of a route asks for. */
function requestOf(kind: ReportKind, asked: schemas.Asked): ReportRequest {
  const { book, entity, consolidation, group, rate, compare, compare_from, compare_recorded_at } = asked;
  const colon = group?.indexOf(':') ?? 0;
  const noneNamed = entity === undefined && consolidation === undefined;
  const books = book === undefined ? (noneNamed ? ['main'] : undefined) : split(book);
  const compared = compare !== undefined || compare_from !== undefined || compare_recorded_at !== undefined;
  return {
    kind,
    books,
    entity,
    consolidation,
    layout: asked.layout,
    date: asked.date,
    from: asked.from,
    recordedAt: asked.recorded_at,
    // A second instant alone compares the same days: what was reported then, and what would be now.
    ...(compared && {
      compare: {
        date: compare ?? asked.date,
        from: compare_from ?? (compare === undefined ? asked.from : undefined),
        recordedAt: compare_recorded_at ?? (compare === undefined ? undefined : asked.recorded_at),
      },
    }),
    group: group === undefined ? undefined : { dimension: group.slice(0, colon), code: group.slice(colon + 1) },
    currency: asked.currency,
    rates: fixedRates(rate === undefined ? [] : split(rate)),
    rateSource: asked.rate_source,
    by: asked.by,
    code: asked.code,
  };
}

function split(list: string): string[] {
  return list.split(',').map((text) => text.trim());
}

function definitionJson({ kind, code, version, createdAt }: Definition) {
  return { kind, code, version, created_at: createdAt };
}
