/** The records of a CSV or JSON Lines file of transfers: values by column name, each with the line it begins on. */
import { extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { importError, rowInvalid } from '../model.ts';
import { COLUMNS, type FileRecord, FLAGS } from './columns.ts';
import type { Line, LineReader } from './lines.ts';

export type Format = 'csv' | 'jsonl';

/** CSV records are parsed this many at a time: one at a time is slow, all at once is not constant memory. */
const RECORDS_AT_ONCE = 500;
/** A quote that is never closed must not take the rest of the file with it. */
const LONGEST_RECORD_LINES = 100;

/** The format of a file by the end of its name. Error: `import_format_unknown`. */
export function formatOf(path: string): Format {
  const ending = extname(path).toLowerCase();
  if (ending === '.csv') return 'csv';
  if (ending === '.jsonl' || ending === '.ndjson') return 'jsonl';
  throw importError(
    'import_format_unknown',
    `The name of the file must end in .csv, .jsonl or .ndjson, not '${ending}'`,
    {
      ending,
    },
  );
}

/** Errors: `import_row_invalid` for a record that cannot be taken apart or has an unknown column. */
export function readRecords(reader: LineReader, format: Format): AsyncGenerator<FileRecord> {
  return format === 'csv' ? readCsv(reader) : readJsonLines(reader);
}

async function* readJsonLines({ name, lines }: LineReader): AsyncGenerator<FileRecord> {
  for await (const { number, text } of lines) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw rowInvalid(name, number, text.trim() === '' ? 'is empty' : 'is not JSON');
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw rowInvalid(name, number, 'is not a JSON object');
    }
    const values = new Map<string, string>();
    for (const [column, value] of Object.entries(parsed)) {
      if (!COLUMNS.has(column)) throw rowInvalid(name, number, `has the unknown key "${column}"`);
      if (value === null || value === '') continue;
      if (typeof value !== 'string' && !(typeof value === 'boolean' && FLAGS.has(column))) {
        throw rowInvalid(name, number, `${column}: must be a string${column === 'amount' ? ' such as "12.30"' : ''}`);
      }
      values.set(column, String(value));
    }
    yield { line: number, values };
  }
}

async function* readCsv({ name, lines }: LineReader): AsyncGenerator<FileRecord> {
  const first = await lines.next();
  if (first.done === true) throw rowInvalid(name, 1, 'the header is missing');
  const [header = []] = split(name, [first.value]);
  for (const [index, column] of header.entries()) {
    if (!COLUMNS.has(column)) throw rowInvalid(name, 1, `has the unknown column "${column}"`);
    if (header.indexOf(column) !== index) throw rowInvalid(name, 1, `has the column "${column}" twice`);
  }
  let waiting: Line[] = [];
  for await (const record of wholeRecords(name, lines)) {
    waiting.push(record);
    if (waiting.length < RECORDS_AT_ONCE) continue;
    yield* named(name, header, waiting);
    waiting = [];
  }
  yield* named(name, header, waiting);
}

/** Joins the lines of a quoted field that holds line ends: a record is whole when its quotes pair up. */
async function* wholeRecords(name: string, lines: AsyncGenerator<Line>): AsyncGenerator<Line> {
  let begun: { number: number; texts: string[] } | null = null;
  for await (const { number, text } of lines) {
    const odd = ((text.match(/"/g)?.length ?? 0) & 1) === 1;
    if (begun === null) {
      if (odd) begun = { number, texts: [text] };
      else yield { number, text };
      continue;
    }
    begun.texts.push(text);
    if (odd) {
      yield { number: begun.number, text: begun.texts.join('\n') };
      begun = null;
    } else if (begun.texts.length >= LONGEST_RECORD_LINES) {
      break;
    }
  }
  if (begun !== null) throw rowInvalid(name, begun.number, 'a quote is not closed');
}

function* named(name: string, header: readonly string[], records: readonly Line[]): Generator<FileRecord> {
  const fieldsOf = split(name, records);
  for (const [index, { number }] of records.entries()) {
    const fields = fieldsOf[index] ?? [];
    if (fields.length !== header.length) {
      throw rowInvalid(name, number, `has ${fields.length} columns instead of ${header.length}`);
    }
    const values = new Map<string, string>();
    for (const [position, column] of header.entries()) {
      const value = fields[position] ?? '';
      if (value !== '') values.set(column, value);
    }
    yield { line: number, values };
  }
}

function split(name: string, records: readonly Line[]): string[][] {
  const parseText = (text: string): string[][] => parse(text, { relaxColumnCount: true, recordDelimiter: '\n' });
  try {
    const result = parseText(records.map(({ text }) => `${text}\n`).join(''));
    if (result.length === records.length) return result;
  } catch {
    // Found below, where each record is parsed by itself.
  }
  for (const { number, text } of records) {
    try {
      if (parseText(`${text}\n`).length === 1) continue;
    } catch {
      // The same fault as a record that falls apart into several.
    }
    throw rowInvalid(name, number, 'a quote is out of place');
  }
  throw rowInvalid(name, records[0]?.number ?? 1, 'the quotes of the file do not pair up');
}
