import type { Currency } from './currency.ts';
import { moneyError } from './errors.ts';

/** An amount in minor units (fen, cents) together with its currency. */
export interface Money {
  readonly amountMinor: bigint;
  readonly currency: Currency;
}

/** @throws currency_mismatch_money */
export function addMoney(left: Money, right: Money): Money {
  const currency = commonCurrency(left, right);
  return { amountMinor: left.amountMinor + right.amountMinor, currency };
}

/** @throws currency_mismatch_money */
export function subtractMoney(left: Money, right: Money): Money {
  return addMoney(left, negateMoney(right));
}

export function negateMoney(money: Money): Money {
  return { amountMinor: -money.amountMinor, currency: money.currency };
}

/**
 * Order of two amounts, for `sort`: negative, zero or positive.
 *
 * @throws currency_mismatch_money
 */
export function compareMoney(left: Money, right: Money): -1 | 0 | 1 {
  commonCurrency(left, right);
  if (left.amountMinor === right.amountMinor) return 0;
  return left.amountMinor < right.amountMinor ? -1 : 1;
}

function commonCurrency(left: Money, right: Money): Currency {
  if (left.currency !== right.currency) {
    throw moneyError('currency_mismatch_money', `An amount in ${left.currency} meets one in ${right.currency}`);
  }
  return left.currency;
}
