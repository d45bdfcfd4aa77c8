/** The leaf of an entry of the audit trail as an outsider reads and rebuilds it. Pure; the house itself makes leaves in SQL. */
import { hash } from 'node:crypto';
import { fieldReader, fieldWriter, instant, integer, map, microseconds, uuid } from './bytes.ts';

/** The first byte of such a leaf; that of a posting is 1. */
export const AUDIT_LEAF_VERSION = 2;

/** What a leaf says. Ids are UUIDs, hashes hexadecimal, whole numbers decimal text. */
export interface AuditLeaf {
  readonly sequence: string;
  readonly recorded_at: string;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly behalf_kind: string | null;
  readonly behalf_id: string | null;
  /** SHA-256 of 16 bytes of salt and the names and the address of who acted ({@link whoBytes}). */
  readonly who_hash: string;
  readonly action: string;
  readonly effect: string;
  readonly method: string | null;
  readonly route: string | null;
  readonly status: string;
  readonly code: string | null;
  /** SHA-256 of salt and subjects ({@link listBytes}). */
  readonly subjects_hash: string;
  readonly fields: readonly string[];
  readonly unit_id: string;
  readonly trace_id: string | null;
  readonly approval_id: string | null;
  /** SHA-256 of salt, reason and digest of the request ({@link wordsBytes}). */
  readonly words_hash: string;
}

/** Reads a leaf. Error: `evidence_leaf_malformed`. */
export function decodeAuditLeaf(bytes: Uint8Array): AuditLeaf {
  const { field, optional, end } = fieldReader(bytes, AUDIT_LEAF_VERSION);
  const text = () => field().toString('utf8');
  const maybe = () => map(optional(), (value) => value.toString('utf8'));
  const hex = () => field(32).toString('hex');
  const leaf: AuditLeaf = {
    sequence: field(8).readBigInt64BE().toString(),
    recorded_at: instant(field(8)),
    actor_kind: text(),
    actor_id: uuid(field(16)),
    behalf_kind: maybe(),
    behalf_id: map(optional(16), uuid),
    who_hash: hex(),
    action: text(),
    effect: text(),
    method: maybe(),
    route: maybe(),
    status: String(field(2).readInt16BE()),
    code: maybe(),
    subjects_hash: hex(),
    fields: listOf(field()),
    unit_id: String(field(4).readInt32BE()),
    trace_id: maybe(),
    approval_id: map(optional(16), uuid),
    words_hash: hex(),
  };
  end();
  return leaf;
}

/** Makes the bytes of a leaf. */
export function encodeAuditLeaf(leaf: AuditLeaf): Uint8Array {
  const { put, text, hex, bytes } = fieldWriter(AUDIT_LEAF_VERSION);
  const small = Buffer.alloc(6);
  small.writeInt16BE(Number(leaf.status));
  small.writeInt32BE(Number(leaf.unit_id), 2);
  put(integer(BigInt(leaf.sequence)));
  put(microseconds(leaf.recorded_at));
  text(leaf.actor_kind);
  hex(leaf.actor_id);
  text(leaf.behalf_kind);
  hex(leaf.behalf_id);
  hex(leaf.who_hash);
  text(leaf.action);
  text(leaf.effect);
  text(leaf.method);
  text(leaf.route);
  put(small.subarray(0, 2));
  text(leaf.code);
  hex(leaf.subjects_hash);
  put(listBytes(leaf.fields));
  put(small.subarray(2));
  text(leaf.trace_id);
  hex(leaf.approval_id);
  hex(leaf.words_hash);
  return bytes();
}

/** What a hash of a leaf is made of: to check texts that were told against it, hexadecimal. */
export function saltedHash(salt: Uint8Array, bytes: Uint8Array): string {
  return hash('sha256', Buffer.concat([salt, bytes]), 'hex');
}

/** Names and address of who acted, as they are hashed. */
export function whoBytes(actorName: string | null, behalfName: string | null, address: string | null): Buffer {
  return listBytes([actorName, behalfName, address]);
}

/** Reason and digest of the request (hexadecimal), as they are hashed. */
export function wordsBytes(reason: string | null, requestDigest: string | null): Buffer {
  return fieldsOf([map(reason, (text) => Buffer.from(text)), map(requestDigest, (hex) => Buffer.from(hex, 'hex'))]);
}

/** Texts one behind the other, each as a field. */
export function listBytes(texts: readonly (string | null)[]): Buffer {
  return fieldsOf(texts.map((text) => map(text, (found) => Buffer.from(found))));
}

function fieldsOf(values: readonly (Buffer | null)[]): Buffer {
  const { put, bytes } = fieldWriter(0);
  for (const value of values) put(value);
  return bytes().subarray(1);
}

function listOf(bytes: Buffer): string[] {
  const { field, end } = fieldReader(Buffer.concat([Buffer.of(0), bytes]), 0);
  const texts: string[] = [];
  for (let left = bytes.length; left > 0; ) {
    const text = field();
    texts.push(text.toString('utf8'));
    left -= 2 + text.length;
  }
  end();
  return texts;
}
