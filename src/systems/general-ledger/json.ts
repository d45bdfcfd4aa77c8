/** The general ledger's objects as the API and the command line write them. */
import type { Account, Transfer } from '#engines/ledger';
import { formatAmount } from '#kernel/money';
import type { ChartEntry } from './chart/model.ts';
import type { PeriodCheck } from './periods/model.ts';
import type { PeriodAction, PeriodStatus } from './periods/queries.ts';
import type { PeriodResult } from './periods/service.ts';
import type { SuspenseItems, SuspenseLine, SuspenseMatch } from './suspense/queries.ts';
import type { YearEnd } from './year-end/queries.ts';

export function chartEntryJson(entry: ChartEntry) {
  const { code, nameZh, nameEn, element, side, parentCode, level, marks } = entry;
  return { code, name_zh: nameZh, name_en: nameEn, element, side, parent: parentCode, level, marks: [...marks] };
}

export function checkJson(check: PeriodCheck) {
  return { ...check, findings: check.findings.map((finding) => ({ ...finding })) };
}

export function actionJson(action: PeriodAction) {
  const { number, period, actor, reason } = action;
  return {
    number,
    period,
    action: action.action,
    actor,
    reason,
    closed_through: action.closedThrough,
    sealed_through: action.sealedThrough,
    checks: action.checks.map(checkJson),
    recorded_at: action.recordedAt,
  };
}

export function periodJson(status: PeriodStatus) {
  const { code, from, to, state, lastAction } = status;
  let last = null;
  if (lastAction !== null) {
    const { checks: _, ...action } = actionJson(lastAction);
    last = action;
  }
  return { period: code, from, to, state, last_action: last };
}

export function periodResultJson(result: PeriodResult) {
  return {
    period: periodJson(result.period),
    changed: result.changed,
    checks: result.checks.map(checkJson),
    year_ends_undone: [...result.yearEndsUndone],
  };
}

export function adjustmentJson(transfer: Transfer) {
  return {
    transfer_id: transfer.id,
    sequence: transfer.sequence.toString(),
    kind: transfer.kind,
    debit_account_id: transfer.debitAccountId,
    credit_account_id: transfer.creditAccountId,
    amount: formatAmount(transfer.amount, transfer.currency),
    currency: transfer.currency,
    effective_date: transfer.effectiveDate,
    recorded_at: transfer.recordedAt,
    related_id: transfer.relatedId,
    type: transfer.type,
    description: transfer.description,
    reference: transfer.reference,
  };
}

export function yearEndJson(yearEnd: YearEnd) {
  return {
    year: yearEnd.year,
    made: yearEnd.made,
    actions: yearEnd.actions.map(({ number, action, actor, reason, recordedAt }) => ({
      number,
      action,
      actor,
      reason,
      recorded_at: recordedAt,
    })),
    transfers: yearEnd.transfers.map((one) => ({
      transfer_id: one.transferId,
      step: one.step,
      account_id: one.accountId,
      debit_code: one.debitCode,
      credit_code: one.creditCode,
      currency: one.currency,
      amount: formatAmount(one.amount, one.currency),
      effective_date: one.effectiveDate,
    })),
  };
}

export function suspenseAccountJson({ id, code, name, currency, side }: Account) {
  return { account_id: id, code, name, currency, side };
}

export function suspenseItemsJson(found: SuspenseItems) {
  const { account, rule } = found;
  const { currency } = account;
  return {
    account_id: account.id,
    currency,
    side: account.side,
    balance: formatAmount(found.balance, currency),
    bucket_days: [...rule.bucketDays],
    limit_days: rule.limitDays,
    items: found.items.map((item) => ({
      transfer_id: item.transferId,
      effective_date: item.effectiveDate,
      reference: item.reference,
      side: item.side,
      amount: formatAmount(item.amount, currency),
      remaining: formatAmount(item.remaining, currency),
      days: item.days,
      bucket: item.bucket,
      over_limit: item.overLimit,
    })),
  };
}

export function suspenseLineJson(line: SuspenseLine) {
  const { currency } = line.account;
  return {
    ...suspenseAccountJson(line.account),
    balance: formatAmount(line.balance, currency),
    items: line.items,
    buckets: line.buckets.map(({ label, items, amount }) => ({ label, items, amount: formatAmount(amount, currency) })),
    over_limit: {
      items: line.overLimit.items,
      amount: formatAmount(line.overLimit.amount, currency),
      limit_days: line.overLimit.limitDays,
    },
  };
}

export function matchJson(match: SuspenseMatch, currency: string) {
  const { undone } = match;
  return {
    id: match.matchId,
    account_id: match.accountId,
    item_id: match.itemId,
    clearing_id: match.clearingId,
    amount: formatAmount(match.amount, currency),
    actor: match.actor,
    reason: match.reason,
    recorded_at: match.recordedAt,
    undone: undone === null ? null : { actor: undone.actor, reason: undone.reason, recorded_at: undone.recordedAt },
  };
}
