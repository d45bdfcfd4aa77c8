/** Customers of one entity in many books, and what several clients at once ask of them, with all answers kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAmount } from '#kernel/money';
import { call, type Target } from './api.ts';
import type { Differences } from './differences.ts';
import type { Random } from './random.ts';

export const entity = 'bank';

export interface EntityAccount {
  readonly id: string;
  readonly book: string;
  readonly currency: string;
  /** Null for the till of a book, which has no limit. */
  readonly customer: string | null;
}

export interface EntitySent {
  readonly id: string;
  readonly debit_account_id: string;
  readonly credit_account_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly linked?: boolean;
}

export interface EntityResult {
  readonly id: string;
  readonly status: 'accepted' | 'refused' | 'in_transit';
  readonly code: string;
  readonly side: string | null;
  readonly debit_book: string | null;
  readonly credit_book: string | null;
  readonly decided_at: string | null;
  readonly repeated: boolean;
}

/** One request; null: no answer says what became of it. */
export interface EntityRequest {
  readonly transfers: readonly EntitySent[];
  results: readonly EntityResult[] | null;
}

/** Calls until there is an answer, each time on a server that `target` gives. */
export async function untilAnswered(target: () => Target, path: string, body?: object, method?: string) {
  for (let attempt = 1; attempt <= 300; attempt++) {
    const answer = await call(target(), path, body, method);
    if (answer !== null && answer.status < 500) return answer;
    await sleep(100);
  }
  throw new Error(`no answer to ${path}`);
}

/** As {@link untilAnswered}, for what must be done. */
export async function done(target: () => Target, path: string, body?: object, method?: string): Promise<unknown> {
  const answer = await untilAnswered(target, path, body, method);
  if (answer.status >= 400) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Sends transfers. Null when no answer says what became of them. */
export async function sendTransfers(target: Target, transfers: readonly EntitySent[]): Promise<EntityResult[] | null> {
  const answer = await call(target, `/api/v1/entities/${entity}/transfers`, { transfers });
  if (answer === null || answer.status >= 500) return null;
  const { results } = answer.body as { results?: EntityResult[] };
  if (results === undefined) throw new Error(`unexpected answer: ${answer.status} ${JSON.stringify(answer.body)}`);
  return results;
}

/** Opens an account of a customer, in whatever book. */
export async function openCustomer(
  target: () => Target,
  random: Random,
  customer: string,
  currency: string,
): Promise<EntityAccount> {
  const id = random.uuid();
  const minimum = formatAmount(0n, currency);
  const opened = (await done(target, `/api/v1/entities/${entity}/accounts`, {
    customer,
    accounts: [{ id, currency, code: '2011', side: 'credit', limits: { minimum } }],
  })) as { book: string };
  return { id, book: opened.book, currency, customer };
}

/** Adds a book to the entity, with a till for each currency. */
export async function openBook(
  target: () => Target,
  random: Random,
  book: string,
  currencies: readonly string[],
): Promise<EntityAccount[]> {
  await done(target, `/api/v1/entities/${entity}/books`, { code: book });
  const tills = currencies.map((currency) => ({ id: random.uuid(), book, currency, customer: null }));
  const accounts = tills.map(({ id, currency }) => ({ id, currency, code: '1001', side: 'debit' }));
  await done(target, '/api/v1/ledger/accounts', { book, accounts });
  return tills;
}

const longestBatch = 40;

/** The next request of a client: money paid in, money moved between customers of all books, some of it more than there is. */
export function nextTransfers(accounts: readonly EntityAccount[], random: Random): EntitySent[] {
  const size = random.chance(0.5) ? random.integer(1, 3) : random.integer(4, longestBatch);
  return Array.from({ length: size }, (_, index) => {
    const [debit, credit] = pair(accounts, random);
    const { currency } = debit;
    return {
      id: random.uuid(),
      debit_account_id: debit.id,
      credit_account_id: credit.id,
      amount: `${random.integer(1, 300)}`,
      currency,
      // A chain across books is refused, one within a book decided as a whole.
      ...(index < size - 1 && random.chance(0.02) ? { linked: true } : {}),
    };
  });
}

function pair(accounts: readonly EntityAccount[], random: Random): [EntityAccount, EntityAccount] {
  const credit = random.pick(accounts.filter(({ customer }) => customer !== null));
  const others = accounts.filter(({ id, currency }) => currency === credit.currency && id !== credit.id);
  const tills = others.filter(({ customer, book }) => customer === null && book === credit.book);
  if (random.chance(0.2)) return [random.pick(tills), credit];
  return [random.pick(others.filter(({ customer }) => customer !== null)), credit];
}

/** What every account must hold: all accepted transfers, each once; in minor units of the normal side. */
export function expectedBalances(
  accounts: readonly EntityAccount[],
  requests: readonly EntityRequest[],
  minor: (amount: string, currency: string) => bigint,
): Map<string, bigint> {
  const sides = new Map(accounts.map(({ id, customer }) => [id, customer === null ? 1n : -1n]));
  const balances = new Map(accounts.map(({ id }) => [id, 0n]));
  const counted = new Set<string>();
  for (const { transfers, results } of requests) {
    for (const [index, transfer] of transfers.entries()) {
      if (results?.[index]?.status !== 'accepted' || counted.has(transfer.id)) continue;
      counted.add(transfer.id);
      const amount = minor(transfer.amount, transfer.currency);
      for (const [id, sign] of [
        [transfer.debit_account_id, 1n],
        [transfer.credit_account_id, -1n],
      ] as const) {
        balances.set(id, (balances.get(id) ?? 0n) + sign * amount * (sides.get(id) ?? 0n));
      }
    }
  }
  return balances;
}

/** An answer that was final stays what it was. */
export function checkAgain(first: EntityRequest, again: readonly EntityResult[], found: Differences): void {
  for (const [index, before] of (first.results ?? []).entries()) {
    // What was never tried is not kept, and so not repeated.
    if (before.decided_at === null) continue;
    found.equal({ ...again[index], repeated: true }, { ...before, repeated: true }, 'an answer is kept');
    if (again[index]?.repeated !== true) found.add('an answer is lost', { before, again: again[index] });
  }
}
