import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { manualClock } from '#kernel/clock';
import { type Actor, asSystem, type Context, currentContext, type Visibility, withContext } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import {
  assignRole,
  checkPattern,
  closeUnit,
  covers,
  createAccess,
  createUnit,
  delegate,
  endAssignment,
  installStandardRoles,
  listUnits,
  saveRole,
  standardRoles,
  type UnitInput,
} from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');
const tx = <T>(work: (one: Transaction) => Promise<T>) => db.transaction(work);
const unit = (input: UnitInput) => tx((one) => createUnit(one, input, clock));
const staff = (name: string): Actor => ({ kind: 'staff', id: newId(), name });
const seeing = <T>(visibility: Visibility, work: () => Promise<T>) =>
  withContext({ ...(currentContext() as Context), visibility }, work);

await tx((one) => installStandardRoles(one, clock));
const north = await unit({ code: 'north', name: '北方银行', kind: 'legal_entity' });
const south = await unit({ code: 'south', name: '南方银行', kind: 'legal_entity' });
const haidian = await unit({ code: 'haidian', name: '海淀支行', kind: 'branch', parent: 'north' });
const counter = await unit({ code: 'counter', name: '柜面', kind: 'team', parent: 'haidian' });

test('a pattern covers what it says', () => {
  for (const [pattern, permission, expected] of [
    ['party:read', 'party:read', true],
    ['party:read', 'party:write', false],
    ['party:*', 'party:write', true],
    ['party:*', 'party.personal:read', false],
    ['party.*:read', 'party.personal:read', true],
    ['party.*:read', 'party:read', false],
    ['party.*:read', 'partying.x:read', false],
    ['*:read', 'ledger.account:read', true],
    ['*:read', 'ledger.account:write', false],
    ['*:*', 'anything:whatever', true],
  ] as const) {
    assert.equal(covers(pattern, permission), expected, `${pattern} ${permission}`);
  }
  for (const wrong of ['', 'party', 'party:', ':read', 'Party:read', 'a..b:read', '*.x:read', 'a b:read', 'x:r;']) {
    assert.throws(() => checkPattern(wrong), { code: 'permission_malformed' }, wrong);
  }
  for (const { permissions } of standardRoles) for (const pattern of permissions) checkPattern(pattern);
});

test('units stand where their kind belongs, once, and close from below', async () => {
  assert.deepEqual(await unit({ code: 'haidian', name: '海淀支行', kind: 'branch', parent: 'north' }), haidian);
  for (const [input, code] of [
    [{ code: 'haidian', name: '别的', kind: 'branch', parent: 'north' }, 'unit_different'],
    [{ code: 'x1', name: 'x', kind: 'legal_entity', parent: 'north' }, 'unit_kind_misplaced'],
    [{ code: 'x2', name: 'x', kind: 'team', parent: 'counter' }, 'unit_kind_misplaced'],
    [{ code: 'x3', name: 'x', kind: 'branch', parent: 'nowhere' }, 'unit_not_found'],
    [{ code: 'X', name: 'x', kind: 'branch' }, 'unit_code_invalid'],
  ] as const) {
    await assert.rejects(unit(input), { code }, input.code);
  }
  await assert.rejects(
    tx((one) => closeUnit(one, 'haidian', clock)),
    { code: 'unit_in_use' },
  );
  await unit({ code: 'closing', name: '待撤', kind: 'branch', parent: 'south' });
  assert.ok((await tx((one) => closeUnit(one, 'closing', clock))).closedAt !== null);
  await assert.rejects(unit({ code: 'below', name: 'x', kind: 'team', parent: 'closing' }), { code: 'unit_closed' });
});

test('a right is held in a unit and all below it, and nowhere else', async () => {
  const access = createAccess({ db, clock });
  const teller = staff('柜员');
  assert.equal(await access.rightOf(teller, 'ledger.account:read'), null);
  access.forget();
  const { assignmentId } = await tx((one) =>
    assignRole(one, { staffId: teller.id, role: 'teller', unit: 'haidian' }, clock),
  );
  assert.deepEqual(await access.rightOf(teller, 'ledger.account:read'), {
    visibility: [haidian.unitId, counter.unitId],
    onBehalfOf: null,
  });
  // The second time at once, without a promise.
  assert.ok(!(access.rightOf(teller, 'ledger.account:read') instanceof Promise));
  assert.equal(await access.rightOf(teller, 'general_ledger.period:close'), null);
  assert.notEqual(await access.rightIn(teller, 'ledger.account:read', counter.unitId), null);
  assert.equal(await access.rightIn(teller, 'ledger.account:read', south.unitId), null);
  await tx((one) => endAssignment(one, assignmentId, clock));
  access.forget();
  assert.equal(await access.rightOf(teller, 'ledger.account:read'), null);
});

test('a role in the institution itself sees everything; validity is kept', async () => {
  const access = createAccess({ db, clock });
  const auditor = staff('审计');
  const validUntil = '2025-02-01T00:00:00Z';
  await tx((one) => assignRole(one, { staffId: auditor.id, role: 'auditor', unit: 'institution', validUntil }, clock));
  assert.equal((await access.rightOf(auditor, 'party:read'))?.visibility, 'all');
  const later = createAccess({ db, clock: manualClock(validUntil) });
  assert.equal(await later.rightOf(auditor, 'party:read'), null);
});

