/** Groups, velocity windows and closings over real HTTP: what goes in and what comes out, and the codes of bad input. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { newId } from '#kernel/ids';
import { timeZone } from '#test/ledger';
import { ledgerServer } from '#test/ledger-http';
import { openLedger } from './index.ts';

const server = await ledgerServer({ after });
const { call, db, clock } = server;
const [cash, ann, bob] = [newId(), newId(), newId()].sort() as [string, string, string];
const createdAt = '2025-01-02T03:04:05.000000Z';

type Json = Record<string, unknown>;

async function post(...transfers: Json[]): Promise<string[]> {
  const sent = transfers.map((transfer) => ({ id: newId(), amount: '1.00', currency: 'CNY', ...transfer }));
  const { body } = await call('POST', '/transfers', { transfers: sent });
  return (body.results as { code: string }[]).map(({ code }) => code);
}

const pay = (from: string, to: string, more: Json = {}) => ({ debit_account_id: from, credit_account_id: to, ...more });

async function ok(method: string, path: string, body?: unknown, status = 200): Promise<Json> {
  const reply = await call(method, path, body);
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

before(async () => {
  const account = (id: string, more: Json = {}) => ({ id, currency: 'CNY', code: '2011', side: 'credit', ...more });
  const accounts = [account(cash, { code: '1001', side: 'debit' }), account(ann), account(bob)];
  await ok('POST', '/accounts', { accounts }, 201);
  assert.deepEqual(await post(pay(cash, ann, { amount: '100.00' }), pay(cash, bob, { amount: '50.00' })), [
    'accepted',
    'accepted',
  ]);
});

suite('groups', () => {
  test('are created once and listed page by page', async () => {
    const groups = [
      { dimension: 'branch', code: 'bank' },
      { dimension: 'branch', code: '北', name: 'North', parent_code: 'bank', daily: false },
      { dimension: 'chart', code: '2011', account_code: '2011' },
    ];
    const replies = groups.map(
      ({ dimension, code, name = '', parent_code = null, daily = true, account_code = null }) =>
        Object.assign({ dimension, code, name, parent_code, daily, account_code, created_at: createdAt }),
    );
    assert.deepEqual(await ok('POST', '/groups', { groups }, 201), { groups: replies });
    assert.deepEqual(await ok('POST', '/groups', { groups }, 201), { groups: replies });
    const first = await ok('GET', '/groups?dimension=branch&limit=1');
    assert.deepEqual(first.items, replies.slice(0, 1));
    const next = await ok(
      'GET',
      `/groups?dimension=branch&limit=1&cursor=${encodeURIComponent(`${first.next_cursor}`)}`,
    );
    assert.deepEqual(next, { items: replies.slice(1, 2), next_cursor: null });
    assert.deepEqual((await ok('GET', '/groups')).items, replies);
  });

  test('are built by code, joined, left, and tell their members', async () => {
    assert.deepEqual(await ok('POST', '/groups/build', undefined), { moved: 2 });
    const north = `/groups/branch/${encodeURIComponent('北')}`;
    assert.deepEqual(await ok('POST', `${north}/join`, { accounts: [ann, ann.toUpperCase(), bob] }), { moved: 2 });
    assert.deepEqual(await ok('POST', `${north}/join`, { accounts: [ann] }), { moved: 0 });
    assert.deepEqual(await ok('POST', `${north}/leave`, { accounts: [bob, cash] }), { moved: 1 });
    await ok('POST', '/groups/branch/bank/join', { accounts: [bob] });
    const first = await ok('GET', '/groups/branch/bank/members?limit=1');
    assert.deepEqual(first.items, [ann]);
    const path = `/groups/branch/bank/members?limit=1&cursor=${encodeURIComponent(`${first.next_cursor}`)}`;
    assert.deepEqual(await ok('GET', path), { items: [bob], next_cursor: null });
  });

  test('tell what they hold, at both clocks', async () => {
    clock.advance({ hours: 1 });
    assert.deepEqual(await post(pay(ann, cash, { effective_date: '2024-12-31', amount: '30.00' })), ['accepted']);
    const held = async (query: string) => {
      const { items } = await ok('GET', `/groups/branch/balances?${query}`);
      return (items as Json[]).map(({ code, net }) => [code, net]);
    };
    assert.deepEqual((await ok('GET', '/groups/branch/balances?code=bank')).items, [
      {
        dimension: 'branch',
        code: 'bank',
        currency: 'CNY',
        debits_pending: '0.00',
        credits_pending: '0.00',
        debits_posted: '30.00',
        credits_posted: '150.00',
        net: '-120.00',
      },
    ]);
    assert.deepEqual(await held(''), [
      ['bank', '-120.00'],
      ['北', '-70.00'],
    ]);
    assert.deepEqual(await held('code=bank&effective_date=2024-12-31'), [['bank', '30.00']]);
    assert.deepEqual(await held('code=bank&recorded_at=2025-01-02T03:30:00Z'), [['bank', '-150.00']]);
    const report = await ok('GET', '/groups/chart/balances');
    assert.equal((report.items as Json[]).length, 1);
  });

  test('have limits, which bind the next transfer', async () => {
    const limits = { currency: 'CNY', side: 'credit', minimum: '119.00', maximum: null };
    assert.deepEqual(await ok('PUT', '/groups/branch/bank/limits', limits), limits);
    assert.deepEqual(await post(pay(ann, cash), pay(bob, cash), pay(ann, bob)), [
      'accepted',
      'exceeds_group_minimum',
      'accepted',
    ]);
    await ok('PUT', '/groups/branch/bank/limits', { ...limits, minimum: null });
  });
});

suite('velocity windows', () => {
  const window = {
    code: 'daily',
    name: 'Every day',
    target: { dimension: 'branch', code: 'bank' },
    per: 'group',
    direction: 'out',
    period: 'day',
    currency: 'CNY',
    maximum_count: 1,
    maximum_amount: null,
  };

  test('are created, changed, retired and listed', async () => {
    const created = await ok('POST', '/windows', window, 201);
    assert.deepEqual(created, { ...window, time_zone: timeZone, created_at: created.created_at, retired_at: null });
    assert.deepEqual(await post(pay(ann, cash), pay(bob, cash)), ['accepted', 'exceeds_window_count']);
    const maxima = { maximum_count: null, maximum_amount: '1.50' };
    assert.deepEqual(await ok('PATCH', '/windows/daily', maxima), { ...created, ...maxima });
    assert.deepEqual(await post(pay(bob, cash)), ['exceeds_window_amount']);
    const own = { ...window, code: 'own', target: { account_id: bob }, per: 'account', maximum_count: 0 };
    await ok('POST', '/windows', own, 201);
    const retired = await ok('PATCH', '/windows/own', { retired: true });
    assert.notEqual(retired.retired_at, null);
    assert.deepEqual((await ok('GET', '/windows')).items, [{ ...created, ...maxima }, retired]);
    await ok('PATCH', '/windows/daily', { retired: true });
    assert.deepEqual(await post(pay(bob, cash)), ['accepted']);
  });
});

test('the closing is told; an adjustment is marked', async () => {
  assert.deepEqual(await ok('GET', '/closing'), { closed_through: null, sealed_through: null });
  const ledger = openLedger({ db, clock, timeZone });
  const closing = { closedThrough: '2024-12-31', sealedThrough: '2024-11-30' };
  await db.transaction((tx) => ledger.setClosing(tx, 'main', closing));
  assert.deepEqual(await ok('GET', '/closing'), { closed_through: '2024-12-31', sealed_through: '2024-11-30' });
  const on = (effective_date: string, adjustment: boolean) => pay(bob, ann, { effective_date, adjustment });
  assert.deepEqual(await post(on('2024-12-31', false), on('2024-12-31', true), on('2024-11-30', true)), [
    'period_closed',
    'accepted',
    'period_sealed',
  ]);
  const { items } = await ok('GET', '/transfers?limit=1000');
  assert.deepEqual(
    (items as Json[]).filter(({ adjustment }) => adjustment === true).map(({ effective_date }) => effective_date),
    ['2024-12-31'],
  );
});

suite('bad input has its code', () => {
  const group = (more: Json) => ({ groups: [{ dimension: 'branch', code: 'x', ...more }] });
  const limits = { currency: 'CNY', side: 'credit', minimum: null, maximum: null };
  const target = { dimension: 'branch', code: 'bank' };
  const window = { code: 'w', target, per: 'account', direction: 'in', period: 'hour', currency: 'CNY' };
  const maxima = { maximum_count: 1, maximum_amount: null };
  const bounded = { ...window, ...maxima };
  const accounts = { accounts: [ann] };
  const none = '/groups/branch/none';
  const faults: readonly (readonly [string, string, unknown, number, string])[] = [
    ['POST', '/groups', { groups: [] }, 400, 'request_invalid'],
    ['POST', '/groups', group({ more: 1 }), 400, 'request_invalid'],
    ['POST', '/groups', group({ code: 'a\u0000' }), 400, 'request_invalid'],
    ['POST', '/groups', group({ dimension: 'Branch' }), 400, 'group_invalid'],
    ['POST', '/groups', group({ code: 'x'.repeat(65) }), 400, 'group_invalid'],
    ['POST', '/groups', group({ account_code: '' }), 400, 'group_invalid'],
    ['POST', '/groups', group({ parent_code: 'none' }), 409, 'group_parent_not_found'],
    ['POST', '/groups', group({ code: 'bank', name: 'other' }), 409, 'group_different'],
    ['POST', '/groups', { ...group({}), book: 'none' }, 404, 'book_not_found'],
    ['GET', '/groups?cursor=none', undefined, 400, 'cursor_invalid'],
    ['GET', '/groups?limit=0', undefined, 400, 'request_invalid'],
    ['GET', '/groups/branch/balances?code=none', undefined, 404, 'group_not_found'],
    ['GET', '/groups/branch/balances?effective_date=2025-02-30', undefined, 400, 'request_invalid'],
    ['GET', '/groups/branch/balances?recorded_at=yesterday', undefined, 400, 'request_invalid'],
    ['GET', `${none}/members`, undefined, 404, 'group_not_found'],
    ['GET', '/groups/branch/bank/members?cursor=none', undefined, 400, 'cursor_invalid'],
    ['POST', `${none}/join`, accounts, 404, 'group_not_found'],
    ['POST', `${none}/leave`, accounts, 404, 'group_not_found'],
    ['POST', '/groups/branch/bank/join', { accounts: [] }, 400, 'request_invalid'],
    ['POST', '/groups/branch/bank/join', { accounts: ['ann'] }, 400, 'request_invalid'],
    ['POST', '/groups/branch/bank/join', { accounts: [newId()] }, 404, 'account_not_found'],
    ['POST', '/groups/build?book=none', undefined, 404, 'book_not_found'],
    ['PUT', `${none}/limits`, limits, 404, 'group_not_found'],
    ['PUT', '/groups/branch/bank/limits', { ...limits, currency: 'CNX' }, 400, 'request_invalid'],
    ['PUT', '/groups/branch/bank/limits', { ...limits, side: 'left' }, 400, 'request_invalid'],
    ['PUT', '/groups/branch/bank/limits', { ...limits, minimum: 'abc' }, 400, 'group_invalid'],
    ['PUT', '/groups/branch/bank/limits', { ...limits, minimum: '2', maximum: '1' }, 400, 'group_invalid'],
    ['POST', '/windows', window, 400, 'request_invalid'],
    ['POST', '/windows', { ...bounded, period: 'year' }, 400, 'request_invalid'],
    ['POST', '/windows', { ...bounded, maximum_count: -1 }, 400, 'request_invalid'],
    ['POST', '/windows', { ...bounded, maximum_amount: '1.234' }, 400, 'window_invalid'],
    ['POST', '/windows', { ...bounded, maximum_amount: '-1' }, 400, 'window_invalid'],
    ['POST', '/windows', { ...bounded, maximum_count: null }, 400, 'window_invalid'],
    ['POST', '/windows', { ...bounded, target: { account_id: ann }, per: 'group' }, 400, 'window_invalid'],
    ['POST', '/windows', { ...bounded, target: { account_id: newId() } }, 404, 'account_not_found'],
    ['POST', '/windows', { ...bounded, target: { ...target, code: 'none' } }, 404, 'group_not_found'],
    ['POST', '/windows', { ...bounded, code: 'daily' }, 409, 'window_different'],
    ['PATCH', '/windows/none', maxima, 404, 'window_not_found'],
    ['PATCH', '/windows/none', { retired: true }, 404, 'window_not_found'],
    ['PATCH', '/windows/daily', { maximum_count: 1 }, 400, 'request_invalid'],
    ['PATCH', '/windows/daily', { maximum_count: null, maximum_amount: null }, 400, 'window_invalid'],
    ['GET', '/windows?book=none', undefined, 404, 'book_not_found'],
    ['GET', '/closing?book=none', undefined, 404, 'book_not_found'],
  ];
  for (const [method, path, body, status, code] of faults) {
    test(`${method} ${path} ${JSON.stringify(body) ?? ''}: ${code}`.slice(0, 120), async () => {
      const reply = await call(method, path, body);
      assert.deepEqual([reply.status, reply.body.code], [status, code], JSON.stringify(reply.body));
    });
  }
});
