/** The ledger's objects as the API writes them, and limits as it reads them. */
import { formatAmount, isCurrency, parseAmountMinor } from '#kernel/money';
import { ledgerError } from './errors.ts';
import { type Account, available, balance, type Counters, type Limits, type Outcome, type Side } from './model.ts';
import type { Transfer } from './queries.ts';

export function outcomeJson(outcome: Outcome) {
  return {
    id: outcome.id,
    status: outcome.status,
    code: outcome.code,
    sequence: outcome.sequence === null ? null : outcome.sequence.toString(),
    recorded_at: outcome.recordedAt,
    repeated: outcome.repeated,
  };
}

export function bookJson(book: { code: string; name: string; legalEntity: string; createdAt: string }) {
  return { code: book.code, name: book.name, legal_entity: book.legalEntity, created_at: book.createdAt };
}

/** `fault`: whose limits they are says under which code a limit that is no amount is refused. */
export function limitsOf(
  limits: { minimum: string | null; maximum: string | null },
  currency: string,
  fault: 'account_invalid' | 'group_invalid' | 'window_invalid' = 'account_invalid',
): Limits {
  const limitOf = (text: string | null): bigint | null => {
    // An unknown currency is the account's fault and is reported there.
    if (text === null || !isCurrency(currency)) return null;
    const parsed = parseAmountMinor(text, currency);
    if (parsed.ok) return parsed.amountMinor;
    throw ledgerError(fault, `The limit is not an amount: ${parsed.code}`, { reason: parsed.code });
  };
  return { minimum: limitOf(limits.minimum), maximum: limitOf(limits.maximum) };
}

export function countersJson(side: Side, counters: Readonly<Counters>, currency: string) {
  return {
    debits_pending: formatAmount(counters.debitsPending, currency),
    credits_pending: formatAmount(counters.creditsPending, currency),
    debits_posted: formatAmount(counters.debitsPosted, currency),
    credits_posted: formatAmount(counters.creditsPosted, currency),
    balance: formatAmount(balance(side, counters), currency),
    available: formatAmount(available(side, counters), currency),
  };
}

export function accountJson(account: Account) {
  const { currency, limits } = account;
  return {
    id: account.id,
    currency,
    code: account.code,
    side: account.side,
    name: account.name,
    state: account.state,
    unit: account.unit,
    limits: {
      minimum: limits.minimum === null ? null : formatAmount(limits.minimum, currency),
      maximum: limits.maximum === null ? null : formatAmount(limits.maximum, currency),
    },
    ...countersJson(account.side, account.counters, currency),
    opened_at: account.openedAt,
  };
}

export function transferJson(transfer: Transfer) {
  return {
    id: transfer.id,
    sequence: transfer.sequence.toString(),
    kind: transfer.kind,
    debit_account_id: transfer.debitAccountId,
    credit_account_id: transfer.creditAccountId,
    amount: formatAmount(transfer.amount, transfer.currency),
    currency: transfer.currency,
    effective_date: transfer.effectiveDate,
    recorded_at: transfer.recordedAt,
    related_id: transfer.relatedId,
    expires_at: transfer.expiresAt,
    linked: transfer.linked,
    type: transfer.type,
    description: transfer.description,
    reference: transfer.reference,
    adjustment: transfer.adjustment,
  };
}
