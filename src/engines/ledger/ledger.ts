/** The ledger as the rest of the house uses it. */
import { readUnit } from '#kernel/access';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { instantText, isoDateOf } from '#kernel/dates';
import { appendEvents, type Book, findBook, wakeConsumers } from '#kernel/events';
import { deterministicId, newId } from '#kernel/ids';
import type { Metrics } from '#kernel/metrics';
import { openAccounts, setLimits, setState, setUnit } from './accounts.ts';
import type { Closing } from './batch.ts';
import { setClosing } from './closing.ts';
import { ledgerError } from './errors.ts';
import { createGroups, type Group, type GroupInput, type GroupLimits, setGroupLimits } from './groups.ts';
import { decideInTransaction } from './inside.ts';
import { type Attach, Lane, type LaneContext } from './lane.ts';
import { buildGroups, moveInChunks, moveMembers } from './members.ts';
import {
  type Account,
  type AccountInput,
  type AccountState,
  type GroupKey,
  type Limits,
  MAX_BATCH,
  type Outcome,
  type TransferInput,
} from './model.ts';
import { isTransferId, type Prepared, prepare } from './prepare.ts';
import { isScoped, mustSeeAccounts, mustSeeTransfers } from './scope.ts';
import { lockBook } from './store.ts';
import {
  createWindow,
  retireWindow,
  setWindowMaxima,
  type VelocityWindow,
  type WindowInput,
  type WindowMaxima,
} from './windows.ts';

export interface LedgerOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** The business time zone (IANA): a transfer without an effective date counts from the date it is there. */
  readonly timeZone: string;
  readonly metrics?: Metrics | undefined;
}

/** The books of an institution. Amounts are bigint minor units; ids are UUIDs; books are named by their code. */
export interface Ledger {
  /** Opens accounts; the same id with the same content again changes nothing. See {@link openAccounts}. */
  openAccounts(tx: Transaction, book: string, accounts: readonly AccountInput[]): Promise<Account[]>;
  setLimits(tx: Transaction, book: string, accountId: string, limits: Limits): Promise<Account>;
  setState(tx: Transaction, book: string, accountId: string, state: AccountState): Promise<Account>;
  /** Gives an account to another unit of the organisation, named by its code. */
  setUnit(tx: Transaction, book: string, accountId: string, unit: string): Promise<Account>;
  /** Creates groups, parents first; the same again changes nothing. See {@link createGroups}. */
  createGroups(tx: Transaction, book: string, groups: readonly GroupInput[]): Promise<Group[]>;
  /** Lets accounts join that were opened before the group of their chart-of-accounts code was created; writes go on meanwhile. */
  buildGroups(book: string): Promise<number>;
  /**
   * Lets accounts join a group with all they hold and held, in short transactions between which writes go on. Returns how
   * many were no members before. Errors: `group_not_found`, `account_not_found`.
   */
  joinGroup(book: string, group: GroupKey, accountIds: readonly string[]): Promise<number>;
  /** As {@link joinGroup} inside the caller's transaction, for a few accounts: the book's writers wait for its commit. */
  joinGroupIn(tx: Transaction, book: string, group: GroupKey, accountIds: readonly string[]): Promise<number>;
  /** The reverse of {@link joinGroup}. */
  leaveGroup(book: string, group: GroupKey, accountIds: readonly string[]): Promise<number>;
  setGroupLimits(tx: Transaction, book: string, group: GroupKey, limits: GroupLimits): Promise<void>;
  createWindow(tx: Transaction, book: string, window: WindowInput): Promise<VelocityWindow>;
  setWindowMaxima(tx: Transaction, book: string, code: string, maxima: WindowMaxima): Promise<VelocityWindow>;
  retireWindow(tx: Transaction, book: string, code: string): Promise<VelocityWindow>;
  /** Closes or opens periods. See {@link setClosing}. */
  setClosing(tx: Transaction, book: string, closing: Closing): Promise<void>;
  /**
   * Decides and posts 1 to 8,192 transfers through the lane, in order, each accepted or refused by itself. Resolves after
   * the commit. When it rejects (`database_unreachable` and the like) nothing is known of the outcome: ask again with
   * the same ids, every id keeps its first answer.
   * Errors: `book_not_found`, `batch_empty`, `batch_too_large`, `transfer_id_malformed`, `ledger_overloaded`.
   */
  post(book: string, transfers: readonly TransferInput[]): Promise<Outcome[]>;
  /** As {@link post}; what `attach` returns for the outcomes commits with them or not at all. */
  postWith(book: string, transfers: readonly TransferInput[], attach: Attach): Promise<Outcome[]>;
  /** As {@link post}, inside the caller's transaction: the outcomes hold if it commits. */
  postIn(tx: Transaction, book: string, transfers: readonly TransferInput[]): Promise<Outcome[]>;
  /** Expires pending transfers of a book that are due by the clock; returns how many. */
  expireDue(book: string): Promise<number>;
  /** The business date: today in the business time zone. */
  businessDate(): string;
  /** The internal number of a book. Error: `book_not_found`. */
  bookId(book: string): Promise<number>;
  /** Waits for what is in the lanes; further posts are refused with `ledger_closed`. */
  close(): Promise<void>;
}

