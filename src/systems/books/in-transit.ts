/**
 * What is under way between books, twice: as the in-transit accounts of the books hold it, and as the transfers say. Both
 * must agree account by account, and without open transfers all in-transit accounts of an entity net to zero.
 */
import { type Account, type Counters, listAccounts, readTransfer } from '#engines/ledger';
import type { Database, Queryable } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { entityBooks, listEntities } from './entities.ts';
import { type EntityBook, type EntityTransfer, holdId, IN_TRANSIT_CODE, inTransitId, postId } from './model.ts';
import { add, type InTransitLine } from './reports.ts';
import { endedSums, openTransfers } from './store.ts';

/** An in-transit account that does not hold what the transfers say. */
export interface InTransitFinding {
  readonly book: string;
  readonly check: 'in_transit';
  readonly about: string;
  readonly count: number;
  readonly first: Readonly<Record<string, unknown>>;
}

export interface InTransitReport {
  readonly entity: string;
  /** Per currency, all in-transit accounts of all books together. */
  readonly lines: readonly InTransitLine[];
  /** The transfers that have not ended, the oldest first. Without any, nothing is under way. */
  readonly open: readonly EntityTransfer[];
  /** At most one per book; none: the in-transit accounts hold exactly what the transfers say. */
  readonly findings: readonly InTransitFinding[];
}

/** How many accounts are read at a time. */
const PAGE = 1_000;

const about = 'in-transit accounts hold what the transfers between books say';

/** The report of one entity, in one snapshot. Error: `entity_not_found`. */
export function inTransitReport(db: Database, entityCode: string): Promise<InTransitReport> {
  return db.transaction((tx) => report(tx, entityCode), { isolation: 'repeatable read' });
}

/** The findings of all entities, or of the one whose book is given, each entity in one snapshot. */
export async function verifyInTransit(db: Database, book?: string): Promise<InTransitFinding[]> {
  const findings: InTransitFinding[] = [];
  for (const { code } of await listEntities(db)) {
    const ours = await entityBooks(db, code);
    if (book !== undefined && !ours.some((one) => one.code === book)) continue;
    const found = (await inTransitReport(db, code)).findings;
    findings.push(...found.filter((finding) => book === undefined || finding.book === book));
  }
  return findings;
}

async function report(db: Queryable, entityCode: string): Promise<InTransitReport> {
  const books = await entityBooks(db, entityCode);
  const open = await openTransfers(db, entityCode);
  const expected = await expectedCounters(db, entityCode, books, open);
  const sums = new Map<string, Counters>();
  const findings: InTransitFinding[] = [];
  for (const { bookId, code } of books) {
    const wrong: Record<string, unknown>[] = [];
    const held = new Set<string>();
    for (const { id, currency, counters } of await inTransitAccounts(db, bookId)) {
      const sum = sums.get(currency) ?? noCounters();
      add(sum, counters);
      sums.set(currency, sum);
      held.add(id);
      const wanted = expected.get(id)?.counters;
      if (wanted === undefined && isZero(counters)) continue;
      if (wanted !== undefined && equal(wanted, counters)) continue;
      wrong.push({ account_id: id, currency, holds: texts(counters), expected: wanted && texts(wanted) });
    }
    for (const [id, { book, counters }] of expected) {
      if (book !== code || held.has(id) || isZero(counters)) continue;
      wrong.push({ account_id: id, holds: null, expected: texts(counters) });
    }
    const [first] = wrong;
    if (first !== undefined) findings.push({ book: code, check: 'in_transit', about, count: wrong.length, first });
  }
  const lines = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, counters]) => ({
      currency,
      counters,
      underWay: counters.creditsPosted - counters.debitsPosted,
    }));
  return { entity: entityCode, lines, open, findings };
}

/** What each in-transit account must hold, by account id: ended transfers by their ends, open ones by their halves. */
async function expectedCounters(
  db: Queryable,
  entityCode: string,
  books: readonly EntityBook[],
  open: readonly EntityTransfer[],
): Promise<Map<string, { book: string; counters: Counters }>> {
  const byNumber = new Map(books.map((book) => [book.bookId, book.code]));
  const expected = new Map<string, { book: string; counters: Counters }>();
  const expect = (own: number, counter: number, currency: string, more: Partial<Counters>) => {
    const book = byNumber.get(own) ?? '';
    const id = inTransitId(book, byNumber.get(counter) ?? '', currency);
    const entry = expected.get(id) ?? { book, counters: noCounters() };
    add(entry.counters, { ...noCounters(), ...more });
    expected.set(id, entry);
  };
  for (const { debitBookId, creditBookId, currency, accepted, reversed } of await endedSums(db, entityCode)) {
    expect(debitBookId, creditBookId, currency, { creditsPosted: accepted + reversed, debitsPosted: reversed });
    expect(creditBookId, debitBookId, currency, { debitsPosted: accepted });
  }
  for (const { id, debitBookId, creditBookId, currency, amount } of open) {
    const debit = await halfOf(db, debitBookId, holdId(id, 'debit'), amount);
    const posting = debit.posted === 0n ? undefined : await find(db, debitBookId, postId(id));
    const reversed = (posting?.reversedBy ?? null) === null ? 0n : debit.posted;
    const credit = await halfOf(db, creditBookId, holdId(id, 'credit'), amount);
    expect(debitBookId, creditBookId, currency, {
      creditsPending: debit.held,
      creditsPosted: debit.posted,
      debitsPosted: reversed,
    });
    expect(creditBookId, debitBookId, currency, { debitsPending: credit.held, debitsPosted: credit.posted });
  }
  return expected;
}

/** What a pending transfer still holds, and what of it is posted. */
async function halfOf(db: Queryable, bookId: number, id: string, amount: bigint) {
  const pending = (await find(db, bookId, id))?.pending ?? null;
  if (pending === null) return { held: 0n, posted: 0n };
  return { held: pending.remaining, posted: pending.ended === 'posted' ? amount : 0n };
}

/** The ledger's answer to an id, undefined when it was never asked. */
async function find(db: Queryable, bookId: number, id: string) {
  try {
    return await readTransfer(db, bookId, id);
  } catch (error) {
    if (error instanceof LongmenError && error.code === 'transfer_not_found') return undefined;
    throw error;
  }
}

async function inTransitAccounts(db: Queryable, bookId: number): Promise<Account[]> {
  const accounts: Account[] = [];
  for (;;) {
    const last = accounts.at(-1);
    const after = last && { code: last.code, id: last.id };
    const page = await listAccounts(db, bookId, { code: IN_TRANSIT_CODE, after, limit: PAGE });
    accounts.push(...page);
    if (page.length < PAGE) return accounts;
  }
}

function noCounters(): Counters {
  return { debitsPending: 0n, creditsPending: 0n, debitsPosted: 0n, creditsPosted: 0n };
}

function isZero(counters: Readonly<Counters>): boolean {
  return equal(counters, noCounters());
}

function equal(a: Readonly<Counters>, b: Readonly<Counters>): boolean {
  return (
    a.debitsPending === b.debitsPending &&
    a.creditsPending === b.creditsPending &&
    a.debitsPosted === b.debitsPosted &&
    a.creditsPosted === b.creditsPosted
  );
}

/** Minor units as text, for documents. */
function texts(counters: Readonly<Counters>) {
  return {
    debits_pending: `${counters.debitsPending}`,
    credits_pending: `${counters.creditsPending}`,
    debits_posted: `${counters.debitsPosted}`,
    credits_posted: `${counters.creditsPosted}`,
  };
}
