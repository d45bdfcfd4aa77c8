/** Kysely builds typed SQL here and nothing else: it never holds a connection. */
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Queryable, QueryOptions, QueryResult } from './interface.ts';

const dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
};

/** A query builder over the tables of `Tables`; its queries are executed by {@link run}, never by Kysely. */
export function builder<Tables>(): Kysely<Tables> {
  return new Kysely<Tables>({ dialect });
}

/** Executes a query made by {@link builder}. */
export function run<Row extends object>(
  on: Queryable,
  query: Compilable<Row>,
  options?: QueryOptions,
): Promise<QueryResult<Row>> {
  const { sql, parameters } = query.compile();
  return on.query<Row>(sql, parameters, options);
}
