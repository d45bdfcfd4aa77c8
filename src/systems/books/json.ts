/** Entities, books and what goes between them, as the API and the command line write them. */
import type { Counters } from '#engines/ledger';
import { formatAmount } from '#kernel/money';
import type { InTransitReport } from './in-transit.ts';
import type { Entity, EntityBook, EntityOutcome, EntityTransfer } from './model.ts';
import type { EntityTrialBalance, InTransitLine } from './reports.ts';

export function entityJson({ code, name, functionalCurrency, createdAt }: Entity) {
  return { code, name, functional_currency: functionalCurrency, created_at: createdAt };
}

export function bookJson({ code, name, newCustomers }: EntityBook) {
  return { code, name, new_customers: newCustomers };
}

export function outcomeJson(outcome: EntityOutcome) {
  return {
    id: outcome.id,
    status: outcome.status,
    code: outcome.code,
    side: outcome.side,
    debit_book: outcome.debitBook,
    credit_book: outcome.creditBook,
    decided_at: outcome.decidedAt,
    repeated: outcome.repeated,
  };
}

/** `books`: all books of the entity. */
export function transferJson(transfer: EntityTransfer, books: readonly EntityBook[]) {
  const code = (bookId: number) => books.find((book) => book.bookId === bookId)?.code ?? '';
  return {
    id: transfer.id,
    debit_book: code(transfer.debitBookId),
    credit_book: code(transfer.creditBookId),
    debit_account_id: transfer.debitAccountId,
    credit_account_id: transfer.creditAccountId,
    amount: formatAmount(transfer.amount, transfer.currency),
    currency: transfer.currency,
    effective_date: transfer.effectiveDate,
    adjustment: transfer.adjustment,
    type: transfer.type,
    description: transfer.description,
    reference: transfer.reference,
    state: transfer.state,
    attempt: transfer.attempt,
    reversed: transfer.reversed,
    refused_side: transfer.refusedSide,
    code: transfer.code,
    registered_at: transfer.registeredAt,
    ended_at: transfer.endedAt,
  };
}

/** How many open transfers one document lists. */
const LISTED = 1_000;

export function inTransitJson(report: InTransitReport, books: readonly EntityBook[]) {
  const { entity, lines, open, findings } = report;
  return {
    entity,
    complete: open.length === 0 && findings.length === 0 && lines.every(({ underWay }) => underWay === 0n),
    lines: lines.map(lineJson),
    open: open.slice(0, LISTED).map((transfer) => transferJson(transfer, books)),
    open_count: open.length,
    findings: [...findings],
  };
}

export function trialBalanceJson({ lines, inTransit }: EntityTrialBalance) {
  return {
    lines: lines.map(({ currency, code, counters }) => ({ currency, code, ...netJson(counters, currency) })),
    in_transit: inTransit.map(({ currency, counters }) => ({ currency, ...netJson(counters, currency) })),
  };
}

function lineJson({ currency, counters, underWay }: InTransitLine) {
  return { currency, ...countersJson(counters, currency), under_way: formatAmount(underWay, currency) };
}

function netJson(counters: Readonly<Counters>, currency: string) {
  const net = formatAmount(counters.debitsPosted - counters.creditsPosted, currency);
  return { ...countersJson(counters, currency), net };
}

function countersJson(counters: Readonly<Counters>, currency: string) {
  return {
    debits_pending: formatAmount(counters.debitsPending, currency),
    credits_pending: formatAmount(counters.creditsPending, currency),
    debits_posted: formatAmount(counters.debitsPosted, currency),
    credits_posted: formatAmount(counters.creditsPosted, currency),
  };
}
