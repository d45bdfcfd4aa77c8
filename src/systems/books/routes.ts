/** Entities and their books over HTTP. */
import { LongmenError } from '#kernel/errors';
import { pageOf, type RouteModule } from '#kernel/http';
import { isCurrency, parseAmountMinor } from '#kernel/money';
import { entityBooks, listEntities, readEntity } from './entities.ts';
import { booksError } from './errors.ts';
import { bookJson, entityJson, inTransitJson, outcomeJson, transferJson, trialBalanceJson } from './json.ts';
import type { EntityOutcome } from './model.ts';
import { entityTrialBalance } from './reports.ts';
import * as schemas from './schemas.ts';
import type { Books } from './service.ts';

/** Routes below /api/v1/entities. `businessDate`: the ledger's, the default of what is asked as of a date. */
export function entityRoutes(books: Books, businessDate: () => string): RouteModule {
  return (app, deps) => {
    const { db } = deps;
    const tags = ['entities'];

    app.get(
      '/entities',
      {
        config: { permission: 'books.entity:read' },
        schema: { tags, summary: 'All legal entities', response: { 200: pageOf(schemas.entityReply) } },
      },
      async () => ({ items: (await listEntities(db)).map(entityJson), next_cursor: null }),
    );
    app.post(
      '/entities',
      {
        config: { permission: 'books.entity:write', reach: 'institution' },
        schema: {
          tags,
          summary: 'Create a legal entity; the same again changes nothing',
          body: schemas.entityBody,
          response: { 201: schemas.entityReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { code, name, functional_currency: functionalCurrency } = request.body;
          return { status: 201, body: entityJson(await books.createEntity(tx, { code, name, functionalCurrency })) };
        }),
    );
    app.get(
      '/entities/:entity',
      {
        config: { permission: 'books.entity:read', reach: 'book' },
        schema: {
          tags,
          summary: 'One legal entity with its books',
          params: schemas.entityParams,
          response: { 200: schemas.entityWithBooks },
        },
      },
      async ({ params }) => ({
        ...entityJson(await readEntity(db, params.entity)),
        books: (await entityBooks(db, params.entity)).map(bookJson),
      }),
    );
    app.post(
      '/entities/:entity/books',
      {
        config: { permission: 'books.entity:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Give the entity one more book, also while it is in use; the same again changes nothing',
          params: schemas.entityParams,
          body: schemas.bookBody,
          response: { 201: schemas.bookReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => ({
          status: 201,
          body: bookJson(await books.addBook(tx, request.params.entity, request.body)),
        })),
    );
    app.patch(
      '/entities/:entity/books/:book',
      {
        config: { permission: 'books.entity:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Open a book to new customers, or close it to them',
          params: schemas.bookParams,
          body: schemas.bookPatch,
          response: { 200: schemas.bookReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { entity, book } = request.params;
          return {
            status: 200,
            body: bookJson(await books.setNewCustomers(tx, entity, book, request.body.new_customers)),
          };
        }),
    );

    app.post(
      '/entities/:entity/accounts',
      {
        config: { permission: 'books.entity:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Open accounts of a customer, in whatever book the customer has',
          params: schemas.entityParams,
          body: schemas.accountsBody,
          response: { 201: schemas.accountsReply },
        },
      },
      async (request, reply) => {
        const { customer, accounts } = request.body;
        // Account ids make this repeatable; it is more than one transaction.
        await deps.claimIdempotencyKey(request);
        const inputs = accounts.map(({ limits, ...account }) => ({
          ...account,
          limits: {
            minimum: limitOf(limits?.minimum ?? null, account.currency),
            maximum: limitOf(limits?.maximum ?? null, account.currency),
          },
        }));
        const opened = await books.openAccounts(request.params.entity, customer, inputs);
        reply.code(201);
        return {
          book: opened.book.code,
          accounts: opened.accounts.map(({ id, currency, code, side, name }) => ({ id, currency, code, side, name })),
        };
      },
    );
    app.get(
      '/entities/:entity/accounts/:id',
      {
        config: { permission: 'books.entity:read', reach: 'book' },
        schema: {
          tags,
          summary: 'In which book an account is',
          params: schemas.idParams,
          response: { 200: schemas.placeReply },
        },
      },
      async ({ params }) => {
        const { accountId, book, currency, customer } = await books.placeOf(params.entity, params.id);
        return { account_id: accountId, book: book.code, currency, customer };
      },
    );
    app.get(
      '/entities/:entity/customers/:customer',
      {
        config: { permission: 'books.entity:read', reach: 'book' },
        schema: {
          tags,
          summary: 'The book and the accounts of a customer',
          params: schemas.customerParams,
          response: { 200: schemas.customerReply },
        },
      },
      async ({ params }) => {
        const { book, accountIds } = await books.findCustomer(params.entity, params.customer);
        return { customer: params.customer, book: book.code, account_ids: accountIds };
      },
    );

    app.post(
      '/entities/:entity/transfers',
      {
        config: { permission: 'books.transfer:post', reach: 'book' },
        schema: {
          tags,
          summary: 'Move money between accounts of the entity, in whatever books they are',
          description:
            'Each transfer is accepted or refused by itself, and answered when that is final. Those within one book are posted first, in order. When all are refused the answer is 422, with the code of the first and all results.',
          params: schemas.entityParams,
          body: schemas.transfersBody,
          response: { 200: schemas.outcomesReply },
        },
      },
      async (request) => {
        await deps.claimIdempotencyKey(request);
        const inputs = request.body.transfers.map(
          ({ debit_account_id: debitAccountId, credit_account_id: creditAccountId, effective_date, ...more }) => ({
            ...more,
            debitAccountId,
            creditAccountId,
            effectiveDate: effective_date,
          }),
        );
        const outcomes = await books.transfer(request.params.entity, inputs);
        if (outcomes.every(({ status }) => status === 'refused')) throw allRefused(outcomes);
        return { results: outcomes.map(outcomeJson) };
      },
    );
    app.get(
      '/entities/:entity/transfers/:id',
      {
        config: { permission: 'books.transfer:read', reach: 'book' },
        schema: {
          tags,
          summary: 'A transfer between two books: how far it is, or how it ended',
          params: schemas.idParams,
          response: { 200: schemas.transferReply },
        },
      },
      async ({ params }) => {
        const transfer = await books.readTransfer(params.entity, params.id);
        return transferJson(transfer, await entityBooks(db, params.entity));
      },
    );

    app.get(
      '/entities/:entity/in-transit',
      {
        config: { permission: 'books.entity:read', reach: 'book' },
        schema: {
          tags,
          summary: 'Completeness: what is under way between the books, and whether that is all',
          params: schemas.entityParams,
          response: { 200: schemas.inTransitReply },
        },
      },
      async ({ params }) => inTransitJson(await books.inTransit(params.entity), await entityBooks(db, params.entity)),
    );
    app.get(
      '/entities/:entity/trial-balance',
      {
        config: { permission: 'books.entity:read', reach: 'book' },
        schema: {
          tags,
          summary: 'All books of the entity added up, with what they owe each other apart',
          params: schemas.entityParams,
          querystring: schemas.trialBalanceQuery,
          response: { 200: schemas.trialBalanceReply },
        },
      },
      async ({ params: { entity }, query }) => {
        const date = query.effective_date ?? businessDate();
        // One snapshot, so that books in use add up.
        return db.transaction(
          async (tx) => ({
            entity,
            effective_date: date,
            recorded_at: query.recorded_at ?? null,
            books: (await entityBooks(tx, entity)).map(({ code }) => code),
            ...trialBalanceJson(await entityTrialBalance(tx, entity, date, query.recorded_at)),
          }),
          { isolation: 'repeatable read' },
        );
      },
    );
  };
}

function limitOf(text: string | null, currency: string): bigint | null {
  // An unknown currency is the account's fault and is reported by the ledger.
  if (text === null || !isCurrency(currency)) return null;
  const parsed = parseAmountMinor(text, currency);
  if (parsed.ok) return parsed.amountMinor;
  throw booksError('account_limit_invalid', `The limit is not an amount: ${parsed.code}`, { reason: parsed.code });
}

/** Nothing was moved: a problem with the first code, and every result. */
function allRefused(outcomes: readonly EntityOutcome[]): LongmenError {
  const code = outcomes[0]?.code ?? 'fields_invalid';
  const detail =
    outcomes.length === 1 ? `The transfer was refused: ${code}` : `All ${outcomes.length} transfers were refused`;
  return new LongmenError(code, { status: 422, title: 'Transfers refused' }, detail, {
    results: outcomes.map(outcomeJson),
  });
}
