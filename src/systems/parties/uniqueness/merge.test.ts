import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { manualClock } from '#kernel/clock';
import { LongmenError } from '#kernel/errors';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { survivorOf } from '../survivor.ts';
import { decideCase, listCases, openCases, split, trailOf } from './cases.ts';
import { checkUniqueness } from './check.ts';
import { addParty, type ExampleParty } from './examples.ts';
import { factsOf } from './facts.ts';
import { type Merge, mergeParties, mergesOf, splitMerge } from './merge.ts';

const clock = manualClock('2026-03-02T01:00:00Z');
const db = await testDatabase({ after });
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
const reason = 'Same person, seen at the counter';

const merge = (survivorId: string, absorbedId: string, id = newId()): Promise<Merge> =>
  db.transaction((tx) => mergeParties({ clock }, tx, { id, survivorId, absorbedId, reason }));
const takeBack = (id: string) => db.transaction((tx) => splitMerge({ clock }, tx, id, 'They are two'));
const person = (more: Partial<ExampleParty> = {}) => addParty(db, { kind: 'person', names: ['王小明'], ...more });

function code(expected: string) {
  return (error: unknown) => error instanceof LongmenError && error.code === expected;
}

async function values(id: string) {
  const { rows } = await db.query('select birth_date, sex, nationality from parties.party where party_id = $1', [id]);
  return rows[0];
}

/** Everything of the room but what only says that something happened: the trail, versions and times of change. */
async function state(): Promise<Record<string, unknown[]>> {
  const tables = ['party', 'party_name', 'identifier', 'address', 'contact', 'consent', 'relation', 'account_right'];
  const result: Record<string, unknown[]> = {};
  for (const table of [...tables, 'match_key', 'match_profile', 'merge_base']) {
    const { rows } = await db.query<{ row: string }>(
      `select (to_jsonb(t) - 'version' - 'changed_at')::text as row from parties.${table} t order by 1`,
    );
    result[table] = rows.map(({ row }) => row);
  }
  return result;
}

