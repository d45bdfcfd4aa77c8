/** The engine on a real database: what callers and workers see. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readEvents } from '#kernel/events';
import { flows } from '#test/bpmn';
import { actor, e, engineFixture, s } from '#test/process-engine';
import {
  BusinessError,
  broadcastSignal,
  cancel,
  complete,
  deployDecisions,
  listIncidents,
  listInstances,
  listTasks,
  publish,
  readTrail,
  retryIncident,
  setVariables,
  workUntilIdle,
} from './index.ts';
import { callExternal, workBatch } from './worker.ts';

const cleanups: (() => Promise<void>)[] = [];
const fixture = await engineFixture({ after: (work) => cleanups.push(work) });
const { begin, calls, clock, db, deployed, engine, nodes, onlyTask, script, view } = fixture;

after(async () => {
  for (const work of cleanups) await work();
  assert.deepEqual(fixture.failures, []);
});

test('a process of people and functions runs to its end, with history, events and exact decimals', async () => {
  const process = await deployed(
    `${s}<serviceTask id="a" longmen:function="note"/><userTask id="u" name="Check" longmen:candidateRole="clerk"/>
     <scriptTask id="c" scriptFormat="FEEL" longmen:resultVariable="sum"><script>x + 0.2</script></scriptTask>${e}
     ${flows('s>a>u>c>e')}`,
  );
  const { instanceId, status } = await begin(process, { x: 0.1 });
  assert.equal(status, 'running');
  await workUntilIdle(engine);
  assert.deepEqual(calls.at(-1)?.input, { x: '0.1' });
  const taskId = await onlyTask(instanceId);
  const done = await db.transaction((tx) => complete(engine, tx, taskId, { result: { ok: true }, actor }));
  assert.equal(done.status, 'completed');
  const { variables } = await view(instanceId);
  assert.deepEqual(variables, { x: '0.1', noted: '0.1', ok: true, sum: '0.3' });
  assert.equal(await nodes(instanceId), 's a u c e');
  const events = (await readEvents(db, engine.bookId, 0n, 1000)).filter((event) => event.subject === instanceId);
  assert.deepEqual(
    events.map((event) => event.type),
    ['process.instance_started', 'process.task_created', 'process.task_completed', 'process.instance_ended'],
  );
  const { rows } = await db.query('select from process.work where instance_id = $1', [instanceId]);
  assert.equal(rows.length, 0);
});

test('what a function wrote is undone with its failure; retries back off and end in an incident', async () => {
  const process = await deployed(
    `${s}<serviceTask id="a" longmen:function="write" longmen:retries="1" longmen:backoff="PT10S"/>${e}${flows('s>a>e')}`,
  );
  const { instanceId } = await begin(process, { text: 'first', fail: true });
  await workUntilIdle(engine);
  assert.equal((await listIncidents(engine, db, { instanceId })).length, 0);
  clock.advance('PT10S');
  await workUntilIdle(engine);
  const [incident] = await listIncidents(engine, db, { instanceId });
  assert.equal(incident?.code, 'function_failed');
  assert.equal((await db.query(`select from shop.row where text = 'first'`)).rows.length, 0);
  const { token = 0 } = incident ?? {};
  await db.transaction((tx) =>
    retryIncident(engine, tx, instanceId, { token, variables: { fail: false }, actor, reason: 'mended' }),
  );
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'completed');
  assert.equal((await db.query(`select from shop.row where text = 'first'`)).rows.length, 1);
  assert.equal((await listIncidents(engine, db, { instanceId })).length, 0);
  assert.deepEqual(
    (await readTrail(engine, db, instanceId)).map((row) => `${row.actor} ${row.action}`),
    ['system start', 'anna retry_incident'],
  );
});

test('an error of a function is the error of the model', async () => {
  const process = await deployed(
    `${s}<serviceTask id="a" longmen:function="flaky"/><boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>
     ${e}<endEvent id="e2"/>${flows('s>a>e', 'b>e2')}`,
    '<error id="err" errorCode="REFUSED"/>',
  );
  script.push(() => {
    throw new BusinessError('REFUSED', 'no cover', { cover: 0 });
  });
  const { instanceId } = await begin(process);
  await workUntilIdle(engine);
  const { status, variables } = await view(instanceId);
  assert.equal(status, 'completed');
  assert.deepEqual(variables, { cover: 0, errorCode: 'REFUSED', errorMessage: 'no cover' });
});

test('external functions run outside with one idempotency key for all attempts', async () => {
  const process = await deployed(`${s}<serviceTask id="a" longmen:function="outside"/>${e}${flows('s>a>e')}`);
  script.push(() => {
    throw new Error('connection reset');
  });
  const { instanceId } = await begin(process);
  await workUntilIdle(engine);
  clock.advance('PT10S');
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'completed');
  const mine = calls.filter((call) => call.name === 'outside');
  assert.deepEqual(
    mine.map((call) => call.attempt),
    [1, 2],
  );
  assert.equal(new Set(mine.map((call) => call.key)).size, 1);
});

test('an outside call of a dead worker is taken over when its lease ends, and a late answer does not count', async () => {
  const process = await deployed(
    `${s}<serviceTask id="a" longmen:function="outside"/><userTask id="u"/>${e}${flows('s>a>u>e')}`,
  );
  script.push(
    () => ({ from: 'the second' }),
    () => ({ from: 'the first' }),
  );
  const { instanceId } = await begin(process);
  const { leased } = await workBatch(engine);
  const [lost] = leased;
  assert.ok(lost);
  await workUntilIdle(engine);
  assert.equal(await nodes(instanceId), 's');
  clock.advance('PT20S');
  await workUntilIdle(engine);
  await callExternal(engine, lost);
  assert.equal(await nodes(instanceId), 's a');
  assert.deepEqual((await view(instanceId)).variables, { from: 'the second' });
  const mine = calls.filter((call) => call.key.startsWith(instanceId));
  assert.deepEqual(
    mine.map((call) => call.attempt),
    [2, 1],
  );
});

test('timers fire in due order after downtime, cycles as often as they were missed', async () => {
  const timer = (kind: string, text: string) =>
    `<timerEventDefinition><${kind}>${text}</${kind}></timerEventDefinition>`;
  const process = await deployed(
    `${s}<userTask id="u"/>
     <boundaryEvent id="t2" attachedToRef="u" cancelActivity="false">${timer('timeDuration', 'PT2H')}</boundaryEvent>
     <boundaryEvent id="t1" attachedToRef="u" cancelActivity="false">${timer('timeCycle', 'R3/PT50M')}</boundaryEvent>
     <boundaryEvent id="t3" attachedToRef="u">${timer('timeDate', '2026-01-06T12:00:00')}</boundaryEvent>
     <endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/>${e}${flows('s>u>e', 't1>e1', 't2>e2', 't3>e3')}`,
  );
  clock.set('2026-01-05T01:00:00Z');
  const { instanceId } = await begin(process);
  await workUntilIdle(engine);
  assert.equal(await nodes(instanceId), 's');
  clock.set('2026-01-07T01:00:00Z');
  await workUntilIdle(engine);
  assert.equal(await nodes(instanceId), 's t1 e1 t1 e1 t2 e2 t1 e1 u! t3 e3');
});

test('a duration in a business calendar counts business days', async () => {
  const process = await deployed(
    `${s}<intermediateCatchEvent id="t" longmen:calendar="CN_INTERBANK"><timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition></intermediateCatchEvent>${e}${flows('s>t>e')}`,
  );
  // A Friday; Saturday and Sunday do not count.
  clock.set('2026-01-09T02:00:00Z');
  const { instanceId } = await begin(process);
  clock.set('2026-01-13T01:59:59Z');
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'running');
  clock.set('2026-01-13T02:00:00Z');
  await workUntilIdle(engine);
  assert.equal((await view(instanceId)).status, 'completed');
});

test('messages find the instance of their key, wait for it, and count once', async () => {
  const process = await deployed(
    `${s}<receiveTask id="a" messageRef="m" longmen:correlationKey="order"/><receiveTask id="b" messageRef="m" longmen:correlationKey="order"/>${e}${flows('s>a>b>e')}`,
    '<message id="m" name="paid"/>',
  );
  const first = await begin(process, { order: 'A' });
  const second = await begin(process, { order: 'B' });
  const messageId = '01900000-0000-7000-8000-0000000000aa';
  for (let time = 0; time < 2; time++) {
    await db.transaction((tx) => publish(engine, tx, { name: 'paid', key: 'B', messageId, payload: { sum: '1.10' } }));
  }
  await workUntilIdle(engine);
  assert.equal(await nodes(first.instanceId), 's');
  assert.equal(await nodes(second.instanceId), 's a');
  // Comes before anyone waits for it with this key, and is kept.
  await db.transaction((tx) => publish(engine, tx, { name: 'paid', key: 'C', ttl_ms: 60_000 }));
  await db.transaction((tx) => publish(engine, tx, { name: 'paid', key: 'D', ttl_ms: 60_000 }));
  const third = await begin(process, { order: 'C' });
  clock.advance('PT2M');
  const late = await begin(process, { order: 'D' });
  await workUntilIdle(engine);
  assert.equal(await nodes(third.instanceId), 's a');
  assert.equal(await nodes(late.instanceId), 's');
});

test('a message that ends its instance is taken, and not published again', async () => {
  const process = await deployed(
    `${s}<receiveTask id="a" messageRef="m"/>${e}${flows('s>a>e')}`,
    '<message id="m" name="last"/>',
  );
  const first = await begin(process);
  await db.transaction((tx) => publish(engine, tx, { name: 'last' }));
  await workUntilIdle(engine);
  assert.equal(await nodes(first.instanceId), 's a e');
  const second = await begin(process);
  await workUntilIdle(engine);
  assert.equal(await nodes(second.instanceId), 's');
});

test('messages and signals start instances; signals reach everyone', async () => {
  const roots = '<message id="m" name="claim"/><signal id="sg" name="closing"/>';
  const byMessage = await deployed(
    `<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>
     <intermediateCatchEvent id="c"><signalEventDefinition signalRef="sg"/></intermediateCatchEvent>${e}${flows('s>c>e')}`,
    roots,
  );
  const bySignal = await deployed(
    `<startEvent id="s"><signalEventDefinition signalRef="sg"/></startEvent>${e}${flows('s>e')}`,
    roots,
  );
  for (const amount of [1, 2]) {
    await db.transaction((tx) => publish(engine, tx, { name: 'claim', payload: { amount } }));
  }
  await workUntilIdle(engine);
  const waiting = await listInstances(engine, db, { process: byMessage });
  assert.deepEqual(
    waiting.map((one) => one.variables.amount),
    [1, 2],
  );
  await db.transaction((tx) => broadcastSignal(engine, tx, { name: 'closing' }));
  await workUntilIdle(engine);
  const ended = await listInstances(engine, db, { process: byMessage, status: 'completed' });
  assert.equal(ended.length, 2);
  assert.equal((await listInstances(engine, db, { process: bySignal, status: 'completed' })).length, 1);
});

test('a called process gets variables, gives them back, throws errors up and is cancelled with its caller', async () => {
  const called = await deployed(
    `${s}<userTask id="u"/><exclusiveGateway id="g" default="g_e"/>${e}<endEvent id="bad"><errorEventDefinition errorRef="err"/></endEvent>
     ${flows('s>u>g>e', 'g>bad ? wrong')}`,
    '<error id="err" errorCode="WRONG"/>',
  );
  const caller = await deployed(
    `${s}<callActivity id="a" calledElement="${called}"><extensionElements>
       <longmen:input source="x * 2" target="y"/><longmen:output source="z" target="result"/></extensionElements></callActivity>
     <boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>
     ${e}<endEvent id="e2"/>${flows('s>a>e', 'b>e2')}`,
    '<error id="err" errorCode="WRONG"/>',
  );
  const outcomes: string[] = [];
  for (const result of [{ z: 7 }, { wrong: true }]) {
    const { instanceId } = await begin(caller, { x: 4 });
    await workUntilIdle(engine);
    const [child] = await listInstances(engine, db, { parentId: instanceId });
    assert.deepEqual(child?.variables, { y: 8 });
    const taskId = await onlyTask(child?.instanceId ?? '');
    await db.transaction((tx) => complete(engine, tx, taskId, { result, actor }));
    await workUntilIdle(engine);
    outcomes.push(`${await nodes(instanceId)} ${(await view(instanceId)).variables.result}`);
  }
  assert.deepEqual(outcomes, ['s a e 7', 's a b e2 undefined']);
  const { instanceId } = await begin(caller, { x: 1 });
  await workUntilIdle(engine);
  await db.transaction((tx) => cancel(engine, tx, instanceId, { actor }));
  const [child] = await listInstances(engine, db, { parentId: instanceId });
  assert.equal(child?.status, 'cancelled');
});

test('what was called is cancelled in the transaction of its caller, level by level, or next when somebody has it', async () => {
  const lowest = await deployed(`${s}<userTask id="u"/>${e}${flows('s>u>e')}`);
  const middle = await deployed(`${s}<callActivity id="a" calledElement="${lowest}"/>${e}${flows('s>a>e')}`);
  const upper = await deployed(`${s}<callActivity id="a" calledElement="${middle}"/>${e}${flows('s>a>e')}`);
  const family = async () => {
    const { instanceId } = await begin(upper);
    await workUntilIdle(engine);
    const [child] = await listInstances(engine, db, { parentId: instanceId });
    const [grandchild] = await listInstances(engine, db, { parentId: child?.instanceId ?? '' });
    return [instanceId, child?.instanceId ?? '', grandchild?.instanceId ?? ''] as const;
  };
  const statuses = (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await view(id)).status));
  const first = await family();
  await db.transaction((tx) => cancel(engine, tx, first[0], { actor }));
  assert.deepEqual(await statuses(first), ['cancelled', 'cancelled', 'cancelled']);
  assert.deepEqual(await listTasks(engine, db, { instanceId: first[2] }), []);

  const second = await family();
  await db.transaction(async (other) => {
    await other.query('select from process.instance where book_id = $1 and instance_id = $2 for update', [
      engine.bookId,
      second[1],
    ]);
    await db.transaction((tx) => cancel(engine, tx, second[0], { actor }));
    assert.deepEqual(await statuses(second), ['cancelled', 'running', 'running']);
  });
  await workUntilIdle(engine);
  assert.deepEqual(await statuses(second), ['cancelled', 'cancelled', 'cancelled']);
});

test('a business-rule task uses the model its binding says, by default the latest', async () => {
  const dmn = (sum: string) => `<?xml version="1.0"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="prices" namespace="prices" id="prices">
  <inputData id="i" name="x"><variable name="x" typeRef="number"/></inputData>
  <decision id="d" name="Price"><variable name="Price" typeRef="number"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <literalExpression><text>${sum}</text></literalExpression></decision></definitions>`;
  const deployModel = (sum: string) =>
    db.transaction((tx) => deployDecisions(engine, tx, { document: dmn(sum), actor }));
  const asks = (binding: string) =>
    deployed(
      `${s}<businessRuleTask id="a" longmen:decisionRef="Price" longmen:resultVariable="price" ${binding}/>${e}${flows('s>a>e')}`,
    );
  const latest = await asks('');
  const early = await asks('longmen:decisionVersion="deployment"');
  await deployModel('x * 1.1');
  const second = await asks('longmen:decisionModel="prices" longmen:decisionVersion="2"');
  const bound = await asks('longmen:decisionVersion="deployment"');
  const prices: unknown[] = [];
  for (const sum of ['', 'x * 1.2', 'x * 1.3']) {
    if (sum !== '') await deployModel(sum);
    for (const process of [latest, bound, second, early]) {
      const { variables, tokens } = await view((await begin(process, { x: 3 })).instanceId);
      prices.push(variables.price ?? tokens[0]?.incident?.code);
    }
  }
  const none = 'process_not_found';
  assert.deepEqual(prices.slice(0, 4), ['3.3', '3.3', none, none]);
  assert.deepEqual(prices.slice(4, 8), ['3.6', '3.3', '3.6', none]);
  assert.deepEqual(prices.slice(8), ['3.9', '3.3', '3.6', none]);
  for (const binding of ['longmen:decisionVersion="newest"', 'longmen:decisionVersion="2"']) {
    await assert.rejects(asks(binding), { code: 'process_model_invalid' });
  }
});

test('conditions are looked at when variables change from outside', async () => {
  const process = await deployed(
    `${s}<intermediateCatchEvent id="c"><conditionalEventDefinition><condition>rate &gt; 0.05</condition></conditionalEventDefinition></intermediateCatchEvent>${e}${flows('s>c>e')}`,
  );
  const { instanceId } = await begin(process, { rate: 0 });
  await db.transaction((tx) => setVariables(engine, tx, instanceId, { variables: { rate: 0.06 }, actor }));
  assert.equal((await view(instanceId)).status, 'completed');
});

test('start timers begin an instance for each firing', async () => {
  clock.set('2026-02-02T00:00:00Z');
  const process = await deployed(
    `<startEvent id="s"><timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition></startEvent>${e}${flows('s>e')}`,
  );
  clock.advance('PT30M');
  await workUntilIdle(engine);
  assert.equal((await listInstances(engine, db, { process })).length, 0);
  clock.advance('PT9H');
  await workUntilIdle(engine);
  assert.equal((await listInstances(engine, db, { process, status: 'completed' })).length, 2);
});
