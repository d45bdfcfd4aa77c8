/**
 * What verifies a log from outside: no I/O, no Node, also for browsers. The package exports it as `longmen/evidence`.
 */
export {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from './checkpoint.ts';
export { emptyRoot, fromBase64, HASH_BYTES, leafHash, nodeHash, sameBytes, toBase64 } from './hash.ts';
export {
  formatVerifierKey,
  keyId,
  type Note,
  openNote,
  parseNote,
  parseVerifierKey,
  type Signature,
  type Signer,
  signNote,
  type VerifierKey,
} from './note.ts';
export {
  isSubtree,
  proofRanges,
  type Range,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './proof.ts';
export { formatProof, PROOF_FORMAT, type ProofFile, type Proved, verifyProof } from './proof-file.ts';
export {
  decodeBundle,
  encodeBundle,
  type HashReader,
  hashOfRange,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  type TilePath,
  tilePath,
  tilesOf,
  tileWidth,
} from './tiles.ts';
