/** Loading what requests need, and the entrance inside a caller's open transaction. */
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText, isoDateOf, Temporal } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { newId } from '#kernel/ids';
import {
  type AccountNow,
  type Answer,
  type BatchView,
  type Decided,
  type DecisionTime,
  dayOf,
  effectiveDateOf,
  type GroupNow,
  type ReferenceNow,
} from './batch.ts';
import { type Committed, commitBatch, encodeBatch } from './commit.ts';
import type { Outcome } from './model.ts';
import { decide } from './post.ts';
import type { Prepared } from './prepare.ts';
import { loadDays, lockBook, readAccounts, readAnswers, readClosing, readGroups, readReferences } from './store.ts';

export type Requests = readonly (readonly Prepared[])[];

/** The one present instant of a batch. */
export interface BatchTime extends DecisionTime {
  readonly text: string;
}

/**
 * Present time, but after the journal's `last` instant, as `ledger.commit_batch` has it: a journal does not go back when
 * its server's clock does.
 */
export function batchTime(clock: Clock, timeZone: string, last: string | null = null): BatchTime {
  let instant = clock.now();
  if (last !== null) {
    const least = Temporal.Instant.from(last).add({ microseconds: 1 });
    if (Temporal.Instant.compare(instant, least) < 0) instant = least;
  }
  return {
    text: instantText(instant),
    nowMs: instant.epochMilliseconds,
    businessDate: isoDateOf(instant, timeZone),
  };
}

/**
 * Decides and writes transfers inside an open transaction, which holds the book from here on. The outcomes hold only if
 * the transaction commits.
 */
export async function decideInTransaction(
  context: { readonly clock: Clock; readonly timeZone: string },
  tx: Transaction,
  bookId: number,
  requests: Requests,
): Promise<{ outcomes: Outcome[][]; decided: Decided }> {
  const last = await lockBook(tx, bookId);
  const time = batchTime(context.clock, context.timeZone, last);
  const references = await referencesOf(tx, bookId, requests);
  const ids = [...accountsOf(requests, references)];
  const accounts = new Map((await readAccounts(tx, bookId, ids)).map((account) => [account.id, account]));
  const groups = new Map<string, GroupNow>();
  await loadGroups(tx, bookId, accounts.values(), groups);
  const closing = await readClosing(tx, bookId);
  await daysOf(tx, bookId, requests, references, accounts, time.businessDate);
  const transferIds = [...new Set(requests.flatMap((request) => request.map((transfer) => transfer.id)))];
  const known = new Map((await readAnswers(tx, bookId, transferIds)).map((answer) => [answer.id, answer]));
  const view: BatchView = {
    account: (id) => accounts.get(id),
    reference: (id) => references.get(id),
    known: (id) => known.get(id),
    group: (key) => groups.get(key),
    closing: () => closing,
  };
  const decided = decide(requests, view, time);
  if (decided.firsts.length === 0) return { outcomes: outcomesOf(decided, null, time.text), decided };
  const committed = await commitBatch(tx, bookId, encodeBatch(decided), time.text, newId(context.clock));
  written(decided);
  return { outcomes: outcomesOf(decided, committed, time.text), decided };
}

/** Writing a batch makes the versions of all it changed grow. */
export function written(decided: Decided): void {
  for (const account of decided.changed) account.version += 1n;
  for (const group of decided.guardsChanged) group.version += 1n;
}

/** Loads the groups that bind these accounts and are not loaded yet. */
export async function loadGroups(
  db: Queryable,
  bookId: number,
  accounts: Iterable<AccountNow>,
  groups: Map<string, GroupNow>,
): Promise<void> {
  const wanted = new Map<string, { key: string; groupId: number; currency: string }>();
  for (const { guards, currency } of accounts) {
    for (const key of guards) {
      if (!groups.has(key)) wanted.set(key, { key, groupId: Number.parseInt(key, 10), currency });
    }
  }
  if (wanted.size === 0) return;
  for (const group of await readGroups(db, bookId, [...wanted.values()])) groups.set(group.key, group);
}

/**
 * The accepted transfers that others refer to. Given the accounts that were read meanwhile, those with other accounts
 * are left out: they were accepted after this batch began to look, so for it they are not there yet.
 */
