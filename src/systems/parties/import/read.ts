/** The records of a CSV or JSON Lines file of any size, one by one in constant memory; a damaged one is told, not fatal. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CsvError, parse } from 'csv-parse';
import { partyImportError } from './errors.ts';

export type Format = 'csv' | 'jsonl';

/** One record: the line it begins on, from 1, and its values by column, empty ones left out; or what is wrong with it. */
export interface FileRow {
  readonly line: number;
  readonly values: ReadonlyMap<string, string>;
  readonly fault: { readonly field: string | null; readonly code: string; readonly detail: string } | null;
}

export interface PartyFile {
  readonly name: string;
  readonly rows: AsyncGenerator<FileRow>;
  /** Bytes read so far. */
  bytes(): number;
  /** Of the whole file, hexadecimal; once all rows have been taken. */
  sha256(): string;
}

const LONGEST_RECORD = 65_536;

/** The format of a file by the end of its name. Error: `party_import_format_unknown`. */
export function formatOf(path: string): Format {
  const ending = extname(path).toLowerCase();
  if (ending === '.csv') return 'csv';
  if (ending === '.jsonl' || ending === '.ndjson') return 'jsonl';
  throw partyImportError(
    'party_import_format_unknown',
    `The name of the file must end in .csv, .jsonl or .ndjson, not '${ending}'`,
  );
}

/** Errors while rows are taken: `party_import_file_missing`, `party_import_header_invalid`. */
export function openPartyFile(path: string, format: Format, columns: ReadonlySet<string>): PartyFile {
  const name = basename(path);
  const hash = createHash('sha256');
  let bytes = 0;
  const source = createReadStream(path, { highWaterMark: 262_144 });
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const reading = pipeline(source, counted).then(
    () => undefined,
    (error: unknown) => error,
  );
  const rows = format === 'csv' ? csvRows(name, counted, columns) : jsonRows(counted, columns);
  let digest: string | undefined;
  return {
    name,
    rows: guarded(name, rows, reading),
    bytes: () => bytes,
    sha256() {
      digest ??= hash.digest('hex');
      return digest;
    },
  };
}

/** Says that the file could not be read, whatever the parsers make of a stream that breaks. */
async function* guarded(name: string, rows: AsyncGenerator<FileRow>, reading: Promise<unknown>) {
  const missing = (error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return partyImportError('party_import_file_missing', `${name} cannot be read (${reason})`, { file: name, reason });
  };
  const isFault = (error: unknown) => error instanceof Error && 'syscall' in error;
  try {
    yield* rows;
  } catch (error) {
    throw isFault(error) ? missing(error) : error;
  }
  const error = await reading;
  if (isFault(error)) throw missing(error);
}

async function* csvRows(name: string, source: Transform, columns: ReadonlySet<string>): AsyncGenerator<FileRow> {
  const skipped: FileRow[] = [];
  const parser = parse({
    bom: true,
    info: true,
    relaxColumnCount: true,
    skipEmptyLines: true,
    skipRecordsWithError: true,
    maxRecordSize: LONGEST_RECORD,
    onSkip: (error: CsvError | undefined) => {
      const line = Number(error?.lines ?? 0);
      skipped.push(faulty(line, null, 'row_malformed', 'A quote is out of place, or the row is too long'));
    },
  });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let header: readonly string[] | undefined;
  let line = 1;
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    yield* skipped.splice(0);
    if (header === undefined) {
      header = checkedHeader(name, record, columns);
    } else if (record.length !== header.length) {
      yield faulty(line, null, 'row_malformed', `Has ${record.length} columns instead of ${header.length}`);
    } else {
      const entries = header.flatMap((column, place): [string, string][] => {
        const value = (record[place] ?? '').trim();
        return value === '' ? [] : [[column, value]];
      });
      yield { line, values: new Map(entries), fault: null };
    }
    line = info.lines + 1;
  }
  yield* skipped;
  if (header === undefined) throw partyImportError('party_import_header_invalid', `${name} has no header`);
}

function checkedHeader(name: string, header: readonly string[], columns: ReadonlySet<string>): readonly string[] {
  const names = header.map((column) => column.trim());
  for (const [place, column] of names.entries()) {
    const fault = !columns.has(column) ? 'is unknown' : names.indexOf(column) !== place ? 'is there twice' : undefined;
    if (fault === undefined) continue;
    throw partyImportError('party_import_header_invalid', `${name}: the column "${column.slice(0, 60)}" ${fault}`, {
      column: column.slice(0, 60),
    });
  }
  return names;
}

async function* jsonRows(source: Transform, columns: ReadonlySet<string>): AsyncGenerator<FileRow> {
  let line = 0;
  for await (const text of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    yield jsonRow(line, text, columns);
  }
}

function jsonRow(line: number, text: string, columns: ReadonlySet<string>): FileRow {
  if (text.length > LONGEST_RECORD)
    return faulty(line, null, 'row_too_long', `Longer than ${LONGEST_RECORD} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return faulty(line, null, 'row_malformed', 'Not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return faulty(line, null, 'row_malformed', 'Not a JSON object');
  }
  const values = new Map<string, string>();
  for (const [column, value] of Object.entries(parsed)) {
    if (!columns.has(column)) return faulty(line, column.slice(0, 60), 'field_unknown', 'No such field');
    if (value === null) continue;
    if (typeof value !== 'string') return faulty(line, column, 'field_invalid', 'Must be a string');
    if (value.trim() !== '') values.set(column, value.trim());
  }
  return { line, values, fault: null };
}

function faulty(line: number, field: string | null, code: string, detail: string): FileRow {
  return { line, values: new Map(), fault: { field, code, detail } };
}
