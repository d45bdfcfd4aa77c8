/** The general ledger's JSON, as zod: amounts are decimal text in major units, ids UUIDs, dates YYYY-MM-DD. */
import { z } from 'zod';
import { dateField, instantField, integerText, pageQuery, uuidField } from '#kernel/http';
import { elements, marks } from './chart/model.ts';
import { standardCharts } from './chart/service.ts';
import { checkCodes } from './periods/model.ts';

const uuid = uuidField;
const amount = z.string().max(40).describe('Decimal text in major units of the currency, such as "12.30".');
const signedAmount = amount.describe('Decimal text in major units, with a sign.');
const side = z.enum(['debit', 'credit']);
const book = z.string().max(32).default('main').describe('Code of the book.');
const reason = z.string().max(500).optional().describe('Why; kept with the action.');
const instant = instantField;
const date = dateField;
const days = z.number().int().min(0).max(36_600);

export const bookQuery = z.strictObject({ book });
const element = z
  .enum(elements)
  .describe('The element (会计要素); common (共同类): asset or liability by its balance.');
const mark = z.enum(marks);

export const chartBody = z
  .strictObject({
    book,
    standard: z.enum(standardCharts).optional().describe('A chart that comes with the product.'),
    entries: z
      .array(
        z.strictObject({
          code: z.string().max(32),
          name_zh: z.string().max(200),
          name_en: z.string().max(200),
          element,
          side,
          parent: z.string().max(32).nullable().default(null),
          marks: z.array(mark).max(marks.length).default([]),
        }),
      )
      .min(1)
      .max(10_000)
      .optional(),
    strict: z.boolean().optional().describe('No period is closed while an account stands outside the chart.'),
    reason,
  })
  .refine(({ standard, entries }) => (standard === undefined) !== (entries === undefined), {
    message: 'Either standard or entries',
    path: ['entries'],
  });
export const chartLoadedReply = z
  .object({
    codes: z.number().describe('Codes in the chart now.'),
    added: z.number(),
    renamed: z.number(),
    joined: z.number().describe('Accounts that were there before and are in the sums now.'),
  })
  .meta({ id: 'ChartLoaded' });
export const chartReply = z
  .object({
    book: z.string(),
    strict: z.boolean(),
    loaded_at: z.string().nullable(),
    loaded_by: z.string().nullable(),
    entries: z.array(
      z.object({
        code: z.string(),
        name_zh: z.string(),
        name_en: z.string(),
        element,
        side,
        parent: z.string().nullable(),
        level: z.number(),
        marks: z.array(mark),
      }),
    ),
  })
  .meta({ id: 'ChartOfAccounts' });
export const outsideReply = z
  .object({
    code: z.string(),
    currency: z.string(),
    accounts: z.number(),
    why: z.enum(['not_in_chart', 'heading', 'other_side']),
  })
  .meta({ id: 'OutsideChart' });

export const periodParams = z.strictObject({
  period: z.string().max(7).describe('A month, 2026-03, or a year, 2026.'),
});
export const checksQuery = z.strictObject({ book, pending_limit_days: z.coerce.number().pipe(days).optional() });
export const closeBody = z.strictObject({
  book,
  reason,
  pending_limit_days: days.optional().describe('Pending transfers older than this stop the closing; default 30.'),
});
export const actionBody = z.strictObject({ book, reason });
const checkReply = z.object({
  code: z.enum(checkCodes),
  passed: z.boolean(),
  blocking: z.boolean(),
  detail: z.string(),
  findings: z.array(z.record(z.string(), z.string())),
});
export const checksReply = z.object({ period: z.string(), checks: z.array(checkReply) }).meta({ id: 'PeriodChecks' });
const action = z.object({
  number: z.number(),
  period: z.string(),
  action: z.enum(['close', 'seal', 'reopen']),
  actor: z.string(),
  reason: z.string().nullable(),
  closed_through: z.string().nullable(),
  sealed_through: z.string().nullable(),
  checks: z.array(checkReply),
  recorded_at: z.string(),
});
export const actionReply = action.meta({ id: 'PeriodAction' });
const period = z.object({
  period: z.string(),
  from: z.string(),
  to: z.string(),
  state: z.enum(['open', 'partly', 'closed', 'sealed']),
  last_action: action.omit({ checks: true }).nullable(),
});
export const periodReply = period.meta({ id: 'Period' });
export const periodActionReply = z
  .object({
    period,
    changed: z.boolean().describe('False: it was so already.'),
    checks: z.array(checkReply),
    year_ends_undone: z.array(z.number()),
  })
  .meta({ id: 'PeriodChanged' });
