/** Two processes on one database, step by step in the order that hurts; and what stands at the edge of a type. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { about, codes, interrupted, someoneWaits, testLedger, transfer } from '#test/ledger';
import { type AccountState, listTransfers, type Outcome, type TransferInput, verify } from './index.ts';

const { db, clock, ledger, another, book } = await testLedger({ after });

async function soundBooks(code: string) {
  assert.deepEqual((await verify(db, { book: code })).findings, []);
}

/** What another process does in the worst moment. Each of these once gave a wrong answer or none. */
suite('another process is quicker', () => {
  test('a hold that was voided while the accounts of its posting were being read', async () => {
    const one = await book();
    const [ann, bob] = one.ids;
    const holds = [1, 2].map(() => transfer(ann, bob, 100n, { kind: 'pending' }));
    await ledger.post(one.code, holds);
    const quicker = () => ledger.post(one.code, [about('void', holds[0]?.id ?? '')]);
    const late = await another(interrupted(db, 'from ledger.balance b\n     join ledger.account', quicker));
    assert.deepEqual(codes(await late.post(one.code, [about('post', holds[0]?.id ?? '')])), ['pending_already_voided']);
    assert.equal((await one.account(ann)).counters.debitsPending, 100n);
    await soundBooks(one.code);
  });

  test('a transfer that was reversed while the accounts of its reversal were being read', async () => {
    const one = await book();
    const paid = transfer(one.ids[0], one.ids[1], 100n);
    await ledger.post(one.code, [paid]);
    const quicker = () => ledger.post(one.code, [about('reverse', paid.id)]);
    const late = await another(interrupted(db, 'from ledger.balance b\n     join ledger.account', quicker));
    assert.deepEqual(codes(await late.post(one.code, [about('reverse', paid.id)])), ['already_reversed']);
    await soundBooks(one.code);
  });

  test('a hold that another posts while its own posting waits for the book', async () => {
    const one = await book({}, {}, {}, {});
    const [ann, bob, cay = '', dan = ''] = one.ids;
    const hold = transfer(ann, bob, 100n, { kind: 'pending' });
    const other = await another();
    let waiting: Promise<Outcome[]> | undefined;
    await db.transaction(async (tx) => {
      await other.postIn(tx, one.code, [hold]);
      const inputs = [transfer(cay, dan, 1n), about('post', hold.id)];
      waiting = db.transaction((own) => ledger.postIn(own, one.code, inputs));
      await someoneWaits(db);
    });
    assert.deepEqual(codes((await waiting) ?? []), ['accepted', 'accepted']);
    await soundBooks(one.code);
  });

  test('a deposit that comes before a refusal in the journal counts for it', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    const other = await another();
    await ledger.post(one.code, [transfer(bob, ann, 1n), transfer(ann, bob, 1n)]);
    let payment: Promise<Outcome[]> | undefined;
    await db.transaction(async (tx) => {
      await tx.query('select from ledger.journal_end where book_id = $1 for update', [one.bookId]);
      payment = ledger.post(one.code, [transfer(ann, bob, 5n)]);
      await someoneWaits(db);
      await other.postIn(tx, one.code, [transfer(bob, ann, 5n)]);
    });
    const [outcome] = (await payment) ?? [];
    assert.deepEqual([outcome?.code, outcome?.sequence], ['accepted', 4n]);
  });

  test('what a failed attachment left in memory is forgotten before another process posts', async () => {
    const one = await book();
    const [ann, bob] = one.ids;
    const other = await another();
    await ledger.post(one.code, [transfer(ann, bob, 1n)]);
    const failing = ledger.postWith(one.code, [transfer(ann, bob, 100n)], () => {
      throw new Error('not like this');
    });
    await assert.rejects(failing, /not like this/);
    await other.post(one.code, [transfer(ann, bob, 10n)]);
    await ledger.post(one.code, [transfer(ann, bob, 1n)]);
    assert.equal((await one.account(ann)).counters.debitsPosted, 12n);
    await soundBooks(one.code);
  });

  test('a freeze, a limit and an unfreeze by another process bind at once', async () => {
    const other = await another();
    const limits = (minimum: bigint) => ({ minimum, maximum: null });
    const changes: [AccountState, bigint, string][] = [
      ['frozen', 0n, 'debit_account_frozen'],
      ['outgoing_frozen', 0n, 'debit_account_frozen'],
      ['open', 9n, 'exceeds_available'],
      ['open', 8n, 'accepted'],
    ];
    for (const [state, minimum, expected] of changes) {
      const one = await book({ limits: { minimum: 0n } }, {});
      const [ann, bob] = one.ids;
      // A lane of its own, which remembers the account as it is before the change, and again after it.
      const remembering = await another(db);
      const pay = async () => codes(await remembering.post(one.code, [transfer(ann, bob, 1n)])).join();
      await remembering.post(one.code, [transfer(bob, ann, 10n)]);
      assert.equal(await pay(), 'accepted');
      await db.transaction((tx) => other.setLimits(tx, one.code, ann, limits(minimum)));
      if (state !== 'open') await db.transaction((tx) => other.setState(tx, one.code, ann, state));
      assert.equal(await pay(), expected);
      if (expected === 'accepted') continue;
      if (state !== 'open') await db.transaction((tx) => other.setState(tx, one.code, ann, 'open'));
      await db.transaction((tx) => other.setLimits(tx, one.code, ann, limits(0n)));
      assert.equal(await pay(), 'accepted');
    }
  });

  test('an answered id with other content, and a posting of what it once was, in one request', async () => {
    const one = await book({}, {}, {}, {});
    const [ann, bob, cay = '', dan = ''] = one.ids;
    const hold = transfer(ann, bob, 5n, { kind: 'pending' });
    await ledger.post(one.code, [hold]);
    const fresh = await another();
    const inputs = [
      { ...transfer(cay, dan, 7n, { kind: 'pending' }), id: hold.id },
      about('post', hold.id, { effectiveDate: '2026-05-01' }),
    ];
    assert.deepEqual(codes(await fresh.post(one.code, inputs)), ['id_reused', 'accepted']);
    await soundBooks(one.code);
  });
});

