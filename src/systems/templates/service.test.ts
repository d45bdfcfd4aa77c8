/** Templates on a real database: versions that never change, postings whose id keeps one outcome, and the routes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Ledger, listTransfers, openLedger, type TransferInput } from '#engines/ledger';
import { createBook, readEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testServer } from '#test/http';
import { codes, testLedger, timeZone, transfer } from '#test/ledger';
import { exampleTemplates, openTemplates, readDefinition, templateRoutes } from './index.ts';

const { db, clock, ledger, book, another } = await testLedger({ after });
const templates = openTemplates({ db, ledger, clock });

const account = { type: 'account' };
const pay = readDefinition({
  title: 'Pay from two accounts',
  parameters: { first: account, second: account, payee: account, paid: { type: 'amount', currency: 'CNY' } },
  type: 'payment',
  postings: [{ debit: { sources: ['first', 'second'] }, credit: 'payee', amount: 'paid' }],
});

/** A book with two payers, a payee and money, and the template `pay`. */
async function payBook(first: bigint, second: bigint, minimum = 0n) {
  const opened = await book(
    { limits: { minimum: 0n, maximum: null } },
    { limits: { minimum, maximum: null } },
    {},
    { code: '1001', side: 'debit' },
  );
  const [a, b, payee = '', cash = ''] = opened.ids;
  for (const [id, amount] of [
    [a, first],
    [b, second],
  ] as const) {
    if (amount > 0n) await ledger.post(opened.code, [transfer(cash, id, amount)]);
  }
  await db.transaction((tx) => templates.publish(tx, opened.code, 'pay', pay));
  const request = (paid: string, name = 'pay') => ({ name, parameters: { first: a, second: b, payee, paid } });
  const balances = async () => {
    const counters = await Promise.all([a, b, payee].map((id) => opened.account(id)));
    return counters.map((each) => each.counters.creditsPosted - each.counters.debitsPosted);
  };
  return { ...opened, a, b, payee, cash, request, balances };
}

/** The ledger, but before its nth call of postWith something else happens. */
function meddled(on: Ledger, meddle: (call: number, transfers: readonly TransferInput[]) => Promise<unknown>): Ledger {
  let call = 0;
  return {
    ...on,
    async postWith(code, transfers, attach) {
      await meddle(++call, transfers);
      return on.postWith(code, transfers, attach);
    },
  };
}

test('draft, published, retired: a published version never changes', async () => {
  const { code, bookId, request } = await payBook(0n, 0n);
  const inTx = <T>(work: (tx: Parameters<Parameters<typeof db.transaction>[0]>[0]) => Promise<T>) =>
    db.transaction(work);
  const titled = (title: string) => ({ ...pay, title });
  assert.deepEqual(await inTx((tx) => templates.saveDraft(tx, code, 'pay', titled('two'))), []);
  assert.deepEqual(await inTx((tx) => templates.saveDraft(tx, code, 'pay', titled('three'))), []);
  const states = async () =>
    (await templates.list(code, { limit: 10 })).map((each) => `${each.version} ${each.state} ${each.definition.title}`);
  assert.deepEqual(await states(), ['1 published Pay from two accounts', '2 draft three']);
  assert.equal((await inTx((tx) => templates.publishDraft(tx, code, 'pay'))).version, 2);
  await assert.rejects(
    inTx((tx) => templates.publishDraft(tx, code, 'pay')),
    { code: 'template_draft_not_found' },
  );
  assert.equal((await inTx((tx) => templates.publish(tx, code, 'pay', titled('three')))).version, 2, 'the same again');
  assert.equal((await templates.template(code, 'pay')).definition.title, 'three');
  for (const again of [1, 2]) {
    assert.equal((await inTx((tx) => templates.retire(tx, code, 'pay', 2))).state, 'retired', `time ${again}`);
  }
  assert.deepEqual(await states(), ['1 published Pay from two accounts', '2 retired three']);
  assert.equal((await templates.template(code, 'pay')).version, 1);
  await assert.rejects(templates.post(code, newId(), { ...request('1'), version: 2 }), { code: 'template_retired' });
  await assert.rejects(
    inTx((tx) => templates.retire(tx, code, 'pay', 9)),
    { code: 'template_not_found' },
  );
  await assert.rejects(
    inTx((tx) => templates.saveDraft(tx, code, 'No name', pay)),
    { code: 'template_name_invalid' },
  );
  const unused = { ...pay, parameters: { ...pay.parameters, more: { type: 'text' as const } } };
  await assert.rejects(
    inTx((tx) => templates.publish(tx, code, 'pay', unused)),
    { code: 'template_unsound', message: /parameters\.more/ },
  );
  for (const forbidden of [
    'update templates.version set definition = definition',
    'delete from templates.version',
    'update templates.posting set code = code',
    'delete from templates.retirement',
  ]) {
    await assert.rejects(db.query(`${forbidden} where book_id = $1`, [bookId]), /permission denied/);
  }
});

