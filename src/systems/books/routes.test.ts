/** Entities over real HTTP, and the command line beside it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ledgerRoutes, openLedger } from '#engines/ledger';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { caller, testServer } from '#test/http';
import { timeZone } from '#test/ledger';
import { entityRoutes, openBooks } from './index.ts';

type Json = Record<string, unknown>;

const server = await testServer({ after }, [
  (app, deps) => {
    const ledger = openLedger({ db: deps.db, clock: deps.clock, timeZone });
    const books = openBooks({ db: deps.db, clock: deps.clock, ledger });
    ledgerRoutes(ledger)(app, deps);
    entityRoutes(books, ledger.businessDate)(app, deps);
  },
]);
await server.db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, server.clock));

const call = caller(server, '/api/v1');

const account = (more: Json = {}) => ({ id: newId(), currency: 'CNY', code: '2011', side: 'credit', ...more });

test('an entity gets books and customers, moves money between them and reports over all', async () => {
  assert.deepEqual((await call('GET', '/entities/main')).body, {
    code: 'main',
    name: 'Main entity',
    functional_currency: 'CNY',
    created_at: null,
    books: [{ code: 'main', name: 'Main', new_customers: true }],
  });
  const bank = { code: 'bank', name: '龙门银行', functional_currency: 'CNY' };
  assert.equal((await call('POST', '/entities', bank)).status, 201);
  assert.equal((await call('POST', '/entities', { ...bank, name: 'Other' })).body.code, 'entity_exists_differently');
  assert.equal(((await call('GET', '/entities')).body.items as Json[]).length, 2);

  // One book at a time takes new customers, so that this test knows who is where.
  const open = async (book: string, customer: string) => {
    assert.equal((await call('POST', '/entities/bank/books', { code: book })).status, 201);
    const one = account({ limits: { minimum: '-100.00' } });
    const opened = await call('POST', '/entities/bank/accounts', { customer, accounts: [one] });
    assert.deepEqual([opened.status, opened.body.book], [201, book], JSON.stringify(opened.body));
    const closed = await call('PATCH', `/entities/bank/books/${book}`, { new_customers: false });
    assert.deepEqual(closed.body, { code: book, name: book, new_customers: false });
    return one.id;
  };
  const ann = await open('bank-1', 'Ann');
  const bob = await open('bank-2', '张三');
  const nobody = { customer: 'Eve', accounts: [account()] };
  assert.equal((await call('POST', '/entities/bank/accounts', nobody)).body.code, 'entity_has_no_book');
  const wrong = { customer: 'Ann', accounts: [account({ limits: { minimum: '1.234' } })] };
  assert.equal((await call('POST', '/entities/bank/accounts', wrong)).body.code, 'account_limit_invalid');
  assert.deepEqual((await call('GET', `/entities/bank/customers/${encodeURIComponent('张三')}`)).body, {
    customer: '张三',
    book: 'bank-2',
    account_ids: [bob],
  });
  assert.deepEqual((await call('GET', `/entities/bank/accounts/${bob}`)).body, {
    account_id: bob,
    book: 'bank-2',
    currency: 'CNY',
    customer: '张三',
  });

  const transfer = (amount: string) => ({
    id: newId(),
    debit_account_id: ann,
    credit_account_id: bob,
    amount,
    currency: 'CNY',
    effective_date: '2025-01-01',
  });
  const good = transfer('60.00');
  const key = { 'idempotency-key': 'one' };
  const sent = await call('POST', '/entities/bank/transfers', { transfers: [good, transfer('60.00')] }, key);
  assert.equal(sent.status, 200, JSON.stringify(sent.body));
  const [accepted, refused] = sent.body.results as Json[];
  assert.deepEqual(accepted, {
    id: good.id,
    status: 'accepted',
    code: 'accepted',
    side: null,
    debit_book: 'bank-1',
    credit_book: 'bank-2',
    decided_at: '2025-01-02T03:04:05.000000Z',
    repeated: false,
  });
  assert.deepEqual([refused?.status, refused?.code, refused?.side], ['refused', 'exceeds_available', 'debit']);
  const other = await call('POST', '/entities/bank/transfers', { transfers: [good] }, key);
  assert.equal(other.body.code, 'idempotency_key_reused');
  const all = await call('POST', '/entities/bank/transfers', { transfers: [transfer('999.00')] });
  assert.deepEqual([all.status, all.body.code, (all.body.results as Json[]).length], [422, 'exceeds_available', 1]);
  const empty = await call('POST', '/entities/bank/transfers', { transfers: [] });
  assert.deepEqual([empty.status, empty.body.code], [400, 'request_invalid']);

  const kept = (await call('GET', `/entities/bank/transfers/${good.id}`)).body;
  assert.deepEqual([kept.state, kept.amount, kept.effective_date], ['accepted', '60.00', '2025-01-01']);
  const missing = await call('GET', `/entities/bank/transfers/${newId()}`);
  assert.deepEqual([missing.status, missing.body.code], [404, 'entity_transfer_not_found']);

  const zero = { debits_pending: '0.00', credits_pending: '0.00', debits_posted: '60.00', credits_posted: '60.00' };
  assert.deepEqual((await call('GET', '/entities/bank/in-transit')).body, {
    entity: 'bank',
    complete: true,
    lines: [{ currency: 'CNY', ...zero, under_way: '0.00' }],
    open: [],
    open_count: 0,
    findings: [],
  });
  assert.deepEqual((await call('GET', '/entities/bank/trial-balance?effective_date=2025-01-01')).body, {
    entity: 'bank',
    effective_date: '2025-01-01',
    recorded_at: null,
    books: ['bank-1', 'bank-2'],
    lines: [{ currency: 'CNY', code: '2011', ...zero, net: '0.00' }],
    in_transit: [{ currency: 'CNY', ...zero, net: '0.00' }],
  });
  assert.deepEqual((await call('GET', '/entities/bank/trial-balance?effective_date=2024-12-31')).body.lines, []);
});

test('what is not there, or not well said, is refused with a code', async () => {
  const id = newId();
  const cases: [method: string, path: string, body: unknown, status: number, code: string][] = [
    ['GET', '/entities/none', undefined, 404, 'entity_not_found'],
    ['GET', '/entities/none/in-transit', undefined, 404, 'entity_not_found'],
    ['GET', '/entities/none/trial-balance', undefined, 404, 'entity_not_found'],
    ['GET', '/entities/main/trial-balance?effective_date=2025-02-29', undefined, 400, 'request_invalid'],
    ['GET', '/entities/main/customers/nobody', undefined, 404, 'customer_not_found'],
    ['GET', '/entities/main/customers/%00', undefined, 400, 'request_invalid'],
    ['GET', `/entities/main/accounts/${id}`, undefined, 404, 'account_not_in_entity'],
    ['GET', '/entities/main/accounts/nothing', undefined, 400, 'request_invalid'],
    ['POST', '/entities', { code: 'Bad Code', name: 'x', functional_currency: 'CNY' }, 400, 'entity_invalid'],
    ['POST', '/entities', { code: 'x', name: 'x', functional_currency: 'CNY', more: 1 }, 400, 'request_invalid'],
    ['POST', '/entities/none/books', { code: 'x' }, 404, 'entity_not_found'],
    ['POST', '/entities/main/books', { code: 'Bad Code' }, 400, 'book_code_invalid'],
    ['PATCH', '/entities/main/books/none', { new_customers: true }, 404, 'book_not_of_entity'],
    ['POST', '/entities/main/accounts', { customer: '', accounts: [account()] }, 400, 'customer_key_invalid'],
    [
      'POST',
      '/entities/main/accounts',
      { customer: 'x', accounts: [account({ side: 'left' })] },
      400,
      'request_invalid',
    ],
    ['POST', '/entities/main/accounts', { customer: 'x', accounts: [account({ code: '' })] }, 400, 'account_invalid'],
  ];
  for (const [method, path, body, status, code] of cases) {
    const answer = await call(method, path, body);
    assert.deepEqual(
      [answer.status, answer.body.code],
      [status, code],
      `${method} ${path} ${JSON.stringify(answer.body)}`,
    );
  }
});
