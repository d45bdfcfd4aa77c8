/** Earmarks as they are kept and read, and the transfer that holds one. What still stands is what the ledger holds. */
import { type PendingNow, readPendings, type Side, type TransferInput } from '#engines/ledger';
import type { Queryable } from '#kernel/database';
import { parseInstant } from '#kernel/dates';
import { earmarkAccountOf } from './model.ts';

/** What became of an earmark, one line each time. Amounts in minor units. */
export interface EarmarkStep {
  readonly number: number;
  readonly action: 'set' | 'use' | 'release';
  readonly useId: string | null;
  /** The pending transfer that holds what is left after this step; null: nothing. */
  readonly pendingId: string | null;
  readonly transferId: string | null;
  readonly toAccountId: string | null;
  readonly amount: bigint;
  readonly actor: string;
  readonly reason: string | null;
  readonly recordedAt: string;
}

/** voided, posted: somebody ended the hold in the ledger itself. */
export type EarmarkState = 'active' | 'used' | 'released' | 'expired' | 'voided' | 'posted';

export interface Earmark {
  readonly id: string;
  readonly customer: string;
  readonly accountId: string;
  readonly currency: string;
  /** As it was set; minor units. */
  readonly amount: bigint;
  /** What the ledger still holds; minor units. */
  readonly remaining: bigint;
  readonly state: EarmarkState;
  readonly purpose: string;
  readonly expiresAt: string | null;
  readonly actor: string;
  readonly recordedAt: string;
  readonly steps: readonly EarmarkStep[];
}

export interface EarmarkFilter {
  readonly ids?: readonly string[];
  readonly customer?: string;
  readonly after?: string | undefined;
  readonly limit?: number;
}

/** The earmarks of a filter, in the order of their ids, as of the instant `now`. Call it in a repeatable-read transaction. */
export async function readEarmarks(
  on: Queryable,
  bookId: number,
  filter: EarmarkFilter,
  now: string,
): Promise<Earmark[]> {
  const { rows } = await on.query<Omit<Earmark, 'remaining' | 'state' | 'steps'>>(
    `select earmark_id as id, customer_key as customer, account_id as "accountId", currency, amount_minor as amount,
       purpose, expires_at as "expiresAt", actor, recorded_at as "recordedAt"
     from account_centre.earmark
     where book_id = $1 and ($2::uuid[] is null or earmark_id = any ($2)) and ($3::text is null or customer_key = $3)
       and ($4::uuid is null or earmark_id > $4)
     order by earmark_id limit $5`,
    [bookId, filter.ids ?? null, filter.customer ?? null, filter.after ?? null, filter.limit ?? null],
  );
  const ids = rows.map(({ id }) => id);
  const { rows: steps } = await on.query<EarmarkStep & { earmarkId: string }>(
    `select earmark_id as "earmarkId", number, action, use_id as "useId", pending_id as "pendingId",
       transfer_id as "transferId", to_account_id as "toAccountId", amount_minor as amount, actor, reason,
       recorded_at as "recordedAt"
     from account_centre.earmark_step where book_id = $1 and earmark_id = any ($2::uuid[]) order by earmark_id, number`,
    [bookId, ids],
  );
  const byEarmark = Map.groupBy(steps, ({ earmarkId }) => earmarkId);
  const latest = [...byEarmark.values()].flatMap((all) => all.at(-1)?.pendingId ?? []);
  const pendings = await readPendings(on, bookId, latest);
  return rows.map((row) => {
    const own = (byEarmark.get(row.id) ?? []).map(({ earmarkId: _, ...step }) => step);
    const last = own.at(-1);
    const held = last?.pendingId == null ? undefined : pendings.get(last.pendingId);
    const state = stateOf(last, held, now);
    return { ...row, remaining: state === 'active' ? (held?.remaining ?? 0n) : 0n, state, steps: own };
  });
}

/** The step of a use, when there is one. */
export async function useBefore(db: Queryable, bookId: number, useId: string) {
  const { rows } = await db.query<{ earmarkId: string; toAccountId: string; amount: bigint }>(
    `select earmark_id as "earmarkId", to_account_id as "toAccountId", amount_minor as amount
     from account_centre.earmark_step where book_id = $1 and use_id = $2`,
    [bookId, useId],
  );
  return rows[0];
}

/** The statement of a step, to commit with its transfers. */
export function stepStatement(bookId: number, earmarkId: string, step: Omit<EarmarkStep, 'recordedAt'>, at: string) {
  return {
    sql: `insert into account_centre.earmark_step (book_id, earmark_id, number, action, use_id, pending_id, transfer_id,
        to_account_id, amount_minor, actor, reason, recorded_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      bookId,
      earmarkId,
      step.number,
      step.action,
      step.useId,
      step.pendingId,
      step.transferId,
      step.toAccountId,
      step.amount,
      step.actor,
      step.reason,
      at,
    ],
  };
}

/** The transfer that holds an amount for an earmark; what tells two earmarks of one id apart is in its content. */
export function hold(
  id: string,
  earmark: Pick<Earmark, 'id' | 'accountId' | 'purpose' | 'currency' | 'expiresAt'>,
  side: Side,
  amount: bigint,
): TransferInput {
  const technical = earmarkAccountOf(earmark.accountId);
  const [debitAccountId, creditAccountId] =
    side === 'credit' ? [earmark.accountId, technical] : [technical, earmark.accountId];
  const { currency, expiresAt } = earmark;
  const words = { type: 'earmark', description: earmark.purpose, reference: earmark.id };
  return {
    id,
    kind: 'pending',
    debitAccountId,
    creditAccountId,
    amount,
    currency,
    expiresAt: expiresAt ?? undefined,
    ...words,
  };
}

/** What an earmark is now, by its last step and what the ledger says of its hold. */
export function stateOf(last: EarmarkStep | undefined, held: PendingNow | undefined, now: string): EarmarkState {
  if (last?.pendingId == null) return last?.action === 'release' ? 'released' : 'used';
  if (held?.ended != null) return held.ended;
  const due =
    held?.expiresAt != null && parseInstant(held.expiresAt).epochNanoseconds <= parseInstant(now).epochNanoseconds;
  return due ? 'expired' : 'active';
}
