/** The account centre's JSON, as zod: amounts are decimal text in major units, ids UUIDs. */
import { z } from 'zod';
import { dateField, instantField, integerText, pageQuery, textField, uuidField } from '#kernel/http';
import { kinds, treeActions } from './model.ts';

const uuid = uuidField;
const amount = z.string().max(40).describe('Decimal text in major units of the currency, such as "12.30".');
const text = textField;
const book = z.string().max(32).default('main').describe('Code of the book.');
const key = text.max(64).describe('Key of the customer.');
const path = text.max(64).describe('Node of the tree, such as "fund" or "fund/margin".');
const reason = text.max(500).optional().describe('Why; kept with the action.');
const side = z.enum(['debit', 'credit']);
const state = z.enum(['open', 'outgoing_frozen', 'frozen', 'closed']);
const instant = instantField;
const date = dateField;

export const keyParams = z.strictObject({ key });
export const idParams = z.strictObject({ id: z.string() });
export const bookQuery = z.strictObject({ book });
export const pagedQuery = z.strictObject({ ...pageQuery, book });
export const ofCustomerQuery = pagedQuery.extend({ customer: key });
export const clocksQuery = z.strictObject({
  book,
  effective_date: date.optional().describe('Only what counts on or before this date; default all.'),
  recorded_at: instant.optional().describe('As known at this instant; default now.'),
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

export const keyCursor = z.tuple([key]);
export const uuidCursor = z.tuple([uuid]);
export const numberCursor = z.tuple([z.int().min(0).max(2_147_483_647)]);
const sequence = z.string().regex(/^(0|[1-9]\d{0,17})$/, 'Not a position in a journal');
export const statementCursor = z.tuple([date, sequence, side]);
export const alertCursor = z.tuple([sequence, uuid, uuid]);

const party = uuid.describe('The party that the customer is.');
export const customersQuery = pagedQuery.extend({
  party_id: uuid
    .optional()
    .describe('Only those of this party, of whoever stands for it, and of all merged into that one.'),
});
export const customerBody = z.strictObject({ book, key, party_id: party.optional() });
export const partyBody = z.strictObject({ book, party_id: party });
export const customerReply = z
  .object({ customer: z.string(), opened_at: z.string(), party_id: z.string().nullable() })
  .meta({ id: 'Customer' });
export const listedCustomer = z
  .object({ customer: z.string(), opened_at: z.string(), party_id: z.string().nullable(), accounts: z.int() })
  .meta({ id: 'ListedCustomer' });
export const nodeBody = z.strictObject({ book, path, name: text.max(200).default('') });
export const nodeReply = z.object({ path: z.string(), name: z.string() });
const limits = z.strictObject({ minimum: amount.nullable().optional(), maximum: amount.nullable().optional() });
export const accountsBody = z.strictObject({
  book,
  reason,
  accounts: z
    .array(
      z.strictObject({
        id: uuid,
        node: path,
        currency: z.string(),
        code: z.string().describe('Chart-of-accounts code.'),
        side,
        name: text.optional(),
        limits: limits.optional(),
      }),
    )
    .min(1)
    .max(1_000),
});
export const attachBody = z.strictObject({ book, reason, node: path, account_ids: z.array(uuid).min(1).max(1_000) });
export const actionBody = z.strictObject({
  book,
  action: z.enum(treeActions),
  account_id: uuid.optional().describe('One account; default the whole tree.'),
  reason,
});
const change = z.object({ account_id: z.string(), before: state.nullable(), after: state });
export const actionResult = z
  .object({
    changes: z.array(change),
    kept: z.array(z.string()).describe('Accounts that stay frozen: by themselves, or by others.'),
  })
  .meta({ id: 'TreeActionResult' });
export const actionReply = z
  .object({
    number: z.int(),
    action: z.enum(['open', 'attach', ...treeActions]),
    account_id: z.string().nullable(),
    changes: z.array(change),
    actor: z.string(),
    reason: z.string().nullable(),
    recorded_at: z.string(),
  })
  .meta({ id: 'TreeAction' });

const holding = {
  balance: amount,
  available: amount.describe('The balance less all that is promised to leave, earmarks included.'),
  pending_in: amount,
  pending_out: amount.describe('Promised to leave, without the earmarks.'),
  earmarked: amount,
};
const total = z.object({ currency: z.string(), side, accounts: z.int(), ...holding });
export const treeAccount = z
  .object({
    id: z.string(),
    kind: z.enum(kinds),
    node: z.string(),
    currency: z.string(),
    code: z.string(),
    side,
    name: z.string(),
    state,
    ...holding,
    opened_at: z.string(),
  })
  .meta({ id: 'TreeAccount' });
export const treeReply = z
  .object({
    customer: z.string(),
    opened_at: z.string(),
    freeze: z.enum(['none', 'outgoing', 'both']),
    closed: z.boolean(),
    totals: z.array(total).describe('Per currency and side.'),
    nodes: z.array(
      z.object({ path: z.string(), name: z.string(), totals: z.array(total), accounts: z.array(treeAccount) }),
    ),
  })
  .meta({ id: 'AccountTree' });

export const statementReply = z
  .object({
    archived_before: z
      .string()
      .nullable()
      .describe('From this date on every movement is listed; earlier ones are archived, at least in part.'),
    entries: z.array(
      z.object({
        sequence: integerText,
        transfer_id: z.string(),
        kind: z.string(),
        account_id: z.string(),
        counter_account_id: z.string(),
        debit: amount.nullable(),
        credit: amount.nullable(),
        currency: z.string(),
        balance_after: amount.describe('Of the account of this entry.'),
        effective_date: z.string(),
        recorded_at: z.string(),
        type: z.string().nullable(),
        description: z.string().nullable(),
        reference: z.string().nullable(),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'CustomerStatement' });

export const earmarkBody = z.strictObject({
  book,
  id: uuid.describe('Chosen by the caller; the same again changes nothing.'),
  account_id: uuid,
  amount,
  purpose: text.min(1).max(200),
  expires_at: instant.optional().describe('Until then; default until it is used or released.'),
});
export const useBody = z.strictObject({
  book,
  id: uuid.describe('Chosen by the caller; the same again changes nothing.'),
  to_account_id: uuid,
  amount: amount.optional().describe('Default: all that is left.'),
  description: text.max(500).optional(),
  reference: text.max(128).optional(),
});
export const reasonBody = z.strictObject({ book, reason });
export const earmarkReply = z
  .object({
    id: z.string(),
    customer: z.string(),
    account_id: z.string(),
    currency: z.string(),
    amount,
    remaining: amount,
    state: z.enum(['active', 'used', 'released', 'expired', 'voided', 'posted']),
    purpose: z.string(),
    expires_at: z.string().nullable(),
    actor: z.string(),
    recorded_at: z.string(),
    steps: z.array(
      z.object({
        number: z.int(),
        action: z.enum(['set', 'use', 'release']),
        use_id: z.string().nullable(),
        transfer_id: z.string().nullable(),
        to_account_id: z.string().nullable(),
        amount,
        actor: z.string(),
        reason: z.string().nullable(),
        recorded_at: z.string(),
      }),
    ),
  })
  .meta({ id: 'Earmark' });

const rule = {
  id: uuid,
  customer: key,
  node: path.nullable().default(null).describe('Only accounts of this node and below.'),
  account_id: uuid.nullable().default(null).describe('Only this account; not together with a node.'),
  direction: z.enum(['in', 'out', 'any']).default('any').describe('in: the balance grows on its normal side.'),
  type: text.max(64).nullable().default(null).describe('Type of the transfer.'),
  currency: z.string().max(3).nullable().default(null).describe('Needed with any amount.'),
  at_least: amount.nullable().default(null),
  balance_below: amount.nullable().default(null).describe('The movement takes the balance below this.'),
  balance_above: amount.nullable().default(null).describe('The movement takes the balance above this.'),
  subscribers: z.array(text.max(100)).min(1).max(20).describe('Who is told, such as the adviser.'),
};
export const ruleBody = z.strictObject({ book, ...rule });
export const ruleReply = z
  .object({ ...rule, actor: z.string(), created_at: z.string(), retired_at: z.string().nullable() })
  .meta({ id: 'AlertRule' });
export const alertReply = z
  .object({
    id: z.string(),
    rule_id: z.string(),
    customer: z.string(),
    account_id: z.string(),
    transfer_id: z.string(),
    sequence: integerText,
    direction: z.enum(['in', 'out']),
    amount,
    currency: z.string(),
    balance: amount.nullable().describe('After the movement, where the rule asks for the balance.'),
    subscribers: z.array(z.string()),
    raised_at: z.string(),
  })
  .meta({ id: 'MovementAlert' });
