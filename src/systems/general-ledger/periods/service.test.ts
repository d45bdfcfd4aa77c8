/** Periods on a real database, and the fine print: reversals, expiries and both clocks across closed and sealed periods. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { balance, balanceAsOf, closing, groupBalances, trialBalance, verify } from '#engines/ledger';
import { readEvents } from '#kernel/events';
import { about, codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { installChart, standardChart } from '../chart/service.ts';
import { markSuspenseAccount } from '../suspense/service.ts';
import { makeYearEnd } from '../year-end/service.ts';
import { parsePeriod } from './model.ts';
import { adjustmentsOf, listPeriods, periodActions } from './queries.ts';
import { closePeriod, periodChecks, reopenPeriod, sealPeriod } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const hand = { actor: 'Li Wei' };

const close = (one: TestBook, period: string, pendingLimitDays?: number) =>
  db.transaction((tx) => closePeriod(deps, tx, one.code, period, { ...hand, pendingLimitDays }));
const seal = (one: TestBook, period: string) => db.transaction((tx) => sealPeriod(deps, tx, one.code, period, hand));
const reopen = (one: TestBook, period: string, reason = 'audit') =>
  db.transaction((tx) => reopenPeriod(deps, tx, one.code, period, { ...hand, reason }));

async function post(one: TestBook, ...transfers: Parameters<typeof ledger.post>[1]): Promise<string> {
  return codes(await ledger.post(one.code, transfers)).join(' ');
}

const on = (effectiveDate: string, more = {}) => ({ effectiveDate, ...more });

async function balanceOn(one: TestBook, date: string, recordedAt?: string): Promise<bigint> {
  const { account, counters } = await balanceAsOf(db, one.bookId, one.ids[1], date, recordedAt);
  return balance(account.side, counters);
}

/** The instant now, behind everything recorded so far, and a second later the clock goes on. */
function instant(): string {
  clock.advance({ seconds: 1 });
  const now = clock.now().toString();
  clock.advance({ seconds: 1 });
  return now;
}

test('a month is closed, sealed and re-opened, each with its mark and its event', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book();
  const [cash, deposits] = one.ids;
  await post(one, transfer(cash, deposits, 100n, on('2026-01-15')), transfer(cash, deposits, 1n, on('2026-02-28')));
  await assert.rejects(close(one, '2026-02'), (error: Error) => /postings begin on 2026-01-15/.test(error.message));
  await assert.rejects(close(one, '2026-03'), { code: 'period_check_failed' });
  assert.equal((await close(one, '2026-01')).period.state, 'closed');
  const again = await close(one, '2026-01');
  assert.deepEqual([again.changed, again.period.lastAction?.actor], [false, 'Li Wei']);

  assert.equal(await post(one, transfer(cash, deposits, 5n, on('2026-01-31'))), 'period_closed');
  assert.equal(await post(one, transfer(cash, deposits, 5n, on('2026-02-01'))), 'accepted');
  assert.equal(await post(one, transfer(cash, deposits, 7n, on('2026-01-31', { adjustment: true }))), 'accepted');
  const adjustments = await adjustmentsOf(db, one.bookId, parsePeriod('2026-01'), { limit: 10 });
  assert.deepEqual(
    adjustments.map(({ amount, effectiveDate }) => [amount, effectiveDate]),
    [[7n, '2026-01-31']],
  );

  await assert.rejects(seal(one, '2026-02'), { code: 'period_state_wrong' });
  assert.equal((await seal(one, '2026-01')).period.state, 'sealed');
  assert.equal(await post(one, transfer(cash, deposits, 7n, on('2026-01-31', { adjustment: true }))), 'period_sealed');
  assert.equal((await close(one, '2026-01')).changed, false, 'sealed is closed');

  await assert.rejects(reopen(one, '2026-01', ''), { code: 'reason_required' });
  await close(one, '2026-02');
  await assert.rejects(reopen(one, '2026-01'), { code: 'period_later_closed' });
  await reopen(one, '2026-02');
  assert.equal((await reopen(one, '2026-02')).changed, false);
  await reopen(one, '2026-01');
  assert.deepEqual(await closing(db, one.bookId), { closedThrough: '2025-12-31', sealedThrough: '2025-12-31' });
  assert.equal(await post(one, transfer(cash, deposits, 5n, on('2026-01-31'))), 'accepted');

  const actions = await periodActions(db, one.bookId);
  assert.deepEqual(
    actions.map(({ period, action, closedThrough, reason }) => `${period} ${action} ${closedThrough} ${reason ?? '-'}`),
    [
      '2026-01 close 2026-01-31 -',
      '2026-01 seal 2026-01-31 -',
      '2026-02 close 2026-02-28 -',
      '2026-02 reopen 2026-01-31 audit',
      '2026-01 reopen 2025-12-31 audit',
    ],
  );
  assert.ok(actions[0]?.checks.some(({ code, passed }) => code === 'trial_balance' && passed));
  const months = await listPeriods(db, one.bookId, ledger.businessDate());
  assert.deepEqual(
    months.map(({ code, state }) => `${code} ${state}`),
    ['2026-01 open', '2026-02 open', '2026-03 open'],
  );
  const events = (await readEvents(db, one.bookId, 0n, 1_000)).map(({ type }) => type);
  assert.equal(events.filter((type) => type.startsWith('general_ledger.period_')).length, 5);
  for (const table of ['period_action', 'year_end_action', 'year_end_transfer', 'suspense_match']) {
    await assert.rejects(db.query(`delete from general_ledger.${table}`), /permission denied/);
    await assert.rejects(db.query(`update general_ledger.${table} set book_id = 0`), /permission denied/);
  }
});

