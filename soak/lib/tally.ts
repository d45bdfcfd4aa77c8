/** What the accounts must hold, added up from what was sent and how it was answered. */
import { formatAmount, parseAmountMinor } from '#kernel/money';
import type { AccountReply, SentTransfer } from './api.ts';
import type { LoadAccount, Sent } from './load.ts';

export interface Tallied {
  readonly debits_pending: bigint;
  readonly credits_pending: bigint;
  readonly debits_posted: bigint;
  readonly credits_posted: bigint;
}

/** One account while it is added up. */
interface Running {
  readonly side: 'debit' | 'credit';
  readonly counters: { -readonly [Name in keyof Tallied]: bigint };
  /** The lowest available so far. */
  lowest: bigint;
}

interface Held {
  readonly debit: Running;
  readonly credit: Running;
  remaining: bigint;
}

/**
 * Counters and lowest available by account id, in minor units, from all accepted transfers in the order of their
 * sequence.
 */
export function tally(accounts: readonly LoadAccount[], sent: readonly Sent[]): Map<string, Running> {
  const running = new Map(accounts.map((account) => [account.id, newRunning(account)]));
  const held = new Map<string, Held>();
  for (const { transfer } of acceptedOf(sent)) {
    const stated = transfer.amount === undefined ? undefined : minor(transfer.amount, transfer.currency ?? '');
    const pending = held.get(transfer.pending_id ?? '');
    if (pending !== undefined) {
      const posted = transfer.kind === 'void' ? 0n : (stated ?? pending.remaining);
      const released = transfer.keep_remainder ? posted : pending.remaining;
      pending.remaining -= released;
      add(pending.debit, pending.credit, -released, posted);
      continue;
    }
    const debit = running.get(transfer.debit_account_id ?? '');
    const credit = running.get(transfer.credit_account_id ?? '');
    if (debit === undefined || credit === undefined) throw new Error(`accepted without accounts: ${transfer.id}`);
    const amount = stated ?? 0n;
    if (transfer.kind === 'pending') held.set(transfer.id, { debit, credit, remaining: amount });
    if (transfer.kind === 'pending') add(debit, credit, amount, 0n);
    else add(debit, credit, 0n, amount);
  }
  return running;
}

/** All accepted transfers in the order of their sequence, each once however often it was sent. */
export function acceptedOf(sent: readonly Sent[]): { transfer: SentTransfer; sequence: bigint }[] {
  const accepted = new Map<string, { transfer: SentTransfer; sequence: bigint }>();
  for (const { transfers, results } of sent) {
    for (const [index, transfer] of transfers.entries()) {
      const sequence = results?.[index]?.sequence ?? null;
      if (sequence !== null) accepted.set(transfer.id, { transfer, sequence: BigInt(sequence) });
    }
  }
  return [...accepted.values()].sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}

function newRunning({ side }: LoadAccount): Running {
  const counters = { debits_pending: 0n, credits_pending: 0n, debits_posted: 0n, credits_posted: 0n };
  return { side, counters, lowest: 0n };
}

/** The accounts whose counters are not those of {@link tally}. */
export function misfits(
  accounts: readonly AccountReply[],
  running: ReadonlyMap<string, Running>,
): { got: AccountReply; want: object }[] {
  return accounts.flatMap((got) => {
    const own = Object.entries(running.get(got.id)?.counters ?? {}) as [keyof Tallied, bigint][];
    const want = Object.fromEntries(own.map(([name, amount]) => [name, formatAmount(amount, got.currency)]));
    const fits = own.length > 0 && own.every(([name]) => want[name] === got[name]);
    return fits ? [] : [{ got, want }];
  });
}

/** Posted debits less posted credits of all accounts, by currency: zero in sound books. */
export function netByCurrency(accounts: readonly AccountReply[]): Record<string, bigint> {
  const nets: Record<string, bigint> = {};
  for (const { currency, debits_posted, credits_posted } of accounts) {
    nets[currency] = (nets[currency] ?? 0n) + minor(debits_posted, currency) - minor(credits_posted, currency);
  }
  return nets;
}

function add(debit: Running, credit: Running, pending: bigint, posted: bigint): void {
  debit.counters.debits_pending += pending;
  debit.counters.debits_posted += posted;
  credit.counters.credits_pending += pending;
  credit.counters.credits_posted += posted;
  for (const account of [debit, credit]) account.lowest = least(account.lowest, available(account));
}

function available({ side, counters }: Running): bigint {
  const net = counters.credits_posted - counters.debits_posted;
  return side === 'credit' ? net - counters.debits_pending : -net - counters.credits_pending;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function minor(amount: string, currency: string): bigint {
  const parsed = parseAmountMinor(amount, currency);
  if (!parsed.ok) throw new Error(`${amount} ${currency}: ${parsed.code}`);
  return parsed.amountMinor;
}
