/**
 * Arrays as binary parameters: about three times cheaper than text on both sides of the connection, which counts where
 * one call carries thousands of rows. Each takes the items and what to read of one. Layout: PostgreSQL `array_send`, one dimension, lower bound 1.
 */

const oids = { bytea: 17, int8: 20, int2: 21, int4: 23, date: 1082, uuid: 2950 } as const;
const HEADER_BYTES = 20;

function start(buffer: Buffer, oid: number, length: number, hasNull: boolean): void {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
}

/** An empty array has no dimension. */
function empty(oid: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeInt32BE(oid, 8);
  return buffer;
}

function fixed<Item, Value>(
  oid: number,
  size: number,
  items: readonly Item[],
  of: (item: Item) => Value | null,
  put: (buffer: Buffer, value: Value, offset: number) => void,
): Buffer {
  if (items.length === 0) return empty(oid);
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + items.length * (4 + size));
  let offset = HEADER_BYTES;
  let hasNull = false;
  for (const item of items) {
    const value = of(item);
    if (value === null) {
      hasNull = true;
      buffer.writeInt32BE(-1, offset);
      offset += 4;
      continue;
    }
    buffer.writeInt32BE(size, offset);
    put(buffer, value, offset + 4);
    offset += 4 + size;
  }
  start(buffer, oid, items.length, hasNull);
  return hasNull ? buffer.subarray(0, offset) : buffer;
}

/** bigint[] of values within 64 bits. */
export function int8Array<Item>(items: readonly Item[], of: (item: Item) => bigint | null): Buffer {
  return fixed(oids.int8, 8, items, of, (buffer, value, offset) => buffer.writeBigInt64BE(value, offset));
}

export function int4Array<Item>(items: readonly Item[], of: (item: Item) => number | null): Buffer {
  return fixed(oids.int4, 4, items, of, (buffer, value, offset) => buffer.writeInt32BE(value, offset));
}

export function int2Array<Item>(items: readonly Item[], of: (item: Item) => number | null): Buffer {
  return fixed(oids.int2, 2, items, of, (buffer, value, offset) => buffer.writeInt16BE(value, offset));
}

/** uuid[] of canonical texts. */
export function uuidArray<Item>(items: readonly Item[], of: (item: Item) => string | null): Buffer {
  return fixed(oids.uuid, 16, items, of, putUuid);
}

/** date[] of texts 'YYYY-MM-DD'. */
export function dateArray<Item>(items: readonly Item[], of: (item: Item) => string | null): Buffer {
  let last = '';
  let days = 0;
  return fixed(oids.date, 4, items, of, (buffer, value, offset) => {
    // Most batches carry one date.
    if (value !== last) {
      days = Math.round((Date.parse(`${value}T00:00:00Z`) - EPOCH_MS) / DAY_MS);
      last = value;
    }
    buffer.writeInt32BE(days, offset);
  });
}

/** bytea[] of hexadecimal texts of one length, in bytes. */
export function hexArray<Item>(items: readonly Item[], of: (item: Item) => string, length_bytes: number): Buffer {
  return fixed(oids.bytea, length_bytes, items, of, (buffer, value, offset) => buffer.write(value, offset, 'hex'));
}

/** PostgreSQL counts dates from here. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

const nibbles = new Uint8Array(128);
for (const [index, character] of [...'0123456789abcdef'].entries()) {
  nibbles[character.charCodeAt(0)] = index;
  nibbles[character.toUpperCase().charCodeAt(0)] = index;
}

function putUuid(buffer: Buffer, value: string, offset: number): void {
  let at = 0;
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) at++;
    const high = nibbles[value.charCodeAt(at)] ?? 0;
    const low = nibbles[value.charCodeAt(at + 1)] ?? 0;
    buffer[offset + byte] = (high << 4) | low;
    at += 2;
  }
}
