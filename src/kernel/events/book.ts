import { type Clock, systemClock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { eventsError } from './errors.ts';

/** A book: the unit of order and distribution. A legal entity has one, a large one several. */
export interface Book {
  /** The number that leads every key of a large table. It stays inside the house; outside, a book is its code. */
  readonly bookId: number;
  readonly code: string;
  readonly name: string;
  readonly legalEntity: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

export interface BookInput {
  /** `^[a-z0-9][a-z0-9_-]{0,31}$`. */
  readonly code: string;
  readonly name: string;
  readonly legalEntity?: string;
}

const bookCode = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const bookColumns = `book_id as "bookId", code, name, legal_entity as "legalEntity", created_at as "createdAt"`;

/**
 * Creates a book with an empty log, or gives the one that exists when code, name and legal entity are the same.
 * Errors: `book_code_invalid`, `book_exists_differently`.
 */
export async function createBook(tx: Transaction, book: BookInput, clock: Clock = systemClock()): Promise<Book> {
  if (!bookCode.test(book.code)) {
    throw eventsError('book_code_invalid', `'${book.code}' is not a book code: ${bookCode.source}`, {
      book: book.code,
    });
  }
  const legalEntity = book.legalEntity ?? '';
  // One creation at a time, so that two servers starting together agree on the number and the second finds the first.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('kernel.book', 0))`);
  const existing = await selectBook(tx, book.code);
  if (existing) {
    if (existing.name !== book.name || existing.legalEntity !== legalEntity) {
      throw eventsError('book_exists_differently', `Book ${book.code} exists as '${existing.name}'`, {
        book: book.code,
      });
    }
    return existing;
  }
  const createdAt = clock.now().toString();
  const { rows } = await tx.query<Book>(
    `insert into kernel.book (book_id, code, name, legal_entity, created_at, unit_id)
     select coalesce(max(book_id), 0) + 1, $1, $2, $3, $4,
            coalesce((select unit_id from kernel.unit where code = $3 and kind = 'legal_entity'), 1)
       from kernel.book
     returning ${bookColumns}`,
    [book.code, book.name, legalEntity, createdAt],
  );
  const [created] = rows;
  invariant(created !== undefined, 'insert_returns_the_book');
  await tx.query(`insert into kernel.book_position (book_id, position) values ($1, 0)`, [created.bookId]);
  return created;
}

/** The book of a code. Error: `book_not_found`. */
export async function findBook(db: Queryable, code: string): Promise<Book> {
  const book = await selectBook(db, code);
  if (!book) throw eventsError('book_not_found', `No book '${code}'`, { book: code });
  return book;
}

/** All books, by code. */
export async function listBooks(db: Queryable): Promise<Book[]> {
  const { rows } = await db.query<Book>(`select ${bookColumns} from kernel.book order by code`);
  return rows;
}

/** The unit of the organisation that a book belongs to. */
export async function bookUnit(db: Queryable, bookId: number): Promise<number> {
  const { rows } = await db.query<{ unitId: number }>(
    'select unit_id as "unitId" from kernel.book where book_id = $1',
    [bookId],
  );
  const [row] = rows;
  invariant(row !== undefined, 'a_book_has_a_unit');
  return row.unitId;
}

async function selectBook(db: Queryable, code: string): Promise<Book | undefined> {
  const { rows } = await db.query<Book>(`select ${bookColumns} from kernel.book where code = $1`, [code]);
  return rows[0];
}
