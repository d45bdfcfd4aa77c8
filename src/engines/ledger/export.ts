/** The books as plain text for foreign double-entry programs, so that they can be checked by somebody else's code. */
import type { Database, Queryable } from '#kernel/database';
import { addDays, type IsoDate } from '#kernel/dates';
import { findBook } from '#kernel/events';
import { currencyExponent, formatAmount } from '#kernel/money';
import { accountOf, accountSelect, type RawAccountRow } from './accounts.ts';
import type { Account } from './model.ts';
import { postedKinds } from './queries.ts';

export const exportFormats = ['hledger', 'beancount'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Receives the text piece by piece; awaited, so that a slow disk is not outrun. */
  readonly write: (text: string) => void | Promise<void>;
  readonly onProgress?: ((transfers: number) => void) | undefined;
}

interface Posting {
  transfer_id: string;
  debit_account_id: string;
  credit_account_id: string;
  amount_minor: bigint;
  currency: string;
  effective_date: IsoDate;
  type: string | null;
  description: string | null;
  reference: string | null;
}

const PAGE = 5_000;
const LAST_DATE = '9999-12-31';

/**
 * Writes all posted transfers of a book in the order of (effective date, sequence), one transaction each, and closes with
 * the balance of every account as an assertion that the foreign program checks by itself. Pending amounts are not money
 * moved and are left out; what is archived stands there day by day in one transaction each. One snapshot: the book may be in use. Returns how many transfers and accounts were written.
 * Error: `book_not_found`.
 */
export async function exportBook(
  db: Database,
  book: string,
  options: ExportOptions,
): Promise<{ transfers: number; accounts: number }> {
  const { bookId } = await findBook(db, book);
  const dialect = dialects[options.format];
  return db.transaction(
    async (tx) => {
      const accounts = (
        await tx.query<RawAccountRow>(`${accountSelect} where a.book_id = $1 order by a.code, a.account_id`, [bookId])
      ).rows.map(accountOf);
      const names = new Map(accounts.map((account) => [account.id, dialect.accountName(account)]));
      const nameOf = (id: string) => names.get(id) ?? id;
      const carried = await carriedDays(tx, bookId);
      // A cursor sorts once and hands the journal over in pieces, whatever its size.
      await tx.query(
        `declare posting no scroll cursor for select transfer_id, debit_account_id, credit_account_id, amount_minor,
           currency, effective_date, type, description, reference
         from ledger.transfer where book_id = ${bookId} and kind in (${postedKinds.join(', ')})
         order by effective_date, sequence`,
      );
      let transfers = 0;
      let last: IsoDate | null = null;
      for (;;) {
        const { rows } = await tx.query<Posting>(`fetch ${PAGE} from posting`);
        if (transfers === 0) {
          const dates = [carried.at(0)?.date, rows[0]?.effective_date].filter((date) => date !== undefined);
          await options.write(dialect.head(accounts, nameOf, dates.sort()[0] ?? null));
          await options.write(carried.map((day) => dialect.carried(day, nameOf)).join(''));
          last = carried.at(-1)?.date ?? null;
        }
        if (rows.length === 0) break;
        await options.write(rows.map((row) => dialect.transaction(row, nameOf)).join(''));
        transfers += rows.length;
        const latest = rows.at(-1)?.effective_date;
        if (latest !== undefined && (last === null || latest > last)) last = latest;
        options.onProgress?.(transfers);
      }
      if (last !== null) await options.write(dialect.assertions(accounts, nameOf, last));
      return { transfers, accounts: accounts.length };
    },
    { isolation: 'repeatable read' },
  );
}

/** What archived postings of one effective date came to: debits less credits of each account, minor units. */
interface CarriedDay {
  readonly date: IsoDate;
  readonly legs: readonly { readonly id: string; readonly currency: string; readonly net: bigint }[];
}

/** The days of archived postings, which stand in the export as one transaction each. */
async function carriedDays(tx: Queryable, bookId: number): Promise<CarriedDay[]> {
  const { rows } = await tx.query<{ date: IsoDate; id: string; currency: string; net: bigint }>(
    `select c.effective_date as date, c.account_id as id, a.currency, c.debits_posted - c.credits_posted as net
     from ledger.carried_day c join ledger.account a using (book_id, account_id)
     where c.book_id = $1 and c.debits_posted <> c.credits_posted order by c.effective_date, a.code, c.account_id`,
    [bookId],
  );
  return [...Map.groupBy(rows, ({ date }) => date)].map(([date, legs]) => ({ date, legs }));
}

