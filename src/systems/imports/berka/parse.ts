/** The eight files of the Berka bank as typed records, checked against each other. No database, no ledger. */
import { type OnProgress, rowInvalid, type SourceFile } from '../model.ts';
import {
  accountNumber,
  amount,
  balance,
  bankCode,
  birthNumber,
  count,
  date,
  dateAtMidnight,
  identifier,
  name,
  oneOf,
  statistic,
} from './fields.ts';
import { parseTable, type Row, readSource, type Table, table } from './table.ts';
import {
  CARD_KINDS,
  DIRECTIONS,
  LOAN_STATES,
  OPERATIONS,
  ORDER_PURPOSES,
  PURPOSES,
  ROLES,
  STATEMENT_FREQUENCIES,
} from './terms.ts';

export const DISTRICT = table('district.asc', 'A1', {
  A1: identifier,
  A2: name,
  A3: name,
  A4: statistic,
  A5: statistic,
  A6: statistic,
  A7: statistic,
  A8: statistic,
  A9: statistic,
  A10: statistic,
  A11: statistic,
  A12: statistic,
  A13: statistic,
  A14: statistic,
  A15: statistic,
  A16: statistic,
});

export const CLIENT = table('client.asc', 'client_id', {
  client_id: identifier,
  birth_number: birthNumber,
  district_id: identifier,
});

export const ACCOUNT = table('account.asc', 'account_id', {
  account_id: identifier,
  district_id: identifier,
  frequency: oneOf(STATEMENT_FREQUENCIES),
  date,
});

export const RIGHT = table('disp.asc', 'disp_id', {
  disp_id: identifier,
  client_id: identifier,
  account_id: identifier,
  type: oneOf(ROLES),
});

export const STANDING_ORDER = table('order.asc', 'order_id', {
  order_id: identifier,
  account_id: identifier,
  bank_to: bankCode,
  account_to: accountNumber,
  amount,
  k_symbol: oneOf(ORDER_PURPOSES),
});

export const CARD = table('card.asc', 'card_id', {
  card_id: identifier,
  disp_id: identifier,
  type: oneOf(CARD_KINDS),
  issued: dateAtMidnight,
});

export const LOAN = table('loan.asc', 'loan_id', {
  loan_id: identifier,
  account_id: identifier,
  date,
  amount,
  duration: count,
  payments: amount,
  status: oneOf(LOAN_STATES),
});

export const TRANSACTION = table('trans.asc', 'trans_id', {
  trans_id: identifier,
  account_id: identifier,
  date,
  type: oneOf(DIRECTIONS),
  operation: oneOf(OPERATIONS),
  amount,
  balance,
  k_symbol: oneOf(PURPOSES),
  bank: bankCode,
  account: accountNumber,
});

type RowOf<T> = T extends Table<infer C> ? Row<C> : never;

export type DistrictRow = RowOf<typeof DISTRICT>;
export type ClientRow = RowOf<typeof CLIENT>;
export type AccountRow = RowOf<typeof ACCOUNT>;
export type RightRow = RowOf<typeof RIGHT>;
export type StandingOrderRow = RowOf<typeof STANDING_ORDER>;
export type CardRow = RowOf<typeof CARD>;
export type LoanRow = RowOf<typeof LOAN>;
export type TransactionRow = RowOf<typeof TRANSACTION>;

export interface BerkaBank {
  readonly files: readonly SourceFile[];
  readonly districts: readonly DistrictRow[];
  readonly clients: readonly ClientRow[];
  readonly accounts: readonly AccountRow[];
  readonly rights: readonly RightRow[];
  readonly standingOrders: readonly StandingOrderRow[];
  readonly cards: readonly CardRow[];
  readonly loans: readonly LoanRow[];
  readonly transactions: readonly TransactionRow[];
}

/**
 * Reads the bank's folder whole. Every row is checked by itself and against the rows it refers to.
 * Errors: `import_file_missing`; `import_row_invalid` with file, line (the header is line 1) and reason.
 */
