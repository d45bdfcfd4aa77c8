/** Who may act on an account, and up to which amounts. Pure. */
export const rightKinds = ['owner', 'joint_any', 'joint_all', 'authorised', 'guardian'] as const;
export type RightKind = (typeof rightKinds)[number];

export interface AccountRight {
  readonly id: string;
  readonly partyId: string;
  /** Code of the book the account is in. */
  readonly book: string;
  readonly accountId: string;
  readonly kind: RightKind;
  /** Of the limits; acts in another currency are refused. */
  readonly currency: string;
  /** Null: no limit. */
  readonly perTransactionMinor: bigint | null;
  readonly perDayMinor: bigint | null;
  readonly validFrom: string;
  /** From this instant on it is no longer good. */
  readonly validUntil: string | null;
}

/** Why a party may not act, in the order of the checks. */
export type RightRefusal =
  | 'right_missing'
  | 'right_not_yet_valid'
  | 'right_expired'
  | 'right_currency_different'
  | 'right_guardianship_ended'
  | 'right_above_transaction_limit'
  | 'right_above_day_limit'
  | 'right_needs_all';

export type MayAct =
  | { readonly allowed: true; readonly rightId: string; readonly kind: RightKind }
  | {
      readonly allowed: false;
      readonly code: RightRefusal;
      /** Of `right_needs_all`: who has to act, too. */
      readonly missing: readonly string[];
    };

export interface Act {
  readonly partyId: string;
  /** Who acts together with the party. */
  readonly together: readonly string[];
  readonly currency: string;
  readonly amountMinor: bigint;
  /** RFC 3339 as {@link AccountRight} has it: UTC, six decimals. */
  readonly at: string;
}

/** What is known of an account when somebody wants to act on it. */
export interface Situation {
  /** All rights on the account, of survivors. */
  readonly rights: readonly AccountRight[];
  /** What was done today by each right. */
  readonly usedMinor: ReadonlyMap<string, bigint>;
  /** Guardians of owners on the day. */
  readonly guardians: ReadonlySet<string>;
}

const order: readonly RightRefusal[] = [
  'right_missing',
  'right_not_yet_valid',
  'right_expired',
  'right_currency_different',
  'right_guardianship_ended',
  'right_above_transaction_limit',
  'right_above_day_limit',
  'right_needs_all',
];

/**
 * Whether a party may act on an account. Any one of its rights suffices; when none does, the refusal that came
 * furthest in the order of the checks is told. Of joint rights of the kind 'all', everybody who holds one must act.
 */
export function mayActOn(act: Act, { rights, usedMinor, guardians }: Situation): MayAct {
  let refusal: { code: RightRefusal; missing: readonly string[] } = { code: 'right_missing', missing: [] };
  for (const right of rights) {
    if (right.partyId !== act.partyId) continue;
    const found = refusalOf(right);
    if (found === undefined) return { allowed: true, rightId: right.id, kind: right.kind };
    if (order.indexOf(found.code) > order.indexOf(refusal.code)) refusal = found;
  }
  return { allowed: false, ...refusal };

  function refusalOf(right: AccountRight): typeof refusal | undefined {
    const because = (code: RightRefusal, missing: readonly string[] = []) => ({ code, missing });
    if (act.at < right.validFrom) return because('right_not_yet_valid');
    if (right.validUntil !== null && act.at >= right.validUntil) return because('right_expired');
    if (act.currency !== right.currency) return because('right_currency_different');
    if (right.kind === 'guardian' && !guardians.has(right.partyId)) return because('right_guardianship_ended');
    const { perTransactionMinor, perDayMinor } = right;
    if (perTransactionMinor !== null && act.amountMinor > perTransactionMinor) {
      return because('right_above_transaction_limit');
    }
    if (perDayMinor !== null && (usedMinor.get(right.id) ?? 0n) + act.amountMinor > perDayMinor) {
      return because('right_above_day_limit');
    }
    if (right.kind !== 'joint_all') return undefined;
    const here = new Set([act.partyId, ...act.together]);
    const missing = rights
      .filter(({ kind, validFrom, validUntil }) => {
        return kind === 'joint_all' && validFrom <= act.at && (validUntil === null || act.at < validUntil);
      })
      .map(({ partyId }) => partyId)
      .filter((partyId) => !here.has(partyId));
    return missing.length === 0 ? undefined : because('right_needs_all', [...new Set(missing)].sort());
  }
}
