/** What a random history must obey besides limits of accounts: groups, velocity windows and closed periods. */
import fc from 'fast-check';
import type { GroupInput, GroupKey, GroupLimits, Ledger, WindowInput } from '#engines/ledger';
import type { Database } from '#kernel/database';
import { accounts } from './ledger-history.ts';

/** A tree of two levels with totals per date, and a group by itself without. */
export const groups: readonly GroupInput[] = [
  { dimension: 'branch', code: 'bank' },
  { dimension: 'branch', code: 'north', parentCode: 'bank' },
  { dimension: 'branch', code: 'south', parentCode: 'bank' },
  { dimension: 'customer', code: 'family', daily: false },
];
export const groupKey = (group: number): GroupKey => {
  const { dimension = '', code = '' } = groups[group] ?? {};
  return { dimension, code };
};
export const accountId = (account: number): string => accounts[account]?.id ?? '';

type WindowDraft = Omit<WindowInput, 'code' | 'target' | 'currency'> & { readonly of: number };

export interface Regime {
  /** Account and group by their numbers. */
  readonly members: readonly (readonly [number, number])[];
  readonly limits: readonly (Pick<GroupLimits, 'side' | 'minimum' | 'maximum'> & { readonly group: number })[];
  /** `of`: a group by its number, or an account from 10 on. */
  readonly windows: readonly WindowDraft[];
  /** How much of what begins with 2026-02-25 is closed and sealed, in days; null for none. */
  readonly closed: number | null;
  readonly sealed: boolean;
}

const limit = fc.option(fc.bigInt(-150n, 400n), { freq: 2 });
const draftOfWindow: fc.Arbitrary<WindowDraft> = fc.record({
  of: fc.constantFrom(0, 1, 3, 10, 11, 12, 13),
  per: fc.constantFrom('account', 'group'),
  direction: fc.constantFrom('out', 'in'),
  period: fc.constantFrom('hour', 'day', 'month'),
  maximumCount: fc.option(fc.integer({ min: 0, max: 8 })),
  maximumAmount: fc.bigInt(0n, 250n),
});

export const closings = fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 });

export const regimes: fc.Arbitrary<Regime> = fc.noBias(
  fc.record({
    members: fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { minLength: 3, maxLength: 10, size: 'max' }),
    limits: fc.array(
      fc.record({ group: fc.nat(3), side: fc.constantFrom('debit', 'credit'), minimum: limit, maximum: limit }),
      { maxLength: 2, size: 'max' },
    ),
    windows: fc.array(draftOfWindow, { maxLength: 3, size: 'max' }),
    closed: closings,
    sealed: fc.boolean(),
  }),
);

/** 2026-02-25 and so on; funding counts from the 26th. */
export function closingOf({ closed, sealed }: Pick<Regime, 'closed' | 'sealed'>) {
  const closedThrough = closed === null ? null : `2026-02-${25 + closed}`;
  return { closedThrough, sealedThrough: sealed && closed !== null ? '2026-02-25' : null };
}

export function windowOf(draft: WindowDraft, index: number): WindowInput {
  const { of, per, ...window } = draft;
  const ofAccount = of >= 10;
  const target = ofAccount ? { accountId: accountId(of - 10) } : groupKey(of);
  return { ...window, per: ofAccount ? 'account' : per, code: `w${index}`, target, currency: 'CNY' };
}

/** Puts a book with the accounts of a history under a regime. */
export async function establish(db: Database, ledger: Ledger, code: string, regime: Regime): Promise<void> {
  await db.transaction((tx) => ledger.createGroups(tx, code, groups));
  for (const [account, group] of regime.members) await ledger.joinGroup(code, groupKey(group), [accountId(account)]);
  await db.transaction(async (tx) => {
    for (const { group, side, minimum, maximum } of regime.limits) {
      const ordered = minimum !== null && maximum !== null && minimum > maximum;
      const limits = ordered ? { minimum: maximum, maximum: minimum } : { minimum, maximum };
      await ledger.setGroupLimits(tx, code, groupKey(group), { currency: 'CNY', side, ...limits });
    }
    for (const [index, draft] of regime.windows.entries()) await ledger.createWindow(tx, code, windowOf(draft, index));
    await ledger.setClosing(tx, code, closingOf(regime));
  });
}
