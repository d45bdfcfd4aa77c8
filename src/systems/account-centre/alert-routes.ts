/** Movement alerts over HTTP. */
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { openAlerts } from './alerts.ts';
import { handOf } from './hand.ts';
import { alertJson, minorOf, ruleJson } from './json.ts';
import * as schemas from './schemas.ts';
import type { CentreDeps } from './service.ts';
import { readCustomer } from './store.ts';

const tags = ['account centre'];

/** Routes below /api/v1/account-centre/alert-rules and /alerts. */
export function alertRoutes(room: CentreDeps): RouteModule {
  const { db, ledger } = room;
  const alerts = openAlerts(room);
  return (app, deps) => {
    app.get(
      '/account-centre/alert-rules',
      {
        config: { permission: 'account_centre:read' },
        schema: {
          tags,
          summary: 'The rules of a customer, retired ones too',
          querystring: schemas.ofCustomerQuery,
          response: { 200: pageOf(schemas.ruleReply) },
        },
      },
      async ({ query }) => {
        const after = decodeCursor(schemas.uuidCursor, query.cursor)?.[0];
        await readCustomer(db, await ledger.bookId(query.book), query.customer);
        const rows = await alerts.rules(query.book, query.customer, { after, limit: query.limit + 1 });
        return pageFrom(rows.map(ruleJson), query.limit, ({ id }) => [id]);
      },
    );
    app.post(
      '/account-centre/alert-rules',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Add a rule; the id is yours. It looks at what is posted from then on',
          description: 'Of the two balance thresholds it is enough that the movement crosses one.',
          body: schemas.ruleBody,
          response: { 201: schemas.ruleReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body } = request;
          const minor = (text: string | null) =>
            text === null ? null : minorOf(text, body.currency ?? '', 'alert_rule_invalid');
          const input = {
            id: body.id,
            customer: body.customer,
            path: body.node,
            accountId: body.account_id,
            direction: body.direction,
            type: body.type,
            currency: body.currency,
            atLeast: minor(body.at_least),
            balanceBelow: minor(body.balance_below),
            balanceAbove: minor(body.balance_above),
            subscribers: body.subscribers,
          };
          return { status: 201, body: ruleJson(await alerts.addRule(tx, body.book, input, handOf(request))) };
        }),
    );
    app.post(
      '/account-centre/alert-rules/:id/retire',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'End a rule; what it raised stays',
          params: schemas.idParams,
          body: schemas.bookQuery,
          response: { 200: schemas.ruleReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const rule = await alerts.retireRule(tx, request.body.book, request.params.id, handOf(request));
          return { status: 200, body: ruleJson(rule) };
        }),
    );
    app.get(
      '/account-centre/alerts',
      {
        config: { permission: 'account_centre:read' },
        schema: {
          tags,
          summary: 'The alerts of a customer in journal order',
          querystring: schemas.ofCustomerQuery,
          response: { 200: pageOf(schemas.alertReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(schemas.alertCursor, query.cursor);
        const after = cursor && { sequence: BigInt(cursor[0]), accountId: cursor[1], ruleId: cursor[2] };
        await readCustomer(db, await ledger.bookId(query.book), query.customer);
        const rows = await alerts.alerts(query.book, query.customer, { after, limit: query.limit + 1 });
        return pageFrom(rows.map(alertJson), query.limit, (one) => [one.sequence, one.account_id, one.rule_id]);
      },
    );
  };
}
