/** Finding parties by name, number or contact. What was merged is found, too, and shown as its survivor. */
import type { Queryable } from '#kernel/database';
import { partyError } from './errors.ts';
import { identifierText, isIdentifierKind } from './identifiers/identifiers.ts';
import { contactValue, type PartyKind, searchKey } from './model.ts';
import { type PartyRow, partyColumns } from './store.ts';

/** What parties must be, all of it. */
export interface PartyFilter {
  readonly kind?: PartyKind | undefined;
  /** How a name begins, whatever its case, width, spaces and dots. */
  readonly name?: string | undefined;
  /** The whole number of an identifier, of any kind or of the one given. */
  readonly identifier?: string | undefined;
  readonly identifierKind?: string | undefined;
  readonly mobile?: string | undefined;
  readonly email?: string | undefined;
  /** The one unit they belong to. */
  readonly unitId?: number | undefined;
}

/** The survivor of a row of a party, at little cost for the many that were never merged. */
const survivor = 'case when q.merged_into is null then q.party_id else parties.survivor_of(q.party_id) end';

/**
 * Parties in the order of their ids, behind the one given; merged ones are not listed beside their survivor.
 *
 * @throws identifier_kind_unknown, contact_invalid, party_invalid (a name without letters)
 */
export async function listParties(
  db: Queryable,
  filter: PartyFilter,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<PartyRow[]> {
  const values: unknown[] = [];
  const value = (one: unknown) => `$${values.push(one)}`;
  const conditions = ['p.merged_into is null'];
  /** Survivors of what matches in a table that hangs on parties. */
  const matching = (table: string, condition: string) =>
    conditions.push(
      `p.party_id in (select ${survivor} from parties.${table} t join parties.party q on q.party_id = t.party_id
        where t.ended_at is null and ${condition})`,
    );
  if (after !== undefined) conditions.push(`p.party_id > ${value(after)}`);
  if (filter.kind !== undefined) conditions.push(`p.kind = ${value(filter.kind)}`);
  if (filter.unitId !== undefined) conditions.push(`p.unit_id = ${value(filter.unitId)}`);
  if (filter.name !== undefined) {
    const key = searchKey(filter.name);
    if (key === '') throw partyError('party_invalid', 'A name to look for has letters or digits');
    // Letters and digits only, so that nothing in it is a wildcard.
    matching('party_name', `t.search_key like ${value(`${key}%`)}`);
  }
  if (filter.identifier !== undefined) {
    const wanted = `t.value = ${value(identifierText(filter.identifier))}`;
    const { identifierKind: kind } = filter;
    if (kind !== undefined && !isIdentifierKind(kind)) {
      throw partyError('identifier_kind_unknown', `No kind of identifier '${kind.slice(0, 40)}'`);
    }
    matching('identifier', kind === undefined ? wanted : `${wanted} and t.kind = ${value(kind)}`);
  }
  for (const kind of ['mobile', 'email'] as const) {
    const given = filter[kind];
    if (given === undefined) continue;
    const kept = contactValue(kind, given);
    if (kept === undefined) throw partyError('contact_invalid', `Not a contact of kind ${kind}`, { kind });
    matching('contact', `t.value = ${value(kept)}`);
  }
  const { rows } = await db.query<PartyRow>(
    `select ${partyColumns} from parties.party p where ${conditions.join(' and ')}
     order by p.party_id limit ${value(limit)}`,
    values,
  );
  return rows;
}
