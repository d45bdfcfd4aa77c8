/** Consolidation and translation by tables, and what always holds of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decimal } from '#kernel/decimal';
import { LongmenError } from '#kernel/errors';
import {
  type EliminationRule,
  type EliminationSide,
  eliminate,
  readConsolidation,
  takes,
  unitCell,
} from './consolidation.ts';
import { type Cell, ELIMINATION, TRANSLATION, type Unit } from './model.ts';
import { ratesNeeded, translate, translateMinor } from './translate.ts';

const units: Record<string, Unit> = {
  bank: { key: 'bank', name: 'Bank', books: [] },
  leasing: { key: 'leasing', name: 'Leasing', books: [] },
};
function cell(unit: string, code: string, net: bigint, currency = 'CNY'): Cell {
  const found = units[unit];
  assert.ok(found !== undefined);
  return unitCell(found, currency, code, net);
}
const rule = (one: string, other: string, key = 'loan'): EliminationRule => {
  const side = (text: string): EliminationSide => {
    const [entity = '', codes = ''] = text.split(' ');
    return { entity, codes: codes.split('+') };
  };
  return { key, name_zh: key, name_en: key, one: side(one), other: side(other) };
};
const selecting = (cells: readonly Cell[]) => (side: EliminationSide) =>
  cells.filter(({ unit, code }) => unit === side.entity && takes(side, code));
const sum = (cells: readonly Cell[]) => cells.reduce((total, { net }) => total + net, 0n);

test('eliminations, by cases', () => {
  const cases: [string, Cell[], EliminationRule[], string[]][] = [
    [
      'both sides agree',
      [cell('bank', '1302', 90n), cell('leasing', '2003', -90n)],
      [rule('bank 1302', 'leasing 2003')],
      ['1302 -90', '2003 90'],
    ],
    [
      'they differ',
      [cell('bank', '1302', 100n), cell('leasing', '2003', -90n)],
      [rule('bank 1302', 'leasing 2003')],
      ['1302 -100', '2003 90', `${ELIMINATION} 10`],
    ],
    [
      'one side has nothing',
      [cell('bank', '1302', 100n)],
      [rule('bank 1302', 'leasing 2003')],
      ['1302 -100', `${ELIMINATION} 100`],
    ],
    [
      'both on one side',
      [cell('bank', '1302', 5n), cell('leasing', '2003', 7n)],
      [rule('bank 1302', 'leasing 2003')],
      ['1302 -5', '2003 -7', `${ELIMINATION} 12`],
    ],
    [
      'several codes',
      [cell('bank', '1511', 60n), cell('leasing', '4001', -50n), cell('leasing', '4101', -10n)],
      [rule('bank 1511', 'leasing 4001+41')],
      ['1511 -60', '4001 50', '4101 10'],
    ],
    [
      'each currency for itself',
      [cell('bank', '1302', 5n), cell('leasing', '2003', -5n, 'USD')],
      [rule('bank 1302', 'leasing 2003')],
      ['1302 -5', `${ELIMINATION} 5`, '2003 5', `${ELIMINATION} -5`],
    ],
    ['other entities are left alone', [cell('leasing', '1302', 5n)], [rule('bank 1302', 'leasing 2003')], []],
  ];
  for (const [name, cells, rules, expected] of cases) {
    const result = eliminate(rules, selecting(cells));
    assert.deepEqual(
      result.cells.map(({ code, net }) => `${code} ${net}`),
      expected,
      name,
    );
    assert.equal(sum(result.cells), 0n, name);
  }
});

test('eliminating keeps the books in balance, takes all away, and does not care which side comes first', () => {
  const nets = fc.array(
    fc.record({
      unit: fc.constantFrom('bank', 'leasing'),
      code: fc.constantFrom('1302', '1511', '2003', '4001', '6011', '6411'),
      currency: fc.constantFrom('CNY', 'JPY'),
      net: fc.bigInt(-1000n, 1000n),
    }),
    { maxLength: 24 },
  );
  const rules = [rule('bank 1302', 'leasing 2003', 'loan'), rule('bank 6011', 'leasing 6411', 'interest')];
  fc.assert(
    fc.property(nets, (drafts) => {
      const cells = drafts.map(({ unit, code, net, currency }) => cell(unit, code, net, currency));
      const { cells: gone, eliminations } = eliminate(rules, selecting(cells));
      assert.equal(sum(gone), 0n);
      const exchanged = rules.map((one) => ({ ...one, one: one.other, other: one.one }));
      const shown = (of: readonly Cell[]) =>
        of.map(({ currency, code, net, side }) => `${currency} ${code} ${net} ${side}`).sort();
      assert.deepEqual(shown(eliminate(exchanged, selecting(cells)).cells), shown(gone));
      for (const { one, other, difference } of eliminations) assert.equal(one + other, difference);
      for (const [entity, code] of [
        ['bank', '1302'],
        ['leasing', '2003'],
        ['bank', '6011'],
        ['leasing', '6411'],
      ]) {
        const left =
          sum(cells.filter((c) => c.unit === entity && c.code === code)) + sum(gone.filter((c) => c.code === code));
        assert.equal(left, 0n);
      }
    }),
  );
});

test('a consolidation is sound, or is refused', () => {
  const entities = [
    { key: 'bank', name: 'Bank', books: ['main'] },
    { key: 'leasing', name: 'Leasing', legal_entity: 'leasing' },
  ];
  const content = (more: object) => ({ code: 'group', name_zh: '集团', name_en: 'Group', entities, ...more });
  const ids = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
  const part = (index: number, key: string): EliminationRule => {
    const plain = rule('bank 1302', 'leasing 2003', key);
    const accounts = [ids[index] ?? ''];
    return { ...plain, one: { ...plain.one, accounts }, other: { ...plain.other, accounts } };
  };
  const cases: [object, RegExp | null][] = [
    [{}, null],
    [{ eliminations: [rule('bank 1302', 'leasing 2003')] }, null],
    [{ eliminations: [part(0, 'a'), part(1, 'b')] }, null],
    [{ eliminations: [part(0, 'a'), part(0, 'b')] }, /same accounts/],
    [{ eliminations: [rule('bank 1302', 'leasing 2003'), rule('bank 1302', 'leasing 2003')] }, /there twice/],
    [{ eliminations: [rule('bank 1302', 'leasing 2003'), rule('bank 13', 'leasing 2012', 'b')] }, /same accounts/],
    [{ eliminations: [rule('bank 1302', 'bank 1302')] }, /same accounts/],
    [{ eliminations: [rule('bank 1302', 'trust 2003')] }, /trust, which is no entity/],
    [{ entities: [...entities, entities[0]] }, /entity is there twice/],
    [{ entities: [{ key: 'bank', name: 'Bank' }] }, /either/],
    [{ entities: [{ key: 'eliminations', name: 'Bank', books: ['main'] }] }, /may be called/],
    [{ entities: [] }, /entities/],
    [{ colour: 'red' }, /top/],
  ];
  for (const [more, refused] of cases) {
    if (refused === null) readConsolidation(content(more));
    else {
      assert.throws(
        () => readConsolidation(content(more)),
        (error) =>
          error instanceof LongmenError && error.code === 'consolidation_invalid' && refused.test(error.message),
        `${refused}`,
      );
    }
  }
});

test('amounts at a rate, half to even, between exponents', () => {
  const cases: [bigint, string, string, string, bigint][] = [
    [100n, 'USD', 'CNY', '7.1', 710n],
    [5n, 'USD', 'CNY', '0.1', 0n],
    [15n, 'USD', 'CNY', '0.1', 2n],
    [25n, 'USD', 'CNY', '0.1', 2n],
    [-15n, 'USD', 'CNY', '0.1', -2n],
    [1000n, 'JPY', 'CNY', '0.0481', 4810n],
    [1234n, 'CNY', 'JPY', '20.79', 257n],
    [1000n, 'KWD', 'CNY', '23.1', 2310n],
    [10n ** 24n, 'USD', 'CNY', '7.1', 71n * 10n ** 23n],
  ];
  for (const [minor, from, to, rate, expected] of cases) {
    assert.equal(translateMinor(minor, from, to, decimal(rate)), expected, `${minor} ${from} ${to} ${rate}`);
  }
});

test('what no longer adds up after translating stands on a line of its own, per unit', () => {
  const cells = [
    cell('bank', '1001', 100n, 'USD'),
    cell('bank', '4001', -60n, 'USD'),
    cell('bank', '6011', -40n, 'USD'),
    cell('bank', '1001', 3n),
    cell('bank', '2011', -3n),
    cell('leasing', '1001', 10n, 'USD'),
    cell('leasing', '2011', -10n, 'USD'),
  ];
  const kindOf = (code: string) => (code.startsWith('4') ? 'historical' : code.startsWith('6') ? 'average' : 'closing');
  assert.deepEqual(
    ratesNeeded(cells, 'CNY', kindOf).map(({ from, kind }) => `${from} ${kind}`),
    ['USD closing', 'USD historical', 'USD average'],
  );
  const rates = { closing: decimal('7.2'), historical: decimal('6.5'), average: decimal('7') };
  const translated = translate(cells, 'CNY', kindOf, (_from, kind) => rates[kind], true);
  assert.deepEqual(
    translated.map(({ unit, code, net }) => `${unit} ${code} ${net}`),
    [
      'bank 1001 720',
      'bank 4001 -390',
      'bank 6011 -280',
      'bank 1001 3',
      'bank 2011 -3',
      'leasing 1001 72',
      'leasing 2011 -72',
      `bank ${TRANSLATION} -50`,
    ],
  );
  assert.equal(sum(translated), 0n);
  assert.throws(() => translate(cells, 'CNY', kindOf, () => undefined, true), { code: 'report_rate_missing' });
});
