/** Kysely over the house's own database handle, for better-auth: one pool, one way of reporting errors. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { Database } from '#kernel/database';
import { invariant } from '#kernel/errors';

/** A Kysely that runs every statement by itself on `db`. better-auth is told not to ask for transactions. */
// The tables are better-auth's own affair; it names them at run time.
export function kyselyOn(db: Database): Kysely<Record<string, Record<string, unknown>>> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, rowCount } = await db.query(sql, parameters);
      return { rows: rows.map(withDates) as Row[], numAffectedRows: BigInt(rowCount) };
    },
    streamQuery() {
      throw new Error('Streaming is not used here');
    },
  };
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async () => invariant(false, 'better_auth_runs_without_transactions'),
    commitTransaction: async () => {},
    rollbackTransaction: async () => {},
    releaseConnection: async () => {},
    destroy: async () => {},
  };
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (kysely: Kysely<unknown>) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** The house reads instants as text; better-auth compares dates. Its columns with instants end so. */
function withDates(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      /(At|Until)$/.test(name) && typeof value === 'string' ? new Date(value) : value,
    ]),
  );
}