export const adjustmentsQuery = z.strictObject({ ...pageQuery, book });
export const adjustmentCursor = z.tuple([z.string().regex(/^\d{1,18}$/)]);
export const adjustmentReply = z
  .object({
    transfer_id: uuid,
    sequence: integerText,
    kind: z.string(),
    debit_account_id: uuid,
    credit_account_id: uuid,
    amount,
    currency: z.string(),
    effective_date: z.string(),
    recorded_at: z.string(),
    related_id: uuid.nullable(),
    type: z.string().nullable(),
    description: z.string().nullable(),
    reference: z.string().nullable(),
  })
  .meta({ id: 'Adjustment' });

export const yearParams = z.strictObject({ year: z.coerce.number().int().min(1).max(9998) });
export const yearEndMadeReply = z
  .object({
    year: z.number(),
    transfers: z.number().describe('Made now.'),
    results: z.array(z.object({ currency: z.string(), profit: signedAmount })),
    left: z.array(z.string()).describe('Codes of profit and loss that hold something again.'),
  })
  .meta({ id: 'YearEndMade' });
export const yearEndReply = z
  .object({
    year: z.number(),
    made: z.boolean(),
    actions: z.array(
      z.object({
        number: z.number(),
        action: z.enum(['close', 'undo']),
        actor: z.string(),
        reason: z.string().nullable(),
        recorded_at: z.string(),
      }),
    ),
    transfers: z.array(
      z.object({
        transfer_id: uuid,
        step: z.enum(['profit_and_loss', 'appropriation']),
        account_id: uuid,
        debit_code: z.string(),
        credit_code: z.string(),
        currency: z.string(),
        amount,
        effective_date: z.string(),
      }),
    ),
  })
  .meta({ id: 'YearEnd' });

export const idParams = z.strictObject({ id: uuid });
export const markBody = z.strictObject({ book, marked: z.boolean(), reason });
export const suspenseAccountReply = z
  .object({ account_id: uuid, code: z.string(), name: z.string(), currency: z.string(), side })
  .meta({ id: 'SuspenseAccount' });
export const clocksQuery = z.strictObject({
  book,
  effective_date: date.optional().describe('Default: the business date.'),
  recorded_at: instant.optional().describe('As known at this instant; default now.'),
});
const ageing = {
  bucket_days: z.array(days).min(1).max(20).describe('The last day of each bucket, ascending.'),
  limit_days: days.describe('An item older than this is over its limit.'),
};
export const ruleBody = z.strictObject({
  book,
  code: z.string().max(32).default('').describe('Chart-of-accounts code; empty: the whole book.'),
  ...ageing,
  reason,
});
export const itemsReply = z
  .object({
    account_id: uuid,
    currency: z.string(),
    side,
    effective_date: z.string(),
    recorded_at: z.string().nullable(),
    balance: signedAmount,
    ...ageing,
    items: z.array(
      z.object({
        transfer_id: uuid,
        effective_date: z.string(),
        reference: z.string().nullable(),
        side,
        amount,
        remaining: amount,
        days: z.number(),
        bucket: z.string(),
        over_limit: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'SuspenseItems' });
export const reportReply = z
  .object({
    book: z.string(),
    effective_date: z.string(),
    recorded_at: z.string().nullable(),
    lines: z.array(
      z.object({
        ...suspenseAccountReply.shape,
        balance: signedAmount,
        items: z.number(),
        buckets: z.array(z.object({ label: z.string(), items: z.number(), amount: signedAmount })),
        over_limit: z.object({ items: z.number(), amount: signedAmount, limit_days: z.number() }),
      }),
    ),
  })
  .meta({ id: 'SuspenseReport' });
export const matchBody = z.strictObject({
  book,
  id: uuid.describe('Chosen by the caller; the idempotency key of the match.'),
  account_id: uuid,
  item_id: uuid,
  clearing_id: uuid,
  amount: amount.optional().describe('Default: as much as both still have.'),
  reason,
});
export const undoBody = z.strictObject({ book, reason: z.string().min(1).max(500) });
export const matchesQuery = z.strictObject({ book, account_id: uuid });
export const matchReply = z
  .object({
    id: uuid,
    account_id: uuid,
    item_id: uuid,
    clearing_id: uuid,
    amount,
    actor: z.string(),
    reason: z.string().nullable(),
    recorded_at: z.string(),
    undone: z.object({ actor: z.string(), reason: z.string(), recorded_at: z.string() }).nullable(),
  })
  .meta({ id: 'SuspenseMatch' });