interface Dialect {
  carried(day: CarriedDay, nameOf: (id: string) => string): string;
  accountName(account: Account): string;
  head(accounts: readonly Account[], nameOf: (id: string) => string, first: IsoDate | null): string;
  transaction(posting: Posting, nameOf: (id: string) => string): string;
  assertions(accounts: readonly Account[], nameOf: (id: string) => string, last: IsoDate): string;
}

/** Debits positive, credits negative, as both programs have it. */
function signed(account: Account): string {
  return formatAmount(account.counters.debitsPosted - account.counters.creditsPosted, account.currency);
}

/** Free text on one line, without what either program reads as syntax. */
function line(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[;|"\\]/g, ' ')
    .trim();
}

function narration(posting: Posting): string {
  const parts = [posting.type, posting.description, posting.reference].filter((part) => part !== null);
  return line(parts.join(' - ')) || 'transfer';
}

const hledger: Dialect = {
  accountName: (account) => `${account.side === 'debit' ? 'assets' : 'liabilities'}:${account.code}:${account.id}`,
  head(accounts, nameOf) {
    const currencies = [...new Set(accounts.map(({ currency }) => currency))].sort();
    const sample = (currency: string) =>
      currencyExponent(currency) === 0 ? '1000.' : `1000.${'0'.repeat(currencyExponent(currency))}`;
    return (
      `${currencies.map((currency) => `commodity ${sample(currency)} ${currency}\n`).join('')}\n` +
      `${accounts.map(({ id }) => `account ${nameOf(id)}\n`).join('')}\n`
    );
  },
  transaction(posting, nameOf) {
    const amount = `${formatAmount(posting.amount_minor, posting.currency)} ${posting.currency}`;
    return (
      `${posting.effective_date} * (${posting.transfer_id}) ${narration(posting)}\n` +
      `    ${nameOf(posting.debit_account_id)}  ${amount}\n` +
      `    ${nameOf(posting.credit_account_id)}  -${amount}\n\n`
    );
  },
  carried: ({ date, legs }, nameOf) =>
    `${date} * archived postings of the day\n${legs
      .map(({ id, currency, net }) => `    ${nameOf(id)}  ${formatAmount(net, currency)} ${currency}\n`)
      .join('')}\n`,
  assertions(accounts, nameOf, last) {
    const lines = accounts.map(
      (account) => `    ${nameOf(account.id)}  0 ${account.currency} = ${signed(account)} ${account.currency}\n`,
    );
    return `${last} * closing balances\n${lines.join('')}\n`;
  },
};

const beancount: Dialect = {
  accountName: (account) =>
    // Every part of a name begins with a capital letter or a digit there.
    `${account.side === 'debit' ? 'Assets' : 'Liabilities'}:C${account.code.replace(/[^0-9A-Za-z-]/g, '-')}:${account.id.toUpperCase()}`,
  head(accounts, nameOf, first) {
    const opened = first ?? '1900-01-01';
    return `${accounts.map(({ id, currency }) => `${opened} open ${nameOf(id)} ${currency}\n`).join('')}\n`;
  },
  transaction(posting, nameOf) {
    const amount = `${formatAmount(posting.amount_minor, posting.currency)} ${posting.currency}`;
    return (
      `${posting.effective_date} * "${narration(posting)}"\n  id: "${posting.transfer_id}"\n` +
      `  ${nameOf(posting.debit_account_id)}  ${amount}\n  ${nameOf(posting.credit_account_id)}  -${amount}\n\n`
    );
  },
  carried: ({ date, legs }, nameOf) =>
    `${date} * "archived postings of the day"\n${legs
      .map(({ id, currency, net }) => `  ${nameOf(id)}  ${formatAmount(net, currency)} ${currency}\n`)
      .join('')}\n`,
  assertions(accounts, nameOf, last) {
    // A balance directive counts what came before its day; after the last day of the calendar there is none.
    if (last === LAST_DATE) return '';
    const date = addDays(last, 1);
    return accounts
      .map((account) => `${date} balance ${nameOf(account.id)}  ${signed(account)} ${account.currency}\n`)
      .join('');
  },
};

const dialects: Readonly<Record<ExportFormat, Dialect>> = { hledger, beancount };
