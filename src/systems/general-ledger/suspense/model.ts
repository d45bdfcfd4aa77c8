/** Suspense accounts (挂账): which postings clear which, and how old the rest is. Pure rules, no I/O. */
import type { Minor } from '#engines/ledger';
import { daysBetween, type IsoDate } from '#kernel/dates';

/** A posting on a suspense account. */
export interface SuspensePosting {
  /** Id of the transfer. */
  readonly id: string;
  /** Effective date. */
  readonly date: string;
  readonly sequence: bigint;
  /** Minor units, positive when the account grows on its normal side. */
  readonly signed: Minor;
  readonly reference: string | null;
  /** The transfer this one reverses; null when it is no reversal. */
  readonly reverses: string | null;
}

/** A match made by hand: `amount` (minor units, > 0) of the item is cleared by the other posting. */
export interface HandMatch {
  readonly itemId: string;
  readonly clearingId: string;
  readonly amount: Minor;
}

export type ClearedBy = 'reversal' | 'match' | 'reference' | 'fifo';

/** What clears what, in minor units > 0. */
export interface Clearing extends HandMatch {
  readonly by: ClearedBy;
}

/** What is left of a posting; `remaining` has the sign of the posting and is not zero. */
export interface OpenItem {
  readonly posting: SuspensePosting;
  readonly remaining: Minor;
}

/**
 * Clears the postings of one account, given in the order of (effective date, sequence). Opposite postings net each
 * other: a reversal and what it reverses first; then matches made by hand, oldest first; then postings whose references
 * say that they belong together, because they are the same or one is the transfer id of the other; then whatever is
 * left, first in first out. Whatever the rule, both sides of a clearing lose the same amount, so that the open items
 * always sum to the balance.
 */
export function clear(
  postings: readonly SuspensePosting[],
  matches: readonly HandMatch[],
): { open: OpenItem[]; clearings: Clearing[] } {
  const left = new Map(postings.map((posting) => [posting.id, posting.signed]));
  const clearings: Clearing[] = [];

  const net = (itemId: string, clearingId: string, by: ClearedBy, most?: Minor) => {
    const item = left.get(itemId) ?? 0n;
    const clearing = left.get(clearingId) ?? 0n;
    if (item > 0n === clearing > 0n || item === 0n || clearing === 0n) return;
    const amount = smallest(size(item), size(clearing), most ?? size(item));
    left.set(itemId, item > 0n ? item - amount : item + amount);
    left.set(clearingId, clearing > 0n ? clearing - amount : clearing + amount);
    clearings.push({ itemId, clearingId, amount, by });
  };

  for (const { id, reverses } of postings) if (reverses !== null) net(reverses, id, 'reversal');
  for (const { itemId, clearingId, amount } of matches) net(itemId, clearingId, 'match', amount);

  // All open postings of one queue have one sign, since each was netted against the queue when it came.
  const queues = new Map<string, { readonly ids: string[]; head: number }>();
  const netQueue = (key: string, id: string, by: ClearedBy) => {
    const queue = queues.get(key) ?? { ids: [], head: 0 };
    while (left.get(id) !== 0n) {
      const first = queue.ids[queue.head];
      if (first === undefined) break;
      if (left.get(first) === 0n) queue.head++;
      else if ((left.get(first) ?? 0n) > 0n === (left.get(id) ?? 0n) > 0n) break;
      else net(first, id, by);
    }
    queue.ids.push(id);
    queues.set(key, queue);
  };
  for (const { id, reference } of postings) {
    if (reference !== null && reference !== '') netQueue(`=${reference}`, id, 'reference');
    netQueue(`=${id}`, id, 'reference');
  }
  for (const { id } of postings) netQueue('all', id, 'fifo');

  const open = postings.flatMap((posting) => {
    const remaining = left.get(posting.id) ?? 0n;
    return remaining === 0n ? [] : [{ posting, remaining }];
  });
  return { open, clearings };
}

function size(amount: Minor): Minor {
  return amount < 0n ? -amount : amount;
}

function smallest(...amounts: readonly Minor[]): Minor {
  return amounts.reduce((least, amount) => (amount < least ? amount : least));
}

/** How items age: the last day of each bucket but the open-ended one, and from when on an item is too old. */
export interface AgeingRule {
  /** Whole days, ascending: [7, 30] makes 0-7, 8-30 and over 30. */
  readonly bucketDays: readonly number[];
  /** An item older than this many days is over its limit. */
  readonly limitDays: number;
}

export const defaultAgeingRule: AgeingRule = { bucketDays: [7, 30, 90, 180, 365], limitDays: 30 };

/** Why a rule cannot be used; null: it can. */
export function ageingRuleFault(rule: AgeingRule): string | null {
  const whole = (days: number) => Number.isInteger(days) && days >= 0 && days <= 36_600;
  if (rule.bucketDays.length < 1 || rule.bucketDays.length > 20) return 'there must be 1 to 20 buckets';
  if (!rule.bucketDays.every(whole) || !whole(rule.limitDays)) return 'days must be whole, 0 to 36,600';
  const ascending = rule.bucketDays.every((days, index) => index === 0 || days > (rule.bucketDays[index - 1] ?? 0));
  return ascending ? null : 'the days of the buckets must ascend';
}

/** The names of the buckets, youngest first: '0-7', '8-30', 'over 30'. */
export function bucketLabels(bucketDays: readonly number[]): string[] {
  const labels = bucketDays.map((last, index) => `${index === 0 ? 0 : (bucketDays[index - 1] ?? 0) + 1}-${last}`);
  return [...labels, `over ${bucketDays.at(-1) ?? 0}`];
}

/** The age of an item in whole days, and the place of its bucket in {@link bucketLabels}. */
export function ageOf(
  item: OpenItem,
  asOf: IsoDate,
  rule: AgeingRule,
): { days: number; bucket: number; overLimit: boolean } {
  const days = daysBetween(item.posting.date as IsoDate, asOf);
  const found = rule.bucketDays.findIndex((last) => days <= last);
  return { days, bucket: found === -1 ? rule.bucketDays.length : found, overLimit: days > rule.limitDays };
}
