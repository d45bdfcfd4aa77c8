/** The executable graph: what it holds, and what keeps a process from having one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowNode, ProcessDefinition } from './graph.ts';
import { readBpmn } from './read.ts';
import { processIds, toGraph } from './to-graph.ts';

function model(process: string, beside = ''): string {
  return `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:longmen="http://longmen.dev/schema/bpmn/1.0" targetNamespace="urn:test">
    <message id="m" name="paid" longmen:correlationKey="order"/><error id="x" errorCode="E1"/><signal id="g" name="stop"/>
    <escalation id="l" escalationCode="L1"/>${beside}<process id="p">${process}</process></definitions>`;
}

function graph(process: string, beside?: string): ProcessDefinition {
  const result = toGraph(readBpmn(model(process, beside)), 'p');
  assert.deepEqual(result.ok ? [] : result.problems, []);
  assert.ok(result.ok);
  return result.definition;
}

function node<Kind extends FlowNode['kind']>(definition: ProcessDefinition, id: string, kind: Kind) {
  const found = definition.nodes.get(id);
  assert.equal(found?.kind, kind);
  return found as Extract<FlowNode, { kind: Kind }>;
}

const start = '<startEvent id="s"/>';
const flow = (source: string, target: string, inner = '') =>
  `<sequenceFlow id="${source}-${target}" sourceRef="${source}" targetRef="${target}">${inner}</sequenceFlow>`;
const when = '<conditionExpression>a</conditionExpression>';
/** A process that goes through one element. */
const through = (element: string, id = 'a') => `${start}${element}<endEvent id="e"/>${flow('s', id)}${flow(id, 'e')}`;

test('scopes, entries, flows in the order the node lists them, and conditions', () => {
  const definition = graph(`
    ${start}<endEvent id="e"/>
    <exclusiveGateway id="a" default="a-e"><outgoing>a-c</outgoing><outgoing>a-b</outgoing></exclusiveGateway>
    <task id="b"/><subProcess id="c"><task id="inner"/><dataObject id="d" name="order" isCollection="true"/></subProcess>
    ${flow('s', 'a')}${flow('a', 'b', when)}${flow('a', 'c', '<conditionExpression>= x &gt; 1 </conditionExpression>')}
    ${flow('a', 'e', when)}${flow('b', 'e')}${flow('c', 'e')}`);
  assert.deepEqual(definition.root.entryIds, ['s']);
  assert.deepEqual(node(definition, 'a', 'exclusiveGateway').outgoing, ['a-c', 'a-b', 'a-e']);
  assert.deepEqual(definition.flows.get('a-c')?.condition, { text: 'x > 1', elementId: 'a-c' });
  assert.equal(definition.flows.get('a-e')?.isDefault, true);
  assert.equal(definition.flows.get('a-e')?.condition, null, 'a default flow has no condition');
  const inner = definition.scopes.get('c');
  assert.deepEqual(inner?.entryIds, ['inner']);
  assert.deepEqual(inner?.variables, [{ id: 'd', name: 'order', isCollection: true }]);
  assert.equal(inner?.parentId, 'p');
});

test('messages with keys, and triggers that start an instance', () => {
  const definition = graph(`
    <startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>
    <intermediateCatchEvent id="c" longmen:correlationKey="= id"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
    <endEvent id="e"/>${flow('s', 'c')}${flow('c', 'e')}`);
  assert.deepEqual(definition.root.entryIds, []);
  assert.deepEqual(definition.root.triggerIds, ['s']);
  const { event } = node(definition, 'c', 'intermediateCatchEvent');
  assert.equal(event?.kind === 'message' ? event.key?.text : null, 'id');
  assert.equal(definition.messages.get('m')?.payloadKey?.text, 'order');
});

test('correlation properties of the standard make the keys', () => {
  const definition = graph(
    `${through('<receiveTask id="a" messageRef="n"/>')}<correlationSubscription correlationKeyRef="k">
      <correlationPropertyBinding correlationPropertyRef="y"><dataPath>my.year</dataPath></correlationPropertyBinding>
      <correlationPropertyBinding correlationPropertyRef="o"><dataPath>my.id</dataPath></correlationPropertyBinding>
    </correlationSubscription>`,
    `<message id="n"/><collaboration id="col"><correlationKey id="k"/></collaboration>
     <correlationProperty id="o"><correlationPropertyRetrievalExpression messageRef="n"><messagePath>order.id</messagePath>
     </correlationPropertyRetrievalExpression></correlationProperty>
     <correlationProperty id="y"><correlationPropertyRetrievalExpression messageRef="n"><messagePath>year</messagePath>
     </correlationPropertyRetrievalExpression></correlationProperty>`,
  );
  const { event } = node(definition, 'a', 'receiveTask');
  assert.equal(event.message.payloadKey?.text, '[(order.id), (year)]');
  assert.equal(event.key?.text, '[(my.id), (my.year)]');
});

