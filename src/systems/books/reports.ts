/** Reports over all books of an entity. */
import { type Counters, type GroupKey, type TrialBalanceLine, trialBalance } from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { entityBooks } from './entities.ts';
import { IN_TRANSIT_CODE } from './model.ts';

/** What is on its way between the books of an entity in one currency, in minor units. */
export interface InTransitLine {
  readonly currency: string;
  /** The sums of all in-transit accounts. */
  readonly counters: Counters;
  /** Posted in the debit half and not yet in the credit half: credits less debits. 0 when nothing is under way. */
  readonly underWay: bigint;
}

export interface EntityTrialBalance {
  /** All books together, per currency and code, in that order, without in-transit accounts. */
  readonly lines: readonly TrialBalanceLine[];
  /** What the books owe each other, per currency. In each currency lines and this together balance. */
  readonly inTransit: readonly InTransitLine[];
}

/**
 * The trial balance of an entity: that of each of its books, added up, at both clocks; in-transit accounts, which net to
 * zero when nothing is under way, stand apart. With a group, only its members; a book that does not have it adds nothing.
 * For books in use, call it in a transaction of isolation `repeatable read`.
 * Error: `entity_not_found`.
 */
export async function entityTrialBalance(
  db: Queryable,
  entityCode: string,
  effectiveDate: string,
  recordedAt?: string,
  only: { readonly group?: GroupKey | undefined } = {},
): Promise<EntityTrialBalance> {
  const ofBook = async (bookId: number): Promise<readonly TrialBalanceLine[]> => {
    try {
      return await trialBalance(db, bookId, effectiveDate, recordedAt, only);
    } catch (error) {
      if (error instanceof LongmenError && error.code === 'group_not_found') return [];
      throw error;
    }
  };
  const sums = new Map<string, { currency: string; code: string; counters: Counters }>();
  for (const { bookId } of await entityBooks(db, entityCode)) {
    for (const { currency, code, counters } of await ofBook(bookId)) {
      const key = `${currency} ${code}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { currency, code, counters: { ...counters } });
      else add(sum.counters, counters);
    }
  }
  const ordered = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  return {
    lines: ordered.filter(({ code }) => code !== IN_TRANSIT_CODE),
    inTransit: ordered
      .filter(({ code }) => code === IN_TRANSIT_CODE)
      .map(({ currency, counters }) => ({
        currency,
        counters,
        underWay: counters.creditsPosted - counters.debitsPosted,
      })),
  };
}

/** Adds counters to a sum. */
export function add(sum: Counters, more: Readonly<Counters>): void {
  sum.debitsPending += more.debitsPending;
  sum.creditsPending += more.creditsPending;
  sum.debitsPosted += more.debitsPosted;
  sum.creditsPosted += more.creditsPosted;
}
