/** Trees on a real database: opening, both clocks, freezing and closing, earmarks, and all of it on random histories. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { groupBalances, listTransfers, verify } from '#engines/ledger';
import { newId } from '#kernel/ids';
import { codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { openCustomer } from './customers.ts';
import { openEarmarks } from './earmarks.ts';
import { earmarkAccountOf, type TreeAction } from './model.ts';
import { act, addNode, attachAccounts, openTreeAccounts } from './service.ts';
import { listActions, listCustomers } from './store.ts';
import { customerStatement, readTree, type TreeView } from './tree.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const earmarks = openEarmarks(deps);
const hand = { actor: 'Li Wei', reason: 'asked for by the customer' };

const snapshot = <T>(work: Parameters<typeof db.transaction<T>>[0]) =>
  db.transaction(work, { isolation: 'repeatable read' });
const tree = (one: TestBook, key = 'C1', clocks = {}) => snapshot((tx) => readTree(tx, one.bookId, key, clocks));
const doing = (one: TestBook, action: TreeAction, accountId?: string, key = 'C1') =>
  db.transaction((tx) => act(deps, tx, one.code, key, { action, accountId }, hand));

/** A book with a customer: two deposits (one on fund/margin) and a loan; the first account of the book pays. */
async function customer(count = 2) {
  const one = await book({ code: '1001', side: 'debit' }, {});
  await db.transaction((tx) => openCustomer(deps, tx, one.code, 'C1'));
  await db.transaction((tx) => addNode(deps, tx, one.code, 'C1', { path: 'fund/margin', name: '保证金' }));
  const ids = Array.from({ length: count }, () => newId());
  const opened = ids.map((id, index) => ({
    id,
    node: index % 2 === 0 ? 'fund' : 'fund/margin',
    currency: 'CNY',
    code: '2011',
    side: 'credit' as const,
    limits: { minimum: 0n },
  }));
  await db.transaction((tx) => openTreeAccounts(deps, tx, one.code, 'C1', opened, hand));
  const [first = '', second = ''] = ids;
  return { one, cash: one.ids[0], first, second, ids };
}

const summary = ({ totals }: TreeView) =>
  totals.map((all) => `${all.currency} ${all.side} ${all.balance}/${all.available}/${all.earmarked}`).join(' ');
const states = (view: TreeView) =>
  view.nodes.flatMap(({ accounts }) => accounts.map(({ account }) => account.state)).join(' ');

test('a tree is opened once, takes accounts, and shows all at both clocks', async () => {
  const { one, cash, first, second } = await customer();
  const loan = newId();
  await db.transaction((tx) =>
    ledger.openAccounts(tx, one.code, [{ id: loan, currency: 'CNY', code: '1303', side: 'debit' }]),
  );
  await ledger.post(one.code, [
    transfer(cash, first, 1000n, { effectiveDate: '2026-02-01' }),
    transfer(cash, second, 500n, { effectiveDate: '2026-02-10' }),
    transfer(loan, cash, 800n),
  ]);
  const then = (await listTransfers(db, one.bookId, { limit: 10 })).at(-1)?.recordedAt;
  clock.advance({ hours: 1 });
  await ledger.post(one.code, [transfer(first, second, 200n, { effectiveDate: '2026-02-05' })]);
  await db.transaction((tx) => attachAccounts(deps, tx, one.code, 'C1', 'asset', [loan], hand));
  await db.transaction((tx) => attachAccounts(deps, tx, one.code, 'C1', 'asset', [loan], hand));
  const now = await tree(one);
  assert.equal(summary(now), 'CNY credit 1500/1500/0 CNY debit 800/800/0');
  assert.deepEqual(
    now.nodes.map(({ path, totals, accounts }) => `${path} ${accounts.length} ${totals.map((all) => all.balance)}`),
    ['fund 1 1500', 'fund/margin 1 700', 'asset 1 800', 'right 0 '],
  );
  assert.equal(
    summary(await tree(one, 'C1', { effectiveDate: '2026-02-09' })),
    'CNY credit 1000/1000/0 CNY debit 0/0/0',
  );
  const margin = async (clocks: object) => (await tree(one, 'C1', clocks)).nodes[1]?.totals[0]?.balance;
  assert.equal(await margin({ effectiveDate: '2026-02-09' }), 200n);
  assert.equal(await margin({ effectiveDate: '2026-02-09', recordedAt: then }), 0n);
  assert.equal(await margin({ recordedAt: then }), 500n);

  const [listed] = await listCustomers(db, one.bookId, { limit: 10 });
  assert.deepEqual([listed?.key, listed?.accounts], ['C1', 3]);
  assert.deepEqual(await listCustomers(db, one.bookId, { after: 'C1', limit: 10 }), []);
  await db.transaction((tx) => openCustomer(deps, tx, one.code, 'C2'));
  const attach = (key: string, node: string, id: string) =>
    db.transaction((tx) => attachAccounts(deps, tx, one.code, key, node, [id], hand));
  await assert.rejects(attach('C2', 'fund', first), { code: 'account_in_another_place' });
  await assert.rejects(attach('C1', 'fund', second), { code: 'account_in_another_place' });
  await assert.rejects(attach('C1', 'fund/none', loan), { code: 'node_not_found' });
  await assert.rejects(attach('C1', 'fund', newId()), { code: 'account_not_found' });
  await assert.rejects(tree(one, 'C9'), { code: 'tree_not_found' });
  const sums = await groupBalances(db, one.bookId, { dimension: 'customer', code: 'C2' });
  assert.ok(
    sums.every(({ counters }) => counters.creditsPosted === 0n),
    'a refused attachment leaves nothing',
  );
});

