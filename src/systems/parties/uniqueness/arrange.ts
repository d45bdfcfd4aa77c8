/**
 * Writes what a survivor is said to be. Parties that are one form a tree of `merged_into`; what its root shows is a
 * function of every record's own values and the tree alone, whatever was merged and split before, in whatever order. So
 * when no merge is left in force, every record is again what it was.
 */
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import { type Transaction, uuidArray } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { indexParties } from './facts.ts';
import { chooseValues, type FieldChoice, type Member, ownValues, type PartyValues } from './survivorship.ts';

interface Stored extends Member {
  readonly present: PartyValues;
  readonly kept: boolean;
}

/** Chooses and writes the values of the party at the root of a tree; gives what was chosen. */
export async function arrange(tx: Transaction, clock: Clock, rootId: string): Promise<FieldChoice[]> {
  return asSystem(async () => {
    const members = await readMembers(tx, rootId);
    const [root] = members;
    invariant(root?.partyId === rootId, 'the_survivor_leads_its_members');
    const choices = chooseValues(members);
    const chosen = Object.fromEntries(choices.map(({ field, value }) => [field, value])) as unknown as PartyValues;
    const changed: string[] = [];
    for (const member of members) {
      const target = member === root ? chosen : member.values;
      if (await write(tx, clock, member, target)) changed.push(member.partyId);
      await keepBase(tx, member, member === root && members.length > 1 ? chosen : null);
    }
    await indexParties(tx, changed);
    return choices;
  });
}

async function readMembers(tx: Transaction, rootId: string): Promise<Stored[]> {
  const { rows } = await tx.query<{
    partyId: string;
    present: PartyValues;
    base: PartyValues | null;
    written: PartyValues | null;
    proved: boolean;
  }>(
    `select p.party_id as "partyId", b.base, b.written,
        json_build_object('birth_date', p.birth_date, 'sex', p.sex, 'nationality', p.nationality,
          'founded_on', p.founded_on) as present,
        exists (select from parties.identifier i
          where i.party_id = p.party_id and i.kind = 'resident_id' and i.ended_at is null) as proved
       from parties.members_of($1) as m (party_id)
       join parties.party p on p.party_id = m.party_id
       left join parties.merge_base b on b.party_id = p.party_id
      order by p.party_id <> $1, p.created_at, p.party_id`,
    [rootId],
  );
  return rows.map(({ partyId, present, base, written, proved }) => ({
    partyId,
    present,
    proved,
    kept: base !== null,
    values: base === null || written === null ? present : ownValues(base, written, present),
  }));
}

async function write(tx: Transaction, clock: Clock, member: Stored, values: PartyValues): Promise<boolean> {
  const { present, partyId } = member;
  const { birth_date, sex, nationality, founded_on } = values;
  if (
    birth_date === present.birth_date &&
    sex === present.sex &&
    nationality === present.nationality &&
    founded_on === present.founded_on
  ) {
    return false;
  }
  await tx.query(
    `update parties.party
        set birth_date = $2, sex = $3, nationality = $4, founded_on = $5, version = version + 1, changed_at = $6
      where party_id = $1`,
    [partyId, birth_date, sex, nationality, founded_on, clock.now().toString()],
  );
  return true;
}

/** Keeps the own values of a party that shows others (`written`), and forgets them when it shows its own again. */
async function keepBase(tx: Transaction, member: Stored, written: PartyValues | null): Promise<void> {
  if (written !== null) {
    await tx.query(
      `insert into parties.merge_base (party_id, base, written) values ($1, $2, $3)
       on conflict (party_id) do update set base = excluded.base, written = excluded.written`,
      [member.partyId, JSON.stringify(member.values), JSON.stringify(written)],
    );
  } else if (member.kept) {
    await tx.query('delete from parties.merge_base where party_id = $1', [member.partyId]);
  }
}

/** What hangs on parties, by table: the ids of their rows. Kept with a merge as the state before it. */
export async function rowsOf(tx: Transaction, partyIds: readonly string[]): Promise<Record<string, string[]>> {
  const tables = [
    ['party_name', 'name_id', 'party_id'],
    ['identifier', 'identifier_id', 'party_id'],
    ['address', 'address_id', 'party_id'],
    ['contact', 'contact_id', 'party_id'],
    ['consent', 'consent_id', 'party_id'],
    ['account_right', 'right_id', 'party_id'],
    ['relation', 'relation_id', 'from_party_id'],
    ['relation', 'relation_id', 'to_party_id'],
  ] as const;
  const parts = tables.map(
    ([table, id, party]) =>
      `select '${table}' as "table", ${id}::text as id from parties.${table} where ${party} = any ($1::uuid[])`,
  );
  const { rows } = await asSystem(() =>
    tx.query<{ table: string; ids: string[] }>(
      `select "table", array_agg(distinct id order by id) as ids from (${parts.join(' union all ')}) r
        group by "table" order by "table"`,
      [uuidArray(partyIds, (id) => id)],
    ),
  );
  return Object.fromEntries(rows.map(({ table, ids }) => [table, ids]));
}
