/** The year end (年终结转): what moves profit and loss into equity. Pure rules, no I/O. */
import type { Account, Counters, Minor, TransferInput } from '#engines/ledger';
import { deterministicId } from '#kernel/ids';

/** The type of every transfer of a year end and of every reversal of one: an income statement leaves these rows out. */
export const YEAR_END_TYPE = 'year_end_close';

/** profit_and_loss: an account of income or expense into the profit of the year; appropriation: that into retained earnings. */
export type YearEndStep = 'profit_and_loss' | 'appropriation';

/** A transfer of the year end, and what it is for. */
export interface YearEndTransfer {
  readonly input: TransferInput & { readonly id: string; readonly amount: Minor };
  readonly step: YearEndStep;
  /** The account it empties. */
  readonly accountId: string;
  readonly currency: string;
  readonly debitCode: string;
  readonly creditCode: string;
}

export interface YearEndPlan {
  readonly book: string;
  readonly year: number;
  readonly date: string;
  /** The date lies in a closed period. */
  readonly adjustment: boolean;
}

/** Debits less credits posted, minor units. */
export function netOf(counters: Readonly<Counters>): Minor {
  return counters.debitsPosted - counters.creditsPosted;
}

/**
 * The transfer that takes an account to zero as of the year end, into `target`.
 *
 * @param net debits less credits of the account as of the year end, minor units, not zero
 * @param earlier how many transfers of this year end the account has had before: it gives the transfer its id, so that
 *   the same step is one transfer, whoever makes it
 */
export function emptying(
  plan: YearEndPlan,
  step: YearEndStep,
  account: Account,
  target: Account,
  net: Minor,
  earlier: number,
): YearEndTransfer {
  const [debit, credit] = net > 0n ? [target, account] : [account, target];
  return {
    input: {
      id: deterministicId('general_ledger.year_end', plan.book, String(plan.year), account.id, String(earlier + 1)),
      debitAccountId: debit.id,
      creditAccountId: credit.id,
      amount: net > 0n ? net : -net,
      currency: account.currency,
      effectiveDate: plan.date,
      type: YEAR_END_TYPE,
      description: step === 'profit_and_loss' ? `结转本年利润 ${plan.year}` : `结转利润分配 ${plan.year}`,
      reference: referenceOf(plan.year),
      ...(plan.adjustment ? { adjustment: true } : {}),
    },
    step,
    accountId: account.id,
    currency: account.currency,
    debitCode: debit.code,
    creditCode: credit.code,
  };
}

/** The reference all transfers of a year end carry. */
export function referenceOf(year: number): string {
  return `year-end-${String(year).padStart(4, '0')}`;
}
