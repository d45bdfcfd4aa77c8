/** Books with an exchange desk for tests: customers' accounts, cash and rates of their own. */
import assert from 'node:assert/strict';
import { newId } from '#kernel/ids';
import { formatAmount, parseAmountMinor } from '#kernel/money';
import { type Desk, openExchange, type QuoteRequest } from '#systems/exchange';
import type { Cleanup } from './database.ts';
import { testLedger, transfer } from './ledger.ts';

export const currencies = ['CNY', 'USD', 'JPY', 'KWD'] as const;
export type Code = (typeof currencies)[number];

export function minor(text: string, currency: string): bigint {
  const parsed = parseAmountMinor(text, currency);
  assert.ok(parsed.ok, text);
  return parsed.amountMinor;
}

/** A ledger with an exchange on it; `deskBook` makes a book of its own. */
export async function testExchange(t: Cleanup) {
  const room = await testLedger(t);
  const { db, clock, ledger, book } = room;
  const exchange = openExchange({ db, ledger, clock });
  let sources = 0;

  /** A book with a customer's account and cash in every currency, a desk, and rates of its own from 2020-01-01 on. */
  async function deskBook(more: Partial<Desk> = {}, funds = '1000000') {
    const opened = await book(
      ...currencies.map((currency) => ({ currency, limits: { minimum: 0n, maximum: null } })),
      ...currencies.map((currency) => ({ currency, code: '1001', side: 'debit' as const })),
    );
    const accounts = Object.fromEntries(currencies.map((currency, at) => [currency, opened.ids[at] ?? '']));
    const { code } = opened;
    if (funds !== '0') {
      for (const [at, currency] of currencies.entries()) {
        const amount = minor(funds, currency);
        await ledger.post(code, [transfer(opened.ids[at + 4] ?? '', accounts[currency] ?? '', amount, { currency })]);
      }
    }
    const source = `test-${++sources}`;
    const rates = async (date: string, usd: string, jpy: string, kwd: string) => {
      const common = { source, date, quotedAt: null, bid: null, ask: null };
      await db.transaction((tx) =>
        exchange.addRates(tx, [
          { ...common, base: 'USD', quote: 'CNY', mid: usd },
          { ...common, base: 'USD', quote: 'JPY', mid: jpy },
          { ...common, base: 'KWD', quote: 'CNY', mid: kwd },
        ]),
      );
    };
    await rates('2020-01-01', '7.00', '140', '23');
    const desk: Desk = {
      functionalCurrency: 'CNY',
      rateSource: source,
      spreadBasisPoints: '100',
      rounding: 'half_up',
      quoteSeconds: 60,
      maximumRateAgeDays: 3660,
      currencies: ['USD', 'JPY', 'KWD'],
      ...more,
    };
    await db.transaction((tx) => exchange.configure(tx, code, desk));
    const quote = (request: QuoteRequest) => db.transaction((tx) => exchange.quote(tx, code, request));
    const take = (quoteId: string, sell: string, buy: string, id = newId(), on = exchange) =>
      on.deal(code, { id, quoteId, sellAccountId: accounts[sell] ?? '', buyAccountId: accounts[buy] ?? '' });
    const deal = async (sell: Code, buy: Code, amount: string) =>
      take((await quote({ sellCurrency: sell, buyCurrency: buy, sellMinor: minor(amount, sell) })).id, sell, buy);
    const yuan = (value: bigint) => formatAmount(value, 'CNY');
    return { ...opened, accounts, desk, rates, quote, take, deal, yuan };
  }

  return { ...room, exchange, deskBook };
}