test('the statement goes over all accounts and its pages join', async () => {
  const { one, cash, first, second } = await customer();
  await ledger.post(one.code, [
    transfer(cash, first, 1000n, { effectiveDate: '2026-02-03' }),
    transfer(first, second, 300n, { effectiveDate: '2026-02-03' }),
    transfer(cash, second, 50n, { effectiveDate: '2026-02-01' }),
    transfer(second, cash, 20n, { effectiveDate: '2026-02-03' }),
  ]);
  const read = (request: object) =>
    snapshot((tx) =>
      customerStatement(tx, one.bookId, 'C1', { from: '2026-01-01', to: '2026-12-31', limit: 100, ...request }),
    );
  const whole = await read({});
  const names = new Map([
    [first, 'first'],
    [second, 'second'],
  ]);
  const lines = whole.entries.map(
    (line) => `${line.transfer.sequence} ${names.get(line.accountId)} ${line.entry} ${line.balanceAfter}`,
  );
  assert.deepEqual(lines, [
    '3 second credit 50',
    '1 first credit 1000',
    '2 second credit 350',
    '2 first debit 700',
    '4 second debit 330',
  ]);
  const paged = [];
  for (let after: typeof whole.next | undefined; after !== null; ) {
    const page = await read({ limit: 2, after });
    paged.push(...page.entries);
    after = page.next;
  }
  assert.deepEqual(paged, whole.entries);
  assert.equal((await read({ from: '2026-02-02', to: '2026-02-02' })).entries.length, 0);
});

test('freezes of account and tree combine; the trail keeps all', async () => {
  const { one, cash, first, second } = await customer();
  await doing(one, 'freeze_outgoing', first);
  await doing(one, 'freeze');
  assert.equal(states(await tree(one)), 'frozen frozen');
  await assert.rejects(doing(one, 'unfreeze', first), { code: 'account_frozen_by_tree' });
  const third = { id: newId(), node: 'right', currency: 'CNY', code: '2011', side: 'credit' as const };
  await db.transaction((tx) => openTreeAccounts(deps, tx, one.code, 'C1', [third], hand));
  assert.equal(states(await tree(one)), 'frozen frozen frozen');
  assert.deepEqual(codes(await ledger.post(one.code, [transfer(cash, second, 5n)])), ['credit_account_frozen']);
  const lifted = await doing(one, 'unfreeze');
  assert.deepEqual([lifted.changes.length, lifted.kept], [3, [first]]);
  assert.equal(states(await tree(one)), 'outgoing_frozen open open');
  await db.transaction((tx) => ledger.setState(tx, one.code, second, 'frozen'));
  assert.deepEqual((await doing(one, 'unfreeze')).kept.toSorted(), [first, second].toSorted());
  await assert.rejects(
    db.transaction((tx) => act(deps, tx, one.code, 'C1', { action: 'freeze' }, { actor: 'Li Wei' })),
    { code: 'centre_reason_required' },
  );
  const trail = await listActions(db, one.bookId, 'C1', { limit: 100 });
  assert.deepEqual(
    trail.map(({ number, action }) => `${number} ${action}`),
    ['1 open', '2 open', '3 freeze_outgoing', '4 freeze', '5 open', '6 unfreeze', '7 unfreeze'],
  );
  await assert.rejects(db.query(`update account_centre.action set actor = 'x'`), /permission denied/);
});

