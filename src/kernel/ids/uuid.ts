import { hash, randomFillSync } from 'node:crypto';
import { type Clock, systemClock } from '#kernel/clock';
import { invariant } from '#kernel/errors';

const canonicalForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const counterLimit = 0x1000;
const timestampLimit = 2 ** 48;
/** Eight bytes of the identifier itself, and two in case its counter has to start anew. */
const randomBytesPerId = 10;

/** Random bytes are drawn in blocks, because one call of the generator costs more than the rest of an identifier. */
const pool = new Uint8Array(512 * randomBytesPerId);
let poolUsed = pool.length;

const machineClock = systemClock();
let lastMillisecond = -1;
let counter = 0;

/**
 * A new UUIDv7 in lowercase text (RFC 9562 section 5.7): 48 bits of Unix milliseconds of `clock`, a 12-bit counter
 * that starts at a random value below half its range in every millisecond (section 6.2, method 1), 62 random bits.
 *
 * Identifiers made in one process ascend strictly, as text and as bytes, whatever the clock does: when it stands
 * still or goes back the last millisecond is used again, and when the counter is full the next one is borrowed.
 */
export function newId(clock: Clock = machineClock): string {
  if (poolUsed === pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const random = pool.subarray(poolUsed, poolUsed + randomBytesPerId);
  poolUsed += randomBytesPerId;

  const millisecond = clock.now().epochMilliseconds;
  if (millisecond > lastMillisecond) {
    lastMillisecond = millisecond;
    counter = firstCounter(random);
  } else {
    counter += 1;
    if (counter === counterLimit) {
      lastMillisecond += 1;
      counter = firstCounter(random);
    }
  }
  invariant(lastMillisecond >= 0 && lastMillisecond < timestampLimit, 'uuid_timestamp_has_48_bits');

  const bytes = new Uint8Array(16);
  const high = Math.floor(lastMillisecond / 2 ** 32);
  bytes[0] = high >>> 8;
  bytes[1] = high;
  bytes[2] = lastMillisecond >>> 24;
  bytes[3] = lastMillisecond >>> 16;
  bytes[4] = lastMillisecond >>> 8;
  bytes[5] = lastMillisecond;
  bytes[6] = counter >>> 8;
  bytes[7] = counter;
  bytes.set(random.subarray(0, 8), 8);
  return uuidText(bytes, 7);
}

/** Eleven random bits, so that at least half of the counter's range is left. */
function firstCounter(random: Uint8Array): number {
  return (((random[8] ?? 0) << 8) | (random[9] ?? 0)) & 0x7ff;
}

/**
 * A stable UUIDv8 (RFC 9562 section 5.8) of a name, the same on every machine and in every version: the first 128 bits
 * of SHA-256 over `namespace` and `parts`, each as a 4-byte big-endian length and its UTF-8 bytes, so that
 * `('a', 'bc')` and `('ab', 'c')` differ. It makes imports and derived records idempotent.
 *
 * @example deterministicId('ledger.expire', pendingId)
 */
export function deterministicId(namespace: string, ...parts: readonly string[]): string {
  const fields: Buffer[] = [];
  for (const part of [namespace, ...parts]) {
    const text = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    fields.push(length, text);
  }
  return uuidText(hash('sha256', Buffer.concat(fields), 'buffer'), 8);
}

/** Whether `text` is a UUID of any version in the one form the house keeps: lowercase, with hyphens. */
export function isUuid(text: string): boolean {
  return canonicalForm.test(text);
}

/** The canonical lowercase form of a UUID given in either case (RFC 9562 section 4), or undefined if it is none. */
export function canonicalUuid(text: string): string | undefined {
  const lowercase = text.toLowerCase();
  return isUuid(lowercase) ? lowercase : undefined;
}

/** Text of the first 16 bytes, with the version and the RFC 9562 variant put in their places. */
function uuidText(bytes: Uint8Array, version: number): string {
  let text = '';
  for (let at = 0; at < 16; at += 1) {
    let byte = bytes[at] ?? 0;
    if (at === 6) byte = (version << 4) | (byte & 0x0f);
    if (at === 8) byte = 0x80 | (byte & 0x3f);
    if (at === 4 || at === 6 || at === 8 || at === 10) text += '-';
    text += hexOfByte[byte];
  }
  return text;
}
