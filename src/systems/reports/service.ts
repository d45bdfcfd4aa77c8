/** Reports as others ask for them: by the codes of books, entities, layouts and groups. */
import type { Database, Queryable } from '#kernel/database';
import { parseDate, parseInstant } from '#kernel/dates';
import { findBook, listBooks } from '#kernel/events';
import { chartOf } from '#systems/general-ledger';
import type { Consolidation } from './consolidation.ts';
import { findConsolidation, findLayout } from './definitions.ts';
import type { CompiledLayout } from './layout.ts';
import { type BookOfUnit, type Grid, type Place, type ReportKind, reportError, type Unit } from './model.ts';
import { movementGrid } from './movements.ts';
import {
  type AccountBehind,
  type AccountCursor,
  accountsBehind,
  type PostingBehind,
  type PostingCursor,
  postingsBehind,
} from './open.ts';
import { publishedRates } from './rates.ts';
import type { GroupFilter } from './source.ts';
import { type AsOf, statementGrid } from './statements.ts';
import type { RateSource } from './translate.ts';

/** What reports work with. */
export interface ReportDeps {
  readonly db: Database;
  /** Where rates come from when a report is to be in one currency. */
  readonly rates?: RateSource | undefined;
  /** The books of a legal entity; default: those that carry its name. */
  readonly entityBooks?: ((db: Queryable, entity: string) => Promise<BookOfUnit[]>) | undefined;
}

/** What is asked for. Dates are YYYY-MM-DD, instants RFC 3339. */
export interface ReportRequest {
  readonly kind: ReportKind;
  /** Codes of books; several are added up. */
  readonly books?: readonly string[] | undefined;
  /** Or a legal entity: all its books. */
  readonly entity?: string | undefined;
  /** Or a consolidation, by code or as it is. */
  readonly consolidation?: string | Consolidation | undefined;
  /** Default: the shipped one of the kind. */
  readonly layout?: string | CompiledLayout | undefined;
  readonly date: string;
  readonly from?: string | undefined;
  readonly recordedAt?: string | undefined;
  readonly compare?: {
    readonly date: string;
    readonly from?: string | undefined;
    readonly recordedAt?: string | undefined;
  };
  readonly group?: GroupFilter | undefined;
  readonly currency?: string | undefined;
  /** Rates for this report only, before {@link ReportDeps.rates}. */
  readonly rates?: RateSource | undefined;
  /** After those: a source of rates of the exchange room, such as `pboc`. */
  readonly rateSource?: string | undefined;
  readonly by?: 'code' | 'account' | undefined;
  /** Movements and trial balance: only codes that begin so. */
  readonly code?: string | undefined;
}

/** The numbers of the books as reports. Everything is read in one snapshot. */
export interface Reports {
  /** Errors: `book_not_found`, `report_entity_unknown`, `layout_not_found`, `report_invalid`, `report_rate_missing`, `date_invalid` … */
  report(request: ReportRequest): Promise<Grid>;
  /** The accounts behind a number. Error besides: `report_line_not_found`. */
  accounts(
    request: ReportRequest,
    place: Place,
    page: { after: AccountCursor | null; limit: number },
  ): Promise<Opened & { accounts: AccountBehind[]; next: AccountCursor | null }>;
  /** The postings of an account behind a number. Error besides: `report_line_not_found`. */
  postings(
    request: ReportRequest,
    place: Place,
    page: { book: string; accountId: string; after: PostingCursor | null; limit: number },
  ): Promise<Opened & { currency: string; postings: PostingBehind[]; next: PostingCursor | null }>;
}

/** The number that is opened. */
export interface Opened {
  readonly grid: Grid;
  readonly amount: bigint;
}

export function openReports(deps: ReportDeps): Reports {
  const snapshot = <T>(work: (db: Queryable) => Promise<T>) =>
    deps.db.transaction(work, { isolation: 'repeatable read' });
  const opened = async (db: Queryable, request: ReportRequest, place: Place): Promise<Opened> => {
    const grid = await gridOf(deps, db, request);
    return { grid, amount: amountAt(grid, place) };
  };
  return {
    report: (request) => snapshot((db) => gridOf(deps, db, request)),
    accounts: (request, place, page) =>
      snapshot(async (db) => {
        const found = await opened(db, request, place);
        return { ...found, ...(await accountsBehind(db, found.grid, place, request.group ?? null, page)) };
      }),
    postings: (request, place, page) =>
      snapshot(async (db) => {
        const found = await opened(db, request, place);
        return { ...found, ...(await postingsBehind(db, found.grid, place, request.group ?? null, page)) };
      }),
  };
}

/** The number at a place. Error: `report_line_not_found`. */
export function amountAt(grid: Grid, { currency, row, column }: Place): bigint {
  const index = grid.columns.findIndex(({ key }) => key === column);
  const section = grid.sections.find((one) => one.currency === currency);
  const amount = section?.rows.find(({ key }) => key === row)?.amounts[index];
  if (amount === undefined || amount === null) {
    throw reportError('report_line_not_found', `No number ${row} in column ${column}, ${currency}`);
  }
  return amount;
}

