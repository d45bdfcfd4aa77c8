import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { manualClock } from '#kernel/clock';
import { LongmenError } from '#kernel/errors';
import { createBook } from '#kernel/events';
import { testDatabase } from '#test/database';
import { readParty } from '../service.ts';
import { survivorOf } from '../survivor.ts';
import { listCases } from '../uniqueness/cases.ts';
import { mergesOf, splitMerge } from '../uniqueness/merge.ts';
import type { RowError } from './columns.ts';
import { type Duplicate, importedPartyId, type PartyImportOptions } from './model.ts';
import { importParties, previewParties } from './service.ts';

const clock = manualClock('2026-03-02T01:00:00Z');
const db = await testDatabase({ after });
const deps = { db, clock, timeZone: 'Asia/Shanghai' };
const folder = mkdtempSync(join(tmpdir(), 'longmen-parties-'));
after(() => rmSync(folder, { recursive: true }));
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function run(path: string, options: Partial<PartyImportOptions> = {}) {
  const errors: RowError[] = [];
  const duplicates: Duplicate[] = [];
  const all = {
    source: 'old_core',
    onError: (error: RowError) => void errors.push(error),
    onDuplicate: (duplicate: Duplicate) => void duplicates.push(duplicate),
    ...options,
  };
  return {
    errors,
    duplicates,
    preview: () => previewParties(deps, path, all),
    import: () => importParties(deps, path, all),
  };
}

async function counted(): Promise<number[]> {
  const tables = ['parties.party', 'parties.match_key', 'parties.match_case', 'parties.imported', 'kernel.event'];
  const counts: number[] = [];
  for (const table of tables) {
    const { rows } = await db.query<{ count: number }>(`select count(*)::int as count from ${table}`);
    counts.push(rows[0]?.count ?? -1);
  }
  return counts;
}

const header = 'external_key,kind,name,birth_date,sex,identifier_kind,identifier,mobile,email,division_code,address\n';

