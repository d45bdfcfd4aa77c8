import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import { type Queryable, sqlState, type Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { eventsError } from './errors.ts';

/** What a room publishes. */
export interface EventInput {
  /** `room.past_tense`, such as `ledger.transfer_posted`; at most 128 characters. */
  readonly type: string;
  /** The identifier of the thing it happened to; at most 256 characters. */
  readonly subject: string;
  /** JSON. A bigint is written as a decimal string, as amounts are everywhere in JSON. */
  readonly payload: object;
}

/** An event as it stands in the log. */
export interface EventRecord {
  readonly bookId: number;
  /** 1, 2, 3, … per book, without gaps, in commit order. */
  readonly position: bigint;
  /** UUIDv7. */
  readonly eventId: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339, UTC; never earlier than that of the position before. */
  readonly recordedAt: string;
  readonly payload: unknown;
}

export interface Appended {
  readonly firstPosition: bigint;
  readonly lastPosition: bigint;
  /** RFC 3339, UTC: the one instant all events of the call were recorded at. */
  readonly recordedAt: string;
}

/** The four parallel arrays that `kernel.append_events` takes, for SQL functions that append by themselves. */
export interface EventColumns {
  readonly ids: string[];
  readonly types: string[];
  readonly subjects: string[];
  readonly payloads: string[];
}

/** Gives each event its identifier and lays the events out as the arrays of `kernel.append_events`. */
export function eventColumns(clock: Clock, events: readonly EventInput[]): EventColumns {
  return {
    ids: events.map(() => newId(clock)),
    types: events.map((event) => event.type),
    subjects: events.map((event) => event.subject),
    payloads: events.map((event) => JSON.stringify(event.payload, bigintAsText)),
  };
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/**
 * Appends one or more events to a book's log, as part of the caller's transaction: they become visible with everything
 * else it wrote, or not at all. From here to the commit the other writers of the book wait, so append last; after the
 * commit call `wakeConsumers`. Error: `book_not_found`.
 */
export async function appendEvents(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  events: readonly EventInput[],
): Promise<Appended> {
  invariant(events.length > 0, 'append_needs_an_event');
  const columns = eventColumns(clock, events);
  try {
    // What happened is recorded whoever may read the log.
    const { rows } = await asSystem(() =>
      tx.query<{ lastPosition: bigint; recordedAt: string }>(
        `select last_position as "lastPosition", recorded_at as "recordedAt"
           from kernel.append_events($1, $2, $3::uuid[], $4::text[], $5::text[], $6::text[])`,
        [bookId, clock.now().toString(), columns.ids, columns.types, columns.subjects, columns.payloads],
      ),
    );
    const [row] = rows;
    invariant(row !== undefined, 'append_returns_one_row');
    return { ...row, firstPosition: row.lastPosition - BigInt(events.length) + 1n };
  } catch (error) {
    if (sqlState(error) === 'P0002') {
      throw eventsError('book_not_found', `No book number ${bookId}`);
    }
    throw error;
  }
}

/** At most `limit` events of a book behind `afterPosition` (0n: from the beginning), in order. */
export async function readEvents(
  db: Queryable,
  bookId: number,
  afterPosition: bigint,
  limit: number,
): Promise<EventRecord[]> {
  const { rows } = await db.query<EventRecord>(
    `select ${eventFields} from kernel.event where book_id = $1 and position > $2 order by position limit $3`,
    [bookId, afterPosition, limit],
  );
  return rows;
}

/** The events with `afterPosition < position <= lastPosition`, of all types or of those given, in order. */
export async function readWindow(
  db: Queryable,
  bookId: number,
  afterPosition: bigint,
  lastPosition: bigint,
  types: readonly string[] | undefined,
): Promise<EventRecord[]> {
  const { rows } = await db.query<EventRecord>(
    `select ${eventFields} from kernel.event
      where book_id = $1 and position > $2 and position <= $3 and ($4::text[] is null or type = any($4))
      order by position`,
    [bookId, afterPosition, lastPosition, types ?? null],
  );
  return rows;
}

/** The position of a book's last committed event, 0n when there is none. Error: `book_not_found`. */
export async function headPosition(db: Queryable, bookId: number): Promise<bigint> {
  const { rows } = await db.query<{ position: bigint }>(
    `select position from kernel.book_position where book_id = $1`,
    [bookId],
  );
  const [row] = rows;
  if (!row) throw eventsError('book_not_found', `No book number ${bookId}`);
  return row.position;
}

const eventFields = `book_id as "bookId", position, event_id as "eventId", type, subject,
  recorded_at as "recordedAt", payload`;
