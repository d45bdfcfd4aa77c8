import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import {
  assignRole,
  createAccess,
  createUnit,
  delegate,
  endAssignment,
  installStandardRoles,
  saveRole,
} from '#kernel/access';
import { manualClock } from '#kernel/clock';
import { type Actor, currentContext, withContext } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { createApprovals } from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');
const access = createAccess({ db, clock, rememberedSeconds: 0 });
const approvals = createApprovals({ db, clock, access });
const tx = <T>(work: (one: Transaction) => Promise<T>) => db.transaction(work);

await tx((one) => installStandardRoles(one, clock));
const { unitId } = await tx((one) => createUnit(one, { code: 'east', name: '东支行', kind: 'branch' }, clock));
await tx((one) => createUnit(one, { code: 'west', name: '西支行', kind: 'branch' }, clock));
for (const [code, permissions] of [
  ['asks', ['thing:ask']],
  ['checks', ['thing:approve', 'approval:*']],
] as const) {
  await tx((one) => saveRole(one, { code, nameZh: code, nameEn: code, permissions }, clock));
}

/** What the command under test changes. */
let thing = 1;
let runs: { by: Actor; approvalId: string | null }[] = [];
const change = approvals.define<{ to: number }>({
  name: 'thing:change',
  permission: 'thing:approve',
  schema: z.object({ to: z.number() }),
  hours: 2,
  needed: async (_tx, { to }) => to > 10,
  unitOf: async () => unitId,
  describe: async () => ({ title: { zh: '变更', en: 'Change' }, before: { thing }, after: {} }),
  async perform(_tx, { to }) {
    if (to === 13) throw new Error('unlucky');
    thing = to;
    const { actor, approvalId } = currentContext();
    runs.push({ by: actor, approvalId });
    return { status: 200, body: { thing } };
  },
});

async function person(name: string, ...roles: [string, string][]): Promise<Actor> {
  const actor: Actor = { kind: 'staff', id: newId(), name };
  for (const [role, unit] of roles) await tx((one) => assignRole(one, { staffId: actor.id, role, unit }, clock));
  return actor;
}
/** As the HTTP door would run it. */
async function acting<T>(actor: Actor, permission: string, work: () => Promise<T>): Promise<T> {
  const right = await access.rightOf(actor, permission);
  assert.ok(right !== null, `${actor.name} holds ${permission}`);
  return withContext({ ...currentContext(), actor, ...right, permission }, work);
}
const ask = async (actor: Actor, to: number) => {
  const { status, body } = await acting(actor, 'thing:ask', () => tx((one) => change(one, { to }, 'please')));
  assert.equal(status, 202);
  return (body as { approval: { request_id: string } }).approval.request_id;
};
const approve = (actor: Actor, id: string) =>
  acting(actor, 'approval:decide', () => approvals.approve(actor, id, 'fine'));

const maker = await person('经办', ['asks', 'east'], ['checks', 'east']);
const checker = await person('复核', ['checks', 'institution']);
const stranger = await person('西复核', ['checks', 'west']);

test('what needs no second person is done at once, the rest waits and is done by the approval', async () => {
  runs = [];
  assert.equal((await acting(maker, 'thing:ask', () => tx((one) => change(one, { to: 5 })))).status, 200);
  const id = await ask(maker, 50);
  assert.equal(thing, 5);
  const approved = await approve(checker, id);
  assert.equal(thing, 50);
  assert.deepEqual(
    [approved.state, approved.status, approved.outcome, approved.checkerId, approved.reason, approved.before],
    ['approved', 200, { thing: 50 }, checker.id, 'please', { thing: 5 }],
  );
  assert.deepEqual(
    runs.map(({ by, approvalId }) => [by.id, approvalId]),
    [
      [maker.id, null],
      [maker.id, id],
    ],
  );
  await assert.rejects(approve(checker, id), { code: 'approval_decided' });
});

