/** Groups, windows and closings on a real database, with other processes on the same books. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { newId } from '#kernel/ids';
import { about, codes, testLedger, transfer } from '#test/ledger';
import { groupBalances, groupMembers, listGroups, listWindows, trialBalance, verify } from './index.ts';

const { db, clock, ledger, another, book } = await testLedger({ after });
const family = { dimension: 'customer', code: 'family' };

async function group(code: string, inputs: Parameters<typeof ledger.createGroups>[2]) {
  await db.transaction((tx) => ledger.createGroups(tx, code, inputs));
}

async function balances(bookId: number, dimension: string, at: { effectiveDate?: string; recordedAt?: string } = {}) {
  const found = await groupBalances(db, bookId, { dimension, ...at });
  return Object.fromEntries(
    found.map(({ code, counters }) => [code, counters.creditsPosted - counters.debitsPosted] as const),
  );
}

async function assertSound(code: string) {
  assert.deepEqual((await verify(db, { book: code })).findings, []);
}

suite('groups', () => {
  test('a tree counts an account once on every level, whatever leads to it', async () => {
    const { code, bookId, ids } = await book({}, {}, {});
    await group(code, [
      { dimension: 'branch', code: 'bank' },
      { dimension: 'branch', code: 'north', parentCode: 'bank' },
      { dimension: 'branch', code: 'south', parentCode: 'bank' },
    ]);
    const [a, b, c = ''] = ids;
    await ledger.post(code, [transfer(a, b, 100n), transfer(b, c, 30n)]);
    await ledger.joinGroup(code, { dimension: 'branch', code: 'north' }, [b]);
    assert.deepEqual(await balances(bookId, 'branch'), { bank: 70n, north: 70n });
    // Joining the level above as well changes nothing there.
    assert.equal(await ledger.joinGroup(code, { dimension: 'branch', code: 'bank' }, [b, c]), 2);
    assert.deepEqual(await balances(bookId, 'branch'), { bank: 100n, north: 70n });
    await ledger.post(code, [transfer(c, b, 5n), transfer(a, c, 1n)]);
    assert.deepEqual(await balances(bookId, 'branch'), { bank: 101n, north: 75n });
    assert.equal(await ledger.leaveGroup(code, { dimension: 'branch', code: 'north' }, [b, c]), 1);
    assert.deepEqual(await balances(bookId, 'branch'), { bank: 101n, north: 0n });
    assert.equal(await ledger.joinGroup(code, { dimension: 'branch', code: 'south' }, [a]), 1);
    assert.equal(await ledger.joinGroup(code, { dimension: 'branch', code: 'south' }, [a]), 0);
    assert.deepEqual(await balances(bookId, 'branch'), { bank: 0n, north: 0n, south: -101n });
    assert.deepEqual(
      await groupMembers(db, bookId, { dimension: 'branch', code: 'bank' }, { limit: 9 }),
      [...ids].sort(),
    );
    await assertSound(code);
  });

  test('accounts join at their opening, by name and by their chart-of-accounts code', async () => {
    const { code, bookId, ids } = await book({ code: '2011' }, { code: '1001', side: 'debit' });
    await group(code, [
      { dimension: 'chart', code: '2', name: 'Liabilities' },
      { dimension: 'chart', code: '2011', parentCode: '2', accountCode: '2011' },
      family,
    ]);
    await ledger.post(code, [transfer(ids[1], ids[0], 8n)]);
    assert.equal(await ledger.buildGroups(code), 1);
    assert.equal(await ledger.buildGroups(code), 0);
    const id = newId();
    const input = { id, currency: 'CNY', code: '2011', side: 'credit' as const, groups: [family] };
    await db.transaction((tx) => ledger.openAccounts(tx, code, [input]));
    await ledger.post(code, [transfer(ids[0], id, 3n)]);
    assert.deepEqual(await balances(bookId, 'chart'), { '2': 8n, '2011': 8n });
    assert.deepEqual(await balances(bookId, 'customer'), { family: 3n });
    assert.deepEqual(
      (await listGroups(db, bookId, { dimension: 'chart' })).map((one) => [one.code, one.parentCode, one.accountCode]),
      [
        ['2', null, null],
        ['2011', '2', '2011'],
      ],
    );
    await assertSound(code);
  });

  test('an account that is named twice, or by name and by its code, joins once', async () => {
    const { code, bookId, ids } = await book({}, {});
    const chart = { dimension: 'chart', code: '2011' };
    await group(code, [family, { ...chart, accountCode: '2011' }]);
    assert.equal(await ledger.joinGroup(code, family, [ids[0], ids[0].toUpperCase(), ids[0]]), 1);
    const id = newId();
    const input = { id, currency: 'CNY', code: '2011', side: 'credit' as const, groups: [family, chart, family] };
    await db.transaction((tx) => ledger.openAccounts(tx, code, [input]));
    await ledger.post(code, [transfer(ids[1], id, 3n)]);
    assert.deepEqual(await balances(bookId, 'chart'), { '2011': 3n });
    assert.equal(await ledger.leaveGroup(code, family, [ids[0], id, id]), 2);
    await assertSound(code);
  });

  test('balances at both clocks, kept per date or summed over members, are the same', async () => {
    const { code, bookId, ids } = await book({}, {}, {});
    await group(code, [
      { dimension: 'kept', code: 'x' },
      { dimension: 'summed', code: 'x', daily: false },
    ]);
    const post = async (effectiveDate: string, amount: bigint) => {
      const [outcome] = await ledger.post(code, [transfer(ids[0], ids[1], amount, { effectiveDate })]);
      assert.equal(outcome?.code, 'accepted');
      return outcome?.recordedAt ?? '';
    };
    await post('2026-02-27', 1n);
    const early = await post('2026-02-28', 10n);
    for (const dimension of ['kept', 'summed']) await ledger.joinGroup(code, { dimension, code: 'x' }, [ids[1]]);
    await post('2026-02-27', 100n);
    await post('2026-03-01', 1000n);
    for (const dimension of ['kept', 'summed']) {
      assert.deepEqual(await balances(bookId, dimension), { x: 1111n });
      assert.deepEqual(await balances(bookId, dimension, { effectiveDate: '2026-02-27' }), { x: 101n });
      assert.deepEqual(await balances(bookId, dimension, { effectiveDate: '2026-02-28' }), { x: 111n });
      assert.deepEqual(await balances(bookId, dimension, { effectiveDate: '2026-02-28', recordedAt: early }), {
        x: 11n,
      });
      assert.deepEqual(await balances(bookId, dimension, { recordedAt: early }), { x: 11n });
    }
    const lines = await trialBalance(db, bookId, '2026-02-28', undefined, { group: { dimension: 'kept', code: 'x' } });
    assert.deepEqual(
      lines.map((line) => [line.code, line.counters.creditsPosted]),
      [['2011', 111n]],
    );
    await assertSound(code);
  });

  test('a group is built from the journal while writes go on', async () => {
    const { code, bookId, ids } = await book(...Array.from({ length: 40 }, () => ({})));
    await group(code, [family, { dimension: 'customer', code: 'few' }]);
    let writing = true;
    let posted = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (writing || posted <= 40) {
        const step = posted++ % 39;
        await ledger.post(code, [transfer(ids[step] ?? '', ids[step + 1] ?? '', BigInt(writer + 1))]);
      }
    });
    const few = ids.slice(0, 7);
    for (const id of ids) await ledger.joinGroup(code, family, [id]);
    await ledger.joinGroup(code, { dimension: 'customer', code: 'few' }, few);
    await ledger.leaveGroup(code, { dimension: 'customer', code: 'few' }, few.slice(0, 2));
    writing = false;
    await Promise.all(writers);
    assert.ok(posted > 40, `${posted} transfers meanwhile`);
    assert.equal((await balances(bookId, 'customer')).family, 0n);
    await assertSound(code);
  });

  test('a limit on a group holds for two processes at once', async () => {
    const { code, bookId, ids } = await book({}, {}, {}, {});
    const [a, b, c = '', d = ''] = ids;
    await group(code, [family]);
    await ledger.joinGroup(code, family, [a, b]);
    await ledger.post(code, [transfer(c, a, 500n), transfer(d, b, 500n)]);
    const second = await another();
    // Both remember the accounts from before the limit.
    await second.post(code, [transfer(a, b, 1n)]);
    const limits = { currency: 'CNY', side: 'credit' as const, minimum: 100n, maximum: null };
    await db.transaction((tx) => ledger.setGroupLimits(tx, code, family, limits));
    const spend = (on: typeof ledger, from: string) =>
      Promise.all(Array.from({ length: 60 }, () => on.post(code, [transfer(from, c, 10n)])));
    const answers = codes((await Promise.all([spend(ledger, a), spend(second, b)])).flat(2));
    assert.equal(answers.filter((answer) => answer === 'accepted').length, 90);
    assert.equal(answers.filter((answer) => answer === 'exceeds_group_minimum').length, 30);
    assert.deepEqual(await balances(bookId, 'customer'), { family: 100n });
    await assertSound(code);
  });

  test('bad input has its code', async () => {
    const { code, ids } = await book();
    const create = (input: Parameters<typeof ledger.createGroups>[2][number]) => group(code, [input]);
    await create(family);
    await create(family);
    const faults: [string, () => Promise<unknown>][] = [
      ['group_different', () => create({ ...family, name: 'other' })],
      ['group_different', () => create({ ...family, daily: false })],
      ['group_invalid', () => create({ dimension: 'Customer', code: 'x' })],
      ['group_invalid', () => create({ dimension: 'customer', code: '' })],
      ['group_invalid', () => create({ dimension: 'customer', code: 'x'.repeat(65) })],
      ['group_invalid', () => create({ dimension: 'customer', code: 'x', parentCode: 'x' })],
      ['group_invalid', () => create({ dimension: 'customer', code: 'x', accountCode: ' ' })],
      ['group_parent_not_found', () => create({ dimension: 'customer', code: 'x', parentCode: 'y' })],
      ['group_parent_not_found', () => create({ dimension: 'branch', code: 'x', parentCode: 'family' })],
      ['group_not_found', () => ledger.joinGroup(code, { dimension: 'customer', code: 'none' }, [ids[0]])],
      ['account_not_found', () => ledger.joinGroup(code, family, [ids[0], newId()])],
      ['account_not_found', () => ledger.joinGroup(code, family, ['nobody'])],
    ];
    for (const [expected, fault] of faults) await assert.rejects(fault(), { code: expected });
  });
});

suite('velocity windows', () => {
  const out = { per: 'account', direction: 'out', period: 'day', currency: 'CNY' } as const;

  test('bind each account of a group through the lane, inside a transaction and after a restart', async () => {
    const { code, bookId, ids } = await book({}, {}, {});
    const [a, b, c = ''] = ids;
    await group(code, [family]);
    await ledger.joinGroup(code, family, [a, b]);
    await db.transaction((tx) =>
      ledger.createWindow(tx, code, { ...out, code: 'daily', target: family, maximumCount: 3, maximumAmount: 100n }),
    );
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, c, 60n), transfer(b, c, 100n)])), [
      'accepted',
      'accepted',
    ]);
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, c, 41n), transfer(b, c, 1n)])), [
      'exceeds_window_amount',
      'exceeds_window_amount',
    ]);
    const inside = await db.transaction((tx) => ledger.postIn(tx, code, [transfer(a, c, 1n), transfer(a, c, 40n)]));
    assert.deepEqual(codes(inside), ['accepted', 'exceeds_window_amount']);
    const later = await another();
    assert.deepEqual(codes(await later.post(code, [transfer(a, c, 39n), transfer(a, c, 0n + 1n)])), [
      'accepted',
      'exceeds_window_count',
    ]);
    // Who joins later is bound from then on; who leaves no longer.
    await ledger.post(code, [transfer(c, a, 150n)]);
    await ledger.joinGroup(code, family, [c]);
    await ledger.leaveGroup(code, family, [b]);
    assert.deepEqual(
      codes(await ledger.post(code, [transfer(c, a, 101n), transfer(c, a, 100n), transfer(b, a, 500n)])),
      ['exceeds_window_amount', 'accepted', 'accepted'],
    );
    await assertSound(code);
    await db.transaction((tx) =>
      ledger.setWindowMaxima(tx, code, 'daily', { maximumCount: null, maximumAmount: 101n }),
    );
    assert.deepEqual(codes(await ledger.post(code, [transfer(c, a, 1n), transfer(c, a, 1n)])), [
      'accepted',
      'exceeds_window_amount',
    ]);
    await db.transaction((tx) => ledger.retireWindow(tx, code, 'daily'));
    assert.deepEqual(codes(await ledger.post(code, [transfer(c, a, 900n)])), ['accepted']);
    assert.deepEqual(
      (await listWindows(db, bookId)).map((window) => [window.code, window.maximumAmount, window.retiredAt === null]),
      [['daily', 101n, false]],
    );
    await assertSound(code);
  });

  test('of a group hold for two processes at once', async () => {
    const { code, ids } = await book({}, {}, {});
    const [a, b, c = ''] = ids;
    await group(code, [family]);
    await ledger.joinGroup(code, family, [a, b]);
    const second = await another();
    await Promise.all([ledger.post(code, [transfer(a, c, 1n)]), second.post(code, [transfer(b, c, 1n)])]);
    await db.transaction((tx) =>
      ledger.createWindow(tx, code, {
        ...out,
        per: 'group',
        code: 'w',
        target: family,
        maximumCount: 25,
        maximumAmount: null,
      }),
    );
    const spend = (on: typeof ledger, from: string) =>
      Promise.all(Array.from({ length: 20 }, () => on.post(code, [transfer(from, c, 1n)])));
    const answers = codes((await Promise.all([spend(ledger, a), spend(second, b)])).flat(2));
    assert.equal(answers.filter((answer) => answer === 'accepted').length, 25);
    await assertSound(code);
  });

  test('begin again with the next day, also when the server clock goes back over midnight', async () => {
    const { code, ids } = await book();
    const [a, b] = ids;
    await db.transaction((tx) =>
      ledger.createWindow(tx, code, {
        ...out,
        code: 'a',
        target: { accountId: a },
        maximumCount: 1,
        maximumAmount: null,
      }),
    );
    const start = clock.now();
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n), transfer(a, b, 1n)])), [
      'accepted',
      'exceeds_window_count',
    ]);
    clock.set(start.add({ hours: 24 }));
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n)])), ['accepted']);
    clock.set(start);
    // The journal is at the next day already, and stays there.
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n)])), ['exceeds_window_count']);
    await assertSound(code);
  });

  test('count where the batch is recorded, also when that is a microsecond into the next hour', async () => {
    const { code, bookId, ids } = await book();
    const [a, b] = ids;
    const target = { accountId: a };
    const one = { ...out, period: 'hour' as const, code: 'w', target, maximumCount: 1, maximumAmount: null };
    await db.transaction((tx) => ledger.createWindow(tx, code, one));
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n)])), ['accepted']);
    const next = clock.now().round({ smallestUnit: 'hour', roundingMode: 'ceil' }).add({ hours: 1 });
    await db.admin.query('update ledger.journal_end set recorded_at = $2 where book_id = $1', [
      bookId,
      next.subtract({ microseconds: 1 }).toString(),
    ]);
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n), transfer(a, b, 1n)])), [
      'accepted',
      'exceeds_window_count',
    ]);
  });

  test('bad input has its code', async () => {
    const { code, ids } = await book();
    const window = { ...out, code: 'w', target: { accountId: ids[0] }, maximumCount: 1, maximumAmount: null };
    const create = (change: object) => db.transaction((tx) => ledger.createWindow(tx, code, { ...window, ...change }));
    await create({});
    await create({});
    const faults: [string, object][] = [
      ['window_different', { period: 'hour' }],
      ['window_invalid', { code: 'v', maximumCount: null }],
      ['window_invalid', { code: 'v', maximumCount: -1 }],
      ['window_invalid', { code: 'v', maximumCount: 0.5 }],
      ['window_invalid', { code: 'v', maximumAmount: -1n }],
      ['window_invalid', { code: 'v', maximumAmount: 2n ** 63n }],
      ['window_invalid', { code: 'v', currency: 'XXQ' }],
      ['window_invalid', { code: 'v', per: 'group' }],
      ['window_invalid', { code: '' }],
      ['account_not_found', { code: 'v', target: { accountId: newId() } }],
      ['group_not_found', { code: 'v', target: family }],
    ];
    for (const [expected, change] of faults) await assert.rejects(create(change), { code: expected });
    const change = db.transaction((tx) => ledger.retireWindow(tx, code, 'none'));
    await assert.rejects(change, { code: 'window_not_found' });
  });
});

suite('closing', () => {
  const close = (code: string, closedThrough: string | null, sealedThrough: string | null = null) =>
    db.transaction((tx) => ledger.setClosing(tx, code, { closedThrough, sealedThrough }));
  const on = (effectiveDate: string, more = {}) => ({ effectiveDate, ...more });

  test('binds processes that remember otherwise, can be taken back, and is known to verify', async () => {
    const { code, bookId, ids } = await book();
    const [a, b] = ids;
    const second = await another();
    await second.post(code, [transfer(a, b, 1n, on('2026-02-27'))]);
    const before = transfer(a, b, 5n, on('2026-02-27'));
    await ledger.post(code, [before]);
    await close(code, '2026-02-28');
    const answers = await second.post(code, [
      transfer(a, b, 1n, on('2026-02-28')),
      transfer(a, b, 1n, on('2026-02-28', { adjustment: true })),
      about('reverse', before.id, on('2026-02-27')),
      about('reverse', before.id, on('2026-03-02')),
    ]);
    assert.deepEqual(codes(answers), ['period_closed', 'accepted', 'period_closed', 'accepted']);
    await close(code, '2026-02-28', '2026-01-31');
    assert.deepEqual(codes(await ledger.post(code, [transfer(a, b, 1n, on('2026-01-31', { adjustment: true }))])), [
      'period_sealed',
    ]);
    await close(code, null);
    assert.deepEqual(codes(await second.post(code, [transfer(a, b, 1n, on('2026-01-31'))])), ['accepted']);
    await assertSound(code);
    // Made ordinary by hand, and moved into the sealed period.
    const tampered = async (change: string, sequence: number) => {
      await db.admin.query(`update ledger.transfer set ${change} where book_id = $1 and sequence = $2`, [
        bookId,
        sequence,
      ]);
      const closing = (await verify(db, { book: code })).findings.find(({ check }) => check === 'closing');
      return [closing?.count, closing?.first.sequence, closing?.first.closed_through, closing?.first.sealed_through];
    };
    assert.deepEqual(await tampered('adjustment = false', 3), [1, 3, '2026-02-28', null]);
    await second.post(code, [transfer(a, b, 1n)]);
    await close(code, '2026-02-28', '2026-01-31');
    await second.post(code, [transfer(a, b, 1n, on('2026-02-01', { adjustment: true }))]);
    assert.deepEqual(await tampered(`adjustment = true, effective_date = '2026-02-01'`, 3), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(await tampered(`effective_date = '2026-01-31'`, 7), [1, 7, '2026-02-28', '2026-01-31']);
  });

  test('wants dates that are over, the sealed among the closed', async () => {
    const { code } = await book();
    const faults: [string | null, string | null][] = [
      ['2026-03-02', null],
      ['2026-02-30', null],
      ['2026-01-31', '2026-02-28'],
      [null, '2026-01-31'],
    ];
    for (const [closed, sealed] of faults)
      await assert.rejects(close(code, closed, sealed), { code: 'closing_invalid' });
  });
});
