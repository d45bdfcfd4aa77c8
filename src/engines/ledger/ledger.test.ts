import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { manualClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { type AccountInput, openLedger, readAccount, type TransferInput, verify } from './index.ts';

const clock = manualClock('2026-03-02T01:00:00Z');
const db = await testDatabase({ after });
const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
after(() => ledger.close());

describe('posting', () => {
  it('accepts, refuses, repeats', async () => {
    await db.transaction((tx) => createBook(tx, { code: 'a', name: 'A' }, clock));
    const [x, y] = [newId(), newId()];
    const inputs: AccountInput[] = [
      { id: x, currency: 'CNY', code: '1001', side: 'debit' },
      { id: y, currency: 'CNY', code: '2011', side: 'credit', limits: { minimum: 0n } },
    ];
    await db.transaction((tx) => ledger.openAccounts(tx, 'a', inputs));
    const t: TransferInput[] = [
      { id: newId(), debitAccountId: x, creditAccountId: y, amount: '10.00', currency: 'CNY' },
      { id: newId(), debitAccountId: y, creditAccountId: x, amount: '10.01', currency: 'CNY' },
    ];
    const o = await ledger.post('a', t);
    assert.deepEqual(
      o.map((r) => r.code),
      ['accepted', 'exceeds_available'],
    );
    const again = await ledger.post('a', t);
    assert.deepEqual(
      again.map((r) => [r.code, r.repeated]),
      [
        ['accepted', true],
        ['exceeds_available', true],
      ],
    );
    const acc = await readAccount(db, await ledger.bookId('a'), y);
    assert.equal(acc.counters.creditsPosted, 1000n);
    const report = await verify(db);
    assert.deepEqual(report.findings, []);
  });
});
