/** What a customer is offered: pair, side, rate, both amounts and their values. */
import type { Queryable } from '#kernel/database';
import { isCurrency, MAX_AMOUNT_MINOR } from '#kernel/money';
import { exchangeError } from './errors.ts';
import { convert, customerRate, inverse, isRate, pairOf, rateText, ratio } from './model.ts';
import { rateOn } from './rates.ts';
import type { Desk, Quote } from './store.ts';

/** A customer sells one currency for another; exactly one of the two amounts is given, in minor units. */
export interface QuoteRequest {
  readonly sellCurrency: string;
  readonly buyCurrency: string;
  readonly sellMinor?: bigint | undefined;
  readonly buyMinor?: bigint | undefined;
  /** In place of the desk's. */
  readonly spreadBasisPoints?: string | undefined;
}

/** Decimal text of basis points, from 0 to less than 10,000. */
function isSpread(text: string): boolean {
  return (isRate(text) || /^0(\.0{1,18})?$/.test(text)) && BigInt(text.split('.')[0] ?? '') < 10_000n;
}

/** What is wrong with a desk as it is wanted, or undefined. */
export function deskFault(desk: Desk, currencies: readonly string[]): string | undefined {
  const unknown = currencies.find((currency) => !isCurrency(currency));
  if (unknown !== undefined) return `'${unknown}' is no currency accounts can be kept in`;
  if (!isSpread(desk.spreadBasisPoints)) return 'The spread is a decimal from 0 to less than 10000 basis points';
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(desk.rateSource)) return `'${desk.rateSource}' is no name of a source`;
  const { quoteSeconds, maximumRateAgeDays } = desk;
  if (!Number.isInteger(quoteSeconds) || quoteSeconds < 1 || quoteSeconds > 86_400) {
    return 'A quote stands for 1 to 86400 seconds';
  }
  if (!Number.isInteger(maximumRateAgeDays) || maximumRateAgeDays < 0 || maximumRateAgeDays > 3_660) {
    return 'A rate may be 0 to 3660 days old';
  }
  return undefined;
}

/** Prices a request: the pair, the side, the customer's rate, both amounts and their values at mid. */
export async function priced(
  on: Queryable,
  desk: Desk,
  request: QuoteRequest,
  frame: { id: string; date: string; quotedAt: string; expiresAt: string },
): Promise<Quote> {
  const { sellCurrency, buyCurrency } = request;
  const { functionalCurrency: functional, rounding } = desk;
  for (const currency of [sellCurrency, buyCurrency]) {
    if (!desk.currencies.includes(currency)) {
      const traded = desk.currencies.join(', ');
      throw exchangeError(
        'exchange_currency_not_traded',
        `'${currency.slice(0, 20)}' is not traded; there are: ${traded}`,
      );
    }
  }
  const given = [request.sellMinor, request.buyMinor].filter((minor) => minor !== undefined);
  if (sellCurrency === buyCurrency || given.length !== 1 || given.some((minor) => minor <= 0n)) {
    throw exchangeError(
      'exchange_amount_invalid',
      'Two different currencies and one amount above zero are needed, either what is sold or what is bought',
    );
  }
  const spread = request.spreadBasisPoints ?? desk.spreadBasisPoints;
  if (!isSpread(spread)) {
    throw exchangeError('exchange_amount_invalid', 'The spread is a decimal from 0 to less than 10000 basis points');
  }
  const question = {
    source: desk.rateSource,
    date: frame.date,
    at: frame.quotedAt,
    maximumAgeDays: desk.maximumRateAgeDays,
    across: functional,
  };
  const { base, quote } = pairOf(sellCurrency, buyCurrency, functional);
  const found = await rateOn(on, base, quote, question);
  const side = sellCurrency === base ? 'bid' : 'ask';
  const rate = customerRate(found[side], side, spread);
  const dealt = ratio(rate);
  // Both ways by the one rate that is shown, so that a customer can check it.
  const sellToBuy = side === 'bid' ? dealt : inverse(dealt);
  const sellMinor =
    request.sellMinor ?? convert(request.buyMinor ?? 0n, buyCurrency, sellCurrency, inverse(sellToBuy), rounding);
  const buyMinor = request.buyMinor ?? convert(sellMinor, sellCurrency, buyCurrency, sellToBuy, rounding);
  if (sellMinor === 0n || buyMinor === 0n || sellMinor > MAX_AMOUNT_MINOR || buyMinor > MAX_AMOUNT_MINOR) {
    throw exchangeError('exchange_amount_invalid', 'The other amount comes out as nothing, or as too large');
  }
  // Values are rounded half-even whatever customers' amounts are: they are the bank's own reckoning.
  const worthOf = async (amountMinor: bigint, currency: string) =>
    convert(amountMinor, currency, functional, (await rateOn(on, currency, functional, question)).mid, 'half_even');
  const [sellValueMinor, buyValueMinor] = [
    await worthOf(sellMinor, sellCurrency),
    await worthOf(buyMinor, buyCurrency),
  ];
  if (sellValueMinor > MAX_AMOUNT_MINOR || buyValueMinor > MAX_AMOUNT_MINOR) {
    throw exchangeError('exchange_amount_invalid', 'The amount is worth more than books can hold');
  }
  return {
    id: frame.id,
    sellCurrency,
    sellMinor,
    buyCurrency,
    buyMinor,
    base,
    quote,
    side,
    mid: rateText(found.mid),
    rate,
    spreadBasisPoints: spread,
    rateDate: found.date,
    sellValueMinor,
    buyValueMinor,
    quotedAt: frame.quotedAt,
    expiresAt: frame.expiresAt,
  };
}
