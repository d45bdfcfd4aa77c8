/** Files of parties: a preview that writes nothing, and the import, which may be cut off and run again at any time. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { asSystem, currentContext } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant, LongmenError } from '#kernel/errors';
import { deterministicId, newId } from '#kernel/ids';
import type { PartyInput } from '../model.ts';
import { createParties, type PartyDeps, today } from '../service.ts';
import { survivorOf } from '../survivor.ts';
import { openCases } from '../uniqueness/cases.ts';
import { type CheckResult, checkUniqueness } from '../uniqueness/check.ts';
import { mergeParties } from '../uniqueness/merge.ts';
import type { PartyFacts } from '../uniqueness/profile.ts';
import type { Reason, Verdict } from '../uniqueness/score.ts';
import { COLUMN_NAMES, type ReadRow, type RowError, type RowRules, readRow } from './columns.ts';
import { partyImportError } from './errors.ts';
import { type Format, formatOf, openPartyFile } from './read.ts';
import { type RowIndex, type RowMatch, rowIndex } from './row-index.ts';

/** What to do with a row like a party that is there. `create` also opens a case for a person to decide. */
export const choices = ['skip', 'merge', 'create'] as const;
export type Choice = (typeof choices)[number];
type Likeness = Exclude<Verdict, 'different'>;
export type Choices = Readonly<Record<Likeness, Choice>>;

export const DEFAULT_CHOICES: Choices = { same: 'merge', proposed: 'create', unsure: 'create' };

export interface PartyImportOptions {
  /** Where the rows come from, such as `old_core`: with the external key it says which party a row is. */
  readonly source: string;
  readonly format?: Format | undefined;
  /** Code of the unit that parties belong to; default: the institution. */
  readonly unit?: string | undefined;
  readonly choices?: Partial<Choices> | undefined;
  readonly onError?: ((error: RowError) => void) | undefined;
  readonly onDuplicate?: ((duplicate: Duplicate) => void) | undefined;
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
}

/** A row that is like a party or like a row before it, whichever is more alike. */
export interface Duplicate {
  readonly line: number;
  readonly external_key: string;
  readonly verdict: Likeness;
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** The party it is like; null when it is like a row of the file. */
  readonly party_id: string | null;
  /** The line of the row it is like. */
  readonly like_line: number | null;
}

export interface PartyImportCounts {
  readonly rows: number;
  /** Rows with errors; nothing of them is kept. */
  readonly refused: number;
  /** Rows that were imported before, with this content. */
  readonly unchanged: number;
  /** Rows like nobody. */
  readonly new: number;
  readonly same: number;
  readonly proposed: number;
  readonly unsure: number;
}

export interface PartyImportResult extends PartyImportCounts {
  readonly created: number;
  readonly merged: number;
  readonly skipped: number;
  readonly cases: number;
}

const ROWS_AT_ONCE = 500;
const SOURCE = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/** Reads a file whole and tells what an import would meet. Nothing is written. Errors as of {@link importParties}. */
export async function previewParties(
  deps: PartyDeps,
  path: string,
  options: PartyImportOptions,
): Promise<PartyImportCounts> {
  const plan = await planOf(deps, path, options);
  const inFile = rowIndex();
  const counts = emptyCounts();
  for await (const rows of chunks(plan)) {
    const { sound } = await judge(deps.db, plan, rows, counts);
    await classify(deps.db, plan, sound, inFile, counts);
    options.onProgress?.(plan.file.bytes(), plan.bytes);
  }
  return counts;
}

/**
 * Imports a file of parties, some hundred rows in each transaction. Rows with errors are told and left out; the others are
 * created, merged into the party they are like, or skipped, as `choices` say. A row is known by source and external key:
 * the same row again changes nothing, so a run that was cut off is simply started again.
 *
 * Errors: `party_import_file_missing`, `party_import_format_unknown`, `party_import_header_invalid`,
 * `party_import_source_invalid`, `party_import_unit_unknown`.
 */
