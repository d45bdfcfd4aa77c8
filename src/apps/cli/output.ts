/** What a command prints: one JSON document for programs, or text and tables for people; never a mixture. */
import { InvariantError, invariant, LongmenError } from '#kernel/errors';

/** Anything text can be written to: `process.stdout`, `process.stderr`, or a collector in a test. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The words on the command line are wrong: unknown command, missing argument, bad option. Exit code 2. */
export class UsageError extends Error {}

export interface Output {
  readonly json: boolean;
  /** Prints the result of the command, once: `document` with `--json`, else the text `human` makes. */
  result(document: unknown, human: () => string): void;
  /** Writes part of a result that is itself text, such as a journal. Not for `--json`. */
  text(part: string): void;
  /** Says something on standard error, one line. */
  note(text: string): void;
  /** Prints an error: one line `code: detail` on standard error, and with `--json` the document `{"error":{…}}`. */
  error(error: unknown): void;
}

export function createOutput(streams: { stdout: TextStream; stderr: TextStream; json: boolean }): Output {
  const { stdout, stderr, json } = streams;
  let printed = false;
  const document = (value: unknown) => {
    invariant(!printed, 'one_document_per_command');
    printed = true;
    stdout.write(`${jsonText(value)}\n`);
  };
  return {
    json,
    result(value, human) {
      if (json) document(value);
      else stdout.write(withNewline(human()));
    },
    text(part) {
      invariant(!json, 'text_is_not_json');
      stdout.write(part);
    },
    note(text) {
      stderr.write(`${text}\n`);
    },
    error(error) {
      const { code, detail, stack, ...meta } = errorDocument(error);
      stderr.write(`${code}: ${detail}\n`);
      if (stack !== undefined) stderr.write(`${stack}\n`);
      if (json && !printed) document({ error: { code, detail, ...meta } });
    },
  };
}

interface ErrorDocument {
  readonly code: string;
  readonly detail: string;
  /** Only for errors that are defects: where it happened, for the report of the defect. */
  readonly stack?: string | undefined;
  readonly [meta: string]: unknown;
}

function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof LongmenError) {
    return { ...error.meta, code: error.code, detail: oneLine(error.message) };
  }
  if (error instanceof UsageError) return { code: 'usage', detail: oneLine(error.message) };
  if (error instanceof InvariantError) {
    return { code: 'invariant_broken', detail: oneLine(error.message), stack: error.stack };
  }
  // A system error such as ENOENT names the file, and that is all its reader needs.
  if (error instanceof Error && 'syscall' in error) return { code: 'system_error', detail: oneLine(error.message) };
  if (error instanceof Error) return { code: 'internal_error', detail: oneLine(error.message), stack: error.stack };
  return { code: 'internal_error', detail: oneLine(String(error)) };
}

/** The exit code that goes with an error: 2 when the command line is wrong, else 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? 2 : 1;
}

/** JSON of `value`, indented; `bigint` becomes a decimal string, as in the HTTP API. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part), 2);
}

/**
 * A table for people: a header, a rule, and rows in columns.
 * @param options.right indexes of the columns that hold numbers.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: { right?: readonly number[] } = {},
): string {
  const widths = header.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))));
  const line = (cells: readonly string[]) =>
    widths
      .map((wanted, column) => {
        const cell = cells[column] ?? '';
        const space = ' '.repeat(wanted - width(cell));
        return options.right?.includes(column) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((wanted) => '-'.repeat(wanted)).join('  ');
  return `${[line(header), rule, ...rows.map(line)].join('\n')}\n`;
}

/** Columns a text takes on a terminal: Chinese characters and full-width forms take two. */
function width(text: string): number {
  const wide = text.match(
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g,
  );
  return text.length + (wide?.length ?? 0);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
