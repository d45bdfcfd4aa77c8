/** Reads one file of the Berka bank: `;` between fields, optional quotes, CRLF or LF, a header line, no field over two lines. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { importError, rowInvalid, type SourceFile } from '../model.ts';
import { DamagedField } from './fields.ts';

type Columns = Readonly<Record<string, (text: string) => unknown>>;

/** The parsed fields of one row by their column names. */
export type Values<C extends Columns> = { readonly [Name in keyof C]: ReturnType<C[Name]> };

export interface Table<C extends Columns> {
  readonly file: string;
  /** The column whose value must not repeat. */
  readonly key: string;
  readonly columns: C;
}

export interface Row<C extends Columns> {
  readonly line: number;
  readonly values: Values<C>;
}

export function table<C extends Columns>(file: string, key: keyof C & string, columns: C): Table<C> {
  return { file, key, columns };
}

/** Reads a file whole. Errors: `import_file_missing`; `import_row_invalid` when a line is not UTF-8 text. */
export async function readSource(folder: string, name: string): Promise<{ source: SourceFile; text: string }> {
  let content: Buffer;
  try {
    content = await readFile(join(folder, name));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw importError('import_file_missing', `${name} cannot be read in ${folder} (${reason})`, { file: name, reason });
  }
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { source: { name, bytes: content.length, sha256 }, text: decode(name, content) };
}

/** Splits, checks and parses every row of a file. Errors: `import_row_invalid` with file, line and reason. */
export function parseTable<C extends Columns>(shape: Table<C>, text: string): Row<C>[] {
  const names = Object.keys(shape.columns);
  const [header, ...records] = splitRecords(shape.file, text);
  if (header === undefined || header.join(';') !== names.join(';')) {
    throw rowInvalid(shape.file, 1, `the header must be ${names.join(';')}`);
  }
  const keys = new Set<unknown>();
  return records.map((record, index) => {
    const line = index + 2;
    if (record.length !== names.length) {
      throw rowInvalid(shape.file, line, `has ${record.length} columns instead of ${names.length}`);
    }
    const values: Record<string, unknown> = {};
    for (const [position, [name, parseField]] of Object.entries(shape.columns).entries()) {
      try {
        values[name] = parseField(record[position] ?? '');
      } catch (cause) {
        if (cause instanceof DamagedField) throw rowInvalid(shape.file, line, `${name}: ${cause.message}`);
        throw cause;
      }
    }
    const key = values[shape.key];
    if (keys.has(key)) throw rowInvalid(shape.file, line, `${shape.key}: ${String(key)} is used twice`);
    keys.add(key);
    return { line, values: values as Values<C> };
  });
}

function splitRecords(file: string, text: string): string[][] {
  // A quote left open would swallow the lines after it, so quotes must pair up within each line.
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (((line.match(/"/g)?.length ?? 0) & 1) === 1) throw rowInvalid(file, index + 1, 'a quote is not closed');
  }
  try {
    return split(text);
  } catch {
    for (const [index, line] of lines.entries()) {
      try {
        split(line.replace(/\r$/, ''));
      } catch {
        throw rowInvalid(file, index + 1, 'a quote is out of place');
      }
    }
    throw rowInvalid(file, 1, 'the quotes of the file do not pair up');
  }
}

function split(text: string): string[][] {
  return parse(text, { delimiter: ';', quote: '"', recordDelimiter: ['\r\n', '\n'], relaxColumnCount: true });
}

function decode(name: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    let line = 1;
    for (let start = 0; start <= content.length; line += 1) {
      const end = content.indexOf(0x0a, start);
      const part = content.subarray(start, end === -1 ? content.length : end);
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(part);
      } catch {
        break;
      }
      if (end === -1) break;
      start = end + 1;
    }
    throw rowInvalid(name, line, 'is not UTF-8 text');
  }
}
