/** The ledger over real HTTP: what goes in and what comes out. Bad input is in bad-input.test.ts. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel/ids';
import { ledgerServer } from '#test/ledger-http';

const server = await ledgerServer({ after });
const { call, clock, url } = server;

type Json = Record<string, unknown>;
type Results = {
  id: string;
  status: string;
  code: string;
  sequence: string | null;
  recorded_at: string;
  repeated: boolean;
}[];

/** Opens accounts in a book of their own; returns their ids. */
let books = 0;
async function book(...accounts: Json[]) {
  const code = `book-${++books}`;
  assert.equal((await call('POST', '/books', { code, name: code })).status, 201);
  const inputs = accounts.map((account) => ({
    id: newId(),
    currency: 'CNY',
    code: '2011',
    side: 'credit',
    ...account,
  }));
  const { status, body } = await call('POST', '/accounts', { book: code, accounts: inputs });
  assert.equal(status, 201, JSON.stringify(body));
  const [first = '', second = '', ...more] = inputs.map(({ id }) => id);
  return { code, ids: [first, second, ...more] as const, opened: body.accounts as Json[] };
}

async function post(code: string, ...transfers: Json[]): Promise<Results> {
  const { status, body } = await call('POST', '/transfers', { book: code, transfers });
  assert.equal(status, 200, JSON.stringify(body));
  return body.results as Results;
}

const transfer = <More extends Json>(debit: string, credit: string, amount: string, more?: More) => ({
  id: newId(),
  debit_account_id: debit,
  credit_account_id: credit,
  amount,
  currency: 'CNY',
  ...(more as More),
});

test('books are created once and listed', async () => {
  const created = await call('POST', '/books', { code: 'branch', name: '支行', legal_entity: 'Bank' });
  const expected = { code: 'branch', name: '支行', legal_entity: 'Bank', created_at: '2025-01-02T03:04:05.000000Z' };
  assert.deepEqual([created.status, created.body], [201, expected]);
  assert.deepEqual(
    (await call('POST', '/books', { code: 'branch', name: '支行', legal_entity: 'Bank' })).body,
    expected,
  );
  const { body } = await call('GET', '/books');
  assert.deepEqual(
    (body.items as Json[]).filter(({ code }) => code === 'branch'),
    [expected],
  );
});

test('accounts are opened, read, limited, frozen, closed', async () => {
  const { code, ids, opened } = await book({ name: '张三', limits: { minimum: '-5', maximum: '1000000.00' } }, {});
  const [ann, bob] = ids;
  const expected = {
    id: ann,
    currency: 'CNY',
    code: '2011',
    side: 'credit',
    name: '张三',
    state: 'open',
    limits: { minimum: '-5.00', maximum: '1000000.00' },
    debits_pending: '0.00',
    credits_pending: '0.00',
    debits_posted: '0.00',
    credits_posted: '0.00',
    balance: '0.00',
    available: '0.00',
    unit: 'institution',
    opened_at: '2025-01-02T03:04:05.000000Z',
  };
  assert.deepEqual(opened[0], expected);
  const read = async (id: string) => (await call('GET', `/accounts/${id}?book=${code}`)).body;
  const patch = async (change: Json) => (await call('PATCH', `/accounts/${ann}?book=${code}`, change)).body;
  assert.deepEqual(await read(ann.toUpperCase()), expected);
  await post(
    code,
    transfer(ann, bob, '5', { kind: 'pending' }),
    transfer(bob, ann, '2.5', { kind: 'pending' }),
    transfer(bob, ann, '1'),
  );
  const moved = {
    debits_pending: '5.00',
    credits_pending: '2.50',
    credits_posted: '1.00',
    balance: '1.00',
    available: '-4.00',
  };
  assert.deepEqual(await read(ann), { ...expected, ...moved });
  const limits = { minimum: null, maximum: '7.00' };
  assert.deepEqual(await patch({ limits, state: 'frozen' }), { ...expected, ...moved, limits, state: 'frozen' });
  assert.deepEqual(await patch({ state: 'open' }), { ...expected, ...moved, limits });
  assert.equal((await read(ann)).state, 'open');
});

