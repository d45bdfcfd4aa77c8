/** `longmen verify`: everything the ledger keeps, recomputed from its journal. */
import type { Database, Queryable } from '#kernel/database';
import { listBooks } from '#kernel/events';

/** Each check is a view that holds the rows that do not follow; its columns say where. Order: cause before effect. */
const checks = [
  {
    name: 'sequence',
    about: 'the journal has no gaps, goes forward in time and ends where it says',
    order: 'sequence',
  },
  { name: 'events', about: 'the event log has no gaps and tells of the whole journal', order: 'position' },
  { name: 'accounts', about: 'every account has its balance, and is what it was opened as', order: 'account_id' },
  { name: 'answers', about: 'every journal row has its answer and the other way round', order: 'sequence' },
  { name: 'chains', about: 'chains are whole', order: 'sequence' },
  { name: 'running_totals', about: 'running totals of each account and day follow row by row', order: 'sequence' },
  {
    name: 'pending',
    about: 'pending remainders and ends follow from amounts, postings and releases',
    order: 'sequence',
  },
  { name: 'reversals', about: 'reversals mirror their originals, once each', order: 'sequence' },
  { name: 'counters', about: 'account counters equal the sums of the journal', order: 'account_id' },
  { name: 'code_days', about: 'chart-of-accounts totals equal the sums of the journal', order: 'effective_date, code' },
  { name: 'groups', about: 'group balances equal the sums of their members', order: 'group_id, currency' },
  {
    name: 'group_days',
    about: 'group totals per date equal the sums of the journal',
    order: 'group_id, currency, effective_date',
  },
  { name: 'windows', about: 'velocity windows have counted what the journal says', order: 'window_id, account_id' },
  { name: 'closing', about: 'nothing was posted into a closed period but adjustments', order: 'sequence' },
] as const;

export interface VerifyFinding {
  readonly book: string;
  readonly check: (typeof checks)[number]['name'];
  readonly about: string;
  /** How many rows fail this check. */
  readonly count: number;
  /** The first failing row, as text values by column. */
  readonly first: Readonly<Record<string, unknown>>;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly books: readonly { readonly book: string; readonly postings: number; readonly accounts: number }[];
  readonly checks: number;
  readonly findings: readonly VerifyFinding[];
}

export interface VerifyOptions {
  /** Only this book; default all. */
  readonly book?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Recomputes every counter and total from the journal, in one snapshot, and names the first row that does not follow. */
export async function verify(db: Database, options: VerifyOptions = {}): Promise<VerifyReport> {
  const books = (await listBooks(db)).filter(({ code }) => options.book === undefined || code === options.book);
  const findings: VerifyFinding[] = [];
  const counted: VerifyReport['books'][number][] = [];
  let done = 0;
  // One snapshot, so that books in use verify clean.
  await db.transaction(
    async (tx) => {
      // Sums over whole journals: more memory for sorting than a teller's query gets.
      await tx.query(`set local work_mem = '256MB'`);
      // Whole journals are joined; without statistics of fresh tables the planner would take them for small ones.
      await tx.query('set local enable_nestloop = off');
      for (const { bookId, code } of books) {
        counted.push({ book: code, ...(await count(tx, bookId)) });
        for (const check of checks) {
          const finding = await runCheck(tx, bookId, check);
          if (finding !== null) findings.push({ book: code, check: check.name, about: check.about, ...finding });
          options.onProgress?.(++done, books.length * checks.length);
        }
      }
    },
    { isolation: 'repeatable read' },
  );
  return { ok: findings.length === 0, books: counted, checks: checks.length, findings };
}

async function count(db: Queryable, bookId: number): Promise<{ postings: number; accounts: number }> {
  const { rows } = await db.query<{ postings: bigint; accounts: bigint }>(
    `select (select count(*) from ledger.transfer where book_id = $1) as postings,
       (select count(*) from ledger.account where book_id = $1) as accounts`,
    [bookId],
  );
  return { postings: Number(rows[0]?.postings ?? 0n), accounts: Number(rows[0]?.accounts ?? 0n) };
}

async function runCheck(db: Queryable, bookId: number, check: (typeof checks)[number]) {
  const { rows } = await db.query<{ count: bigint; first: Record<string, unknown> }>(
    `select count(*) over () as count, to_jsonb(v) - 'book_id' as first
     from ledger.verify_${check.name} v where book_id = $1 order by ${check.order} limit 1`,
    [bookId],
  );
  const row = rows[0];
  return row === undefined ? null : { count: Number(row.count), first: row.first };
}
