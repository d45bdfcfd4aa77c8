/** The verifier finds what was changed by hand of groups, velocity windows and closings, and names the first row. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { account, assertFound, type Tampering } from '#test/ledger-tampering';
import { verify } from './index.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const bank = { dimension: 'branch', code: 'bank' };
const north = { dimension: 'branch', code: 'north' };
const family = { dimension: 'customer', code: 'family' };

/** Ann is in the north, Bob at the bank, both are a family; January is sealed, February closed. */
async function filledBook(): Promise<TestBook> {
  const one = await book({ code: '1001', side: 'debit' }, { code: '2011' }, { code: '2012' });
  const { code } = one;
  const [cash, ann, bob = ''] = one.ids;
  const daily = { direction: 'out', period: 'day', currency: 'CNY', maximumCount: 9, maximumAmount: null } as const;
  await db.transaction((tx) =>
    ledger.createGroups(tx, code, [bank, { ...north, parentCode: 'bank' }, { ...family, daily: false }]),
  );
  await ledger.joinGroup(code, north, [ann]);
  await ledger.joinGroup(code, bank, [bob]);
  await ledger.joinGroup(code, family, [ann, bob]);
  await db.transaction(async (tx) => {
    await ledger.createWindow(tx, code, { ...daily, code: 'ann', target: { accountId: ann }, per: 'account' });
    await ledger.createWindow(tx, code, { ...daily, code: 'family', target: family, per: 'group' });
    await ledger.setClosing(tx, code, { closedThrough: '2026-02-28', sealedThrough: '2026-01-31' });
  });
  const outcomes = await ledger.post(code, [
    transfer(cash, ann, 100n), // 1
    transfer(ann, bob, 30n), // 2
    transfer(bob, cash, 5n, { effectiveDate: '2026-02-15', adjustment: true }), // 3
    transfer(ann, cash, 7n, { kind: 'pending' }), // 4
    transfer(ann, cash, 1n, { effectiveDate: '2026-02-15' }),
  ]);
  assert.deepEqual(codes(outcomes), [...Array(4).fill('accepted'), 'period_closed']);
  clock.advance({ minutes: 1 });
  return one;
}

const group = (code: string) => `(select group_id from ledger.account_group where book_id = $1 and code = '${code}')`;
const ofGroup = (code: string) => `where book_id = $1 and group_id = ${group(code)}`;

