/**
 * The oracle: the ledger's rules once more, in memory, as simply as they can be said. Written from the words of the
 * ledger and not from its code; `oracle.ts` compares the two.
 */
import { hash } from 'node:crypto';
import type { Account, Outcome, OutcomeCode, Side, Transfer, TransferInput } from '#engines/ledger';

type BothSides<Value> = Record<Side, Value>;
type Ending = Omit<TransferInput, 'kind'> & { readonly kind: string };
/** Minor units per side, as the ledger's four counters. */
export type Sums = { readonly pending: BothSides<bigint>; readonly posted: BothSides<bigint> };
export type OracleOutcome = Pick<Outcome, 'code' | 'sequence' | 'repeated'> & { readonly recordedUs: number };

/** The present: what the clock says, and the instant that the ledger writes down (microseconds since 1970). */
type Now = { readonly ms: number; readonly recordedUs: number };

interface Movement extends Pick<Transfer, 'id' | 'amount' | 'effectiveDate'> {
  readonly kind: string;
  readonly accounts: BothSides<OracleAccount>;
  readonly expiresMs: number;
}

/** `remaining` and `ended` tell what became of a pending transfer. */
type Accepted = Movement & { remaining: bigint; ended: OutcomeCode | null; reversed: boolean };

/** What an accepted transfer changed of one side of one account. */
interface Entry extends Pick<Transfer, 'sequence'> {
  readonly movement: Movement;
  readonly recordedUs: number;
  readonly side: Side;
  readonly pending: bigint;
  readonly posted: bigint;
}

export interface OracleAccount extends Sums, Pick<Account, 'id' | 'currency' | 'code' | 'side'> {
  limits: Account['limits'];
  state: Account['state'];
  readonly entries: Entry[];
}

const largest = 2n ** 63n - 1n;
const infinite = 2n ** 80n;
const exponents: Readonly<Record<string, number>> = { CNY: 2, JPY: 0, KWD: 3 };
const sides = ['debit', 'credit'] as const;
const other = { debit: 'credit', credit: 'debit' } as const;

/** The date in Shanghai: eight hours ahead of UTC, without summer time in the years of a soak. */
export const businessDate = (nowMs: number): string => new Date(nowMs + 8 * 3_600_000).toISOString().slice(0, 10);
export const noSums = (): Sums => ({ pending: { debit: 0n, credit: 0n }, posted: { debit: 0n, credit: 0n } });

export const balance = ({ side, posted }: OracleAccount): bigint => posted[side] - posted[other[side]];
const available = (account: OracleAccount) => balance(account) - account.pending[other[account.side]];
const reach = (account: OracleAccount) => balance(account) + account.pending[account.side];

