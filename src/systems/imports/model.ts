/** What every import shares: its errors, its progress, and the identity of the files it read. */
import type { Ledger } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { defineErrors } from '#kernel/errors';

/** What an import works with. */
export interface ImportDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export const importError = defineErrors({
  import_file_missing: { status: 422, title: 'A file of the import is missing or cannot be read' },
  import_format_unknown: { status: 422, title: 'The kind of file is not known' },
  import_row_invalid: { status: 422, title: 'A row of the file is damaged; nothing of the import is kept' },
  import_file_changed: { status: 409, title: 'The file changed while it was being imported' },
  import_differs: {
    status: 409,
    title: 'The book already holds this row with other content; nothing of the import is kept',
  },
  import_refused: { status: 409, title: 'The ledger refused a transaction; nothing of the import is kept' },
});

/** Refuses a whole import for one damaged row. `line` counts from 1; where there is a header, it is line 1. */
export function rowInvalid(file: string, line: number, reason: string) {
  return importError('import_row_invalid', `${file}, line ${line}: ${reason}`, { file, line, reason });
}

/** One file as it was read: its name, size and SHA-256 (hexadecimal). */
export interface SourceFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Told now and then how far a step has come; `total` is in the same unit as `done` (rows, or bytes of a streamed file). */
export interface Progress {
  readonly step: 'read' | 'order' | 'post' | 'check';
  readonly done: number;
  readonly total: number;
}

export type OnProgress = (progress: Progress) => void;
