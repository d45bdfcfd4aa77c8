/** Alerts on a real database: what a rule covers, each movement once, nothing twice and nothing lost when killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listTransfers } from '#engines/ledger';
import { headPosition, listConsumers, readEvents, replay } from '#kernel/events';
import { newId } from '#kernel/ids';
import { about, type TestBook, testLedger, transfer } from '#test/ledger';
import { openAlerts } from './alerts.ts';
import { openCustomer } from './customers.ts';
import type { RuleInput } from './rules.ts';
import { addNode, openTreeAccounts } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const alerts = openAlerts(deps);
const hand = { actor: 'Li Wei' };
const CONSUMER = 'account_centre.alerts';

/** A book with a customer who has an account on fund and one on fund/margin. */
async function customer() {
  const one = await book({ code: '1001', side: 'debit' }, {});
  const [first, second] = [newId(), newId()];
  await db.transaction(async (tx) => {
    await openCustomer(deps, tx, one.code, 'C1');
    await addNode(deps, tx, one.code, 'C1', { path: 'fund/margin', name: '' });
    const account = { currency: 'CNY', code: '2011', side: 'credit' as const };
    const accounts = [
      { id: first, node: 'fund', ...account },
      { id: second, node: 'fund/margin', ...account },
    ];
    await openTreeAccounts(deps, tx, one.code, 'C1', accounts, hand);
  });
  return { one, cash: one.ids[0], first, second };
}

async function rule(one: TestBook, more: Partial<RuleInput> = {}): Promise<string> {
  const input: RuleInput = {
    id: newId(),
    customer: 'C1',
    path: null,
    accountId: null,
    direction: 'any',
    type: null,
    currency: null,
    atLeast: null,
    balanceBelow: null,
    balanceAbove: null,
    subscribers: ['adviser Wang'],
    ...more,
  };
  await db.transaction((tx) => alerts.addRule(tx, one.code, input, hand));
  return input.id;
}

function running(t: TestContext, one: TestBook): () => Promise<void> {
  const controller = new AbortController();
  const loop = alerts.run(one, controller.signal);
  const stop = async () => {
    controller.abort();
    await loop;
  };
  t.after(stop);
  return stop;
}

/** Waits until the alerts of all that was posted so far are written. */
async function caughtUp(one: TestBook): Promise<void> {
  const head = await headPosition(db, one.bookId);
  for (;;) {
    const mine = (await listConsumers(db)).find((each) => each.bookId === one.bookId && each.consumer === CONSUMER);
    if (mine !== undefined && mine.position >= head) return;
    assert.notEqual(mine?.state, 'failed', mine?.error ?? '');
    await sleep(10);
  }
}

const read = (one: TestBook) => alerts.alerts(one.code, 'C1', { limit: 1_000 });

async function alertEvents(one: TestBook) {
  const events = await readEvents(db, one.bookId, 0n, 100_000);
  return events.filter(({ type }) => type === 'account_centre.alert_raised');
}

test('rules look at what is posted from their beginning to their end, and only at that', async (t) => {
  const { one, cash, first, second } = await customer();
  await ledger.post(one.code, [transfer(cash, first, 10_000n), transfer(cash, second, 10_000n)]);
  const names = new Map<string, string>();
  const add = async (name: string, more: Partial<RuleInput> = {}) => {
    const id = await rule(one, more);
    names.set(id, name);
    return id;
  };
  const ended = await add('all');
  await add('large out', { direction: 'out', currency: 'CNY', atLeast: 5_000n });
  await add('margin', { path: 'fund/margin' });
  await add('first, salary', { accountId: first, type: 'salary' });
  await add('low', { currency: 'CNY', balanceBelow: 4_000n, path: 'fund' });
  const payment = transfer(first, second, 5_000n);
  const hold = transfer(first, cash, 100n, { kind: 'pending' });
  await ledger.post(one.code, [
    payment,
    transfer(cash, first, 70n, { type: 'salary' }),
    hold,
    transfer(first, cash, 1_500n),
    transfer(first, cash, 10n),
  ]);
  await db.transaction((tx) => alerts.retireRule(tx, one.code, ended, hand));
  await db.transaction((tx) => alerts.retireRule(tx, one.code, ended, hand));
  await ledger.post(one.code, [about('reverse', payment.id)]);
  // Nobody has looked so far: what a rule covers must not depend on when one looks.
  running(t, one);
  await caughtUp(one);
  const sorted = (lines: string[]) => lines.toSorted();
  const found = (await read(one)).map(
    (alert) =>
      `${alert.sequence} ${alert.accountId === first ? 'first' : 'second'} ${alert.direction} ${names.get(alert.ruleId)}`,
  );
  assert.deepEqual(
    sorted(found),
    sorted([
      '3 first out all',
      '3 second in all',
      '3 first out large out',
      '3 second in margin',
      '4 first in all',
      '4 first in first, salary',
      '6 first out all',
      '6 first out low',
      '7 first out all',
      '8 second out large out',
      '8 second out margin',
    ]),
  );
  const low = (await read(one)).find(({ ruleId }) => names.get(ruleId) === 'low');
  assert.equal(low?.balance, 3_570n);
  const told = await alertEvents(one);
  assert.equal(told.length, found.length);
  assert.deepEqual(
    told
      .map(({ payload }) => (payload as { subscribers: string[] }).subscribers.join())
      .filter((who) => who !== 'adviser Wang'),
    [],
  );

  const [one_of, ...rest] = await read(one);
  assert.ok(one_of !== undefined);
  assert.deepEqual(await alerts.alerts(one.code, 'C1', { after: one_of, limit: 1_000 }), rest);
  // Read again from the beginning, the log raises nothing a second time.
  await replay(db, CONSUMER, one.bookId, 1n, clock);
  await caughtUp(one);
  assert.equal((await read(one)).length, found.length);
  assert.equal((await alertEvents(one)).length, found.length);
});

