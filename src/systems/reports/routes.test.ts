/** Reports over HTTP and by group, with adjustments after close and comparisons of two instants. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ledgerRoutes, openLedger } from '#engines/ledger';
import { createBook } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { meanRate, openExchange } from '#systems/exchange';
import { testServer } from '#test/http';
import { openReports, reportRoutes } from './index.ts';

const server = await testServer({ after }, [
  (app, deps) => ledgerRoutes(openLedger({ db: deps.db, clock: deps.clock, timeZone: 'Asia/Shanghai' }))(app, deps),
  (app, deps) => reportRoutes(openReports({ db: deps.db }))(app, deps),
]);
const { db, clock } = server;
const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
after(() => ledger.close());

const id = (name: string) => deterministicId('reports.routes', name);
const chart: Record<string, [code: string, side: 'debit' | 'credit']> = {
  cash: ['1001', 'debit'],
  ann: ['2011', 'credit'],
  bob: ['2011', 'credit'],
  interest: ['6411', 'debit'],
  fees: ['6021', 'credit'],
  profit: ['4103', 'credit'],
};
let transfers = 0;

/** Posts `debit credit amount date [type]`; all must be accepted. */
async function post(...lines: string[]): Promise<void> {
  const inputs = lines.map((line) => {
    const [debit = '', credit = '', amount = '', effectiveDate = '', type] = line.split(' ');
    transfers += 1;
    const ids = { id: id(`transfer ${transfers}`), debitAccountId: id(debit), creditAccountId: id(credit) };
    return { ...ids, amount, currency: 'CNY', effectiveDate, type };
  });
  const outcomes = await ledger.post('main', inputs);
  assert.ok(
    outcomes.every(({ code }) => code === 'accepted'),
    JSON.stringify(outcomes.map(({ code }) => code)),
  );
  clock.advance({ seconds: 1 });
}

interface Report {
  columns: { key: string }[];
  sections: {
    currency: string;
    rows: { key: string; cells: ({ column: string; amount: string; codes: string[] } | null)[] }[];
    checks: { holds: boolean }[];
  }[];
}

async function get(path: string): Promise<Response> {
  return fetch(`${server.url}/api/v1/reports/${path}`, { headers: server.authorized });
}
async function report(path: string): Promise<Report> {
  const response = await get(path);
  const body = (await response.json()) as Report;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}
async function refused(path: string): Promise<string> {
  const response = await get(path);
  const body = (await response.json()) as { code: string };
  return `${response.status} ${body.code}`;
}
function amounts({ sections }: Report, key: string): (string | undefined)[] {
  return sections[0]?.rows.find((row) => row.key === key)?.cells.map((cell) => cell?.amount) ?? [];
}

before(async () => {
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main', legalEntity: 'bank' }, clock));
  const accounts = Object.entries(chart).map(([name, [code, side]]) => ({
    id: id(name),
    currency: 'CNY',
    code,
    side,
    name,
  }));
  await db.transaction((tx) => ledger.openAccounts(tx, 'main', accounts));
  await post('cash ann 100.00 2024-11-30', 'cash bob 50.00 2024-12-15', 'bob fees 3.00 2024-12-20');
  await post('interest ann 1.00 2024-12-31', 'fees profit 3.00 2024-12-31 year_end_close');
  await post('profit interest 1.00 2024-12-31 year_end_close');
});

