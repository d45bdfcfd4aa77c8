/** What closed periods, groups and velocity windows say to a transfer. Pure; checked in the order the README gives. */
import { Temporal } from '#kernel/dates';
import type { AccountNow, Closing, Delta, GroupNow, JournalRow, WindowNow } from './batch.ts';
import { available, type Counters, MAX_MINOR, type OutcomeCode, reach } from './model.ts';

export function periods(closing: Closing, date: string, adjustment: boolean): OutcomeCode | null {
  if (closing.sealedThrough !== null && date <= closing.sealedThrough) return 'period_sealed';
  if (closing.closedThrough !== null && date <= closing.closedThrough && !adjustment) return 'period_closed';
  return null;
}

/** A group with limits or windows, and which of the two accounts it holds. */
export interface Guard {
  readonly group: GroupNow;
  readonly debit: boolean;
  readonly credit: boolean;
}

const none: readonly never[] = [];

export function guardsOf(debit: AccountNow, credit: AccountNow, group: (key: string) => GroupNow): readonly Guard[] {
  if (debit.guards.length === 0 && credit.guards.length === 0) return none;
  const guards: Guard[] = debit.guards.map((key) => ({
    group: group(key),
    debit: true,
    credit: credit.guards.includes(key),
  }));
  for (const key of credit.guards) {
    if (!debit.guards.includes(key)) guards.push({ group: group(key), debit: false, credit: true });
  }
  return guards;
}

/** The limits of groups for `amount` more, pending or posted. As with accounts, each limit stops only what moves towards it. */
export function groupLimits(guards: readonly Guard[], amount: bigint, pending: boolean): OutcomeCode | null {
  if (guards.length === 0) return null;
  for (const { group, ...entries } of guards) {
    if (group.minimum === null) continue;
    const after = available(group.side, grown(group, entries, amount, pending));
    if (after < group.minimum && after < available(group.side, group)) return 'exceeds_group_minimum';
  }
  for (const { group, ...entries } of guards) {
    if (group.maximum === null) continue;
    const after = reach(group.side, grown(group, entries, amount, pending));
    if (after > group.maximum && after > reach(group.side, group)) return 'exceeds_group_maximum';
  }
  return null;
}

function grown(
  counters: Counters,
  { debit, credit }: { debit: boolean; credit: boolean },
  amount: bigint,
  pending: boolean,
): Counters {
  const debits = debit ? amount : 0n;
  const credits = credit ? amount : 0n;
  return {
    debitsPending: counters.debitsPending + (pending ? debits : 0n),
    creditsPending: counters.creditsPending + (pending ? credits : 0n),
    debitsPosted: counters.debitsPosted + (pending ? 0n : debits),
    creditsPosted: counters.creditsPosted + (pending ? 0n : credits),
  };
}

/** Enters a transfer into the counters of groups. */
export function grow(guards: readonly Guard[], { pending, posted }: Delta): void {
  for (const { group, debit, credit } of guards) {
    if (debit) {
      group.debitsPending += pending;
      group.debitsPosted += posted;
    }
    if (credit) {
      group.creditsPending += pending;
      group.creditsPosted += posted;
    }
  }
}

/** Those of the groups that journal rows change; not those that only a failed chain would have changed. */
export function changedGroups(rows: readonly JournalRow[], groups: readonly GroupNow[]): Set<GroupNow> {
  if (groups.length === 0) return new Set();
  const keys = new Set(rows.flatMap(({ debit, credit }) => [...debit.guards, ...credit.guards]));
  return new Set(groups.filter(({ key }) => keys.has(key)));
}

/**
 * The windows that count a transfer: those of an account count what leaves (out) or reaches (in) it; those of a group count
 * what leaves or reaches it as a whole, so nothing between two of its accounts.
 */
