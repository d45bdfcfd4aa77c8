/** The parameters of a simulation: what they are, and how they are read from files. docs/simulation.md explains them. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type IsoDate, isValidDate } from '#kernel/dates';
import { simulationError } from '../errors.ts';
import defaults from './default.json' with { type: 'json' };
import typologies from './typologies.json' with { type: 'json' };

const shareOf = z.number().min(0).max(1);
const rate = z.number().min(0).max(20);
const median = z.number().positive();
const season = z.strictObject({ days: z.int().min(0).max(60), payments: rate, peers: rate, business: rate });

const rateNames = Object.keys(defaults.rates) as (keyof typeof defaults.rates)[];
const medianNames = Object.keys(defaults.medians_yuan) as (keyof typeof defaults.medians_yuan)[];

const parametersSchema = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff),
  start: z.string().refine((text): text is IsoDate => isValidDate(text), 'is not a date YYYY-MM-DD'),
  days: z.int().min(1).max(5_000),
  customers: z.int().min(200).max(2_000_000),
  company_share: z.number().min(0.01).max(0.5),
  districts: z.int().min(1).max(200),
  branches_per_district: z.int().min(1).max(50),
  household_people: z.array(z.int().min(1).max(12)).min(1).max(100),
  shared_device_share: shareOf,
  shared_address_share: shareOf,
  shared_address_people: z.int().min(2).max(1_000),
  employed_inside_share: shareOf,
  dormant_share: shareOf,
  borrower_share: shareOf,
  defaulting_borrower_share: shareOf,
  rates: z.strictObject(fields(rateNames, rate)),
  medians_yuan: z.strictObject(fields(medianNames, median)),
  calendar: z.strictObject({
    day_off_payments: rate,
    day_off_business: rate,
    before_spring_festival: season,
    spring_festival: season,
    singles_day: season,
    month_end_business: rate,
  }),
  truth: z.strictObject({ prevalence: z.number().min(0).max(0.2), look_alikes_per_truth: z.number().min(0).max(100) }),
});

/** How money moves between the members of a pattern; each has a builder in `truth/shapes`. */
export const shapes = [
  'fan_in',
  'fan_out',
  'cycle',
  'scatter_gather',
  'bipartite',
  'stacked',
  'structuring',
  'pass_through',
  'network',
  'collection',
  'deception',
  'takeover',
  'awakening',
  'loan_stacking',
  'insider',
] as const;
export type Shape = (typeof shapes)[number];

const wholeRange = z
  .tuple([z.int().min(0).max(10_000), z.int().min(0).max(10_000)])
  .refine(([least, most]) => least <= most, 'must not go down');
const shareRange = z.tuple([shareOf, shareOf]).refine(([least, most]) => least <= most, 'must not go down');

const typologySchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  name_zh: z.string().min(1).max(64),
  shape: z.enum(shapes),
  truth: z.enum(['guilty', 'innocent']),
  weight: z.int().min(0).max(1_000),
  members: wholeRange.default([4, 8]),
  layers: wholeRange.default([1, 1]),
  rounds: wholeRange.default([1, 1]),
  span_days: wholeRange.default([1, 10]),
  delay_minutes: wholeRange.default([5, 180]),
  kept_share: shareRange.default([0.01, 0.05]),
  size_bias: z.int().min(1).max(20).default(1),
  night_share: shareOf.default(0),
  shared_device_share: shareOf.default(0),
  company_share: shareOf.default(0),
  acquainted_share: shareOf.default(0.5),
  exit: z.enum(['outside', 'cash', 'people', 'merchants', 'none']).default('none'),
  limits_yuan: z.array(z.int().positive()).default([]),
  limit_band: shareRange.default([0.88, 0.998]),
});

export type Parameters = z.infer<typeof parametersSchema>;
export type Typology = z.infer<typeof typologySchema>;

function fields<Name extends string, Kind extends z.ZodType>(names: readonly Name[], kind: Kind): Record<Name, Kind> {
  return Object.fromEntries(names.map((name) => [name, kind])) as Record<Name, Kind>;
}

/** The parameters that come with Longmen: a small bank. */
export function defaultParameters(): Parameters {
  return parse(parametersSchema, defaults, 'the default parameters');
}

/** The typologies and look-alikes that come with Longmen. */
export function defaultTypologies(): readonly Typology[] {
  return parse(z.array(typologySchema), typologies, 'the default typologies');
}

/**
 * The default parameters with `suggested`, those of a JSON file and `overrides` laid over them, in this order and key by key.
 * Errors: `simulation_file_missing`, `simulation_parameters_invalid` (also for a key that is not known).
 */
export function loadParameters(
  file: string | undefined,
  overrides: Readonly<Record<string, unknown>> = {},
  suggested: Readonly<Record<string, unknown>> = {},
): Parameters {
  const given = file === undefined ? {} : readJson(file);
  const merged = overlay(overlay(overlay(defaults, suggested), given), overrides);
  return parse(parametersSchema, merged, file ?? 'the parameters');
}

/** Typologies from a JSON file, in place of the default ones. Errors as {@link loadParameters}. */
export function loadTypologies(file: string | undefined): readonly Typology[] {
  if (file === undefined) return defaultTypologies();
  const found = parse(z.array(typologySchema).min(1), readJson(file), file);
  const names = found.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return found;
  throw simulationError('simulation_parameters_invalid', `${file}: the typology ${twice} is given twice`);
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw simulationError('simulation_file_missing', `${file} cannot be read: ${reason}`, { file });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw simulationError('simulation_parameters_invalid', `${file} is not JSON`, { file });
  }
}

function overlay(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = overlay(base[key], value);
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse<Kind extends z.ZodType>(schema: Kind, value: unknown, source: string): z.infer<Kind> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw simulationError('simulation_parameters_invalid', `${source}: ${where}: ${issue?.message ?? 'is not right'}`, {
    source,
    path: where,
  });
}
