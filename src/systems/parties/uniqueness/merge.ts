/** Merges and splits. A merge moves no row: it lets one party stand for another, until it is taken back. */
import type { Clock } from '#kernel/clock';
import { asSystem, currentContext } from '#kernel/context';
import { isStorable, type Queryable, type Transaction, uuidArray } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { canonicalUuid } from '#kernel/ids';
import { partyError } from '../errors.ts';
import { publish } from '../service.ts';
import { arrange, rowsOf } from './arrange.ts';
import { matchError } from './errors.ts';
import type { FieldChoice } from './survivorship.ts';

export interface MergeInput {
  /** UUID of the caller; the same merge again under it changes nothing. */
  readonly id: string;
  readonly survivorId: string;
  readonly absorbedId: string;
  readonly reason: string;
}

export interface Merge {
  readonly id: string;
  readonly survivorId: string;
  readonly absorbedId: string;
  readonly caseId: string | null;
  readonly reason: string;
  readonly madeBy: string;
  readonly madeAt: string;
  readonly fields: readonly FieldChoice[];
  /** Who stood for whom, their values, and the ids of what hangs on the absorbed, all as it was before. */
  readonly before: unknown;
  readonly split: { readonly reason: string; readonly by: string; readonly at: string } | null;
}

interface Deps {
  readonly clock: Clock;
}

/**
 * Lets `survivorId` stand for `absorbedId` and all that stand behind that. Everything the absorbed has stays its own; reading
 * either gives the survivor with what both have.
 *
 * Errors, in this order: `merge_reason_required`, `merge_with_itself`, `party_not_found` (also where the request may
 * not see it), `merge_different`, `merge_already_merged` (with the survivor), `merge_kind_differs`, `party_closed`,
 * `merge_related`.
 */
