/** Random requests for the oracle soak: mostly sensible, and each way of being wrong often enough to occur. */
import type { SubmittedKind, TransferInput } from '#engines/ledger';
import type { OracleAccount } from './oracle-words.ts';
import type { Random } from './random.ts';

/** How requests are made for a while. */
export interface Mood {
  /** The probability that what was sent before is sent again at some point of a request. */
  readonly repeats: number;
  /** The largest request. */
  readonly largest: number;
}

export const currencies: Readonly<Record<string, number>> = { CNY: 2, JPY: 0, KWD: 3, USD: 2 };
const dayMs = 86_400_000;
const largestMinor = 2n ** 63n - 1n;

/** A list that forgets its oldest items. */
class Recent<Item> {
  readonly items: Item[] = [];
  private readonly size: number;
  constructor(size: number) {
    this.size = size;
  }
  add(item: Item): void {
    this.items.push(item);
    if (this.items.length > this.size) this.items.shift();
  }
}

export class Operations {
  private readonly random: Random;
  private readonly accounts: () => readonly OracleAccount[];
  private readonly vaults: () => readonly OracleAccount[];
  private readonly pendings = new Recent<TransferInput>(60);
  private readonly hugePendings: string[] = [];
  private readonly spoils = new Set<string>();
  private readonly transfers = new Recent<string>(60);
  private readonly requests = new Recent<readonly TransferInput[]>(40);
  private readonly expiries = new Set<number>();
  private readonly unknownAccounts: readonly string[];

  /** Both functions give the accounts that may be used at present; vaults take amounts that fill whole counters. */
  constructor(random: Random, accounts: () => readonly OracleAccount[], vaults: () => readonly OracleAccount[]) {
    this.random = random;
    this.accounts = accounts;
    this.vaults = vaults;
    this.unknownAccounts = [random.uuid(), random.uuid()];
  }

  request(mood: Mood, nowMs: number): TransferInput[] {
    const { random } = this;
    const size = random.integer(1, random.pick([1, 2, 10, 50, mood.largest].filter((most) => most <= mood.largest)));
    const request: TransferInput[] = [];
    while (request.length < size) {
      if (random.chance(mood.repeats) && this.requests.items.length > 0) request.push(...this.repetition());
      else if (random.chance(0.05)) request.push(...this.chain(nowMs, random.chance(mood.repeats * 2)));
      else request.push(this.transfer(nowMs));
    }
    request.splice(mood.largest);
    const last = request.at(-1);
    // Chains that were cut at the end stay open now and then.
    if (last?.linked && !random.chance(0.3)) request[request.length - 1] = { ...last, linked: false };
    this.requests.add(request);
    return request;
  }

  /** A piece of an earlier request again, as it was or with one id given other content. */
  private repetition(): TransferInput[] {
    const { random } = this;
    const earlier = random.pick(this.requests.items);
    const start = random.integer(0, earlier.length - 1);
    const piece = earlier.slice(start, start + random.integer(1, 6));
    if (random.chance(0.7)) return piece;
    const changed = random.integer(0, piece.length - 1);
    return piece.map((input, index) => (index === changed ? this.changed(input) : input));
  }

  private changed(input: TransferInput): TransferInput {
    const how = this.random.weighted({ linked: 1, reference: 1, adjustment: 1, amount: 1, notation: 2 });
    const digits = currencies[input.currency ?? ''] ?? 0;
    if (how === 'linked') return { ...input, linked: input.linked !== true };
    if (how === 'adjustment') return { ...input, adjustment: input.adjustment !== true };
    if (how === 'reference') return { ...input, reference: `${input.reference ?? ''}+` };
    if (how === 'amount' || typeof input.amount !== 'bigint' || input.currency === undefined) {
      return { ...input, amount: 7n };
    }
    // The same amount in another notation is the same content, if it can be told what it is.
    if (this.spoils.has(input.id)) return input;
    return { ...input, amount: decimalText(input.amount, digits) };
  }