test('transfers of every kind are answered one by one, the same again as the same', async () => {
  const { code, ids } = await book({ code: '1001', side: 'debit' }, { limits: { minimum: '0' } });
  const [cash, ann] = ids;
  const hold = transfer(ann, cash, '30.00', {
    kind: 'pending',
    expires_at: '2025-01-03T00:00:00+08:00',
    reference: 'R-1',
  });
  const paid = transfer(cash, ann, '50', {
    type: 'cash_deposit',
    description: '现金存款 "柜台" \\ 1',
    effective_date: '2024-12-31',
  });
  const request = [
    paid,
    hold,
    { id: newId(), kind: 'post', pending_id: hold.id, amount: '10.00', currency: 'CNY', keep_remainder: true },
    { id: newId(), kind: 'void', pending_id: hold.id },
    { id: newId(), kind: 'reverse', reversed_id: paid.id, effective_date: '2025-01-02' },
    transfer(ann, cash, '40.01'),
    { ...transfer(ann, cash, '1', { linked: true }), id: newId().toUpperCase() },
    transfer(cash, ann, '2.00'),
  ];
  const results = await post(code, ...request);
  const recorded_at = '2025-01-02T03:04:05.000000Z';
  assert.deepEqual(
    results.map(({ id, ...result }) => result),
    [
      ...['1', '2', '3', '4'].map((sequence) => ({
        status: 'accepted',
        code: 'accepted',
        sequence,
        recorded_at,
        repeated: false,
      })),
      ...Array(2).fill({ status: 'refused', code: 'exceeds_available', sequence: null, recorded_at, repeated: false }),
      ...['5', '6'].map((sequence) => ({
        status: 'accepted',
        code: 'accepted',
        sequence,
        recorded_at,
        repeated: false,
      })),
    ],
  );
  assert.deepEqual(
    results.map(({ id }) => id),
    request.map(({ id }) => id.toLowerCase()),
  );
  assert.deepEqual(
    await post(code, ...request),
    results.map((result) => ({ ...result, repeated: true })),
  );

  const answer = async (id: string) => (await call('GET', `/transfers/${id}?book=${code}`)).body;
  const common = {
    currency: 'CNY',
    recorded_at,
    linked: false,
    type: null,
    description: null,
    reference: null,
    adjustment: false,
  };
  assert.deepEqual(await answer(hold.id), {
    id: hold.id,
    status: 'accepted',
    code: 'accepted',
    recorded_at,
    transfer: {
      ...common,
      id: hold.id,
      sequence: '2',
      kind: 'pending',
      debit_account_id: ann,
      credit_account_id: cash,
      amount: '30.00',
      effective_date: '2025-01-02',
      related_id: null,
      expires_at: '2025-01-02T16:00:00.000000Z',
      reference: 'R-1',
    },
    pending: { remaining: '0.00', ended: 'voided' },
    reversed_by: null,
    archived: false,
  });
  assert.deepEqual(((await answer(paid.id)).transfer as Json).description, paid.description);
  const refused = await answer(request[5]?.id ?? '');
  assert.deepEqual(
    [refused.status, refused.code, refused.transfer, refused.pending],
    ['refused', 'exceeds_available', null, null],
  );
});

test('amounts have the decimals of their currency', async () => {
  const { code, ids } = await book({ currency: 'JPY' }, { currency: 'JPY' }, { currency: 'KWD' }, { currency: 'KWD' });
  const [yen, sato, din = '', ali = ''] = ids;
  await post(
    code,
    transfer(yen, sato, '9223372036854775807', { currency: 'JPY' }),
    transfer(din, ali, '9223372036854775.807', { currency: 'KWD' }),
    transfer(ali, din, '0.5', { currency: 'KWD' }),
  );
  const balance = async (id: string) => (await call('GET', `/accounts/${id}/balance?book=${code}`)).body;
  assert.equal((await balance(sato)).balance, '9223372036854775807');
  assert.equal((await balance(yen)).balance, '-9223372036854775807');
  assert.equal((await balance(ali)).balance, '9223372036854775.307');
  assert.equal((await balance(ali)).debits_posted, '0.500');
});

