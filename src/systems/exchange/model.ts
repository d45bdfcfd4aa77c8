/** Rates as exact fractions, customer rates, conversion, and positions at weighted average cost. Pure, no I/O. */
import { Decimal } from '#kernel/decimal';
import { invariant } from '#kernel/errors';
import { currencyExponent, divideRounded, type RoundingRule } from '#kernel/money';

/** A rate as an exact fraction, both parts above zero: units of the quote currency for one unit of the base, both major. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const ONE: Ratio = { numerator: 1n, denominator: 1n };
const rateForm = /^\d{1,18}(\.\d{1,18})?$/;

/** Whether a text is a rate: a decimal above zero with at most 18 digits on either side of the point. */
export function isRate(text: string): boolean {
  return rateForm.test(text) && /[1-9]/.test(text);
}

/** Reads a rate above zero exactly, however many digits it has. */
export function ratio(text: string): Ratio {
  invariant(/^\d+(\.\d+)?$/.test(text) && /[1-9]/.test(text), 'a_stored_rate_is_a_rate');
  const [whole = '', decimals = ''] = text.split('.');
  return { numerator: BigInt(whole + decimals), denominator: 10n ** BigInt(decimals.length) };
}

export function inverse({ numerator, denominator }: Ratio): Ratio {
  return { numerator: denominator, denominator: numerator };
}

export function times(left: Ratio, right: Ratio): Ratio {
  return { numerator: left.numerator * right.numerator, denominator: left.denominator * right.denominator };
}

/** Significant digits of a rate as it is shown and dealt at. */
const RATE_DIGITS = 12;

/** A rate as decimal text of at most 12 significant digits, half-even. */
export function rateText({ numerator, denominator }: Ratio): string {
  return new Decimal(numerator.toString()).div(denominator.toString()).toSignificantDigits(RATE_DIGITS).toFixed();
}

/**
 * An amount of one currency in another: minor units in, minor units of `to` out, rounded once, by the rule that is named,
 * to the exponent ISO 4217 gives `to` (JPY 0, CNY 2, KWD 3). `rate` is units of `to` for one unit of `from`.
 */
export function convert(amountMinor: bigint, from: string, to: string, rate: Ratio, rule: RoundingRule): bigint {
  const numerator = amountMinor * rate.numerator * 10n ** BigInt(currencyExponent(to));
  return divideRounded(numerator, rate.denominator * 10n ** BigInt(currencyExponent(from)), rule);
}

/** How the market orders some currencies in a pair; what is not here comes after, by its code. */
const baseOrder = ['EUR', 'GBP', 'AUD', 'NZD', 'USD'];

/**
 * The pair two currencies are quoted in. The functional currency is always the quote currency (USD/CNY: yuan for one
 * dollar, 直接标价法); of two foreign ones the market's order decides.
 */
export function pairOf(one: string, other: string, functional: string): { base: string; quote: string } {
  const rank = (currency: string) => {
    if (currency === functional) return `3${currency}`;
    const at = baseOrder.indexOf(currency);
    return at === -1 ? `2${currency}` : `1${at}`;
  };
  return rank(one) < rank(other) ? { base: one, quote: other } : { base: other, quote: one };
}

/**
 * What a customer deals at. The bank buys the base at the bid, below mid, and sells it at the ask, above:
 * bid = mid × (1 − spread), ask = mid × (1 + spread), spread in basis points (1/10,000) of mid.
 */
export function customerRate(mid: Ratio, side: 'bid' | 'ask', spreadBasisPoints: string): string {
  const points = /[1-9]/.test(spreadBasisPoints) ? ratio(spreadBasisPoints) : { numerator: 0n, denominator: 1n };
  const whole = 10_000n * points.denominator;
  const numerator = side === 'bid' ? whole - points.numerator : whole + points.numerator;
  return rateText(times(mid, { numerator, denominator: whole }));
}

/** What a bank holds of a currency, above zero: long, below: short; and what it paid for it, with the same sign. */
export interface Position {
  /** Minor units of the currency. */
  readonly quantity: bigint;
  /** Minor units of the functional currency. */
  readonly cost: bigint;
}

/**
 * A position after the bank took (positive) or gave (negative) `quantity` worth `value`, which has the same sign.
 *
 * Weighted average cost: what grows a position adds its value to the cost; what makes it smaller takes out the same
 * share of the cost, and what it is worth less that share is realised. What crosses zero closes the position and opens
 * the other way round at the rest of the value. Always: new cost = cost + value + realised.
 * Source of the cost formula: IAS 2, paragraph 27 (weighted average), applied to currency as dealers do.
 */
export function move(position: Position, quantity: bigint, value: bigint): { position: Position; realised: bigint } {
  const { quantity: held, cost } = position;
  invariant(quantity > 0n ? value >= 0n : value <= 0n, 'value_has_the_sign_of_its_quantity');
  if (held === 0n || held > 0n === quantity > 0n) {
    return { position: { quantity: held + quantity, cost: cost + value }, realised: 0n };
  }
  const [size, moved] = [held < 0n ? -held : held, quantity < 0n ? -quantity : quantity];
  const costOut = moved >= size ? cost : divideRounded(cost * moved, size, 'half_even');
  const valueOut = moved <= size ? value : divideRounded(value * size, moved, 'half_even');
  const realised = -valueOut - costOut;
  return { position: { quantity: held + quantity, cost: cost + value + realised }, realised };
}

/** Average cost of one unit, as decimal text of 12 significant digits; null for nothing held. */
export function averageCost({ quantity, cost }: Position, currency: string, functional: string): string | null {
  if (quantity === 0n) return null;
  const scaled = new Decimal(cost.toString()).div(quantity.toString());
  const shift = currencyExponent(currency) - currencyExponent(functional);
  return scaled.times(new Decimal(10).pow(shift)).toSignificantDigits(RATE_DIGITS).toFixed();
}
