/** The table of transfers between books. */
import type { OutcomeCode } from '#engines/ledger';
import type { Database, Queryable } from '#kernel/database';
import type { EntityTransfer, Half, TransferState } from './model.ts';

interface Row {
  transfer_id: string;
  fingerprint: string;
  entity_code: string;
  debitBookId: number;
  creditBookId: number;
  debit_account_id: string;
  credit_account_id: string;
  amount_minor: bigint;
  currency: string;
  effective_date: string;
  adjustment: boolean;
  type: string | null;
  description: string | null;
  reference: string | null;
  state: TransferState;
  attempt: number;
  reversal_date: string;
  reversed: boolean;
  refused_side: Half | null;
  code: OutcomeCode | null;
  registered_at: string;
  ended_at: string | null;
}

const columns = `transfer_id, encode(fingerprint, 'hex') as fingerprint, entity_code,
  debit_book_id as "debitBookId", credit_book_id as "creditBookId", debit_account_id, credit_account_id, amount_minor, currency, effective_date, adjustment, type, description, reference, state,
  attempt, reversal_date, reversed, refused_side, code, registered_at, ended_at`;

function transferOf(row: Row): EntityTransfer {
  return {
    id: row.transfer_id,
    fingerprint: row.fingerprint,
    entityCode: row.entity_code,
    debitBookId: row.debitBookId,
    creditBookId: row.creditBookId,
    debitAccountId: row.debit_account_id,
    creditAccountId: row.credit_account_id,
    amount: row.amount_minor,
    currency: row.currency,
    effectiveDate: row.effective_date,
    adjustment: row.adjustment,
    type: row.type,
    description: row.description,
    reference: row.reference,
    state: row.state,
    attempt: row.attempt,
    reversalDate: row.reversal_date,
    reversed: row.reversed,
    refusedSide: row.refused_side,
    code: row.code,
    registeredAt: row.registered_at,
    endedAt: row.ended_at,
  };
}

/** Registers transfers whose ids are not there yet, from then on due at `dueAt`; returns the ids of these. */
export async function register(
  db: Queryable,
  transfers: readonly EntityTransfer[],
  dueAt: string,
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ transfer_id: string }>(
    `insert into books.transfer (transfer_id, fingerprint, entity_code, debit_book_id, credit_book_id, debit_account_id,
       credit_account_id, amount_minor, currency, effective_date, reversal_date, type, description, reference, state,
       registered_at, due_at, adjustment)
     select u.id, decode(u.fingerprint, 'hex'), u.entity, u.debit_book, u.credit_book, u.debit_account, u.credit_account,
       u.amount, u.currency, u.effective_date, u.effective_date, u.type, u.description, u.reference, 'registered',
       u.registered_at, $14, u.adjustment
     from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::uuid[], $7::uuid[], $8::bigint[],
       $9::text[], $10::date[], $11::text[], $12::text[], $13::text[], $15::timestamptz[], $16::boolean[])
       as u (id, fingerprint, entity, debit_book, credit_book, debit_account, credit_account, amount, currency,
         effective_date, type, description, reference, registered_at, adjustment)
     order by u.id
     on conflict (transfer_id) do nothing
     returning transfer_id`,
    [
      transfers.map(({ id }) => id),
      transfers.map(({ fingerprint }) => fingerprint),
      transfers.map(({ entityCode }) => entityCode),
      transfers.map(({ debitBookId }) => debitBookId),
      transfers.map(({ creditBookId }) => creditBookId),
      transfers.map(({ debitAccountId }) => debitAccountId),
      transfers.map(({ creditAccountId }) => creditAccountId),
      transfers.map(({ amount }) => amount),
      transfers.map(({ currency }) => currency),
      transfers.map(({ effectiveDate }) => effectiveDate),
      transfers.map(({ type }) => type),
      transfers.map(({ description }) => description),
      transfers.map(({ reference }) => reference),
      dueAt,
      transfers.map(({ registeredAt }) => registeredAt),
      transfers.map(({ adjustment }) => adjustment),
    ],
  );
  return new Set(rows.map((row) => row.transfer_id));
}

