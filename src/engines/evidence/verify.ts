/** Recomputing a whole log: from leaf hashes made anew to tiles, roots and every checkpoint that was ever signed. */
import type { Queryable } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Edge, grow, rootOfEdge } from './grow.ts';
import { HASH_BYTES, sameBytes, toBase64 } from './hash.ts';
import { verifierKeys } from './keys.ts';
import { type KeptCheckpoint, listCheckpoints } from './log.ts';
import { MARK_BYTES, type Marker } from './marks.ts';
import { type Log, nameOf, readTiles } from './store.ts';
import { TILE_WIDTH } from './tiles.ts';

export const logChecks = {
  evidence_leaves: 'every leaf of the log follows from what was recorded',
  evidence_tiles: 'every tile follows from the leaves',
  evidence_checkpoints: 'every checkpoint is signed, and states the root of the recomputed tree at its size',
} as const;

export interface LogFinding {
  readonly check: keyof typeof logChecks;
  /** How many leaves, tiles or checkpoints fail this check. */
  readonly count: number;
  /** Where the first one is. For `evidence_leaves` an index; for `evidence_checkpoints` the leaves in question. */
  readonly first: Readonly<Record<string, string | number | null>>;
}

export interface LogVerifyOptions {
  /** Only who has the key of the marks can name a leaf where all hashes were computed anew. */
  readonly marker?: Marker | undefined;
  readonly onProgress?: ((leaves: number) => void) | undefined;
}

/** The first of many, and how many. */
interface Count<First> {
  count: number;
  first: First | null;
}

/**
 * Recomputes a log of `log.size` leaves. `leaves` gives the hashes of all leaves, made from their sources, one behind the
 * other in pieces of any size; it may end early when sources are missing.
 */
export async function verifyLog(
  db: Queryable,
  log: Log,
  leaves: AsyncIterable<Uint8Array>,
  { marker, onProgress }: LogVerifyOptions = {},
): Promise<LogFinding[]> {
  const badLeaves: Count<{ index: number }> = { count: 0, first: null };
  const badTiles: Count<LogFinding['first']> = { count: 0, first: null };
  const badCheckpoints: Count<LogFinding['first']> = { count: 0, first: null };
  const marks = marker?.keyId === log.markKey ? marker : undefined;
  const keys = await verifierKeys(db, log.origin);
  const checkpoints = await checkpointQueue(db, log);
  let size = 0;
  let edge: Edge = new Map();
  let lastGood = 0;

  const judgeCheckpoints = async () => {
    for (let one = await checkpoints.next(size); one !== null; one = await checkpoints.next(size)) {
      const why = faultOf(one, log, rootOfEdge(size, edge), keys);
      if (why === null) lastGood = size;
      else note(badCheckpoints, { size, why, first_index_in_question: lastGood, last_index_in_question: size - 1 });
    }
  };

  const take = async (hashes: Uint8Array) => {
    const grown = grow(size, edge, hashes);
    const stored = await readTiles(db, log, grown.tiles);
    for (const { level, index, hashes: expected } of grown.tiles) {
      const tile = stored.get(nameOf(level, index));
      const actual = tile?.hashes.subarray(0, expected.length);
      if (level === 0) {
        for (const at of differingLeaves(expected, actual, tile?.marks ?? null, marks)) {
          // What a partial tile held before was looked at when it came.
          if (index * TILE_WIDTH + at >= size) note(badLeaves, { index: index * TILE_WIDTH + at });
        }
      } else if (actual === undefined || !actual.equals(expected)) note(badTiles, { level, tile: index });
    }
    edge = grown.edge;
    size += hashes.length / HASH_BYTES;
    onProgress?.(size);
  };

  await judgeCheckpoints();
  for await (const piece of leaves) {
    const end = size + piece.length / HASH_BYTES;
    let rest = piece;
    // Cut where checkpoints were signed, as their roots are those of partial tiles.
    for (let cut = await checkpoints.peek(); cut < end && cut > size; cut = await checkpoints.peek()) {
      const bytes = (cut - size) * HASH_BYTES;
      await take(rest.subarray(0, bytes));
      rest = rest.subarray(bytes);
      await judgeCheckpoints();
    }
    await take(rest);
    await judgeCheckpoints();
  }
  if (size !== log.size) note(badLeaves, { index: Math.min(size, log.size) });
  else {
    const root = rootOfEdge(size, edge);
    if (!sameBytes(root, log.root)) note(badTiles, { stated_root: toBase64(log.root), root: toBase64(root) });
  }
  for (const one of await checkpoints.rest()) {
    note(badCheckpoints, { size: one.size, why: 'the log is shorter', first_index_in_question: size });
  }
  return [
    ...(badLeaves.first === null
      ? []
      : [{ check: 'evidence_leaves' as const, count: badLeaves.count, first: badLeaves.first }]),
    ...(badTiles.first === null
      ? []
      : [{ check: 'evidence_tiles' as const, count: badTiles.count, first: badTiles.first }]),
    ...(badCheckpoints.first === null
      ? []
      : [{ check: 'evidence_checkpoints' as const, count: badCheckpoints.count, first: badCheckpoints.first }]),
  ];
}

