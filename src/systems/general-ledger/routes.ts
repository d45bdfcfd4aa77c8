/** The general ledger over HTTP: chart, periods and year end. Who acts is kept by name. */
import type { Ledger } from '#engines/ledger';
import { waitingReply } from '#kernel/administration';
import type { Queryable } from '#kernel/database';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { formatAmount } from '#kernel/money';
import { chartOf, chartState } from './chart/queries.ts';
import { accountsOutsideChart, installChart, standardChart } from './chart/service.ts';
import { actionJson, adjustmentJson, chartEntryJson, checkJson, periodJson, yearEndJson } from './json.ts';
import type { GeneralLedgerDeps } from './model.ts';
import { periodCommands } from './periods/commands.ts';
import { parsePeriod } from './periods/model.ts';
import { adjustmentsOf, listPeriods, periodActions, periodStatus } from './periods/queries.ts';
import { periodChecks } from './periods/service.ts';
import * as schemas from './schemas.ts';
import { handOf, suspenseRoutes } from './suspense/routes.ts';
import { readYearEnd } from './year-end/queries.ts';
import { makeYearEnd } from './year-end/service.ts';

const tags = ['general ledger'];

/** Routes below /api/v1/general-ledger. `authorise` is asked before every change. */
export function generalLedgerRoutes(ledger: Ledger, options: Pick<GeneralLedgerDeps, 'authorise'> = {}): RouteModule {
  return async (app, deps) => {
    const { db, clock } = deps;
    const room: GeneralLedgerDeps = { db, clock, ledger, authorise: options.authorise };
    /** Several reads of one state of the books. */
    const snapshot = <T>(work: (tx: Queryable) => Promise<T>) => db.transaction(work, { isolation: 'repeatable read' });

    app.get(
      '/general-ledger/chart',
      {
        config: { permission: 'general_ledger.chart:read' },
        schema: {
          tags,
          summary: 'The chart of accounts in tree order',
          querystring: schemas.bookQuery,
          response: { 200: schemas.chartReply },
        },
      },
      async ({ query }) => {
        const bookId = await ledger.bookId(query.book);
        const [state, entries] = await snapshot(async (tx) => [
          await chartState(tx, bookId),
          await chartOf(tx, bookId),
        ]);
        return {
          book: query.book,
          strict: state?.strict ?? false,
          loaded_at: state?.loadedAt ?? null,
          loaded_by: state?.loadedBy ?? null,
          entries: entries.map(chartEntryJson),
        };
      },
    );
    app.post(
      '/general-ledger/chart',
      {
        config: { permission: 'general_ledger.chart:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Load a chart, or add codes to it; the same again changes nothing',
          description: 'What a code is (element, side, parent) never changes; its names and marks may.',
          body: schemas.chartBody,
          response: { 200: schemas.chartLoadedReply },
        },
      },
      async (request) => {
        const { book, standard, entries = [], strict } = request.body;
        await deps.claimIdempotencyKey(request);
        const chart =
          standard === undefined
            ? entries.map((entry) => ({
                code: entry.code,
                nameZh: entry.name_zh,
                nameEn: entry.name_en,
                element: entry.element,
                side: entry.side,
                parentCode: entry.parent,
                marks: entry.marks,
              }))
            : await standardChart(standard);
        return installChart(room, book, chart, { ...handOf(request), strict });
      },
    );
    app.get(
      '/general-ledger/chart/outside',
      {
        config: { permission: 'general_ledger.chart:read' },
        schema: {
          tags,
          summary: 'Accounts that do not fit the chart, by code',
          querystring: schemas.bookQuery,
          response: { 200: pageOf(schemas.outsideReply) },
        },
      },
      async ({ query }) => ({
        items: await accountsOutsideChart(db, await ledger.bookId(query.book)),
        next_cursor: null,
      }),
    );

    app.get(
      '/general-ledger/periods',
      {
        config: { permission: 'general_ledger.period:read' },
        schema: {
          tags,
          summary: 'The months of a book and their states, from its first posting to now',
          querystring: schemas.bookQuery,
          response: { 200: pageOf(schemas.periodReply) },
        },
      },
      async ({ query }) => {
        const bookId = await ledger.bookId(query.book);
        const months = await snapshot((tx) => listPeriods(tx, bookId, ledger.businessDate()));
        return { items: months.map(periodJson), next_cursor: null };
      },
    );
    app.get(
      '/general-ledger/periods/:period',
      {
        config: { permission: 'general_ledger.period:read' },
        schema: {
          tags,
          summary: 'A month or a year and its state',
          params: schemas.periodParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.periodReply },
        },
      },
      async ({ params, query }) =>
        periodJson(await periodStatus(db, await ledger.bookId(query.book), parsePeriod(params.period))),
    );
    app.get(
      '/general-ledger/periods/:period/checks',
      {
        config: { permission: 'general_ledger.period:read' },
        schema: {
          tags,
          summary: 'The checks as closing the period would make them now',
          params: schemas.periodParams,
          querystring: schemas.checksQuery,
          response: { 200: schemas.checksReply },
        },
      },
      async ({ params, query }) => {
        const { book, pending_limit_days } = query;
        const checks = await snapshot((tx) => periodChecks(room, tx, book, params.period, pending_limit_days));
        return { period: params.period, checks: checks.map(checkJson) };
      },
    );
    app.get(
      '/general-ledger/periods/:period/adjustments',
      {
        config: { permission: 'general_ledger.period:read' },
        schema: {
          tags,
          summary: 'Postings made into the period after it was closed, in journal order',
          params: schemas.periodParams,
          querystring: schemas.adjustmentsQuery,
          response: { 200: pageOf(schemas.adjustmentReply) },
        },
      },
      async ({ params, query }) => {
        const cursor = decodeCursor(schemas.adjustmentCursor, query.cursor);
        const rows = await adjustmentsOf(db, await ledger.bookId(query.book), parsePeriod(params.period), {
          afterSequence: cursor && BigInt(cursor[0]),
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, ({ sequence }) => [sequence.toString()]);
        return { ...page, items: page.items.map(adjustmentJson) };
      },
    );
    app.get(
      '/general-ledger/period-actions',
      {
        config: { permission: 'general_ledger.period:read' },
        schema: {
          tags,
          summary: 'Everything that was ever done to the periods of a book, oldest first',
          querystring: schemas.bookQuery,
          response: { 200: pageOf(schemas.actionReply) },
        },
      },
      async ({ query }) => ({
        items: (await periodActions(db, await ledger.bookId(query.book))).map(actionJson),
        next_cursor: null,
      }),
    );

    const commands = periodCommands(room, deps);
    const steps = [
      { path: 'seal', summary: 'Seal a closed period and all before it: it takes nothing any more; under four eyes' },
      {
        path: 'reopen',
        summary:
          'Open a period again, with a reason; the year ends from its year on are undone by reversal; under four eyes',
      },
    ] as const;
    app.post(
      '/general-ledger/periods/:period/close',
      {
        config: { permission: 'general_ledger.period:close', reach: 'book' },
        schema: {
          tags,
          summary: 'Close a period: it takes nothing but adjustments any more; under four eyes',
          params: schemas.periodParams,
          body: schemas.closeBody,
          response: { 200: schemas.periodActionReply, 202: waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, reason, pending_limit_days: pendingLimitDays } = request.body;
          return commands.close(tx, { book, period: request.params.period, reason, pendingLimitDays }, reason);
        }),
    );
    for (const { path, summary } of steps) {
      app.post(
        `/general-ledger/periods/:period/${path}`,
        {
          config: { permission: 'general_ledger.period:close', reach: 'book' },
          schema: {
            tags,
            summary,
            params: schemas.periodParams,
            body: schemas.actionBody,
            response: { 200: schemas.periodActionReply, 202: waitingReply },
          },
        },
        (request, reply) =>
          deps.idempotently(request, reply, async (tx) => {
            const { book, reason } = request.body;
            return commands[path](tx, { book, period: request.params.period, reason }, reason);
          }),
      );
    }

    app.get(
      '/general-ledger/year-ends/:year',
      {
        config: { permission: 'general_ledger.year_end:read', reach: 'book' },
        schema: {
          tags,
          summary: 'What was done about the year end of a year, and the transfers that stand',
          params: schemas.yearParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.yearEndReply },
        },
      },
      async ({ params, query }) => {
        const bookId = await ledger.bookId(query.book);
        return yearEndJson(await snapshot((tx) => readYearEnd(tx, bookId, params.year)));
      },
    );
    app.post(
      '/general-ledger/year-ends/:year',
      {
        config: { permission: 'general_ledger.year_end:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Make the year end: profit and loss into retained earnings; again it closes what came since',
          params: schemas.yearParams,
          body: schemas.actionBody,
          response: { 200: schemas.yearEndMadeReply },
        },
      },
      async (request) => {
        await deps.claimIdempotencyKey(request);
        const made = await makeYearEnd(room, request.body.book, request.params.year, handOf(request));
        return {
          year: made.year,
          transfers: made.transfers,
          results: made.results.map(({ currency, profit }) => ({ currency, profit: formatAmount(profit, currency) })),
          left: [...made.left],
        };
      },
    );

    await suspenseRoutes(room)(app, deps);
  };
}
