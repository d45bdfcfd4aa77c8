/** Legal entities and which books they have. */
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { appendEvents, createBook, listBooks } from '#kernel/events';
import { isCurrency } from '#kernel/money';
import { booksError } from './errors.ts';
import { type Entity, type EntityBook, type EntityInput, isText } from './model.ts';

const entityColumns = `code, name, functional_currency as "functionalCurrency", created_at as "createdAt"`;
const bookColumns = `book_id as "bookId", code, name, entity_code as "entityCode", new_customers as "newCustomers"`;

/** All entities, by code. */
export async function listEntities(db: Queryable): Promise<Entity[]> {
  const { rows } = await db.query<Entity>(`select ${entityColumns} from books.entity order by code`);
  return rows;
}

/** One entity. Error: `entity_not_found`. */
export async function readEntity(db: Queryable, code: string): Promise<Entity> {
  const { rows } = await db.query<Entity>(`select ${entityColumns} from books.entity where code = $1`, [code]);
  const [entity] = rows;
  if (entity === undefined) throw booksError('entity_not_found', `No legal entity '${code}'`, { entity: code });
  return entity;
}

/** The books of an entity, by code; the entity `main` has the book `main` from the start. Error: `entity_not_found`. */
export async function entityBooks(db: Queryable, entityCode: string): Promise<EntityBook[]> {
  await readEntity(db, entityCode);
  const { rows } = await db.query<EntityBook>(
    `select ${bookColumns} from books.member where entity_code = $1 order by code`,
    [entityCode],
  );
  return rows;
}

/** The books of all entities. */
export async function memberBooks(db: Queryable): Promise<EntityBook[]> {
  const { rows } = await db.query<EntityBook>(`select ${bookColumns} from books.member order by code`);
  return rows;
}

/** The entity a book belongs to, with what it is there; undefined for a book of no entity, or none at all. */
export async function entityOfBook(db: Queryable, book: string): Promise<EntityBook | undefined> {
  const { rows } = await db.query<EntityBook>(`select ${bookColumns} from books.member where code = $1`, [book]);
  return rows[0];
}

/**
 * Creates an entity; the same again changes nothing. The entity `main` is there already and gets its name and currency by
 * the first call. Errors: `entity_invalid`, `entity_exists_differently`.
 */
export async function createEntity(tx: Transaction, clock: Clock, input: EntityInput): Promise<Entity> {
  const { code, name, functionalCurrency } = input;
  const fault = (detail: string) => booksError('entity_invalid', detail, { entity: code });
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(code)) throw fault('A code has 1 to 32 small letters, digits, - and _');
  if (name === '' || !isText(name, 200)) throw fault('A name has 1 to 200 characters');
  if (!isCurrency(functionalCurrency)) throw fault(`Unknown currency '${functionalCurrency}'`);
  await tx.query(
    `insert into books.entity (code, name, functional_currency, created_at) values ($1, $2, $3, $4)
     on conflict (code) do update set name = $2, functional_currency = $3, created_at = $4
     where entity.created_at is null`,
    [code, name, functionalCurrency, instantText(clock.now())],
  );
  const entity = await readEntity(tx, code);
  if (entity.name !== name || entity.functionalCurrency !== functionalCurrency) {
    throw booksError('entity_exists_differently', `Entity ${code} exists as '${entity.name}'`, { entity: code });
  }
  return entity;
}

/**
 * Gives an entity one more book, a new one or one that belongs to no entity yet; the same again changes nothing. It takes
 * new customers from its commit on, in every running server; nobody who has a book moves.
 * Errors: `entity_not_found`, `book_code_invalid`, `book_of_other_entity`.
 */
export async function addBook(
  tx: Transaction,
  clock: Clock,
  entityCode: string,
  book: { readonly code: string; readonly name?: string | undefined },
): Promise<EntityBook> {
  await readEntity(tx, entityCode);
  const belongs = await entityOfBook(tx, book.code);
  if (belongs !== undefined && belongs.entityCode !== entityCode) throw otherEntity(belongs);
  const existing = (await listBooks(tx)).find(({ code }) => code === book.code);
  const name = book.name ?? book.code;
  const { bookId } = existing ?? (await createBook(tx, { code: book.code, name, legalEntity: entityCode }, clock));
  const { rowCount } = await tx.query(
    `insert into books.entity_book (book_id, entity_code, new_customers, added_at) values ($1, $2, true, $3)
     on conflict (book_id) do nothing`,
    [bookId, entityCode, instantText(clock.now())],
  );
  // Another entity may have been quicker.
  const member = await entityOfBook(tx, book.code);
  invariant(member !== undefined, 'a_book_that_was_added_is_there');
  if (member.entityCode !== entityCode) throw otherEntity(member);
  if (rowCount > 0 && belongs === undefined) {
    await appendEvents(tx, bookId, clock, [
      { type: 'books.book_added', subject: book.code, payload: { book: book.code, entity: entityCode } },
    ]);
  }
  return member;
}

function otherEntity({ code, entityCode }: EntityBook) {
  return booksError('book_of_other_entity', `Book ${code} belongs to entity ${entityCode}`, { book: code });
}

/**
 * Opens a book to new customers or closes it to them; those it has stay. Errors: `entity_not_found`, `book_not_of_entity`.
 */
export async function setNewCustomers(
  tx: Transaction,
  clock: Clock,
  entityCode: string,
  book: string,
  newCustomers: boolean,
): Promise<EntityBook> {
  const member = await bookOfEntity(tx, entityCode, book);
  if (member.newCustomers === newCustomers) return member;
  await tx.query(
    `insert into books.entity_book (book_id, entity_code, new_customers, added_at) values ($1, $2, $3, $4)
     on conflict (book_id) do update set new_customers = $3`,
    [member.bookId, entityCode, newCustomers, instantText(clock.now())],
  );
  await appendEvents(tx, member.bookId, clock, [
    { type: 'books.new_customers_changed', subject: book, payload: { book, new_customers: newCustomers } },
  ]);
  return { ...member, newCustomers };
}

/** A book of an entity by its code. Errors: `entity_not_found`, `book_not_of_entity`. */
export async function bookOfEntity(db: Queryable, entityCode: string, book: string): Promise<EntityBook> {
  await readEntity(db, entityCode);
  const member = await entityOfBook(db, book);
  if (member?.entityCode === entityCode) return member;
  throw booksError('book_not_of_entity', `Entity ${entityCode} has no book '${book}'`, { entity: entityCode, book });
}
