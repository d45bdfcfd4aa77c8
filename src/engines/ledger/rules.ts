/** Whether two accounts may take a transfer: their states, limits and counters. Checked in the order of `outcomeCodes`. */

import type { AccountNow, DayTotals, Delta } from './batch.ts';
import { available, MAX_MINOR, type OutcomeCode, reach, type Side } from './model.ts';

/** A debit takes from a credit-normal account and adds to a debit-normal one; a credit the other way round. */
function decreases(account: AccountNow, entry: Side): boolean {
  return account.side !== entry;
}

/** Closed and frozen accounts. */
export function standing(debit: AccountNow, credit: AccountNow): OutcomeCode | null {
  if (debit.state === 'open' && credit.state === 'open') return null;
  if (debit.state === 'closed') return 'debit_account_closed';
  if (credit.state === 'closed') return 'credit_account_closed';
  if (debit.state === 'frozen' || (debit.state === 'outgoing_frozen' && decreases(debit, 'debit'))) {
    return 'debit_account_frozen';
  }
  if (credit.state === 'frozen' || (credit.state === 'outgoing_frozen' && decreases(credit, 'credit'))) {
    return 'credit_account_frozen';
  }
  return null;
}

/** The limits of both accounts, for `amount` more, pending or posted. */
export function limits(debit: AccountNow, credit: AccountNow, amount: bigint): OutcomeCode | null {
  for (const [account, entry] of [
    [debit, 'debit'],
    [credit, 'credit'],
  ] as const) {
    if (account.minimum === null || !decreases(account, entry)) continue;
    if (available(account.side, account) - amount < account.minimum) return 'exceeds_available';
  }
  for (const [account, entry] of [
    [debit, 'debit'],
    [credit, 'credit'],
  ] as const) {
    if (account.maximum === null || decreases(account, entry)) continue;
    if (reach(account.side, account) + amount > account.maximum) return 'exceeds_maximum';
  }
  return null;
}

/**
 * Counters are 63-bit in the database, and so is what they change by on one effective date. That can be more, and
 * negative, for the pending ones: a hold is not always released on the date it counts from.
 */
export function overflow(
  debit: AccountNow,
  debitDay: DayTotals,
  credit: AccountNow,
  creditDay: DayTotals,
  { pending, posted }: Delta,
): OutcomeCode | null {
  const fits =
    debit.debitsPosted + posted <= MAX_MINOR &&
    credit.creditsPosted + posted <= MAX_MINOR &&
    (pending === 0n ||
      (debit.debitsPending + pending <= MAX_MINOR &&
        credit.creditsPending + pending <= MAX_MINOR &&
        within(debitDay.debitsPending + pending) &&
        within(creditDay.creditsPending + pending)));
  return fits ? null : 'counter_overflow';
}

function within(total: bigint): boolean {
  return total <= MAX_MINOR && total >= -MAX_MINOR;
}
