/** Layouts by tables: what is sound, what is not, and where amounts go. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { LongmenError } from '#kernel/errors';
import { standardChart, standardCharts } from '#systems/general-ledger';
import { projectText } from '#test/house/files';
import { readConsolidation, unitCell } from './consolidation.ts';
import { shippedLayouts } from './definitions.ts';
import { fill, sourcesOf } from './fill.ts';
import { checkAgainstChart, readLayout } from './layout.ts';
import { INTERNAL, type Unit } from './model.ts';
import { holds, readTerm } from './terms.ts';

const unit: Unit = { key: 'main', name: 'Main', books: [] };
const cell = (code: string, net: bigint) => unitCell(unit, 'CNY', code, net);

/** A small balance sheet; `change` makes it unsound. */
function small(change: Record<string, object | null> = {}, top: object = {}): unknown {
  const lines: Record<string, object> = {
    cash: { side: 'debit', codes: ['1001'] },
    clearing_debit: { side: 'debit', codes: [{ codes: '3001', when: 'debit' }] },
    assets: { plus: ['cash', 'clearing_debit'] },
    deposits: { side: 'credit', codes: ['2011-2012'] },
    clearing_credit: { side: 'credit', codes: [{ codes: '3001', when: 'credit' }] },
    own_shares: { side: 'debit', codes: ['4201'] },
    equity: { side: 'credit', rest: ['4', '6'] },
    funds: { plus: ['deposits', 'clearing_credit', 'equity'], minus: ['own_shares'] },
  };
  for (const [key, line] of Object.entries(change)) lines[key] = { ...lines[key], ...line };
  return {
    code: 'small',
    name_zh: '小表',
    name_en: 'Small',
    statement: 'balance_sheet',
    balance: { left: 'assets', right: 'funds' },
    lines: Object.entries(lines).map(([key, line]) => ({ key, name_zh: key, name_en: key, ...line })),
    ...top,
  };
}

function problemsOf(content: unknown): string[] {
  try {
    readLayout(content);
    return [];
  } catch (error) {
    assert.ok(error instanceof LongmenError && error.code === 'layout_invalid', String(error));
    const problems = error.meta.problems as { problem?: string; path?: string; line?: string | null }[];
    return problems.map(({ problem, path, line }) => `${problem ?? path}${line == null ? '' : ` ${line}`}`);
  }
}

test('terms', () => {
  const cases: [string, string, boolean | null][] = [
    ['1001', '1001', true],
    ['1001', '100102', true],
    ['1001', '1001.7', true],
    ['1001', '1002', false],
    ['1001', '100', false],
    ['1', '1901', true],
    ['1301-1303', '1301', true],
    ['1301-1303', '1303.05', true],
    ['1301-1303', '1304', false],
    ['60-63', '6301', true],
    ['60-63', '6401', false],
    ['1303-1301', '1302', null],
    ['130-1303', '1302', null],
    ['', '1', null],
    ['1001-', '1001', null],
    ['10 01', '1001', null],
  ];
  for (const [term, code, expected] of cases) {
    const read = readTerm(term);
    assert.equal(read === null ? null : holds(read, code), expected, `${term} ${code}`);
  }
});

test('a layout is sound, or is refused with what is wrong and where', () => {
  const cases: [string, unknown, string[]][] = [
    ['sound', small(), []],
    ['a line names no line', small({ assets: { plus: ['cash', 'gold'] } }), ['line_unknown assets']],
    ['balance names no line', small({}, { balance: { left: 'assets', right: 'none' } }), ['line_unknown']],
    ['a cycle', small({ cash: { plus: ['assets'] } }), ['cycle cash', 'cycle assets']],
    ['codes twice', small({ cash: { codes: ['1001', '10'] } }), ['codes_twice cash']],
    ['codes twice in two lines', small({ deposits: { codes: ['2011', '1001.01'] } }), ['codes_twice deposits']],
    [
      'sides that meet',
      small({ cash: { codes: ['1001', '3001'] } }),
      ['codes_twice clearing_debit', 'codes_twice clearing_credit'],
    ],
    ['no side', small({ cash: { side: undefined } }), ['side_missing cash']],
    ['left out of the sum', small({ assets: { plus: ['cash'] } }), ['not_balanced clearing_debit']],
    ['counted twice', small({ assets: { plus: ['cash', 'cash', 'clearing_debit'] } }), ['not_balanced cash']],
    ['wrong sign', small({ own_shares: { side: 'credit' } }), ['not_balanced own_shares']],
    ['no proof', small({}, { balance: undefined }), ['proof_missing']],
    ['a memo uses codes again', small({ of_which: { memo: true, side: 'debit', codes: ['1001'] } }), []],
    ['a bad term', small({ cash: { codes: ['2-1'] } }), ['lines.0.codes.0']],
    ['an unknown field', small({ cash: { colour: 'red' } }), ['lines.0']],
    ['no object', 17, ['']],
  ];
  for (const [name, content, expected] of cases) assert.deepEqual(problemsOf(content), expected, name);
});

test('a line used through very many others is worked out once', () => {
  const doubled = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [
      `l${index}`,
      { plus: index === 0 ? [] : [`l${index - 1}`, `l${index - 1}`] },
    ]),
  );
  assert.deepEqual(problemsOf(small(doubled)), []);
});

