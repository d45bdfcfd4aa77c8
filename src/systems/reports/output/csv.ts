/** Reports as CSV (RFC 4180). */
import { type Language, leading, type Tabular } from './tabular.ts';

/** Excel takes a file without it for one in the local code page, and shows Chinese as noise. */
export const BYTE_ORDER_MARK = '\ufeff';

/** All currencies in one file: lines end in CRLF, fields are quoted where they must be. */
export function csvText(tables: readonly Tabular[], options: { language: Language; byteOrderMark: boolean }): string {
  const [key, name] = leading[options.language];
  const currency = options.language === 'zh' ? '币种' : 'Currency';
  const header = [currency, key, name, ...(tables[0]?.columns ?? [])];
  const lines = tables.flatMap((table) =>
    table.rows.map((row) => [
      table.currency,
      harmless(row.key),
      harmless(row.name),
      ...row.amounts.map((amount) => amount ?? ''),
    ]),
  );
  const text = [header, ...lines].map((fields) => `${fields.map(quoted).join(',')}\r\n`).join('');
  return options.byteOrderMark ? BYTE_ORDER_MARK + text : text;
}

/** The name of an account is somebody's text; a spreadsheet would run one that begins like a formula. */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
