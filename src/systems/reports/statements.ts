/** Balance sheet (资产负债表) and income statement (利润表): a layout filled from the books, column by column. */
import type { Queryable } from '#kernel/database';
import { cellsAt } from './cells.ts';
import { type Consolidation, ELIMINATIONS } from './consolidation.ts';
import { type Filled, fill, sourcesOf } from './fill.ts';
import type { CompiledLayout, LayoutLine } from './layout.ts';
import {
  type Cell,
  type Column,
  type Grid,
  type Part,
  type Place,
  type Point,
  type Row,
  reportError,
  type Section,
  type Source,
  type Translated,
  type Unit,
} from './model.ts';
import type { GroupFilter } from './source.ts';
import { type RateSource, ratesNeeded, translate } from './translate.ts';

/** A date, and the instant as of which it is known. */
export interface AsOf {
  /** First day; only of an income statement. Default 1 January of the year of `date`. */
  readonly from?: string | null;
  readonly date: string;
  readonly recordedAt: string | null;
}

export interface StatementQuery {
  readonly layout: CompiledLayout;
  readonly units: readonly Unit[];
  readonly consolidation: Consolidation | null;
  readonly group: GroupFilter | null;
  readonly at: AsOf;
  readonly compare: AsOf | null;
  /** Translate all into this currency; null: each currency for itself. */
  readonly currency: string | null;
  readonly rates: RateSource | null;
}

/** A term of a column: the cells of some units at a point, added or taken off. */
interface Term {
  readonly point: Point;
  readonly cells: readonly Cell[];
  readonly sign: bigint;
}

interface FilledColumn extends Column {
  readonly terms: readonly Term[];
}

/** Where codes are shown that the layout has no line for. */
export const UNASSIGNED = 'unassigned';

/**
 * Fills a layout. Columns: `current`; `adjustments` when there are any after close in it; with a comparison `compare` and
 * `difference`. A consolidation has a column per entity, `sum` and `eliminations` before `current`, which is then the
 * consolidated one. Call it in a repeatable-read transaction. Errors: `report_invalid`, `report_rate_missing`.
 */
export async function statementGrid(db: Queryable, query: StatementQuery): Promise<Grid> {
  const { layout } = query.layout;
  const columns = await columnsOf(db, query);
  const currencies = new Set(
    columns.flatMap(({ terms }) => terms.flatMap(({ cells }) => cells.map((c) => c.currency))),
  );
  if (query.currency !== null) currencies.add(query.currency);
  const fills = new Map<string, { filled: Filled; term: Term }[]>();
  for (const currency of currencies) {
    for (const { key, terms } of columns) {
      fills.set(
        `${currency} ${key}`,
        terms.map((term) => {
          const here = term.cells.filter((cell) => cell.currency === currency);
          return { filled: fill(query.layout, here), term };
        }),
      );
    }
  }
  const sections = [...currencies].sort().map((currency) => section(query.layout, columns, fills, currency));
  const cellsAtPlace = ({ currency, row, column }: Place) => {
    const line = layout.lines.find(({ key }) => key === row);
    const found = fills.get(`${currency} ${column}`);
    if (found === undefined || (line === undefined && row !== UNASSIGNED)) {
      throw reportError('report_line_not_found', `No number ${row} in column ${column}, ${currency}`);
    }
    return found.map(({ filled, term }) => ({
      term,
      cells: line === undefined ? filled.unassigned.map((cell) => ({ cell, factor: 1n })) : filled.cellsOf(line),
    }));
  };
  return {
    kind: layout.statement === 'balance_sheet' ? 'balance-sheet' : 'income-statement',
    nameZh: query.consolidation === null ? layout.name_zh : `合并${layout.name_zh}`,
    nameEn: query.consolidation === null ? layout.name_en : `Consolidated ${layout.name_en.toLowerCase()}`,
    units: query.units,
    columns: columns.map(({ key, nameZh, nameEn, point }) => ({ key, nameZh, nameEn, point })),
    sections,
    partsOf: (place) => cellsAtPlace(place).flatMap(({ term, cells }) => partsOf(term, cells)),
    translatedOf: (place) => cellsAtPlace(place).flatMap(({ term, cells }) => translatedOf(term, cells)),
  };
}

async function columnsOf(db: Queryable, query: StatementQuery): Promise<FilledColumn[]> {
  const { layout, at, compare, consolidation } = query;
  const isRange = layout.layout.statement === 'income_statement';
  const pointOf = ({ date, from, recordedAt }: AsOf): Point => {
    const start = isRange ? (from ?? `${date.slice(0, 4)}-01-01`) : null;
    if (start !== null && start > date) throw reportError('report_invalid', `${start} is after ${date}`);
    return { from: start, to: date, recordedAt, withoutYearEnd: isRange, onlyAdjustments: false };
  };
  const read = async (point: Point): Promise<Term> => {
    const wanted = { ...query, covers: layout.covers, balanced: !isRange };
    const cells = await cellsAt(db, wanted, point);
    return { point, cells: await inOneCurrency(query, cells, point, !isRange), sign: 1n };
  };
  const only = (term: Term, keep: (unit: string) => boolean): Term => ({
    ...term,
    cells: term.cells.filter(({ unit }) => keep(unit)),
  });
  const column = (key: string, nameZh: string, nameEn: string, ...terms: Term[]): FilledColumn => ({
    key,
    nameZh,
    nameEn,
    point: terms.length === 1 ? (terms[0]?.point ?? null) : null,
    terms,
  });
  const spoken = (point: Point) => `${point.from === null ? '' : `${point.from} – `}${point.to}`;
  const instant = (point: Point) => (point.recordedAt === null ? '' : ` @ ${point.recordedAt}`);

  const now = await read(pointOf(at));
  const title = `${spoken(now.point)}${instant(now.point)}`;
  const columns: FilledColumn[] = [];
  if (consolidation !== null) {
    for (const { key, name } of query.units)
      columns.push(
        column(
          key,
          name,
          name,
          only(now, (unit) => unit === key),
        ),
      );
    columns.push(
      column(
        'sum',
        '汇总',
        'Sum',
        only(now, (unit) => unit !== ELIMINATIONS),
      ),
      column(
        'eliminations',
        '抵销',
        'Eliminations',
        only(now, (unit) => unit === ELIMINATIONS),
      ),
    );
    columns.push(column('current', `合并 ${title}`, `Consolidated ${title}`, now));
  } else {
    columns.push(column('current', title, title, now));
  }
  const yearStart = `${at.date.slice(0, 4)}-01-01`;
  const adjusting = { ...now.point, from: now.point.from ?? yearStart, onlyAdjustments: true };
  const adjustments = await read(adjusting);
  if (adjustments.cells.some(({ net }) => net !== 0n)) {
    columns.push(column('adjustments', '其中：关账后调整', 'Of which: adjustments after close', adjustments));
  }
  if (compare !== null) {
    const before = await read(pointOf(compare));
    const then = `${spoken(before.point)}${instant(before.point)}`;
    columns.push(
      column('compare', then, then, before),
      column('difference', '增减', 'Difference', now, { ...before, sign: -1n }),
    );
  }
  return columns;
}