/** How many due pending transfers one expiry pass takes. */
const EXPIRY_BATCH = 1_000;

export function openLedger(options: LedgerOptions): Ledger {
  const { db, clock, timeZone } = options;
  const books = new Map<string, Promise<Book>>();
  const lanes = new Map<number, Lane>();
  const meter = options.metrics === undefined ? undefined : lanesMeter(options.metrics);
  let closed = false;

  const context: LaneContext = {
    db,
    clock,
    timeZone,
    appendEvents: (tx, bookId, events) => appendEvents(tx, bookId, clock, events),
    onBatch(batch) {
      meter?.(batch);
      wakeConsumers(batch.bookId);
    },
  };

  /** A transaction looks up the book itself: it holds a connection already, and must not wait for another. */
  async function bookId(code: string, on: Queryable = db): Promise<number> {
    let found = books.get(code);
    if (found === undefined) {
      if (on !== db) return (await findBook(on, code)).bookId;
      found = findBook(db, code);
      books.set(code, found);
      // A book that is not there yet may be there later.
      found.catch(() => books.delete(code));
    }
    return (await found).bookId;
  }

  /** As {@link bookId}, but a request that sees some units only does not learn of books it may not know. */
  async function knownBook(code: string, on: Queryable = db): Promise<number> {
    return isScoped() ? (await findBook(on, code)).bookId : bookId(code, on);
  }

  /** What the house does for a request: `seen` are the accounts that the request must see for it. */
  async function serve<T>(
    tx: Transaction,
    book: string,
    seen: readonly string[],
    work: (bookId: number) => Promise<T>,
  ): Promise<T> {
    const id = await knownBook(book, tx);
    await mustSeeAccounts(tx, id, seen);
    return asSystem(() => work(id));
  }

  async function lane(book: string): Promise<Lane> {
    const id = await knownBook(book);
    if (closed) throw ledgerError('ledger_closed', 'The ledger is shutting down');
    let existing = lanes.get(id);
    if (existing === undefined) {
      existing = new Lane(context, id);
      lanes.set(id, existing);
    }
    return existing;
  }

  return {
    bookId: (book) => knownBook(book),
    businessDate: () => isoDateOf(clock.now(), timeZone),
    async openAccounts(tx, book, accounts) {
      return openAccounts(tx, await knownBook(book, tx), clock, accounts);
    },
    setLimits: (tx, book, accountId, limits) =>
      serve(tx, book, [accountId], (id) => setLimits(tx, id, clock, accountId, limits)),
    setState: (tx, book, accountId, state) =>
      serve(tx, book, [accountId], (id) => setState(tx, id, clock, accountId, state)),
    async setUnit(tx, book, accountId, unit) {
      const id = await knownBook(book, tx);
      await mustSeeAccounts(tx, id, [accountId]);
      // Where it goes must be the caller's as well.
      await readUnit(tx, unit);
      return asSystem(() => setUnit(tx, id, clock, accountId, unit));
    },
    async createGroups(tx, book, groups) {
      return createGroups(tx, await bookId(book, tx), clock, groups);
    },
    async buildGroups(book) {
      return buildGroups(db, await bookId(book), clock);
    },
    async joinGroup(book, group, accountIds) {
      return moveInChunks(db, await bookId(book), clock, group, accountIds, 'join');
    },
    async joinGroupIn(tx, book, group, accountIds) {
      const id = await bookId(book, tx);
      await lockBook(tx, id);
      return moveMembers(tx, id, clock, group, accountIds, 'join');
    },
    async leaveGroup(book, group, accountIds) {
      return moveInChunks(db, await bookId(book), clock, group, accountIds, 'leave');
    },
    async setGroupLimits(tx, book, group, limits) {
      return setGroupLimits(tx, await bookId(book, tx), clock, group, limits);
    },
    async createWindow(tx, book, window) {
      return createWindow(tx, await bookId(book, tx), clock, timeZone, window);
    },
    async setWindowMaxima(tx, book, code, maxima) {
      return setWindowMaxima(tx, await bookId(book, tx), clock, code, maxima);
    },
    async retireWindow(tx, book, code) {
      return retireWindow(tx, await bookId(book, tx), clock, code);
    },
    async setClosing(tx, book, closing) {
      return setClosing(tx, await bookId(book, tx), clock, timeZone, closing);
    },
    async post(book, transfers) {
      const prepared = prepareAll(transfers);
      const open = await lane(book);
      await mustSeeTransfers(db, open.bookId, prepared);
      return open.post(prepared);
    },
    async postWith(book, transfers, attach) {
      const prepared = prepareAll(transfers);
      const open = await lane(book);
      await mustSeeTransfers(db, open.bookId, prepared);
      return open.post(prepared, attach);
    },
    async postIn(tx, book, transfers) {
      const prepared = prepareAll(transfers);
      const id = await knownBook(book, tx);
      await mustSeeTransfers(tx, id, prepared);
      const { outcomes } = await asSystem(() => decideInTransaction(context, tx, id, [prepared]));
      return outcomes[0] ?? [];
    },
    async expireDue(book) {
      const id = await bookId(book);
      const { rows } = await db.query<{ transfer_id: string }>(
        `select transfer_id from ledger.pending
         where book_id = $1 and ended is null and expires_at <= $2 order by expires_at limit $3`,
        [id, instantText(clock.now()), EXPIRY_BATCH],
      );
      if (rows.length === 0) return 0;
      // The id follows from the pending transfer, so that two servers expiring it at once do it once.
      const open = await lane(book);
      const outcomes = await open.post(
        rows.map((row) => prepareExpiry(deterministicId('ledger.expire', row.transfer_id), row.transfer_id)),
      );
      // A caller may have used that id for something else.
      const again = rows.filter((_row, index) => outcomes[index]?.code === 'id_reused');
      if (again.length > 0) {
        outcomes.push(...(await open.post(again.map((row) => prepareExpiry(newId(clock), row.transfer_id)))));
      }
      return outcomes.filter((outcome) => outcome.code === 'accepted' && !outcome.repeated).length;
    },
    async close() {
      closed = true;
      await Promise.all([...lanes.values()].map((open) => open.drained()));
    },
  };
}

