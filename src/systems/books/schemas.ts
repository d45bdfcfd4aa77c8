/** The JSON of entities and books, as zod: amounts are decimal text in major units, ids UUIDs. */
import { z } from 'zod';
import { MAX_BATCH, outcomeCodes } from '#engines/ledger';
import { dateField, instantField, textField, uuidField } from '#kernel/http';
import { openStates } from './model.ts';

const uuid = uuidField;
const text = textField;
const date = dateField;
const instant = instantField;
const amount = z.string().describe('Decimal text in major units of the currency, such as "12.30".');
const signedAmount = z.string().max(40);

export const entityParams = z.strictObject({ entity: text });
export const bookParams = z.strictObject({ entity: text, book: text });
export const idParams = z.strictObject({ entity: text, id: uuid });
export const customerParams = z.strictObject({ entity: text, customer: text });

export const entityBody = z.strictObject({
  code: text,
  name: text,
  functional_currency: z.string().describe('ISO 4217.'),
});
export const bookBody = z.strictObject({ code: text, name: text.min(1).max(200).optional() });
export const bookPatch = z.strictObject({
  new_customers: z.boolean().describe('Whether customers who are seen first may be given to the book.'),
});
export const bookReply = z
  .object({ code: z.string(), name: z.string(), new_customers: z.boolean() })
  .meta({ id: 'EntityBook' });
const entityFields = {
  code: z.string(),
  name: z.string(),
  functional_currency: z.string(),
  created_at: z.string().nullable(),
};
export const entityReply = z.object(entityFields).meta({ id: 'Entity' });
export const entityWithBooks = z.object({ ...entityFields, books: z.array(bookReply) });

const limits = z.strictObject({ minimum: signedAmount.nullable(), maximum: signedAmount.nullable() });
export const accountsBody = z.strictObject({
  customer: text.describe('Key of the customer, 1 to 128 characters: the same key, the same book.'),
  accounts: z
    .array(
      z.strictObject({
        id: uuid,
        currency: z.string(),
        code: z.string().describe('Chart-of-accounts code.'),
        side: z.enum(['debit', 'credit']),
        name: z.string().optional(),
        limits: limits.partial().optional(),
        groups: z.array(z.strictObject({ dimension: text, code: text })).optional(),
      }),
    )
    .min(1)
    .max(1_000),
});
export const accountsReply = z.object({
  book: z.string(),
  accounts: z.array(
    z.object({ id: z.string(), currency: z.string(), code: z.string(), side: z.string(), name: z.string() }),
  ),
});
export const placeReply = z
  .object({ account_id: z.string(), book: z.string(), currency: z.string(), customer: z.string().nullable() })
  .meta({ id: 'AccountPlace' });
export const customerReply = z.object({ customer: z.string(), book: z.string(), account_ids: z.array(z.string()) });

export const transfersBody = z.strictObject({
  transfers: z
    .array(
      z.strictObject({
        id: z.string().describe('UUID; the idempotency key of the transfer.'),
        debit_account_id: z.string(),
        credit_account_id: z.string(),
        amount,
        currency: z.string(),
        effective_date: z.string().optional().describe('The same in both books; default: the business date.'),
        adjustment: z.boolean().optional().describe('May count from a date in a closed period.'),
        linked: z.boolean().optional().describe('Chained to the next; a chain stays within one book.'),
        type: z.string().optional(),
        description: z.string().optional(),
        reference: z.string().optional(),
      }),
    )
    .min(1)
    .max(MAX_BATCH),
});
const code = z.enum([...outcomeCodes, 'chain_across_books']);
const half = z.enum(['debit', 'credit']).nullable();
export const outcomeReply = z
  .object({
    id: z.string(),
    status: z.enum(['accepted', 'refused', 'in_transit']),
    code,
    side: half.describe('Which half refused.'),
    debit_book: z.string().nullable(),
    credit_book: z.string().nullable(),
    decided_at: z.string().nullable(),
    repeated: z.boolean(),
  })
  .meta({ id: 'EntityOutcome' });
export const outcomesReply = z.object({ results: z.array(outcomeReply) });
export const transferReply = z
  .object({
    id: z.string(),
    debit_book: z.string(),
    credit_book: z.string(),
    debit_account_id: z.string(),
    credit_account_id: z.string(),
    amount: z.string(),
    currency: z.string(),
    effective_date: z.string(),
    adjustment: z.boolean(),
    type: z.string().nullable(),
    description: z.string().nullable(),
    reference: z.string().nullable(),
    state: z.enum([...openStates, 'accepted', 'refused']),
    attempt: z.int(),
    reversed: z.boolean(),
    refused_side: half,
    code: code.nullable(),
    registered_at: z.string(),
    ended_at: z.string().nullable(),
  })
  .meta({ id: 'EntityTransfer' });

const counters = {
  debits_pending: z.string(),
  credits_pending: z.string(),
  debits_posted: z.string(),
  credits_posted: z.string(),
};
const inTransitLine = z.object({ currency: z.string(), ...counters, under_way: z.string() });
export const inTransitReply = z.object({
  entity: z.string(),
  complete: z.boolean().describe('Nothing is under way, and the in-transit accounts say so.'),
  lines: z.array(inTransitLine),
  open: z.array(transferReply).describe('The oldest first, at most 1,000.'),
  open_count: z.int(),
  findings: z.array(
    z.object({
      book: z.string(),
      check: z.string(),
      about: z.string(),
      count: z.int(),
      first: z.record(z.string(), z.unknown()),
    }),
  ),
});
export const trialBalanceQuery = z.strictObject({ effective_date: date.optional(), recorded_at: instant.optional() });
export const trialBalanceReply = z.object({
  entity: z.string(),
  effective_date: z.string(),
  recorded_at: z.string().nullable(),
  books: z.array(z.string()),
  lines: z.array(z.object({ currency: z.string(), code: z.string(), ...counters, net: z.string() })),
  in_transit: z.array(z.object({ currency: z.string(), ...counters, net: z.string() })),
});
