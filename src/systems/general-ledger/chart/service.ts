/** Loading charts of accounts into a book: the room's own table, and the tree of groups in the ledger. */
import { readFile } from 'node:fs/promises';
import { codesInUse } from '#engines/ledger';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { checkHand, type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import { type ChartEntry, type ChartFault, type ChartInput, checkChart, parseChart, treeOrder } from './model.ts';
import { chartOf } from './queries.ts';

/** The dimension of the groups that keep the sums of a chart. */
export const CHART_DIMENSION = 'chart';

/** The charts that come with the product, each a file beside this one. */
export const standardCharts = ['asbe'] as const;
export type StandardChart = (typeof standardCharts)[number];

export interface ChartResult {
  /** Codes in the book's chart now. */
  readonly codes: number;
  readonly added: number;
  /** Codes whose names or marks were changed. */
  readonly renamed: number;
}

/** The entries of a chart that comes with the product: 'asbe' is the chart of 企业会计准则——应用指南. */
export async function standardChart(name: StandardChart): Promise<ChartInput[]> {
  return sound(await readFile(new URL(`./${name}.csv`, import.meta.url), 'utf8'));
}

/** The entries of a chart file. Errors: `chart_file_missing`; `chart_malformed` with all faults that were found. */
export async function readChartFile(path: string): Promise<ChartInput[]> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it is not UTF-8';
    throw generalLedgerError('chart_file_missing', `${path} cannot be read (${reason})`, { file: path, reason });
  }
  return sound(text);
}

function sound(text: string): ChartInput[] {
  const { entries, faults } = parseChart(text);
  if (faults.length > 0) throw malformed(faults);
  if (entries.length === 0) throw generalLedgerError('chart_malformed', 'The chart has no codes', { faults: [] });
  return [...entries];
}

const FAULTS_LISTED = 100;

function malformed(faults: readonly ChartFault[]) {
  const [first] = faults;
  const where = first?.line === null || first === undefined ? '' : `line ${first.line}: `;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more faults` : '';
  return generalLedgerError('chart_malformed', `${where}${first?.code ?? ''} ${first?.detail ?? ''}${more}`, {
    faults: faults.slice(0, FAULTS_LISTED),
  });
}

/**
 * Adds codes to the chart of a book, and names and marks to those that are there; the same again changes nothing. What a
 * code is (element, side, parent) never changes, since past sums stand on it. The codes become groups of the ledger's
 * dimension `chart`, which accounts of that code join by themselves; those that were there before join by the ledger's
 * `buildGroups` afterwards, see {@link installChart}. Errors: `chart_malformed` with all faults, `chart_differs`, `actor_invalid`.
 */
export async function loadChart(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  entries: readonly ChartInput[],
  options: Hand & {
    /** Strict: no period is closed while an account stands outside the chart. Default: as it is, at first false. */
    readonly strict?: boolean | undefined;
  },
): Promise<ChartResult> {
  const { actor, reason } = checkHand(options);
  const bookId = await deps.ledger.bookId(book);
  await deps.authorise?.(tx, { action: 'chart_load', book, subject: book, actor, reason });
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('general_ledger.chart.' || $1, 0))`, [String(bookId)]);
  const existing = new Map((await chartOf(tx, bookId)).map((entry) => [entry.code, entry]));
  const faults = checkChart(entries, [...existing.values()]);
  if (faults.length > 0) throw malformed(faults);
  for (const entry of entries) {
    const known = existing.get(entry.code);
    if (known !== undefined) refuseDifference(known, entry);
  }

  const all = new Map<string, ChartInput>([...existing, ...entries.map((entry) => [entry.code, entry] as const)]);
  // In tree order parents come before their children.
  const added = treeOrder([...all.values()]).filter(({ code }) => !existing.has(code));
  const renamed = entries.filter((entry) => {
    const known = existing.get(entry.code);
    return known !== undefined && !sameWords(known, entry);
  });
  await storeEntries(tx, bookId, [...added, ...renamed]);
  await tx.query(
    `insert into general_ledger.chart (book_id, strict, loaded_at, loaded_by) values ($1, coalesce($2, false), $3, $4)
     on conflict (book_id) do update set strict = coalesce($2, chart.strict), loaded_at = excluded.loaded_at,
       loaded_by = excluded.loaded_by`,
    [bookId, options.strict ?? null, instantText(deps.clock.now()), actor],
  );
  if (added.length > 0) await deps.ledger.createGroups(tx, book, added.map(groupOf));
  return { codes: all.size, added: added.length, renamed: renamed.length };
}

