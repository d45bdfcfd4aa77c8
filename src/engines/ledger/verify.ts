/** `longmen verify`: everything the ledger keeps, recomputed from its journal. */
import { type Database, inOneSnapshot, type Queryable } from '#kernel/database';
import { listBooks } from '#kernel/events';

/**
 * Each check is a view that holds the rows that do not follow; its columns say where. Order: cause before effect. `cost` is
 * about its share of the time in a large book, in percent: what takes longest is begun first.
 */
const checks = [
  {
    name: 'sequence',
    about: 'the journal has no gaps, goes forward in time and ends where it says',
    order: 'sequence',
    cost: 5,
  },
  { name: 'events', about: 'the event log has no gaps and tells of the whole journal', order: 'position', cost: 1 },
  {
    name: 'accounts',
    about: 'every account has its balance, and is what it was opened as',
    order: 'account_id',
    cost: 12,
  },
  { name: 'answers', about: 'every journal row has its answer and the other way round', order: 'sequence', cost: 9 },
  { name: 'chains', about: 'chains are whole', order: 'sequence', cost: 2 },
  {
    name: 'running_totals',
    about: 'running totals of each account and day follow row by row',
    order: 'sequence',
    cost: 32,
  },
  {
    name: 'pending',
    about: 'pending remainders and ends follow from amounts, postings and releases',
    order: 'sequence',
    cost: 3,
  },
  { name: 'reversals', about: 'reversals mirror their originals, once each', order: 'sequence', cost: 1 },
  { name: 'counters', about: 'account counters equal the sums of the journal', order: 'account_id', cost: 12 },
  {
    name: 'code_days',
    about: 'chart-of-accounts totals equal the sums of the journal',
    order: 'effective_date, code',
    cost: 20,
  },
  { name: 'groups', about: 'group balances equal the sums of their members', order: 'group_id, currency', cost: 0 },
  {
    name: 'group_days',
    about: 'group totals per date equal the sums of the journal',
    order: 'group_id, currency, effective_date',
    // With a group or more for each account.
    cost: 21,
  },
  {
    name: 'windows',
    about: 'velocity windows have counted what the journal says',
    order: 'window_id, account_id',
    cost: 20,
  },
  {
    name: 'archived',
    about: 'what was carried over from archived rows is as it was written, and their answers are kept',
    order: 'sequence, account_id, effective_date',
    cost: 1,
  },
  { name: 'closing', about: 'nothing was posted into a closed period but adjustments', order: 'sequence', cost: 3 },
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
  const total = books.length * checks.length;
  const findings: VerifyFinding[] = [];
  const counted: VerifyReport['books'][number][] = [];
  let done = 0;
  await inOneSnapshot(db, async (connections) => {
    const [first] = connections;
    for (const connection of connections) await prepare(connection);
    for (const { bookId, code } of books) {
      counted.push({ book: code, ...(await count(first, bookId)) });
      const found = new Map<string, VerifyFinding>();
      const waiting: (typeof checks)[number][] = checks.toSorted((one, other) => other.cost - one.cost);
      await settled(
        connections.map(async (tx) => {
          for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
            const { name, about } = check;
            const finding = await runCheck(tx, bookId, check);
            if (finding !== null) found.set(name, { book: code, check: name, about, ...finding });
            options.onProgress?.(++done, total);
          }
        }),
      );
      findings.push(...checks.flatMap(({ name }) => found.get(name) ?? []));
    }
  });
  return { ok: findings.length === 0, books: counted, checks: checks.length, findings };
}

/** Settings for queries over whole journals. */
async function prepare(tx: Queryable): Promise<void> {
  // More memory for sorting than a teller's query gets; what does not fit goes to disk.
  await tx.query(`set local work_mem = '256MB'`);
  // Without statistics of the book, and of fresh tables, the planner would take whole journals for a few rows: it would
  // look rows up one by one, and sort where it could count in a hash table.
  await tx.query('set local enable_nestloop = off');
  await tx.query('set local enable_sort = off');
  // The connections are the parallel work.
  await tx.query('set local max_parallel_workers_per_gather = 0');
  // One may wait for the other's last check for longer than a forgotten transaction is borne.
  await tx.query('set local idle_in_transaction_session_timeout = 0');
}

/** Waits for all, also when one fails: a transaction must not end under a query that still runs in it. */
async function settled(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
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
