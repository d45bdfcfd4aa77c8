/** Where customers and accounts are: recorded once, so that no caller needs to know books and a new book moves nobody. */
import { type Account, type AccountInput, findAccountBooks, type Ledger } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database, Queryable } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { entityBooks } from './entities.ts';
import { booksError } from './errors.ts';
import { chooseBook, type EntityBook, IN_TRANSIT_CODE, isText } from './model.ts';

/** Where an account is. */
export interface AccountPlace {
  readonly accountId: string;
  readonly book: EntityBook;
  readonly currency: string;
  /** Null for an account that was not opened for a customer through the entity. */
  readonly customer: string | null;
}

interface AccountRow {
  account_id: string;
  book_id: number;
  currency: string;
  customer_key: string | null;
}

/**
 * The book of a customer; one who is seen first is given to one of the books that take new customers, for good.
 * Errors: `customer_key_invalid`, `entity_not_found`, `entity_has_no_book`.
 */
export async function bookOfCustomer(
  db: Queryable,
  clock: Clock,
  entityCode: string,
  customer: string,
): Promise<EntityBook> {
  if (customer === '' || !isText(customer, 128)) {
    throw booksError('customer_key_invalid', 'A customer key is text of 1 to 128 characters');
  }
  const books = await entityBooks(db, entityCode);
  const known = await recordedBook(db, entityCode, customer);
  if (known !== undefined) return ofNumber(books, known);
  const candidates = books.filter(({ newCustomers }) => newCustomers);
  const chosen = chooseBook(customer, candidates);
  if (chosen === undefined) {
    throw booksError('entity_has_no_book', `No book of ${entityCode} takes new customers`, { entity: entityCode });
  }
  const { rowCount } = await db.query(
    `insert into books.customer (entity_code, customer_key, book_id, assigned_at) values ($1, $2, $3, $4)
     on conflict (entity_code, customer_key) do nothing`,
    [entityCode, customer, chosen.bookId, instantText(clock.now())],
  );
  if (rowCount > 0) return chosen;
  // Another process was quicker, perhaps with a book that this one has not seen yet.
  const recorded = await recordedBook(db, entityCode, customer);
  invariant(recorded !== undefined, 'a_customer_who_cannot_be_assigned_is_assigned');
  return ofNumber(await entityBooks(db, entityCode), recorded);
}

/** The book a customer has, without giving one. Errors: `entity_not_found`, `customer_not_found`. */
export async function findCustomer(
  db: Queryable,
  entityCode: string,
  customer: string,
): Promise<{ book: EntityBook; accountIds: string[] }> {
  const books = await entityBooks(db, entityCode);
  const bookId = isText(customer, 128) ? await recordedBook(db, entityCode, customer) : undefined;
  if (bookId === undefined) {
    throw booksError('customer_not_found', `Entity ${entityCode} has no such customer`, { entity: entityCode });
  }
  const { rows } = await db.query<{ account_id: string }>(
    'select account_id from books.account where customer_key = $1 and book_id = $2 order by account_id',
    [customer, bookId],
  );
  return { book: ofNumber(books, bookId), accountIds: rows.map((row) => row.account_id) };
}

/**
 * Opens accounts for a customer in the customer's book. Repeatable: the same again changes nothing.
 * Errors: those of {@link bookOfCustomer} and of the ledger's `openAccounts`, `account_of_other_customer`.
 */
export async function openCustomerAccounts(
  db: Database,
  clock: Clock,
  ledger: Ledger,
  entityCode: string,
  customer: string,
  accounts: readonly AccountInput[],
): Promise<{ book: EntityBook; accounts: Account[] }> {
  const book = await bookOfCustomer(db, clock, entityCode, customer);
  const ids = accounts.map(({ id }) => id.toLowerCase());
  const opened = await db.transaction(async (tx) => {
    // The ledger judges the ids before the directory takes them.
    const result = await ledger.openAccounts(tx, book.code, accounts);
    await tx.query(
      `insert into books.account (account_id, book_id, customer_key, currency, found_at)
       select u.id, $2, $3, u.currency, $5 from unnest($1::uuid[], $4::text[]) as u (id, currency)
       on conflict (account_id) do nothing`,
      [ids, book.bookId, customer, accounts.map(({ currency }) => currency), instantText(clock.now())],
    );
    const recorded = await recordedAccounts(tx, ids);
    for (const row of recorded) {
      if (row.book_id === book.bookId && row.customer_key === customer) continue;
      throw booksError('account_of_other_customer', `Account ${row.account_id} belongs to another customer or book`, {
        account_id: row.account_id,
      });
    }
    return result;
  });
  return { book, accounts: opened };
}

/**
 * Where accounts of an entity are; ids it does not have are left out. What was opened in a book directly is looked for in
 * all books of the entity, once. Errors: `entity_not_found`, `account_in_several_books`.
 */
export async function placesOf(
  db: Queryable,
  clock: Clock,
  entityCode: string,
  accountIds: readonly string[],
): Promise<Map<string, AccountPlace>> {
  const books = new Map((await entityBooks(db, entityCode)).map((book) => [book.bookId, book]));
  const ids = [...new Set(accountIds)];
  const rows = await recordedAccounts(db, ids);
  const known = new Set(rows.map((row) => row.account_id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    await lookFor(db, clock, [...books.keys()], unknown);
    rows.push(...(await recordedAccounts(db, unknown)));
  }
  const places = new Map<string, AccountPlace>();
  for (const { account_id: accountId, book_id, currency, customer_key } of rows) {
    const book = books.get(book_id);
    if (book !== undefined) places.set(accountId, { accountId, book, currency, customer: customer_key });
  }
  return places;
}

async function lookFor(db: Queryable, clock: Clock, bookIds: readonly number[], ids: readonly string[]): Promise<void> {
  // In-transit accounts belong to transfers between books; nobody else pays into them.
  const found = (await findAccountBooks(db, bookIds, ids)).filter(({ code }) => code !== IN_TRANSIT_CODE);
  for (const [index, { accountId }] of found.entries()) {
    if (found[index + 1]?.accountId !== accountId) continue;
    throw booksError('account_in_several_books', `Account ${accountId} is in several books: name the book`, {
      account_id: accountId,
    });
  }
  if (found.length === 0) return;
  await db.query(
    `insert into books.account (account_id, book_id, currency, found_at)
     select u.id, u.book_id, u.currency, $4 from unnest($1::uuid[], $2::integer[], $3::text[]) as u (id, book_id, currency)
     on conflict (account_id) do nothing`,
    [
      found.map(({ accountId }) => accountId),
      found.map(({ bookId }) => bookId),
      found.map(({ currency }) => currency),
      instantText(clock.now()),
    ],
  );
}

async function recordedBook(db: Queryable, entityCode: string, customer: string): Promise<number | undefined> {
  const { rows } = await db.query<{ book_id: number }>(
    'select book_id from books.customer where entity_code = $1 and customer_key = $2',
    [entityCode, customer],
  );
  return rows[0]?.book_id;
}

async function recordedAccounts(db: Queryable, ids: readonly string[]): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    'select account_id, book_id, currency, customer_key from books.account where account_id = any($1::uuid[])',
    [ids],
  );
  return rows;
}

function ofNumber(books: readonly EntityBook[], bookId: number): EntityBook {
  const book = books.find((one) => one.bookId === bookId);
  invariant(book !== undefined, 'a_customer_has_a_book_of_the_entity');
  return book;
}
