/** What is meant to happen on one day, as columns: filled in any order, then put in order of time and settled. */
import { channel, kind, NONE } from '../vocabulary.ts';

const SECONDS = 86_400;

export class DayBook {
  count = 0;
  second = new Uint32Array(1024);
  payer = new Uint32Array(1024);
  payee = new Uint32Array(1024);
  amountMinor = new BigInt64Array(1024);
  kind = new Uint8Array(1024);
  text = new Uint16Array(1024);
  channel = new Uint8Array(1024);
  device = new Uint32Array(1024);
  /** The teller, as a number in the staff list. */
  operator = new Uint32Array(1024);
  pattern = new Uint32Array(1024);
  /** Rows in order of time; those with the same second in order of adding. The first {@link settled} were affordable. */
  order = new Uint32Array(1024);
  settled = 0;
  readonly #ends = new Uint32Array(SECONDS + 1);

  clear(): void {
    this.count = 0;
    this.settled = 0;
  }

  /** Adds a row without device, teller or pattern; returns its number, for callers that know more. */
  add(
    second: number,
    payer: number,
    payee: number,
    amountMinor: bigint,
    kindNumber: number,
    text: number,
    channelNumber: number,
  ): number {
    const row = this.count;
    if (row === this.second.length) this.#grow();
    this.second[row] = second;
    this.payer[row] = payer;
    this.payee[row] = payee;
    this.amountMinor[row] = amountMinor;
    this.kind[row] = kindNumber;
    this.text[row] = text;
    this.channel[row] = channelNumber;
    this.device[row] = NONE;
    this.operator[row] = NONE;
    this.pattern[row] = NONE;
    this.count = row + 1;
    return row;
  }

  /** Counting sort by second: stable and linear. */
  sort(): void {
    const ends = this.#ends.fill(0);
    for (let row = 0; row < this.count; row += 1) {
      const slot = (this.second[row] ?? 0) + 1;
      ends[slot] = (ends[slot] ?? 0) + 1;
    }
    for (let slot = 1; slot <= SECONDS; slot += 1) ends[slot] = (ends[slot] ?? 0) + (ends[slot - 1] ?? 0);
    for (let row = 0; row < this.count; row += 1) {
      const second = this.second[row] ?? 0;
      const place = ends[second] ?? 0;
      this.order[place] = row;
      ends[second] = place + 1;
    }
    this.settled = this.count;
  }

  #grow(): void {
    const size = this.second.length * 2;
    this.second = grown(this.second, new Uint32Array(size));
    this.payer = grown(this.payer, new Uint32Array(size));
    this.payee = grown(this.payee, new Uint32Array(size));
    const larger = new BigInt64Array(size);
    larger.set(this.amountMinor);
    this.amountMinor = larger;
    this.kind = grown(this.kind, new Uint8Array(size));
    this.text = grown(this.text, new Uint16Array(size));
    this.channel = grown(this.channel, new Uint8Array(size));
    this.device = grown(this.device, new Uint32Array(size));
    this.operator = grown(this.operator, new Uint32Array(size));
    this.pattern = grown(this.pattern, new Uint32Array(size));
    this.order = new Uint32Array(size);
  }
}

function grown<Column extends Uint32Array | Uint16Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

/** Which channels carry the customer's own device. */
export function hasDevice(channelNumber: number): boolean {
  return channelNumber === channel.mobile || channelNumber === channel.web;
}

/** Kinds that the house books by itself, at whatever the customer does. */
export function isAutomatic(kindNumber: number): boolean {
  return kindNumber === kind.interest || kindNumber === kind.fee || kindNumber === kind.loan_interest;
}
