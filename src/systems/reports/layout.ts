/** Layouts of reports as data: what a layout file may say, and whether it is sound. No I/O. */
import { z } from 'zod';
import { derivedCodes, reportError, type Side } from './model.ts';
import { holds, type Interval, overlap, readTerm } from './terms.ts';

const key = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const term = z.string().refine((text) => readTerm(text) !== null, 'Not a code, a beginning of codes, or a range');
const codeTerm = z.union([
  term,
  z.strictObject({ codes: term, when: z.enum(['debit', 'credit']).describe('Only while it stands on this side.') }),
]);

const layoutLine = z.strictObject({
  key,
  name_zh: z.string().min(1).max(200),
  name_en: z.string().min(1).max(200),
  level: z.int().min(0).max(9).default(1),
  bold: z.boolean().default(false),
  side: z.enum(['debit', 'credit']).optional().describe('The side its codes normally stand on; shown positive there.'),
  codes: z.array(codeTerm).default([]),
  rest: z.array(codeTerm).default([]).describe('Codes of these that no other line takes.'),
  plus: z.array(key).default([]),
  minus: z.array(key).default([]),
  memo: z.boolean().default(false).describe('An "of which" beside the lines; its codes may be used again.'),
});

export const layoutSchema = z.strictObject({
  code: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/),
  name_zh: z.string().min(1).max(200),
  name_en: z.string().min(1).max(200),
  statement: z.enum(['balance_sheet', 'income_statement']),
  covers: z.array(term).optional().describe('The codes the report is about; default all.'),
  balance: z.strictObject({ left: key, right: key }).optional().describe('Two lines that must be equal.'),
  result: key.optional().describe('The line that is the result of all codes.'),
  rates: z
    .array(z.strictObject({ codes: z.array(term).min(1), kind: z.enum(['closing', 'average', 'historical']) }))
    .default([])
    .describe('The kind of rate to translate codes with; default closing.'),
  lines: z.array(layoutLine).min(1).max(500),
});

export type Layout = z.output<typeof layoutSchema>;
export type LayoutLine = Layout['lines'][number];
export type RateKind = Layout['rates'][number]['kind'];

/** A rule that says which line of a layout has a code. */
interface Rule extends Interval {
  readonly line: LayoutLine;
  readonly when: Side | null;
  readonly rest: boolean;
}

/** A sound layout, ready to be filled. */
export interface CompiledLayout {
  readonly layout: Layout;
  /** The line a code belongs to, by the side it stands on; null when there is none. */
  lineOf(code: string, side: Side): LayoutLine | null;
  /** Lines beside the sum, which take codes a second time. */
  memosOf(code: string, side: Side): readonly LayoutLine[];
  /** Whether the report is about this code. */
  covers(code: string): boolean;
  rateKindOf(code: string): RateKind;
  /** The lines with codes that a line is made of, with how often each counts. */
  leavesOf(key: string): ReadonlyMap<string, bigint>;
}

/** What is wrong with a layout, and where. */
export interface LayoutProblem {
  readonly problem:
    | 'line_twice'
    | 'line_unknown'
    | 'cycle'
    | 'side_missing'
    | 'codes_twice'
    | 'proof_missing'
    | 'not_balanced'
    | 'code_unknown'
    | 'code_unused';
  readonly line: string | null;
  readonly about: string;
}

/**
 * Checks a layout by itself and makes it ready. That no code can be in two lines, and that `balance` or `result` holds for
 * whatever the books say, follows from the layout alone. Error: `layout_invalid` with all problems.
 */
export function compileLayout(layout: Layout): CompiledLayout {
  const problems = layoutProblems(layout);
  if (problems.length > 0) throw layoutInvalid(layout, problems);
  const rules = layout.lines.filter(({ memo }) => !memo).flatMap(rulesOf);
  const memos = layout.lines.filter(({ memo }) => memo).flatMap(rulesOf);
  const covered = layout.covers?.flatMap(intervalOf);
  const rates = layout.rates.flatMap(({ codes, kind }) => codes.flatMap(intervalOf).map((held) => ({ held, kind })));
  const byKey = new Map(layout.lines.map((line) => [line.key, line]));
  const fits = (code: string, side: Side) => (rule: Rule) =>
    holds(rule, code) && (rule.when === null || rule.when === side);
  const leaves = new Map<string, ReadonlyMap<string, bigint>>();
  return {
    layout,
    covers: (code) => covered === undefined || covered.some((held) => holds(held, code)),
    lineOf(code, side) {
      const named = rules.filter((rule) => !rule.rest && holds(rule, code));
      if (named.length > 0) return named.find(fits(code, side))?.line ?? null;
      return rules.find((rule) => rule.rest && fits(code, side)(rule))?.line ?? null;
    },
    memosOf: (code, side) => [...new Set(memos.filter(fits(code, side)).map(({ line }) => line))],
    rateKindOf: (code) => rates.find(({ held }) => holds(held, code))?.kind ?? 'closing',
    leavesOf(wanted) {
      const found = leaves.get(wanted) ?? expand(byKey, wanted);
      leaves.set(wanted, found);
      return found;
    },
  };
}

/** Reads the text of a layout. Error: `layout_invalid`. */
export function readLayout(content: unknown): CompiledLayout {
  const parsed = layoutSchema.safeParse(content);
  if (parsed.success) return compileLayout(parsed.data);
  const [issue] = parsed.error.issues;
  throw reportError('layout_invalid', `The layout at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`, {
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  });
}

/**
 * Compares a layout with a chart of accounts: every code the layout names exists, and every code of the chart that the
 * layout covers is in exactly one line, on whichever side it stands.
 */
