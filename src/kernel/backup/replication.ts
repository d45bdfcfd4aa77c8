/**
 * PostgreSQL's streaming replication protocol over the driver's own connection (PostgreSQL documentation, "Streaming
 * Replication Protocol"). A connection with `replication=database` takes its commands and plain SQL alike, and is
 * let in by the same lines of pg_hba.conf as any other login of that database.
 */
import type pg from 'pg';
import { connect } from '#kernel/database';
import { backupError } from './errors.ts';

/** Opens a connection that may send replication commands. @throws `backup_role_cannot_replicate`, those of the database */
export async function connectForReplication(url: string): Promise<pg.Client> {
  const address = new URL(url);
  address.searchParams.set('replication', 'database');
  try {
    return await connect(address.href);
  } catch (error) {
    // "must be superuser or replication role to start walsender", 42501.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== '42501') throw error;
    throw backupError(
      'backup_role_cannot_replicate',
      'The role of DATABASE_URL may not replicate; have an administrator run: alter role <role of DATABASE_URL> replication',
    );
  }
}

/** What the driver's connection can do beyond its published type. */
interface CopyConnection extends pg.Connection {
  sendCopyFromChunk(chunk: Buffer): void;
}

/** A command that answers with rows and a copy stream, one way or both ways. */
export interface CopyStream {
  /** Messages of the stream in order; throws what the server or the network reports. May be read once. */
  readonly messages: AsyncIterable<Buffer>;
  /** The rows the command has answered so far, as texts, in all its result sets. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Sends a message the other way. */
  send(message: Buffer): void;
}

/** Messages that may wait to be read before the server is made to wait. */
const mostWaiting = 256;

/** Sends `command`, whose answer is a copy stream. */
export function copyStream(client: pg.Client, command: string): CopyStream {
  const rows: (string | null)[][] = [];
  const waiting: Buffer[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  let failure: unknown;
  let paused = false;
  let connection: CopyConnection | undefined;

  const end = (error?: unknown) => {
    failure ??= error;
    ended = true;
    wake();
  };
  // The driver calls these; the names are its own.
  const query = {
    submit(given: pg.Connection) {
      connection = given as CopyConnection;
      given.query(command);
    },
    handleRowDescription() {},
    handleDataRow({ fields }: { fields: (Buffer | string | null)[] }) {
      rows.push(fields.map((field) => (field === null ? null : field.toString())));
    },
    handlePortalSuspended() {},
    handleEmptyQuery() {},
    handleCommandComplete() {},
    handleCopyInResponse() {},
    handleReadyForQuery: () => end(),
    handleError: (error: unknown) => end(error),
    handleCopyData({ chunk }: { chunk: Buffer }) {
      // The driver uses its buffer again.
      waiting.push(Buffer.from(chunk));
      if (waiting.length >= mostWaiting && !paused) {
        paused = true;
        connection?.stream.pause();
      }
      wake();
    },
  };
  client.once('end', () => end(backupError('backup_stream_ended', 'The connection to the server ended')));
  client.query(query);

  async function* messages(): AsyncGenerator<Buffer> {
    for (;;) {
      const message = waiting.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      if (ended) {
        if (failure !== undefined) throw failure;
        return;
      }
      if (paused) {
        paused = false;
        connection?.stream.resume();
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return { messages: messages(), rows, send: (message) => connection?.sendCopyFromChunk(message) };
}

/** A message of a running stream of write-ahead log. Positions are bytes, times microseconds since 2000-01-01. */
export type WalMessage =
  | { readonly kind: 'data'; readonly from: bigint; readonly data: Buffer }
  | { readonly kind: 'keepalive'; readonly end: bigint; readonly replyWanted: boolean };

export function readWalMessage(message: Buffer): WalMessage | undefined {
  const type = String.fromCharCode(message[0] ?? 0);
  if (type === 'w') return { kind: 'data', from: message.readBigUInt64BE(1), data: message.subarray(25) };
  if (type === 'k') return { kind: 'keepalive', end: message.readBigUInt64BE(1), replyWanted: message[17] === 1 };
  return undefined;
}

/** The standby's answer: everything before `position` is on disk here and need not be kept for us. */
export function statusUpdate(position: bigint, time: bigint): Buffer {
  const message = Buffer.alloc(34);
  message.write('r', 0, 'latin1');
  for (const offset of [1, 9, 17]) message.writeBigUInt64BE(position, offset);
  message.writeBigInt64BE(time, 25);
  return message;
}
