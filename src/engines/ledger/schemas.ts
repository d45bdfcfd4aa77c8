/** The ledger's JSON, as zod: amounts are decimal text in major units, sequences decimal text, ids UUIDs. */
import { z } from 'zod';
import { dateField, instantField, integerText, pageQuery, textField, uuidField } from '#kernel/http';
import { DEFAULT_BOOK } from './body.ts';
import { MAX_BATCH, outcomeCodes } from './model.ts';

export const uuid = uuidField;
const amount = z.string().describe('Decimal text in major units of the currency, such as "12.30".');
const signedAmount = z.string().max(40);
export const date = dateField;
export const instant = instantField;
export const text = textField;
const book = text.default(DEFAULT_BOOK).describe('Code of the book.');
/** A position in the journal; 18 digits are more than any journal will have, and fewer than PostgreSQL's bigint takes. */
const sequence = z.string().regex(/^(0|[1-9]\d{0,17})$/, 'Not a position in a journal');
const side = z.enum(['debit', 'credit']);
const state = z.enum(['open', 'outgoing_frozen', 'frozen', 'closed']);

export const bookBody = z.strictObject({
  code: text,
  name: text.min(1).max(200),
  legal_entity: text.max(200).optional(),
});
export const bookReply = z
  .object({ code: z.string(), name: z.string(), legal_entity: z.string(), created_at: z.string() })
  .meta({ id: 'Book' });

const limits = z.strictObject({
  minimum: signedAmount.nullable().describe('After a decrease, available must not be below this; null: no minimum.'),
  maximum: signedAmount.nullable().describe('After an increase, balance and pending increases must not be above this.'),
});

export const accountsBody = z.strictObject({
  book,
  accounts: z
    .array(
      z.strictObject({
        id: uuid,
        currency: z.string(),
        code: z.string().describe('Chart-of-accounts code.'),
        side: side.describe('Normal side: debit for assets and expenses, credit for liabilities, equity and income.'),
        name: z.string().optional(),
        limits: limits.partial().optional(),
        unit: text.optional().describe('Code of the unit it belongs to; default yours, else that of the book.'),
        groups: z
          .array(z.strictObject({ dimension: text, code: text }))
          .max(20)
          .optional(),
      }),
    )
    .min(1)
    .max(MAX_BATCH),
});
export const accountPatch = z
  .strictObject({ state: state.optional(), limits: limits.optional(), unit: text.optional() })
  .refine(({ state, limits, unit }) => (state ?? limits ?? unit) !== undefined, 'Nothing to change');

const counters = {
  debits_pending: amount,
  credits_pending: amount,
  debits_posted: amount,
  credits_posted: amount,
  balance: signedAmount.describe('Posted on the normal side less posted on the other.'),
  available: signedAmount.describe('The balance less pending decreases.'),
};
export const accountReply = z
  .object({
    id: uuid,
    currency: z.string(),
    code: z.string(),
    side,
    name: z.string(),
    state,
    unit: z.string().describe('Code of the unit of the organisation.'),
    limits,
    ...counters,
    opened_at: z.string(),
  })
  .meta({ id: 'Account' });
export const accountsReply = z.object({ accounts: z.array(accountReply) });
export const balanceReply = z
  .object({
    account_id: uuid,
    currency: z.string(),
    effective_date: z.string(),
    recorded_at: z.string().nullable(),
    ...counters,
  })
  .meta({ id: 'BalanceAsOf' });

export const transfersBody = z
  .object({
    book,
    transfers: z
      .array(
        z.object({
          id: uuid.describe('Chosen by the caller; the idempotency key of the transfer.'),
          kind: z.enum(['transfer', 'pending', 'post', 'void', 'reverse']).default('transfer'),
          debit_account_id: uuid.optional(),
          credit_account_id: uuid.optional(),
          amount: amount.optional(),
          currency: z.string().optional().describe('ISO 4217.'),
          pending_id: uuid.optional().describe('post, void: the pending transfer.'),
          reversed_id: uuid.optional().describe('reverse: the transfer to undo.'),
          keep_remainder: z.boolean().optional().describe('post in part: keep the rest pending.'),
          expires_at: z
            .string()
            .optional()
            .describe('pending: RFC 3339 instant from which it can no longer be posted.'),
          effective_date: z.string().optional().describe('Default: the business date; required for reverse.'),
          linked: z.boolean().optional().describe('Chained to the next transfer: all of a chain or none.'),
          type: z.string().max(64).optional(),
          description: z.string().max(500).optional(),
          reference: z.string().max(128).optional(),
          adjustment: z.boolean().optional().describe('Meant for a closed period; a sealed one takes nothing.'),
        }),
      )
      .min(1)
      .max(MAX_BATCH),
  })
  .meta({ id: 'Transfers' });