const tamperings: readonly Tampering[] = [
  {
    what: 'balance of a group',
    sql: `update ledger.group_balance set credits_posted = credits_posted + 1 ${ofGroup('bank')}`,
    checks: ['groups'],
    first: { dimension: 'branch', code: 'bank', currency: 'CNY', stored: [7, 0, 35, 131], recomputed: [7, 0, 35, 130] },
  },
  {
    what: 'balance of a group deleted',
    sql: `delete from ledger.group_balance ${ofGroup('north')}`,
    checks: ['groups'],
    first: { code: 'north', recomputed: [7, 0, 30, 100] },
  },
  {
    what: 'balance of a group too many',
    sql: `insert into ledger.group_balance (book_id, group_id, currency, debits_posted) values ($1, ${group('north')}, 'JPY', 1)`,
    checks: ['groups'],
    first: { code: 'north', currency: 'JPY', stored: [0, 0, 1, 0] },
  },
  {
    what: 'a member too many',
    sql: `insert into ledger.group_member values ($1, ${group('bank')}, ${account(1)}, '2026-03-01')`,
    checks: ['groups', 'group_days'],
    first: { code: 'bank', stored: [7, 0, 35, 130], recomputed: [7, 7, 135, 135] },
  },
  {
    what: 'a member deleted',
    sql: `delete from ledger.group_member ${ofGroup('family')} and account_id = ${account(3)}`,
    checks: ['groups', 'windows'],
    first: { code: 'family' },
  },
  {
    what: 'parent of a group',
    sql: `update ledger.account_group set path = array[group_id] where book_id = $1 and code = 'north'`,
    checks: ['groups', 'group_days'],
    first: { code: 'bank', recomputed: [0, 0, 5, 30] },
  },
  {
    what: 'a group deleted',
    sql: `delete from ledger.account_group where book_id = $1 and code = 'north'`,
    checks: ['groups', 'group_days'],
    first: { code: 'bank' },
  },
  {
    what: 'totals of a group and date',
    sql: `update ledger.group_day set debits_posted = debits_posted + 1 ${ofGroup('bank')} and effective_date = '2026-02-15'`,
    checks: ['group_days'],
    first: { effective_date: '2026-02-15', currency: 'CNY', stored: [0, 0, 6, 0], recomputed: [0, 0, 5, 0] },
  },
  {
    what: 'totals of a group and date deleted',
    sql: `delete from ledger.group_day ${ofGroup('north')}`,
    checks: ['group_days'],
    first: { effective_date: '2026-03-02', recomputed: [7, 0, 30, 100] },
  },
  {
    what: 'totals of a group that keeps none',
    sql: `insert into ledger.group_day values ($1, ${group('family')}, 'CNY', '2026-03-02', 7, 0, 35, 130)`,
    checks: ['group_days'],
    first: { stored: [7, 0, 35, 130] },
  },
  {
    what: 'how often a window counted',
    sql: `update ledger.balance set usage[3] = 1 where book_id = $1 and account_id = ${account(2)}`,
    checks: ['windows'],
    first: { account: 2, window_id: 1, stored: [20514, 1, 37], recomputed: [20514, 2, 37] },
  },
  {
    what: 'what a window counted forgotten',
    sql: `update ledger.balance set usage = null where book_id = $1 and account_id = ${account(2)}`,
    checks: ['windows'],
    first: { account: 2, recomputed: [20514, 2, 37] },
  },
  {
    what: 'in which day a window counted',
    sql: `update ledger.balance set usage[2] = usage[2] + 1 where book_id = $1 and account_id = ${account(2)}`,
    checks: ['windows'],
    first: { account: 2, stored: [20515, 2, 37] },
  },
  {
    what: 'how much the window of a group counted',
    sql: `update ledger.group_balance set usage[4] = 0 ${ofGroup('family')}`,
    checks: ['windows'],
    first: { window_id: 2, account: 0, stored: [20514, 2, 0], recomputed: [20514, 2, 12] },
  },
  {
    what: 'what a window counted, of an account it does not bind',
    sql: `update ledger.balance set usage = '{1,20514,1,5}' where book_id = $1 and account_id = ${account(3)}`,
    checks: ['windows'],
    first: { account: 3, stored: [20514, 1, 5] },
  },
  {
    what: 'direction of a window',
    sql: `update ledger.velocity_window set direction = 'in' where book_id = $1 and code = 'ann'`,
    checks: ['windows'],
    first: { account: 2, recomputed: [20514, 1, 100] },
  },
  {
    what: 'mark of an adjustment',
    sql: 'update ledger.transfer set adjustment = false where book_id = $1 and sequence = 3',
    checks: ['closing'],
    first: { sequence: 3, effective_date: '2026-02-15', closed_through: '2026-02-28' },
  },
  {
    what: 'a history of sealing that lets through less',
    sql: [
      `update ledger.closing set sealed_through = '2026-02-28' where book_id = $1`,
      `update ledger.journal_end set sealed_through = '2026-02-28' where book_id = $1`,
    ],
    checks: ['closing'],
    first: { sequence: 3, sealed_through: '2026-02-28' },
  },
  {
    what: 'the present closing',
    sql: `update ledger.journal_end set closed_through = '2026-02-15' where book_id = $1`,
    checks: ['closing'],
    first: { sequence: null, closed_through: '2026-02-15' },
  },
  {
    what: 'the history of closings deleted',
    sql: 'delete from ledger.closing where book_id = $1',
    checks: ['closing'],
    first: { sequence: null, closed_through: '2026-02-28', sealed_through: '2026-01-31' },
  },
];

suite('what was changed by hand of groups, windows and closings is found', () => {
  test('and nothing else is', async () => {
    const one = await filledBook();
    assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  });

  for (const tampering of tamperings) {
    test(tampering.what, async () => assertFound(db, await filledBook(), tampering));
  }
});