test('a rule that cannot be is refused', async () => {
  const { one, first } = await customer();
  const cases: [Partial<RuleInput>, string][] = [
    [{ atLeast: 5n }, 'alert_rule_invalid'],
    [{ currency: 'XXY', atLeast: 5n }, 'alert_rule_invalid'],
    [{ currency: 'CNY', atLeast: 0n }, 'alert_rule_invalid'],
    [{ subscribers: [] }, 'alert_rule_invalid'],
    [{ subscribers: ['a\nb'] }, 'alert_rule_invalid'],
    [{ path: 'fund', accountId: first }, 'alert_rule_invalid'],
    [{ path: 'fund/other' }, 'node_not_found'],
    [{ accountId: newId() }, 'account_not_in_tree'],
    [{ customer: 'C9' }, 'tree_not_found'],
  ];
  for (const [more, code] of cases) await assert.rejects(rule(one, more), { code });
  const id = await rule(one);
  await rule(one, { id });
  await assert.rejects(rule(one, { id, direction: 'in' }), { code: 'alert_rule_different' });
  assert.equal((await alerts.rules(one.code, 'C1', { limit: 10 })).length, 1);
});

test('killed again and again while postings go on: no alert is lost, none comes twice', async (t) => {
  const { one, cash, first, second } = await customer();
  await rule(one);
  const low = await rule(one, { currency: 'CNY', balanceBelow: 0n, direction: 'out' });
  const program = join(import.meta.dirname, '../../../test/alert-process.ts');
  const start = () => {
    const child = spawn(process.execPath, [program, String(one.bookId)], {
      env: { ...process.env, ...db.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    return child;
  };
  const written = async () => {
    const { rows } = await db.query<{ count: number }>(
      'select count(*)::integer as count from account_centre.alert where book_id = $1',
      [one.bookId],
    );
    return rows[0]?.count ?? 0;
  };
  let posted = 0;
  for (let round = 0; round < 3; round++) {
    const child = start();
    await once(child.stdout, 'data');
    const before = await written();
    // It is killed in the midst of its work: when it has begun, and with more to do.
    while ((await written()) === before) {
      const moves = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? transfer(first, second, 7n) : transfer(second, first, 7n),
      );
      await ledger.post(one.code, [transfer(cash, first, 1n), ...moves]);
      await sleep(50);
      posted += 21;
    }
    await ledger.post(one.code, [transfer(cash, first, 1n)]);
    posted += 1;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  running(t, one);
  await caughtUp(one);
  const all: Awaited<ReturnType<typeof read>> = [];
  for (;;) {
    const page = await alerts.alerts(one.code, 'C1', { after: all.at(-1), limit: 1_000 });
    if (page.length === 0) break;
    all.push(...page);
  }
  // What the journal says there must be.
  const expected: string[] = [];
  const balances = new Map([first, second].map((id) => [id, 0n]));
  for (const row of await listTransfers(db, one.bookId, { limit: 100_000 })) {
    for (const [id, change] of [
      [row.debitAccountId, -row.amount],
      [row.creditAccountId, row.amount],
    ] as const) {
      const before = balances.get(id);
      if (before === undefined) continue;
      balances.set(id, before + change);
      expected.push(`${row.sequence} ${id} everything`);
      if (before >= 0n && before + change < 0n) expected.push(`${row.sequence} ${id} low`);
    }
  }
  assert.ok(expected.length > posted && expected.some((line) => line.endsWith('low')));
  const found = all.map((one) => `${one.sequence} ${one.accountId} ${one.ruleId === low ? 'low' : 'everything'}`);
  assert.deepEqual(found.toSorted(), expected.toSorted());
  const told = (await alertEvents(one)).map(({ subject }) => subject);
  assert.deepEqual(told.toSorted(), all.map(({ id }) => id).toSorted());
});
