/** The table of element semantics. Visits are in the order they end; `!` was cancelled, `?` ended by an error. */
import { flows } from '#test/bpmn';
import type { Move } from './player.ts';

export interface Case {
  readonly name: string;
  readonly body: string;
  readonly roots?: string;
  /** Default: start. */
  readonly play?: readonly Move[];
  readonly visits: string;
  readonly variables?: object;
  /** Where it waits in the end; without it the instance has ended. */
  readonly open?: readonly string[];
  readonly status?: string;
}

const start = '<startEvent id="s"/>';
const end = '<endEvent id="e"/>';
const f = flows;
const task = (id: string, inside = '') => `<task id="${id}">${inside}</task>`;
const user = (id: string, inside = '') => `<userTask id="${id}">${inside}</userTask>`;
const job = (id: string, inside = '') => `<serviceTask id="${id}" longmen:function="f">${inside}</serviceTask>`;
const script = (id: string, text: string, to: string) =>
  `<scriptTask id="${id}" scriptFormat="FEEL" longmen:resultVariable="${to}"><script>${text}</script></scriptTask>`;
const timer = (text: string) => `<timerEventDefinition><timeDuration>${text}</timeDuration></timerEventDefinition>`;
const boundary = (id: string, on: string, definition: string, cancels = true) =>
  `<boundaryEvent id="${id}" attachedToRef="${on}" cancelActivity="${cancels}">${definition}</boundaryEvent>`;
const catching = (id: string, definition: string) =>
  `<intermediateCatchEvent id="${id}">${definition}</intermediateCatchEvent>`;
const throwing = (id: string, definition: string) =>
  `<intermediateThrowEvent id="${id}">${definition}</intermediateThrowEvent>`;
const ending = (id: string, definition: string) => `<endEvent id="${id}">${definition}</endEvent>`;
const sub = (id: string, inside: string) => `<subProcess id="${id}">${inside}</subProcess>`;
const eventSub = (id: string, inside: string) =>
  `<subProcess id="${id}" triggeredByEvent="true">${inside}</subProcess>`;
const starting = (id: string, definition: string, interrupts = true) =>
  `<startEvent id="${id}" isInterrupting="${interrupts}">${definition}</startEvent>`;
const condition = (text: string) =>
  `<conditionalEventDefinition><condition>${text}</condition></conditionalEventDefinition>`;
const compensable = (id: string, handler: string) =>
  `${task(id)}${boundary(`b_${id}`, id, '<compensateEventDefinition/>')}
   <task id="${handler}" isForCompensation="true"/>
   <association id="link_${id}" sourceRef="b_${id}" targetRef="${handler}" associationDirection="One"/>`;

const roots = `<message id="m" name="order"/><signal id="sig" name="alarm"/><error id="err" errorCode="E1"/>
  <error id="err2" errorCode="E2"/><escalation id="esc" escalationCode="X1"/>`;
const message = '<messageEventDefinition messageRef="m"/>';
const signal = '<signalEventDefinition signalRef="sig"/>';
const error = '<errorEventDefinition errorRef="err"/>';
const anyError = '<errorEventDefinition/>';
const escalation = '<escalationEventDefinition escalationRef="esc"/>';
const compensate = '<compensateEventDefinition/>';
const terminate = '<terminateEventDefinition/>';
const cancelDefinition = '<cancelEventDefinition/>';

