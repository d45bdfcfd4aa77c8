/** The only SQL that reads and writes the schema `templates`. */
import type { Queryable, Transaction } from '#kernel/database';
import type { Definition } from './definition.ts';

/** A template as it stands in a book. */
export interface TemplateVersion {
  readonly name: string;
  /** The number it has; of a draft the number it will have. */
  readonly version: number;
  readonly state: 'draft' | 'published' | 'retired';
  readonly definition: Definition;
  /** When it was saved, published or retired, RFC 3339. */
  readonly since: string;
}

/** The one outcome of a posting id. */
export interface Posting {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly fingerprint: string;
  readonly status: 'accepted' | 'refused';
  /** An outcome code of the ledger. */
  readonly code: string;
  /** How often it was looked at what is available. */
  readonly looks: number;
  readonly transfers: number;
  readonly firstTransferId: string;
  readonly lastTransferId: string;
  readonly firstSequence: bigint | null;
  readonly lastSequence: bigint | null;
  readonly recordedAt: string;
}

const versionSelect = `select v.name, v.version, case when r.version is null then 'published' else 'retired' end as state,
    v.definition, coalesce(r.retired_at, v.published_at) as since
  from templates.version v left join templates.retirement r using (book_id, name, version)`;

/** All versions and drafts of a book, by name and version; at most `limit` behind `after`. */
export async function listVersions(
  db: Queryable,
  bookId: number,
  filter: { name?: string | undefined; after?: { name: string; version: number } | undefined; limit: number },
): Promise<TemplateVersion[]> {
  const { rows } = await db.query<TemplateVersion>(
    `select * from (
       ${versionSelect} where v.book_id = $1
       union all
       select d.name, coalesce((select max(v.version) from templates.version v
           where v.book_id = d.book_id and v.name = d.name), 0) + 1, 'draft', d.definition, d.saved_at
         from templates.draft d where d.book_id = $1
     ) t where ($2::text is null or name = $2) and ($3::text is null or (name, version) > ($3, $4::integer))
     order by name, version limit $5`,
    [bookId, filter.name ?? null, filter.after?.name ?? null, filter.after?.version ?? null, filter.limit],
  );
  return rows;
}

/** One published or retired version. */
export async function findVersion(
  db: Queryable,
  bookId: number,
  name: string,
  version: number,
): Promise<TemplateVersion | undefined> {
  const { rows } = await db.query<TemplateVersion>(
    `${versionSelect} where v.book_id = $1 and v.name = $2 and v.version = $3`,
    [bookId, name, version],
  );
  return rows[0];
}

/** The latest version that is published and not retired. */
export async function findLatest(db: Queryable, bookId: number, name: string): Promise<TemplateVersion | undefined> {
  const { rows } = await db.query<TemplateVersion>(
    `${versionSelect} where v.book_id = $1 and v.name = $2 and r.version is null order by v.version desc limit 1`,
    [bookId, name],
  );
  return rows[0];
}

/** One command on a template at a time, until the end of the transaction. */
export async function lockTemplate(tx: Transaction, bookId: number, name: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [`templates/${bookId}/${name}`]);
}

export async function saveDraft(tx: Transaction, bookId: number, name: string, definition: Definition, at: string) {
  await tx.query(
    `insert into templates.draft (book_id, name, definition, saved_at) values ($1, $2, $3, $4)
     on conflict (book_id, name) do update set definition = excluded.definition, saved_at = excluded.saved_at`,
    [bookId, name, JSON.stringify(definition), at],
  );
}

export async function findDraft(db: Queryable, bookId: number, name: string): Promise<Definition | undefined> {
  const { rows } = await db.query<{ definition: Definition }>(
    'select definition from templates.draft where book_id = $1 and name = $2',
    [bookId, name],
  );
  return rows[0]?.definition;
}

export async function deleteDraft(tx: Transaction, bookId: number, name: string): Promise<void> {
  await tx.query('delete from templates.draft where book_id = $1 and name = $2', [bookId, name]);
}

/** Adds the next version; its number. */
export async function addVersion(
  tx: Transaction,
  bookId: number,
  name: string,
  definition: Definition,
  at: string,
): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(
    `insert into templates.version (book_id, name, version, definition, published_at)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4 from templates.version where book_id = $1 and name = $2
     returning version`,
    [bookId, name, JSON.stringify(definition), at],
  );
  return rows[0]?.version ?? 0;
}

export async function addRetirement(tx: Transaction, bookId: number, name: string, version: number, at: string) {
  await tx.query(
    `insert into templates.retirement (book_id, name, version, retired_at) values ($1, $2, $3, $4)
     on conflict do nothing`,
    [bookId, name, version, at],
  );
}

export async function findPosting(db: Queryable, bookId: number, id: string): Promise<Posting | undefined> {
  const { rows } = await db.query<Posting>(
    `select posting_id as id, name, version, parameters, fingerprint, status, code, looks, transfers,
       first_transfer_id as "firstTransferId", last_transfer_id as "lastTransferId",
       first_sequence as "firstSequence", last_sequence as "lastSequence", recorded_at as "recordedAt"
     from templates.posting where book_id = $1 and posting_id = $2`,
    [bookId, id],
  );
  return rows[0];
}

/** The statement that records a posting, to commit with its transfers. */
export function postingStatement(bookId: number, posting: Posting): { sql: string; values: readonly unknown[] } {
  return {
    sql: `insert into templates.posting (book_id, posting_id, name, version, parameters, fingerprint, status, code,
        looks, transfers, first_transfer_id, last_transfer_id, first_sequence, last_sequence, recorded_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    values: [
      bookId,
      posting.id,
      posting.name,
      posting.version,
      JSON.stringify(posting.parameters),
      posting.fingerprint,
      posting.status,
      posting.code,
      posting.looks,
      posting.transfers,
      posting.firstTransferId,
      posting.lastTransferId,
      posting.firstSequence,
      posting.lastSequence,
      posting.recordedAt,
    ],
  };
}

/** Records a refusal, unless the id has an outcome already. */
export async function addRefusal(db: Queryable, bookId: number, posting: Posting): Promise<void> {
  const { sql, values } = postingStatement(bookId, posting);
  await db.query(`${sql} on conflict do nothing`, values);
}
