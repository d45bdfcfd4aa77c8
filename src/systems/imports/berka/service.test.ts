import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, describe, it, type TestContext } from 'node:test';
import { openLedger, statement, trialBalance, verify } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { LongmenError } from '#kernel/errors';
import { headPosition, listBooks } from '#kernel/events';
import { type TestDatabase, testDatabase } from '#test/database';
import type { ImportDeps, OnProgress } from '../model.ts';
import { exampleFiles, writeExample } from './example.ts';
import { ledgerAccountId } from './plan.ts';
import { importBerka } from './service.ts';

type Files = ReturnType<typeof exampleFiles>;
type Deps = ImportDeps & { readonly db: TestDatabase };

async function open(t: TestContext | { after: typeof after }): Promise<Deps> {
  const clock = manualClock('2026-03-02T01:00:00Z');
  const db = await testDatabase(t);
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  t.after(() => ledger.close());
  return { db, ledger, clock };
}

async function importFiles(deps: Deps, files: Files, onProgress: OnProgress = () => undefined) {
  const folder = await writeExample(files);
  try {
    return await importBerka(deps, folder, { onProgress });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All rows of the room and the end of the book's journal and log: equal before and after means nothing was written. */
async function everything({ db }: Deps): Promise<unknown> {
  const tables = await db.query<{ name: string }>(
    `select schemaname || '.' || relname as name from pg_stat_user_tables
     where schemaname in ('imports', 'ledger') or (schemaname = 'kernel' and relname like 'event%') order by 1`,
  );
  assert.ok(tables.rows.length > 15);
  const rows: unknown[] = [];
  for (const { name } of tables.rows) {
    const { rows: found } = await db.admin.query(`select t::text as row from ${name} t order by 1`);
    rows.push([name, found]);
  }
  return rows;
}

async function refusal(work: Promise<unknown>): Promise<LongmenError> {
  const error = await work.then(
    () => assert.fail('nothing was refused'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof LongmenError, String(error));
  return error;
}

const expected = {
  transactions: 13,
  accounts: 2,
  account_days: 10,
  exact: 9,
  rounding: 1,
  unexplained: 0,
  closing_total: '1139.60',
};

describe('a bank that was imported', async () => {
  const deps = await open({ after });
  const { db } = deps;
  assert.deepEqual(await importFiles(deps, exampleFiles()), expected);
  const bookId = await deps.ledger.bookId('berka');

  it('changes nothing when imported again, and gives the same result', async () => {
    const before = await everything(deps);
    assert.deepEqual(await importFiles(deps, exampleFiles()), expected);
    assert.deepEqual(await everything(deps), before);
  });

  it('changes nothing when its rows come in another order', async () => {
    const files = exampleFiles();
    const [header = '', ...rows] = files['trans.asc'].trimEnd().split('\r\n');
    files['trans.asc'] = [header, ...rows.reverse(), ''].join('\r\n');
    const { rows: transfers } = await db.query('select count(*) as n from ledger.transfer');
    assert.deepEqual(await importFiles(deps, files), expected);
    assert.deepEqual((await db.query('select count(*) as n from ledger.transfer')).rows, transfers);
  });

  it('has every transaction on its contra account', async () => {
    const lines = await trialBalance(db, bookId, '1994-12-31');
    const balances = lines.map(({ code, counters }) => [code, Number(counters.debitsPosted - counters.creditsPosted)]);
    assert.deepEqual(Object.fromEntries(balances), {
      '1001': 140_000,
      '2011': -113_960,
      '3001': -23_770,
      '6011': -1_230,
      '6021': -1_460,
      '6411': 430,
      '6711': -10,
    });
    assert.deepEqual((await verify(db)).findings, []);
  });

  it('has an account statement that reads like the bank’s, in an order that fits', async () => {
    const { entries, closing } = await statement(db, bookId, ledgerAccountId('berka', 101), {
      from: '1993-01-01',
      to: '1993-12-31',
      limit: 100,
    });
    assert.deepEqual(
      entries.map(({ transfer, debit, credit, balanceAfter }) => [
        transfer.effectiveDate,
        transfer.type,
        Number((credit ?? 0n) - (debit ?? 0n)),
        Number(balanceAfter),
        transfer.description,
        transfer.reference,
      ]),
      [
        ['1993-01-01', 'cash_deposit', 100_000, 100_000, null, null],
        ['1993-01-10', 'cash_withdrawal', -30_000, 70_000, null, null],
        ['1993-01-10', 'incoming_transfer', 20_000, 90_000, 'pension', 'CD/5550003'],
        ['1993-01-10', 'outgoing_transfer', -25_000, 65_000, 'household', 'AB/5550001'],
        ['1993-01-31', 'interest', 430, 65_430, null, null],
        [
          '1993-01-31',
          'rounding_difference',
          -10,
          65_420,
          'Stated minus computed balance after transaction 1005',
          null,
        ],
        ['1993-01-31', 'fee', -1_460, 63_960, null, null],
      ],
    );
    assert.equal(closing, 63_960n);
  });

  it('keeps what is not money in rows of its own', async () => {
    const { rows: clients } = await db.query(
      `select client_id, birth_date, sex, district_id from imports.berka_client where book_id = $1 order by client_id`,
      [bookId],
    );
    assert.deepEqual(clients, [
      { client_id: 11, birth_date: '1960-02-29', sex: 'male', district_id: 1 },
      { client_id: 12, birth_date: '1965-03-14', sex: 'female', district_id: 2 },
      { client_id: 13, birth_date: '1970-12-31', sex: 'male', district_id: 2 },
    ]);
    const { rows: zero } = await db.query(
      `select amount_minor, transfer_id, purpose from imports.berka_transaction where book_id = $1 and transaction_id = 1013`,
      [bookId],
    );
    assert.deepEqual(zero, [{ amount_minor: 0n, transfer_id: null, purpose: 'household' }]);
    const { rows: runs } = await db.query(`select kind, counts from imports.import_run where book_id = $1`, [bookId]);
    assert.equal(runs.length, 2);
    assert.deepEqual(runs[0], {
      kind: 'berka',
      counts: {
        districts: 2,
        clients: 3,
        accounts: 3,
        rights: 4,
        standing_orders: 2,
        cards: 1,
        loans: 1,
        transactions: 13,
        zero_transactions: 1,
      },
    });
  });

  it('refuses the same rows with other content, whole', async () => {
    const changes: [file: keyof Files, from: string, to: string, table: string, key: string][] = [
      ['trans.asc', '87.70;600.00', '87.60;600.10', 'berka_transaction', '1011'],
      ['client.asc', '"701231"', '"701230"', 'berka_client', '13'],
      ['district.asc', '7.10', '7.11', 'berka_district', '2'],
    ];
    for (const [file, from, to, table, key] of changes) {
      const files = exampleFiles();
      files[file] = files[file].replace(from, to);
      const before = await everything(deps);
      const error = await refusal(importFiles(deps, files));
      assert.deepEqual([error.code, error.meta.table, error.meta.key], ['import_differs', table, key]);
      assert.deepEqual(await everything(deps), before);
    }
  });

  it('takes later transactions in a longer file', async () => {
    const files = exampleFiles();
    files['trans.asc'] += '1014;103;940101;"PRIJEM";"VKLAD";60.40;60.40;"";;\r\n';
    assert.deepEqual(await importFiles(deps, files), {
      ...expected,
      transactions: 14,
      accounts: 3,
      account_days: 11,
      exact: 10,
      closing_total: '1200.00',
    });
  });

  it('is refused whole when the ledger refuses one transaction', async () => {
    const files = exampleFiles();
    files['trans.asc'] += '1015;103;940102;"PRIJEM";"VKLAD";1.00;61.40;"";;\r\n';
    files['trans.asc'] += '1014;103;940101;"PRIJEM";"VKLAD";60.40;60.40;"";;\r\n';
    await db.transaction((tx) => deps.ledger.setState(tx, 'berka', ledgerAccountId('berka', 103), 'frozen'));
    const before = await everything(deps);
    const error = await refusal(importFiles(deps, files));
    assert.equal(error.code, 'import_refused');
    assert.deepEqual(error.meta, { file: 'trans.asc', line: 15, code: 'credit_account_frozen' });
    assert.deepEqual(await everything(deps), before);
  });

  it('no longer agrees once something else was posted on a day of the bank', async () => {
    const cash = (
      await statement(db, bookId, ledgerAccountId('berka', 101), { from: '1993-01-01', to: '1993-01-01', limit: 1 })
    ).entries[0]?.counterAccountId;
    const posted = await deps.ledger.post('berka', [
      {
        id: '00000000-0000-4000-8000-000000000001',
        debitAccountId: cash,
        creditAccountId: ledgerAccountId('berka', 101),
        amount: '1.00',
        currency: 'CZK',
        effectiveDate: '1993-01-05',
      },
    ]);
    assert.equal(posted[0]?.code, 'accepted');
    const result = await importFiles(deps, exampleFiles());
    // The two days of account 101 from 5 January on.
    assert.deepEqual([result.exact, result.rounding, result.unexplained], [8, 0, 2]);
    assert.equal(result.closing_total, '1140.60');
  });
});

describe('a bank that cannot be imported', () => {
  it('leaves nothing behind, not even the book, when a row is damaged', async (t) => {
    const deps = await open(t);
    const files = exampleFiles();
    files['trans.asc'] = files['trans.asc'].replace('500.00;"SIPO";;', '5OO.00;"SIPO";;');
    const error = await refusal(importFiles(deps, files));
    assert.equal(error.code, 'import_row_invalid');
    assert.deepEqual([error.meta.file, error.meta.line], ['trans.asc', 14]);
    assert.deepEqual(await listBooks(deps.db), []);
  });

  it('leaves nothing behind when it stops half-way, and is complete when repeated', async (t) => {
    const deps = await open(t);
    const stop = new Error('the process dies here');
    const stopped = importFiles(deps, exampleFiles(), ({ step, done, total }) => {
      if (step === 'post' && done === total) throw stop;
    });
    await assert.rejects(stopped, stop);
    const { rows } = await deps.db.query('select from imports.berka_client union all select from ledger.account');
    assert.equal(rows.length, 0);
    assert.equal(await headPosition(deps.db, await deps.ledger.bookId('berka')), 0n);
    assert.deepEqual(await importFiles(deps, exampleFiles()), expected);
  });

  it('is imported once by two processes at the same time', async (t) => {
    const deps = await open(t);
    const db = await deps.db.reopen();
    const ledger = openLedger({ db, clock: deps.clock, timeZone: 'Asia/Shanghai' });
    t.after(() => ledger.close());
    const both = [deps, { ...deps, ledger, db: { ...deps.db, ...db } }];
    const results = await Promise.all(both.map((each) => importFiles(each, exampleFiles())));
    assert.deepEqual(results, [expected, expected]);
    const { rows } = await deps.db.query<{ n: bigint }>('select count(*) as n from ledger.transfer');
    // Thirteen transactions, one of them of amount zero, and one rounding difference.
    assert.equal(rows[0]?.n, 13n);
    assert.deepEqual((await verify(deps.db)).findings, []);
  });

  it('shows an unexplained balance on the day it appears, and posts it to suspense', async (t) => {
    const deps = await open(t);
    const files = exampleFiles();
    files['trans.asc'] = files['trans.asc'].replace('1000.00;687.70', '1010.00;687.70');
    const result = await importFiles(deps, files);
    assert.deepEqual(result, { ...expected, exact: 8, unexplained: 1 });
    const lines = await trialBalance(deps.db, await deps.ledger.bookId('berka'), '1994-12-31');
    const suspense = lines.find(({ code }) => code === '1901');
    assert.equal(suspense?.counters.creditsPosted, 1_000n);
  });
});