test('both clocks', async (t) => {
  const { code, ids } = await book({ code: '1001', side: 'debit' }, {});
  const [cash, ann] = ids;
  clock.set('2025-01-02T10:00:00Z');
  await post(code, transfer(cash, ann, '10'), transfer(ann, cash, '4', { kind: 'pending' }));
  clock.set('2025-01-02T17:00:00Z');
  await post(code, transfer(cash, ann, '1', { effective_date: '2024-06-30' }), transfer(cash, ann, '100'));

  await t.test('a balance', async () => {
    const read = async (query: string) => {
      const { body } = await call('GET', `/accounts/${ann}/balance?book=${code}${query}`);
      return [body.effective_date, body.recorded_at, body.balance, body.available];
    };
    // 17:00 UTC is the next day in Shanghai.
    assert.deepEqual(await read(''), ['2025-01-03', null, '111.00', '107.00']);
    assert.deepEqual(await read('&effective_date=2025-01-02'), ['2025-01-02', null, '11.00', '7.00']);
    assert.deepEqual(await read('&effective_date=2024-12-31'), ['2024-12-31', null, '1.00', '1.00']);
    const then = encodeURIComponent('2025-01-03T00:59:59+08:00');
    assert.deepEqual(await read(`&recorded_at=${then}`), ['2025-01-03', '2025-01-03T00:59:59+08:00', '10.00', '6.00']);
    const offset = encodeURIComponent('2025-01-02T10:00:00+23:30');
    assert.deepEqual((await read(`&recorded_at=${offset}`)).slice(2), ['0.00', '0.00']);
  });

  await t.test('a trial balance', async () => {
    const read = async (query: string) => (await call('GET', `/trial-balance?book=${code}${query}`)).body;
    const zero = { debits_pending: '0.00', credits_pending: '0.00', debits_posted: '0.00', credits_posted: '0.00' };
    assert.deepEqual(await read('&effective_date=2025-01-02'), {
      book: code,
      effective_date: '2025-01-02',
      recorded_at: null,
      lines: [
        { ...zero, currency: 'CNY', code: '1001', credits_pending: '4.00', debits_posted: '11.00', net: '11.00' },
        { ...zero, currency: 'CNY', code: '2011', debits_pending: '4.00', credits_posted: '11.00', net: '-11.00' },
      ],
      totals: [{ currency: 'CNY', debits_posted: '11.00', credits_posted: '11.00' }],
    });
    const { totals } = await read('&recorded_at=2025-01-02T10:00:00Z');
    assert.deepEqual(totals, [{ currency: 'CNY', debits_posted: '10.00', credits_posted: '10.00' }]);
    assert.deepEqual((await read('&effective_date=2024-01-01')).lines, []);
  });
});

test('pages', async (t) => {
  const { code, ids } = await book(...['1001', '2011', '2011', '2011', '2012'].map((account) => ({ code: account })));
  const [first, second] = ids;
  const sent = Array.from({ length: 7 }, (_, index) =>
    transfer(first, index % 3 === 0 ? (ids[2] ?? '') : second, `${index + 1}`, {
      type: index % 2 === 0 ? 'even' : 'odd',
      effective_date: `2025-01-0${1 + (index % 4)}`,
    }),
  );
  await post(code, ...sent);

  /** All pages of a list, two items each. */
  async function pages(path: string, member = 'items'): Promise<Json[][]> {
    const found: Json[][] = [];
    for (let cursor: unknown = ''; cursor !== null; ) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, body } = await call('GET', `${path}${path.includes('?') ? '&' : '?'}book=${code}&limit=2${more}`);
      assert.equal(status, 200);
      found.push(body[member] as Json[]);
      cursor = body.next_cursor;
    }
    return found;
  }

  await t.test('of accounts, in the order of their codes', async () => {
    const found = await pages('/accounts');
    assert.deepEqual(
      found.map(({ length }) => length),
      [2, 2, 1],
    );
    assert.deepEqual(
      found.flat().map(({ id }) => id),
      ids,
    );
    assert.deepEqual(
      (await pages('/accounts?code=2011')).flat().map(({ id }) => id),
      ids.slice(1, 4),
    );
    assert.deepEqual(await pages('/accounts?code=9'), [[]]);
  });

  await t.test('of transfers, in the order of the journal, also filtered', async () => {
    const sequences = async (filter: string) =>
      (await pages(`/transfers${filter}`))
        .flat()
        .map(({ sequence }) => sequence)
        .join(' ');
    assert.equal(await sequences(''), '1 2 3 4 5 6 7');
    assert.equal(await sequences('?type=odd'), '2 4 6');
    assert.equal(await sequences(`?account_id=${ids[2]}`), '1 4 7');
    assert.equal(await sequences(`?account_id=${first.toUpperCase()}`), '1 2 3 4 5 6 7');
    assert.equal(await sequences('?effective_from=2025-01-02&effective_to=2025-01-03'), '2 3 6 7');
    assert.equal(await sequences('?kind=pending'), '');
    assert.equal(await sequences('?reference=none'), '');
  });

  await t.test(
    'of a statement, in the order of effective dates, each opening where the one before closed',
    async () => {
      const path = `/accounts/${second}/statement?from=2025-01-02&to=2025-01-03`;
      const { body } = await call('GET', `${path}&book=${code}`);
      assert.deepEqual([body.opening, body.closing, body.next_cursor], ['5.00', '16.00', null]);
      const entries = body.entries as Json[];
      assert.deepEqual(
        entries.map(({ credit, balance_after }) => `${credit} ${balance_after}`),
        ['2.00 7.00', '6.00 13.00', '3.00 16.00'],
      );
      assert.deepEqual(
        entries.map(({ debit, counter_account_id }) => [debit, counter_account_id]),
        Array(3).fill([null, first]),
      );
      assert.deepEqual((await pages(path, 'entries')).flat(), entries);
    },
  );
});

