/**
 * The oracle: the ledger's rules once more, in memory, as simply as they can be said. Written from the words of the
 * ledger and not from its code; `oracle.ts` compares the two.
 */
import type { AccountState, Limits, OutcomeCode, Side, TransferInput } from '#engines/ledger';

/** Debits pending, credits pending, debits posted, credits posted; minor units. */
export type Counters = [bigint, bigint, bigint, bigint];

/** What an accepted transfer changed of one account. */
export interface Entry {
  readonly sequence: bigint;
  readonly id: string;
  readonly effectiveDate: string;
  readonly recordedMs: number;
  readonly side: Side;
  readonly pending: bigint;
  readonly posted: bigint;
}

export interface OracleAccount {
  readonly id: string;
  readonly currency: string;
  readonly code: string;
  readonly side: Side;
  limits: Limits;
  state: AccountState;
  readonly counters: Counters;
  readonly entries: Entry[];
}

interface Movement {
  readonly id: string;
  readonly kind: string;
  readonly debit: OracleAccount;
  readonly credit: OracleAccount;
  readonly amount: bigint;
  readonly effectiveDate: string;
  readonly expiresMs: number;
}

/** An accepted transfer; of a pending one also what is left of it. */
interface Accepted extends Movement {
  remaining: bigint;
  ended: OutcomeCode | null;
  reversed: boolean;
}

interface Answer {
  readonly content: string;
  readonly code: OutcomeCode;
  readonly sequence: bigint | null;
  readonly recordedMs: number;
}

export interface OracleOutcome extends Omit<Answer, 'content'> {
  readonly repeated: boolean;
}

const largest = 2n ** 63n - 1n;
const exponents: Record<string, number> = { CNY: 2, JPY: 0, KWD: 3, USD: 2 };
const dayMs = 86_400_000;

/** The date in Shanghai: eight hours ahead of UTC, without summer time in the years of a soak. */
export const businessDate = (nowMs: number): string => new Date(nowMs + dayMs / 3).toISOString().slice(0, 10);

function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

const isInstant = (text: string) => isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text));

/** Minor units of an amount as submitted, or the code that refuses it. */
function amountOf(input: TransferInput): bigint | OutcomeCode {
  let minor = input.amount ?? 0n;
  if (typeof minor === 'string') {
    const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(minor);
    if (parts === null) return 'amount_malformed';
    const [, sign, whole = '', fraction = ''] = parts;
    const decimals = exponents[input.currency ?? ''] ?? 0;
    if (fraction.length > decimals) return 'amount_too_many_decimals';
    minor = BigInt(`${sign}${whole}${fraction.padEnd(decimals, '0')}`);
  }
  if (minor > largest || minor < -largest) return 'amount_too_large';
  if (minor === 0n) return 'amount_zero';
  return minor < 0n ? 'amount_negative' : minor;
}

const allowed: Record<string, readonly string[]> = {
  transfer: ['debitAccountId!', 'creditAccountId!', 'amount!', 'currency!'],
  pending: ['debitAccountId!', 'creditAccountId!', 'amount!', 'currency!', 'expiresAt'],
  post: ['pendingId!', 'amount', 'currency', 'keepRemainder'],
  void: ['pendingId!'],
  reverse: ['reversedId!', 'effectiveDate!'],
};
const always = ['id', 'kind', 'effectiveDate', 'linked', 'type', 'description', 'reference'];

function fieldsFit(input: TransferInput): boolean {
  const fields = allowed[input.kind ?? 'transfer'] ?? [];
  const names = new Set([...always, ...fields.map((field) => field.replace('!', ''))]);
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== false);
  const complete = fields.every((field) => !field.endsWith('!') || given.some(([name]) => `${name}!` === field));
  const lengths = [input.type, input.description, input.reference].map((text) => text?.length ?? 0);
  const short = [64, 500, 128].every((most, index) => (lengths[index] ?? 0) <= most);
  return complete && short && given.every(([name]) => names.has(name));
}

