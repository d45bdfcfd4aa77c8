/**
 * The posting lane of one book: concurrent callers' requests form a batch while the batch before is being written, so
 * that an idle book answers at once and a busy one pays for one commit per batch. Nothing is answered before its commit.
 *
 * Requests are first decided on remembered accounts (fast), as they come, while the batch before is still on its way to
 * disk; the write names the versions it was decided on. If that does not fit what is in the database (another process posted, an id was
 * answered before, the batch before failed), nothing is written, everything remembered is forgotten, and the batch is
 * decided again in a transaction of its own that locks and reads all it touches (careful): the same path that a
 * caller's own transaction takes.
 */
import type { Clock } from '#kernel/clock';
import { detached } from '#kernel/context';
import type { Database, Transaction } from '#kernel/database';
import { invariant, LongmenError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import type { AccountNow, BatchView, Closing, Decided, GroupNow, ReferenceNow } from './batch.ts';
import { commitBatch, encodeBatch } from './commit.ts';
import { ledgerError } from './errors.ts';
import {
  accountsOf,
  batchTime,
  daysOf,
  decideInTransaction,
  loadGroups,
  outcomesOf,
  referencesOf,
  written,
} from './inside.ts';
import type { Outcome } from './model.ts';
import { type OpenBatch, openBatch } from './post.ts';
import type { Prepared } from './prepare.ts';
import { readAccounts, readClosing } from './store.ts';

/**
 * What else commits with a request's transfers. Called after they are decided, possibly more than once: it must be pure.
 * Not called when every transfer was answered before, since what belonged to that answer was committed with it.
 */
export type Attach = (outcomes: readonly Outcome[]) => Attachment;

export interface Attachment {
  readonly statements?: readonly { readonly sql: string; readonly values: readonly unknown[] }[];
  readonly events?: readonly { readonly type: string; readonly subject: string; readonly payload: object }[];
}

export interface LaneContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly appendEvents: (
    tx: Transaction,
    bookId: number,
    events: NonNullable<Attachment['events']>,
  ) => Promise<unknown>;
  readonly onBatch?: (batch: { bookId: number; transfers: number; careful: boolean }) => void;
}

interface Waiting {
  readonly transfers: readonly Prepared[];
  readonly attach: Attach | undefined;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch that is being decided on remembered accounts. */
interface Open {
  readonly batch: OpenBatch;
  /** The lane's memory it is decided on; if that has been forgotten since, the decision is void. */
  readonly memory: Memory;
  /** The transfers that others refer to. */
  readonly references: Map<string, ReferenceNow>;
}

/** What is remembered of the book between batches; `closing` is null until the first batch reads it. */
interface Memory {
  readonly accounts: Map<string, AccountNow>;
  readonly groups: Map<string, GroupNow>;
  closing: Closing | null;
}

function emptyMemory(): Memory {
  return { accounts: new Map(), groups: new Map(), closing: null };
}

/** The most transfers one commit holds; requests are never split. */
const BATCH_TRANSFERS = 8192;
/** The most transfers that may wait in front of one book before new ones are refused with ledger_overloaded. */
const WAITING_TRANSFERS = 400_000;
/** After a conflict with another process, this many batches are decided carefully before the fast way is tried again. */
const CAREFUL_BATCHES = 16;
/** Accounts remembered per book; the longest remembered are forgotten first. */
const REMEMBERED_ACCOUNTS = 1_000_000;
/** Days remembered per account. */
const REMEMBERED_DAYS = 4;

export class Lane {
  private readonly context: LaneContext;
  readonly bookId: number;
  private readonly waiting: Waiting[] = [];
  private waitingTransfers = 0;
  private running: Promise<void> | null = null;
  private carefulBatches = 0;
  private memory = emptyMemory();
  private arrived: (() => void) | null = null;

  constructor(context: LaneContext, bookId: number) {
    this.context = context;
    this.bookId = bookId;
  }

  post(transfers: readonly Prepared[], attach?: Attach): Promise<Outcome[]> {
    if (this.waitingTransfers + transfers.length > WAITING_TRANSFERS) {
      return Promise.reject(ledgerError('ledger_overloaded', `${this.waitingTransfers} transfers are waiting`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ transfers, attach, resolve, reject });
      this.waitingTransfers += transfers.length;
      this.arrived?.();
      // The batch is everybody's: it must not run in the name of the request that happened to come first.
      this.running ??= detached(() => this.run());
    });
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  /** One batch is written while the next one is decided; batches are written one after the other. Never rejects. */
  private async run(): Promise<void> {
    let writing = Promise.resolve();
    let landed = true;
    while (this.waiting.length > 0) {
      const requests: Waiting[] = [];
      let open: Open | null = null;
      let room = BATCH_TRANSFERS;
      do {
        const more = this.take(room, requests.length === 0);
        if (more.length === 0) break;
        // What refers to earlier transfers must be able to read them.
        if (more.some((request) => request.transfers.some((transfer) => transfer.relatedId !== null))) await writing;
        open = await this.extend(requests.length === 0 ? this.open() : open, more);
        requests.push(...more);
        for (const request of more) room -= request.transfers.length;
        if (!landed && this.waiting.length === 0) await Promise.race([writing, this.arrival()]);
      } while (!landed && this.waiting.length > 0);
      await writing;
      // Only a batch that is decided already is written while the next one is decided: two at once would read the same
      // days into the same memory.
      const decided = open !== null && this.carefulBatches === 0 && open.memory === this.memory;
      landed = false;
      writing = this.write(requests, open).finally(() => {
        landed = true;
      });
      if (!decided) await writing;
      else if (this.waiting.length === 0) await Promise.race([writing, this.arrival()]);
    }
    await writing;
    this.running = null;
    if (this.waiting.length > 0) this.running = this.run();
  }

