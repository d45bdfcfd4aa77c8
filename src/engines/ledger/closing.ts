/** The closing of periods: up to which dates nothing, or nothing but adjustments, is taken any more. */
import type { Clock } from '#kernel/clock';
import type { Transaction } from '#kernel/database';
import { instantText, isoDateOf, isValidDate } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import type { Closing } from './batch.ts';
import { ledgerError } from './errors.ts';
import { lockBook, readClosing } from './store.ts';

/**
 * Closes or opens periods of a book from the next transfer on; the history is kept. Whether somebody may go back is the
 * caller's to decide. Error: `closing_invalid`.
 */
export async function setClosing(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  timeZone: string,
  closing: Closing,
): Promise<void> {
  const { closedThrough, sealedThrough } = closing;
  const businessDate = isoDateOf(clock.now(), timeZone);
  for (const date of [closedThrough, sealedThrough]) {
    if (date !== null && !isValidDate(date)) throw ledgerError('closing_invalid', `'${date}' is no date`);
    if (date !== null && date >= businessDate) {
      throw ledgerError('closing_invalid', `${date} is not over: it is ${businessDate}`);
    }
  }
  if (sealedThrough !== null && (closedThrough === null || sealedThrough > closedThrough)) {
    throw ledgerError('closing_invalid', 'What is sealed must be closed');
  }
  await lockBook(tx, bookId);
  const before = await readClosing(tx, bookId);
  if (before.closedThrough === closedThrough && before.sealedThrough === sealedThrough) return;
  await tx.query(
    `insert into ledger.closing (book_id, recorded_at, closed_through, sealed_through)
     values ($1, ledger.next_instant($1, $2), $3, $4)`,
    [bookId, instantText(clock.now()), closedThrough, sealedThrough],
  );
  await tx.query('update ledger.journal_end set closed_through = $2, sealed_through = $3 where book_id = $1', [
    bookId,
    closedThrough,
    sealedThrough,
  ]);
  await appendEvents(tx, bookId, clock, [
    { type: 'ledger.closing_changed', subject: closedThrough ?? '', payload: { before, after: closing } },
  ]);
}