/** What makes two submissions of an id the same. */
function contentOf(input: TransferInput): string {
  const amount = input.amount === undefined ? undefined : amountOf(input);
  const shown = typeof amount === 'bigint' ? amount.toString() : input.amount?.toString();
  const content = { ...input, kind: input.kind ?? 'transfer', amount: shown };
  const given = Object.entries(content).filter(([, value]) => value !== undefined && value !== false);
  return JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export class Oracle {
  readonly accounts = new Map<string, OracleAccount>();
  readonly accepted = new Map<string, Accepted>();
  private readonly held = new Map<string, Accepted>();
  private readonly answers = new Map<string, Answer>();
  private sequence = 0n;
  /** How to take back what the present chain has done, last first. */
  private undo: (() => void)[] = [];

  open(account: Omit<OracleAccount, 'counters' | 'entries' | 'state'>): void {
    this.accounts.set(account.id, { ...account, state: 'open', counters: [0n, 0n, 0n, 0n], entries: [] });
  }

  /** Decides one request: chains and single transfers, in order. */
  post(request: readonly TransferInput[], nowMs: number): OracleOutcome[] {
    const outcomes: OracleOutcome[] = [];
    while (outcomes.length < request.length) {
      const rest = request.slice(outcomes.length);
      const last = rest.findIndex((input) => input.linked !== true);
      outcomes.push(...this.chain(last === -1 ? rest : rest.slice(0, last + 1), last === -1, nowMs));
    }
    return outcomes;
  }

  /** One chain: all of it or nothing. A transfer on its own is a chain of one. */
  private chain(members: readonly TransferInput[], open: boolean, nowMs: number): OracleOutcome[] {
    const codes = members.map((): OutcomeCode => 'chain_failed');
    const reused = members.map(
      (member, index) =>
        (this.answers.get(member.id)?.content ?? contentOf(member)) !== contentOf(member) ||
        members.slice(0, index).some(({ id }) => id === member.id),
    );
    const known = members.map((member, index) => (reused[index] ? undefined : this.answers.get(member.id)));
    const before = this.sequence;
    if (open) codes[members.length - 1] = 'chain_open';
    else if (!reused.includes(true) && known.every((answer) => answer === undefined)) {
      this.undo = [];
      const failed = members.findIndex((member, index) => {
        codes[index] = this.judge(member, nowMs);
        return codes[index] !== 'accepted';
      });
      if (failed !== -1) {
        for (const step of this.undo.reverse()) step();
        codes.fill('chain_failed', 0, failed);
        this.sequence = before;
      }
    }
    return members.map((member, index) => {
      const answer = known[index];
      if (answer !== undefined) return { ...answer, repeated: true };
      if (reused[index]) return { code: 'id_reused', sequence: null, recordedMs: nowMs, repeated: false };
      const code = codes[index] ?? 'chain_failed';
      const sequence = code === 'accepted' ? before + BigInt(index) + 1n : null;
      const first = { content: contentOf(member), code, sequence, recordedMs: nowMs };
      this.answers.set(member.id, first);
      return { ...first, repeated: false };
    });
  }

  /** Expires what is due, longest due first, as the ledger's sweep does: at most `most` at once. */
  expireDue(nowMs: number, most: number, idOf: (pendingId: string) => string): number {
    const due = [...this.held.values()].filter(({ expiresMs }) => expiresMs <= nowMs);
    due.sort((a, b) => a.expiresMs - b.expiresMs).splice(most);
    for (const pending of due) {
      const date = later(businessDate(nowMs), pending.effectiveDate);
      this.release(pending, idOf(pending.id), 'expire', 0n, pending.remaining, date, nowMs, 'pending_expired');
    }
    return due.length;
  }

  /** Decides one transfer whose id is new; changes the books when the answer is `accepted`. */
  private judge(input: TransferInput, nowMs: number): OutcomeCode {
    const kind = input.kind ?? 'transfer';
    if (!fieldsFit(input)) return 'fields_invalid';
    if (input.currency !== undefined && !(input.currency in exponents)) return 'currency_unknown';
    const stated = input.amount === undefined ? null : amountOf(input);
    if (typeof stated === 'string') return stated;
    if (input.effectiveDate !== undefined && !isDate(input.effectiveDate)) return 'date_invalid';
    if (input.expiresAt !== undefined && !isInstant(input.expiresAt)) return 'date_invalid';
    const expiresMs = input.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(input.expiresAt);
    if (expiresMs <= nowMs) return 'expiry_in_past';
    if (kind === 'post' || kind === 'void') return this.end(input, stated, nowMs);
    const effectiveDate = input.effectiveDate ?? businessDate(nowMs);
    if (kind === 'reverse') {
      const original = this.accepted.get(input.reversedId ?? '');
      if (original === undefined) return 'reversed_not_found';
      if (original.kind !== 'transfer' && original.kind !== 'post') return 'not_reversible';
      if (original.reversed) return 'already_reversed';
      const { debit: credit, credit: debit, amount } = original;
      const code = this.move({ id: input.id, kind, debit, credit, amount, effectiveDate, expiresMs }, nowMs);
      original.reversed = code === 'accepted';
      this.undo.push(() => {
        original.reversed = false;
      });
      return code;
    }
    if (input.debitAccountId === input.creditAccountId) return 'accounts_same';
    const debit = this.accounts.get(input.debitAccountId ?? '');
    if (debit === undefined) return 'debit_account_not_found';
    const credit = this.accounts.get(input.creditAccountId ?? '');
    if (credit === undefined) return 'credit_account_not_found';
    if (debit.currency !== credit.currency || debit.currency !== input.currency) return 'currency_mismatch';
    return this.move({ id: input.id, kind, debit, credit, amount: stated ?? 0n, effectiveDate, expiresMs }, nowMs);
  }

  /** Transfer, pending, reverse: what takes from and gives to accounts anew. */
  private move(movement: Movement, nowMs: number): OutcomeCode {
    const { kind, debit, credit, amount } = movement;
    const stopped = stoppedBy(debit, credit);
    if (stopped !== null) return stopped;
    const [giver, taker] = [debit.side === 'credit' ? debit : null, credit.side === 'debit' ? credit : null];
    for (const account of [giver, taker]) {
      if (account !== null && available(account) - amount < (account.limits.minimum ?? -largest * 9n)) {
        return 'exceeds_available';
      }
    }
    for (const account of [giver === null ? debit : null, taker === null ? credit : null]) {
      if (account !== null && reach(account) + amount > (account.limits.maximum ?? largest * 9n)) {
        return 'exceeds_maximum';
      }
    }
    const [pending, posted] = kind === 'pending' ? [amount, 0n] : [0n, amount];
    return this.write(movement, pending, posted, nowMs) ? 'accepted' : 'counter_overflow';
  }

  /** Post and void: what ends a pending transfer, or a part of it. */
  private end(input: TransferInput, stated: bigint | null, nowMs: number): OutcomeCode {
    const pending = this.accepted.get(input.pendingId ?? '');
    if (pending === undefined) return 'pending_not_found';
    if (pending.kind !== 'pending') return 'not_pending_kind';
    if (input.currency !== undefined && input.currency !== pending.debit.currency) return 'currency_mismatch';
    if (pending.ended !== null) return pending.ended;
    if (pending.expiresMs <= nowMs) return 'pending_expired';
    if ((input.effectiveDate ?? pending.effectiveDate) < pending.effectiveDate) return 'effective_before_pending';
    const amount = stated ?? pending.remaining;
    if (amount > pending.remaining) return 'exceeds_pending';
    const { id, kind, effectiveDate } = input;
    if (kind === 'void') return this.release(pending, { id, kind, effectiveDate, amount: 0n }, nowMs);
    const stopped = stoppedBy(pending.debit, pending.credit);
    return stopped ?? this.release(pending, { id, kind, effectiveDate, amount }, nowMs, input.keepRemainder);
  }

  private release(
    pending: Accepted,
    by: { id: string; kind: 'post' | 'void' | 'expire'; effectiveDate?: string; amount: bigint },
    nowMs: number,
    keep = false,
  ): OutcomeCode {
    const today = businessDate(nowMs);
    const earliest = today > pending.effectiveDate ? today : pending.effectiveDate;
    const released = keep ? by.amount : pending.remaining;
    const movement = { ...pending, ...by, effectiveDate: by.effectiveDate ?? earliest };
    if (!this.write(movement, -released, by.amount, nowMs)) return 'counter_overflow';
    const { remaining, ended } = pending;
    pending.remaining -= released;
    if (pending.remaining === 0n) {
      pending.ended = endings[by.kind];
      this.held.delete(pending.id);
    }
    this.undo.push(() => {
      Object.assign(pending, { remaining, ended });
      this.held.set(pending.id, pending);
    });
    return 'accepted';
  }

  /** Enters a movement in both accounts; false, and nothing done, when a counter would grow too large. */
  private write(movement: Movement, pending: bigint, posted: bigint, nowMs: number): boolean {
    const { id, kind, debit, credit, amount, effectiveDate } = movement;
    if (debit.counters[0] + pending > largest || debit.counters[2] + posted > largest) return false;
    if (credit.counters[1] + pending > largest || credit.counters[3] + posted > largest) return false;
    this.sequence += 1n;
    const entry = { sequence: this.sequence, id, effectiveDate, recordedMs: nowMs, pending, posted };
    enter(debit, { ...entry, side: 'debit' }, 1n);
    enter(credit, { ...entry, side: 'credit' }, 1n);
    const remaining = kind === 'pending' ? amount : 0n;
    const accepted = { ...movement, remaining, ended: null, reversed: false };
    this.accepted.set(id, accepted);
    if (kind === 'pending') this.held.set(id, accepted);
    this.undo.push(() => {
      for (const account of [debit, credit]) enter(account, account.entries.pop() as Entry, -1n);
    });
    return true;
  }
}
