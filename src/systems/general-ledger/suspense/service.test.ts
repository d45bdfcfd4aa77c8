/** Suspense accounts on a real database: items at both clocks, matching and undoing it, and sums that equal balances. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { balance, balanceAsOf } from '#engines/ledger';
import { parseDate } from '#kernel/dates';
import { newId } from '#kernel/ids';
import { about, codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { suspenseItems, suspenseMatches, suspenseReport } from './queries.ts';
import { markSuspenseAccount, matchSuspense, setAgeingRule, undoSuspenseMatch } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const hand = { actor: 'Li Wei' };
const today = parseDate('2026-03-02');

/** A book with the accounts suspense (debit), deposits; the first is marked. */
async function suspenseBook(): Promise<TestBook> {
  const one = await book({ code: '1221', side: 'debit' }, {});
  await db.transaction((tx) => markSuspenseAccount(deps, tx, one.code, one.ids[0], true, hand));
  return one;
}

async function openOf(one: TestBook, date = today, recordedAt?: string): Promise<string[]> {
  const { items } = await suspenseItems(db, one.bookId, one.ids[0], { date, recordedAt });
  return items.map(({ side, remaining, days, reference }) => `${side} ${remaining} ${days}d ${reference ?? ''}`.trim());
}

test('items are cleared by reference, then first in, first out; each has its age', async () => {
  const one = await suspenseBook();
  const [suspense, deposits] = one.ids;
  await ledger.post(one.code, [
    transfer(suspense, deposits, 100n, { effectiveDate: '2026-01-31', reference: 'a' }),
    transfer(suspense, deposits, 50n, { effectiveDate: '2026-02-28', reference: 'b' }),
    transfer(deposits, suspense, 50n, { effectiveDate: '2026-03-01', reference: 'b' }),
    transfer(deposits, suspense, 30n, { effectiveDate: '2026-03-02' }),
  ]);
  assert.deepEqual(await openOf(one), ['debit 70 30d a']);
  assert.deepEqual(await openOf(one, parseDate('2026-03-01')), ['debit 100 29d a']);
  assert.deepEqual(await openOf(one, parseDate('2026-02-28')), ['debit 100 28d a', 'debit 50 0d b']);

  await db.transaction((tx) => setAgeingRule(deps, tx, one.code, '', { bucketDays: [7, 30], limitDays: 29 }, hand));
  const [line] = await suspenseReport(db, one.bookId, { date: today });
  assert.deepEqual(
    line?.buckets.map(({ label, items, amount }) => `${label}: ${items}, ${amount}`),
    ['0-7: 0, 0', '8-30: 1, 70', 'over 30: 0, 0'],
  );
  assert.deepEqual(line?.overLimit, { items: 1, amount: 70n, limitDays: 29 });
  assert.equal(line?.balance, 70n);
});

test('a match by hand is recorded, seen from its instant on, and undone with a reason', async () => {
  const one = await suspenseBook();
  const [suspense, deposits] = one.ids;
  const first = transfer(suspense, deposits, 100n, { effectiveDate: '2026-02-01' });
  const second = transfer(suspense, deposits, 100n, { effectiveDate: '2026-02-15' });
  const paid = transfer(deposits, suspense, 100n);
  await ledger.post(one.code, [first, second, paid]);
  const before = clock.now().toString();
  assert.deepEqual(await openOf(one), ['debit 100 15d']);

  clock.advance({ minutes: 1 });
  const input = { matchId: newId(), accountId: suspense, itemId: second.id, clearingId: paid.id };
  const match = () => db.transaction((tx) => matchSuspense(deps, tx, one.code, input, hand));
  assert.equal((await match()).amount, 100n);
  assert.equal((await match()).amount, 100n, 'the same again');
  const matched = clock.now().toString();
  assert.deepEqual(await openOf(one), ['debit 100 29d']);
  assert.deepEqual(await openOf(one, today, before), ['debit 100 15d'], 'as known before');
  await assert.rejects(
    db.transaction((tx) => matchSuspense(deps, tx, one.code, { ...input, itemId: first.id }, hand)),
    { code: 'suspense_match_invalid', meta: { reason: 'id_reused' } },
  );

  clock.advance({ minutes: 1 });
  const undo = (reason: string) =>
    db.transaction((tx) => undoSuspenseMatch(deps, tx, one.code, input.matchId, { ...hand, reason }));
  await assert.rejects(undo(' '), { code: 'reason_required' });
  await undo('wrong item');
  await undo('again');
  assert.deepEqual(await openOf(one), ['debit 100 15d']);
  assert.deepEqual(await openOf(one, today, matched), ['debit 100 29d'], 'as known between');
  const [kept] = await suspenseMatches(db, one.bookId, suspense);
  assert.deepEqual([kept?.actor, kept?.undone?.reason], ['Li Wei', 'wrong item']);
});

