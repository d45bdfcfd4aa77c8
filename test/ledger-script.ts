/**
 * A small language for tables of ledger rules, in the manner of TigerBeetle's state machine tests. One statement per line
 * (or between semicolons), the expected outcome beside it; names stand for ids, amounts are minor units, `max` is 2^63 - 1.
 *
 * ```
 * account Ann credit min=0 max=500 state=frozen cur=JPY has=0/0/100/250   debits, credits pending / debits, credits posted
 * group G Ann,Bob min=0 max=500 side=debit   limits of both together
 * window Ann out hour count=2 amount=500     a velocity window of an account, or of a group as a whole
 * closed 2026-02-28 2026-01-31               closed and sealed up to these dates
 * T1 Ann/Bob 100 : accepted                  debit Ann, credit Bob; options: on=2026-03-01 cur=CNY amount=1.00 &, and
 *                                            adjust, text=50 type=50 ref=50 for a description, type, reference of that length
 * P1 pending Ann/Bob 100 expires=2026-03-02T02:00:00Z : accepted
 * X1 post P1 40 keep : accepted              also: V1 void P1, R1 reverse T1 on=2026-03-05, E1 expire P1
 * T1 Ann/Bob 100 : accepted again            `again` is for an answer that is given once more; & chains to the next
 * request                                    a new request of the same batch
 * batch 2026-03-03T01:00:00Z                 a new batch, at that time or the time before
 * Ann = 0 0 100 0                            the four counters
 * Ann 2026-03-02 = 0 0 100 0                 the day totals of an effective date
 * P1 = 60 open                               what is still pending, and open, posted, voided or expired
 * ```
 */
import assert from 'node:assert/strict';
import { Temporal } from '#kernel/dates';
import { deterministicId } from '#kernel/ids';
import type {
  AccountNow,
  Closing,
  Decided,
  GroupNow,
  JournalRow,
  Known,
  ReferenceNow,
  WindowNow,
} from '../src/engines/ledger/batch.ts';
import { type Counters, counterNames, MAX_MINOR, zeroCounters } from '../src/engines/ledger/model.ts';
import { decide } from '../src/engines/ledger/post.ts';
import { type Prepared, prepare } from '../src/engines/ledger/prepare.ts';

type Submission = Parameters<typeof prepare>[0];
type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface Line {
  readonly text: string;
  readonly input: Submission;
  readonly expected: string;
}

const start = '2026-03-02T01:00:00Z';
const kinds = new Set(['pending', 'post', 'void', 'reverse', 'expire']);

/** The id that a name stands for. */
export function idOf(name: string): string {
  return deterministicId('test', name);
}

/** Books in memory, as little as a batch needs to see: what the database would hold between batches. */
export class Books {
  readonly accounts = new Map<string, Writable<AccountNow>>();
  readonly references = new Map<string, ReferenceNow>();
  readonly known = new Map<string, Known>();
  readonly groups = new Map<string, Writable<GroupNow>>();
  closing: Closing = { closedThrough: null, sealedThrough: null };
  private readonly rows: JournalRow[] = [];
  now = Temporal.Instant.from(start);

  get businessDate(): string {
    return this.now.toZonedDateTimeISO('Asia/Shanghai').toPlainDate().toString();
  }

  open(name: string, account: Partial<Writable<AccountNow>>): Writable<AccountNow> {
    const fresh: Writable<AccountNow> = {
      id: idOf(name),
      currency: 'CNY',
      code: '1001',
      side: 'credit',
      minimum: null,
      maximum: null,
      state: 'open',
      version: 0n,
      seenBy: 0,
      changedBy: 0,
      groups: [],
      dailyGroups: [],
      guards: [],
      windows: [],
      otherUsage: [],
      days: [],
      ...zeroCounters(),
      ...account,
    };
    this.accounts.set(fresh.id, fresh);
    return fresh;
  }

