/** Fills an empty database with invented parties, ten thousand at a time, and their index. */
import type { Database, Transaction } from '#kernel/database';
import { deterministicId } from '#kernel/ids';
import { putIntoIndex, searchKey } from '#systems/parties';
import { type Person, person, randomFrom } from './people.ts';

const AT_ONCE = 10_000;
const AT = '2026-03-02T01:00:00Z';

export function idOf(place: number): string {
  return deterministicId('bench.party', String(place));
}

/** The `count` people that {@link fill} adds, in order. */
export function* peopleOf(count: number): Generator<Person> {
  const random = randomFrom(20_260_302);
  for (let place = 0; place < count; place += 1) yield person(random);
}

export async function fill(db: Database, count: number, onProgress: (done: number) => void): Promise<void> {
  let batch: { id: string; person: Person }[] = [];
  let place = 0;
  for (const each of peopleOf(count)) {
    batch.push({ id: idOf(place), person: each });
    place += 1;
    if (batch.length < AT_ONCE && place < count) continue;
    const parties = batch;
    batch = [];
    await db.transaction(async (tx) => {
      await insert(tx, parties);
      await putIntoIndex(
        tx,
        parties.map(({ id, person: facts }) => ({ partyId: id, facts })),
      );
    });
    onProgress(place);
  }
}

async function insert(tx: Transaction, parties: readonly { readonly id: string; readonly person: Person }[]) {
  const ids = parties.map(({ id }) => id);
  await tx.query(
    `insert into parties.party (party_id, unit_id, kind, name, birth_date, sex, created_at, created_by, changed_at)
     select u.*, $5, '00000000-0000-0000-0000-000000000000', $5
       from (select id, 1, 'person', name, born, sex
         from unnest($1::uuid[], $2::text[], $3::date[], $4::text[]) as t (id, name, born, sex)) as u`,
    [
      ids,
      parties.map((p) => p.person.names[0]),
      parties.map((p) => p.person.birthDate),
      parties.map((p) => p.person.sex),
      AT,
    ],
  );
  await tx.query(
    `insert into parties.party_name (name_id, party_id, kind, script, value, search_key, place, recorded_at)
     select gen_random_uuid(), id, 'legal', 'Hani', name, key, 0, $4
       from unnest($1::uuid[], $2::text[], $3::text[]) as t (id, name, key)`,
    [ids, parties.map((p) => p.person.names[0]), parties.map((p) => searchKey(p.person.names[0])), AT],
  );
  await tx.query(
    `insert into parties.identifier (identifier_id, party_id, kind, country, value, recorded_at)
     select gen_random_uuid(), id, 'resident_id', 'CHN', value, $3 from unnest($1::uuid[], $2::text[]) as t (id, value)`,
    [ids, parties.map((p) => p.person.identifiers[0]?.value ?? ''), AT],
  );
  await tx.query(
    `insert into parties.contact (contact_id, party_id, kind, value, recorded_at)
     select gen_random_uuid(), id, 'mobile', value, $3 from unnest($1::uuid[], $2::text[]) as t (id, value)`,
    [ids, parties.map((p) => p.person.phones[0] ?? ''), AT],
  );
}
