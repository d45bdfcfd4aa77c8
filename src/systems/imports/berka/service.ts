/** The use case: read and order everything, write it in one transaction, then compare the books with the bank. */
import { createHash } from 'node:crypto';
import { MAX_BATCH, type TransferInput } from '#engines/ledger';
import type { Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { LongmenError } from '#kernel/errors';
import { type Book, createBook, findBook, wakeConsumers } from '#kernel/events';
import { formatAmount } from '#kernel/money';
import { type ImportDeps, importError, type OnProgress, type SourceFile } from '../model.ts';
import { addImportRun, addRows, isImported } from '../store.ts';
import { compareWithBooks } from './check.ts';
import { BERKA_CURRENCY } from './fields.ts';
import { type BerkaBank, readBerka, TRANSACTION } from './parse.ts';
import { ledgerAccountId, type Plan, planBerka } from './plan.ts';
import {
  accountTable,
  cardTable,
  clientTable,
  districtTable,
  loanTable,
  rightTable,
  standingOrderTable,
  transactionTable,
} from './tables.ts';

export interface BerkaOptions {
  /** Code of the book; it is created when there is none. Default `berka`. */
  readonly book?: string;
  readonly onProgress?: OnProgress;
}

/** What was imported and how it agrees with the bank. The names are those of the JSON document. */
export interface BerkaResult {
  readonly transactions: number;
  /** Accounts with transactions. */
  readonly accounts: number;
  readonly account_days: number;
  /** Account-days that close in the books as at the bank, by the bank's transactions alone. */
  readonly exact: number;
  /** Account-days that close as at the bank with a posted rounding difference. */
  readonly rounding: number;
  /** All other account-days. */
  readonly unexplained: number;
  /** Sum of the accounts' closing balances in the books, in CZK. */
  readonly closing_total: string;
}

/**
 * Imports a folder of Berka files into a book. All or nothing: everything is read, checked and ordered before the first
 * write, and all writes are one transaction. The same files again write nothing and give the same result, which is read
 * from the books each time.
 *
 * Errors: `import_file_missing`, `import_row_invalid`, `import_differs`, `import_refused`, and those of the database.
 */
export async function importBerka(deps: ImportDeps, folder: string, options: BerkaOptions = {}): Promise<BerkaResult> {
  const { db, clock } = deps;
  const { book = 'berka', onProgress = () => undefined } = options;
  const startedAt = instantText(clock.now());
  const bank = await readBerka(folder, onProgress);
  const plan = planBerka(bank, book, (done, total) => onProgress({ step: 'order', done, total }));
  const { bookId } = await ensureBook(deps, book);
  const fingerprint = fingerprintOf(bank.files);
  if (!(await isImported(db, bookId, 'berka', fingerprint))) {
    await db.transaction(async (tx) => {
      await addBank(tx, bookId, book, bank, plan);
      await post(deps, tx, book, plan, onProgress);
      await addImportRun(tx, bookId, {
        kind: 'berka',
        fingerprint,
        files: bank.files,
        counts: countsOf(bank),
        startedAt,
        finishedAt: instantText(clock.now()),
      });
    });
    wakeConsumers(bookId);
  }
  const opened = new Set(plan.accounts.map((account) => account.id));
  const agreement = await compareWithBooks(db, bookId, book, plan.days, (id) => opened.has(id), onProgress);
  return {
    transactions: bank.transactions.length,
    accounts: agreement.accounts,
    account_days: plan.days.length,
    exact: agreement.exact,
    rounding: agreement.rounding,
    unexplained: agreement.unexplained,
    closing_total: formatAmount(agreement.closingTotalMinor, BERKA_CURRENCY),
  };
}

async function ensureBook({ db, clock }: ImportDeps, code: string): Promise<Book> {
  try {
    return await findBook(db, code);
  } catch (error) {
    if (!(error instanceof LongmenError) || error.code !== 'book_not_found') throw error;
    return db.transaction((tx) => createBook(tx, { code, name: 'Berka bank' }, clock));
  }
}

async function addBank(tx: Transaction, bookId: number, book: string, bank: BerkaBank, plan: Plan): Promise<void> {
  await addRows(tx, bookId, districtTable, valuesOf(bank.districts));
  await addRows(tx, bookId, clientTable, valuesOf(bank.clients));
  await addRows(
    tx,
    bookId,
    accountTable((accountId) => ledgerAccountId(book, accountId)),
    valuesOf(bank.accounts),
  );
  await addRows(tx, bookId, rightTable, valuesOf(bank.rights));
  await addRows(tx, bookId, standingOrderTable, valuesOf(bank.standingOrders));
  await addRows(tx, bookId, cardTable, valuesOf(bank.cards));
  await addRows(tx, bookId, loanTable, valuesOf(bank.loans));
  await addRows(tx, bookId, transactionTable, plan.postings);
}

function valuesOf<Values>(rows: readonly { readonly values: Values }[]): Values[] {
  return rows.map((row) => row.values);
}

/** Posts the plan in order. Error: `import_refused` for the first transaction the ledger does not accept. */
async function post(
  { ledger }: ImportDeps,
  tx: Transaction,
  book: string,
  plan: Plan,
  onProgress: OnProgress,
): Promise<void> {
  await ledger.openAccounts(tx, book, plan.accounts);
  const transfers: TransferInput[] = [];
  const lines: number[] = [];
  for (const { row, transfer, difference } of plan.postings) {
    for (const each of [transfer, difference]) {
      if (each === null) continue;
      transfers.push(each);
      lines.push(row.line);
    }
  }
  for (let start = 0; start < transfers.length; start += MAX_BATCH) {
    onProgress({ step: 'post', done: start, total: transfers.length });
    const outcomes = await ledger.postIn(tx, book, transfers.slice(start, start + MAX_BATCH));
    const refused = outcomes.findIndex((outcome) => outcome.status === 'refused');
    const outcome = outcomes[refused];
    if (outcome === undefined) continue;
    const line = lines[start + refused];
    throw importError('import_refused', `${TRANSACTION.file}, line ${line}: the ledger refused it (${outcome.code})`, {
      file: TRANSACTION.file,
      line,
      code: outcome.code,
    });
  }
  onProgress({ step: 'post', done: transfers.length, total: transfers.length });
}

/** One fingerprint for all files of the folder. */
function fingerprintOf(files: readonly SourceFile[]): string {
  const text = files.map((file) => `${file.name} ${file.sha256}\n`).join('');
  return createHash('sha256').update(text).digest('hex');
}

function countsOf(bank: BerkaBank): Record<string, number> {
  return {
    districts: bank.districts.length,
    clients: bank.clients.length,
    accounts: bank.accounts.length,
    rights: bank.rights.length,
    standing_orders: bank.standingOrders.length,
    cards: bank.cards.length,
    loans: bank.loans.length,
    transactions: bank.transactions.length,
    zero_transactions: bank.transactions.filter((row) => row.values.amount === 0n).length,
  };
}