/** Every code that is no heading takes the accounts opened with it, also when it has sub-codes. */
function groupOf(entry: ChartEntry) {
  return {
    dimension: CHART_DIMENSION,
    code: entry.code,
    name: entry.nameZh,
    ...(entry.parentCode === null ? {} : { parentCode: entry.parentCode }),
    ...(entry.marks.includes('heading') ? {} : { accountCode: entry.code }),
  };
}

function refuseDifference(known: ChartEntry, entry: ChartInput): void {
  const differs = (['element', 'side', 'parentCode'] as const).find((field) => known[field] !== entry[field]);
  const heading = known.marks.includes('heading') !== entry.marks.includes('heading');
  if (differs === undefined && !heading) return;
  const what = differs ?? 'heading';
  throw generalLedgerError('chart_differs', `Code ${entry.code} is in the chart with another ${what}`, {
    code: entry.code,
    field: what,
  });
}

function sameWords(known: ChartInput, entry: ChartInput): boolean {
  return (
    known.nameZh === entry.nameZh &&
    known.nameEn === entry.nameEn &&
    [...known.marks].sort().join() === [...entry.marks].sort().join()
  );
}

async function storeEntries(tx: Transaction, bookId: number, entries: readonly ChartInput[]): Promise<void> {
  // Marks travel as text: PostgreSQL has no arrays of lists of different lengths.
  await tx.query(
    `insert into general_ledger.chart_entry (book_id, code, name_zh, name_en, element, side, parent_code, marks)
     select $1, e.code, e.name_zh, e.name_en, e.element, e.side, e.parent_code,
       case e.marks when '' then '{}'::text[] else string_to_array(e.marks, ' ') end
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       as e (code, name_zh, name_en, element, side, parent_code, marks)
     on conflict (book_id, code) do update
       set name_zh = excluded.name_zh, name_en = excluded.name_en, marks = excluded.marks`,
    [
      bookId,
      entries.map(({ code }) => code),
      entries.map(({ nameZh }) => nameZh),
      entries.map(({ nameEn }) => nameEn),
      entries.map(({ element }) => element),
      entries.map(({ side }) => side),
      entries.map(({ parentCode }) => parentCode),
      entries.map((entry) => entry.marks.join(' ')),
    ],
  );
}

/**
 * As {@link loadChart} in a transaction of its own; then accounts that were opened before their code was in the chart join
 * its groups with their history, while writes go on. Returns also how many joined.
 */
export async function installChart(
  deps: GeneralLedgerDeps,
  book: string,
  entries: readonly ChartInput[],
  options: Hand & { readonly strict?: boolean | undefined },
): Promise<ChartResult & { readonly joined: number }> {
  const result = await deps.db.transaction((tx) => loadChart(deps, tx, book, entries, options));
  return { ...result, joined: await deps.ledger.buildGroups(book) };
}

/** Accounts that do not fit the chart: on a code it does not have, on a heading, or grown on the other side. */
export interface AccountOutside {
  readonly code: string;
  readonly currency: string;
  readonly accounts: number;
  readonly why: 'not_in_chart' | 'heading' | 'other_side';
}

/** What stands outside the chart of a book, by code. `other_side` is told, but no fault of the books. */
export async function accountsOutsideChart(db: Queryable, bookId: number): Promise<AccountOutside[]> {
  const chart = new Map((await chartOf(db, bookId)).map((entry) => [entry.code, entry]));
  const outside: AccountOutside[] = [];
  for (const { code, currency, side, accounts } of await codesInUse(db, bookId)) {
    const entry = chart.get(code);
    const why =
      entry === undefined
        ? 'not_in_chart'
        : entry.marks.includes('heading')
          ? 'heading'
          : entry.element !== 'common' && entry.side !== side
            ? 'other_side'
            : null;
    if (why !== null) outside.push({ code, currency, accounts, why });
  }
  return outside;
}
