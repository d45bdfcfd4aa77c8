/** The application role's pool: queries, transactions with retries, dedicated connections. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { currentContext, type Visibility } from '#kernel/context';
import { invariant, LongmenError } from '#kernel/errors';
import { applicationRoleMissing, databaseError, sqlState, staffRole, translate } from './errors.ts';
import type {
  Database,
  DatabaseLog,
  Queryable,
  QueryOptions,
  QueryResult,
  Transaction,
  TransactionOptions,
} from './interface.ts';
import { types } from './types.ts';

const acquireTimeoutMs = 5_000;
const closeTimeoutMs = 10_000;

export interface PoolOptions {
  readonly connectionString: string;
  /** Connections at most. */
  readonly size: number;
  /** Role taken on by SET ROLE on every connection; without it the login's own. */
  readonly role?: string;
  readonly log?: DatabaseLog;
  /** Called when the server cannot be reached, at most once a second. */
  readonly onUnreachable?: () => void;
  /** Called once, after the last connection has ended. */
  readonly onClose?: () => Promise<void>;
}

/** A new connection in the state the house expects; the caller ends it. Errors are translated. */
export async function connect(connectionString: string, role?: string): Promise<pg.Client> {
  const client = new pg.Client(clientOptions(connectionString));
  client.on('error', ignore);
  try {
    await client.connect();
    await prepareSession(client, role);
    return client;
  } catch (error) {
    await client.end().catch(ignore);
    throw translate(error);
  }
}

