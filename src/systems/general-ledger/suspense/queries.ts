/** Reading suspense accounts: their open items and how old they are, at both clocks. */
import {
  type Account,
  carriedTransfers,
  type Minor,
  positionAt,
  readAccount,
  type Side,
  statement,
  type Transfer,
} from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { type IsoDate, instantText, parseInstant } from '#kernel/dates';
import { accountsOn } from '../accounts.ts';
import { codesMarked } from '../chart/queries.ts';
import { generalLedgerError } from '../model.ts';
import {
  type AgeingRule,
  ageOf,
  bucketLabels,
  clear,
  defaultAgeingRule,
  type HandMatch,
  type SuspensePosting,
} from './model.ts';

/** Postings are read this many at a time. */
const PAGE = 1_000;

/** An open item with its age. Amounts in minor units. */
export interface SuspenseItem {
  readonly transferId: string;
  readonly effectiveDate: string;
  readonly reference: string | null;
  /** The side of the account it stands on. */
  readonly side: Side;
  /** As it was posted, > 0. */
  readonly amount: Minor;
  /** What is still open, > 0. */
  readonly remaining: Minor;
  readonly days: number;
  /** The name of its bucket. */
  readonly bucket: string;
  readonly overLimit: boolean;
}

export interface SuspenseItems {
  readonly account: Account;
  /** On the normal side of the account, minor units: what the open items on that side less those on the other sum to. */
  readonly balance: Minor;
  readonly rule: AgeingRule;
  /** Oldest first. */
  readonly items: readonly SuspenseItem[];
}

/** One suspense account in the report: how much is open in each bucket, youngest first. */
export interface SuspenseLine {
  readonly account: Account;
  readonly balance: Minor;
  readonly items: number;
  /** Signed as the balance is. */
  readonly buckets: readonly { readonly label: string; readonly items: number; readonly amount: Minor }[];
  readonly overLimit: { readonly items: number; readonly amount: Minor; readonly limitDays: number };
}

/** At which clocks to look: an effective date, and an RFC 3339 instant (default: as known now). */
export interface Clocks {
  readonly date: IsoDate;
  readonly recordedAt?: string | undefined;
}

/** All suspense accounts of a book by code: those on codes marked so, and those marked one by one. */
export async function suspenseAccounts(db: Queryable, bookId: number): Promise<Account[]> {
  const { rows } = await db.query<{ account_id: string; marked: boolean }>(
    `select distinct on (account_id) account_id, marked from general_ledger.suspense_mark
     where book_id = $1 order by account_id, number desc`,
    [bookId],
  );
  const words = new Map(rows.map((row) => [row.account_id, row.marked]));
  const accounts: Account[] = [];
  for (const code of await codesMarked(db, bookId, 'suspense')) {
    for await (const account of accountsOn(db, bookId, code))
      if (words.get(account.id) !== false) accounts.push(account);
  }
  const found = new Set(accounts.map(({ id }) => id));
  for (const [id, marked] of words) if (marked && !found.has(id)) accounts.push(await readAccount(db, bookId, id));
  return accounts.sort((a, b) => (a.code === b.code ? order(a.id, b.id) : order(a.code, b.code)));
}

