/** What the application's role cannot do to the books, whatever the application does. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { about, testLedger, transfer } from '#test/ledger';

const { db, ledger, book } = await testLedger({ after });
const one = await book();
const paid = transfer(one.ids[0], one.ids[1], 1n);
await ledger.post(one.code, [
  paid,
  transfer(one.ids[0], one.ids[1], 1n, { kind: 'pending' }),
  about('reverse', paid.id),
]);

suite('the application role', () => {
  const statements: readonly [string, string][] = [
    ['change the journal', 'update ledger.transfer set amount_minor = 1'],
    ['delete from the journal', 'delete from ledger.transfer'],
    ['empty the journal', 'truncate ledger.transfer'],
    ['change an answer', 'update ledger.answer set code = 0'],
    ['delete an answer', 'delete from ledger.answer'],
    ['change a reversal', 'update ledger.reversal set reversed_id = transfer_id'],
    ['delete a reversal', 'delete from ledger.reversal'],
    ['delete a pending', 'delete from ledger.pending'],
    ['change what is carried over', 'update ledger.carried_day set debits_posted = 0'],
    ['delete a row carried over', 'delete from ledger.carried_transfer'],
    ['move the beginning of the journal', 'update ledger.archive_end set through_sequence = 1'],
    ['delete a balance', 'delete from ledger.balance'],
    ['delete an account', 'delete from ledger.account'],
    ['change the currency of an account', `update ledger.account set currency = 'JPY'`],
    ['change the side of an account', `update ledger.account set side = 'debit'`],
    ['delete from the event log', 'delete from kernel.event'],
    ['replace the posting function', 'alter function ledger.commit_batch rename to nothing'],
    ['switch off triggers', 'alter table ledger.transfer disable trigger all'],
    ['become the owner', 'set role longmen_owner'],
  ];
  for (const [what, sql] of statements) {
    test(`cannot ${what}`, async () => {
      await assert.rejects(db.query(sql), (error: { code?: string; message: string }) => {
        assert.equal(error.code, '42501', error.message);
        return true;
      });
    });
  }
});
