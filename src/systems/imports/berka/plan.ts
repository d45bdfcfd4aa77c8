/** What an import will post: the ledger accounts and, in order, the transfers. Pure: the same files give the same plan. */
import type { AccountInput, TransferInput } from '#engines/ledger';
import type { IsoDate } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { deterministicId } from '#kernel/ids';
import { BERKA_CURRENCY } from './fields.ts';
import { type Closing, orderAccount } from './order.ts';
import type { BerkaBank, TransactionRow } from './parse.ts';

/** The bank rounded what it states by at most 0.10 CZK per transaction. */
export const ROUNDING_TOLERANCE_MINOR = 10n;

/** One transaction of the bank in its place, with the transfers it becomes. */
export interface Posting {
  readonly row: TransactionRow;
  /** Place among the transactions of its account and day, from 1. */
  readonly place: number;
  /** Null for a transaction of amount zero, which moves nothing. */
  readonly transfer: TransferInput | null;
  /** Stated balance minus the balance before it minus the signed amount. */
  readonly differenceMinor: bigint;
  /** The transfer that posts the difference openly; null when there is none. */
  readonly difference: TransferInput | null;
}

/** One account on one day with transactions, as the bank states it. */
export interface AccountDay {
  readonly accountId: number;
  readonly date: IsoDate;
  readonly closing: Closing;
  readonly closingMinor: bigint;
}

export interface Plan {
  readonly accounts: readonly AccountInput[];
  /** By date, account and place in the day. */
  readonly postings: readonly Posting[];
  /** By account and date. */
  readonly days: readonly AccountDay[];
}

export const DEMAND_DEPOSITS = '2011';

type Contra = Omit<AccountInput, 'id' | 'currency'> & { readonly key: string };

const CASH: Contra = { key: 'cash', code: '1001', side: 'debit', name: 'Cash' };
const SUSPENSE: Contra = { key: 'suspense', code: '1901', side: 'debit', name: 'Unexplained differences' };
const CARDS: Contra = { key: 'cards', code: '3001', side: 'debit', name: 'Card clearing' };
const PENALTY_INTEREST: Contra = { key: 'penalty_interest', code: '6011', side: 'credit', name: 'Penalty interest' };
const FEES: Contra = { key: 'fees', code: '6021', side: 'credit', name: 'Fees' };
const INTEREST: Contra = { key: 'interest', code: '6411', side: 'debit', name: 'Interest expense' };
const ROUNDING: Contra = { key: 'rounding', code: '6711', side: 'debit', name: 'Rounding differences' };

function clearing(bank: string | null): Contra {
  if (bank === null) return { key: 'clearing', code: '3001', side: 'debit', name: 'Clearing, bank not stated' };
  return { key: `clearing.${bank}`, code: '3001', side: 'debit', name: `Clearing ${bank}` };
}

/** The ledger account of one of the bank's accounts. */
export function ledgerAccountId(book: string, accountId: number): string {
  return deterministicId('berka.account', book, String(accountId));
}

/** The ledger accounts of differences: within the tolerance, and beyond it. */
export function differenceAccountIds(book: string): { readonly rounding: string; readonly suspense: string } {
  return { rounding: contraAccountId(book, ROUNDING), suspense: contraAccountId(book, SUSPENSE) };
}

function contraAccountId(book: string, contra: Contra): string {
  return deterministicId('berka.contra', book, contra.key);
}

/** The ledger account that a transaction is posted against. */
function contraOf({ values }: TransactionRow): Contra {
  if (values.k_symbol === 'interest') return INTEREST;
  if (values.k_symbol === 'fee') return FEES;
  if (values.k_symbol === 'penalty_interest') return PENALTY_INTEREST;
  if (values.operation === 'card_withdrawal') return CARDS;
  if (values.operation === 'cash_deposit' || values.operation === 'cash_withdrawal') return CASH;
  return clearing(values.bank);
}

