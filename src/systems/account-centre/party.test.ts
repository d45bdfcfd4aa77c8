/** Who the customer is: trees follow the survivor of a merge, and reading one says so in the audit trail. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ledgerRoutes, openLedger } from '#engines/ledger';
import { auditRoutes } from '#kernel/audit';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { partyRoutes, simulatedVerification } from '#systems/parties';
import { caller, testServer } from '#test/http';
import { timeZone } from '#test/ledger';
import { accountCentreRoutes, customersOfParties } from './index.ts';

const server = await testServer(
  { after },
  [
    async (app, deps) => {
      const ledger = openLedger({ db: deps.db, clock: deps.clock, timeZone });
      await ledgerRoutes(ledger)(app, deps);
      await accountCentreRoutes(ledger)(app, deps);
    },
    partyRoutes({ timeZone, verification: simulatedVerification(), customersOf: customersOfParties }),
    auditRoutes,
  ],
  'silent',
  { audited: true },
);
const { db, clock } = server;
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
const call = caller(server, '/api/v1');

async function party(name: string): Promise<string> {
  const { body } = await call('POST', '/parties', { kind: 'person', names: [{ value: name }] });
  return String(body.id);
}
const open = (key: string, party_id?: string) => call('POST', '/account-centre/customers', { key, party_id });
const treesOf = async (id: string) => {
  const { body } = await call('GET', `/account-centre/customers?party_id=${id}`);
  const page = await call('GET', `/parties/${id}`);
  const keys = body.items.map(({ customer }) => customer);
  assert.deepEqual(
    (page.body.customers as { customer: string }[]).map(({ customer }) => customer),
    keys,
  );
  return keys;
};

test('a customer is a party that exists, said at opening or later', async () => {
  const [one, two] = [await party('王小明'), await party('李四')];
  assert.equal((await open('C-1', newId(clock))).body.code, 'party_not_found');
  assert.equal((await call('GET', '/account-centre/customers/C-1')).status, 404);
  const opened = await open('C-1', one);
  assert.deepEqual([opened.status, opened.body.party_id], [201, one]);
  assert.deepEqual((await open('C-1', one)).body, opened.body);
  assert.deepEqual((await open('C-1')).body, opened.body);
  assert.equal((await open('C-1', two)).body.code, 'customer_different');
  assert.equal((await open('C-2')).body.party_id, null);
  const put = (key: string, party_id: string) => call('PUT', `/account-centre/customers/${key}/party`, { party_id });
  assert.equal((await put('C-2', newId(clock))).body.code, 'party_not_found');
  assert.equal((await put('C-9', two)).body.code, 'tree_not_found');
  assert.equal((await put('C-2', one)).body.party_id, one);
  assert.equal((await put('C-2', two)).body.party_id, two);
  assert.deepEqual([await treesOf(one), await treesOf(two)], [['C-1'], ['C-2']]);
});

test('trees follow the survivor of a merge, and come back with a split', async () => {
  const [a, b, c] = [await party('赵一'), await party('赵二'), await party('赵三')];
  for (const [key, id] of [
    ['M-a', a],
    ['M-b', b],
    ['M-c', c],
  ] as const) {
    await open(key, id);
  }
  const merge = async (survivor_id: string, absorbed_id: string) => {
    const id = newId(clock);
    const reason = 'One person';
    const made = await call('POST', '/parties/merges', { id, survivor_id, absorbed_id, reason });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return () => call('POST', `/parties/merges/${id}/split`, { reason: 'Two persons' });
  };
  assert.deepEqual(await treesOf(a), ['M-a']);
  const splitB = await merge(b, c);
  assert.deepEqual(await treesOf(b), ['M-b', 'M-c']);
  const splitA = await merge(a, b);
  for (const id of [a, b, c]) assert.deepEqual(await treesOf(id), ['M-a', 'M-b', 'M-c']);
  // Whoever opens a tree for the one that was merged opens it for the survivor.
  assert.equal((await open('M-c', a)).status, 201);
  assert.equal((await splitA()).status, 200);
  assert.deepEqual([await treesOf(a), await treesOf(c)], [['M-a'], ['M-b', 'M-c']]);
  assert.equal((await splitB()).status, 200);
  assert.deepEqual([await treesOf(b), await treesOf(c)], [['M-b'], ['M-c']]);
});

test('reading a tree or an account names it in the trail', async () => {
  const id = newId(clock);
  const account = { id, node: 'fund', currency: 'CNY', code: '2011', side: 'credit' };
  assert.equal((await call('POST', '/account-centre/customers/C-1/accounts', { accounts: [account] })).status, 201);
  const looked = async (kind: string, subject: string) => {
    await server.recorded();
    const path = `/audit/entries?effect=read&subject=${kind}:${encodeURIComponent(subject)}`;
    const routes = (await call('GET', path)).body.items.map(({ route }) => String(route).replace('/api/v1', ''));
    return routes.filter((route) => !route.startsWith('/audit'));
  };
  const before = await looked('customer', 'main/C-1');
  for (const path of ['', '/statement', '/actions']) await call('GET', `/account-centre/customers/C-1${path}`);
  const after = await looked('customer', 'main/C-1');
  assert.deepEqual(after.slice(0, after.length - before.length), [
    '/account-centre/customers/:key/actions',
    '/account-centre/customers/:key/statement',
    '/account-centre/customers/:key',
  ]);
  for (const path of ['', '/balance', '/statement']) await call('GET', `/ledger/accounts/${id}${path}`);
  await call('GET', '/ledger/accounts');
  assert.deepEqual(await looked('account', id), [
    '/ledger/accounts',
    '/ledger/accounts/:id/statement',
    '/ledger/accounts/:id/balance',
    '/ledger/accounts/:id',
  ]);
});