export function checkAgainstChart(compiled: CompiledLayout, chart: readonly string[]): LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  const known = [...chart, ...derivedCodes];
  for (const line of compiled.layout.lines) {
    for (const rule of rulesOf(line)) {
      // A line for the rest may find nothing left.
      if (!rule.rest && !known.some((code) => holds(rule, code))) {
        problems.push({ problem: 'code_unknown', line: line.key, about: rule.term });
      }
    }
  }
  for (const code of chart) {
    if (!compiled.covers(code)) continue;
    for (const side of ['debit', 'credit'] as const) {
      if (compiled.lineOf(code, side) === null) {
        problems.push({ problem: 'code_unused', line: null, about: `${code} on the ${side} side` });
      }
    }
  }
  return problems;
}

function layoutProblems(layout: Layout): LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  const byKey = new Map<string, LayoutLine>();
  for (const line of layout.lines) {
    if (byKey.has(line.key)) problems.push({ problem: 'line_twice', line: line.key, about: line.key });
    byKey.set(line.key, line);
    if (line.side === undefined && line.codes.length + line.rest.length > 0) {
      problems.push({ problem: 'side_missing', line: line.key, about: line.key });
    }
  }
  const named = [layout.balance?.left, layout.balance?.right, layout.result].filter((one) => one !== undefined);
  for (const [from, to] of [
    ...named.map((to) => [null, to] as const),
    ...layout.lines.flatMap((line) => [...line.plus, ...line.minus].map((to) => [line.key, to] as const)),
  ]) {
    if (!byKey.has(to)) problems.push({ problem: 'line_unknown', line: from, about: to });
  }
  if (problems.length > 0) return problems;
  for (const line of layout.lines) {
    if (reaches(byKey, line.key, line.key)) problems.push({ problem: 'cycle', line: line.key, about: line.key });
  }
  if (problems.length > 0) return problems;
  const rules = layout.lines.filter(({ memo }) => !memo).flatMap(rulesOf);
  for (const [index, one] of rules.entries()) {
    for (const other of rules.slice(index + 1)) {
      const sides = one.when === null || other.when === null || one.when === other.when;
      if (sides && one.rest === other.rest && overlap(one, other)) {
        problems.push({ problem: 'codes_twice', line: other.line.key, about: `${one.term} and ${other.term}` });
      }
    }
  }
  return [...problems, ...proofProblems(layout, byKey)];
}

/**
 * A balance sheet balances when every leaf counts once, debits on the left: left − right is then the sum of debits less
 * credits over all codes, which is zero in books of double entry. In the same way a result is minus that sum.
 */
function proofProblems(layout: Layout, byKey: ReadonlyMap<string, LayoutLine>): LayoutProblem[] {
  const { balance, result } = layout;
  const plus = layout.statement === 'balance_sheet' ? balance?.left : result;
  if (plus === undefined) return [{ problem: 'proof_missing', line: null, about: layout.statement }];
  const left = expand(byKey, plus);
  const right = balance === undefined || plus === result ? new Map<string, bigint>() : expand(byKey, balance.right);
  const wanted = layout.statement === 'balance_sheet' ? 1n : -1n;
  const problems: LayoutProblem[] = [];
  for (const line of layout.lines) {
    if (line.memo || line.codes.length + line.rest.length === 0) continue;
    const times = (left.get(line.key) ?? 0n) - (right.get(line.key) ?? 0n);
    if (times * signOf(line) !== wanted) {
      problems.push({ problem: 'not_balanced', line: line.key, about: `counts ${times} times` });
    }
  }
  return problems;
}

/** +1 where debits are shown positive, −1 where credits are. */
export function signOf(line: LayoutLine): bigint {
  return line.side === 'credit' ? -1n : 1n;
}

function reaches(
  byKey: ReadonlyMap<string, LayoutLine>,
  from: string,
  wanted: string,
  seen = new Set<string>(),
): boolean {
  const line = byKey.get(from);
  return [...(line?.plus ?? []), ...(line?.minus ?? [])].some((next) => {
    if (next === wanted) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return reaches(byKey, next, wanted, seen);
  });
}

/** `known` keeps what was worked out, so that lines that are used many times cost once. */
function expand(
  byKey: ReadonlyMap<string, LayoutLine>,
  wanted: string,
  known = new Map<string, Map<string, bigint>>(),
): Map<string, bigint> {
  const line = byKey.get(wanted);
  const leaves = known.get(wanted) ?? new Map<string, bigint>();
  if (line === undefined || known.has(wanted)) return leaves;
  known.set(wanted, leaves);
  if (line.codes.length + line.rest.length > 0) leaves.set(line.key, 1n);
  const add = (keys: readonly string[], factor: bigint) => {
    for (const next of keys) {
      for (const [leaf, times] of expand(byKey, next, known)) {
        leaves.set(leaf, (leaves.get(leaf) ?? 0n) + factor * times);
      }
    }
  };
  add(line.plus, 1n);
  add(line.minus, -1n);
  return leaves;
}

function rulesOf(line: LayoutLine): Rule[] {
  const read = (terms: LayoutLine['codes'], rest: boolean) =>
    terms.flatMap((named) => {
      const { codes, when } = typeof named === 'string' ? { codes: named, when: null } : named;
      return intervalOf(codes).map((held): Rule => ({ ...held, line, when, rest }));
    });
  return [...read(line.codes, false), ...read(line.rest, true)];
}

function intervalOf(text: string): Interval[] {
  const read = readTerm(text);
  return read === null ? [] : [read];
}

function layoutInvalid(layout: Layout, problems: readonly LayoutProblem[]) {
  const [first] = problems;
  const where = first?.line === null || first?.line === undefined ? '' : ` in line ${first.line}`;
  return reportError('layout_invalid', `Layout ${layout.code}: ${first?.problem}${where}: ${first?.about}`, {
    problems,
  });
}
