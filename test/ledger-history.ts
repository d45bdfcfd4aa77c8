/** Random histories of a book for property tests: accounts with tight limits, transfers of every kind, chains. */
import fc from 'fast-check';
import type { AccountInput, Counters, Transfer, TransferInput } from '#engines/ledger';
import { Temporal } from '#kernel/dates';
import { deterministicId } from '#kernel/ids';
import { counterNames, zeroCounters } from '../src/engines/ledger/model.ts';

/** Limits that are met often, both sides, two currencies; the same ids in every book. */
export const accounts: readonly AccountInput[] = [
  { code: '1001', side: 'debit', currency: 'CNY' },
  { code: '2011', side: 'credit', currency: 'CNY', limits: { minimum: 0n } },
  { code: '2011', side: 'credit', currency: 'CNY', limits: { minimum: -100n, maximum: 400n } },
  { code: '1002', side: 'debit', currency: 'CNY', limits: { minimum: 0n, maximum: 300n } },
  { code: '1001', side: 'debit', currency: 'JPY' },
  { code: '2011', side: 'credit', currency: 'JPY', limits: { minimum: 0n } },
].map((account, index) => ({ id: deterministicId('account', `${index}`), ...account }) as AccountInput);
const currencyOf = (index: number) => accounts[index]?.currency ?? '';
const idOf = (index: number) => accounts[index]?.id ?? '';

/** One transfer still without ids: `reference` counts back through the fitting ones before it, `other` on to the next account. */
export interface Draft {
  readonly kind: NonNullable<TransferInput['kind']>;
  readonly yen: boolean;
  readonly debit: number;
  readonly other: number;
  readonly amount: bigint;
  readonly reference: number;
  readonly whole: boolean;
  readonly keepRemainder: boolean;
  readonly day: number | null;
  readonly adjustment: boolean;
  readonly expires_h: number | null;
}

const seldom = fc.integer({ min: 0, max: 15 }).map((number) => number === 0);
const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom(
    'transfer',
    'transfer',
    'pending',
    'pending',
    'pending',
    'post',
    'post',
    'post',
    'void',
    'reverse',
  ),
  yen: seldom,
  debit: fc.nat(3),
  other: fc.constantFrom(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4),
  amount: fc.oneof({ weight: 20, arbitrary: fc.bigInt(1n, 60n) }, { weight: 1, arbitrary: fc.constant(0n) }),
  reference: fc.nat(3),
  whole: fc.boolean(),
  keepRemainder: fc.boolean(),
  day: fc.option(fc.integer({ min: 25, max: 32 }), { freq: 2 }),
  adjustment: fc.nat(3).map((number) => number === 0),
  expires_h: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 2 }),
});

/** Single transfers and chains of up to three. */
export const units: fc.Arbitrary<Draft[][]> = fc.noBias(
  fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.array(draft, { minLength: 1, maxLength: 1 }) },
      { weight: 2, arbitrary: fc.array(draft, { minLength: 2, maxLength: 3 }) },
    ),
    { minLength: 1, maxLength: 40, size: 'max' },
  ),
);

/** So that there is something to move: debit, credit, amount. */
const funding: TransferInput[] = (
  [
    [0, 1, 100n],
    [0, 2, 250n],
    [3, 0, 80n],
    [4, 5, 100n],
  ] as const
).map(([debit, credit, amount], index) => ({
  id: deterministicId('funding', `${index}`),
  debitAccountId: idOf(debit),
  creditAccountId: idOf(credit),
  amount,
  currency: currencyOf(debit),
  effectiveDate: '2026-02-26',
  adjustment: true,
}));

/** Gives ids, in order. What refers to something of which there is none yet becomes a pending transfer itself. */
export function submit(drafts: readonly Draft[][], startAt: Temporal.Instant): TransferInput[][] {
  const sent: TransferInput[] = [];
  const inputOf = (one: Draft, linked: boolean): TransferInput => {
    const { yen, debit, other, amount, whole, keepRemainder, reference } = one;
    const fitting = sent.filter(({ kind }) => kind === 'pending' || (one.kind === 'reverse' && kind !== 'void'));
    const referred = fitting.at(-1 - (reference % Math.max(1, fitting.length)))?.id;
    const kind = one.kind !== 'transfer' && referred === undefined ? 'pending' : one.kind;
    const id = deterministicId('transfer', `${sent.length}`);
    const effectiveDate = one.day === null ? undefined : dayText(one.day);
    const input = { id, kind, linked, effectiveDate, adjustment: one.adjustment };
    if (kind === 'reverse') return { ...input, reversedId: referred, effectiveDate: effectiveDate ?? dayText(30) };
    if (kind === 'void') return { ...input, pendingId: referred };
    if (kind === 'post') {
      return { ...input, pendingId: referred, keepRemainder, amount: whole || amount === 0n ? undefined : amount };
    }
    const debitIndex = yen ? 4 + (debit % 2) : debit;
    const creditIndex = yen ? 4 + ((debit + other) % 2) : (debit + other) % 4;
    const expires_h = kind === 'pending' ? one.expires_h : null;
    return {
      ...input,
      debitAccountId: idOf(debitIndex),
      creditAccountId: idOf(creditIndex),
      amount,
      currency: currencyOf(debitIndex),
      expiresAt: expires_h === null ? undefined : startAt.add({ hours: expires_h }).toString(),
    };
  };
  const requests = drafts.map((unit) =>
    unit.map((one, index) => {
      sent.push(inputOf(one, index < unit.length - 1));
      return sent.at(-1) as TransferInput;
    }),
  );
  return [funding, ...requests];
}

/** Days 25 to 32 are 2026-02-25 to 2026-03-04, around the business date of the start. */
function dayText(day: number): string {
  return Temporal.PlainDate.from('2026-01-31').add({ days: day }).toString();
}

/** What a journal row changed of one account. */
export interface Entry extends Counters {
  readonly accountId: string;
  readonly transfer: Transfer;
}

/** The entries of the journal, from what its rows and the submissions say, and not from any stored total. */
export function entriesOf(journal: readonly Transfer[], inputs: ReadonlyMap<string, TransferInput>): Entry[] {
  const remaining = new Map<string, bigint>();
  return journal.flatMap((row) => {
    const { kind, amount, relatedId } = row;
    let pending = 0n;
    if (kind === 'pending') {
      pending = amount;
      remaining.set(row.id, amount);
    } else if (relatedId !== null && kind !== 'reverse') {
      const held = remaining.get(relatedId) ?? 0n;
      pending = kind === 'post' && inputs.get(row.id)?.keepRemainder === true ? -amount : -held;
      remaining.set(relatedId, held + pending);
    }
    const posted = kind === 'transfer' || kind === 'post' || kind === 'reverse' ? amount : 0n;
    const entry = (accountId: string, counters: Partial<Counters>) => ({
      ...zeroCounters(),
      ...counters,
      accountId,
      transfer: row,
    });
    return [
      entry(row.debitAccountId, { debitsPending: pending, debitsPosted: posted }),
      entry(row.creditAccountId, { creditsPending: pending, creditsPosted: posted }),
    ];
  });
}

/** Counter by counter. */
export function sumOf(entries: readonly Counters[]): Counters {
  const total = zeroCounters();
  for (const entry of entries) for (const name of counterNames) total[name] += entry[name];
  return total;
}
