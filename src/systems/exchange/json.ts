/** The objects of exchange as the API writes and reads them. Amounts are decimal text, rates too. */
import { z } from 'zod';
import { instantText, parseInstant } from '#kernel/dates';
import { dateField, instantField, integerText } from '#kernel/http';
import { formatAmount, roundingRules } from '#kernel/money';
import type { PositionsReport, RevaluationResult } from './positions.ts';
import type { Rate } from './rates.ts';
import type { Deal, Desk, Quote } from './store.ts';

export const book = z.string().max(64).default('main').describe('Code of the book.');
export const currency = z.string().regex(/^[A-Z]{3}$/, 'Not an ISO 4217 code');
export const date = dateField;
export const decimal = z.string().regex(/^\d{1,18}(\.\d{1,18})?$/, 'Not a decimal such as "7.1234"');
export const idParams = z.strictObject({ id: z.string() });
const amount = z.string();

const desk = {
  functional_currency: currency.default('CNY').describe('The currency the book reckons in; it does not change.'),
  rate_source: z.string().describe('Whose rates count.'),
  spread_basis_points: decimal.default('0').describe('1/10,000 of mid; the customer pays it on either side.'),
  rounding: z
    .enum(roundingRules)
    .default('half_up')
    .describe("How a customer's amount gets the decimals of its currency."),
  quote_seconds: z.int().min(1).max(86_400).default(60),
  maximum_rate_age_days: z.int().min(0).max(3_660).default(31),
  currencies: z.array(currency).max(200),
};
export const deskBody = z.strictObject({ book, ...desk });
export const deskReply = z.object(desk).meta({ id: 'ExchangeDesk' });

export const rate = z
  .object({
    source: z.string(),
    base: z.string(),
    quote: z.string(),
    date: z.string(),
    quoted_at: z.string().nullable(),
    mid: z.string().describe('Units of quote for one of base.'),
    bid: z.string().nullable(),
    ask: z.string().nullable(),
  })
  .meta({ id: 'ExchangeRate' });
export const rateBody = z.strictObject({
  source: z.string(),
  base: currency,
  quote: currency,
  date,
  quoted_at: instantField.nullable().default(null),
  mid: decimal,
  bid: decimal.nullable().default(null),
  ask: decimal.nullable().default(null),
});
export const quoteReply = z
  .object({
    id: z.string(),
    sell_currency: z.string(),
    sell_amount: amount,
    buy_currency: z.string(),
    buy_amount: amount,
    base: z.string(),
    quote: z.string(),
    side: z.enum(['bid', 'ask']),
    mid: z.string(),
    rate: z.string().describe('What the customer deals at: units of quote for one of base.'),
    spread_basis_points: z.string(),
    rate_date: z.string(),
    quoted_at: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: 'ExchangeQuote' });
export const dealReply = z
  .object({
    id: z.string(),
    quote_id: z.string(),
    sell_account_id: z.string(),
    buy_account_id: z.string(),
    status: z.enum(['accepted', 'refused']),
    code: z.string().describe('Outcome code of the ledger.'),
    effective_date: z.string(),
    functional_currency: z.string(),
    spread: amount,
    realised: amount.describe('What the positions realised, the spread not counted.'),
    first_sequence: integerText.nullable(),
    last_sequence: integerText.nullable(),
    recorded_at: z.string(),
  })
  .meta({ id: 'ExchangeDeal' });
export const dealtReply = dealReply.extend({ repeated: z.boolean() }).meta({ id: 'ExchangeDealt' });

const totals = {
  cost: amount,
  value: amount,
  unrealised: amount,
  unrealised_posted: amount,
  realised: amount,
};
export const positionsReply = z
  .object({
    book: z.string(),
    date: z.string(),
    functional_currency: z.string(),
    positions: z.array(
      z.object({
        currency: z.string(),
        quantity: amount.describe('Above zero: long, below: short.'),
        average_cost: z.string().nullable(),
        rate: z.string().nullable(),
        rate_date: z.string().nullable(),
        ...totals,
      }),
    ),
    totals: z.object({ ...totals, spread: amount, result: amount }),
  })
  .meta({ id: 'ExchangePositions' });
