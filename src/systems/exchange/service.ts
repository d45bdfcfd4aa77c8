/** The use cases: set up a desk, quote, deal, revalue, report positions. */
import { type Ledger, readAccount } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { appendEvents, findBook, wakeConsumers } from '#kernel/events';
import { canonicalUuid, deterministicId, newId } from '#kernel/ids';
import { exchangeError } from './errors.ts';
import type { Position } from './model.ts';
import { openPositions, type PositionsReport, type RevaluationResult } from './positions.ts';
import { accountInputs, codeOf, deskAccounts, planDeal } from './postings.ts';
import { deskFault, priced, type QuoteRequest } from './pricing.ts';
import { addRates, listRates, type Rate } from './rates.ts';
import type { Deal, Desk, Quote } from './store.ts';
import * as store from './store.ts';

export interface ExchangeDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface DealRequest {
  /** UUID of the caller; it keeps its first outcome. */
  readonly id: string;
  readonly quoteId: string;
  readonly sellAccountId: string;
  readonly buyAccountId: string;
}

export type Dealt = Deal & { readonly repeated: boolean };

export interface Exchange {
  /**
   * Sets up or changes the desk of a book and opens its accounts. Currencies are only ever added.
   * @throws exchange_configuration_invalid, exchange_functional_currency_fixed
   */
  configure(tx: Transaction, book: string, desk: Desk): Promise<Desk>;
  /** Error: `exchange_not_configured`. */
  desk(book: string): Promise<Desk>;
  /** See `addRates` of rates.ts. Returns how many are new. */
  addRates(tx: Transaction, rates: readonly Rate[]): Promise<number>;
  rates(filter: Parameters<typeof listRates>[1]): Promise<Rate[]>;
  /**
   * Offers a rate and the amount that goes with it, for as long as the desk's quotes stand.
   * @throws exchange_not_configured, exchange_currency_not_traded, exchange_amount_invalid, rate_not_found, rate_too_old
   */
  quote(tx: Transaction, book: string, request: QuoteRequest): Promise<Quote>;
  /** Error: `exchange_quote_not_found`. */
  findQuote(book: string, id: string): Promise<Quote>;
  /**
   * Takes a quote. The deal, its transfers and its event commit together; a refusal by the ledger is recorded, too.
   * @throws exchange_deal_id_invalid, exchange_deal_differs, exchange_quote_not_found, exchange_quote_expired,
   * exchange_quote_taken, and those of `ledger.postIn`
   */
  deal(book: string, request: DealRequest): Promise<Dealt>;
  /** Error: `exchange_deal_not_found`. */
  findDeal(book: string, id: string): Promise<Deal>;
  /** See `revalue` of positions.ts. */
  revalue(book: string, date: string, adjustment?: boolean): Promise<RevaluationResult>;
  /** See `report` of positions.ts; without a date the business date. */
  positions(book: string, date?: string): Promise<PositionsReport>;
}

