/** What every part of the general ledger shares: what it works with, who asks, and its errors. */
import type { Ledger } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import { type Database, isStorable, type Transaction } from '#kernel/database';
import { defineErrors } from '#kernel/errors';

/** What somebody wants to do, as it is put before {@link GeneralLedgerDeps.authorise}. */
export interface Intention {
  readonly action:
    | 'chart_load'
    | 'period_close'
    | 'period_seal'
    | 'period_reopen'
    | 'year_end'
    | 'year_end_undo'
    | 'suspense_mark'
    | 'suspense_rule'
    | 'suspense_match'
    | 'suspense_unmatch';
  /** Code of the book. */
  readonly book: string;
  /** The period, year, account or match it is about. */
  readonly subject: string;
  readonly actor: string;
  readonly reason: string | null;
}

/** What the general ledger works with. */
export interface GeneralLedgerDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /**
   * Asked before anything is changed, inside the transaction that changes it: throws when the actor may not. Without it
   * every actor may.
   */
  readonly authorise?: ((tx: Transaction, intention: Intention) => Promise<void>) | undefined;
}

/** Whose hand it was: the name of a person or a machine token, 1 to 100 characters. */
export interface Hand {
  readonly actor: string;
  /** Why, at most 500 characters; needed where something is undone. */
  readonly reason?: string | undefined;
}

export const generalLedgerError = defineErrors({
  actor_invalid: { status: 400, title: 'Who does it must be named' },
  reason_required: { status: 400, title: 'A reason must be given' },
  chart_malformed: { status: 422, title: 'The chart of accounts is damaged; nothing of it is kept' },
  chart_file_missing: { status: 422, title: 'The file of the chart cannot be read' },
  chart_differs: { status: 409, title: 'The book has an account code with other content' },
  chart_missing: { status: 409, title: 'The book has no chart of accounts, or its chart lacks what is needed' },
  pending_limit_invalid: { status: 400, title: 'Not a number of days' },
  period_malformed: { status: 400, title: 'Not a period' },
  period_state_wrong: { status: 409, title: 'The period is not in the state this needs' },
  period_check_failed: { status: 409, title: 'The period cannot be closed yet' },
  period_later_closed: { status: 409, title: 'A later period is closed: the latest is re-opened first' },
  year_end_not_possible: { status: 409, title: 'The year end cannot be made' },
  year_end_refused: { status: 409, title: 'The ledger refused a transfer of the year end' },
  suspense_account_unknown: { status: 404, title: 'Not a suspense account' },
  suspense_rule_invalid: { status: 400, title: 'The rule for ageing is not usable' },
  suspense_match_invalid: { status: 409, title: 'These postings cannot be matched' },
  suspense_match_not_found: { status: 404, title: 'No such match' },
});

/** Checks the hand. Errors: `actor_invalid`, `reason_required`. */
export function checkHand(hand: Hand, reasonNeeded = false): { actor: string; reason: string | null } {
  const actor = hand.actor.trim();
  if (actor.length < 1 || actor.length > 100 || /\p{Cc}/u.test(actor) || !actor.isWellFormed()) {
    throw generalLedgerError('actor_invalid', 'The name of who does it has 1 to 100 characters');
  }
  const reason = (hand.reason ?? '').trim();
  if (reason.length > 500 || !isStorable(reason)) {
    throw generalLedgerError('reason_required', 'A reason has at most 500 characters');
  }
  if (reasonNeeded && reason === '') throw generalLedgerError('reason_required', 'Say why: a reason must be given');
  return { actor, reason: reason === '' ? null : reason };
}
