/** What readers can ask about groups, windows and periods, against the oracle's own sums. */
import { closing, groupBalances, groupMembers, listWindows, trialBalance } from '#engines/ledger';
import type { Books } from './administration.ts';
import { type Asked, compareText, countersOf, instant, nonZero, someDate, someInstant } from './comparison.ts';
import { currencies } from './operations.ts';
import { countedNow, type OracleGroup } from './oracle-guards.ts';
import { noSums, type Sums, sumsAsOf } from './oracle-words.ts';

const forever = Number.POSITIVE_INFINITY;

/** Balances of all groups of a dimension, present and as of a date; of one group as it was known at a recorded instant. */
export async function compareGroups(books: Books, asked: Asked): Promise<void> {
  const { random, oracle } = books;
  const { groups } = oracle.guards;
  if (groups.length === 0) return;
  const group = random.pick(groups);
  const of = groups.filter(({ dimension }) => dimension === group.dimension);
  const effectiveDate = someDate(books, random.pick([...oracle.accounts.values()]), asked.nowMs);
  await compareBalances(books, of, {});
  await compareBalances(books, of, { effectiveDate });
  const recordedUs = someInstant(books, asked);
  await compareBalances(books, [group], random.chance(0.5) ? { recordedUs } : { effectiveDate, recordedUs });
  await compareOneGroup(books, asked, group);
}

async function compareBalances(
  { db, bookId, oracle, found }: Books,
  groups: readonly OracleGroup[],
  at: { readonly effectiveDate?: string; readonly recordedUs?: number | undefined },
): Promise<void> {
  const [first] = groups;
  if (first === undefined) return;
  const { dimension } = first;
  const code = groups.length === 1 ? first.code : undefined;
  const filter = { dimension, code, effectiveDate: at.effectiveDate, recordedAt: instant(at.recordedUs) };
  const lines = await groupBalances(db, bookId, filter);
  const got = lines.map(({ code: own, currency, counters }) => [`${own} ${currency}`, counters] as const);
  const want = groups.flatMap((group) =>
    Object.keys(currencies).map((currency) => {
      const sums = oracle.guards.sumsOf(group, currency, at.effectiveDate, at.recordedUs ?? forever);
      return [`${group.code} ${currency}`, countersOf(sums)] as const;
    }),
  );
  found.equal(nonZero(got), nonZero(want), 'group balances', filter);
}

/** Members and the trial balance of one group. */
async function compareOneGroup(books: Books, asked: Asked, group: OracleGroup): Promise<void> {
  const { db, bookId, oracle, found } = books;
  const { dimension, code } = group;
  const accounts = [...oracle.guards.accountsOf(group)];
  const members = await groupMembers(db, bookId, { dimension, code }, { limit: 10_000 });
  found.equal(members, accounts.map(({ id }) => id).sort(compareText), 'members', { dimension, code });
  const date = someDate(books, accounts[0], asked.nowMs);
  const recordedUs = someInstant(books, asked);
  const lines = await trialBalance(db, bookId, date, instant(recordedUs), { group: { dimension, code } });
  const want = new Map<string, Sums>();
  for (const account of accounts) {
    const line = `${account.currency} ${account.code}`;
    want.set(line, sumsAsOf(account, date, recordedUs ?? forever, want.get(line) ?? noSums()));
  }
  const got = lines.map((line) => [`${line.currency} ${line.code}`, line.counters] as const);
  const wanted = [...want].map(([line, sums]) => [line, countersOf(sums)] as const);
  found.equal(nonZero(got), nonZero(wanted), 'trial balance of a group', { dimension, code, date, recordedUs });
}

/** The windows as they are listed, what they have counted by now, and what periods are closed. */
export async function compareGuards({ db, bookId, oracle, found }: Books, { nowMs }: Asked): Promise<void> {
  const { windows, closedThrough, sealedThrough } = oracle.guards;
  found.equal(await closing(db, bookId), { closedThrough, sealedThrough }, 'closing');
  const listed = await listWindows(db, bookId);
  const said = listed.map(({ code, maximumCount, maximumAmount, retiredAt }) => ({
    code,
    maxima: { maximumCount, maximumAmount },
    retired: retiredAt !== null,
  }));
  const own = windows.map(({ code, maxima, retired }) => ({ code, maxima, retired }));
  const byCode = (a: { code: string }, b: { code: string }) => compareText(a.code, b.code);
  found.equal(said.sort(byCode), own.sort(byCode), 'windows');
  const { rows } = await db.query<{ code: string; subject: string; count: bigint; amount: bigint }>(storedUsage, [
    bookId,
    new Date(nowMs).toISOString(),
  ]);
  const stored = rows.filter(({ count }) => count > 0n).map((row) => ({ ...row, count: Number(row.count) }));
  const counted = windows.flatMap((window) =>
    [...window.counted.keys()].flatMap((subject) => {
      const { count, amount } = countedNow(window, subject, nowMs);
      return count === 0 ? [] : [{ code: window.code, subject, count, amount }];
    }),
  );
  const key = ({ code, subject }: { code: string; subject: string }) => `${code} ${subject}`;
  const sorted = <Row extends { code: string; subject: string }>(of: Row[]) =>
    of.sort((a, b) => compareText(key(a), key(b)));
  found.equal(sorted(stored), sorted(counted), 'what windows have counted');
}

/** What is stored beside the balances and is of the present hour, day or month. */
const storedUsage = `
  select w.code, u.subject, u.usage[i + 2] as count, u.usage[i + 3] as amount
  from (
    select account_id::text as subject, usage from ledger.balance where book_id = $1
    union all select '', usage from ledger.group_balance where book_id = $1
  ) u
  cross join lateral generate_series(1, cardinality(u.usage), 4) as i
  join ledger.velocity_window w on w.book_id = $1 and w.window_id = u.usage[i]
  where u.usage[i + 1] = ledger.bucket(w.period, w.time_zone, $2)`;