const outcome = z
  .object({
    id: uuid,
    status: z.enum(['accepted', 'refused']),
    code: z.enum(outcomeCodes),
    sequence: integerText.nullable().describe('Position in the journal of the book.'),
    recorded_at: z.string(),
    repeated: z.boolean().describe('This id was answered before; the first answer is given again.'),
  })
  .meta({ id: 'Outcome' });
export const outcomesReply = z.object({ results: z.array(outcome) });

export const transferReply = z
  .object({
    id: uuid,
    sequence: integerText,
    kind: z.string(),
    debit_account_id: uuid,
    credit_account_id: uuid,
    amount,
    currency: z.string(),
    effective_date: z.string(),
    recorded_at: z.string(),
    related_id: uuid.nullable(),
    expires_at: z.string().nullable(),
    linked: z.boolean(),
    type: z.string().nullable(),
    description: z.string().nullable(),
    reference: z.string().nullable(),
    adjustment: z.boolean().describe('Posted into a closed period on purpose.'),
  })
  .meta({ id: 'Transfer' });

export const answeredReply = z
  .object({
    id: uuid,
    status: z.enum(['accepted', 'refused']),
    code: z.enum(outcomeCodes),
    recorded_at: z.string(),
    transfer: transferReply.nullable(),
    pending: z.object({ remaining: amount, ended: z.string().nullable() }).nullable(),
    reversed_by: uuid.nullable(),
    archived: z.boolean().describe('It was accepted; its journal line is in an archive.'),
  })
  .meta({ id: 'AnsweredTransfer' });

export const statementReply = z
  .object({
    account_id: uuid,
    currency: z.string(),
    from: z.string(),
    to: z.string(),
    opening: signedAmount,
    closing: signedAmount,
    archived: z
      .object({
        before: z.string().describe('From this date on every movement of the account is listed.'),
        debit: amount,
        credit: amount,
      })
      .nullable()
      .describe('What archived movements between the two dates add up to; it stands in front of the entries.'),
    entries: z.array(
      z.object({
        transfer: transferReply,
        debit: amount.nullable(),
        credit: amount.nullable(),
        counter_account_id: uuid,
        balance_after: signedAmount,
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'Statement' });

export const trialBalanceReply = z
  .object({
    book: z.string(),
    effective_date: z.string(),
    recorded_at: z.string().nullable(),
    lines: z.array(
      z.object({
        currency: z.string(),
        code: z.string(),
        debits_pending: amount,
        credits_pending: amount,
        debits_posted: amount,
        credits_posted: amount,
        net: signedAmount.describe('Debits less credits posted.'),
      }),
    ),
    totals: z.array(z.object({ currency: z.string(), debits_posted: amount, credits_posted: amount })),
  })
  .meta({ id: 'TrialBalance' });

export const idParams = z.strictObject({ id: z.string() });
export const bookQuery = z.strictObject({ book });
export const accountListQuery = z.strictObject({ ...pageQuery, book, code: text.optional() });
export const clocksQuery = z.strictObject({
  book,
  effective_date: date.optional().describe('Default: the business date.'),
  recorded_at: instant.optional().describe('As known at this instant; default now.'),
});
export const trialBalanceQuery = clocksQuery.extend({
  dimension: text.optional().describe('With group: only members of this group.'),
  group: text.optional(),
});
export const statementQuery = z
  .strictObject({
    ...pageQuery,
    book,
    from: date.default('0001-01-01'),
    to: date.default('9999-12-31'),
    recorded_at: instant.optional(),
  })
  .refine(({ from, to }) => from <= to, { message: 'Earlier than from', path: ['to'] });
export const transferListQuery = z.strictObject({
  ...pageQuery,
  book,
  account_id: uuid.optional(),
  kind: z.enum(['transfer', 'pending', 'post', 'void', 'reverse', 'expire']).optional(),
  type: text.optional(),
  reference: text.optional(),
  adjustment: z.enum(['true', 'false']).optional(),
  effective_from: date.optional(),
  effective_to: date.optional(),
});
export const sequenceCursor = z.tuple([sequence]);
export const accountCursor = z.tuple([text, uuid]);
export const statementCursor = z.tuple([date, sequence]);

export const currencyParams = z.strictObject({ currency: z.string().regex(/^[A-Z]{3}$/) });
export const manualLimitBody = z.strictObject({ amount });
export const manualLimitReply = z.object({ currency: z.string(), amount: z.string() });
export const manualLimitsReply = z.object({ items: z.array(manualLimitReply) });
export { waitingReply } from '#kernel/administration';
