/** Load over HTTP from several clients at once, with a record of everything that was sent and answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAmount } from '#kernel/money';
import { postTransfers, type Result, type SentTransfer, type Target } from './api.ts';
import type { Random } from './random.ts';

/** One request, and its answer when there was one. */
export interface Sent {
  readonly transfers: readonly SentTransfer[];
  results: readonly Result[] | null;
}

export interface LoadAccount {
  readonly id: string;
  readonly currency: string;
  readonly code: string;
  readonly side: 'debit' | 'credit';
  readonly limits: { readonly minimum: string | null };
}

/** Two cash accounts without limits, and customers who cannot go below zero; of two currencies. */
export function loadAccounts(random: Random, customers: number): LoadAccount[] {
  return ['CNY', 'JPY'].flatMap((currency) => [
    { id: random.uuid(), currency, code: '1001', side: 'debit' as const, limits: { minimum: null } },
    ...Array.from({ length: customers }, () => ({
      id: random.uuid(),
      currency,
      code: '2011',
      side: 'credit' as const,
      limits: { minimum: formatAmount(0n, currency) },
    })),
  ]);
}

export interface Load {
  /** All requests so far, in no particular order. */
  readonly sent: readonly Sent[];
  /** Sends nothing more; resolves when the last answer has come or cannot come any more. */
  stop(): Promise<void>;
}

/** Starts `clients` loops, each sending its next request when the one before is answered. */
export function startLoad(target: Target, accounts: readonly LoadAccount[], clients: number, random: Random): Load {
  const sent: Sent[] = [];
  let stopped = false;
  const loops = Array.from({ length: clients }, async () => {
    const requests = new Requests(accounts, random);
    while (!stopped) {
      const request: Sent = { transfers: requests.next(), results: null };
      sent.push(request);
      request.results = await postTransfers(target, request.transfers);
      if (request.results === null) await sleep(20);
      else requests.learn(request.transfers, request.results);
    }
  });
  return {
    sent,
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}

const longestBatch = 60;

/** The requests of one client: singles, batches, chains, pending transfers and what becomes of them. */
export class Requests {
  private readonly accounts: readonly LoadAccount[];
  private readonly random: Random;
  private readonly hotShare: number;
  private readonly pendings: string[] = [];
  private readonly currencies = new Map<string, string>();

  /** `hotShare`: how much of all movements is about the first customer, whose account so is nearly always empty. */
  constructor(accounts: readonly LoadAccount[], random: Random, hotShare = 0) {
    this.accounts = accounts;
    this.random = random;
    this.hotShare = hotShare;
  }

  next(): SentTransfer[] {
    const { random } = this;
    const size = random.chance(0.5) ? 1 : random.integer(2, longestBatch);
    const transfers: SentTransfer[] = [];
    while (transfers.length < size) {
      if (size > 1 && random.chance(0.2)) transfers.push(...this.chain());
      else transfers.push(this.transfer());
    }
    return transfers;
  }

  /** Remembers pending transfers that were accepted, so that they are posted or voided later. */
  learn(transfers: readonly SentTransfer[], results: readonly Result[]): void {
    for (const [index, { id, kind }] of transfers.entries()) {
      if (kind === 'pending' && results[index]?.code === 'accepted') this.pendings.push(id);
    }
  }

  private transfer(): SentTransfer {
    const { random } = this;
    const pending = this.pendings[0];
    if (pending === undefined || !random.chance(0.3))
      return this.movement(random.chance(0.25) ? 'pending' : 'transfer');
    const id = random.uuid();
    if (random.chance(0.3)) {
      // What is kept pending is posted or voided later.
      return {
        id,
        kind: 'post',
        pending_id: pending,
        amount: '1',
        currency: this.currencyOf(pending),
        keep_remainder: true,
      };
    }
    this.pendings.shift();
    return { id, kind: random.chance(0.5) ? 'post' : 'void', pending_id: pending };
  }

  private chain(): SentTransfer[] {
    const legs = Array.from({ length: this.random.integer(2, 8) }, () => this.movement('transfer'));
    return legs.map((leg, index) => (index < legs.length - 1 ? { ...leg, linked: true } : leg));
  }

  private currencyOf(pendingId: string): string {
    return this.currencies.get(pendingId) ?? 'CNY';
  }

  private movement(kind: 'transfer' | 'pending'): SentTransfer {
    const { random } = this;
    const id = random.uuid();
    const { debit, credit } = this.pair();
    const { currency } = debit;
    if (kind === 'pending') this.currencies.set(id, currency);
    const amount = `${random.integer(2, 1_000)}`;
    return { id, kind, debit_account_id: debit.id, credit_account_id: credit.id, amount, currency };
  }

  /** Every other movement brings money in, so that the later ones are mostly accepted. */
  private pair(): { debit: LoadAccount; credit: LoadAccount } {
    const { accounts, random } = this;
    const [cash, hot, ...others] = accounts;
    if (cash !== undefined && hot !== undefined && random.chance(this.hotShare)) {
      if (random.chance(0.4)) return { debit: cash, credit: hot };
      return { debit: hot, credit: random.pick(others.filter(({ currency }) => currency === hot.currency)) };
    }
    const credit = random.pick(accounts);
    const rest = accounts.filter(({ id, currency }) => currency === credit.currency && id !== credit.id);
    const till = rest.find(({ side }) => side === 'debit');
    return { debit: till !== undefined && random.chance(0.5) ? till : random.pick(rest), credit };
  }
}
