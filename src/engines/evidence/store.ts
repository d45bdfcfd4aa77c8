/** Logs in PostgreSQL: the only SQL that reads and writes `evidence.log` and `evidence.tile`. */
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { evidenceError } from './errors.ts';
import { type Edge, fastNodeHash, grow, leafHashes, rootOfEdge } from './grow.ts';
import { emptyRoot, HASH_BYTES } from './hash.ts';
import type { Marker } from './marks.ts';
import type { Range } from './proof.ts';
import { hashOfRange, TILE_WIDTH, tileWidth } from './tiles.ts';

/** Which log: each book has its own ones. */
export interface LogKey {
  readonly bookId: number;
  /** `^[a-z0-9][a-z0-9_-]{0,31}$`. */
  readonly log: string;
}

export interface Log extends LogKey {
  readonly origin: string;
  /** Leaves. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Names the key of its leaves' marks; null: it has none. */
  readonly markKey: string | null;
}

export interface Appended {
  /** Index of the first new leaf, from 0. */
  readonly firstIndex: number;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Creates an empty log, or gives the one there is: its origin never changes, whatever is said later. */
export async function createLog(
  tx: Transaction,
  key: LogKey,
  { origin, clock, marker }: { origin: string; clock: Clock; marker?: Marker | undefined },
): Promise<Log> {
  await tx.query(
    `insert into evidence.log (book_id, log, origin, root, mark_key, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (book_id, log) do nothing`,
    [key.bookId, key.log, origin, Buffer.from(emptyRoot()), marker?.keyId ?? null, clock.now().toString()],
  );
  return readLog(tx, key);
}

/** Error: `evidence_log_not_found`. */
export async function readLog(db: Queryable, key: LogKey): Promise<Log> {
  return selectLog(db, key, '');
}

/** The log, held until the transaction ends: whoever appends waits. Error: `evidence_log_not_found`. */
export async function lockLog(tx: Transaction, key: LogKey): Promise<Log> {
  return selectLog(tx, key, 'for update');
}

async function selectLog(db: Queryable, key: LogKey, lock: '' | 'for update'): Promise<Log> {
  const { rows } = await db.query<{ origin: string; size: bigint; root: Buffer; markKey: string | null }>(
    `select origin, size, root, mark_key as "markKey" from evidence.log where book_id = $1 and log = $2 ${lock}`,
    [key.bookId, key.log],
  );
  const [row] = rows;
  if (row === undefined) throw evidenceError('evidence_log_not_found', `There is no log ${key.log} of this book`);
  return { bookId: key.bookId, log: key.log, ...row, size: Number(row.size) };
}

/**
 * Appends entries to a log as leaves, as part of the caller's transaction. From here to the commit others who append to
 * the same log wait. Error: `evidence_log_not_found`.
 */
export async function append(
  tx: Transaction,
  key: LogKey,
  entries: readonly Uint8Array[],
  marker?: Marker | undefined,
): Promise<Appended> {
  return appendHashes(tx, await lockLog(tx, key), leafHashes(entries), marker);
}

/** The same for leaf hashes that are at hand, 32 bytes each; `log` is what {@link lockLog} gave in this transaction. */
export async function appendHashes(
  tx: Transaction,
  log: Log,
  leaves: Uint8Array,
  marker?: Marker | undefined,
): Promise<Appended> {
  invariant(leaves.length % HASH_BYTES === 0, 'leaf_hashes_have_32_bytes');
  if (leaves.length === 0) return { firstIndex: log.size, size: log.size, root: log.root };
  const { edge, marks: marksBefore } = await readEdge(tx, log, log.size);
  const grown = grow(log.size, edge, leaves);
  const fresh = marker?.keyId === log.markKey ? marker.marks(leaves) : Buffer.alloc(leaves.length / 2);
  const marks = log.markKey === null ? null : Buffer.concat([marksBefore, fresh]);
  const size = log.size + leaves.length / HASH_BYTES;
  const root = rootOfEdge(size, grown.edge);
  const hashes = Buffer.concat(grown.tiles.map((tile) => tile.hashes));
  // One buffer, cut by the server: it travels as it is.
  await tx.query(
    `with grown as (
       select level, tile, hashes,
         substring($4::bytea from (1 + 32 * (sum(hashes) over (order by ordinality) - hashes))::integer for 32 * hashes) as bytes,
         substring($5::bytea from (1 + 16 * (sum(hashes) over (order by ordinality) - hashes))::integer for 16 * hashes) as marks
       from unnest($3::smallint[], $6::bigint[], $7::integer[]) with ordinality as t (level, tile, hashes, ordinality)
     )
     insert into evidence.tile (book_id, log, level, tile, hashes, marks)
     select $1, $2, level, tile, bytes, case level when 0 then marks end from grown
     on conflict (book_id, log, level, tile) do update set hashes = excluded.hashes, marks = excluded.marks`,
    [
      log.bookId,
      log.log,
      grown.tiles.map((tile) => tile.level),
      hashes,
      marks,
      grown.tiles.map((tile) => tile.index),
      grown.tiles.map((tile) => tile.hashes.length / HASH_BYTES),
    ],
    { prepare: true },
  );
  await tx.query('update evidence.log set size = $3, root = $4 where book_id = $1 and log = $2', [
    log.bookId,
    log.log,
    size,
    Buffer.from(root),
  ]);
  return { firstIndex: log.size, size, root };
}

/** The last, partial tile of each level of a tree of this size, and the marks of its level 0. */
async function readEdge(db: Queryable, key: LogKey, size: number): Promise<{ edge: Edge; marks: Buffer }> {
  const wanted: { level: number; index: number }[] = [];
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    if (hashes % TILE_WIDTH > 0) wanted.push({ level, index: Math.floor(hashes / TILE_WIDTH) });
  }
  const tiles = await readTiles(db, key, wanted);
  const edge = new Map<number, Uint8Array>();
  for (const { level, index } of wanted) {
    const hashes = tiles.get(nameOf(level, index))?.hashes;
    const width = tileWidth(level, index, size) * HASH_BYTES;
    if (hashes === undefined || hashes.length < width) throw missingTile(key, level, index);
    edge.set(level, hashes.subarray(0, width));
  }
  const leaves = edge.get(0)?.length ?? 0;
  const marks = tiles.get(nameOf(0, Math.floor(size / TILE_WIDTH)))?.marks ?? Buffer.alloc(leaves / 2);
  return { edge, marks: marks.subarray(0, leaves / 2) };
}