  /** The next requests that fit into `room` transfers; at least one if `any`. */
  private take(room: number, any: boolean): Waiting[] {
    let transfers = 0;
    let requests = 0;
    for (const request of this.waiting) {
      if (!(any && requests === 0) && transfers + request.transfers.length > room) break;
      transfers += request.transfers.length;
      requests++;
    }
    this.waitingTransfers -= transfers;
    return this.waiting.splice(0, requests);
  }

  /** Resolves when the next request comes. */
  private arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  /** A new batch on what is remembered, or null while batches are decided carefully. */
  private open(): Open | null {
    if (this.carefulBatches > 0) return null;
    const { memory } = this;
    const references = new Map<string, ReferenceNow>();
    const view: BatchView = {
      account: (id) => memory.accounts.get(id),
      reference: (id) => references.get(id),
      known: () => undefined,
      group: (key) => memory.groups.get(key),
      closing: () => {
        invariant(memory.closing !== null, 'the_closing_is_read_before_a_batch_is_decided');
        return memory.closing;
      },
    };
    return { batch: openBatch(view), memory, references };
  }

  /** Decides more requests of an open batch; null when that failed and all has to be decided when it is to be written. */
  private async extend(open: Open | null, requests: readonly Waiting[]): Promise<Open | null> {
    if (open === null || open.memory !== this.memory) return null;
    try {
      await this.decideFast(open, requests);
      return open;
    } catch {
      // The batch before may have changed what this one was reading; what is truly wrong shows when it is tried again.
      if (this.memory === open.memory) this.memory = emptyMemory();
      return null;
    }
  }

  private async write(requests: readonly Waiting[], open: Open | null): Promise<void> {
    try {
      if (this.carefulBatches > 0) {
        this.carefulBatches--;
        await this.writeCarefully(requests);
        return;
      }
      if (open?.memory === this.memory) {
        await this.writeFast(requests, open);
        return;
      }
      const again = this.open();
      invariant(again !== null, 'a_batch_is_open_unless_it_is_careful');
      await this.decideFast(again, requests);
      await this.writeFast(requests, again);
    } catch (error) {
      // The memory holds what was not written.
      this.memory = emptyMemory();
      if (isConflict(error)) this.carefulBatches = CAREFUL_BATCHES;
      if (isOutage(error)) this.refuse(requests, error);
      else await this.writeCarefully(requests);
    }
  }

  /** Whether the database took the batch may be unknown; every id keeps its first answer, so callers ask again. */
  private refuse(requests: readonly Waiting[], error: unknown): void {
    this.memory = emptyMemory();
    for (const request of requests) request.reject(error);
  }

  private async decideFast({ batch, memory, references }: Open, waiting: readonly Waiting[]): Promise<void> {
    const { db, clock, timeZone } = this.context;
    // Of their own: the batch may have been open for long when these came.
    const time = batchTime(clock, timeZone);
    const requests = waiting.map((request) => request.transfers);
    memory.closing ??= await readClosing(db, this.bookId);
    let named = await referencesOf(db, this.bookId, requests);
    const missing = accountsOf(requests, named, memory.accounts);
    if (missing.size > 0) {
      const read = await readAccounts(db, this.bookId, [...missing]);
      for (const account of read) memory.accounts.set(account.id, account);
      await loadGroups(db, this.bookId, read, memory.groups);
      // Versions of accounts vouch for what was read of references before, not for what changed in between.
      if (named.size > 0) named = await referencesOf(db, this.bookId, requests, memory.accounts);
    }
    // What this batch has changed already is known better than what can be read.
    for (const [id, reference] of named) if (!references.has(id)) references.set(id, reference);
    await daysOf(db, this.bookId, requests, references, memory.accounts, time.businessDate);
    for (const request of requests) batch.request(request, time);
  }