export async function mergeParties(
  deps: Deps,
  tx: Transaction,
  input: MergeInput,
  caseId: string | null = null,
): Promise<Merge> {
  const reason = checkedReason(input.reason);
  const [id, survivorId, absorbedId] = [input.id, input.survivorId, input.absorbedId].map(knownId);
  invariant(id !== undefined && survivorId !== undefined && absorbedId !== undefined, 'three_ids_were_given');
  if (survivorId === absorbedId) {
    throw matchError('merge_with_itself', 'The survivor and the party to be merged are the same', {
      party: survivorId,
    });
  }
  const parties = await lockParties(tx, [survivorId, absorbedId]);
  const before = await findMerge(tx, id);
  if (before !== undefined) {
    if (before.survivorId === survivorId && before.absorbedId === absorbedId) return before;
    throw matchError('merge_different', 'The id was used for a merge of other parties', { merge: id });
  }
  const survivor = partyOf(parties, survivorId);
  const absorbed = partyOf(parties, absorbedId);
  for (const party of [survivor, absorbed]) {
    if (party.mergedInto === null) continue;
    throw matchError('merge_already_merged', `Party ${party.partyId} stands behind another; merge that one`, {
      party: party.partyId,
      survivor: await rootOf(tx, party.partyId),
    });
  }
  if (survivor.kind !== absorbed.kind) {
    throw matchError('merge_kind_differs', `One is a ${survivor.kind}, the other a ${absorbed.kind}`);
  }
  if (survivor.state === 'closed') throw partyError('party_closed', `Party ${survivorId} is closed`);
  await refuseRelated(tx, survivorId, absorbedId);
  const at = instantText(deps.clock.now());
  const members = { survivor: await membersOf(tx, survivorId), absorbed: await membersOf(tx, absorbedId) };
  const state = { members, survivor, absorbed, rows: await rowsOf(tx, members.absorbed) };
  await standBehind(tx, absorbedId, survivorId, at);
  const fields = await arrange(tx, deps.clock, survivorId);
  const made: Merge = {
    id,
    survivorId,
    absorbedId,
    caseId,
    reason,
    madeBy: currentContext().actor.id,
    madeAt: at,
    fields,
    before: state,
    split: null,
  };
  await tx.query(
    `insert into parties.merge (merge_id, survivor_id, absorbed_id, case_id, reason, made_by, made_at, fields, before)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, survivorId, absorbedId, caseId, reason, made.madeBy, at, JSON.stringify(fields), JSON.stringify(state)],
  );
  await publish(deps, tx, [
    {
      type: 'parties.merged',
      subject: absorbedId,
      payload: { merge: id, survivor: survivorId, absorbed: absorbedId, members: members.absorbed, case: caseId },
    },
  ]);
  return made;
}

/**
 * Takes a merge back, in whatever order merges were made: the absorbed, with what was merged into it, is a party of its own
 * again. What was added to the survivor since stays with the survivor. Taking back again changes nothing.
 * Errors: `merge_reason_required`, `merge_not_found`, `party_not_found` (the request may not see both).
 */
export async function splitMerge(deps: Deps, tx: Transaction, mergeId: string, givenReason: string): Promise<Merge> {
  const reason = checkedReason(givenReason);
  const id = canonicalUuid(mergeId);
  const seen = id === undefined ? undefined : await findMerge(tx, id);
  if (seen === undefined) throw matchError('merge_not_found', `No merge ${mergeId.slice(0, 60)}`);
  await lockTree(tx, seen.survivorId, seen.absorbedId);
  const merge = await findMerge(tx, seen.id);
  invariant(merge !== undefined, 'merges_are_never_deleted');
  if (merge.split !== null) return merge;
  const at = instantText(deps.clock.now());
  const root = await rootOf(tx, merge.survivorId);
  const members = await membersOf(tx, merge.absorbedId);
  await standBehind(tx, merge.absorbedId, null, at);
  await arrange(tx, deps.clock, root);
  await arrange(tx, deps.clock, merge.absorbedId);
  const split = { reason, by: currentContext().actor.id, at };
  await tx.query('update parties.merge set split_reason = $2, split_by = $3, split_at = $4 where merge_id = $1', [
    merge.id,
    split.reason,
    split.by,
    split.at,
  ]);
  await publish(deps, tx, [
    {
      type: 'parties.split',
      subject: merge.absorbedId,
      payload: { merge: merge.id, survivor: root, absorbed: merge.absorbedId, members, case: merge.caseId },
    },
  ]);
  return { ...merge, split };
}

/** The id of a party that the request may see. Error: `party_not_found`. */
export async function visibleParty(db: Queryable, partyId: string): Promise<string> {
  const id = knownId(partyId);
  const { rowCount } = await db.query('select from parties.party where party_id = $1', [id]);
  if (rowCount === 0) throw partyError('party_not_found', `No party ${id}`);
  return id;
}

/** Merges a party had a part in, oldest first. Error: `party_not_found`. */
export async function mergesOf(db: Queryable, partyId: string): Promise<Merge[]> {
  const { rows } = await db.query<Merge>(
    `select ${mergeColumns} from parties.merge where survivor_id = $1 or absorbed_id = $1 order by made_at, merge_id`,
    [knownId(partyId)],
  );
  return rows;
}

/** Error: `merge_not_found`. */
export async function readMerge(db: Queryable, mergeId: string): Promise<Merge> {
  const id = canonicalUuid(mergeId);
  const merge = id === undefined ? undefined : await findMerge(db, id);
  if (merge === undefined) throw matchError('merge_not_found', `No merge ${mergeId.slice(0, 60)}`);
  return merge;
}

const mergeColumns = `merge_id as id, survivor_id as "survivorId", absorbed_id as "absorbedId", case_id as "caseId",
  reason, made_by as "madeBy", made_at as "madeAt", fields, before,
  case when split_at is null then null else json_build_object('reason', split_reason, 'by', split_by,
    'at', to_char(split_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) end as split`;

async function findMerge(db: Queryable, id: string): Promise<Merge | undefined> {
  const { rows } = await db.query<Merge>(`select ${mergeColumns} from parties.merge where merge_id = $1`, [id]);
  return rows[0];
}

/** Text of 1 to 500 characters. Error: `merge_reason_required`. */
export function checkedReason(text: string): string {
  const reason = text.trim();
  if (reason.length < 1 || reason.length > 500 || !isStorable(reason)) {
    throw matchError('merge_reason_required', 'Say why, in 1 to 500 characters');
  }
  return reason;
}

function knownId(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw partyError('party_not_found', `No party ${text.slice(0, 60)}`);
  return id;
}

interface LockedParty {
  readonly partyId: string;
  readonly kind: string;
  readonly state: string;
  readonly mergedInto: string | null;
  readonly version: number;
}

/** Locks parties in the order of their ids, so that two merges cannot wait for each other. */
async function lockParties(tx: Transaction, ids: readonly string[]): Promise<Map<string, LockedParty>> {
  const { rows } = await tx.query<LockedParty>(
    `select party_id as "partyId", kind, state, merged_into as "mergedInto", version, name, birth_date, sex, nationality,
        founded_on
       from parties.party where party_id = any ($1::uuid[]) order by party_id for update`,
    [uuidArray(ids, (id) => id)],
  );
  return new Map(rows.map((row) => [row.partyId, row]));
}

/** Locks both, which the request must see, and the root of their tree, which may become another one while waiting. */
async function lockTree(tx: Transaction, survivorId: string, absorbedId: string): Promise<void> {
  for (let root = survivorId, locked = false; !locked; ) {
    const parties = await lockParties(tx, [survivorId, absorbedId]);
    partyOf(parties, survivorId);
    partyOf(parties, absorbedId);
    root = await rootOf(tx, survivorId);
    const above = root;
    await asSystem(() => lockParties(tx, [above]));
    locked = (await rootOf(tx, survivorId)) === root;
  }
}

function partyOf(parties: ReadonlyMap<string, LockedParty>, id: string): LockedParty {
  const party = parties.get(id);
  if (party === undefined) throw partyError('party_not_found', `No party ${id}`);
  return party;
}

async function rootOf(tx: Transaction, partyId: string): Promise<string> {
  const { rows } = await asSystem(() =>
    tx.query<{ root: string | null }>('select parties.survivor_of($1) as root', [partyId]),
  );
  return rows[0]?.root ?? partyId;
}

/** Ids of a party and of all that stand behind it, in order. */
async function membersOf(tx: Transaction, partyId: string): Promise<string[]> {
  const { rows } = await asSystem(() =>
    tx.query<{ id: string }>('select m as id from parties.members_of($1) m order by m', [partyId]),
  );
  return rows.map(({ id }) => id);
}

async function standBehind(tx: Transaction, partyId: string, survivorId: string | null, at: string): Promise<void> {
  await asSystem(() =>
    tx.query('update parties.party set merged_into = $2, version = version + 1, changed_at = $3 where party_id = $1', [
      partyId,
      survivorId,
      at,
    ]),
  );
}

/** A guardian and a ward, or a company and its shareholder, are not one: such a relation must end first. */
async function refuseRelated(tx: Transaction, survivorId: string, absorbedId: string): Promise<void> {
  const { rows } = await asSystem(() =>
    tx.query<{ id: string; kind: string }>(
      `select relation_id as id, kind from parties.relation r
        where r.ended_at is null and (
          (from_party_id in (select parties.members_of($1)) and to_party_id in (select parties.members_of($2)))
          or (from_party_id in (select parties.members_of($2)) and to_party_id in (select parties.members_of($1))))
        limit 1`,
      [survivorId, absorbedId],
    ),
  );
  const [relation] = rows;
  if (relation === undefined) return;
  throw matchError('merge_related', `A relation of kind ${relation.kind} stands between the two`, {
    relation: relation.id,
    kind: relation.kind,
  });
}
