/** The engine on a real database: what people and operators do. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bpmn, flows } from '#test/bpmn';
import { actor, e, engineFixture, s } from '#test/process-engine';
import {
  cancel,
  claim,
  complete,
  deploy,
  forgetHistory,
  listIncidents,
  listInstances,
  listTasks,
  migrate,
  modify,
  openProcess,
  previewMigration,
  readTrail,
  resolveIncident,
  resume,
  start,
  suspend,
  workUntilIdle,
} from './index.ts';

const cleanups: (() => Promise<void>)[] = [];
const fixture = await engineFixture({ after: (work) => cleanups.push(work) });
const { begin, clock, db, deployed, engine, nodes, onlyTask, view } = fixture;

after(async () => {
  for (const work of cleanups) await work();
  assert.deepEqual(fixture.failures, []);
});

test('start joins the transaction of the caller and is idempotent by id', async () => {
  const process = await deployed(`${s}<userTask id="u"/>${e}${flows('s>u>e')}`);
  const instanceId = '01900000-0000-7000-8000-000000000001';
  await assert.rejects(
    db.transaction(async (tx) => {
      await start(engine, tx, { process, instanceId });
      throw new Error('no');
    }),
  );
  await assert.rejects(view(instanceId), { code: 'process_instance_not_found' });
  const both = await Promise.all([1, 2].map(() => db.transaction((tx) => start(engine, tx, { process, instanceId }))));
  assert.deepEqual(both.map((one) => one.repeated).sort(), [false, true]);
});

test('an incident is resolved with a result, or the instance is cancelled', async () => {
  const process = await deployed(
    `${s}<serviceTask id="a" longmen:function="nowhere" longmen:retries="0"/>${e}${flows('s>a>e')}`,
  );
  const first = await begin(process);
  const second = await begin(process);
  await workUntilIdle(engine);
  const [incident] = await listIncidents(engine, db, { instanceId: first.instanceId });
  assert.equal(incident?.code, 'function_missing');
  const token = incident?.token ?? 0;
  await db.transaction((tx) => resolveIncident(engine, tx, first.instanceId, { token, result: { by: 'hand' }, actor }));
  assert.deepEqual((await view(first.instanceId)).variables, { by: 'hand' });
  await db.transaction((tx) => cancel(engine, tx, second.instanceId, { actor }));
  assert.equal((await view(second.instanceId)).status, 'cancelled');
  assert.equal((await listIncidents(engine, db)).length, 0);
});

test('a suspended instance stands still; its timers fire when it is resumed', async () => {
  const process = await deployed(
    `${s}<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>${e}${flows('s>t>e')}`,
  );
  const { instanceId } = await begin(process);
  await db.transaction((tx) => suspend(engine, tx, instanceId, { actor }));
  clock.advance('PT2H');
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'suspended');
  await db.transaction((tx) => resume(engine, tx, instanceId, { actor }));
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'completed');
});

test('tasks are claimed, and only by whom they are for', async () => {
  const process = await deployed(`${s}<userTask id="u" longmen:candidateRole="clerk"/>${e}${flows('s>u>e')}`);
  const { instanceId } = await begin(process);
  const taskId = await onlyTask(instanceId);
  const stranger = { id: 'carl', roles: [] };
  const as = (who: { id: string; roles: string[] }) =>
    db.transaction((tx) => complete(engine, tx, taskId, { actor: who }));
  await assert.rejects(as(stranger), { code: 'process_action_forbidden' });
  await db.transaction((tx) => claim(engine, tx, taskId, { assignee: actor.id, actor }));
  await assert.rejects(as({ id: 'bert', roles: ['clerk'] }), { code: 'process_task_claimed' });
  await as(actor);
  await assert.rejects(as(actor), (error: { code: string }) => /process_(task_closed|instance_ended)/.test(error.code));
});

test('instances stay on their version until they are migrated, with a preview', async () => {
  const body = (middle: string, chain: string) =>
    `${s}<userTask id="u"/><userTask id="gone"/>${middle}${e}${flows('s>u>gone>e', ...chain.split(';').filter(Boolean))}`;
  const process = await deployed(body('', ''));
  const stays = await begin(process);
  const moves = await begin(process);
  await db.transaction(async (tx) => complete(engine, tx, await onlyTask(stays.instanceId), { actor }));
  const second = `${s}<userTask id="u2"/><userTask id="check"/>
    <boundaryEvent id="t" attachedToRef="u2"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    ${e}<endEvent id="e2"/>${flows('s>u2>check>e', 't>e2')}`;
  await db.transaction((tx) => deploy(engine, tx, { document: bpmn(second, '', process), actor }));
  assert.equal((await view(moves.instanceId)).version, 1);
  const plan = { process, from: 1, to: 2, mapping: { u: 'u2' } };
  const expected = { moved: 1, refused: [stays.instanceId] };
  const preview = await previewMigration(engine, db, plan);
  assert.deepEqual({ ...preview, refused: preview.refused.map((one) => one.instanceId) }, expected);
  assert.equal(preview.refused[0]?.problems[0]?.code, 'node_missing');
  const done = await migrate(engine, plan, actor);
  assert.deepEqual({ ...done, refused: done.refused.map((one) => one.instanceId) }, expected);
  const moved = await view(moves.instanceId);
  assert.equal(moved.version, 2);
  assert.deepEqual(
    moved.tokens.map((token) => token.node),
    ['u2'],
  );
  // The boundary event the new version adds is open.
  clock.advance('PT1H');
  await workUntilIdle(engine);
  assert.equal(await nodes(moves.instanceId), 's u2! t e2');
  const versions = await listInstances(engine, db, { process });
  assert.deepEqual(versions.map((one) => one.version).sort(), [1, 2]);
});

test('a token is modified with a trail', async () => {
  const process = await deployed(`${s}<userTask id="a"/><userTask id="b"/>${e}${flows('s>a>b>e')}`);
  const { instanceId } = await begin(process);
  const [token] = (await view(instanceId)).tokens;
  await db.transaction((tx) =>
    modify(engine, tx, instanceId, { cancel: [token?.token ?? 0], start: [{ node: 'b' }], actor, reason: 'skipped' }),
  );
  assert.deepEqual(
    (await view(instanceId)).tokens.map((one) => one.node),
    ['b'],
  );
  const tasks = await listTasks(engine, db, { instanceId });
  assert.deepEqual(
    tasks.map((task) => task.node),
    ['b'],
  );
  const trail = await readTrail(engine, db, instanceId);
  assert.deepEqual(trail.at(-1)?.detail, {
    cancel: [token?.token],
    start: [{ node: 'b' }],
    reason: 'skipped',
  });
});

test('what cannot be executed is refused with the name of the element', async () => {
  const document = bpmn(
    `${s}<adHocSubProcess id="x" name="Anything"><task id="t"/></adHocSubProcess>${e}${flows('s>x>e')}`,
  );
  await assert.rejects(
    db.transaction((tx) => deploy(engine, tx, { document, actor })),
    (error: { code: string; message: string }) =>
      error.code === 'process_model_invalid' && error.message.includes('Anything'),
  );
});

test('rights are asked before anything is done', async () => {
  const careful = await openProcess({
    db,
    book: 'main',
    clock,
    authorize: (who, action) => who.id === 'root' || action === 'start',
  });
  const process = await deployed(`${s}<userTask id="u"/>${e}${flows('s>u>e')}`);
  const { instanceId } = await db.transaction((tx) => start(careful, tx, { process, actor }));
  await assert.rejects(
    db.transaction((tx) => cancel(careful, tx, instanceId, { actor })),
    { code: 'process_action_forbidden' },
  );
  await db.transaction((tx) => cancel(careful, tx, instanceId, { actor: { id: 'root' } }));
});

test('the history of instances that ended long ago can be let go of; what was done to them stays', async () => {
  const process = await deployed(`${s}<userTask id="u"/>${e}${flows('s>u>e')}`);
  const [ended, running] = [await begin(process), await begin(process)];
  await db.transaction((tx) => cancel(engine, tx, ended.instanceId, { actor }));
  assert.equal(await nodes(ended.instanceId), 's u!');
  const trail = (await readTrail(engine, db, ended.instanceId)).length;
  const forget = (hours: number) => forgetHistory(db, engine.bookId, clock.now().add({ hours }).toString());
  assert.equal(await forget(-1_000_000), 0);
  assert.ok((await forget(1)) >= 2);
  assert.equal(await forget(1), 0);
  assert.equal(await nodes(ended.instanceId), '');
  assert.equal(await nodes(running.instanceId), 's');
  assert.equal((await readTrail(engine, db, ended.instanceId)).length, trail);
  await assert.rejects(db.query('delete from process.history'), { code: '42501' });
});
