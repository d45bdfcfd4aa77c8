/** Earmarks over HTTP. */
import { readAccount } from '#engines/ledger';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { openEarmarks } from './earmarks.ts';
import { handOf } from './hand.ts';
import { earmarkJson, minorOf } from './json.ts';
import * as schemas from './schemas.ts';
import type { CentreDeps } from './service.ts';
import { readCustomer } from './store.ts';

const tags = ['account centre'];

/** Routes below /api/v1/account-centre/earmarks. */
export function earmarkRoutes(room: CentreDeps): RouteModule {
  const { db, ledger } = room;
  const earmarks = openEarmarks(room);
  return (app, deps) => {
    app.get(
      '/account-centre/earmarks',
      {
        config: { permission: 'account_centre:read' },
        schema: {
          tags,
          summary: 'The earmarks of a customer',
          querystring: schemas.ofCustomerQuery,
          response: { 200: pageOf(schemas.earmarkReply) },
        },
      },
      async ({ query }) => {
        const after = decodeCursor(schemas.uuidCursor, query.cursor)?.[0];
        await readCustomer(db, await ledger.bookId(query.book), query.customer);
        const rows = await earmarks.list(query.book, query.customer, { after, limit: query.limit + 1 });
        return pageFrom(rows.map(earmarkJson), query.limit, ({ id }) => [id]);
      },
    );
    app.post(
      '/account-centre/earmarks',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Set an amount aside; the id is yours',
          body: schemas.earmarkBody,
          response: { 201: schemas.earmarkReply },
        },
      },
      async (request, reply) => {
        const { book, id, account_id, amount, purpose, expires_at } = request.body;
        await deps.claimIdempotencyKey(request);
        const { currency } = await readAccount(db, await ledger.bookId(book), account_id);
        const input = {
          id,
          accountId: account_id,
          amount: minorOf(amount, currency, 'earmark_invalid'),
          purpose,
          expiresAt: expires_at,
        };
        reply.status(201);
        return earmarkJson(await earmarks.set(book, input, handOf(request)));
      },
    );
    app.get(
      '/account-centre/earmarks/:id',
      {
        config: { permission: 'account_centre:read' },
        schema: {
          tags,
          summary: 'An earmark and what became of it',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.earmarkReply },
        },
      },
      async ({ params, query }) => earmarkJson(await earmarks.find(query.book, params.id)),
    );
    app.post(
      '/account-centre/earmarks/:id/uses',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Pay out of an earmark; what is left stays set aside',
          params: schemas.idParams,
          body: schemas.useBody,
          response: { 200: schemas.earmarkReply },
        },
      },
      async (request) => {
        const { book, id, to_account_id, amount, description, reference } = request.body;
        await deps.claimIdempotencyKey(request);
        const { currency } = await earmarks.find(book, request.params.id);
        const minor = amount === undefined ? undefined : minorOf(amount, currency, 'earmark_invalid');
        const input = { id, toAccountId: to_account_id, amount: minor, description, reference };
        return earmarkJson(await earmarks.use(book, request.params.id, input, handOf(request)));
      },
    );
    app.post(
      '/account-centre/earmarks/:id/release',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Give up what is left of an earmark, with a reason',
          params: schemas.idParams,
          body: schemas.reasonBody,
          response: { 200: schemas.earmarkReply },
        },
      },
      async (request) => {
        await deps.claimIdempotencyKey(request);
        return earmarkJson(await earmarks.release(request.body.book, request.params.id, handOf(request)));
      },
    );
  };
}
