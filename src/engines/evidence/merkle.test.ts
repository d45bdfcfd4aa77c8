/** Trees and proofs against the definition in RFC 6962, and every way to get one bit of a proof wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Edge, fastNodeHash, grow, leafHashes, rootOfEdge, tileRoot } from './grow.ts';
import { emptyRoot, leafHash, nodeHash } from './hash.ts';
import {
  isSubtree,
  proofRanges,
  splitOf,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
} from './proof.ts';
import { foldFull, hashOfRange, tilesOf } from './tiles.ts';

/** MTH of RFC 6962, section 2.1, word by word. */
function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  const [first] = entries;
  if (first === undefined) return emptyRoot();
  if (entries.length === 1) return leafHash(first);
  const k = Number(splitOf(BigInt(entries.length)));
  return nodeHash(treeHash(entries.slice(0, k)), treeHash(entries.slice(k)));
}

/** PATH and PROOF of RFC 6962, sections 2.1.1 and 2.1.2, word by word. */
function path(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length <= 1) return [];
  const k = Number(splitOf(BigInt(entries.length)));
  return m < k
    ? [...path(m, entries.slice(0, k)), treeHash(entries.slice(k))]
    : [...path(m - k, entries.slice(k)), treeHash(entries.slice(0, k))];
}
function subproof(m: number, entries: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === entries.length) return whole ? [] : [treeHash(entries)];
  const k = Number(splitOf(BigInt(entries.length)));
  return m <= k
    ? [...subproof(m, entries.slice(0, k), whole), treeHash(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), treeHash(entries.slice(0, k))];
}