async function gridOf(deps: ReportDeps, db: Queryable, request: ReportRequest): Promise<Grid> {
  const { kind, compare } = request;
  const at = asOf(request);
  const group = request.group ?? null;
  const movements = kind === 'movements' || kind === 'trial-balance';
  if (movements && (request.consolidation ?? request.layout ?? request.currency) !== undefined) {
    throw reportError('report_invalid', `${kind} has no layout, no consolidation and no other currency`);
  }
  if (kind === 'movements' && compare !== undefined) {
    throw reportError('report_invalid', 'Movements stand between two dates already; they are not compared');
  }
  const { units, consolidation } = await unitsOf(deps, db, request);
  await checkGroup(db, units, group);
  if (movements) {
    const [unit] = units;
    if (unit === undefined) throw reportError('report_invalid', 'A report is about one book at least');
    const names = new Map<string, { zh: string; en: string }>();
    for (const { bookId } of unit.books) {
      for (const { code, nameZh, nameEn } of await chartOf(db, bookId)) names.set(code, { zh: nameZh, en: nameEn });
    }
    return movementGrid(db, {
      kind,
      unit,
      group,
      at,
      compare: compare === undefined ? null : asOf(compare),
      by: request.by ?? 'code',
      code: request.code ?? null,
      names,
    });
  }
  if (request.by !== undefined || request.code !== undefined) {
    throw reportError('report_invalid', `${kind} goes by its layout, not by code or account`);
  }
  const { layout = kind } = request;
  const compiled = typeof layout === 'string' ? await findLayout(db, layout) : layout;
  const statement = compiled.layout.statement.replace('_', '-');
  if (statement !== kind) throw reportError('report_invalid', `Layout ${compiled.layout.code} is for a ${statement}`);
  if (kind === 'balance-sheet' && (request.from ?? compare?.from) !== undefined) {
    throw reportError('report_invalid', 'A balance sheet is at a date; it has no first day');
  }
  return statementGrid(db, {
    layout: compiled,
    units,
    consolidation,
    group,
    at,
    compare: compare === undefined ? null : asOf(compare),
    currency: request.currency ?? null,
    rates: bothRates(
      request.rates,
      request.rateSource === undefined ? deps.rates : publishedRates(db, request.rateSource),
    ),
  });
}

function bothRates(first: RateSource | undefined, second: RateSource | undefined): RateSource {
  return async (query) => (await first?.(query)) ?? (await second?.(query)) ?? null;
}

function asOf({ date, from, recordedAt }: Pick<ReportRequest, 'date' | 'from' | 'recordedAt'>): AsOf {
  parseDate(date);
  if (from !== undefined) parseDate(from);
  if (recordedAt !== undefined) parseInstant(recordedAt);
  return { date, from: from ?? null, recordedAt: recordedAt ?? null };
}

async function unitsOf(
  deps: ReportDeps,
  db: Queryable,
  request: ReportRequest,
): Promise<{ units: Unit[]; consolidation: Consolidation | null }> {
  const { books, entity, consolidation } = request;
  if ([books, entity, consolidation].filter((one) => one !== undefined).length !== 1) {
    throw reportError('report_invalid', 'A report is about books, or a legal entity, or a consolidation');
  }
  const booksOf = deps.entityBooks ?? booksNamed;
  const entityUnit = async (key: string, name: string, code: string): Promise<Unit> => {
    const found = await booksOf(db, code);
    if (found.length === 0) throw reportError('report_entity_unknown', `No book belongs to ${code}`, { entity: code });
    return { key, name, books: found };
  };
  const bookUnit = async (key: string, name: string, codes: readonly string[]): Promise<Unit> => ({
    key,
    name,
    books: await Promise.all([...new Set(codes)].map((code) => findBook(db, code))),
  });
  if (entity !== undefined) return { units: [await entityUnit(entity, entity, entity)], consolidation: null };
  if (books !== undefined) {
    const name = books.join(', ');
    return { units: [await bookUnit(name, name, books)], consolidation: null };
  }
  const rules = typeof consolidation === 'string' ? await findConsolidation(db, consolidation) : consolidation;
  if (rules === undefined) throw reportError('report_invalid', 'A consolidation is asked for');
  const units: Unit[] = [];
  for (const one of rules.entities) {
    if (one.legal_entity !== undefined) units.push(await entityUnit(one.key, one.name, one.legal_entity));
    else units.push(await bookUnit(one.key, one.name, one.books ?? []));
  }
  const codes = units.flatMap((unit) => unit.books.map(({ code }) => code));
  const twice = codes.find((code, index) => codes.indexOf(code) !== index);
  if (twice !== undefined) {
    throw reportError('consolidation_invalid', `Book ${twice} belongs to two entities of the consolidation`);
  }
  return { units, consolidation: rules };
}

async function booksNamed(db: Queryable, entity: string): Promise<BookOfUnit[]> {
  return (await listBooks(db)).filter(({ legalEntity }) => legalEntity !== '' && legalEntity === entity);
}

/** A group that exists in none of the books is a mistake, and not a report full of zeros. */
async function checkGroup(db: Queryable, units: readonly Unit[], group: GroupFilter | null): Promise<void> {
  if (group === null) return;
  const ids = units.flatMap(({ books }) => books.map(({ bookId }) => bookId));
  const { rowCount } = await db.query(
    'select from ledger.account_group where book_id = any ($1::int[]) and dimension = $2 and code = $3 limit 1',
    [ids, group.dimension, group.code],
  );
  if (rowCount === 0) {
    throw reportError('report_invalid', `No group ${group.dimension}:${group.code} in these books`, { ...group });
  }
}