describe('a file of parties', () => {
  const people = file(
    'people.csv',
    `\uFEFF${header}` +
      'k1,,王小明,,,resident_id,11010519491231002X,13800138000,w@example.com,110105,朝阳区1号\n' +
      'k2,person,李四,1990-02-30,,,,,,,\n' +
      'k3,,张三,1980-01-01,man,resident_id,110105194912310020,12345,not-an-address,999999,x\n' +
      ',,赵六,,,,,,,,\n' +
      'k1,,孙七,1970-01-01,,,,,,,\n' +
      'k6,,周八\n' +
      'k7,organisation,北京龙门科技有限公司,,,,,,,,\n' +
      'k8,,"王\n小明",1949-12-31,female,,,+86 138 0013 8000,,110105,\n',
  );

  it('is looked through without writing anything, each error with line, field and code', async () => {
    const before = await counted();
    const { preview, errors, duplicates } = await run(people);
    const counts = await preview();
    assert.deepEqual(await counted(), before);
    assert.deepEqual(counts, { rows: 8, refused: 5, unchanged: 0, new: 2, same: 0, proposed: 1, unsure: 0 });
    assert.deepEqual(
      errors.map(({ line, field, code }) => `${line} ${field} ${code}`),
      [
        '3 birth_date party_invalid',
        '4 sex field_invalid',
        '4 identifier identifier_check_digit_wrong',
        '4 mobile contact_invalid',
        '4 email contact_invalid',
        '4 address address_invalid',
        '5 external_key field_missing',
        '6 external_key external_key_repeated',
        '7 null row_malformed',
      ],
    );
    const [duplicate] = duplicates;
    assert.deepEqual(
      [duplicate?.line, duplicate?.like_line, duplicate?.party_id, duplicate?.verdict],
      [9, 2, null, 'proposed'],
    );
    assert.ok(duplicate?.reasons.some(({ field, level }) => field === 'phone' && level === 'same'));
  });

  it('is imported, errors left out, likenesses left to a person; the same again changes nothing', async () => {
    const first = await run(people);
    const result = await first.import();
    assert.deepEqual(result, {
      ...{ rows: 8, refused: 5, unchanged: 0, new: 2, same: 0, proposed: 1, unsure: 0 },
      ...{ created: 3, merged: 0, skipped: 0, cases: 1 },
    });
    const wang = await readParty(db, importedPartyId('old_core', 'k1'));
    assert.deepEqual([wang.name, wang.birthDate, wang.sex, wang.unitId], ['王小明', '1949-12-31', 'female', 1]);
    const [found] = await listCases(db, { partyId: wang.id }, { limit: 10 });
    assert.deepEqual(
      [found?.state, found?.verdict, found?.partyId],
      ['open', 'proposed', importedPartyId('old_core', 'k8')],
    );
    const before = await counted();
    const again = await (await run(people)).import();
    assert.deepEqual([again.unchanged, again.created, again.refused], [3, 0, 5]);
    assert.deepEqual(await counted(), before);
    const looked = await (await run(people)).preview();
    assert.deepEqual([looked.unchanged, looked.refused], [3, 5]);
  });

  it('goes on after it was cut off', async () => {
    const rows = Array.from({ length: 1_200 }, (_, place) => `p${place},,名字${place},,,,,,,,\n`);
    const cut = file('cut.csv', header + rows.slice(0, 700).join(''));
    assert.equal((await (await run(cut, { source: 'cut' })).import()).created, 700);
    const whole = file('whole.csv', header + rows.join(''));
    const result = await (await run(whole, { source: 'cut' })).import();
    assert.deepEqual([result.unchanged, result.created], [700, 500]);
  });

  it('refuses a row that comes with other content, and keeps what is there', async () => {
    const changed = file('changed.csv', `${header}k7,organisation,上海龙门科技有限公司,,,,,,,,\n`);
    const { import: start, errors } = await run(changed);
    assert.equal((await start()).refused, 1);
    assert.equal(errors[0]?.code, 'imported_differs');
    assert.equal((await readParty(db, importedPartyId('old_core', 'k7'))).name, '北京龙门科技有限公司');
  });

  it('merges who has the same number, keeps all that both said, and can be split', async () => {
    const more = file(
      'more.jsonl',
      `${JSON.stringify({ external_key: 'c9', name: 'Wang Xiaoming', identifier_kind: 'resident_id', identifier: '11010519491231002x', mobile: '13900139000' })}\n\n`,
    );
    const result = await (await run(more, { source: 'cards' })).import();
    assert.deepEqual([result.same, result.merged], [1, 1]);
    const [id, card] = [importedPartyId('old_core', 'k1'), importedPartyId('cards', 'c9')];
    assert.equal(await survivorOf(db, card), id);
    const wang = await readParty(db, card);
    assert.deepEqual(new Set(wang.names.map(({ value }) => value)), new Set(['王小明', 'Wang Xiaoming']));
    const [merge] = await mergesOf(db, card);
    await db.transaction((tx) => splitMerge(deps, tx, merge?.id ?? '', 'Another person after all'));
    assert.equal((await readParty(db, card)).name, 'Wang Xiaoming');
    assert.equal((await (await run(more, { source: 'cards' })).import()).unchanged, 1);
  });

  it('does not merge who has the same number but another name', async () => {
    const other = file(
      'other.jsonl',
      `${JSON.stringify({ external_key: 'x', name: '陈丽华', identifier_kind: 'resident_id', identifier: '11010519491231002X' })}\n`,
    );
    const result = await (await run(other, { source: 'other' })).import();
    assert.deepEqual([result.same, result.merged, result.created, result.cases], [1, 0, 1, 1]);
  });

  it('skips likenesses when told so, also within the file', async () => {
    const twice = file(
      'twice.csv',
      `${header}a,,司马相如,1975-05-05,male,,,13700137000,,110105,\nb,,司馬相如,1975-05-05,male,,,13700137000,,110105,\n`,
    );
    const result = await (await run(twice, { source: 'twice', choices: { proposed: 'skip' } })).import();
    assert.deepEqual([result.created, result.skipped], [1, 1]);
    const { rows } = await db.query<{ id: string }>(
      "select matched_party_id as id from parties.imported where source = 'twice' and external_key = 'b'",
    );
    assert.equal(rows[0]?.id, importedPartyId('twice', 'a'));
  });

  const refused: [name: string, code: string, start: () => Promise<unknown>][] = [
    ['that is not there', 'party_import_file_missing', async () => (await run(join(folder, 'none.csv'))).preview()],
    ['that is a folder', 'party_import_file_missing', async () => (await run(folder, { format: 'jsonl' })).preview()],
    ['of another kind', 'party_import_format_unknown', async () => (await run(file('a.xls', ''))).preview()],
    ['without a header', 'party_import_header_invalid', async () => (await run(file('e.csv', ''))).preview()],
    [
      'with an unknown column',
      'party_import_header_invalid',
      async () => (await run(file('u.csv', 'external_key,name,is_admin\n'))).preview(),
    ],
    [
      'with a column twice',
      'party_import_header_invalid',
      async () => (await run(file('t.csv', 'name,name\n'))).preview(),
    ],
    ['of no source', 'party_import_source_invalid', async () => (await run(people, { source: '../x' })).preview()],
    ['for no unit', 'party_import_unit_unknown', async () => (await run(people, { unit: 'nowhere' })).preview()],
  ];
  for (const [name, expected, start] of refused) {
    it(`${name} is refused: ${expected}`, () =>
      assert.rejects(start, (error: unknown) => error instanceof LongmenError && error.code === expected));
  }

  const damaged: [name: string, text: string | Uint8Array, expected: string][] = [
    [
      'not.jsonl',
      'no json\n{"external_key":1}\n[]\n{"evil":"x"}\n',
      '1 null row_malformed, 2 external_key field_invalid, 3 null row_malformed, 4 evil field_unknown',
    ],
    ['long.jsonl', `{"name":"${'x'.repeat(70_000)}"}\n`, '1 null row_too_long'],
    [
      'bytes.csv',
      Buffer.concat([Buffer.from(`${header}q1,,`), Buffer.from([0xff, 0xfe]), Buffer.from(',,,,,,,,\n')]),
      '2 name field_not_utf8, 2 name name_invalid',
    ],
  ];
  for (const [name, text, expected] of damaged) {
    it(`tells what is damaged in ${name}`, async () => {
      const { preview, errors } = await run(file(name, text));
      await preview();
      assert.equal(errors.map(({ line, field, code }) => `${line} ${field} ${code}`).join(', '), expected);
    });
  }
});