test('what comes while a batch waits is decided by the clock at which it came', async () => {
  const one = await book();
  const [ann, bob] = one.ids;
  const hold = transfer(ann, bob, 5n, { kind: 'pending', expiresAt: '2026-03-02T16:00:00Z' });
  const [before, between, late] = [1n, 2n, 3n].map((amount) => transfer(ann, bob, amount)) as [
    TransferInput,
    TransferInput,
    TransferInput,
  ];
  const post = (input: TransferInput) => ledger.post(one.code, [input]);
  await post(hold);
  const answers: Promise<Outcome[]>[] = [];
  await db.transaction(async (tx) => {
    await tx.query('select from ledger.journal_end where book_id = $1 for update', [one.bookId]);
    answers.push(post(before));
    await someoneWaits(db);
    answers.push(post(between));
    await sleep(20);
    // Midnight in Shanghai, and the end of the hold.
    clock.set('2026-03-02T16:00:00Z');
    answers.push(post(late), post(about('post', hold.id)));
    await sleep(20);
  });
  assert.deepEqual((await Promise.all(answers)).flatMap(codes), [...Array(3).fill('accepted'), 'pending_expired']);
  const dates = (await listTransfers(db, one.bookId, { limit: 9 })).map(({ effectiveDate }) => effectiveDate);
  assert.deepEqual(dates, ['2026-03-02', '2026-03-02', '2026-03-02', '2026-03-03']);
});