export async function readBerka(folder: string, onProgress: OnProgress = () => undefined): Promise<BerkaBank> {
  const files: SourceFile[] = [];
  const load = async ({ file }: { readonly file: string }) => {
    const { source, text } = await readSource(folder, file);
    files.push(source);
    onProgress({ step: 'read', done: files.length, total: 8 });
    return text;
  };
  const districts = parseTable(DISTRICT, await load(DISTRICT));
  const clients = parseTable(CLIENT, await load(CLIENT));
  const accounts = parseTable(ACCOUNT, await load(ACCOUNT));
  const rights = parseTable(RIGHT, await load(RIGHT));
  const standingOrders = parseTable(STANDING_ORDER, await load(STANDING_ORDER));
  const cards = parseTable(CARD, await load(CARD));
  const loans = parseTable(LOAN, await load(LOAN));
  const transactions = parseTable(TRANSACTION, await load(TRANSACTION));
  const bank = { files, districts, clients, accounts, rights, standingOrders, cards, loans, transactions };
  checkReferences(bank);
  for (const row of transactions) checkTransaction(row);
  return bank;
}

function checkReferences(bank: BerkaBank): void {
  const districts = new Set(bank.districts.map((row) => row.values.A1));
  const clients = new Set(bank.clients.map((row) => row.values.client_id));
  const rights = new Set(bank.rights.map((row) => row.values.disp_id));
  const opened = new Map(bank.accounts.map((row) => [row.values.account_id, row.values.date]));
  const refer = (file: string, line: number, column: string, key: number, known: { has(key: number): boolean }) => {
    if (!known.has(key)) throw rowInvalid(file, line, `${column}: ${key} does not exist`);
  };
  for (const { line, values } of bank.clients) refer(CLIENT.file, line, 'district_id', values.district_id, districts);
  for (const { line, values } of bank.accounts) refer(ACCOUNT.file, line, 'district_id', values.district_id, districts);
  for (const { line, values } of bank.rights) {
    refer(RIGHT.file, line, 'client_id', values.client_id, clients);
    refer(RIGHT.file, line, 'account_id', values.account_id, opened);
  }
  for (const { line, values } of bank.standingOrders) {
    refer(STANDING_ORDER.file, line, 'account_id', values.account_id, opened);
  }
  for (const { line, values } of bank.cards) refer(CARD.file, line, 'disp_id', values.disp_id, rights);
  for (const { line, values } of bank.loans) refer(LOAN.file, line, 'account_id', values.account_id, opened);
  for (const { line, values } of bank.transactions) {
    refer(TRANSACTION.file, line, 'account_id', values.account_id, opened);
    const since = opened.get(values.account_id);
    // ISO dates compare as text.
    if (since !== undefined && values.date < since) {
      throw rowInvalid(TRANSACTION.file, line, `date: ${values.date} is before the account was opened on ${since}`);
    }
  }
}

const CREDITS = new Set(['cash_deposit', 'incoming_transfer', 'interest']);

/** A transaction must make sense as a whole, or it could not be posted against any account. */
function checkTransaction({ line, values }: TransactionRow): void {
  const { type, operation, k_symbol: purpose } = values;
  const refuse = (reason: string) => rowInvalid(TRANSACTION.file, line, reason);
  if ((operation === null) !== (purpose === 'interest')) {
    throw refuse(`operation: ${operation ?? 'none'} does not go with the purpose ${purpose ?? 'none'}`);
  }
  if ((purpose === 'fee' || purpose === 'penalty_interest') && operation !== 'cash_withdrawal') {
    throw refuse(`operation: ${operation} does not go with the purpose ${purpose}`);
  }
  const kind = operation ?? 'interest';
  if ((type === 'credit') !== CREDITS.has(kind)) throw refuse(`type: ${kind} cannot be a ${type}`);
  const transfer = operation === 'incoming_transfer' || operation === 'outgoing_transfer';
  if (!transfer && (values.bank !== null || values.account !== null)) {
    throw refuse('bank: only a transfer names another bank');
  }
}