export const revaluationReply = z
  .object({
    date: z.string(),
    functional_currency: z.string(),
    changes: z.array(
      z.object({
        currency: z.string(),
        run: z.int(),
        quantity: amount,
        cost: amount,
        rate: z.string().nullable(),
        rate_date: z.string().nullable(),
        value: amount,
        change: amount,
        transfer_id: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ExchangeRevaluation' });

export function deskJson(of: Desk) {
  return {
    functional_currency: of.functionalCurrency,
    rate_source: of.rateSource,
    spread_basis_points: of.spreadBasisPoints,
    rounding: of.rounding,
    quote_seconds: of.quoteSeconds,
    maximum_rate_age_days: of.maximumRateAgeDays,
    currencies: [...of.currencies],
  };
}

export function rateOf({ quoted_at, ...given }: z.output<typeof rateBody>): Rate {
  return { ...given, quotedAt: quoted_at === null ? null : instantText(parseInstant(quoted_at)) };
}

export function rateJson({ quotedAt, ...of }: Rate) {
  return { ...of, quoted_at: quotedAt };
}

export function quoteJson(of: Quote) {
  return {
    id: of.id,
    sell_currency: of.sellCurrency,
    sell_amount: formatAmount(of.sellMinor, of.sellCurrency),
    buy_currency: of.buyCurrency,
    buy_amount: formatAmount(of.buyMinor, of.buyCurrency),
    base: of.base,
    quote: of.quote,
    side: of.side,
    mid: of.mid,
    rate: of.rate,
    spread_basis_points: of.spreadBasisPoints,
    rate_date: of.rateDate,
    quoted_at: of.quotedAt,
    expires_at: of.expiresAt,
  };
}

export function dealJson(of: Deal, functional: string) {
  return {
    id: of.id,
    quote_id: of.quoteId,
    sell_account_id: of.sellAccountId,
    buy_account_id: of.buyAccountId,
    status: of.status,
    code: of.code,
    effective_date: of.effectiveDate,
    functional_currency: functional,
    spread: formatAmount(of.spreadMinor, functional),
    realised: formatAmount(of.sellRealisedMinor + of.buyRealisedMinor, functional),
    first_sequence: of.firstSequence?.toString() ?? null,
    last_sequence: of.lastSequence?.toString() ?? null,
    recorded_at: of.recordedAt,
  };
}

export function positionsJson(bookCode: string, report: PositionsReport) {
  const { functionalCurrency: functional } = report;
  const sums = (of: {
    costMinor: bigint;
    valueMinor: bigint;
    unrealisedMinor: bigint;
    unrealisedPostedMinor: bigint;
    realisedMinor: bigint;
  }) => ({
    cost: formatAmount(of.costMinor, functional),
    value: formatAmount(of.valueMinor, functional),
    unrealised: formatAmount(of.unrealisedMinor, functional),
    unrealised_posted: formatAmount(of.unrealisedPostedMinor, functional),
    realised: formatAmount(of.realisedMinor, functional),
  });
  return {
    book: bookCode,
    date: report.date,
    functional_currency: functional,
    positions: report.lines.map((line) => ({
      currency: line.currency,
      quantity: formatAmount(line.quantityMinor, line.currency),
      average_cost: line.averageCost,
      rate: line.rate,
      rate_date: line.rateDate,
      ...sums(line),
    })),
    totals: {
      ...sums(report),
      spread: formatAmount(report.spreadMinor, functional),
      result: formatAmount(report.resultMinor, functional),
    },
  };
}

export function revaluationJson({ date: on, functionalCurrency: functional, entries }: RevaluationResult) {
  return {
    date: on,
    functional_currency: functional,
    changes: entries.map((entry) => ({
      currency: entry.currency,
      run: entry.run,
      quantity: formatAmount(entry.quantityMinor, entry.currency),
      cost: formatAmount(entry.costMinor, functional),
      rate: entry.rate,
      rate_date: entry.rateDate,
      value: formatAmount(entry.valueMinor, functional),
      change: formatAmount(entry.changeMinor, functional),
      transfer_id: entry.transferId,
    })),
  };
}