const timers: readonly (readonly [element: string, kind: string, value: string])[] = [
  ['<timeDuration>P3D</timeDuration>', 'duration', 'literal P3D'],
  ['<timeDate>2030-01-31T09:00:00+08:00</timeDate>', 'date', 'literal 2030-01-31T09:00:00+08:00'],
  ['<timeCycle>R3/PT1H</timeCycle>', 'cycle', 'literal R3/PT1H'],
  ['<timeDuration> = wait </timeDuration>', 'duration', 'expression wait'],
  ['<timeDuration>duration("PT1M")</timeDuration>', 'duration', 'expression duration("PT1M")'],
];

for (const [element, kind, expected] of timers) {
  test(`timer ${element}`, () => {
    const definition = graph(
      through(`<intermediateCatchEvent id="a" longmen:calendar="CN_INTERBANK"><timerEventDefinition>${element}
        </timerEventDefinition></intermediateCatchEvent>`),
    );
    const { event } = node(definition, 'a', 'intermediateCatchEvent');
    assert.ok(event?.kind === 'timer');
    const { value } = event;
    assert.deepEqual(
      [event.timer, value.kind === 'literal' ? `literal ${value.text}` : `expression ${value.expression.text}`],
      [kind, expected],
    );
    assert.equal(event.calendar, 'CN_INTERBANK');
  });
}

test('data: associations, transformations, assignments and extension mappings, in that order', () => {
  const definition = graph(
    `<dataObject id="o"/><dataObjectReference id="r" name="order" dataObjectRef="o"/>${through(`<userTask id="a">
      <extensionElements><longmen:input source="1 + 1" target="two"/><longmen:output source="done" target="finished"/></extensionElements>
      <ioSpecification><dataInput id="i" name="request"/><dataInput id="j"/><dataOutput id="q" name="reply"/>
      <inputSet/><outputSet/></ioSpecification>
      <dataInputAssociation><sourceRef>r</sourceRef><targetRef>i</targetRef></dataInputAssociation>
      <dataInputAssociation><sourceRef>r</sourceRef><targetRef>j</targetRef></dataInputAssociation>
      <dataInputAssociation><targetRef>i</targetRef><assignment><from>order.id</from><to>i</to></assignment></dataInputAssociation>
      <dataOutputAssociation><sourceRef>q</sourceRef><targetRef>r</targetRef><transformation>reply.order</transformation></dataOutputAssociation>
    </userTask>`)}`,
  );
  const { inputs, outputs } = node(definition, 'a', 'userTask');
  const pairs = (list: typeof inputs) => list.map(({ source, target }) => `${target} := ${source.text}`);
  assert.deepEqual(pairs(inputs), ['request := order', 'order := order', 'request := order.id', 'two := 1 + 1']);
  assert.deepEqual(pairs(outputs), ['order := reply.order', 'finished := done']);
});

test('loops: standard, and multi-instance over a data input or by extension', () => {
  const definition = graph(`${start}<dataObject id="o" name="orders"/><dataObject id="t" name="totals"/>
    <task id="a"><standardLoopCharacteristics testBefore="true" loopMaximum="3"><loopCondition>x</loopCondition></standardLoopCharacteristics></task>
    <task id="b"><ioSpecification><dataInput id="i"/><dataOutput id="q"/><inputSet/><outputSet/></ioSpecification>
      <dataInputAssociation><sourceRef>o</sourceRef><targetRef>i</targetRef></dataInputAssociation>
      <dataOutputAssociation><sourceRef>q</sourceRef><targetRef>t</targetRef></dataOutputAssociation>
      <multiInstanceLoopCharacteristics isSequential="true"><loopDataInputRef>i</loopDataInputRef>
      <loopDataOutputRef>q</loopDataOutputRef><inputDataItem id="n" name="order"/><outputDataItem id="z" name="total"/>
      <completionCondition>count(totals) = 2</completionCondition></multiInstanceLoopCharacteristics></task>
    <task id="c"><multiInstanceLoopCharacteristics longmen:collection="= [1, 2]" longmen:item="n" longmen:outputCollection="all" longmen:outputItem="n * 2"/></task>
    <endEvent id="e"/>${flow('s', 'a')}${flow('a', 'b')}${flow('b', 'c')}${flow('c', 'e')}`);
  const standard = node(definition, 'a', 'task').loop;
  assert.ok(standard?.kind === 'standard');
  assert.deepEqual([standard.testBefore, standard.maximum, standard.condition?.text], [true, 3, 'x']);
  const b = node(definition, 'b', 'task');
  assert.deepEqual([b.inputs, b.outputs], [[], []], 'the collections are not mapped into each instance');
  const rows = [b.loop, node(definition, 'c', 'task').loop].map((loop) => {
    assert.ok(loop?.kind === 'multiInstance');
    const { sequential, collection, item, outputCollection, outputItem, completionCondition } = loop;
    return [sequential, collection?.text, item, outputCollection, outputItem?.text, completionCondition?.text];
  });
  assert.deepEqual(rows, [
    [true, 'orders', 'order', 'totals', 'total', 'count(totals) = 2'],
    [false, '[1, 2]', 'n', 'all', 'n * 2', undefined],
  ]);
});

