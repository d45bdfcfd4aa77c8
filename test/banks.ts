/** Entities with several books for tests: accounts in each, ledgers that die or are interrupted, and what must hold. */
import assert from 'node:assert/strict';
import { type Ledger, readAccount, verify } from '#engines/ledger';
import { newId } from '#kernel/ids';
import { type Books, type EntityTransferInput, entityBooks, openBooks } from '#systems/books';
import type { Cleanup } from './database.ts';
import { type TestLedger, testLedger } from './ledger.ts';

export interface Bank {
  readonly code: string;
  /** One deposit account per book, by the order of the books' codes, with 100.00 each; `cash` is in the first book. */
  readonly ids: readonly [string, string, ...string[]];
  readonly cash: string;
}

export interface TestBanks extends TestLedger {
  readonly books: Books;
  /** A new entity with so many books (default 2). */
  bank(bookCount?: number): Promise<Bank>;
  /** What the deposit accounts of a bank hold; nothing may be pending. */
  holds(one: Bank): Promise<bigint[]>;
  /** Nothing is under way in a bank, and its books say so. */
  complete(one: Bank): Promise<void>;
}

export async function testBanks(t: Cleanup): Promise<TestBanks> {
  const house = await testLedger(t);
  const { db, clock, ledger } = house;
  const books = openBooks({ db, clock, ledger });
  let banks = 0;
  async function bank(bookCount = 2): Promise<Bank> {
    const code = `bank-${++banks}`;
    const cash = newId();
    const ids: string[] = [];
    await db.transaction((tx) => books.createEntity(tx, { code, name: code, functionalCurrency: 'CNY' }));
    for (let number = 0; number < bookCount; number++) {
      const book = `${code}-${number}`;
      await db.transaction((tx) => books.addBook(tx, code, { code: book }));
      const [id, till] = [newId(), number === 0 ? cash : newId()];
      ids.push(id);
      await db.transaction((tx) =>
        ledger.openAccounts(tx, book, [
          { id, currency: 'CNY', code: '2011', side: 'credit', limits: { minimum: 0n } },
          { id: till, currency: 'CNY', code: '1001', side: 'debit' },
        ]),
      );
      await ledger.post(book, [
        { id: newId(), debitAccountId: till, creditAccountId: id, amount: 10_000n, currency: 'CNY' },
      ]);
    }
    const [first = '', second = '', ...more] = ids;
    return { code, ids: [first, second, ...more], cash };
  }

  async function holds(one: Bank): Promise<bigint[]> {
    const places = await books.placesOf(one.code, one.ids);
    return Promise.all(
      one.ids.map(async (id) => {
        const { counters } = await readAccount(db, places.get(id)?.book.bookId ?? 0, id);
        assert.equal(counters.debitsPending + counters.creditsPending, 0n, 'nothing is held');
        return counters.creditsPosted - counters.debitsPosted;
      }),
    );
  }

  async function complete(one: Bank): Promise<void> {
    const { lines, open, findings } = await books.inTransit(one.code);
    assert.deepEqual(findings, []);
    assert.deepEqual(open, []);
    for (const { underWay, counters } of lines) {
      assert.equal(underWay, 0n);
      assert.equal(counters.debitsPending + counters.creditsPending, 0n);
    }
    for (const { code } of await entityBooks(db, one.code)) {
      assert.deepEqual((await verify(db, { book: code })).findings, []);
    }
  }

  return { ...house, books, bank, holds, complete };
}

/** A CNY transfer with an id of its own. */
export function move(debitAccountId: string, creditAccountId: string, amount: bigint | string, more: object = {}) {
  return {
    id: newId(),
    debitAccountId,
    creditAccountId,
    amount,
    currency: 'CNY',
    ...more,
  } satisfies EntityTransferInput;
}

/** An outcome in one line. */
export const short = (outcome: { status: string; code: string; side: string | null; repeated: boolean } | undefined) =>
  outcome && [outcome.status, outcome.code, outcome.side, outcome.repeated ? 'again' : null].filter(Boolean).join(' ');

/** A ledger whose process dies at its nth post, before or after the ledger has it. */
export function dying(inner: Ledger, atPost: number, afterwards: boolean): Ledger {
  let posts = 0;
  return {
    ...inner,
    async post(book, transfers) {
      posts++;
      if (posts < atPost) return inner.post(book, transfers);
      if (posts === atPost && afterwards) await inner.post(book, transfers);
      throw new Error('killed');
    },
  };
}

/** A ledger with something happening before its nth post. */
export function interruptedAt(inner: Ledger, atPost: number, work: () => Promise<unknown>): Ledger {
  let posts = 0;
  return {
    ...inner,
    async post(book, transfers) {
      if (++posts === atPost) await work();
      return inner.post(book, transfers);
    },
  };
}
