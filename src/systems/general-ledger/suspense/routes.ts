/** Suspense accounts over HTTP. */

import { readAccount } from '#engines/ledger';
import { currentContext } from '#kernel/context';
import { type IsoDate, parseDate } from '#kernel/dates';
import { pageOf, type RouteModule } from '#kernel/http';
import { parseAmountMinor } from '#kernel/money';
import { matchJson, suspenseAccountJson, suspenseItemsJson, suspenseLineJson } from '../json.ts';
import { type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import * as schemas from '../schemas.ts';
import { suspenseAccounts, suspenseItems, suspenseMatches, suspenseReport } from './queries.ts';
import { markSuspenseAccount, matchSuspense, setAgeingRule, undoSuspenseMatch } from './service.ts';

const tags = ['general ledger'];

/** Who sends a request, by the name of the token, and the reason given. */
export function handOf(request: { body: { reason?: string | undefined } }): Hand {
  return { actor: currentContext().actor.name, reason: request.body.reason };
}

/** Routes below /api/v1/general-ledger/suspense. */
export function suspenseRoutes(room: GeneralLedgerDeps): RouteModule {
  const { db, ledger } = room;
  const dateOf = (text: string | undefined): IsoDate => parseDate(text ?? ledger.businessDate());
  return (app, deps) => {
    app.get(
      '/general-ledger/suspense/accounts',
      {
        config: { permission: 'general_ledger.suspense:read', reach: 'book' },
        schema: {
          tags,
          summary: 'The suspense accounts of a book',
          querystring: schemas.bookQuery,
          response: { 200: pageOf(schemas.suspenseAccountReply) },
        },
      },
      async ({ query }) => ({
        items: (await suspenseAccounts(db, await ledger.bookId(query.book))).map(suspenseAccountJson),
        next_cursor: null,
      }),
    );
    app.patch(
      '/general-ledger/suspense/accounts/:id',
      {
        config: { permission: 'general_ledger.suspense:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Say that an account is a suspense account, or no longer is',
          params: schemas.idParams,
          body: schemas.markBody,
          response: { 200: schemas.suspenseAccountReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, marked } = request.body;
          await markSuspenseAccount(room, tx, book, request.params.id, marked, handOf(request));
          const account = await readAccount(tx, await ledger.bookId(book), request.params.id);
          return { status: 200, body: suspenseAccountJson(account) };
        }),
    );
    app.get(
      '/general-ledger/suspense/accounts/:id/items',
      {
        config: { permission: 'general_ledger.suspense:read', reach: 'book' },
        schema: {
          tags,
          summary: 'The open items of a suspense account with their ages, at both clocks',
          params: schemas.idParams,
          querystring: schemas.clocksQuery,
          response: { 200: schemas.itemsReply },
        },
      },
      async ({ params, query }) => {
        const bookId = await ledger.bookId(query.book);
        const clocks = { date: dateOf(query.effective_date), recordedAt: query.recorded_at };
        const found = await db.transaction((tx) => suspenseItems(tx, bookId, params.id, clocks), {
          isolation: 'repeatable read',
        });
        return {
          ...suspenseItemsJson(found),
          effective_date: clocks.date,
          recorded_at: clocks.recordedAt ?? null,
        };
      },
    );
    app.get(
      '/general-ledger/suspense/report',
      {
        config: { permission: 'general_ledger.suspense:read', reach: 'book' },
        schema: {
          tags,
          summary: 'Every suspense account with what is open by age, at both clocks',
          querystring: schemas.clocksQuery,
          response: { 200: schemas.reportReply },
        },
      },
      async ({ query }) => {
        const bookId = await ledger.bookId(query.book);
        const clocks = { date: dateOf(query.effective_date), recordedAt: query.recorded_at };
        const lines = await db.transaction((tx) => suspenseReport(tx, bookId, clocks), {
          isolation: 'repeatable read',
        });
        return {
          book: query.book,
          effective_date: clocks.date,
          recorded_at: clocks.recordedAt ?? null,
          lines: lines.map(suspenseLineJson),
        };
      },
    );
    app.post(
      '/general-ledger/suspense/rules',
      {
        config: { permission: 'general_ledger.suspense:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Set how the items of a code, or of the whole book, age',
          body: schemas.ruleBody,
          response: { 200: schemas.ruleBody.omit({ reason: true }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, code, bucket_days, limit_days } = request.body;
          const rule = { bucketDays: bucket_days, limitDays: limit_days };
          await setAgeingRule(room, tx, book, code, rule, handOf(request));
          return { status: 200, body: { book, code, bucket_days, limit_days } };
        }),
    );
    app.get(
      '/general-ledger/suspense/matches',
      {
        config: { permission: 'general_ledger.suspense:read', reach: 'book' },
        schema: {
          tags,
          summary: 'The matches ever made on an account by hand, oldest first',
          querystring: schemas.matchesQuery,
          response: { 200: pageOf(schemas.matchReply) },
        },
      },
      async ({ query }) => {
        const bookId = await ledger.bookId(query.book);
        const { id, currency } = await readAccount(db, bookId, query.account_id);
        const matches = await suspenseMatches(db, bookId, id);
        return { items: matches.map((match) => matchJson(match, currency)), next_cursor: null };
      },
    );
    app.post(
      '/general-ledger/suspense/matches',
      {
        config: { permission: 'general_ledger.suspense:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Match an item with what clears it, by hand',
          body: schemas.matchBody,
          response: { 201: schemas.matchReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, id, account_id, item_id, clearing_id, amount } = request.body;
          const { currency } = await readAccount(tx, await ledger.bookId(book), account_id);
          const input = {
            matchId: id,
            accountId: account_id,
            itemId: item_id,
            clearingId: clearing_id,
            amount: amount === undefined ? undefined : minorOf(amount, currency),
          };
          const match = await matchSuspense(room, tx, book, input, handOf(request));
          return { status: 201, body: matchJson(match, currency) };
        }),
    );
    app.post(
      '/general-ledger/suspense/matches/:id/undo',
      {
        config: { permission: 'general_ledger.suspense:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Undo a match made by hand, with a reason',
          params: schemas.idParams,
          body: schemas.undoBody,
          response: { 200: schemas.matchReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book } = request.body;
          const match = await undoSuspenseMatch(room, tx, book, request.params.id, handOf(request));
          const { currency } = await readAccount(tx, await ledger.bookId(book), match.accountId);
          return { status: 200, body: matchJson(match, currency) };
        }),
    );
  };
}

function minorOf(text: string, currency: string): bigint {
  const parsed = parseAmountMinor(text, currency);
  if (parsed.ok) return parsed.amountMinor;
  throw generalLedgerError('suspense_match_invalid', `'${text}' is no amount: ${parsed.code}`, { reason: parsed.code });
}
