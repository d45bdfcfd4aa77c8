/** Writes a decided batch in one call of `ledger.commit_batch`. */
import { dateArray, hexArray, int2Array, int4Array, int8Array, type Queryable, uuidArray } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { type AccountNow, type Decided, deltaOf, type GroupNow, type ReferenceNow, type WindowNow } from './batch.ts';
import { type GroupDelta, groupDeltas, wide } from './deltas.ts';
import { type Counters, type Kind, kinds, outcomeCodeNumber, zeroCounters } from './model.ts';

export interface Committed {
  readonly firstSequence: bigint;
  readonly recordedAt: string;
}

/** A batch as the parameters of `ledger.commit_batch`, but for the book, the instant and the event id. */
export type EncodedBatch = readonly unknown[];

const PARAMETERS = 65;
const FINGERPRINT_BYTES = 32;
const commitSql = `select ledger.commit_batch(${Array.from({ length: PARAMETERS }, (_, index) => `$${index + 1}`).join(
  ', ',
)}) as committed`;

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
  const { rows } = await db.query<{ committed: { first_sequence: string; recorded_at: string } }>(
    commitSql,
    [bookId, recordedAt, ...batch, eventId],
    { prepare: true },
  );
  const committed = rows[0]?.committed;
  invariant(committed !== undefined, 'commit_batch_answers');
  return { firstSequence: BigInt(committed.first_sequence), recordedAt: committed.recorded_at };
}

/** Lays a decided batch out as parameters; accounts at the versions they were decided on. */
export function encodeBatch(decided: Decided): EncodedBatch {
  const { rows, firsts, debitDays, creditDays } = decided;
  // In the order of the balances' index, which the update then walks from one end to the other.
  const changed = decided.changed.sort((a, b) => (a.id < b.id ? -1 : 1));
  const seen = decided.seen;
  const codes = codeDays(decided);
  const pendings = pendingChanges(decided);
  const reversals = rows.filter((row) => row.prepared.kind === 'reverse');
  return [
    uuidArray(changed, (account) => account.id),
    int8Array(changed, (account) => account.version),
    int8Array(changed, (account) => account.debitsPending),
    int8Array(changed, (account) => account.creditsPending),
    int8Array(changed, (account) => account.debitsPosted),
    int8Array(changed, (account) => account.creditsPosted),
    seen.length === 0 ? null : uuidArray(seen, (account) => account.id),
    seen.length === 0 ? null : int8Array(seen, (account) => account.version),
    uuidArray(rows, (row) => row.prepared.id),
    int2Array(rows, (row) => kindNumber.get(row.prepared.kind) ?? null),
    uuidArray(rows, (row) => row.debit.id),
    uuidArray(rows, (row) => row.credit.id),
    int8Array(rows, (row) => row.amount),
    texts(rows, (row) => row.debit.currency),
    dateArray(rows, (row) => row.effectiveDate),
    rows.some((row) => row.prepared.relatedId !== null) ? uuidArray(rows, (row) => row.prepared.relatedId) : null,
    texts(rows, (row) => row.prepared.expiresAt),
    rows.some((row) => row.prepared.linked) ? texts(rows, (row) => (row.prepared.linked ? 't' : 'f')) : null,
    texts(rows, (row) => row.prepared.type),
    texts(rows, (row) => row.prepared.description),
    texts(rows, (row) => row.prepared.reference),
    int8Array(debitDays, itself),
    int8Array(creditDays, itself),
    rows.some((row) => row.released !== 0n) ? int8Array(rows, (row) => row.released) : null,
    uuidArray(firsts, ({ answer }) => answer.id),
    hexArray(firsts, ({ fingerprint }) => fingerprint, FINGERPRINT_BYTES),
    int2Array(firsts, ({ answer }) => outcomeCodeNumber.get(answer.code) ?? null),
    int4Array(firsts, ({ answer }) => (answer.row === null ? null : answer.row + 1)),
    pendings.length === 0 ? null : uuidArray(pendings, ({ now }) => now.id),
    int4Array(pendings, ({ row }) => (row === null ? null : row + 1)),
    int8Array(pendings, ({ now }) => now.remaining),
    texts(pendings, ({ now }) => now.ended),
    texts(pendings, ({ expiresAt }) => expiresAt),
    reversals.length === 0 ? null : uuidArray(reversals, (row) => row.prepared.relatedId),
    uuidArray(reversals, (row) => row.prepared.id),
    texts(codes, ({ currency }) => currency),
    texts(codes, ({ code }) => code),
    dateArray(codes, ({ date }) => date),
    texts(codes, ({ debitsPending }) => debitsPending.toString()),
    texts(codes, ({ creditsPending }) => creditsPending.toString()),
    texts(codes, ({ debitsPosted }) => debitsPosted.toString()),
    texts(codes, ({ creditsPosted }) => creditsPosted.toString()),
    decided.closing.closedThrough,
    decided.closing.sealedThrough,
    rows.some((row) => row.prepared.adjustment) ? texts(rows, (row) => (row.prepared.adjustment ? 't' : 'f')) : null,
    texts(changed, usageText),
    instantOf(decided.windowFromMs),
    instantOf(decided.windowUntilMs),
    ...encodeGroups(decided),
  ];
}

function instantOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** What the windows of an account or group have counted, as text of a bigint[]; null when it has none. */
function usageText({ windows, otherUsage }: Pick<AccountNow | GroupNow, 'windows' | 'otherUsage'>): string | null {
  if (windows.length === 0) return null;
  const numbers = windows.map(({ id, bucket, count, amount }: WindowNow) => `${id},${bucket},${count},${amount}`);
  return `{${[...numbers, ...otherUsage].join(',')}}`;
}

function encodeGroups(decided: Decided): unknown[] {
  const { guards } = decided;
  const changed = new Map([...decided.guardsChanged].map((group) => [group.key, group]));
  const { currencies, present, daily } = groupDeltas(decided.rows);
  return [
    guards.length === 0 ? null : int4Array(guards, ({ groupId }) => groupId),
    guards.length === 0 ? null : texts(guards, ({ currency }) => currency),
    guards.length === 0 ? null : int8Array(guards, ({ version }) => version),
    texts(currencies, itself),
    ...encodeDeltas(present),
    texts(present, ({ groupId, currency }) => {
      const group = changed.get(`${groupId}${currencies[currency - 1]}`);
      return group === undefined ? null : usageText(group);
    }),
    ...encodeDays(daily),
  ];
}

function encodeDeltas(deltas: readonly GroupDelta[]): unknown[] {
  if (deltas.length === 0) return [null, null, null, null];
  return [
    int4Array(deltas, ({ groupId }) => groupId),
    int2Array(deltas, ({ currency }) => currency),
    ...encodeValues(deltas),
  ];
}

function encodeDays(deltas: readonly GroupDelta[]): unknown[] {
  if (deltas.length === 0) return [null, null, null, null, null];
  return [
    int4Array(deltas, ({ groupId }) => groupId),
    int2Array(deltas, ({ currency }) => currency),
    dateArray(deltas, ({ date }) => date),
    ...encodeValues(deltas),
  ];
}

/** The deltas as bigint[], or as numeric[] when one of them needs more than 64 bits. */
function encodeValues(deltas: readonly GroupDelta[]): [Buffer | null, string | null] {
  const values = deltas.flatMap((delta) => delta.values);
  return wide(values) ? [null, `{${values.join(',')}}`] : [int8Array(values, itself), null];
}

const kindNumber: ReadonlyMap<Kind, number> = new Map(kinds.map((kind, index) => [kind, index]));

function itself<Value>(value: Value): Value {
  return value;
}

/** PostgreSQL array text; null when all values are null, so that the common case sends nothing. */
function texts<Item>(items: readonly Item[], of: (item: Item) => string | null): string | null {
  let text = '';
  let some = false;
  for (const item of items) {
    const value = of(item);
    some ||= value !== null;
    text += value === null ? ',null' : `,${quoted(value)}`;
  }
  return some ? `{${text.slice(1)}}` : null;
}

function quoted(value: string): string {
  return `"${/[\\"]/.test(value) ? value.replace(/[\\"]/g, '\\$&') : value}"`;
}

interface CodeDay extends Counters {
  readonly currency: string;
  readonly code: string;
  readonly date: string;
}

/** What every chart-of-accounts code changed by, per effective date, in that order. */
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
    const { pending, posted } = deltaOf(row);
    const debit = of(row.debit, row.effectiveDate);
    const credit = of(row.credit, row.effectiveDate);
    if (posted !== 0n) {
      debit.debitsPosted += posted;
      credit.creditsPosted += posted;
    }
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
