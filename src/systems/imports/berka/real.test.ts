import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, it } from 'node:test';
import { openLedger, verify } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { headPosition } from '#kernel/events';
import { testDatabase } from '#test/database';
import { importBerka } from './service.ts';

const folder = join(resolve(process.env.LONGMEN_SHARED ?? '../shared'), 'data', 'berka');
const skip = existsSync(folder) ? false : `no real data: ${folder} (see LONGMEN_SHARED) does not exist`;

it('imports a real bank, and every account-day agrees', { skip }, async () => {
  const clock = manualClock('2026-03-02T01:00:00Z');
  const db = await testDatabase({ after });
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  after(() => ledger.close());
  const expected = {
    transactions: 46_997,
    accounts: 1_229,
    account_days: 38_821,
    exact: 36_839,
    rounding: 1_982,
    unexplained: 0,
    closing_total: '39296720.10',
  };
  assert.deepEqual(await importBerka({ db, ledger, clock }, folder), expected);
  const bookId = await ledger.bookId('berka');
  const head = await headPosition(db, bookId);
  assert.deepEqual(await importBerka({ db, ledger, clock }, folder), expected);
  assert.equal(await headPosition(db, bookId), head);
  assert.deepEqual((await verify(db)).findings, []);
});
