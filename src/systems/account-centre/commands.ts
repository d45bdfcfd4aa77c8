/** Freezing, unfreezing and closing accounts of a tree under four eyes. */
import { z } from 'zod';
import type { Approvals } from '#kernel/approvals';
import { currentContext } from '#kernel/context';
import { type TreeAction, treeActions } from './model.ts';
import { act, type CentreDeps } from './service.ts';
import { customerUnit } from './store.ts';
import { treeAccounts } from './tree.ts';

export interface TreeChange {
  readonly book: string;
  readonly customer: string;
  readonly action: TreeAction;
  readonly accountId?: string | undefined;
  readonly reason?: string | undefined;
}

const change: z.ZodType<TreeChange> = z.object({
  book: z.string(),
  customer: z.string(),
  action: z.enum(treeActions),
  accountId: z.string().optional(),
  reason: z.string().optional(),
});

const titles: Readonly<Record<TreeAction, { zh: string; en: string }>> = {
  freeze_outgoing: { zh: '只收不付', en: 'Freeze outgoing payments' },
  freeze: { zh: '冻结', en: 'Freeze' },
  unfreeze: { zh: '解冻', en: 'Unfreeze' },
  close: { zh: '销户', en: 'Close' },
};

export function centreCommands(room: CentreDeps, { approvals }: { approvals: Approvals }) {
  return {
    act: approvals.define<TreeChange>({
      name: 'account_centre:act',
      permission: 'ledger.account:approve',
      schema: change,
      unitOf: async (tx, { book, customer }) => customerUnit(tx, await room.ledger.bookId(book), customer),
      async describe(tx, { book, customer, action, accountId }) {
        const bookId = await room.ledger.bookId(book);
        await customerUnit(tx, bookId, customer);
        const { zh, en } = titles[action];
        const whole = accountId === undefined;
        return {
          title: {
            zh: `${zh} ${whole ? '客户' : '账户'} ${customer}`,
            en: `${en} ${whole ? 'all of' : 'an account of'} ${customer}`,
          },
          before: { customer, accounts: statesOf(await treeAccounts(tx, bookId, customer)) },
          after: { customer, action, account_id: accountId ?? null },
        };
      },
      async perform(tx, { book, customer, action, accountId, reason }) {
        const hand = { actor: currentContext().actor.name, reason };
        const { changes, kept } = await act(room, tx, book, customer, { action, accountId }, hand);
        return { status: 200, body: { changes: [...changes], kept: [...kept] } };
      },
    }),
  };
}

function statesOf(accounts: Awaited<ReturnType<typeof treeAccounts>>): Record<string, string> {
  return Object.fromEntries(accounts.map(({ account }) => [account.id, account.state]));
}