/** The transfers of these ids, in no particular order. */
export async function readTransfers(db: Queryable, ids: readonly string[]): Promise<EntityTransfer[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<Row>(`select ${columns} from books.transfer where transfer_id = any($1::uuid[])`, [
    ids,
  ]);
  return rows.map(transferOf);
}

/** The transfers of an entity that have not ended, the oldest first. */
export async function openTransfers(db: Queryable, entityCode: string): Promise<EntityTransfer[]> {
  const { rows } = await db.query<Row>(
    `select ${columns} from books.transfer where entity_code = $1 and ended_at is null order by registered_at, transfer_id`,
    [entityCode],
  );
  return rows.map(transferOf);
}

/** One step of a transfer: from what was read to what follows. */
export interface Advance {
  readonly from: EntityTransfer;
  readonly to: EntityTransfer;
  /** Set when the transfer waits for another attempt. */
  readonly dueAt: string | null;
}

/** Writes steps of transfers that are still where they were read; returns the ids of these. */
export async function advance(db: Database, advances: readonly Advance[]): Promise<ReadonlySet<string>> {
  // In a transaction, which is run again when two processes meet the wrong way round.
  const { rows } = await db.transaction((tx) =>
    tx.query<{ transfer_id: string }>(
      `update books.transfer t
       set state = u.state, attempt = u.attempt, reversal_date = u.reversal_date, reversed = u.reversed,
         refused_side = u.side, code = u.code, due_at = coalesce(u.due_at, t.due_at), ended_at = u.ended_at
       from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::integer[], $6::date[], $7::boolean[], $8::text[],
         $9::text[], $10::timestamptz[], $11::timestamptz[]) as u (id, from_state, from_attempt, state, attempt,
         reversal_date, reversed, side, code, due_at, ended_at)
       where t.transfer_id = u.id and t.state = u.from_state and t.attempt = u.from_attempt
       returning t.transfer_id`,
      [
        advances.map(({ from }) => from.id),
        advances.map(({ from }) => from.state),
        advances.map(({ from }) => from.attempt),
        advances.map(({ to }) => to.state),
        advances.map(({ to }) => to.attempt),
        advances.map(({ to }) => to.reversalDate),
        advances.map(({ to }) => to.reversed),
        advances.map(({ to }) => to.refusedSide),
        advances.map(({ to }) => to.code),
        advances.map(({ dueAt }) => dueAt),
        advances.map(({ to }) => to.endedAt),
      ],
    ),
  );
  return new Set(rows.map((row) => row.transfer_id));
}

/** Takes up to `limit` transfers that are due and not being taken by another process, which are then due at `dueAt`. */
export async function claimDue(db: Database, now: string, dueAt: string, limit: number): Promise<EntityTransfer[]> {
  const { rows } = await db.transaction((tx) =>
    tx.query<Row>(
      `update books.transfer set due_at = $2
       where transfer_id = any(array(select transfer_id from books.transfer where ended_at is null and due_at <= $1
         order by due_at limit $3 for update skip locked))
       returning ${columns}`,
      [now, dueAt, limit],
    ),
  );
  return rows.map(transferOf);
}

/** What all ended transfers of an entity come to, per pair of books and currency; sums in minor units. */
export async function endedSums(
  db: Queryable,
  entityCode: string,
): Promise<{ debitBookId: number; creditBookId: number; currency: string; accepted: bigint; reversed: bigint }[]> {
  const { rows } = await db.query<{
    debitBookId: number;
    creditBookId: number;
    currency: string;
    accepted: string;
    reversed: string;
  }>(
    `select debit_book_id as "debitBookId", credit_book_id as "creditBookId", currency,
       coalesce(sum(amount_minor) filter (where state = 'accepted'), 0)::text as accepted,
       coalesce(sum(amount_minor) filter (where state = 'refused' and reversed), 0)::text as reversed
     from books.transfer where entity_code = $1 and ended_at is not null
     group by debit_book_id, credit_book_id, currency`,
    [entityCode],
  );
  return rows.map((row) => ({ ...row, accepted: BigInt(row.accepted), reversed: BigInt(row.reversed) }));
}
