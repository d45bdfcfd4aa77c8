/** The reports' JSON, as zod. */
import { z } from 'zod';
import { dateField, instantField, integerText, pageQuery, uuidField } from '#kernel/http';
import { definitionKinds } from './definitions.ts';
import { reportKinds } from './model.ts';
import { languages } from './output/tabular.ts';

const date = dateField;
const instant = instantField;
const code = z.string().regex(/^[^\s\p{Cc}]{1,200}$/u, 'Not a code');
const list = z.string().max(4_000).describe('One or several, separated by commas.');
const uuid = uuidField;

export const reportParams = z.strictObject({ kind: z.enum(reportKinds) });

const asked = {
  book: list.optional().describe('Codes of books, separated by commas; several are added up. Default main.'),
  entity: z.string().min(1).max(200).optional().describe('Instead of books: all books of a legal entity.'),
  consolidation: code.optional().describe('Instead of books: the code of a consolidation.'),
  layout: code.optional().describe('Code of a layout; default the shipped one.'),
  date: date.describe('The date, or the last day.'),
  from: date.optional().describe('The first day; default 1 January, for movements the first of the month.'),
  recorded_at: instant.optional().describe('As known at this instant; default now.'),
  compare: date.optional().describe('A second date beside it.'),
  compare_from: date.optional(),
  compare_recorded_at: instant.optional().describe('With or without a second date: as known at another instant.'),
  group: z
    .string()
    .regex(/^[^:\p{Cc}]{1,64}:[^\p{Cc}]{1,64}$/u, 'Not of the form dimension:code')
    .optional()
    .describe('Only accounts of a group, such as branch:0101.'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional()
    .describe('Translate all into this currency.'),
  rate: list.optional().describe('Rates into it: USD=7.1,EUR:average=7.8'),
  rate_source: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/)
    .optional()
    .describe('And where else they come from: a source of rates of currency exchange, such as pboc.'),
  by: z.enum(['code', 'account']).optional().describe('Movements and trial balance: a row per code or per account.'),
  code: code.optional().describe('Movements and trial balance: only codes that begin so.'),
};

export const reportQuery = z.strictObject({
  ...asked,
  format: z.enum(['json', 'csv', 'xlsx']).default('json'),
  language: z.enum(languages).default('zh').describe('Of CSV and Excel.'),
  bom: z.enum(['true', 'false']).default('false').describe('CSV for Excel: begin with a byte order mark.'),
});

const place = {
  section: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .describe('The currency of the number.'),
  row: z.string().min(1).max(100),
  column: z.string().min(1).max(100),
};

export const accountsQuery = z.strictObject({ ...asked, ...place, ...pageQuery });
export const postingsQuery = z.strictObject({ ...asked, ...place, in_book: code, account_id: uuid, ...pageQuery });

export type Asked = Omit<z.output<typeof accountsQuery>, keyof typeof place | keyof typeof pageQuery>;

export const accountCursor = z.tuple([z.number().int().min(0).max(1_000_000), z.string(), uuid]);
export const postingCursor = z.tuple([date, integerText]);

const cell = z.object({ column: z.string(), amount: z.string(), codes: z.array(z.string()) });
const row = z.object({
  key: z.string(),
  name_zh: z.string(),
  name_en: z.string(),
  level: z.int(),
  bold: z.boolean(),
  cells: z.array(cell.nullable()),
});
export const reportReply = z
  .object({
    kind: z.enum(reportKinds),
    name_zh: z.string(),
    name_en: z.string(),
    units: z.array(z.object({ key: z.string(), name: z.string(), books: z.array(z.string()) })),
    columns: z.array(
      z.object({
        key: z.string(),
        name_zh: z.string(),
        name_en: z.string(),
        from: z.string().nullable(),
        to: z.string().nullable(),
        recorded_at: z.string().nullable(),
      }),
    ),
    sections: z.array(
      z.object({
        currency: z.string(),
        rows: z.array(row),
        checks: z.array(
          z.object({
            column: z.string(),
            name: z.string(),
            left: z.string(),
            right: z.string(),
            holds: z.boolean(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Report' });

export const accountsReply = z
  .object({
    amount: z.string().describe('The number that is opened.'),
    translated: z.array(
      z.object({
        unit: z.string(),
        code: z.string(),
        from: z.string(),
        net: z.string(),
        rate: z.string(),
        amount: z.string(),
      }),
    ),
    items: z.array(
      z.object({
        book: z.string(),
        account_id: z.string(),
        code: z.string(),
        name: z.string(),
        currency: z.string(),
        amount: z.string().describe('What the account adds to the number.'),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'ReportAccounts' });

export const postingsReply = z
  .object({
    currency: z.string(),
    items: z.array(
      z.object({
        transfer_id: z.string(),
        sequence: z.string(),
        effective_date: z.string(),
        recorded_at: z.string(),
        counter_account_id: z.string(),
        type: z.string().nullable(),
        description: z.string().nullable(),
        reference: z.string().nullable(),
        adjustment: z.boolean(),
        amount: z.string().describe('What the posting adds to the number.'),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'ReportPostings' });

export const definitionBody = z.strictObject({
  kind: z.enum(definitionKinds),
  content: z.record(z.string(), z.unknown()).describe('A layout or a consolidation, as in docs/reports.md.'),
});
export const definitionReply = z
  .object({ kind: z.enum(definitionKinds), code: z.string(), version: z.int(), created_at: z.string() })
  .meta({ id: 'ReportDefinition' });
