/** What reports read of the books: totals per code, accounts and postings, at a point. Reads only. */
import { positionAt, trialBalance } from '#engines/ledger';
import { type Queryable, uuidArray } from '#kernel/database';
import { addDays, parseDate } from '#kernel/dates';
import type { Point } from './model.ts';

/** A group of accounts: those of a branch, a product, a customer. */
export interface GroupFilter {
  readonly dimension: string;
  readonly code: string;
}

/** What was posted on one code in one currency; minor units. */
export interface CodeTotal {
  readonly currency: string;
  readonly code: string;
  readonly debits: bigint;
  readonly credits: bigint;
}

/** An account as a report lists it. */
export interface AccountRow {
  readonly id: string;
  readonly code: string;
  readonly name: string;
}

export interface Turnover {
  readonly debits: bigint;
  readonly credits: bigint;
}

const FIRST_DATE = '0001-01-01';
const LAST_SEQUENCE = 2n ** 63n - 1n;

/** The last journal row that was known at an instant. */
export async function positionOf(db: Queryable, bookId: number, recordedAt: string | null): Promise<bigint | null> {
  return positionAt(db, bookId, recordedAt ?? undefined);
}

/** The day before a point begins; null when it begins with the books. */
function dayBefore(point: Point): string | null {
  return point.from === null || point.from === FIRST_DATE ? null : addDays(parseDate(point.from), -1);
}

// The accounts of a group and of the groups below it, as the ledger counts them: its present members, at any date and
// instant. $2 and $3 name the group.
const members = `select c.account_id
  from ledger.account_group g join ledger.group_cover c on c.book_id = g.book_id and c.group_id = g.group_id
  where g.book_id = $1 and g.dimension = $2 and g.code = $3 and c.left_at is null`;

function groupValues(group: GroupFilter | null): unknown[] {
  return [group?.dimension ?? null, group?.code ?? null];
}

/** Totals per currency and code of what counts at a point, of all accounts of a book or of a group of them. */
export async function codeTotals(
  db: Queryable,
  bookId: number,
  point: Point,
  group: GroupFilter | null,
): Promise<CodeTotal[]> {
  const totals = new Map<string, CodeTotal>();
  const add = (rows: readonly CodeTotal[], sign: bigint) => {
    for (const { currency, code, debits, credits } of rows) {
      const key = `${currency} ${code}`;
      const held = totals.get(key) ?? { currency, code, debits: 0n, credits: 0n };
      totals.set(key, {
        currency,
        code,
        debits: held.debits + sign * debits,
        credits: held.credits + sign * credits,
      });
    }
  };
  const position = await positionOf(db, bookId, point.recordedAt);
  if (point.onlyAdjustments) {
    add(await markedTotals(db, bookId, point, position, group, 'adjustment'), 1n);
  } else {
    add(await totalsAt(db, bookId, point.to, point.recordedAt, position, group), 1n);
    const before = dayBefore(point);
    if (before !== null) add(await totalsAt(db, bookId, before, point.recordedAt, position, group), -1n);
  }
  if (point.withoutYearEnd) add(await markedTotals(db, bookId, point, position, group, 'year_end'), -1n);
  return [...totals.values()].filter(({ debits, credits }) => debits !== 0n || credits !== 0n);
}

async function totalsAt(
  db: Queryable,
  bookId: number,
  date: string,
  recordedAt: string | null,
  position: bigint | null,
  group: GroupFilter | null,
): Promise<CodeTotal[]> {
  if (group === null) {
    const lines = await trialBalance(db, bookId, date, recordedAt ?? undefined);
    return lines.map(({ currency, code, counters }) => ({
      currency,
      code,
      debits: counters.debitsPosted,
      credits: counters.creditsPosted,
    }));
  }
  return totalRows(
    db,
    `select t.currency, t.code, t.debits_posted as debits, t.credits_posted as credits
     from ledger.account_group g
     cross join lateral ledger.trial_balance_of_group(g.book_id, g.group_id, $4, $5) t
     where g.book_id = $1 and g.dimension = $2 and g.code = $3`,
    [bookId, ...groupValues(group), date, position],
  );
}

/** Rows that are marked, as the two entries of each: (account_id, debits, credits). $1 book, $4 to $6 the point. */
function markedEntries(mark: 'adjustment' | 'year_end', onlyAdjustments: boolean): string {
  const rows = `select debit_account_id, credit_account_id, amount_minor from ${
    mark === 'year_end'
      ? `reports.year_end_transfer where true ${onlyAdjustments ? 'and adjustment' : ''}`
      : 'ledger.journal where adjustment and kind in (0, 2, 4)'
  } and book_id = $1 and effective_date between $4 and $5 and sequence <= $6`;
  return `with marked as materialized (${rows})
    select debit_account_id as account_id, amount_minor as debits, 0 as credits from marked
    union all select credit_account_id, 0, amount_minor from marked`;
}

function markedValues(point: Point, position: bigint | null): unknown[] {
  return [point.from ?? FIRST_DATE, point.to, position ?? LAST_SEQUENCE];
}

