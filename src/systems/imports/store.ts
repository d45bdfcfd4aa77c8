/** The only SQL of this room that writes: rows of an import, added once and compared when they are there already. */
import type { Queryable, Transaction } from '#kernel/database';
import { importError, type SourceFile } from './model.ts';

/** A column of a table, its PostgreSQL type, and how its value is taken from a row. */
export interface Column<Row> {
  readonly name: string;
  readonly type: 'integer' | 'bigint' | 'text' | 'date' | 'uuid' | 'numeric';
  readonly value: (row: Row) => string | number | bigint | null;
}

export interface StoredTable<Row> {
  /** Name in the schema `imports`. The first column is the key within the book. */
  readonly name: string;
  readonly columns: readonly Column<Row>[];
}

/**
 * Adds rows to a table of one book. A row that is there already with the same content is left alone.
 * Error: `import_differs` when one is there with other content.
 */
export async function addRows<Row>(
  tx: Transaction,
  bookId: number,
  table: StoredTable<Row>,
  rows: readonly Row[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    await addSome(tx, bookId, table, rows.slice(start, start + ROWS_AT_ONCE));
  }
}

const ROWS_AT_ONCE = 10_000;

async function addSome<Row>(
  tx: Transaction,
  bookId: number,
  table: StoredTable<Row>,
  rows: readonly Row[],
): Promise<void> {
  const names = table.columns.map((column) => column.name).join(', ');
  const arrays = table.columns.map((column, index) => `$${index + 2}::${column.type}[]`).join(', ');
  const given = `unnest(${arrays}) as given (${names})`;
  const values = [bookId, ...table.columns.map((column) => rows.map((row) => text(column.value(row))))];
  const { rowCount } = await tx.query(
    `insert into imports.${table.name} (book_id, ${names}) select $1::integer, given.* from ${given} on conflict do nothing`,
    values,
  );
  if (rowCount === rows.length) return;
  const key = table.columns[0]?.name ?? '';
  const stored = table.columns.map((column) => `stored.${column.name}`).join(', ');
  const { rows: differing } = await tx.query<{ key: string }>(
    `select given.${key}::text as key
     from ${given} left join imports.${table.name} stored on stored.book_id = $1::integer and stored.${key} = given.${key}
     where (${stored}) is distinct from (given.*) order by given.${key} limit 1`,
    values,
  );
  const [first] = differing;
  if (first === undefined) return;
  throw importError('import_differs', `${table.name} ${first.key} is already in the book with other content`, {
    table: table.name,
    key: first.key,
  });
}

/** Arrays go to PostgreSQL as text, so that no amount passes through a float. */
function text(value: string | number | bigint | null): string | null {
  return value === null ? null : String(value);
}

export interface ImportRun {
  readonly kind: 'berka' | 'transfers';
  readonly fingerprint: string;
  readonly files: readonly SourceFile[];
  readonly counts: Readonly<Record<string, number>>;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** Whether an import of exactly this content is complete in this book. */
export async function isImported(
  db: Queryable,
  bookId: number,
  kind: ImportRun['kind'],
  fingerprint: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'select 1 from imports.import_run where book_id = $1 and kind = $2 and fingerprint = $3',
    [bookId, kind, fingerprint],
  );
  return rowCount > 0;
}

/** Records a complete import. The first record of the same content stays. */
export async function addImportRun(db: Queryable, bookId: number, run: ImportRun): Promise<void> {
  await db.query(
    `insert into imports.import_run (book_id, kind, fingerprint, files, counts, started_at, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      bookId,
      run.kind,
      run.fingerprint,
      JSON.stringify(run.files),
      JSON.stringify(run.counts),
      run.startedAt,
      run.finishedAt,
    ],
  );
}
