/** Consolidation (合并报表): legal entities added up, less what they owe and own of each other. No I/O. */
import { z } from 'zod';
import { uuidField } from '#kernel/http';
import { type Cell, ELIMINATION, reportError, type Source, sideOf, type Unit } from './model.ts';
import { holds, readTerm } from './terms.ts';

const term = z.string().refine((text) => readTerm(text) !== null, 'Not a code, a beginning of codes, or a range');
const key = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/);
const uuid = uuidField;

const side = z.strictObject({
  entity: key,
  codes: z.array(term).min(1).max(100),
  accounts: z.array(uuid).min(1).max(1_000).optional().describe('Only these accounts of the codes.'),
});

export const consolidationSchema = z.strictObject({
  code: key,
  name_zh: z.string().min(1).max(200),
  name_en: z.string().min(1).max(200),
  entities: z
    .array(
      z.strictObject({
        key,
        name: z.string().min(1).max(200),
        legal_entity: z.string().min(1).max(200).optional().describe('All books of this legal entity.'),
        books: z.array(z.string().min(1).max(64)).min(1).max(100).optional().describe('Or these books.'),
      }),
    )
    .min(1)
    .max(100),
  eliminations: z
    .array(
      z.strictObject({
        key,
        name_zh: z.string().min(1).max(200),
        name_en: z.string().min(1).max(200),
        one: side,
        other: side,
      }),
    )
    .max(500)
    .default([]),
});

export type Consolidation = z.output<typeof consolidationSchema>;
export type EliminationRule = Consolidation['eliminations'][number];
export type EliminationSide = EliminationRule['one'];

/** Unit of the cells that eliminate. */
export const ELIMINATIONS = 'eliminations';

/** Reads the text of a consolidation. Error: `consolidation_invalid`. */
export function readConsolidation(content: unknown): Consolidation {
  const parsed = consolidationSchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`);
  }
  const { entities, eliminations } = parsed.data;
  const names = entities.map((entity) => entity.key);
  if (new Set(names).size < names.length) throw invalid('an entity is there twice');
  if (names.includes(ELIMINATIONS)) throw invalid(`no entity may be called ${ELIMINATIONS}`);
  if (new Set(eliminations.map((rule) => rule.key)).size < eliminations.length) throw invalid('a rule is there twice');
  for (const entity of entities) {
    if ((entity.legal_entity === undefined) === (entity.books === undefined)) {
      throw invalid(`entity ${entity.key} has either a legal entity or books`);
    }
  }
  const taken: { rule: string; side: EliminationSide }[] = [];
  for (const rule of eliminations) {
    for (const one of [rule.one, rule.other]) {
      if (!names.includes(one.entity)) throw invalid(`rule ${rule.key} names ${one.entity}, which is no entity`);
      const twice = taken.find((before) => sidesMeet(before.side, one));
      if (twice !== undefined) {
        throw invalid(`rules ${twice.rule} and ${rule.key} eliminate the same accounts of ${one.entity} twice`);
      }
      taken.push({ rule: rule.key, side: one });
    }
  }
  return parsed.data;
}

/** Whether two sides could take the same account. */
function sidesMeet(one: EliminationSide, other: EliminationSide): boolean {
  if (one.entity !== other.entity) return false;
  if (!one.codes.some((left) => other.codes.some((right) => termsMeet(left, right)))) return false;
  const { accounts } = one;
  if (accounts === undefined || other.accounts === undefined) return true;
  return other.accounts.some((account) => accounts.some((id) => id.toLowerCase() === account.toLowerCase()));
}

function termsMeet(left: string, right: string): boolean {
  const [one, other] = [readTerm(left), readTerm(right)];
  return one !== null && other !== null && one.low <= other.high && other.low <= one.high;
}

/** Whether a side of a rule takes a code. */
export function takes(side: EliminationSide, code: string): boolean {
  return side.codes.some((text) => {
    const read = readTerm(text);
    return read !== null && holds(read, code);
  });
}

/** What one rule found and took away, in one currency. Debits less credits; minor units. */
export interface Elimination {
  readonly rule: EliminationRule;
  readonly currency: string;
  readonly one: bigint;
  readonly other: bigint;
  /** one + other: zero when both sides agree. It stays in the report, on a line of its own. */
  readonly difference: bigint;
}

/** What a side of a rule selects: nets by currency and code, as cells of its entity. */
export type SelectCells = (side: EliminationSide) => readonly Cell[];

/**
 * Takes both sides of every rule away in full, whichever of them is bigger; what they differ by becomes a cell of its own.
 * The cells that eliminate add up to zero in each currency, and a rule with its sides exchanged gives the same.
 *
 * @param select the cells a side selects, made of the accounts it names only
 */
export function eliminate(
  rules: readonly EliminationRule[],
  select: SelectCells,
): { cells: Cell[]; eliminations: Elimination[] } {
  const cells: Cell[] = [];
  const eliminations: Elimination[] = [];
  for (const rule of rules) {
    const [one, other] = [select(rule.one), select(rule.other)];
    for (const currency of [...new Set([...one, ...other].map((cell) => cell.currency))].sort()) {
      const here = (of: readonly Cell[]) => of.filter((cell) => cell.currency === currency);
      const both = [...here(one), ...here(other)];
      cells.push(...both.map(negative));
      const difference = sum(both);
      eliminations.push({ rule, currency, one: sum(here(one)), other: sum(here(other)), difference });
      if (difference !== 0n) {
        const sources = both.flatMap((cell) => cell.sources);
        cells.push({
          unit: ELIMINATIONS,
          currency,
          code: ELIMINATION,
          net: difference,
          side: sideOf(difference),
          sources,
        });
      }
    }
  }
  return { cells, eliminations };
}

/** The opposite of a cell. It stays on the side of what it takes away, so that both meet in one line. */
function negative(cell: Cell): Cell {
  const sources = cell.sources.map(
    (source): Source => ({ ...source, codes: new Map([...source.codes].map(([code, times]) => [code, -times])) }),
  );
  return { ...cell, unit: ELIMINATIONS, net: -cell.net, sources };
}

function sum(cells: readonly Cell[]): bigint {
  return cells.reduce((total, { net }) => total + net, 0n);
}

/** A cell of a unit: what all accounts of one code hold. */
export function unitCell(
  unit: Unit,
  currency: string,
  code: string,
  net: bigint,
  accounts: readonly string[] | null = null,
): Cell {
  return {
    unit: unit.key,
    currency,
    code,
    net,
    side: sideOf(net),
    sources: [{ unit, codes: new Map([[code, 1n]]), accounts }],
  };
}

function invalid(detail: string) {
  return reportError('consolidation_invalid', `The consolidation: ${detail}`);
}