function isDate(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Minor units of an amount as submitted, or the code that refuses it. */
function amountOf(amount: bigint | string, currency: string): bigint | OutcomeCode {
  let minor = amount;
  if (typeof minor === 'string') {
    if (!/^-?\d+(\.\d+)?$/.test(minor)) return 'amount_malformed';
    const [whole, fraction = ''] = minor.split('.');
    const decimals = exponents[currency] ?? 0;
    if (fraction.length > decimals) return 'amount_too_many_decimals';
    minor = BigInt(`${whole}${fraction.padEnd(decimals, '0')}`);
  }
  if (minor > largest || minor < -largest) return 'amount_too_large';
  if (minor === 0n) return 'amount_zero';
  return minor < 0n ? 'amount_negative' : minor;
}

/** The fields of each kind, `!` for those it cannot do without. */
const fieldsOf: Readonly<Record<string, string>> = {
  transfer: 'debitAccountId! creditAccountId! amount! currency!',
  pending: 'debitAccountId! creditAccountId! amount! currency! expiresAt',
  post: 'pendingId! amount currency keepRemainder',
  void: 'pendingId!',
  reverse: 'reversedId! effectiveDate!',
};
const longest: Readonly<Record<string, number>> = { type: 64, description: 500, reference: 128 };

const given = (input: TransferInput): [string, unknown][] =>
  Object.entries(input).filter(([, value]) => value !== undefined && value !== false);

function fieldsFit(input: TransferInput): boolean {
  const fields = (fieldsOf[input.kind ?? 'transfer'] ?? '').split(' ');
  const names = given(input).map(([name]) => name);
  const allowed = ['id', 'kind', 'effectiveDate', 'linked', ...Object.keys(longest), ...fields];
  return (
    fields.every((field) => !field.endsWith('!') || names.includes(field.slice(0, -1))) &&
    names.every((name) => allowed.includes(name) || allowed.includes(`${name}!`)) &&
    given(input).every(([name, value]) => String(value).length <= (longest[name] ?? Number.POSITIVE_INFINITY))
  );
}

/** What makes two submissions of an id the same: all that is said, amounts by their value. */
function contentOf(input: TransferInput): string {
  const minor = input.amount === undefined ? '' : amountOf(input.amount, input.currency ?? '');
  const amount = String(typeof minor === 'bigint' ? minor : input.amount);
  return hash('sha256', JSON.stringify(given({ ...input, kind: input.kind ?? 'transfer', amount }).sort()));
}

function add<Into extends Sums>(sums: Into, { side, pending, posted }: Entry, times = 1n): Into {
  sums.pending[side] += pending * times;
  sums.posted[side] += posted * times;
  return sums;
}

/** The code when one of the accounts takes no part in what is new. */
function stoppedBy(accounts: BothSides<OracleAccount>): OutcomeCode | null {
  for (const side of sides) if (accounts[side].state === 'closed') return `${side}_account_closed`;
  for (const side of sides) {
    const { state, side: normal } = accounts[side];
    if (state === 'frozen' || (state === 'outgoing_frozen' && side !== normal)) return `${side}_account_frozen`;
  }
  return null;
}

/** The account's sums from the entries effective by a date and recorded by an instant: both clocks. */
export function sumsAsOf(account: OracleAccount, date: string, recordedUs: number, into: Sums = noSums()): Sums {
  for (const entry of account.entries) {
    if (entry.movement.effectiveDate <= date && entry.recordedUs <= recordedUs) add(into, entry);
  }
  return into;
}

export class Oracle {
  readonly accounts = new Map<string, OracleAccount>();
  private readonly accepted = new Map<string, Accepted>();
  private readonly answers = new Map<string, Omit<OracleOutcome, 'repeated'> & { readonly content: string }>();
  private sequence = 0n;
  private now: Now = { ms: 0, recordedUs: 0 };
  /** How to take back what the present chain has done. */
  private undo: (() => void)[] = [];

  open(account: Pick<OracleAccount, 'id' | 'currency' | 'code' | 'side' | 'limits'>): void {
    this.accounts.set(account.id, { ...account, ...noSums(), state: 'open', entries: [] });
  }

  /** Decides one request: chains and single transfers, in order. */
  post(request: readonly TransferInput[], now: Now): OracleOutcome[] {
    this.now = now;
    const outcomes: OracleOutcome[] = [];
    while (outcomes.length < request.length) {
      const rest = request.slice(outcomes.length);
      const last = rest.findIndex((input) => input.linked !== true);
      outcomes.push(...this.chain(last === -1 ? rest : rest.slice(0, last + 1), last === -1));
    }
    return outcomes;
  }

  /** One chain: all of it or nothing. A transfer on its own is a chain of one. */
  private chain(members: readonly TransferInput[], open: boolean): OracleOutcome[] {
    const codes = members.map((): OutcomeCode => 'chain_failed');
    const before = this.sequence;
    if (open) codes[members.length - 1] = 'chain_open';
    else if (members.every((member) => this.answered(member) === undefined)) {
      this.undo = [];
      const culprit = members.findIndex((member, index) => {
        const twice = members.slice(0, index).some(({ id }) => id === member.id);
        codes[index] = twice ? 'id_reused' : this.judge(member);
        return codes[index] !== 'accepted';
      });
      if (culprit !== -1) {
        for (const step of this.undo.reverse()) step();
        codes.fill('chain_failed', 0, culprit);
        this.sequence = before;
      }
    }
    return members.map((member, index) => {
      const code = codes[index] ?? 'chain_failed';
      const sequence = code === 'accepted' ? before + BigInt(index) + 1n : null;
      const first = { code, sequence, recordedUs: this.now.recordedUs };
      const outcome = code === 'id_reused' ? { ...first, repeated: false } : this.answered(member);
      if (outcome !== undefined) return outcome;
      this.answers.set(member.id, { ...first, content: contentOf(member) });
      return { ...first, repeated: false };
    });
  }

  /** The answer to an id that has one already: the same again, or `id_reused` for other content. */
  private answered(input: TransferInput): OracleOutcome | undefined {
    const answer = this.answers.get(input.id);
    if (answer === undefined) return undefined;
    if (answer.content === contentOf(input)) return { ...answer, repeated: true };
    return { code: 'id_reused', sequence: null, recordedUs: this.now.recordedUs, repeated: false };
  }

  /** Expires what is due, longest due first, as the ledger's sweep does: at most `most` at once. */
  expireDue(now: Now, most: number, idOf: (pendingId: string) => string): number {
    this.now = now;
    const due = [...this.accepted.values()].filter((it) => it.remaining > 0n && it.expiresMs <= now.ms);
    due.sort((a, b) => a.expiresMs - b.expiresMs).splice(most);
    for (const it of due) this.release(it, { id: idOf(it.id), kind: 'expire' }, 0n, 'pending_expired');
    return due.length;
  }

  /** Decides one transfer whose id is new; changes the books when the answer is `accepted`. */
  private judge(input: TransferInput): OutcomeCode {
    const { id, kind = 'transfer', currency, effectiveDate = businessDate(this.now.ms), expiresAt } = input;
    if (!fieldsFit(input)) return 'fields_invalid';
    if (currency !== undefined && !(currency in exponents)) return 'currency_unknown';
    const amount = input.amount === undefined ? null : amountOf(input.amount, currency ?? '');
    if (typeof amount === 'string') return amount;
    const expiresMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
    if (!isDate(effectiveDate) || Number.isNaN(expiresMs)) return 'date_invalid';
    if (expiresMs <= this.now.ms) return 'expiry_in_past';
    if (kind === 'post' || kind === 'void') return this.end(input, kind, amount);
    if (kind === 'reverse') {
      const original = this.accepted.get(input.reversedId ?? '');
      if (original === undefined) return 'reversed_not_found';
      if (original.kind !== 'transfer' && original.kind !== 'post') return 'not_reversible';
      if (original.reversed) return 'already_reversed';
      const accounts = { debit: original.accounts.credit, credit: original.accounts.debit };
      const code = this.move({ id, kind, accounts, amount: original.amount, effectiveDate, expiresMs });
      this.undo.push(() => Object.assign(original, { reversed: false }));
      original.reversed = code === 'accepted';
      return code;
    }
    if (input.debitAccountId === input.creditAccountId) return 'accounts_same';
    const debit = this.accounts.get(input.debitAccountId ?? '');
    const credit = this.accounts.get(input.creditAccountId ?? '');
    if (debit === undefined) return 'debit_account_not_found';
    if (credit === undefined) return 'credit_account_not_found';
    if (debit.currency !== credit.currency || debit.currency !== currency) return 'currency_mismatch';
    return this.move({ id, kind, accounts: { debit, credit }, amount: amount ?? 0n, effectiveDate, expiresMs });
  }

  /** Transfer, pending, reverse: what takes from and gives to accounts anew. */
  private move(movement: Movement): OutcomeCode {
    const { kind, accounts, amount } = movement;
    const stopped = stoppedBy(accounts);
    if (stopped !== null) return stopped;
    const poor = (it: OracleAccount) => available(it) - amount < (it.limits.minimum ?? -infinite);
    if (sides.some((side) => accounts[side].side !== side && poor(accounts[side]))) return 'exceeds_available';
    const full = (it: OracleAccount) => reach(it) + amount > (it.limits.maximum ?? infinite);
    if (sides.some((side) => accounts[side].side === side && full(accounts[side]))) return 'exceeds_maximum';
    return kind === 'pending' ? this.write(movement, amount, 0n) : this.write(movement, 0n, amount);
  }

  /** Post and void: what ends a pending transfer, or a part of it. */
  private end(input: TransferInput, kind: string, stated: bigint | null): OutcomeCode {
    const pending = this.accepted.get(input.pendingId ?? '');
    if (pending === undefined) return 'pending_not_found';
    if (pending.kind !== 'pending') return 'not_pending_kind';
    const { currency } = pending.accounts.debit;
    if ((input.currency ?? currency) !== currency) return 'currency_mismatch';
    if (pending.ended !== null) return pending.ended;
    if (pending.expiresMs <= this.now.ms) return 'pending_expired';
    if ((input.effectiveDate ?? pending.effectiveDate) < pending.effectiveDate) return 'effective_before_pending';
    const amount = stated ?? pending.remaining;
    if (amount > pending.remaining) return 'exceeds_pending';
    if (kind === 'void') return this.release(pending, { ...input, kind }, 0n, 'pending_already_voided');
    return stoppedBy(pending.accounts) ?? this.release(pending, { ...input, kind }, amount, 'pending_already_posted');
  }

  private release(pending: Accepted, by: Ending, amount: bigint, ended: OutcomeCode): OutcomeCode {
    const { id, kind, effectiveDate = [businessDate(this.now.ms), pending.effectiveDate].sort()[1] ?? '' } = by;
    const { remaining } = pending;
    const released = by.keepRemainder ? amount : remaining;
    const code = this.write({ ...pending, id, kind, amount, effectiveDate }, -released, amount);
    if (code !== 'accepted') return code;
    pending.remaining -= released;
    if (pending.remaining === 0n) pending.ended = ended;
    this.undo.push(() => Object.assign(pending, { remaining, ended: null }));
    return 'accepted';
  }

  /** Enters a movement in both accounts, unless a counter would grow too large. */
  private write(movement: Movement, pending: bigint, posted: bigint): OutcomeCode {
    const { id, kind, accounts, amount } = movement;
    for (const side of sides) {
      const sums = accounts[side];
      if (sums.pending[side] + pending > largest || sums.posted[side] + posted > largest) return 'counter_overflow';
    }
    this.sequence += 1n;
    const entry = { movement, sequence: this.sequence, recordedUs: this.now.recordedUs, pending, posted };
    for (const side of sides) add(accounts[side], { ...entry, side }).entries.push({ ...entry, side });
    const remaining = kind === 'pending' ? amount : 0n;
    this.accepted.set(id, { ...movement, remaining, ended: null, reversed: false });
    this.undo.push(() => {
      this.accepted.delete(id);
      for (const side of sides) add(accounts[side], { ...entry, side }, -1n).entries.pop();
    });
    return 'accepted';
  }

  /** Sums per currency and code as of both clocks. */
  trialBalance(date: string, recordedUs: number): Map<string, Sums> {
    const lines = new Map<string, Sums>();
    for (const account of this.accounts.values()) {
      const line = `${account.currency} ${account.code}`;
      lines.set(line, sumsAsOf(account, date, recordedUs, lines.get(line)));
    }
    return lines;
  }
}