test('a year closes and re-opens with its months; leap day, February and year end lie where they belong', async () => {
  clock.set('2029-01-01T01:00:00Z');
  const one = await book();
  const [cash, deposits] = one.ids;
  await post(one, transfer(cash, deposits, 1n, on('2028-02-29')), transfer(cash, deposits, 2n, on('2028-12-31')));
  await close(one, '2028-01');
  assert.equal(await post(one, transfer(cash, deposits, 4n, on('2028-02-01'))), 'accepted');
  await close(one, '2028-02');
  assert.equal(await post(one, transfer(cash, deposits, 4n, on('2028-02-29'))), 'period_closed');
  assert.equal(await post(one, transfer(cash, deposits, 4n, on('2028-03-01'))), 'accepted');
  const states = async () =>
    (await listPeriods(db, one.bookId, ledger.businessDate())).map(({ state }) => state.slice(0, 1)).join('');
  assert.equal(await states(), 'cooooooooooo', 'February to January');
  assert.equal((await close(one, '2028')).period.state, 'closed');
  assert.equal(await states(), 'ccccccccccco');
  assert.equal(await post(one, transfer(cash, deposits, 4n, on('2028-12-31'))), 'period_closed');
  assert.equal(await post(one, transfer(cash, deposits, 4n, on('2029-01-01'))), 'accepted');
  assert.equal((await reopen(one, '2028')).period.state, 'open');
  assert.equal(await states(), 'oooooooooooo');

  clock.set('2028-12-31T15:59:59Z');
  await assert.rejects(close(one, '2028-12'), { code: 'period_check_failed' }, 'the day is not over in Shanghai');
});

