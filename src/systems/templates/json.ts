/** Templates and their postings as the API and the command write them, and the schemas that say so. */
import { z } from 'zod';
import type { TransferInput } from '#engines/ledger';
import { integerText } from '#kernel/http';
import { formatAmount } from '#kernel/money';
import { findingCodes } from './check.ts';
import type { Preview } from './service.ts';
import type { Posting, TemplateVersion } from './store.ts';

const definition = z.record(z.string(), z.unknown()).describe('See the guide to posting templates.');
const transfer = z.object({
  debit_account_id: z.string(),
  credit_account_id: z.string(),
  amount: z.string(),
  currency: z.string(),
  kind: z.enum(['transfer', 'pending']),
  effective_date: z.string().nullable().describe('Null: the business date.'),
  type: z.string().nullable(),
  description: z.string().nullable(),
  reference: z.string().nullable(),
});

export const templateReply = z
  .object({
    name: z.string(),
    version: z.int(),
    state: z.enum(['draft', 'published', 'retired']),
    title: z.string(),
    example: z.boolean(),
    since: z.string(),
  })
  .meta({ id: 'PostingTemplate' });
export const templateWholeReply = templateReply.extend({ definition }).meta({ id: 'PostingTemplateWhole' });
export const findingsReply = z.object({
  findings: z.array(z.object({ code: z.enum(findingCodes), path: z.string(), message: z.string() })),
});
export const previewReply = z
  .object({
    name: z.string(),
    version: z.int(),
    transfers: z.array(transfer),
    shortfalls: z
      .array(z.object({ account_id: z.string(), missing: z.string(), currency: z.string() }))
      .describe('What the last of several sources has too little for, as things stand; the ledger would refuse.'),
  })
  .meta({ id: 'TemplatePreview' });
export const postingReply = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.int(),
    status: z.enum(['accepted', 'refused']),
    code: z.string().describe('Outcome code of the ledger.'),
    looks: z.int().describe('How often it was looked at what is available.'),
    transfers: z.int(),
    first_transfer_id: z.string(),
    last_transfer_id: z.string(),
    first_sequence: integerText.nullable(),
    last_sequence: integerText.nullable(),
    recorded_at: z.string(),
    parameters: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TemplatePosting' });
export const postedReply = postingReply.extend({ repeated: z.boolean() }).meta({ id: 'TemplatePosted' });

export function templateJson({ name, version, state, definition: { title, example }, since }: TemplateVersion) {
  return { name, version, state, title, example: example === true, since };
}

export function templateWholeJson(template: TemplateVersion) {
  return { ...templateJson(template), definition: { ...template.definition } };
}

export function previewJson({ name, version, transfers, shortfalls }: Preview) {
  return {
    name,
    version,
    transfers: transfers.map(transferJson),
    shortfalls: shortfalls.map(({ accountId, missing }) => ({
      account_id: accountId,
      missing: formatAmount(missing.amountMinor, missing.currency),
      currency: missing.currency,
    })),
  };
}

function transferJson(transfer: TransferInput) {
  const { amount = 0n, currency = '', kind, effectiveDate } = transfer;
  return {
    debit_account_id: transfer.debitAccountId ?? '',
    credit_account_id: transfer.creditAccountId ?? '',
    amount: typeof amount === 'bigint' ? formatAmount(amount, currency) : amount,
    currency,
    kind: kind === 'pending' ? ('pending' as const) : ('transfer' as const),
    effective_date: effectiveDate ?? null,
    type: transfer.type ?? null,
    description: transfer.description ?? null,
    reference: transfer.reference ?? null,
  };
}

export function postingJson(posting: Posting) {
  return {
    id: posting.id,
    name: posting.name,
    version: posting.version,
    status: posting.status,
    code: posting.code,
    looks: posting.looks,
    transfers: posting.transfers,
    first_transfer_id: posting.firstTransferId,
    last_transfer_id: posting.lastTransferId,
    first_sequence: posting.firstSequence?.toString() ?? null,
    last_sequence: posting.lastSequence?.toString() ?? null,
    recorded_at: posting.recordedAt,
    parameters: { ...posting.parameters },
  };
}
