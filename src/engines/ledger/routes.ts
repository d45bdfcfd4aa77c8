/** The ledger over HTTP. */

import { auditSubject } from '#kernel/audit';
import { currentContext } from '#kernel/context';
import { LongmenError } from '#kernel/errors';
import { createBook, listBooks } from '#kernel/events';
import { bodyCheckedBy, decodeCursor, encodeCursor, pageFrom, pageOf, type RouteModule, sendJson } from '#kernel/http';
import { formatAmount } from '#kernel/money';
import { checkTransfers } from './body.ts';
import { isLarge, ledgerCommands, listManualLimits } from './commands.ts';
import { groupRoutes } from './group-routes.ts';
import { accountJson, bookJson, countersJson, limitsOf, outcomeJson, transferJson } from './json.ts';
import type { Ledger } from './ledger.ts';
import type { Account, Outcome } from './model.ts';
import { balanceAsOf, listAccounts, listTransfers, readAccount, readTransfer, trialBalance } from './queries.ts';
import * as schemas from './schemas.ts';
import { statement } from './statement.ts';
import { outcomeCodeOf } from './store.ts';

/** Routes below /api/v1/ledger. */
export function ledgerRoutes(ledger: Ledger): RouteModule {
  const groups = groupRoutes(ledger);
  return (app, deps) => {
    const { db, clock } = deps;
    groups(app, deps);
    const commands = ledgerCommands(ledger, deps);

    app.get(
      '/ledger/books',
      {
        config: { permission: 'ledger.book:read' },
        schema: { tags: ['ledger'], summary: 'All books', response: { 200: pageOf(schemas.bookReply) } },
      },
      async () => ({ items: (await listBooks(db)).map(bookJson), next_cursor: null }),
    );
    app.post(
      '/ledger/books',
      {
        config: { permission: 'ledger.book:write', reach: 'institution' },
        schema: {
          tags: ['ledger'],
          summary: 'Create a book; the same again changes nothing',
          body: schemas.bookBody,
          response: { 201: schemas.bookReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { code, name, legal_entity } = request.body;
          const created = await createBook(tx, { code, name, legalEntity: legal_entity ?? '' }, clock);
          return { status: 201, body: bookJson(created) };
        }),
    );

    app.post(
      '/ledger/accounts',
      {
        config: { permission: 'ledger.account:write' },
        schema: {
          tags: ['ledger'],
          summary: 'Open accounts; the same id with the same content again changes nothing',
          body: schemas.accountsBody,
          response: { 201: schemas.accountsReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, accounts } = request.body;
          const inputs = accounts.map(({ limits, ...account }) => ({
            ...account,
            limits: limitsOf({ minimum: limits?.minimum ?? null, maximum: limits?.maximum ?? null }, account.currency),
          }));
          const opened = await ledger.openAccounts(tx, book, inputs);
          return { status: 201, body: { accounts: opened.map(accountJson) } };
        }),
    );
    app.get(
      '/ledger/accounts',
      {
        config: { permission: 'ledger.account:read', personal: true },
        schema: {
          tags: ['ledger'],
          summary: 'Accounts by code',
          querystring: schemas.accountListQuery,
          response: { 200: pageOf(schemas.accountReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(schemas.accountCursor, query.cursor);
        const rows = await listAccounts(db, await ledger.bookId(query.book), {
          code: query.code,
          after: cursor && { code: cursor[0], id: cursor[1] },
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, ({ code, id }) => [code, id]);
        for (const account of page.items) lookAt(account);
        return { ...page, items: page.items.map(accountJson) };
      },
    );
    app.get(
      '/ledger/accounts/:id',
      {
        config: { permission: 'ledger.account:read', personal: true },
        schema: {
          tags: ['ledger'],
          summary: 'One account as it is now',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.accountReply },
        },
      },
      async ({ params, query }) => {
        const account = await readAccount(db, await ledger.bookId(query.book), params.id);
        lookAt(account);
        return accountJson(account);
      },
    );
    app.patch(
      '/ledger/accounts/:id',
      {
        config: { permission: 'ledger.account:write' },
        schema: {
          tags: ['ledger'],
          summary: 'Change limits; freeze, unfreeze or close (under four eyes); give to another unit',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          body: schemas.accountPatch,
          response: { 200: schemas.accountReply, 202: schemas.waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { params, query, body } = request;
          const { unit, state, limits } = body;
          const moved = unit === undefined ? undefined : await ledger.setUnit(tx, query.book, params.id, unit);
          if (moved !== undefined && (state ?? limits) === undefined) return { status: 200, body: accountJson(moved) };
          return commands.changeAccount(tx, { book: query.book, id: params.id, state, limits });
        }),
    );
    app.get(
      '/ledger/accounts/:id/balance',
      {
        config: { permission: 'ledger.account:read', personal: true },
        schema: {
          tags: ['ledger'],
          summary: 'Balance as of an effective date, as known at an instant',
          params: schemas.idParams,
          querystring: schemas.clocksQuery,
          response: { 200: schemas.balanceReply },
        },
      },
      async ({ params, query }) => {
        const date = query.effective_date ?? ledger.businessDate();
        const bookId = await ledger.bookId(query.book);
        const { account, counters } = await balanceAsOf(db, bookId, params.id, date, query.recorded_at);
        lookAt(account);
        return {
          account_id: account.id,
          currency: account.currency,
          effective_date: date,
          recorded_at: query.recorded_at ?? null,
          ...countersJson(account.side, counters, account.currency),
        };
      },
    );
    app.get(
      '/ledger/accounts/:id/statement',
      {
        config: { permission: 'ledger.account:read', personal: true },
        schema: {
          tags: ['ledger'],
          summary: 'Posted movements with the balance after each, in the order of effective dates',
          params: schemas.idParams,
          querystring: schemas.statementQuery,
          response: { 200: schemas.statementReply },
        },
      },
      async ({ params, query }) => {
        const cursor = decodeCursor(schemas.statementCursor, query.cursor);
        const bookId = await ledger.bookId(query.book);
        const asked = {
          from: query.from,
          to: query.to,
          recordedAt: query.recorded_at,
          after: cursor && { date: cursor[0], sequence: BigInt(cursor[1]) },
          limit: query.limit,
        };
        const result = await db.transaction((tx) => statement(tx, bookId, params.id, asked), {
          isolation: 'repeatable read',
        });
        lookAt(result.account);
        const { currency } = result.account;
        return {
          account_id: result.account.id,
          currency,
          from: result.from,
          to: result.to,
          opening: formatAmount(result.opening, currency),
          closing: formatAmount(result.closing, currency),
          archived: result.archived && {
            before: result.archived.before,
            debit: formatAmount(result.archived.debit, currency),
            credit: formatAmount(result.archived.credit, currency),
          },
          entries: result.entries.map((entry) => ({
            transfer: transferJson(entry.transfer),
            debit: entry.debit === null ? null : formatAmount(entry.debit, currency),
            credit: entry.credit === null ? null : formatAmount(entry.credit, currency),
            counter_account_id: entry.counterAccountId,
            balance_after: formatAmount(entry.balanceAfter, currency),
          })),
          next_cursor: result.next && encodeCursor([result.next.date, result.next.sequence.toString()]),
        };
      },
    );

    app.post(
      '/ledger/transfers',
      {
        // The journal itself says what was posted; the trail adds who asked, and posting does not wait for it.
        config: { permission: 'ledger.transfer:post', audit: 'after' },
        schema: {
          tags: ['ledger'],
          summary: 'Post 1 to 8,192 transfers, each decided by itself, in order',
          description:
            'Every transfer is accepted or refused with one code. When all are refused the answer is 422, with the code of the first and all results.',
          body: schemas.transfersBody,
          response: { 200: schemas.outcomesReply, 202: schemas.waitingReply },
        },
        validatorCompiler: bodyCheckedBy(checkTransfers),
      },
      async (request, reply) => {
        const { book, transfers } = checkedBody(request.body);
        if (currentContext().actor.kind === 'staff' && (await isLarge(db, await ledger.bookId(book), transfers))) {
          return deps.idempotently(request, reply, (tx) => commands.post(tx, { book, transfers }));
        }
        await deps.claimIdempotencyKey(request);
        const outcomes = await ledger.post(book, transfers);
        if (outcomes.every(({ status }) => status === 'refused')) throw allRefused(outcomes);
        return sendJson(reply, JSON.stringify({ results: outcomes.map(outcomeJson) }));
      },
    );
    app.get(
      '/ledger/manual-limits',
      {
        config: { permission: 'ledger.transfer:read' },
        schema: {
          tags: ['ledger'],
          summary: 'From which amounts on a posting by hand needs a second person; a currency not listed always does',
          response: { 200: schemas.manualLimitsReply },
        },
      },
      async () => ({
        items: (await listManualLimits(db)).map(({ currency, amountMinor }) => ({
          currency,
          amount: formatAmount(amountMinor, currency),
        })),
      }),
    );
    app.put(
      '/ledger/manual-limits/:currency',
      {
        config: { permission: 'ledger.manual_limit:write', reach: 'institution' },
        schema: {
          tags: ['ledger'],
          summary: 'Change the limit of postings by hand in a currency; under four eyes',
          params: schemas.currencyParams,
          body: schemas.manualLimitBody,
          response: { 200: schemas.manualLimitReply, 202: schemas.waitingReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, (tx) =>
          commands.changeManualLimit(tx, { currency: request.params.currency, amount: request.body.amount }),
        ),
    );
    app.get(
      '/ledger/transfers',
      {
        config: { permission: 'ledger.transfer:read' },
        schema: {
          tags: ['ledger'],
          summary: 'Accepted transfers in journal order',
          querystring: schemas.transferListQuery,
          response: { 200: pageOf(schemas.transferReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(schemas.sequenceCursor, query.cursor);
        const rows = await listTransfers(db, await ledger.bookId(query.book), {
          accountId: query.account_id,
          kind: query.kind,
          type: query.type,
          reference: query.reference,
          adjustment: query.adjustment === undefined ? undefined : query.adjustment === 'true',
          effectiveFrom: query.effective_from,
          effectiveTo: query.effective_to,
          afterSequence: cursor && BigInt(cursor[0]),
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, ({ sequence }) => [sequence.toString()]);
        return { ...page, items: page.items.map(transferJson) };
      },
    );
    app.get(
      '/ledger/transfers/:id',
      {
        config: { permission: 'ledger.transfer:read' },
        schema: {
          tags: ['ledger'],
          summary: 'The answer given to a transfer id, accepted or refused',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.answeredReply },
        },
      },
      async ({ params, query }) => {
        const answered = await readTransfer(db, await ledger.bookId(query.book), params.id);
        const { transfer, pending } = answered;
        const code = outcomeCodeOf(answered.code);
        return {
          id: answered.id,
          status: code === 'accepted' ? ('accepted' as const) : ('refused' as const),
          code,
          recorded_at: answered.recordedAt,
          transfer: transfer && transferJson(transfer),
          pending:
            pending && transfer
              ? { remaining: formatAmount(pending.remaining, transfer.currency), ended: pending.ended }
              : null,
          reversed_by: answered.reversedBy,
          archived: answered.archived,
        };
      },
    );

    app.get(
      '/ledger/trial-balance',
      {
        config: { permission: 'ledger.trial_balance:read', reach: 'book' },
        schema: {
          tags: ['ledger'],
          summary: 'Totals per currency and chart-of-accounts code as of an effective date, as known at an instant',
          querystring: schemas.trialBalanceQuery,
          response: { 200: schemas.trialBalanceReply },
        },
      },
      async ({ query }) => {
        const date = query.effective_date ?? ledger.businessDate();
        const { dimension = 'branch', group: code } = query;
        const only = code === undefined ? {} : { group: { dimension, code } };
        const lines = await trialBalance(db, await ledger.bookId(query.book), date, query.recorded_at, only);
        const totals = new Map<string, { debits: bigint; credits: bigint }>();
        for (const { currency, counters } of lines) {
          const total = totals.get(currency) ?? { debits: 0n, credits: 0n };
          total.debits += counters.debitsPosted;
          total.credits += counters.creditsPosted;
          totals.set(currency, total);
        }
        return {
          book: query.book,
          effective_date: date,
          recorded_at: query.recorded_at ?? null,
          lines: lines.map(({ currency, code, counters }) => {
            const { balance: net, available: _, ...posted } = countersJson('debit', counters, currency);
            return { currency, code, ...posted, net };
          }),
          totals: [...totals].map(([currency, { debits, credits }]) => ({
            currency,
            debits_posted: formatAmount(debits, currency),
            credits_posted: formatAmount(credits, currency),
          })),
        };
      },
    );
  };
}

/** Names an account in the audit trail. */
function lookAt({ id, unitId }: Account): void {
  auditSubject({ kind: 'account', id, unitId });
}

/** The body as {@link checkTransfers} left it; the schema only documents it. */
function checkedBody(body: unknown) {
  return body as ReturnType<typeof checkTransfers>;
}

/** Nothing was posted: a problem with the first code, and every result. */
function allRefused(outcomes: readonly Outcome[]): LongmenError {
  const code = outcomes[0]?.code ?? 'fields_invalid';
  const detail =
    outcomes.length === 1 ? `The transfer was refused: ${code}` : `All ${outcomes.length} transfers were refused`;
  return new LongmenError(code, { status: 422, title: 'Transfers refused' }, detail, {
    results: outcomes.map(outcomeJson),
  });
}
