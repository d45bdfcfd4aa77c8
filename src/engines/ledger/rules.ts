/** Whether two accounts may take a transfer: their states, limits and counters. Checked in the order of `outcomeCodes`. */

import type { AccountNow } from './batch.ts';
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

/** The limits and counters of both accounts, for `pending` and `posted` more, one of which is zero. */
export function limits(debit: AccountNow, credit: AccountNow, pending: bigint, posted: bigint): OutcomeCode | null {
  const amount = pending + posted;
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
  return overflow(debit, credit, pending, posted);
}

/** Counters are 63-bit in the database. */
export function overflow(debit: AccountNow, credit: AccountNow, pending: bigint, posted: bigint): OutcomeCode | null {
  const fits =
    debit.debitsPending + pending <= MAX_MINOR &&
    debit.debitsPosted + posted <= MAX_MINOR &&
    credit.creditsPending + pending <= MAX_MINOR &&
    credit.creditsPosted + posted <= MAX_MINOR;
  return fits ? null : 'counter_overflow';
}