test('a statement of a busy account adds up', async () => {
  const { code, ids } = await book({}, {});
  const [ann, bob] = ids;
  let stop = false;
  const poster = (async () => {
    while (!stop) {
      await post(
        code,
        ...['2024-12-01', '2025-01-05', '2025-02-01'].map((effective_date) =>
          transfer(ann, bob, '1', { effective_date }),
        ),
      );
    }
  })();
  const minor = (amount: unknown) => BigInt(String(amount).replace('.', ''));
  for (let round = 0; round < 40; round++) {
    const asked = `/accounts/${bob}/statement?book=${code}&from=2025-01-01&to=2025-01-31&limit=1000`;
    const { body } = await call('GET', asked);
    const moved = (body.entries as Json[]).reduce((sum, { credit }) => sum + minor(credit), 0n);
    assert.equal(minor(body.opening) + moved, minor(body.closing));
  }
  stop = true;
  await poster;
});

test('every route is described, and none is open', async () => {
  const description = (await (await fetch(`${url}/api/openapi.json`)).json()) as { paths: Record<string, Json> };
  const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    path.includes('/ledger/') ? Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`) : [],
  );
  assert.deepEqual(routes.sort(), [
    ...['', '/{id}', '/{id}/balance', '/{id}/statement'].map((rest) => `GET /api/v1/ledger/accounts${rest}`),
    'GET /api/v1/ledger/books',
    'GET /api/v1/ledger/closing',
    'GET /api/v1/ledger/groups',
    'GET /api/v1/ledger/groups/{dimension}/balances',
    'GET /api/v1/ledger/groups/{dimension}/{code}/members',
    'GET /api/v1/ledger/manual-limits',
    'GET /api/v1/ledger/transfers',
    'GET /api/v1/ledger/transfers/{id}',
    'GET /api/v1/ledger/trial-balance',
    'GET /api/v1/ledger/windows',
    'PATCH /api/v1/ledger/accounts/{id}',
    'PATCH /api/v1/ledger/windows/{code}',
    'POST /api/v1/ledger/accounts',
    'POST /api/v1/ledger/books',
    'POST /api/v1/ledger/groups',
    'POST /api/v1/ledger/groups/build',
    'POST /api/v1/ledger/groups/{dimension}/{code}/join',
    'POST /api/v1/ledger/groups/{dimension}/{code}/leave',
    'POST /api/v1/ledger/transfers',
    'POST /api/v1/ledger/windows',
    'PUT /api/v1/ledger/groups/{dimension}/{code}/limits',
    'PUT /api/v1/ledger/manual-limits/{currency}',
  ]);
  for (const route of routes) {
    const [method = '', path = ''] = route.replaceAll(/\{\w+\}/g, newId()).split(' ');
    const response = await fetch(`${url}${path}`, { method });
    assert.deepEqual([response.status, ((await response.json()) as Json).code], [401, 'token_missing'], route);
  }
});
