/** Movements (发生额及余额表) and trial balance (试算平衡表), by code or by account. */
import type { Queryable } from '#kernel/database';
import { addDays, parseDate } from '#kernel/dates';
import {
  type Column,
  type Grid,
  type Measure,
  type Part,
  type Place,
  type Point,
  type Row,
  reportError,
  type Section,
  type Unit,
} from './model.ts';
import {
  type AccountRow,
  accountsOf,
  accountTotals,
  codeTotals,
  currenciesOf,
  type GroupFilter,
  type Turnover,
} from './source.ts';
import type { AsOf } from './statements.ts';

/** Names of codes: what a chart of accounts calls them. */
export type CodeNames = ReadonlyMap<string, { readonly zh: string; readonly en: string }>;

export interface MovementQuery {
  readonly kind: 'movements' | 'trial-balance';
  readonly unit: Unit;
  readonly group: GroupFilter | null;
  readonly at: AsOf;
  /** Only of a trial balance. */
  readonly compare: AsOf | null;
  readonly by: 'code' | 'account';
  /** Only codes that begin so. */
  readonly code: string | null;
  readonly names: CodeNames;
}

/** What is shown of a row: a side of a balance, or a turnover. */
interface Shown extends Column {
  readonly measure: Measure;
  /** Only when debits less credits stand on this side, and positive there; null: as it is. */
  readonly side: 'debit' | 'credit' | null;
  readonly point: Point;
}

interface Entry {
  readonly key: string;
  readonly code: string;
  readonly name: string;
  readonly account: string | null;
  readonly currency: string;
  /** By point. */
  readonly turnovers: Map<Point, Turnover>;
}

const PAGE = 1_000;
const nothing: Turnover = { debits: 0n, credits: 0n };

/**
 * Rows per code or account and currency. Movements: opening balance, debits, credits, closing balance, each balance on its
 * side. Trial balance: the balance on its side, and of a second date beside it. Call it in a repeatable-read transaction.
 * Error: `report_invalid`.
 */
export async function movementGrid(db: Queryable, query: MovementQuery): Promise<Grid> {
  const columns = columnsOf(query);
  // What was posted in a range is what was posted by its end, less by the day before its start: read two points, not three.
  const points = [...new Set(columns.map(({ point }) => point))].filter(({ from }) => from === null);
  const entries = query.by === 'code' ? await byCode(db, query, points) : await byAccount(db, query, points);
  const range = columns.find(({ point }) => point.from !== null)?.point;
  const [opening, closing] = points;
  if (range !== undefined && opening !== undefined && closing !== undefined) {
    for (const { turnovers } of entries) {
      const [before, after] = [turnovers.get(opening) ?? nothing, turnovers.get(closing) ?? nothing];
      turnovers.set(range, { debits: after.debits - before.debits, credits: after.credits - before.credits });
    }
  }
  const byCurrency = Map.groupBy(entries, ({ currency }) => currency);
  const sections = [...byCurrency]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, held]) => section(query, columns, currency, held));
  const partsOf = ({ currency, row, column }: Place): Part[] => {
    const shown = columns.find(({ key }) => key === column);
    const held = byCurrency.get(currency)?.filter((entry) => row === TOTAL || entry.key === row) ?? [];
    if (shown === undefined || (held.length === 0 && row !== TOTAL)) {
      throw reportError('report_line_not_found', `No number ${row} in column ${column}, ${currency}`);
    }
    return held.flatMap((entry): Part[] => {
      const sign = shownSign(shown, entry.turnovers.get(shown.point));
      if (sign === 0n) return [];
      const accounts = entry.account === null ? null : [entry.account];
      const sources = [{ unit: query.unit, codes: new Map([[entry.code, 1n]]), accounts }];
      return [{ point: shown.point, measure: shown.measure, currency, factor: sign, sources }];
    });
  };
  const movements = query.kind === 'movements';
  return {
    kind: query.kind,
    nameZh: movements ? '发生额及余额表' : '试算平衡表',
    nameEn: movements ? 'Movements and balances' : 'Trial balance',
    units: [query.unit],
    columns: columns.map(({ key, nameZh, nameEn, point }) => ({ key, nameZh, nameEn, point })),
    sections,
    partsOf,
    translatedOf: () => [],
  };
}

export const TOTAL = 'total';

function columnsOf(query: MovementQuery): Shown[] {
  const { date, recordedAt } = query.at;
  const common = { recordedAt, withoutYearEnd: false, onlyAdjustments: false };
  const sides = (key: string, zh: string, en: string, point: Point): Shown[] => [
    { key: `${key}debit`, nameZh: `${zh}借方`, nameEn: `${en} debit`, measure: 'net', side: 'debit', point },
    { key: `${key}credit`, nameZh: `${zh}贷方`, nameEn: `${en} credit`, measure: 'net', side: 'credit', point },
  ];
  if (query.kind === 'trial-balance') {
    const now = { ...common, from: null, to: date };
    const columns = sides('', `${date} `, date, now);
    if (query.compare === null) return columns;
    const then = { ...now, to: query.compare.date, recordedAt: query.compare.recordedAt };
    return [...columns, ...sides('compare_', `${then.to} `, then.to, then)];
  }
  const from = query.at.from ?? `${date.slice(0, 7)}-01`;
  if (from > date) throw reportError('report_invalid', `${from} is after ${date}`);
  if (from === '0001-01-01') throw reportError('report_invalid', 'Nothing is before the first day of the calendar');
  const opening: Point = { ...common, from: null, to: addDays(parseDate(from), -1) };
  const range: Point = { ...common, from, to: date };
  return [
    ...sides('opening_', '期初', 'Opening', opening),
    { key: 'debits', nameZh: '本期借方', nameEn: 'Debits', measure: 'debits', side: null, point: range },
    { key: 'credits', nameZh: '本期贷方', nameEn: 'Credits', measure: 'credits', side: null, point: range },
    ...sides('closing_', '期末', 'Closing', { ...common, from: null, to: date }),
  ];
}

