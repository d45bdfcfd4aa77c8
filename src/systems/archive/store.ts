/** The SQL of this room: how far a journal may be archived, and taking archived rows out of it. */
import { MAX_BATCH } from '#engines/ledger';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import type { AccountLine, TotalsText } from './model.ts';

/** How far a journal may be archived, and what stands in front of the rest. */
export interface Cut {
  /** The last row that is archived already; 0: none. */
  readonly from: bigint;
  /** The last row that may be archived now; `from` when there is none. */
  readonly through: bigint;
  /** What keeps the rows behind it. */
  readonly stoppedBy: 'nothing' | 'retention' | 'not_sealed' | 'consumer';
  /** Of `not_sealed` the first row that is not; of `consumer` its name. */
  readonly detail: string | null;
}

/**
 * Rows may be archived, in their order, that were recorded before an instant, count from days before it that are sealed, and
 * were seen by all readers of the book's events.
 */
export async function readCut(
  db: Queryable,
  bookId: number,
  limit: { readonly recordedBefore: string; readonly effectiveThrough: string },
): Promise<Cut> {
  const { rows } = await db.query<{ from: bigint; last: bigint; known: bigint | null; sealed: string | null }>(
    `select coalesce(x.through_sequence, 0) as from, e.sequence as last,
       ledger.sequence_at($1, $2::timestamptz - interval '1 microsecond') as known, e.sealed_through as sealed
     from ledger.journal_end e left join ledger.archive_end x using (book_id) where e.book_id = $1`,
    [bookId, limit.recordedBefore],
  );
  const [row] = rows;
  if (row === undefined) return { from: 0n, through: 0n, stoppedBy: 'nothing', detail: null };
  const { from, last, sealed } = row;
  const known = row.known ?? from;
  if (known <= from) return { from, through: from, stoppedBy: last > from ? 'retention' : 'nothing', detail: null };
  const cut = { from, through: known, stoppedBy: known < last ? 'retention' : 'nothing', detail: null } as const;
  const open = await firstOpen(db, bookId, from, known, sealed, limit.effectiveThrough);
  const handled = await readersAt(db, bookId);
  if (handled !== null && handled.sequence < (open ?? known + 1n) - 1n && handled.sequence < known) {
    const through = handled.sequence < from ? from : handled.sequence;
    return { from, through, stoppedBy: 'consumer', detail: handled.consumer };
  }
  if (open === null) return cut;
  const through = await endOfBatch(db, bookId, open - 1n);
  return { from, through: through < from ? from : through, stoppedBy: 'not_sealed', detail: String(open) };
}

/** The first row that counts from a day that is not sealed, or too young. */
async function firstOpen(
  db: Queryable,
  bookId: number,
  from: bigint,
  through: bigint,
  sealed: string | null,
  effectiveThrough: string,
): Promise<bigint | null> {
  const { rows } = await db.query<{ sequence: bigint }>(
    `select sequence from ledger.transfer
     where book_id = $1 and sequence > $2 and sequence <= $3
       and not coalesce(effective_date <= least($4::date, $5::date) and $4::date is not null, false)
     order by sequence limit 1`,
    [bookId, from, through, sealed, effectiveThrough],
  );
  return rows[0]?.sequence ?? null;
}

/** The reader of the book's events that is furthest behind, and the last row it was told of; null when there are none. */
async function readersAt(db: Queryable, bookId: number) {
  const { rows } = await db.query<{ consumer: string; sequence: bigint }>(
    `select c.consumer, coalesce((
         select (e.payload ->> 'last_sequence')::bigint from kernel.event e
         where e.book_id = c.book_id and e.type = 'ledger.posted' and e.position <= c.position
         order by e.position desc limit 1), 0) as sequence
     from kernel.consumer_checkpoint c where c.book_id = $1 order by c.position limit 1`,
    [bookId],
  );
  return rows[0] ?? null;
}

/** The last row at or before a sequence that ends a batch; 0 when there is none. */
export async function endOfBatch(db: Queryable, bookId: number, sequence: bigint): Promise<bigint> {
  const { rows } = await db.query<{ sequence: bigint }>(
    `select t.sequence from ledger.transfer t
     left join ledger.transfer n on n.book_id = t.book_id and n.sequence = t.sequence + 1
     where t.book_id = $1 and t.sequence <= $2 and t.sequence > $2 - ${MAX_BATCH}
       and n.recorded_at is distinct from t.recorded_at
     order by t.sequence desc limit 1`,
    [bookId, sequence],
  );
  return rows[0]?.sequence ?? 0n;
}

