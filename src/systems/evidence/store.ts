/** The only SQL of this room: leaves from journal rows, salts, erasures. */
import { randomBytes } from 'node:crypto';
import { HASH_BYTES, type LogKey, TILE_WIDTH } from '#engines/evidence';
import type { Queryable, Transaction } from '#kernel/database';
import type { Book } from '#kernel/events';

export const SALT_BYTES = 32;
/** Postings read, hashed and appended at a time. */
export const BATCH = 4_096;

/** The book's code as the first field of its leaves. */
function bookField(code: string): Buffer {
  const text = Buffer.from(code, 'utf8');
  return Buffer.concat([Buffer.of(0, text.length), text]);
}

// $1 the book's field, $2 first and $3 last sequence, $4 their salts, $5 the book.
const leaf = `evidence.posting_leaf($1::bytea, t,
    coalesce(sha256(substring($4::bytea from (1 + 32 * (t.sequence - $2::bigint))::integer for 16)
      || convert_to(t.description, 'UTF8')), DESCRIPTION),
    coalesce(sha256(substring($4::bytea from (17 + 32 * (t.sequence - $2::bigint))::integer for 16)
      || convert_to(t.reference, 'UTF8')), REFERENCE))`;
const rows = 't.book_id = $5::integer and t.sequence between $2::bigint and $3::bigint';
const erasable = leaf.replace('DESCRIPTION', 'e.description_hash').replace('REFERENCE', 'e.reference_hash');
const fresh = leaf.replace('DESCRIPTION', 'null').replace('REFERENCE', 'null');
const erasures = 'left join evidence.erasure e on e.book_id = t.book_id and e.sequence = t.sequence';

const hashFresh = hashesOf(fresh, '');
const hashErasable = hashesOf(erasable, erasures);

function hashesOf(expression: string, join: string): string {
  return `select count(*)::integer as count, coalesce(bool_or(texts), false) as texts,
      string_agg(hash, ''::bytea order by sequence) as hashes
    from (
      select t.sequence, t.description is not null or t.reference is not null as texts,
        sha256('\\x00'::bytea || ${expression}) as hash
      from ledger.transfer t ${join} where ${rows}
    ) r`;
}

interface Hashed {
  readonly count: number;
  /** Whether any of the postings has a text. */
  readonly texts: boolean;
  readonly hashes: Buffer | null;
}

/** The leaf hashes of postings that are new to the log, with new salts, which are kept when they are needed. */
export async function hashNew(tx: Transaction, book: Book, first: number, last: number): Promise<Hashed> {
  const salts = randomBytes((last - first + 1) * SALT_BYTES);
  const hashed = await hashRows(tx, hashFresh, book, first, last, salts);
  if (hashed.texts) {
    await tx.query(
      'insert into evidence.salt (book_id, first_sequence, last_sequence, salts) values ($1, $2, $3, $4)',
      [book.bookId, first, last, salts],
    );
  }
  return hashed;
}

/** The leaf hashes of postings that are in the log, made anew from the journal, the salts and the erasures. */
export async function hashAgain(db: Queryable, book: Book, first: number, last: number): Promise<Hashed> {
  return hashRows(db, hashErasable, book, first, last, await readSalts(db, book.bookId, first, last));
}

async function hashRows(
  db: Queryable,
  sql: string,
  book: Book,
  first: number,
  last: number,
  salts: Buffer,
): Promise<Hashed> {
  const result = await db.query<Hashed>(sql, [bookField(book.code), first, last, salts, book.bookId], {
    prepare: true,
  });
  return result.rows[0] ?? { count: 0, texts: false, hashes: null };
}

/** The leaves themselves, in order; those whose rows are missing are left out. */
export async function readLeaves(db: Queryable, book: Book, first: number, last: number): Promise<Buffer[]> {
  const salts = await readSalts(db, book.bookId, first, last);
  const result = await db.query<{ leaf: Buffer }>(
    `select ${erasable} as leaf from ledger.transfer t ${erasures} where ${rows} order by t.sequence`,
    [bookField(book.code), first, last, salts, book.bookId],
  );
  return result.rows.map((row) => row.leaf);
}

/** The salts of postings, 32 bytes each; zeros where none are kept. */
export async function readSalts(db: Queryable, bookId: number, first: number, last: number): Promise<Buffer> {
  const salts = Buffer.alloc((last - first + 1) * SALT_BYTES);
  const result = await db.query<{ from: bigint; salts: Buffer }>(
    `select greatest(first_sequence, $2::bigint) as from,
       substring(salts from (1 + 32 * (greatest(first_sequence, $2::bigint) - first_sequence))::integer
         for (32 * (least(last_sequence, $3::bigint) - greatest(first_sequence, $2::bigint) + 1))::integer) as salts
     from evidence.salt
     where book_id = $1 and first_sequence > $2::bigint - ${BATCH} and first_sequence <= $3::bigint
       and last_sequence >= $2::bigint`,
    [bookId, first, last],
  );
  for (const row of result.rows) row.salts.copy(salts, (Number(row.from) - first) * SALT_BYTES);
  return salts;
}

