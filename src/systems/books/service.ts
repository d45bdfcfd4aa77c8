/** Several books as the rest of the house uses them: one address for all accounts of a legal entity. */
import type { Account, AccountInput, Ledger, Outcome, OutcomeCode } from '#engines/ledger';
import { MAX_BATCH } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { canonicalUuid } from '#kernel/ids';
import { type AccountPlace, bookOfCustomer, findCustomer, openCustomerAccounts, placesOf } from './directory.ts';
import { addBook, createEntity, readEntity, setNewCustomers } from './entities.ts';
import { booksError } from './errors.ts';
import { type InTransitReport, inTransitReport } from './in-transit.ts';
import {
  type Entity,
  type EntityBook,
  type EntityInput,
  type EntityOutcome,
  type EntityOutcomeCode,
  type EntityTransfer,
  type EntityTransferInput,
  fingerprintOf,
  type Judged,
  judge,
} from './model.ts';
import { readTransfers, register } from './store.ts';
import { Driver, isOpen, LEASE_SECONDS } from './transfers.ts';

export interface BooksOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
}

/** Legal entities, their books, and what goes across books. Amounts are bigint minor units; ids are UUIDs. */
export interface Books {
  /** See {@link createEntity}. */
  createEntity(tx: Transaction, entity: EntityInput): Promise<Entity>;
  /** See {@link addBook}: also while the entity is in use. */
  addBook(tx: Transaction, entityCode: string, book: { code: string; name?: string | undefined }): Promise<EntityBook>;
  /** See {@link setNewCustomers}. */
  setNewCustomers(tx: Transaction, entityCode: string, book: string, newCustomers: boolean): Promise<EntityBook>;
  /** The book of a customer, who gets one when seen first. See {@link bookOfCustomer}. */
  bookOfCustomer(entityCode: string, customer: string): Promise<EntityBook>;
  /** The book and the accounts of a customer who has one. Errors: `entity_not_found`, `customer_not_found`. */
  findCustomer(entityCode: string, customer: string): Promise<{ book: EntityBook; accountIds: string[] }>;
  /** Where an account is. Errors: `entity_not_found`, `account_not_in_entity`, `account_in_several_books`. */
  placeOf(entityCode: string, accountId: string): Promise<AccountPlace>;
  /** As {@link placeOf} for many; ids the entity does not have are left out. */
  placesOf(entityCode: string, accountIds: readonly string[]): Promise<Map<string, AccountPlace>>;
  /** Opens accounts in the customer's book. See {@link openCustomerAccounts}. */
  openAccounts(
    entityCode: string,
    customer: string,
    accounts: readonly AccountInput[],
  ): Promise<{ book: EntityBook; accounts: Account[] }>;
  /**
   * Decides 1 to 8,192 transfers between accounts of an entity, in whatever books they are, and resolves when each has its
   * final answer. Within a book they go to the ledger as they are, in order; those across books follow, each by itself.
   * After a rejection nothing is known: ask again with the same ids.
   * Errors: `entity_not_found`, `entity_transfers_count`, and those of the ledger's `post`.
   */
  transfer(entityCode: string, transfers: readonly EntityTransferInput[]): Promise<EntityOutcome[]>;
  /** One transfer between books as it is kept. Errors: `entity_not_found`, `entity_transfer_not_found`. */
  readTransfer(entityCode: string, id: string): Promise<EntityTransfer>;
  /** What is under way between the books of an entity, whether that is all, and whether the books say so too. */
  inTransit(entityCode: string): Promise<InTransitReport>;
  /** Goes on with transfers that a killed process left; returns how many. Any number of processes may do so at once. */
  continueDue(): Promise<number>;
}

