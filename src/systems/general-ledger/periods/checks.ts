/** What is looked at before a period is closed or sealed. */
import { type Closing, firstEffectiveDate, openPendings, trialBalance } from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { addDays, daysBetween, type IsoDate } from '#kernel/dates';
import { formatAmount } from '#kernel/money';
import { isProfitAndLoss } from '../chart/model.ts';
import { chartOf, chartState } from '../chart/queries.ts';
import { accountsOutsideChart } from '../chart/service.ts';
import { suspenseReport } from '../suspense/queries.ts';
import { FINDINGS_LISTED, type Period, type PeriodCheck } from './model.ts';

export interface CheckContext {
  readonly bookId: number;
  readonly period: Period;
  readonly closing: Closing;
  readonly businessDate: IsoDate;
  /** Pending transfers of the period that are older than this many days stop its closing. */
  readonly pendingLimitDays: number;
}

/** All checks of a period, in the order of `checkCodes`. */
export async function checkPeriod(db: Queryable, context: CheckContext): Promise<PeriodCheck[]> {
  return [
    periodOver(context),
    await earlierClosed(db, context),
    await trialBalanceBalances(db, context),
    await pendingTransfers(db, context),
    await accountsInChart(db, context),
    await suspense(db, context),
  ];
}

function periodOver({ period, businessDate }: CheckContext): PeriodCheck {
  const passed = businessDate > period.to;
  const detail = passed ? `${period.to} is over` : `the business date is ${businessDate}, the period ends ${period.to}`;
  return { code: 'period_over', passed, blocking: true, detail, findings: [] };
}

async function earlierClosed(db: Queryable, { bookId, period, closing }: CheckContext): Promise<PeriodCheck> {
  const code = 'earlier_closed';
  const blocking = true;
  if (closing.closedThrough !== null) {
    const passed = closing.closedThrough >= addDays(period.from, -1);
    return { code, passed, blocking, detail: `the book is closed through ${closing.closedThrough}`, findings: [] };
  }
  const first = await firstEffectiveDate(db, bookId);
  const passed = first === null || first >= period.from;
  const detail = first === null ? 'nothing was posted yet' : `nothing is closed, and postings begin on ${first}`;
  return { code, passed, blocking, detail, findings: [] };
}

async function trialBalanceBalances(db: Queryable, { bookId, period }: CheckContext): Promise<PeriodCheck> {
  const nets = new Map<string, bigint>();
  for (const { currency, counters } of await trialBalance(db, bookId, period.to)) {
    nets.set(currency, (nets.get(currency) ?? 0n) + counters.debitsPosted - counters.creditsPosted);
  }
  const findings = [...nets]
    .filter(([, net]) => net !== 0n)
    .map(([currency, net]) => ({ currency, difference: formatAmount(net, currency) }));
  const passed = findings.length === 0;
  const detail = passed
    ? `debits equal credits in ${nets.size} currencies as of ${period.to}`
    : `debits differ from credits in ${findings.length} currencies as of ${period.to}`;
  return { code: 'trial_balance', passed, blocking: true, detail, findings };
}

async function pendingTransfers(db: Queryable, context: CheckContext): Promise<PeriodCheck> {
  const { bookId, period, businessDate, pendingLimitDays } = context;
  const open = await openPendings(db, bookId, { effectiveThrough: period.to, limit: FINDINGS_LISTED });
  const findings = open.map(({ transfer, remaining }) => ({
    transfer_id: transfer.id,
    effective_date: transfer.effectiveDate,
    remaining: formatAmount(remaining, transfer.currency),
    currency: transfer.currency,
    days: String(daysBetween(transfer.effectiveDate as IsoDate, businessDate)),
  }));
  const tooOld = findings.filter(({ days }) => Number(days) > pendingLimitDays).length;
  const detail = `${findings.length} transfers are still pending, ${tooOld} of them for more than ${pendingLimitDays} days`;
  return { code: 'pending_transfers', passed: tooOld === 0, blocking: true, detail, findings };
}

async function accountsInChart(db: Queryable, { bookId }: CheckContext): Promise<PeriodCheck> {
  const state = await chartState(db, bookId);
  if (state === null) {
    const detail = 'the book has no chart of accounts';
    return { code: 'accounts_in_chart', passed: false, blocking: false, detail, findings: [] };
  }
  const outside = (await accountsOutsideChart(db, bookId)).filter(({ why }) => why !== 'other_side');
  const findings = outside.slice(0, FINDINGS_LISTED).map(({ code, currency, accounts, why }) => ({
    code,
    currency,
    accounts: String(accounts),
    why,
  }));
  const passed = outside.length === 0;
  const detail = passed ? 'all accounts are in the chart' : `${outside.length} codes in use are not in the chart`;
  return { code: 'accounts_in_chart', passed, blocking: state.strict, detail, findings };
}

async function suspense(db: Queryable, { bookId, period }: CheckContext): Promise<PeriodCheck> {
  const lines = (await suspenseReport(db, bookId, { date: period.to })).filter(({ items }) => items > 0);
  const findings = lines.slice(0, FINDINGS_LISTED).map(({ account, balance, items, overLimit }) => ({
    account_id: account.id,
    code: account.code,
    name: account.name,
    balance: formatAmount(balance, account.currency),
    currency: account.currency,
    items: String(items),
    over_limit: String(overLimit.items),
  }));
  const over = lines.reduce((total, { overLimit }) => total + overLimit.items, 0);
  const detail = `${lines.length} suspense accounts have open items, ${over} items are over their limit`;
  return { code: 'suspense_items', passed: over === 0, blocking: false, detail, findings };
}

/**
 * The codes of profit and loss that hold something as of a date, with debits less credits in minor units: empty once the
 * year end was made.
 */
export async function profitAndLossLeft(
  db: Queryable,
  bookId: number,
  date: string,
): Promise<{ code: string; currency: string; net: bigint }[]> {
  const chart = await chartOf(db, bookId);
  const codes = new Set(chart.filter(isProfitAndLoss).map(({ code }) => code));
  return (await trialBalance(db, bookId, date))
    .filter(({ code }) => codes.has(code))
    .map(({ code, currency, counters }) => ({ code, currency, net: counters.debitsPosted - counters.creditsPosted }))
    .filter(({ net }) => net !== 0n);
}
