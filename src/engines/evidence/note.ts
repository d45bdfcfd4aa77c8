/**
 * Signed notes (https://c2sp.org/signed-note) with Ed25519 signatures, signature type 0x01. No I/O; also for browsers.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { evidenceError } from './errors.ts';
import { fromBase64, sameBytes, toBase64 } from './hash.ts';

/** A public key under the name it signs with. */
export interface VerifierKey {
  readonly name: string;
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
}

/** Makes one line of signatures: of the bytes of a note's text. */
export interface Signer extends VerifierKey {
  /** 64 bytes, RFC 8032. */
  sign(text: Uint8Array): Uint8Array;
}

export interface Signature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
/** More than any log has keys and witnesses; a note with more is not read. */
const MAX_SIGNATURES = 64;

/** Key ID = SHA-256(key name || 0x0A || 0x01 || public key)[:4]. */
export function keyId({ name, publicKey }: VerifierKey): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(name), Uint8Array.of(0x0a, ED25519), publicKey)).slice(0, KEY_ID_BYTES);
}

/** The text form of a verifier key that tools for signed notes exchange: `name+hex key ID+base64(0x01 || public key)`. */
export function formatVerifierKey(key: VerifierKey): string {
  const encoded = toBase64(concatBytes(Uint8Array.of(ED25519), key.publicKey));
  return `${key.name}+${hex(keyId(key))}+${encoded}`;
}

/** Error: `evidence_key_malformed`. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim()) ?? [];
  const bytes = fromBase64(encoded);
  if (isKeyName(name) && bytes !== null && bytes.length === 33 && bytes[0] === ED25519) {
    const key = { name, publicKey: bytes.slice(1) };
    if (hex(keyId(key)) === id) return key;
  }
  throw evidenceError('evidence_key_malformed', 'A key is written name+id+base64, as `longmen evidence keys` shows it');
}

/** Whether a name may sign notes: not empty, no spaces, no plus. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && !/[\s+\p{White_Space}\p{Cc}]/u.test(name);
}

/** The note of a text (which ends with a newline) with one signature line per signer. */
export function signNote(text: string, signers: readonly Signer[]): string {
  const bytes = utf8ToBytes(text);
  const lines = signers.map((signer) => signatureLine(signer, signer.sign(bytes)));
  return `${text}\n${lines.join('')}`;
}

function signatureLine(key: VerifierKey, signature: Uint8Array): string {
  return `\u2014 ${key.name} ${toBase64(concatBytes(keyId(key), signature))}\n`;
}

/** Takes a note apart; its signatures are not verified. Error: `evidence_note_malformed`. */
export function parseNote(note: string): Note {
  const plain = [...note].every((character) => character >= ' ' || character === '\n');
  if (!plain || !note.isWellFormed()) throw malformed('has control characters');
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw malformed('has no signatures behind an empty line');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw malformed(`has more than ${MAX_SIGNATURES} signatures`);
  const signatures = lines.map((line) => {
    const [, name = '', encoded = ''] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
    const bytes = fromBase64(encoded);
    if (!isKeyName(name) || bytes === null || bytes.length <= KEY_ID_BYTES) throw malformed('has a bad signature line');
    return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * The text of a note that at least one of `keys` has signed; unknown signatures are ignored, as the format demands.
 * Errors: `evidence_note_malformed`, `evidence_signature_invalid` (none of the keys signed it, or one of their
 * signatures is wrong).
 */
export function openNote(note: string, keys: readonly VerifierKey[]): { text: string; signedBy: VerifierKey[] } {
  const { text, signatures } = parseNote(note);
  const bytes = utf8ToBytes(text);
  const signedBy: VerifierKey[] = [];
  for (const { name, keyId: id, signature } of signatures) {
    const key = keys.find((one) => one.name === name && sameBytes(keyId(one), id));
    if (key === undefined) continue;
    if (!isSignature(signature, bytes, key)) {
      throw evidenceError('evidence_signature_invalid', `The signature of ${name} is wrong`, { key: name });
    }
    signedBy.push(key);
  }
  if (signedBy.length === 0)
    throw evidenceError('evidence_signature_invalid', 'None of the given keys has signed this');
  return { text, signedBy };
}

function isSignature(signature: Uint8Array, text: Uint8Array, key: VerifierKey): boolean {
  // The strict rules of RFC 8032, not the looser ones of ZIP 215.
  return signature.length === 64 && ed25519.verify(signature, text, key.publicKey, { zip215: false });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function malformed(why: string) {
  return evidenceError('evidence_note_malformed', `The signed note ${why}`);
}