test('a match is refused when it cannot be', async () => {
  const one = await suspenseBook();
  const [suspense, deposits] = one.ids;
  const item = transfer(suspense, deposits, 100n);
  const other = transfer(suspense, deposits, 100n);
  const paid = transfer(deposits, suspense, 60n);
  const wrong = transfer(deposits, suspense, 10n);
  const held = transfer(deposits, suspense, 5n, { kind: 'pending' });
  await ledger.post(one.code, [item, other, paid, wrong, held, about('reverse', wrong.id)]);
  const attempt = (itemId: string, clearingId: string, amount?: bigint, accountId = suspense) =>
    db.transaction((tx) =>
      matchSuspense(deps, tx, one.code, { matchId: newId(), accountId, itemId, clearingId, amount }, hand),
    );
  await attempt(item.id, paid.id, 50n);
  const refused: readonly [string, () => Promise<unknown>][] = [
    ['same_side', () => attempt(item.id, other.id)],
    ['same_side', () => attempt(item.id, item.id)],
    ['amount_exceeds', () => attempt(other.id, paid.id, 11n)],
    ['amount_exceeds', () => attempt(other.id, paid.id, 0n)],
    ['amount_exceeds', () => attempt(other.id, paid.id, -1n)],
    ['reversed', () => attempt(other.id, wrong.id)],
    ['no_posting', () => attempt(other.id, held.id)],
  ];
  for (const [reason, attempted] of refused) {
    await assert.rejects(attempted(), { code: 'suspense_match_invalid', meta: { reason } }, reason);
  }
  await assert.rejects(attempt(item.id, paid.id, 1n, deposits), { code: 'suspense_account_unknown' });
  assert.equal((await attempt(other.id, paid.id)).amount, 10n, 'by default all that both still have');
});

test('a mark can be taken back, and a rule must make sense', async () => {
  const one = await suspenseBook();
  await db.transaction((tx) => markSuspenseAccount(deps, tx, one.code, one.ids[0], false, hand));
  await assert.rejects(openOf(one), { code: 'suspense_account_unknown' });
  assert.deepEqual(await suspenseReport(db, one.bookId, { date: today }), []);
  await assert.rejects(
    db.transaction((tx) => setAgeingRule(deps, tx, one.code, '', { bucketDays: [7, 3], limitDays: 1 }, hand)),
    { code: 'suspense_rule_invalid' },
  );
});

test('whatever is posted and matched, open items sum to the balance at every date', async () => {
  const day = fc.integer({ min: 1, max: 28 }).map((value) => `2026-02-${String(value).padStart(2, '0')}`);
  const posting = fc.record({
    amount: fc.bigInt({ min: 1n, max: 90n }),
    inward: fc.boolean(),
    day,
    reference: fc.constantFrom('a', 'b', undefined),
    reversed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(posting, { minLength: 1, maxLength: 10 }), fc.array(fc.nat(9)), async (made, picks) => {
      const one = await suspenseBook();
      const [suspense, deposits] = one.ids;
      const transfers = made.map(({ amount, inward, day: effectiveDate, reference }) =>
        transfer(inward ? suspense : deposits, inward ? deposits : suspense, amount, { effectiveDate, reference }),
      );
      const reversals = transfers
        .filter((_, index) => made[index]?.reversed === true)
        .map(({ id }) => about('reverse', id, { effectiveDate: '2026-02-20' }));
      const outcomes = await ledger.post(one.code, [...transfers, ...reversals]);
      assert.ok(codes(outcomes).every((code) => code === 'accepted'));
      for (const [index, pick] of picks.entries()) {
        const input = { itemId: transfers[pick]?.id ?? newId(), clearingId: transfers[index]?.id ?? newId() };
        await db
          .transaction((tx) =>
            matchSuspense(deps, tx, one.code, { matchId: newId(), accountId: suspense, ...input }, hand),
          )
          .catch(() => undefined);
      }
      for (const date of ['2026-02-10', '2026-02-20', '2026-02-28'].map(parseDate)) {
        const found = await suspenseItems(db, one.bookId, suspense, { date });
        const { account, counters } = await balanceAsOf(db, one.bookId, suspense, date);
        const signed = found.items.map((item) => (item.side === account.side ? item.remaining : -item.remaining));
        const sum = signed.reduce((total, value) => total + value, 0n);
        assert.equal(sum, balance(account.side, counters));
        assert.equal(found.balance, sum);
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 60_000 },
  );
});
