/** A proof that stands by itself: one JSON document, verified without Longmen's database. No I/O; also for browsers. */
import { openCheckpoint } from './checkpoint.ts';
import { evidenceError } from './errors.ts';
import { fromBase64, leafHash, toBase64 } from './hash.ts';
import { parseVerifierKey, type VerifierKey } from './note.ts';
import { verifyInclusion } from './proof.ts';

export const PROOF_FORMAT = 'longmen.evidence.proof.v1';

/** The document. Bytes are base64, whole numbers decimal text. */
export interface ProofFile {
  readonly format: typeof PROOF_FORMAT;
  /** Position of the leaf, from 0. */
  readonly index: string;
  /** The entry itself, whose hash is the leaf. */
  readonly leaf: string;
  /** From the leaf's sibling up to the child of the root. */
  readonly proof: readonly string[];
  /** The signed note, as it was published. */
  readonly checkpoint: string;
  /** Verifier keys of the log. For convenience only: whoever verifies must have them from elsewhere. */
  readonly keys: readonly string[];
}

export interface Proved {
  readonly origin: string;
  readonly index: bigint;
  /** Leaves in the tree whose checkpoint was verified. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The entry that is proved to be in the log. */
  readonly entry: Uint8Array;
}

export function formatProof(parts: {
  readonly index: bigint;
  readonly entry: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
  readonly keys: readonly string[];
}): ProofFile {
  return {
    format: PROOF_FORMAT,
    index: parts.index.toString(),
    leaf: toBase64(parts.entry),
    proof: parts.proof.map(toBase64),
    checkpoint: parts.checkpoint,
    keys: parts.keys,
  };
}

/**
 * Verifies a proof document against keys from elsewhere: the checkpoint's signature, and that the entry stands at the
 * index in the tree it states.
 *
 * @param file the parsed JSON; members beyond those of {@link ProofFile} prove nothing and are ignored.
 * @param keys verifier keys as text (`name+id+base64`) or parsed.
 * @throws `evidence_proof_malformed`, `evidence_key_malformed`, `evidence_note_malformed`, `evidence_checkpoint_malformed`,
 *   `evidence_signature_invalid`, `evidence_proof_invalid`
 */
export function verifyProof(file: unknown, keys: readonly (string | VerifierKey)[]): Proved {
  const { index, entry, proof, checkpoint } = readProof(file);
  const trusted = keys.map((key) => (typeof key === 'string' ? parseVerifierKey(key) : key));
  const { origin, size, root } = openCheckpoint(checkpoint, trusted);
  if (!verifyInclusion(index, size, leafHash(entry), proof, root)) {
    throw evidenceError('evidence_proof_invalid', `The leaf is not at index ${index} of the tree of ${size} leaves`);
  }
  return { origin, index, size, root, entry };
}

function readProof(file: unknown) {
  if (typeof file !== 'object' || file === null) throw malformed('is no JSON object');
  const { format, index, leaf, proof, checkpoint } = file as Readonly<Record<string, unknown>>;
  if (format !== PROOF_FORMAT) throw malformed(`is not of format ${PROOF_FORMAT}`);
  if (typeof index !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(index)) throw malformed('has no index');
  if (typeof checkpoint !== 'string') throw malformed('has no checkpoint');
  if (!Array.isArray(proof)) throw malformed('has no proof');
  return {
    index: BigInt(index),
    entry: bytes(leaf, 'leaf'),
    proof: proof.map((hash) => bytes(hash, 'proof')),
    checkpoint,
  };
}

function bytes(value: unknown, name: string): Uint8Array {
  const read = typeof value === 'string' ? fromBase64(value) : null;
  if (read === null) throw malformed(`has no base64 as ${name}`);
  return read;
}

function malformed(why: string) {
  return evidenceError('evidence_proof_malformed', `The proof ${why}`);
}
