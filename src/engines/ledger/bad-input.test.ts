/** Bad input over real HTTP: each has its own clear code, and nothing is changed by it. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { newId } from '#kernel/ids';
import type { Reply } from '#test/http';
import { everything } from '#test/ledger';
import { ledgerServer } from '#test/ledger-http';
import { MAX_BATCH, type OutcomeCode } from './model.ts';

const server = await ledgerServer({ after });
const { call, db, clock } = server;
const bookId = 1;
const names = ['cash', 'ann', 'bob', 'frozen', 'outgoing', 'closed', 'capped', 'yen', 'sato', 'nobody'] as const;
const ids = Object.fromEntries(names.map((name) => [name, newId()])) as Record<(typeof names)[number], string>;
const held = { hold: newId(), due: newId(), paid: newId(), undone: newId(), refused: newId() };

/** What posting changes, without the answers that refusals leave behind. */
async function books(): Promise<unknown> {
  const { answer: _, journal_end, ...rest } = (await everything(db, bookId)) as Record<string, { sequence: number }[]>;
  return { ...rest, end: journal_end?.[0]?.sequence };
}

const transfer = (fields: object = {}) => ({
  id: newId(),
  debit_account_id: ids.ann,
  credit_account_id: ids.bob,
  amount: '1.00',
  currency: 'CNY',
  ...fields,
});

before(async () => {
  const account = (id: string, more: object = {}) => ({ id, currency: 'CNY', code: '2011', side: 'credit', ...more });
  const opened = await call('POST', '/accounts', {
    accounts: [
      account(ids.cash, { code: '1001', side: 'debit' }),
      account(ids.ann, { limits: { minimum: '0' } }),
      account(ids.bob),
      account(ids.frozen),
      account(ids.outgoing),
      account(ids.closed),
      account(ids.capped, { limits: { maximum: '5' } }),
      account(ids.yen, { currency: 'JPY' }),
      account(ids.sato, { currency: 'JPY' }),
    ],
  });
  assert.equal(opened.status, 201);
  for (const [id, state] of [
    [ids.frozen, 'frozen'],
    [ids.outgoing, 'outgoing_frozen'],
    [ids.closed, 'closed'],
  ]) {
    assert.equal((await call('PATCH', `/accounts/${id}`, { state })).status, 200);
  }
  const filled = await call('POST', '/transfers', {
    transfers: [
      transfer({ debit_account_id: ids.cash, credit_account_id: ids.ann, amount: '100.00' }),
      transfer({ id: held.hold, kind: 'pending', amount: '10.00' }),
      transfer({ id: held.due, kind: 'pending', amount: '10.00', expires_at: '2025-01-02T03:05:00Z' }),
      transfer({ id: held.paid, amount: '3.00' }),
      transfer({ id: held.undone, amount: '2.00' }),
      { id: newId(), kind: 'reverse', reversed_id: held.undone, effective_date: '2025-01-02' },
      transfer({ id: held.refused, amount: '1000.00' }),
    ],
  });
  const codes = (filled.body.results as { code: string }[]).map(({ code }) => code);
  assert.deepEqual(codes, [...Array(6).fill('accepted'), 'exceeds_available']);
  clock.set('2025-01-02T03:05:00Z');
});