export async function referencesOf(
  db: Queryable,
  bookId: number,
  requests: Requests,
  accounts?: ReadonlyMap<string, AccountNow>,
): Promise<Map<string, ReferenceNow>> {
  const ids = new Set<string>();
  for (const request of requests) {
    for (const transfer of request) {
      if (transfer.relatedId !== null && transfer.fault === null) ids.add(transfer.relatedId);
    }
  }
  if (ids.size === 0) return new Map();
  const rows = await readReferences(db, bookId, [...ids]);
  const usable = rows.filter(
    (row) =>
      accounts === undefined ||
      row.kind === 'archived' ||
      (accounts.has(row.debitAccountId) && accounts.has(row.creditAccountId)),
  );
  return new Map(usable.map((row) => [row.id, row]));
}

/** The accounts the requests may touch, without those that are there already. */
export function accountsOf(
  requests: Requests,
  references: ReadonlyMap<string, ReferenceNow>,
  there?: ReadonlyMap<string, AccountNow>,
): Set<string> {
  const ids = new Set<string>();
  const name = (id: string) => {
    if (there === undefined || !there.has(id)) ids.add(id);
  };
  for (const request of requests) {
    for (const { fault, debitAccountId, creditAccountId } of request) {
      if (fault !== null || debitAccountId === null || creditAccountId === null) continue;
      name(debitAccountId);
      name(creditAccountId);
    }
  }
  for (const reference of references.values()) {
    if (reference.kind === 'archived') continue;
    name(reference.debitAccountId);
    name(reference.creditAccountId);
  }
  return ids;
}

/** Loads the day totals that the batch will touch and that are not loaded yet. */
export async function daysOf(
  db: Queryable,
  bookId: number,
  requests: Requests,
  references: ReadonlyMap<string, ReferenceNow>,
  accounts: ReadonlyMap<string, AccountNow>,
  businessDate: string,
): Promise<void> {
  const wanted: { account: AccountNow; date: string }[] = [];
  const asked = new Set<string>();
  const want = (id: string, date: string) => {
    const account = accounts.get(id);
    if (account === undefined || dayOf(account, date) !== undefined) return;
    const key = `${date}${id}`;
    if (asked.has(key)) return;
    asked.add(key);
    wanted.push({ account, date });
  };
  // A transfer may refer to one that comes earlier in the same batch; few batches hold such.
  const refers = requests.some((request) => request.some((transfer) => transfer.relatedId !== null));
  const earlier = new Map<string, Prepared | ReferenceNow>();
  for (const request of requests) {
    for (const transfer of request) {
      if (transfer.fault !== null) continue;
      const reference = transfer.relatedId === null ? undefined : references.get(transfer.relatedId);
      const named = transfer.relatedId === null ? transfer : (reference ?? earlier.get(transfer.relatedId));
      if (named === undefined || named.debitAccountId === null || named.creditAccountId === null) continue;
      if (refers && !earlier.has(transfer.id)) earlier.set(transfer.id, named);
      const date = effectiveDateOf(transfer, reference, businessDate);
      want(named.debitAccountId, date);
      want(named.creditAccountId, date);
    }
  }
  if (wanted.length > 0) await loadDays(db, bookId, wanted);
}

/** The answers as callers get them, once the batch is written (null: nothing was to be written). */
export function outcomesOf(decided: Decided, committed: Committed | null, decidedAt: string): Outcome[][] {
  return decided.answers.map((request) => request.map((answer) => outcomeOf(answer, committed, decidedAt)));
}

/** `decidedAt` stands in where nothing was recorded: an id that was reused with other content has only its first answer. */
function outcomeOf(answer: Answer, committed: Committed | null, decidedAt: string): Outcome {
  const status = answer.code === 'accepted' ? 'accepted' : 'refused';
  const { id, code, known } = answer;
  if (known !== null) {
    const first = 'fingerprint' in known ? known : outcomeOf(known, committed, decidedAt);
    return { id, status, code, sequence: first.sequence, recordedAt: first.recordedAt, repeated: true };
  }
  invariant(answer.row === null || committed !== null, 'an_accepted_transfer_is_committed');
  const sequence = answer.row === null || committed === null ? null : committed.firstSequence + BigInt(answer.row);
  return { id, status, code, sequence, recordedAt: committed?.recordedAt ?? decidedAt, repeated: false };
}