  /** Decides a batch, checks that all it gives fits together, and keeps it. Returns code and `again` of each transfer. */
  decide(inputs: readonly (readonly Submission[])[]): string[][] {
    const requests = inputs.map((request) => request.map(prepare));
    this.loadDays(requests.flat());
    const before = new Map([...this.accounts].map(([id, account]) => [id, { ...account }]));
    const decided = decide(
      requests,
      {
        account: (id) => this.accounts.get(id),
        reference: (id) => this.references.get(id),
        known: (id) => this.known.get(id),
        group: (key) => this.groups.get(key),
        closing: () => this.closing,
      },
      { nowMs: this.now.epochMilliseconds, businessDate: this.businessDate },
    );
    this.check(decided, before);
    this.keep(decided);
    return decided.answers.map((request) =>
      request.map(({ code, known }) => (known === null ? code : `${code} again`)),
    );
  }

  /** What the accepted transfers changed an account by on one effective date, or on all. */
  moved(id: string, date?: string): Counters {
    const total = zeroCounters();
    for (const row of this.rows) {
      if (date === undefined || row.effectiveDate === date) addRow(total, row, id);
    }
    return total;
  }

  private loadDays(transfers: readonly Prepared[]): void {
    const dates = new Set([this.businessDate]);
    for (const { effectiveDate } of transfers) if (effectiveDate !== null) dates.add(effectiveDate);
    for (const { effectiveDate } of this.references.values()) dates.add(effectiveDate);
    for (const account of this.accounts.values()) {
      for (const date of dates) {
        if (!account.days.some((day) => day.date === date))
          account.days.push({ date, ...this.moved(account.id, date) });
      }
    }
  }

  private check(decided: Decided, before: ReadonlyMap<string, Counters>): void {
    const { rows, answers, firsts } = decided;
    const inOrder = answers.flat().flatMap(({ row }) => (row === null ? [] : [row]));
    assert.deepEqual(inOrder, [...rows.keys()], 'journal rows stand in the order of their answers');
    assert.deepEqual([decided.debitDays.length, decided.creditDays.length], [4 * rows.length, 4 * rows.length]);
    for (const [index, row] of rows.entries()) {
      this.rows.push(row);
      for (const [account, days] of [
        [row.debit, decided.debitDays],
        [row.credit, decided.creditDays],
      ] as const) {
        const expected = this.moved(account.id, row.effectiveDate);
        const stated = days.slice(4 * index, 4 * index + 4);
        assert.deepEqual(stated, valuesOf(expected), `day totals stated by row ${index}`);
      }
    }
    for (const [id, account] of this.accounts) {
      const expected = valuesOf(before.get(id) ?? zeroCounters());
      const moved = zeroCounters();
      for (const row of rows) addRow(moved, row, id);
      const sums = valuesOf(moved).map((value, index) => value + (expected[index] ?? 0n));
      assert.deepEqual(valuesOf(account), sums, 'counters change by what was accepted');
      for (const day of account.days) assert.deepEqual(valuesOf(day), valuesOf(this.moved(id, day.date)), day.date);
      const changed = decided.changed.some((one) => one.id === id);
      assert.ok(changed || valuesOf(moved).every((value) => value === 0n), 'an account that moved is said to have');
      assert.ok(!(changed && decided.seen.some((one) => one.id === id)), 'an account is changed or seen, not both');
    }
    for (const group of this.groups.values()) {
      const members = [...this.accounts.values()].filter((account) => account.guards.includes(group.key));
      const moved = rows.some(({ debit, credit }) => members.includes(debit) || members.includes(credit));
      assert.equal(decided.guardsChanged.has(group), moved, `whether group ${group.key} is said to have changed`);
      for (const counter of counterNames) {
        const sum = members.reduce((total, account) => total + account[counter], 0n);
        assert.equal(group[counter], sum, `${counter} of group ${group.key} is the sum of its members`);
      }
    }
    const fresh = answers.flat().filter(({ code, known }) => known === null && code !== 'id_reused');
    assert.deepEqual(
      firsts.map(({ answer }) => answer),
      fresh,
      'each id that was new is kept with its answer',
    );
  }

