/** The index of candidates: keys and profiles of all parties, and the one query that finds who may be whom. */
import { asSystem } from '#kernel/context';
import { int4Array, int8Array, type Queryable, type Transaction, uuidArray } from '#kernel/database';
import { keysOf, wantedKeys } from './keys.ts';
import { type PartyFacts, type Profile, profileOf } from './profile.ts';

export interface IndexedParty {
  readonly partyId: string;
  readonly facts: PartyFacts;
}

/** Puts parties into the index, or in anew; those of one call each once. */
export async function putIntoIndex(tx: Transaction, parties: readonly IndexedParty[]): Promise<void> {
  if (parties.length === 0) return;
  const entries = parties.map(({ partyId, facts }) => {
    const profile = profileOf(facts);
    return { partyId, profile, hashes: keysOf(profile).map(({ hash }) => hash) };
  });
  const keys = entries.flatMap(({ partyId, hashes }) => hashes.map((hash) => ({ partyId, hash })));
  const ids = uuidArray(entries, ({ partyId }) => partyId);
  await asSystem(async () => {
    await tx.query(
      `delete from parties.match_key k using parties.match_profile p, unnest(p.hashes) as u (hash)
        where p.party_id = any ($1::uuid[]) and k.hash = u.hash and k.party_id = p.party_id`,
      [ids],
    );
    await tx.query(
      `insert into parties.match_profile (party_id, profile, hashes)
       select u.party_id, u.profile, u.hashes::bigint[]
         from unnest($1::uuid[], $2::json[], $3::text[]) as u (party_id, profile, hashes)
       on conflict (party_id) do update set profile = excluded.profile, hashes = excluded.hashes`,
      [
        ids,
        entries.map(({ profile }) => JSON.stringify(profile)),
        entries.map(({ hashes }) => `{${hashes.join(',')}}`),
      ],
    );
    await tx.query(
      `insert into parties.match_key (hash, party_id) select * from unnest($1::bigint[], $2::uuid[])
       on conflict do nothing`,
      [int8Array(keys, ({ hash }) => hash), uuidArray(keys, ({ partyId }) => partyId)],
    );
  });
}

/** A block with more members than this is not looked into: what they share says little, and finer keys find the twins. */
export const LARGEST_BLOCK = 100;
/** At most this many candidates are compared with one record, those of the smallest blocks first. */
export const MOST_CANDIDATES = 200;

export interface Candidates {
  readonly hashes: readonly bigint[];
  /** Members of each block in the order of the hashes; one more than {@link LARGEST_BLOCK} stands for any more. */
  readonly sizes: readonly number[];
  readonly candidates: readonly { readonly partyId: string; readonly profile: Profile }[];
}

/** Blocks are read up to their cap, chosen from the smallest up, and their members fetched: one round trip. */
const findCandidates = `
  with block as (
    select w.record, w.place, w.counted, array(
      select k.party_id from parties.match_key k where k.hash = w.hash limit ${LARGEST_BLOCK + 1}
    ) as members
    from unnest($1::int[], $2::int[], $3::bigint[], $4::boolean[]) as w (record, place, hash, counted)
  ), ranked as (
    select record, members, cardinality(members) as size,
      sum(cardinality(members)) over (partition by record order by cardinality(members), place) as total
    from block where not counted and cardinality(members) <= ${LARGEST_BLOCK}
  ), chosen as (
    select distinct r.record, m.party_id
      from ranked r cross join unnest(r.members) as m (party_id)
     where r.total - r.size < ${MOST_CANDIDATES}
  )
  select s.record, s.sizes, coalesce(c.candidates, '[]') as candidates
    from (select record, array_agg(cardinality(members) order by place) as sizes from block group by record) s
    left join (
      -- Profiles are looked up one by one: however few or many the planner expects, it must not read all of them.
      select record, json_agg(json_build_object('partyId', party_id, 'profile', (
          select p.profile from parties.match_profile p where p.party_id = chosen.party_id))) as candidates
        from chosen group by record
    ) c using (record)`;

/** Whom to compare each profile with. A profile without any key has no candidates. */
export async function candidatesOf(db: Queryable, profiles: readonly Profile[]): Promise<Candidates[]> {
  const keys = profiles.map(wantedKeys);
  const wanted = keys.flatMap((each, record) => each.map((key, place) => ({ ...key, record, place })));
  const found = new Map<number, Omit<Candidates, 'hashes'>>();
  if (wanted.length > 0) {
    const { rows } = await asSystem(() =>
      db.query<Omit<Candidates, 'hashes'> & { record: number }>(
        findCandidates,
        [
          int4Array(wanted, ({ record }) => record),
          int4Array(wanted, ({ place }) => place),
          int8Array(wanted, ({ hash }) => hash),
          wanted.map(({ counted }) => counted),
        ],
        { prepare: true },
      ),
    );
    for (const { record, sizes, candidates } of rows) found.set(record, { sizes, candidates });
  }
  return keys.map((each, record) => ({
    hashes: each.map(({ hash }) => hash),
    ...(found.get(record) ?? { sizes: [], candidates: [] }),
  }));
}
