/** Everything readers can ask the ledger about accounts, against the oracle's own sums. */
import { balanceAsOf, type Counters, listAccounts, type Minor, statement, trialBalance } from '#engines/ledger';
import { Temporal } from '#kernel/dates';
import type { Books } from './administration.ts';
import { isoDate } from './operations.ts';
import { noSums, type OracleAccount, type Sums, sumsAsOf } from './oracle-words.ts';

const dayMs = 86_400_000;
const lastDate = '9999-12-31';
/** More than there are accounts. */
const allAccounts = 100_000;

/** When to ask for: around the present date, as known at recorded instants. */
export interface Asked {
  readonly nowMs: number;
  /** Microseconds since 1970 at which something was recorded. */
  readonly instants: readonly number[];
}

/** The state, limits and counters of every account. */
export async function compareAccounts({ db, bookId, oracle, found }: Books): Promise<void> {
  const accounts = await listAccounts(db, bookId, { limit: allAccounts });
  found.equal(accounts.length, oracle.accounts.size, 'number of accounts');
  for (const { id, state, limits, counters } of accounts) {
    const own = oracle.accounts.get(id);
    const want = own && { state: own.state, limits: own.limits, counters: countersOf(own) };
    found.equal({ state, limits, counters }, want, 'account', { id });
  }
}

/** One account's balance at random points of both clocks. */
export async function compareBalance(books: Books, asked: Asked): Promise<void> {
  const { db, bookId, random, oracle, found } = books;
  const account = random.pick([...oracle.accounts.values()]);
  const date = someDate(books, account, asked.nowMs);
  const recordedUs = someInstant(books, asked);
  const { counters } = await balanceAsOf(db, bookId, account.id, date, instant(recordedUs));
  const want = countersOf(sumsAsOf(account, date, recordedUs ?? Number.POSITIVE_INFINITY));
  found.equal(counters, want, 'balance as of', { id: account.id, date, recordedUs });
}

/** The statement of one account over some days, page by page, with the balance after each entry. */
export async function compareStatement(books: Books, asked: Asked): Promise<void> {
  const { db, bookId, random, oracle, found } = books;
  const account = random.pick([...oracle.accounts.values()]);
  const from = someDate(books, account, asked.nowMs);
  const to = isoDate(Math.min(Date.parse(from) + random.integer(0, 5) * dayMs, Date.parse(lastDate)));
  const recordedUs = someInstant(books, asked);
  const knownUs = recordedUs ?? Number.POSITIVE_INFINITY;
  const known = account.entries.filter(({ posted, recordedUs: at }) => posted > 0n && at <= knownUs);
  const signed = ({ side, posted }: (typeof known)[number]) => (side === account.side ? posted : -posted);
  const before = known.filter(({ movement }) => movement.effectiveDate < from);
  const opening = before.reduce((sum, entry) => sum + signed(entry), 0n);
  let running = opening;
  const wanted = known
    .filter(({ movement }) => movement.effectiveDate >= from && movement.effectiveDate <= to)
    .sort((a, b) => compareText(a.movement.effectiveDate, b.movement.effectiveDate) || Number(a.sequence - b.sequence))
    .map((entry) => {
      running += signed(entry);
      const { id, effectiveDate } = entry.movement;
      return { id, sequence: entry.sequence, effectiveDate, side: entry.side, amount: entry.posted, balance: running };
    });
  const where = { id: account.id, from, to, recordedUs };
  let page = await statement(db, bookId, account.id, { from, to, limit: 200, recordedAt: instant(recordedUs) });
  const ends = { opening, closing: running };
  for (let done = 0; ; ) {
    const got = page.entries.map(({ transfer, debit, credit, balanceAfter }) => ({
      id: transfer.id,
      sequence: transfer.sequence,
      effectiveDate: transfer.effectiveDate,
      side: debit === null ? 'credit' : 'debit',
      amount: debit ?? credit,
      balance: balanceAfter,
    }));
    found.equal(got, wanted.slice(done, done + 200), 'statement', where);
    found.equal({ opening: page.opening, closing: page.closing }, ends, 'statement ends', where);
    done += got.length;
    ends.opening = wanted[done - 1]?.balance ?? opening;
    found.equal(page.next === null, done >= wanted.length, 'statement has a next page', where);
    if (page.next === null || done >= wanted.length) return;
    const request = { from, to, limit: 200, after: page.next, recordedAt: instant(recordedUs) };
    page = await statement(db, bookId, account.id, request);
  }
}

/** The trial balance at a random point of both clocks; debits equal credits in each currency. */
export async function compareTrialBalance(books: Books, asked: Asked): Promise<void> {
  const { db, bookId, random, oracle, found } = books;
  const date = someDate(books, random.pick([...oracle.accounts.values()]), asked.nowMs);
  const recordedUs = someInstant(books, asked);
  const lines = await trialBalance(db, bookId, date, instant(recordedUs));
  const got = lines.map(({ currency, code, counters }) => [`${currency} ${code}`, counters] as const);
  const own = oracle.trialBalance(date, recordedUs ?? Number.POSITIVE_INFINITY);
  const want = [...own].map(([line, sums]) => [line, countersOf(sums)] as const);
  found.equal(nonZero(got), nonZero(want), 'trial balance', { date, recordedUs });
  const totals = new Map<string, Minor>();
  for (const { currency, counters } of lines) {
    totals.set(currency, (totals.get(currency) ?? 0n) + counters.debitsPosted - counters.creditsPosted);
  }
  const unequal = [...totals].filter(([, total]) => total !== 0n);
  found.equal(unequal, [], 'debits equal credits', { date, recordedUs });
}

export function nonZero(lines: readonly (readonly [string, Counters])[]): (readonly [string, Counters])[] {
  const filled = lines.filter(([, counters]) => Object.values(counters).some((minor) => minor !== 0n));
  return filled.sort(([a], [b]) => compareText(a, b));
}

export function countersOf({ pending, posted }: Sums = noSums()): Counters {
  return {
    debitsPending: pending.debit,
    creditsPending: pending.credit,
    debitsPosted: posted.debit,
    creditsPosted: posted.credit,
  };
}

/** A date around which the account has entries, mostly. */
export function someDate({ random }: Books, account: OracleAccount | undefined, nowMs: number): string {
  if (account === undefined || account.entries.length === 0 || random.chance(0.3))
    return isoDate(nowMs + random.integer(-60, 15) * dayMs);
  if (random.chance(0.03)) return random.pick(['0001-01-01', lastDate]);
  const date = Date.parse(random.pick(account.entries).movement.effectiveDate);
  return isoDate(Math.min(date + random.integer(-1, 1) * dayMs, Date.parse(lastDate)));
}

/** As known now (undefined), or at, just before or just after an instant at which something was recorded. */
export function someInstant({ random }: Books, { instants }: Asked): number | undefined {
  if (instants.length === 0 || random.chance(0.3)) return undefined;
  return random.pick(instants) + random.integer(-1, 1);
}

export function instant(us: number | undefined): string | undefined {
  return us === undefined ? undefined : Temporal.Instant.fromEpochNanoseconds(BigInt(us) * 1_000n).toString();
}

export function microseconds(instantText: string): number {
  return Number(Temporal.Instant.from(instantText).epochNanoseconds / 1_000n);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
