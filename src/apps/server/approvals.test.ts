/** Who is told of a request under four eyes, and what stands in the trail when it was carried out. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { assignRole, createAccess, createUnit, saveRole } from '#kernel/access';
import { createApprovals } from '#kernel/approvals';
import { searchAudit } from '#kernel/audit';
import { manualClock } from '#kernel/clock';
import { type Actor, currentContext, withContext } from '#kernel/context';
import { createStaff } from '#kernel/identity';
import { installTemplates, listNotifications } from '#kernel/notifications';
import { testDatabase } from '#test/database';
import { followApprovals } from './approvals.ts';

const db = await testDatabase({ after });
const clock = manualClock('2025-01-02T03:04:05Z');
const access = createAccess({ db, clock, rememberedSeconds: 0 });
const approvals = createApprovals({ db, clock, access });
approvals.listen(followApprovals(clock));
const change = approvals.define<{ to: number }>({
  name: 'thing:change',
  permission: 'thing:approve',
  schema: z.object({ to: z.number() }),
  hours: 1,
  unitOf: async () => east.unitId,
  describe: async (_tx, { to }) => ({ title: { zh: '变更额度', en: 'Change the limit' }, before: {}, after: { to } }),
  perform: async () => ({ status: 200, body: {} }),
});
const east = await db.transaction(async (tx) => {
  await installTemplates(tx, clock);
  const roles = { asks: ['thing:ask'], checks: ['thing:approve', 'approval:*'], both: ['thing:*'] };
  for (const [code, permissions] of Object.entries(roles)) {
    await saveRole(tx, { code, nameZh: code, nameEn: code, permissions }, clock);
  }
  await createUnit(tx, { code: 'west', name: '西支行', kind: 'branch' }, clock);
  return createUnit(tx, { code: 'east', name: '东支行', kind: 'branch' }, clock);
});

async function person(login: string, role: string, unit: string): Promise<Actor> {
  const { staff } = await db.transaction(async (tx) => {
    const made = await createStaff(
      tx,
      { login, name: `Name of ${login}`, email: `${login}@bank.example`, locale: 'en' },
      { linkHours: 1 },
      clock,
    );
    await assignRole(tx, { staffId: made.staff.staffId, role, unit }, clock);
    return made;
  });
  return { kind: 'staff', id: staff.staffId, name: staff.name };
}
const maker = await person('maker', 'both', 'east');
const checker = await person('checker', 'checks', 'institution');
const colleague = await person('colleague', 'checks', 'east');
const stranger = await person('stranger', 'checks', 'west');
const asker = await person('asker', 'asks', 'east');

async function ask(): Promise<string> {
  const right = await access.rightOf(maker, 'thing:ask');
  assert.ok(right !== null);
  const context = { ...currentContext(), actor: maker, ...right, permission: 'thing:ask' };
  const { body } = await withContext(context, () => db.transaction((tx) => change(tx, { to: 5 }, 'please')));
  return (body as { approval: { request_id: string } }).approval.request_id;
}
const decide = (work: () => Promise<unknown>) => withContext({ ...currentContext(), actor: checker }, work);
const people = [maker, checker, colleague, stranger, asker];
/** What each was told since last asked: template, subject and English title. */
const seen = new Set<string>();
async function news(): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const { id, name } of people) {
    for (const { notificationId, template, subject, title } of await listNotifications(db, id, {
      unread: false,
      limit: 50,
    })) {
      if (seen.has(notificationId)) continue;
      seen.add(notificationId);
      told[name] = `${template} ${subject} ${title.en}`;
    }
  }
  return told;
}

test('a request is told to those who may decide it, and to nobody else; the decision to who asked', async () => {
  const id = await ask();
  const waiting = `approval_waiting approval:${id} To approve: Change the limit`;
  assert.deepEqual(await news(), { [checker.name]: waiting, [colleague.name]: waiting });
  await decide(() => approvals.approve(checker, id, 'fine'));
  assert.deepEqual(await news(), { [maker.name]: `approval_decided approval:${id} Approved: Change the limit` });
  const [entry] = await searchAudit(db, { action: 'thing:change' }, 1);
  assert.deepEqual(
    [entry?.actorId, entry?.approvalId, entry?.subjects, entry?.unitId, entry?.reason],
    [maker.id, id, [`approval:${id}`], east.unitId, 'please'],
  );
});

test('a refusal and a request that lapsed are told, too, and nothing of them was carried out', async () => {
  const refused = await ask();
  await news();
  await decide(() => approvals.refuse(checker, refused, 'no'));
  assert.deepEqual(await news(), { [maker.name]: `approval_decided approval:${refused} Refused: Change the limit` });
  const lapsed = await ask();
  await news();
  clock.advance({ hours: 1 });
  assert.equal(await approvals.expire(), 1);
  assert.deepEqual(await news(), { [maker.name]: `approval_expired approval:${lapsed} Lapsed: Change the limit` });
  assert.equal((await searchAudit(db, { action: 'thing:change' }, 10)).length, 1);
});