test('compensation, boundary events and links are resolved', () => {
  const definition =
    graph(`${start}<task id="a"/><boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
    <boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><signalEventDefinition signalRef="g"/></boundaryEvent>
    <serviceTask id="h" isForCompensation="true" longmen:function="undo"/><association id="as" sourceRef="b" targetRef="h"/>
    <intermediateThrowEvent id="out"><linkEventDefinition name="L"/></intermediateThrowEvent>
    <intermediateCatchEvent id="in"><linkEventDefinition name="L"/></intermediateCatchEvent>
    <endEvent id="e"><compensateEventDefinition activityRef="a"/></endEvent><endEvent id="f"/>
    ${flow('s', 'a')}${flow('a', 'out')}${flow('in', 'e')}${flow('t', 'f')}`);
  const a = node(definition, 'a', 'task');
  assert.deepEqual([a.boundaryEventIds, a.compensationHandlerId], [['b', 't'], 'h']);
  assert.equal(node(definition, 'b', 'boundaryEvent').compensationHandlerId, 'h');
  assert.equal(node(definition, 't', 'boundaryEvent').interrupting, false);
  const { event } = node(definition, 'out', 'intermediateThrowEvent');
  assert.deepEqual(event, { kind: 'link', name: 'L', targetId: 'in' });
});

test('tasks: people, functions, decisions, scripts and calls', () => {
  const definition = graph(
    `${start}<userTask id="a" longmen:assignee="= requester" longmen:formKey="claim"><potentialOwner><resourceRef>r</resourceRef></potentialOwner></userTask>
    <serviceTask id="b" operationRef="op" longmen:retries="7" longmen:backoff="PT1M"/>
    <businessRuleTask id="c" longmen:decisionRef="limit" longmen:resultVariable="allowed"/>
    <scriptTask id="d" scriptFormat="feel"><script> 1 + 1 </script></scriptTask><callActivity id="f" calledElement="other"/>
    <endEvent id="e"/>${flow('s', 'a')}${flow('a', 'b')}${flow('b', 'c')}${flow('c', 'd')}${flow('d', 'f')}${flow('f', 'e')}`,
    '<resource id="r" name="clerk"/><interface id="if" name="Ledger"><operation id="op" name="hold"><inMessageRef>m</inMessageRef></operation></interface>',
  );
  const a = node(definition, 'a', 'userTask');
  assert.deepEqual(a.assignee, { kind: 'expression', expression: { text: 'requester', elementId: 'a' } });
  assert.deepEqual(a.candidateRoles, [{ kind: 'literal', text: 'clerk' }]);
  const b = node(definition, 'b', 'serviceTask');
  assert.deepEqual([b.function, b.retry], ['hold', { retries: 7, backoff: 'PT1M' }]);
  assert.deepEqual(node(definition, 'c', 'businessRuleTask').decision, { kind: 'literal', text: 'limit' });
  assert.equal(node(definition, 'd', 'scriptTask').script.text, '1 + 1');
  assert.deepEqual(node(definition, 'f', 'callActivity').calledElement, { kind: 'literal', text: 'other' });
});

test('processes of a document', () => {
  const document = readBpmn(model(start));
  assert.deepEqual(processIds(document), ['p']);
  const missing = toGraph(document, 'q');
  assert.deepEqual(
    missing.problems.map(({ code }) => code),
    ['process_not_in_document'],
  );
});
