/** Invariants 14 to 16 of README.md: groups, velocity windows and closed periods, on random histories in a real database. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Temporal } from '#kernel/dates';
import { type TestBook, testLedger, timeZone } from '#test/ledger';
import { accounts, entriesOf, submit, sumOf, units } from '#test/ledger-history';
import { accountId, closingOf, closings, establish, groupKey, groups, regimes, windowOf } from '#test/ledger-regime';
import {
  type Counters,
  groupBalances,
  listAccounts,
  listTransfers,
  type OutcomeCode,
  type Transfer,
  type TransferInput,
  verify,
  type WindowInput,
} from './index.ts';
import { zeroCounters } from './model.ts';

const { db, clock, ledger, another, book } = await testLedger({ after });
const second = await another();
const wholeBook = { limit: 10_000 };
const met = new Set<OutcomeCode>();

/** What happens between two requests, besides time. */
const acts = fc.oneof(
  fc.record({ act: fc.constant('join' as const), group: fc.nat(3), account: fc.nat(5) }),
  fc.record({ act: fc.constant('leave' as const), group: fc.nat(3), account: fc.nat(5) }),
  fc.record({ act: fc.constant('close' as const), closed: closings, sealed: fc.boolean() }),
  fc.record({ act: fc.constant('nothing' as const) }),
);
const steps = fc.noBias(
  fc.array(
    fc.record({
      cut: fc.integer({ min: 1, max: 4 }),
      entrance: fc.constantFrom('lane', 'lane', 'other lane', 'inside'),
      wait_min: fc.constantFrom(0, 0, 0, 14, 15, 60, 540),
      act: acts,
    }),
    { minLength: 20, maxLength: 30, size: 'max' },
  ),
);

/** Who is in which group by number, as the groups above have it too; what was closed; what windows have let through. */
class Watch {
  readonly members = groups.map(() => new Set<string>());
  closing = closingOf({ closed: null, sealed: false });
  readonly counted = new Map<string, { bucket: string; count: number; amount: bigint }>();
  readonly windows: readonly WindowInput[];
  readonly inputs: ReadonlyMap<string, TransferInput>;
  rows: Transfer[] = [];

  constructor(windows: readonly WindowInput[], inputs: readonly TransferInput[]) {
    this.windows = windows;
    this.inputs = new Map(inputs.map((input) => [input.id, input]));
  }

  /** An account of a branch is one of the bank too. */
  idsOf(group: number): Set<string> {
    const [, north = [], south = []] = this.members;
    const own = this.members[group] ?? [];
    return new Set(group === 0 ? [...own, ...north, ...south] : own);
  }

  /** 15: counts a journal row in every window that counts it, and what it has counted stays within its maxima. */
  count(row: Transfer): void {
    if (row.kind !== 'transfer' && row.kind !== 'pending') return;
    for (const window of this.windows) {
      if (row.currency !== window.currency) continue;
      for (const subject of this.subjects(window, row)) {
        const key = `${window.code} ${subject}`;
        const bucket = bucketOf(window.period, row.recordedAt);
        const before = this.counted.get(key);
        const { count, amount } = before?.bucket === bucket ? before : { count: 0, amount: 0n };
        const after = { bucket, count: count + 1, amount: amount + row.amount };
        this.counted.set(key, after);
        assert.ok(after.count <= (window.maximumCount ?? Infinity), '15: count');
        assert.ok(after.amount <= (window.maximumAmount ?? after.amount), '15: amount');
      }
    }
  }

  private subjects({ target, per, direction }: WindowInput, row: Transfer): string[] {
    const group = 'accountId' in target ? null : this.idsOf(groups.findIndex(({ code }) => code === target.code));
    const held = (id: string) => ('accountId' in target ? id === target.accountId : group?.has(id));
    const entries = [
      { id: row.debitAccountId, way: sideOf(row.debitAccountId) === 'debit' ? 'in' : 'out' },
      { id: row.creditAccountId, way: sideOf(row.creditAccountId) === 'credit' ? 'in' : 'out' },
    ].filter(({ id }) => held(id));
    if (per === 'group' && entries.length === 2) return [];
    return entries.filter(({ way }) => way === direction).map(({ id }) => (per === 'group' ? '' : id));
  }
}

function sideOf(id: string): string {
  return accounts.find((account) => account.id === id)?.side ?? '';
}

/** The hour, day or month of an instant where the bank is, as the beginning of its local time. */
function bucketOf(period: WindowInput['period'], instant: string): string {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone).toPlainDateTime().toString();
  return local.slice(0, { hour: 13, day: 10, month: 7 }[period]);
}

async function heldByGroups(bookId: number, effectiveDate?: string): Promise<Map<string, Counters>> {
  const lines = await Promise.all(
    ['branch', 'customer'].map((dimension) => groupBalances(db, bookId, { dimension, effectiveDate })),
  );
  return new Map(lines.flat().map(({ code, currency, counters }) => [`${code} ${currency}`, counters]));
}

