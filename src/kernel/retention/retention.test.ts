/** Retention policies: as data, over HTTP, and what follows from them. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { caller, testServer } from '#test/http';
import { applyRetention, type Keeper, retentionKinds, retentionRoutes } from './index.ts';

const server = await testServer({ after }, [retentionRoutes]);
const { db, clock } = server;
const call = caller(server, '/api/v1/retention');
const key = (text: string) => ({ 'idempotency-key': text });

suite('policies', () => {
  test('of every kind there is one, with its reason', async () => {
    const { body } = await call('GET', '/policies');
    assert.deepEqual(
      body.items.map(({ kind, keep_days, action, actor }) => [kind, keep_days, action, actor]),
      [
        ['ledger_postings', 3_653, 'archive', null],
        ['process_history', null, 'delete', null],
        ['webhook_deliveries', 30, 'delete', null],
        ['notifications', 400, 'delete', null],
        ['idempotency_keys', 7, 'delete', null],
      ],
    );
    assert.ok(body.items.every(({ legal_basis }) => legal_basis !== ''));
    assert.deepEqual(
      body.items.map(({ kind }) => kind),
      Object.keys(retentionKinds),
    );
  });

  test('a change says why and by whom, and what was said before stays', async () => {
    const change = { keep_days: 5_479, legal_basis: 'decision 12/2026 of the board' };
    const set = () => call('PUT', '/policies/ledger_postings', change, key(crypto.randomUUID()));
    const { status, body } = await set();
    assert.deepEqual(
      [status, body.keep_days, body.legal_basis, body.action],
      [200, 5_479, change.legal_basis, 'archive'],
    );
    assert.ok(body.actor);
    await set();
    await call('PUT', '/policies/ledger_postings', { ...change, keep_days: null }, key(crypto.randomUUID()));
    const { rows } = await db.query('select number, keep_days from kernel.retention_policy order by number');
    assert.deepEqual(rows, [
      { number: 1, keep_days: 5_479 },
      { number: 2, keep_days: null },
    ]);
    await assert.rejects(db.query('update kernel.retention_policy set keep_days = 1'), { code: '42501' });
  });

  const refused: readonly [string, unknown, number, string][] = [
    ['invoices', { keep_days: 1, legal_basis: 'x' }, 404, 'retention_kind_unknown'],
    ['toString', { keep_days: 1, legal_basis: 'x' }, 404, 'retention_kind_unknown'],
    ['process_history', { keep_days: 3_652, legal_basis: 'x' }, 400, 'retention_policy_invalid'],
    ['idempotency_keys', { keep_days: 1_000_001, legal_basis: 'x' }, 400, 'retention_policy_invalid'],
    ['idempotency_keys', { keep_days: 8, legal_basis: ' ' }, 400, 'retention_policy_invalid'],
  ];
  for (const [kind, body, status, code] of refused) {
    test(`${kind} with ${JSON.stringify(body)} is refused as ${code}`, async () => {
      const reply = await call('PUT', `/policies/${kind}`, body, key(crypto.randomUUID()));
      assert.deepEqual([reply.status, reply.body.code], [status, code]);
    });
  }
});

test('what is kept for ever is not touched, and what fails does not stop the rest', async () => {
  const asked: string[] = [];
  const keeper = (kind: Keeper['kind'], work: () => number): Keeper => ({
    kind,
    async letGo(before, { keepDays }) {
      asked.push(`${kind} ${before} ${keepDays}`);
      return work();
    },
  });
  clock.set('2026-03-02T00:00:00Z');
  const failure = new Error('away');
  const done = await applyRetention(db, clock, [
    keeper('process_history', () => 1),
    keeper('webhook_deliveries', () => {
      throw failure;
    }),
    keeper('idempotency_keys', () => 3),
  ]);
  assert.deepEqual(asked, ['webhook_deliveries 2026-01-31T00:00:00Z 30', 'idempotency_keys 2026-02-23T00:00:00Z 7']);
  assert.deepEqual(done, [
    { kind: 'webhook_deliveries', records: 0, error: failure },
    { kind: 'idempotency_keys', records: 3, error: null },
  ]);
});
