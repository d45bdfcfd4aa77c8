/** The chart of accounts (会计科目表): its words, its file, and the checks on it. Pure rules, no I/O. */

import { parse } from 'csv-parse/sync';
import type { Side } from '#engines/ledger';
import { isStorable } from '#kernel/database';

/** The six elements (会计要素); 共同类 is an asset or a liability by its balance. In the order of the statements. */
export const elements = ['asset', 'liability', 'common', 'equity', 'income', 'expense'] as const;
export type Element = (typeof elements)[number];

/**
 * What is special about a code. heading: it only sums, no account stands on it; contra (备抵): its normal side is the
 * other than its element's; suspense (挂账): its accounts hold open items; off_balance (表外): it is in no statement;
 * profit_of_the_year (本年利润) and retained_earnings (未分配利润): where the year end goes; the others say for whom it is.
 */
export const marks = [
  'heading',
  'contra',
  'suspense',
  'off_balance',
  'profit_of_the_year',
  'retained_earnings',
  'bank',
  'financial',
  'insurance',
  'securities',
  'leasing',
  'agriculture',
  'oil_gas',
  'construction',
] as const;
export type Mark = (typeof marks)[number];

/** One code of a chart as it is loaded. */
export interface ChartInput {
  /** 1 to 32 letters, digits, dots, dashes, underscores. */
  readonly code: string;
  readonly nameZh: string;
  readonly nameEn: string;
  readonly element: Element;
  /** The side it normally grows on. */
  readonly side: Side;
  readonly parentCode: string | null;
  readonly marks: readonly Mark[];
}

/** One code of a book's chart. */
export interface ChartEntry extends ChartInput {
  /** 1 for an element, 2 for a class, 3 for a code, 4 and more for sub-codes. */
  readonly level: number;
}

export type ChartFaultKind =
  | 'field_invalid'
  | 'duplicate_code'
  | 'parent_not_found'
  | 'cycle'
  | 'side_against_element'
  | 'element_against_parent'
  | 'mark_repeated';

/** What is wrong with a chart, and where: `line` counts from 1, the header is line 1; null for what is not from a file. */
export interface ChartFault {
  readonly kind: ChartFaultKind;
  readonly code: string;
  readonly line: number | null;
  readonly detail: string;
}

/** A code with the line of the file it is from. */
export type Numbered = ChartInput & { readonly line: number | null };

export const chartColumns = ['code', 'name_zh', 'name_en', 'element', 'side', 'parent', 'marks'] as const;

/** The side of an element; null: either. */
export function sideOf(element: Element): Side | null {
  if (element === 'common') return null;
  return element === 'asset' || element === 'expense' ? 'debit' : 'credit';
}

/** Whether accounts of a code go to zero at the year end. */
export function isProfitAndLoss({ element, marks: marked }: ChartInput): boolean {
  return (element === 'income' || element === 'expense') && !marked.includes('off_balance');
}

/** Reads the text of a chart file: CSV with the header {@link chartColumns}, marks separated by blanks. */
export function parseChart(text: string): {
  entries: readonly Numbered[];
  faults: ChartFault[];
} {
  const faults: ChartFault[] = [];
  const damaged = (line: number | null, code: string, detail: string) =>
    faults.push({ kind: 'field_invalid', code, line, detail });
  const lines: number[] = [];
  let rows: string[][];
  try {
    rows = parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (record: string[], context) => {
        lines.push(context.lines);
        return record;
      },
    });
  } catch (error) {
    damaged(null, '', error instanceof Error ? error.message : 'not CSV');
    return { entries: [], faults };
  }
  const [header, ...records] = rows;
  if (header?.join(',') !== chartColumns.join(',')) {
    damaged(1, '', `the header must be ${chartColumns.join(',')}`);
    return { entries: [], faults };
  }
  const entries: Numbered[] = [];
  for (const [index, record] of records.entries()) {
    const line = lines[index + 1] ?? null;
    const [code = '', nameZh = '', nameEn = '', element = '', side = '', parent = '', markText = ''] = record;
    const wrong = (detail: string) => damaged(line, code, detail);
    if (record.length !== chartColumns.length) {
      wrong(`has ${record.length} columns instead of ${chartColumns.length}`);
      continue;
    }
    const given = markText.split(/\s+/).filter((mark) => mark !== '');
    const unknown = given.find((mark) => !isMark(mark));
    if (!isElement(element)) wrong(`element '${element}' is none of ${elements.join(', ')}`);
    else if (side !== 'debit' && side !== 'credit') wrong(`side '${side}' is neither debit nor credit`);
    else if (unknown !== undefined) wrong(`mark '${unknown}' is none of ${marks.join(', ')}`);
    else {
      const parentCode = parent === '' ? null : parent;
      entries.push({ code, nameZh, nameEn, element, side, parentCode, marks: given.filter(isMark), line });
    }
  }
  return { entries, faults };
}