/** A transfer of its own, or several; and the code of each. All are refused unless one is expected to be accepted. */
const refusals: readonly [string, readonly object[], readonly OutcomeCode[]][] = [
  ['unknown currency', [transfer({ currency: 'XXQ' })], ['currency_unknown']],
  ['currency in small letters', [transfer({ currency: 'cny' })], ['currency_unknown']],
  ['amount zero', [transfer({ amount: '0.00' })], ['amount_zero']],
  ['amount negative', [transfer({ amount: '-1.00' })], ['amount_negative']],
  ['amount above 2^63 - 1', [transfer({ amount: '92233720368547758.08' })], ['amount_too_large']],
  ['amount with too many decimals', [transfer({ amount: '1.001' })], ['amount_too_many_decimals']],
  [
    'amount with decimals where there are none',
    [transfer({ amount: '1.0', currency: 'JPY' })],
    ['amount_too_many_decimals'],
  ],
  ['amount that is no number', [transfer({ amount: '1,000.00' })], ['amount_malformed']],
  ['amount in exponents', [transfer({ amount: '1e3' })], ['amount_malformed']],
  ['amount with a leading plus', [transfer({ amount: '+1' })], ['amount_malformed']],
  ['amount missing', [transfer({ amount: undefined })], ['fields_invalid']],
  ['text too long', [transfer({ description: 'x'.repeat(501) })], ['fields_invalid']],
  ['text that cannot be stored', [transfer({ reference: 'a\u0000b' })], ['fields_invalid']],
  ['half a character', [transfer({ type: '\ud83d' })], ['fields_invalid']],
  ['date that does not exist', [transfer({ effective_date: '2025-02-29' })], ['date_invalid']],
  ['expiry that is no instant', [transfer({ kind: 'pending', expires_at: 'tomorrow' })], ['date_invalid']],
  ['expiry in the past', [transfer({ kind: 'pending', expires_at: '2025-01-02T03:05:00Z' })], ['expiry_in_past']],
  ['one account', [transfer({ credit_account_id: ids.ann })], ['accounts_same']],
  ['unknown debit account', [transfer({ debit_account_id: ids.nobody })], ['debit_account_not_found']],
  ['unknown credit account', [transfer({ credit_account_id: ids.nobody })], ['credit_account_not_found']],
  ['account id that is no UUID', [transfer({ credit_account_id: 'bob' })], ['fields_invalid']],
  ['closed account', [transfer({ credit_account_id: ids.closed })], ['credit_account_closed']],
  ['frozen account', [transfer({ debit_account_id: ids.frozen })], ['debit_account_frozen']],
  ['account that may only receive', [transfer({ debit_account_id: ids.outgoing })], ['debit_account_frozen']],
  ['accounts of two currencies', [transfer({ credit_account_id: ids.yen })], ['currency_mismatch']],
  ['currency of other accounts', [transfer({ currency: 'JPY', amount: '1' })], ['currency_mismatch']],
  ['more than is available', [transfer({ amount: '100.00' })], ['exceeds_available']],
  ['more than the maximum', [transfer({ credit_account_id: ids.capped, amount: '5.01' })], ['exceeds_maximum']],
  [
    'more than a counter holds',
    [transfer({ debit_account_id: ids.cash, amount: '92233720368547758.07' })],
    ['counter_overflow'],
  ],
  ['post of nothing', [{ id: newId(), kind: 'post', pending_id: ids.nobody }], ['pending_not_found']],
  ['post of what is not pending', [{ id: newId(), kind: 'post', pending_id: held.paid }], ['not_pending_kind']],
  ['post of a refused id', [{ id: newId(), kind: 'post', pending_id: held.refused }], ['pending_not_found']],
  [
    'post of more than is pending',
    [{ id: newId(), kind: 'post', pending_id: held.hold, amount: '10.01', currency: 'CNY' }],
    ['exceeds_pending'],
  ],
  [
    'post before its pending',
    [{ id: newId(), kind: 'post', pending_id: held.hold, effective_date: '2025-01-01' }],
    ['effective_before_pending'],
  ],
  ['post of an expired hold', [{ id: newId(), kind: 'post', pending_id: held.due }], ['pending_expired']],
  ['void of an expired hold', [{ id: newId(), kind: 'void', pending_id: held.due }], ['pending_expired']],
  [
    'reversal of a pending',
    [{ id: newId(), kind: 'reverse', reversed_id: held.hold, effective_date: '2025-01-02' }],
    ['not_reversible'],
  ],
  ['reversal without a date', [{ id: newId(), kind: 'reverse', reversed_id: held.paid }], ['fields_invalid']],
  [
    'second reversal',
    [{ id: newId(), kind: 'reverse', reversed_id: held.undone, effective_date: '2025-01-02' }],
    ['already_reversed'],
  ],
  ['duplicate id with other content', [transfer({ id: held.paid, amount: '4.00' })], ['id_reused']],
  [
    'chain with one bad leg',
    [transfer({ linked: true }), transfer({ amount: '0', linked: true }), transfer()],
    ['chain_failed', 'amount_zero', 'chain_failed'],
  ],
  ['chain that does not end', [transfer({ linked: true }), transfer({ linked: true })], ['chain_failed', 'chain_open']],
  ['several faults', [transfer({ amount: '0' }), transfer({ currency: 'XXQ' })], ['amount_zero', 'currency_unknown']],
];

const transfers = (...items: unknown[]) => ({ transfers: items });
const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
const noToken = { authorization: '' };

