/**
 * Transfers between two books: registered, held in both, posted in both, each step decided by the ledger of its book.
 * The ids of the steps follow from the transfer, so whoever goes on with it, and however often, gets the same answers.
 */
import type { Ledger, Outcome, OutcomeCode, TransferInput } from '#engines/ledger';
import { MAX_BATCH } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { memberBooks } from './entities.ts';
import {
  type EntityBook,
  type EntityTransfer,
  IN_TRANSIT_CODE,
  inTransitId,
  next,
  type OpenState,
  openStates,
  steps,
  stepTransfer,
} from './model.ts';
import { type Advance, advance, claimDue, readTransfers } from './store.ts';

/** How long the process that registered a transfer has it to itself, and who continued it after that. */
export const LEASE_SECONDS = 5;
/** The longest wait between two attempts of a step that must succeed. */
const LONGEST_WAIT_SECONDS = 3_600;
/** How many transfers one look for what is due takes. */
const DUE_BATCH = 1_000;

export interface TransferContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
}

/** Takes transfers between books step by step to their ends. */
export class Driver {
  private readonly context: TransferContext;
  /** In-transit accounts known to be open. */
  private readonly opened = new Set<string>();
  /** Books by their numbers; which book a number is never changes. */
  private books: ReadonlyMap<number, EntityBook> = new Map();

  constructor(context: TransferContext) {
    this.context = context;
  }

  /**
   * Goes on with open transfers until each has ended or waits for another attempt; returns them as they are then. When it
   * rejects, some books could not be asked: what was reached is kept, and anybody may go on.
   */
  async drive(transfers: readonly EntityTransfer[]): Promise<EntityTransfer[]> {
    const done: EntityTransfer[] = [];
    let open = transfers;
    if (open.length > 0) await this.openInTransit(open);
    while (open.length > 0) {
      const advances = await this.step(open.filter(isOpen));
      const written = await advance(this.context.db, advances);
      const overtaken = advances.filter(({ from }) => !written.has(from.id)).map(({ from }) => from.id);
      const followed: EntityTransfer[] = [];
      for (const { from, to, dueAt } of advances) {
        if (!written.has(from.id)) continue;
        if (dueAt === null && isOpen(to)) followed.push(to);
        else done.push(to);
      }
      // Another process has gone on with them meanwhile; the answers it got are those this one would get.
      for (const transfer of await readTransfers(this.context.db, overtaken)) {
        if (isOpen(transfer)) followed.push(transfer);
        else done.push(transfer);
      }
      open = followed;
    }
    return done;
  }

  /** Goes on with what nobody has gone on with for a while; returns how many transfers that were. */
  async continueDue(): Promise<number> {
    const { db, clock } = this.context;
    const due = await claimDue(db, instantText(clock.now()), this.later(LEASE_SECONDS), DUE_BATCH);
    await this.drive(due);
    return due.length;
  }

  /** The present instant and that many seconds, RFC 3339. */
  later(seconds: number): string {
    return instantText(this.context.clock.now().add({ seconds }));
  }

  /** One step of each transfer: one call per book. */
  private async step(transfers: readonly OpenTransfer[]): Promise<Advance[]> {
    const books = await this.booksFor(transfers);
    const calls = new Map<string, { transfer: OpenTransfer; input: TransferInput }[]>();
    for (const transfer of transfers) {
      const { own, counter } = booksOf(transfer, steps[transfer.state].half, books);
      const inTransit = inTransitId(own.code, counter.code, transfer.currency);
      const call = calls.get(own.code) ?? [];
      call.push({ transfer, input: stepTransfer(transfer, transfer.state, inTransit) });
      calls.set(own.code, call);
    }
    const advances: Advance[] = [];
    const failures: unknown[] = [];
    await Promise.all(
      [...calls].map(async ([book, call]) => {
        try {
          const outcomes = await this.post(
            book,
            call.map(({ input }) => input),
          );
          for (const [index, { transfer }] of call.entries()) {
            const outcome = outcomes[index];
            invariant(outcome !== undefined, 'the_ledger_answers_every_transfer');
            advances.push(this.follow(transfer, outcome.code));
          }
        } catch (error) {
          failures.push(error);
        }
      }),
    );
    if (failures.length > 0) {
      await advance(this.context.db, advances);
      throw failures[0];
    }
    return advances;
  }