  private keep(decided: Decided): void {
    for (const { answer, fingerprint } of decided.firsts) {
      this.known.set(answer.id, { fingerprint, code: answer.code, sequence: null, recordedAt: start });
    }
    for (const { prepared, debit, credit, amount, effectiveDate } of decided.rows) {
      this.references.set(prepared.id, {
        id: prepared.id,
        kind: prepared.kind,
        debitAccountId: debit.id,
        creditAccountId: credit.id,
        amount,
        currency: debit.currency,
        effectiveDate,
        expiresAtMs: prepared.expiresAtMs,
        remaining: prepared.kind === 'pending' ? amount : 0n,
        ended: null,
        reversed: false,
      });
    }
    for (const [id, reference] of decided.references) this.references.set(id, reference);
  }
}

/** Plays a script; every outcome, every `=` and the bookkeeping of every batch must be as said. Returns the outcomes. */
export function play(script: string): string[] {
  const books = new Books();
  const outcomes: string[] = [];
  let batch: Line[][] = [[]];
  const flush = () => {
    const requests = batch.filter((request) => request.length > 0);
    batch = [[]];
    if (requests.length === 0) return;
    const codes = books.decide(requests.map((request) => request.map(({ input }) => input))).flat();
    for (const [index, { text, expected }] of requests.flat().entries()) {
      assert.equal(codes[index], expected, text);
      outcomes.push(expected);
    }
  };
  for (const text of script.split(/[\n;]/).map((line) => line.trim())) {
    const [first = '', ...words] = text.split(/\s+/);
    if (first === '') continue;
    if (first === 'request') batch.push([]);
    else if (first === 'batch') {
      flush();
      if (words[0] !== undefined) books.now = Temporal.Instant.from(words[0]);
    } else if (first === 'account') {
      flush();
      open(books, words);
    } else if (first === 'group') {
      flush();
      group(books, words);
    } else if (first === 'window') {
      flush();
      window(books, words);
    } else if (first === 'closed') {
      flush();
      books.closing = { closedThrough: words[0] ?? null, sealedThrough: words[1] ?? null };
    } else if (words.includes('=')) {
      flush();
      compare(books, first, words, text);
    } else batch.at(-1)?.push(lineOf(text));
  }
  flush();
  return outcomes;
}

function open(books: Books, [name = '', side, ...options]: readonly string[]): void {
  const account: Partial<Writable<AccountNow>> = { side: side === 'debit' ? 'debit' : 'credit' };
  for (const option of options) {
    const [key, value = ''] = option.split('=');
    if (key === 'min') account.minimum = minor(value);
    else if (key === 'max') account.maximum = minor(value);
    else if (key === 'state') account.state = value as AccountNow['state'];
    else if (key === 'cur') account.currency = value;
    else if (key === 'has') {
      for (const [index, amount] of value.split('/').entries()) {
        account[counterNames[index] ?? 'creditsPosted'] = minor(amount);
      }
    } else assert.fail(`account option ${option}`);
  }
  books.open(name, account);
}

function group(books: Books, [name = '', members = '', ...options]: readonly string[]): void {
  const accounts = members.split(',').map((member) => books.accounts.get(idOf(member)));
  const group: Writable<GroupNow> = {
    key: name,
    groupId: books.groups.size + 1,
    currency: 'CNY',
    side: 'credit',
    minimum: null,
    maximum: null,
    windows: [],
    otherUsage: [],
    version: 0n,
    seenBy: 0,
    ...zeroCounters(),
  };
  for (const option of options) {
    const [key, value = ''] = option.split('=');
    if (key === 'min') group.minimum = minor(value);
    else if (key === 'max') group.maximum = minor(value);
    else if (key === 'side') group.side = value === 'debit' ? 'debit' : 'credit';
    else assert.fail(`group option ${option}`);
  }
  for (const account of accounts) {
    assert.ok(account !== undefined, `members of ${name}`);
    account.guards = [...account.guards, name];
    for (const counter of counterNames) group[counter] += account[counter];
  }
  books.groups.set(name, group);
}

