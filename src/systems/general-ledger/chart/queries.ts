/** Reading the chart of a book. */
import type { Queryable } from '#kernel/database';
import { type ChartEntry, type ChartInput, type Mark, treeOrder } from './model.ts';

/**
 * The chart of accounts of a book in tree order: every code behind its parent, elements in the order of the statements.
 * Empty when the book has none.
 */
export async function chartOf(db: Queryable, bookId: number): Promise<ChartEntry[]> {
  const { rows } = await db.query<ChartInput>(
    `select code, name_zh as "nameZh", name_en as "nameEn", element, side, parent_code as "parentCode", marks
     from general_ledger.chart_entry where book_id = $1`,
    [bookId],
  );
  return treeOrder(rows);
}

/** How a book keeps its chart; null when it has none. */
export interface ChartState {
  readonly strict: boolean;
  /** RFC 3339, UTC: of the last load. */
  readonly loadedAt: string;
  readonly loadedBy: string;
}

export async function chartState(db: Queryable, bookId: number): Promise<ChartState | null> {
  const { rows } = await db.query<ChartState>(
    `select strict, loaded_at as "loadedAt", loaded_by as "loadedBy" from general_ledger.chart where book_id = $1`,
    [bookId],
  );
  return rows[0] ?? null;
}

/** Codes with a mark, that accounts can stand on. */
export async function codesMarked(db: Queryable, bookId: number, mark: Mark): Promise<string[]> {
  const { rows } = await db.query<{ code: string }>(
    `select code from general_ledger.chart_entry
     where book_id = $1 and marks @> array[$2::text] and not marks @> array['heading'] order by code`,
    [bookId, mark],
  );
  return rows.map(({ code }) => code);
}
