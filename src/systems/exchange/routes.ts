/** Currency exchange over HTTP. */
import { z } from 'zod';
import { LongmenError } from '#kernel/errors';
import { pageOf, type RouteModule } from '#kernel/http';
import { parseAmountMinor } from '#kernel/money';
import { exchangeError } from './errors.ts';
import * as json from './json.ts';
import type { Exchange } from './service.ts';

const { book, currency, date, decimal } = json;
const bookQuery = z.strictObject({ book });

/** Routes below /api/v1/exchange. */
export function exchangeRoutes(exchange: Exchange): RouteModule {
  return (app, deps) => {
    const tags = ['exchange'];

    app.get(
      '/exchange/desk',
      {
        config: { permission: 'exchange:read' },
        schema: { tags, summary: 'How a book trades', querystring: bookQuery, response: { 200: json.deskReply } },
      },
      async ({ query }) => json.deskJson(await exchange.desk(query.book)),
    );
    app.put(
      '/exchange/desk',
      {
        config: { permission: 'exchange:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Set up or change how a book trades; opens its position accounts',
          body: json.deskBody,
          response: { 200: json.deskReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body } = request;
          const desk = await exchange.configure(tx, body.book, {
            functionalCurrency: body.functional_currency,
            rateSource: body.rate_source,
            spreadBasisPoints: body.spread_basis_points,
            rounding: body.rounding,
            quoteSeconds: body.quote_seconds,
            maximumRateAgeDays: body.maximum_rate_age_days,
            currencies: body.currencies,
          });
          return { status: 200, body: json.deskJson(desk) };
        }),
    );
    app.get(
      '/exchange/rates',
      {
        config: { permission: 'exchange:read' },
        schema: {
          tags,
          summary: 'Rates, the latest first',
          querystring: z.strictObject({
            source: z.string().max(63).optional(),
            base: currency.optional(),
            quote: currency.optional(),
            through: date.optional().describe('Up to this date.'),
            limit: z.coerce.number().int().min(1).max(1_000).default(100),
          }),
          response: { 200: pageOf(json.rate) },
        },
      },
      async ({ query }) => ({ items: (await exchange.rates(query)).map(json.rateJson), next_cursor: null }),
    );
    app.post(
      '/exchange/rates',
      {
        config: { permission: 'exchange:write', reach: 'institution' },
        schema: {
          tags,
          summary: 'Add rates; the same again changes nothing, another value for the same pair and time is refused',
          body: z.strictObject({ rates: z.array(json.rateBody).min(1).max(5_000) }),
          response: { 201: z.object({ added: z.int(), unchanged: z.int() }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { rates } = request.body;
          const added = await exchange.addRates(tx, rates.map(json.rateOf));
          return { status: 201, body: { added, unchanged: rates.length - added } };
        }),
    );
    app.post(
      '/exchange/quotes',
      {
        config: { permission: 'exchange:deal', reach: 'book' },
        schema: {
          tags,
          summary: 'Offer a rate: give what is sold or what is bought',
          body: z.strictObject({
            book,
            sell_currency: currency,
            buy_currency: currency,
            sell_amount: z.string().optional(),
            buy_amount: z.string().optional(),
            spread_basis_points: decimal.optional().describe("In place of the desk's."),
          }),
          response: { 201: json.quoteReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body } = request;
          const quote = await exchange.quote(tx, body.book, {
            sellCurrency: body.sell_currency,
            buyCurrency: body.buy_currency,
            sellMinor: minorOf(body.sell_amount, body.sell_currency),
            buyMinor: minorOf(body.buy_amount, body.buy_currency),
            spreadBasisPoints: body.spread_basis_points,
          });
          return { status: 201, body: json.quoteJson(quote) };
        }),
    );
    app.get(
      '/exchange/quotes/:id',
      {
        config: { permission: 'exchange:read' },
        schema: {
          tags,
          summary: 'A quote',
          params: json.idParams,
          querystring: bookQuery,
          response: { 200: json.quoteReply },
        },
      },
      async ({ params, query }) => json.quoteJson(await exchange.findQuote(query.book, params.id)),
    );
    app.post(
      '/exchange/deals',
      {
        config: { permission: 'exchange:deal', reach: 'book' },
        schema: {
          tags,
          summary: 'Take a quote; the id is yours and keeps its first outcome',
          description: 'When the ledger refuses, the answer is 422 with its code and the deal.',
          body: z.strictObject({
            book,
            id: z.guid(),
            quote_id: z.guid(),
            sell_account_id: z.guid().describe('The account that gives what is sold.'),
            buy_account_id: z.guid().describe('The account that gets what is bought.'),
          }),
          response: { 200: json.dealtReply },
        },
      },
      async (request) => {
        const { body } = request;
        await deps.claimIdempotencyKey(request);
        const desk = await exchange.desk(body.book);
        const dealt = await exchange.deal(body.book, {
          id: body.id,
          quoteId: body.quote_id,
          sellAccountId: body.sell_account_id,
          buyAccountId: body.buy_account_id,
        });
        const shown = { ...json.dealJson(dealt, desk.functionalCurrency), repeated: dealt.repeated };
        if (dealt.status === 'refused') {
          const title = 'The ledger refused the deal';
          throw new LongmenError(dealt.code, { status: 422, title }, `The deal was refused: ${dealt.code}`, {
            deal: shown,
          });
        }
        return shown;
      },
    );
    app.get(
      '/exchange/deals/:id',
      {
        config: { permission: 'exchange:read' },
        schema: {
          tags,
          summary: 'The outcome of a deal id',
          params: json.idParams,
          querystring: bookQuery,
          response: { 200: json.dealReply },
        },
      },
      async ({ params, query }) => {
        const desk = await exchange.desk(query.book);
        return json.dealJson(await exchange.findDeal(query.book, params.id), desk.functionalCurrency);
      },
    );
    app.get(
      '/exchange/positions',
      {
        config: { permission: 'exchange:read' },
        schema: {
          tags,
          summary: 'Positions as of a date: quantity, cost, value, realised and unrealised result',
          querystring: z.strictObject({ book, date: date.optional().describe('Default: the business date.') }),
          response: { 200: json.positionsReply },
        },
      },
      async ({ query }) => json.positionsJson(query.book, await exchange.positions(query.book, query.date)),
    );
    app.post(
      '/exchange/revaluations',
      {
        config: { permission: 'exchange:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Revalue all positions at the rates of a date; the same again changes nothing',
          body: z.strictObject({
            book,
            date,
            adjustment: z.boolean().default(false).describe('Also in a closed period, marked as an adjustment.'),
          }),
          response: { 200: json.revaluationReply },
        },
      },
      async (request) => {
        await deps.claimIdempotencyKey(request);
        const { book: code, date: on, adjustment } = request.body;
        return json.revaluationJson(await exchange.revalue(code, on, adjustment));
      },
    );
  };
}

function minorOf(text: string | undefined, code: string): bigint | undefined {
  if (text === undefined) return undefined;
  const parsed = parseAmountMinor(text, code);
  if (parsed.ok) return parsed.amountMinor;
  throw exchangeError('exchange_amount_invalid', `'${text.slice(0, 60)}' is no amount of ${code}: ${parsed.code}`, {
    reason: parsed.code,
  });
}