async function inOneCurrency(
  query: StatementQuery,
  cells: readonly Cell[],
  { from: first, to: date, recordedAt }: Point,
  balanced: boolean,
): Promise<readonly Cell[]> {
  const { currency, rates, layout } = query;
  if (currency === null) return cells;
  const days = { firstDate: first ?? `${date.slice(0, 4)}-01-01`, date, recordedAt };
  const found = new Map<string, Awaited<ReturnType<RateSource>>>();
  for (const { from, kind } of ratesNeeded(cells, currency, layout.rateKindOf)) {
    found.set(`${from} ${kind}`, rates === null ? null : await rates({ from, to: currency, ...days, kind }));
  }
  return translate(
    cells,
    currency,
    layout.rateKindOf,
    (from, kind) => found.get(`${from} ${kind}`) ?? undefined,
    balanced,
  );
}

function section(
  compiled: CompiledLayout,
  columns: readonly FilledColumn[],
  fills: ReadonlyMap<string, readonly { filled: Filled; term: Term }[]>,
  currency: string,
): Section {
  const sum = (column: FilledColumn, amountOf: (filled: Filled) => bigint | null): bigint | null => {
    let total: bigint | null = null;
    for (const { filled, term } of fills.get(`${currency} ${column.key}`) ?? []) {
      const amount = amountOf(filled);
      if (amount !== null) total = (total ?? 0n) + term.sign * amount;
    }
    return total;
  };
  const { lines, balance } = compiled.layout;
  const rows = lines.map((line): Row => {
    const { key, name_zh: nameZh, name_en: nameEn, level, bold } = line;
    return { key, nameZh, nameEn, level, bold, amounts: columns.map((one) => sum(one, (f) => f.amountOf(line))) };
  });
  const unassigned = columns.map((one) => sum(one, (filled) => filled.unassigned.reduce((s, { net }) => s + net, 0n)));
  const codes = new Set(
    columns.flatMap(({ key }) =>
      (fills.get(`${currency} ${key}`) ?? []).flatMap(({ filled }) => filled.unassigned.map(({ code }) => code)),
    ),
  );
  if (codes.size > 0) {
    const names = [...codes].sort().join(', ');
    rows.push({
      key: UNASSIGNED,
      nameZh: `未列示科目（借方）：${names}`,
      nameEn: `Codes without a line, debit: ${names}`,
      level: 0,
      bold: true,
      amounts: unassigned,
    });
  }
  const lineOf = (key: string): LayoutLine | undefined => lines.find((line) => line.key === key);
  const [left, right] = [lineOf(balance?.left ?? ''), lineOf(balance?.right ?? '')];
  const checks =
    left === undefined || right === undefined
      ? []
      : columns.map((one) => ({
          column: one.key,
          nameEn: `${left.name_en} = ${right.name_en}`,
          left: sum(one, (filled) => filled.amountOf(left)) ?? 0n,
          right: sum(one, (filled) => filled.amountOf(right)) ?? 0n,
        }));
  return { currency, rows, checks };
}

type FactoredCell = { readonly cell: Cell; readonly factor: bigint };

function partsOf(term: Term, cells: readonly FactoredCell[]): Part[] {
  const byCurrency = new Map<string, FactoredCell[]>();
  for (const one of cells) {
    const currency = one.cell.original?.currency ?? one.cell.currency;
    byCurrency.set(currency, [...(byCurrency.get(currency) ?? []), one]);
  }
  return [...byCurrency].flatMap(([currency, held]) => {
    const sources: Source[] = sourcesOf(held);
    if (sources.length === 0) return [];
    return [{ point: term.point, measure: 'net' as const, currency, factor: term.sign, sources }];
  });
}

function translatedOf(term: Term, cells: readonly FactoredCell[]): Translated[] {
  return cells.flatMap(({ cell, factor }) => {
    if (cell.original === undefined) {
      // What translating itself leaves over has no original, and is there only when something was translated.
      return cell.sources.length > 0 || cell.net === 0n
        ? []
        : [{ unit: cell.unit, code: cell.code, from: '', net: 0n, rate: '', amount: term.sign * factor * cell.net }];
    }
    const { currency: from, net, rate } = cell.original;
    return [{ unit: cell.unit, code: cell.code, from, net, rate, amount: term.sign * factor * cell.net }];
  });
}
