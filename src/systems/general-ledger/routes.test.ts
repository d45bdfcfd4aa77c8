/** The general ledger's routes, from a token to problem details. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLedger } from '#engines/ledger';
import { assignRole, saveRole } from '#kernel/access';
import { createBook } from '#kernel/events';
import { createStaff } from '#kernel/identity';
import { newId } from '#kernel/ids';
import { listNotifications } from '#kernel/notifications';
import { caller, testServer } from '#test/http';
import { timeZone, transfer } from '#test/ledger';
import { generalLedgerRoutes } from './routes.ts';

const server = await testServer({ after }, [
  (app, deps) => generalLedgerRoutes(openLedger({ db: deps.db, clock: deps.clock, timeZone }))(app, deps),
]);
const { db, clock } = server;
const ledger = openLedger({ db, clock, timeZone });
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));

type Json = Record<string, unknown>;

const call = caller(server, '/api/v1/general-ledger');

const [cash, interest, suspense] = [newId(), newId(), newId()];

const decides = await db.transaction(async (tx) => {
  await saveRole(
    tx,
    { code: 'decides', nameZh: '复核', nameEn: 'Decides', permissions: ['general_ledger.period:approve'] },
    clock,
  );
  const person = { login: 'decides', name: '复核', email: 'decides@bank.example' };
  const { staff } = await createStaff(tx, person, { linkHours: 1 }, clock);
  await assignRole(tx, { staffId: staff.staffId, role: 'decides', unit: 'institution' }, clock);
  return staff.staffId;
});

test('a chart, a year with its end, and what was done to it', async () => {
  assert.deepEqual((await call('POST', '/chart', { standard: 'asbe', strict: true })).body, {
    codes: 208,
    added: 208,
    renamed: 0,
    joined: 0,
  });
  const entry = { code: '601101', name_zh: '贷款利息', name_en: 'Loan interest', element: 'income', side: 'credit' };
  assert.equal((await call('POST', '/chart', { entries: [{ ...entry, parent: '6011' }] })).body.added, 1);
  const orphan = await call('POST', '/chart', { entries: [{ ...entry, code: 'x', parent: 'none' }] });
  assert.deepEqual([orphan.status, orphan.body.code], [422, 'chart_malformed']);
  assert.equal((orphan.body.faults as Json[])[0]?.kind, 'parent_not_found');
  assert.equal((await call('POST', '/chart', {})).status, 400);
  const chart = await call('GET', '/chart');
  assert.deepEqual(
    [chart.body.strict, chart.body.loaded_by, (chart.body.entries as Json[]).length],
    [true, 'test', 209],
  );

  await db.transaction((tx) =>
    ledger.openAccounts(tx, 'main', [
      { id: cash, currency: 'CNY', code: '1001', side: 'debit' },
      { id: interest, currency: 'CNY', code: '601101', side: 'credit' },
      { id: suspense, currency: 'CNY', code: '1901', side: 'debit', name: '长款短款' },
    ]),
  );
  assert.deepEqual((await call('GET', '/chart/outside')).body.items, []);
  await ledger.post('main', [transfer(cash, interest, 1230n, { effectiveDate: '2024-02-29' })]);

  const checks = await call('GET', '/periods/2024/checks');
  assert.ok((checks.body.checks as { passed: boolean }[]).every(({ passed }) => passed));
  const key = { 'idempotency-key': 'close-2024' };
  const closed = await call('POST', '/periods/2024/close', {}, key);
  assert.deepEqual([closed.status, (closed.body.period as Json).state], [200, 'closed']);
  assert.equal((await call('POST', '/periods/2024/close', {}, key)).headers.get('idempotency-replayed'), 'true');
  assert.equal((await call('POST', '/periods/2024/seal', {})).body.code, 'period_check_failed');

  const made = await call('POST', '/year-ends/2024', {});
  assert.deepEqual(made.body, { year: 2024, transfers: 2, results: [{ currency: 'CNY', profit: '12.30' }], left: [] });
  const yearEnd = await call('GET', '/year-ends/2024');
  assert.deepEqual([yearEnd.body.made, (yearEnd.body.transfers as Json[]).length], [true, 2]);
  assert.equal((await call('GET', '/periods/2024/adjustments')).body.items.length, 2);
  const page = await call('GET', '/periods/2024/adjustments?limit=1');
  const next = await call('GET', `/periods/2024/adjustments?limit=1&cursor=${String(page.body.next_cursor)}`);
  assert.deepEqual([next.body.items.length, next.body.next_cursor], [1, null]);

  assert.equal((await call('POST', '/periods/2024/seal', {})).status, 200);
  assert.equal((await call('POST', '/periods/2024/reopen', {})).body.code, 'reason_required');
  const reopened = await call('POST', '/periods/2024/reopen', { reason: '审计调整' });
  assert.deepEqual(reopened.body.year_ends_undone, [2024]);
  // Whoever decides on periods hears of each step, once.
  const told = await listNotifications(db, decides, { unread: false, limit: 10 });
  assert.deepEqual(
    told.map(({ template, title }) => [template, title.zh]),
    [
      ['period_reopened', '会计期间已重新打开：2024'],
      ['period_sealed', '会计期间已封账：2024'],
      ['period_closed', '会计期间已结账：2024'],
    ],
  );
  const actions = await call('GET', '/period-actions');
  assert.deepEqual(
    actions.body.items.map(({ action, actor, reason }) => [action, actor, reason]),
    [
      ['close', 'test', null],
      ['seal', 'test', null],
      ['reopen', 'test', '审计调整'],
    ],
  );
  assert.deepEqual(
    (await call('GET', '/periods')).body.items.slice(0, 2).map(({ period, state }) => [period, state]),
    [
      ['2024-02', 'open'],
      ['2024-03', 'open'],
    ],
  );
  assert.equal((await call('GET', '/periods/2024-13')).body.code, 'period_malformed');
  assert.equal((await call('GET', '/periods/2024?book=none')).body.code, 'book_not_found');
});

test('suspense items, their ages, a match and its undoing', async () => {
  const item = transfer(suspense, cash, 500n, { effectiveDate: '2024-11-01', reference: 'ATM-7' });
  const later = transfer(suspense, cash, 500n, { effectiveDate: '2024-12-31' });
  const clearing = transfer(cash, suspense, 500n, { effectiveDate: '2025-01-01' });
  await ledger.post('main', [item, later, clearing]);
  assert.deepEqual(
    (await call('GET', '/suspense/accounts')).body.items.map(({ name }) => name),
    ['长款短款'],
  );
  assert.equal((await call('POST', '/suspense/rules', { bucket_days: [1, 60], limit_days: 60 })).status, 200);
  assert.equal((await call('POST', '/suspense/rules', { bucket_days: [60, 1], limit_days: 60 })).status, 400);

  const match = { id: newId(), account_id: suspense, item_id: later.id, clearing_id: clearing.id, amount: '5.00' };
  assert.equal((await call('POST', '/suspense/matches', { ...match, amount: '5.001' })).status, 409);
  const made = await call('POST', '/suspense/matches', match);
  assert.deepEqual([made.status, made.body.amount, made.body.undone], [201, '5.00', null]);
  const items = await call('GET', `/suspense/accounts/${suspense}/items?effective_date=2025-01-02`);
  assert.deepEqual(items.body.items, [
    {
      transfer_id: item.id,
      effective_date: '2024-11-01',
      reference: 'ATM-7',
      side: 'debit',
      amount: '5.00',
      remaining: '5.00',
      days: 62,
      bucket: 'over 60',
      over_limit: true,
    },
  ]);
  const undone = await call('POST', `/suspense/matches/${match.id}/undo`, { reason: 'wrong item' });
  assert.equal((undone.body.undone as Json).reason, 'wrong item');
  assert.equal((await call('GET', `/suspense/matches?account_id=${suspense}`)).body.items.length, 1);
  const report = await call('GET', '/suspense/report?effective_date=2025-01-02');
  const [line] = report.body.lines as { balance: string; buckets: Json[] }[];
  assert.deepEqual(
    [line?.balance, line?.buckets.map(({ label, amount }) => `${label}: ${amount}`)],
    ['5.00', ['0-1: 0.00', '2-60: 5.00', 'over 60: 0.00']],
  );

  await call('PATCH', `/suspense/accounts/${suspense}`, { marked: false, reason: 'cleared' });
  assert.equal((await call('GET', `/suspense/accounts/${suspense}/items`)).body.code, 'suspense_account_unknown');
});