export function windowsOf(debit: AccountNow, credit: AccountNow, guards: readonly Guard[]): readonly WindowNow[] {
  if (debit.windows.length === 0 && credit.windows.length === 0 && guards.length === 0) return none;
  const debitDirection = debit.side === 'credit' ? 'out' : 'in';
  const creditDirection = credit.side === 'debit' ? 'out' : 'in';
  const windows = debit.windows.filter((window) => window.direction === debitDirection);
  for (const window of credit.windows) if (window.direction === creditDirection) windows.push(window);
  for (const guard of guards) {
    if (guard.debit === guard.credit) continue;
    const direction = guard.debit ? debitDirection : creditDirection;
    for (const window of guard.group.windows) if (window.direction === direction) windows.push(window);
  }
  return windows;
}

/** Whether the windows have room for one more transfer of `amount`: all counts first, then all amounts. */
export function windowLimits(windows: readonly WindowNow[], amount: bigint, nowMs: number): OutcomeCode | null {
  for (const window of windows) {
    const count = window.bucket === bucketOf(window, nowMs) ? window.count : 0n;
    if (window.maximumCount !== null && count + 1n > window.maximumCount) return 'exceeds_window_count';
  }
  for (const window of windows) {
    const total = (window.bucket === bucketOf(window, nowMs) ? window.amount : 0n) + amount;
    if (window.maximumAmount !== null && total > window.maximumAmount) return 'exceeds_window_amount';
  }
  return null;
}

/** Whether what a window counts still fits into 63 bits. */
export function windowOverflow(windows: readonly WindowNow[], amount: bigint, nowMs: number): OutcomeCode | null {
  for (const window of windows) {
    if (window.bucket === bucketOf(window, nowMs) && window.amount + amount > MAX_MINOR) return 'counter_overflow';
  }
  return null;
}

/** Counts a transfer; returns how to take it back in the same batch. */
export function countIn(windows: readonly WindowNow[], amount: bigint, nowMs: number): () => void {
  if (windows.length === 0) return nothingCounted;
  const before = windows.map(({ bucket, count, amount: counted }) => ({ bucket, count, amount: counted }));
  for (const window of windows) {
    const bucket = bucketOf(window, nowMs);
    if (window.bucket !== bucket) Object.assign(window, { bucket, count: 0n, amount: 0n });
    window.count += 1n;
    window.amount += amount;
  }
  return () => {
    for (const [index, window] of windows.entries()) Object.assign(window, before[index]);
  };
}

function nothingCounted(): void {}

/** Within which instants a batch has to be recorded, so that its windows have counted where the journal says. */
export class WindowSpan {
  fromMs: number | null = null;
  untilMs: number | null = null;

  /** A window said something at this instant. */
  include(nowMs: number): void {
    const from = Math.floor(nowMs / QUARTER_MS) * QUARTER_MS;
    this.fromMs = Math.max(this.fromMs ?? from, from);
    this.untilMs = Math.min(this.untilMs ?? from + QUARTER_MS, from + QUARTER_MS);
  }
}

/** No zone's hours begin anywhere but at a quarter of an hour of UTC. */
const QUARTER_MS = 900_000;
/** What every bucket of a zone is within one quarter of an hour; the last one asked for. */
const remembered = new Map<string, { quarter: number; hour: number; day: number; month: number }>();

/**
 * The hour, day or month of an instant in the window's zone, as a number that grows with time: hours and days since
 * 1970-01-01 there, months since year 0. Must be what `ledger.bucket` says (0007-group-reports.sql).
 */
export function bucketOf({ period, timeZone }: Pick<WindowNow, 'period' | 'timeZone'>, nowMs: number): number {
  const quarter = Math.floor(nowMs / QUARTER_MS);
  let buckets = remembered.get(timeZone);
  if (buckets?.quarter !== quarter) {
    const local = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDateTime();
    const day = Math.round(Date.UTC(local.year, local.month - 1, local.day) / 86_400_000);
    buckets = { quarter, hour: 24 * day + local.hour, day, month: 12 * local.year + local.month - 1 };
    remembered.set(timeZone, buckets);
  }
  return buckets[period];
}
