/** Periods (会计期间): months and years, and how they go from open to closed to sealed. Pure rules, no I/O. */
import type { Closing } from '#engines/ledger';
import { addDays, addMonths, type IsoDate, isValidDate } from '#kernel/dates';
import { generalLedgerError } from '../model.ts';

/** A month ('2026-03') or a year ('2026', calendar years as the Accounting Law has them). Both dates are included. */
export interface Period {
  readonly code: string;
  readonly from: IsoDate;
  readonly to: IsoDate;
}

/** partly: some months of a year are closed, or sealed, and others are not. */
export type PeriodState = 'open' | 'partly' | 'closed' | 'sealed';

/** Reads '2026-03' or '2026'. Error: `period_malformed`. */
export function parsePeriod(code: string): Period {
  const [, year = '', month] = /^(\d{4})(?:-(\d{2}))?$/.exec(code) ?? [];
  const from = `${year}-${month ?? '01'}-01`;
  // The month after 9999-12 has no name, so that this year is no period.
  if (!isValidDate(from) || year === '9999') {
    throw generalLedgerError('period_malformed', `'${code}' is no period such as 2026-03 or 2026`, { period: code });
  }
  return { code, from, to: addDays(addMonths(from, month === undefined ? 12 : 1), -1) };
}

/** The month a date lies in. */
export function monthOf(date: string): Period {
  return parsePeriod(date.slice(0, 7));
}

/** The year a date lies in. */
export function yearOf(date: string): Period {
  return parsePeriod(date.slice(0, 4));
}

/** The months of a period, first to last; of a month itself. */
export function monthsOf(period: Period): Period[] {
  const months: Period[] = [];
  for (let from = period.from; from <= period.to; from = addMonths(from, 1)) months.push(monthOf(from));
  return months;
}

/** The state a period is in. */
export function stateOf(period: Period, closing: Closing): PeriodState {
  const reached = (through: string | null) => through !== null && through >= period.to;
  const begun = (through: string | null) => through !== null && through >= period.from;
  if (reached(closing.sealedThrough)) return 'sealed';
  if (begun(closing.sealedThrough)) return 'partly';
  if (reached(closing.closedThrough)) return 'closed';
  return begun(closing.closedThrough) ? 'partly' : 'open';
}

/** The closing once a period is closed, sealed, or open again. */
export function closingAfter(action: 'close' | 'seal' | 'reopen', period: Period, closing: Closing): Closing {
  if (action === 'close') return { ...closing, closedThrough: later(closing.closedThrough, period.to) };
  if (action === 'seal') return { ...closing, sealedThrough: later(closing.sealedThrough, period.to) };
  const before = addDays(period.from, -1);
  return {
    closedThrough: earlier(closing.closedThrough, before),
    sealedThrough: earlier(closing.sealedThrough, before),
  };
}

function later(date: string | null, other: string): string {
  return date !== null && date > other ? date : other;
}

function earlier(date: string | null, other: string): string | null {
  return date !== null && date > other ? other : date;
}

/** What is looked at before a period is closed. A failed check that blocks stops the closing; another is only told. */
export const checkCodes = [
  'period_over',
  'earlier_closed',
  'trial_balance',
  'pending_transfers',
  'accounts_in_chart',
  'suspense_items',
] as const;
export type CheckCode = (typeof checkCodes)[number];

export interface PeriodCheck {
  readonly code: CheckCode;
  readonly passed: boolean;
  readonly blocking: boolean;
  readonly detail: string;
  /** What was found, at most {@link FINDINGS_LISTED}: for people and programs. */
  readonly findings: readonly Readonly<Record<string, string>>[];
}

export const FINDINGS_LISTED = 100;
