/** Changes of the ledger's tables by hand, as their owner, and what `verify` must say of them. */
import assert from 'node:assert/strict';
import { verify } from '#engines/ledger';
import type { TestBook, TestLedger } from './ledger.ts';

export interface Tampering {
  readonly what: string;
  /** One or more statements; `$1` is the book. */
  readonly sql: string | readonly string[];
  /** The checks that must fail, in the order of their report. */
  readonly checks: readonly string[];
  /** What the first finding must say of the first bad row; accounts by number, from 1 in the order of their codes. */
  readonly first: Readonly<Record<string, unknown>>;
}

/** The account of a number, as SQL. */
export const account = (number: number) =>
  `(select account_id from ledger.account where book_id = $1 order by code offset ${number - 1} limit 1)`;

/** Tampers with a book; the checks must fail and name the first bad row as said. */
export async function assertFound(db: TestLedger['db'], one: TestBook, tampering: Tampering): Promise<void> {
  const { sql, checks, first } = tampering;
  for (const statement of [sql].flat()) {
    const { rowCount } = await db.admin.query(statement, [one.bookId]);
    assert.ok(rowCount > 0, 'nothing was changed');
  }
  const { findings } = await verify(db, { book: one.code });
  assert.deepEqual(
    findings.map(({ check }) => check),
    checks,
  );
  const [worst] = findings;
  const ids = await db.query<{ account_id: string }>(
    'select account_id from ledger.account where book_id = $1 order by code',
    [one.bookId],
  );
  const named = {
    ...worst?.first,
    account: ids.rows.findIndex((row) => row.account_id === worst?.first.account_id) + 1,
  } as Record<string, unknown>;
  const told = Object.fromEntries(Object.keys(first).map((key) => [key, named[key]]));
  assert.deepEqual(told, first, JSON.stringify(worst));
}