function order(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Error: `suspense_account_unknown`. */
export async function findSuspenseAccount(db: Queryable, bookId: number, accountId: string): Promise<Account> {
  const account = await readAccount(db, bookId, accountId);
  const { rows } = await db.query<{ marked: boolean }>(
    `select marked from general_ledger.suspense_mark
     where book_id = $1 and account_id = $2 order by number desc limit 1`,
    [bookId, account.id],
  );
  const marked = rows[0]?.marked ?? (await codesMarked(db, bookId, 'suspense')).includes(account.code);
  if (marked) return account;
  throw generalLedgerError('suspense_account_unknown', `Account ${accountId} is not a suspense account`, {
    account_id: account.id,
  });
}

/** The rule for a code: its own, else the book's, else the default. */
export async function ageingRule(db: Queryable, bookId: number, code: string): Promise<AgeingRule> {
  const { rows } = await db.query<AgeingRule>(
    `select bucket_days as "bucketDays", limit_days as "limitDays" from general_ledger.suspense_rule
     where book_id = $1 and code in ($2, '') order by code desc limit 1`,
    [bookId, code],
  );
  return rows[0] ?? defaultAgeingRule;
}

/**
 * The open items of an account as of a date, as known at an instant. It reads all postings of the account and more than
 * once: while the book is in use, call it in a repeatable-read transaction. Errors: `account_not_found`,
 * `suspense_account_unknown`.
 */
export async function suspenseItems(
  db: Queryable,
  bookId: number,
  accountId: string,
  clocks: Clocks,
): Promise<SuspenseItems> {
  return itemsOf(db, bookId, await findSuspenseAccount(db, bookId, accountId), clocks);
}

async function itemsOf(db: Queryable, bookId: number, account: Account, clocks: Clocks): Promise<SuspenseItems> {
  const rule = await ageingRule(db, bookId, account.code);
  const labels = bucketLabels(rule.bucketDays);
  const postings = await postingsOf(db, bookId, account, clocks);
  const { open } = clear(postings, await handMatches(db, bookId, account.id, clocks.recordedAt));
  const other: Side = account.side === 'debit' ? 'credit' : 'debit';
  const items = open.map((item) => {
    const { posting, remaining } = item;
    const { days, bucket, overLimit } = ageOf(item, clocks.date, rule);
    return {
      transferId: posting.id,
      effectiveDate: posting.date,
      reference: posting.reference,
      side: remaining > 0n ? account.side : other,
      amount: posting.signed < 0n ? -posting.signed : posting.signed,
      remaining: remaining < 0n ? -remaining : remaining,
      days,
      bucket: labels[bucket] ?? '',
      overLimit,
    };
  });
  return { account, balance: open.reduce((sum, { remaining }) => sum + remaining, 0n), rule, items };
}

async function postingsOf(db: Queryable, bookId: number, account: Account, clocks: Clocks): Promise<SuspensePosting[]> {
  // What was archived of a suspense account is kept row by row; the rest of its journal follows.
  const position = await positionAt(db, bookId, clocks.recordedAt);
  const carried = (await carriedTransfers(db, bookId, account.id)).filter(
    ({ kind, effectiveDate, sequence }) =>
      movingKinds.includes(kind) && effectiveDate <= clocks.date && (position === null || sequence <= position),
  );
  const postings = carried.map((transfer) => postingOf(account, transfer));
  let after: { date: string; sequence: bigint } | undefined;
  do {
    const page = await statement(db, bookId, account.id, {
      from: '0001-01-01',
      to: clocks.date,
      recordedAt: clocks.recordedAt,
      after,
      limit: PAGE,
    });
    postings.push(...page.entries.map(({ transfer }) => postingOf(account, transfer)));
    after = page.next ?? undefined;
  } while (after !== undefined);
  if (carried.length === 0) return postings;
  return postings.sort((a, b) => (a.date === b.date ? (a.sequence < b.sequence ? -1 : 1) : a.date < b.date ? -1 : 1));
}

const movingKinds: readonly Transfer['kind'][] = ['transfer', 'post', 'reverse'];

function postingOf(account: Account, transfer: Transfer): SuspensePosting {
  const side: Side = transfer.debitAccountId === account.id ? 'debit' : 'credit';
  return {
    id: transfer.id,
    date: transfer.effectiveDate,
    sequence: transfer.sequence,
    signed: side === account.side ? transfer.amount : -transfer.amount,
    reference: transfer.reference,
    reverses: transfer.kind === 'reverse' ? transfer.relatedId : null,
  };
}

/** The matches in force at an instant (default: now), oldest first. */
async function handMatches(
  db: Queryable,
  bookId: number,
  accountId: string,
  recordedAt: string | undefined,
): Promise<HandMatch[]> {
  const { rows } = await db.query<HandMatch>(
    `select m.item_id as "itemId", m.clearing_id as "clearingId", m.amount_minor as amount
     from general_ledger.suspense_match m left join general_ledger.suspense_match_end e using (book_id, match_id)
     where m.book_id = $1 and m.account_id = $2
       and ($3::timestamptz is null or m.recorded_at <= $3) and (e.recorded_at is null or e.recorded_at > $3)
     order by m.recorded_at, m.match_id`,
    [bookId, accountId, recordedAt === undefined ? null : instantText(parseInstant(recordedAt))],
  );
  return rows;
}

/** All suspense accounts of a book with what is open in each bucket. Read it as {@link suspenseItems}. */
export async function suspenseReport(db: Queryable, bookId: number, clocks: Clocks): Promise<SuspenseLine[]> {
  const lines: SuspenseLine[] = [];
  for (const account of await suspenseAccounts(db, bookId)) {
    const { balance, rule, items } = await itemsOf(db, bookId, account, clocks);
    const signed = (item: SuspenseItem) => (item.side === account.side ? item.remaining : -item.remaining);
    const sum = (some: readonly SuspenseItem[]) => ({
      items: some.length,
      amount: some.reduce((total, item) => total + signed(item), 0n),
    });
    const buckets = bucketLabels(rule.bucketDays).map((label) => ({
      label,
      ...sum(items.filter((item) => item.bucket === label)),
    }));
    const overLimit = { ...sum(items.filter((item) => item.overLimit)), limitDays: rule.limitDays };
    lines.push({ account, balance, items: items.length, buckets, overLimit });
  }
  return lines;
}

/** A match made by hand. Amount in minor units; instants are RFC 3339, UTC. */
export interface SuspenseMatch extends HandMatch {
  readonly matchId: string;
  readonly accountId: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly recordedAt: string;
  /** Null while it is in force. */
  readonly undone: { readonly actor: string; readonly reason: string; readonly recordedAt: string } | null;
}

/** The matches ever made on an account by hand, oldest first. */
export async function suspenseMatches(db: Queryable, bookId: number, accountId: string): Promise<SuspenseMatch[]> {
  return matchesWhere(db, 'm.book_id = $1 and m.account_id = $2', [bookId, accountId]);
}

/** One match, or undefined. */
export async function findMatch(db: Queryable, bookId: number, matchId: string): Promise<SuspenseMatch | undefined> {
  return (await matchesWhere(db, 'm.book_id = $1 and m.match_id = $2', [bookId, matchId]))[0];
}

async function matchesWhere(db: Queryable, condition: string, values: readonly unknown[]): Promise<SuspenseMatch[]> {
  const { rows } = await db.query<{
    match_id: string;
    account_id: string;
    item_id: string;
    clearing_id: string;
    amount_minor: bigint;
    actor: string;
    reason: string | null;
    recorded_at: string;
    ended_by: string | null;
    ended_because: string | null;
    ended_at: string | null;
  }>(
    `select m.match_id, m.account_id, m.item_id, m.clearing_id, m.amount_minor, m.actor, m.reason, m.recorded_at,
       e.actor as ended_by, e.reason as ended_because, e.recorded_at as ended_at
     from general_ledger.suspense_match m left join general_ledger.suspense_match_end e using (book_id, match_id)
     where ${condition} order by m.recorded_at, m.match_id`,
    values,
  );
  return rows.map((row) => ({
    matchId: row.match_id,
    accountId: row.account_id,
    itemId: row.item_id,
    clearingId: row.clearing_id,
    amount: row.amount_minor,
    actor: row.actor,
    reason: row.reason,
    recordedAt: row.recorded_at,
    undone:
      row.ended_at === null
        ? null
        : { actor: row.ended_by ?? '', reason: row.ended_because ?? '', recordedAt: row.ended_at },
  }));
}
