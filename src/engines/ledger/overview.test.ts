/** What systems that check or close books ask of the ledger. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { about, testLedger, transfer } from '#test/ledger';
import { balanceAsOf, balancesAsOf, codesInUse, firstEffectiveDate, openPendings } from './index.ts';

const { db, ledger, book } = await testLedger({ after });

test('codes in use, open pendings, many balances and the first date', async () => {
  const one = await book({ code: '1001', side: 'debit' }, {}, {}, { currency: 'JPY' });
  const [cash, deposits, other = '', yen = ''] = one.ids;
  assert.equal(await firstEffectiveDate(db, one.bookId), null);
  const held = transfer(cash, deposits, 9n, { kind: 'pending', effectiveDate: '2026-02-28' });
  const ended = transfer(cash, deposits, 7n, { kind: 'pending', effectiveDate: '2026-02-28' });
  const later = transfer(cash, deposits, 7n, { kind: 'pending', effectiveDate: '2026-03-01' });
  await ledger.post(one.code, [
    transfer(cash, other, 5n, { effectiveDate: '2024-02-29' }),
    transfer(cash, deposits, 6n),
    held,
    ended,
    later,
    about('void', ended.id),
    about('post', held.id, { amount: 2n, keepRemainder: true }),
  ]);
  assert.deepEqual(
    (await codesInUse(db, one.bookId)).map(({ code, currency, side, accounts }) => [code, currency, side, accounts]),
    [
      ['1001', 'CNY', 'debit', 1],
      ['2011', 'CNY', 'credit', 2],
      ['2011', 'JPY', 'credit', 1],
    ],
  );
  const open = await openPendings(db, one.bookId, { effectiveThrough: '2026-02-28', limit: 10 });
  assert.deepEqual(
    open.map((pending) => [pending.transfer.id, pending.remaining]),
    [[held.id, 7n]],
  );
  assert.equal(await firstEffectiveDate(db, one.bookId), '2024-02-29');
  for (const date of ['2024-02-28', '2024-02-29', '2026-03-02']) {
    const balances = await balancesAsOf(db, one.bookId, [cash, deposits, other, yen], date);
    for (const id of one.ids) {
      const { counters } = await balanceAsOf(db, one.bookId, id, date);
      assert.deepEqual(balances.get(id), counters, `${id} ${date}`);
    }
  }
});
