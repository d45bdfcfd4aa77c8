/**
 * The dress of a payment: kind, text, channel, second of the day and amount together. A payment of a pattern wears the
 * dress of a real one of the same day between the same sorts of accounts, so that in no column, and in no two together,
 * it differs from what everyone does.
 */
import type { DayBook } from '../business/day-book.ts';
import type { Accounts } from '../population/accounts.ts';
import type { Draws } from '../random.ts';
import { sides } from '../vocabulary.ts';

const CLASSES = sides.length * sides.length;

export class Wardrobe {
  readonly #accounts: Accounts;
  readonly #starts = new Uint32Array(CLASSES + 1);
  #rows = new Uint32Array(0);
  #classes = new Uint8Array(0);

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Sorts the rows of a day by who pays whom. */
  fill({ count, payer, payee }: DayBook): void {
    if (this.#rows.length < count) {
      this.#rows = new Uint32Array(count * 2);
      this.#classes = new Uint8Array(count * 2);
    }
    const starts = this.#starts.fill(0);
    for (let row = 0; row < count; row += 1) {
      const found = this.#class(payer[row] ?? 0, payee[row] ?? 0);
      this.#classes[row] = found;
      starts[found + 1] = (starts[found + 1] ?? 0) + 1;
    }
    for (let one = 0; one < CLASSES; one += 1) starts[one + 1] = (starts[one + 1] ?? 0) + (starts[one] ?? 0);
    const next = starts.slice(0, CLASSES);
    for (let row = 0; row < count; row += 1) {
      const found = this.#classes[row] ?? 0;
      this.#rows[next[found] ?? 0] = row;
      next[found] = (next[found] ?? 0) + 1;
    }
  }

  #class(payer: number, payee: number): number {
    return this.#accounts.standsFor(payer) * sides.length + this.#accounts.standsFor(payee);
  }

  /** A row of the day between accounts of the same sorts as these, or -1 if there was none. */
  pick(draws: Draws, payer: number, payee: number): number {
    const found = this.#class(payer, payee);
    const from = this.#starts[found] ?? 0;
    const count = (this.#starts[found + 1] ?? 0) - from;
    return count === 0 ? -1 : (this.#rows[from + draws.below(count)] ?? -1);
  }
}
