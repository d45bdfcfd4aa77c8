/** Quotes, deals, positions and revaluation on a real ledger. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLedger, verify } from '#engines/ledger';
import { createBook, readEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { formatAmount } from '#kernel/money';
import { type Code, testExchange } from '#test/exchange';
import { testServer } from '#test/http';
import { timeZone, transfer } from '#test/ledger';
import { type Desk, deskAccounts, exchangeRoutes, openExchange, type QuoteRequest } from './index.ts';

const { db, clock, ledger, book, another, exchange, deskBook } = await testExchange({ after });
test('both amounts of a quote by side, currency and rule', async () => {
  const { code, quote } = await deskBook();
  await db.transaction(async (tx) =>
    exchange.configure(tx, code, { ...(await exchange.desk(code)), rounding: 'half_up' }),
  );
  const cases: [sell: string, buy: string, more: Partial<QuoteRequest>, expected: string][] = [
    // 7.00 less 1% at the bid, plus 1% at the ask.
    ['USD', 'CNY', { sellMinor: 10000n }, 'USD/CNY bid 6.93: 100.00 for 693.00, worth 700.00 for 693.00'],
    ['CNY', 'USD', { sellMinor: 70700n }, 'USD/CNY ask 7.07: 707.00 for 100.00, worth 707.00 for 700.00'],
    ['CNY', 'USD', { buyMinor: 10000n }, 'USD/CNY ask 7.07: 707.00 for 100.00, worth 707.00 for 700.00'],
    ['USD', 'CNY', { buyMinor: 69300n }, 'USD/CNY bid 6.93: 100.00 for 693.00, worth 700.00 for 693.00'],
    // Across the dollar: 0.05 yuan for one yen; yen have no decimals, dinar three.
    ['JPY', 'CNY', { sellMinor: 10001n }, 'JPY/CNY bid 0.0495: 10001 for 495.05, worth 500.05 for 495.05'],
    ['CNY', 'JPY', { sellMinor: 10000n }, 'JPY/CNY ask 0.0505: 100.00 for 1980, worth 100.00 for 99.00'],
    ['KWD', 'CNY', { sellMinor: 1005n }, 'KWD/CNY bid 22.77: 1.005 for 22.88, worth 23.12 for 22.88'],
    ['CNY', 'KWD', { sellMinor: 10000n }, 'KWD/CNY ask 23.23: 100.00 for 4.305, worth 100.00 for 99.02'],
    ['USD', 'JPY', { sellMinor: 12345n }, 'USD/JPY bid 138.6: 123.45 for 17110, worth 864.15 for 855.50'],
    ['JPY', 'KWD', { buyMinor: 1n }, 'exchange_amount_invalid'],
    // What rounding gives away shows in the spread.
    ['JPY', 'KWD', { buyMinor: 5n }, 'JPY/KWD bid 0.00215217391304: 2 for 0.005, worth 0.10 for 0.12'],
    [
      'USD',
      'CNY',
      { sellMinor: 10000n, spreadBasisPoints: '0' },
      'USD/CNY bid 7: 100.00 for 700.00, worth 700.00 for 700.00',
    ],
    [
      'USD',
      'CNY',
      { sellMinor: 10000n, spreadBasisPoints: '12.5' },
      'USD/CNY bid 6.99125: 100.00 for 699.13, worth 700.00 for 699.13',
    ],
    ['USD', 'CNY', { sellMinor: 0n }, 'exchange_amount_invalid'],
    ['USD', 'CNY', { sellMinor: -1n }, 'exchange_amount_invalid'],
    ['USD', 'CNY', {}, 'exchange_amount_invalid'],
    ['USD', 'CNY', { sellMinor: 1n, buyMinor: 1n }, 'exchange_amount_invalid'],
    ['USD', 'USD', { sellMinor: 1n }, 'exchange_amount_invalid'],
    ['USD', 'CNY', { sellMinor: 1n, spreadBasisPoints: '10000' }, 'exchange_amount_invalid'],
    ['USD', 'CNY', { sellMinor: 2n ** 63n - 1n }, 'exchange_amount_invalid'],
    ['CNY', 'USD', { sellMinor: 1n, spreadBasisPoints: '9999' }, 'exchange_amount_invalid'],
    ['USD', 'EUR', { sellMinor: 1n }, 'exchange_currency_not_traded'],
  ];
  for (const [sellCurrency, buyCurrency, more, expected] of cases) {
    const shown = await quote({ sellCurrency, buyCurrency, ...more }).then(
      (one) =>
        `${one.base}/${one.quote} ${one.side} ${one.rate}: ${formatAmount(one.sellMinor, sellCurrency)} for ` +
        `${formatAmount(one.buyMinor, buyCurrency)}, worth ${formatAmount(one.sellValueMinor, 'CNY')} for ${formatAmount(one.buyValueMinor, 'CNY')}`,
      (error: { code: string }) => error.code,
    );
    assert.equal(
      shown,
      expected,
      `${sellCurrency} ${buyCurrency} ${JSON.stringify(more, (_, value) => String(value))}`,
    );
  }
});

test('a deal goes through the positions, with spread and realised result in the books', async () => {
  const { code, bookId, accounts, deal, rates, account, yuan } = await deskBook();
  const bought = await deal('USD', 'CNY', '100.00');
  assert.deepEqual([bought.status, yuan(bought.spreadMinor), bought.sellRealisedMinor], ['accepted', '7.00', 0n]);
  await rates('2026-03-01', '7.20', '150', '23');
  const more = await deal('USD', 'CNY', '100.00');
  assert.equal(yuan(more.spreadMinor), '7.20');
  // 200 dollars cost 1,420; half of them at 7.20 realises 10.
  const sold = await deal('CNY', 'USD', '727.20');
  assert.deepEqual([yuan(sold.spreadMinor), yuan(sold.buyRealisedMinor)], ['7.20', '10.00']);
  const report = await exchange.positions(code);
  const [usd] = report.lines.filter(({ currency }) => currency === 'USD');
  assert.deepEqual(usd, {
    currency: 'USD',
    quantityMinor: 10000n,
    costMinor: 71000n,
    averageCost: '7.1',
    rate: '7.2',
    rateDate: '2026-03-01',
    valueMinor: 72000n,
    unrealisedMinor: 1000n,
    unrealisedPostedMinor: 0n,
    realisedMinor: 1000n,
  });
  assert.deepEqual([yuan(report.spreadMinor), yuan(report.resultMinor)], ['21.40', '41.40']);
  const desk = deskAccounts(code, 'CNY');
  const balances = async (...ids: string[]) =>
    Promise.all(
      ids
        .map(async (id) => (await account(id)).counters)
        .map(async (each) => (await each).creditsPosted - (await each).debitsPosted),
    );
  assert.deepEqual(
    await balances(desk.position('USD'), desk.cost('USD'), desk.position('CNY'), desk.spreadResult, desk.tradingResult),
    [10000n, -71000n, 0n, 2140n, 1000n],
  );
  assert.deepEqual(await balances(accounts.USD ?? ''), [100000000n - 10000n]);
  const dealt = (await readEvents(db, bookId, 0n, 1000)).filter(({ type }) => type === 'exchange.dealt');
  assert.equal(dealt.length, 3);
});

test('two foreign currencies: both positions move, the functional currency stays', async () => {
  const { code, deal, yuan } = await deskBook();
  const dealt = await deal('USD', 'JPY', '100.00');
  // 100.00 dollars are worth 700.00; 13,860 yen are worth 693.00.
  assert.equal(yuan(dealt.spreadMinor), '7.00');
  const { lines } = await exchange.positions(code);
  assert.deepEqual(
    lines.map(({ currency, quantityMinor, costMinor }) => [currency, quantityMinor, costMinor]),
    [
      ['JPY', -13860n, -69300n],
      ['KWD', 0n, 0n],
      ['USD', 10000n, 70000n],
    ],
  );
});

test('a quote stands until it expires, and is taken once; a deal id keeps its outcome', async () => {
  const { code, quote, take } = await deskBook();
  const offer = () => quote({ sellCurrency: 'USD', buyCurrency: 'CNY', sellMinor: 100n });
  const one = await offer();
  const id = newId();
  const dealt = await take(one.id, 'USD', 'CNY', id);
  clock.advance({ hours: 1 });
  assert.deepEqual(await take(one.id, 'USD', 'CNY', id), { ...dealt, repeated: true });
  await assert.rejects(take(one.id, 'USD', 'JPY', id), { code: 'exchange_deal_differs' });
  await assert.rejects(take(one.id, 'USD', 'CNY'), { code: 'exchange_quote_taken' });
  await assert.rejects(take(newId(), 'USD', 'CNY'), { code: 'exchange_quote_not_found' });
  await assert.rejects(take(one.id, 'USD', 'CNY', 'x'), { code: 'exchange_deal_id_invalid' });
  const late = await offer();
  clock.advance({ seconds: 60 });
  await assert.rejects(take(late.id, 'USD', 'CNY'), { code: 'exchange_quote_expired' });
  const soon = await offer();
  clock.advance({ seconds: 59 });
  assert.equal((await take(soon.id, 'USD', 'CNY')).status, 'accepted');
  assert.deepEqual(await exchange.findDeal(code, id), (({ repeated: _, ...rest }) => rest)(dealt));
  await assert.rejects(exchange.findDeal(code, newId()), { code: 'exchange_deal_not_found' });
});

test('what the ledger refuses changes no position, stays refused, and leaves the quote', async () => {
  const { code, quote, take, accounts, ids } = await deskBook({}, '0');
  const one = await quote({ sellCurrency: 'USD', buyCurrency: 'CNY', sellMinor: 100n });
  const id = newId();
  const refused = await take(one.id, 'USD', 'CNY', id);
  assert.deepEqual([refused.status, refused.code, refused.spreadMinor], ['refused', 'exceeds_available', 0n]);
  await ledger.post(code, [transfer(ids[5] ?? '', accounts.USD ?? '', 100n, { currency: 'USD' })]);
  assert.deepEqual(await take(one.id, 'USD', 'CNY', id), { ...refused, repeated: true });
  assert.ok((await exchange.positions(code)).lines.every(({ quantityMinor }) => quantityMinor === 0n));
  assert.equal((await take(one.id, 'USD', 'CNY')).status, 'accepted');
  const wrong = await quote({ sellCurrency: 'CNY', buyCurrency: 'USD', sellMinor: 100n });
  assert.equal((await take(wrong.id, 'JPY', 'USD')).code, 'currency_mismatch');
});

test('deals at once from two processes: each on the position the one before left', { timeout: 60_000 }, async () => {
  const { code, quote, take, rates } = await deskBook();
  await rates('2026-01-01', '7.1234', '151.3', '23.456');
  const other = openExchange({ db, ledger: await another(), clock });
  const pairs: [Code, Code][] = [
    ['USD', 'CNY'],
    ['CNY', 'USD'],
    ['JPY', 'USD'],
    ['USD', 'KWD'],
  ];
  const quotes = await Promise.all(
    Array.from({ length: 12 }, (_, at) => {
      const [sellCurrency, buyCurrency] = pairs[at % 4] ?? ['USD', 'CNY'];
      return quote({ sellCurrency, buyCurrency, sellMinor: BigInt(5000 + 77 * at) });
    }),
  );
  const taken = await Promise.allSettled(
    quotes.flatMap(({ id, sellCurrency, buyCurrency }) =>
      [exchange, other].map((on) => take(id, sellCurrency, buyCurrency, newId(), on)),
    ),
  );
  assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 12);
  for (const each of taken) if (each.status === 'rejected') assert.equal(each.reason.code, 'exchange_quote_taken');
  const flow = quotes.reduce(
    (sum, { sellCurrency: sell, sellMinor, buyCurrency: buy, buyMinor }) =>
      sum + (sell === 'CNY' ? sellMinor : 0n) - (buy === 'CNY' ? buyMinor : 0n),
    0n,
  );
  const report = await exchange.positions(code);
  assert.equal(report.resultMinor, flow + report.valueMinor);
  assert.deepEqual((await verify(db)).findings, []);
});

test('a desk: what it refuses, and what stays', async () => {
  const { code, desk } = await deskBook();
  const configure = (more: Partial<Desk>) => db.transaction((tx) => exchange.configure(tx, code, { ...desk, ...more }));
  assert.deepEqual((await configure({ currencies: ['EUR'] })).currencies, ['CNY', 'EUR', 'JPY', 'KWD', 'USD']);
  await assert.rejects(configure({ functionalCurrency: 'USD' }), { code: 'exchange_functional_currency_fixed' });
  for (const wrong of [
    { currencies: ['DEM'] },
    { spreadBasisPoints: '-1' },
    { spreadBasisPoints: '10000' },
    { quoteSeconds: 0 },
    { maximumRateAgeDays: 1.5 },
    { rateSource: '' },
  ]) {
    await assert.rejects(configure(wrong), { code: 'exchange_configuration_invalid' }, JSON.stringify(wrong));
  }
  const bare = await book();
  await assert.rejects(exchange.positions(bare.code), { code: 'exchange_not_configured' });
});

test('over HTTP: desk, rates, quote, deal, positions, revaluation', async (t) => {
  const server = await testServer({ after: t.after.bind(t) }, [
    (app, deps) => {
      const own = openLedger({ db: deps.db, clock: deps.clock, timeZone });
      return exchangeRoutes(openExchange({ db: deps.db, ledger: own, clock: deps.clock }))(app, deps);
    },
  ]);
  await server.db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, server.clock));
  const own = openLedger({ db: server.db, clock: server.clock, timeZone });
  const [yen, yuan] = [newId(), newId()];
  await server.db.transaction((tx) =>
    own.openAccounts(tx, 'main', [
      { id: yen, currency: 'JPY', code: '2011', side: 'credit' },
      { id: yuan, currency: 'CNY', code: '2011', side: 'credit' },
    ]),
  );
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}/api/v1/exchange${path}`, {
      method,
      headers: { ...server.authorized, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  assert.deepEqual((await call('GET', '/desk')).body.code, 'exchange_not_configured');
  const desk = await call('PUT', '/desk', { rate_source: 'house', currencies: ['JPY'], spread_basis_points: '50' });
  assert.deepEqual([desk.status, desk.body.functional_currency, desk.body.currencies], [200, 'CNY', ['CNY', 'JPY']]);
  const rate = { source: 'house', base: 'JPY', quote: 'CNY', date: '2025-01-02', mid: '0.0466' };
  for (const [added, unchanged] of [
    [1, 0],
    [0, 1],
  ]) {
    assert.deepEqual(await call('POST', '/rates', { rates: [rate] }), { status: 201, body: { added, unchanged } });
  }
  assert.equal((await call('POST', '/rates', { rates: [{ ...rate, mid: '0.05' }] })).body.code, 'rate_differs');
  assert.equal(((await call('GET', '/rates?base=JPY')).body.items as object[]).length, 1);
  const asked = { sell_currency: 'JPY', buy_currency: 'CNY', sell_amount: '10000' };
  const quote = await call('POST', '/quotes', asked);
  assert.deepEqual([quote.status, quote.body.rate, quote.body.buy_amount], [201, '0.046367', '463.67']);
  assert.equal((await call('POST', '/quotes', { ...asked, sell_amount: '1.5' })).body.code, 'exchange_amount_invalid');
  const deal = { id: newId(), quote_id: quote.body.id, sell_account_id: yen, buy_account_id: yuan };
  const dealt = await call('POST', '/deals', deal);
  assert.deepEqual([dealt.status, dealt.body.status, dealt.body.spread], [200, 'accepted', '2.33']);
  assert.equal((await call('POST', '/deals', deal)).body.repeated, true);
  assert.equal((await call('GET', `/deals/${deal.id}`)).body.spread, '2.33');
  assert.equal((await call('GET', `/quotes/${quote.body.id}`)).body.side, 'bid');
  const again = await call('POST', '/quotes', asked);
  const wrong = { id: newId(), quote_id: again.body.id, sell_account_id: yuan, buy_account_id: yen };
  assert.deepEqual(
    [(await call('POST', '/deals', wrong)).status, (await call('POST', '/deals', { ...wrong, id: newId() })).body.code],
    [422, 'currency_mismatch'],
  );
  const revalued = await call('POST', '/revaluations', { date: '2025-01-02' });
  assert.deepEqual([revalued.status, (revalued.body.changes as object[]).length], [200, 1]);
  const positions = await call('GET', '/positions');
  assert.deepEqual(positions.body.totals, {
    cost: '466.00',
    value: '466.00',
    unrealised: '0.00',
    unrealised_posted: '0.00',
    realised: '0.00',
    spread: '2.33',
    result: '2.33',
  });
  assert.equal((await fetch(`${server.url}/api/openapi.json`)).status, 200);
  await own.close();
});
