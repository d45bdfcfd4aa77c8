/** Transfers between books whose processes die, and accounts and periods that close, at every step. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import type { OutcomeCode } from '#engines/ledger';
import { type Bank, dying, interruptedAt, move, short, testBanks } from '#test/banks';
import { type Books, entityBooks, openBooks } from './index.ts';

const { db, clock, ledger, another, books, bank, holds, complete } = await testBanks({ after });

const setState = (one: Bank, number: number, state: 'open' | 'frozen') =>
  db.transaction((tx) => ledger.setState(tx, `${one.code}-${number}`, one.ids[number] ?? '', state));

suite('a process that dies', () => {
  const endings: [what: string, freeze: 0 | 1 | null, status: string, code: OutcomeCode, posts: number][] = [
    ['an accepted transfer', null, 'accepted', 'accepted', 4],
    ['one its payee refuses', 1, 'refused', 'credit_account_frozen', 3],
    ['one its payer refuses', 0, 'refused', 'debit_account_frozen', 1],
  ];
  for (const [what, freeze, status, code, posts] of endings) {
    test(`at any step of ${what} leaves it to others, who end it the same way`, async () => {
      const one = await bank();
      const [ann, bob] = one.ids;
      if (freeze !== null) await setState(one, freeze, 'frozen');
      let moved = 0n;
      for (let post = 1; post <= posts; post++) {
        for (const afterwards of [false, true]) {
          const input = move(ann, bob, 7n);
          const dead = openBooks({ db, clock, ledger: dying(ledger, post, afterwards) });
          await assert.rejects(dead.transfer(one.code, [input]), /killed/);
          assert.equal(await books.continueDue(), 0, 'it has some time of its own');
          const { findings, open } = await books.inTransit(one.code);
          assert.deepEqual([findings, open.length], [[], 1], 'half way the books and the transfers still agree');
          clock.advance({ seconds: 6 });
          assert.equal(await books.continueDue(), 1);
          const [outcome] = await books.transfer(one.code, [input]);
          assert.deepEqual([outcome?.status, outcome?.code, outcome?.repeated], [status, code, true]);
          if (status === 'accepted') moved += 7n;
          await complete(one);
        }
      }
      assert.deepEqual(await holds(one), [10_000n - moved, 10_000n + moved]);
    });
  }

  test('is outdone by a caller who asks again at once', async () => {
    const one = await bank();
    const input = move(one.ids[0], one.ids[1], 7n);
    const dead = openBooks({ db, clock, ledger: dying(ledger, 3, true) });
    await assert.rejects(dead.transfer(one.code, [input]), /killed/);
    assert.equal(short((await books.transfer(one.code, [input]))[0]), 'accepted accepted again');
    await complete(one);
  });

  test('and several that go on at once do it once', async () => {
    const one = await bank(3);
    const others = await Promise.all([another(), another()]);
    const teams: Books[] = [books, ...others.map((other) => openBooks({ db, clock, ledger: other }))];
    const inputs = Array.from({ length: 60 }, (_, index) =>
      move(one.ids[index % 3] ?? '', one.ids[(index + 1) % 3] ?? '', BigInt(index * 40 + 1)),
    );
    for (let post = 1; post <= 10; post += 3) {
      const dead = openBooks({ db, clock, ledger: dying(ledger, post, post % 2 === 0) });
      const part = inputs.splice(0, 15);
      await assert.rejects(dead.transfer(one.code, part), /killed/);
      clock.advance({ seconds: 6 });
      const answers = await Promise.all(
        teams.map(async (team, index) => {
          if (index === 0) await team.continueDue();
          return team.transfer(one.code, part);
        }),
      );
      const [first] = answers;
      for (const answer of answers) assert.deepEqual(answer, first);
    }
    assert.equal(
      (await holds(one)).reduce((sum, held) => sum + held, 0n),
      30_000n,
    );
    await complete(one);
  });
});

suite('a freeze between holding and posting', () => {
  test('of the payer refuses the transfer and releases both halves', async () => {
    const one = await bank();
    const frozen = openBooks({ db, clock, ledger: interruptedAt(ledger, 3, () => setState(one, 0, 'frozen')) });
    const [outcome] = await frozen.transfer(one.code, [move(one.ids[0], one.ids[1], 7n)]);
    assert.equal(short(outcome), 'refused debit_account_frozen debit');
    assert.deepEqual(await holds(one), [10_000n, 10_000n]);
    await complete(one);
  });

  test('of the payee takes back what the payer has paid', async () => {
    const one = await bank();
    const frozen = openBooks({ db, clock, ledger: interruptedAt(ledger, 4, () => setState(one, 1, 'frozen')) });
    const input = move(one.ids[0], one.ids[1], 7n);
    assert.equal(short((await frozen.transfer(one.code, [input]))[0]), 'refused credit_account_frozen credit');
    assert.equal((await books.readTransfer(one.code, input.id)).reversed, true);
    assert.deepEqual(await holds(one), [10_000n, 10_000n]);
    await complete(one);
  });

  for (const thawed of [0, 1] as const) {
    test(`of both leaves it in transit until the ${thawed === 0 ? 'payer' : 'payee'} is free again`, async () => {
      const one = await bank();
      const freeze = async () => Promise.all([setState(one, 0, 'frozen'), setState(one, 1, 'frozen')]);
      const input = move(one.ids[0], one.ids[1], 7n);
      const frozen = openBooks({ db, clock, ledger: interruptedAt(ledger, 4, freeze) });
      assert.equal(short((await frozen.transfer(one.code, [input]))[0]), 'in_transit credit_account_frozen credit');
      clock.advance({ seconds: 60 });
      assert.equal(await books.continueDue(), 1, 'another attempt');
      const { lines, open, findings } = await books.inTransit(one.code);
      assert.deepEqual(findings, []);
      assert.deepEqual(
        open.map(({ id, state, attempt }) => [id, state, attempt]),
        [[input.id, 'debit_posted', 2]],
      );
      assert.deepEqual(
        lines.map(({ underWay }) => underWay),
        [7n],
      );
      await setState(one, thawed, 'open');
      clock.advance({ seconds: 60 });
      await books.continueDue();
      const expected = thawed === 0 ? 'refused credit_account_frozen credit again' : 'accepted accepted again';
      assert.equal(short((await books.transfer(one.code, [input]))[0]), expected);
      assert.deepEqual(await holds(one), thawed === 0 ? [10_000n, 10_000n] : [9_993n, 10_007n]);
      await complete(one);
    });
  }
});

suite('a period closed between holding and posting', () => {
  async function closing(adjustment: boolean) {
    const one = await bank();
    const close = async () => {
      for (const { code } of await entityBooks(db, one.code)) {
        const period = { closedThrough: '2026-03-01', sealedThrough: null };
        await db.transaction((tx) => ledger.setClosing(tx, code, period));
      }
    };
    const closed = openBooks({ db, clock, ledger: interruptedAt(ledger, 4, close) });
    const input = move(one.ids[0], one.ids[1], 7n, { effectiveDate: '2026-03-01', adjustment });
    return { one, input, outcome: (await closed.transfer(one.code, [input]))[0] };
  }

  test('takes the payment back, on the business date where its own is closed', async () => {
    const { one, input, outcome } = await closing(false);
    assert.equal(short(outcome), 'in_transit period_closed credit');
    clock.advance({ seconds: 60 });
    await books.continueDue();
    assert.equal(short((await books.transfer(one.code, [input]))[0]), 'refused period_closed credit again');
    assert.equal((await books.readTransfer(one.code, input.id)).reversalDate, '2026-03-02');
    assert.deepEqual(await holds(one), [10_000n, 10_000n]);
    await complete(one);
  });

  test('does not stop an adjustment', async () => {
    const { one, outcome } = await closing(true);
    assert.equal(short(outcome), 'accepted accepted');
    assert.deepEqual(await holds(one), [9_993n, 10_007n]);
    await complete(one);
  });
});
