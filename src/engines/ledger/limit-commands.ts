/** Limits of groups and velocity windows under four eyes. */
import { z } from 'zod';
import type { Approvals } from '#kernel/approvals';
import { bookUnit } from '#kernel/events';
import { formatAmount } from '#kernel/money';
import { groupId } from './groups.ts';
import { limitsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import type { GroupKey, Side } from './model.ts';
import { listWindows, type VelocityWindow } from './windows.ts';

export interface GroupLimitChange {
  readonly book: string;
  readonly group: GroupKey;
  readonly currency: string;
  readonly side: Side;
  readonly minimum: string | null;
  readonly maximum: string | null;
}

/** Other maxima, or the end of a window. */
export interface WindowChange {
  readonly book: string;
  readonly code: string;
  readonly maximumCount: number | null;
  readonly maximumAmount: string | null;
  readonly retired: boolean;
}

const text = z.string().nullable();
const groupLimitChange: z.ZodType<GroupLimitChange> = z.object({
  book: z.string(),
  group: z.object({ dimension: z.string(), code: z.string() }),
  currency: z.string(),
  side: z.enum(['debit', 'credit']),
  minimum: text,
  maximum: text,
});
const windowChange: z.ZodType<WindowChange> = z.object({
  book: z.string(),
  code: z.string(),
  maximumCount: z.number().nullable(),
  maximumAmount: text,
  retired: z.boolean(),
});

/** `windowJson` writes a window as the API shows it. */
export function limitCommands(
  ledger: Ledger,
  { approvals }: { approvals: Approvals },
  windowJson: (window: VelocityWindow) => object,
) {
  const changeGroupLimit = approvals.define<GroupLimitChange>({
    name: 'ledger.group_limit:change',
    permission: 'ledger.account:approve',
    schema: groupLimitChange,
    unitOf: async (tx, { book }) => bookUnit(tx, await ledger.bookId(book)),
    async describe(tx, { book, group, ...limits }) {
      const bookId = await ledger.bookId(book);
      const { rows } = await tx.query<{ side: Side; minimum: bigint | null; maximum: bigint | null }>(
        `select side, minimum_minor as minimum, maximum_minor as maximum
           from ledger.group_limit where book_id = $1 and group_id = $2 and currency = $3`,
        [bookId, await groupId(tx, bookId, group), limits.currency],
      );
      const shown = (minor: bigint | null) => (minor === null ? null : formatAmount(minor, limits.currency));
      const name = `${group.dimension}/${group.code}`;
      return {
        title: { zh: `账户组限额 ${name}`, en: `Limits of the group ${name}` },
        before: Object.fromEntries(
          rows.flatMap(({ side, minimum, maximum }) => [
            ['currency', limits.currency],
            ['side', side],
            ['minimum', shown(minimum)],
            ['maximum', shown(maximum)],
          ]),
        ),
        after: { ...limits },
      };
    },
    async perform(tx, { book, group, ...body }) {
      const { currency, side } = body;
      await groupId(tx, await ledger.bookId(book), group);
      await ledger.setGroupLimits(tx, book, group, { currency, side, ...limitsOf(body, currency, 'group_invalid') });
      return { status: 200, body };
    },
  });

  const changeWindow = approvals.define<WindowChange>({
    name: 'ledger.window:change',
    permission: 'ledger.account:approve',
    schema: windowChange,
    unitOf: async (tx, { book }) => bookUnit(tx, await ledger.bookId(book)),
    async describe(tx, { book, code, maximumCount, maximumAmount, retired }) {
      const window = (await listWindows(tx, await ledger.bookId(book))).find((one) => one.code === code);
      return {
        title: { zh: `累计限额 ${code}`, en: `Velocity window ${code}` },
        before: window === undefined ? {} : { ...windowJson(window) },
        after: retired ? { code, retired } : { code, maximum_count: maximumCount, maximum_amount: maximumAmount },
      };
    },
    async perform(tx, { book, code, maximumCount, maximumAmount, retired }) {
      if (retired) return { status: 200, body: windowJson(await ledger.retireWindow(tx, book, code)) };
      const windows = await listWindows(tx, await ledger.bookId(book));
      const currency = windows.find((one) => one.code === code)?.currency ?? 'CNY';
      const maximum = limitsOf({ minimum: null, maximum: maximumAmount }, currency, 'window_invalid').maximum;
      const changed = await ledger.setWindowMaxima(tx, book, code, { maximumCount, maximumAmount: maximum });
      return { status: 200, body: windowJson(changed) };
    },
  });

  return { changeGroupLimit, changeWindow };
}