test('the checks stop a closing, or only tell', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book({ code: '1001', side: 'debit' }, {}, { code: '8888' });
  const [cash, deposits, odd = ''] = one.ids;
  await db.transaction((tx) => markSuspenseAccount(deps, tx, one.code, odd, true, hand));
  await post(
    one,
    transfer(cash, odd, 9n, on('2026-01-02')),
    transfer(cash, deposits, 5n, on('2026-01-20', { kind: 'pending' })),
    transfer(cash, deposits, 5n, on('2026-02-20', { kind: 'pending' })),
  );
  const found = async (limit?: number) =>
    (await periodChecks(deps, db, one.code, '2026-01', limit)).map(
      ({ code, passed, blocking }) => `${code} ${passed ? 'passed' : blocking ? 'stops' : 'told'}`,
    );
  const expected = [
    'period_over passed',
    'earlier_closed passed',
    'trial_balance passed',
    'pending_transfers stops',
    'accounts_in_chart told',
    'suspense_items passed',
  ];
  assert.deepEqual(await found(), expected);
  await assert.rejects(close(one, '2026-01'), (error: Error & { meta?: { checks?: { code: string }[] } }) => {
    assert.match(error.message, /1 transfers are still pending, 1 of them for more than 30 days/);
    return error.meta?.checks?.length === 6;
  });
  await installChart(deps, one.code, await standardChart('asbe'), { ...hand, strict: true });
  assert.deepEqual(await found(60), expected.with(3, 'pending_transfers passed').with(4, 'accounts_in_chart stops'));
  await installChart(deps, one.code, await standardChart('asbe'), { ...hand, strict: false });
  const [, , , , , suspense] = await periodChecks(deps, db, one.code, '2026-02', 60);
  assert.deepEqual([suspense?.passed, suspense?.findings[0]?.over_limit], [false, '1']);
  assert.equal((await close(one, '2026-01', 60)).period.state, 'closed');
});

test('a reversal across a closed and a sealed period counts from an open date, or is an adjustment', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book();
  const [cash, deposits] = one.ids;
  const made = [1n, 2n, 3n, 4n].map((amount) => transfer(cash, deposits, amount, on('2026-01-10')));
  const [first, second, third, fourth] = made.map(({ id }) => id);
  await post(one, ...made);
  await close(one, '2026-01');
  const reverse = (id = '', date = '', adjustment = false) =>
    post(one, about('reverse', id, { effectiveDate: date, adjustment }));
  assert.equal(await reverse(first, '2026-01-10'), 'period_closed');
  assert.equal(await reverse(first, '2026-02-01'), 'accepted');
  assert.equal(await reverse(second, '2026-01-10', true), 'accepted');
  await seal(one, '2026-01');
  assert.equal(await reverse(third, '2026-01-31', true), 'period_sealed');
  assert.equal(await reverse(third, '2026-02-01'), 'accepted');
  assert.deepEqual(await Promise.all(['2026-01-31', '2026-02-28'].map((date) => balanceOn(one, date))), [8n, 4n]);
  assert.equal((await adjustmentsOf(db, one.bookId, parsePeriod('2026-01'), { limit: 9 }))[0]?.relatedId, second);
  await reopen(one, '2026-01');
  assert.equal(await reverse(fourth, '2026-01-31'), 'accepted');
  assert.equal((await verify(db, { book: one.code })).ok, true);
});

test('a hold of a closed period expires and is voided at the business date; an expired one stays expired', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book();
  const [cash, deposits] = one.ids;
  const hold = (expiresAt?: string) =>
    transfer(
      cash,
      deposits,
      10n,
      on('2026-02-27', { kind: 'pending', ...(expiresAt === undefined ? {} : { expiresAt }) }),
    );
  const expiring = hold('2026-03-03T00:00:00Z');
  const seen = hold('2026-03-03T00:00:00Z');
  const kept = hold();
  await post(one, expiring, seen, kept);
  await close(one, '2026-02');
  await seal(one, '2026-02');
  clock.set('2026-03-03T00:00:00Z');
  assert.equal(await post(one, about('void', seen.id)), 'pending_expired', 'expired, though not released yet');
  assert.equal(await ledger.expireDue(one.code), 2);
  assert.equal(
    await post(one, about('void', expiring.id), about('post', expiring.id)),
    'pending_expired pending_expired',
  );
  assert.equal(await post(one, about('void', kept.id, on('2026-02-28'))), 'period_sealed');
  assert.equal(await post(one, about('void', kept.id)), 'accepted');
  const pendingOn = async (date: string) => (await balanceAsOf(db, one.bookId, deposits, date)).counters.creditsPending;
  assert.deepEqual(await Promise.all(['2026-02-28', '2026-03-02', '2026-03-03'].map(pendingOn)), [30n, 30n, 0n]);
});