test('two publish at once: each gets a number of its own', async () => {
  const { code } = await payBook(0n, 0n);
  const versions = await Promise.all(
    ['x', 'y', 'z'].map((title) => db.transaction((tx) => templates.publish(tx, code, 'pay', { ...pay, title }))),
  );
  assert.deepEqual(versions.map(({ version }) => version).sort(), [2, 3, 4]);
});

test('a preview writes nothing; a posting commits with its row and its event, once', async () => {
  const { code, bookId, request, balances } = await payBook(3000n, 9000n);
  const preview = await templates.preview(code, request('50.00'));
  assert.deepEqual(
    preview.transfers.map(({ amount }) => amount),
    [3000n, 2000n],
  );
  assert.deepEqual(await balances(), [3000n, 9000n, 0n]);
  const id = newId();
  const posted = await templates.post(code, id.toUpperCase(), request('50.00'));
  assert.deepEqual(
    [posted.status, posted.looks, posted.transfers, posted.firstSequence, posted.lastSequence, posted.repeated],
    ['accepted', 1, 2, 3n, 4n, false],
  );
  assert.deepEqual(await balances(), [0n, 7000n, 5000n]);
  const transfers = await listTransfers(db, bookId, { afterSequence: 2n, limit: 10 });
  assert.deepEqual(
    transfers.map((each) => each.id),
    [posted.firstTransferId, posted.lastTransferId],
  );
  assert.deepEqual(await templates.post(code, id, request('50.00')), { ...posted, repeated: true });
  assert.deepEqual(await templates.posting(code, id), (({ repeated: _, ...rest }) => rest)(posted));
  await assert.rejects(templates.post(code, id, request('50.01')), { code: 'template_posting_differs' });
  await assert.rejects(templates.posting(code, newId()), { code: 'template_posting_not_found' });
  const events = (await readEvents(db, bookId, 0n, 100)).filter(({ type }) => type === 'templates.posted');
  assert.deepEqual(
    events.map(({ payload }) => payload),
    [{ posting_id: id, template: 'pay', version: 1, first_sequence: '3', last_sequence: '4' }],
  );
});

test('a refusal is an outcome and stays; what cannot be expanded is none', async () => {
  const { code, request, balances, cash, a } = await payBook(3000n, 0n);
  const id = newId();
  const refused = await templates.post(code, id, request('50.00'));
  assert.deepEqual([refused.status, refused.code, refused.looks], ['refused', 'exceeds_available', 1]);
  await ledger.post(code, [transfer(cash, a, 9000n)]);
  assert.deepEqual(await templates.post(code, id, request('50.00')), { ...refused, repeated: true });
  assert.deepEqual(await balances(), [12000n, 0n, 0n]);
  const other = newId();
  await assert.rejects(templates.post(code, other, request('0.00')), { code: 'template_nothing_to_post' });
  assert.equal((await templates.post(code, other, request('1.00'))).status, 'accepted');
  await assert.rejects(templates.post(code, 'x', request('1')), { code: 'template_posting_id_invalid' });
  await assert.rejects(templates.post(code, newId(), request('1', 'none')), { code: 'template_not_found' });
});

test('what is available changes between the look and the posting: it looks again', async () => {
  const { code, request, balances, a, cash } = await payBook(3000n, 9000n);
  const take = () => ledger.post(code, [transfer(a, cash, 1000n)]);
  const room = openTemplates({ db, clock, ledger: meddled(ledger, async (call) => (call === 1 ? take() : undefined)) });
  const id = newId();
  const posted = await room.post(code, id, request('50.00'));
  assert.deepEqual([posted.status, posted.looks], ['accepted', 2]);
  assert.deepEqual(await balances(), [0n, 6000n, 5000n]);
  assert.deepEqual(await room.post(code, id, request('50.00')), { ...posted, repeated: true });
});

test('it does not look for ever', async () => {
  const { code, request, balances, a, cash } = await payBook(3000n, 9000n);
  const room = openTemplates({
    db,
    clock,
    ledger: meddled(ledger, () => ledger.post(code, [transfer(a, cash, 1n)])),
  });
  const posted = await room.post(code, newId(), request('50.00'));
  assert.deepEqual([posted.status, posted.code, posted.looks], ['refused', 'exceeds_available', 5]);
  assert.deepEqual(await balances(), [2995n, 9000n, 0n]);
});

