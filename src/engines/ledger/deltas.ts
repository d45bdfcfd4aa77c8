/** What a batch changes groups by, per currency and, for groups that keep it, per effective date. */
import { type AccountNow, deltaOf, type JournalRow } from './batch.ts';
import { MAX_MINOR } from './model.ts';

export interface GroupDelta {
  readonly groupId: number;
  /** Place in the list of currencies, from 1. */
  readonly currency: number;
  /** Null for the total over all dates. */
  readonly date: string | null;
  /** Debits and credits pending, debits and credits posted; minor units, of any size and sign. */
  readonly values: [bigint, bigint, bigint, bigint];
}

export interface GroupDeltas {
  readonly currencies: readonly string[];
  /** In the order of (group, currency), which is that of their tables' indexes. */
  readonly present: readonly GroupDelta[];
  readonly daily: readonly GroupDelta[];
}

const empty: GroupDeltas = { currencies: [], present: [], daily: [] };

export function groupDeltas(rows: readonly JournalRow[]): GroupDeltas {
  if (rows.every((row) => row.debit.groups.length === 0 && row.credit.groups.length === 0)) return empty;
  const currencies: string[] = [];
  const totals = new Map<string, Totals>();
  for (const row of rows) {
    const { pending, posted } = deltaOf(row);
    let place = currencies.indexOf(row.debit.currency) + 1;
    if (place === 0) place = currencies.push(row.debit.currency);
    const present = totalsOf(totals, place, null);
    const daily = totalsOf(totals, place, row.effectiveDate);
    addEntry(present, daily, row.debit, 0, pending, posted);
    addEntry(present, daily, row.credit, 1, pending, posted);
  }
  const deltas = [...totals.values()].flatMap(({ currency, date, groups }) =>
    [...groups].map(([groupId, values]): GroupDelta => ({ groupId, currency, date, values })),
  );
  deltas.sort((a, b) => a.groupId - b.groupId || a.currency - b.currency || ((a.date ?? '') < (b.date ?? '') ? -1 : 1));
  return {
    currencies,
    present: deltas.filter(({ date }) => date === null),
    daily: deltas.filter(({ date }) => date !== null),
  };
}

export function wide(values: readonly bigint[]): boolean {
  return values.some((value) => value > MAX_MINOR || value < -MAX_MINOR);
}

interface Totals {
  readonly currency: number;
  readonly date: string | null;
  readonly groups: Map<number, GroupDelta['values']>;
}

function totalsOf(all: Map<string, Totals>, currency: number, date: string | null): Totals {
  const key = `${date}${currency}`;
  let totals = all.get(key);
  if (totals === undefined) {
    totals = { currency, date, groups: new Map() };
    all.set(key, totals);
  }
  return totals;
}

/** `side`: 0 for the debit entry, 1 for the credit entry. */
function addEntry(
  present: Totals,
  daily: Totals,
  account: AccountNow,
  side: 0 | 1,
  pending: bigint,
  posted: bigint,
): void {
  for (const group of account.groups) addValues(present.groups, group, side, pending, posted);
  for (const group of account.dailyGroups) addValues(daily.groups, group, side, pending, posted);
}

function addValues(groups: Totals['groups'], group: number, side: 0 | 1, pending: bigint, posted: bigint): void {
  let values = groups.get(group);
  if (values === undefined) {
    values = [0n, 0n, 0n, 0n];
    groups.set(group, values);
  }
  values[side] += pending;
  if (side === 0) values[2] += posted;
  else values[3] += posted;
}
