/** Reports written out: CSV to the letter of RFC 4180, Excel with exact numbers, texts that are no formulas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { formatAmount } from '#kernel/money';
import type { Grid } from './model.ts';
import { csvText } from './output/csv.ts';
import { type Tabular, tabular } from './output/tabular.ts';
import { amountCell, xlsxBytes } from './output/xlsx.ts';

const row = (key: string, nameZh: string, amounts: (bigint | null)[], bold = false) => ({
  key,
  nameZh,
  nameEn: `${key} in English`,
  level: 1,
  bold,
  amounts,
});
const grid: Grid = {
  kind: 'balance-sheet',
  nameZh: '资产负债表',
  nameEn: 'Balance sheet',
  units: [],
  columns: [
    { key: 'current', nameZh: '2026-03-31', nameEn: '2026-03-31', point: null },
    { key: 'compare', nameZh: '2025-12-31', nameEn: '2025-12-31', point: null },
  ],
  sections: [
    {
      currency: 'CNY',
      rows: [
        row('assets', '资产', [null, null], true),
        row('cash', '现金, "库存"', [123_456n, -5n]),
        row('loans', '=HYPERLINK("x")', [0n, 0n]),
        row('total', '合计\n行', [2n ** 63n - 1n, 99_999_999_999_999_9n], true),
      ],
      checks: [],
    },
    { currency: 'JPY', rows: [row('cash', '现金', [700n, 0n])], checks: [] },
  ],
  partsOf: () => [],
  translatedOf: () => [],
};
const whole = tabular(grid, { language: 'zh', nonzero: false });

test('CSV', () => {
  const text = csvText(whole, { language: 'zh', byteOrderMark: false });
  assert.equal(
    text,
    [
      '币种,编号,项目,2026-03-31,2025-12-31',
      'CNY,assets,资产,,',
      'CNY,cash,"现金, ""库存""",1234.56,-0.05',
      `CNY,loans,"'=HYPERLINK(""x"")",0.00,0.00`,
      'CNY,total,"合计\n行",92233720368547758.07,9999999999999.99',
      'JPY,cash,现金,700,0',
      '',
    ].join('\r\n'),
  );
  assert.equal(csvText(whole, { language: 'zh', byteOrderMark: true }), `\ufeff${text}`);
  assert.equal(csvText([], { language: 'en', byteOrderMark: false }), 'Currency,Key,Item\r\n');
});

test('any text survives CSV', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', '银', ' ') });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), (names) => {
      const table: Tabular = {
        title: '',
        currency: 'CNY',
        columns: ['x'],
        rows: names.map((one) => ({ key: 'k', name: one, level: 0, bold: false, amounts: ['1.00'] })),
      };
      const text = csvText([table], { language: 'en', byteOrderMark: false });
      const read: string[][] = parse(text, { from_line: 1, record_delimiter: '\r\n' });
      assert.deepEqual(
        read.slice(1).map((fields) => fields[2]),
        names.map((one) => (/^[=+\-@\t\r]/.test(one) ? `'${one}` : one)),
      );
    }),
  );
});

test('rows without any amount can be left out; headings and totals stay', () => {
  const [first] = tabular(grid, { language: 'en', nonzero: true });
  assert.deepEqual(
    first?.rows.map(({ key, name }) => [key, name]),
    [
      ['assets', 'assets in English'],
      ['cash', 'cash in English'],
      ['total', 'total in English'],
    ],
  );
});

test('an amount is an exact number in Excel, or text when it has more than 15 digits', () => {
  const cell = (minor: bigint, currency: string) => amountCell(formatAmount(minor, currency), currency, false);
  assert.deepEqual(cell(123_456n, 'CNY'), { value: 1234.56, type: Number, format: '#,##0.00' });
  assert.deepEqual(cell(-700n, 'JPY'), { value: -700, type: Number, format: '#,##0' });
  assert.deepEqual(cell(1n, 'KWD'), { value: 0.001, type: Number, format: '#,##0.000' });
  assert.deepEqual(cell(1_000_000_000_000_000n, 'CNY'), {
    value: '10000000000000.00',
    type: String,
    format: '@',
    align: 'right',
  });
  assert.equal(amountCell(null, 'CNY', true), null);
  // JavaScript writes the shortest text that reads back as the same number; with 15 digits that is the amount itself.
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 15n - 1n), 10n ** 15n - 1n), (minor) => {
      const text = formatAmount(minor, 'CNY');
      const written = amountCell(text, 'CNY', false) as { value: number };
      assert.equal(BigInt(written.value.toFixed(2).replace('.', '')), minor);
      assert.equal(written.value.toFixed(2), text.replace(/^-(0\.00)$/, '$1'));
    }),
  );
});

/** The files of a zip archive, read from its central directory. */
function unzip(bytes: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + size);
    const text = (method === 8 ? inflateRawSync(data) : data).toString('utf8');
    files.set(bytes.toString('utf8', at + 46, at + 46 + (name ?? 0)), text);
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return files;
}

test('an Excel workbook: a sheet per currency under its Chinese name, numbers as numbers, formulas as text', async () => {
  const files = unzip(await xlsxBytes(whole, 'zh'));
  const workbook = files.get('xl/workbook.xml') ?? '';
  assert.match(workbook, /name="资产负债表 CNY"/);
  assert.match(workbook, /name="资产负债表 JPY"/);
  const sheets = [...files].filter(([name]) => name.startsWith('xl/worksheets/sheet')).map(([, text]) => text);
  assert.equal(sheets.length, 2);
  const text = [...files.values()].join('');
  assert.match(text, /<v>1234\.56<\/v>/);
  assert.match(text, /<v>9999999999999\.99<\/v>/);
  assert.doesNotMatch(text, /<v>9223372036854775/);
  assert.match(text, /92233720368547758\.07/);
  assert.doesNotMatch(text, /<f>/);
  assert.match(text, /=HYPERLINK\(/);
  assert.ok(unzip(await xlsxBytes([], 'en')).has('xl/workbook.xml'));
});
