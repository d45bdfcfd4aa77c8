/** A database that cannot write, or cannot be reached: callers hear which, nothing is changed, and afterwards all is well. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#kernel/ids';
import type { Reply } from '#test/http';
import { everything } from '#test/ledger';
import { ledgerServer, serverBehindCable } from '#test/ledger-http';

const server = await ledgerServer({ after });
const { call, db } = server;
const bookId = 1;
const [cash, ann] = [newId(), newId()];

before(async () => {
  const account = { currency: 'CNY', code: '2011', side: 'credit' };
  const opened = await call('POST', '/accounts', { accounts: [cash, ann].map((id) => ({ id, ...account })) });
  assert.equal(opened.status, 201);
});

const payment = () => ({
  transfers: [{ id: newId(), debit_account_id: cash, credit_account_id: ann, amount: '1.00', currency: 'CNY' }],
});
const posting = () => call('POST', '/transfers', payment());
const opening = () =>
  call('POST', '/accounts', { accounts: [{ id: newId(), currency: 'CNY', code: '1001', side: 'debit' }] });

async function refusesWith(code: string, work: () => Promise<Reply>) {
  const before = await everything(db.admin, bookId);
  const { status, body, headers } = await work();
  assert.deepEqual([status, body.code, headers.get('retry-after')], [503, code, '1']);
  assert.deepEqual(await everything(db.admin, bookId), before);
}

test('out of disk', async () => {
  // What PostgreSQL raises when a write does not fit, raised by a trigger: filling a real disk would hit everybody on it.
  await db.admin.query(`
    create function public.no_room() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  for (const table of ['transfer', 'account']) {
    await db.admin.query(`create trigger no_room before insert on ledger.${table} execute function public.no_room()`);
  }
  await refusesWith('database_disk_full', posting);
  await refusesWith('database_disk_full', opening);
  for (const table of ['transfer', 'account']) await db.admin.query(`drop trigger no_room on ledger.${table}`);
  assert.equal((await posting()).status, 200);
  assert.equal((await opening()).status, 201);
});

test('read-only', async () => {
  const { rows } = await db.query<{ name: string }>('select current_database() as name');
  const name = rows[0]?.name;
  const reconnected = async () => {
    await db.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'longmen_app'`,
    );
    while ((await call('GET', '/books')).status !== 200) await sleep(10);
  };
  await db.admin.query(`alter database ${name} set default_transaction_read_only = on`);
  await reconnected();
  await refusesWith('database_read_only', posting);
  await refusesWith('database_read_only', opening);
  assert.equal((await call('GET', `/accounts/${ann}/statement`)).status, 200);
  await db.admin.connection(async (connection) => {
    await connection.query('set default_transaction_read_only = off');
    await connection.query(`alter database ${name} reset default_transaction_read_only`);
  });
  await reconnected();
  assert.equal((await posting()).status, 200);
});

test('unreachable', async (t) => {
  const far = await serverBehindCable(t, server);
  const request = payment();
  assert.equal((await far.call('GET', '/books')).status, 200);
  await far.cut();
  await refusesWith('database_unreachable', () => far.call('POST', '/transfers', request));
  await refusesWith('database_unreachable', () => far.call('GET', `/accounts/${ann}`));
  await refusesWith('database_unreachable', () => far.call('POST', '/books', { code: 'new', name: 'New' }));
  await far.mend();
  const { status, body } = await far.call('POST', '/transfers', request);
  assert.deepEqual([status, (body.results as { repeated: boolean }[])[0]?.repeated], [200, false]);
});