const entriesOf = (count: number) => Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`));
const proofOf = (start: number, end: number, entries: readonly Uint8Array[]) =>
  proofRanges({ start: BigInt(start), end: BigInt(end) }, BigInt(entries.length)).map((range) =>
    treeHash(entries.slice(Number(range.start), Number(range.end))),
  );
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('roots that others publish for their well-known eight leaves', () => {
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const entries = leaves.map((leaf) => Buffer.from(leaf, 'hex'));
  const roots: readonly (readonly [number, string])[] = [
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ];
  for (const [count, root] of roots) assert.equal(hex(treeHash(entries.slice(0, count))), root);
});

test('proofs are those of the RFC, for every tree up to 40 leaves, and are accepted', () => {
  for (let size = 1; size <= 40; size++) {
    const entries = entriesOf(size);
    const root = treeHash(entries);
    for (let at = 0; at < size; at++) {
      const inclusion = proofOf(at, at + 1, entries);
      assert.deepEqual(inclusion.map(hex), path(at, entries).map(hex));
      assert.ok(verifyInclusion(BigInt(at), BigInt(size), leafHash(entriesOf(size)[at] ?? root), inclusion, root));
      const consistency = proofOf(0, at + 1, entries);
      assert.deepEqual(consistency.map(hex), subproof(at + 1, entries, true).map(hex));
      const older = treeHash(entries.slice(0, at + 1));
      assert.ok(verifyConsistency(BigInt(at + 1), BigInt(size), consistency, older, root));
    }
  }
});

test('every subtree of a tree can be proved', () => {
  const entries = entriesOf(29);
  const root = treeHash(entries);
  let proved = 0;
  for (let start = 0; start < 29; start++) {
    for (let end = start + 1; end <= 29; end++) {
      const subtree = { start: BigInt(start), end: BigInt(end) };
      const proof = proofOf(start, end, entries);
      const good = verifySubtreeConsistency(subtree, 29n, proof, treeHash(entries.slice(start, end)), root);
      assert.equal(good, isSubtree(subtree), `${start} to ${end}`);
      proved += good ? 1 : 0;
    }
  }
  assert.ok(proved > 29);
});

/** One of the bits of these hashes flipped. */
function flipped(hashes: readonly Uint8Array[], bit: number): Uint8Array[] {
  return hashes.map((hash, index) => {
    const copy = Uint8Array.from(hash);
    const at = bit - index * 256;
    if (at >= 0 && at < 256) copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7));
    return copy;
  });
}

test('every single wrong bit of a proof, a leaf, a root, an index or a size is refused', () => {
  const cases = fc.integer({ min: 1, max: 70 }).chain((size) => fc.tuple(fc.constant(size), fc.nat({ max: size - 1 })));
  fc.assert(
    fc.property(cases, ([size, at]) => {
      const entries = entriesOf(size);
      const root = treeHash(entries);
      const leaf = leafHash(entries[at] ?? root);
      const older = treeHash(entries.slice(0, at + 1));
      const inclusion = proofOf(at, at + 1, entries);
      const consistency = proofOf(0, at + 1, entries);
      const included = [leaf, root, ...inclusion];
      for (let bit = 0; bit < included.length * 256; bit++) {
        const [badLeaf = leaf, badRoot = root, ...proof] = flipped(included, bit);
        assert.ok(!verifyInclusion(BigInt(at), BigInt(size), badLeaf, proof, badRoot));
      }
      const continued = [older, root, ...consistency];
      for (let bit = 0; bit < continued.length * 256; bit++) {
        const [badOlder = older, badRoot = root, ...proof] = flipped(continued, bit);
        assert.ok(!verifyConsistency(BigInt(at + 1), BigInt(size), proof, badOlder, badRoot));
      }
      for (let bit = 0n; bit < 64n; bit++) {
        const mask = 1n << bit;
        assert.ok(!verifyInclusion(BigInt(at) ^ mask, BigInt(size), leaf, inclusion, root));
        assert.ok(!verifyConsistency(BigInt(at + 1) ^ mask, BigInt(size), consistency, older, root));
        // A proof does not depend on every bit of the size where the way to the leaf stays the same; the signed
        // checkpoint does. Where the ways differ it is refused.
        const otherSize = BigInt(size) ^ mask;
        const sameWay =
          otherSize > BigInt(at) &&
          proofRanges({ start: BigInt(at), end: BigInt(at) + 1n }, otherSize).length === inclusion.length;
        if (!sameWay) assert.ok(!verifyInclusion(BigInt(at), otherSize, leaf, inclusion, root));
      }
      for (const wrong of [[...inclusion, root], inclusion.slice(1), [root, ...inclusion]]) {
        if (wrong.length === inclusion.length) continue;
        assert.ok(!verifyInclusion(BigInt(at), BigInt(size), leaf, wrong, root));
      }
    }),
    { numRuns: 12 },
  );
});

test('hashing through OpenSSL and in plain JavaScript is the same', () => {
  const entries = entriesOf(256);
  const hashes = leafHashes(entries);
  assert.equal(hex(hashes), entries.map((entry) => hex(leafHash(entry))).join(''));
  assert.equal(hex(tileRoot(hashes)), hex(foldFull(hashes, nodeHash)));
  assert.equal(hex(fastNodeHash(emptyRoot(), emptyRoot())), hex(nodeHash(emptyRoot(), emptyRoot())));
});

test('a tree grown in batches of any size is the tree of the definition, tile by tile', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }), (batches) => {
      const entries = entriesOf(batches.reduce((sum, count) => sum + count, 0));
      const tiles = new Map<string, Buffer>();
      let size = 0;
      let edge: Edge = new Map();
      for (const count of batches) {
        const grown = grow(size, edge, leafHashes(entries.slice(size, size + count)));
        for (const tile of grown.tiles) tiles.set(`${tile.level}/${tile.index}`, tile.hashes);
        size += count;
        edge = grown.edge;
        assert.equal(hex(rootOfEdge(size, edge)), hex(treeHash(entries.slice(0, size))));
      }
      const expected = [...tilesOf(size)].map(({ level, index, width }) => `${level}/${index}: ${width}`);
      assert.deepEqual([...tiles].map(([name, hashes]) => `${name}: ${hashes.length / 32}`).sort(), expected.sort());
      // Any node of the tree can be read from the tiles.
      const start = size > 300 ? 256 : 0;
      const range = { start: BigInt(start), end: BigInt(size) };
      const read = (level: number, first: number, count: number) =>
        tiles.get(`${level}/${Math.floor(first / 256)}`)?.subarray((first % 256) * 32, ((first % 256) + count) * 32) ??
        assert.fail(`no tile ${level}/${first}`);
      if (start === 0 || isSubtree(range)) {
        assert.equal(hex(hashOfRange(range, read, nodeHash)), hex(treeHash(entries.slice(start))));
      }
    }),
    { numRuns: 25 },
  );
});
