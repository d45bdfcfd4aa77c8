/** Compares what is in the books with what the bank states, account-day by account-day. Reads the ledger, trusts no plan. */
import { closingBalances, type Statement, type StatementCursor, statement } from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';
import type { OnProgress } from '../model.ts';
import { type AccountDay, differenceAccountIds, ledgerAccountId, ROUNDING_TOLERANCE_MINOR } from './plan.ts';

export interface Agreement {
  readonly accounts: number;
  readonly exact: number;
  readonly rounding: number;
  readonly unexplained: number;
  /** Sum of the accounts' closing balances in the books, at the end of their last day in the files. */
  readonly closingTotalMinor: bigint;
}

const ACCOUNTS_AT_ONCE = 500;
const ENTRIES_AT_ONCE = 5_000;

/**
 * Counts the bank's account-days: `exact` when the balance in the books at the end of the day is the bank's and nothing
 * but the bank's transactions was needed; `rounding` when it is, with a posted rounding difference; `unexplained`
 * otherwise. `days` are by account and date; `hasDifferences` says whether the accounts of differences exist.
 */
export async function compareWithBooks(
  db: Queryable,
  bookId: number,
  book: string,
  days: readonly AccountDay[],
  hasDifferences: (ledgerAccountId: string) => boolean,
  onProgress: OnProgress,
): Promise<Agreement> {
  const accounts = groupByAccount(days);
  const { rounding, suspense } = differenceAccountIds(book);
  const rounded = new Set<string>();
  const unexplained = new Set<string>();
  for (const differences of [rounding, suspense].filter(hasDifferences)) {
    for await (const { amountMinor, day } of differencesOf(db, bookId, differences)) {
      const small = differences === rounding && amountMinor <= ROUNDING_TOLERANCE_MINOR;
      (small ? rounded : unexplained).add(day);
    }
  }
  const counts = { exact: 0, rounding: 0, unexplained: 0 };
  let closingTotalMinor = 0n;
  for (let start = 0; start < accounts.length; start += ACCOUNTS_AT_ONCE) {
    onProgress({ step: 'check', done: start, total: accounts.length });
    const some = accounts.slice(start, start + ACCOUNTS_AT_ONCE);
    const ids = some.map(([accountId]) => ledgerAccountId(book, accountId));
    const closings = groupClosings(await closingBalances(db, bookId, ids));
    for (const [number, [, stated]] of some.entries()) {
      const id = ids[number];
      invariant(id !== undefined, 'every_account_has_its_ledger_account');
      const inBooks = closings.get(id) ?? [];
      let next = 0;
      let closing = 0n;
      for (const { date, closingMinor } of stated) {
        for (let held = inBooks[next]; held !== undefined && held.date <= date; held = inBooks[next]) {
          closing = held.closing;
          next += 1;
        }
        const day = dayKey(id, date);
        if (closing !== closingMinor || unexplained.has(day)) counts.unexplained += 1;
        else if (rounded.has(day)) counts.rounding += 1;
        else counts.exact += 1;
      }
      closingTotalMinor += closing;
    }
  }
  onProgress({ step: 'check', done: accounts.length, total: accounts.length });
  return { accounts: accounts.length, ...counts, closingTotalMinor };
}

/** All postings on an account of differences: how much, and for which account and day. */
async function* differencesOf(
  db: Queryable,
  bookId: number,
  accountId: string,
): AsyncGenerator<{ amountMinor: bigint; day: string }> {
  let after: StatementCursor | undefined;
  do {
    const page: Statement = await statement(db, bookId, accountId, {
      from: '0001-01-01',
      to: '9999-12-31',
      after,
      limit: ENTRIES_AT_ONCE,
    });
    for (const { transfer, counterAccountId } of page.entries) {
      yield { amountMinor: transfer.amount, day: dayKey(counterAccountId, transfer.effectiveDate) };
    }
    after = page.next ?? undefined;
  } while (after !== undefined);
}

function dayKey(ledgerAccount: string, date: string): string {
  return `${ledgerAccount} ${date}`;
}

function groupByAccount(days: readonly AccountDay[]): [accountId: number, days: AccountDay[]][] {
  const accounts = new Map<number, AccountDay[]>();
  for (const day of days) {
    const known = accounts.get(day.accountId);
    if (known === undefined) accounts.set(day.accountId, [day]);
    else known.push(day);
  }
  return [...accounts];
}

type Closing = Awaited<ReturnType<typeof closingBalances>>[number];

function groupClosings(rows: readonly Closing[]): Map<string, Closing[]> {
  const accounts = new Map<string, Closing[]>();
  for (const row of rows) {
    const known = accounts.get(row.accountId);
    if (known === undefined) accounts.set(row.accountId, [row]);
    else known.push(row);
  }
  return accounts;
}