suite('over HTTP', () => {
  test('a balance sheet at two dates, and each number says which codes it is made of', async () => {
    const body = await report('balance-sheet?date=2024-12-31&compare=2024-11-30');
    assert.deepEqual(
      body.columns.map(({ key }) => key),
      ['current', 'compare', 'difference'],
    );
    assert.deepEqual(amounts(body, 'deposits'), ['148.00', '100.00', '48.00']);
    assert.deepEqual(amounts(body, 'closed_profit'), ['2.00', '0.00', '2.00']);
    assert.deepEqual(amounts(body, 'unclosed_profit'), ['0.00', '0.00', '0.00']);
    assert.deepEqual(amounts(body, 'total_assets'), ['150.00', '100.00', '50.00']);
    assert.ok(body.sections[0]?.checks.every(({ holds }) => holds));
    const deposits = body.sections[0]?.rows.find(({ key }) => key === 'deposits');
    assert.deepEqual(deposits?.cells[0]?.codes, ['2011']);
  });

  test('an income statement leaves out what carries the result into equity', async () => {
    const body = await report('income-statement?date=2024-12-31');
    assert.deepEqual(amounts(body, 'net_profit'), ['2.00']);
    assert.deepEqual(amounts(body, 'fee_income'), ['3.00']);
    assert.deepEqual(amounts(await report('income-statement?date=2024-12-31&from=2024-12-25'), 'net_profit'), [
      '-1.00',
    ]);
  });

  test('movements and trial balance', async () => {
    const body = await report('movements?date=2024-12-31');
    assert.deepEqual(amounts(body, '2011'), ['0.00', '100.00', '3.00', '51.00', '0.00', '148.00']);
    assert.deepEqual(amounts(body, 'total'), ['100.00', '100.00', '58.00', '58.00', '150.00', '150.00']);
    assert.deepEqual(amounts(await report('movements?date=2024-12-31&by=account&code=2011'), id('bob')), [
      '0.00',
      '0.00',
      '3.00',
      '50.00',
      '0.00',
      '47.00',
    ]);
    const trial = await report('trial-balance?entity=bank&date=2024-12-31&compare=2024-11-30');
    assert.deepEqual(amounts(trial, '1001'), ['150.00', '0.00', '100.00', '0.00']);
  });

  test('a number opens to its accounts, and these to their postings, page by page', async () => {
    const place = 'date=2024-12-31&section=CNY&row=deposits&column=current';
    const first = (await (await get(`balance-sheet/accounts?${place}&limit=1`)).json()) as {
      amount: string;
      items: { account_id: string; amount: string }[];
      next_cursor: string;
    };
    const second = (await (
      await get(`balance-sheet/accounts?${place}&limit=1&cursor=${first.next_cursor}`)
    ).json()) as typeof first;
    const both = [...first.items, ...second.items];
    assert.equal(first.amount, '148.00');
    assert.deepEqual(both.map(({ amount }) => amount).sort(), ['101.00', '47.00']);
    assert.deepEqual(both.map((one) => one.account_id).sort(), [id('ann'), id('bob')].sort());
    const postings = await get(`balance-sheet/postings?${place}&in_book=main&account_id=${id('bob')}`);
    const { items, currency } = (await postings.json()) as { currency: string; items: { amount: string }[] };
    assert.deepEqual([currency, ...items.map(({ amount }) => amount)], ['CNY', '50.00', '-3.00']);
  });

  test('what was reported then beside what would be reported now, and the postings that make the difference', async () => {
    const then = clock.now().toString();
    clock.advance({ seconds: 1 });
    await post('cash bob 7.00 2024-12-16');
    const asked = `date=2024-12-31&compare_recorded_at=${then}`;
    const body = await report(`balance-sheet?${asked}`);
    assert.deepEqual(amounts(body, 'deposits'), ['155.00', '148.00', '7.00']);
    const place = `${asked}&section=CNY&row=deposits&column=difference`;
    const accounts = (await (await get(`balance-sheet/accounts?${place}`)).json()) as {
      items: { account_id: string }[];
    };
    assert.deepEqual(
      accounts.items.map(({ account_id }) => account_id),
      [id('bob')],
    );
    const postings = await get(`balance-sheet/postings?${place}&in_book=main&account_id=${id('bob')}`);
    const { items } = (await postings.json()) as { items: { amount: string; effective_date: string }[] };
    assert.deepEqual(
      items.map(({ amount, effective_date }) => [amount, effective_date]),
      [['7.00', '2024-12-16']],
    );
  });

  test('CSV and Excel', async () => {
    const csv = await get('balance-sheet?date=2024-12-31&format=csv&bom=true&language=en');
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv; charset=utf-8/);
    const bytes = Buffer.from(await csv.arrayBuffer());
    assert.equal(bytes.subarray(0, 3).toString('hex'), 'efbbbf');
    assert.match(bytes.toString(), /\r\nCNY,deposits,Deposits,155\.00\r\n/);
    const xlsx = await get('balance-sheet?date=2024-12-31&format=xlsx');
    assert.equal(
      Buffer.from(await xlsx.arrayBuffer())
        .subarray(0, 2)
        .toString(),
      'PK',
    );
    assert.match(xlsx.headers.get('content-disposition') ?? '', /balance-sheet-2024-12-31\.xlsx/);
  });

  test('a translated report; rates that are missing or wrong', async () => {
    const body = await report('balance-sheet?date=2024-12-31&currency=JPY&rate=CNY=20.5,CNY:historical=20');
    // 20.5 × 155.00 of deposits; equity at 20, the result of the year is closed into 4103.
    assert.deepEqual(amounts(body, 'deposits'), ['3178']);
    assert.deepEqual(amounts(body, 'closed_profit'), ['40']);
    assert.ok(body.sections[0]?.checks.every(({ holds }) => holds));
    assert.equal(await refused('balance-sheet?date=2024-12-31&currency=JPY'), '422 report_rate_missing');
    assert.equal(await refused('balance-sheet?date=2024-12-31&currency=JPY&rate=7'), '422 report_invalid');
    assert.equal(await refused('balance-sheet?date=2024-12-31&currency=JPY&rate=CNY=-1'), '422 report_invalid');
  });

  test('rates come from a source of the exchange room, as known at an instant', async () => {
    const exchange = openExchange({ db, ledger, clock });
    const add = (...lines: string[]) =>
      db.transaction((tx) =>
        exchange.addRates(
          tx,
          lines.map((line) => {
            const [date = '', base = '', quote = '', mid = ''] = line.split(' ');
            return { source: 'fixing', date, base, quote, mid, quotedAt: null, bid: null, ask: null };
          }),
        ),
      );
    // 20.5 yen for a yuan on the last day before the end of the year, across the dollar.
    await add('2024-12-30 USD CNY 7.2', '2024-12-30 USD JPY 147.6');
    const asked = 'currency=JPY&rate_source=fixing&rate=CNY:historical=20';
    const balance = `balance-sheet?date=2024-12-31&${asked}`;
    assert.deepEqual(amounts(await report(balance), 'deposits'), ['3178']);
    const recordedAt = clock.now().toString();
    clock.advance({ seconds: 1 });
    // The pair itself goes before; half of a pair across the dollar is no rate of its day.
    await add('2024-02-01 CNY JPY 18', '2024-02-02 USD CNY 9', '2024-12-30 CNY JPY 20', '2025-01-01 CNY JPY 99');
    assert.deepEqual(amounts(await report(balance), 'deposits'), ['3100']);
    assert.deepEqual(amounts(await report(`${balance}&recorded_at=${recordedAt}`), 'deposits'), ['3178']);
    // Fees of 3.00 at the mean of 18 and 20.
    assert.deepEqual(amounts(await report(`income-statement?date=2024-12-31&${asked}`), 'fee_income'), ['57']);
    // What is given goes before.
    assert.deepEqual(amounts(await report(`${balance},CNY=10`), 'deposits'), ['1550']);
    const pair = { source: 'fixing', from: 'CNY', to: 'JPY' };
    assert.equal((await meanRate(db, pair, '2024-01-01', '2024-12-31')).toString(), '19');
    assert.equal((await meanRate(db, { ...pair, recordedAt }, '2024-01-01', '2024-12-31')).toString(), '20.5');
    assert.equal(
      (await meanRate(db, { ...pair, from: 'JPY', to: 'CNY' }, '2024-12-01', '2024-12-31')).toString(),
      '0.05',
    );
    await assert.rejects(meanRate(db, pair, '2024-03-01', '2024-12-01'), { code: 'rate_not_found' });
    assert.equal(await refused(`balance-sheet?date=2024-12-31&currency=USD&rate_source=house`), '409 rate_not_found');
    assert.equal(await refused(`balance-sheet?date=2025-03-31&${asked}`), '409 rate_too_old');
    assert.equal(await refused(`balance-sheet?date=2024-12-31&currency=JPY&rate_source=A`), '400 request_invalid');
  });

  test('layouts and consolidations are kept by version', async () => {
    const add = async (kind: string, content: object) => {
      const response = await fetch(`${server.url}/api/v1/reports/definitions`, {
        method: 'POST',
        headers: { ...server.authorized, 'content-type': 'application/json' },
        body: JSON.stringify({ kind, content }),
      });
      const body = (await response.json()) as { version?: number; code: string };
      return `${response.status} ${body.code} ${body.version ?? ''}`.trim();
    };
    const layout = {
      code: 'fees',
      name_zh: '手续费',
      name_en: 'Fees',
      statement: 'income_statement',
      covers: ['6021'],
      result: 'fees',
      lines: [{ key: 'fees', name_zh: '手续费', name_en: 'Fees', side: 'credit', codes: ['6021'] }],
    };
    assert.equal(await add('layout', layout), '201 fees 1');
    assert.equal(await add('layout', layout), '201 fees 1');
    assert.equal(await add('layout', { ...layout, name_en: 'All fees' }), '201 fees 2');
    assert.equal(await add('layout', { ...layout, result: 'none' }), '422 layout_invalid');
    assert.equal(await add('layout', { ...layout, code: 'income-statement' }), '409 report_definition_exists');
    assert.deepEqual(amounts(await report('income-statement?date=2024-12-31&layout=fees'), 'fees'), ['3.00']);
    const group = {
      code: 'group',
      name_zh: '集团',
      name_en: 'Group',
      entities: [{ key: 'bank', name: 'Bank', legal_entity: 'bank' }],
    };
    assert.equal(await add('consolidation', group), '201 group 1');
    const body = await report('balance-sheet?date=2024-12-31&consolidation=group');
    assert.deepEqual(
      body.columns.map(({ key }) => key),
      ['bank', 'sum', 'eliminations', 'current'],
    );
    const listed = (await (await get('definitions')).json()) as { items: { code: string; version: number }[] };
    assert.deepEqual(
      listed.items.map(({ code, version }) => `${code} ${version}`),
      ['group 1', 'fees 2', 'fees 1'],
    );
  });

  test('a branch: its balance to the rest of the bank makes its sheet balance, and opens like anything else', async () => {
    await db.transaction((tx) =>
      ledger.createGroups(tx, 'main', [
        { dimension: 'branch', code: '01' },
        { dimension: 'branch', code: '0101', parentCode: '01' },
      ]),
    );
    await ledger.joinGroup('main', { dimension: 'branch', code: '0101' }, [id('ann'), id('fees')]);
    for (const group of ['branch:01', 'branch:0101']) {
      const asked = `date=2024-12-30&compare=2024-11-30&group=${group}`;
      const body = await report(`balance-sheet?${asked}`);
      assert.deepEqual(amounts(body, 'deposits'), ['100.00', '100.00', '0.00']);
      assert.deepEqual(amounts(body, 'unclosed_profit'), ['3.00', '0.00', '3.00']);
      assert.deepEqual(amounts(body, 'internal_assets'), ['103.00', '100.00', '3.00']);
      assert.ok(body.sections[0]?.checks.every(({ holds }) => holds));
      const place = `${asked}&section=CNY&row=internal_assets&column=difference`;
      const { items } = (await (await get(`balance-sheet/accounts?${place}`)).json()) as {
        items: { account_id: string; amount: string }[];
      };
      assert.deepEqual(
        items.map(({ account_id, amount }) => [account_id, amount]),
        [[id('fees'), '3.00']],
      );
      const outside = `date=2024-12-30&group=${group}&section=CNY&row=deposits&column=current&in_book=main`;
      assert.equal(
        await refused(`balance-sheet/postings?${outside}&account_id=${id('bob')}`),
        '404 report_line_not_found',
      );
    }
    assert.deepEqual(amounts(await report('trial-balance?date=2024-12-30&group=branch:01'), '2011'), [
      '0.00',
      '100.00',
    ]);
    const byAccount = await report('movements?date=2024-12-30&from=2024-12-01&group=branch:01&by=account');
    assert.deepEqual(
      byAccount.sections[0]?.rows.map(({ key }) => key),
      [id('ann'), id('fees'), 'total'],
    );
    assert.deepEqual(amounts(await report('income-statement?date=2024-12-30&group=branch:01'), 'net_profit'), ['3.00']);
  });

  test('adjustments after close stand in a column of their own, and open to themselves', async () => {
    await db.transaction((tx) => ledger.setClosing(tx, 'main', { closedThrough: '2024-12-31', sealedThrough: null }));
    const adjustment = {
      id: id('adjustment'),
      debitAccountId: id('interest'),
      creditAccountId: id('ann'),
      amount: '0.25',
      currency: 'CNY',
      effectiveDate: '2024-12-31',
    };
    const outcomes = [
      ...(await ledger.post('main', [{ ...adjustment, id: id('late') }])),
      ...(await ledger.post('main', [{ ...adjustment, adjustment: true }])),
    ];
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      ['period_closed', 'accepted'],
    );
    clock.advance({ seconds: 1 });
    const statement = await report('income-statement?date=2024-12-31');
    assert.deepEqual(
      statement.columns.map(({ key }) => key),
      ['current', 'adjustments'],
    );
    assert.deepEqual(amounts(statement, 'interest_expense'), ['1.25', '0.25']);
    assert.deepEqual(amounts(await report('balance-sheet?date=2024-12-31'), 'unclosed_profit'), ['-0.25', '-0.25']);
    const place = 'date=2024-12-31&section=CNY&row=net_profit&column=adjustments';
    const postings = await get(`income-statement/postings?${place}&in_book=main&account_id=${id('interest')}`);
    const { items } = (await postings.json()) as { items: { amount: string; adjustment: boolean }[] };
    assert.deepEqual(
      items.map(({ amount, adjustment: marked }) => [amount, marked]),
      [['-0.25', true]],
    );
  });

  test('what makes no sense is refused', async () => {
    const cases: Record<string, string> = {
      'balance-sheet': '400 request_invalid',
      'balance-sheet?date=2024-02-30': '400 request_invalid',
      'profit?date=2024-12-31': '400 request_invalid',
      'balance-sheet?date=2024-12-31&colour=red': '400 request_invalid',
      'balance-sheet?date=2024-12-31&book=nowhere': '404 book_not_found',
      'balance-sheet?date=2024-12-31&entity=nobody': '404 report_entity_unknown',
      'balance-sheet?date=2024-12-31&entity=bank&book=main': '422 report_invalid',
      'balance-sheet?date=2024-12-31&consolidation=none': '404 consolidation_not_found',
      'balance-sheet?date=2024-12-31&layout=none': '404 layout_not_found',
      'balance-sheet?date=2024-12-31&layout=income-statement': '422 report_invalid',
      'balance-sheet?date=2024-12-31&from=2024-01-01': '422 report_invalid',
      'balance-sheet?date=2024-12-31&group=branch:9999': '422 report_invalid',
      'balance-sheet?date=2024-12-31&group=branch': '400 request_invalid',
      'balance-sheet?date=2024-12-31&by=account': '422 report_invalid',
      'income-statement?date=2024-12-31&from=2025-01-01': '422 report_invalid',
      'movements?date=2024-12-31&compare=2024-11-30': '422 report_invalid',
      'movements?date=2024-12-31&currency=USD': '422 report_invalid',
      'balance-sheet/accounts?date=2024-12-31&section=CNY&row=none&column=current': '404 report_line_not_found',
      'balance-sheet/accounts?date=2024-12-31&section=CNY&row=assets&column=current': '404 report_line_not_found',
      'balance-sheet/accounts?date=2024-12-31&section=USD&row=deposits&column=current': '404 report_line_not_found',
      'balance-sheet/accounts?date=2024-12-31&section=CNY&row=deposits&column=current&cursor=x': '400 cursor_invalid',
    };
    for (const [path, expected] of Object.entries(cases)) assert.equal(await refused(path), expected, path);
    const elsewhere = `date=2024-12-31&section=CNY&row=deposits&column=current&in_book=main&account_id=${id('nobody')}`;
    assert.equal(await refused(`balance-sheet/postings?${elsewhere}`), '404 report_line_not_found');
  });
});
