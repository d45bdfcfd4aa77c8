/** What can be judged of a transfer without looking at the books: its fields, amount and dates; and its fingerprint. */
import { hash } from 'node:crypto';
import { isStorable } from '#kernel/database';
import { instantText, isValidDate, parseInstant } from '#kernel/dates';
import { isCurrency, parseAmountMinor } from '#kernel/money';
import { type Kind, kinds, MAX_MINOR, type OutcomeCode, type TransferInput } from './model.ts';

/** A transfer whose fields have been judged once, before it waits for its batch. */
export interface Prepared {
  readonly id: string;
  readonly kind: Kind;
  /** SHA-256 (hex) over everything the caller submitted: the same id with another fingerprint is refused. */
  readonly fingerprint: string;
  /** The first fault found in the fields, or null. */
  readonly fault: OutcomeCode | null;
  readonly debitAccountId: string | null;
  readonly creditAccountId: string | null;
  readonly amount: bigint | null;
  readonly currency: string | null;
  /** The pending or reversed transfer this one is about. */
  readonly relatedId: string | null;
  readonly keepRemainder: boolean;
  readonly expiresAt: string | null;
  readonly expiresAtMs: number | null;
  readonly effectiveDate: string | null;
  readonly linked: boolean;
  readonly type: string | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly adjustment: boolean;
}

/** A caller's transfer, or the ledger's own expiry of a pending one. */
type Submission = Omit<TransferInput, 'kind'> & { readonly kind?: Kind | undefined };

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isTransferId(text: unknown): text is string {
  return typeof text === 'string' && uuidPattern.test(text);
}

/** An amount and an instant count by their values: '12.3' and '12.30' are the same content. */
function fingerprintOf(input: Submission, kind: Kind, amount: bigint | null, expiresAt: string | null): string {
  const content: unknown[] = [
    kind,
    lower(input.debitAccountId),
    lower(input.creditAccountId),
    String(amount ?? input.amount ?? ''),
    input.currency,
    lower(input.pendingId),
    lower(input.reversedId),
    input.keepRemainder === true,
    expiresAt ?? input.expiresAt,
    input.effectiveDate,
    input.linked === true,
    input.type,
    input.description,
    input.reference,
  ];
  // Only when it is set: answers from before adjustments existed keep their fingerprints.
  if (input.adjustment === true) content.push('adjustment');
  // JSON, because no two different contents have the same text in it.
  return hash('sha256', JSON.stringify(content), 'hex');
}

function lower(id: string | undefined): string {
  return id === undefined ? '' : id.toLowerCase();
}

function fieldsFit(input: Submission, kind: Kind): boolean {
  const free =
    (input.type === undefined || input.type.length <= 64) &&
    (input.description === undefined || input.description.length <= 500) &&
    (input.reference === undefined || input.reference.length <= 128) &&
    isStorable(input.type ?? '') &&
    isStorable(input.description ?? '') &&
    isStorable(input.reference ?? '');
  if (!free) return false;
  const moves = kind === 'transfer' || kind === 'pending';
  if (moves) {
    if (input.debitAccountId === undefined || input.creditAccountId === undefined) return false;
    if (!isTransferId(input.debitAccountId) || !isTransferId(input.creditAccountId)) return false;
    if (input.amount === undefined || input.currency === undefined) return false;
    if (input.pendingId !== undefined || input.reversedId !== undefined || input.keepRemainder === true) return false;
    return kind === 'pending' || input.expiresAt === undefined;
  }
  if (input.debitAccountId !== undefined || input.creditAccountId !== undefined || input.expiresAt !== undefined) {
    return false;
  }
  if (kind === 'post') {
    const amountFits = typeof input.amount !== 'string' || input.currency !== undefined;
    return isTransferId(input.pendingId) && input.reversedId === undefined && amountFits;
  }
  if (input.amount !== undefined || input.currency !== undefined || input.keepRemainder === true) return false;
  if (kind === 'reverse') {
    return isTransferId(input.reversedId) && input.pendingId === undefined && input.effectiveDate !== undefined;
  }
  return isTransferId(input.pendingId) && input.reversedId === undefined;
}

/** Amount in minor units, or the code that refuses it. A bigint is minor units already; a text is major units. */
function amountOf(amount: bigint | string, currency: string): bigint | OutcomeCode {
  let minor: bigint;
  if (typeof amount === 'bigint') {
    minor = amount;
  } else {
    const parsed = parseAmountMinor(amount, currency);
    if (!parsed.ok) return parsed.code;
    minor = parsed.amountMinor;
  }
  if (minor > MAX_MINOR || minor < -MAX_MINOR) return 'amount_too_large';
  if (minor === 0n) return 'amount_zero';
  return minor < 0n ? 'amount_negative' : minor;
}

/** Judges the fields of one transfer in the documented precedence; never throws for bad content. */
export function prepare(input: Submission): Prepared {
  const kind = input.kind ?? 'transfer';
  let fault: OutcomeCode | null = null;
  let amount: bigint | null = null;
  let expiresAt: string | null = null;
  let expiresAtMs: number | null = null;

  if (!kinds.includes(kind) || !fieldsFit(input, kind)) fault = 'fields_invalid';
  else if (input.currency !== undefined && !isCurrency(input.currency)) fault = 'currency_unknown';
  else if (input.amount !== undefined) {
    const judged = amountOf(input.amount, input.currency ?? '');
    if (typeof judged === 'bigint') amount = judged;
    else fault = judged;
  }
  if (fault === null && input.effectiveDate !== undefined && !isValidDate(input.effectiveDate)) fault = 'date_invalid';
  if (fault === null && input.expiresAt !== undefined) {
    try {
      const instant = parseInstant(input.expiresAt);
      // In UTC: PostgreSQL does not know all offsets that RFC 3339 allows.
      expiresAt = instantText(instant);
      expiresAtMs = instant.epochMilliseconds;
    } catch {
      fault = 'date_invalid';
    }
  }
  return {
    id: input.id.toLowerCase(),
    kind,
    fingerprint: fingerprintOf(input, kind, amount, expiresAt),
    fault,
    debitAccountId: input.debitAccountId?.toLowerCase() ?? null,
    creditAccountId: input.creditAccountId?.toLowerCase() ?? null,
    amount,
    currency: input.currency ?? null,
    relatedId: (input.pendingId ?? input.reversedId)?.toLowerCase() ?? null,
    keepRemainder: input.keepRemainder === true,
    expiresAt,
    expiresAtMs,
    effectiveDate: input.effectiveDate ?? null,
    linked: input.linked === true,
    type: input.type ?? null,
    description: input.description ?? null,
    reference: input.reference ?? null,
    adjustment: input.adjustment === true,
  };
}