export const cases: readonly Case[] = [
  // Tasks
  { name: 'none task', body: `${start}${task('a')}${end}${f('s>a>e')}`, visits: 's a e' },
  { name: 'manual task', body: `${start}<manualTask id="a"/>${end}${f('s>a>e')}`, visits: 's a e' },
  { name: 'user task waits', body: `${start}${user('a')}${end}${f('s>a>e')}`, visits: 's', open: ['a'] },
  {
    name: 'user task gives its result',
    body: `${start}${user('a')}${end}${f('s>a>e')}`,
    play: ['start', ['do a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'service task is a job',
    body: `${start}${job('a')}${end}${f('s>a>e')}`,
    play: ['start', 'do a'],
    visits: 's a e',
  },
  {
    name: 'script task is exact',
    body: `${start}${script('a', '0.1 + 0.2', 'x')}${end}${f('s>a>e')}`,
    visits: 's a e',
    variables: { x: '0.3' },
  },
  {
    name: 'business-rule task',
    body: `${start}<businessRuleTask id="a" longmen:decisionRef="d" longmen:resultVariable="x"/>${end}${f('s>a>e')}`,
    visits: 's a e',
    variables: { x: 'decided' },
  },
  {
    name: 'send task publishes',
    body: `${start}<sendTask id="a" messageRef="m"/>${end}${f('s>a>e')}`,
    roots,
    visits: 's order> a e',
  },
  {
    name: 'receive task takes the payload over',
    body: `${start}<receiveTask id="a" messageRef="m"/>${end}${f('s>a>e')}`,
    roots,
    play: ['start', ['fire a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'call activity waits for the called instance',
    body: `${start}<callActivity id="a" calledElement="q"/>${end}${f('s>a>e')}`,
    play: ['start', ['do a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'mappings in and out',
    body: `${start}${job('a', '<extensionElements><longmen:input source="x + 1" target="y"/><longmen:output source="z * 2" target="w"/></extensionElements>')}${end}${f('s>a>e')}`,
    play: [
      ['start', { x: 1 }],
      ['do a', { z: 3 }],
    ],
    visits: 's a e',
    variables: { x: 1, w: 6 },
  },
  // Gateways
  {
    name: 'exclusive gateway: first true flow',
    body: `${start}<exclusiveGateway id="g" default="g_c"/>${task('a')}${task('b')}${task('c')}${f('s>g', 'g>a ? x > 5', 'g>b ? x > 1', 'g>c')}`,
    play: [['start', { x: 9 }]],
    visits: 's g a',
  },
  {
    name: 'exclusive gateway: default flow',
    body: `${start}<exclusiveGateway id="g" default="g_c"/>${task('a')}${task('c')}${f('s>g', 'g>a ? x > 5', 'g>c')}`,
    play: [['start', { x: 1 }]],
    visits: 's g c',
  },
  {
    name: 'exclusive gateway: no flow is an incident, retried with other data',
    body: `${start}<exclusiveGateway id="g"/>${task('a')}${task('c')}${f('s>g', 'g>a ? x > 5', 'g>c ? x > 7')}`,
    play: ['start', ['retry g', { x: 6 }]],
    visits: 's g a',
  },
  {
    name: 'parallel gateway forks and joins',
    body: `${start}<parallelGateway id="g"/>${user('a')}${user('b')}<parallelGateway id="j"/>${end}${f('s>g>a>j', 'g>b>j', 'j>e')}`,
    play: ['start', 'do b', 'do a'],
    visits: 's g b a j j e',
  },
  {
    name: 'parallel join waits for all',
    body: `${start}<parallelGateway id="g"/>${user('a')}${user('b')}<parallelGateway id="j"/>${end}${f('s>g>a>j', 'g>b>j', 'j>e')}`,
    play: ['start', 'do b'],
    visits: 's g b',
    open: ['a', 'j'],
  },
  {
    name: 'inclusive gateway takes every true flow and joins them',
    body: `${start}<inclusiveGateway id="g" default="g_c"/>${user('a')}${user('b')}${user('c')}<inclusiveGateway id="j"/>${end}${f('s>g', 'g>a ? x > 1', 'g>b ? x > 2', 'g>c', 'a>j', 'b>j', 'c>j', 'j>e')}`,
    play: [['start', { x: 9 }], 'do a', 'do b'],
    visits: 's g a b j j e',
  },
  {
    name: 'inclusive join does not wait for what cannot come',
    body: `${start}<inclusiveGateway id="g" default="g_c"/>${user('a')}${user('b')}${user('c')}<inclusiveGateway id="j"/>${end}${f('s>g', 'g>a ? x > 1', 'g>b ? x > 20', 'g>c', 'a>j', 'b>j', 'c>j', 'j>e')}`,
    play: [['start', { x: 9 }], 'do a'],
    visits: 's g a j e',
  },
  {
    name: 'inclusive join waits for a token behind a boundary event',
    body: `${start}<parallelGateway id="g"/>${user('a')}${user('b')}${boundary('t', 'b', timer('PT1H'))}${user('c')}<inclusiveGateway id="j"/>${end}${ending('e2', '')}${f('s>g>a>j', 'g>b>e2', 't>c>j', 'j>e')}`,
    play: ['start', 'do a', 'fire t', 'do c'],
    visits: 's g a b! t c j j e',
  },
  {
    name: 'inclusive join fires when the last other token leaves its reach',
    body: `${start}<parallelGateway id="g"/>${user('a')}${user('b')}${boundary('t', 'b', timer('PT1H'))}${user('c')}<inclusiveGateway id="j"/>${end}${ending('e2', '')}${f('s>g>a>j', 'g>b>e2', 't>c>j', 'j>e')}`,
    play: ['start', 'do a', 'do b'],
    visits: 's g a b e2 j e',
  },
  {
    name: 'event-based gateway: the first event wins',
    body: `${start}<eventBasedGateway id="g"/>${catching('a', timer('PT1H'))}${catching('b', message)}${task('c')}${task('d')}${f('s>g>a>c', 'g>b>d')}`,
    roots,
    play: ['start', ['fire b', { x: 1 }]],
    visits: 's g b d',
    variables: { x: 1 },
  },
  {
    name: 'conditional flows of an activity',
    body: `${start}${task('a')}${task('b')}${task('c')}${task('d')}${f('s>a', 'a>b ? x = 1', 'a>c ? x = 2', 'a>d')}`,
    play: [['start', { x: 1 }]],
    visits: 's a b d',
  },
  // Events
  {
    name: 'timer catch event',
    body: `${start}${catching('a', timer('PT1H'))}${end}${f('s>a>e')}`,
    play: ['start', 'fire a'],
    visits: 's a e',
  },
  {
    name: 'message throw and end events',
    body: `${start}${throwing('a', message)}${ending('e', message)}${f('s>a>e')}`,
    roots,
    visits: 's order> a order> e',
  },
  {
    name: 'signal throw event',
    body: `${start}${throwing('a', signal)}${end}${f('s>a>e')}`,
    roots,
    visits: 's alarm> a e',
  },
  {
    name: 'message start event',
    body: `${starting('s', message)}${end}${f('s>e')}`,
    roots,
    play: [['start s', { x: 1 }]],
    visits: 's e',
    variables: { x: 1 },
  },
  {
    name: 'conditional catch event waits until it holds',
    body: `${start}${catching('a', condition('x > 1'))}${end}${f('s>a>e')}`,
    play: ['start', ['set', { x: 1 }], ['set', { x: 2 }]],
    visits: 's a e',
  },
  {
    name: 'conditional catch event that holds already',
    body: `${start}${catching('a', condition('x > 1'))}${end}${f('s>a>e')}`,
    play: [['start', { x: 2 }]],
    visits: 's a e',
  },
  {
    name: 'link events',
    body: `${start}${throwing('a', '<linkEventDefinition id="l1" name="L"/>')}${catching('b', '<linkEventDefinition id="l2" name="L"/>')}${end}${f('s>a', 'b>e')}`,
    visits: 's a b e',
  },
  {
    name: 'terminate ends everything in its scope',
    body: `${start}<parallelGateway id="g"/>${user('a')}${user('b')}${ending('e', terminate)}${f('s>g>a>e', 'g>b')}`,
    play: ['start', 'do a'],
    visits: 's g a b! e',
  },
  {
    name: 'terminate in a sub-process leaves the process alone',
    body: `${start}${sub('p1', `<startEvent id="s1"/><parallelGateway id="g"/>${user('a')}${user('b')}${ending('e1', terminate)}${f('s1>g>a>e1', 'g>b')}`)}${end}${f('s>p1>e')}`,
    play: ['start', 'do a'],
    visits: 's s1 g a b! e1 p1 e',
  },
  {
    name: 'an error of a function is caught by the boundary event of its code',
    body: `${start}${job('a')}${boundary('b1', 'a', anyError)}${boundary('b2', 'a', error)}${task('c')}${task('d')}${f('s>a', 'b1>c', 'b2>d')}`,
    roots,
    play: ['start', ['error a', { code: 'E1' }]],
    visits: 's a? b2 d',
  },
  {
    name: 'an error of another code is caught by the event that takes all',
    body: `${start}${job('a')}${boundary('b1', 'a', anyError)}${boundary('b2', 'a', error)}${task('c')}${task('d')}${f('s>a', 'b1>c', 'b2>d')}`,
    roots,
    play: ['start', ['error a', { code: 'E9' }]],
    visits: 's a? b1 c',
  },
  {
    name: 'error end event ends its sub-process at the boundary',
    body: `${start}${sub('p1', `<startEvent id="s1"/><parallelGateway id="g"/>${user('a')}${user('b')}${ending('e1', error)}${f('s1>g>a>e1', 'g>b')}`)}${boundary('b1', 'p1', error)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    roots,
    play: ['start', 'do a'],
    visits: 's s1 g a b! e1! p1! b1 c',
  },
  {
    name: 'an error nobody catches is an incident',
    body: `${start}${job('a')}${f('s>a')}`,
    play: ['start', ['error a', { code: 'E1' }]],
    visits: 's',
    open: ['a*'],
  },
  {
    name: 'error event sub-process of the process',
    body: `${start}<parallelGateway id="g"/>${job('a')}${user('b')}${eventSub('x', `${starting('s2', error)}${task('c')}${f('s2>c')}`)}${f('s>g>a', 'g>b')}`,
    roots,
    play: ['start', ['error a', { code: 'E1' }]],
    visits: 's g a! b! s2 c x',
  },
  {
    name: 'escalation boundary event, not interrupting',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${throwing('t', escalation)}${user('a')}${f('s1>t>a')}`)}${boundary('b1', 'p1', escalation, false)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    roots,
    play: ['start', 'do a'],
    visits: 's s1 b1 t c a p1 e',
  },
  {
    name: 'escalation boundary event, interrupting',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${throwing('t', escalation)}${user('a')}${f('s1>t>a')}`)}${boundary('b1', 'p1', escalation)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    roots,
    visits: 's s1 t! p1! b1 c',
  },
  {
    name: 'an escalation nobody catches goes on',
    body: `${start}${throwing('t', escalation)}${end}${f('s>t>e')}`,
    roots,
    visits: 's t e',
  },
  // Boundary events and event sub-processes
  {
    name: 'interrupting boundary timer',
    body: `${start}${user('a')}${boundary('t', 'a', timer('PT1H'))}${task('b')}${end}${f('s>a>e', 't>b')}`,
    play: ['start', 'fire t'],
    visits: 's a! t b',
  },
  {
    name: 'boundary timer, not interrupting',
    body: `${start}${user('a')}${boundary('t', 'a', timer('PT1H'), false)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    play: ['start', 'fire t', 'do a'],
    visits: 's t b a e',
  },
  {
    name: 'boundary message, not interrupting, more than once',
    body: `${start}${user('a')}${boundary('t', 'a', message, false)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    roots,
    play: ['start', 'fire t', 'fire t', 'do a'],
    visits: 's t b t b a e',
  },
  {
    name: 'boundary signal',
    body: `${start}${user('a')}${boundary('t', 'a', signal)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    roots,
    play: ['start', 'fire t'],
    visits: 's a! t b',
  },
  {
    name: 'boundary condition, not interrupting, fires when it becomes true again',
    body: `${start}${user('a')}${boundary('t', 'a', condition('x > 1'), false)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    play: ['start', ['set', { x: 2 }], ['set', { x: 3 }], ['set', { x: 0 }], ['set', { x: 2 }], 'do a'],
    visits: 's t b t b a e',
  },
  {
    name: 'a boundary event of a sub-process ends all that is inside',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${user('a')}${f('s1>a')}`)}${boundary('t', 'p1', timer('PT1H'))}${task('b')}${end}${f('s>p1>e', 't>b')}`,
    play: ['start', 'fire t'],
    visits: 's s1 a! p1! t b',
  },
  {
    name: 'interrupting event sub-process',
    body: `${start}${user('a')}${eventSub('x', `${starting('s2', message)}${task('c')}${f('s2>c')}`)}${end}${f('s>a>e')}`,
    roots,
    play: ['start', 'fire s2'],
    visits: 's a! s2 c x',
  },
  {
    name: 'event sub-process, not interrupting',
    body: `${start}${user('a')}${eventSub('x', `${starting('s2', message, false)}${user('c')}${f('s2>c')}`)}${end}${f('s>a>e')}`,
    roots,
    play: ['start', 'fire s2', 'do a', 'do c'],
    visits: 's s2 a e c x',
  },
  // Sub-processes
  {
    name: 'sub-process ends with its last token',
    body: `${start}${sub('p1', `<startEvent id="s1"/><parallelGateway id="g"/>${user('a')}${user('b')}${f('s1>g>a', 'g>b')}`)}${end}${f('s>p1>e')}`,
    play: ['start', 'do a', 'do b'],
    visits: 's s1 g a b p1 e',
  },
  {
    name: 'a variable mapped into a sub-process is its own',
    body: `${start}${sub('p1', `<extensionElements><longmen:input source="x" target="y"/></extensionElements><startEvent id="s1"/>${script('a', 'y + 1', 'z')}${f('s1>a')}`)}${end}${f('s>p1>e')}`,
    play: [['start', { x: 1 }]],
    visits: 's s1 a p1 e',
    variables: { x: 1, z: 2 },
  },
  {
    name: 'cancel end event compensates the transaction and leaves by its boundary event',
    body: `${start}<transaction id="p1"><startEvent id="s1"/>${compensable('a', 'ca')}${compensable('b', 'cb')}${ending('e1', cancelDefinition)}${f('s1>a>b>e1')}</transaction>${boundary('b1', 'p1', cancelDefinition)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    visits: 's s1 a b cb ca e1 p1! b1 c',
  },
  {
    name: 'transaction that is not cancelled',
    body: `${start}<transaction id="p1"><startEvent id="s1"/>${compensable('a', 'ca')}${f('s1>a')}</transaction>${boundary('b1', 'p1', cancelDefinition)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    visits: 's s1 a p1 e',
  },
  // Compensation
  {
    name: 'compensation runs handlers in reverse order',
    body: `${start}${compensable('a', 'ca')}${compensable('b', 'cb')}${throwing('t', compensate)}${end}${f('s>a>b>t>e')}`,
    visits: 's a b cb ca t e',
  },
  {
    name: 'compensation of one activity',
    body: `${start}${compensable('a', 'ca')}${compensable('b', 'cb')}${throwing('t', '<compensateEventDefinition activityRef="a"/>')}${end}${f('s>a>b>t>e')}`,
    visits: 's a b ca t e',
  },
  {
    name: 'what was not completed is not compensated',
    body: `${start}${compensable('a', 'ca')}${throwing('t', compensate)}${compensable('b', 'cb')}${end}${f('s>a>t>b>e')}`,
    visits: 's a ca t b e',
  },
  {
    name: 'compensation end event waits for handlers that wait',
    body: `${start}${task('a')}${boundary('ba', 'a', compensate)}<userTask id="ca" isForCompensation="true"/><association id="x1" sourceRef="ba" targetRef="ca" associationDirection="One"/>${ending('e', compensate)}${f('s>a>e')}`,
    play: ['start', 'do ca'],
    visits: 's a ca e',
  },
  {
    name: 'compensation of a completed sub-process goes inside, in reverse',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${compensable('a', 'ca')}${compensable('b', 'cb')}${f('s1>a>b')}`)}${throwing('t', compensate)}${end}${f('s>p1>t>e')}`,
    visits: 's s1 a b p1 cb ca t e',
  },
  {
    name: 'a compensation event sub-process takes the place of the handlers inside',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${compensable('a', 'ca')}${eventSub('x', `${starting('s2', compensate)}${task('c')}${f('s2>c')}`)}${f('s1>a')}`)}${throwing('t', compensate)}${end}${f('s>p1>t>e')}`,
    visits: 's s1 a p1 s2 c x t e',
  },
  {
    name: 'an error event sub-process compensates what the process has done',
    body: `${start}${compensable('a', 'ca')}${job('b')}${eventSub('x', `${starting('s2', error)}${throwing('t', compensate)}${f('s2>t')}`)}${f('s>a>b')}`,
    roots,
    play: ['start', ['error b', { code: 'E1' }]],
    visits: 's a b! s2 ca t x',
  },
  // Loops
  {
    name: 'sequential multi-instance',
    body: `${start}${user('a', '<multiInstanceLoopCharacteristics isSequential="true" longmen:collection="[1, 2]" longmen:item="i" longmen:outputCollection="out" longmen:outputItem="i * n"/>')}${end}${f('s>a>e')}`,
    play: ['start', ['do a', { n: 10 }], ['do a', { n: 100 }]],
    visits: 's a a a e',
    variables: { n: 100, out: [10, 200] },
  },
  {
    name: 'parallel multi-instance collects in order of the collection',
    body: `${start}${script('a', 'i * 2', 'r').replace('</scriptTask>', '<multiInstanceLoopCharacteristics longmen:collection="[3, 1, 2]" longmen:item="i" longmen:outputCollection="out" longmen:outputItem="r"/></scriptTask>')}${end}${f('s>a>e')}`,
    visits: 's a a a a e',
    variables: { r: 4, out: [6, 2, 4] },
  },
  {
    name: 'multi-instance of an empty collection',
    body: `${start}${user('a', '<multiInstanceLoopCharacteristics longmen:collection="[]" longmen:outputCollection="out" longmen:outputItem="1"/>')}${end}${f('s>a>e')}`,
    visits: 's a e',
    variables: { out: [] },
  },
  {
    name: 'completion condition cancels the rest',
    body: `${start}${user('a', '<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality><completionCondition>numberOfCompletedInstances = 2</completionCondition></multiInstanceLoopCharacteristics>')}${end}${f('s>a>e')}`,
    play: ['start', 'do a', 'do a'],
    visits: 's a a! a a e',
  },
  {
    name: 'a boundary event of a repeated activity ends all its instances',
    body: `${start}${user('a', '<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>')}${boundary('t', 'a', timer('PT1H'))}${task('b')}${f('s>a', 't>b')}`,
    play: ['start', 'fire t'],
    visits: 's a! a! a! t b',
  },
  {
    name: 'multi-instance sub-process',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${user('a')}<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>${f('s1>a')}`)}${end}${f('s>p1>e')}`,
    play: ['start', 'do a', 'do a'],
    visits: 's s1 s1 a p1 a p1 p1 e',
  },
  {
    name: 'standard loop tests after',
    body: `${start}${script('a', 'n + 1', 'n').replace('</scriptTask>', '<standardLoopCharacteristics><loopCondition>n &lt; 3</loopCondition></standardLoopCharacteristics></scriptTask>')}${end}${f('s>a>e')}`,
    play: [['start', { n: 0 }]],
    visits: 's a a a a e',
    variables: { n: 3 },
  },
  {
    name: 'standard loop tests before',
    body: `${start}${script('a', 'n + 1', 'n').replace('</scriptTask>', '<standardLoopCharacteristics testBefore="true"><loopCondition>n &lt; 3</loopCondition></standardLoopCharacteristics></scriptTask>')}${end}${f('s>a>e')}`,
    play: [['start', { n: 5 }]],
    visits: 's a e',
    variables: { n: 5 },
  },
  {
    name: 'each instance of a repeated activity is compensated',
    body: `${start}${user('a', '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>')}${boundary('ba', 'a', compensate)}<task id="ca" isForCompensation="true"/><association id="x1" sourceRef="ba" targetRef="ca" associationDirection="One"/>${throwing('t', compensate)}${end}${f('s>a>t>e')}`,
    play: ['start', 'do a', 'do a'],
    visits: 's a a a ca ca t e',
  },
  // People
  {
    name: 'a job that gave up is an incident, tried again',
    body: `${start}${job('a')}${end}${f('s>a>e')}`,
    play: ['start', 'fail a', 'retry a', 'do a'],
    visits: 's a e',
  },
  {
    name: 'an incident is taken as done with a result',
    body: `${start}${job('a')}${end}${f('s>a>e')}`,
    play: ['start', 'fail a', ['resolve a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'a token is moved by hand',
    body: `${start}${user('a')}${user('b')}${end}${f('s>a>b>e')}`,
    play: ['start', ['move a', { to: 'b' }], 'do b'],
    visits: 's a! b e',
  },
  {
    name: 'a token is moved into a sub-process that does not run',
    body: `${start}${user('a')}${sub('p1', `<startEvent id="s1"/>${user('b')}${f('s1>b')}`)}${end}${f('s>a>p1>e')}`,
    play: ['start', ['move a', { to: 'b' }], 'do b'],
    visits: 's a! b p1 e',
  },
  {
    name: 'cancelling ends everything',
    body: `${start}${user('a')}${end}${f('s>a>e')}`,
    play: ['start', 'cancel'],
    visits: 's a!',
    status: 'cancelled',
  },
];
