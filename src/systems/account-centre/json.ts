/** The account centre's objects as the API writes them, and amounts as it reads them. */
import type { JointStatement } from '#engines/ledger';
import { encodeCursor } from '#kernel/http';
import { formatAmount, isCurrency, parseAmountMinor } from '#kernel/money';
import type { Earmark } from './earmark-store.ts';
import { centreError } from './errors.ts';
import { type Holding, kindOf, type Total } from './model.ts';
import type { Alert } from './raise.ts';
import type { AlertRule } from './rules.ts';
import type { Action, Customer } from './store.ts';
import type { TreeAccount, TreeView } from './tree.ts';

/** Minor units of an amount in text, else the given error of this room. */
export function minorOf(
  text: string,
  currency: string,
  code: 'earmark_invalid' | 'alert_rule_invalid' | 'node_invalid',
) {
  const parsed = isCurrency(currency)
    ? parseAmountMinor(text, currency)
    : ({ ok: false, code: 'currency_unknown' } as const);
  if (parsed.ok) return parsed.amountMinor;
  throw centreError(code, `'${text.slice(0, 40)}' is no amount in '${currency.slice(0, 3)}': ${parsed.code}`, {
    reason: parsed.code,
  });
}

function holdingJson(held: Holding, currency: string) {
  return {
    balance: formatAmount(held.balance, currency),
    available: formatAmount(held.available, currency),
    pending_in: formatAmount(held.pendingIn, currency),
    pending_out: formatAmount(held.pendingOut, currency),
    earmarked: formatAmount(held.earmarked, currency),
  };
}

function totalJson(total: Total) {
  const { currency, side, accounts } = total;
  return { currency, side, accounts, ...holdingJson(total, currency) };
}

function treeAccountJson(one: TreeAccount) {
  const { id, currency, code, side, name, state, openedAt } = one.account;
  const held = holdingJson(one, currency);
  return {
    id,
    kind: kindOf(one.path),
    node: one.path,
    currency,
    code,
    side,
    name,
    state,
    ...held,
    opened_at: openedAt,
  };
}

export function customerJson({ key, openedAt, partyId }: Customer) {
  return { customer: key, opened_at: openedAt, party_id: partyId };
}

export function treeJson(tree: TreeView) {
  return {
    customer: tree.customer,
    opened_at: tree.openedAt,
    freeze: tree.freeze,
    closed: tree.closed,
    totals: tree.totals.map(totalJson),
    nodes: tree.nodes.map(({ path, name, totals, accounts }) => ({
      path,
      name,
      totals: totals.map(totalJson),
      accounts: accounts.map(treeAccountJson),
    })),
  };
}

export function statementJson({ entries, next, archivedBefore }: JointStatement) {
  return {
    archived_before: archivedBefore,
    entries: entries.map(({ transfer, accountId, entry, counterAccountId, balanceAfter }) => {
      const amount = formatAmount(transfer.amount, transfer.currency);
      return {
        sequence: transfer.sequence.toString(),
        transfer_id: transfer.id,
        kind: transfer.kind,
        account_id: accountId,
        counter_account_id: counterAccountId,
        debit: entry === 'debit' ? amount : null,
        credit: entry === 'credit' ? amount : null,
        currency: transfer.currency,
        balance_after: formatAmount(balanceAfter, transfer.currency),
        effective_date: transfer.effectiveDate,
        recorded_at: transfer.recordedAt,
        type: transfer.type,
        description: transfer.description,
        reference: transfer.reference,
      };
    }),
    next_cursor: next === null ? null : encodeCursor([next.date, next.sequence.toString(), next.entry]),
  };
}

export function actionJson({ accountId, recordedAt, ...action }: Action) {
  return { ...action, changes: [...action.changes], account_id: accountId, recorded_at: recordedAt };
}

export function earmarkJson(earmark: Earmark) {
  const { currency } = earmark;
  return {
    id: earmark.id,
    customer: earmark.customer,
    account_id: earmark.accountId,
    currency,
    amount: formatAmount(earmark.amount, currency),
    remaining: formatAmount(earmark.remaining, currency),
    state: earmark.state,
    purpose: earmark.purpose,
    expires_at: earmark.expiresAt,
    actor: earmark.actor,
    recorded_at: earmark.recordedAt,
    steps: earmark.steps.map((step) => ({
      number: step.number,
      action: step.action,
      use_id: step.useId,
      transfer_id: step.transferId,
      to_account_id: step.toAccountId,
      amount: formatAmount(step.amount, currency),
      actor: step.actor,
      reason: step.reason,
      recorded_at: step.recordedAt,
    })),
  };
}

export function ruleJson(rule: AlertRule) {
  const amount = (minor: bigint | null) =>
    minor === null || rule.currency === null ? null : formatAmount(minor, rule.currency);
  return {
    id: rule.id,
    customer: rule.customer,
    node: rule.path,
    account_id: rule.accountId,
    direction: rule.direction,
    type: rule.type,
    currency: rule.currency,
    at_least: amount(rule.atLeast),
    balance_below: amount(rule.balanceBelow),
    balance_above: amount(rule.balanceAbove),
    subscribers: [...rule.subscribers],
    actor: rule.actor,
    created_at: rule.createdAt,
    retired_at: rule.retiredAt,
  };
}

export function alertJson(alert: Alert) {
  return {
    id: alert.id,
    rule_id: alert.ruleId,
    customer: alert.customer,
    account_id: alert.accountId,
    transfer_id: alert.transferId,
    sequence: alert.sequence.toString(),
    direction: alert.direction,
    amount: formatAmount(alert.amount, alert.currency),
    currency: alert.currency,
    balance: alert.balance === null ? null : formatAmount(alert.balance, alert.currency),
    subscribers: [...alert.subscribers],
    raised_at: alert.raisedAt,
  };
}
