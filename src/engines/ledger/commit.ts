/** Writes a decided batch in one call of `ledger.commit_batch`. */
import { dateArray, hexArray, int2Array, int4Array, int8Array, type Queryable, uuidArray } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { type Counters, kinds, outcomeCodeNumber, zeroCounters } from './model.ts';
import type { AccountNow, Decided, ReferenceNow } from './post.ts';

export interface Committed {
  readonly firstSequence: bigint;
  readonly recordedAt: string;
}

/** A batch as the parameters of `ledger.commit_batch`, but for the book, the instant and the event id. */
export type EncodedBatch = readonly unknown[];

const PARAMETERS = 45;
const FINGERPRINT_BYTES = 32;
const commitSql = `select first_sequence, recorded_at from ledger.commit_batch(${Array.from(
  { length: PARAMETERS },
  (_, index) => `$${index + 1}`,
).join(', ')})`;

/**
 * Writes an encoded batch. Throws `database_conflict` (SQLSTATE 40001) when an account changed or an id was answered
 * since the batch was decided; nothing is written then.
 */
export async function commitBatch(
  db: Queryable,
  bookId: number,
  batch: EncodedBatch,
  recordedAt: string,
  eventId: string,
): Promise<Committed> {
  const { rows } = await db.query<{ first_sequence: bigint; recorded_at: string }>(
    commitSql,
    [bookId, recordedAt, ...batch, eventId],
    { prepare: true },
  );
  const committed = rows[0];
  invariant(committed !== undefined, 'commit_batch_answers');
  return { firstSequence: committed.first_sequence, recordedAt: committed.recorded_at };
}