function isElement(text: string): text is Element {
  return (elements as readonly string[]).includes(text);
}

function isMark(text: string): text is Mark {
  return (marks as readonly string[]).includes(text);
}

const codeForm = /^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/;

/**
 * All that is wrong with codes to be added to a chart that holds `existing` already; empty when it can be loaded.
 * A code that stands in both is judged as `added` says.
 */
export function checkChart(
  added: readonly (ChartInput & { readonly line?: number | null })[],
  existing: readonly ChartInput[] = [],
): ChartFault[] {
  const faults: ChartFault[] = [];
  const all = new Map<string, ChartInput & { readonly line?: number | null }>(
    existing.map((entry) => [entry.code, entry]),
  );
  const seen = new Set<string>();
  for (const entry of added) {
    const { code } = entry;
    const fault = faultOf(entry);
    if (fault !== null) faults.push({ kind: 'field_invalid', code, line: entry.line ?? null, detail: fault });
    if (seen.has(code)) {
      faults.push({ kind: 'duplicate_code', code, line: entry.line ?? null, detail: `code ${code} stands twice` });
    }
    seen.add(code);
    all.set(code, entry);
  }
  for (const entry of added) {
    const add = (kind: ChartFaultKind, detail: string) =>
      faults.push({ kind, code: entry.code, line: entry.line ?? null, detail });
    const parent = entry.parentCode === null ? undefined : all.get(entry.parentCode);
    if (entry.parentCode !== null && parent === undefined) add('parent_not_found', `there is no ${entry.parentCode}`);
    else if (goesRound(entry, all)) add('cycle', 'its parents lead back to itself');
    if (parent !== undefined && parent.element !== entry.element) {
      add('element_against_parent', `is ${entry.element} below ${parent.code}, which is ${parent.element}`);
    }
    const expected = sideOf(entry.element);
    if (expected !== null && (entry.side !== expected) !== entry.marks.includes('contra')) {
      const what = entry.side === expected ? `on the ${expected} side, yet contra` : `on the ${entry.side} side`;
      add('side_against_element', `is ${entry.element} and ${what}`);
    }
  }
  for (const mark of ['profit_of_the_year', 'retained_earnings'] as const) {
    const marked = [...all.values()].filter((entry) => entry.marks.includes(mark));
    for (const entry of marked.slice(1)) {
      const detail = `${mark} is ${marked[0]?.code} already`;
      faults.push({ kind: 'mark_repeated', code: entry.code, line: entry.line ?? null, detail });
    }
  }
  return faults;
}

/** What is wrong with the fields of one code; null: nothing. */
function faultOf(entry: ChartInput): string | null {
  if (!codeForm.test(entry.code)) return 'a code is 1 to 32 letters, digits, dots, dashes';
  for (const name of [entry.nameZh, entry.nameEn]) {
    if (name.trim() === '' || name.length > 200 || !isStorable(name)) {
      return 'both names are needed, of at most 200 characters';
    }
  }
  const special = entry.marks.find((mark) => mark === 'profit_of_the_year' || mark === 'retained_earnings');
  if (special !== undefined && (entry.element !== 'equity' || entry.marks.includes('heading'))) {
    return `${special} is for an equity code that has accounts`;
  }
  return null;
}

function goesRound(entry: ChartInput, all: ReadonlyMap<string, ChartInput>): boolean {
  const passed = new Set([entry.code]);
  for (let code = entry.parentCode; code !== null; code = all.get(code)?.parentCode ?? null) {
    if (code === entry.code) return true;
    // A circle further up is the fault of those who stand in it.
    if (passed.has(code)) return false;
    passed.add(code);
  }
  return false;
}

/** The entries with their levels, each behind its parent, siblings by code, elements in the order of the statements. */
export function treeOrder(entries: readonly ChartInput[]): ChartEntry[] {
  const children = Map.groupBy(entries, (entry) => entry.parentCode);
  const ordered: ChartEntry[] = [];
  const walk = (parentCode: string | null, level: number) => {
    const siblings = [...(children.get(parentCode) ?? [])].sort(
      (a, b) => elements.indexOf(a.element) - elements.indexOf(b.element) || (a.code < b.code ? -1 : 1),
    );
    for (const entry of siblings) {
      ordered.push({ ...entry, level });
      walk(entry.code, level + 1);
    }
  };
  walk(null, 1);
  return ordered;
}