/** Method and path, body, status, code, headers. */
const requests: readonly [string, string, unknown, number, string, Record<string, string>?][] = [
  ['malformed JSON', 'POST /transfers', '{"transfers": [', 400, 'json_malformed'],
  ['no body', 'POST /transfers', undefined, 400, 'request_invalid'],
  ['a body that is no object', 'POST /transfers', '[]', 400, 'request_invalid'],
  [
    'a body that is not JSON',
    'POST /transfers',
    'amount=1',
    415,
    'content_type_unsupported',
    { 'content-type': 'text/plain' },
  ],
  ['a body that is too large', 'POST /transfers', ' '.repeat(2 ** 20 + 1), 413, 'body_too_large'],
  ['no transfers', 'POST /transfers', {}, 400, 'request_invalid'],
  ['an empty batch', 'POST /transfers', transfers(), 400, 'batch_empty'],
  [
    'a batch of 8,193',
    'POST /transfers',
    transfers(...Array.from({ length: MAX_BATCH + 1 }, () => ({ id: newId() }))),
    413,
    'batch_too_large',
  ],
  ['a transfer that is none', 'POST /transfers', transfers(transfer(), 7), 400, 'request_invalid'],
  [
    'an amount as a JSON number',
    'POST /transfers',
    transfers(transfer(), transfer({ amount: 1.0 })),
    400,
    'request_invalid',
  ],
  ['a flag as text', 'POST /transfers', transfers(transfer({ linked: 'true' })), 400, 'request_invalid'],
  ['an unknown field', 'POST /transfers', transfers(transfer({ debit: ids.ann })), 400, 'request_invalid'],
  [
    'a field with the name of a method',
    'POST /transfers',
    transfers(transfer({ toString: 'x' })),
    400,
    'request_invalid',
  ],
  ['an unknown kind', 'POST /transfers', transfers(transfer({ kind: 'gift' })), 400, 'request_invalid'],
  [
    'an expiry by hand',
    'POST /transfers',
    transfers({ id: newId(), kind: 'expire', pending_id: held.due }),
    400,
    'request_invalid',
  ],
  ['a transfer without id', 'POST /transfers', transfers({ ...transfer(), id: undefined }), 400, 'request_invalid'],
  [
    'an id that is no UUID',
    'POST /transfers',
    transfers(transfer(), transfer({ id: '17' })),
    400,
    'transfer_id_malformed',
  ],
  ['an unknown book', 'POST /transfers', { book: 'nowhere', ...transfers(transfer()) }, 404, 'book_not_found'],
  ['a book that is no text', 'POST /transfers', { book: 7, ...transfers(transfer()) }, 400, 'request_invalid'],
  [
    'a book that cannot be one',
    'POST /transfers',
    { book: '\u0000', ...transfers(transfer()) },
    400,
    'request_invalid',
  ],
  ['no token', 'POST /transfers', transfers(transfer()), 401, 'token_missing', noToken],
  [
    'an invalid token',
    'POST /transfers',
    transfers(transfer()),
    401,
    'token_invalid',
    { authorization: 'Bearer lm_x' },
  ],
  [
    'an invalid Idempotency-Key',
    'POST /transfers',
    transfers(transfer()),
    400,
    'idempotency_key_invalid',
    { 'idempotency-key': 'x'.repeat(256) },
  ],

  ['a book code with capitals', 'POST /books', { code: 'Main', name: 'x' }, 400, 'book_code_invalid'],
  ['a book of another name', 'POST /books', { code: 'main', name: 'x' }, 409, 'book_exists_differently'],
  ['a book name that cannot be stored', 'POST /books', { code: 'x', name: 'a\u0000b' }, 400, 'request_invalid'],
  ['no accounts', 'POST /accounts', { accounts: [] }, 400, 'request_invalid'],
  [
    'an account of an unknown currency',
    'POST /accounts',
    { accounts: [{ id: newId(), currency: 'XXQ', code: '1', side: 'debit' }] },
    400,
    'account_invalid',
  ],
  [
    'an account of no side',
    'POST /accounts',
    { accounts: [{ id: newId(), currency: 'CNY', code: '1', side: 'left' }] },
    400,
    'request_invalid',
  ],
  [
    'an account with other content',
    'POST /accounts',
    { accounts: [{ id: ids.ann, currency: 'CNY', code: '1', side: 'credit' }] },
    409,
    'account_exists_differently',
  ],
  [
    'a limit with too many decimals',
    'POST /accounts',
    { accounts: [{ id: newId(), currency: 'CNY', code: '1', side: 'debit', limits: { minimum: '0.001' } }] },
    400,
    'account_invalid',
  ],
  ['a limit as a number', 'PATCH /accounts/ANN', { limits: { minimum: 0, maximum: null } }, 400, 'request_invalid'],
  ['half of the limits', 'PATCH /accounts/ANN', { limits: { minimum: '0' } }, 400, 'request_invalid'],
  [
    'a minimum above the maximum',
    'PATCH /accounts/ANN',
    { limits: { minimum: '1', maximum: '0' } },
    400,
    'account_invalid',
  ],
  ['nothing to change', 'PATCH /accounts/ANN', {}, 400, 'request_invalid'],
  ['closing what is not empty', 'PATCH /accounts/ANN', { state: 'closed' }, 409, 'account_not_empty'],
  [
    'limits first, and a state that cannot be',
    'PATCH /accounts/ANN',
    { state: 'closed', limits: { minimum: null, maximum: null } },
    409,
    'account_not_empty',
  ],
  ['opening what is closed', `PATCH /accounts/${ids.closed}`, { state: 'open' }, 409, 'account_is_closed'],
  ['an unknown account', `PATCH /accounts/${ids.nobody}`, { state: 'frozen' }, 404, 'account_not_found'],

  ['an account that is not there', `GET /accounts/${ids.nobody}`, undefined, 404, 'account_not_found'],
  ['an account id that is none', 'GET /accounts/ann/balance', undefined, 404, 'account_not_found'],
  ['a transfer that is not there', `GET /transfers/${newId()}`, undefined, 404, 'transfer_not_found'],
  ['a book that is not there', 'GET /trial-balance?book=nowhere', undefined, 404, 'book_not_found'],
  ['a book with a zero byte', 'GET /accounts?book=%00', undefined, 400, 'request_invalid'],
  ['a code with a zero byte', 'GET /accounts?code=%00', undefined, 400, 'request_invalid'],
  ['an unknown parameter', 'GET /accounts?side=debit', undefined, 400, 'request_invalid'],
  ['a page of nothing', 'GET /accounts?limit=0', undefined, 400, 'request_invalid'],
  ['a page too long', 'GET /transfers?limit=1001', undefined, 400, 'request_invalid'],
  ['a date that is none', 'GET /accounts/ANN/balance?effective_date=2025-02-29', undefined, 400, 'request_invalid'],
  ['an instant that is none', 'GET /trial-balance?recorded_at=2025-01-02', undefined, 400, 'request_invalid'],
  [
    'a period that ends before it begins',
    'GET /accounts/ANN/statement?from=2025-01-02&to=2025-01-01',
    undefined,
    400,
    'request_invalid',
  ],
  ['a cursor that is none', 'GET /transfers?cursor=next', undefined, 400, 'cursor_invalid'],
  ['a cursor of another list', `GET /transfers?cursor=${cursor(['2011', newId()])}`, undefined, 400, 'cursor_invalid'],
  [
    'a cursor beyond all journals',
    `GET /transfers?cursor=${cursor(['99999999999999999999'])}`,
    undefined,
    400,
    'cursor_invalid',
  ],
  [
    'a statement cursor out of range',
    `GET /accounts/ANN/statement?cursor=${cursor(['2025-01-02', '-1'])}`,
    undefined,
    400,
    'cursor_invalid',
  ],
  [
    'an account cursor with a zero byte',
    `GET /accounts?cursor=${cursor(['\u0000', newId()])}`,
    undefined,
    400,
    'cursor_invalid',
  ],
  ['a method that is not there', 'DELETE /transfers', undefined, 405, 'method_not_allowed'],
];

