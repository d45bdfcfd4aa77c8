import type { Queryable } from '#kernel/database';

/** In which book an account is, and what of it can never change. */
export interface Whereabouts {
  readonly accountId: string;
  readonly bookId: number;
  readonly code: string;
  readonly currency: string;
}

/** Where accounts are among the given books; ids (canonical UUIDs) that none of them has are left out. */
export async function findAccountBooks(
  db: Queryable,
  bookIds: readonly number[],
  accountIds: readonly string[],
): Promise<Whereabouts[]> {
  const { rows } = await db.query<Whereabouts>(
    `select account_id as "accountId", book_id as "bookId", code, currency from ledger.account
     where book_id = any($1::integer[]) and account_id = any($2::uuid[]) order by account_id, book_id`,
    [bookIds, accountIds],
  );
  return rows;
}
