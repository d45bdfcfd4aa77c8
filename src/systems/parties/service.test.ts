/** Parties on a real database: what is kept, what is refused, what a branch sees. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLedger } from '#engines/ledger';
import { createUnit } from '#kernel/access';
import { manualClock } from '#kernel/clock';
import { currentContext, withContext } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { createBook, readEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { parseCurrency } from '#kernel/money';
import { testDatabase } from '#test/database';
import { mod11_2 } from './identifiers/check-digits.ts';
import {
  type AccountRight,
  addRelation,
  changeParty,
  consentInForce,
  createParties,
  endRelation,
  endRight,
  giveRight,
  grantConsent,
  listParties,
  listRelations,
  mayAct,
  type PartyInput,
  type Relation,
  type RelationKind,
  readBeneficialOwners,
  readGroup,
  readParty,
  simulatedVerification,
  survivorOf,
  useRight,
  verificationInForce,
  verifyIdentity,
  withdrawConsent,
} from './index.ts';

const timeZone = 'Asia/Shanghai';
const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');
const deps = { db, clock, timeZone };
const ledger = openLedger({ db, clock, timeZone });
after(() => ledger.close());
const { bookId } = await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
const [north, south] = await db.transaction(async (tx) => [
  await createUnit(tx, { code: 'north', name: '北支行', kind: 'branch' }, clock),
  await createUnit(tx, { code: 'south', name: '南支行', kind: 'branch' }, clock),
]);

const act = <T>(work: (tx: Transaction) => Promise<T>) => db.transaction(work);
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );
/** Runs work as somebody who may see some units. */
const within = <T>(units: readonly number[], work: () => Promise<T>) =>
  withContext({ ...currentContext(), visibility: units }, work);

/** A resident number that is right: born on a date, in an order (odd for men). */
function residentId(birth: string, order: string): string {
  const digits = `110105${birth.replaceAll('-', '')}${order}`;
  return digits + mod11_2(digits);
}

const person = (value: string, more: Partial<PartyInput> = {}): PartyInput => ({
  id: newId(clock),
  unitId: 1,
  kind: 'person',
  names: [{ kind: 'legal', value }],
  ...more,
});
const company = (value: string, more: Partial<PartyInput> = {}) => person(value, { kind: 'organisation', ...more });
const create = async (...inputs: PartyInput[]) => act((tx) => createParties(deps, tx, inputs));
const one = async (input: PartyInput) => (await create(input))[0] ?? '';

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

function relation(from: string, kind: RelationKind, to: string, more: Partial<Relation> = {}): Relation {
  const base = { id: newId(clock), from, to, kind, percentage: null, note: null, validUntil: null };
  return { ...base, validFrom: '2020-01-01', ...more };
}
const relate = (from: string, kind: RelationKind, to: string, more: Partial<Relation> = {}) =>
  act((tx) => addRelation(deps, tx, relation(from, kind, to, more)));