  private async post(book: string, inputs: readonly TransferInput[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let start = 0; start < inputs.length; start += MAX_BATCH) {
      outcomes.push(...(await this.context.ledger.post(book, inputs.slice(start, start + MAX_BATCH))));
    }
    return outcomes;
  }

  /** What a transfer becomes by the ledger's answer to its step. */
  private follow(from: OpenTransfer, code: OutcomeCode): Advance {
    const { state, again, reason } = next(from.state, code);
    const ended = state === 'accepted' || state === 'refused';
    const to: EntityTransfer = {
      ...from,
      state,
      attempt: again ? from.attempt + 1 : from.attempt,
      // What could not be reversed on its own date, say because a period was closed, is reversed today.
      reversalDate: again ? this.context.ledger.businessDate() : from.reversalDate,
      reversed: from.reversed || state === 'releasing_credit',
      refusedSide: reason ? steps[from.state].half : state === 'accepted' ? null : from.refusedSide,
      code: reason ? code : state === 'accepted' ? null : from.code,
      endedAt: ended ? instantText(this.context.clock.now()) : null,
    };
    const wait = Math.min(2 ** Math.min(to.attempt, 30), LONGEST_WAIT_SECONDS);
    return { from, to, dueAt: again ? this.later(wait) : null };
  }

  private async booksFor(transfers: readonly EntityTransfer[]): Promise<ReadonlyMap<number, EntityBook>> {
    const known = ({ debitBookId, creditBookId }: EntityTransfer) =>
      this.books.has(debitBookId) && this.books.has(creditBookId);
    if (!transfers.every(known)) {
      this.books = new Map((await memberBooks(this.context.db)).map((book) => [book.bookId, book]));
    }
    return this.books;
  }

  /** Opens the in-transit accounts of transfers that have not been held yet, book by book. */
  private async openInTransit(transfers: readonly EntityTransfer[]): Promise<void> {
    const books = await this.booksFor(transfers);
    const wanted = new Map<string, Map<string, { counter: string; currency: string }>>();
    for (const transfer of transfers) {
      for (const half of ['debit', 'credit'] as const) {
        const { own, counter } = booksOf(transfer, half, books);
        const id = inTransitId(own.code, counter.code, transfer.currency);
        if (this.opened.has(id)) continue;
        const ofBook = wanted.get(own.code) ?? new Map();
        ofBook.set(id, { counter: counter.code, currency: transfer.currency });
        wanted.set(own.code, ofBook);
      }
    }
    for (const [book, accounts] of wanted) {
      const inputs = [...accounts].map(([id, { counter, currency }]) => ({
        id,
        currency,
        code: IN_TRANSIT_CODE,
        side: 'debit' as const,
        name: `In transit to and from ${counter}`,
      }));
      await this.context.db.transaction((tx) => this.context.ledger.openAccounts(tx, book, inputs));
      for (const { id } of inputs) this.opened.add(id);
    }
  }
}

type OpenTransfer = EntityTransfer & { readonly state: OpenState };

const open: ReadonlySet<string> = new Set(openStates);

export function isOpen(transfer: EntityTransfer): transfer is OpenTransfer {
  return open.has(transfer.state);
}

/** The book of one half of a transfer, and the other one. */
function booksOf(transfer: EntityTransfer, half: 'debit' | 'credit', books: ReadonlyMap<number, EntityBook>) {
  const debit = books.get(transfer.debitBookId);
  const credit = books.get(transfer.creditBookId);
  invariant(debit !== undefined && credit !== undefined, 'books_of_a_transfer_exist');
  return half === 'debit' ? { own: debit, counter: credit } : { own: credit, counter: debit };
}