function window(books: Books, [name = '', direction, period, ...options]: readonly string[]): void {
  const bound: Writable<WindowNow> = {
    id: 1,
    direction: direction as WindowNow['direction'],
    period: period as WindowNow['period'],
    timeZone: 'Asia/Shanghai',
    maximumCount: null,
    maximumAmount: null,
    bucket: 0,
    count: 0n,
    amount: 0n,
  };
  for (const option of options) {
    const [key, value = ''] = option.split('=');
    if (key === 'count') bound.maximumCount = BigInt(value);
    else if (key === 'amount') bound.maximumAmount = minor(value);
    else assert.fail(`window option ${option}`);
  }
  const target = books.groups.get(name) ?? books.accounts.get(idOf(name));
  assert.ok(target !== undefined, name);
  target.windows = [...target.windows, bound];
}

function compare(books: Books, name: string, words: readonly string[], text: string): void {
  const at = words.indexOf('=');
  const reference = books.references.get(idOf(name));
  if (reference !== undefined) {
    assert.deepEqual([`${reference.remaining}`, reference.ended ?? 'open'], words.slice(at + 1), text);
    return;
  }
  const account = books.accounts.get(idOf(name));
  assert.ok(account !== undefined, text);
  const counters = at === 0 ? account : books.moved(account.id, words[0]);
  assert.deepEqual(valuesOf(counters), words.slice(at + 1).map(minor), text);
}

function lineOf(text: string): Line {
  const [statement = '', expected = ''] = text.split(' : ');
  const [name = '', ...words] = statement.trim().split(/\s+/);
  const input: Writable<Submission> = { id: idOf(name) };
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    if (kinds.has(word)) input.kind = word as Submission['kind'];
    else if (word === '&') input.linked = true;
    else if (word === 'keep') input.keepRemainder = true;
    else if (word === 'adjust') input.adjustment = true;
    else if (key === 'on') input.effectiveDate = value;
    else if (key === 'expires') input.expiresAt = value;
    else if (key === 'cur') input.currency = value;
    else if (key === 'amount') input.amount = value;
    else if (key === 'text') input.description = 'x'.repeat(Number(value));
    else if (key === 'type') input.type = 'x'.repeat(Number(value));
    else if (key === 'ref') input.reference = 'x'.repeat(Number(value));
    else if (word.includes('/')) {
      const [debit = '', credit = ''] = word.split('/');
      input.debitAccountId = idOf(debit);
      input.creditAccountId = idOf(credit);
      input.currency ??= 'CNY';
    } else if (/^(-?\d|max)/.test(word)) input.amount = minor(word);
    else if (input.kind === 'reverse') input.reversedId = idOf(word);
    else input.pendingId = idOf(word);
  }
  return { text, input, expected: expected.trim() };
}

function minor(text: string): bigint {
  const [, base, change = ''] = /^(-?\d+|max)([+-]\d+)?$/.exec(text) ?? [];
  assert.ok(base !== undefined, `amount ${text}`);
  return (base === 'max' ? MAX_MINOR : BigInt(base)) + (change === '' ? 0n : BigInt(change.replace('+', '')));
}

function valuesOf(counters: Counters): bigint[] {
  return counterNames.map((name) => counters[name]);
}

/** Adds what a journal row changes of one account. */
function addRow(total: Counters, { prepared, debit, credit, amount, released }: JournalRow, id: string): void {
  const posted = prepared.kind === 'transfer' || prepared.kind === 'post' || prepared.kind === 'reverse' ? amount : 0n;
  const pending = prepared.kind === 'pending' ? amount : -released;
  if (debit.id === id) {
    total.debitsPosted += posted;
    total.debitsPending += pending;
  }
  if (credit.id === id) {
    total.creditsPosted += posted;
    total.creditsPending += pending;
  }
}
