/** What a log says to the world: checkpoints, and the proofs that go with them. */
import type { Clock } from '#kernel/clock';
import type { Database, Queryable } from '#kernel/database';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import { evidenceError } from './errors.ts';
import { sameBytes } from './hash.ts';
import { type Keyring, verifierKeys } from './keys.ts';
import { keyId, parseNote, type Signer } from './note.ts';
import { proofRanges, verifyConsistency } from './proof.ts';
import { hashesOfRanges, type Log, type LogKey, readLog, rootAt } from './store.ts';

/** A checkpoint as it is kept. */
export interface KeptCheckpoint {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** RFC 3339, UTC. */
  readonly signedAt: string;
  /** The signed note. */
  readonly note: string;
}

const columns = `size, root, signed_at as "signedAt", note`;

function kept(row: Omit<KeptCheckpoint, 'size'> & { size: bigint }): KeptCheckpoint {
  return { ...row, size: Number(row.size) };
}

/** The newest checkpoint, or the newest of one size. Error: `evidence_checkpoint_not_found`. */
export async function latestCheckpoint(db: Queryable, key: LogKey, size?: number): Promise<KeptCheckpoint> {
  const found = await findCheckpoint(db, key, size);
  if (found !== null) return found;
  throw evidenceError(
    'evidence_checkpoint_not_found',
    size === undefined ? 'Nothing signed yet' : `None of size ${size}`,
  );
}

async function findCheckpoint(db: Queryable, key: LogKey, size?: number): Promise<KeptCheckpoint | null> {
  const { rows } = await db.query<Omit<KeptCheckpoint, 'size'> & { size: bigint }>(
    `select ${columns} from evidence.checkpoint
     where book_id = $1 and log = $2 and ($3::bigint is null or size = $3)
     order by size desc, signed_at desc limit 1`,
    [key.bookId, key.log, size ?? null],
  );
  return rows[0] === undefined ? null : kept(rows[0]);
}

/** Kept checkpoints above a size, smallest first. */
export async function listCheckpoints(
  db: Queryable,
  key: LogKey,
  after: number,
  limit: number,
): Promise<KeptCheckpoint[]> {
  const { rows } = await db.query<Omit<KeptCheckpoint, 'size'> & { size: bigint }>(
    `select ${columns} from evidence.checkpoint where book_id = $1 and log = $2 and size > $3
     order by size, signed_at limit $4`,
    [key.bookId, key.log, after, limit],
  );
  return rows.map(kept);
}

export interface SignDeps {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
}

/**
 * Signs what the log holds now and keeps the checkpoint; gives the one there is when nothing has changed since.
 * The root is computed from the tiles, and proved to continue the newest checkpoint before anything is signed.
 *
 * @returns null when another process is signing at this moment.
 * @throws `evidence_log_inconsistent`, `evidence_key_unavailable`
 */
export async function signLog({ db, keyring, clock }: SignDeps, key: LogKey): Promise<KeptCheckpoint | null> {
  await keyring.ensure(db);
  return db.transaction(
    async (tx) => {
      const { rows } = await tx.query<{ free: boolean }>(
        `select pg_try_advisory_xact_lock(hashtextextended('evidence.sign/' || $1::integer || '/' || $2::text, 0)) as free`,
        [key.bookId, key.log],
      );
      if (rows[0]?.free !== true) return null;
      const log = await readLog(tx, key);
      const before = await findCheckpoint(tx, key);
      const signers = await keyring.signers(tx, log.origin);
      if (before !== null && before.size === log.size && isSignedBy(before.note, signers)) return before;
      const root = await rootAt(tx, key, log.size);
      if (!sameBytes(root, log.root)) throw inconsistent(log, 'its tiles do not lead to its root');
      if (before !== null) await checkContinues(tx, log, before);
      const checkpoint = { origin: log.origin, size: BigInt(log.size), root };
      const signedAt = clock.now().toString();
      const note = signCheckpoint(checkpoint, signers);
      await tx.query(
        `insert into evidence.checkpoint (book_id, log, size, signed_at, root, note) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing`,
        [key.bookId, key.log, log.size, signedAt, Buffer.from(root), note],
      );
      return { size: log.size, root, signedAt, note };
    },
    { isolation: 'repeatable read' },
  );
}

function isSignedBy(note: string, signers: readonly Signer[]): boolean {
  const { signatures } = parseNote(note);
  const ids = signers.map((signer) => keyId(signer));
  return (
    signatures.length === signers.length &&
    signatures.every((signature) => ids.some((id) => sameBytes(id, signature.keyId)))
  );
}

async function checkContinues(db: Queryable, log: Log, before: KeptCheckpoint): Promise<void> {
  // What stands in the database could have been changed together with the tiles; the signature could not.
  const signed = openCheckpoint(before.note, await verifierKeys(db, log.origin));
  if (signed.size === 0n) return;
  if (signed.size > BigInt(log.size))
    throw inconsistent(log, `it is shorter than its checkpoint of size ${signed.size}`);
  const proof = await hashesOfRanges(db, log, proofRanges({ start: 0n, end: signed.size }, BigInt(log.size)));
  if (!verifyConsistency(signed.size, BigInt(log.size), proof, signed.root, log.root)) {
    throw inconsistent(log, `it does not continue its checkpoint of size ${signed.size}`);
  }
}

function inconsistent(log: Log, why: string) {
  return evidenceError('evidence_log_inconsistent', `Log ${log.origin} was changed: ${why}`, { origin: log.origin });
}

/** The proof that leaf `index` is in the tree of `size`. Errors: `evidence_index_out_of_range`, `evidence_size_invalid`. */
export async function inclusionProof(db: Queryable, key: LogKey, index: number, size: number): Promise<Uint8Array[]> {
  await checkSize(db, key, size);
  if (!(index >= 0 && index < size)) {
    throw evidenceError('evidence_index_out_of_range', `The tree of ${size} leaves has no leaf ${index}`);
  }
  return hashesOfRanges(db, key, proofRanges({ start: BigInt(index), end: BigInt(index) + 1n }, BigInt(size)));
}

/** The proof that the tree of `to` leaves continues the one of `from`, 0 < from <= to. Error: `evidence_size_invalid`. */
export async function consistencyProof(db: Queryable, key: LogKey, from: number, to: number): Promise<Uint8Array[]> {
  await checkSize(db, key, to);
  if (!(from > 0 && from <= to)) {
    throw evidenceError('evidence_size_invalid', `There is no proof from size ${from} to size ${to}`);
  }
  return hashesOfRanges(db, key, proofRanges({ start: 0n, end: BigInt(from) }, BigInt(to)));
}

async function checkSize(db: Queryable, key: LogKey, size: number): Promise<void> {
  const log = await readLog(db, key);
  if (size <= log.size) return;
  throw evidenceError('evidence_size_invalid', `The log has ${log.size} leaves, not ${size}`, { size: log.size });
}
