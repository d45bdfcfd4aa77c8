/** Books for tests: a ledger on a real database and a clock that stands still, with short ways to fill it. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Account,
  type AccountInput,
  type Ledger,
  type Outcome,
  openLedger,
  readAccount,
  type TransferInput,
} from '#engines/ledger';
import { type ManualClock, manualClock } from '#kernel/clock';
import type { Database, Queryable } from '#kernel/database';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { type Cleanup, type TestDatabase, testDatabase } from './database.ts';

export interface TestLedger {
  readonly db: TestDatabase;
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  /** Another ledger on connections of its own, as another process has it. Closed with the database. */
  another(db?: Database): Promise<Ledger>;
  /** A new book with accounts: CNY deposits (credit) unless said otherwise. */
  book(...accounts: readonly Partial<AccountInput>[]): Promise<TestBook>;
}

export interface TestBook {
  readonly code: string;
  readonly bookId: number;
  /** Account ids, in the order they were asked for. */
  readonly ids: readonly [string, string, ...string[]];
  account(id: string): Promise<Account>;
}

export const timeZone = 'Asia/Shanghai';

/** The ledger of a test file: `const { ledger, book } = await testLedger({ after })`. Its clock says 2026-03-02, 09:00 there. */
export async function testLedger(t: Cleanup): Promise<TestLedger> {
  const db = await testDatabase(t);
  const clock = manualClock('2026-03-02T01:00:00Z');
  const ledgers: Ledger[] = [];
  const open = (on: Database) => {
    const opened = openLedger({ db: on, clock, timeZone });
    ledgers.push(opened);
    return opened;
  };
  const ledger = open(db);
  t.after(async () => void (await Promise.all(ledgers.map((opened) => opened.close()))));
  let books = 0;
  return {
    db,
    clock,
    ledger,
    async another(on) {
      return open(on ?? (await db.reopen()));
    },
    async book(...accounts) {
      const code = `book-${++books}`;
      const inputs = (accounts.length === 0 ? [{}, {}] : accounts).map((account) => ({
        id: newId(),
        currency: 'CNY',
        code: '2011',
        side: 'credit' as const,
        ...account,
      }));
      await db.transaction((tx) => createBook(tx, { code, name: code }, clock));
      await db.transaction((tx) => ledger.openAccounts(tx, code, inputs));
      const bookId = await ledger.bookId(code);
      const [first = '', second = '', ...more] = inputs.map(({ id }) => id);
      return { code, bookId, ids: [first, second, ...more], account: (id) => readAccount(db, bookId, id) };
    },
  };
}

/** A CNY transfer with an id of its own. */
export function transfer(
  debitAccountId: string,
  creditAccountId: string,
  amount: bigint | string,
  more: Partial<TransferInput> = {},
): TransferInput {
  return { id: newId(), debitAccountId, creditAccountId, amount, currency: 'CNY', ...more };
}

/** Post, void or reverse of another transfer, with an id of its own. */
export function about(kind: 'post' | 'void' | 'reverse', id: string, more: Partial<TransferInput> = {}): TransferInput {
  const reference = kind === 'reverse' ? { reversedId: id, effectiveDate: '2026-03-02' } : { pendingId: id };
  return { id: newId(), kind, ...reference, ...more };
}

export function codes(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ code, repeated }) => (repeated ? `${code} again` : code));
}

/** Does `work` once, just before the first statement that contains `text`, as if another process had been quicker. */
export function interrupted<On extends Queryable>(on: On, text: string, work: () => Promise<unknown>): On {
  let done = false;
  return {
    ...on,
    async query(sql: string, ...rest: [(readonly unknown[])?, object?]) {
      if (!done && sql.includes(text)) {
        done = true;
        await work();
      }
      return on.query(sql, ...rest);
    },
  };
}

/** Resolves when a connection of this database waits for a lock. Not in a transaction: there the view stands still. */
export async function someoneWaits(db: Database): Promise<void> {
  for (;;) {
    const { rowCount } = await db.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rowCount > 0) return;
    await sleep(5);
  }
}

/** All that is kept of a book, for "nothing changed" and, without the columns that may differ, for "the same books". */
export async function everything(db: Queryable, bookId: number, without: readonly string[] = []): Promise<unknown> {
  const tables = ['account', 'balance', 'journal_end', 'transfer', 'answer', 'pending', 'reversal', 'code_day'];
  tables.push(
    'account_group',
    'group_member',
    'group_balance',
    'group_day',
    'group_limit',
    'velocity_window',
    'closing',
  );
  const columns = tables.map(
    (table) =>
      `(select jsonb_agg(t.kept order by t.kept::text)
        from (select to_jsonb(t) - $2::text[] as kept from ledger.${table} t where book_id = $1) t) as ${table}`,
  );
  const { rows } = await db.query(
    `select ${columns.join(', ')}, (select position from kernel.book_position where book_id = $1) as events`,
    [bookId, ['book_id', 'version', ...without]],
  );
  return rows[0];
}