test('a delegate acts in the name of who delegated, within their units, and cannot pass it on', async () => {
  const access = createAccess({ db, clock });
  const [head, deputy, third] = [staff('行长'), staff('副行长'), staff('职员')];
  await tx((one) => assignRole(one, { staffId: head.id, role: 'supervisor', unit: 'north' }, clock));
  const validUntil = '2025-01-03T00:00:00Z';
  const given = { fromId: head.id, toId: deputy.id, validUntil };
  await tx((one) => delegate(one, given, clock));
  const right = await access.rightOf(deputy, 'general_ledger.period:approve');
  assert.equal(right?.onBehalfOf?.id, head.id);
  assert.deepEqual(right?.visibility, [north.unitId, haidian.unitId, counter.unitId]);
  assert.equal(await access.rightIn(deputy, 'general_ledger.period:approve', north.unitId, [head.id]), null);
  for (const [input, code] of [
    [{ fromId: deputy.id, toId: third.id, validUntil }, 'delegation_of_nothing'],
    [{ fromId: head.id, toId: head.id, validUntil }, 'delegation_to_self'],
    [{ ...given, validUntil: '2025-01-01T00:00:00Z' }, 'validity_invalid'],
    [{ ...given, role: 'administrator' }, 'delegation_of_nothing'],
  ] as const) {
    await assert.rejects(
      tx((one) => delegate(one, input, clock)),
      { code },
    );
  }
  const later = createAccess({ db, clock: manualClock(validUntil) });
  assert.equal(await later.rightOf(deputy, 'general_ledger.period:approve'), null);
});

test('built-in roles are not changed, others may be', async () => {
  const role = { code: 'night_desk', nameZh: '夜班', nameEn: 'Night desk', permissions: ['party:read'] };
  await tx((one) => saveRole(one, role, clock));
  await tx((one) => saveRole(one, { ...role, permissions: ['party:*'] }, clock));
  for (const [input, code] of [
    [{ ...role, code: 'teller' }, 'role_built_in'],
    [{ ...role, permissions: ['party'] }, 'permission_malformed'],
  ] as const) {
    await assert.rejects(
      tx((one) => saveRole(one, input, clock)),
      { code },
    );
  }
});

test('a request sees its units, those above and those below; the house sees all', async () => {
  const codes = async () => (await listUnits(db)).map(({ code }) => code);
  assert.ok((await codes()).includes('south'));
  assert.deepEqual(await seeing([haidian.unitId, counter.unitId], codes), [
    'institution',
    'north',
    'haidian',
    'counter',
  ]);
  assert.deepEqual(await seeing([], codes), []);
  assert.ok((await seeing([haidian.unitId], () => asSystem(codes))).includes('south'));
});

test('what nobody protected is closed to a request, also for writing', async () => {
  await seeing([haidian.unitId], async () => {
    for (const sql of [
      'select * from kernel.assignment',
      'select * from kernel.idempotency_key',
      'select * from ledger.verify_counters',
    ]) {
      await assert.rejects(db.query(sql), { code: '42501' }, sql);
    }
    // Under a policy: nothing is there.
    assert.equal((await db.query('select from kernel.event')).rowCount, 0);
    assert.equal((await db.query(`update kernel.unit set name = 'x' where code = 'south'`)).rowCount, 0);
  });
});

test('a transaction keeps to its context through errors, savepoints and changes of context', async () => {
  const scoped: Visibility = [haidian.unitId];
  const count = async (one: { query: typeof db.query }) =>
    (await one.query<{ n: number }>('select count(*)::int as n from kernel.unit')).rows[0]?.n;
  const all = await count(db);
  await seeing(scoped, () =>
    db.transaction(async (one) => {
      const few = await count(one);
      assert.ok(few !== undefined && all !== undefined && few < all);
      assert.equal(await asSystem(() => count(one)), all);
      await one.query('savepoint here');
      await asSystem(() => count(one));
      await one.query('rollback to savepoint here');
      assert.equal(await count(one), few);
    }),
  );
  // The connections that served the request serve the house again, and the other way round.
  for (let round = 0; round < 20; round += 1) {
    const [whole, part] = await Promise.all([count(db), seeing(scoped, () => count(db))]);
    assert.ok(whole === all && part !== undefined && part < (all ?? 0));
    await seeing(scoped, () => db.transaction((one) => one.query('select 1 / 0'))).catch(() => undefined);
  }
});

test('every table that a request may reach is under row-level security', async () => {
  const { rows } = await db.admin.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join lateral aclexplode(c.relacl) acl
      where acl.grantee = 'longmen_staff'::regrole and c.relkind in ('r', 'p', 'v')
        and not c.relrowsecurity and not coalesce('security_invoker=true' = any (c.reloptions), false)`,
  );
  assert.deepEqual(rows, []);
});
