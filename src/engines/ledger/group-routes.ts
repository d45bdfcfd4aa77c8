/** Groups, velocity windows and the closing of periods over HTTP. */
import { z } from 'zod';
import { decodeCursor, pageFrom, pageOf, pageQuery, type RouteModule } from '#kernel/http';
import { formatAmount, isCurrency } from '#kernel/money';
import { type Group, listGroups } from './groups.ts';
import { countersJson, limitsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { limitCommands } from './limit-commands.ts';
import { groupMembers } from './members.ts';
import { MAX_BATCH } from './model.ts';
import { groupBalances } from './queries.ts';
import { bookQuery, date, instant, text, uuid, waitingReply } from './schemas.ts';
import { readClosing } from './store.ts';
import { listWindows, type VelocityWindow } from './windows.ts';

const currency = z.string().refine(isCurrency, 'Not an ISO 4217 currency');
const signedAmount = z.string().max(40);
const nullableDate = date.nullable();
const key = z.strictObject({ dimension: text, code: text });

const groupBody = z.strictObject({
  book: bookQuery.shape.book,
  groups: z
    .array(
      z.strictObject({
        dimension: text,
        code: text,
        name: text.optional(),
        parent_code: text.optional().describe('Code of the group above, of the same dimension; it cannot change.'),
        daily: z.boolean().optional().describe('Keep totals per effective date too; default true.'),
        account_code: text.optional().describe('Accounts opened with this code join by themselves.'),
      }),
    )
    .min(1)
    .max(MAX_BATCH),
});
const groupReply = z
  .object({
    dimension: z.string(),
    code: z.string(),
    name: z.string(),
    parent_code: z.string().nullable(),
    daily: z.boolean(),
    account_code: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'Group' });
const membersBody = z.strictObject({ accounts: z.array(uuid).min(1).max(MAX_BATCH) });
const movedReply = z.object({ moved: z.number().int().describe('Accounts that were not, or were, members before.') });
const limitsBody = z.strictObject({
  currency,
  side: z.enum(['debit', 'credit']).describe('Side on which the balance of the group is positive.'),
  minimum: signedAmount.nullable(),
  maximum: signedAmount.nullable(),
});
const balanceReply = z
  .object({
    dimension: z.string(),
    code: z.string(),
    currency: z.string(),
    debits_pending: z.string(),
    credits_pending: z.string(),
    debits_posted: z.string(),
    credits_posted: z.string(),
    net: z.string().describe('Debits less credits posted.'),
  })
  .meta({ id: 'GroupBalance' });

const maxima = {
  maximum_count: z.number().int().min(0).nullable(),
  maximum_amount: signedAmount.nullable(),
};
const windowBody = z.strictObject({
  book: bookQuery.shape.book,
  code: text,
  name: text.optional(),
  target: z.union([z.strictObject({ account_id: uuid }), key]),
  per: z.enum(['account', 'group']).describe('Of a group: each of its accounts by itself, or all together.'),
  direction: z.enum(['out', 'in']),
  period: z.enum(['hour', 'day', 'month']),
  currency,
  ...maxima,
});
const windowPatch = z.strictObject({ ...maxima, retired: z.literal(true).optional() }).partial();
const windowReply = z
  .object({
    code: z.string(),
    name: z.string(),
    target: z.union([z.object({ account_id: uuid }), z.object({ dimension: z.string(), code: z.string() })]),
    per: z.string(),
    direction: z.string(),
    period: z.string(),
    currency: z.string(),
    time_zone: z.string(),
    ...maxima,
    created_at: z.string(),
    retired_at: z.string().nullable(),
  })
  .meta({ id: 'VelocityWindow' });
const closingReply = z.object({ closed_through: nullableDate, sealed_through: nullableDate }).meta({ id: 'Closing' });

/** Routes below /api/v1/ledger. */
export function groupRoutes(ledger: Ledger): RouteModule {
  return (app, deps) => {
    const { db } = deps;
    const commands = limitCommands(ledger, deps, windowJson);

    app.post(
      '/ledger/groups',
      {
        config: { permission: 'ledger.group:write', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Create groups of accounts, parents first; the same again changes nothing',
          body: groupBody,
          response: { 201: z.object({ groups: z.array(groupReply) }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, groups } = request.body;
          const created = await ledger.createGroups(
            tx,
            book,
            groups.map(({ parent_code, account_code, ...group }) => ({
              ...group,
              parentCode: parent_code,
              accountCode: account_code,
            })),
          );
          return { status: 201, body: { groups: created.map(groupJson) } };
        }),
    );
    app.get(
      '/ledger/groups',
      {
        config: { permission: 'ledger.group:read', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Groups by dimension and code',
          querystring: bookQuery.extend({ ...pageQuery, dimension: text.optional() }),
          response: { 200: pageOf(groupReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(z.tuple([text, text]), query.cursor);
        const rows = await listGroups(db, await ledger.bookId(query.book), {
          dimension: query.dimension,
          after: cursor && { dimension: cursor[0], code: cursor[1] },
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, ({ dimension, code }) => [dimension, code]);
        return { ...page, items: page.items.map(groupJson) };
      },
    );
    app.get(
      '/ledger/groups/:dimension/balances',
      {
        config: { permission: 'ledger.group:read', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'What the groups of a dimension hold, at both clocks',
          params: z.strictObject({ dimension: text }),
          querystring: bookQuery.extend({
            code: text.optional(),
            effective_date: date.optional(),
            recorded_at: instant.optional(),
          }),
          response: { 200: z.object({ items: z.array(balanceReply) }) },
        },
      },
      async ({ params, query }) => {
        const found = await groupBalances(db, await ledger.bookId(query.book), {
          dimension: params.dimension,
          code: query.code,
          effectiveDate: query.effective_date,
          recordedAt: query.recorded_at,
        });
        return {
          items: found.map(({ dimension, code, currency: unit, counters }) => {
            const { balance: net, available: _, ...posted } = countersJson('debit', counters, unit);
            return { dimension, code, currency: unit, ...posted, net };
          }),
        };
      },
    );
    app.get(
      '/ledger/groups/:dimension/:code/members',
      {
        config: { permission: 'ledger.group:read', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Accounts of a group and of the groups below it',
          params: key,
          querystring: bookQuery.extend(pageQuery),
          response: { 200: pageOf(uuid) },
        },
      },
      async ({ params, query }) => {
        const cursor = decodeCursor(z.tuple([uuid]), query.cursor);
        const page = { after: cursor?.[0], limit: query.limit + 1 };
        const rows = await groupMembers(db, await ledger.bookId(query.book), params, page);
        return pageFrom(rows, query.limit, (id) => [id]);
      },
    );
    for (const way of ['join', 'leave'] as const) {
      app.post(
        `/ledger/groups/:dimension/:code/${way}`,
        {
          config: { permission: 'ledger.group:write', reach: 'book' },
          schema: {
            tags: ['ledger'],
            summary:
              way === 'join'
                ? 'Accounts join a group with all they hold and held, while postings go on'
                : 'Accounts leave a group with all they hold and held',
            params: key,
            querystring: bookQuery,
            body: membersBody,
            response: { 200: movedReply },
          },
        },
        async (request) => {
          await deps.claimIdempotencyKey(request);
          const { params, query, body } = request;
          const move = way === 'join' ? ledger.joinGroup : ledger.leaveGroup;
          return { moved: await move(query.book, params, body.accounts) };
        },
      );
    }
    app.post(
      '/ledger/groups/build',
      {
        config: { permission: 'ledger.group:write', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Let accounts join that were opened before the group of their code was created',
          querystring: bookQuery,
          response: { 200: movedReply },
        },
      },
      async (request) => {
        await deps.claimIdempotencyKey(request);
        return { moved: await ledger.buildGroups(request.query.book) };
      },
    );
    app.put(
      '/ledger/groups/:dimension/:code/limits',
      {
        config: { permission: 'ledger.group:write', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Replace the limits of a group in one currency; under four eyes',
          params: key,
          querystring: bookQuery,
          body: limitsBody,
          response: { 200: limitsBody, 202: waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { params, query, body } = request;
          return commands.changeGroupLimit(tx, { book: query.book, group: params, ...body });
        }),
    );

    app.post(
      '/ledger/windows',
      {
        config: { permission: 'ledger.window:write', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Create a velocity window; it counts from now on',
          body: windowBody,
          response: { 201: windowReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, target, maximum_count, maximum_amount, ...window } = request.body;
          const created = await ledger.createWindow(tx, book, {
            ...window,
            target: 'account_id' in target ? { accountId: target.account_id } : target,
            maximumCount: maximum_count,
            maximumAmount: limitsOf({ minimum: null, maximum: maximum_amount }, window.currency, 'window_invalid')
              .maximum,
          });
          return { status: 201, body: windowJson(created) };
        }),
    );
    app.get(
      '/ledger/windows',
      {
        config: { permission: 'ledger.window:read', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Velocity windows by code',
          querystring: bookQuery,
          response: { 200: z.object({ items: z.array(windowReply) }) },
        },
      },
      async ({ query }) => ({ items: (await listWindows(db, await ledger.bookId(query.book))).map(windowJson) }),
    );
    app.patch(
      '/ledger/windows/:code',
      {
        config: { permission: 'ledger.window:write', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Change what a window lets through, or retire it; under four eyes',
          params: z.strictObject({ code: text }),
          querystring: bookQuery,
          body: windowPatch.refine(
            ({ retired, maximum_count, maximum_amount }) =>
              retired === true || (maximum_count !== undefined && maximum_amount !== undefined),
            'Either retired, or both maxima',
          ),
          response: { 200: windowReply, 202: waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { params, query, body } = request;
          const { maximum_count: count = null, maximum_amount: amount = null, retired = false } = body;
          const change = { book: query.book, code: params.code, maximumCount: count, maximumAmount: amount, retired };
          return commands.changeWindow(tx, change);
        }),
    );

    app.get(
      '/ledger/closing',
      {
        config: { permission: 'ledger.closing:read' },
        schema: {
          tags: ['ledger'],
          summary: 'Up to which dates the book is closed and sealed',
          querystring: bookQuery,
          response: { 200: closingReply },
        },
      },
      async ({ query }) => {
        const { closedThrough, sealedThrough } = await readClosing(db, await ledger.bookId(query.book));
        return { closed_through: closedThrough, sealed_through: sealedThrough };
      },
    );
  };
}

function groupJson(group: Group) {
  return {
    dimension: group.dimension,
    code: group.code,
    name: group.name,
    parent_code: group.parentCode,
    daily: group.daily,
    account_code: group.accountCode,
    created_at: group.createdAt,
  };
}

function windowJson(window: VelocityWindow) {
  const { target, maximumAmount } = window;
  return {
    code: window.code,
    name: window.name,
    target: 'accountId' in target ? { account_id: target.accountId } : { ...target },
    per: window.per,
    direction: window.direction,
    period: window.period,
    currency: window.currency,
    time_zone: window.timeZone,
    maximum_count: window.maximumCount,
    maximum_amount: maximumAmount === null ? null : formatAmount(maximumAmount, window.currency),
    created_at: window.createdAt,
    retired_at: window.retiredAt,
  };
}
