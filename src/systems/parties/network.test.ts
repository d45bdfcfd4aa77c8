/** What hangs between parties, on a real database: relations, owners, groups, rights, and what a branch sees of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { currentContext, withContext } from '#kernel/context';
import { newId } from '#kernel/ids';
import { parseCurrency } from '#kernel/money';
import { codeOf as code, partyHouse } from '#test/parties';
import {
  type AccountRight,
  addRelation,
  endRelation,
  endRight,
  giveRight,
  listParties,
  listRelations,
  mayAct,
  type Relation,
  readBeneficialOwners,
  readGroup,
  readParty,
  useRight,
} from './index.ts';

const house = await partyHouse({ after });
const { db, clock, deps, ledger, north, south, act, person, company, create, relation, relate } = house;
const now = () => clock.now().toString();
/** Runs work as somebody who may see some units. */
const within = <T>(units: readonly number[], work: () => Promise<T>) =>
  withContext({ ...currentContext(), visibility: units }, work);

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
  const at = { unitId: north.unitId };
  const away = { unitId: south.unitId };
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
