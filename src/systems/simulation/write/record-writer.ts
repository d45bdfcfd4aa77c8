/** Writes records as CSV or JSON Lines straight into bytes: constant memory, no text made on the way. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { idWord } from '../ids.ts';

export type Format = 'csv' | 'jsonl';

const SIZE = 1 << 20;
/** No record is longer than this. */
const LONGEST_RECORD = 8_192;
const DASH = 0x2d;
const ZERO = 0x30;

const HEX = new Uint8Array(512);
for (let byte = 0; byte < 256; byte += 1) HEX.set(Buffer.from(byte.toString(16).padStart(2, '0')), byte * 2);

/** Fields are written in the order of the columns: `field(0)`, then a value, `field(1)`, a value …, `end()`. */
export class RecordWriter {
  readonly #bytes = Buffer.allocUnsafe(SIZE + LONGEST_RECORD);
  readonly #file: number;
  readonly #before: readonly Buffer[];
  readonly #after: Buffer;
  readonly #isJson: boolean;
  #at = 0;

  constructor(path: string, columns: readonly string[], format: Format) {
    this.#file = openSync(path, 'wx');
    this.#isJson = format === 'jsonl';
    this.#before = columns.map((column, index) =>
      Buffer.from(this.#isJson ? `${index === 0 ? '{' : '",'}"${column}":"` : index === 0 ? '' : ','),
    );
    this.#after = Buffer.from(this.#isJson ? '"}\n' : '\n');
    if (!this.#isJson) this.bytes(Buffer.from(`${columns.join(',')}\n`));
  }

  field(index: number): void {
    const before = this.#before[index];
    if (before !== undefined) this.bytes(before);
  }

  end(): void {
    this.bytes(this.#after);
    if (this.#at >= SIZE) this.flush();
  }

  bytes(value: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < value.length; index += 1) bytes[at++] = value[index] ?? 0;
    this.#at = at;
  }

  /** Any text, quoted as the format wants it. */
  text(value: string): void {
    const quoted = this.#isJson
      ? JSON.stringify(value).slice(1, -1)
      : /[",\n\r]/.test(value)
        ? `"${value.replaceAll('"', '""')}"`
        : value;
    this.#at += this.#bytes.write(quoted, this.#at, LONGEST_RECORD, 'utf8');
  }

  uuid(seed: number, kind: number, entity: number): void {
    this.#hex(idWord(seed, kind, entity, 0));
    this.#bytes[this.#at++] = DASH;
    const second = idWord(seed, kind, entity, 1);
    this.#hexByte(second >>> 24);
    this.#hexByte((second >>> 16) & 255);
    this.#bytes[this.#at++] = DASH;
    this.#hexByte((second >>> 8) & 255);
    this.#hexByte(second & 255);
    this.#bytes[this.#at++] = DASH;
    const third = idWord(seed, kind, entity, 2);
    this.#hexByte(third >>> 24);
    this.#hexByte((third >>> 16) & 255);
    this.#bytes[this.#at++] = DASH;
    this.#hexByte((third >>> 8) & 255);
    this.#hexByte(third & 255);
    this.#hex(idWord(seed, kind, entity, 3));
  }

  /** Fen as yuan with two decimals; `fen` is below 2^53 in every simulation, so its digits fit a number. */
  yuan(fen: bigint): void {
    const digits = Number(fen);
    this.number(Math.floor(digits / 100));
    this.#bytes[this.#at++] = 0x2e;
    this.#two(digits % 100);
  }

  /** A whole number, zero or more. */
  number(value: number): void {
    const bytes = this.#bytes;
    let length = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) length += 1;
    let rest = value;
    for (let at = this.#at + length - 1; at >= this.#at; at -= 1) {
      const shorter = Math.floor(rest / 10);
      bytes[at] = ZERO + rest - shorter * 10;
      rest = shorter;
    }
    this.#at += length;
  }

  /** `2025-01-31T08:15:00+08:00`: a second of the day whose date is given as bytes. */
  moment(date: Uint8Array, second: number): void {
    this.bytes(date);
    this.#bytes[this.#at++] = 0x54;
    this.#two(Math.floor(second / 3600));
    this.#bytes[this.#at++] = 0x3a;
    this.#two(Math.floor(second / 60) % 60);
    this.#bytes[this.#at++] = 0x3a;
    this.#two(second % 60);
    this.bytes(CHINA);
  }

  internetAddress(word: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) {
      this.number((word >>> shift) & 255);
      if (shift > 0) this.#bytes[this.#at++] = 0x2e;
    }
  }

  flush(): void {
    for (let written = 0; written < this.#at; )
      written += writeSync(this.#file, this.#bytes, written, this.#at - written);
    this.#at = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  #hex(word: number): void {
    this.#hexByte(word >>> 24);
    this.#hexByte((word >>> 16) & 255);
    this.#hexByte((word >>> 8) & 255);
    this.#hexByte(word & 255);
  }

  #hexByte(byte: number): void {
    this.#bytes[this.#at] = HEX[byte * 2] ?? 0;
    this.#bytes[this.#at + 1] = HEX[byte * 2 + 1] ?? 0;
    this.#at += 2;
  }

  #two(value: number): void {
    const tens = Math.floor(value / 10);
    this.#bytes[this.#at] = ZERO + tens;
    this.#bytes[this.#at + 1] = ZERO + value - tens * 10;
    this.#at += 2;
  }
}

const CHINA = Buffer.from('+08:00');
