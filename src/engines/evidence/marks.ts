/**
 * Marks: 16 bytes beside each leaf that only who holds a key can make. The key is a file, not in the database. They take
 * no part in the log's proofs; they let `verify` name the changed leaf where somebody computed every hash anew.
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_BYTES } from './hash.ts';

export const MARK_BYTES = 16;

/** Makes marks with one key. */
export interface Marker {
  /** Names the key, without giving it away. */
  readonly keyId: string;
  /** The marks of leaf hashes, one behind the other. */
  marks(leaves: Uint8Array): Buffer;
}

/** A mark is AES-256 of the first half of the leaf's hash: one call for a whole batch. */
export function markerOf(key: Uint8Array): Marker {
  return {
    keyId: createHash('sha256').update(key).digest('hex').slice(0, 16),
    marks(leaves) {
      const halves = Buffer.allocUnsafe(leaves.length / 2);
      for (let offset = 0; offset < leaves.length; offset += HASH_BYTES) {
        halves.set(leaves.subarray(offset, offset + MARK_BYTES), offset / 2);
      }
      return createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(halves);
    },
  };
}

/** The marker of a folder of keys (`marks.key`, mode 0600); with `create` it gets a key when it has none. */
export function openMarker(folder: string, { create }: { create: boolean }): Marker | undefined {
  const file = join(folder, 'marks.key');
  if (create) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
  }
  try {
    return markerOf(readFileSync(file));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