test('a chart: codes that are not there, and codes without a line on either side', () => {
  const compiled = readLayout(small());
  const chart = ['1001', '100101', '2011', '3001', '4001', '4201', '6011'];
  assert.deepEqual(checkAgainstChart(compiled, chart), []);
  assert.deepEqual(
    checkAgainstChart(readLayout(small({ cash: { codes: ['1001', '1999'] } })), [...chart, '3101']).map(
      ({ problem, about }) => `${problem} ${about}`,
    ),
    ['code_unknown 1999', 'code_unused 3101 on the debit side', 'code_unused 3101 on the credit side'],
  );
  const oneSided = readLayout(
    small({ clearing_credit: { codes: ['3002'] }, clearing_debit: { codes: [{ codes: '3001', when: 'debit' }] } }),
  );
  assert.deepEqual(
    checkAgainstChart(oneSided, [...chart, '3002']).map(({ about }) => about),
    ['3001 on the credit side'],
  );
});

test('amounts: each on its side, contra accounts taken off, either-sided codes where they stand', () => {
  const compiled = readLayout(small({ of_which: { memo: true, side: 'debit', codes: ['100101'] } }));
  const cases: [[string, bigint][], Record<string, bigint>][] = [
    [[], { cash: 0n, assets: 0n, funds: 0n }],
    [
      [
        ['1001', 100n],
        ['2011', -100n],
      ],
      { cash: 100n, assets: 100n, deposits: 100n, funds: 100n },
    ],
    [
      [
        ['100101', 70n],
        ['1001', 30n],
        ['3001', 5n],
        ['2012', -105n],
      ],
      { cash: 100n, of_which: 70n, clearing_debit: 5n, clearing_credit: 0n, assets: 105n, funds: 105n },
    ],
    [
      [
        ['1001', 5n],
        ['3001', -5n],
      ],
      { clearing_debit: 0n, clearing_credit: 5n, assets: 5n, funds: 5n },
    ],
    [
      [
        ['1001', -8n],
        ['4201', 10n],
        ['4001', -7n],
        ['6011', 5n],
      ],
      { cash: -8n, own_shares: 10n, equity: 2n, assets: -8n, funds: -8n },
    ],
  ];
  for (const [nets, expected] of cases) {
    const filled = fill(
      compiled,
      nets.map(([code, net]) => cell(code, net)),
    );
    assert.deepEqual(filled.unassigned, []);
    for (const [key, amount] of Object.entries(expected)) {
      const line = compiled.layout.lines.find((one) => one.key === key);
      assert.ok(line !== undefined);
      assert.equal(filled.amountOf(line), amount, `${key} of ${nets.join(' ')}`);
    }
  }
});

test('codes without a line are not swallowed', () => {
  const filled = fill(readLayout(small()), [cell('1001', 10n), cell('7001', -10n)]);
  assert.deepEqual(
    filled.unassigned.map(({ code, net }) => [code, net]),
    [['7001', -10n]],
  );
});

test('the examples of the guide are sound', () => {
  const examples = [...projectText('docs/reports.md').matchAll(/```json\n([^`]*)```/g)].map(([, text = '']) =>
    JSON.parse(text),
  );
  const [layout, consolidation] = examples;
  assert.equal(examples.length, 2);
  assert.equal(readLayout(layout).layout.code, 'short-sheet');
  assert.equal(readConsolidation(consolidation).code, 'group');
});

suite('the shipped layouts', () => {
  const [balanceSheet, incomeStatement] = shippedLayouts();
  assert.ok(balanceSheet !== undefined && incomeStatement !== undefined);

  test('every code of four digits in a line, on either side', () => {
    for (let number = 1001; number < 7000; number += 1) {
      for (const side of ['debit', 'credit'] as const) {
        assert.notEqual(balanceSheet.lineOf(`${number}`, side), null, `${number} ${side}`);
        assert.equal(incomeStatement.covers(`${number}`), number >= 6000);
        if (number >= 6000) assert.notEqual(incomeStatement.lineOf(`${number}`, side), null, `${number} ${side}`);
      }
    }
  });

  test('the statutory chart: every code that accounts can stand on exactly once, and no code that is not there', async () => {
    const [chart, ...others] = standardCharts;
    assert.ok(chart !== undefined && others.length === 0);
    const codes = (await standardChart(chart))
      .filter(({ marks }) => !marks.includes('heading'))
      .map(({ code }) => code);
    assert.ok(codes.length > 150);
    for (const layout of [balanceSheet, incomeStatement]) assert.deepEqual(checkAgainstChart(layout, codes), []);
  });

  test('whatever the books say, the sheet balances and the result is that of the statement', () => {
    const net = fc.record({ code: fc.integer({ min: 1001, max: 6999 }), net: fc.bigInt(-(10n ** 20n), 10n ** 20n) });
    fc.assert(
      fc.property(fc.array(net, { maxLength: 60 }), (nets) => {
        const cells = nets.map((one) => cell(`${one.code}`, one.net));
        const open = cells.reduce((sum, one) => sum + one.net, 0n);
        const whole = [...cells, cell(INTERNAL, -open)];
        const amounts = (compiled: typeof balanceSheet) => {
          const filled = fill(compiled, whole);
          assert.deepEqual(filled.unassigned, []);
          return (key: string) => {
            const line = compiled.layout.lines.find((one) => one.key === key);
            assert.ok(line !== undefined);
            return { amount: filled.amountOf(line), cells: filled.cellsOf(line) };
          };
        };
        const [sheet, statement] = [amounts(balanceSheet), amounts(incomeStatement)];
        assert.equal(sheet('total_assets').amount, sheet('total_liabilities_and_equity').amount);
        assert.equal(sheet('unclosed_profit').amount, statement('net_profit').amount);
        // What a number opens to has the factors that give the number.
        for (const { key } of balanceSheet.layout.lines) {
          const line = sheet(key);
          const opened = line.cells.reduce((sum, one) => sum + one.factor * one.cell.net, 0n);
          assert.equal(opened, line.amount ?? 0n);
          for (const { codes } of sourcesOf(line.cells)) assert.ok([...codes.values()].every((times) => times !== 0n));
        }
      }),
      { numRuns: 50 },
    );
  });
});
