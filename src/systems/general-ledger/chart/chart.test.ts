/** Charts of accounts: the one that comes with the product, the checks on own ones, and loading into a book. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { groupBalances, listGroups } from '#engines/ledger';
import { testLedger, transfer } from '#test/ledger';
import { type ChartInput, chartColumns, checkChart, isProfitAndLoss, parseChart, sideOf, treeOrder } from './model.ts';
import { chartOf, chartState } from './queries.ts';
import { accountsOutsideChart, installChart, readChartFile, standardChart } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const deps = { db, clock, ledger };
const hand = { actor: 'Li Wei' };
const asbe = await standardChart('asbe');

test('the statutory chart is sound and has what a bank needs', () => {
  assert.deepEqual(checkChart(asbe), []);
  const entries = treeOrder(asbe);
  const own = entries.filter(({ code }) => /^\d{6}$/.test(code));
  // Of our own, below its statutory account: what the house posts by itself between the books of an entity.
  assert.deepEqual(
    own.map(({ code, parentCode }) => `${code} below ${parentCode}`),
    ['300190 below 3001'],
  );
  const codes = entries.filter(
    ({ code, marks }) => !marks.includes('heading') && !own.some((one) => one.code === code),
  );
  assert.equal(codes.length, 163);
  assert.ok(codes.every(({ level, code }) => level === 3 && /^\d{4}$/.test(code)));
  const told = ['1001', '1003', '1304', '2011', '3001', '4103', '4104', '6011', '6411', '6601', '6801'].map((code) => {
    const entry = entries.find((one) => one.code === code);
    return `${code} ${entry?.nameZh} ${entry?.element} ${entry?.side}`;
  });
  assert.deepEqual(told, [
    '1001 库存现金 asset debit',
    '1003 存放中央银行款项 asset debit',
    '1304 贷款损失准备 asset credit',
    '2011 吸收存款 liability credit',
    '3001 清算资金往来 common debit',
    '4103 本年利润 equity credit',
    '4104 利润分配 equity credit',
    '6011 利息收入 income credit',
    '6411 利息支出 expense debit',
    '6601 业务及管理费 expense debit',
    '6801 所得税费用 expense debit',
  ]);
  // The statutory classes by the first digit of a code.
  const classes: Record<string, readonly string[]> = {
    1: ['asset'],
    2: ['liability'],
    3: ['common'],
    4: ['equity'],
    5: ['asset'],
    6: ['income', 'expense'],
  };
  for (const { code, element } of codes) assert.ok(classes[code.slice(0, 1)]?.includes(element), code);
  assert.ok(codes.filter(isProfitAndLoss).every(({ code }) => code.startsWith('6')));
  assert.deepEqual(
    entries.filter(({ level }) => level === 1).map(({ element }) => element),
    ['asset', 'liability', 'common', 'equity', 'income', 'expense'],
  );
  assert.deepEqual([sideOf('asset'), sideOf('income'), sideOf('common')], ['debit', 'credit', null]);
});

const row = (code: string, parent = '', more: { element?: string; side?: string; marks?: string } = {}) =>
  `${code},名称,Name,${more.element ?? 'asset'},${more.side ?? 'debit'},${parent},${more.marks ?? ''}`;

test('what is wrong with a chart is named with its line', () => {
  const cases: readonly [name: string, rows: readonly string[], faults: readonly string[]][] = [
    ['sound', [row('1'), row('10', '1'), row('1001', '10')], []],
    ['orphan', [row('1'), row('1001', '10')], ['3 parent_not_found']],
    ['twice', [row('1'), row('1')], ['3 duplicate_code']],
    ['circle', [row('a', 'b'), row('b', 'c'), row('c', 'a')], ['2 cycle', '3 cycle', '4 cycle']],
    ['below a circle', [row('a', 'b'), row('b', 'a'), row('c', 'a')], ['2 cycle', '3 cycle']],
    ['itself', [row('a', 'a')], ['2 cycle']],
    ['wrong side', [row('1', '', { side: 'credit' })], ['2 side_against_element']],
    ['contra', [row('1', '', { side: 'credit', marks: 'contra' })], []],
    ['contra on its own side', [row('1', '', { marks: 'contra' })], ['2 side_against_element']],
    ['either side', [row('3', '', { element: 'common', side: 'credit' })], []],
    ['other element', [row('1'), row('2', '1', { element: 'expense' })], ['3 element_against_parent']],
    ['no such element', [row('1', '', { element: 'wealth' })], ['2 field_invalid']],
    ['no such side', [row('1', '', { side: 'left' })], ['2 field_invalid']],
    ['no such mark', [row('1', '', { marks: 'nice' })], ['2 field_invalid']],
    ['no code', [row('')], ['2 field_invalid']],
    ['long code', [row('1'.repeat(33))], ['2 field_invalid']],
    ['columns', ['1,a,b'], ['2 field_invalid']],
    ['not equity', [row('1', '', { marks: 'retained_earnings' })], ['2 field_invalid']],
    [
      'retained twice',
      ['4', '5'].map((code) => row(code, '', { element: 'equity', side: 'credit', marks: 'retained_earnings' })),
      ['3 mark_repeated'],
    ],
  ];
  for (const [name, rows, faults] of cases) {
    const parsed = parseChart([chartColumns.join(','), ...rows].join('\n'));
    const found = [...parsed.faults, ...checkChart(parsed.entries)];
    assert.deepEqual(
      found.map(({ line, kind }) => `${line} ${kind}`),
      faults,
      name,
    );
  }
  assert.equal(parseChart('code,name\n1,2').faults.length, 1);
  assert.equal(parseChart(`${chartColumns.join(',')}\n"open`).faults.length, 1);
  assert.deepEqual(parseChart(`\uFEFF${chartColumns.join(',')}\r\n${row('1')}\r\n`).faults, []);
});

test('a chart becomes groups that keep the sums, also of accounts that were there before', async () => {
  const one = await book({ code: '1001', side: 'debit' }, { code: '2011' }, { code: '9999' }, { code: '10' });
  const [cash, deposits, odd] = one.ids;
  await ledger.post(one.code, [transfer(cash, deposits, 100n), transfer(cash, odd ?? '', 5n)]);
  assert.deepEqual(await chartOf(db, one.bookId), []);

  const loaded = await installChart(deps, one.code, asbe, hand);
  assert.deepEqual(loaded, { codes: 208, added: 208, renamed: 0, joined: 2 });
  assert.deepEqual(await installChart(deps, one.code, asbe, hand), { codes: 208, added: 0, renamed: 0, joined: 0 });
  assert.equal((await listGroups(db, one.bookId, { dimension: 'chart' })).length, 208);
  await ledger.post(one.code, [transfer(cash, deposits, 11n)]);
  const sum = async (code: string) => {
    const [found] = await groupBalances(db, one.bookId, { dimension: 'chart', code });
    return found === undefined ? null : found.counters.debitsPosted - found.counters.creditsPosted;
  };
  assert.deepEqual(await Promise.all(['1001', '10', 'asset', '2011', 'liability'].map(sum)), [
    116n,
    116n,
    116n,
    -111n,
    -111n,
  ]);
  assert.deepEqual(await accountsOutsideChart(db, one.bookId), [
    { code: '10', currency: 'CNY', accounts: 1, why: 'heading' },
    { code: '9999', currency: 'CNY', accounts: 1, why: 'not_in_chart' },
  ]);
  assert.equal((await chartState(db, one.bookId))?.strict, false);
});

test('own codes are added below the statutory ones; what a code is never changes', async () => {
  const one = await book({ code: '201101' }, { code: '1001', side: 'credit' });
  await installChart(deps, one.code, asbe, { ...hand, strict: true });
  const sub: ChartInput = {
    code: '201101',
    nameZh: '活期存款',
    nameEn: 'Demand deposits',
    element: 'liability',
    side: 'credit',
    parentCode: '2011',
    marks: [],
  };
  assert.deepEqual(await installChart(deps, one.code, [sub], hand), { codes: 209, added: 1, renamed: 0, joined: 1 });
  assert.equal((await chartState(db, one.bookId))?.strict, true, 'strict as before');
  const renamed = await installChart(deps, one.code, [{ ...sub, nameEn: 'Current accounts', marks: ['bank'] }], hand);
  assert.deepEqual(renamed, { codes: 209, added: 0, renamed: 1, joined: 0 });
  const entry = (await chartOf(db, one.bookId)).find(({ code }) => code === '201101');
  assert.deepEqual([entry?.level, entry?.nameEn, entry?.marks], [4, 'Current accounts', ['bank']]);
  assert.deepEqual(await accountsOutsideChart(db, one.bookId), [
    { code: '1001', currency: 'CNY', accounts: 1, why: 'other_side' },
  ]);

  await assert.rejects(installChart(deps, one.code, [{ ...sub, parentCode: '2012' }], hand), { code: 'chart_differs' });
  await assert.rejects(installChart(deps, one.code, [{ ...sub, parentCode: 'none' }], hand), {
    code: 'chart_malformed',
  });
  await assert.rejects(installChart(deps, one.code, [sub], { actor: ' ' }), { code: 'actor_invalid' });
});

test('a chart from a file, and a permission put in front', async (t) => {
  const one = await book();
  const file = join(tmpdir(), `${one.code}-chart.csv`);
  t.after(() => rmSync(file, { force: true }));
  writeFileSync(file, `${chartColumns.join(',')}\n${row('1')}\n`);
  const entries = await readChartFile(file);
  const careful = {
    ...deps,
    authorise: async () => {
      throw new Error('not yours');
    },
  };
  await assert.rejects(installChart(careful, one.code, entries, hand), { message: 'not yours' });
  assert.equal(await chartState(db, one.bookId), null);
  assert.equal((await installChart(deps, one.code, entries, hand)).added, 1);
  writeFileSync(file, Buffer.from([0xff, 0xfe]));
  await assert.rejects(readChartFile(file), { code: 'chart_file_missing' });
  await assert.rejects(readChartFile(`${file}.none`), { code: 'chart_file_missing' });
});
