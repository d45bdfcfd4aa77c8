/**
 * The one rule set of the ledger: decides the transfers of a batch one by one, in order, each seeing all accepted before
 * it. No I/O: it changes the accounts and references it is shown, in memory, and returns what is to be written; who
 * showed them throws them away when the write fails. Both entrances (the lane and a caller's own transaction) use it.
 */
import { invariant } from '#kernel/errors';
import {
  type AccountNow,
  type Answer,
  add,
  type BatchView,
  type Decided,
  type DecisionTime,
  type Delta,
  effectiveDateOf,
  type GroupNow,
  type JournalRow,
  loadedDay,
  type ReferenceNow,
  referenceOf,
  type WindowNow,
} from './batch.ts';
import {
  changedGroups,
  countIn,
  type Guard,
  groupLimits,
  grow,
  guardsOf,
  periods,
  WindowSpan,
  windowLimits,
  windowOverflow,
  windowsOf,
} from './guards.ts';
import type { OutcomeCode } from './model.ts';
import type { Prepared } from './prepare.ts';
import { limits, overflow, standing } from './rules.ts';

/** A batch that can still take requests; they are decided as they come. */
export interface OpenBatch {
  /** Decides the transfers of one more request, in order, at its time. See README for codes and precedence. */
  request(transfers: readonly Prepared[], time: DecisionTime): void;
  /** What all requests so far come to. */
  decided(): Decided;
}

export function openBatch(view: BatchView): OpenBatch {
  const batch = new Batch(view);
  const answers: Answer[][] = [];
  return {
    request: (transfers, time) => void answers.push(batch.request(transfers, time)),
    decided: () => ({
      answers,
      rows: batch.rows,
      debitDays: batch.debitDays,
      creditDays: batch.creditDays,
      firsts: batch.firsts,
      changed: batch.changed,
      seen: batch.accounts.filter((account) => account.changedBy !== batch.mark),
      references: batch.references,
      guards: batch.guards,
      guardsChanged: changedGroups(batch.rows, batch.guards),
      closing: view.closing(),
      windowFromMs: batch.span.fromMs,
      windowUntilMs: batch.span.untilMs,
    }),
  };
}

/** Decides all requests of a batch in order. */
export function decide(requests: readonly (readonly Prepared[])[], view: BatchView, time: DecisionTime): Decided {
  const batch = openBatch(view);
  for (const request of requests) batch.request(request, time);
  return batch.decided();
}

/** What undoing an accepted leg of a failed chain needs. */
interface Leg {
  readonly row: JournalRow;
  readonly delta: Delta;
  readonly reference: { now: ReferenceNow; before: ReferenceState } | null;
  readonly guards: readonly Guard[];
  readonly uncount: () => void;
}

/** A transfer that may be entered: nothing but a full counter can still refuse it. */
interface Entry {
  readonly debit: AccountNow;
  readonly credit: AccountNow;
  readonly amount: bigint;
  readonly delta: Delta;
  /** The transfer it is about, and what becomes of that. */
  readonly reference: { readonly now: ReferenceNow; readonly after: ReferenceState } | null;
  readonly guards: readonly Guard[];
  readonly windows: readonly WindowNow[];
}

/** What a transfer changes of the one it refers to. */
type ReferenceState = Pick<ReferenceNow, 'remaining' | 'ended' | 'reversed'>;

/** Batches decided by this process, for their marks. */
let batches = 0;

class Batch {
  readonly rows: JournalRow[] = [];
  readonly debitDays: bigint[] = [];
  readonly creditDays: bigint[] = [];
  readonly firsts: { answer: Answer; fingerprint: string }[] = [];
  readonly accounts: AccountNow[] = [];
  readonly changed: AccountNow[] = [];
  readonly mark = ++batches;
  readonly references = new Map<string, ReferenceNow>();
  readonly guards: GroupNow[] = [];
  readonly span = new WindowSpan();
  private readonly seen = new Map<string, { answer: Answer; fingerprint: string }>();
  private readonly entered = new Map<string, JournalRow>();
  private readonly view: BatchView;
  private time: DecisionTime = { nowMs: 0, businessDate: '' };