test('a tree is closed as a whole or not at all, and what stands in the way is listed', async () => {
  const { one, cash, first, second } = await customer();
  await ledger.post(one.code, [transfer(cash, first, 100n)]);
  const earmark = { id: newId(), accountId: first, amount: 40n, purpose: '学费' };
  await earmarks.set(one.code, earmark, hand);
  await assert.rejects(doing(one, 'close'), (error: { code: string; meta: { obstacles: unknown } }) => {
    assert.equal(error.code, 'action_stopped');
    assert.deepEqual(error.meta.obstacles, [
      { account_id: first, why: 'balance' },
      { account_id: first, why: 'earmarked' },
    ]);
    return true;
  });
  assert.equal(states(await tree(one)), 'open open');
  await earmarks.release(one.code, earmark.id, hand);
  await ledger.post(one.code, [transfer(first, cash, 100n)]);
  assert.equal((await doing(one, 'close', second)).changes.length, 1);
  assert.equal((await doing(one, 'close')).changes.length, 1);
  assert.deepEqual((await doing(one, 'close')).changes, []);
  assert.equal(states(await tree(one)), 'closed closed');
  assert.equal((await one.account(earmarkAccountOf(first))).state, 'closed');
  await assert.rejects(doing(one, 'unfreeze'), { code: 'tree_closed' });
});

test('an earmark is kept out of what is available, used in part, and expires with the ledger', async () => {
  const { one, cash, first, second } = await customer();
  await ledger.post(one.code, [transfer(cash, first, 1000n)]);
  const expiresAt = clock.now().add({ hours: 24 }).toString();
  const input = { id: newId(), accountId: first, amount: 600n, purpose: '购房首付', expiresAt };
  const set = await earmarks.set(one.code, input, hand);
  assert.deepEqual(await earmarks.set(one.code, input, hand), set);
  await assert.rejects(earmarks.set(one.code, { ...input, purpose: 'other' }, hand), { code: 'earmark_different' });
  await assert.rejects(earmarks.set(one.code, { ...input, id: newId() }, hand), { code: 'earmark_refused' });
  assert.deepEqual(codes(await ledger.post(one.code, [transfer(first, cash, 401n)])), ['exceeds_available']);

  const use = { id: newId(), toAccountId: second, amount: 250n };
  const used = await earmarks.use(one.code, input.id, use, hand);
  assert.deepEqual([used.state, used.remaining, used.steps.length], ['active', 350n, 2]);
  assert.deepEqual(await earmarks.use(one.code, input.id, use, hand), used);
  await assert.rejects(earmarks.use(one.code, input.id, { ...use, amount: 1n }, hand), { code: 'earmark_different' });
  const too = { id: newId(), toAccountId: second, amount: 351n };
  await assert.rejects(earmarks.use(one.code, input.id, too, hand), { code: 'earmark_refused' });
  const nobody = { id: newId(), toAccountId: newId() };
  await assert.rejects(earmarks.use(one.code, input.id, nobody, hand), { code: 'earmark_refused' });
  assert.equal(summary(await tree(one)), 'CNY credit 1000/650/350');

  // Uses at the same time, also of the same id: each pays once.
  const many = Array.from({ length: 3 }, () => ({ id: newId(), toAccountId: second, amount: 100n }));
  await Promise.all([...many, ...many].map((each) => earmarks.use(one.code, input.id, each, hand)));
  assert.equal((await earmarks.find(one.code, input.id)).remaining, 50n);
  assert.equal(summary(await tree(one)), 'CNY credit 1000/950/50');

  clock.advance({ hours: 25 });
  assert.equal((await earmarks.find(one.code, input.id)).state, 'expired');
  await assert.rejects(earmarks.use(one.code, input.id, { id: newId(), toAccountId: second }, hand), {
    code: 'earmark_ended',
  });
  await ledger.expireDue(one.code);
  assert.equal(summary(await tree(one)), 'CNY credit 1000/1000/0');
  assert.equal((await earmarks.find(one.code, input.id)).state, 'expired');
  assert.equal((await verify(db, {})).ok, true);
});

