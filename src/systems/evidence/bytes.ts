/** The fields of leaves: each behind its length in two bytes, big-endian; an absent one is the length ffff alone. Pure. */
import { Temporal } from '#kernel/dates';
import { evidenceError } from './errors.ts';

const ABSENT = 0xffff;
/** Instants count from 2000-01-01T00:00:00Z, as PostgreSQL's do. */
export const EPOCH_MS = Date.UTC(2000, 0, 1);

export interface FieldReader {
  /** A field that must be there, of this length if one is given. */
  field(length?: number): Buffer;
  optional(length?: number): Buffer | null;
  /** Nothing may come after the last field. */
  end(): void;
}

/** Reads a leaf that begins with the byte `version`. Error: `evidence_leaf_malformed`. */
export function fieldReader(bytes: Uint8Array, version: number): FieldReader {
  const buffer = Buffer.from(bytes);
  if (buffer[0] !== version) throw malformed(`is not of version ${version}`);
  let offset = 1;
  const optional = (length?: number): Buffer | null => {
    if (offset + 2 > buffer.length) throw malformed('ends early');
    const stated = buffer.readUInt16BE(offset);
    offset += 2;
    if (stated === ABSENT) return null;
    const value = buffer.subarray(offset, offset + stated);
    if (value.length !== stated || (length !== undefined && stated !== length)) throw malformed('has a wrong length');
    offset += stated;
    return value;
  };
  return {
    optional,
    field: (length) => optional(length) ?? malformedNow('lacks a field'),
    end() {
      if (offset !== buffer.length) throw malformed('has bytes behind its end');
    },
  };
}

/** Makes a leaf. */
export function fieldWriter(version: number) {
  const parts: Buffer[] = [Buffer.of(version)];
  const put = (value: Buffer | null) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(value?.length ?? ABSENT);
    parts.push(length, ...(value === null ? [] : [value]));
  };
  return {
    put,
    text: (value: string | null) => put(map(value, (found) => Buffer.from(found, 'utf8'))),
    /** A UUID or a hash. */
    hex: (value: string | null) => put(map(value, (found) => Buffer.from(found.replaceAll('-', ''), 'hex'))),
    bytes: () => Buffer.concat(parts),
  };
}

export function integer(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

export function microseconds(instantText: string): Buffer {
  const { epochNanoseconds } = Temporal.Instant.from(instantText);
  return integer(epochNanoseconds / 1_000n - BigInt(EPOCH_MS) * 1_000n);
}

export function instant(bytes: Buffer): string {
  const since = bytes.readBigInt64BE() + BigInt(EPOCH_MS) * 1_000n;
  return Temporal.Instant.fromEpochNanoseconds(since * 1_000n).toString({ fractionalSecondDigits: 6 });
}

export function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function map<From, To>(value: From | null, to: (value: From) => To): To | null {
  return value === null ? null : to(value);
}

function malformed(why: string) {
  return evidenceError('evidence_leaf_malformed', `The leaf ${why}`);
}

export function malformedNow(why: string): never {
  throw malformed(why);
}