/** The first row behind a sequence that ends a batch. */
export async function nextEndOfBatch(db: Queryable, bookId: number, sequence: bigint): Promise<bigint> {
  const { rows } = await db.query<{ sequence: bigint }>(
    `select t.sequence from ledger.transfer t
     left join ledger.transfer n on n.book_id = t.book_id and n.sequence = t.sequence + 1
     where t.book_id = $1 and t.sequence > $2 and t.sequence <= $2 + ${MAX_BATCH}
       and n.recorded_at is distinct from t.recorded_at
     order by t.sequence limit 1`,
    [bookId, sequence],
  );
  const [row] = rows;
  invariant(row !== undefined, 'every_batch_has_an_end');
  return row.sequence;
}

/** What accounts are, and what they carry forward already; by id. */
export async function readAccountLines(
  db: Queryable,
  bookId: number,
  ids: readonly string[],
): Promise<Map<string, Omit<AccountLine, 'moved'>>> {
  const { rows } = await db.query<Omit<AccountLine, 'moved' | 'carried'> & TotalsText>(
    `select a.account_id, a.currency, a.code, a.side, coalesce(sum(c.debits_pending), 0)::text as debits_pending,
       coalesce(sum(c.credits_pending), 0)::text as credits_pending, coalesce(sum(c.debits_posted), 0)::text as debits_posted,
       coalesce(sum(c.credits_posted), 0)::text as credits_posted
     from ledger.account a left join ledger.carried_day c using (book_id, account_id)
     where a.book_id = $1 and a.account_id = any ($2::uuid[]) group by a.book_id, a.account_id`,
    [bookId, ids],
  );
  return new Map(
    rows.map(({ account_id, currency, code, side, ...carried }) => [
      account_id,
      { account_id, currency, code, side, carried },
    ]),
  );
}

/** Takes rows out of the journal and the database's salts with them. Returns how many rows. */
export async function takeOut(
  tx: Transaction,
  bookId: number,
  through: bigint,
  keep: { readonly accounts: readonly string[]; readonly types: readonly string[] },
): Promise<bigint> {
  const { rows } = await tx.query<{ rows: bigint }>('select ledger.take_out($1, $2, $3::uuid[], $4::text[]) as rows', [
    bookId,
    through,
    keep.accounts,
    keep.types,
  ]);
  await tx.query('select evidence.forget_salts($1)', [bookId]);
  return rows[0]?.rows ?? 0n;
}

/** An archive as the database remembers it. */
export interface ArchiveRecord {
  readonly number: number;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  readonly manifest: string;
  /** Hexadecimal. */
  readonly manifestSha256: string;
  readonly archivedAt: string;
}

/** The archives of a book behind a number, in order. */
export async function listRecords(db: Queryable, bookId: number, after = 0, limit = 100_000): Promise<ArchiveRecord[]> {
  const { rows } = await db.query<ArchiveRecord>(
    `select number, first_sequence as "firstSequence", last_sequence as "lastSequence", manifest,
       encode(manifest_sha256, 'hex') as "manifestSha256", archived_at as "archivedAt"
     from archive.archive where book_id = $1 and number > $2 order by number limit $3`,
    [bookId, after, limit],
  );
  return rows;
}

export async function lastRecord(db: Queryable, bookId: number): Promise<ArchiveRecord | null> {
  const { rows } = await db.query<{ number: number | null }>(
    'select max(number) as number from archive.archive where book_id = $1',
    [bookId],
  );
  const number = rows[0]?.number ?? null;
  return number === null ? null : ((await listRecords(db, bookId, number - 1, 1))[0] ?? null);
}

export async function insertRecord(tx: Transaction, bookId: number, record: ArchiveRecord): Promise<void> {
  await tx.query(
    `insert into archive.archive (book_id, number, first_sequence, last_sequence, manifest, manifest_sha256, archived_at)
     values ($1, $2, $3, $4, $5, decode($6, 'hex'), $7)`,
    [
      bookId,
      record.number,
      record.firstSequence,
      record.lastSequence,
      record.manifest,
      record.manifestSha256,
      record.archivedAt,
    ],
  );
}
