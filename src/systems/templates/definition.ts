/** What a posting template says: its JSON form as zod, and the types that follow from it. No I/O. */
import { z } from 'zod';
import { isStorable } from '#kernel/database';
import { isValidDate } from '#kernel/dates';
import { roundingRules } from '#kernel/money';

/** Names of templates, parameters, amounts and legs. */
export const namePattern = /^[a-z][a-z0-9_]{0,62}$/;
const name = z.string().regex(namePattern, 'Not a name: a small letter, then small letters, digits or _, at most 63');
/** PostgreSQL keeps neither U+0000 nor half of a surrogate pair. */
const text = (longest: number) =>
  z.string().min(1).max(longest).refine(isStorable, 'Not text that can be stored').optional();
const currency = z.string().regex(/^[A-Z]{3}$/, 'Not an ISO 4217 code');
/** Not negative, at most 12 digits before and 18 behind the point: a percentage, a weight. */
export const ratePattern = /^(0|[1-9]\d{0,11})(\.\d{1,18})?$/;
const rate = z.union([
  z.string().regex(ratePattern, 'Not a decimal such as "6" or "0.35"; it must not be negative'),
  z.strictObject({ parameter: name }),
]);
const decimalAmount = z.string().regex(/^\d{1,19}(\.\d{1,4})?$/, 'Not an amount such as "12.30"');

const parameter = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('amount'),
    currency: currency.optional().describe('Fixed currency; without it the value brings its own.'),
    default: decimalAmount.optional(),
    about: text(500),
  }),
  z.strictObject({ type: z.literal('account'), default: z.guid().optional(), about: text(500) }),
  z.strictObject({ type: z.literal('rate'), default: z.string().regex(ratePattern).optional(), about: text(500) }),
  z.strictObject({
    type: z.literal('text'),
    default: z.string().max(500).refine(isStorable, 'Not text that can be stored').optional(),
    about: text(500),
  }),
  z.strictObject({
    type: z.literal('date'),
    default: z
      .string()
      .refine((value) => isValidDate(value), 'Not a date')
      .optional(),
    about: text(500),
  }),
]);

const operand = z.union([name, z.strictObject({ fixed: decimalAmount, currency })]);
const operands = z.array(operand).min(2).max(100);
const amount = z.union([
  operand,
  z.strictObject({
    percent: rate,
    of: operand,
    rounding: z.enum(roundingRules).default('half_even'),
  }),
  z.strictObject({ sum: operands }),
  z.strictObject({ minus: z.tuple([operand, operand]) }),
  z.strictObject({ min: operands.describe('The smallest: a cap.') }),
  z.strictObject({ max: operands.describe('The largest: a minimum.') }),
]);

const account = z.union([name, z.strictObject({ id: z.guid() })]);
const side = z.union([
  account,
  z.strictObject({
    sources: z
      .array(account)
      .min(1)
      .max(20)
      .describe('Each gives what is available above zero; the last gives the rest, overdraft included.'),
  }),
]);

const texts = { type: text(64), description: text(500), reference: text(128) };

const leg = z.strictObject({ name: name.optional(), debit: side, credit: side, amount, ...texts });

const part = z.strictObject({
  name: name.optional(),
  debit: side.optional(),
  credit: side.optional(),
  share: z.union([
    z.strictObject({ percent: rate.describe('Of the whole.') }),
    z.strictObject({ weight: rate.describe('In proportion to the other weights.') }),
    z.strictObject({ amount }),
    z.literal('remainder').describe('What the other parts leave.'),
  ]),
  ...texts,
});
const split = z.strictObject({
  whole: amount,
  residual: z.enum(['largest_remainder', 'first', 'last']).describe('Who gets the minor units that do not divide.'),
  debit: side.optional().describe('For all parts that name none.'),
  credit: side.optional().describe('For all parts that name none.'),
  parts: z.array(part).min(1).max(1_000),
  ...texts,
});

/** A template, without its name and version. */
export const definitionSchema = z.strictObject({
  title: z.string().min(1).max(200).refine(isStorable, 'Not text that can be stored'),
  about: text(2_000),
  example: z.literal(true).optional().describe('Shipped to show how it is done; not meant for real books.'),
  parameters: z.record(name, parameter).default({}),
  amounts: z.record(name, amount).default({}),
  postings: z
    .array(z.union([split, leg]))
    .min(1)
    .max(200),
  effective_date: name.optional().describe('A parameter of type date; without it the business date.'),
  pending: z.boolean().default(false).describe('Holds instead of posting.'),
  adjustment: z.boolean().default(false).describe('May count from a date in a closed period.'),
  ...texts,
});

export type Definition = z.output<typeof definitionSchema>;
export type Parameter = z.output<typeof parameter>;
export type Operand = z.output<typeof operand>;
export type Amount = z.output<typeof amount>;
export type Rate = z.output<typeof rate>;
export type AccountReference = z.output<typeof account>;
export type SideReference = z.output<typeof side>;
export type Leg = z.output<typeof leg>;
export type Split = z.output<typeof split>;
export type Part = z.output<typeof part>;

export function isSplit(posting: Leg | Split): posting is Split {
  return 'parts' in posting;
}

/** What a name stands for. Parameters, amounts, legs and parts share one space of names. */
export type Named =
  | { readonly kind: 'parameter'; readonly parameter: Parameter }
  | { readonly kind: 'amount'; readonly amount: Amount }
  | { readonly kind: 'part'; readonly split: Split; readonly index: number };

/** Every name in the order it appears; a name given twice appears twice. */
export function* namesOf(definition: Definition): Generator<[name: string, named: Named, path: string]> {
  for (const [key, parameter] of Object.entries(definition.parameters)) {
    yield [key, { kind: 'parameter', parameter }, `parameters.${key}`];
  }
  for (const [key, amount] of Object.entries(definition.amounts)) {
    yield [key, { kind: 'amount', amount }, `amounts.${key}`];
  }
  for (const [at, posting] of definition.postings.entries()) {
    if (isSplit(posting)) {
      for (const [index, { name }] of posting.parts.entries()) {
        if (name !== undefined) yield [name, { kind: 'part', split: posting, index }, `postings.${at}.parts.${index}`];
      }
    } else if (posting.name !== undefined) {
      yield [posting.name, { kind: 'amount', amount: posting.amount }, `postings.${at}`];
    }
  }
}

/** The operands of an amount. */
export function operandsOf(amount: Amount): readonly Operand[] {
  if (typeof amount === 'string' || 'fixed' in amount) return [amount];
  if ('percent' in amount) return [amount.of];
  if ('sum' in amount) return amount.sum;
  if ('minus' in amount) return amount.minus;
  return 'min' in amount ? amount.min : amount.max;
}

/** The accounts one side of a leg may touch, in order. */
export function accountsOf(side: SideReference): readonly AccountReference[] {
  return typeof side === 'object' && 'sources' in side ? side.sources : [side];
}

const placeholder = /\{([^{}]*)\}/g;

/** The names between braces in a text. */
export function placeholdersOf(text: string): string[] {
  return [...text.matchAll(placeholder)].map((match) => match[1] ?? '');
}

/** Puts values in the place of `{name}`. */
export function fillIn(text: string, shown: (name: string) => string): string {
  return text.replace(placeholder, (_all, key: string) => shown(key));
}