/** The accounts that journal rows name, sorted by id: the order in which every writer locks. */
export function changedAccounts(decided: Decided): AccountNow[] {
  const changed = new Set<AccountNow>();
  for (const row of decided.rows) changed.add(row.debit).add(row.credit);
  return [...changed].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Lays a decided batch out as parameters. `changed` are its {@link changedAccounts} at the versions they were decided on. */
export function encodeBatch(decided: Decided, changed: readonly AccountNow[]): EncodedBatch {
  const { rows, firsts, debitDays, creditDays } = decided;
  const seen = seenAccounts(decided, changed);
  const codes = codeDays(decided);
  const pendings = pendingChanges(decided);
  const reversals = rows.filter((row) => row.prepared.kind === 'reverse');
  return [
    uuidArray(changed.map((account) => account.id)),
    int8Array(changed.map((account) => account.version)),
    int8Array(changed.map((account) => account.debitsPending)),
    int8Array(changed.map((account) => account.creditsPending)),
    int8Array(changed.map((account) => account.debitsPosted)),
    int8Array(changed.map((account) => account.creditsPosted)),
    seen.length === 0 ? null : uuidArray(seen.map((account) => account.id)),
    seen.length === 0 ? null : int8Array(seen.map((account) => account.version)),
    uuidArray(rows.map((row) => row.prepared.id)),
    int2Array(rows.map((row) => kinds.indexOf(row.prepared.kind))),
    uuidArray(rows.map((row) => row.debit.id)),
    uuidArray(rows.map((row) => row.credit.id)),
    int8Array(rows.map((row) => row.amount)),
    texts(rows.map((row) => row.debit.currency)),
    dateArray(rows.map((row) => row.effectiveDate)),
    orNull(
      rows.map((row) => row.prepared.relatedId),
      uuidArray,
    ),
    texts(rows.map((row) => row.prepared.expiresAt)),
    rows.some((row) => row.prepared.linked) ? texts(rows.map((row) => (row.prepared.linked ? 't' : 'f'))) : null,
    texts(rows.map((row) => row.prepared.type)),
    texts(rows.map((row) => row.prepared.description)),
    texts(rows.map((row) => row.prepared.reference)),
    int8Array(debitDays),
    int8Array(creditDays),
    rows.some((row) => row.released !== 0n) ? int8Array(rows.map((row) => row.released)) : null,
    uuidArray(firsts.map(({ answer }) => answer.id)),
    hexArray(
      firsts.map(({ fingerprint }) => fingerprint),
      FINGERPRINT_BYTES,
    ),
    int2Array(firsts.map(({ answer }) => outcomeCodeNumber.get(answer.code) ?? null)),
    int4Array(firsts.map(({ answer }) => (answer.row === null ? null : answer.row + 1))),
    pendings.length === 0 ? null : uuidArray(pendings.map(({ now }) => now.id)),
    int4Array(pendings.map(({ row }) => (row === null ? null : row + 1))),
    int8Array(pendings.map(({ now }) => now.remaining)),
    texts(pendings.map(({ now }) => now.ended)),
    texts(pendings.map(({ expiresAt }) => expiresAt)),
    reversals.length === 0 ? null : uuidArray(reversals.map((row) => row.prepared.relatedId)),
    uuidArray(reversals.map((row) => row.prepared.id)),
    texts(codes.map(({ currency }) => currency)),
    texts(codes.map(({ code }) => code)),
    dateArray(codes.map(({ date }) => date)),
    texts(codes.map(({ debitsPending }) => debitsPending.toString())),
    texts(codes.map(({ creditsPending }) => creditsPending.toString())),
    texts(codes.map(({ debitsPosted }) => debitsPosted.toString())),
    texts(codes.map(({ creditsPosted }) => creditsPosted.toString())),
  ];
}

/** PostgreSQL array text; null when all values are null, so that the common case sends nothing. */
function texts(values: readonly (string | null)[]): string | null {
  if (values.every((value) => value === null)) return null;
  return `{${values.map((value) => (value === null ? 'null' : quoted(value))).join(',')}}`;
}

function quoted(value: string): string {
  return `"${/[\\"]/.test(value) ? value.replace(/[\\"]/g, '\\$&') : value}"`;
}

function orNull<Value>(values: readonly (Value | null)[], encode: (values: readonly (Value | null)[]) => Buffer) {
  return values.every((value) => value === null) ? null : encode(values);
}

/** Accounts that decided a refusal and did not change. */
function seenAccounts(decided: Decided, changed: readonly AccountNow[]): AccountNow[] {
  if (decided.accounts.size === changed.length) return [];
  const written = new Set(changed);
  return [...decided.accounts.values()].filter((account) => !written.has(account));
}

interface CodeDay extends Counters {
  readonly currency: string;
  readonly code: string;
  readonly date: string;
}

/** What every chart-of-accounts code changed by, per effective date; sorted, so that writers lock in one order. */
function codeDays(decided: Decided): CodeDay[] {
  const byDate = new Map<string, Map<string, CodeDay>>();
  const of = (account: AccountNow, date: string): CodeDay => {
    let byCode = byDate.get(date);
    if (byCode === undefined) {
      byCode = new Map();
      byDate.set(date, byCode);
    }
    const key = account.currency + account.code;
    let totals = byCode.get(key);
    if (totals === undefined) {
      totals = { currency: account.currency, code: account.code, date, ...zeroCounters() };
      byCode.set(key, totals);
    }
    return totals;
  };
  for (const row of decided.rows) {
    const { kind } = row.prepared;
    const debit = of(row.debit, row.effectiveDate);
    const credit = of(row.credit, row.effectiveDate);
    if (kind === 'transfer' || kind === 'post' || kind === 'reverse') {
      debit.debitsPosted += row.amount;
      credit.creditsPosted += row.amount;
    }
    const pending = kind === 'pending' ? row.amount : -row.released;
    if (pending !== 0n) {
      debit.debitsPending += pending;
      credit.creditsPending += pending;
    }
  }
  const sortKey = (totals: CodeDay) => `${totals.date}${totals.currency}${totals.code}`;
  return [...byDate.values()]
    .flatMap((byCode) => [...byCode.values()])
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

interface PendingChange {
  readonly now: ReferenceNow;
  readonly row: number | null;
  readonly expiresAt: string | null;
}

/** Pending transfers that are new (with the index of their journal row) or whose remainder changed. */
function pendingChanges(decided: Decided): PendingChange[] {
  const changes = new Map<string, PendingChange>();
  for (const [index, { prepared }] of decided.rows.entries()) {
    const { kind } = prepared;
    const isNew = kind === 'pending';
    const settles = kind === 'post' || kind === 'void' || kind === 'expire';
    const id = isNew ? prepared.id : settles ? prepared.relatedId : null;
    if (id === null || changes.has(id)) continue;
    const now = decided.references.get(id);
    invariant(now !== undefined, 'a_changed_pending_transfer_is_in_the_batch');
    changes.set(id, { now, row: isNew ? index : null, expiresAt: isNew ? prepared.expiresAt : null });
  }
  return [...changes.values()];
}
