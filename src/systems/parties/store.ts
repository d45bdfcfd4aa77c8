/** The SQL of parties and of their names, identifiers, addresses and contacts. */
import type { Queryable, Transaction } from '#kernel/database';
import type { IdentifierKind } from './identifiers/identifiers.ts';
import type { AddressKind, ContactKind, NameKind, PartyKind, Sex } from './model.ts';

/** A row that holds until it ends. */
interface Held {
  readonly id: string;
  readonly recordedAt: string;
}

export interface HeldName extends Held {
  readonly kind: NameKind;
  readonly script: string;
  readonly value: string;
}

export interface HeldIdentifier extends Held {
  readonly kind: IdentifierKind;
  readonly country: string;
  readonly value: string;
  readonly issuedBy: string | null;
  readonly issuedOn: string | null;
  readonly expiresOn: string | null;
}

export interface HeldAddress extends Held {
  readonly kind: AddressKind;
  readonly country: string;
  readonly divisionCode: string | null;
  readonly line: string;
  readonly postalCode: string | null;
}

export interface HeldContact extends Held {
  readonly kind: ContactKind;
  readonly value: string;
}

/** A party without what hangs on it. */
export interface PartyRow {
  readonly id: string;
  readonly unitId: number;
  /** Code of the unit. */
  readonly unit: string;
  readonly kind: PartyKind;
  /** The name to call it by. */
  readonly name: string;
  readonly birthDate: string | null;
  readonly sex: Sex | null;
  readonly nationality: string | null;
  readonly foundedOn: string | null;
  readonly state: 'active' | 'closed';
  readonly version: number;
  readonly createdAt: string;
  readonly changedAt: string;
}

/** What hangs on a party and holds at present. */
export interface Holdings {
  readonly names: readonly HeldName[];
  readonly identifiers: readonly HeldIdentifier[];
  readonly addresses: readonly HeldAddress[];
  readonly contacts: readonly HeldContact[];
}

export interface Party extends PartyRow, Holdings {
  /** The parties that were merged into this one. */
  readonly mergedIds: readonly string[];
}

export const partyColumns = `p.party_id as id, p.unit_id as "unitId",
  (select u.code from kernel.unit u where u.unit_id = p.unit_id) as unit, p.kind, p.name, p.birth_date as "birthDate", p.sex,
  p.nationality, p.founded_on as "foundedOn", p.state, p.version, p.created_at as "createdAt", p.changed_at as "changedAt"`;

/** The rows of the tables, with the names of their columns. */
export interface PartyTables {
  party: {
    party_id: string;
    unit_id: number;
    kind: PartyKind;
    name: string;
    birth_date: string | null;
    sex: Sex | null;
    nationality: string | null;
    founded_on: string | null;
    state: 'active';
    version: 1;
    content_sha256: string;
    created_at: string;
    created_by: string;
    changed_at: string;
  };
  party_name: {
    name_id: string;
    party_id: string;
    kind: NameKind;
    script: string;
    value: string;
    search_key: string;
    place: number;
    recorded_at: string;
  };
  identifier: {
    identifier_id: string;
    party_id: string;
    kind: IdentifierKind;
    country: string;
    value: string;
    issued_by: string | null;
    issued_on: string | null;
    expires_on: string | null;
    recorded_at: string;
  };
  address: {
    address_id: string;
    party_id: string;
    kind: AddressKind;
    country: string;
    division_code: string | null;
    line: string;
    postal_code: string | null;
    recorded_at: string;
  };
  contact: { contact_id: string; party_id: string; kind: ContactKind; value: string; recorded_at: string };
}

/** The names of the tables that hang on a party, with their keys. */
export const heldTables = {
  party_name: 'name_id',
  identifier: 'identifier_id',
  address: 'address_id',
  contact: 'contact_id',
} as const;

/** Adds any number of rows in one statement. */
export async function addRows<Table extends keyof PartyTables>(
  tx: Transaction,
  table: Table,
  rows: readonly PartyTables[Table][],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into parties.${table} select * from jsonb_populate_recordset(null::parties.${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** What these parties were created with, by id; of all parties, so that no id is given twice. */
export async function fingerprints(tx: Queryable, ids: readonly string[]): Promise<Map<string, string | null>> {
  const { rows } = await tx.query<{ id: string; sha256: string | null }>(
    'select party_id as id, content_sha256 as sha256 from parties.party where party_id = any ($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, sha256 }) => [id, sha256]));
}

/** One party at a time, until the end of the transaction; undefined when there is none to be seen. */
export async function lockParty(tx: Transaction, id: string): Promise<PartyRow | undefined> {
  const { rows } = await tx.query<PartyRow>(
    `select ${partyColumns} from parties.party p where p.party_id = $1 for update`,
    [id],
  );
  return rows[0];
}

/** Parties by id; those that are not to be seen are missing. */
export async function findParties(db: Queryable, ids: readonly string[]): Promise<Map<string, PartyRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<PartyRow>(
    `select ${partyColumns} from parties.party p where p.party_id = any ($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What a party holds, and all that were merged into it. */
export async function holdingsOf(db: Queryable, partyId: string): Promise<Holdings & { mergedIds: string[] }> {
  const { rows: members } = await db.query<{ id: string }>('select parties.members_of($1) as id', [partyId]);
  const ids = members.map(({ id }) => id);
  const of = async <Row extends object>(table: keyof typeof heldTables, columns: string, order: string) => {
    const { rows } = await db.query<Row>(
      `select ${heldTables[table]} as id, ${columns}, recorded_at as "recordedAt" from parties.${table}
       where party_id = any ($1::uuid[]) and ended_at is null order by party_id <> $2, ${order}, 1`,
      [ids, partyId],
    );
    return rows;
  };
  return {
    names: await of<HeldName>('party_name', 'kind, script, value', 'recorded_at, place'),
    identifiers: await of<HeldIdentifier>(
      'identifier',
      'kind, country, value, issued_by as "issuedBy", issued_on as "issuedOn", expires_on as "expiresOn"',
      'recorded_at',
    ),
    addresses: await of<HeldAddress>(
      'address',
      'kind, country, division_code as "divisionCode", line, postal_code as "postalCode"',
      'recorded_at',
    ),
    contacts: await of<HeldContact>('contact', 'kind, value', 'recorded_at'),
    mergedIds: ids.filter((id) => id !== partyId).sort(),
  };
}

/** Ends rows of a table; returns how many held until now. */
export async function endRows(
  tx: Transaction,
  table: keyof typeof heldTables,
  partyIds: readonly string[],
  ids: readonly string[],
  at: string,
): Promise<number> {
  const { rowCount } = await tx.query(
    `update parties.${table} set ended_at = $3
     where ${heldTables[table]} = any ($1::uuid[]) and party_id = any ($2::uuid[]) and ended_at is null`,
    [ids, partyIds, at],
  );
  return rowCount;
}

/** Writes the row of a party with its next version. */
export async function saveParty(tx: Transaction, row: PartyRow, at: string): Promise<void> {
  await tx.query(
    `update parties.party set name = $2, birth_date = $3, sex = $4, nationality = $5, founded_on = $6, state = $7,
       version = version + 1, changed_at = $8
     where party_id = $1`,
    [row.id, row.name, row.birthDate, row.sex, row.nationality, row.foundedOn, row.state, at],
  );
}
