/** Recording relations between parties, ending and reading them. */
import { asSystem } from '#kernel/context';
import { isStorable, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { partyError } from '../errors.ts';
import { changed, type PartyDeps, partyId, publish } from '../service.ts';
import type { PartyRow } from '../store.ts';
import { findParties } from '../store.ts';
import { survivorOf } from '../survivor.ts';
import {
  circleWith,
  fitsKinds,
  isAdult,
  isPercentage,
  overlaps,
  peakHolding,
  plainPercentage,
  type Relation,
  type RelationKind,
  spanFault,
} from './model.ts';

const columns = `r.relation_id as id, parties.survivor_of(r.from_party_id) as "from",
  parties.survivor_of(r.to_party_id) as "to", r.kind, trim_scale(r.percentage) as percentage, r.note,
  r.valid_from as "validFrom", r.valid_until as "validUntil"`;

/**
 * Records a relation; the same again under its id changes nothing. Checked in this order, against all relations of the
 * institution, also those the request may not see.
 *
 * @throws party_not_found, relation_invalid, relation_with_itself, relation_kind_wrong, relation_different,
 * relation_exists, guardian_not_adult, guardianship_cycle, parentage_cycle, shareholding_above_100
 */
export async function addRelation(deps: PartyDeps, tx: Transaction, input: Relation): Promise<Relation> {
  const [from, to] = [await survivorOf(tx, input.from), await survivorOf(tx, input.to)];
  const relation: Relation = { ...input, id: partyId(input.id), from, to, percentage: percentageFor(input) };
  const fault = spanFault(relation) ?? noteFault(relation.note);
  if (fault !== undefined) throw partyError('relation_invalid', fault);
  if (from === to) throw partyError('relation_with_itself', 'A party has no relation with itself');
  const parties = await findParties(tx, [from, to]);
  const [fromParty, toParty] = [parties.get(from), parties.get(to)];
  if (fromParty === undefined || toParty === undefined) throw partyError('party_not_found', 'No such party');
  if (!fitsKinds(relation.kind, fromParty.kind, toParty.kind)) {
    throw partyError('relation_kind_wrong', `A ${fromParty.kind} is no ${relation.kind} of a ${toParty.kind}`);
  }
  const stored = await asSystem(async () => {
    await lockKind(tx, relation);
    const before = await findRelation(tx, relation.id);
    if (before !== undefined) return before;
    await checkAgainstOthers(tx, relation, fromParty);
    return undefined;
  });
  if (stored !== undefined) {
    if (isSame(stored, relation)) return stored;
    throw partyError('relation_different', `The id ${relation.id} was used for another relation`);
  }
  await tx.query(
    `insert into parties.relation (relation_id, from_party_id, to_party_id, kind, percentage, note, valid_from,
       valid_until, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      relation.id,
      from,
      to,
      relation.kind,
      relation.percentage,
      relation.note,
      relation.validFrom,
      relation.validUntil,
      instantText(deps.clock.now()),
    ],
  );
  await publish(deps, tx, [changed(from, 'relation'), changed(to, 'relation')]);
  return relation;
}

/**
 * Says from which day on a relation no longer holds; the same day again changes nothing.
 * Errors: `relation_not_found`, `relation_invalid` (before its beginning, or later than said before).
 */
export async function endRelation(
  deps: PartyDeps,
  tx: Transaction,
  party: string,
  id: string,
  until: string,
): Promise<Relation> {
  const side = await survivorOf(tx, party);
  const relation = await findRelation(tx, partyId(id));
  if (relation === undefined || (relation.from !== side && relation.to !== side)) {
    throw partyError('relation_not_found', `No relation ${id} of this party`);
  }
  if (relation.validUntil === until) return relation;
  const fault = spanFault({ ...relation, validUntil: until });
  if (fault !== undefined) throw partyError('relation_invalid', fault);
  // To let it hold for longer is a new fact, with checks of its own.
  if (relation.validUntil !== null && until > relation.validUntil) {
    throw partyError('relation_invalid', `It ended on ${relation.validUntil}; record a new relation from then on`);
  }
  await tx.query('update parties.relation set valid_until = $2, ended_at = $3 where relation_id = $1', [
    relation.id,
    until,
    instantText(deps.clock.now()),
  ]);
  await publish(deps, tx, [changed(relation.from, 'relation'), changed(relation.to, 'relation')]);
  return { ...relation, validUntil: until };
}

/** Relations of a party in either direction; with a date those that hold on it. Oldest first. */
export async function listRelations(db: Queryable, party: string, on?: string): Promise<Relation[]> {
  const { rows } = await db.query<Relation>(
    `select ${columns} from parties.relation r
     where (r.from_party_id in (select parties.members_of($1)) or r.to_party_id in (select parties.members_of($1)))
       and ($2::date is null or (r.valid_from <= $2 and (r.valid_until is null or r.valid_until > $2)))
     order by r.valid_from, r.relation_id`,
    [await survivorOf(db, party), on ?? null],
  );
  // Two parties that were merged may have had relations with each other.
  return rows.filter(({ from, to }) => from !== to);
}

/** Guardians of parties on a date. */
export async function guardiansOf(db: Queryable, wards: readonly string[], on: string): Promise<Set<string>> {
  const { rows } = await db.query<{ guardian: string }>(
    `select distinct parties.survivor_of(r.from_party_id) as guardian from parties.relation r
     where r.kind = 'guardian' and r.valid_from <= $2 and (r.valid_until is null or r.valid_until > $2)
       and r.to_party_id in (select parties.members_of(w) from unnest($1::uuid[]) as w)`,
    [wards, on],
  );
  return new Set(rows.map(({ guardian }) => guardian));
}

/** Whether what is stored was recorded as given; that it was ended later makes no difference. */
function isSame(stored: Relation, given: Relation): boolean {
  const fixed = ['from', 'to', 'kind', 'percentage', 'note', 'validFrom'] as const;
  const ended = given.validUntil === null || given.validUntil === stored.validUntil;
  return ended && fixed.every((key) => stored[key] === given[key]);
}

function percentageFor({ kind, percentage }: Relation): string | null {
  if ((percentage !== null) !== (kind === 'shareholder')) {
    throw partyError('relation_invalid', 'A shareholder has a percentage, and no other relation has');
  }
  if (percentage === null) return null;
  if (!isPercentage(percentage)) {
    throw partyError('relation_invalid', 'A percentage is above 0 and at most 100, with at most ten decimals');
  }
  return plainPercentage(percentage);
}

function noteFault(note: string | null): string | undefined {
  if (note === null) return undefined;
  return note.length > 500 || !isStorable(note) ? 'A note has at most 500 characters' : undefined;
}

/** Rules about many relations hold because those they look at are added one after the other. */
async function lockKind(tx: Transaction, { kind, to }: Relation): Promise<void> {
  const name = kind === 'shareholder' ? `${kind}/${to}` : kind;
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`parties.relation/${name}`]);
}

async function findRelation(tx: Queryable, id: string): Promise<Relation | undefined> {
  const { rows } = await tx.query<Relation>(`select ${columns} from parties.relation r where r.relation_id = $1`, [id]);
  return rows[0];
}

async function checkAgainstOthers(tx: Transaction, relation: Relation, guardian: PartyRow): Promise<void> {
  const { kind, from, to, validFrom, validUntil } = relation;
  const between = (await listRelations(tx, from)).filter(
    (other) =>
      other.kind === kind &&
      overlaps(other, relation) &&
      ((other.from === from && other.to === to) || (kind === 'spouse' && other.from === to && other.to === from)),
  );
  if (between.length > 0 && kind !== 'guarantor') {
    throw partyError('relation_exists', `The relation ${kind} holds already from ${between[0]?.validFrom}`);
  }
  if (kind === 'guardian') {
    const { birthDate } = guardian;
    if (guardian.kind === 'person' && (birthDate === null || !isAdult(birthDate, validFrom))) {
      throw partyError('guardian_not_adult', 'A guardian is known to be an adult when the guardianship begins');
    }
    const circle = circleWith(relation, await upFrom(tx, kind, from));
    if (circle !== null) throw partyError('guardianship_cycle', 'The ward is the guardian of the guardian', { circle });
  }
  if (kind === 'parent') {
    const always = { validFrom: '0001-01-01', validUntil: null };
    const edges = (await upFrom(tx, kind, from)).map((edge) => ({ ...edge, ...always }));
    const circle = circleWith({ from, to, ...always }, edges);
    if (circle !== null) throw partyError('parentage_cycle', 'The child is an ancestor of the parent', { circle });
  }
  if (kind === 'shareholder') {
    const { rows } = await tx.query<{ percentage: string; validFrom: string; validUntil: string | null }>(
      `select percentage::text, valid_from as "validFrom", valid_until as "validUntil" from parties.relation
       where kind = 'shareholder' and to_party_id in (select parties.members_of($1))`,
      [to],
    );
    const peak = peakHolding([...rows, { percentage: relation.percentage ?? '0', validFrom, validUntil }]);
    if (peak?.above100 === true) {
      const detail = `From ${peak.date} on ${peak.percentage} % of the company would be held`;
      throw partyError('shareholding_above_100', detail, { date: peak.date, percentage: peak.percentage });
    }
  }
}

/** The relations of a kind that lead up to a party, directly and through others. */
async function upFrom(tx: Transaction, kind: RelationKind, party: string): Promise<Relation[]> {
  const { rows } = await tx.query<Relation>(
    `with recursive up (relation_id) as (
       select r.relation_id from parties.relation r
        where r.kind = $2 and r.to_party_id in (select parties.members_of($1))
       union
       select r.relation_id
         from up u
         join parties.relation below on below.relation_id = u.relation_id
         cross join lateral parties.members_of(parties.survivor_of(below.from_party_id)) as above (party_id)
         join parties.relation r on r.to_party_id = above.party_id and r.kind = $2
     )
     select ${columns} from up u join parties.relation r using (relation_id)`,
    [party, kind],
  );
  return rows;
}
