/** Reports as an Excel workbook: one sheet per currency. */

import writeXlsxFile, { type Cell, type Sheet } from 'write-excel-file/node';
import { currencyExponent } from '#kernel/money';
import { type Language, leading, type Tabular } from './tabular.ts';

/** Excel keeps 15 significant digits; an amount with more goes in as text, so that no digit is lost. */
const EXACT_DIGITS = 15;

/** The bytes of an .xlsx file. */
export async function xlsxBytes(tables: readonly Tabular[], language: Language): Promise<Buffer> {
  const sheets = tables.length === 0 ? [emptySheet(language)] : tables.map((table) => sheetOf(table, language));
  return writeXlsxFile(sheets).toBuffer();
}

function emptySheet(language: Language): Sheet<Buffer> {
  const text = language === 'zh' ? '无数据' : 'Nothing';
  return { data: [[text]], sheet: text } as Sheet<Buffer>;
}

function sheetOf(table: Tabular, language: Language): Sheet<Buffer> {
  const heading = (value: string): Cell => ({ value, type: String, fontWeight: 'bold' });
  return {
    sheet: sheetName(`${table.title} ${table.currency}`),
    columns: [{ width: 16 }, { width: 44 }, ...table.columns.map(() => ({ width: 22 }))],
    data: [
      [heading(`${table.title} (${table.currency})`)],
      [...leading[language], ...table.columns].map(heading),
      ...table.rows.map(({ key, name, level, bold, amounts }) => {
        const weight = bold ? { fontWeight: 'bold' as const } : {};
        return [
          { value: key, type: String, ...weight },
          { value: '　'.repeat(Math.max(0, level - 1)) + name, type: String, ...weight },
          ...amounts.map((amount) => amountCell(amount, table.currency, bold)),
        ];
      }),
    ],
  } as Sheet<Buffer>;
}

/** A number that is the decimal text to the last digit, or that text. */
export function amountCell(amount: string | null, currency: string, bold: boolean): Cell {
  if (amount === null) return null;
  const weight = bold ? { fontWeight: 'bold' as const } : {};
  if (amount.replace(/\D/g, '').replace(/^0+/, '').length > EXACT_DIGITS) {
    return { value: amount, type: String, format: '@', align: 'right', ...weight };
  }
  const decimals = currencyExponent(currency);
  const format = decimals === 0 ? '#,##0' : `#,##0.${'0'.repeat(decimals)}`;
  const text: string = amount;
  return { value: Number(text), type: Number, format, ...weight };
}

/** Excel takes at most 31 characters, and none of []:*?/\ in the name of a sheet. */
function sheetName(text: string): string {
  return text.replace(/[[\]:*?/\\]/g, ' ').slice(0, 31);
}
