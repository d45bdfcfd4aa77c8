/** Reads a text file of any size line by line in constant memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { importError, rowInvalid, type SourceFile } from '../model.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end (LF or CRLF). */
  readonly text: string;
}

/** A file being read. `source` is complete once all lines have been taken. */
export interface LineReader {
  readonly name: string;
  readonly lines: AsyncGenerator<Line>;
  /** Bytes read so far. */
  bytes(): number;
  source(): SourceFile;
}

/** No record of an import is longer; a file of one endless line must not fill the memory. */
const LONGEST_LINE_BYTES = 1_048_576;
const LINE_FEED = 0x0a;

/** Opens a file. Errors while reading: `import_file_missing`, and `import_row_invalid` for a line that is not UTF-8. */
export function readLines(path: string): LineReader {
  const name = basename(path);
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let number = 0;

  function line(content: Buffer): Line {
    number += 1;
    if (content.length > LONGEST_LINE_BYTES) throw tooLong(number);
    let text: string;
    try {
      text = decoder.decode(content);
    } catch {
      throw rowInvalid(name, number, 'is not UTF-8 text');
    }
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  }

  function tooLong(at: number) {
    return rowInvalid(name, at, `is longer than ${LONGEST_LINE_BYTES} bytes`);
  }

  async function* lines(): AsyncGenerator<Line> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of chunks(path, name)) {
      hash.update(chunk);
      bytes += chunk.length;
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        const part = chunk.subarray(start, end);
        yield line(rest.length === 0 ? part : Buffer.concat([rest, part]));
        rest = Buffer.alloc(0);
        start = end + 1;
      }
      rest = Buffer.concat([rest, chunk.subarray(start)]);
      if (rest.length > LONGEST_LINE_BYTES) throw tooLong(number + 1);
    }
    if (rest.length > 0) yield line(rest);
  }

  let source: SourceFile | undefined;
  return {
    name,
    lines: lines(),
    bytes: () => bytes,
    source() {
      source ??= { name, bytes, sha256: hash.digest('hex') };
      return source;
    },
  };
}

async function* chunks(path: string, name: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) yield chunk as Buffer;
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    const reason = String(cause.code);
    throw importError('import_file_missing', `${name} cannot be read (${reason})`, { file: name, reason });
  }
}
