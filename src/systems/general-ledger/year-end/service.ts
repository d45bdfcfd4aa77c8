/** Making the year end (年终结转): every account of profit and loss to zero, in chunks, each one transaction. */
import { type Account, balancesAsOf, closing, MAX_BATCH } from '#engines/ledger';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { appendEvents } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { accountsOn } from '../accounts.ts';
import { type ChartEntry, isProfitAndLoss, type Mark } from '../chart/model.ts';
import { chartOf } from '../chart/queries.ts';
import { checkHand, type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import { profitAndLossLeft } from '../periods/checks.ts';
import { parsePeriod } from '../periods/model.ts';
import { emptying, netOf, type YearEndPlan, type YearEndStep, type YearEndTransfer } from './model.ts';
import { addAction, addTransfers, earlierTransfers, lockYearEnds, type StoredTransfer } from './store.ts';

/** Accounts emptied in one transaction, unless the caller says otherwise: the book is held while they are. */
const CHUNK = 1_000;

export interface YearEndOptions extends Hand {
  /** 1 to 8,192. */
  readonly chunk?: number | undefined;
}

export interface YearEndResult {
  readonly year: number;
  /** Transfers made now; 0 when the year end had been made and nothing came after. */
  readonly transfers: number;
  /** What went to retained earnings now, per currency: minor units, positive is a profit. */
  readonly results: readonly { readonly currency: string; readonly profit: bigint }[];
  /** Codes of profit and loss that hold something again as of the year end, since somebody posted meanwhile. */
  readonly left: readonly string[];
}

/**
 * Makes the year end of a year as of 31 December: the balance of every account on a code of income or expense goes to
 * the profit of the year (4103 本年利润), and that on to retained earnings (4104 利润分配), each in its own currency. The
 * accounts of these two are found, or opened. In a closed period the transfers are adjustments. Made again it closes
 * what was posted since, or nothing; a run that was broken off is completed by the next.
 *
 * Errors: `chart_missing`; `year_end_not_possible` with a `reason` (year_not_over, year_sealed, earlier_year_open,
 * account_ambiguous); `year_end_refused`; `period_malformed`, `actor_invalid`.
 */
export async function makeYearEnd(
  deps: GeneralLedgerDeps,
  book: string,
  year: number,
  options: YearEndOptions,
): Promise<YearEndResult> {
  const { actor, reason } = checkHand(options);
  const { db, ledger } = deps;
  const bookId = await ledger.bookId(book);
  const period = parsePeriod(String(year).padStart(4, '0'));
  const chart = await chartOf(db, bookId);
  const [profitCode, retainedCode] = [codeOf(chart, 'profit_of_the_year'), codeOf(chart, 'retained_earnings')];
  await mustBePossible(deps, db, bookId, period);

  const run: Run = { deps, book, bookId, year, date: period.to, actor, reason, chart, actionNumber: null };
  const chunk = Math.max(1, Math.min(options.chunk ?? CHUNK, MAX_BATCH));
  let transfers = 0;
  let waiting: Account[] = [];
  const flush = async () => {
    transfers += (await emptyAll(run, 'profit_and_loss', waiting, profitCode)).length;
    waiting = [];
  };
  for (const { code } of chart.filter(isProfitAndLoss)) {
    for await (const account of accountsOn(db, bookId, code)) {
      waiting.push(account);
      if (waiting.length === chunk) await flush();
    }
  }
  await flush();

  // The profit of the year may also hold what was closed into it by hand during the year, in any of its accounts.
  const toAppropriate: Account[] = [];
  for await (const account of accountsOn(db, bookId, profitCode)) toAppropriate.push(account);
  const appropriated = await emptyAll(run, 'appropriation', toAppropriate, retainedCode);
  transfers += appropriated.length;

  const results = new Map<string, bigint>();
  for (const { currency, input, creditCode } of appropriated) {
    const profit = creditCode === retainedCode ? input.amount : -input.amount;
    results.set(currency, (results.get(currency) ?? 0n) + profit);
  }
  const left = await profitAndLossLeft(db, bookId, period.to);
  return {
    year,
    transfers,
    results: [...results].map(([currency, profit]) => ({ currency, profit })),
    left: [...new Set(left.map(({ code }) => code))],
  };
}

function codeOf(chart: readonly ChartEntry[], mark: Mark): string {
  const found = chart.find(({ marks }) => marks.includes(mark));
  if (found === undefined) {
    throw generalLedgerError('chart_missing', `No code of the chart is marked ${mark}; load a chart first`, { mark });
  }
  return found.code;
}

function impossible(reason: string, detail: string) {
  return generalLedgerError('year_end_not_possible', detail, { reason });
}

async function mustBePossible(
  { ledger }: GeneralLedgerDeps,
  db: Queryable,
  bookId: number,
  { code, from, to }: { code: string; from: string; to: string },
): Promise<void> {
  if (ledger.businessDate() <= to) throw impossible('year_not_over', `The year ${code} is not over`);
  const { sealedThrough } = await closing(db, bookId);
  if (sealedThrough !== null && sealedThrough >= to) throw impossible('year_sealed', `The year ${code} is sealed`);
  if (from === '0001-01-01') return;
  const before = `${String(Number(code) - 1).padStart(4, '0')}-12-31`;
  const left = await profitAndLossLeft(db, bookId, before);
  if (left.length > 0) {
    const codes = [...new Set(left.map((line) => line.code))].join(', ');
    throw impossible('earlier_year_open', `The year before ${code} has no year end yet: ${codes} hold a balance`);
  }
}

/** One call of {@link makeYearEnd}. */
interface Run {
  readonly deps: GeneralLedgerDeps;
  readonly book: string;
  readonly bookId: number;
  readonly year: number;
  readonly date: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly chart: readonly ChartEntry[];
  /** Of the action its transfers belong to; written with the first of them. */
  actionNumber: number | null;
}

/** The account of a code and currency that the year end posts to: the one it opened before, else the only one, else a new one. */
async function equityAccount(run: Run, tx: Transaction, code: string, currency: string): Promise<Account> {
  const { deps, book, bookId, chart } = run;
  const id = deterministicId('general_ledger.year_end.account', book, code, currency);
  const found: Account[] = [];
  for await (const account of accountsOn(tx, bookId, code)) {
    if (account.currency === currency && account.state !== 'closed') found.push(account);
  }
  const own = found.find((account) => account.id === id) ?? found[0];
  if (own !== undefined && (own.id === id || found.length === 1)) return own;
  if (found.length > 1) {
    throw impossible(
      'account_ambiguous',
      `Code ${code} has ${found.length} accounts in ${currency}: it cannot be known which one the year end is for`,
    );
  }
  const name = chart.find((entry) => entry.code === code)?.nameZh ?? code;
  const [opened] = await deps.ledger.openAccounts(tx, book, [{ id, code, currency, side: 'credit', name }]);
  invariant(opened !== undefined, 'an_opened_account_is_given_back');
  return opened;
}

/** Takes accounts to zero as of the year end, in one transaction, into the accounts of a code; returns the transfers made. */
async function emptyAll(
  run: Run,
  step: YearEndStep,
  accounts: readonly Account[],
  targetCode: string,
): Promise<YearEndTransfer[]> {
  if (accounts.length === 0) return [];
  const ids = accounts.map(({ id }) => id);
  const done = await run.deps.db.transaction(async (tx) => {
    const { bookId, book, year, date, actor, reason } = run;
    await run.deps.authorise?.(tx, { action: 'year_end', book, subject: String(year), actor, reason });
    await lockYearEnds(tx, bookId);
    const { closedThrough } = await closing(tx, bookId);
    const plan: YearEndPlan = { book, year, date, adjustment: closedThrough !== null && closedThrough >= date };
    const balances = await balancesAsOf(tx, bookId, ids, date);
    const earlier = await earlierTransfers(tx, bookId, year, ids);
    const targets = new Map<string, Account>();
    const transfers: YearEndTransfer[] = [];
    for (const account of accounts) {
      const counters = balances.get(account.id);
      const net = counters === undefined ? 0n : netOf(counters);
      if (net === 0n) continue;
      const { currency } = account;
      const target = targets.get(currency) ?? (await equityAccount(run, tx, targetCode, currency));
      targets.set(currency, target);
      transfers.push(emptying(plan, step, account, target, net, earlier.get(account.id) ?? 0));
    }
    return { transfers, actionNumber: transfers.length === 0 ? run.actionNumber : await postAll(run, tx, transfers) };
  });
  // Only now: the transaction may have been tried more than once.
  run.actionNumber = done.actionNumber;
  return done.transfers;
}

/** Posts and records them; returns the number of the action they belong to. */
async function postAll(run: Run, tx: Transaction, transfers: readonly YearEndTransfer[]): Promise<number> {
  const { deps, book, bookId, year, date, actor, reason } = run;
  const stored: StoredTransfer[] = [];
  for (let start = 0; start < transfers.length; start += MAX_BATCH) {
    const chunk = transfers.slice(start, start + MAX_BATCH);
    const outcomes = await deps.ledger.postIn(
      tx,
      book,
      chunk.map(({ input }) => input),
    );
    for (const [index, transfer] of chunk.entries()) {
      const outcome = outcomes[index];
      if (outcome?.code !== 'accepted') {
        const code = outcome?.code ?? 'fields_invalid';
        throw generalLedgerError(
          'year_end_refused',
          `The year end cannot empty account ${transfer.accountId}: ${code}`,
          { year, account_id: transfer.accountId, code },
        );
      }
      const { step, accountId, debitCode, creditCode, currency, input } = transfer;
      stored.push({
        transferId: input.id,
        step,
        accountId,
        debitCode,
        creditCode,
        currency,
        amount: input.amount,
        effectiveDate: date,
        reverses: null,
        recordedAt: outcome.recordedAt,
      });
    }
  }
  const recordedAt = instantText(deps.clock.now());
  const number =
    run.actionNumber ?? (await addAction(tx, bookId, { year, action: 'close', actor, reason, recordedAt }));
  await addTransfers(tx, bookId, year, number, stored);
  if (run.actionNumber === null) {
    await appendEvents(tx, bookId, deps.clock, [
      { type: 'general_ledger.year_end_made', subject: String(year), payload: { year, actor, reason } },
    ]);
  }
  return number;
}