/** Orders every account-day and says what to post. */
export function planBerka(bank: BerkaBank, book: string, onAccount: (done: number, total: number) => void): Plan {
  const contras = new Map<string, AccountInput>();
  const contraId = (contra: Contra): string => {
    const { key, ...account } = contra;
    const opened = contras.get(key) ?? { ...account, id: contraAccountId(book, contra), currency: BERKA_CURRENCY };
    contras.set(key, opened);
    return opened.id;
  };
  const days: AccountDay[] = [];
  const postings: Posting[] = [];
  const byAccount = [...byAccountAndDay(bank.transactions)];
  for (const [done, [accountId, rowsByDay]] of byAccount.entries()) {
    const rowsOfDays = [...rowsByDay.values()];
    const ordered = orderAccount(
      rowsOfDays.map((rows) =>
        rows.map(({ values }) => ({
          signedMinor: values.type === 'credit' ? values.amount : -values.amount,
          balanceMinor: values.balance,
        })),
      ),
      { toleranceMinor: ROUNDING_TOLERANCE_MINOR },
    );
    for (const [number, day] of ordered.entries()) {
      const rows = rowsOfDays[number];
      const date = rows?.[0]?.values.date;
      invariant(rows !== undefined && date !== undefined, 'ordered_day_has_rows');
      days.push({ accountId, date, closing: day.closing, closingMinor: day.closingMinor });
      for (const [index, placed] of day.rows.entries()) {
        const row = rows[placed.index];
        invariant(row !== undefined, 'placed_row_exists');
        postings.push(posting(book, row, index + 1, placed.differenceMinor, contraId));
      }
    }
    onAccount(done + 1, byAccount.length);
  }
  postings.sort(
    (left, right) =>
      compareText(left.row.values.date, right.row.values.date) ||
      left.row.values.account_id - right.row.values.account_id ||
      left.place - right.place,
  );
  const customers = bank.accounts.map(
    ({ values }): AccountInput => ({
      id: ledgerAccountId(book, values.account_id),
      currency: BERKA_CURRENCY,
      code: DEMAND_DEPOSITS,
      side: 'credit',
      name: `Account ${values.account_id}`,
    }),
  );
  return { accounts: [...customers, ...contras.values()], postings, days };
}

/** Transactions by account and day, days in time order; within a day by transaction number, so that the result is stable. */
function byAccountAndDay(transactions: readonly TransactionRow[]): Map<number, Map<IsoDate, TransactionRow[]>> {
  const sorted = [...transactions].sort(
    (left, right) =>
      left.values.account_id - right.values.account_id ||
      compareText(left.values.date, right.values.date) ||
      left.values.trans_id - right.values.trans_id,
  );
  const accounts = new Map<number, Map<IsoDate, TransactionRow[]>>();
  for (const row of sorted) {
    const days = accounts.get(row.values.account_id) ?? new Map<IsoDate, TransactionRow[]>();
    accounts.set(row.values.account_id, days);
    const rows = days.get(row.values.date) ?? [];
    days.set(row.values.date, rows);
    rows.push(row);
  }
  return accounts;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function posting(
  book: string,
  row: TransactionRow,
  place: number,
  differenceMinor: bigint,
  contraId: (contra: Contra) => string,
): Posting {
  const { values } = row;
  const customer = ledgerAccountId(book, values.account_id);
  const between = (signedMinor: bigint, contra: string) => ({
    debitAccountId: signedMinor > 0n ? contra : customer,
    creditAccountId: signedMinor > 0n ? customer : contra,
    amount: signedMinor > 0n ? signedMinor : -signedMinor,
    currency: BERKA_CURRENCY,
    effectiveDate: values.date,
  });
  const signedMinor = values.type === 'credit' ? values.amount : -values.amount;
  const type = typeOf(row);
  const transfer: TransferInput | null =
    signedMinor === 0n
      ? null
      : {
          id: deterministicId('berka.transaction', book, String(values.trans_id)),
          ...between(signedMinor, contraId(contraOf(row))),
          type,
          description: values.k_symbol === type ? undefined : (values.k_symbol ?? undefined),
          reference:
            values.bank === null && values.account === null ? undefined : reference(values.bank, values.account),
        };
  return { row, place, transfer, differenceMinor, difference: differenceTransfer() };

  function differenceTransfer(): TransferInput | null {
    if (differenceMinor === 0n) return null;
    const rounding = differenceMinor <= ROUNDING_TOLERANCE_MINOR && -differenceMinor <= ROUNDING_TOLERANCE_MINOR;
    return {
      id: deterministicId(rounding ? 'berka.rounding' : 'berka.unexplained', book, String(values.trans_id)),
      ...between(differenceMinor, contraId(rounding ? ROUNDING : SUSPENSE)),
      type: rounding ? 'rounding_difference' : 'unexplained_difference',
      description: `Stated minus computed balance after transaction ${values.trans_id}`,
    };
  }
}

/** The other bank's code and account number, as a transfer carries them: `AB/5550001`. */
function reference(bank: string | null, account: string | null): string {
  return `${bank ?? ''}/${account ?? ''}`;
}

/** The transfer's label: what the money was for where the bank itself is the other side, else how it moved. */
function typeOf({ values }: TransactionRow): string {
  if (values.k_symbol === 'interest' || values.k_symbol === 'fee' || values.k_symbol === 'penalty_interest') {
    return values.k_symbol;
  }
  invariant(values.operation !== null, 'transaction_has_an_operation');
  return values.operation;
}
