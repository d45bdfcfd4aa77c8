/** Undoing year ends, by reversal of every transfer they made. */
import { closing, type Ledger, MAX_BATCH, readTransfer, type TransferInput } from '#engines/ledger';
import type { Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { checkHand, type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import { referenceOf, YEAR_END_TYPE } from './model.ts';
import {
  addAction,
  addTransfers,
  lockYearEnds,
  type StoredTransfer,
  standingTransfers,
  yearsWithTransfers,
} from './store.ts';

/**
 * Undoes the year ends of a year and of all later ones, latest first, inside the caller's transaction. The periods of
 * their 31 December must not be sealed. Returns the years that were undone. Errors: `reason_required`, `actor_invalid`,
 * `year_end_refused`.
 */
export async function undoYearEndsFrom(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  year: number,
  hand: Hand,
): Promise<number[]> {
  const { actor, reason } = checkHand(hand, true);
  const bookId = await deps.ledger.bookId(book);
  await deps.authorise?.(tx, { action: 'year_end_undo', book, subject: String(year), actor, reason });
  await lockYearEnds(tx, bookId);
  const undone: number[] = [];
  for (const one of await yearsWithTransfers(tx, bookId, year)) {
    const standing = await standingTransfers(tx, bookId, one);
    if (standing.length === 0) continue;
    const reversals: StoredTransfer[] = [];
    for (let start = 0; start < standing.length; start += MAX_BATCH) {
      // Latest first: retained earnings give back before the profit of the year does.
      const chunk = standing.toReversed().slice(start, start + MAX_BATCH);
      reversals.push(...(await reverse(deps.ledger, tx, book, bookId, one, chunk)));
    }
    const recordedAt = instantText(deps.clock.now());
    const number = await addAction(tx, bookId, { year: one, action: 'undo', actor, reason, recordedAt });
    await addTransfers(tx, bookId, one, number, reversals);
    undone.push(one);
  }
  if (undone.length > 0) {
    await appendEvents(
      tx,
      bookId,
      deps.clock,
      undone.map((one) => ({
        type: 'general_ledger.year_end_undone',
        subject: String(one),
        payload: { year: one, actor, reason },
      })),
    );
  }
  return undone;
}

async function reverse(
  ledger: Ledger,
  tx: Transaction,
  book: string,
  bookId: number,
  year: number,
  transfers: readonly StoredTransfer[],
): Promise<StoredTransfer[]> {
  const { closedThrough } = await closing(tx, bookId);
  const inputs: TransferInput[] = transfers.map(({ transferId, effectiveDate }) => ({
    id: deterministicId('general_ledger.year_end_undo', book, transferId),
    kind: 'reverse',
    reversedId: transferId,
    effectiveDate,
    type: YEAR_END_TYPE,
    reference: referenceOf(year),
    adjustment: closedThrough !== null && closedThrough >= effectiveDate,
  }));
  const outcomes = await ledger.postIn(tx, book, inputs);
  const reversals: StoredTransfer[] = [];
  for (const [index, original] of transfers.entries()) {
    const outcome = outcomes[index];
    let { id = '', recordedAt = '' } = outcome ?? {};
    let { effectiveDate } = original;
    if (outcome?.code === 'already_reversed') {
      // Somebody reversed it by hand; that reversal is the one to keep in mind.
      const by = (await readTransfer(tx, bookId, original.transferId)).reversedBy ?? '';
      const { transfer } = await readTransfer(tx, bookId, by);
      id = by;
      recordedAt = transfer?.recordedAt ?? recordedAt;
      effectiveDate = transfer?.effectiveDate ?? effectiveDate;
    } else if (outcome?.code !== 'accepted') {
      throw generalLedgerError(
        'year_end_refused',
        `Transfer ${original.transferId} of the year end ${year} cannot be reversed: ${outcome?.code ?? 'no answer'}`,
        { year, transfer_id: original.transferId, code: outcome?.code ?? null },
      );
    }
    reversals.push({
      ...original,
      transferId: id,
      debitCode: original.creditCode,
      creditCode: original.debitCode,
      effectiveDate,
      reverses: original.transferId,
      recordedAt,
    });
  }
  return reversals;
}