test('nobody is both pairs of eyes, in person or through a delegation', async () => {
  const id = await ask(maker, 60);
  await assert.rejects(approve(maker, id), { code: 'approval_by_maker' });
  // The maker lends the right to check to somebody who has none.
  const lent = await person('代理');
  await tx((one) => delegate(one, { fromId: maker.id, toId: lent.id, validUntil: '2025-02-01T00:00:00Z' }, clock));
  await assert.rejects(approve(lent, id), { code: 'approval_by_maker' });
  // Somebody asks in the maker's name; then the maker may not check either.
  const other = await ask(lent, 70);
  await assert.rejects(approve(maker, other), { code: 'approval_by_maker' });
  await assert.rejects(approve(lent, other), { code: 'approval_by_maker' });
  assert.equal((await approve(checker, other)).makerFor, maker.id);
  // A program that forgets all this is refused by the database.
  const write = (checkerId: string, checkerFor: string | null) =>
    db.query(
      `update kernel.approval_request set state = 'approved', decided_at = now(), checker_id = $2, checker_for = $3
        where request_id = $1`,
      [id, checkerId, checkerFor],
    );
  await assert.rejects(write(maker.id, null), /maker_is_not_checker/);
  await assert.rejects(write(newId(), maker.id), /maker_is_not_checker/);
  // And what was decided stays decided, and what was asked for stays what it was.
  const decided = await ask(maker, 75);
  await approve(checker, decided);
  await assert.rejects(
    db.query(`update kernel.approval_request set state = 'waiting' where request_id = $1`, [decided]),
    /is decided/,
  );
  await assert.rejects(
    db.query(`update kernel.approval_request set input = '{}' where request_id = $1`, [decided]),
    /permission denied/,
  );
});

test('a checker of another unit, and a machine, find nothing to decide', async () => {
  const id = await ask(maker, 80);
  await assert.rejects(approve(stranger, id), { code: 'approval_not_found' });
  const token: Actor = {
    kind: 'token',
    id: newId(),
    name: 'robot',
    grants: [{ patterns: ['*:*'], unitId: 1, from: null }],
  };
  await assert.rejects(approve(token, id), { code: 'approval_by_machine' });
  await assert.rejects(approve(checker, 'no uuid'), { code: 'approval_not_found' });
});

test('a machine that holds the exemption acts alone, one that does not asks', async () => {
  const machine = (...patterns: string[]): Actor => ({
    kind: 'token',
    id: newId(),
    name: 'core',
    grants: [{ patterns, unitId: 1, from: null }],
  });
  const post = (actor: Actor) => acting(actor, 'thing:ask', () => tx((one) => change(one, { to: 90 })));
  assert.equal((await post(machine('thing:ask', 'approval:exempt'))).status, 200);
  assert.equal((await post(machine('thing:ask'))).status, 202);
});

test('what has changed meanwhile, or is no longer the maker’s to ask, is not carried out', async () => {
  const stale = await ask(maker, 20);
  thing = 21;
  await assert.rejects(approve(checker, stale), { code: 'approval_outdated' });
  assert.equal(thing, 21);
  const leaver = await person('离职', ['asks', 'east']);
  const id = await ask(leaver, 30);
  const { rows } = await db.query<{ id: string }>(
    'select assignment_id as id from kernel.assignment where staff_id = $1',
    [leaver.id],
  );
  for (const row of rows) await tx((one) => endAssignment(one, row.id, clock));
  await assert.rejects(approve(checker, id), { code: 'approval_outdated' });
});

test('what fails keeps waiting; what is refused or taken back is never done', async () => {
  const unlucky = await ask(maker, 13);
  await assert.rejects(approve(checker, unlucky), /unlucky/);
  const refused = await acting(checker, 'approval:decide', () => approvals.refuse(checker, unlucky, 'no'));
  assert.deepEqual([refused.state, refused.decisionNote, refused.status], ['refused', 'no', null]);
  const id = await ask(maker, 40);
  await assert.rejects(
    acting(checker, 'approval:decide', () => approvals.withdraw(id)),
    { code: 'approval_not_found' },
  );
  assert.equal((await acting(maker, 'thing:ask', () => approvals.withdraw(id))).state, 'withdrawn');
  await assert.rejects(approve(checker, id), { code: 'approval_decided' });
});

test('a request ends when its time has passed', async () => {
  const id = await ask(maker, 45);
  clock.advance({ hours: 2 });
  await assert.rejects(approve(checker, id), { code: 'approval_expired' });
  assert.ok((await approvals.expire()) >= 1);
  await assert.rejects(approve(checker, id), { code: 'approval_decided' });
});

test('of two checkers at once, one decides', async () => {
  const second = await person('复核二', ['checks', 'institution']);
  const id = await ask(maker, 99);
  runs = [];
  const results = await Promise.allSettled([approve(checker, id), approve(second, id)]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(runs.length, 1);
});
