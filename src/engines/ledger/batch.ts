/** What a batch sees of the books, and what deciding it gives. */
import { invariant } from '#kernel/errors';
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
  /** Every group that counts this account, and those of them that keep totals per effective date. */
  readonly groups: readonly number[];
  readonly dailyGroups: readonly number[];
  /** Keys of the groups among them that have limits or windows of their own; see {@link GroupNow.key}. */
  readonly guards: readonly string[];
  /** The windows that bind this account, with what they have counted. */
  readonly windows: readonly WindowNow[];
  /** What windows that no longer bind it have counted, as stored. */
  readonly otherUsage: readonly bigint[];
  /** What happened on the effective dates the batch touches: signed running totals of each day, latest used last. */
  readonly days: DayTotals[];
}

/** A group of accounts that has limits or windows, in one currency. */
export interface GroupNow extends Counters {
  readonly key: string;
  readonly groupId: number;
  readonly currency: string;
  readonly side: Side;
  readonly minimum: bigint | null;
  readonly maximum: bigint | null;
  readonly windows: readonly WindowNow[];
  readonly otherUsage: readonly bigint[];
  version: bigint;
  seenBy: number;
}

/** A velocity window, and what it has counted in `bucket`: the hour, day or month of its last transfer. */
export interface WindowNow {
  readonly id: number;
  readonly direction: 'out' | 'in';
  readonly period: 'hour' | 'day' | 'month';
  readonly timeZone: string;
  readonly maximumCount: bigint | null;
  readonly maximumAmount: bigint | null;
  bucket: number;
  count: bigint;
  amount: bigint;
}

/** Dates up to which nothing (sealed), or nothing but adjustments (closed), is taken any more. */
export interface Closing {
  readonly closedThrough: string | null;
  readonly sealedThrough: string | null;
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
  /** `archived`: its row was taken out of the journal; nothing else is known of it here. */
  readonly kind: Kind | 'archived';
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
  group(key: string): GroupNow | undefined;
  closing(): Closing;
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

/** What a journal row adds to the counters of both its accounts. */
export function deltaOf({ prepared: { kind }, amount, released }: JournalRow): Delta {
  return {
    pending: kind === 'pending' ? amount : -released,
    posted: kind === 'transfer' || kind === 'post' || kind === 'reverse' ? amount : 0n,
  };
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
  /** Groups with limits or windows that were looked at; those that {@link rows} changed are marked. */
  readonly guards: GroupNow[];
  readonly guardsChanged: ReadonlySet<GroupNow>;
  readonly closing: Closing;
  /** Between these instants the batch has to be recorded, because windows counted in it; null when none did. */
  readonly windowFromMs: number | null;
  readonly windowUntilMs: number | null;
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

export function referenceOf({ prepared, debit, credit, amount, effectiveDate }: JournalRow): ReferenceNow {
  return {
    id: prepared.id,
    kind: prepared.kind,
    debitAccountId: debit.id,
    creditAccountId: credit.id,
    amount,
    currency: debit.currency,
    effectiveDate,
    expiresAtMs: prepared.expiresAtMs,
    remaining: prepared.kind === 'pending' ? amount : 0n,
    ended: null,
    reversed: false,
  };
}

/** The totals of a date that has been loaded. */
export function loadedDay(account: AccountNow, date: string): DayTotals {
  const totals = dayOf(account, date);
  invariant(totals !== undefined, 'day_totals_of_a_touched_date_are_loaded');
  return totals;
}

/** Adds to the counters of both accounts and to their totals of the day. */
export function add(
  debit: AccountNow,
  debitDay: DayTotals,
  credit: AccountNow,
  creditDay: DayTotals,
  pending: bigint,
  posted: bigint,
): void {
  if (pending !== 0n) {
    debit.debitsPending += pending;
    debitDay.debitsPending += pending;
    credit.creditsPending += pending;
    creditDay.creditsPending += pending;
  }
  if (posted !== 0n) {
    debit.debitsPosted += posted;
    debitDay.debitsPosted += posted;
    credit.creditsPosted += posted;
    creditDay.creditsPosted += posted;
  }
}