suite('a refused transfer', () => {
  for (const [name, items, codes] of refusals) {
    test(name, async () => {
      const before = await books();
      const { status, body } = await call('POST', '/transfers', transfers(...items));
      const results = body.results as { id: string; status: string; code: string; sequence: string | null }[];
      assert.deepEqual(
        results.map(({ code }) => code),
        codes,
      );
      assert.deepEqual([status, body.code], [422, codes[0]]);
      assert.ok(results.every((result) => result.status === 'refused' && result.sequence === null));
      assert.deepEqual(await books(), before);
    });
  }
});

suite('a refused request', () => {
  for (const [name, line, body, status, code, headers] of requests) {
    test(name, async () => {
      const [method = '', path = ''] = line.replace('ANN', ids.ann).split(' ');
      const before = await everything(db, bookId);
      const reply = await call(method, path, body, headers);
      assert.deepEqual([reply.status, reply.body.code], [status, code], JSON.stringify(reply.body));
      assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.equal(reply.body.status, status);
      assert.deepEqual(await everything(db, bookId), before);
    });
  }

  test('a refusal among acceptances is 200, each with its own code', async () => {
    const items = [transfer(), transfer({ amount: '0' }), transfer({ debit_account_id: ids.cash })];
    const { status, body } = await call('POST', '/transfers', transfers(...items));
    assert.equal(status, 200);
    assert.deepEqual(
      (body.results as { code: string }[]).map(({ code }) => code),
      ['accepted', 'amount_zero', 'accepted'],
    );
  });

  test('an Idempotency-Key stands for one request', async () => {
    const key = { 'idempotency-key': newId() };
    const request = transfers(transfer());
    const first = await call('POST', '/transfers', request, key);
    const before = await everything(db, bookId);
    const again = await call('POST', '/transfers', request, key);
    const other = await call('POST', '/transfers', transfers(transfer()), key);
    const repeated = (reply: Reply) => (reply.body.results as { code: string; repeated: boolean }[])[0];
    assert.deepEqual([repeated(first)?.repeated, repeated(again)?.repeated], [false, true]);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    assert.deepEqual(await everything(db, bookId), before);
  });
});
