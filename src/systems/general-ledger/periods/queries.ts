/** Reading periods: their states, what was done to them, and the adjustments made after closing. */
import { type Closing, closing, firstEffectiveDate, listTransfers, type Transfer } from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { addMonths } from '#kernel/dates';
import { monthOf, type Period, type PeriodCheck, type PeriodState, stateOf } from './model.ts';

/** One thing that was done to a period. Instants are RFC 3339, UTC. */
export interface PeriodAction extends Closing {
  readonly number: number;
  readonly period: string;
  readonly action: 'close' | 'seal' | 'reopen';
  readonly actor: string;
  readonly reason: string | null;
  readonly checks: readonly PeriodCheck[];
  readonly recordedAt: string;
}

export interface PeriodStatus extends Period {
  readonly state: PeriodState;
  /** The last thing done to the period itself; null when nothing was. A month may be closed by what closed its year. */
  readonly lastAction: PeriodAction | null;
}

const actionColumns = `number, period, action, actor, reason, closed_through as "closedThrough",
  sealed_through as "sealedThrough", checks, recorded_at as "recordedAt"`;

/** The state of one period. */
export async function periodStatus(db: Queryable, bookId: number, period: Period): Promise<PeriodStatus> {
  const { rows } = await db.query<PeriodAction>(
    `select ${actionColumns} from general_ledger.period_action
     where book_id = $1 and period = $2 order by number desc limit 1`,
    [bookId, period.code],
  );
  return { ...period, state: stateOf(period, await closing(db, bookId)), lastAction: rows[0] ?? null };
}

/** The months of a book from its first posting to the month of `businessDate`, oldest first; none before anything was posted. */
export async function listPeriods(db: Queryable, bookId: number, businessDate: string): Promise<PeriodStatus[]> {
  const first = await firstEffectiveDate(db, bookId);
  if (first === null) return [];
  const closed = await closing(db, bookId);
  const { rows } = await db.query<PeriodAction>(
    `select distinct on (period) ${actionColumns} from general_ledger.period_action
     where book_id = $1 order by period, number desc`,
    [bookId],
  );
  const last = new Map(rows.map((row) => [row.period, row]));
  const months: PeriodStatus[] = [];
  for (let { from } = monthOf(first); from <= businessDate; from = addMonths(from, 1)) {
    const month = monthOf(from);
    months.push({ ...month, state: stateOf(month, closed), lastAction: last.get(month.code) ?? null });
  }
  return months;
}

/** Everything that was ever done to the periods of a book, oldest first. */
export async function periodActions(db: Queryable, bookId: number): Promise<PeriodAction[]> {
  const { rows } = await db.query<PeriodAction>(
    `select ${actionColumns} from general_ledger.period_action where book_id = $1 order by number`,
    [bookId],
  );
  return rows;
}

/** Postings that count from a date in a period though it was closed, in journal order, behind a journal position. */
export async function adjustmentsOf(
  db: Queryable,
  bookId: number,
  period: Period,
  page: { readonly afterSequence?: bigint | undefined; readonly limit: number },
): Promise<Transfer[]> {
  return listTransfers(db, bookId, {
    adjustment: true,
    effectiveFrom: period.from,
    effectiveTo: period.to,
    afterSequence: page.afterSequence,
    limit: page.limit,
  });
}