export async function importParties(
  deps: PartyDeps,
  path: string,
  options: PartyImportOptions,
): Promise<PartyImportResult> {
  const plan = await planOf(deps, path, options);
  const startedAt = instantText(deps.clock.now());
  const total = { ...emptyCounts(), created: 0, merged: 0, skipped: 0, cases: 0 };
  for await (const rows of chunks(plan)) {
    const counts = emptyCounts();
    const { sound } = await judge(deps.db, plan, rows, counts);
    // Rows of other chunks are parties by now; those of this one are compared with each other.
    const found = await classify(deps.db, plan, sound, rowIndex(), counts);
    const done = await deps.db.transaction((tx) => write(deps, tx, plan, found));
    for (const key of Object.keys(counts) as (keyof PartyImportCounts)[]) total[key] += counts[key];
    for (const key of Object.keys(done) as (keyof typeof done)[]) total[key] += done[key];
    options.onProgress?.(plan.file.bytes(), plan.bytes);
  }
  await deps.db.query(
    `insert into parties.import_run (run_id, source, file, sha256, choices, counts, started_by, started_at, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      newId(deps.clock),
      plan.source,
      plan.file.name,
      plan.file.sha256(),
      JSON.stringify(plan.choices),
      JSON.stringify(total),
      currentContext().actor.id,
      startedAt,
      instantText(deps.clock.now()),
    ],
  );
  return total;
}

interface Plan {
  readonly source: string;
  readonly choices: Choices;
  readonly file: ReturnType<typeof openPartyFile>;
  readonly bytes: number;
  readonly rules: RowRules;
  readonly keys: Map<string, number>;
  onError(error: RowError): void;
  onDuplicate(duplicate: Duplicate): void;
}

async function planOf(deps: PartyDeps, path: string, options: PartyImportOptions): Promise<Plan> {
  const { source, unit, format = formatOf(path) } = options;
  if (!SOURCE.test(source)) {
    const detail = 'A source has 1 to 64 characters of a-z, 0-9, _, . and -, such as old_core';
    throw partyImportError('party_import_source_invalid', detail);
  }
  const units = await unitsOf(deps.db);
  const unitId = unit === undefined ? 1 : units.get(unit);
  if (unitId === undefined) throw partyImportError('party_import_unit_unknown', `No unit with the code ${unit}`);
  return {
    source,
    choices: { ...DEFAULT_CHOICES, ...options.choices },
    file: openPartyFile(path, format, COLUMN_NAMES),
    bytes: await stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
    rules: {
      units,
      unitId,
      idOf: (externalKey) => importedPartyId(source, externalKey),
      today: today(deps),
      // Customers of long standing come with what they once showed.
      acceptExpired: true,
      upgradeOldForm: true,
    },
    keys: new Map(),
    onError: options.onError ?? (() => undefined),
    onDuplicate: options.onDuplicate ?? (() => undefined),
  };
}

/** The id of the party that a source knows by a key. */
export function importedPartyId(source: string, externalKey: string): string {
  return deterministicId('parties.import', source, externalKey);
}

async function unitsOf(db: Queryable): Promise<Map<string, number>> {
  const { rows } = await db.query<{ code: string; unitId: number }>(
    'select code, unit_id as "unitId" from kernel.unit where closed_at is null',
  );
  return new Map(rows.map(({ code, unitId }) => [code, unitId]));
}

async function* chunks({ file, rules }: Plan): AsyncGenerator<ReadRow[]> {
  let rows: ReadRow[] = [];
  for await (const row of file.rows) {
    rows.push(readRow(row, rules));
    if (rows.length < ROWS_AT_ONCE) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

function emptyCounts() {
  return { rows: 0, refused: 0, unchanged: 0, new: 0, same: 0, proposed: 0, unsure: 0 };
}

interface Sound {
  readonly line: number;
  readonly externalKey: string;
  readonly party: PartyInput;
  readonly sha256: string;
}

/** Tells rows with errors and those imported before apart from those that are left. */
async function judge(
  db: Queryable,
  { source, keys, onError }: Plan,
  rows: readonly ReadRow[],
  counts: ReturnType<typeof emptyCounts>,
): Promise<{ sound: Sound[] }> {
  const known = await importedBefore(
    db,
    source,
    rows.flatMap(({ externalKey }) => externalKey ?? []),
  );
  const sound: Sound[] = [];
  for (const row of rows) {
    counts.rows += 1;
    const errors = errorsOf(row);
    const sha256 = row.ok ? contentOf(row.party) : '';
    if (row.ok && errors.length === 0) {
      const before = known.get(row.externalKey);
      keys.set(row.externalKey, row.line);
      if (before === undefined) {
        sound.push({ ...row, sha256 });
        continue;
      }
      if (before === sha256) {
        counts.unchanged += 1;
        continue;
      }
      const detail = 'This key of the source was imported before with other content';
      errors.push({ line: row.line, field: 'external_key', code: 'imported_differs', detail });
    }
    counts.refused += 1;
    for (const error of errors) onError(error);
  }
  return { sound };

  function errorsOf(row: ReadRow): RowError[] {
    if (!row.ok) return [...row.errors];
    const first = keys.get(row.externalKey);
    if (first === undefined) return [];
    const detail = `The key stands in line ${first} already`;
    return [{ line: row.line, field: 'external_key', code: 'external_key_repeated', detail }];
  }
}

async function importedBefore(db: Queryable, source: string, keys: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await asSystem(() =>
    db.query<{ key: string; sha256: string }>(
      `select external_key as key, content_sha256 as sha256 from parties.imported
        where source = $1 and external_key = any ($2::text[])`,
      [source, keys],
    ),
  );
  return new Map(rows.map(({ key, sha256 }) => [key, sha256]));
}

function contentOf(party: PartyInput): string {
  return createHash('sha256').update(JSON.stringify(party)).digest('hex');
}

interface Classified extends Sound {
  readonly duplicate: Duplicate | null;
}

/** Compares rows with all parties and with the rows before them. */
async function classify(
  db: Queryable,
  { onDuplicate }: Plan,
  rows: readonly Sound[],
  inFile: RowIndex,
  counts: ReturnType<typeof emptyCounts>,
): Promise<Classified[]> {
  const facts = rows.map(({ party }) => factsFrom(party));
  const results = await checkUniqueness(
    db,
    facts.map((each, place) => ({ ...each, partyId: rows[place]?.party.id })),
  );
  return rows.map((row, place) => {
    const [each, result] = [facts[place], results[place]];
    invariant(each !== undefined && result !== undefined, 'every_row_was_checked');
    const duplicate = duplicateOf(row, result, inFile.add(row.line, each));
    counts[duplicate?.verdict ?? 'new'] += 1;
    if (duplicate !== null) onDuplicate(duplicate);
    return { ...row, duplicate };
  });
}

function duplicateOf(row: Sound, { matches }: CheckResult, inFile: RowMatch | null): Duplicate | null {
  const { line, externalKey: external_key } = row;
  const [match] = matches;
  const inBase = match ?? null;
  const better = inFile !== null && (inBase === null || rank(inFile) > rank(inBase)) ? inFile : inBase;
  if (better === null || better.verdict === 'different') return null;
  const { verdict, score, reasons } = better;
  const like_line = better === inFile ? inFile.line : null;
  return {
    line,
    external_key,
    verdict,
    score,
    reasons,
    like_line,
    party_id: like_line === null ? (match?.partyId ?? null) : null,
  };
}

function rank({ verdict, score }: { readonly verdict: Verdict; readonly score: number }): number {
  return verdict === 'same' ? Number.POSITIVE_INFINITY : score;
}

function factsFrom(party: PartyInput): PartyFacts {
  const { kind, names, identifiers = [], contacts = [], addresses = [] } = party;
  return {
    kind,
    names: names.map(({ value }) => value),
    birthDate: party.birthDate ?? party.foundedOn ?? null,
    sex: party.sex ?? null,
    phones: contacts.filter(({ kind: of }) => of !== 'email').map(({ value }) => value),
    emails: contacts.filter(({ kind: of }) => of === 'email').map(({ value }) => value),
    divisionCodes: addresses.flatMap(({ divisionCode }) => divisionCode ?? []),
    identifiers,
  };
}

/** Creates, merges and skips the rows of a chunk in their order, all or none. */
async function write(
  deps: PartyDeps,
  tx: Transaction,
  plan: Plan,
  rows: readonly Classified[],
): Promise<Omit<PartyImportResult, keyof PartyImportCounts>> {
  const done = { created: 0, merged: 0, skipped: 0, cases: 0 };
  if (rows.length === 0) return done;
  const choiceOf = ({ duplicate }: Classified): Choice | 'new' =>
    duplicate === null ? 'new' : plan.choices[duplicate.verdict];
  const kept = rows.filter((row) => choiceOf(row) !== 'skip');
  await createParties(
    deps,
    tx,
    kept.map(({ party }) => party),
    { acceptExpired: true },
  );
  /** Which party each row of the chunk came to be. */
  const byLine = new Map<number, string>();
  const imported: { row: Classified; action: 'created' | 'merged' | 'skipped'; matched: string | null }[] = [];
  const undecided: string[] = [];
  for (const row of rows) {
    const choice = choiceOf(row);
    const { duplicate } = row;
    const like = duplicate === null ? null : (duplicate.party_id ?? byLine.get(duplicate.like_line ?? 0) ?? null);
    const matched = like === null ? null : await asSystem(() => survivorOf(tx, like));
    let action: 'created' | 'merged' | 'skipped' = choice === 'skip' && matched !== null ? 'skipped' : 'created';
    if (choice === 'merge' && matched !== null && (await mergeRow(deps, tx, plan.source, row, matched)))
      action = 'merged';
    if (action === 'created' && duplicate !== null) undecided.push(row.party.id);
    byLine.set(row.line, action === 'skipped' && matched !== null ? matched : row.party.id);
    imported.push({ row, action, matched: action === 'created' ? null : matched });
    done[action] += 1;
  }
  const opened = await openCases(deps, tx, undecided);
  done.cases = opened.filter(({ matches }) => matches.length > 0).length;
  await record(deps, tx, plan.source, imported);
  return done;
}

/** Lets the party found stand for the row; false when the two cannot be one, which is then for a person to decide. */
async function mergeRow(
  deps: PartyDeps,
  tx: Transaction,
  source: string,
  { externalKey, party, duplicate }: Classified,
  survivorId: string,
): Promise<boolean> {
  const id = deterministicId('parties.import.merge', source, externalKey);
  // One number and two names: one of the two was mistyped, or two people share a document. No file decides that.
  if (duplicate?.reasons.some(({ field, level }) => field === 'name' && level === 'different')) return false;
  const reason = `Import of ${source}: ${duplicate?.verdict}, ${duplicate?.score} bits`;
  try {
    await mergeParties(deps, tx, { id, survivorId, absorbedId: party.id, reason });
    return true;
  } catch (error) {
    // Refused before anything was written.
    if (error instanceof LongmenError && ['party_closed', 'merge_related'].includes(error.code)) return false;
    throw error;
  }
}

async function record(
  { clock }: PartyDeps,
  tx: Transaction,
  source: string,
  rows: readonly { readonly row: Classified; readonly action: string; readonly matched: string | null }[],
): Promise<void> {
  await asSystem(() =>
    tx.query(
      `insert into parties.imported
         (source, external_key, content_sha256, action, party_id, matched_party_id, recorded_at)
       select $1, u.*, $7 from unnest($2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[]) as u`,
      [
        source,
        rows.map(({ row }) => row.externalKey),
        rows.map(({ row }) => row.sha256),
        rows.map(({ action }) => action),
        rows.map(({ row, action }) => (action === 'skipped' ? null : row.party.id)),
        rows.map(({ matched }) => matched),
        instantText(clock.now()),
      ],
    ),
  );
}