async function byCode(db: Queryable, query: MovementQuery, points: readonly Point[]): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for (const point of points) {
    for (const { bookId } of query.unit.books) {
      for (const { currency, code, ...turnover } of await codeTotals(db, bookId, point, query.group)) {
        if (query.code !== null && !code.startsWith(query.code)) continue;
        const key = `${currency} ${code}`;
        const name = query.names.get(code);
        const entry = entries.get(key) ?? {
          key: code,
          code,
          name: name?.zh ?? '',
          account: null,
          currency,
          turnovers: new Map<Point, Turnover>(),
        };
        entries.set(key, entry);
        addTurnover(entry, point, turnover);
      }
    }
  }
  return [...entries.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

async function byAccount(db: Queryable, query: MovementQuery, points: readonly Point[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const { bookId } of query.unit.books) {
    const codes = await codesOf(db, bookId, query, points);
    for (const currency of await currenciesOf(db, bookId)) {
      let after: { code: string; id: string } | null = null;
      for (;;) {
        const wanted = { currency, codes, group: query.group, after, limit: PAGE };
        const accounts: AccountRow[] = await accountsOf(db, bookId, wanted);
        const found = new Map<string, Entry>();
        for (const { id, code, name } of accounts) {
          found.set(id, { key: id, code, name: `${code} ${name}`.trim(), account: id, currency, turnovers: new Map() });
        }
        for (const each of points) {
          const ids = [...found.keys()];
          for (const [id, turnover] of await accountTotals(db, bookId, ids, each)) {
            const entry = found.get(id);
            if (entry !== undefined) addTurnover(entry, each, turnover);
          }
        }
        entries.push(...[...found.values()].filter(({ turnovers }) => turnovers.size > 0));
        const last = accounts.at(-1);
        if (last === undefined || accounts.length < PAGE) break;
        after = { code: last.code, id: last.id };
      }
    }
  }
  return entries;
}

/** The codes of a book that are asked for and have anything; accounts of others need not be looked at. */
async function codesOf(db: Queryable, bookId: number, query: MovementQuery, points: readonly Point[]) {
  const codes = new Set<string>();
  for (const point of points) {
    for (const { code } of await codeTotals(db, bookId, point, query.group)) {
      if (query.code === null || code.startsWith(query.code)) codes.add(code);
    }
  }
  return [...codes];
}

function addTurnover(entry: Entry, point: Point, { debits, credits }: Turnover): void {
  const held = entry.turnovers.get(point) ?? nothing;
  entry.turnovers.set(point, { debits: held.debits + debits, credits: held.credits + credits });
}

/** Which way a turnover is shown in a column: 1, −1, or 0 when it stands on the other side. */
function shownSign({ side }: Shown, turnover = nothing): bigint {
  const net = turnover.debits - turnover.credits;
  if (side === null) return 1n;
  if (side === 'debit') return net > 0n ? 1n : 0n;
  return net < 0n ? -1n : 0n;
}

function shownAmount(shown: Shown, turnover = nothing): bigint {
  const { debits, credits } = turnover;
  if (shown.measure === 'debits') return debits;
  if (shown.measure === 'credits') return credits;
  return shownSign(shown, turnover) * (debits - credits);
}

function section(query: MovementQuery, columns: readonly Shown[], currency: string, held: readonly Entry[]): Section {
  const rows = held.map((entry): Row => {
    const english = query.names.get(entry.code)?.en;
    return {
      key: entry.key,
      nameZh: entry.name,
      nameEn: entry.account === null ? (english ?? entry.name) : entry.name,
      level: 1,
      bold: false,
      amounts: columns.map((column) => shownAmount(column, entry.turnovers.get(column.point))),
    };
  });
  const totals = columns.map((_, index) => rows.reduce((sum, { amounts }) => sum + (amounts[index] ?? 0n), 0n));
  rows.push({ key: TOTAL, nameZh: '合计', nameEn: 'Total', level: 0, bold: true, amounts: totals });
  // Of part of the books the sides need not agree.
  if (query.group !== null || query.code !== null) return { currency, rows, checks: [] };
  const checks = columns.flatMap((column, index) => {
    const other = columns[index + 1];
    if (index % 2 === 1 || other === undefined) return [];
    const nameEn = `${column.nameEn} = ${other.nameEn}`;
    return [{ column: column.key, nameEn, left: totals[index] ?? 0n, right: totals[index + 1] ?? 0n }];
  });
  return { currency, rows, checks };
}
