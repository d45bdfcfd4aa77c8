/** The words of the ledger: accounts, transfers, outcomes. Types and pure rules only, no I/O. */

/** Minor units of a currency (cents, fen), never a float. */
export type Minor = bigint;

export type Side = 'debit' | 'credit';

/**
 * open: everything is allowed; outgoing_frozen (只收不付): decreases are refused; frozen (不收不付): increases and decreases
 * are refused; closed: everything is refused.
 */
export type AccountState = 'open' | 'outgoing_frozen' | 'frozen' | 'closed';

/** Limits in minor units; null means none. See {@link available} for what the minimum is compared with. */
export interface Limits {
  /** After a decrease, available must not be below this: 0 = never below zero, -50000 = an overdraft of 500.00. */
  readonly minimum: Minor | null;
  /** After an increase, balance plus pending increases must not be above this. */
  readonly maximum: Minor | null;
}

/** The four counters of an account, in minor units, all >= 0. Everything else is derived from them. */
export interface Counters {
  debitsPending: Minor;
  creditsPending: Minor;
  debitsPosted: Minor;
  creditsPosted: Minor;
}

export const counterNames = ['debitsPending', 'creditsPending', 'debitsPosted', 'creditsPosted'] as const;

export function zeroCounters(): Counters {
  return { debitsPending: 0n, creditsPending: 0n, debitsPosted: 0n, creditsPosted: 0n };
}

/** Posted on the normal side minus posted on the other, in minor units. */
export function balance(side: Side, counters: Counters): Minor {
  const credit = counters.creditsPosted - counters.debitsPosted;
  return side === 'credit' ? credit : -credit;
}

/**
 * Available (可用余额), defined here and used everywhere: the balance less what is already promised to leave. Pending
 * increases are not available.
 */
export function available(side: Side, counters: Counters): Minor {
  return balance(side, counters) - (side === 'credit' ? counters.debitsPending : counters.creditsPending);
}

/** What the maximum is compared with: the balance plus all pending increases. */
export function reach(side: Side, counters: Counters): Minor {
  return balance(side, counters) + (side === 'credit' ? counters.creditsPending : counters.debitsPending);
}

export interface AccountInput {
  /** UUID; the idempotency key of opening the account. */
  readonly id: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Chart-of-accounts code (科目), 1 to 32 characters. */
  readonly code: string;
  /** Normal side: debit for assets and expenses, credit for liabilities, equity and income. */
  readonly side: Side;
  readonly name?: string | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Code of the unit of the organisation it belongs to; default that of who opens it, else that of the book. */
  readonly unit?: string | undefined;
  /** Groups the account is a member of from its opening on. */
  readonly groups?: readonly GroupKey[] | undefined;
}

/** Names a group of accounts: one node of the tree of a dimension such as 'chart', 'customer', 'branch', 'product'. */
export interface GroupKey {
  readonly dimension: string;
  readonly code: string;
}

export interface Account {
  readonly id: string;
  readonly currency: string;
  readonly code: string;
  readonly side: Side;
  readonly name: string;
  readonly limits: Limits;
  readonly state: AccountState;
  readonly counters: Readonly<Counters>;
  /** Code of the unit of the organisation it belongs to. */
  readonly unit: string;
  readonly unitId: number;
  readonly openedAt: string;
}

/** `expire` is decided by the ledger itself when the clock passes `expiresAt`; callers cannot submit it. */
export const kinds = ['transfer', 'pending', 'post', 'void', 'reverse', 'expire'] as const;
export type Kind = (typeof kinds)[number];
export type SubmittedKind = Exclude<Kind, 'expire'>;

/** One transfer as a caller submits it. The id is the idempotency key. */
export interface TransferInput {
  readonly id: string;
  readonly kind?: SubmittedKind | undefined;
  /** Account whose debits grow; for transfer and pending only. */
  readonly debitAccountId?: string | undefined;
  /** Account whose credits grow; for transfer and pending only. */
  readonly creditAccountId?: string | undefined;
  /** Minor units as bigint, or a decimal text in major units of `currency` ('12.30'). Optional for post (default: all that remains). */
  readonly amount?: bigint | string | undefined;
  readonly currency?: string | undefined;
  /** post, void: the pending transfer. */
  readonly pendingId?: string | undefined;
  /** reverse (冲正): the posted transfer to undo in full. */
  readonly reversedId?: string | undefined;
  /** post in part: keep the rest pending; without it the rest is released. */
  readonly keepRemainder?: boolean | undefined;
  /** pending: the instant (RFC 3339) from which it can no longer be posted. */
  readonly expiresAt?: string | undefined;
  /** ISO date the amount counts from (起息日); default the business date; required for reverse. */
  readonly effectiveDate?: string | undefined;
  /** Chained to the next transfer of the same request: all of a chain or none. */
  readonly linked?: boolean | undefined;
  /** Short business label such as 'cash_deposit', at most 64 characters. */
  readonly type?: string | undefined;
  /** At most 500 characters. */
  readonly description?: string | undefined;
  /** A reference of the outside world, at most 128 characters. */
  readonly reference?: string | undefined;
  /** Meant for a closed period (调整分录): taken there, and marked in the journal. A sealed period takes nothing. */
  readonly adjustment?: boolean | undefined;
}

/**
 * Outcome codes. Their order here is their precedence: a transfer gets the first that applies. The index is what the
 * database stores, so codes are only ever appended (precedence is then documented in the README).
 */
export const outcomeCodes = [
  'accepted',
  'id_reused',
  'chain_open',
  'fields_invalid',
  'currency_unknown',
  'amount_malformed',
  'amount_too_many_decimals',
  'amount_too_large',
  'amount_zero',
  'amount_negative',
  'date_invalid',
  'expiry_in_past',
  'accounts_same',
  'debit_account_not_found',
  'credit_account_not_found',
  'pending_not_found',
  'not_pending_kind',
  'currency_mismatch',
  'pending_already_posted',
  'pending_already_voided',
  'pending_expired',
  'effective_before_pending',
  'exceeds_pending',
  'reversed_not_found',
  'not_reversible',
  'already_reversed',
  'debit_account_closed',
  'credit_account_closed',
  'debit_account_frozen',
  'credit_account_frozen',
  'exceeds_available',
  'exceeds_maximum',
  'counter_overflow',
  'chain_failed',
  'period_closed',
  'period_sealed',
  'exceeds_group_minimum',
  'exceeds_group_maximum',
  'exceeds_window_count',
  'exceeds_window_amount',
  'transfer_archived',
] as const;
export type OutcomeCode = (typeof outcomeCodes)[number];

export const outcomeCodeNumber: ReadonlyMap<OutcomeCode, number> = new Map(
  outcomeCodes.map((code, index) => [code, index]),
);

export interface Outcome {
  readonly id: string;
  readonly status: 'accepted' | 'refused';
  readonly code: OutcomeCode;
  /** Position in the book's journal, from 1 without gaps; null when refused. */
  readonly sequence: bigint | null;
  /** When the first answer was recorded, RFC 3339 UTC. */
  readonly recordedAt: string;
  /** True when this id was already answered and that first answer is given again. */
  readonly repeated: boolean;
}

/** The most transfers one call may hold. */
export const MAX_BATCH = 8192;
/** The largest amount and the largest counter, 2^63 - 1 minor units. */
export const MAX_MINOR = 2n ** 63n - 1n;
