/** The accounts of a book's exchange desk, and the transfers of deals and revaluations. Pure. */
import type { AccountInput, Outcome, TransferInput } from '#engines/ledger';
import { deterministicId } from '#kernel/ids';
import { move, type Position } from './model.ts';
import type { Quote } from './store.ts';

/** 货币兑换 and 汇兑损益 of the chart of accounts of Chinese banks. */
const POSITION_CODE = '3002';
const RESULT_CODE = '6061';

/** Ids follow from the book's code and the currency, so that a desk needs no list of its accounts. */
export interface DeskAccounts {
  /** The position (外汇敞口) in the currency itself; a credit balance is long. */
  position(currency: string): string;
  /**
   * What the position cost, in the functional currency; a debit balance for a long one. For the functional currency it
   * is the position account itself, which every deal clears to zero.
   */
  cost(currency: string): string;
  /** Unrealised result of the position, in the functional currency; a debit balance is a gain. */
  revaluation(currency: string): string;
  readonly spreadResult: string;
  readonly tradingResult: string;
  readonly unrealisedResult: string;
}

export function deskAccounts(book: string, functional: string): DeskAccounts {
  const id = (kind: string, currency = '') => deterministicId('exchange.account', book, kind, currency);
  const position = (currency: string) => id('position', currency);
  return {
    position,
    cost: (currency) => (currency === functional ? position(currency) : id('cost', currency)),
    revaluation: (currency) => id('revaluation', currency),
    spreadResult: id('spread_result'),
    tradingResult: id('trading_result'),
    unrealisedResult: id('unrealised_result'),
  };
}

/** The ledger accounts a desk needs for its currencies. */
export function accountInputs(book: string, functional: string, currencies: readonly string[]): AccountInput[] {
  const accounts = deskAccounts(book, functional);
  const result = (id: string, name: string): AccountInput => ({
    id,
    currency: functional,
    code: RESULT_CODE,
    side: 'credit',
    name,
  });
  const inputs = [
    result(accounts.spreadResult, 'Exchange spread'),
    result(accounts.tradingResult, 'Exchange result, realised'),
    result(accounts.unrealisedResult, 'Exchange result, unrealised'),
  ];
  for (const currency of currencies) {
    const code = POSITION_CODE;
    inputs.push({ id: accounts.position(currency), currency, code, side: 'credit', name: `Position ${currency}` });
    if (currency === functional) continue;
    inputs.push(
      {
        id: accounts.cost(currency),
        currency: functional,
        code,
        side: 'debit',
        name: `Cost of position ${currency}`,
      },
      {
        id: accounts.revaluation(currency),
        currency: functional,
        code,
        side: 'debit',
        name: `Revaluation of position ${currency}`,
      },
    );
  }
  return inputs;
}

export interface PlannedDeal {
  /** One chain. */
  readonly transfers: readonly TransferInput[];
  readonly spreadMinor: bigint;
  readonly sellRealisedMinor: bigint;
  readonly buyRealisedMinor: bigint;
}

/**
 * The transfers of a deal. The customer gives A to the position A, and gets B out of the position B; in the functional
 * currency the value at mid moves from the cost of B to the cost of A, the spread is the difference of the two values,
 * and what a position realises takes its cost to what its weighted average leaves.
 */
export function planDeal(
  accounts: DeskAccounts,
  functional: string,
  quote: Quote,
  customer: { readonly sellAccountId: string; readonly buyAccountId: string },
  positions: { readonly sell: Position; readonly buy: Position },
  common: { readonly effectiveDate: string; readonly reference: string; idOf(index: number): string },
): PlannedDeal {
  const { sellCurrency, buyCurrency, sellMinor, buyMinor, sellValueMinor, buyValueMinor } = quote;
  const realised = (currency: string, position: Position, quantity: bigint, value: bigint) =>
    currency === functional ? 0n : move(position, quantity, value).realised;
  const sellRealisedMinor = realised(sellCurrency, positions.sell, sellMinor, sellValueMinor);
  const buyRealisedMinor = realised(buyCurrency, positions.buy, -buyMinor, -buyValueMinor);
  const spreadMinor = sellValueMinor - buyValueMinor;

  const [sellCost, buyCost] = [accounts.cost(sellCurrency), accounts.cost(buyCurrency)];
  const { spreadResult, tradingResult } = accounts;
  const moves: [debit: string, credit: string, amountMinor: bigint, currency: string, type: string][] = [
    [customer.sellAccountId, accounts.position(sellCurrency), sellMinor, sellCurrency, 'exchange_sell'],
    [accounts.position(buyCurrency), customer.buyAccountId, buyMinor, buyCurrency, 'exchange_buy'],
    [sellCost, buyCost, buyValueMinor, functional, 'exchange_value'],
    [sellCost, spreadResult, spreadMinor, functional, 'exchange_spread'],
    [sellCost, tradingResult, sellRealisedMinor, functional, 'exchange_realised'],
    [buyCost, tradingResult, buyRealisedMinor, functional, 'exchange_realised'],
  ];
  const { effectiveDate, reference } = common;
  const transfers = moves
    .filter(([, , amountMinor]) => amountMinor !== 0n)
    .map(([debit, credit, amountMinor, currency, type], index) => ({
      id: common.idOf(index),
      // A loss goes the other way round.
      debitAccountId: amountMinor > 0n ? debit : credit,
      creditAccountId: amountMinor > 0n ? credit : debit,
      amount: amountMinor > 0n ? amountMinor : -amountMinor,
      currency,
      effectiveDate,
      reference,
      type,
    }));
  return { transfers: chained(transfers), spreadMinor, sellRealisedMinor, buyRealisedMinor };
}

/** Posts `changeMinor` more unrealised gain (below zero: loss) of a currency. */
export function revaluationTransfer(
  accounts: DeskAccounts,
  functional: string,
  entry: { id: string; currency: string; changeMinor: bigint; effectiveDate: string; adjustment: boolean },
): TransferInput {
  const { id, currency, changeMinor, effectiveDate, adjustment } = entry;
  const [asset, result] = [accounts.revaluation(currency), accounts.unrealisedResult];
  return {
    id,
    debitAccountId: changeMinor > 0n ? asset : result,
    creditAccountId: changeMinor > 0n ? result : asset,
    amount: changeMinor > 0n ? changeMinor : -changeMinor,
    currency: functional,
    effectiveDate,
    ...(adjustment ? { adjustment } : {}),
    type: 'exchange_revaluation',
    reference: currency,
  };
}

/** All or none. */
export function chained(transfers: readonly TransferInput[]): TransferInput[] {
  return transfers.map((transfer, index) =>
    index === transfers.length - 1 ? transfer : { ...transfer, linked: true },
  );
}

/** The code of the member that failed; `accepted` when none did. */
export function codeOf(outcomes: readonly Outcome[]): string {
  const refused = outcomes.filter(({ code }) => code !== 'accepted');
  return (refused.find(({ code }) => code !== 'chain_failed') ?? refused[0])?.code ?? 'accepted';
}