  constructor(view: BatchView) {
    this.view = view;
  }

  request(transfers: readonly Prepared[], time: DecisionTime): Answer[] {
    this.time = time;
    const answers: Answer[] = [];
    for (let start = 0; start < transfers.length; ) {
      let end = start;
      while (transfers[end]?.linked) end++;
      if (end === start) {
        answers.push(this.single(transfers[start] as Prepared));
      } else if (end === transfers.length) {
        answers.push(...this.refuseChain(transfers.slice(start), transfers.length - start - 1, 'chain_open'));
        end = transfers.length - 1;
      } else {
        answers.push(...this.chain(transfers.slice(start, end + 1)));
      }
      start = end + 1;
    }
    return answers;
  }

  private single(prepared: Prepared): Answer {
    const before = this.answeredBefore(prepared);
    if (before !== undefined) return before;
    const leg = this.apply(prepared);
    if (typeof leg === 'string') return this.answer(prepared, leg, null);
    return this.answer(prepared, 'accepted', this.rows.length - 1);
  }

  private chain(members: readonly Prepared[]): Answer[] {
    const before = members.map((member) => this.answeredBefore(member));
    if (before.every((answer) => answer !== undefined)) return before as Answer[];
    const culprit = before.findIndex((answer) => answer !== undefined);
    if (culprit >= 0) return this.refuseChain(members, -1, 'chain_failed');
    const ids = new Set<string>();
    const firstRow = this.rows.length;
    const legs: Leg[] = [];
    for (const [index, member] of members.entries()) {
      const leg = ids.has(member.id) ? 'id_reused' : this.apply(member);
      ids.add(member.id);
      if (typeof leg === 'string') {
        for (const applied of legs.reverse()) this.undo(applied);
        this.rows.length = firstRow;
        this.debitDays.length = 4 * firstRow;
        this.creditDays.length = 4 * firstRow;
        return this.refuseChain(members, index, leg);
      }
      legs.push(leg);
    }
    return members.map((member, index) => this.answer(member, 'accepted', firstRow + index));
  }

  /** Refuses a chain as a whole: the culprit with its own code, every other member that has no answer yet with chain_failed. */
  private refuseChain(members: readonly Prepared[], culprit: number, code: OutcomeCode): Answer[] {
    return members.map((member, index) => {
      // The same id twice: its first occurrence has just been answered, which must not hide why the chain failed.
      if (index === culprit && code === 'id_reused') return this.answer(member, code, null);
      return this.answeredBefore(member) ?? this.answer(member, index === culprit ? code : 'chain_failed', null);
    });
  }

  /** The answer to an id that already has one, in an earlier batch or in this one. */
  private answeredBefore(prepared: Prepared): Answer | undefined {
    const earlier = this.seen.get(prepared.id);
    const known = earlier === undefined ? this.view.known(prepared.id) : undefined;
    const fingerprint = earlier?.fingerprint ?? known?.fingerprint;
    if (fingerprint === undefined) return undefined;
    if (fingerprint !== prepared.fingerprint) return { id: prepared.id, code: 'id_reused', row: null, known: null };
    const first = earlier?.answer ?? known;
    invariant(first !== undefined, 'an_answered_id_has_its_answer');
    return { id: prepared.id, code: first.code, row: null, known: first };
  }

  private answer(prepared: Prepared, code: OutcomeCode, row: number | null): Answer {
    const answer: Answer = { id: prepared.id, code, row, known: null };
    if (code !== 'id_reused') {
      const first = { answer, fingerprint: prepared.fingerprint };
      this.seen.set(prepared.id, first);
      this.firsts.push(first);
    }
    return answer;
  }

  /** Applies one transfer to the batch's copies, or says why not. Checks are in the order of `outcomeCodes`. */
  private apply(prepared: Prepared): Leg | OutcomeCode {
    if (prepared.fault !== null) return prepared.fault;
    switch (prepared.kind) {
      case 'transfer':
      case 'pending':
        return this.move(prepared);
      case 'reverse':
        return this.reverse(prepared);
      default:
        return this.settle(prepared);
    }
  }

