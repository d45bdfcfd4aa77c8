/** The words of entities and books, and the pure rules: which book a customer gets, and how a transfer goes. No I/O. */
import { hash } from 'node:crypto';
import { MAX_MINOR, type OutcomeCode, type TransferInput } from '#engines/ledger';
import { isStorable } from '#kernel/database';
import { isValidDate } from '#kernel/dates';
import { canonicalUuid, deterministicId } from '#kernel/ids';
import { isCurrency, parseAmountMinor } from '#kernel/money';

/** The entity and the book that are there from the start. */
export const DEFAULT_ENTITY = 'main';
/** Chart-of-accounts code of in-transit accounts (账套间在途), below 3001 清算资金往来. Nothing else may use it. */
export const IN_TRANSIT_CODE = '300190';

/** A legal entity (法人机构). */
export interface Entity {
  readonly code: string;
  readonly name: string;
  /** ISO 4217. */
  readonly functionalCurrency: string;
  /** RFC 3339, UTC; null for the entity that comes with the house, until somebody names it. */
  readonly createdAt: string | null;
}

export type EntityInput = Omit<Entity, 'createdAt'>;

/** A book of an entity. */
export interface EntityBook {
  readonly bookId: number;
  readonly code: string;
  readonly name: string;
  readonly entityCode: string;
  /** Whether customers who are seen first may be given to it. */
  readonly newCustomers: boolean;
}

/**
 * The book of a customer who is seen first: of all candidates the one with the highest weight, a hash of book and customer
 * (rendezvous hashing: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998). A further
 * candidate takes an equal share from each of the others and moves nobody between them. Undefined without candidates.
 */
export function chooseBook<Candidate extends { readonly code: string }>(
  customer: string,
  candidates: readonly Candidate[],
): Candidate | undefined {
  let chosen: { candidate: Candidate; weight: string } | undefined;
  for (const candidate of candidates) {
    const weight = hash('sha256', JSON.stringify([candidate.code, customer]), 'hex');
    if (chosen === undefined || weight > chosen.weight) chosen = { candidate, weight };
  }
  return chosen?.candidate;
}

/** A transfer between two accounts of an entity, in whatever books; kinds other than `transfer` have a book to go to. */
export type EntityTransferInput = Pick<
  TransferInput,
  'id' | 'amount' | 'currency' | 'effectiveDate' | 'adjustment' | 'linked' | 'type' | 'description' | 'reference'
> & { readonly debitAccountId: string; readonly creditAccountId: string };

export type Half = 'debit' | 'credit';

/** A code of the ledger, or what only concerns several books. */
export type EntityOutcomeCode = OutcomeCode | 'chain_across_books';

export interface EntityOutcome {
  readonly id: string;
  /** `in_transit`: not decided yet, since a step that must succeed was refused (`code`) and is tried again. */
  readonly status: 'accepted' | 'refused' | 'in_transit';
  readonly code: EntityOutcomeCode;
  /** Which half refused; null when accepted, when nothing was tried, or when both accounts are in one book. */
  readonly side: Half | null;
  readonly debitBook: string | null;
  readonly creditBook: string | null;
  /** When it was decided, RFC 3339 UTC; null when nothing was recorded. */
  readonly decidedAt: string | null;
  readonly repeated: boolean;
}

/** How far a transfer between books is. */
export const openStates = [
  'registered',
  'debit_held',
  'both_held',
  'debit_posted',
  'releasing_both',
  'releasing_debit',
  'reversing',
  'releasing_credit',
] as const;
export type OpenState = (typeof openStates)[number];
export type TransferState = OpenState | 'accepted' | 'refused';

export interface Step {
  readonly half: Half;
  readonly kind: 'pending' | 'post' | 'void' | 'reverse';
  readonly accepted: TransferState;
  /** `again`: the step must succeed and is tried again later. */
  readonly refused: TransferState | 'again';
}

/**
 * The one step of each state, and what follows. The debit half is the payer's where customers have deposits. It is held
 * first and posted first: what is posted second can no longer lack funds, and between the two postings the amount is
 * nobody's to spend. Were the payee's half posted first, the payee could spend what a freeze of the payer then stops.
 */
export const steps: Readonly<Record<OpenState, Step>> = {
  registered: { half: 'debit', kind: 'pending', accepted: 'debit_held', refused: 'refused' },
  debit_held: { half: 'credit', kind: 'pending', accepted: 'both_held', refused: 'releasing_debit' },
  both_held: { half: 'debit', kind: 'post', accepted: 'debit_posted', refused: 'releasing_both' },
  debit_posted: { half: 'credit', kind: 'post', accepted: 'accepted', refused: 'reversing' },
  releasing_both: { half: 'credit', kind: 'void', accepted: 'releasing_debit', refused: 'again' },
  releasing_debit: { half: 'debit', kind: 'void', accepted: 'refused', refused: 'again' },
  reversing: { half: 'debit', kind: 'reverse', accepted: 'releasing_credit', refused: 'again' },
  releasing_credit: { half: 'credit', kind: 'void', accepted: 'refused', refused: 'again' },
};

/** What a step was for has happened already, by somebody else's hand. */
const alreadyDone: Readonly<Record<Step['kind'], readonly OutcomeCode[]>> = {
  pending: [],
  post: ['pending_already_posted'],
  void: ['pending_already_voided', 'pending_expired'],
  reverse: ['already_reversed'],
};

/** What follows from the ledger's answer to the step of a state. */
export interface Next {
  readonly state: TransferState;
  /** The step was refused though it must succeed: another attempt, later. */
  readonly again: boolean;
  /** This answer is why the transfer fails. */
  readonly reason: boolean;
}

