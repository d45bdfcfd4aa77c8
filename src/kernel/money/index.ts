/**
 * Money: bigint minor units of an ISO 4217 currency. JSON carries amounts as decimal strings ('12.30'), which
 * {@link parseAmountMinor} reads and {@link formatAmount} writes; nothing here rounds without a rule that is named.
 */
export { type AllocationRule, allocate } from './allocate.ts';
export { type AmountErrorCode, type AmountParse, formatAmount, MAX_AMOUNT_MINOR, parseAmountMinor } from './amount.ts';
export { type Currency, currencyExponent, isCurrency, parseCurrency } from './currency.ts';
export { divideRounded, type RoundingRule, roundingRules } from './divide.ts';
export { addMoney, compareMoney, type Money, negateMoney, subtractMoney } from './money.ts';