  private chain(nowMs: number, twice: boolean): TransferInput[] {
    const { random } = this;
    const chain: TransferInput[] = [];
    const length = random.integer(2, 6);
    while (chain.length < length) chain.push({ ...this.transfer(nowMs), linked: true });
    if (twice) {
      const again = random.integer(1, length - 1);
      chain[again] = chain[random.integer(0, again - 1)] ?? this.transfer(nowMs);
    }
    const last = chain.at(-1);
    if (last !== undefined) chain[length - 1] = { ...last, linked: random.chance(0.05) };
    return chain;
  }

  /** One transfer of any kind; about one in twelve with a wrong field. */
  private transfer(nowMs: number): TransferInput {
    const kinds = { transfer: 50, pending: 18, post: 13, void: 6, reverse: 6, huge: 1.5 };
    const kind = this.random.weighted(kinds);
    if (kind === 'huge') return this.huge();
    const input = this.ofKind(kind, nowMs);
    const adjusts = this.random.chance(input.effectiveDate === undefined ? 0.01 : 0.3);
    const spoil = this.random.chance(0.08);
    const made = adjusts ? { ...input, adjustment: true } : input;
    const result = spoil ? this.spoiled(made, nowMs) : made;
    if (spoil) this.spoils.add(input.id);
    if (result.kind === 'pending') this.pendings.add(result);
    else this.transfers.add(result.id);
    return result;
  }

  private ofKind(kind: SubmittedKind, nowMs: number): TransferInput {
    const { random } = this;
    const id = random.uuid();
    const effectiveDate = this.date(nowMs);
    if (kind === 'transfer' || kind === 'pending') {
      const { debit, credit } = this.pair();
      const { currency } = debit;
      const minor = BigInt(random.integer(1, random.pick([100, 10_000, 200_000])));
      const amount = random.chance(0.5) ? minor : decimalText(minor, currencies[currency] ?? 0);
      const moved = { id, debitAccountId: debit.id, creditAccountId: credit.id, amount, currency, effectiveDate };
      if (kind === 'transfer') return random.chance(0.5) ? moved : { ...moved, kind, type: 'soak' };
      return { ...moved, kind, expiresAt: random.chance(0.5) ? this.expiry(nowMs) : undefined };
    }
    const other = random.chance(0.05) ? random.uuid() : this.known(this.transfers.items);
    if (kind === 'reverse') {
      return { id, kind, reversedId: other, effectiveDate: effectiveDate ?? isoDate(nowMs) };
    }
    const pending = random.chance(0.9) && this.pendings.items.length > 0 ? random.pick(this.pendings.items) : undefined;
    const pendingId = pending?.id ?? other;
    if (kind === 'void') return { id, kind, pendingId, effectiveDate: random.chance(0.3) ? effectiveDate : undefined };
    const post = { id, kind, pendingId, keepRemainder: random.chance(0.5), effectiveDate };
    if (random.chance(0.3)) return post;
    const amount = BigInt(random.integer(1, random.pick([50, 5_000, 200_000])));
    return random.chance(0.5) ? { ...post, amount } : { ...post, amount, currency: pending?.currency ?? 'CNY' };
  }

  /**
   * Amounts near the end of what a counter holds, between accounts without limits; pending ones are soon released. All
   * on the business date, so that no sum over dates gets larger than the counters themselves.
   */
  private huge(): TransferInput {
    const { random } = this;
    const id = random.uuid();
    const pendingId = this.hugePendings.pop();
    if (pendingId !== undefined) return { id, kind: random.chance(0.8) ? 'void' : 'post', pendingId };
    const vaults = this.vaults();
    const [debit, credit] = [random.pick(vaults), random.pick(vaults)];
    const amount = largestMinor / BigInt(random.integer(1, 3));
    const kind = random.chance(0.2) ? 'transfer' : 'pending';
    if (kind === 'pending' && random.chance(0.7)) this.hugePendings.push(id);
    return { id, kind, debitAccountId: debit.id, creditAccountId: credit.id, amount, currency: debit.currency };
  }

