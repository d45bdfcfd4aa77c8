/** The use case: judge every record of the file, then post them in order. The file is read twice, never held. */
import { stat } from 'node:fs/promises';
import { MAX_BATCH, type OutcomeCode, type TransferInput } from '#engines/ledger';
import { instantText } from '#kernel/dates';
import { invariant, LongmenError } from '#kernel/errors';
import { type ImportDeps, importError, type OnProgress, rowInvalid, type SourceFile } from '../model.ts';
import { addImportRun } from '../store.ts';
import { DamagedRecord, type IdSpace, transferOf } from './columns.ts';
import { readLines } from './lines.ts';
import { type Format, formatOf, readRecords } from './records.ts';

export interface TransfersOptions {
  /** Code of the book, which must exist. Default `main`. */
  readonly book?: string;
  /** Default: by the end of the file's name. */
  readonly format?: Format;
  readonly onProgress?: OnProgress;
  /** Told of every transfer the ledger refused, in file order. */
  readonly onRefused?: (refusal: Refusal) => void;
}

/** A transfer the ledger refused: the line it begins on (from 1), its id, and the outcome code. */
export interface Refusal {
  readonly line: number;
  readonly id: string;
  readonly code: OutcomeCode;
}

/** What became of a file. The names are those of the JSON document. */
export interface TransfersResult {
  readonly transfers: number;
  readonly accepted: number;
  readonly refused: number;
  /** The first refused transfers, at most {@link REFUSALS_LISTED}. */
  readonly refusals: readonly Refusal[];
}

export const REFUSALS_LISTED = 1_000;

const RECORDS_PER_REPORT = 1_000;

interface Numbered {
  readonly line: number;
  readonly transfer: TransferInput;
}

/**
 * Imports a CSV or JSON Lines file of transfers of any size. A damaged record (anything that could not be right in any
 * book) refuses the whole file before the first posting. What the books decide they decide one transfer at a time, in
 * file order: accepted ones stay when others are refused; transfers that belong together are a chain (`linked`).
 * Ids make it repeatable: the same file again posts nothing and gives the same result, also after a crash half-way.
 *
 * Errors: `import_format_unknown`, `import_file_missing`, `import_row_invalid`, `import_file_changed`, `book_not_found`,
 * and those of the database and the ledger.
 */
export async function importTransfers(
  deps: ImportDeps,
  path: string,
  options: TransfersOptions = {},
): Promise<TransfersResult> {
  const { db, ledger, clock } = deps;
  const { book = 'main', format = formatOf(path), onProgress = () => undefined } = options;
  const startedAt = instantText(clock.now());
  const bookId = await ledger.bookId(book);
  const source = await judge(path, format, book, onProgress);
  const result = { transfers: 0, accepted: 0, refused: 0, refusals: [] as Refusal[] };
  for await (const request of requests(path, format, book, source, onProgress)) {
    const outcomes = await ledger.post(
      book,
      request.map(({ transfer }) => transfer),
    );
    for (const [index, { line }] of request.entries()) {
      const outcome = outcomes[index];
      invariant(outcome !== undefined, 'every_transfer_has_an_outcome');
      result.transfers += 1;
      if (outcome.status === 'accepted') {
        result.accepted += 1;
        continue;
      }
      const refusal = { line, id: outcome.id, code: outcome.code };
      result.refused += 1;
      if (result.refusals.length < REFUSALS_LISTED) result.refusals.push(refusal);
      options.onRefused?.(refusal);
    }
  }
  await addImportRun(db, bookId, {
    kind: 'transfers',
    fingerprint: source.sha256,
    files: [source],
    counts: { transfers: result.transfers, accepted: result.accepted, refused: result.refused },
    startedAt,
    finishedAt: instantText(clock.now()),
  });
  return result;
}

/** First reading: nothing is posted unless every record is sound. */
async function judge(path: string, format: Format, book: string, onProgress: OnProgress): Promise<SourceFile> {
  const reader = readLines(path);
  // The fingerprint is not known before the end; ids made from it are not used here.
  const ids = { book, fingerprint: '' };
  const total = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  let count = 0;
  let chain = 0;
  let last: Numbered | undefined;
  for await (const each of transfers(reader, format, ids)) {
    chain = last?.transfer.linked === true ? chain + 1 : 1;
    if (chain > MAX_BATCH)
      throw rowInvalid(reader.name, each.line, `linked: a chain holds at most ${MAX_BATCH} transfers`);
    last = each;
    count += 1;
    if (count % RECORDS_PER_REPORT === 0) onProgress({ step: 'read', done: reader.bytes(), total });
  }
  if (last?.transfer.linked === true) {
    throw rowInvalid(reader.name, last.line, 'linked: the last transfer of the file has no next one');
  }
  return reader.source();
}

/** Second reading: the transfers in requests as large as the ledger takes, chains undivided. */
async function* requests(
  path: string,
  format: Format,
  book: string,
  source: SourceFile,
  onProgress: OnProgress,
): AsyncGenerator<Numbered[]> {
  const reader = readLines(path);
  let request: Numbered[] = [];
  let chain: Numbered[] = [];
  try {
    for await (const each of transfers(reader, format, { book, fingerprint: source.sha256 })) {
      chain.push(each);
      if (each.transfer.linked === true) continue;
      if (request.length + chain.length > MAX_BATCH) {
        yield request;
        onProgress({ step: 'post', done: reader.bytes(), total: source.bytes });
        request = [];
      }
      request.push(...chain);
      chain = [];
    }
  } catch (error) {
    if (error instanceof LongmenError && error.code === 'import_row_invalid') throw changed(source);
    throw error;
  }
  if (reader.source().sha256 !== source.sha256) throw changed(source);
  if (request.length > 0) yield request;
  onProgress({ step: 'post', done: source.bytes, total: source.bytes });
}

async function* transfers(
  reader: ReturnType<typeof readLines>,
  format: Format,
  ids: IdSpace,
): AsyncGenerator<Numbered> {
  for await (const record of readRecords(reader, format)) {
    let transfer: TransferInput;
    try {
      transfer = transferOf(record, ids);
    } catch (cause) {
      if (cause instanceof DamagedRecord) throw rowInvalid(reader.name, record.line, cause.message);
      throw cause;
    }
    yield { line: record.line, transfer };
  }
}

function changed(source: SourceFile) {
  return importError('import_file_changed', `${source.name} changed while it was being imported`, {
    file: source.name,
  });
}