export function openExchange({ db, ledger, clock }: ExchangeDeps): Exchange {
  const now = () => instantText(clock.now());
  const positions = openPositions({ db, ledger, clock, deskOf });

  return {
    async configure(tx, book, wanted) {
      const { bookId } = await findBook(tx, book);
      await store.lockDesk(tx, bookId);
      const before = await store.findDesk(tx, bookId);
      const functional = wanted.functionalCurrency;
      if (before !== undefined && before.functionalCurrency !== functional) {
        const detail = `The functional currency of '${book}' is ${before.functionalCurrency}`;
        throw exchangeError('exchange_functional_currency_fixed', detail);
      }
      const currencies = [...new Set([functional, ...wanted.currencies])];
      const fault = deskFault(wanted, currencies);
      if (fault !== undefined) throw exchangeError('exchange_configuration_invalid', fault);
      await store.saveDesk(tx, bookId, { ...wanted, currencies }, now());
      await ledger.openAccounts(tx, book, accountInputs(book, functional, currencies));
      return deskOf(tx, bookId);
    },
    async desk(book) {
      return deskOf(db, await ledger.bookId(book));
    },
    addRates: (tx, rates) => addRates(tx, rates, now()),
    rates: (filter) => listRates(db, filter),

    async quote(tx, book, request) {
      const { bookId } = await findBook(tx, book);
      const desk = await deskOf(tx, bookId);
      const at = clock.now();
      const quote = await priced(tx, desk, request, {
        id: newId(clock),
        date: ledger.businessDate(),
        quotedAt: instantText(at),
        expiresAt: instantText(at.add({ seconds: desk.quoteSeconds })),
      });
      await store.addQuote(tx, bookId, quote);
      return quote;
    },
    async findQuote(book, id) {
      return quoteOf(db, await ledger.bookId(book), id);
    },

    async deal(book, given) {
      const id = canonicalUuid(given.id);
      if (id === undefined) throw exchangeError('exchange_deal_id_invalid', `'${given.id.slice(0, 60)}' is no UUID`);
      const request = {
        id,
        quoteId: given.quoteId.toLowerCase(),
        sellAccountId: given.sellAccountId.toLowerCase(),
        buyAccountId: given.buyAccountId.toLowerCase(),
      };
      const bookId = await ledger.bookId(book);
      const dealt = await db.transaction((tx) => deal(tx, book, bookId, request));
      if (!dealt.repeated) wakeConsumers(bookId);
      return dealt;
    },
    async findDeal(book, id) {
      const found = await store.findDeal(db, await ledger.bookId(book), canonicalUuid(id) ?? NO_ID);
      if (found === undefined) throw exchangeError('exchange_deal_not_found', `No deal ${id}`, { id });
      return found;
    },
    revalue: (book, date, adjustment) => positions.revalue(book, date, adjustment),
    positions: (book, date) => positions.report(book, date),
  };

  async function deal(tx: Transaction, book: string, bookId: number, request: DealRequest): Promise<Dealt> {
    // From here to the commit nobody else deals in this book, so the positions read are those the deal is posted on.
    await store.lockDesk(tx, bookId);
    const before = await store.findDeal(tx, bookId, request.id);
    if (before !== undefined) {
      const same = (['quoteId', 'sellAccountId', 'buyAccountId'] as const).every((key) => before[key] === request[key]);
      if (same) return { ...before, repeated: true };
      throw exchangeError('exchange_deal_differs', `The id ${request.id} was used for another deal`);
    }
    const desk = await deskOf(tx, bookId);
    const quote = await quoteOf(tx, bookId, request.quoteId);
    if ((await store.dealOfQuote(tx, bookId, quote.id)) !== undefined) {
      throw exchangeError('exchange_quote_taken', `Quote ${quote.id} was taken by another deal`, { id: quote.id });
    }
    if (quote.expiresAt <= now()) {
      throw exchangeError('exchange_quote_expired', `Quote ${quote.id} stood until ${quote.expiresAt}`, {
        expires_at: quote.expiresAt,
      });
    }
    const { functionalCurrency: functional } = desk;
    const accounts = deskAccounts(book, functional);
    const position = async (currency: string): Promise<Position> => {
      if (currency === functional) return { quantity: 0n, cost: 0n };
      const held = (await readAccount(tx, bookId, accounts.position(currency))).counters;
      const cost = (await readAccount(tx, bookId, accounts.cost(currency))).counters;
      return { quantity: held.creditsPosted - held.debitsPosted, cost: cost.debitsPosted - cost.creditsPosted };
    };
    const effectiveDate = ledger.businessDate();
    const plan = planDeal(
      accounts,
      functional,
      quote,
      request,
      { sell: await position(quote.sellCurrency), buy: await position(quote.buyCurrency) },
      {
        effectiveDate,
        reference: request.id,
        idOf: (index) => deterministicId('exchange.deal', request.id, String(index)),
      },
    );
    const outcomes = await ledger.postIn(tx, book, plan.transfers);
    const code = codeOf(outcomes);
    const accepted = code === 'accepted';
    const entry: Deal = {
      ...request,
      status: accepted ? 'accepted' : 'refused',
      code,
      effectiveDate,
      spreadMinor: accepted ? plan.spreadMinor : 0n,
      sellRealisedMinor: accepted ? plan.sellRealisedMinor : 0n,
      buyRealisedMinor: accepted ? plan.buyRealisedMinor : 0n,
      firstSequence: accepted ? (outcomes[0]?.sequence ?? null) : null,
      lastSequence: accepted ? (outcomes.at(-1)?.sequence ?? null) : null,
      recordedAt: outcomes[0]?.recordedAt ?? now(),
    };
    await store.addDeal(tx, bookId, entry);
    if (accepted) {
      const { sellCurrency, sellMinor, buyCurrency, buyMinor, rate } = quote;
      await appendEvents(tx, bookId, clock, [
        {
          type: 'exchange.dealt',
          subject: request.id,
          payload: {
            deal_id: request.id,
            quote_id: quote.id,
            sell_currency: sellCurrency,
            sell_minor: sellMinor,
            buy_currency: buyCurrency,
            buy_minor: buyMinor,
            rate,
            first_sequence: entry.firstSequence,
            last_sequence: entry.lastSequence,
          },
        },
      ]);
    }
    const kept = await store.findDeal(tx, bookId, request.id);
    invariant(kept !== undefined, 'a_deal_has_one_outcome');
    return { ...kept, repeated: false };
  }
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

async function deskOf(on: Queryable, bookId: number): Promise<Desk> {
  const desk = await store.findDesk(on, bookId);
  if (desk === undefined) throw exchangeError('exchange_not_configured', 'The book has no exchange desk yet');
  return desk;
}

async function quoteOf(on: Queryable, bookId: number, id: string): Promise<Quote> {
  const quote = await store.findQuote(on, bookId, canonicalUuid(id) ?? NO_ID);
  if (quote === undefined) throw exchangeError('exchange_quote_not_found', `No quote ${id}`, { id });
  return quote;
}
