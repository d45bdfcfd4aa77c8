/** The ledger as the rest of the house uses it: accounts, postings with company, and inside a caller's transaction. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createBook, readEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { about, codes, everything, testLedger, transfer } from '#test/ledger';
import {
  type AccountInput,
  type AccountState,
  available,
  MAX_BATCH,
  readTransfer,
  type TransferInput,
  verify,
} from './index.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const code = (error: { code?: string }) => error.code ?? error;
const refusedWith = (expected: string) => (error: { code?: string }) => {
  assert.equal(code(error), expected);
  return true;
};

suite('accounts', () => {
  test('are opened once; the same again is given as it is, other content is refused', async () => {
    const one = await book();
    const open = (...inputs: AccountInput[]) => db.transaction((tx) => ledger.openAccounts(tx, one.code, inputs));
    const input: AccountInput = {
      id: newId(),
      currency: 'CNY',
      code: '2011',
      side: 'credit',
      name: '张三',
      limits: { minimum: 0n },
    };
    const [opened] = await open(input, { ...input, id: input.id.toUpperCase() });
    assert.equal(opened?.openedAt, '2026-03-02T01:00:00.000000Z');
    await ledger.post(one.code, [transfer(one.ids[0], input.id, 100n)]);
    await db.transaction((tx) => ledger.setState(tx, one.code, input.id, 'outgoing_frozen'));
    clock.advance({ hours: 1 });
    const [again] = await open(input);
    assert.deepEqual(
      [again?.counters.creditsPosted, again?.state, again?.openedAt],
      [100n, 'outgoing_frozen', opened?.openedAt],
    );
    const before = await everything(db, one.bookId);
    for (const other of [{ currency: 'JPY' }, { code: '2012' }, { side: 'debit' as const }, { name: '李四' }]) {
      await assert.rejects(
        open({ ...input, id: newId() }, { ...input, ...other }),
        refusedWith('account_exists_differently'),
      );
    }
    const invalid: Partial<AccountInput>[] = [
      { id: 'x' },
      { currency: 'XXQ' },
      { code: '' },
      { code: 'a b' },
      { code: 'x'.repeat(33) },
      { side: 'left' as 'debit' },
      { name: 'x'.repeat(201) },
      { name: '\u0000' },
      { name: '\ud800' },
      { limits: { minimum: 1n, maximum: 0n } },
      { limits: { maximum: 2n ** 63n } },
    ];
    for (const other of invalid) await assert.rejects(open({ ...input, ...other }), refusedWith('account_invalid'));
    assert.deepEqual(await everything(db, one.bookId), before);
  });

  test('freeze, unfreeze and limits bind the next transfer; each change is an event', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    const deposit = async () => codes(await ledger.post(one.code, [transfer(bob, ann, 1n)])).join();
    const withdraw = async () => codes(await ledger.post(one.code, [transfer(ann, bob, 1n)])).join();
    const set = (state: AccountState) => db.transaction((tx) => ledger.setState(tx, one.code, ann, state));
    const limit = (minimum: bigint | null, maximum: bigint | null) =>
      db.transaction((tx) => ledger.setLimits(tx, one.code, ann, { minimum, maximum }));
    assert.deepEqual(
      [await deposit(), await withdraw(), await withdraw()],
      ['accepted', 'accepted', 'exceeds_available'],
    );
    await set('outgoing_frozen');
    assert.deepEqual([await deposit(), await withdraw()], ['accepted', 'debit_account_frozen']);
    await set('frozen');
    assert.deepEqual([await deposit(), await withdraw()], ['credit_account_frozen', 'debit_account_frozen']);
    await set('open');
    assert.deepEqual([await withdraw(), await withdraw()], ['accepted', 'exceeds_available']);
    assert.equal((await limit(-2n, 0n)).limits.minimum, -2n);
    assert.deepEqual(
      [await withdraw(), await withdraw(), await withdraw()],
      ['accepted', 'accepted', 'exceeds_available'],
    );
    assert.deepEqual([await deposit(), await deposit(), await deposit()], ['accepted', 'accepted', 'exceeds_maximum']);
    await limit(null, null);
    assert.deepEqual([await withdraw(), await deposit()], ['accepted', 'accepted']);
    await assert.rejects(limit(1n, 0n), refusedWith('account_invalid'));
    const events = await readEvents(db, one.bookId, 0n, 100);
    const changes = events.filter(({ subject }) => subject === ann).map(({ type }) => type);
    assert.deepEqual(changes, [
      'ledger.account_opened',
      ...Array(3).fill('ledger.account_state_changed'),
      ...Array(2).fill('ledger.account_limits_changed'),
    ]);
  });

  test('close only when empty, and for ever', async () => {
    const one = await book({}, {}, {});
    const [ann, bob] = one.ids;
    const close = (id: string) => db.transaction((tx) => ledger.setState(tx, one.code, id, 'closed'));
    const hold = transfer(ann, bob, 5n, { kind: 'pending' });
    await ledger.post(one.code, [hold]);
    await assert.rejects(close(ann), refusedWith('account_not_empty'));
    await assert.rejects(close(bob), refusedWith('account_not_empty'));
    const payment = about('post', hold.id);
    await ledger.post(one.code, [payment]);
    await assert.rejects(close(ann), refusedWith('account_not_empty'));
    await ledger.post(one.code, [transfer(bob, ann, 5n)]);
    assert.equal((await close(ann)).state, 'closed');
    assert.equal((await close(ann)).state, 'closed');
    const outcomes = await ledger.post(one.code, [
      transfer(ann, bob, 1n),
      transfer(bob, ann, 1n, { kind: 'pending' }),
      about('reverse', payment.id),
    ]);
    assert.deepEqual(codes(outcomes), ['debit_account_closed', 'credit_account_closed', 'credit_account_closed']);
    for (const work of [
      db.transaction((tx) => ledger.setState(tx, one.code, ann, 'open')),
      db.transaction((tx) => ledger.setLimits(tx, one.code, ann, { minimum: null, maximum: null })),
    ]) {
      await assert.rejects(work, refusedWith('account_is_closed'));
    }
    await assert.rejects(close(newId()), refusedWith('account_not_found'));
  });
});

suite('what is wrong with a whole request', () => {
  test('is refused as a whole, and nothing is kept', async () => {
    const one = await book();
    const [ann, bob] = one.ids;
    const before = await everything(db, one.bookId);
    const sound = () => transfer(ann, bob, 1n);
    const wrong: [TransferInput[], string][] = [
      [[], 'batch_empty'],
      [Array.from({ length: MAX_BATCH + 1 }, sound), 'batch_too_large'],
      [[sound(), { ...sound(), id: 'not-a-uuid' }], 'transfer_id_malformed'],
    ];
    for (const [transfers, expected] of wrong) {
      await assert.rejects(ledger.post(one.code, transfers), refusedWith(expected));
      await assert.rejects(
        db.transaction((tx) => ledger.postIn(tx, one.code, transfers)),
        refusedWith(expected),
      );
    }
    await assert.rejects(ledger.post('no-such-book', [sound()]), refusedWith('book_not_found'));
    assert.deepEqual(await everything(db, one.bookId), before);
    assert.deepEqual(
      new Set(codes(await ledger.post(one.code, Array.from({ length: MAX_BATCH }, sound)))),
      new Set(['accepted']),
    );
  });

  test('a book without accounts refuses transfers with their code', async () => {
    await db.transaction((tx) => createBook(tx, { code: 'empty', name: 'Empty' }, clock));
    const input = transfer(newId(), newId(), 1n);
    for (const expected of ['debit_account_not_found', 'debit_account_not_found again']) {
      assert.deepEqual(codes(await ledger.post('empty', [input])), [expected]);
    }
  });

  test('a closing ledger finishes what it has and takes no more', async (t) => {
    const { ledger: closing, book: newBook } = await testLedger(t);
    const one = await newBook();
    await closing.post(one.code, [transfer(one.ids[0], one.ids[1], 1n)]);
    let answered = 0;
    const last = Array.from({ length: 20 }, async () => {
      const outcomes = await closing.post(one.code, [transfer(one.ids[0], one.ids[1], 1n)]);
      answered += 1;
      return outcomes;
    });
    await new Promise((resolve) => setImmediate(resolve));
    await closing.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answered, 20);
    assert.deepEqual(new Set((await Promise.all(last)).flatMap(codes)), new Set(['accepted']));
    await assert.rejects(closing.post(one.code, [transfer(one.ids[0], one.ids[1], 1n)]), refusedWith('ledger_closed'));
  });
});

suite('postWith', () => {
  before(async () => {
    await db.admin.query('create table public.note (transfer_id uuid primary key, sequence bigint, code text)');
    await db.admin.query('grant select, insert on public.note to longmen_app');
  });
  const note = (outcomes: readonly { id: string; sequence: bigint | null; code: string }[]) => ({
    statements: outcomes.map(({ id, sequence, code: outcome }) => ({
      sql: 'insert into public.note values ($1, $2, $3)',
      values: [id, sequence, outcome],
    })),
    events: outcomes.map(({ id, code: outcome }) => ({ type: 'test.noted', subject: id, payload: { outcome } })),
  });
  const notes = async (ids: readonly string[]) =>
    (await db.query('select sequence, code from public.note where transfer_id = any($1) order by sequence', [ids]))
      .rows;

  test('rows and events commit with the transfers they are told about', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    const inputs = [transfer(bob, ann, 5n), transfer(ann, bob, 6n)];
    const outcomes = await ledger.postWith(one.code, inputs, note);
    assert.deepEqual(codes(outcomes), ['accepted', 'exceeds_available']);
    assert.deepEqual(await notes(inputs.map(({ id }) => id)), [
      { sequence: 1n, code: 'accepted' },
      { sequence: null, code: 'exceeds_available' },
    ]);
    // Asked again, what belongs to the first answer is there already.
    assert.deepEqual(codes(await ledger.postWith(one.code, inputs, note)), [
      'accepted again',
      'exceeds_available again',
    ]);
    const events = await readEvents(db, one.bookId, 0n, 100);
    assert.deepEqual(
      events.slice(-3).map(({ type, payload }) => [type, (payload as { outcome?: string }).outcome]),
      [
        ['ledger.posted', undefined],
        ['test.noted', 'accepted'],
        ['test.noted', 'exceeds_available'],
      ],
    );
  });

  test('an attachment that fails refuses its own request and no other', async () => {
    const one = await book({}, {});
    const [ann, bob] = one.ids;
    const inputs = Array.from({ length: 12 }, () => transfer(ann, bob, 1n));
    const failing: Record<number, () => object> = {
      3: () => ({ statements: [{ sql: 'select no_such_function()', values: [] }] }),
      5: () => {
        throw new Error('the room changed its mind');
      },
      7: () => ({ events: [{ type: '', subject: '', payload: {} }] }),
    };
    const results = await Promise.allSettled(
      inputs.map((input, index) => ledger.postWith(one.code, [input], failing[index] ?? note)),
    );
    const failed = results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    assert.deepEqual(failed, [3, 5, 7]);
    assert.equal((await one.account(bob)).counters.creditsPosted, 9n);
    assert.equal((await notes(inputs.map(({ id }) => id))).length, 9);
    for (const index of failed)
      await assert.rejects(readTransfer(db, one.bookId, inputs[index]?.id ?? ''), refusedWith('transfer_not_found'));
    // Nothing was decided, so the same ids may be sent again.
    const again = await Promise.all(inputs.map((input) => ledger.postWith(one.code, [input], () => ({}))));
    assert.deepEqual(
      again.flatMap(codes),
      inputs.map((_, index) => (failed.includes(index) ? 'accepted' : 'accepted again')),
    );
    assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  });

  test('a request that cannot be written does not take the others of its batch with it', async () => {
    const one = await book({}, {});
    const [ann, bob] = one.ids;
    await db.admin.query(`
      create function public.refuse_poison() returns trigger language plpgsql as $$
      begin
        if new.description = 'poison' then raise exception 'no poison in the journal'; end if;
        return new;
      end $$`);
    await db.admin.query(
      'create trigger no_poison before insert on ledger.transfer for each row execute function public.refuse_poison()',
    );
    const inputs = Array.from({ length: 9 }, (_, index) =>
      transfer(ann, bob, 1n, { description: index === 4 ? 'poison' : 'fine' }),
    );
    const results = await Promise.allSettled(inputs.map((input) => ledger.post(one.code, [input])));
    await db.admin.query('drop trigger no_poison on ledger.transfer');
    assert.deepEqual(
      results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [4],
    );
    assert.equal((await one.account(bob)).counters.creditsPosted, 8n);
    assert.deepEqual(codes(await ledger.post(one.code, [inputs[4] as TransferInput])), ['accepted']);
    assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  });
});

suite('postIn', () => {
  test('a rollback leaves nothing, and the lane goes on with what is true', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    await ledger.post(one.code, [transfer(bob, ann, 10n)]);
    const before = await everything(db, one.bookId);
    const rolledBack = transfer(ann, bob, 8n);
    const seen: string[] = [];
    const failing = db.transaction(async (tx) => {
      seen.push(...codes(await ledger.postIn(tx, one.code, [rolledBack, transfer(ann, bob, 3n)])));
      seen.push(...codes(await ledger.postIn(tx, one.code, [rolledBack, transfer(ann, bob, 2n)])));
      throw new Error('second thoughts');
    });
    await assert.rejects(failing, /second thoughts/);
    assert.deepEqual(seen, ['accepted', 'exceeds_available', 'accepted again', 'accepted']);
    assert.deepEqual(await everything(db, one.bookId), before);
    assert.deepEqual(codes(await ledger.post(one.code, [transfer(ann, bob, 10n), rolledBack])), [
      'accepted',
      'exceeds_available',
    ]);
    assert.deepEqual((await verify(db, { book: one.code })).findings, []);
  });

  test('what it commits is seen by the lane, whatever the lane remembers', async () => {
    const one = await book({ limits: { minimum: 0n } }, {});
    const [ann, bob] = one.ids;
    const sequences: (bigint | null | undefined)[] = [];
    for (let round = 0; round < 3; round++) {
      const [deposit] = await db.transaction((tx) => ledger.postIn(tx, one.code, [transfer(bob, ann, 5n)]));
      const [payment, refused] = await ledger.post(one.code, [transfer(ann, bob, 5n), transfer(ann, bob, 1n)]);
      assert.deepEqual([deposit?.code, payment?.code, refused?.code], ['accepted', 'accepted', 'exceeds_available']);
      sequences.push(deposit?.sequence, payment?.sequence);
    }
    assert.deepEqual(sequences, [1n, 2n, 3n, 4n, 5n, 6n]);
    const { side, counters } = await one.account(ann);
    assert.equal(available(side, counters), 0n);
  });

  test('its calls in one transaction see each other', async () => {
    const one = await book({}, {});
    const [ann, bob] = one.ids;
    const hold = transfer(ann, bob, 7n, { kind: 'pending' });
    await db.transaction(async (tx) => {
      await ledger.postIn(tx, one.code, [hold]);
      assert.deepEqual(
        codes(await ledger.postIn(tx, one.code, [about('post', hold.id, { amount: 2n, keepRemainder: true })])),
        ['accepted'],
      );
    });
    const { pending } = await readTransfer(db, one.bookId, hold.id);
    assert.deepEqual(pending, { remaining: 5n, ended: null });
  });
});
