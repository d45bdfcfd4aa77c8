/** What a batch sees of the books, and what deciding it gives. */
import type { AccountState, Counters, Kind, OutcomeCode, Side } from './model.ts';
import type { Prepared } from './prepare.ts';

/** An account as the batch sees it. `version` grows with every change; a write names the version it was decided on. */
export interface AccountNow extends Counters {
  readonly id: string;
  readonly currency: string;
  readonly code: string;
  readonly side: Side;
  readonly minimum: bigint | null;
  readonly maximum: bigint | null;
  readonly state: AccountState;
  version: bigint;
  /** Marks of the batch that last looked at it and that last changed it; 0 for none. */
  seenBy: number;
  changedBy: number;
  /** What happened on the effective dates the batch touches: signed running totals of each day, latest used last. */
  readonly days: DayTotals[];
}

/** What an account's counters changed by on one effective date. */
export interface DayTotals extends Counters {
  readonly date: string;
}

export function dayOf(account: AccountNow, date: string): DayTotals | undefined {
  // A handful at most, and nearly always the last.
  for (let index = account.days.length - 1; index >= 0; index--) {
    const totals = account.days[index];
    if (totals?.date === date) return totals;
  }
  return undefined;
}

/** An accepted transfer that others refer to, with its present state. */
export interface ReferenceNow {
  readonly id: string;
  readonly kind: Kind;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly effectiveDate: string;
  readonly expiresAtMs: number | null;
  /** What is still pending; 0 for other kinds. */
  remaining: bigint;
  /** How a pending transfer ended, or null while it is pending. */
  ended: 'posted' | 'voided' | 'expired' | null;
  reversed: boolean;
}

/** The first answer to an id that was answered in an earlier batch. */
export interface Known {
  readonly fingerprint: string;
  readonly code: OutcomeCode;
  readonly sequence: bigint | null;
  readonly recordedAt: string;
}

/** What a batch can see of the books. The accounts, days and references of its transfers must have been loaded. */
export interface BatchView {
  account(id: string): AccountNow | undefined;
  reference(id: string): ReferenceNow | undefined;
  known(id: string): Known | undefined;
}

/** One line of the journal: an accepted transfer. */
export interface JournalRow {
  readonly prepared: Prepared;
  readonly debit: AccountNow;
  readonly credit: AccountNow;
  readonly amount: bigint;
  readonly effectiveDate: string;
  /** What a post, void or expiry took off the pending counters, in minor units; 0 for other kinds. */
  readonly released: bigint;
}

/** What an accepted transfer adds: to pending counters and to posted counters of both its accounts. */
export interface Delta {
  readonly pending: bigint;
  readonly posted: bigint;
}

export interface Answer {
  readonly id: string;
  readonly code: OutcomeCode;
  /** Index into {@link Decided.rows}; null when refused or repeated. */
  readonly row: number | null;
  /** The first answer, when this id had one before this batch or earlier in it. */
  readonly known: Known | Answer | null;
}

export interface Decided {
  /** One list per request, in order. */
  readonly answers: Answer[][];
  readonly rows: JournalRow[];
  /** The running totals of the effective date after each row, four counters for its debit account and four for its credit account. */
  readonly debitDays: bigint[];
  readonly creditDays: bigint[];
  /** Ids answered for the first time, accepted or refused, with their fingerprints: they are never answered otherwise. */
  readonly firsts: { answer: Answer; fingerprint: string }[];
  /** Accounts that {@link rows} changed. */
  readonly changed: AccountNow[];
  /** Accounts that were looked at, for a refusal, and did not change. */
  readonly seen: AccountNow[];
  /** Pending and reversed transfers that are new or changed, as they are after the batch. */
  readonly references: Map<string, ReferenceNow>;
}

export interface DecisionTime {
  readonly nowMs: number;
  /** The business date: the default effective date. */
  readonly businessDate: string;
}

/** The effective date a transfer will carry. A post or void by default counts from no earlier than its pending transfer. */
export function effectiveDateOf(prepared: Prepared, reference: ReferenceNow | undefined, businessDate: string): string {
  if (prepared.effectiveDate !== null) return prepared.effectiveDate;
  if (reference?.kind === 'pending' && reference.effectiveDate > businessDate) return reference.effectiveDate;
  return businessDate;
}
