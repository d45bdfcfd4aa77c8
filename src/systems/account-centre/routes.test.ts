/** The account centre's routes, from a token to problem details. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLedger } from '#engines/ledger';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { caller, testServer } from '#test/http';
import { timeZone, transfer } from '#test/ledger';
import { openAlerts } from './alerts.ts';
import { accountCentreRoutes } from './routes.ts';

const server = await testServer({ after }, [
  (app, deps) => accountCentreRoutes(openLedger({ db: deps.db, clock: deps.clock, timeZone }))(app, deps),
]);
const { db, clock } = server;
const ledger = openLedger({ db, clock, timeZone });
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));

type Json = Record<string, unknown>;

const call = caller(server, '/api/v1/account-centre');

const [cash, deposit, margin] = [newId(), newId(), newId()];

test('a tree is opened, filled, read, frozen and closed', async () => {
  assert.equal((await call('POST', '/customers', { key: 'C-1' })).status, 201);
  assert.deepEqual((await call('POST', '/customers', { key: 'a/b' })).body.code, 'tree_key_invalid');
  assert.equal((await call('GET', '/customers/C-9')).status, 404);
  const node = { path: 'fund/margin', name: '保证金' };
  assert.deepEqual((await call('POST', '/customers/C-1/nodes', node)).body, node);
  assert.equal((await call('POST', '/customers/C-1/nodes', { ...node, name: 'x' })).body.code, 'node_different');
  await db.transaction((tx) =>
    ledger.openAccounts(tx, 'main', [
      { id: cash, currency: 'CNY', code: '1001', side: 'debit' },
      { id: margin, currency: 'CNY', code: '2011', side: 'credit' },
    ]),
  );
  const account = {
    id: deposit,
    node: 'fund',
    currency: 'CNY',
    code: '2011',
    side: 'credit',
    limits: { minimum: '0.00' },
  };
  const key = { 'idempotency-key': 'open-1' };
  for (let again = 0; again < 2; again++) {
    assert.equal((await call('POST', '/customers/C-1/accounts', { accounts: [account] }, key)).status, 201);
  }
  const attached = await call('POST', '/customers/C-1/attachments', { node: 'fund/margin', account_ids: [margin] });
  assert.equal(attached.status, 200);
  await ledger.post('main', [transfer(cash, deposit, 12_345n), transfer(deposit, margin, 45n)]);

  const { body } = await call('GET', '/customers/C-1');
  const held = { balance: '123.45', available: '123.45', pending_in: '0.00', pending_out: '0.00', earmarked: '0.00' };
  assert.deepEqual(body.totals, [{ currency: 'CNY', side: 'credit', accounts: 2, ...held }]);
  const past = await call('GET', '/customers/C-1?effective_date=2020-01-01');
  assert.equal((past.body.totals as Json[])[0]?.balance, '0.00');
  assert.equal((await call('GET', '/customers/C-1?effective_date=2020-02-30')).status, 400);
  assert.deepEqual(
    (await call('GET', '/customers')).body.items.map((one) => [one.customer, one.accounts]),
    [['C-1', 2]],
  );
  const lines: unknown[] = [];
  for (let cursor = ''; ; ) {
    const page = await call('GET', `/customers/C-1/statement?limit=1${cursor}`);
    for (const line of page.body.entries as Json[]) lines.push([line.debit, line.credit, line.balance_after]);
    if (page.body.next_cursor === null) break;
    cursor = `&cursor=${page.body.next_cursor}`;
  }
  assert.deepEqual(lines, [
    [null, '123.45', '123.45'],
    [null, '0.45', '0.45'],
    ['0.45', null, '123.00'],
  ]);

  assert.equal(
    (await call('POST', '/customers/C-1/actions', { action: 'freeze' })).body.code,
    'centre_reason_required',
  );
  const frozen = await call('POST', '/customers/C-1/actions', { action: 'freeze', reason: 'court order' });
  assert.equal((frozen.body.changes as Json[]).length, 2);
  await call('POST', '/customers/C-1/actions', { action: 'unfreeze', reason: 'lifted' });
  const closed = await call('POST', '/customers/C-1/actions', { action: 'close', reason: 'moves away' });
  assert.deepEqual(
    [closed.status, closed.body.code, (closed.body.obstacles as Json[]).length],
    [409, 'action_stopped', 2],
  );
  const trail = (await call('GET', '/customers/C-1/actions')).body.items;
  assert.deepEqual(
    trail.map((one) => `${one.action} ${one.actor} ${one.reason}`),
    ['open test null', 'attach test null', 'freeze test court order', 'unfreeze test lifted'],
  );
});

test('an earmark is set, used and released', async () => {
  const id = newId();
  const earmark = { id, account_id: deposit, amount: '100.00', purpose: '学费', expires_at: '2030-01-01T00:00:00Z' };
  const set = await call('POST', '/earmarks', earmark);
  assert.deepEqual([set.status, set.body.state, set.body.remaining], [201, 'active', '100.00']);
  assert.equal((await call('POST', '/earmarks', { ...earmark, amount: '1.234' })).body.code, 'earmark_invalid');
  const more = await call('POST', '/earmarks', { ...earmark, id: newId() });
  assert.deepEqual([more.status, more.body.code, more.body.outcome], [422, 'earmark_refused', 'exceeds_available']);
  const use = { id: newId(), to_account_id: margin, amount: '30.00' };
  assert.equal((await call('POST', `/earmarks/${id}/uses`, use)).body.remaining, '70.00');
  assert.equal((await call('POST', `/earmarks/${id}/uses`, use)).body.remaining, '70.00');
  assert.equal((await call('POST', `/earmarks/${id}/release`, {})).body.code, 'centre_reason_required');
  const released = await call('POST', `/earmarks/${id}/release`, { reason: 'paid otherwise' });
  assert.deepEqual([released.body.state, (released.body.steps as Json[]).length], ['released', 3]);
  assert.equal((await call('GET', '/earmarks?customer=C-1')).body.items.length, 1);
  assert.equal((await call('GET', `/earmarks/${newId()}`)).status, 404);
  const outside = { ...earmark, id: newId(), account_id: cash };
  assert.equal((await call('POST', '/earmarks', outside)).body.code, 'account_not_in_tree');
});

test('a rule is added, raises alerts, and is retired', async (t) => {
  const id = newId();
  const rule = { id, customer: 'C-1', node: 'fund', currency: 'CNY', at_least: '10.00', subscribers: ['adviser Wang'] };
  const added = await call('POST', '/alert-rules', rule);
  assert.deepEqual([added.status, added.body.at_least, added.body.actor], [201, '10.00', 'test']);
  const faulty = { ...rule, id: newId(), currency: null };
  assert.equal((await call('POST', '/alert-rules', faulty)).body.code, 'alert_rule_invalid');
  await ledger.post('main', [transfer(cash, deposit, 1_000n), transfer(cash, deposit, 999n)]);
  const stop = new AbortController();
  const loop = openAlerts({ db, ledger, clock }).run({ bookId: await ledger.bookId('main') }, stop.signal);
  t.after(async () => {
    stop.abort();
    await loop;
  });
  let items: Json[] = [];
  while (items.length === 0) items = (await call('GET', '/alerts?customer=C-1')).body.items;
  assert.deepEqual(
    items.map((one) => [one.rule_id, one.direction, one.amount, one.balance, one.subscribers]),
    [[id, 'in', '10.00', null, ['adviser Wang']]],
  );
  assert.equal((await call('POST', `/alert-rules/${id}/retire`, {})).status, 200);
  assert.notEqual((await call('GET', '/alert-rules?customer=C-1')).body.items[0]?.retired_at, null);
  assert.equal((await call('POST', `/alert-rules/${newId()}/retire`, {})).status, 404);
});
