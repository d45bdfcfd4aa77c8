/** Several connections that see the same moment. */
import type { Database, Transaction } from './interface.ts';

/**
 * Runs `work` with two transactions that see one moment of the database, whatever others write meanwhile: what one of
 * them would take long to read can be shared. Both end with `work`, which must not leave queries running in them.
 */
export function inOneSnapshot<T>(
  db: Database,
  work: (both: readonly [Transaction, Transaction]) => Promise<T>,
): Promise<T> {
  const isolation = { isolation: 'repeatable read', attempts: 1 } as const;
  return db.transaction(async (one) => {
    const { rows } = await one.query<{ id: string }>('select pg_export_snapshot() as id');
    return db.transaction(async (other) => {
      // A snapshot is named by a literal; PostgreSQL itself made the name.
      await other.query(`set transaction snapshot '${String(rows[0]?.id).replaceAll(/[^0-9A-F-]/g, '')}'`);
      return work([one, other]);
    }, isolation);
  }, isolation);
}
