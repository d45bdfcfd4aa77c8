/** Writes the rows of a chunk: creates, merges, skips, and records what became of each. */
import { asSystem } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { LongmenError } from '#kernel/errors';
import { deterministicId } from '#kernel/ids';
import { createParties, type PartyDeps } from '../service.ts';
import { survivorOf } from '../survivor.ts';
import { openCases } from '../uniqueness/cases.ts';
import { mergeParties } from '../uniqueness/merge.ts';
import type { Choice, Choices, Classified, PartyImportCounts, PartyImportResult } from './model.ts';

export interface WritePlan {
  readonly source: string;
  readonly choices: Choices;
}

/** Creates, merges and skips the rows of a chunk in their order, all or none. */
export async function writeRows(
  deps: PartyDeps,
  tx: Transaction,
  plan: WritePlan,
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
