/** Growing a tree by whole batches of leaves; hashing through Node's OpenSSL. */
import { hash } from 'node:crypto';
import { emptyRoot, HASH_BYTES } from './hash.ts';
import { type HashReader, hashOfRange, TILE_WIDTH } from './tiles.ts';

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const preimage = Buffer.alloc(1 + 2 * HASH_BYTES);
preimage[0] = 1;

/** The same as `nodeHash`, about three times faster. A digest as text is the cheapest way out of OpenSSL. */
export function fastNodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  preimage.set(left, 1);
  preimage.set(right, 1 + HASH_BYTES);
  return Buffer.from(hash('sha256', preimage, 'binary'), 'binary');
}

/** The hashes of entries as leaves, one behind the other. */
export function leafHashes(entries: readonly Uint8Array[]): Buffer {
  const hashes = Buffer.allocUnsafe(entries.length * HASH_BYTES);
  for (const [index, entry] of entries.entries()) {
    const bytes = Buffer.allocUnsafe(1 + entry.length);
    bytes[0] = 0;
    bytes.set(entry, 1);
    hashes.write(hash('sha256', bytes, 'binary'), index * HASH_BYTES, 'binary');
  }
  return hashes;
}

/** The root of a full tile. */
export function tileRoot(hashes: Uint8Array): Buffer {
  const level = Buffer.from(hashes);
  for (let count = TILE_WIDTH / 2; count >= 1; count /= 2) {
    for (let index = 0; index < count; index++) {
      level.copy(preimage, 1, index * 2 * HASH_BYTES, (index + 1) * 2 * HASH_BYTES);
      level.write(hash('sha256', preimage, 'binary'), index * HASH_BYTES, 'binary');
    }
  }
  return Buffer.from(level.subarray(0, HASH_BYTES));
}

/** A tile that is new or has grown, with all its hashes. */
export interface GrownTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Buffer;
}

/** The hashes of the last, partial tile of each level that has one. */
export type Edge = ReadonlyMap<number, Uint8Array>;

/** What becomes of a tree of `size` leaves with this edge when leaves (hashes, one behind the other) are added. */
export function grow(size: number, edge: Edge, leaves: Uint8Array): { tiles: GrownTile[]; edge: Edge } {
  const tiles: GrownTile[] = [];
  const grown = new Map(edge);
  let fresh = leaves;
  for (let level = 0, before = size; fresh.length > 0; level++, before = Math.floor(before / TILE_WIDTH)) {
    const hashes = Buffer.concat([edge.get(level) ?? Buffer.alloc(0), fresh]);
    const first = Math.floor(before / TILE_WIDTH);
    const roots: Buffer[] = [];
    grown.delete(level);
    for (let offset = 0; offset < hashes.length; offset += TILE_BYTES) {
      const tile = hashes.subarray(offset, offset + TILE_BYTES);
      tiles.push({ level, index: first + offset / TILE_BYTES, hashes: tile });
      if (tile.length === TILE_BYTES) roots.push(tileRoot(tile));
      else grown.set(level, tile);
    }
    fresh = Buffer.concat(roots);
  }
  return { tiles, edge: grown };
}

/** The root of a tree, which its size and edge determine. */
export function rootOfEdge(size: number, edge: Edge): Uint8Array {
  if (size === 0) return emptyRoot();
  const read: HashReader = (level, first, count) => {
    const start = (first % TILE_WIDTH) * HASH_BYTES;
    return edge.get(level)?.subarray(start, start + count * HASH_BYTES) ?? new Uint8Array(0);
  };
  return hashOfRange({ start: 0n, end: BigInt(size) }, read, fastNodeHash);
}