describe('a merge', () => {
  it('lets one stand for the other, fills what it lacks, and can be taken back', async () => {
    const a = await person({ nationality: 'CHN' });
    const b = await person({ birthDate: '1985-03-12', sex: 'male', nationality: 'SGP' });
    const before = await state();
    const made = await merge(a, b);
    assert.equal(await survivorOf(db, b), a);
    assert.deepEqual(await values(a), { birth_date: '1985-03-12', sex: 'male', nationality: 'CHN' });
    assert.deepEqual(made.fields, [
      { field: 'birth_date', value: '1985-03-12', party_id: b, why: 'oldest_record' },
      { field: 'sex', value: 'male', party_id: b, why: 'oldest_record' },
      { field: 'nationality', value: 'CHN', party_id: a, why: 'survivor' },
      { field: 'founded_on', value: null, party_id: null, why: 'nobody_knows' },
    ]);
    const { split: taken } = await takeBack(made.id);
    assert.equal(taken?.reason, 'They are two');
    assert.equal(await survivorOf(db, b), b);
    assert.deepEqual(await state(), before);
    // Again changes nothing, and the trail stays.
    assert.deepEqual((await takeBack(made.id)).split, taken);
    assert.deepEqual(
      (await mergesOf(db, b)).map(({ id }) => id),
      [made.id],
    );
  });

  it('takes what a resident number proves before what the survivor says', async () => {
    const a = await person({ birthDate: '1985-12-03', sex: 'male' });
    const b = await person({
      birthDate: '1985-03-12',
      identifiers: [{ kind: 'resident_id', value: '110105198503120012' }],
    });
    const { fields } = await merge(a, b);
    assert.deepEqual(fields[0], { field: 'birth_date', value: '1985-03-12', party_id: b, why: 'resident_number' });
    // The survivor is found by what it is said to be now.
    assert.equal((await factsOf(db, [a]))[0]?.facts.birthDate, '1985-03-12');
  });

  it('leaves with the survivor what was changed since', async () => {
    const a = await person();
    const b = await person({ birthDate: '1985-03-12' });
    const { id } = await merge(a, b);
    await db.query("update parties.party set birth_date = '1985-03-13' where party_id = $1", [a]);
    await takeBack(id);
    assert.deepEqual(
      [await values(a), await values(b)].map((row) => row?.birth_date),
      ['1985-03-13', '1985-03-12'],
    );
  });

  it('may be one of a chain, and the middle may be taken out first', async () => {
    const [a, b, c] = [
      await person({ birthDate: '1985-03-12' }),
      await person({ sex: 'male' }),
      await person({ nationality: 'CHN' }),
    ] as const;
    const before = await state();
    const first = await merge(b, a);
    const second = await merge(c, b);
    assert.deepEqual(await values(c), { birth_date: '1985-03-12', sex: 'male', nationality: 'CHN' });
    assert.deepEqual(await values(b), { birth_date: null, sex: 'male', nationality: null });
    await takeBack(first.id);
    assert.deepEqual([await survivorOf(db, a), await survivorOf(db, b)], [a, c]);
    assert.deepEqual(await values(c), { birth_date: null, sex: 'male', nationality: 'CHN' });
    await takeBack(second.id);
    assert.deepEqual(await state(), before);
  });

  it('is made once, whoever asks at the same time, and never in a circle', async () => {
    const [a, b] = [await person(), await person()];
    const outcomes = await Promise.allSettled([merge(a, b), merge(b, a), merge(a, b), merge(b, a)]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    const survivors = [await survivorOf(db, a), await survivorOf(db, b)];
    assert.equal(survivors[0], survivors[1]);
  });

  it('is told to the books', async () => {
    const [a, b] = [await person(), await person()];
    const { id } = await merge(a, b);
    await takeBack(id);
    const { rows } = await db.query<{ type: string; payload: { survivor: string } }>(
      'select type, payload from kernel.event where subject = $1 order by position',
      [b],
    );
    assert.deepEqual(
      rows.map(({ type, payload }) => [type, payload.survivor]),
      [
        ['parties.merged', a],
        ['parties.split', a],
      ],
    );
  });

  describe('is refused', () => {
    const cases: [name: string, code: string, attempt: () => Promise<unknown>][] = [
      ['with itself', 'merge_with_itself', () => person().then((id) => merge(id, id))],
      ['with itself in capitals', 'merge_with_itself', () => person().then((id) => merge(id, id.toUpperCase()))],
      ['with nobody', 'party_not_found', () => person().then((id) => merge(id, newId()))],
      ['with what is no id', 'party_not_found', () => person().then((id) => merge(id, '1 or 1=1'))],
      [
        'of one that stands behind another',
        'merge_already_merged',
        async () => {
          const [a, b, c] = [await person(), await person(), await person()];
          await merge(a, b);
          await merge(c, b);
        },
      ],
      [
        'into one that stands behind another',
        'merge_already_merged',
        async () => {
          const [a, b, c] = [await person(), await person(), await person()];
          await merge(a, b);
          await merge(b, c);
        },
      ],
      [
        'of the two the other way round',
        'merge_already_merged',
        async () => {
          const [a, b] = [await person(), await person()];
          await merge(a, b);
          await merge(b, a);
        },
      ],
      [
        'of a person and an organisation',
        'merge_kind_differs',
        async () => merge(await person(), await addParty(db, { kind: 'organisation', names: ['龙门科技'] })),
      ],
      [
        'of a guardian and the ward',
        'merge_related',
        async () => {
          const [a, b] = [await person(), await person()];
          await db.query(
            `insert into parties.relation (relation_id, from_party_id, to_party_id, kind, valid_from, recorded_at)
             values ($1, $2, $3, 'guardian', '2020-01-01', $4)`,
            [newId(), a, b, clock.now().toString()],
          );
          await merge(b, a);
        },
      ],
      [
        'under an id that was used',
        'merge_different',
        async () => {
          const [a, b, c] = [await person(), await person(), await person()];
          const { id } = await merge(a, b);
          await merge(a, c, id);
        },
      ],
      [
        'without a reason',
        'merge_reason_required',
        async () => {
          const [a, b] = [await person(), await person()];
          await db.transaction((tx) =>
            mergeParties({ clock }, tx, { id: newId(), survivorId: a, absorbedId: b, reason: ' ' }),
          );
        },
      ],
      ['back when there is none', 'merge_not_found', () => takeBack(newId())],
    ];
    for (const [name, expected, attempt] of cases) {
      it(`${name}: ${expected}`, () => assert.rejects(attempt, code(expected)));
    }
  });
});

const someone: ExampleParty = {
  kind: 'person',
  names: ['欧阳建国'],
  birthDate: '1970-05-06',
  sex: 'male',
  phones: ['+8613800138000'],
  divisionCodes: ['110105'],
};

describe('a case', () => {
  it('is opened once per pair, decided, remembered, and opened again by a split', async () => {
    const [a, b] = [await addParty(db, someone), await addParty(db, { ...someone, names: ['歐陽建國'] })];
    const open = () => db.transaction((tx) => openCases({ clock }, tx, [b]));
    const [found] = await open();
    assert.deepEqual([found?.verdict, found?.matches[0]?.partyId], ['proposed', a]);
    await open();
    const cases = await listCases(db, { partyId: b }, { limit: 10 });
    assert.equal(cases.length, 1);
    const id = cases[0]?.id ?? '';
    const decide = (to: 'same' | 'different') =>
      db.transaction((tx) => decideCase({ clock }, tx, id, { state: to, reason }));
    const { merge: made } = await decide('same');
    assert.equal(await survivorOf(db, b), a);
    assert.equal((await decide('same')).merge, null);
    await assert.rejects(() => decide('different'), code('match_case_decided'));
    // They are one now, so nothing is to be proposed.
    assert.deepEqual((await open())[0]?.matches, []);
    await db.transaction((tx) => split({ clock }, tx, made?.id ?? '', 'Twins'));
    assert.equal((await decide('different')).case.state, 'different');
    assert.deepEqual((await open())[0]?.matches, []);
    assert.deepEqual(
      (await trailOf(db, id)).map((line) => line.state),
      ['same', 'open', 'different'],
    );
    // A third one like them is still proposed.
    const third = await checkUniqueness(db, [someone]);
    assert.deepEqual(new Set(third[0]?.matches.map(({ partyId }) => partyId)), new Set([a, b]));
    await assert.rejects(
      () => db.transaction((tx) => decideCase({ clock }, tx, newId(), { state: 'same', reason })),
      code('match_case_not_found'),
    );
  });
});

it('whatever was merged and split, when all is split every record is what it was', async () => {
  const dates = [null, '1985-03-12', '1990-01-01'];
  const anyParty = fc.record({
    birthDate: fc.constantFrom(...dates),
    sex: fc.constantFrom(null, 'female' as const, 'male' as const),
    proved: fc.boolean(),
    day: fc.integer({ min: 1, max: 28 }),
  });
  const anyStep = fc.record({ merge: fc.boolean(), one: fc.nat(9), other: fc.nat(9) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyParty, { minLength: 2, maxLength: 5 }),
      fc.array(anyStep, { maxLength: 14 }),
      fc.infiniteStream(fc.nat(99)),
      async (parties, steps, order) => {
        const ids: string[] = [];
        for (const { birthDate, sex, proved, day } of parties) {
          const identifiers = proved ? [{ kind: 'resident_id', value: newId() }] : [];
          const createdAt = `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`;
          ids.push(await person({ birthDate, sex, identifiers, createdAt }));
        }
        const before = await state();
        const inForce: string[] = [];
        const any = () => inForce[(order.next().value ?? 0) % inForce.length] ?? '';
        const remove = async (id: string) => {
          await takeBack(id);
          inForce.splice(inForce.indexOf(id), 1);
        };
        for (const { merge: merging, one, other } of steps) {
          if (merging) {
            await merge(ids[one % ids.length] ?? '', ids[other % ids.length] ?? '').then(
              ({ id }) => inForce.push(id),
              (error: unknown) => assert.ok(error instanceof LongmenError),
            );
          } else if (inForce.length > 0) await remove(any());
        }
        while (inForce.length > 0) await remove(any());
        assert.deepEqual(await state(), before);
      },
    ),
    { numRuns: 25 },
  );
});
