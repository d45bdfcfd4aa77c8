/** Tiles (https://c2sp.org/tlog-tiles): where each hash of a tree is kept, and under which path. Pure. */
import { evidenceError } from './errors.ts';
import { HASH_BYTES } from './hash.ts';
import type { Range } from './proof.ts';

/** Hashes in a full tile: eight levels of the tree. */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;

/** A tile of hashes; level 0 holds leaf hashes, each level above one hash per full tile below. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** Hashes in it: 256 when it is full. */
  readonly width: number;
}

/** A bundle of entries has a tile's index and width, and no level. */
export interface TilePath {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** The path below the log's prefix: `tile/0/x001/234`, `tile/entries/000.p/17`. */
export function tilePath({ level, index, width }: TilePath): string {
  const groups: string[] = [];
  for (let rest = index, first = true; first || rest > 0; rest = Math.floor(rest / 1000), first = false) {
    groups.unshift(`${first ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`);
  }
  return `tile/${level}/${groups.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Reads a path; null when it is not written exactly as {@link tilePath} writes it. */
export function parseTilePath(path: string): TilePath | null {
  const match = /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
    path,
  );
  const [, level = '', digits = '', partial] = match ?? [];
  if (match === null) return null;
  const tile = {
    level: level === 'entries' ? ('entries' as const) : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : Number(partial),
  };
  return Number.isSafeInteger(tile.index) && tilePath(tile) === path ? tile : null;
}

/** All tiles of a tree, the partial ones as they are at this size; for static copies. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const full = Math.floor(hashes / TILE_WIDTH);
    for (let index = 0; index < full; index++) yield { level, index, width: TILE_WIDTH };
    if (hashes % TILE_WIDTH > 0) yield { level, index: full, width: hashes % TILE_WIDTH };
  }
}

/** How many hashes of tile (level, index) a tree of `size` leaves has; 0 when it has no such tile. */
export function tileWidth(level: number, index: number, size: number): number {
  // Halving by division: shifts would cut at 32 bits.
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** Gives `count` hashes of a level of tiles, from `first` on; the range lies within one tile. */
export type HashReader = (level: number, first: number, count: number) => Uint8Array;

export type NodeHash = (left: Uint8Array, right: Uint8Array) => Uint8Array;

/** The Merkle tree hash of the leaves of a range, which starts at a multiple of its width or of a power of two above it. */
export function hashOfRange({ start, end }: Range, read: HashReader, node: NodeHash): Uint8Array {
  return hashBetween(Number(start), Number(end), read, node);
}

function hashBetween(start: number, end: number, read: HashReader, node: NodeHash): Uint8Array {
  const width = end - start;
  const height = Math.log2(width);
  if (Number.isInteger(height)) {
    const level = Math.floor(height / TILE_HEIGHT);
    const unit = TILE_WIDTH ** level;
    return foldFull(read(level, start / unit, width / unit), node);
  }
  const middle = start + 2 ** Math.floor(height);
  return node(hashBetween(start, middle, read, node), hashBetween(middle, end, read, node));
}

/** The hash over a power of two of hashes, laid out one behind the other. */
export function foldFull(hashes: Uint8Array, node: NodeHash): Uint8Array {
  if (hashes.length === HASH_BYTES) return hashes;
  const half = hashes.length / 2;
  return node(foldFull(hashes.subarray(0, half), node), foldFull(hashes.subarray(half), node));
}

/** Entries of a bundle: each behind its length in two bytes, big-endian. Error: `evidence_entry_too_long`. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let offset = 0;
  for (const entry of entries) {
    if (entry.length > 0xffff) throw evidenceError('evidence_entry_too_long', 'An entry has at most 65,535 bytes');
    bytes[offset] = entry.length >> 8;
    bytes[offset + 1] = entry.length & 0xff;
    bytes.set(entry, offset + 2);
    offset += 2 + entry.length;
  }
  return bytes;
}

/** The entries of a bundle; null when its lengths do not add up. */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset + 2 <= bytes.length) {
    const length = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
    if (offset + 2 + length > bytes.length) return null;
    entries.push(bytes.subarray(offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  return offset === bytes.length ? entries : null;
}
