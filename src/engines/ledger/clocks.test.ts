/** Two clocks: what is known of which date, as of when; and what a posting dated long ago costs. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import type { Transaction } from '#kernel/database';
import { about, codes, testLedger, transfer } from '#test/ledger';
import {
  balance,
  balanceAsOf,
  listTransfers,
  readTransfer,
  statement,
  type TransferInput,
  trialBalance,
  verify,
} from './index.ts';
import { counterNames } from './model.ts';

const { db, clock, ledger, book } = await testLedger({ after });

test('a balance as of any date, as known at any instant', async () => {
  const one = await book({ code: '1001', side: 'debit' }, {});
  const [cash, ann] = one.ids;
  const known: string[] = ['2026-03-02T00:59:59.999999Z'];
  const post = async (input: TransferInput) => {
    const [outcome] = await ledger.post(one.code, [input]);
    assert.equal(outcome?.code, 'accepted');
    known.push(outcome.recordedAt);
    clock.advance({ hours: 1 });
    return input;
  };
  const first = await post(transfer(cash, ann, 100n));
  await post(transfer(cash, ann, 50n, { effectiveDate: '2025-03-02' }));
  const hold = await post(transfer(ann, cash, 80n, { kind: 'pending', effectiveDate: '2026-03-03' }));
  await post(about('post', hold.id, { amount: 30n, keepRemainder: true, effectiveDate: '2026-03-05' }));
  await post(about('reverse', first.id, { effectiveDate: '2026-03-04' }));
  await post(about('void', hold.id, { effectiveDate: '2026-03-06' }));

  // Rows: known after so many postings. Columns: effective dates. Ann's balance, and what of it is held.
  const dates = [
    '2025-03-01',
    '2025-03-02',
    '2026-03-01',
    '2026-03-02',
    '2026-03-03',
    '2026-03-04',
    '2026-03-05',
    '2026-03-06',
  ];
  const expected = [
    '  0    0    0    0    0       0       0      0',
    '  0    0    0  100  100     100     100    100',
    '  0   50   50  150  150     150     150    150',
    '  0   50   50  150  150-80  150-80  150-80 150-80',
    '  0   50   50  150  150-80  150-80  120-50 120-50',
    '  0   50   50  150  150-80   50-80   20-50  20-50',
    '  0   50   50  150  150-80   50-80   20-50  20',
  ];
  for (const [postings, row] of expected.entries()) {
    const words = row.trim().split(/\s+/);
    for (const [index, date] of dates.entries()) {
      for (const recordedAt of postings === 6 ? [known[6], undefined] : [known[postings]]) {
        const { counters, account } = await balanceAsOf(db, one.bookId, ann, date, recordedAt);
        const held = counters.debitsPending === 0n ? '' : `-${counters.debitsPending}`;
        assert.equal(`${balance(account.side, counters)}${held}`, words[index], `after ${postings}, on ${date}`);
        const lines = await trialBalance(db, one.bookId, date, recordedAt);
        const line = lines.find(({ code }) => code === '2011');
        for (const name of counterNames)
          assert.equal(line?.counters[name] ?? 0n, counters[name], `${name} of the code`);
      }
    }
  }
  // The instant is the last one at which something was not yet known, to the microsecond, in any offset.
  const justBefore = known[2]?.replace('00.000000Z', '59.999999Z').replace('02:00', '01:59') ?? '';
  assert.equal((await balanceAsOf(db, one.bookId, ann, '2026-03-02', justBefore)).counters.creditsPosted, 100n);
  assert.equal(
    (await balanceAsOf(db, one.bookId, ann, '2026-03-02', '2026-03-02T10:00:00+08:00')).counters.creditsPosted,
    150n,
  );

  const then = await statement(db, one.bookId, ann, {
    from: '2026-03-02',
    to: '2026-03-31',
    recordedAt: known[4],
    limit: 9,
  });
  const lines = then.entries.map(({ transfer: { effectiveDate }, debit, credit, balanceAfter }) => [
    effectiveDate,
    debit,
    credit,
    balanceAfter,
  ]);
  assert.deepEqual(lines, [
    ['2026-03-02', null, 100n, 150n],
    ['2026-03-05', 30n, null, 120n],
  ]);
  assert.deepEqual([then.opening, then.closing], [50n, 120n]);
});

test('recorded instants go forward, batch by batch, also when the clock does not', async () => {
  const one = await book();
  const present = clock.now();
  const instants: string[] = [];
  for (const minutes of [0, 0, -5, 1]) {
    clock.set(present.add({ minutes }));
    const inputs = [transfer(one.ids[0], one.ids[1], 1n), transfer(one.ids[0], one.ids[1], 1n)];
    const [first, second] = await ledger.post(one.code, inputs);
    assert.equal(first?.recordedAt, second?.recordedAt);
    instants.push(first?.recordedAt ?? '');
  }
  const expected = [{ minutes: 0 }, { microseconds: 1 }, { microseconds: 2 }, { minutes: 1 }].map((later) =>
    present.add(later).toString({ smallestUnit: 'microsecond' }),
  );
  assert.deepEqual(instants, expected);
});

suite('a posting dated a year back, among many later ones', () => {
  test('is right at once, and touches none of them', async () => {
    const one = await book({}, {}, {});
    const [ann, bob, cay = ''] = one.ids;
    const dates = Array.from({ length: 100 }, (_, day) =>
      clock
        .now()
        .subtract({ hours: 24 * (200 - day) })
        .toString()
        .slice(0, 10),
    );
    const many = dates.flatMap((effectiveDate) =>
      Array.from({ length: 20 }, () => transfer(ann, bob, 1n, { effectiveDate })),
    );
    assert.deepEqual(new Set(codes(await ledger.post(one.code, many))), new Set(['accepted']));
    const rows = async () => {
      const { rows: found } = await db.query<{ rows: string; last: bigint }>(
        `select md5(string_agg(t::text, '|' order by sequence)) as rows from ledger.transfer t where book_id = $1 and sequence <= 2000`,
        [one.bookId],
      );
      return found[0]?.rows;
    };
    const before = await rows();
    const known = clock.now().toString();
    clock.advance({ hours: 1 });
    const late = '2025-03-02';
    const [first, middle = '', last = ''] = [dates[0], dates[50], dates[99]];
    const outcomes = await ledger.post(one.code, [
      transfer(cay, bob, 500n, { effectiveDate: late }),
      transfer(ann, bob, 7n, { effectiveDate: middle }),
      transfer(cay, bob, 11n, { effectiveDate: late }),
    ]);
    assert.deepEqual(codes(outcomes), ['accepted', 'accepted', 'accepted']);
    assert.equal(await rows(), before);
    const credit = async (date: string, recordedAt?: string) =>
      (await balanceAsOf(db, one.bookId, bob, date, recordedAt)).counters.creditsPosted;
    assert.deepEqual(await Promise.all(['2025-03-01', late, first ?? '', middle, last].map((date) => credit(date))), [
      0n,
      511n,
      531n,
      1538n,
      2518n,
    ]);
    assert.deepEqual(
      await Promise.all(['2025-03-01', late, first ?? '', middle, last].map((date) => credit(date, known))),
      [0n, 0n, 20n, 1020n, 2000n],
    );
    const { opening, entries } = await statement(db, one.bookId, bob, { from: middle, to: middle, limit: 100 });
    assert.deepEqual([opening, entries.length, entries.at(-1)?.balanceAfter], [1511n, 21, 1538n]);
    const listed = await listTransfers(db, one.bookId, { effectiveTo: late, limit: 10 });
    assert.deepEqual(
      listed.map(({ sequence }) => sequence),
      [2001n, 2003n],
    );
    assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  });

  test('is read and written by index, whatever lies behind it, also in a book that no statistics know yet', async () => {
    const day = (index: number) =>
      clock
        .now()
        .subtract({ hours: 24 * (300 - (index % 300)) })
        .toString()
        .slice(0, 10);
    const filled = async () => {
      const one = await book({}, {}, {}, {});
      const many = () =>
        Array.from({ length: 6_000 }, (_, index) =>
          transfer(one.ids[0], one.ids[1], 1n, {
            effectiveDate: day(index),
            kind: index % 9 === 0 ? 'pending' : 'transfer',
          }),
        );
      for (let round = 0; round < 2; round++) await ledger.post(one.code, many());
      return one;
    };
    await filled();
    await db.admin.query('analyze');
    const one = await filled();
    const [ann, bob, cay = '', dan = ''] = one.ids;
    const hold = transfer(cay, dan, 5n, { kind: 'pending' });
    const paid = transfer(ann, bob, 5n);
    await ledger.post(one.code, [hold, paid]);
    const now = clock.now().toString();
    const work: Record<string, (tx: Transaction) => Promise<unknown>> = {
      'a posting': (tx) => ledger.postIn(tx, one.code, [transfer(ann, bob, 1n, { effectiveDate: '2020-01-01' })]),
      'a settlement': (tx) => ledger.postIn(tx, one.code, [about('post', hold.id), about('reverse', paid.id)]),
      'the same again': (tx) => ledger.postIn(tx, one.code, [hold, paid]),
      'a balance then': (tx) => balanceAsOf(tx, one.bookId, bob, '2020-06-01', now),
      'a balance now': (tx) => balanceAsOf(tx, one.bookId, bob, day(298)),
      'a statement': (tx) => statement(tx, one.bookId, bob, { from: day(298), to: '9999-12-31', limit: 10 }),
      'a quiet statement': (tx) => statement(tx, one.bookId, cay, { from: '2020-01-01', to: '9999-12-31', limit: 10 }),
      'an answer': (tx) => readTransfer(tx, one.bookId, paid.id),
      'the journal of a quiet account': (tx) => listTransfers(tx, one.bookId, { accountId: cay, limit: 10 }),
    };
    await db.transaction(async (tx) => {
      const rowsRead = async () => {
        const { rows } = await tx.query<{ n: bigint }>(
          `select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint as n from pg_stat_xact_user_tables
           where schemaname = 'ledger'`,
        );
        return rows[0]?.n ?? 0n;
      };
      for (const [name, does] of Object.entries(work)) {
        const before = await rowsRead();
        await does(tx);
        const read = (await rowsRead()) - before;
        assert.ok(read > 0n && read < 200n, `${name} read ${read} rows`);
      }
    });
  });
});
