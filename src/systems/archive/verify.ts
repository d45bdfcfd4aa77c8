/** The archives' part of `longmen verify`: what the database remembers of them. Their files verify themselves. */
import type { Database } from '#kernel/database';
import { listBooks } from '#kernel/events';

export interface ArchiveFinding {
  readonly book: string;
  readonly check: 'archives';
  readonly about: string;
  readonly count: number;
  readonly first: Readonly<Record<string, unknown>>;
}

const about = 'archives follow each other, and the journal begins where the last one ends';

export async function verifyArchiveRecords(db: Database, book?: string): Promise<ArchiveFinding[]> {
  const findings: ArchiveFinding[] = [];
  for (const { bookId, code } of await listBooks(db)) {
    if (book !== undefined && code !== book) continue;
    const { rows } = await db.query<{ number: number | null; fault: string }>(
      'select number, fault from archive.verify_archives where book_id = $1 order by number',
      [bookId],
    );
    const [first] = rows;
    if (first !== undefined) findings.push({ book: code, check: 'archives', about, count: rows.length, first });
  }
  return findings;
}