export function next(state: OpenState, code: OutcomeCode): Next {
  const step = steps[state];
  if (code === 'accepted' || alreadyDone[step.kind].includes(code)) {
    return { state: step.accepted, again: false, reason: false };
  }
  if (step.refused !== 'again') return { state: step.refused, again: false, reason: true };
  // Whoever cannot take back what is posted may meanwhile be able to go on.
  return { state: state === 'reversing' ? 'debit_posted' : state, again: true, reason: false };
}

/** A transfer between books as it is kept. */
export interface EntityTransfer {
  readonly id: string;
  readonly fingerprint: string;
  readonly entityCode: string;
  readonly debitBookId: number;
  readonly creditBookId: number;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly effectiveDate: string;
  readonly adjustment: boolean;
  readonly type: string | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly state: TransferState;
  readonly attempt: number;
  readonly reversalDate: string;
  readonly reversed: boolean;
  readonly refusedSide: Half | null;
  readonly code: OutcomeCode | null;
  readonly registeredAt: string;
  readonly endedAt: string | null;
}

/** The id of a step in the book of its half: whoever continues a transfer asks for the same, and the ledger answers once. */
export function stepId(transferId: string, state: OpenState, attempt: number): string {
  return deterministicId('books.transfer', transferId, state, String(attempt));
}

/** The id of a book's account for what is under way between it and another book. */
export function inTransitId(book: string, counterBook: string, currency: string): string {
  return deterministicId('books.in_transit', book, counterBook, currency);
}

/** What the ledger is asked for in a state. `inTransit`: the in-transit account in the book of the step's half. */
export function stepTransfer(transfer: EntityTransfer, state: OpenState, inTransit: string): TransferInput {
  const { half, kind } = steps[state];
  const { currency, effectiveDate } = transfer;
  // Only what may be tried again has more than one id.
  const id = stepId(transfer.id, state, transfer.attempt);
  const about = {
    // What must be released is released on the business date; only what counts from a date may be an adjustment to it.
    ...(transfer.adjustment && kind !== 'void' ? { adjustment: true } : {}),
    type: transfer.type ?? undefined,
    description: transfer.description ?? undefined,
    reference: transfer.reference ?? undefined,
  };
  switch (kind) {
    case 'pending': {
      const debitAccountId = half === 'debit' ? transfer.debitAccountId : inTransit;
      const creditAccountId = half === 'debit' ? inTransit : transfer.creditAccountId;
      return { id, kind, debitAccountId, creditAccountId, amount: transfer.amount, currency, effectiveDate, ...about };
    }
    case 'post':
      return { id, kind, pendingId: holdId(transfer.id, half), effectiveDate, ...about };
    case 'void':
      // Counts from the business date: releasing is possible whatever has been closed since.
      return { id, kind, pendingId: holdId(transfer.id, half), ...about };
    case 'reverse':
      return { id, kind, reversedId: postId(transfer.id), effectiveDate: transfer.reversalDate, ...about };
  }
}

/** The pending transfer of a half. */
export function holdId(transferId: string, half: Half): string {
  return stepId(transferId, half === 'debit' ? 'registered' : 'debit_held', 0);
}

/** The posting of the debit half. */
export function postId(transferId: string): string {
  return stepId(transferId, 'both_held', 0);
}

/** A transfer whose fields are good, in canonical form. */
export interface Judged {
  readonly id: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly effectiveDate: string | null;
}

/** Judges the fields of a transfer as the ledger does, in the same order, as far as a transfer between books needs it. */
export function judge(input: EntityTransferInput): Judged | OutcomeCode {
  const id = canonicalUuid(input.id);
  const debitAccountId = canonicalUuid(input.debitAccountId);
  const creditAccountId = canonicalUuid(input.creditAccountId);
  const { amount, currency, effectiveDate } = input;
  const fits = isText(input.type, 64) && isText(input.description, 500) && isText(input.reference, 128);
  if (!fits || id === undefined || debitAccountId === undefined || creditAccountId === undefined)
    return 'fields_invalid';
  if (amount === undefined || currency === undefined) return 'fields_invalid';
  if (!isCurrency(currency)) return 'currency_unknown';
  const minor = amountOf(amount, currency);
  if (typeof minor !== 'bigint') return minor;
  if (effectiveDate !== undefined && !isValidDate(effectiveDate)) return 'date_invalid';
  if (debitAccountId === creditAccountId) return 'accounts_same';
  return { id, debitAccountId, creditAccountId, amount: minor, currency, effectiveDate: effectiveDate ?? null };
}

function amountOf(amount: bigint | string, currency: string): bigint | OutcomeCode {
  let minor: bigint;
  if (typeof amount === 'bigint') minor = amount;
  else {
    const parsed = parseAmountMinor(amount, currency);
    if (!parsed.ok) return parsed.code;
    minor = parsed.amountMinor;
  }
  if (minor > MAX_MINOR || minor < -MAX_MINOR) return 'amount_too_large';
  if (minor === 0n) return 'amount_zero';
  return minor < 0n ? 'amount_negative' : minor;
}

/** Text that may be stored, of at most `length` characters; or none. */
export function isText(text: string | undefined, length: number): boolean {
  return text === undefined || (text.length <= length && isStorable(text));
}

/** SHA-256 (hex) over what the caller asked for: the same id with another fingerprint is refused. */
export function fingerprintOf(judged: Judged, input: EntityTransferInput): string {
  const { debitAccountId, creditAccountId, amount, currency, effectiveDate } = judged;
  const { type, description, reference } = input;
  const adjustment = input.adjustment === true;
  const moved = [debitAccountId, creditAccountId, `${amount}`, currency, effectiveDate, adjustment];
  const content = [...moved, type ?? null, description ?? null, reference ?? null];
  return hash('sha256', JSON.stringify(content), 'hex');
}
