/** Reading, writing and comparing documents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical } from './canonical.ts';
import { extensionOf, mappingsIn } from './extension.ts';
import { attributeOf, childOf, childrenOf, isA, targetOf, textIn } from './model.ts';
import { readBpmn } from './read.ts';
import { writeBpmn } from './write.ts';

const bpmn = 'http://www.omg.org/spec/BPMN/20100524/MODEL';

function document(body: string, attributes = ''): string {
  return `<definitions xmlns="${bpmn}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:t="urn:test" xmlns:o="urn:other" targetNamespace="urn:test"${attributes}>${body}</definitions>`;
}

const small = document(`
  <!-- a comment -->
  <process id="p" isClosed="1">
    <documentation textFormat="text/html"><b>bold</b> &amp; <![CDATA[<raw>]]></documentation>
    <startEvent id="s" name=" two  spaces "><outgoing>f</outgoing></startEvent>
    <sequenceFlow id="f" sourceRef="s" targetRef="e">
      <conditionExpression xsi:type="tFormalExpression" language="feel"> a &gt; 1
</conditionExpression>
    </sequenceFlow>
    <endEvent id="e" o:mark="x"><extensionElements><o:deep> <o:inner at="t:e"/>  </o:deep></extensionElements></endEvent>
  </process>`);

test('what is read is typed', () => {
  const { definitions, byId, warnings } = readBpmn(small);
  assert.deepEqual(warnings, []);
  const [process] = childrenOf(definitions, 'rootElement');
  assert.ok(process !== undefined && isA(process, 'Process'));
  assert.equal(attributeOf(process, 'isClosed'), true);
  assert.equal(attributeOf(process, 'processType'), 'None');
  assert.equal(attributeOf(process, 'isExecutable'), undefined);
  const flow = byId.get('f');
  assert.ok(flow !== undefined && isA(flow, 'SequenceFlow'));
  assert.equal(targetOf(flow, 'targetRef'), byId.get('e'));
  const condition = childOf(flow, 'conditionExpression');
  assert.equal(condition?.type, 'FormalExpression');
  assert.equal(condition === undefined ? '' : textIn(condition), ' a > 1\n');
});

test('what is written reads the same, comments, CDATA and foreign elements included', () => {
  const written = writeBpmn(readBpmn(small));
  assert.equal(canonical(written), canonical(small));
  assert.match(written, /<!-- a comment -->/);
  assert.match(written, /<!\[CDATA\[<raw>\]\]>/);
  assert.match(written, /<o:deep> <o:inner at="t:e"\/> {2}<\/o:deep>/);
  assert.match(written, /name=" two {2}spaces "/);
});

test('what is written says UTF-8', () => {
  const written = writeBpmn(readBpmn(`<?xml version="1.0" encoding='UTF-16' standalone="yes"?>${small}`));
  assert.match(written, /^<\?xml version="1.0" encoding="UTF-8" standalone="yes"\?>/);
});

const base = document(
  '<process id="p" name="n"><task id="a"/><task id="b"/><documentation>x y</documentation></process>',
);

const equal: readonly (readonly [what: string, text: string])[] = [
  ['prefixes', base.replace(`xmlns="${bpmn}"`, `xmlns:m="${bpmn}"`).replace(/<(\/?)([a-z])/g, '<$1m:$2')],
  ['order of attributes', base.replace('id="p" name="n"', `name='n' id='p'`)],
  ['white space between elements', base.replaceAll('><', '>\n  <')],
  ['CDATA', base.replace('x y', '<![CDATA[x y]]>')],
  ['character references', base.replace('x y', 'x&#32;y')],
  ['defaults', base.replace('name="n"', 'name="n" isClosed="false" processType="None"')],
  ['unused declarations', base.replace('xmlns:t=', 'xmlns:unused="urn:unused" xmlns:t=')],
  ['XML declaration and byte order mark', `\ufeff<?xml version="1.0" encoding="UTF-8"?>\n${base}`],
  ['empty elements', base.replaceAll('<task id="a"/>', '<task id="a"></task>')],
];

for (const [what, text] of equal) {
  test(`canonical form is free of ${what}`, () => assert.equal(canonical(text), canonical(base)));
}

const different: readonly (readonly [what: string, text: string])[] = [
  ['an attribute', base.replace('name="n"', 'name="N"')],
  ['an absent attribute', base.replace('name="n"', '')],
  ['an attribute against the default', base.replace('name="n"', 'name="n" isClosed="true"')],
  ['order of elements', base.replace('<task id="a"/><task id="b"/>', '<task id="b"/><task id="a"/>')],
  ['white space in text', base.replace('x y', 'x  y')],
  ['a comment', base.replace('<task id="a"/>', '<task id="a"/><!-- c -->')],
  ['a foreign attribute', base.replace('<task id="a"/>', '<task id="a" o:x=""/>')],
  ['the namespace of an element', base.replace('<task id="a"/>', '<task xmlns="urn:other" id="a"/>')],
  ['the target namespace', base.replace('targetNamespace="urn:test"', 'targetNamespace="urn:other"')],
];

for (const [what, text] of different) {
  test(`canonical form shows ${what}`, () => assert.notEqual(canonical(text), canonical(base)));
}

test('a reference with the prefix of the document is its bare id; one of another namespace is not', () => {
  const flow = (ref: string) =>
    document(`<process id="p"><task id="a"/><sequenceFlow sourceRef="${ref}" targetRef="a"/></process>`);
  assert.equal(canonical(flow('t:a')), canonical(flow('a')));
  assert.notEqual(canonical(flow('o:a')), canonical(flow('a')));
  const [process] = childrenOf(readBpmn(flow('t:a')).definitions, 'rootElement');
  assert.ok(process !== undefined && isA(process, 'Process'));
  const sequence = childrenOf(process, 'flowElement')[1];
  assert.ok(sequence !== undefined && isA(sequence, 'SequenceFlow'));
  assert.equal(targetOf(sequence, 'sourceRef')?.type, 'Task');
});

const warned: readonly (readonly [code: string, body: string])[] = [
  ['process_element_unknown', '<process id="p"><tusk id="a"/></process>'],
  ['process_element_unknown', '<process id="p"><o:task id="a"/></process>'],
  ['process_element_unknown', '<process id="p"><message id="m"/></process>'],
  ['process_attribute_unknown', '<process id="p" colour="red"/>'],
  ['process_attribute_invalid', '<process id="p" isClosed="perhaps"/>'],
  ['process_attribute_invalid', '<process id="p" processType="Secret"/>'],
  ['process_text_unexpected', '<process id="p">words</process>'],
  ['process_element_repeated', '<process id="p"><auditing/><auditing/></process>'],
  ['process_id_repeated', '<process id="p"><task id="p"/></process>'],
  ['process_reference_unresolved', '<process id="p"><task id="a"><outgoing>nothing</outgoing></task></process>'],
  ['process_reference_type', '<process id="p"><task id="a" default="p"/></process>'],
  ['process_type_unknown', '<process id="p"><property xsi:type="tTask"/></process>'],
];

for (const [code, body] of warned) {
  test(`${code}: ${body}`, () => {
    const text = document(body);
    const read = readBpmn(text);
    assert.deepEqual(
      read.warnings.map((warning) => warning.code),
      [code],
    );
    assert.equal(canonical(writeBpmn(read)), canonical(text), 'what is not known is kept');
  });
}

test('a type of another document is no warning, and a reference of the wrong type is not followed', () => {
  const { byId, warnings } = readBpmn(
    document(
      '<error id="x" structureRef="o:Fault"/><process id="p"><callActivity id="c" calledElement="elsewhere"/></process>',
    ),
  );
  assert.deepEqual(warnings, []);
  assert.equal(byId.size, 3);
  const wrong = readBpmn(document('<process id="p"><sequenceFlow id="f" sourceRef="p" targetRef="f"/></process>'));
  const flow = wrong.byId.get('f');
  assert.ok(flow !== undefined && isA(flow, 'SequenceFlow'));
  assert.equal(targetOf(flow, 'sourceRef'), undefined);
});

test('choreographies, conversations and their diagrams', () => {
  const text = document(
    `<collaboration id="co"><participant id="p1"/><participant id="p2"/><messageFlow id="mf" sourceRef="p1" targetRef="p2"/>
      <subConversation id="sc"><participantRef>p1</participantRef><participantRef>p2</participantRef>
        <conversation id="cv"><messageFlowRef>mf</messageFlowRef></conversation></subConversation>
      <conversationLink id="cl" sourceRef="p1" targetRef="sc"/><choreographyRef>ch</choreographyRef></collaboration>
    <choreography id="ch"><participant id="q1"/><participant id="q2"/><messageFlow id="qf" sourceRef="q1" targetRef="q2"/>
      <subChoreography id="su" initiatingParticipantRef="q1"><outgoing>sf</outgoing><participantRef>q1</participantRef>
        <participantRef>q2</participantRef><choreographyTask id="ct" initiatingParticipantRef="q1" loopType="Standard">
        <participantRef>q1</participantRef><participantRef>q2</participantRef><messageFlowRef>qf</messageFlowRef>
        </choreographyTask></subChoreography><endEvent id="ce"/><sequenceFlow id="sf" sourceRef="su" targetRef="ce"/></choreography>
    <b:BPMNDiagram><b:BPMNPlane id="pl" bpmnElement="ch"><b:BPMNShape id="s1" bpmnElement="ct"><c:Bounds x="0" y="0.50" width="1e2" height="50"/></b:BPMNShape>
      <b:BPMNShape id="s2" bpmnElement="q1" participantBandKind="top_initiating" isMessageVisible="true" choreographyActivityShape="s1"><c:Bounds x="0" y="0" width="1" height="1"/></b:BPMNShape>
      <b:BPMNEdge bpmnElement="sf" messageVisibleKind="initiating"><d:waypoint xsi:type="c:Point" x="1" y="2"/><d:waypoint x="3" y="4"/></b:BPMNEdge>
    </b:BPMNPlane></b:BPMNDiagram>`,
    ` xmlns:b="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:d="http://www.omg.org/spec/DD/20100524/DI"
      xmlns:c="http://www.omg.org/spec/DD/20100524/DC"`,
  );
  const read = readBpmn(text);
  assert.deepEqual(read.warnings, []);
  assert.equal(canonical(writeBpmn(read)), canonical(text));
  assert.match(writeBpmn(read), /y="0.5" width="100"/);
});

const refused: readonly (readonly [code: string, text: string])[] = [
  ['process_xml_malformed', '<definitions>'],
  ['process_xml_malformed', ''],
  ['process_xml_malformed', `<!DOCTYPE definitions>${base}`],
  ['process_not_bpmn', '<definitions xmlns="urn:other"/>'],
  ['process_not_bpmn', `<process xmlns="${bpmn}"/>`],
];

for (const [code, text] of refused) {
  test(`${code}: ${text.slice(0, 40)}`, () => assert.throws(() => readBpmn(text), { code }));
}

test('extension values are attributes or elements, by namespace', () => {
  const { byId } = readBpmn(
    document(
      `<process id="p"><serviceTask id="a" lm:function="ledger.hold" o:function="no"><extensionElements>
        <lm:retries> 5 </lm:retries><lm:input source="order.id" target="id"/><lm:output target="receipt"/>
        <o:retries>9</o:retries></extensionElements></serviceTask></process>`,
      ' xmlns:lm="http://longmen.dev/schema/bpmn/1.0"',
    ),
  );
  const task = byId.get('a');
  assert.ok(task !== undefined);
  assert.deepEqual(
    [...extensionOf(task)],
    [
      ['function', 'ledger.hold'],
      ['retries', '5'],
    ],
  );
  assert.deepEqual(
    [...mappingsIn(task, 'input'), ...mappingsIn(task, 'output')].map(({ source, target }) => [source.text, target]),
    [
      ['order.id', 'id'],
      ['receipt', 'receipt'],
    ],
  );
});

test('a document made by a program gets the declarations it needs', () => {
  const read = readBpmn(small);
  const task = {
    type: 'Task',
    tag: 'task',
    attributes: new Map([['id', 'new']]),
    content: [],
    foreign: [],
    parent: null,
    line: 0,
  } as const;
  const process = {
    ...task,
    type: 'Process',
    tag: 'process',
    attributes: new Map([['id', 'made']]),
    content: [{ kind: 'element', slot: 'flowElement', element: task }],
  } as const;
  const definitions = {
    ...task,
    type: 'Definitions',
    tag: 'definitions',
    attributes: new Map([['targetNamespace', 'urn:made']]),
    content: [{ kind: 'element', slot: 'rootElement', element: process }],
  } as const;
  const written = writeBpmn({ ...read, before: [], after: [], definitions });
  assert.deepEqual(readBpmn(written).warnings, []);
  assert.match(written, /<bpmn:task id="new"\/>/);
});
