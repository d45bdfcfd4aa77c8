/** Files of parties: a preview that writes nothing, and the import, which may be cut off and run again at any time. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { asSystem, currentContext } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { newId } from '#kernel/ids';
import type { PartyInput } from '../model.ts';
import { type PartyDeps, today } from '../service.ts';
import { type CheckResult, checkUniqueness } from '../uniqueness/check.ts';
import type { PartyFacts } from '../uniqueness/profile.ts';
import type { Verdict } from '../uniqueness/score.ts';
import { COLUMN_NAMES, type ReadRow, type RowError, type RowRules, readRow } from './columns.ts';
import { partyImportError } from './errors.ts';
import {
  type Choices,
  type Classified,
  DEFAULT_CHOICES,
  type Duplicate,
  importedPartyId,
  type PartyImportCounts,
  type PartyImportOptions,
  type PartyImportResult,
  type Sound,
} from './model.ts';
import { formatOf, openPartyFile } from './read.ts';
import { type RowIndex, type RowMatch, rowIndex } from './row-index.ts';
import { writeRows } from './write.ts';

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
    const done = await deps.db.transaction((tx) => writeRows(deps, tx, plan, found));
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
