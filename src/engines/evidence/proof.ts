/**
 * Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2): which hashes they are made of, and their
 * verification. No I/O; also for browsers.
 *
 * Both are one thing. A proof shows that the tree over the leaves [0, size) contains the subtree over [start, end):
 * a leaf's inclusion is the subtree [index, index + 1), consistency with an older size the subtree [0, older size).
 * For other subtrees see draft-ietf-plants-merkle-tree-certs, "Subtrees".
 */
import { emptyRoot, HASH_BYTES, nodeHash, sameBytes } from './hash.ts';

/** The leaves [start, end). */
export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** How one hash of a proof is used, on the way from the subtree up to the root. */
interface Step {
  /** What the hash in the proof stands for. */
  readonly range: Range;
  /**
   * `start`: the part of the subtree the way begins with, where the subtree itself is no node of the tree; `both`: left of
   * the way, in subtree and tree; `left`, `right`: beside the way, in the tree alone.
   */
  readonly use: 'start' | 'both' | 'left' | 'right';
}

const MAX_SIZE = 2n ** 64n - 1n;

/**
 * Whether [start, end) is a subtree: not empty, and start is a multiple of the smallest power of two that is not below
 * its width. Then it is either a node of every tree that holds it, or begins with one.
 */
export function isSubtree({ start, end }: Range): boolean {
  if (start < 0n || end <= start || end > MAX_SIZE) return false;
  const bits = (end - start - 1n).toString(2).length;
  const width = end - start === 1n ? 1n : 1n << BigInt(bits);
  return start % width === 0n;
}

/** The largest power of two smaller than `size` (which is above 1): where the RFC splits a tree. */
export function splitOf(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

/** The hashes that prove [start, end) within [0, size), in the order of the proof: from the subtree up to the root. */
function stepsOf(subtree: Range, size: bigint): Step[] {
  const steps: Step[] = [];
  let low = 0n;
  let high = size;
  let whole = true;
  // Down from the root; the proof is read the other way.
  while (low !== subtree.start || high !== subtree.end) {
    const middle = low + splitOf(high - low);
    if (subtree.end <= middle) {
      steps.push({ range: { start: middle, end: high }, use: 'right' });
      high = middle;
    } else if (subtree.start >= middle) {
      steps.push({ range: { start: low, end: middle }, use: 'left' });
      low = middle;
    } else {
      // The subtree reaches over the split, so it begins where this part does; what is left of it begins at the split.
      steps.push({ range: { start: low, end: middle }, use: 'both' });
      whole = false;
      subtree = { start: middle, end: subtree.end };
      low = middle;
    }
  }
  if (!whole) steps.push({ range: { start: low, end: high }, use: 'start' });
  return steps.reverse();
}

/**
 * The ranges whose hashes are, in this order, the proof that the subtree is part of the tree of `size` leaves: none when
 * it is the whole tree, or no part of it.
 */
export function proofRanges(subtree: Range, size: bigint): Range[] {
  if (!isSubtree(subtree) || subtree.end > size) return [];
  return stepsOf(subtree, size).map((step) => step.range);
}

/**
 * Whether `proof` shows that the tree of `size` leaves with `root` contains the subtree with `subtreeRoot`. There is
 * exactly one proof for each statement; a longer, shorter or otherwise different one is refused. An empty subtree is
 * part of every tree and proved by nothing.
 */
export function verifySubtreeConsistency(
  subtree: Range,
  size: bigint,
  proof: readonly Uint8Array[],
  subtreeRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (subtree.end > size || size > MAX_SIZE) return false;
  if (subtree.start === subtree.end && subtree.start >= 0n) {
    return proof.length === 0 && sameBytes(subtreeRoot, emptyRoot());
  }
  if (!isSubtree(subtree)) return false;
  const steps = stepsOf(subtree, size);
  if (steps.length !== proof.length) return false;
  // Nothing to compute: the subtree is the tree.
  if (steps.length === 0) return sameBytes(subtreeRoot, root);
  if (subtreeRoot.length !== HASH_BYTES || proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  let ofSubtree = subtreeRoot;
  let ofTree = subtreeRoot;
  for (const [index, { use }] of steps.entries()) {
    const hash = proof[index] ?? root;
    if (use === 'start') {
      ofSubtree = hash;
      ofTree = hash;
    } else if (use === 'both') {
      ofSubtree = nodeHash(hash, ofSubtree);
      ofTree = nodeHash(hash, ofTree);
    } else ofTree = use === 'left' ? nodeHash(hash, ofTree) : nodeHash(ofTree, hash);
  }
  return sameBytes(ofSubtree, subtreeRoot) && sameBytes(ofTree, root);
}

/** Whether `proof` shows that the tree of `size2` leaves continues the one of `size1`, which is not empty. */
export function verifyConsistency(
  size1: bigint,
  size2: bigint,
  proof: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): boolean {
  if (size1 <= 0n) return false;
  return verifySubtreeConsistency({ start: 0n, end: size1 }, size2, proof, root1, root2);
}

/** Whether `proof` shows that the leaf with this hash stands at `index` (from 0) of the tree of `size` leaves. */
export function verifyInclusion(
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (leaf.length !== HASH_BYTES) return false;
  return verifySubtreeConsistency({ start: index, end: index + 1n }, size, proof, leaf, root);
}

/** The same within a subtree: the leaf stands at `index` of the whole tree. */
export function verifySubtreeInclusion(
  index: bigint,
  subtree: Range,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSubtree(subtree)) return false;
  return verifyInclusion(index - subtree.start, subtree.end - subtree.start, leaf, proof, root);
}