test('relations keep their rules over time', async () => {
  const born = (name: string, birthDate: string | null) => person(name, { birthDate });
  const [adult = '', child = '', unknown = '', firm = '', other = ''] = await create(
    born('甲', '1980-01-01'),
    born('乙', '2015-01-01'),
    born('丙', null),
    company('丁公司'),
    born('戊', '1985-01-01'),
  );
  assert.equal(await code(relate(adult, 'guardian', adult)), 'relation_with_itself');
  assert.equal(await code(relate(firm, 'spouse', adult)), 'relation_kind_wrong');
  assert.equal(await code(relate(adult, 'spouse', newId(clock))), 'party_not_found');
  assert.equal(await code(relate(adult, 'spouse', other, { validUntil: '2019-01-01' })), 'relation_invalid');
  assert.equal(await code(relate(adult, 'spouse', other, { percentage: '10' })), 'relation_invalid');
  assert.equal(await code(relate(child, 'guardian', other)), 'guardian_not_adult');
  assert.equal(await code(relate(unknown, 'guardian', child)), 'guardian_not_adult');
  assert.equal(await code(relate(firm, 'guardian', child, { validFrom: '2016-01-01' })), 'done');

  assert.equal(await code(relate(adult, 'guardian', unknown)), 'done');
  assert.equal(await code(relate(other, 'guardian', adult, { validUntil: '2021-01-01' })), 'done');
  assert.equal(await code(relate(adult, 'guardian', other, { validFrom: '2020-06-01' })), 'guardianship_cycle');
  assert.equal(await code(relate(adult, 'guardian', other, { validFrom: '2021-01-01' })), 'done');
  assert.equal(await code(relate(adult, 'parent', child)), 'done');
  assert.equal(await code(relate(child, 'parent', adult, { validFrom: '2024-01-01' })), 'parentage_cycle');

  const wedding = relation(adult, 'spouse', other);
  assert.deepEqual(await act((tx) => addRelation(deps, tx, wedding)), wedding);
  assert.deepEqual(await act((tx) => addRelation(deps, tx, wedding)), wedding);
  assert.equal(await code(act((tx) => addRelation(deps, tx, { ...wedding, note: 'x' }))), 'relation_different');
  assert.equal(await code(relate(other, 'spouse', adult, { validFrom: '2022-01-01' })), 'relation_exists');
  const end = (until: string) => act((tx) => endRelation(deps, tx, other, wedding.id, until));
  assert.equal((await end('2022-01-01')).validUntil, '2022-01-01');
  assert.equal(await code(end('2023-01-01')), 'relation_invalid');
  assert.equal(await code(relate(other, 'spouse', adult, { validFrom: '2022-01-01' })), 'done');
  const married = async (on: string) => (await listRelations(db, adult, on)).filter(({ kind }) => kind === 'spouse');
  assert.deepEqual(
    (await married('2021-12-31')).map(({ from }) => from),
    [adult],
  );
  assert.deepEqual(
    (await married('2022-01-01')).map(({ from }) => from),
    [other],
  );
});

test('a company is never held for more than 100 %, also by two at once', async () => {
  const [firm = '', ...holders] = await create(company('戊公司'), person('A'), person('B'), person('C'));
  const hold = (index: number, percentage: string, more: Partial<Relation> = {}) =>
    code(relate(holders[index] ?? '', 'shareholder', firm, { percentage, ...more }));
  assert.equal(await hold(0, '60', { validUntil: '2022-01-01' }), 'done');
  assert.equal(await hold(1, '40.0000000001'), 'shareholding_above_100');
  assert.equal(await hold(1, '100.1'), 'relation_invalid');
  assert.equal(await hold(1, '60', { validFrom: '2022-01-01' }), 'done');
  assert.equal(await hold(2, '40.0000000001', { validFrom: '2019-01-01' }), 'shareholding_above_100');
  const both = await Promise.all([
    hold(0, '30', { validFrom: '2023-01-01' }),
    hold(2, '30', { validFrom: '2023-01-01' }),
  ]);
  assert.deepEqual(both.sort(), ['done', 'shareholding_above_100']);
});

test('owners and groups are read through the whole institution, and named as far as one may see', async () => {
  const at = { unitId: north?.unitId ?? 0 };
  const away = { unitId: south?.unitId ?? 0 };
  const [target = '', middle = '', owner = '', manager = '', sister = ''] = await create(
    company('目标公司', at),
    company('中间公司', away),
    person('所有人', away),
    person('经理', at),
    company('姊妹公司', at),
  );
  await relate(owner, 'shareholder', middle, { percentage: '80' });
  await relate(middle, 'shareholder', target, { percentage: '51', validUntil: '2024-01-01' });
  await relate(middle, 'controller', sister);
  await relate(manager, 'senior_manager', target);
  const owners = (date: string) => readBeneficialOwners(db, target, { date, threshold: '25' });
  const then = await owners('2023-12-31');
  assert.deepEqual(
    then.owners.map(({ partyId, effectivePercentage, basis }) => [partyId, effectivePercentage, basis.join()]),
    [[owner, '40.8', 'ownership,control']],
  );
  assert.deepEqual(then.owners[0]?.paths[0]?.parties, [owner, middle, target]);
  const later = await owners('2024-01-01');
  assert.deepEqual(
    later.owners.map(({ partyId, basis }) => [partyId, basis.join()]),
    [[manager, 'senior_management']],
  );
  assert.deepEqual((await readGroup(db, sister, '2023-06-01')).members, [target, middle, owner, sister].sort());
  assert.deepEqual((await readGroup(db, sister, '2024-06-01')).members, [middle, owner, sister].sort());
  assert.equal(
    await code(readBeneficialOwners(db, owner, { date: '2024-01-01', threshold: '25' })),
    'relation_kind_wrong',
  );

  await within([at.unitId], async () => {
    const seen = await owners('2023-12-31');
    assert.deepEqual(
      seen.owners.map(({ partyId }) => partyId),
      [owner],
    );
    assert.deepEqual([...seen.parties.keys()], [target]);
    assert.deepEqual(
      (await listRelations(db, target)).map(({ from }) => from),
      [manager],
    );
    assert.equal(await code(readParty(db, owner)), 'party_not_found');
    assert.equal(await code(relate(manager, 'director', middle)), 'party_not_found');
    assert.equal(await code(create(person('外', away))), 'scope_too_narrow');
    assert.equal(await code(create(person('内', at))), 'done');
    assert.deepEqual((await listParties(db, { name: '所有' }, { limit: 10 })).length, 0);
  });
});