function note<First>(found: Count<First>, first: First): void {
  found.count += 1;
  found.first ??= first;
}

/** Places within a tile whose stored hash is another one, or whose mark tells that it was. */
function differingLeaves(
  expected: Buffer,
  actual: Buffer | undefined,
  storedMarks: Buffer | null,
  marker: Marker | undefined,
): number[] {
  const marks = marker === undefined || storedMarks === null ? null : marker.marks(expected);
  const sameMarks = marks === null || storedMarks?.subarray(0, marks.length).equals(marks) === true;
  if (actual?.equals(expected) === true && sameMarks) return [];
  const places: number[] = [];
  for (let at = 0; at * HASH_BYTES < expected.length; at++) {
    const hash = expected.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    const same = actual?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES).equals(hash) === true;
    const mark = storedMarks?.subarray(at * MARK_BYTES, (at + 1) * MARK_BYTES);
    const wanted = marks?.subarray(at * MARK_BYTES, (at + 1) * MARK_BYTES);
    // Zeros: the key was not at hand when the leaf came.
    const marked = mark?.some((byte) => byte !== 0) === true;
    const right = wanted === undefined || !marked || mark.equals(wanted);
    if (!same || !right) places.push(at);
  }
  return places;
}

/** Why a kept checkpoint cannot stand beside the recomputed tree; null when it can. */
function faultOf(
  checkpoint: KeptCheckpoint,
  log: Log,
  root: Uint8Array,
  keys: Parameters<typeof openCheckpoint>[1],
): string | null {
  let signed: Checkpoint;
  try {
    signed = openCheckpoint(checkpoint.note, keys);
  } catch (error) {
    if (error instanceof LongmenError) return error.code;
    throw error;
  }
  if (signed.origin !== log.origin || signed.size !== BigInt(checkpoint.size)) return 'its row states another size';
  if (!sameBytes(signed.root, checkpoint.root)) return 'its row states another root';
  return sameBytes(signed.root, root)
    ? null
    : `it states root ${toBase64(signed.root)}, the tree has ${toBase64(root)}`;
}

/** All kept checkpoints in the order of their sizes, read in pages. */
async function checkpointQueue(db: Queryable, log: Log) {
  const page = 1_000;
  let held: KeptCheckpoint[] = [];
  let after = -1;
  let more = true;
  const fill = async () => {
    if (held.length > 0 || !more) return;
    held = await listCheckpoints(db, log, after, page);
    more = held.length === page;
    // A page never ends between two checkpoints of one size.
    const last = held.at(-1)?.size ?? after;
    if (more && held[0]?.size !== last) held = held.filter((one) => one.size < last);
    after = held.at(-1)?.size ?? after;
  };
  return {
    /** The size of the next checkpoint; infinite when there is none. */
    async peek(): Promise<number> {
      await fill();
      return held[0]?.size ?? Number.POSITIVE_INFINITY;
    },
    /** The next checkpoint of this size, if there is one. */
    async next(size: number): Promise<KeptCheckpoint | null> {
      await fill();
      return held[0]?.size === size ? (held.shift() ?? null) : null;
    },
    async rest(): Promise<KeptCheckpoint[]> {
      await fill();
      return held;
    },
  };
}