test('one id from many callers, two processes and changing balances has one outcome', { timeout: 60_000 }, async () => {
  const { code, bookId, request, balances, a, cash } = await payBook(3000n, 90000n);
  const other = openTemplates({ db, clock, ledger: await another() });
  for (let round = 0; round < 8; round++) {
    const id = newId();
    const before = await balances();
    const all = await Promise.all([
      ...[templates, other, templates, other].map((room) => room.post(code, id, request('50.00'))),
      ledger.post(code, [transfer(a, cash, 1n + BigInt(round))]).then(codes),
      ledger.post(code, [transfer(cash, a, 1000n)]).then(codes),
    ]);
    const outcomes = all.slice(0, 4) as Awaited<ReturnType<typeof templates.post>>[];
    const [first] = outcomes;
    for (const each of outcomes) assert.deepEqual({ ...each, repeated: true }, { ...first, repeated: true });
    const paid = first?.status === 'accepted' ? 5000n : 0n;
    assert.equal((await balances())[2], (before[2] ?? 0n) + paid, `round ${round}`);
  }
  const { rows } = await db.query<{ count: bigint }>(
    'select count(*) as count from templates.posting where book_id = $1',
    [bookId],
  );
  assert.equal(rows[0]?.count, 8n);
});

test('over HTTP: check, draft, publish, preview, post, retire', async (t) => {
  const server = await testServer({ after: t.after.bind(t) }, [
    (app, deps) => {
      const own = openLedger({ db: deps.db, clock: deps.clock, timeZone });
      return templateRoutes(openTemplates({ db: deps.db, ledger: own, clock: deps.clock }))(app, deps);
    },
  ]);
  await server.db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, server.clock));
  const own = openLedger({ db: server.db, clock: server.clock, timeZone });
  const [cash, customer] = [newId(), newId()];
  await server.db.transaction((tx) =>
    own.openAccounts(tx, 'main', [
      { id: cash, currency: 'JPY', code: '1001', side: 'debit' },
      { id: customer, currency: 'JPY', code: '2011', side: 'credit', limits: { maximum: 900n } },
    ]),
  );
  const call = async (method: string, path: string, body?: object, headers = {}) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { ...server.authorized, ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const definition = exampleTemplates.cash_deposit;
  const { status, body: examples } = await call('GET', '/template-examples');
  assert.deepEqual([status, (examples.items as object[]).length], [200, 4]);
  assert.deepEqual(await call('POST', '/template-checks', { definition }), { status: 200, body: { findings: [] } });
  assert.equal((await call('POST', '/template-checks', { definition: {} })).body.code, 'template_definition_invalid');
  assert.deepEqual(await call('PUT', '/templates/deposit/draft', { definition }), {
    status: 200,
    body: { findings: [] },
  });
  const key = { 'idempotency-key': 'publish-1' };
  for (const again of [1, 2]) {
    const published = await call('POST', '/templates/deposit/publish', {}, key);
    assert.deepEqual(
      [published.status, published.body.version, published.body.state],
      [201, 1, 'published'],
      `${again}`,
    );
  }
  const parameters = { cash, customer, slip: 'S-1', deposit: { amount: '500', currency: 'JPY' } };
  const preview = await call('POST', '/templates/deposit/preview', { parameters });
  assert.deepEqual(preview.body.transfers, [
    {
      debit_account_id: cash,
      credit_account_id: customer,
      amount: '500',
      currency: 'JPY',
      kind: 'transfer',
      effective_date: null,
      type: 'cash_deposit',
      description: null,
      reference: 'S-1',
    },
  ]);
  const id = newId();
  const posted = await call('POST', '/templates/deposit/post', { id, parameters });
  assert.deepEqual([posted.status, posted.body.status, posted.body.repeated], [200, 'accepted', false]);
  assert.equal((await call('POST', '/templates/deposit/post', { id, parameters })).body.repeated, true);
  const refused = await call('POST', '/templates/deposit/post', { id: newId(), parameters });
  assert.deepEqual([refused.status, refused.body.code], [422, 'exceeds_maximum']);
  assert.equal((await call('GET', `/template-postings/${id}`)).body.first_transfer_id, posted.body.first_transfer_id);
  assert.equal((await call('GET', '/templates/deposit?version=1')).body.name, 'deposit');
  assert.equal((await call('GET', '/templates/deposit?version=2')).status, 404);
  const retired = await call('POST', '/templates/deposit/versions/1/retire', {});
  assert.deepEqual([retired.status, retired.body.state], [200, 'retired']);
  assert.equal((await call('POST', '/templates/deposit/post', { id: newId(), parameters })).status, 404);
  const { body: list } = await call('GET', '/templates?limit=1');
  assert.deepEqual([(list.items as object[]).length, list.next_cursor], [1, null]);
  assert.equal((await fetch(`${server.url}/api/openapi.json`)).status, 200);
  await own.close();
});