  private move(prepared: Prepared): Leg | OutcomeCode {
    const { debitAccountId, creditAccountId, amount, expiresAtMs } = prepared;
    invariant(debitAccountId !== null && creditAccountId !== null && amount !== null, 'prepared_move_has_its_fields');
    if (expiresAtMs !== null && expiresAtMs <= this.time.nowMs) return 'expiry_in_past';
    if (debitAccountId === creditAccountId) return 'accounts_same';
    const debit = this.account(debitAccountId);
    if (debit === undefined) return 'debit_account_not_found';
    const credit = this.account(creditAccountId);
    if (credit === undefined) return 'credit_account_not_found';
    if (debit.currency !== credit.currency || debit.currency !== prepared.currency) return 'currency_mismatch';
    const pending = prepared.kind === 'pending';
    const delta = pending ? { pending: amount, posted: 0n } : { pending: 0n, posted: amount };
    const guards = guardsOf(debit, credit, this.guard);
    const windows = windowsOf(debit, credit, guards);
    if (windows.length > 0) this.span.include(this.time.nowMs);
    const refusal =
      this.closed(prepared, undefined) ??
      standing(debit, credit) ??
      limits(debit, credit, amount) ??
      groupLimits(guards, amount, pending) ??
      windowLimits(windows, amount, this.time.nowMs);
    if (refusal !== null) return refusal;
    return this.enter(prepared, { debit, credit, amount, delta, reference: null, guards, windows });
  }

  private reverse(prepared: Prepared): Leg | OutcomeCode {
    const original = this.reference(prepared.relatedId);
    if (original === undefined) return 'reversed_not_found';
    if (original.kind === 'archived') return 'transfer_archived';
    if (original.kind !== 'transfer' && original.kind !== 'post') return 'not_reversible';
    if (original.reversed) return 'already_reversed';
    const debit = this.account(original.creditAccountId);
    const credit = this.account(original.debitAccountId);
    invariant(debit !== undefined && credit !== undefined, 'accounts_of_a_journal_row_exist');
    const { amount } = original;
    const guards = guardsOf(debit, credit, this.guard);
    const refusal =
      this.closed(prepared, original) ??
      standing(debit, credit) ??
      limits(debit, credit, amount) ??
      groupLimits(guards, amount, false);
    if (refusal !== null) return refusal;
    const delta = { pending: 0n, posted: amount };
    const reference = { now: original, after: { ...original, reversed: true } };
    return this.enter(prepared, { debit, credit, amount, delta, reference, guards, windows: [] });
  }

  /** Posts, voids or expires a pending transfer. */
  private settle(prepared: Prepared): Leg | OutcomeCode {
    const pending = this.reference(prepared.relatedId);
    if (pending === undefined) return 'pending_not_found';
    if (pending.kind === 'archived') return 'transfer_archived';
    if (pending.kind !== 'pending') return 'not_pending_kind';
    if (prepared.currency !== null && prepared.currency !== pending.currency) return 'currency_mismatch';
    if (pending.ended === 'posted') return 'pending_already_posted';
    if (pending.ended === 'voided') return 'pending_already_voided';
    const due = pending.expiresAtMs !== null && pending.expiresAtMs <= this.time.nowMs;
    if (pending.ended === 'expired' || (due && prepared.kind !== 'expire')) return 'pending_expired';
    invariant(prepared.kind !== 'expire' || due, 'only_a_due_pending_transfer_expires');
    const date = effectiveDateOf(prepared, pending, this.time.businessDate);
    if (date < pending.effectiveDate) return 'effective_before_pending';
    const amount = prepared.kind === 'post' ? (prepared.amount ?? pending.remaining) : pending.remaining;
    if (amount > pending.remaining) return 'exceeds_pending';
    const debit = this.account(pending.debitAccountId);
    const credit = this.account(pending.creditAccountId);
    invariant(debit !== undefined && credit !== undefined, 'accounts_of_a_journal_row_exist');
    // What has expired has expired, whatever was closed meanwhile.
    const closed = prepared.kind === 'expire' ? null : this.closed(prepared, pending);
    const refusal = closed ?? (prepared.kind === 'post' ? standing(debit, credit) : null);
    if (refusal !== null) return refusal;
    const released = prepared.kind === 'post' && prepared.keepRemainder ? amount : pending.remaining;
    const after = { ...pending, remaining: pending.remaining - released };
    if (after.remaining === 0n) {
      after.ended = prepared.kind === 'post' ? 'posted' : prepared.kind === 'void' ? 'voided' : 'expired';
    }
    const delta = { pending: -released, posted: prepared.kind === 'post' ? amount : 0n };
    const guards = guardsOf(debit, credit, this.guard);
    return this.enter(prepared, {
      debit,
      credit,
      amount,
      delta,
      reference: { now: pending, after },
      guards,
      windows: [],
    });
  }

