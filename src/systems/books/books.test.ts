/** Entities, routing and transfers between books on a real database. What goes wrong half way is in recovery.test.ts. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { listTransfers, openLedger } from '#engines/ledger';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { createMetrics } from '#kernel/metrics';
import { dying, move, short, testBanks } from '#test/banks';
import { timeZone } from '#test/ledger';
import {
  type EntityTransferInput,
  entityBooks,
  entityTrialBalance,
  listEntities,
  openBooks,
  verifyInTransit,
} from './index.ts';

const { db, clock, ledger, books, bank, holds, complete } = await testBanks({ after });

suite('entities and their books', () => {
  test('the entity main has the book main, and is named once', async () => {
    await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main book' }, clock));
    await db.transaction((tx) => createBook(tx, { code: 'loose', name: 'Of nobody' }, clock));
    assert.deepEqual(
      (await entityBooks(db, 'main')).map(({ code }) => code),
      ['main'],
    );
    const named = { code: 'main', name: '龙门银行', functionalCurrency: 'HKD' };
    const create = (input: typeof named) => db.transaction((tx) => books.createEntity(tx, input));
    assert.equal((await create(named)).name, '龙门银行');
    assert.deepEqual(
      await create(named),
      (await listEntities(db)).find(({ code }) => code === 'main'),
    );
    await assert.rejects(create({ ...named, name: 'Another' }), { code: 'entity_exists_differently' });
    for (const wrong of [{ code: 'A' }, { name: '' }, { functionalCurrency: 'XYZ' }]) {
      await assert.rejects(create({ ...named, ...wrong }), { code: 'entity_invalid' });
    }
    await assert.rejects(entityBooks(db, 'none'), { code: 'entity_not_found' });
  });

  test('a book belongs to one entity', async () => {
    const one = await bank();
    const add = (entity: string, code: string) => db.transaction((tx) => books.addBook(tx, entity, { code }));
    assert.equal((await add(one.code, 'loose')).entityCode, one.code);
    assert.equal((await add(one.code, 'loose')).entityCode, one.code);
    for (const taken of ['loose', 'main']) {
      const { code } = await bank();
      await assert.rejects(add(code, taken), { code: 'book_of_other_entity' });
    }
    await assert.rejects(add('none', 'new'), { code: 'entity_not_found' });
    await assert.rejects(add(one.code, 'No Code'), { code: 'book_code_invalid' });
  });

  test('customers keep their books when one is added; a closed book takes nobody new', async () => {
    const { code } = await bank(3);
    const assign = async () => {
      const names = Array.from({ length: 60 }, (_, index) => `C${index}`);
      return Promise.all(names.map(async (name) => (await books.bookOfCustomer(code, name)).code));
    };
    const before = await assign();
    assert.equal(new Set(before).size, 3);
    const added = await db.transaction((tx) => books.addBook(tx, code, { code: `${code}-new` }));
    assert.deepEqual(await assign(), before);
    await db.transaction((tx) => books.setNewCustomers(tx, code, before[0] ?? '', false));
    assert.deepEqual(await assign(), before);
    const late = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => (await books.bookOfCustomer(code, `D${index}`)).code),
    );
    assert.ok(late.includes(added.code) && !late.includes(before[0] ?? ''));
    for (const book of new Set([...late, ...before])) {
      await db.transaction((tx) => books.setNewCustomers(tx, code, book, false));
    }
    await assert.rejects(books.bookOfCustomer(code, 'nobody'), { code: 'entity_has_no_book' });
    await assert.rejects(books.bookOfCustomer(code, ''), { code: 'customer_key_invalid' });
    await assert.rejects(books.findCustomer(code, 'nobody'), { code: 'customer_not_found' });
  });

  test('one customer seen by many at once gets one book', async () => {
    const { code } = await bank(4);
    const found = await Promise.all(Array.from({ length: 20 }, () => books.bookOfCustomer(code, 'Ann')));
    assert.equal(new Set(found.map((book) => book.code)).size, 1);
  });

  test('accounts are opened in the book of their customer and found without naming it', async () => {
    const { code, ids } = await bank(3);
    const account = { id: newId(), currency: 'CNY', code: '2011', side: 'credit' as const };
    const opened = await books.openAccounts(code, '张三', [account]);
    assert.deepEqual(await books.openAccounts(code, '张三', [account]), opened);
    const place = await books.placeOf(code, account.id.toUpperCase());
    assert.deepEqual([place.book, place.customer, place.currency], [opened.book, '张三', 'CNY']);
    assert.deepEqual(await books.findCustomer(code, '张三'), { book: opened.book, accountIds: [account.id] });
    await assert.rejects(books.openAccounts(code, '李四', [account]), { code: 'account_of_other_customer' });
    // Opened in the book directly.
    assert.deepEqual((await books.placeOf(code, ids[1])).customer, null);
    await assert.rejects(books.placeOf(code, newId()), { code: 'account_not_in_entity' });
    const other = await bank();
    await assert.rejects(books.placeOf(other.code, account.id), { code: 'account_not_in_entity' });
  });

  test('an account id that is in two books has no place', async () => {
    const { code } = await bank();
    const account = { id: newId(), currency: 'CNY', code: '2011', side: 'credit' as const };
    for (const book of await entityBooks(db, code)) {
      await db.transaction((tx) => ledger.openAccounts(tx, book.code, [account]));
    }
    await assert.rejects(books.placeOf(code, account.id), { code: 'account_in_several_books' });
  });
});

suite('transfers between books', () => {
  test('move an amount once, on one date, and keep their answer', async () => {
    const one = await bank();
    const [ann, bob] = one.ids;
    const input = move(ann, bob, '12.30', { effectiveDate: '2026-02-28', type: 'payment', reference: 'R1' });
    const [outcome] = await books.transfer(one.code, [input]);
    assert.equal(short(outcome), 'accepted accepted');
    assert.deepEqual([outcome?.debitBook, outcome?.creditBook], [`${one.code}-0`, `${one.code}-1`]);
    assert.deepEqual(await holds(one), [8_770n, 11_230n]);
    for (const { bookId } of await entityBooks(db, one.code)) {
      const rows = (await listTransfers(db, bookId, { limit: 100 })).slice(1);
      assert.deepEqual(
        rows.map(({ kind, effectiveDate, type, reference }) => [kind, effectiveDate, type, reference].join()),
        ['pending,2026-02-28,payment,R1', 'post,2026-02-28,payment,R1'],
      );
    }
    const again = await books.transfer(one.code, [input, input, { ...input, amount: 1n }]);
    assert.deepEqual(again.map(short), [
      'accepted accepted again',
      'accepted accepted again',
      'refused id_reused again',
    ]);
    assert.equal((await books.readTransfer(one.code, input.id)).state, 'accepted');
    await assert.rejects(books.readTransfer('main', input.id), { code: 'entity_transfer_not_found' });
    assert.deepEqual(await holds(one), [8_770n, 11_230n]);
    await complete(one);
  });

  test('are refused with the code of the half that refuses, and nothing stays held', async () => {
    const one = await bank();
    const [ann, bob] = one.ids;
    const tooMuch = move(ann, bob, '100.01');
    assert.equal(short((await books.transfer(one.code, [tooMuch]))[0]), 'refused exceeds_available debit');
    assert.equal(short((await books.transfer(one.code, [tooMuch]))[0]), 'refused exceeds_available debit again');
    await db.transaction((tx) => ledger.setState(tx, `${one.code}-1`, bob, 'frozen'));
    const toFrozen = move(ann, bob, 1n);
    assert.equal(short((await books.transfer(one.code, [toFrozen]))[0]), 'refused credit_account_frozen credit');
    await db.transaction((tx) => ledger.setState(tx, `${one.code}-1`, bob, 'open'));
    assert.equal(short((await books.transfer(one.code, [toFrozen]))[0]), 'refused credit_account_frozen credit again');
    assert.deepEqual(await holds(one), [10_000n, 10_000n]);
    await complete(one);
  });

  test('go with plain ones in one call; chains stay in one book; nonsense is refused by itself', async () => {
    const one = await bank();
    const [ann, bob] = one.ids;
    const linked = { linked: true };
    const usd = move(ann, bob, 1n, { currency: 'USD' });
    const cases: [EntityTransferInput, string][] = [
      [move(one.cash, ann, 500n), 'accepted accepted'],
      [move(ann, bob, 10_500n), 'accepted accepted'],
      [move(one.cash, ann, 100n, linked), 'accepted accepted'],
      [move(ann, one.cash, 100n), 'accepted accepted'],
      [move(one.cash, ann, 100n, linked), 'refused chain_across_books'],
      [move(ann, bob, 100n), 'refused chain_across_books'],
      [usd, 'refused currency_mismatch'],
      [move(newId(), bob, 1n), 'refused debit_account_not_found'],
      [move(ann, newId(), 1n), 'refused credit_account_not_found'],
      [move(ann, bob, 0n), 'refused amount_zero'],
      [move(ann, 'nobody', 1n), 'refused fields_invalid'],
      [move(ann, ann, 1n), 'refused accounts_same'],
      [move(one.cash, ann, 100n, linked), 'refused chain_failed'],
      [move(ann, newId(), 100n), 'refused credit_account_not_found'],
      [move(one.cash, ann, 100n, linked), 'refused chain_open'],
    ];
    const outcomes = await books.transfer(
      one.code,
      cases.map(([input]) => input),
    );
    assert.deepEqual(
      outcomes.map(short),
      cases.map(([, expected]) => expected),
    );
    assert.deepEqual(await holds(one), [0n, 20_500n]);
    await assert.rejects(books.transfer(one.code, []), { code: 'entity_transfers_count' });
    await assert.rejects(books.transfer('none', [usd]), { code: 'entity_not_found' });
    await complete(one);
  });

  test('1,000 in one call take four batches of the lanes, not thousands', async () => {
    const one = await bank();
    const [ann, bob] = one.ids;
    const metrics = createMetrics();
    const counted = openLedger({ db, clock, timeZone, metrics });
    const inputs = Array.from({ length: 1_000 }, () => move(ann, bob, 1n));
    const outcomes = await openBooks({ db, clock, ledger: counted }).transfer(one.code, inputs);
    await counted.close();
    assert.ok(outcomes.every(({ status }) => status === 'accepted'));
    const batches = [...(await metrics.render()).matchAll(/^longmen_ledger_batches_total\{.*\} (\d+)$/gm)];
    assert.equal(
      batches.reduce((sum, [, count]) => sum + Number(count), 0),
      4,
    );
    assert.deepEqual(await holds(one), [9_000n, 11_000n]);
    await complete(one);
  });
});

suite('all books of an entity', () => {
  test('add up, with what they owe each other apart', async () => {
    const one = await bank(3);
    const [ann, bob, eve = ''] = one.ids;
    await books.transfer(one.code, [move(ann, bob, 100n), move(bob, eve, 30n), move(eve, ann, 5n)]);
    const dead = openBooks({ db, clock, ledger: dying(ledger, 4, false) });
    await assert.rejects(dead.transfer(one.code, [move(ann, bob, 9n)]), /killed/);
    const { lines, inTransit } = await entityTrialBalance(db, one.code, ledger.businessDate());
    const net = lines.map(({ code, counters }) => [code, counters.debitsPosted - counters.creditsPosted]);
    assert.deepEqual(net, [
      ['1001', 30_000n],
      ['2011', -29_991n],
    ]);
    assert.deepEqual(
      inTransit.map(({ currency, underWay }) => [currency, underWay]),
      [['CNY', 9n]],
    );
    const group = { dimension: 'branch', code: 'north' };
    const north = await entityTrialBalance(db, one.code, ledger.businessDate(), undefined, { group });
    assert.deepEqual(north, { lines: [], inTransit: [] });
    clock.advance({ seconds: 6 });
    await books.continueDue();
    assert.deepEqual(
      (await entityTrialBalance(db, one.code, ledger.businessDate())).inTransit.map(({ underWay }) => underWay),
      [0n],
    );
  });

  test('are verified: an in-transit account that holds something else is named', async () => {
    const one = await bank();
    await books.transfer(one.code, [move(one.ids[0], one.ids[1], 7n)]);
    assert.deepEqual(await verifyInTransit(db), []);
    const [book] = await entityBooks(db, one.code);
    const { rows } = await db.admin.query<{ account_id: string }>(
      `update ledger.balance set credits_posted = credits_posted + 1
       where book_id = $1 and account_id in (select account_id from ledger.account where code = '300190')
       returning account_id`,
      [book?.bookId],
    );
    const [finding, ...more] = await verifyInTransit(db);
    assert.equal(more.length, 0);
    assert.deepEqual([finding?.book, finding?.check, finding?.count], [book?.code, 'in_transit', 1]);
    assert.equal(finding?.first.account_id, rows[0]?.account_id);
    assert.deepEqual(await verifyInTransit(db, 'main'), []);
  });

  test("in-transit accounts are nobody else's to pay into", async () => {
    const one = await bank();
    await books.transfer(one.code, [move(one.ids[0], one.ids[1], 7n)]);
    const [book] = await entityBooks(db, one.code);
    const [row] = (await listTransfers(db, book?.bookId ?? 0, { limit: 10 })).slice(-1);
    const [outcome] = await books.transfer(one.code, [move(one.ids[1], row?.creditAccountId ?? '', 7n)]);
    assert.equal(short(outcome), 'refused credit_account_not_found');
  });

  test('the application can neither remove a transfer nor change what was asked for', async () => {
    for (const attempt of [
      'delete from books.transfer',
      'update books.transfer set amount_minor = 1',
      'update books.customer set book_id = 1',
      'update books.account set book_id = 1',
      'delete from books.entity_book',
    ]) {
      await assert.rejects(db.query(attempt), { code: '42501' }, attempt);
    }
  });
});
