/** What the rest of the house sees of the database. */

export interface QueryOptions {
  /**
   * Parses and plans the text once per connection (a prepared statement). Only for texts that are fixed in the code:
   * a text built from data would fill the server with statements.
   */
  readonly prepare?: boolean;
}

export interface QueryResult<Row> {
  rows: Row[];
  /** Rows returned or changed. */
  rowCount: number;
}

export interface Queryable {
  /**
   * Runs one statement with `$1`-style values.
   *
   * @throws `database_unreachable`, `database_read_only`, `database_disk_full`, `database_conflict`; any other
   *   PostgreSQL error comes as node-postgres' `DatabaseError`.
   */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
}

/** A running transaction; only {@link Database.transaction} makes one. */
export interface Transaction extends Queryable {
  readonly inTransaction: true;
}

export interface TransactionOptions {
  /** How often the work is tried in all when it meets a deadlock or serialization failure. Default 5. */
  readonly attempts?: number;
  /** Default 'read committed'. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
}

/** A pool of connections in the application role. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction and commits. Deadlocks and serialization failures (40P01, 40001) run it again, so
   * it must have no effects outside the transaction. Any error rolls back.
   *
   * @throws `database_conflict` when all attempts failed.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs `work` on one dedicated connection, closed afterwards (session settings and locks end with it). */
  connection<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  /** URL of the application role, for libraries that need a pool of their own. */
  readonly connectionString: string;
  /** Ends all connections; the embedded server stops when no other process uses it. May be called twice. */
  close(): Promise<void>;
}

/** Where progress is told; a pino logger fits. */
export interface DatabaseLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