suite('what accounts must obey changes while two processes post', () => {
  test('and everything that is kept of groups, windows and closings is what the journal says', async () => {
    const one = await book(...Array.from({ length: 8 }, () => ({})));
    const { code, ids } = one;
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)] as Item;
    const family = { dimension: 'customer', code: 'family' };
    const keys = [{ dimension: 'branch', code: 'bank' }, { dimension: 'branch', code: 'north' }, family] as const;
    const [bank, north] = keys;
    await db.transaction((tx) => ledger.createGroups(tx, code, [bank, { ...north, parentCode: 'bank' }, family]));
    const second = await another();
    let stop = false;
    const met = new Map<string, number>();
    const poster = async (on: typeof ledger, inside: boolean) => {
      while (!stop) {
        const day = pick(['2026-02-26', '2026-02-28', '2026-03-01', '2026-03-02']);
        const request = Array.from({ length: 4 }, (_, index) =>
          transfer(ids[2 * index] ?? '', ids[pick([1, 3, 5, 7])] ?? '', 5n, {
            kind: pick(['transfer', 'pending']),
            linked: index === 0,
            effectiveDate: day,
          }),
        );
        const outcomes = inside
          ? await db.transaction((tx) => on.postIn(tx, code, request))
          : await on.post(code, request);
        for (const answer of codes(outcomes)) met.set(answer, (met.get(answer) ?? 0) + 1);
      }
    };
    const posters = [poster(ledger, false), poster(second, false), poster(ledger, true)];
    const daily = { direction: 'out', period: 'day', currency: 'CNY' } as const;
    for (let round = 0; round < 12; round++) {
      const group = pick(keys);
      const maxima = { maximumCount: 40 + 40 * round, maximumAmount: null };
      await ledger.joinGroup(code, group, [pick(ids), pick(ids)]);
      await ledger.leaveGroup(code, pick(keys), [pick(ids)]);
      await db.transaction(async (tx) => {
        const limits = { currency: 'CNY', side: 'credit', minimum: -500n * BigInt(round + 1), maximum: null } as const;
        await ledger.setGroupLimits(tx, code, group, limits);
        const per = pick(['group', 'account'] as const);
        await ledger.createWindow(tx, code, { ...daily, ...maxima, code: `w${round}`, target: group, per });
        if (round > 2) await ledger.retireWindow(tx, code, `w${round - 3}`);
      });
      const closedThrough = pick([null, '2026-02-26', '2026-02-28']);
      await db.transaction((tx) => ledger.setClosing(tx, code, { closedThrough, sealedThrough: null }));
      clock.advance({ minutes: 5 });
    }
    stop = true;
    await Promise.all(posters);
    for (const answer of ['accepted', 'period_closed']) assert.ok((met.get(answer) ?? 0) > 0, JSON.stringify([...met]));
    await soundBooks(code);
  });
});

suite('amounts and instants at the edge', () => {
  test('an expiry with any offset of RFC 3339 is kept as its instant', async () => {
    const one = await book();
    const inputs = ['2030-01-01T00:00:00+23:59', '2030-01-01T00:00:00-23:59', '2030-01-01T00:00:00.1234567Z'].map(
      (expiresAt) => transfer(one.ids[0], one.ids[1], 1n, { kind: 'pending', expiresAt }),
    );
    assert.deepEqual(codes(await ledger.post(one.code, inputs)), Array(3).fill('accepted'));
    assert.deepEqual(codes(await ledger.post(one.code, inputs)), Array(3).fill('accepted again'));
    const kept = (await listTransfers(db, one.bookId, { limit: 9 })).map(({ expiresAt }) => expiresAt);
    assert.deepEqual(kept, [
      '2029-12-31T00:01:00.000000Z',
      '2030-01-01T23:59:00.000000Z',
      '2030-01-01T00:00:00.123456Z',
    ]);
  });

  test('totals of a day that would not fit are refused, and the transfers beside them are not', async () => {
    const one = await book();
    const [ann, bob] = one.ids;
    const most = 2n ** 63n - 1n;
    const holds = [1, 2].map(() => transfer(ann, bob, most, { kind: 'pending', effectiveDate: '2026-03-02' }));
    const release = about('void', holds[0]?.id ?? '', { effectiveDate: '2026-03-03' });
    await ledger.post(one.code, [holds[0] as TransferInput, release]);
    const results = await Promise.all(
      [[holds[1] as TransferInput], [transfer(ann, bob, 1n)]].map((request) => ledger.post(one.code, request)),
    );
    assert.deepEqual(results.map(codes), [['counter_overflow'], ['accepted']]);
    await soundBooks(one.code);
  });
});
