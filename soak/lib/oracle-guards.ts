/**
 * The oracle's second part: closed periods, groups and velocity windows, as simply as they can be said. Nothing is kept
 * but who is in which group and what a window has counted; what a group holds is added up whenever it is asked for.
 */
import type { GroupKey, GroupLimits, OutcomeCode, WindowInput, WindowMaxima } from '#engines/ledger';
import {
  add,
  available,
  infinite,
  largest,
  type Movement,
  noSums,
  type OracleAccount,
  reach,
  type Sums,
  shanghaiTime,
  sides,
  sumsAsOf,
} from './oracle-words.ts';

export interface OracleGroup extends GroupKey {
  readonly parent: OracleGroup | null;
  readonly accountCode: string | undefined;
  readonly members: Set<OracleAccount>;
  /** By currency. */
  readonly limits: Map<string, GroupLimits>;
}

export interface OracleWindow extends Pick<WindowInput, 'code' | 'direction' | 'period' | 'currency'> {
  readonly target: OracleGroup | OracleAccount;
  readonly per: 'account' | 'group';
  maxima: WindowMaxima;
  retired: boolean;
  /** What was counted last, by account id, or under '' for the group as a whole. */
  readonly counted: Map<string, Counted>;
}

/** How often and how much in one hour, day or month, named by the beginning of its local time. */
interface Counted {
  readonly in: string;
  readonly count: number;
  readonly amount: bigint;
}

const periodLengths = { hour: '2026-03-02T09'.length, day: '2026-03-02'.length, month: '2026-03'.length };
export const periodOf = (period: WindowInput['period'], nowMs: number): string =>
  shanghaiTime(nowMs).slice(0, periodLengths[period]);

export class Guards {
  readonly groups: OracleGroup[] = [];
  readonly windows: OracleWindow[] = [];
  closedThrough: string | null = null;
  sealedThrough: string | null = null;

  /** A sealed period takes nothing; a closed one only adjustments. */
  closed({ effectiveDate, adjustment }: Pick<Movement, 'effectiveDate' | 'adjustment'>): OutcomeCode | null {
    if (effectiveDate <= (this.sealedThrough ?? '')) return 'period_sealed';
    return effectiveDate <= (this.closedThrough ?? '') && !adjustment ? 'period_closed' : null;
  }

  /** A group holds its members and those of all groups below it, each account once. */
  accountsOf(group: OracleGroup): Set<OracleAccount> {
    const below = this.groups.filter(({ parent }) => parent === group);
    return new Set([...group.members, ...below.flatMap((child) => [...this.accountsOf(child)])]);
  }

  holds(group: OracleGroup, account: OracleAccount): boolean {
    return group.members.has(account) || this.groups.some((it) => it.parent === group && this.holds(it, account));
  }

  sumsOf(group: OracleGroup, currency: string, date = '9999-12-31', recordedUs = Number.POSITIVE_INFINITY): Sums {
    const sums = noSums();
    for (const account of this.accountsOf(group)) {
      if (account.currency === currency) sumsAsOf(account, date, recordedUs, sums);
    }
    return sums;
  }

  /** The present sums, from the counters of the accounts. */
  private present(group: OracleGroup, currency: string): Sums {
    const sums = noSums();
    for (const account of this.accountsOf(group)) {
      if (account.currency !== currency) continue;
      for (const side of sides) add(sums, { side, pending: account.pending[side], posted: account.posted[side] });
    }
    return sums;
  }

  /** After what takes a group further from its limits nothing is asked; after what takes it nearer, they must hold. */
  beyondLimits({ kind, accounts, amount }: Movement): OutcomeCode | null {
    const { currency } = accounts.debit;
    const seen = this.groups.flatMap((group) => {
      const limits = group.limits.get(currency);
      const inside = limits === undefined ? [] : sides.filter((side) => this.holds(group, accounts[side]));
      if (limits === undefined || inside.length === 0) return [];
      const before = { ...this.present(group, currency), side: limits.side };
      const after = { pending: { ...before.pending }, posted: { ...before.posted }, side: limits.side };
      const moved = kind === 'pending' ? { pending: amount, posted: 0n } : { pending: 0n, posted: amount };
      for (const side of inside) add(after, { side, ...moved });
      return [{ limits, before, after }];
    });
    const poor = seen.some(({ limits, before, after }) => {
      return available(after) < (limits.minimum ?? -infinite) && available(after) < available(before);
    });
    if (poor) return 'exceeds_group_minimum';
    const full = seen.some(({ limits, before, after }) => {
      return reach(after) > (limits.maximum ?? infinite) && reach(after) > reach(before);
    });
    return full ? 'exceeds_group_maximum' : null;
  }

  /** What a window would count a movement for: accounts by their ids, or '' for the group. */
  private subjects(
    { target, per, direction, currency, retired }: OracleWindow,
    accounts: Movement['accounts'],
  ): string[] {
    if (retired || accounts.debit.currency !== currency) return [];
    const held = (account: OracleAccount) => ('members' in target ? this.holds(target, account) : target === account);
    const inside = sides.filter((side) => held(accounts[side]));
    // What crosses no border of the group neither leaves nor reaches it.
    if (per === 'group' && inside.length === 2) return [];
    const moved = inside.filter((side) => (accounts[side].side === side ? 'in' : 'out') === direction);
    return moved.map((side) => (per === 'group' ? '' : accounts[side].id));
  }

  /** All windows that count a movement, with what they would have counted after it. */
  private counting({ kind, accounts, amount }: Movement, nowMs: number) {
    if (kind !== 'transfer' && kind !== 'pending') return [];
    return this.windows.flatMap((window) =>
      this.subjects(window, accounts).map((subject) => {
        const now = countedNow(window, subject, nowMs);
        return { window, subject, after: { ...now, count: now.count + 1, amount: now.amount + amount } };
      }),
    );
  }

  beyondWindows(movement: Movement, nowMs: number): OutcomeCode | null {
    const counting = this.counting(movement, nowMs);
    if (counting.some(({ window, after }) => after.count > (window.maxima.maximumCount ?? Infinity))) {
      return 'exceeds_window_count';
    }
    if (counting.some(({ window, after }) => after.amount > (window.maxima.maximumAmount ?? infinite))) {
      return 'exceeds_window_amount';
    }
    return counting.some(({ after }) => after.amount > largest) ? 'counter_overflow' : null;
  }

  /** Counts an accepted movement; returns how to take it back. */
  count(movement: Movement, nowMs: number): () => void {
    const before = this.counting(movement, nowMs).map(({ window, subject, after }) => {
      const earlier = window.counted.get(subject);
      window.counted.set(subject, after);
      return { window, subject, earlier };
    });
    return () => {
      for (const { window, subject, earlier } of before) {
        if (earlier === undefined) window.counted.delete(subject);
        else window.counted.set(subject, earlier);
      }
    };
  }
}

/** What a window has counted for a subject in the present hour, day or month. */
export function countedNow({ counted, period }: OracleWindow, subject: string, nowMs: number): Counted {
  const now = periodOf(period, nowMs);
  const last = counted.get(subject);
  return last?.in === now ? last : { in: now, count: 0, amount: 0n };
}