test('both clocks agree across a back-dated posting, a reversal, a seal and a year end', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book({ code: '1001', side: 'debit' }, {}, { code: '6011', side: 'credit' });
  const [cash, deposits, interest = ''] = one.ids;
  await installChart(deps, one.code, await standardChart('asbe'), hand);
  const first = transfer(cash, deposits, 100n, on('2025-12-31'));
  await post(one, first, transfer(cash, interest, 30n, on('2025-12-30')));
  const start = instant();
  await close(one, '2025-12');
  await post(one, transfer(cash, deposits, 20n, on('2025-12-15', { adjustment: true })));
  const backDated = instant();
  await post(one, about('reverse', first.id, on('2026-01-01')));
  const reversed = instant();
  await makeYearEnd(deps, one.code, 2025, hand);
  await seal(one, '2025-12');
  const sealed = instant();
  await reopen(one, '2025');
  const reopened = instant();

  const rows: readonly [date: string, at: string, deposits: bigint][] = [
    ['2025-12-15', start, 0n],
    ['2025-12-31', start, 100n],
    ['2025-12-15', backDated, 20n],
    ['2025-12-31', backDated, 120n],
    ['2026-01-01', backDated, 120n],
    ['2025-12-31', reversed, 120n],
    ['2026-01-01', reversed, 20n],
    ['2026-01-01', sealed, 20n],
    ['2025-12-31', reopened, 120n],
  ];
  for (const [date, at, amount] of rows) assert.equal(await balanceOn(one, date, at), amount, `${date} ${at}`);

  const net = async (code: string, at: string) => {
    const line = (await trialBalance(db, one.bookId, '2025-12-31', at)).find((found) => found.code === code);
    const [group] = await groupBalances(db, one.bookId, {
      dimension: 'chart',
      code,
      effectiveDate: '2025-12-31',
      recordedAt: at,
    });
    const both = [line?.counters, group?.counters].map((counters) =>
      counters === undefined ? 0n : counters.debitsPosted - counters.creditsPosted,
    );
    assert.equal(both[0], both[1], `group and trial balance of ${code}`);
    return both[0];
  };
  const seen = await Promise.all([start, reversed, sealed, reopened].map((at) => net('6011', at)));
  assert.deepEqual(seen, [-30n, -30n, 0n, -30n]);
  assert.deepEqual(await Promise.all([reversed, sealed, reopened].map((at) => net('4104', at))), [0n, -30n, 0n]);
  assert.equal((await verify(db, { book: one.code })).ok, true);
});

test('of two who close at once one does it; a posting in flight is before the closing or refused', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book();
  const [cash, deposits] = one.ids;
  await post(one, transfer(cash, deposits, 1n, on('2026-01-10')));
  const [a, b, posted] = await Promise.all([
    close(one, '2026-01'),
    close(one, '2026-01'),
    post(one, transfer(cash, deposits, 1n, on('2026-01-10'))),
  ]);
  assert.deepEqual([a.changed, b.changed].toSorted(), [false, true]);
  assert.ok(['accepted', 'period_closed'].includes(posted));
  assert.equal(await balanceOn(one, '2026-01-31'), posted === 'accepted' ? 2n : 1n);
  assert.equal((await verify(db, { book: one.code })).ok, true);
});

test('a permission check stands in front of every action and sees who asks for what', async () => {
  clock.set('2026-03-02T01:00:00Z');
  const one = await book();
  const asked: string[] = [];
  const careful = {
    ...deps,
    authorise: async (_tx: unknown, { action, subject, actor }: { action: string; subject: string; actor: string }) => {
      asked.push(`${actor} ${action} ${subject}`);
      if (action === 'period_reopen') throw new Error('needs a second pair of eyes');
    },
  };
  await db.transaction((tx) => closePeriod(careful, tx, one.code, '2026-01', hand));
  await assert.rejects(
    db.transaction((tx) => reopenPeriod(careful, tx, one.code, '2026-01', { ...hand, reason: 'x' })),
    { message: 'needs a second pair of eyes' },
  );
  assert.deepEqual(asked, ['Li Wei period_close 2026-01', 'Li Wei period_reopen 2026-01']);
  assert.equal((await closing(db, one.bookId)).closedThrough, '2026-01-31');
});