export function openBooks({ db, clock, ledger }: BooksOptions): Books {
  const driver = new Driver({ db, clock, ledger });

  const findPlaces = (entityCode: string, ids: readonly string[]) =>
    placesOf(
      db,
      clock,
      entityCode,
      ids.map(canonicalUuid).filter((id) => id !== undefined),
    );

  return {
    createEntity: (tx, entity) => createEntity(tx, clock, entity),
    addBook: (tx, entityCode, book) => addBook(tx, clock, entityCode, book),
    setNewCustomers: (tx, entityCode, book, to) => setNewCustomers(tx, clock, entityCode, book, to),
    bookOfCustomer: (entityCode, customer) => bookOfCustomer(db, clock, entityCode, customer),
    findCustomer: (entityCode, customer) => findCustomer(db, entityCode, customer),
    placesOf: findPlaces,
    async placeOf(entityCode, accountId) {
      const [place] = (await findPlaces(entityCode, [accountId])).values();
      if (place !== undefined) return place;
      throw booksError('account_not_in_entity', `Entity ${entityCode} has no account ${accountId}`, {
        entity: entityCode,
        account_id: accountId,
      });
    },
    openAccounts: (entityCode, customer, accounts) =>
      openCustomerAccounts(db, clock, ledger, entityCode, customer, accounts),
    async transfer(entityCode, transfers) {
      if (transfers.length === 0 || transfers.length > MAX_BATCH) {
        throw booksError(
          'entity_transfers_count',
          `One call holds 1 to ${MAX_BATCH} transfers, not ${transfers.length}`,
        );
      }
      const ids = transfers.flatMap(({ debitAccountId, creditAccountId }) => [debitAccountId, creditAccountId]);
      const routed = route(transfers, await findPlaces(entityCode, ids));
      const outcomes: (EntityOutcome | undefined)[] = [...routed.refused];
      await Promise.all(
        [...routed.local].map(async ([book, indexes]) => {
          const inputs = indexes.map((index) => at(transfers, index));
          const answers = await ledger.post(book, inputs);
          for (const [position, index] of indexes.entries())
            outcomes[index] = localOutcome(book, at(answers, position));
        }),
      );
      await acrossBooks(entityCode, transfers, routed.across, outcomes);
      return transfers.map((_transfer, index) => at(outcomes, index));
    },
    async readTransfer(entityCode, id) {
      await readEntity(db, entityCode);
      const [transfer] = await readTransfers(db, canonicalUuid(id) === undefined ? [] : [id]);
      if (transfer?.entityCode === entityCode) return transfer;
      throw booksError('entity_transfer_not_found', `Entity ${entityCode} has no transfer between books ${id}`, { id });
    },
    inTransit: (entityCode) => inTransitReport(db, entityCode),
    continueDue: () => driver.continueDue(),
  };

  /** Registers and drives what goes across books; puts each outcome in its place. */
  async function acrossBooks(
    entityCode: string,
    transfers: readonly EntityTransferInput[],
    across: readonly Across[],
    outcomes: (EntityOutcome | undefined)[],
  ): Promise<void> {
    if (across.length === 0) return;
    const registeredAt = instantText(clock.now());
    const businessDate = ledger.businessDate();
    const asked = across.map((one) => ({
      ...one,
      fingerprint: fingerprintOf(one.judged, at(transfers, one.index)),
    }));
    const first = new Map(asked.toReversed().map((one) => [one.judged.id, one]));
    const fresh = await register(
      db,
      [...first.values()].map(({ judged, fingerprint, debit, credit, index }) => {
        const { adjustment, type, description, reference } = at(transfers, index);
        return {
          ...judged,
          fingerprint,
          entityCode,
          debitBookId: debit.book.bookId,
          creditBookId: credit.book.bookId,
          effectiveDate: judged.effectiveDate ?? businessDate,
          reversalDate: judged.effectiveDate ?? businessDate,
          adjustment: adjustment === true,
          type: type ?? null,
          description: description ?? null,
          reference: reference ?? null,
          state: 'registered' as const,
          attempt: 0,
          reversed: false,
          refusedSide: null,
          code: null,
          registeredAt,
          endedAt: null,
        };
      }),
      driver.later(LEASE_SECONDS),
    );
    const kept = new Map((await readTransfers(db, [...first.keys()])).map((transfer) => [transfer.id, transfer]));
    // What was asked for before with other content is answered below, and not touched.
    const mine = [...kept.values()].filter(
      (one) => isOpen(one) && same(one, entityCode, first.get(one.id)?.fingerprint),
    );
    for (const transfer of await driver.drive(mine)) kept.set(transfer.id, transfer);
    for (const one of asked) {
      const transfer = kept.get(one.judged.id);
      invariant(transfer !== undefined, 'a_registered_transfer_is_there');
      const repeated = first.get(one.judged.id) !== one || !fresh.has(one.judged.id);
      const places = { debit: one.debit.book.code, credit: one.credit.book.code };
      outcomes[one.index] = same(transfer, entityCode, one.fingerprint)
        ? acrossOutcome(transfer, places, repeated)
        : { ...refusal(one.judged.id, 'id_reused'), repeated: true };
    }
  }
}

