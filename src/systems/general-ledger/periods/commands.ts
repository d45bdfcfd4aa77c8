/** Closing, sealing and re-opening periods under four eyes. */
import { z } from 'zod';
import { closing } from '#engines/ledger';
import type { Approvals } from '#kernel/approvals';
import { currentContext } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { bookUnit } from '#kernel/events';
import { notify } from '#kernel/notifications';
import { periodResultJson } from '../json.ts';
import type { GeneralLedgerDeps, Hand } from '../model.ts';
import { parsePeriod } from './model.ts';
import { periodStatus } from './queries.ts';
import { closePeriod, reopenPeriod, sealPeriod } from './service.ts';

export type PeriodStep = 'close' | 'seal' | 'reopen';

export interface PeriodChange {
  readonly book: string;
  readonly period: string;
  readonly reason?: string | undefined;
  readonly pendingLimitDays?: number | undefined;
}

const change: z.ZodType<PeriodChange> = z.object({
  book: z.string(),
  period: z.string(),
  reason: z.string().optional(),
  pendingLimitDays: z.number().optional(),
});

const titles: Readonly<Record<PeriodStep, { zh: string; en: string }>> = {
  close: { zh: '关账', en: 'Close' },
  seal: { zh: '封账', en: 'Seal' },
  reopen: { zh: '反关账', en: 'Re-open' },
};
const APPROVE = 'general_ledger.period:approve';
const templates = { close: 'period_closed', seal: 'period_sealed', reopen: 'period_reopened' } as const;
const becomes: Readonly<Record<PeriodStep, string>> = { close: 'closed', seal: 'sealed', reopen: 'open' };

export function periodCommands(room: GeneralLedgerDeps, { approvals }: { approvals: Approvals }) {
  const define = (step: PeriodStep) =>
    approvals.define<PeriodChange>({
      name: `general_ledger.period:${step}`,
      permission: APPROVE,
      schema: change,
      unitOf: async (tx, { book }) => bookUnit(tx, await room.ledger.bookId(book)),
      async describe(tx, { book, period }) {
        const bookId = await room.ledger.bookId(book);
        const { state } = await periodStatus(tx, bookId, parsePeriod(period));
        const { closedThrough, sealedThrough } = await closing(tx, bookId);
        const { zh, en } = titles[step];
        return {
          title: { zh: `${zh} ${period}（${book}）`, en: `${en} ${period} of ${book}` },
          before: { period, state, closed_through: closedThrough, sealed_through: sealedThrough },
          after: { period, state: becomes[step] },
        };
      },
      async perform(tx, { book, period, reason, pendingLimitDays }) {
        const hand: Hand = { actor: currentContext().actor.name, reason };
        const result =
          step === 'close'
            ? await closePeriod(room, tx, book, period, { ...hand, pendingLimitDays })
            : await (step === 'seal' ? sealPeriod : reopenPeriod)(room, tx, book, period, hand);
        if (result.changed) await tell(tx, step, book, period);
        return { status: 200, body: periodResultJson(result) };
      },
    });
  /** Those who decide on periods of this book hear what became of one; who did it knows. */
  async function tell(tx: Transaction, step: PeriodStep, book: string, period: string): Promise<void> {
    const { actor } = currentContext();
    const unitId = await bookUnit(tx, await room.ledger.bookId(book));
    await notify(tx, room.clock, {
      to: { permission: APPROVE, unitId, except: [actor.id] },
      template: templates[step],
      values: { book, period, actor: actor.name },
    });
  }
  return { close: define('close'), seal: define('seal'), reopen: define('reopen') };
}