/** 14: what a group holds is what its members hold together; `date`: as of an effective date, from the journal. */
async function groupsAreSums({ bookId }: TestBook, watch: Watch, date?: string): Promise<void> {
  const held = await heldByGroups(bookId, date);
  const found = await listAccounts(db, bookId, wholeBook);
  const ofAccount = new Map(found.map((account) => [account.id, account.counters]));
  if (date !== undefined) {
    const upTo = entriesOf(watch.rows, watch.inputs).filter(({ transfer }) => transfer.effectiveDate <= date);
    for (const id of ofAccount.keys()) ofAccount.set(id, sumOf(upTo.filter(({ accountId: own }) => own === id)));
  }
  for (const [index, { code }] of groups.entries()) {
    for (const currency of ['CNY', 'JPY']) {
      const members = accounts.filter(({ id, currency: own }) => own === currency && watch.idsOf(index).has(id));
      const expected = sumOf(members.map(({ id }) => ofAccount.get(id) ?? zeroCounters()));
      assert.deepEqual(held.get(`${code} ${currency}`) ?? zeroCounters(), expected, `14: ${code} ${currency} ${date}`);
    }
  }
}

/** 15: what is kept of a window is what the journal rows make it. */
async function windowsAreCounts({ bookId }: TestBook, watch: Watch): Promise<void> {
  const { rows } = await db.query<{ key: string; count: bigint; amount: bigint }>(
    `select w.code || ' ' || u.subject as key, u.usage[i + 2] as count, u.usage[i + 3] as amount
     from (select account_id::text as subject, usage from ledger.balance where book_id = $1
       union all select '', usage from ledger.group_balance where book_id = $1) u
     cross join lateral generate_series(1, cardinality(u.usage), 4) as i
     join ledger.velocity_window w on w.book_id = $1 and w.window_id = u.usage[i] where u.usage[i + 2] > 0`,
    [bookId],
  );
  const kept = new Map(rows.map(({ key, count, amount }) => [key, { count: Number(count), amount }]));
  const expected = new Map([...watch.counted].map(([key, { count, amount }]) => [key, { count, amount }]));
  assert.deepEqual(kept, expected, '15: what windows have counted');
}

test('14, 15 and 16 hold at every moment of a random history', async () => {
  await fc.assert(
    fc.asyncProperty(units, steps, regimes, async (drafts, walk, regime) => {
      clock.set('2026-03-02T01:00:00Z');
      const one = await book(...accounts);
      await establish(db, ledger, one.code, regime);
      const rest = submit(drafts, clock.now());
      const watch = new Watch(regime.windows.map(windowOf), rest.flat());
      for (const [account, group] of regime.members) watch.members[group]?.add(accountId(account));
      watch.closing = closingOf(regime);
      for (let step = 0; rest.length > 0; step++) {
        const { cut, entrance, wait_min, act } = walk[step % walk.length] ?? walk[0] ?? assert.fail();
        clock.advance({ minutes: wait_min });
        if (wait_min > 60) await ledger.expireDue(one.code);
        if (act.act === 'join' || act.act === 'leave') {
          const move = act.act === 'join' ? ledger.joinGroup : ledger.leaveGroup;
          await move(one.code, groupKey(act.group), [accountId(act.account)]);
          watch.members[act.group]?.[act.act === 'join' ? 'add' : 'delete'](accountId(act.account));
        } else if (act.act === 'close') {
          watch.closing = closingOf(act);
          await db.transaction((tx) => ledger.setClosing(tx, one.code, watch.closing));
        }
        const request: TransferInput[] = rest.splice(0, cut).flat();
        const outcomes =
          entrance === 'inside'
            ? await db.transaction((tx) => ledger.postIn(tx, one.code, request))
            : await (entrance === 'lane' ? ledger : second).post(one.code, request);
        for (const { code } of outcomes) met.add(code);
        const before = watch.rows.length;
        watch.rows = await listTransfers(db, one.bookId, wholeBook);
        const { closedThrough, sealedThrough } = watch.closing;
        for (const row of watch.rows.slice(before)) {
          watch.count(row);
          if (row.kind === 'expire') continue;
          assert.ok(row.effectiveDate > (sealedThrough ?? ''), '16: nothing in what is sealed');
          assert.ok(
            row.effectiveDate > (closedThrough ?? '') || row.adjustment,
            '16: only adjustments in what is closed',
          );
        }
        await groupsAreSums(one, watch);
        if (step % 4 === 0) await windowsAreCounts(one, watch);
      }
      await windowsAreCounts(one, watch);
      for (const date of ['2026-02-25', '2026-02-26', '2026-02-28', '2026-03-02', '2026-03-04']) {
        await groupsAreSums(one, watch, date);
      }
      assert.deepEqual((await verify(db, { book: one.code })).findings, []);
    }),
    { numRuns: 8, interruptAfterTimeLimit: 60_000 },
  );
  const own = [...met].filter((code) => /^(period|exceeds_(group|window))_/.test(code));
  assert.ok(own.length >= 2, `the histories meet the rules: ${[...met].join()}`);
});
