/** Closing, sealing and re-opening periods. Each action is one transaction and leaves a mark that is never changed. */
import { type Closing, closing } from '#engines/ledger';
import type { Queryable, Transaction } from '#kernel/database';
import { addDays, instantText, parseDate } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { checkHand, type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import { lockYearEnds } from '../year-end/store.ts';
import { undoYearEndsFrom } from '../year-end/undo.ts';
import { checkPeriod, profitAndLossLeft } from './checks.ts';
import { closingAfter, type Period, type PeriodCheck, parsePeriod, stateOf, yearOf } from './model.ts';
import { type PeriodStatus, periodStatus } from './queries.ts';

/** Pending transfers older than this stop a closing, unless the caller says otherwise. */
export const PENDING_LIMIT_DAYS = 30;

export interface PeriodResult {
  readonly period: PeriodStatus;
  /** False when the period was in that state already: nothing was done. */
  readonly changed: boolean;
  /** The checks made before closing; empty for other actions. */
  readonly checks: readonly PeriodCheck[];
  /** The year ends that re-opening has undone, latest first. */
  readonly yearEndsUndone: readonly number[];
}

export interface CloseOptions extends Hand {
  /** Pending transfers of the period older than this many days stop it. Default {@link PENDING_LIMIT_DAYS}. */
  readonly pendingLimitDays?: number | undefined;
}

/** The checks of a period as closing it would make them now. Errors: `period_malformed`, `pending_limit_invalid`. */
export async function periodChecks(
  deps: GeneralLedgerDeps,
  db: Queryable,
  book: string,
  periodCode: string,
  pendingLimitDays = PENDING_LIMIT_DAYS,
): Promise<PeriodCheck[]> {
  if (!Number.isInteger(pendingLimitDays) || pendingLimitDays < 0) {
    throw generalLedgerError('pending_limit_invalid', `${pendingLimitDays} is no number of days`);
  }
  const bookId = await deps.ledger.bookId(book);
  return checkPeriod(db, {
    bookId,
    period: parsePeriod(periodCode),
    closing: await closing(db, bookId),
    businessDate: parseDate(deps.ledger.businessDate()),
    pendingLimitDays,
  });
}

/**
 * Closes (关账) a month, or all open months of a year: from then on only what is marked as an adjustment counts from its
 * dates. Everything before it must be closed. Closing it again changes nothing. Errors: `period_malformed`,
 * `period_check_failed` with the checks, `actor_invalid`.
 */
export async function closePeriod(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  periodCode: string,
  options: CloseOptions,
): Promise<PeriodResult> {
  const act = await begin(deps, tx, 'close', book, periodCode, options);
  if (act.state === 'closed' || act.state === 'sealed') return unchanged(tx, act);
  const checks = await periodChecks(deps, tx, book, periodCode, options.pendingLimitDays);
  const failed = checks.filter(({ passed, blocking }) => blocking && !passed);
  if (failed.length > 0) {
    const why = failed.map(({ detail }) => detail).join('; ');
    throw generalLedgerError('period_check_failed', `${periodCode} cannot be closed: ${why}`, { checks });
  }
  return finish(deps, tx, act, checks, []);
}

/**
 * Seals (封账) a closed period and everything before it: nothing counts from its dates any more, not even adjustments.
 * The year end of a year that would be sealed must be made. Sealing it again changes nothing. Errors:
 * `period_malformed`, `period_state_wrong`, `period_check_failed`, `actor_invalid`.
 */
export async function sealPeriod(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  periodCode: string,
  hand: Hand,
): Promise<PeriodResult> {
  const act = await begin(deps, tx, 'seal', book, periodCode, hand);
  const { period, state, closed } = act;
  if (state === 'sealed') return unchanged(tx, act);
  if (closed.closedThrough === null || closed.closedThrough < period.to) {
    throw generalLedgerError('period_state_wrong', `${periodCode} is ${state}: it must be closed before it is sealed`, {
      period: periodCode,
      state,
    });
  }
  const yearEnd = lastYearEnd(period);
  const sealedBefore = yearEnd === null || (closed.sealedThrough !== null && closed.sealedThrough >= yearEnd);
  const left = sealedBefore ? [] : await profitAndLossLeft(tx, act.bookId, yearEnd);
  if (left.length > 0) {
    const codes = [...new Set(left.map(({ code }) => code))];
    throw generalLedgerError(
      'period_check_failed',
      `${periodCode} cannot be sealed: profit and loss holds a balance as of ${yearEnd} on ${codes.join(', ')}; make the year end first`,
      { period: periodCode, year_end: yearEnd, codes },
    );
  }
  return finish(deps, tx, act, [], []);
}

/** The last 31 December at or before the end of a period; null: in the first year there is, there is none. */
function lastYearEnd(period: Period): string | null {
  const year = yearOf(period.to);
  if (year.to === period.to) return year.to;
  return year.code === '0001' ? null : addDays(year.from, -1);
}

/**
 * Opens a closed or sealed period again, for a reason. Later periods are re-opened first. The year ends of its year and
 * of later ones are undone by reversal. Re-opening an open period changes nothing. Errors: `period_malformed`,
 * `period_later_closed`, `reason_required`, `actor_invalid`, `year_end_refused`.
 */
export async function reopenPeriod(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  periodCode: string,
  hand: Hand,
): Promise<PeriodResult> {
  const act = await begin(deps, tx, 'reopen', book, periodCode, hand);
  const { period, state, closed } = act;
  if (closed.closedThrough !== null && closed.closedThrough > period.to) {
    throw generalLedgerError('period_later_closed', `The book is closed through ${closed.closedThrough}`, {
      period: periodCode,
      closed_through: closed.closedThrough,
    });
  }
  if (state === 'open') return unchanged(tx, act);
  const after = closingAfter('reopen', period, closed);
  // Before the book is held, as a year end that is being made takes the two in this order.
  await lockYearEnds(tx, act.bookId);
  await deps.ledger.setClosing(tx, book, after);
  const undone = await undoYearEndsFrom(deps, tx, book, Number(period.to.slice(0, 4)), {
    actor: act.actor,
    reason: act.reason ?? undefined,
  });
  return finish(deps, tx, act, [], undone);
}

type Action = 'close' | 'seal' | 'reopen';

/** What an action starts from. */
interface Act {
  readonly action: Action;
  readonly book: string;
  readonly bookId: number;
  readonly period: Period;
  readonly state: ReturnType<typeof stateOf>;
  readonly closed: Closing;
  readonly actor: string;
  readonly reason: string | null;
}

async function begin(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  action: Action,
  book: string,
  periodCode: string,
  hand: Hand,
): Promise<Act> {
  const { actor, reason } = checkHand(hand, action === 'reopen');
  const period = parsePeriod(periodCode);
  const bookId = await deps.ledger.bookId(book);
  await deps.authorise?.(tx, { action: `period_${action}`, book, subject: periodCode, actor, reason });
  // One action on the periods of a book at a time.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('general_ledger.period.' || $1, 0))`, [String(bookId)]);
  const closed = await closing(tx, bookId);
  return { action, book, bookId, period, state: stateOf(period, closed), closed, actor, reason };
}

async function unchanged(tx: Transaction, { bookId, period }: Act): Promise<PeriodResult> {
  return { period: await periodStatus(tx, bookId, period), changed: false, checks: [], yearEndsUndone: [] };
}

async function finish(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  act: Act,
  checks: readonly PeriodCheck[],
  yearEndsUndone: readonly number[],
): Promise<PeriodResult> {
  const { action, bookId, period, actor, reason } = act;
  const after = closingAfter(action, period, act.closed);
  if (action !== 'reopen') await deps.ledger.setClosing(tx, act.book, after);
  await tx.query(
    `insert into general_ledger.period_action
       (book_id, number, period, action, actor, reason, closed_through, sealed_through, checks, recorded_at)
     select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9
     from general_ledger.period_action where book_id = $1`,
    [
      bookId,
      period.code,
      action,
      actor,
      reason,
      after.closedThrough,
      after.sealedThrough,
      JSON.stringify(checks),
      instantText(deps.clock.now()),
    ],
  );
  await appendEvents(tx, bookId, deps.clock, [
    {
      type: `general_ledger.period_${past[action]}`,
      subject: period.code,
      payload: {
        period: period.code,
        actor,
        reason,
        closed_through: after.closedThrough,
        sealed_through: after.sealedThrough,
      },
    },
  ]);
  return { period: await periodStatus(tx, bookId, period), changed: true, checks, yearEndsUndone };
}

const past = { close: 'closed', seal: 'sealed', reopen: 'reopened' } as const;
