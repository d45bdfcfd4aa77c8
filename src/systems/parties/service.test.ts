/** Parties on a real database: what is kept, what is found, what is refused. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Queryable } from '#kernel/database';
import { readEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { codeOf as code, partyHouse, residentId } from '#test/parties';
import {
  changeParty,
  consentInForce,
  grantConsent,
  listParties,
  type PartyInput,
  readParty,
  simulatedVerification,
  survivorOf,
  verificationInForce,
  verifyIdentity,
  withdrawConsent,
} from './index.ts';

const { db, clock, deps, bookId, act, person, company, create, one, relate } = await partyHouse({ after });

test('a party is created once, with what its number says, and an event without personal data', async () => {
  const input = person(' 王  小明 ', {
    names: [
      { kind: 'legal', value: '王小明' },
      { kind: 'transliteration', value: 'Wang  Xiaoming' },
    ],
    identifiers: [
      { kind: 'resident_id', value: '11010519491231002x', issuedOn: '2010-01-01', expiresOn: '2030-01-01' },
    ],
    addresses: [{ kind: 'residence', divisionCode: '110105', line: '建国路 1 号' }],
    contacts: [
      { kind: 'mobile', value: '138 1234 5678' },
      { kind: 'email', value: 'Wang@Example.COM' },
    ],
  });
  const id = await one(input);
  assert.equal(await one(input), id);
  assert.equal(await code(create({ ...input, names: [{ kind: 'legal', value: '李小明' }] })), 'party_different');
  const party = await readParty(db, id);
  assert.deepEqual(
    [party.name, party.birthDate, party.sex, party.nationality, party.version, party.unit],
    ['王小明', '1949-12-31', 'female', 'CHN', 1, 'institution'],
  );
  assert.deepEqual(
    party.names.map(({ script, value }) => `${script} ${value}`),
    ['Hani 王小明', 'Latn Wang Xiaoming'],
  );
  assert.equal(party.identifiers[0]?.value, '11010519491231002X');
  assert.deepEqual(party.contacts.map(({ value }) => value).sort(), ['+8613812345678', 'Wang@example.com']);
  const [event] = await readEvents(db, bookId, 0n, 10);
  assert.deepEqual(event && [event.type, event.subject, event.payload], [
    'parties.created',
    id,
    { party_id: id, kind: 'person', unit_id: 1 },
  ]);
});

test('what is wrong of a party is refused with its code, and nothing is kept', async () => {
  const id = (value: string, kind = 'resident_id', more = {}) => ({ identifiers: [{ kind, value, ...more }] });
  const number = residentId('1990-05-05', '001');
  const cases: readonly (readonly [PartyInput, string])[] = [
    [person('张三', id('110105194912310021')), 'identifier_check_digit_wrong'],
    [person('张三', id('110105194902300021')), 'identifier_birth_date_impossible'],
    [person('张三', id('110105491231002')), 'identifier_old_form'],
    [person('张三', id('1', 'tax_number')), 'identifier_kind_unknown'],
    [person('张三', id('E12345678', 'passport', { expiresOn: '2025-01-01' })), 'identifier_expired'],
    [person('张三', id('91110000600037341L', 'unified_social_credit_code')), 'identifier_kind_wrong'],
    [company('张三', id(number)), 'identifier_kind_wrong'],
    [person('张三', { ...id(number), birthDate: '1990-05-06' }), 'identifier_contradicts'],
    [person('张三', { ...id(number), sex: 'female' }), 'identifier_contradicts'],
    [person('张三', { ...id(number), nationality: 'USA' }), 'identifier_contradicts'],
    [person('张三', { birthDate: '2025-01-03' }), 'party_invalid'],
    [person('张三', { foundedOn: '2020-01-01' }), 'party_invalid'],
    [person('张三', { nationality: 'ZZZ' }), 'party_invalid'],
    [company('龙门', { birthDate: '2020-01-01' }), 'party_invalid'],
    [person('张三', { unitId: 999 }), 'party_invalid'],
    [person('张三', { id: 'x' }), 'party_invalid'],
    [person('…'), 'name_invalid'],
    [person('a\u0000b'), 'name_invalid'],
    [person('张三', { names: [{ kind: 'alias', value: '三哥' }] }), 'name_invalid'],
    [person('张三', { contacts: [{ kind: 'mobile', value: '12812345678' }] }), 'contact_invalid'],
    [person('张三', { contacts: [{ kind: 'email', value: 'a@b' }] }), 'contact_invalid'],
    [person('张三', { addresses: [{ kind: 'residence', divisionCode: '990000', line: 'x' }] }), 'address_invalid'],
    [person('张三', { addresses: [{ kind: 'residence', line: 'x' }] }), 'address_invalid'],
    [
      person('张三', { addresses: [{ kind: 'residence', country: 'USA', divisionCode: '110000', line: 'x' }] }),
      'address_invalid',
    ],
  ];
  for (const [input, expected] of cases) assert.equal(await code(create(input)), expected, JSON.stringify(input));
  assert.equal(await code(create(person('好'), person('坏', id('1')))), 'identifier_malformed');
  assert.equal((await listParties(db, { name: '好' }, { limit: 10 })).length, 0);
  assert.equal(await code(readParty(db, newId(clock))), 'party_not_found');
  assert.equal(await code(readParty(db, "' or 1=1 --")), 'party_not_found');
});

test('a party changes only as it was read; what no longer holds ends and stays on record', async () => {
  const id = await one(person('赵四', { contacts: [{ kind: 'mobile', value: '13900000001' }] }));
  const before = await readParty(db, id);
  const change = {
    sex: 'male' as const,
    add: {
      names: [{ kind: 'legal' as const, value: '赵五' }],
      contacts: [
        { kind: 'mobile' as const, value: '13900000002' },
        { kind: 'mobile' as const, value: '+86 139-0000-0001' },
      ],
    },
    end: before.names.map((name) => name.id),
  };
  const party = await act((tx) => changeParty(deps, tx, id, 1, change));
  assert.deepEqual([party.name, party.sex, party.version], ['赵五', 'male', 2]);
  assert.deepEqual(
    party.contacts.map(({ value }) => value),
    ['+8613900000001', '+8613900000002'],
  );
  const { rows } = await db.query<{ ended: boolean }>(
    'select ended_at is not null as ended from parties.party_name where party_id = $1 order by place',
    [id],
  );
  assert.deepEqual(rows, [{ ended: true }, { ended: false }]);
  const late = (more: object, version = 2) => code(act((tx) => changeParty(deps, tx, id, version, more)));
  assert.equal(await late({ sex: 'female' }, 1), 'party_version_conflict');
  assert.equal(await late({ end: party.names.map((name) => name.id) }), 'name_invalid');
  assert.equal(await late({ end: before.names.map((name) => name.id) }), 'party_invalid');
  const number = { kind: 'resident_id', value: residentId('1990-05-05', '002') };
  assert.equal(await late({ add: { identifiers: [number] } }), 'identifier_contradicts');
  assert.equal(await late({ state: 'closed' }), 'done');
  assert.equal(await late({ sex: 'female' }, 3), 'party_closed');
  assert.equal(await late({ state: 'active' }, 3), 'done');
});

test('parties are found by how a name begins, by number and by contact, page by page', async () => {
  const ids = await create(
    person('欧阳·娜娜', { identifiers: [{ kind: 'passport', value: 'E87654321' }] }),
    person('欧阳修', { contacts: [{ kind: 'email', value: 'xiu@song.cn' }] }),
    company('欧阳商行有限公司', { contacts: [{ kind: 'mobile', value: '13700000007' }] }),
  );
  const find = async (filter: Parameters<typeof listParties>[1], more = {}) =>
    (await listParties(db, filter, { limit: 10, ...more })).map(({ id }) => ids.indexOf(id));
  assert.deepEqual(await find({ name: '欧阳' }), [0, 1, 2]);
  assert.deepEqual(await find({ name: '欧阳娜' }), [0]);
  assert.deepEqual(await find({ name: '欧阳', kind: 'person' }), [0, 1]);
  assert.deepEqual(await find({ name: '阳' }), []);
  assert.deepEqual(await find({ identifier: 'e8765 4321' }), [0]);
  assert.deepEqual(await find({ identifier: 'E87654321', identifierKind: 'resident_id' }), []);
  assert.deepEqual(await find({ mobile: '+86 137 0000 0007' }), [2]);
  assert.deepEqual(await find({ email: 'xiu@SONG.cn', name: '欧阳' }), [1]);
  assert.deepEqual(await find({ name: '欧阳' }, { limit: 2 }), [0, 1]);
  assert.deepEqual(await find({ name: '欧阳' }, { after: ids[1] }), [2]);
  assert.equal(await code(find({ name: '%' })), 'party_invalid');
  assert.equal(await code(find({ identifier: 'x', identifierKind: 'x' })), 'identifier_kind_unknown');
});

test('reads of a merged party give the survivor with what both hold', async () => {
  const [kept = '', gone = ''] = await create(
    person('孙大', { contacts: [{ kind: 'mobile', value: '13600000001' }] }),
    person('孙大大', { contacts: [{ kind: 'mobile', value: '13600000002' }] }),
  );
  await act((tx) => grantConsent(deps, tx, consent(gone, {})));
  await db.query('update parties.party set merged_into = $2 where party_id = $1', [gone, kept]);
  assert.equal(await survivorOf(db, gone), kept);
  const party = await readParty(db, gone);
  assert.deepEqual([party.id, party.name, party.mergedIds], [kept, '孙大', [gone]]);
  assert.equal(party.contacts.length, 2);
  assert.deepEqual(
    (await listParties(db, { name: '孙大大' }, { limit: 10 })).map(({ id }) => id),
    [kept],
  );
  assert.notEqual(await consentInForce(db, kept, 'marketing', now()), null);
  assert.equal(await code(relate(gone, 'spouse', kept)), 'relation_with_itself');
});

const now = () => clock.now().toString();
const consent = (partyId: string, more: object) => ({
  id: newId(clock),
  partyId,
  purpose: 'marketing',
  textVersion: '2025-01',
  channel: 'counter',
  evidenceSha256: null,
  grantedAt: '2025-01-01T00:00:00Z',
  expiresAt: null,
  ...more,
});

test('a consent is in force from when it is given until it expires or is withdrawn', async () => {
  const id = await one(person('周六'));
  const grant = (more: object) => act((tx) => grantConsent(deps, tx, consent(id, more)));
  const first = await grant({ expiresAt: '2025-06-01T00:00:00Z' });
  assert.deepEqual(await grant({ id: first.id, expiresAt: '2025-06-01T00:00:00Z' }), first);
  assert.equal(await code(grant({ id: first.id })), 'consent_different');
  assert.equal(await code(grant({ grantedAt: '2025-01-03T00:00:00Z' })), 'consent_invalid');
  assert.equal(await code(grant({ expiresAt: '2024-01-01T00:00:00Z' })), 'consent_invalid');
  assert.equal(await code(grant({ purpose: 'Marketing!' })), 'consent_invalid');
  const inForce = async (at: string, purpose = 'marketing') => (await consentInForce(db, id, purpose, at)) !== null;
  assert.equal(await inForce('2024-12-31T23:59:59Z'), false);
  assert.equal(await inForce('2025-01-01T00:00:00Z'), true);
  assert.equal(await inForce('2025-05-31T23:59:59Z'), true);
  assert.equal(await inForce('2025-06-01T00:00:00Z'), false);
  assert.equal(await inForce('2025-02-01T00:00:00Z', 'credit.enquiry'), false);
  const withdraw = (party: string) => act((tx) => withdrawConsent(deps, tx, party, first.id));
  const withdrawn = await withdraw(id);
  assert.deepEqual(await withdraw(id), withdrawn);
  assert.equal(await inForce('2025-02-01T00:00:00Z'), false);
  assert.equal(await inForce('2025-01-01T12:00:00Z'), true);
  assert.equal(await code(withdraw(await one(person('吴七')))), 'consent_not_found');
});

test('identity is verified by the policy of the purpose; evidence is kept, not what was shown', async () => {
  const number = residentId('1990-05-05', '001');
  const id = await one(
    person('郑八', {
      identifiers: [{ kind: 'resident_id', value: number, expiresOn: '2026-01-01' }],
      contacts: [{ kind: 'mobile', value: '13500000005' }],
    }),
  );
  const port = simulatedVerification();
  const verify = (more: object = {}) =>
    verifyIdentity(deps, port, {
      id: newId(clock),
      partyId: id,
      purpose: 'account_opening',
      card: '4111 1111 1111 1111',
      documentReference: 'sim:1',
      livenessReference: 'sim:1',
      ...more,
    });
  const passed = await verify();
  assert.deepEqual([passed.outcome, passed.simulation, passed.provider], ['passed', true, 'simulator']);
  assert.deepEqual(await verify({ id: passed.id, documentReference: 'sim:forged' }), passed);
  const text = JSON.stringify((await db.query('select * from parties.verification')).rows);
  for (const secret of [number, '13500000005', '4111111111111111', '郑八']) assert.ok(!text.includes(secret));
  assert.equal((await verify({ documentReference: 'sim:forged' })).outcome, 'failed');
  assert.equal((await verificationInForce(db, id, 'account_opening', now()))?.id, passed.id);
  assert.equal(await verificationInForce(db, id, 'account_opening', '2026-06-01T00:00:00Z'), null);
  assert.equal(await verificationInForce(db, id, 'large_transfer', now()), null);
  assert.equal(await code(verify({ card: undefined })), 'verification_invalid');
  assert.equal(await code(verify({ card: '4111111111111112' })), 'verification_invalid');
  assert.equal(await code(verify({ livenessReference: undefined })), 'verification_invalid');
  assert.equal(await code(verify({ purpose: 'anything' })), 'verification_purpose_unknown');
  assert.equal(await code(verify({ identifierKind: 'passport' })), 'verification_invalid');
  assert.equal(await code(verify({ partyId: await one(company('己公司')) })), 'verification_invalid');
  assert.equal(await code(verify({ id: passed.id, partyId: await one(person('冯九')) })), 'verification_different');
  clock.set('2026-01-02T00:00:00Z');
  assert.equal(await code(verify()), 'identifier_expired');
});

test('the application may not rewrite what is history', async () => {
  const denied = (sql: string, on: Queryable = db) =>
    on.query(sql).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
  for (const sql of [
    'delete from parties.party',
    `update parties.identifier set value = 'x'`,
    'update parties.consent set granted_at = granted_at',
    'update parties.relation set percentage = 1',
    `update parties.verification set outcome = 'passed'`,
    'delete from parties.account_right_use',
  ]) {
    assert.equal(await denied(sql), '42501', sql);
  }
});
