/** Tries to reach what is another's, and to say more than is asked for: ids, cursors, keys, SQL, HTML, fields nobody asked for. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel/ids';
import { encodeCursor } from '../../src/kernel/http/paging.ts';
import { addressOf, fieldsOf, type Hint, queryOf, sample, shapeOf } from '../requests.ts';
import { wholeHouse } from '../whole-house.ts';

const home = await wholeHouse({ after });
const { call, routes } = home;
await home.unit({ code: 'east', name: 'East', kind: 'branch' });
await home.unit({ code: 'west', name: 'West', kind: 'branch' });
const work = [
  'ledger.*:*',
  'account_centre:*',
  'party:*',
  'party.*:*',
  'staff:*',
  'token:*',
  'access.*:*',
  'approval:read',
  'event:read',
  'report:read',
  'evidence:read',
];
const east = await home.as(work, 'east', 'east');
const west = await home.as(work, 'west', 'west');
const guarded = routes.filter(({ url, permission }) => url.startsWith('/api/v1/') && permission !== 'public');

const [mine, till, theirs, theirTill, party] = Array.from({ length: 5 }, () => newId());
const deposit = { currency: 'CNY', code: '2011', side: 'credit' };
const cash = { currency: 'CNY', code: '1001', side: 'debit' };
const open = async (as: typeof east, accounts: object[]) =>
  assert.equal((await as('POST', '/ledger/accounts', { accounts })).status, 201);
await open(east, [
  { ...deposit, id: mine },
  { ...cash, id: till },
]);
await open(west, [
  { ...deposit, id: theirs },
  { ...cash, id: theirTill },
]);
const move = (debit: string | undefined, credit: string | undefined, amount = '10.00') => ({
  transfers: [{ id: newId(), debit_account_id: debit, credit_account_id: credit, amount, currency: 'CNY' }],
});
const post = (as: typeof east, body: object) => as('POST', '/ledger/transfers', body);
const codeOf = async (answer: ReturnType<typeof east>) => {
  const { status, body } = await answer;
  return `${status} ${String(body.code)}`;
};

test('a counter can do its work: its own postings, and those with one side elsewhere', async () => {
  assert.equal((await post(east, move(till, mine))).status, 200);
  assert.equal((await post(west, move(theirTill, theirs))).status, 200);
  assert.equal((await post(east, move(till, theirs))).status, 200, 'a payment into another branch');
  const customer = { key: 'east-1' };
  assert.equal((await east('POST', '/account-centre/customers', customer)).status, 201);
  const account = { ...deposit, id: newId(), node: 'fund' };
  assert.equal((await east('POST', '/account-centre/customers/east-1/accounts', { accounts: [account] })).status, 201);
  await post(east, move(till, account.id, '50.00'));
  const earmark = { id: newId(), account_id: account.id, amount: '5.00', purpose: 'rent' };
  assert.equal((await east('POST', '/account-centre/earmarks', earmark)).status, 201);
  const used = { id: newId(), to_account_id: theirs, amount: '2.00' };
  assert.equal((await east('POST', `/account-centre/earmarks/${earmark.id}/uses`, used)).status, 200);
  assert.equal(
    (await east('POST', '/parties', { id: party, unit: 'east', kind: 'person', names: [{ value: '王' }] })).status,
    201,
  );
});

const foreign: [what: string, attempt: () => ReturnType<typeof east>, answers: string[]][] = [
  [
    'posting between two accounts of others',
    () => post(east, move(theirTill, theirs)),
    ['403 transfer_out_of_scope', '404 transfer_out_of_scope', '422 transfer_out_of_scope'],
  ],
  [
    'one transfer of one’s own does not carry a foreign one in',
    () => post(east, { transfers: [...move(till, mine).transfers, ...move(theirTill, theirs).transfers] }),
    ['403 transfer_out_of_scope', '404 transfer_out_of_scope', '422 transfer_out_of_scope'],
  ],
  ['reading an account by its id', () => east('GET', `/ledger/accounts/${theirs}`), ['404 account_not_found']],
  [
    'reading a balance',
    () => east('GET', `/ledger/accounts/${theirs}/balance?effective_date=2099-01-01`),
    ['404 account_not_found'],
  ],
  ['reading a statement', () => east('GET', `/ledger/accounts/${theirs}/statement`), ['404 account_not_found']],
  [
    'an id in capitals',
    () => east('GET', `/ledger/accounts/${String(theirs).toUpperCase()}`),
    ['404 account_not_found', '400 request_invalid'],
  ],
  [
    'freezing an account',
    () => east('PATCH', `/ledger/accounts/${theirs}`, { state: 'frozen' }),
    ['404 account_not_found'],
  ],
  [
    'taking an account over into one’s unit',
    () => east('PATCH', `/ledger/accounts/${theirs}`, { unit: 'east' }),
    ['404 account_not_found'],
  ],
  [
    'pushing an account into another unit',
    () => east('PATCH', `/ledger/accounts/${mine}`, { unit: 'west' }),
    ['403 unit_out_of_scope', '404 unit_not_found', '403 scope_too_narrow'],
  ],
  [
    'opening an account in another unit',
    () => east('POST', '/ledger/accounts', { accounts: [{ ...deposit, id: newId(), unit: 'west' }] }),
    ['403 unit_out_of_scope', '404 unit_not_found'],
  ],
  [
    'opening an account at head office',
    () => east('POST', '/ledger/accounts', { accounts: [{ ...deposit, id: newId(), unit: 'institution' }] }),
    ['403 unit_out_of_scope', '404 unit_not_found'],
  ],
  [
    'opening an account under a foreign id',
    () => east('POST', '/ledger/accounts', { accounts: [{ ...deposit, id: theirs }] }),
    ['409 account_exists_differently', '409 account_exists', '404 account_not_found', '409 account_id_taken'],
  ],
  [
    'an account list of a foreign unit',
    () => east('GET', '/ledger/accounts?unit=west'),
    ['400 request_invalid', '404 unit_not_found'],
  ],
  [
    'attaching a foreign account to one’s customer',
    () => east('POST', '/account-centre/customers/east-1/attachments', { node: 'fund', account_ids: [theirs] }),
    ['404 account_not_found'],
  ],
  [
    'an earmark on a foreign account',
    () => east('POST', '/account-centre/earmarks', { id: newId(), account_id: theirs, amount: '1.00', purpose: 'x' }),
    ['404 account_not_found'],
  ],
  ['a foreign customer', () => west('GET', '/account-centre/customers/east-1'), ['404 tree_not_found']],
  [
    'opening a customer that another branch has',
    () => west('POST', '/account-centre/customers', { key: 'east-1' }),
    ['409 tree_different', '409 tree_exists', '404 tree_not_found', '409 tree_elsewhere'],
  ],
  ['a foreign party', () => west('GET', `/parties/${party}`), ['404 party_not_found']],
  [
    'a foreign party as relation',
    () => west('POST', `/parties/${party}/relations`, { kind: 'guarantor', to: newId(), valid_from: '2020-01-01' }),
    ['404 party_not_found'],
  ],
  [
    'inviting staff into another unit',
    () => east('POST', '/staff', { login: 'spy', name: 'Spy', email: 'spy@bank.example', unit: 'west' }),
    ['404 unit_not_found', '403 staff_out_of_scope'],
  ],
  [
    'inviting staff into head office',
    () => east('POST', '/staff', { login: 'spy', name: 'Spy', email: 'spy@bank.example' }),
    ['404 unit_not_found', '403 staff_out_of_scope'],
  ],
  [
    'a role in another unit',
    () => east('POST', '/assignments', { staff_id: newId(), role: 'teller', unit: 'west' }),
    ['404 unit_not_found', '403 scope_too_narrow'],
  ],
  [
    'a role at head office',
    () => east('POST', '/assignments', { staff_id: newId(), role: 'teller' }),
    ['403 scope_too_narrow'],
  ],
  [
    'a unit below another',
    () => east('POST', '/units', { code: 'below', name: 'x', kind: 'team', parent: 'west' }),
    ['404 unit_not_found', '403 scope_too_narrow'],
  ],
  [
    'a unit below head office',
    () => east('POST', '/units', { code: 'below', name: 'x', kind: 'branch' }),
    ['403 scope_too_narrow'],
  ],
  ['renaming head office', () => east('PATCH', '/units/institution', { name: 'Ours' }), ['403 scope_too_narrow']],
  [
    'a role for all',
    () => east('PUT', '/roles/mine', { name_zh: 'x', name_en: 'x', permissions: ['*:*'] }),
    ['403 scope_too_narrow'],
  ],
  ['the whole book', () => east('GET', '/ledger/trial-balance'), ['403 scope_too_narrow']],
  [
    'the log of the audit trail',
    () => east('GET', '/evidence/_audit/checkpoint'),
    ['404 book_not_found', '403 scope_too_narrow', '404 log_not_found', '404 evidence_log_not_found'],
  ],
  [
    'a tile of the audit trail',
    () => east('GET', '/evidence/_audit/tile/0/000'),
    ['404 book_not_found', '403 scope_too_narrow', '404 log_not_found', '404 evidence_log_not_found'],
  ],
  ['a group over all branches', () => east('GET', '/ledger/groups/chart/balances'), ['403 scope_too_narrow']],
];
for (const [what, attempt, answers] of foreign) {
  test(`another’s: ${what}`, async () => {
    const answer = await codeOf(attempt());
    assert.ok(answers.includes(answer), answer);
  });
}

test('an idempotency key of another tells nothing of what they did', async () => {
  const key = { 'idempotency-key': 'a-key' };
  const customer = { key: 'east-2' };
  assert.equal((await east('POST', '/account-centre/customers', customer, key)).status, 201);
  const replay = await west('POST', '/account-centre/customers', { key: 'west-2' }, key);
  assert.deepEqual([replay.status, replay.headers.get('idempotency-replayed')], [201, null]);
});

test('an answer that is kept under a key is not given to who may no longer ask', async () => {
  const key = { 'idempotency-key': 'kept' };
  const made = { name: 'kept', permissions: ['ledger.account:read'], unit: 'east', expires_at: '2099-01-01T00:00:00Z' };
  assert.equal((await call('POST', '/tokens', made, key)).status, 201);
  const other = await east('POST', '/tokens', made, key);
  assert.equal(other.headers.get('idempotency-replayed'), null);
});

const forged = [
  ["' or 1=1 --"],
  ['9999-12-31', '0; drop table kernel.unit', 'debit'],
  [newId()],
  [null],
  [{ toString: 1 }],
  [-1],
  [1e308],
  ['99999999999999999999999999'],
  ['2025-01-01T00:00:00Z', 'no uuid'],
  ['no time', newId()],
  ['\u0000'],
  [],
];
test('a cursor that a list did not make, or another list made, is refused or leads nowhere', async () => {
  const lists = guarded.filter(
    ({ method, schemas }) => method === 'GET' && fieldsOf(schemas.querystring).includes('cursor'),
  );
  assert.ok(lists.length > 12);
  const hint: Hint = (name) => ({ customer: 'east-1', key: 'east-1', account_id: mine, id: mine, book: 'main' })[name];
  const cursors = forged.map((key) => encodeCursor(key as string[]));
  const real = new Set<string>();
  for (const path of ['/ledger/accounts?limit=1', '/ledger/transfers?limit=1', '/parties?limit=1', '/staff?limit=1']) {
    const { body } = await call('GET', path);
    if (typeof body.next_cursor === 'string') real.add(body.next_cursor);
  }
  const wrong: string[] = [];
  for (const route of lists) {
    for (const cursor of [...cursors, ...real, 'x', '%00', '../..', 'e30']) {
      const url = addressOf(route, hint, { ...queryOf(route, hint), cursor });
      const { statusCode, body } = await home.app.inject({ url, headers: home.authorized });
      if (statusCode >= 500) wrong.push(`${url} (${Buffer.from(cursor, 'base64url')}): ${statusCode} ${body}`);
    }
  }
  assert.deepEqual(wrong, []);
});

const injections = [
  "'; drop table kernel.unit; --",
  "' or '1'='1",
  '"; select pg_sleep(5); --',
  '\\',
  "x') union select secret_sha256 from kernel.token --",
  '%',
  '$1',
  '\u0000',
];
for (const text of injections) {
  test(`SQL: ${JSON.stringify(text)} in every parameter, filter and field is only text`, async () => {
    const started = performance.now();
    const wrong: string[] = [];
    for (const route of guarded) {
      const names = new Set([...fieldsOf(route.schemas.params), ...fieldsOf(route.schemas.querystring)]);
      for (const name of names) {
        const hint: Hint = (field) => (field === name ? text : field === 'book' ? 'main' : undefined);
        if (route.method !== 'GET') continue;
        const url = addressOf(route, hint, queryOf(route, hint));
        const { statusCode, body } = await home.app.inject({ url, headers: home.authorized });
        if (statusCode >= 500 || /syntax error|relation "/.test(body)) wrong.push(`${url}: ${statusCode} ${body}`);
      }
      if (route.method === 'GET') continue;
      const every: Hint = () => text;
      const one: Hint = (field) => (field === 'book' ? 'main' : undefined);
      for (const hint of [every, one]) {
        const { statusCode, body } = await home.app.inject({
          method: route.method as 'POST',
          url: addressOf(route, hint === every ? every : one, {}),
          headers: { ...home.authorized, 'content-type': 'application/json' },
          payload: JSON.stringify(sample(shapeOf(route.schemas.body), every) ?? {}),
        });
        if (statusCode >= 500 || /syntax error|relation "/.test(body))
          wrong.push(`${route.method} ${route.url}: ${statusCode} ${body}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(performance.now() - started < 60_000, 'nothing slept');
    assert.equal((await call('GET', '/units')).status, 200);
  });
}

const extras = [
  'unit_id',
  'created_by',
  'role',
  'is_admin',
  'permission',
  'visibility',
  'approval_id',
  'maker_id',
  'recorded_at',
  'actor_id',
  'state_changed_at',
];
for (const field of extras) {
  test(`mass assignment: nothing takes a field ${field}`, async () => {
    const wrong: string[] = [];
    let asked = 0;
    for (const route of guarded.filter(({ method, schemas }) => method !== 'GET' && schemas.body !== undefined)) {
      const fields = fieldsOf(route.schemas.body);
      if (fields.includes(field)) continue;
      const hint: Hint = (name) => ({ code: 'x1', token: '1' })[name];
      const body = sample(shapeOf(route.schemas.body), hint);
      const { statusCode, body: text } = await home.app.inject({
        method: route.method as 'POST',
        url: addressOf(route, hint),
        headers: { ...home.authorized, 'content-type': 'application/json' },
        payload: JSON.stringify({ ...(body as object), [field]: '1' }),
      });
      asked += 1;
      if (statusCode !== 400 || !text.includes(`/${field}`))
        wrong.push(`${route.method} ${route.url}: ${statusCode} ${text}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(asked > 40);
  });
}

test('mass assignment: a query with a field nobody asked for is refused', async () => {
  const wrong: string[] = [];
  for (const route of guarded.filter(({ method, schemas }) => method === 'GET' && schemas.querystring !== undefined)) {
    const hint: Hint = (name) => (name === 'book' ? 'main' : undefined);
    const url = addressOf(route, hint, { ...queryOf(route, hint), unit_ids: '1', visibility: 'all' });
    const { statusCode } = await home.app.inject({ url, headers: home.authorized });
    if (statusCode !== 400) wrong.push(`${url}: ${statusCode}`);
  }
  assert.deepEqual(wrong, []);
});

test('the same query field twice is refused, also where it decides how far a right must reach', async () => {
  for (const path of ['/ledger/trial-balance?book=main&book=other', '/events?book=main&book=other']) {
    assert.equal((await east('GET', path)).status, 400, path);
  }
});

test('reach: another spelling, a list, or a second name of books does not get around it', async () => {
  const at = '&date=2025-01-01';
  for (const query of [
    'book=%20main',
    'book=main%20',
    'book=none,%20main',
    'entity=none&book=main',
    'consolidation=any',
    'book=none&consolidation=any',
  ]) {
    const { body } = await east('GET', `/reports/trial-balance?${query}${at}`);
    assert.equal(body.code, 'scope_too_narrow', `${query}: ${JSON.stringify(body)}`);
  }
});

const pages = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '{{7*7}}',
  '=cmd|calc!A1',
  '</title><svg onload=alert(1)>',
];
for (const html of pages) {
  test(`HTML: ${html} comes back as the JSON text it is`, async () => {
    const code = `h-${newId().slice(-12)}`;
    const made = await call('POST', '/units', { code, name: html, kind: 'branch' });
    assert.deepEqual([made.status, made.body.name], [201, html]);
    const response = await fetch(`${home.url}/api/v1/units`, { headers: { ...home.authorized, accept: 'text/html' } });
    const text = await response.text();
    assert.ok(JSON.parse(text));
    assert.match(String(response.headers.get('content-type')), /^application\/json/);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(String(response.headers.get('content-security-policy')), /default-src 'none'/);
    const lost = await fetch(`${home.url}/api/v1/${encodeURIComponent(html)}`, { headers: home.authorized });
    assert.match(String(lost.headers.get('content-type')), /^application\/problem\+json/);
    await lost.text();
  });
}
