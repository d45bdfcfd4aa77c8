/** SQL of the log of the audit trail: leaves from entries, salts, erasures. */
import { randomBytes } from 'node:crypto';
import type { Queryable, Transaction } from '#kernel/database';
import { BATCH } from './store.ts';

/** Three salts of 16 bytes: of who acted, of the subjects, of the words. */
export const AUDIT_SALT_BYTES = 48;

/** Parts of an entry that can be erased. */
export const auditParts = ['who', 'subjects', 'words'] as const;
export type AuditPart = (typeof auditParts)[number];

// $1 first and $2 last sequence, $3 their salts.
const salt = (offset: number) =>
  `substring($3::bytea from (${offset} + 48 * (e.sequence - $1::bigint))::integer for 16)`;
const leaf = `evidence.audit_leaf(e,
    coalesce(x.who_hash, sha256(${salt(1)} || evidence.audit_who(e))),
    coalesce(x.subjects_hash, sha256(${salt(17)} || evidence.leaf_texts(e.subjects))),
    coalesce(x.words_hash, sha256(${salt(33)} || evidence.audit_words(e))))`;
const rows = `kernel.audit_entry e left join evidence.audit_erasure x on x.sequence = e.sequence
    where e.sequence between $1::bigint and $2::bigint`;

interface Hashed {
  readonly count: number;
  readonly hashes: Buffer | null;
}

/** The leaf hashes of entries that are new to the log, with new salts, which are kept. */
export async function hashNewAudit(tx: Transaction, first: number, last: number): Promise<Hashed> {
  const salts = randomBytes((last - first + 1) * AUDIT_SALT_BYTES);
  const hashed = await hashRows(tx, first, last, salts);
  await tx.query('insert into evidence.audit_salt (first_sequence, last_sequence, salts) values ($1, $2, $3)', [
    first,
    last,
    salts,
  ]);
  return hashed;
}

/** The leaf hashes of entries that are in the log, made anew. */
export async function hashAuditAgain(db: Queryable, first: number, last: number): Promise<Hashed> {
  return hashRows(db, first, last, await readAuditSalts(db, first, last));
}

async function hashRows(db: Queryable, first: number, last: number, salts: Buffer): Promise<Hashed> {
  const result = await db.query<Hashed>(
    `select count(*)::integer as count,
       string_agg(sha256('\\x00'::bytea || ${leaf}), ''::bytea order by e.sequence) as hashes from ${rows}`,
    [first, last, salts],
    { prepare: true },
  );
  return result.rows[0] ?? { count: 0, hashes: null };
}

/** The leaves themselves, in order; those whose entries are missing are left out. */
export async function readAuditLeaves(db: Queryable, first: number, last: number): Promise<Buffer[]> {
  const salts = await readAuditSalts(db, first, last);
  const result = await db.query<{ leaf: Buffer }>(`select ${leaf} as leaf from ${rows} order by e.sequence`, [
    first,
    last,
    salts,
  ]);
  return result.rows.map((row) => row.leaf);
}

/** The salts of entries, {@link AUDIT_SALT_BYTES} each; zeros where none are kept. */
export async function readAuditSalts(db: Queryable, first: number, last: number): Promise<Buffer> {
  const salts = Buffer.alloc((last - first + 1) * AUDIT_SALT_BYTES);
  const result = await db.query<{ from: bigint; salts: Buffer }>(
    `select greatest(first_sequence, $1::bigint) as from,
       substring(salts from (1 + 48 * (greatest(first_sequence, $1::bigint) - first_sequence))::integer
         for (48 * (least(last_sequence, $2::bigint) - greatest(first_sequence, $1::bigint) + 1))::integer) as salts
     from evidence.audit_salt
     where first_sequence > $1::bigint - ${BATCH} and first_sequence <= $2::bigint and last_sequence >= $1::bigint`,
    [first, last],
  );
  for (const row of result.rows) row.salts.copy(salts, (Number(row.from) - first) * AUDIT_SALT_BYTES);
  return salts;
}

/** The first sequence that is missing from the trail between two others. */
export async function firstMissingAudit(db: Queryable, first: number, last: number): Promise<number> {
  const result = await db.query<{ sequence: bigint }>(
    `select s as sequence from generate_series($1::bigint, $2::bigint) s
     where not exists (select from kernel.audit_entry e where e.sequence = s) order by s limit 1`,
    [first, last],
  );
  return Number(result.rows[0]?.sequence ?? last + 1);
}

/** False: there was nothing left to erase. */
export async function eraseAuditParts(
  tx: Transaction,
  erasure: { sequence: number; parts: readonly AuditPart[]; reason: string; at: string },
): Promise<boolean> {
  const result = await tx.query<{ erased: boolean }>('select evidence.erase_audit($1, $2, $3, $4) as erased', [
    erasure.sequence,
    [...erasure.parts],
    erasure.reason,
    erasure.at,
  ]);
  return result.rows[0]?.erased === true;
}