test('on random histories the view is what ledger, holds and groups say', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('move' as const), from: fc.nat(4), to: fc.nat(4), amount: fc.bigInt(1n, 400n) }),
    fc.record({ kind: fc.constant('set' as const), from: fc.nat(3), amount: fc.bigInt(1n, 300n), hours: fc.nat(3) }),
    fc.record({ kind: fc.constant('use' as const), at: fc.nat(9), to: fc.nat(4), amount: fc.bigInt(1n, 200n) }),
    fc.record({ kind: fc.constant('release' as const), at: fc.nat(9) }),
    fc.record({ kind: fc.constant('pass' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 14 }), async (steps) => {
      const { one, cash, ids } = await customer(4);
      const all = [...ids, cash];
      const set: string[] = [];
      const id = (index: number) => all[index % all.length] ?? cash;
      const quietly = (work: Promise<unknown>) =>
        work.catch((error: { code?: string }) => assert.match(String(error.code), /^earmark_/));
      await ledger.post(
        one.code,
        ids.map((to) => transfer(cash, to, 500n)),
      );
      for (const one_step of steps) {
        if (one_step.kind === 'move') {
          await ledger.post(one.code, [transfer(id(one_step.from), id(one_step.to), one_step.amount)]);
        } else if (one_step.kind === 'set') {
          const { hours, amount } = one_step;
          const expiresAt = hours === 0 ? undefined : clock.now().add({ hours }).toString();
          const input = { id: newId(), accountId: id(one_step.from), amount, purpose: 'p', expiresAt };
          set.push(input.id);
          await quietly(earmarks.set(one.code, input, hand));
        } else if (one_step.kind === 'pass') {
          clock.advance({ hours: 1 });
          await ledger.expireDue(one.code);
        } else {
          const which = set[one_step.at % Math.max(set.length, 1)];
          if (which === undefined) continue;
          if (one_step.kind === 'release') await quietly(earmarks.release(one.code, which, hand));
          else {
            const use = { id: newId(), toAccountId: id(one_step.to), amount: one_step.amount };
            await quietly(earmarks.use(one.code, which, use, hand));
          }
        }
      }
      const view = await tree(one);
      const standing = await earmarks.list(one.code, 'C1', { limit: 100 });
      for (const held of view.nodes.flatMap(({ accounts }) => accounts)) {
        const mine = standing.filter(({ accountId }) => accountId === held.account.id);
        const remaining = mine.reduce((sum, each) => sum + each.remaining, 0n);
        assert.equal(held.earmarked, remaining, 'earmarks are the holds');
        assert.equal(held.available, held.balance - held.pendingOut - held.earmarked, 'available is without them');
        assert.ok(held.available >= 0n, 'and never below the minimum');
        const technical = earmarkAccountOf(held.account.id);
        if (mine.length > 0) assert.equal((await one.account(technical)).counters.creditsPosted, 0n);
      }
      const groups = await groupBalances(db, one.bookId, { dimension: 'customer' });
      for (const [code, totals] of [
        ['C1', view.totals],
        ['C1/fund', view.nodes[0]?.totals],
      ] as const) {
        const sum = groups.find((group) => group.code === code)?.counters;
        assert.equal((sum?.creditsPosted ?? 0n) - (sum?.debitsPosted ?? 0n), totals?.[0]?.balance);
      }
      assert.deepEqual(summary(await tree(one, 'C1', { effectiveDate: '9999-12-31' })), summary(view));
    }),
    { numRuns: 8 },
  );
});

test('fifty accounts are read in one go', async (t) => {
  const { one, cash, ids } = await customer(50);
  await ledger.post(
    one.code,
    ids.map((id) => transfer(cash, id, 100n)),
  );
  await tree(one);
  for (const clocks of [{}, { effectiveDate: '2026-02-28', recordedAt: clock.now().toString() }]) {
    const started = performance.now();
    for (let run = 0; run < 10; run++) await tree(one, 'C1', clocks);
    t.diagnostic(`${Object.keys(clocks).length} clocks: ${((performance.now() - started) / 10).toFixed(1)} ms`);
  }
  assert.equal((await tree(one)).totals[0]?.accounts, 50);
});
