/** Reads the network around a party and answers who owns a company and which companies belong together. */
import { asSystem } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { partyError } from '../errors.ts';
import { findParties } from '../store.ts';
import { survivorOf } from '../survivor.ts';
import { type RelatedGroup, relatedGroup } from './group.ts';
import type { Network } from './network.ts';
import { type BeneficialOwners, beneficialOwners } from './owners.ts';

/** Parties a network may have; a larger one is refused rather than cut. */
export const NETWORK_LIMIT = 5_000;

/** A party as an answer names it; null where the request may not see it. */
export interface Named {
  readonly kind: 'person' | 'organisation';
  readonly name: string;
  readonly unitId: number;
}

export interface OwnersAnswer extends BeneficialOwners {
  readonly partyId: string;
  readonly date: string;
  readonly threshold: string;
  /** Who everybody named is, as far as the request may see them. */
  readonly parties: ReadonlyMap<string, Named>;
}

export interface GroupAnswer extends RelatedGroup {
  readonly partyId: string;
  readonly date: string;
  readonly parties: ReadonlyMap<string, Named>;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'shareholder' | 'controller';
  readonly percentage: string | null;
}

/**
 * The beneficial owners of a company on a date. The chain is followed through the whole institution, as an owner who is
 * a customer of another branch is an owner all the same; names are given only of parties the request may see.
 *
 * @throws party_not_found, relation_kind_wrong (of a person), party_network_too_large
 */
export async function readBeneficialOwners(
  db: Queryable,
  party: string,
  { date, threshold }: { readonly date: string; readonly threshold: string },
): Promise<OwnersAnswer> {
  const target = await survivorOf(db, party);
  const row = (await findParties(db, [target])).get(target);
  if (row?.kind !== 'organisation') {
    throw partyError('relation_kind_wrong', 'Beneficial owners are those of an organisation');
  }
  const { network, management } = await asSystem(async () => ({
    network: await readNetwork(db, target, date, 'up'),
    management: await readManagement(db, target, date),
  }));
  // Those who manage the company may hold nothing: then they are not in its network yet.
  const known = new Set(network.parties.map(({ id }) => id));
  const managers = management.filter((id) => !known.has(id)).map((id) => ({ id, kind: 'person' as const }));
  const answer = beneficialOwners(
    { ...network, parties: [...network.parties, ...managers] },
    { target, threshold, management },
  );
  const ids = [
    target,
    ...answer.ultimate.map(({ partyId }) => partyId),
    ...answer.owners.flatMap(({ partyId, paths }) => [partyId, ...paths.flatMap(({ parties }) => parties)]),
  ];
  return { partyId: target, date, threshold, ...answer, parties: await named(db, ids) };
}

/**
 * The group of related companies a party belongs to on a date.
 *
 * @throws party_not_found, party_network_too_large
 */
export async function readGroup(db: Queryable, party: string, date: string): Promise<GroupAnswer> {
  const start = await survivorOf(db, party);
  const network = await asSystem(() => readNetwork(db, start, date, 'around'));
  const group = relatedGroup(network, start);
  return { partyId: start, date, ...group, parties: await named(db, group.members) };
}

/** As the request sees them: asked in its own visibility. */
async function named(db: Queryable, ids: readonly string[]): Promise<Map<string, Named>> {
  const rows = await findParties(db, [...new Set(ids)]);
  return new Map([...rows].map(([id, { kind, name, unitId }]) => [id, { kind, name, unitId }]));
}

/** Shares and control around a party on a date: all that leads up from it, or all it is connected with. */
async function readNetwork(db: Queryable, start: string, date: string, reach: 'up' | 'around'): Promise<Network> {
  const edges = new Map<string, Edge>();
  const seen = new Set([start]);
  // One query per step away from the party: chains are short, and each step is read by an index.
  for (let front = [start]; front.length > 0; ) {
    const { rows } = await db.query<Edge & { id: string }>(
      `select r.relation_id as id, parties.survivor_of(r.from_party_id) as "from",
         parties.survivor_of(r.to_party_id) as "to", r.kind, trim_scale(r.percentage) as percentage
       from parties.relation r
       where r.kind in ('shareholder', 'controller') and r.valid_from <= $2
         and (r.valid_until is null or r.valid_until > $2)
         and (r.to_party_id in (select parties.members_of(f) from unnest($1::uuid[]) as f)
           or ($3 and r.from_party_id in (select parties.members_of(f) from unnest($1::uuid[]) as f)))
       order by r.relation_id`,
      [front, date, reach === 'around'],
    );
    front = [];
    for (const { id, from, to, ...edge } of rows) {
      if (from === to) continue;
      edges.set(id, { from, to, ...edge });
      for (const party of [from, to]) {
        if (seen.has(party)) continue;
        seen.add(party);
        front.push(party);
      }
    }
    if (seen.size > NETWORK_LIMIT) {
      throw partyError('party_network_too_large', `More than ${NETWORK_LIMIT} parties hang together here`);
    }
  }
  const parties = await findParties(db, [...seen]);
  const all = [...edges.values()];
  return {
    parties: [...parties.values()].map(({ id, kind }) => ({ id, kind })),
    holdings: all.flatMap(({ from, to, percentage }) => (percentage === null ? [] : [{ from, to, percentage }])),
    controls: all.flatMap(({ from, to, kind }) => (kind === 'controller' ? [{ from, to }] : [])),
  };
}

/** Senior managers of a company; without any its legal representative; without that its directors. */
async function readManagement(db: Queryable, company: string, date: string): Promise<string[]> {
  const { rows } = await db.query<{ kind: string; manager: string }>(
    `select r.kind, parties.survivor_of(r.from_party_id) as manager from parties.relation r
     where r.to_party_id in (select parties.members_of($1)) and r.valid_from <= $2
       and (r.valid_until is null or r.valid_until > $2)
       and r.kind in ('senior_manager', 'legal_representative', 'director')
     order by r.valid_from, r.relation_id`,
    [company, date],
  );
  for (const wanted of ['senior_manager', 'legal_representative', 'director']) {
    const managers = rows.filter(({ kind }) => kind === wanted).map(({ manager }) => manager);
    if (managers.length > 0) return [...new Set(managers)];
  }
  return [];
}