  private async writeFast(requests: readonly Waiting[], { batch, memory }: Open): Promise<void> {
    const { db, clock, timeZone } = this.context;
    const decided = batch.decided();
    const encoded = encodeBatch(decided);
    written(decided);
    forgetDays(decided);
    forget(memory.accounts);
    // Recorded when it is written: nothing is recorded at an instant before it was asked for.
    const time = batchTime(clock, timeZone);
    const eventId = newId(clock);
    const attached = requests.some((request) => request.attach !== undefined);
    const outcomes = attached
      ? await db.transaction(
          async (tx) => {
            const committed = await commitBatch(tx, this.bookId, encoded, time.text, eventId);
            const answered = outcomesOf(decided, committed, time.text);
            await this.attach(tx, requests, answered);
            return answered;
          },
          { attempts: 1 },
        )
      : outcomesOf(decided, await commitBatch(db, this.bookId, encoded, time.text, eventId), time.text);
    this.answer(requests, outcomes, false);
  }

  /** A request whose attachment fails is refused alone; the rest is decided again without it. Never rejects. */
  private async writeCarefully(requests: readonly Waiting[]): Promise<void> {
    let remaining = requests;
    while (remaining.length > 0) {
      try {
        const { outcomes, decided } = await this.context.db.transaction(
          async (tx) => {
            const transfers = remaining.map((request) => request.transfers);
            const result = await decideInTransaction(this.context, tx, this.bookId, transfers);
            await this.attach(tx, remaining, result.outcomes);
            return result;
          },
          { attempts: 20 },
        );
        const { accounts, groups } = this.memory;
        // All of a group's accounts find the same group, the latest.
        for (const group of decided.guards) groups.set(group.key, group);
        for (const account of [...decided.changed, ...decided.seen]) {
          if (account.guards.every((key) => groups.has(key))) accounts.set(account.id, account);
        }
        this.memory.closing = decided.closing;
        this.answer(remaining, outcomes, true);
        return;
      } catch (error) {
        if (!(error instanceof AttachmentError)) {
          await this.writeApart(remaining, error);
          return;
        }
        const failed = remaining[error.request];
        failed?.reject(error.cause);
        remaining = remaining.filter((request) => request !== failed);
      }
    }
  }

  /** What cannot be written together is written request by request, so that nobody is refused for another's fault. */
  private async writeApart(requests: readonly Waiting[], error: unknown): Promise<void> {
    if (requests.length === 1 || isOutage(error)) this.refuse(requests, error);
    else for (const request of requests) await this.writeCarefully([request]);
  }

  private async attach(tx: Transaction, requests: readonly Waiting[], outcomes: readonly Outcome[][]): Promise<void> {
    for (const [index, request] of requests.entries()) {
      const answers = outcomes[index] ?? [];
      // Answered in full before: what belonged to the first answer was committed with it.
      if (request.attach === undefined || answers.every(({ repeated }) => repeated)) continue;
      try {
        const attachment = request.attach(answers);
        for (const { sql, values } of attachment.statements ?? []) await tx.query(sql, values);
        if (attachment.events !== undefined && attachment.events.length > 0) {
          await this.context.appendEvents(tx, this.bookId, attachment.events);
        }
      } catch (error) {
        if (isConflict(error)) throw error;
        throw new AttachmentError(index, error);
      }
    }
  }

  private answer(requests: readonly Waiting[], outcomes: readonly Outcome[][], careful: boolean): void {
    let transfers = 0;
    for (const [index, request] of requests.entries()) {
      transfers += request.transfers.length;
      request.resolve(outcomes[index] ?? []);
    }
    this.context.onBatch?.({ bookId: this.bookId, transfers, careful });
  }
}

function forget(accounts: Memory['accounts']): void {
  if (accounts.size <= REMEMBERED_ACCOUNTS) return;
  for (const id of accounts.keys()) {
    if (accounts.size <= REMEMBERED_ACCOUNTS / 2) break;
    accounts.delete(id);
  }
}

/** Keeps the days this batch writes, which cannot be read yet; of accounts with many days the others are forgotten. */
function forgetDays(decided: Decided): void {
  const crowded = new Map<AccountNow, Set<string>>();
  for (const account of [...decided.changed, ...decided.seen]) {
    if (account.days.length > REMEMBERED_DAYS) crowded.set(account, new Set());
  }
  if (crowded.size === 0) return;
  for (const row of decided.rows) {
    crowded.get(row.debit)?.add(row.effectiveDate);
    crowded.get(row.credit)?.add(row.effectiveDate);
  }
  for (const [account, written] of crowded) {
    const kept = account.days.filter(({ date }) => written.has(date));
    account.days.splice(0, account.days.length, ...kept);
  }
}

/** An attachment of one request could not be written; `cause` is why. */
class AttachmentError extends Error {
  readonly request: number;
  constructor(request: number, cause: unknown) {
    super('attachment failed', { cause });
    this.request = request;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof LongmenError && error.code === 'database_conflict';
}

/** The database does not answer, or takes nothing at present; whoever asks next would hear the same. */
function isOutage(error: unknown): boolean {
  return error instanceof LongmenError && !isConflict(error);
}
