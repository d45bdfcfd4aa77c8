/** Posts a simulated bank into a book of the ledger, as everyone posts: through its service, decided one by one. */
import { type AccountInput, type Ledger, MAX_BATCH, type TransferInput } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { createBook } from '#kernel/events';
import type { SimulatedDay, Sink } from './bank.ts';
import type { Opening } from './business/house.ts';
import type { World } from './business/world.ts';
import { texts } from './data/tables.ts';
import { simulationError } from './errors.ts';
import { idText, space } from './ids.ts';
import { bankAccounts } from './population/bank-accounts.ts';
import { kinds, NONE } from './vocabulary.ts';

export interface PostDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** The name of every simulated book: nobody takes it for real money. */
export const SIMULATED_NAME = 'Simulated bank 模拟银行';

const ACCOUNTS_AT_ONCE = 1_000;
/** Requests in flight: the next is prepared while the ledger writes the last. */
const WINDOW = 3;

/**
 * Makes the book if there is none, opens all accounts, and posts opening balances and days. Ids follow from the seed, so
 * the same simulation again posts nothing, and one that was interrupted goes on where it stopped.
 * Errors: `book_exists_differently` for a book that is not a simulated one, `simulation_refused`.
 */
export function postSink({ db, ledger, clock }: PostDeps, book: string): { sink: Sink; posted: () => number } {
  let world: World;
  let posted = 0;
  const ids: string[] = [];
  const waiting: Promise<void>[] = [];

  const post = async (transfers: TransferInput[]): Promise<void> => {
    const outcomes = await ledger.post(book, transfers);
    const refused = outcomes.find(({ status }) => status !== 'accepted');
    if (refused !== undefined) {
      throw simulationError('simulation_refused', `The ledger refused ${refused.id}: ${refused.code}`, {
        id: refused.id,
      });
    }
    posted += outcomes.length;
  };
  const send = async (transfers: TransferInput[]): Promise<void> => {
    if (transfers.length === 0) return;
    if (waiting.length >= WINDOW) await waiting.shift();
    const sent = post(transfers);
    // It is awaited later; until then a failure must not count as unhandled.
    sent.catch(() => undefined);
    waiting.push(sent);
  };
  const drain = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next;
  };

  const sink: Sink = {
    async open(given, openings) {
      world = given;
      await db.transaction((tx) => createBook(tx, { code: book, name: SIMULATED_NAME }, clock));
      await openAll(world);
      let batch: TransferInput[] = [];
      let serial = 0;
      for (const opening of openings()) {
        batch.push(openingTransfer(world, ids, opening, serial));
        serial += 1;
        if (batch.length < MAX_BATCH) continue;
        await send(batch);
        batch = [];
      }
      await send(batch);
      await drain();
    },
    async day(simulated) {
      const { settled } = simulated.book;
      for (let from = 0; from < settled; from += MAX_BATCH) {
        await send(transfersOf(world, ids, simulated, from, Math.min(settled, from + MAX_BATCH)));
      }
    },
    close: drain,
  };

  async function openAll(of: World): Promise<void> {
    let batch: AccountInput[] = [];
    const open = async () => {
      const opened = batch;
      batch = [];
      if (opened.length > 0) await db.transaction((tx) => ledger.openAccounts(tx, book, opened));
    };
    for (const { id, code, side, name, isCustomer } of bankAccounts(of)) {
      ids.push(id);
      batch.push({ id, currency: 'CNY', code, side, name, ...(isCustomer ? { limits: { minimum: 0n } } : {}) });
      if (batch.length >= ACCOUNTS_AT_ONCE) await open();
    }
    await open();
  }

  return { sink, posted: () => posted };
}

function openingTransfer(
  { population }: World,
  ids: readonly string[],
  { payer, payee, amountMinor }: Opening,
  serial: number,
): TransferInput {
  return {
    id: idText(population.seed, space.opening, serial),
    debitAccountId: ids[payer] ?? '',
    creditAccountId: ids[payee] ?? '',
    amount: amountMinor,
    currency: 'CNY',
    effectiveDate: population.parameters.start,
    type: 'opening_balance',
  };
}

function transfersOf(
  { population }: World,
  ids: readonly string[],
  { day, book, firstSerial }: SimulatedDay,
  from: number,
  end: number,
) {
  const transfers: TransferInput[] = [];
  for (let place = from; place < end; place += 1) {
    const row = book.order[place] ?? NONE;
    const description = texts[book.text[row] ?? 0] ?? '';
    transfers.push({
      id: idText(population.seed, space.transfer, firstSerial + place),
      debitAccountId: ids[book.payer[row] ?? 0] ?? '',
      creditAccountId: ids[book.payee[row] ?? 0] ?? '',
      amount: book.amountMinor[row] ?? 0n,
      currency: 'CNY',
      effectiveDate: day.date,
      type: kinds[book.kind[row] ?? 0],
      ...(description === '' ? {} : { description }),
    });
  }
  return transfers;
}
