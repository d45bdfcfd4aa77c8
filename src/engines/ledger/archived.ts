/** How far the beginning of a journal was taken out of the database. */
import type { Queryable } from '#kernel/database';

/** How far the journal of a book was taken out of the database; null: not at all. */
export interface ArchiveEnd {
  readonly sequence: bigint;
  /** When the last row taken out was recorded. */
  readonly recordedAt: string;
  /** The latest effective date of any row taken out. */
  readonly throughDate: string;
}

export async function archiveEnd(db: Queryable, bookId: number): Promise<ArchiveEnd | null> {
  const { rows } = await db.query<ArchiveEnd>(
    `select through_sequence as sequence, recorded_at as "recordedAt", through_date as "throughDate"
     from ledger.archive_end where book_id = $1`,
    [bookId],
  );
  return rows[0] ?? null;
}