const currency = parseCurrency('CNY');

test('rights to accounts: who, how much, until when, and what was used today', async () => {
  const [owner = '', helper = '', child = ''] = await create(
    person('户主', { birthDate: '1980-01-01' }),
    person('代办'),
    person('孩子', { birthDate: '2015-01-01' }),
  );
  const [account, second] = [newId(clock), newId(clock)];
  await act((tx) =>
    ledger.openAccounts(
      tx,
      'main',
      [account, second].map((id) => ({ id, currency: 'CNY', code: '2011', side: 'credit' as const })),
    ),
  );
  const right = (partyId: string, kind: AccountRight['kind'], more: Partial<AccountRight> = {}): AccountRight => ({
    id: newId(clock),
    partyId,
    book: 'main',
    accountId: account,
    kind,
    currency: 'CNY',
    perTransactionMinor: null,
    perDayMinor: null,
    validFrom: '2025-01-01T00:00:00Z',
    validUntil: null,
    ...more,
  });
  const give = (given: AccountRight) => act((tx) => giveRight(deps, tx, given));
  const owned = right(owner, 'owner');
  await give(owned);
  assert.equal((await give(owned)).id, owned.id);
  assert.equal(await code(give({ ...owned, perDayMinor: 1n })), 'account_right_different');
  assert.equal(await code(give(right(owner, 'owner', { accountId: newId(clock) }))), 'account_not_found');
  assert.equal(await code(give(right(owner, 'owner', { currency: 'USD' }))), 'account_right_invalid');
  const limited = await give(right(helper, 'authorised', { perTransactionMinor: 100n, perDayMinor: 150n }));

  const may = async (party: string, amountMinor: bigint, at = now(), accountId = account) => {
    const answer = await mayAct(db, party, accountId, { amountMinor, currency }, at);
    return answer.allowed ? answer.kind : answer.code;
  };
  assert.equal(await may(owner, 10n ** 15n), 'owner');
  assert.equal(await may(child, 1n), 'right_missing');
  assert.equal(await may(helper, 101n), 'right_above_transaction_limit');
  const use = (reference: string, amountMinor: bigint) =>
    act((tx) =>
      useRight(deps, tx, { partyId: helper, accountId: account, amount: { amountMinor, currency }, reference }),
    );
  assert.equal((await use('r1', 100n)).rightId, limited.id);
  assert.equal((await use('r1', 100n)).rightId, limited.id);
  assert.equal(await code(use('r1', 99n)), 'account_right_invalid');
  assert.equal(await may(helper, 51n), 'right_above_day_limit');
  // Two at once: only one of them still fits into the day.
  assert.deepEqual((await Promise.all([code(use('r2', 40n)), code(use('r3', 40n))])).sort(), [
    'account_right_refused',
    'done',
  ]);
  // The next day, in China, begins at 16:00 UTC.
  assert.equal(await may(helper, 100n, '2025-01-02T16:00:00Z'), 'authorised');
  assert.equal(await may(helper, 100n, '2025-01-02T15:59:59Z'), 'right_above_day_limit');
  await act((tx) => endRight(deps, tx, helper, limited.id));
  clock.advance({ seconds: 1 });
  assert.equal(await may(helper, 1n), 'right_expired');

  await give(right(child, 'owner', { accountId: second }));
  const guarding = right(owner, 'guardian', { accountId: second });
  assert.equal(await code(give(guarding)), 'account_right_invalid');
  await relate(owner, 'guardian', child, { validUntil: '2033-01-01' });
  await give(guarding);
  assert.equal(await may(owner, 1n, now(), second), 'guardian');
  assert.equal(await may(owner, 1n, '2033-06-01T00:00:00Z', second), 'right_guardianship_ended');
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