/** The sequences that stand in the journal between two others, to find one that is missing. */
export async function firstMissing(db: Queryable, bookId: number, first: number, last: number): Promise<number> {
  const result = await db.query<{ sequence: bigint }>(
    `select s as sequence from generate_series($2::bigint, $3::bigint) s
     where not exists (select from ledger.transfer t where t.book_id = $1 and t.sequence = s) order by s limit 1`,
    [bookId, first, last],
  );
  return Number(result.rows[0]?.sequence ?? last + 1);
}

/** The last sequence of a book's journal, 0 when it is empty. */
export async function journalEnd(db: Queryable, bookId: number): Promise<number> {
  const result = await db.query<{ sequence: bigint }>('select sequence from ledger.journal_end where book_id = $1', [
    bookId,
  ]);
  return Number(result.rows[0]?.sequence ?? 0n);
}

/** Where the journal has an accepted transfer, and its texts; null when it was never accepted. */
export async function findPosting(db: Queryable, bookId: number, transferId: string) {
  const result = await db.query<{ sequence: bigint; description: string | null; reference: string | null }>(
    `select t.sequence, t.description, t.reference from ledger.answer a
     join ledger.transfer t on t.book_id = a.book_id and t.sequence = a.sequence
     where a.book_id = $1 and a.transfer_id = $2`,
    [bookId, transferId],
  );
  const [row] = result.rows;
  return row === undefined ? null : { ...row, sequence: Number(row.sequence) };
}

/** The texts of postings from one sequence to another, without those that have none or were erased. */
export async function readTexts(db: Queryable, bookId: number, first: number, last: number) {
  const result = await db.query<{ sequence: bigint; description: string | null; reference: string | null }>(
    `select sequence, description, reference from ledger.transfer
     where book_id = $1 and sequence between $2 and $3 and (description is not null or reference is not null)
     order by sequence`,
    [bookId, first, last],
  );
  return result.rows;
}

/** How many postings from one sequence to another had their texts erased. */
export async function countErased(db: Queryable, bookId: number, first: bigint, last: bigint): Promise<number> {
  const result = await db.query<{ erased: bigint }>(
    'select count(*) as erased from evidence.erasure where book_id = $1 and sequence between $2 and $3',
    [bookId, first, last],
  );
  return Number(result.rows[0]?.erased ?? 0n);
}

/** Where the journal had an accepted transfer that was archived; null: it was none. */
export async function findArchived(db: Queryable, bookId: number, transferId: string): Promise<number | null> {
  const result = await db.query<{ sequence: bigint }>(
    `select a.sequence from ledger.answer a join ledger.archive_end x on x.book_id = a.book_id
     where a.book_id = $1 and a.transfer_id = $2 and a.code = 0 and a.sequence <= x.through_sequence`,
    [bookId, transferId],
  );
  return result.rows.length === 0 ? null : Number(result.rows[0]?.sequence);
}

/** How many rows at the journal's beginning were archived: their leaves cannot be made anew here. */
export async function archivedRows(db: Queryable, bookId: number): Promise<number> {
  const result = await db.query<{ sequence: bigint }>(
    'select through_sequence as sequence from ledger.archive_end where book_id = $1',
    [bookId],
  );
  return Number(result.rows[0]?.sequence ?? 0n);
}

/** The hashes of leaves as the log has them, from index `from` to before `to`; they end where one is missing. */
export async function keptHashes(db: Queryable, key: LogKey, from: number, to: number): Promise<Buffer> {
  const result = await db.query<{ tile: bigint; hashes: Buffer }>(
    `select tile, hashes from evidence.tile
     where book_id = $1 and log = $2 and level = 0 and tile between $3 and $4 order by tile`,
    [key.bookId, key.log, Math.floor(from / TILE_WIDTH), Math.floor((to - 1) / TILE_WIDTH)],
  );
  const parts: Buffer[] = [];
  let next = from;
  for (const { tile, hashes } of result.rows) {
    const first = Number(tile) * TILE_WIDTH;
    if (first > next) break;
    const part = hashes.subarray((next - first) * HASH_BYTES, (to - first) * HASH_BYTES);
    parts.push(part);
    next += part.length / HASH_BYTES;
  }
  return Buffer.concat(parts);
}

export async function transferIdAt(db: Queryable, bookId: number, sequence: number): Promise<string | null> {
  const result = await db.query<{ id: string }>(
    'select transfer_id as id from ledger.transfer where book_id = $1 and sequence = $2',
    [bookId, sequence],
  );
  return result.rows[0]?.id ?? null;
}

/** False: there was nothing to erase. */
export async function eraseTexts(
  tx: Transaction,
  bookId: number,
  erasure: { sequence: number; reason: string; at: string },
): Promise<boolean> {
  const result = await tx.query<{ erased: boolean }>('select evidence.erase_texts($1, $2, $3, $4) as erased', [
    bookId,
    erasure.sequence,
    erasure.reason,
    erasure.at,
  ]);
  return result.rows[0]?.erased === true;
}