  /** Writes a transfer into the batch, counters, day totals, journal row and the transfer it is about, unless a counter is full. */
  private enter(prepared: Prepared, entry: Entry): Leg | OutcomeCode {
    const { debit, credit, amount, delta, reference, guards, windows } = entry;
    const effectiveDate = effectiveDateOf(prepared, reference?.now, this.time.businessDate);
    const debitDay = loadedDay(debit, effectiveDate);
    const creditDay = loadedDay(credit, effectiveDate);
    const refusal =
      overflow(debit, debitDay, credit, creditDay, delta) ?? windowOverflow(windows, amount, this.time.nowMs);
    if (refusal !== null) return refusal;
    const uncount = countIn(windows, amount, this.time.nowMs);
    grow(guards, delta);
    add(debit, debitDay, credit, creditDay, delta.pending, delta.posted);
    this.change(debit);
    this.change(credit);
    const released = delta.pending < 0n ? -delta.pending : 0n;
    const row: JournalRow = { prepared, debit, credit, amount, effectiveDate, released };
    this.debitDays.push(debitDay.debitsPending, debitDay.creditsPending, debitDay.debitsPosted, debitDay.creditsPosted);
    this.creditDays.push(
      creditDay.debitsPending,
      creditDay.creditsPending,
      creditDay.debitsPosted,
      creditDay.creditsPosted,
    );
    this.rows.push(row);
    this.entered.set(prepared.id, row);
    if (prepared.kind === 'pending') this.references.set(prepared.id, referenceOf(row));
    if (reference === null) return { row, delta, reference, guards, uncount };
    const { now, after } = reference;
    const before = { ...now };
    this.references.set(now.id, Object.assign(now, after));
    return { row, delta, reference: { now, before }, guards, uncount };
  }

  private undo({ row, delta, reference, guards, uncount }: Leg): void {
    const { debit, credit, effectiveDate, prepared } = row;
    uncount();
    grow(guards, { pending: -delta.pending, posted: -delta.posted });
    add(
      debit,
      loadedDay(debit, effectiveDate),
      credit,
      loadedDay(credit, effectiveDate),
      -delta.pending,
      -delta.posted,
    );
    if (reference !== null) Object.assign(reference.now, reference.before);
    this.entered.delete(prepared.id);
    this.references.delete(prepared.id);
  }

  private account(id: string): AccountNow | undefined {
    const account = this.view.account(id);
    if (account !== undefined && account.seenBy !== this.mark) {
      account.seenBy = this.mark;
      this.accounts.push(account);
    }
    return account;
  }

  private change(account: AccountNow): void {
    if (account.changedBy === this.mark) return;
    account.changedBy = this.mark;
    this.changed.push(account);
  }

  private closed(prepared: Prepared, reference: ReferenceNow | undefined): OutcomeCode | null {
    const date = effectiveDateOf(prepared, reference, this.time.businessDate);
    return periods(this.view.closing(), date, prepared.adjustment);
  }

  private readonly guard = (key: string): GroupNow => {
    const group = this.view.group(key);
    invariant(group !== undefined, 'a_guarding_group_is_loaded');
    if (group.seenBy !== this.mark) {
      group.seenBy = this.mark;
      this.guards.push(group);
    }
    return group;
  };

  private reference(id: string | null): ReferenceNow | undefined {
    if (id === null) return undefined;
    const mine = this.references.get(id);
    if (mine !== undefined) return mine;
    const row = this.entered.get(id);
    if (row !== undefined) return referenceOf(row);
    return this.view.reference(id);
  }
}
