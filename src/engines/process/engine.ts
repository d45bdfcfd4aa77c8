/** What every part of the engine works with: the database, the book, the clock, and what is registered. */
import type { Clock } from '#kernel/clock';
import type { Database, Transaction } from '#kernel/database';
import { findBook } from '#kernel/events';
import type { Moment } from './core/moment.ts';
import { processError } from './errors.ts';
import { Definitions } from './store/definitions.ts';

/** What a registered function is told beside its input. */
export interface Call {
  /** The same at every attempt of one visit of one element: what it does must happen once per key. */
  readonly idempotencyKey: string;
  readonly instanceId: string;
  readonly businessKey: string | null;
  readonly token: number;
  readonly node: string;
  /** 1 at the first attempt. */
  readonly attempt: number;
}

/** Plain JSON data: fractions, dates and durations are text, whole numbers within the safe range are numbers. */
export type Data = Readonly<Record<string, unknown>>;

/**
 * Runs in the transaction of its step: what it writes commits with the step or not at all. It may be run again after a
 * conflict, so that it must not touch anything outside the database.
 */
export type TransactionalFunction = (tx: Transaction, input: Data, call: Call) => Promise<unknown> | unknown;

/**
 * Runs outside any transaction, under a lease that is kept up while it runs; its result is then taken in a transaction
 * of its own. A worker that dies in between has it called again: the other side must know the idempotency key.
 */
export interface ExternalFunction {
  readonly external: (input: Data, call: Call, signal: AbortSignal) => Promise<unknown>;
}

export type ProcessFunction = TransactionalFunction | ExternalFunction;

/** Who does something. */
export interface Actor {
  readonly id: string;
  readonly roles?: readonly string[];
  /** What acts in the person's name, such as a machine token; kept in the trail. */
  readonly via?: string;
}

/** What a person may be allowed to do. */
export type Action =
  | 'deploy'
  | 'start'
  | 'suspend'
  | 'resume'
  | 'cancel'
  | 'modify'
  | 'set_variables'
  | 'migrate'
  | 'retry_incident'
  | 'resolve_incident'
  | 'claim_task'
  | 'complete_task';

export interface EngineOptions {
  readonly db: Database;
  /** Code of the book the processes belong to. */
  readonly book: string;
  readonly clock: Clock;
  /** Business time zone (IANA), for timers in days and for FEEL. Default UTC. */
  readonly timeZone?: string;
  readonly functions?: Readonly<Record<string, ProcessFunction>>;
  /** Asked before each action of a person; without it everything is allowed. */
  readonly authorize?: (actor: Actor, action: Action, subject: string) => boolean;
  readonly log?: EngineLog;
}

/** A pino logger fits. */
export interface EngineLog {
  warn(fields: object, message: string): void;
}

export interface Engine {
  readonly db: Database;
  readonly book: string;
  readonly bookId: number;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly functions: ReadonlyMap<string, ProcessFunction>;
  readonly definitions: Definitions;
  readonly log: EngineLog | undefined;
  allow(actor: Actor, action: Action, subject: string): void;
  moment(): Moment;
}

/** Opens the process engine of a book. Error: `book_not_found`. */
export async function openProcess(options: EngineOptions): Promise<Engine> {
  const { db, book, clock, timeZone = 'UTC', authorize } = options;
  const { bookId } = await findBook(db, book);
  return {
    db,
    book,
    bookId,
    clock,
    timeZone,
    functions: new Map(Object.entries(options.functions ?? {})),
    definitions: new Definitions(bookId),
    log: options.log,
    allow(actor, action, subject) {
      if (authorize === undefined || authorize(actor, action, subject)) return;
      throw processError('process_action_forbidden', `${actor.id} may not ${action} ${subject}`, { action, subject });
    },
    moment: () => ({ now_ms: clock.now().epochMilliseconds, timeZone }),
  };
}
