/** Invented parties as rows, for tests of what works on parties that exist. */
import type { Database, Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { indexParties } from './facts.ts';
import type { PartyFacts } from './profile.ts';

export interface ExampleParty extends PartyFacts {
  readonly unitId?: number;
  readonly nationality?: string;
  readonly createdAt?: string;
}

/** Adds a party with what is known of it and puts it into the index; gives its id. */
export async function addParty(db: Database, party: ExampleParty): Promise<string> {
  const id = newId();
  await db.transaction(async (tx) => {
    await insert(tx, id, party);
    await indexParties(tx, [id]);
  });
  return id;
}

async function insert(tx: Transaction, id: string, party: ExampleParty): Promise<void> {
  const at = party.createdAt ?? '2026-03-02T01:00:00Z';
  const person = party.kind === 'person';
  await tx.query(
    `insert into parties.party (party_id, unit_id, kind, name, birth_date, sex, nationality, founded_on, created_at,
       created_by, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '00000000-0000-0000-0000-000000000000', $9)`,
    [
      id,
      party.unitId ?? 1,
      party.kind,
      party.names[0] ?? '?',
      person ? (party.birthDate ?? null) : null,
      party.sex ?? null,
      party.nationality ?? null,
      person ? null : (party.birthDate ?? null),
      at,
    ],
  );
  for (const [place, value] of party.names.entries()) {
    await tx.query(
      `insert into parties.party_name (name_id, party_id, kind, script, value, search_key, place, recorded_at)
       values ($1, $2, 'legal', 'Hani', $3, $3, $4, $5)`,
      [newId(), id, value, place, at],
    );
  }
  const contacts = [
    ...(party.phones ?? []).map((value) => ['mobile', value] as const),
    ...(party.emails ?? []).map((value) => ['email', value] as const),
  ];
  for (const [kind, value] of contacts) {
    await tx.query(
      'insert into parties.contact (contact_id, party_id, kind, value, recorded_at) values ($1, $2, $3, $4, $5)',
      [newId(), id, kind, value, at],
    );
  }
  for (const code of party.divisionCodes ?? []) {
    await tx.query(
      `insert into parties.address (address_id, party_id, kind, country, division_code, line, recorded_at)
       values ($1, $2, 'residence', 'CHN', $3, '1', $4)`,
      [newId(), id, code, at],
    );
  }
  for (const { kind, country = 'CHN', value } of party.identifiers ?? []) {
    await tx.query(
      `insert into parties.identifier (identifier_id, party_id, kind, country, value, recorded_at)
       values ($1, $2, $3, $4, $5, $6)`,
      [newId(), id, kind, country, value, at],
    );
  }
}
