import type { Database } from '#kernel/database';

const INSTANCES_AT_A_TIME = 500;

/**
 * Deletes the steps of instances that ended before an instant (RFC 3339), in short transactions; instances, tasks and who
 * did what stay. Returns how many steps.
 */
export async function forgetHistory(db: Database, bookId: number, before: string): Promise<number> {
  for (let total = 0; ; ) {
    const { rows } = await db.query<{ deleted: bigint }>('select process.forget_history($1, $2, $3) as deleted', [
      bookId,
      before,
      INSTANCES_AT_A_TIME,
    ]);
    const deleted = Number(rows[0]?.deleted ?? 0n);
    if (deleted === 0) return total;
    total += deleted;
  }
}
