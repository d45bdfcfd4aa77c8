/** What every account holds while days go by: a customer never pays what is not there. */
import type { Accounts } from '../population/accounts.ts';
import type { DayBook } from './day-book.ts';

export class Balances {
  /** Customers: what they have. Loans: what is owed. Fen. */
  readonly #minor: BigInt64Array;
  /** What each person holds in wealth products. Fen. */
  readonly #wealth: BigInt64Array;
  readonly #customers: number;
  readonly #firstHouse: number;
  readonly #wealthAccount: number;

  constructor(accounts: Accounts) {
    this.#customers = accounts.customers;
    this.#firstHouse = accounts.firstHouse;
    this.#wealthAccount = accounts.wealth;
    this.#minor = new BigInt64Array(accounts.firstHouse);
    this.#wealth = new BigInt64Array(accounts.customers);
  }

  of(account: number): bigint {
    return this.#minor[account] ?? 0n;
  }

  wealthOf(customer: number): bigint {
    return this.#wealth[customer] ?? 0n;
  }

  /** Moves money if it is there (a loan: if that much is owed) and says whether it did. */
  move(payer: number, payee: number, amountMinor: bigint): boolean {
    const minor = this.#minor;
    if (payer < this.#customers) {
      const left = (minor[payer] ?? 0n) - amountMinor;
      if (left < 0n) return false;
      if (payee >= this.#customers && payee < this.#firstHouse) {
        const owed = (minor[payee] ?? 0n) - amountMinor;
        if (owed < 0n) return false;
        minor[payee] = owed;
      } else if (payee < this.#customers) {
        minor[payee] = (minor[payee] ?? 0n) + amountMinor;
      } else if (payee === this.#wealthAccount) {
        this.#wealth[payer] = (this.#wealth[payer] ?? 0n) + amountMinor;
      }
      minor[payer] = left;
      return true;
    }
    if (payer === this.#wealthAccount) {
      const left = (this.#wealth[payee] ?? 0n) - amountMinor;
      if (left < 0n) return false;
      this.#wealth[payee] = left;
    }
    if (payer < this.#firstHouse) minor[payer] = (minor[payer] ?? 0n) + amountMinor;
    if (payee < this.#customers) minor[payee] = (minor[payee] ?? 0n) + amountMinor;
    return true;
  }

  /** Settles a sorted day in order of time; what is not affordable did not happen and leaves the order. */
  settle(book: DayBook): void {
    const { order, payer, payee, amountMinor } = book;
    let kept = 0;
    for (let place = 0; place < book.settled; place += 1) {
      const row = order[place] ?? 0;
      const from = payer[row] ?? 0;
      const to = payee[row] ?? 0;
      if (from === to || !this.move(from, to, amountMinor[row] ?? 0n)) continue;
      order[kept] = row;
      kept += 1;
    }
    book.settled = kept;
  }
}