  private spoiled(input: TransferInput, nowMs: number): TransferInput {
    const { random } = this;
    const unknown = random.pick(this.unknownAccounts);
    const moves = input.debitAccountId !== undefined;
    const spoils: (() => Partial<TransferInput>)[] = [
      () => ({ effectiveDate: random.pick(['2026-02-30', '2026-13-01', 'yesterday', '2026-2-3', '']) }),
      () => ({ type: 'x'.repeat(random.integer(64, 66)) }),
      () => ({ description: 'x'.repeat(random.integer(499, 502)) }),
      () => ({ reference: 'x'.repeat(random.integer(127, 130)) }),
      () => ({ currency: random.pick(['CNX', 'cny', '', 'JPY', 'XXXX']) }),
      () => ({ pendingId: random.chance(0.5) ? undefined : random.uuid() }),
      () => ({ reversedId: random.uuid() }),
      () => ({ keepRemainder: true }),
      () => ({ effectiveDate: undefined }),
      () => ({ expiresAt: this.expiry(nowMs) }),
    ];
    if (moves) {
      const currency = input.currency ?? '';
      const tooFine = `0.${'0'.repeat(currencies[currency] ?? 0)}1`;
      spoils.push(
        () => ({ debitAccountId: unknown }),
        () => ({ creditAccountId: unknown }),
        () => ({ debitAccountId: unknown, creditAccountId: unknown }),
        () => ({ debitAccountId: undefined }),
        () => ({ creditAccountId: input.debitAccountId }),
        () => ({ amount: random.pick([0n, -1n, largestMinor + 1n, -largestMinor, -largestMinor - 1n]) }),
        () => ({ amount: random.pick(['0', '-0', '-5', tooFine, `-${tooFine}`, '92233720368547758.08']) }),
        () => ({ amount: random.pick(['abc', '1e3', '', '1,000', '1.', '.5', '--1', ' 1', '+1']) }),
        () => ({ amount: undefined }),
        () => ({ expiresAt: random.pick(['tomorrow', '2026-13-01T00:00:00Z', new Date(nowMs - 1).toISOString()]) }),
        () => ({ expiresAt: new Date(nowMs).toISOString() }),
      );
    }
    return { ...input, ...random.pick(spoils)() };
  }

  /** Two accounts, nearly always of one currency; the first ones of the list are hot. */
  private pair(): { debit: OracleAccount; credit: OracleAccount } {
    const { random } = this;
    const accounts = this.accounts();
    const hot = (from: readonly OracleAccount[]) => {
      const chosen = from[Math.floor(random.fraction() ** 2 * from.length)];
      return chosen ?? random.pick(from);
    };
    const debit = hot(accounts);
    if (random.chance(0.02)) return { debit, credit: hot(accounts) };
    return {
      debit,
      credit: hot(accounts.filter(({ id, currency }) => id !== debit.id && currency === debit.currency)),
    };
  }

  private date(nowMs: number): string | undefined {
    const { random } = this;
    const when = random.weighted({ today: 60, recent: 20, old: 4, future: 12, edge: 0.2 });
    if (when === 'today') return random.chance(0.9) ? undefined : isoDate(nowMs);
    if (when === 'recent') return isoDate(nowMs - random.integer(1, 20) * dayMs);
    if (when === 'old') return isoDate(nowMs - random.integer(21, 500) * dayMs);
    if (when === 'future') return isoDate(nowMs + random.integer(1, 10) * dayMs);
    return random.pick(['0001-01-01', '9999-12-31', '2024-02-29', '1970-01-01']);
  }

  /** Different from all others, so that the order of expiry is determined. */
  private expiry(nowMs: number): string {
    let ms = nowMs + this.random.integer(1, this.random.pick([60_000, 3_600_000, 3 * dayMs]));
    while (this.expiries.has(ms)) ms++;
    this.expiries.add(ms);
    return new Date(ms).toISOString();
  }

  private known(ids: readonly string[]): string {
    return ids.length > 0 ? this.random.pick(ids) : this.random.uuid();
  }
}

export function isoDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function decimalText(minor: bigint, digits: number): string {
  if (digits === 0) return minor.toString();
  const text = minor.toString().padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