/** Opens a pool; nothing is connected before the first query. */
export function openPool(options: PoolOptions): Database {
  const { log, role } = options;
  const pool = new pg.Pool({
    ...clientOptions(options.connectionString),
    max: options.size,
    idleTimeoutMillis: 60_000,
    // Awaited by the pool before the connection is handed out. (The published type says void.)
    onConnect: async (client) => {
      await prepareSession(client, role);
      adopted.set(client, 'all');
    },
  });
  const adopt = visibilityOf(role);
  let lastUnreachableMs = Number.NEGATIVE_INFINITY;
  let closing: Promise<void> | undefined;

  // Without these two listeners a killed connection would end the process: the first hears idle connections, the second
  // those in use (whose query is rejected as well).
  pool.on('error', (error) => {
    // While closing, connections that were thrown away may still be ending when the server stops.
    if (closing !== undefined) return;
    log?.warn({ error_code: codeOf(error) }, 'an idle database connection was lost');
    noteUnreachable(translate(error));
  });
  pool.on('connect', (client) => client.on('error', ignore));

  function noteUnreachable(error: unknown): void {
    if (!(error instanceof LongmenError) || error.code !== 'database_unreachable' || closing !== undefined) return;
    const present = performance.now();
    if (present - lastUnreachableMs < 1_000) return;
    lastUnreachableMs = present;
    options.onUnreachable?.();
  }

  /**
   * Runs `work` on a connection of the pool; a connection that broke, or is not to be reused, is thrown away. Only the
   * driver's errors are translated: an ENOENT of the work itself is not the database's.
   */
  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>, reuse: boolean): Promise<T> {
    const client = await pool.connect().catch((error: unknown) => {
      const translated = translate(error);
      noteUnreachable(translated);
      throw translated;
    });
    let broken = !reuse;
    try {
      return await work(client);
    } catch (error) {
      // A cached plan that no longer fits (a migration ran meanwhile) goes away with its connection.
      broken ||= isUnreachable(error) || sqlState(error) === '0A000';
      noteUnreachable(error);
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async function attempt<T>(work: (tx: Transaction) => Promise<T>, begin: string): Promise<Outcome<T>> {
    let conflict: LongmenError | undefined;
    let open = true;
    const run = withClient(async (client) => {
      const tx: Transaction = {
        inTransaction: true,
        async query<Row extends object>(sql: string, values?: readonly unknown[], queryOptions?: QueryOptions) {
          invariant(open, 'transaction_is_open');
          try {
            await adopt(client);
            return await execute<Row>(client, sql, values, queryOptions);
          } catch (error) {
            if (isConflict(error)) conflict = error;
            throw error;
          } finally {
            // Going back to a savepoint takes back what was adopted after it.
            if (startsWithRollback.test(sql)) adopted.delete(client);
          }
        },
      };
      await adopt(client);
      await execute(client, begin);
      let result: T;
      try {
        result = await work(tx);
      } catch (error) {
        open = false;
        adopted.delete(client);
        // When even this fails the connection is gone, and with it the transaction; the pool notices.
        await client.query('rollback').catch(ignore);
        throw error;
      }
      open = false;
      const { command } = await client.query('commit').catch((error: unknown) => {
        const translated = translate(error);
        if (isConflict(translated)) conflict = translated;
        throw translated;
      });
      if (command === 'ROLLBACK') adopted.delete(client);
      if (command === 'ROLLBACK' && conflict !== undefined) throw conflict;
      // The work swallowed the error of a statement: PostgreSQL has rolled back and the caller must not believe else.
      invariant(command === 'COMMIT', 'transaction_committed');
      return result;
    }, true);
    try {
      return { done: true, value: await run };
    } catch (error) {
      if (conflict !== undefined) return { done: false, conflict };
      throw error;
    } finally {
      open = false;
    }
  }

  return {
    connectionString: withSessionOptions(options.connectionString, role),
    query<Row extends object>(sql: string, values?: readonly unknown[], queryOptions?: QueryOptions) {
      return withClient(async (client) => {
        await adopt(client);
        return execute<Row>(client, sql, values, queryOptions);
      }, true);
    },
    async transaction<T>(work: (tx: Transaction) => Promise<T>, { attempts = 5, isolation }: TransactionOptions = {}) {
      const begin = isolation === undefined ? 'begin' : `begin isolation level ${isolation}`;
      for (let number = 1; ; number++) {
        const outcome = await attempt(work, begin);
        if (outcome.done) return outcome.value;
        if (number >= attempts) {
          const error = databaseError('database_conflict', outcome.conflict.message, {
            ...outcome.conflict.meta,
            attempts,
          });
          error.cause = outcome.conflict;
          throw error;
        }
        // Spread out, so that the same two do not meet again.
        await sleep(Math.random() * 5 * 2 ** Math.min(number, 6));
      }
    },
    connection<T>(work: (connection: Queryable) => Promise<T>) {
      const queryable = (client: pg.PoolClient): Queryable => ({
        async query(sql, values, queryOptions) {
          await adopt(client);
          return execute(client, sql, values, queryOptions);
        },
      });
      return withClient((client) => work(queryable(client)), false);
    },
    close() {
      closing ??= (async () => {
        const finished = await Promise.race([
          pool.end().then(() => true),
          sleep(closeTimeoutMs, false, { ref: false }),
        ]);
        if (!finished) log?.warn({}, 'database connections still in use at close');
        await options.onClose?.();
      })();
      return closing;
    },
  };
}

const startsWithRollback = /^\s*rollback/i;

/** What each connection was last told to see; one that is not here must be told again. */
const adopted = new WeakMap<pg.ClientBase, Visibility>();

/**
 * Makes a connection see what the current context may see: everything in the role of the application, or the rows of some
 * units in the role of the staff. Costs a round trip only when the connection last served another visibility.
 */
function visibilityOf(role: string | undefined): (client: pg.ClientBase) => Promise<void> | undefined {
  const everything = role === undefined ? 'none' : pg.escapeIdentifier(role);
  return (client) => {
    const { visibility } = currentContext();
    const present = adopted.get(client);
    if (present === visibility || (present !== undefined && String(present) === String(visibility))) return undefined;
    // Inside a transaction a failure here means that it has failed; then nothing is believed of the connection.
    adopted.delete(client);
    const units = visibility === 'all' ? '' : visibility.map(unitNumber).join(',');
    const text =
      visibility === 'all'
        ? `set role ${everything}; set longmen.units = ''`
        : `set role ${staffRole}; set longmen.units = '{${units}}'`;
    return client.query(text).then(
      () => void adopted.set(client, visibility),
      (error: unknown) => {
        throw translate(error);
      },
    );
  };
}

function unitNumber(unitId: number): number {
  invariant(Number.isSafeInteger(unitId), 'a_unit_is_a_whole_number');
  return unitId;
}

type Outcome<T> = { done: true; value: T } | { done: false; conflict: LongmenError };

function ignore(): void {}

function isConflict(error: unknown): error is LongmenError {
  return error instanceof LongmenError && error.code === 'database_conflict' && error.meta.sqlstate !== undefined;
}

function isUnreachable(error: unknown): boolean {
  return error instanceof LongmenError && error.code === 'database_unreachable';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function clientOptions(connectionString: string) {
  return {
    connectionString,
    types,
    connectionTimeoutMillis: acquireTimeoutMs,
    keepAlive: true,
    application_name: 'longmen',
  };
}

async function prepareSession(client: pg.ClientBase, role: string | undefined): Promise<void> {
  // The time-outs end what would hang for ever: a transaction that waits for a lock its own process holds, and one whose
  // process forgot it.
  await client.query(
    `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';
     set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '120s'`,
  );
  if (role === undefined) return;
  try {
    await client.query(`set role ${pg.escapeIdentifier(role)}`);
  } catch (error) {
    const state = sqlState(error);
    throw state === '42501' || state === '22023' ? applicationRoleMissing() : error;
  }
}

/** The same settings as {@link prepareSession}, for libraries that are given a URL only. */
function withSessionOptions(connectionString: string, role: string | undefined): string {
  const url = new URL(connectionString);
  const settings = ['-c TimeZone=UTC', '-c DateStyle=ISO', ...(role === undefined ? [] : [`-c role=${role}`])];
  const given = url.searchParams.get('options');
  url.searchParams.delete('options');
  const options = encodeURIComponent([...(given === null ? [] : [given]), ...settings].join(' '));
  return `${url.href}${url.search === '' ? '?' : '&'}options=${options}`;
}

async function execute<Row extends object>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
  options?: QueryOptions,
): Promise<QueryResult<Row>> {
  const name = options?.prepare === true ? statementName(text) : undefined;
  try {
    const result = await client.query<Row>({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  } catch (error) {
    throw translate(error);
  }
}

const statementNames = new Map<string, string>();
const maximumStatements = 1_000;

/** A stable short name of a text; undefined once a process has named too many, which then run unprepared. */
function statementName(text: string): string | undefined {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= maximumStatements) return known;
  const name = `lm_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
  statementNames.set(text, name);
  return name;
}
