/** Checkpoints (https://c2sp.org/tlog-checkpoint): a signed note that states a log's size and root. No I/O. */
import { evidenceError } from './errors.ts';
import { fromBase64, HASH_BYTES, toBase64 } from './hash.ts';
import { openNote, type Signer, signNote, type VerifierKey } from './note.ts';

export interface Checkpoint {
  /** The log's name to the world, in one line. */
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, none of them empty; Longmen writes none. */
  readonly extensions?: readonly string[];
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  return `${[origin, size.toString(), toBase64(root), ...extensions].join('\n')}\n`;
}

export function signCheckpoint(checkpoint: Checkpoint, signers: readonly Signer[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/** Reads the text of a checkpoint, without signatures. Error: `evidence_checkpoint_malformed`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', size = '', encoded = '', ...rest] = lines;
  const end = rest.pop();
  const root = fromBase64(encoded);
  const sound = origin !== '' && /^(0|[1-9]\d{0,19})$/.test(size) && end === '' && !rest.includes('');
  if (!sound || root === null || root.length !== HASH_BYTES || BigInt(size) >= 2n ** 64n) {
    throw evidenceError('evidence_checkpoint_malformed', 'A checkpoint is an origin, a size and a root, line by line');
  }
  return { origin, size: BigInt(size), root, extensions: rest };
}

/**
 * The checkpoint of a signed note, when one of `keys` signed it under the log's own name.
 * Errors: `evidence_note_malformed`, `evidence_checkpoint_malformed`, `evidence_signature_invalid`.
 */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const { text, signedBy } = openNote(note, keys);
  const checkpoint = parseCheckpoint(text);
  if (!signedBy.some(({ name }) => name === checkpoint.origin)) {
    throw evidenceError('evidence_signature_invalid', `The log ${checkpoint.origin} has not signed this itself`);
  }
  return checkpoint;
}
