/** The account centre over HTTP: trees, what is done to them, statements. The token's name is kept as the actor. */
import type { Ledger } from '#engines/ledger';
import { waitingReply } from '#kernel/administration';
import { auditSubject } from '#kernel/audit';
import type { Queryable } from '#kernel/database';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { membersOf } from '#systems/parties';
import { alertRoutes } from './alert-routes.ts';
import { centreCommands } from './commands.ts';
import { identifyCustomer, openCustomer } from './customers.ts';
import { earmarkRoutes } from './earmark-routes.ts';
import { handOf } from './hand.ts';
import { actionJson, customerJson, minorOf, statementJson, treeJson } from './json.ts';
import * as schemas from './schemas.ts';
import { addNode, attachAccounts, type CentreDeps, openTreeAccounts } from './service.ts';
import { type Customer, listActions, listCustomers, readCustomer } from './store.ts';
import { customerStatement, readTree } from './tree.ts';

const tags = ['account centre'];

/** Routes below /api/v1/account-centre. */
export function accountCentreRoutes(ledger: Ledger): RouteModule {
  return async (app, deps) => {
    const { db, clock } = deps;
    const room: CentreDeps = { db, clock, ledger };
    const commands = centreCommands(room, deps);
    /** Several reads of one state of the books. */
    const snapshot = <T>(work: (tx: Queryable) => Promise<T>) => db.transaction(work, { isolation: 'repeatable read' });
    const tree = (book: string, key: string, clocks = {}) =>
      ledger.bookId(book).then((bookId) => snapshot((tx) => readTree(tx, bookId, key, clocks)));
    /** Names a customer in the audit trail. Error: `tree_not_found`. */
    const lookAt = async (on: Queryable, book: string, key: string) =>
      nameCustomer(book, await readCustomer(on, await ledger.bookId(book), key));

    app.get(
      '/account-centre/customers',
      {
        config: { permission: 'account_centre:read', personal: true },
        schema: {
          tags,
          summary: 'Customers with a tree, by key',
          querystring: schemas.customersQuery,
          response: { 200: pageOf(schemas.listedCustomer) },
        },
      },
      async ({ query }) => {
        const after = decodeCursor(schemas.keyCursor, query.cursor)?.[0];
        const bookId = await ledger.bookId(query.book);
        const partyIds = query.party_id === undefined ? undefined : await membersOf(db, query.party_id);
        const rows = await listCustomers(db, bookId, { after, limit: query.limit + 1, partyIds });
        const page = pageFrom(rows, query.limit, ({ key }) => [key]);
        for (const customer of page.items) nameCustomer(query.book, customer);
        return { ...page, items: page.items.map((one) => ({ ...customerJson(one), accounts: one.accounts })) };
      },
    );
    app.post(
      '/account-centre/customers',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Open the account tree of a customer; the same again changes nothing',
          body: schemas.customerBody,
          response: { 201: schemas.customerReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, key, party_id: partyId } = request.body;
          const customer = await openCustomer(room, tx, book, key, partyId);
          nameCustomer(book, customer);
          return { status: 201, body: customerJson(customer) };
        }),
    );
    app.put(
      '/account-centre/customers/:key/party',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Say which party a customer is; the tree then follows whoever stands for that party',
          params: schemas.keyParams,
          body: schemas.partyBody,
          response: { 200: schemas.customerReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, party_id: partyId } = request.body;
          const customer = await identifyCustomer(room, tx, book, request.params.key, partyId);
          nameCustomer(book, customer);
          return { status: 200, body: customerJson(customer) };
        }),
    );
    app.get(
      '/account-centre/customers/:key',
      {
        config: { permission: 'account_centre:read', personal: true },
        schema: {
          tags,
          summary: 'The tree with all it holds, now or at both clocks',
          description: 'States and limits are those of now, whatever moment is asked for.',
          params: schemas.keyParams,
          querystring: schemas.clocksQuery,
          response: { 200: schemas.treeReply },
        },
      },
      async ({ params, query }) => {
        await lookAt(db, query.book, params.key);
        const clocks = { effectiveDate: query.effective_date, recordedAt: query.recorded_at };
        return treeJson(await tree(query.book, params.key, clocks));
      },
    );
    app.post(
      '/account-centre/customers/:key/nodes',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Add a node below one that exists, such as fund/margin',
          params: schemas.keyParams,
          body: schemas.nodeBody,
          response: { 201: schemas.nodeReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, path, name } = request.body;
          return { status: 201, body: { ...(await addNode(room, tx, book, request.params.key, { path, name })) } };
        }),
    );
    app.post(
      '/account-centre/customers/:key/accounts',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Open accounts in the tree, all or none; gives the tree',
          params: schemas.keyParams,
          body: schemas.accountsBody,
          response: { 201: schemas.treeReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, accounts } = request.body;
          const opened = accounts.map((account) => ({
            ...account,
            limits: {
              minimum: limitOf(account.limits?.minimum, account.currency),
              maximum: limitOf(account.limits?.maximum, account.currency),
            },
          }));
          await lookAt(tx, book, request.params.key);
          await openTreeAccounts(room, tx, book, request.params.key, opened, handOf(request));
          return { status: 201, body: treeJson(await readTree(tx, await ledger.bookId(book), request.params.key)) };
        }),
    );
    app.post(
      '/account-centre/customers/:key/attachments',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary: 'Let accounts that exist join the tree, all or none; gives the tree',
          params: schemas.keyParams,
          body: schemas.attachBody,
          response: { 200: schemas.treeReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, node, account_ids } = request.body;
          await lookAt(tx, book, request.params.key);
          await attachAccounts(room, tx, book, request.params.key, node, account_ids, handOf(request));
          return { status: 200, body: treeJson(await readTree(tx, await ledger.bookId(book), request.params.key)) };
        }),
    );
    app.post(
      '/account-centre/customers/:key/actions',
      {
        config: { permission: 'account_centre:write' },
        schema: {
          tags,
          summary:
            'Freeze, unfreeze or close one account or the whole tree, with a reason: all or nothing; under four eyes',
          description: 'What stands in the way of closing comes in `obstacles` of the problem `action_stopped`.',
          params: schemas.keyParams,
          body: schemas.actionBody,
          response: { 200: schemas.actionResult, 202: waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, action, account_id: accountId, reason } = request.body;
          await lookAt(tx, book, request.params.key);
          return commands.act(tx, { book, customer: request.params.key, action, accountId, reason }, reason);
        }),
    );
    app.get(
      '/account-centre/customers/:key/actions',
      {
        config: { permission: 'account_centre:read', personal: true },
        schema: {
          tags,
          summary: 'What was done to the tree, oldest first',
          params: schemas.keyParams,
          querystring: schemas.pagedQuery,
          response: { 200: pageOf(schemas.actionReply) },
        },
      },
      async ({ params, query }) => {
        const after = decodeCursor(schemas.numberCursor, query.cursor)?.[0];
        const bookId = await ledger.bookId(query.book);
        await lookAt(db, query.book, params.key);
        const rows = await listActions(db, bookId, params.key, { after, limit: query.limit + 1 });
        return pageFrom(rows.map(actionJson), query.limit, ({ number }) => [number]);
      },
    );
    app.get(
      '/account-centre/customers/:key/statement',
      {
        config: { permission: 'account_centre:read', personal: true },
        schema: {
          tags,
          summary: 'One statement over all accounts of the customer',
          params: schemas.keyParams,
          querystring: schemas.statementQuery,
          response: { 200: schemas.statementReply },
        },
      },
      async ({ params, query }) => {
        const bookId = await ledger.bookId(query.book);
        await lookAt(db, query.book, params.key);
        const cursor = decodeCursor(schemas.statementCursor, query.cursor);
        const after = cursor && { date: cursor[0], sequence: BigInt(cursor[1]), entry: cursor[2] };
        const { from, to, recorded_at: recordedAt, limit } = query;
        const request = { from, to, recordedAt, after, limit };
        return statementJson(await snapshot((tx) => customerStatement(tx, bookId, params.key, request)));
      },
    );
    await earmarkRoutes(room)(app, deps);
    await alertRoutes(room)(app, deps);
  };
}

/** A customer of one book is not that of another with the same key. */
function nameCustomer(book: string, { key, unitId }: Customer): void {
  auditSubject({ kind: 'customer', id: `${book}/${key}`, unitId });
}

function limitOf(text: string | null | undefined, currency: string): bigint | null {
  return text === null || text === undefined ? null : minorOf(text, currency, 'node_invalid');
}