/** The root at a size, computed from the tiles. Error: `evidence_tile_not_found` when the store is damaged. */
export async function rootAt(db: Queryable, key: LogKey, size: number): Promise<Uint8Array> {
  return rootOfEdge(size, (await readEdge(db, key, size)).edge);
}

/** The hashes of ranges of leaves, computed from the tiles. Error: `evidence_tile_not_found` when the store is damaged. */
export async function hashesOfRanges(db: Queryable, key: LogKey, ranges: readonly Range[]): Promise<Uint8Array[]> {
  // Once to learn which tiles it takes, once to compute.
  const wanted = new Map<string, { level: number; index: number }>();
  for (const range of ranges) {
    hashOfRange(
      range,
      (level, first) => {
        const index = Math.floor(first / TILE_WIDTH);
        wanted.set(nameOf(level, index), { level, index });
        return new Uint8Array(HASH_BYTES);
      },
      (left) => left,
    );
  }
  const tiles = await readTiles(db, key, [...wanted.values()]);
  return ranges.map((range) =>
    hashOfRange(
      range,
      (level, first, count) => {
        const index = Math.floor(first / TILE_WIDTH);
        const start = (first % TILE_WIDTH) * HASH_BYTES;
        const hashes = tiles.get(nameOf(level, index))?.hashes.subarray(start, start + count * HASH_BYTES);
        if (hashes?.length !== count * HASH_BYTES) throw missingTile(key, level, index);
        return hashes;
      },
      fastNodeHash,
    ),
  );
}

export interface StoredTile {
  readonly hashes: Buffer;
  readonly marks: Buffer | null;
}

/** Tiles by {@link nameOf}; those that are not there are left out. */
export async function readTiles(
  db: Queryable,
  key: LogKey,
  tiles: readonly { level: number; index: number }[],
): Promise<Map<string, StoredTile>> {
  const found = new Map<string, StoredTile>();
  if (tiles.length === 0) return found;
  const { rows } = await db.query<StoredTile & { level: number; tile: bigint }>(
    `select t.level, t.tile, t.hashes, t.marks
     from unnest($3::smallint[], $4::bigint[]) as w (level, tile)
     join evidence.tile t on t.book_id = $1 and t.log = $2 and t.level = w.level and t.tile = w.tile`,
    [key.bookId, key.log, tiles.map((tile) => tile.level), tiles.map((tile) => tile.index)],
  );
  for (const { level, tile, hashes, marks } of rows) found.set(nameOf(level, Number(tile)), { hashes, marks });
  return found;
}

export function nameOf(level: number, index: number): string {
  return `${level}/${index}`;
}

function missingTile(key: LogKey, level: number, index: number) {
  return evidenceError('evidence_tile_not_found', `Tile ${level}/${index} of log ${key.log} is missing or too short`);
}
