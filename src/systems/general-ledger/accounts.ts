/** The accounts of a book by their code. */
import { type Account, listAccounts } from '#engines/ledger';
import type { Queryable } from '#kernel/database';

/** Accounts are read this many at a time. */
const PAGE = 1_000;

/** The accounts on a chart-of-accounts code. */
export async function* accountsOn(db: Queryable, bookId: number, code: string): AsyncGenerator<Account> {
  let after: { code: string; id: string } | undefined;
  for (;;) {
    const page = await listAccounts(db, bookId, { code, after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { code: last.code, id: last.id };
  }
}