function same(transfer: EntityTransfer, entityCode: string, fingerprint: string | undefined): boolean {
  return transfer.entityCode === entityCode && transfer.fingerprint === fingerprint;
}

interface Across {
  readonly index: number;
  readonly judged: Judged;
  readonly debit: AccountPlace;
  readonly credit: AccountPlace;
}

interface Routed {
  /** By index: what is refused without being tried. Nothing of it is recorded. */
  readonly refused: (EntityOutcome | undefined)[];
  /** Book to indexes. */
  readonly local: ReadonlyMap<string, number[]>;
  readonly across: readonly Across[];
}

/** Says where each transfer of a call goes: to one book, across two, or nowhere. A chain goes to one book or nowhere. */
function route(transfers: readonly EntityTransferInput[], places: ReadonlyMap<string, AccountPlace>): Routed {
  const refused = new Array<EntityOutcome | undefined>(transfers.length).fill(undefined);
  const local = new Map<string, number[]>();
  const across: Across[] = [];
  const place = (id: string) => places.get(canonicalUuid(id) ?? '');
  for (let start = 0; start < transfers.length; ) {
    let end = start;
    while (end < transfers.length - 1 && transfers[end]?.linked) end++;
    const indexes = Array.from({ length: end + 1 - start }, (_, offset) => start + offset);
    const chained = transfers[start]?.linked === true;
    start = end + 1;

    const found = indexes.map((index) => {
      const transfer = at(transfers, index);
      return { index, transfer, debit: place(transfer.debitAccountId), credit: place(transfer.creditAccountId) };
    });
    const faults = found.map((one) => faultOf(one.transfer, one.debit, one.credit));
    const culprit = faults.findIndex((fault) => fault !== null);
    if (culprit >= 0) {
      for (const [position, index] of indexes.entries()) {
        const code = position === culprit ? (faults[culprit] ?? 'fields_invalid') : 'chain_failed';
        refused[index] = refusal(at(transfers, index).id, code);
      }
      continue;
    }
    const books = new Set(found.flatMap(({ debit, credit }) => [debit?.book.code, credit?.book.code]));
    const [book] = books;
    if (books.size === 1 && book !== undefined) {
      local.set(book, [...(local.get(book) ?? []), ...indexes]);
      continue;
    }
    for (const { index, transfer, debit, credit } of found) {
      if (chained || debit === undefined || credit === undefined) {
        refused[index] = refusal(transfer.id, 'chain_across_books');
        continue;
      }
      const judged = judge(transfer);
      if (typeof judged === 'string') refused[index] = refusal(transfer.id, judged);
      else if (debit.currency !== judged.currency || credit.currency !== judged.currency) {
        refused[index] = refusal(transfer.id, 'currency_mismatch');
      } else across.push({ index, judged, debit, credit });
    }
  }
  return { refused, local, across };
}

/** Why no book can be asked: the fault of the fields, or an account the entity does not have. */
function faultOf(
  transfer: EntityTransferInput,
  debit: AccountPlace | undefined,
  credit: AccountPlace | undefined,
): OutcomeCode | null {
  if (canonicalUuid(transfer.id) === undefined) return 'fields_invalid';
  if (debit !== undefined && credit !== undefined) return null;
  const judged = judge(transfer);
  if (typeof judged === 'string') return judged;
  return debit === undefined ? 'debit_account_not_found' : 'credit_account_not_found';
}

function refusal(id: string, code: EntityOutcomeCode): EntityOutcome {
  const nowhere = { side: null, debitBook: null, creditBook: null, decidedAt: null };
  return { id, status: 'refused', code, ...nowhere, repeated: false };
}

function localOutcome(book: string, { id, status, code, recordedAt, repeated }: Outcome): EntityOutcome {
  return { id, status, code, side: null, debitBook: book, creditBook: book, decidedAt: recordedAt, repeated };
}

function acrossOutcome(
  transfer: EntityTransfer,
  books: { debit: string; credit: string },
  repeated: boolean,
): EntityOutcome {
  const { id, state, code, refusedSide, endedAt } = transfer;
  const status = state === 'accepted' || state === 'refused' ? state : 'in_transit';
  return {
    id,
    status,
    code: code ?? 'accepted',
    side: refusedSide,
    debitBook: books.debit,
    creditBook: books.credit,
    decidedAt: endedAt,
    repeated,
  };
}

function at<Item>(items: readonly (Item | undefined)[], index: number): Item {
  const item = items[index];
  invariant(item !== undefined, 'an_index_of_the_call');
  return item;
}