function markedTotals(
  db: Queryable,
  bookId: number,
  point: Point,
  position: bigint | null,
  group: GroupFilter | null,
  mark: 'adjustment' | 'year_end',
): Promise<CodeTotal[]> {
  return totalRows(
    db,
    `select a.currency, a.code, sum(e.debits) as debits, sum(e.credits) as credits
     from (${markedEntries(mark, point.onlyAdjustments)}) e
     join ledger.account a on a.book_id = $1 and a.account_id = e.account_id
     where $2::text is null or a.account_id in (${members})
     group by a.currency, a.code`,
    [bookId, ...groupValues(group), ...markedValues(point, position)],
  );
}

async function totalRows(db: Queryable, sql: string, values: readonly unknown[]): Promise<CodeTotal[]> {
  const { rows } = await db.query<{ currency: string; code: string; debits: string; credits: string }>(sql, values);
  return rows.map((row) => ({ ...row, debits: BigInt(row.debits), credits: BigInt(row.credits) }));
}

/** What was posted on accounts at a point; accounts without anything are left out. */
export async function accountTotals(
  db: Queryable,
  bookId: number,
  accountIds: readonly string[],
  point: Point,
): Promise<Map<string, Turnover>> {
  const position = await positionOf(db, bookId, point.recordedAt);
  const before = dayBefore(point);
  // $2 and $3 name a group elsewhere; here they are the accounts and the day before. Every part uses every value, as
  // PostgreSQL wants to know the types of all.
  const all = '$3::date is distinct from $4::date and $6::bigint > -1';
  const whole = `select w.account_id, b.debits_posted - coalesce(f.debits_posted, 0) as debits,
      b.credits_posted - coalesce(f.credits_posted, 0) as credits
    from unnest($2::uuid[]) as w (account_id)
    cross join lateral ledger.balance_as_of($1, w.account_id, $5, $7::bigint) b
    left join lateral ledger.balance_as_of($1, w.account_id, $3, $7::bigint) f on $3::date is not null
    where ${all}`;
  const marked = (mark: 'adjustment' | 'year_end', sign: string) =>
    `select e.account_id, ${sign}e.debits, ${sign}e.credits
     from (${markedEntries(mark, point.onlyAdjustments)}) e
     where e.account_id = any ($2::uuid[]) and ${all} and ($7::bigint is null or true)`;
  const parts = [
    point.onlyAdjustments ? marked('adjustment', '') : whole,
    ...(point.withoutYearEnd ? [marked('year_end', '-')] : []),
  ];
  const { rows } = await db.query<{ account_id: string; debits: string; credits: string }>(
    `select p.account_id, sum(p.debits)::numeric as debits, sum(p.credits)::numeric as credits
     from (${parts.join(' union all ')}) as p (account_id, debits, credits)
     group by p.account_id having sum(p.debits) <> 0 or sum(p.credits) <> 0`,
    [bookId, uuidArray(accountIds, (id) => id), before, ...markedValues(point, position), position],
  );
  return new Map(rows.map((row) => [row.account_id, { debits: BigInt(row.debits), credits: BigInt(row.credits) }]));
}

export interface AccountsWanted {
  readonly currency: string;
  readonly codes: readonly string[] | null;
  readonly group: GroupFilter | null;
  readonly after: { readonly code: string; readonly id: string } | null;
  readonly limit: number;
}

/** Accounts of a book in the order of (code, id). */
export async function accountsOf(db: Queryable, bookId: number, wanted: AccountsWanted): Promise<AccountRow[]> {
  const { after } = wanted;
  const { rows } = await db.query<AccountRow>(
    `select a.account_id as id, a.code, a.name from ledger.account a
     where a.book_id = $1 and a.currency = $4 and ($5::text[] is null or a.code = any ($5))
       and ($6::text is null or (a.code, a.account_id) > ($6, $7::uuid))
       and ($2::text is null or a.account_id in (${members}))
     order by a.code, a.account_id limit $8`,
    [
      bookId,
      ...groupValues(wanted.group),
      wanted.currency,
      wanted.codes,
      after?.code ?? null,
      after?.id ?? null,
      wanted.limit,
    ],
  );
  return rows;
}

/** One account of a book, or of a group of it; undefined when it is not there. */
export async function accountOf(
  db: Queryable,
  bookId: number,
  accountId: string,
  group: GroupFilter | null,
): Promise<{ id: string; code: string; currency: string } | undefined> {
  const { rows } = await db.query<{ id: string; code: string; currency: string }>(
    `select a.account_id as id, a.code, a.currency from ledger.account a
     where a.book_id = $1 and a.account_id = $4 and ($2::text is null or a.account_id in (${members}))`,
    [bookId, ...groupValues(group), accountId],
  );
  return rows[0];
}

/** Currencies in which a book has accounts. */
export async function currenciesOf(db: Queryable, bookId: number): Promise<string[]> {
  const { rows } = await db.query<{ currency: string }>(
    'select distinct currency from ledger.account where book_id = $1 order by currency',
    [bookId],
  );
  return rows.map(({ currency }) => currency);
}
