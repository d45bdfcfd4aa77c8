/** What is compared of parties that exist, as they stand now. */
import { asSystem } from '#kernel/context';
import { type Queryable, type Transaction, uuidArray } from '#kernel/database';
import { type IndexedParty, putIntoIndex } from './index-store.ts';
import type { PartyFacts } from './profile.ts';

interface Row {
  readonly partyId: string;
  readonly kind: PartyFacts['kind'];
  readonly birthDate: string | null;
  readonly sex: PartyFacts['sex'];
  readonly names: string[] | null;
  readonly phones: string[] | null;
  readonly emails: string[] | null;
  readonly divisionCodes: string[] | null;
  readonly identifiers: { kind: string; country: string; value: string }[] | null;
}

/** The facts of each party's own record, without those that stand behind it; ids of no party are left out. */
export async function factsOf(db: Queryable, partyIds: readonly string[]): Promise<IndexedParty[]> {
  const { rows } = await asSystem(() =>
    db.query<Row>(
      `select p.party_id as "partyId", p.kind, coalesce(p.birth_date, p.founded_on) as "birthDate", p.sex,
          (select array_agg(value order by place, name_id) from parties.party_name n
            where n.party_id = p.party_id and n.ended_at is null) as names,
          (select array_agg(value order by contact_id) from parties.contact c
            where c.party_id = p.party_id and c.ended_at is null and c.kind <> 'email') as phones,
          (select array_agg(value order by contact_id) from parties.contact c
            where c.party_id = p.party_id and c.ended_at is null and c.kind = 'email') as emails,
          (select array_agg(division_code order by address_id) from parties.address a
            where a.party_id = p.party_id and a.ended_at is null and a.division_code is not null) as "divisionCodes",
          (select json_agg(json_build_object('kind', kind, 'country', country, 'value', value) order by identifier_id)
             from parties.identifier i where i.party_id = p.party_id and i.ended_at is null) as identifiers
        from parties.party p where p.party_id = any ($1::uuid[])`,
      [uuidArray(partyIds, (id) => id)],
    ),
  );
  return rows.map(({ partyId, kind, birthDate, sex, names, phones, emails, divisionCodes, identifiers }) => ({
    partyId,
    facts: {
      kind,
      birthDate,
      sex,
      names: names ?? [],
      phones: phones ?? [],
      emails: emails ?? [],
      divisionCodes: divisionCodes ?? [],
      identifiers: identifiers ?? [],
    },
  }));
}

/** To be called, in the same transaction, whenever a party was made or something compared of it has changed. */
export async function indexParties(tx: Transaction, partyIds: readonly string[]): Promise<void> {
  await putIntoIndex(tx, await factsOf(tx, partyIds));
}
