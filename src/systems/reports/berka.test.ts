/** A real bank: its balance sheet at each month end balances, and agrees with its journal as others read it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { exportBook, openLedger } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { parseAmountMinor } from '#kernel/money';
import { importBerka } from '#systems/imports';
import { testDatabase } from '#test/database';
import { amountAt, openReports } from './service.ts';

const shared = join(resolve(process.env.LONGMEN_SHARED ?? '../shared'), 'data', 'berka');
const skip = existsSync(shared) ? false : `no real data: ${shared} (see LONGMEN_SHARED) does not exist`;

/** The ends of the months that have transactions. */
const monthEnds = [
  ...['01-31', '02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30', '10-31', '11-30', '12-31'].map(
    (day) => `1993-${day}`,
  ),
  '1994-01-31',
  '1994-02-28',
  '1994-03-31',
];

function minor(text: string): bigint {
  const parsed = parseAmountMinor(text, 'CZK');
  assert.ok(parsed.ok, text);
  return parsed.amountMinor;
}

/** Debits less credits per code as of a date, from nothing but the exported text. */
function netsIn(text: string, date: string): Map<string, bigint> {
  const nets = new Map<string, bigint>();
  let counts = false;
  for (const line of text.split('\n')) {
    const [, day] = /^(\d{4}-\d\d-\d\d) /.exec(line) ?? [];
    if (day !== undefined) counts = day <= date;
    const [, code, amount] = /^ {4}\w+:(\d+):\S+ {2}(-?[\d.]+) CZK$/.exec(line) ?? [];
    if (!counts || code === undefined || amount === undefined) continue;
    nets.set(code, (nets.get(code) ?? 0n) + minor(amount));
  }
  return nets;
}

test('the Berka bank', { skip }, async (t) => {
  const clock = manualClock('2026-03-02T01:00:00Z');
  const db = await testDatabase(t);
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  t.after(() => ledger.close());
  const reports = openReports({ db });
  await importBerka({ db, ledger, clock }, shared);
  let journal = '';
  const write = (piece: string) => {
    journal += piece;
  };
  await exportBook(db, 'berka', { format: 'hledger', write });

  await t.test('the balance sheet at each month end balances and is what the exported journal says', async () => {
    let opening = 0n;
    for (const date of monthEnds) {
      const sheet = await reports.report({ kind: 'balance-sheet', books: ['berka'], date });
      const [section, ...others] = sheet.sections;
      assert.deepEqual([section?.currency, others.length], ['CZK', 0]);
      for (const { left, right } of section?.checks ?? []) assert.equal(left, right, date);
      const line = (row: string) => amountAt(sheet, { currency: 'CZK', row, column: 'current' });
      const nets = netsIn(journal, date);
      const net = (code: string) => nets.get(code) ?? 0n;
      const clearing = net('3001');
      assert.equal(line('deposits'), -net('2011'), date);
      assert.equal(line('cash_and_central_bank'), net('1001'), date);
      assert.equal(line('clearing_assets') - line('clearing_liabilities'), clearing, date);
      assert.equal(line('unclosed_profit'), -(net('6011') + net('6021') + net('6411') + net('6711')), date);
      assert.equal(
        section?.rows.some(({ key }) => key === 'unassigned'),
        false,
      );

      const from = `${date.slice(0, 7)}-01`;
      const month = await reports.report({ kind: 'income-statement', books: ['berka'], date, from });
      const profit =
        month.sections.length === 0 ? 0n : amountAt(month, { currency: 'CZK', row: 'net_profit', column: 'current' });
      assert.equal(line('unclosed_profit') - opening, profit, date);
      opening = line('unclosed_profit');
    }
  });

  await t.test('hledger agrees on every code and account at each month end', { skip: missingHledger() }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'longmen-reports-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'berka.journal');
    writeFileSync(file, journal);
    const words = [
      '-f',
      file,
      'balance',
      '--monthly',
      '--historical',
      '--flat',
      '--empty',
      '--no-total',
      '--end',
      '1994-04-01',
    ];
    const { stdout, stderr, status } = spawnSync('hledger', [...words, '--layout=bare', '-O', 'csv'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    assert.equal(status, 0, stderr);
    const [header, ...lines] = stdout
      .trim()
      .split('\n')
      .map((text) => text.replaceAll('"', '').split(','));
    const theirs = lines.map(([account = '', , ...amounts]) => {
      const [, code = '', id = ''] = account.split(':');
      return { code, id, amounts: amounts.map((amount) => minor(amount)) };
    });
    // Some versions of hledger head a column with the month, others with its last day.
    assert.deepEqual(
      header?.slice(2).map((text) => text.slice(0, 7)),
      monthEnds.map((text) => text.slice(0, 7)),
    );
    for (const [index, date] of monthEnds.entries()) {
      const trial = await reports.report({ kind: 'trial-balance', books: ['berka'], date });
      const sums = new Map<string, bigint>();
      for (const { code, amounts } of theirs) sums.set(code, (sums.get(code) ?? 0n) + (amounts[index] ?? 0n));
      const ours = new Map<string, bigint>();
      for (const { key, amounts } of trial.sections[0]?.rows ?? []) {
        if (key !== 'total') ours.set(key, (amounts[0] ?? 0n) - (amounts[1] ?? 0n));
      }
      for (const [code, sum] of sums) assert.equal(ours.get(code) ?? 0n, sum, `${date} ${code}`);
      assert.ok([...ours.keys()].every((code) => sums.has(code)));
    }
    const date = monthEnds.at(-1) ?? '';
    const place = { currency: 'CZK', row: 'deposits', column: 'current' };
    const request = { kind: 'balance-sheet', books: ['berka'], date } as const;
    const opened = new Map<string, bigint>();
    let cursor = null;
    do {
      const page = await reports.accounts(request, place, { after: cursor, limit: 500 });
      for (const { accountId, amount } of page.accounts) opened.set(accountId, amount);
      cursor = page.next;
    } while (cursor !== null);
    const deposits = theirs.filter(({ code }) => code === '2011');
    assert.ok(opened.size > 1_000);
    for (const { id, amounts } of deposits) assert.equal(opened.get(id) ?? 0n, -(amounts.at(-1) ?? 0n), id);
  });
});

function missingHledger(): string | false {
  return spawnSync('hledger', ['--version']).error === undefined
    ? false
    : 'hledger is not on PATH (Debian: apt-get install hledger)';
}