function prepareAll(transfers: readonly TransferInput[]): Prepared[] {
  if (transfers.length === 0) throw ledgerError('batch_empty', 'At least one transfer is needed');
  if (transfers.length > MAX_BATCH) {
    throw ledgerError('batch_too_large', `One call holds at most ${MAX_BATCH} transfers, not ${transfers.length}`);
  }
  return transfers.map((transfer, index) => {
    if (!isTransferId(transfer.id)) {
      throw ledgerError('transfer_id_malformed', `Transfer ${index} has no UUID as id`, { index });
    }
    return prepare(transfer);
  });
}

function prepareExpiry(id: string, pendingId: string): Prepared {
  return prepare({ id, kind: 'expire', pendingId });
}

function lanesMeter(metrics: Metrics) {
  const transfers = metrics.counter({
    name: 'longmen_ledger_transfers_total',
    help: 'Transfers decided by the posting lane, accepted or refused.',
  });
  const batches = metrics.counter({
    name: 'longmen_ledger_batches_total',
    help: 'Batches the posting lane committed; careful ones were decided in a transaction of their own.',
    labelNames: ['mode'],
  });
  return (batch: { transfers: number; careful: boolean }) => {
    transfers.inc(batch.transfers);
    batches.inc({ mode: batch.careful ? 'careful' : 'fast' });
  };
}
