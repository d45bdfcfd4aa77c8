/** What keeps a process from being deployed: one line per case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executability } from './executability.ts';
import { readBpmn } from './read.ts';
import { toGraph } from './to-graph.ts';

function model(process: string): string {
  return `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
    xmlns:longmen="http://longmen.dev/schema/bpmn/1.0"><message id="m"/><signal id="g"/><error id="x"/>
    <globalUserTask id="global"/><process id="p">${process}</process></definitions>`;
}

const start = '<startEvent id="s"/>';
const end = '<endEvent id="e"/>';
const flow = (source: string, target: string, inner = '') =>
  `<sequenceFlow id="${source}-${target}" sourceRef="${source}" targetRef="${target}">${inner}</sequenceFlow>`;
const when = '<conditionExpression>a</conditionExpression>';
const through = (element: string) => `${start}${element}${end}${flow('s', 'a')}${flow('a', 'e')}`;
const caught = (definition: string) => through(`<intermediateCatchEvent id="a">${definition}</intermediateCatchEvent>`);
const signal = '<signalEventDefinition signalRef="g"/>';

const cases: readonly (readonly [codes: string, process: string])[] = [
  ['', through('<task id="a"/>')],
  ['', '<task id="a"/><task id="b"/>'],
  ['process_not_marked_executable', ''],
  ['process_start_missing', ''],
  ['process_start_missing', through('<subProcess id="a"/>')],
  ['process_start_multiple', `${start}<startEvent id="s2"/>${end}${flow('s', 'e')}${flow('s2', 'e')}`],
  ['process_id_missing', `${start}<task/>${flow('s', 'nothing')}`],
  ['process_flow_dangling', `${start}${flow('s', 'nothing')}`],
  ['process_flow_crosses_scope', `${start}<subProcess id="a"><task id="b"/></subProcess>${flow('s', 'b')}`],
  ['process_flow_misplaced', `${through('<task id="a"/>')}${flow('a', 's')}`],
  ['process_flow_misplaced', `${through('<task id="a"/>')}${flow('e', 'a')}`],
  ['process_default_misplaced', through('<task id="a" default="s-a"/>')],
  ['process_condition_misplaced', `${start}${end}${flow('s', 'e', when)}`],
  [
    'process_gateway_condition_missing',
    `${through('<exclusiveGateway id="a"/><task id="b"/>')}${flow('a', 'b', when)}`,
  ],
  [
    'process_gateway_condition_missing',
    `${through('<inclusiveGateway id="a"/><task id="b"/>')}${flow('a', 'b', when)}`,
  ],
  ['', `${through('<exclusiveGateway id="a" default="a-e"/><task id="b"/>')}${flow('a', 'b', when)}`],
  ['process_event_gateway_target', through('<eventBasedGateway id="a"/>')],
  ['process_node_unreachable', `${through('<task id="a"/>')}<task id="b"/>`],
  [
    'process_node_unreachable',
    `${through('<task id="a"/>')}<task id="b"/><task id="c"/>${flow('b', 'c')}${flow('c', 'b')}`,
  ],
  ['process_event_misplaced', `<startEvent id="s"><errorEventDefinition/></startEvent>`],
  ['process_event_misplaced', caught('')],
  ['process_event_misplaced', caught('<escalationEventDefinition/>')],
  [
    'process_event_misplaced',
    `${start}<endEvent id="e"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></endEvent>${flow('s', 'e')}`,
  ],
  ['process_event_misplaced', `${start}<endEvent id="e"><cancelEventDefinition/></endEvent>${flow('s', 'e')}`],
  [
    'process_event_misplaced',
    `${through('<task id="a"/>')}<boundaryEvent id="b" attachedToRef="a"><cancelEventDefinition/></boundaryEvent>`,
  ],
  [
    'process_event_misplaced',
    `${through('<task id="a"/>')}<boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><errorEventDefinition/></boundaryEvent>`,
  ],
  [
    'process_boundary_misplaced',
    `${through('<task id="a"/>')}<boundaryEvent id="b" attachedToRef="e">${signal}</boundaryEvent>`,
  ],
  [
    'process_event_sub_process_start',
    `${through('<task id="a"/>')}<subProcess id="b" triggeredByEvent="true"><startEvent id="i"/></subProcess>`,
  ],
  [
    '',
    `${through('<task id="a"/>')}<subProcess id="b" triggeredByEvent="true"><startEvent id="i">${signal}</startEvent></subProcess>`,
  ],
  [
    'process_link_unmatched',
    `${start}<intermediateThrowEvent id="a"><linkEventDefinition name="L"/></intermediateThrowEvent>${flow('s', 'a')}`,
  ],
  [
    'process_compensation_handler_missing',
    `${through('<task id="a"/>')}<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>`,
  ],
  ['process_compensation_handler_unused', `${through('<task id="a"/>')}<task id="b" isForCompensation="true"/>`],
  ['process_reference_unresolved', through('<task id="a"><outgoing>nothing</outgoing></task>')],
  ['process_id_repeated', `${through('<task id="a"/>')}<task id="a"/>`],
  ['process_element_not_executable', through('<complexGateway id="a"/>')],
  ['process_element_not_executable', through('<adHocSubProcess id="a"><task id="b"/></adHocSubProcess>')],
  ['process_element_not_executable', through('<serviceTask id="a"/>')],
  ['process_element_not_executable', through('<businessRuleTask id="a"/>')],
  ['process_element_not_executable', through('<scriptTask id="a"/>')],
  [
    'process_element_not_executable',
    through('<scriptTask id="a" scriptFormat="javascript"><script>1</script></scriptTask>'),
  ],
  ['process_element_not_executable', through('<sendTask id="a"/>')],
  ['process_element_not_executable', through('<receiveTask id="a"/>')],
  ['process_element_not_executable', through('<callActivity id="a"/>')],
  ['process_element_not_executable', through('<callActivity id="a" calledElement="global"/>')],
  ['process_element_not_executable', through('<task id="a" startQuantity="2"/>')],
  ['process_element_not_executable', through('<transaction id="a" method="##Store"><task id="b"/></transaction>')],
  ['process_element_not_executable', through('<task id="a"><standardLoopCharacteristics/></task>')],
  ['process_element_not_executable', through('<task id="a"><multiInstanceLoopCharacteristics/></task>')],
  [
    'process_element_not_executable',
    through(
      '<task id="a"><multiInstanceLoopCharacteristics behavior="One"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>',
    ),
  ],
  ['process_element_not_executable', caught('<messageEventDefinition/>')],
  ['process_element_not_executable', caught('<signalEventDefinition/>')],
  ['process_element_not_executable', caught('<timerEventDefinition/>')],
  ['process_element_not_executable', caught('<conditionalEventDefinition/>')],
  ['process_element_not_executable', caught(`<messageEventDefinition messageRef="m"/>${signal}`)],
  [
    'process_element_not_executable',
    `${start}<endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>${flow('s', 'e')}`,
  ],
];

for (const [code, process] of cases) {
  test(`${code || 'fine'}: ${process.slice(0, 150)}`, () => {
    const marked = model(process).replace(
      '<process id="p"',
      code === 'process_not_marked_executable' ? '<process id="p" isExecutable="false"' : '<process id="p"',
    );
    const result = toGraph(readBpmn(marked), 'p');
    const codes = result.problems.map((problem) => problem.code);
    if (code === '') assert.deepEqual([result.ok, codes], [true, []]);
    else assert.ok(codes.includes(code), codes.join());
    if (code !== '' && code !== 'process_not_marked_executable') assert.equal(result.ok, false);
  });
}

test('an expression that cannot be read is a warning that names it', () => {
  const condition = '<conditionExpression>a &gt;</conditionExpression>';
  const gateway = through('<exclusiveGateway id="a" default="a-e"/><task id="b"/>');
  const result = toGraph(readBpmn(model(`${gateway}${flow('a', 'b', condition)}`)), 'p');
  assert.equal(result.ok, true);
  assert.deepEqual(
    result.problems.map(({ code, element, severity }) => [code, element, severity]),
    [['process_expression_syntax', 'a-b', 'warning']],
  );
});

test('names with spaces are read when the process declares them', () => {
  const condition = '<conditionExpression>order total &gt; 3</conditionExpression>';
  const gateway = through('<exclusiveGateway id="a" default="a-e"/><task id="b"/>');
  const declared = `<dataObject id="d" name="order total"/>${gateway}${flow('a', 'b', condition)}`;
  assert.deepEqual(toGraph(readBpmn(model(declared)), 'p').problems, []);
});

test('a finding names the element', () => {
  const result = toGraph(readBpmn(model(through('<complexGateway id="a" name="Choose"/>'))), 'p');
  const [problem] = result.problems;
  assert.deepEqual(
    [problem?.code, problem?.element, problem?.name, problem?.kind],
    ['process_element_not_executable', 'a', 'Choose', 'complexGateway'],
  );
  assert.match(problem?.en ?? '', /complexGateway a "Choose".*complex gateways are not executed/);
});

test('every element is listed with whether it is executed and why not', () => {
  const document = readBpmn(
    model(`${through('<task id="a"/>')}<dataStoreReference id="d"/>`).replace(
      '<process',
      '<choreography id="c"><choreographyTask id="t" initiatingParticipantRef="q"/></choreography><process',
    ),
  );
  assert.deepEqual(
    executability(document).map(({ element, kind, executable }) => `${element} ${kind} ${executable}`),
    [
      'global globalUserTask false',
      'c choreography false',
      't choreographyTask false',
      'p process true',
      's startEvent true',
      'a task true',
      'e endEvent true',
      's-a sequenceFlow true',
      'a-e sequenceFlow true',
      'd dataStoreReference true',
    ],
  );
});
