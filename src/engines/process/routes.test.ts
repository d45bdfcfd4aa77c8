/** The process engine over real HTTP; what the elements do is told in the other tests. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openProcesses, processRoutes, workUntilIdle } from '#engines/process';
import { createBook } from '#kernel/events';
import { bpmn, flows } from '#test/bpmn';
import { caller, testServer } from '#test/http';

type Json = Record<string, unknown>;

const { url, authorized, engine } = await (async () => {
  let processes: ReturnType<typeof openProcesses> | undefined;
  const functions = { fails: () => Promise.reject(new Error('out of order')) };
  const server = await testServer({ after }, [
    (app, deps) => {
      processes = openProcesses({ db: deps.db, clock: deps.clock, functions });
      return processRoutes(processes)(app, deps);
    },
  ]);
  await server.db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, server.clock));
  const engine = await processes?.of('main');
  assert.ok(engine !== undefined);
  return { ...server, engine };
})();

const call = caller({ url, authorized }, '/api/v1/process');

async function ok(method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body);
  assert.ok(answer.status < 300, JSON.stringify(answer));
  return answer.body;
}

const review = bpmn(
  `<startEvent id="s"/><userTask id="u" name="Review" longmen:candidateRole="clerk"/><endEvent id="e"/>${flows('s>u>e')}`,
  '',
  'review',
);
const anna = { id: 'anna', roles: ['clerk'] };

async function begin(process: string, variables: Json = {}): Promise<string> {
  return String((await ok('POST', '/instances', { process, variables, actor: anna })).instance_id);
}

const actions = async (id: string) =>
  (await ok('GET', `/instances/${id}/trail`)).items.map(({ actor, action, detail }) => [
    actor,
    action,
    (detail as Json).reason ?? null,
    (detail as Json).via ?? null,
  ]);

test('a process is deployed, started, worked on and looked at', async () => {
  const deployed = await ok('POST', '/definitions', { document: review });
  const [{ process, version, repeated } = {}] = deployed.deployed as Json[];
  assert.deepEqual([process, version, repeated], ['review', 1, false]);
  assert.equal((await ok('GET', '/definitions/review/1')).document, review);
  const key = { 'idempotency-key': 'start-1' };
  const body = { process: 'review', business_key: 'R-1', variables: { amount: '12.30' }, actor: anna };
  const first = await call('POST', '/instances', body, key);
  const again = await call('POST', '/instances', body, key);
  assert.deepEqual([first.status, again.body], [201, first.body]);
  const id = String(first.body.instance_id);
  const { items } = await ok('GET', '/instances?process=review&business_key=R-1&status=running');
  assert.deepEqual(
    items.map((one) => [one.instance_id, (one.tokens as Json[])[0]?.node]),
    [[id, 'u']],
  );
  const [task] = (await ok('GET', '/tasks?role=clerk')).items;
  assert.equal(task?.name, 'Review');
  const refused = await call('POST', `/tasks/${task?.task_id}/complete`, {});
  assert.deepEqual([refused.status, refused.body.code], [403, 'process_action_forbidden']);
  await ok('POST', `/tasks/${task?.task_id}/claim`, { assignee: 'anna', actor: anna });
  const done = await ok('POST', `/tasks/${task?.task_id}/complete`, { result: { fine: true }, actor: anna });
  assert.equal(done.status, 'completed');
  const ended = await ok('GET', `/instances/${id}`);
  assert.deepEqual(ended.variables, { amount: '12.30', fine: true });
  const history = (await ok('GET', `/instances/${id}/history`)).items;
  assert.deepEqual(
    history.map((one) => one.node),
    ['s', 'u', 'e'],
  );
  assert.deepEqual(await actions(id), [
    ['anna', 'start', null, 'test'],
    ['anna', 'claim_task', null, 'test'],
    ['anna', 'complete_task', null, 'test'],
  ]);
  const [definition] = (await ok('GET', '/definitions?limit=1')).items;
  assert.deepEqual([definition?.deployed_by, definition?.open_instances], ['test', 0]);
});

test('start, suspend, resume, modify, migrate and cancel each say in the trail who did it, and why', async () => {
  const id = await begin('review');
  const by = { actor: { id: 'boss' } };
  assert.equal((await ok('POST', `/instances/${id}/suspend`, { ...by, reason: 'a question' })).status, 'suspended');
  assert.equal((await ok('POST', `/instances/${id}/resume`, by)).status, 'running');
  await ok('PATCH', `/instances/${id}/variables`, { ...by, variables: { x: 1 } });
  const [token] = (await ok('GET', `/instances/${id}`)).tokens as { token: number }[];
  await ok('POST', `/instances/${id}/modify`, {
    ...by,
    reason: 'again',
    cancel: [token?.token],
    start: [{ node: 'u' }],
  });
  await ok('POST', '/definitions', { document: review.replace('"Review"', '"Second review"') });
  const plan = { process: 'review', from: 1, to: 2, instance_ids: [id] };
  assert.deepEqual(await ok('POST', '/migrations/preview', plan), { moved: 1, refused: [] });
  assert.deepEqual(await ok('POST', '/migrations', { ...plan, ...by }), { moved: 1, refused: [] });
  assert.equal((await ok('GET', `/instances/${id}`)).version, 2);
  assert.equal((await ok('POST', `/instances/${id}/cancel`, { reason: 'not needed' })).status, 'cancelled');
  assert.deepEqual(await actions(id), [
    ['anna', 'start', null, 'test'],
    ['boss', 'suspend', 'a question', 'test'],
    ['boss', 'resume', null, 'test'],
    ['boss', 'set_variables', null, 'test'],
    ['boss', 'modify', 'again', 'test'],
    ['boss', 'migrate', null, 'test'],
    ['test', 'cancel', 'not needed', null],
  ]);
});

test('incidents are listed, retried and resolved', async () => {
  const document = bpmn(
    `<startEvent id="s"/><serviceTask id="f" longmen:function="fails" longmen:retries="0"/><endEvent id="e"/>${flows('s>f>e')}`,
    '',
    'failing',
  );
  await ok('POST', '/definitions', { document });
  const id = await begin('failing');
  for (const verb of ['retry', 'resolve']) {
    await workUntilIdle(engine);
    const [incident] = (await ok('GET', `/incidents?instance_id=${id}`)).items;
    assert.deepEqual([incident?.node, incident?.code], ['f', 'function_failed']);
    await ok('POST', `/instances/${id}/incidents/${incident?.token}/${verb}`, { reason: verb });
  }
  assert.equal((await ok('GET', `/instances/${id}`)).status, 'completed');
  assert.deepEqual(
    (await actions(id)).map(([, action]) => action),
    ['start', 'retry_incident', 'resolve_incident'],
  );
});

test('messages and signals reach those who wait', async () => {
  const document = bpmn(
    `<startEvent id="s"/><receiveTask id="r" messageRef="m" longmen:correlationKey="order"/>
     <intermediateCatchEvent id="c"><signalEventDefinition signalRef="g"/></intermediateCatchEvent>${flows('s>r>c')}`,
    '<message id="m" name="paid"/><signal id="g" name="closing"/>',
    'waiting',
  );
  await ok('POST', '/definitions', { document });
  const id = await begin('waiting', { order: 'A' });
  await ok('POST', '/messages', { name: 'paid', key: 'A', payload: { sum: '1.10' } });
  await workUntilIdle(engine);
  await ok('POST', '/signals', { name: 'closing' });
  await workUntilIdle(engine);
  const { status, variables } = await ok('GET', `/instances/${id}`);
  assert.deepEqual([status, variables], ['completed', { order: 'A', sum: '1.10' }]);
});

test('what is wrong is said with a code', async () => {
  const none = '01900000-0000-7000-8000-000000000001';
  const model = bpmn('<startEvent id="s"/><serviceTask id="f"/>', '', 'nothing');
  const wrong: [string, string, unknown, number, string][] = [
    ['POST', '/definitions', { document: '<a' }, 400, 'process_xml_malformed'],
    ['POST', '/definitions', { document: '<a/>' }, 400, 'process_not_bpmn'],
    ['POST', '/definitions', { document: model }, 422, 'process_model_invalid'],
    ['POST', '/decisions', { document: '<a/>' }, 400, 'decision_not_dmn'],
    ['POST', '/instances', { process: 'none' }, 404, 'process_not_found'],
    ['POST', '/instances', { process: 'review', version: 9 }, 404, 'process_version_not_found'],
    ['POST', '/instances', { process: 'review', book: 'none' }, 404, 'book_not_found'],
    ['POST', '/instances', { process: 'review', more: 1 }, 400, 'request_invalid'],
    ['GET', `/instances/${none}`, undefined, 404, 'process_instance_not_found'],
    ['GET', `/instances/${none}/trail`, undefined, 404, 'process_instance_not_found'],
    ['GET', '/instances/x', undefined, 400, 'request_invalid'],
    ['POST', `/instances/${none}/cancel`, {}, 404, 'process_instance_not_found'],
    ['POST', `/tasks/${none}/complete`, {}, 404, 'process_task_not_found'],
    ['POST', '/migrations/preview', { process: 'review', from: 1, to: 9 }, 404, 'process_version_not_found'],
    ['GET', '/instances?cursor=x', undefined, 400, 'cursor_invalid'],
  ];
  for (const [method, path, body, status, code] of wrong) {
    const answer = await call(method, path, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], `${method} ${path} ${JSON.stringify(answer)}`);
  }
  const response = await fetch(`${url}/api/v1/process/tasks`);
  assert.equal(response.status, 401);
});
