/**
 * The oracle: the ledger's rules once more, in memory, as simply as they can be said. Written from the words of the
 * ledger and not from its code; `oracle.ts` compares the two. See `oracle-words.ts` for what the rules are about and
 * `oracle-guards.ts` for periods, groups and windows; `oracle-exchange.ts` stands on top of it.
 */
import type { Outcome, OutcomeCode, TransferInput } from '#engines/ledger';
import { Guards } from './oracle-guards.ts';
import {
  add,
  amountOf,
  available,
  type BothSides,
  businessDate,
  contentOf,
  fieldsFit,
  infinite,
  isCurrency,
  isDate,
  largest,
  type Movement,
  noSums,
  type OracleAccount,
  reach,
  type Sums,
  sides,
  sumsAsOf,
} from './oracle-words.ts';

type Ending = Omit<TransferInput, 'kind'> & { readonly kind: string };
export type OracleOutcome = Pick<Outcome, 'code' | 'sequence' | 'repeated'> & { readonly recordedUs: number };

/** The present: what the clock says, and the instant that the ledger writes down (microseconds since 1970). */
type Now = { readonly ms: number; readonly recordedUs: number };

/** `remaining` and `ended` tell what became of a pending transfer. */
type Accepted = Movement & { remaining: bigint; ended: OutcomeCode | null; reversed: boolean };

/** The code when one of the accounts takes no part in what is new. */
function stoppedBy(accounts: BothSides<OracleAccount>): OutcomeCode | null {
  for (const side of sides) if (accounts[side].state === 'closed') return `${side}_account_closed`;
  for (const side of sides) {
    const { state, side: normal } = accounts[side];
    if (state === 'frozen' || (state === 'outgoing_frozen' && side !== normal)) return `${side}_account_frozen`;
  }
  return null;
}

export class Oracle {
  readonly accounts = new Map<string, OracleAccount>();
  readonly guards = new Guards();
  private readonly accepted = new Map<string, Accepted>();
  private readonly answers = new Map<string, Omit<OracleOutcome, 'repeated'> & { readonly content: string }>();
  private sequence = 0n;
  private now: Now = { ms: 0, recordedUs: 0 };
  /** How to take back what the present chain has done. */
  private undo: (() => void)[] = [];

  open(account: Pick<OracleAccount, 'id' | 'currency' | 'code' | 'side' | 'limits'>): OracleAccount {
    const opened: OracleAccount = { ...account, ...noSums(), state: 'open', entries: [] };
    this.accounts.set(account.id, opened);
    for (const group of this.guards.groups) if (group.accountCode === account.code) group.members.add(opened);
    return opened;
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

  /** A refused request whose transaction was given up: nobody has answered it. */
  forget(refused: readonly TransferInput[]): void {
    for (const { id } of refused) this.answers.delete(id);
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
    const adjustment = input.adjustment === true;
    if (!fieldsFit(input)) return 'fields_invalid';
    if (currency !== undefined && !isCurrency(currency)) return 'currency_unknown';
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
      const { amount: all } = original;
      const code = this.move({ id, kind, accounts, amount: all, effectiveDate, expiresMs, adjustment });
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
    const accounts = { debit, credit };
    return this.move({ id, kind, accounts, amount: amount ?? 0n, effectiveDate, expiresMs, adjustment });
  }

  /** Transfer, pending, reverse: what takes from and gives to accounts anew. */
  private move(movement: Movement): OutcomeCode {
    const { kind, accounts, amount } = movement;
    const stopped = this.guards.closed(movement) ?? stoppedBy(accounts);
    if (stopped !== null) return stopped;
    const poor = (it: OracleAccount) => available(it) - amount < (it.limits.minimum ?? -infinite);
    if (sides.some((side) => accounts[side].side !== side && poor(accounts[side]))) return 'exceeds_available';
    const full = (it: OracleAccount) => reach(it) + amount > (it.limits.maximum ?? infinite);
    if (sides.some((side) => accounts[side].side === side && full(accounts[side]))) return 'exceeds_maximum';
    const beyond = this.guards.beyondLimits(movement) ?? this.guards.beyondWindows(movement, this.now.ms);
    if (beyond !== null) return beyond;
    const code = kind === 'pending' ? this.write(movement, amount, 0n) : this.write(movement, 0n, amount);
    if (code === 'accepted') this.undo.push(this.guards.count(movement, this.now.ms));
    return code;
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
    const closed = this.guards.closed({
      effectiveDate: this.endDate(pending, input),
      adjustment: input.adjustment === true,
    });
    if (closed !== null) return closed;
    if (kind === 'void') return this.release(pending, { ...input, kind }, 0n, 'pending_already_voided');
    return stoppedBy(pending.accounts) ?? this.release(pending, { ...input, kind }, amount, 'pending_already_posted');
  }

  /** The business date unless said otherwise, but never from before the pending transfer. */
  private endDate(pending: Accepted, by: Pick<TransferInput, 'effectiveDate'>): string {
    return by.effectiveDate ?? [businessDate(this.now.ms), pending.effectiveDate].sort()[1] ?? '';
  }

  private release(pending: Accepted, by: Ending, amount: bigint, ended: OutcomeCode): OutcomeCode {
    const { id, kind } = by;
    const effectiveDate = this.endDate(pending, by);
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
