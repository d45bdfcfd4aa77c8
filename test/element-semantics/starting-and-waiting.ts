/** The table of element semantics: what starts an instance, what starts an event sub-process, and further events. Visits are in the order they end; `!` was cancelled, `?` ended by an error. */
import { flows as f } from '#test/bpmn';
import {
  boundary,
  catching,
  condition,
  end,
  ending,
  escalation,
  eventSub,
  message,
  roots,
  script,
  signal,
  start,
  starting,
  sub,
  task,
  throwing,
  timer,
  user,
} from '#test/bpmn-elements';
import type { Case } from '#test/bpmn-player';

const date = (text: string) => `<timerEventDefinition><timeDate>${text}</timeDate></timerEventDefinition>`;
const cycle = (text: string) => `<timerEventDefinition><timeCycle>${text}</timeCycle></timerEventDefinition>`;
const gateway = (type: string) => `<eventBasedGateway id="g" instantiate="true" eventGatewayType="${type}"/>`;
const other = '<messageEventDefinition messageRef="m2"/>';
const messages = `${roots}<message id="m2" name="payment"/>`;
/** A user task `a`, and an event sub-process `x` of a service `c` that starts by the event. */
const besides = (definition: string, interrupts: boolean) =>
  `${start}${user('a')}${eventSub('x', `${starting('s2', definition, interrupts)}${task('c')}${f('s2>c')}`)}${end}${f('s>a>e')}`;

export const startingAndWaiting: readonly Case[] = [
  {
    name: 'signal start event',
    body: `${starting('s', signal)}${end}${f('s>e')}`,
    roots,
    play: [['start s', { x: 1 }]],
    visits: 's e',
    variables: { x: 1 },
  },
  {
    name: 'timer start event, date',
    body: `${starting('s', date('2030-01-31T09:00:00'))}${end}${f('s>e')}`,
    play: ['start s'],
    visits: 's e',
  },
  {
    name: 'timer start event, cycle',
    body: `${starting('s', cycle('R/P1D'))}${end}${f('s>e')}`,
    play: ['start s'],
    visits: 's e',
  },
  {
    name: 'receive task that starts an instance',
    body: `<receiveTask id="a" messageRef="m" instantiate="true"/>${end}${f('a>e')}`,
    roots,
    play: [['start a', { x: 1 }]],
    visits: 'a e',
    variables: { x: 1 },
  },
  {
    name: 'event-based gateway that starts an instance: by one of its events',
    body: `${gateway('Exclusive')}${catching('a', message)}${catching('b', other)}${task('c')}${task('d')}${f('g>a>c', 'g>b>d')}`,
    roots: messages,
    play: ['start b'],
    visits: 'b d',
  },
  {
    name: 'parallel event-based gateway that starts an instance: it takes all of its events',
    body: `${gateway('Parallel')}${catching('a', message)}${catching('b', other)}${task('c')}${task('d')}${f('g>a>c', 'g>b>d')}`,
    roots: messages,
    play: ['start b', 'fire a'],
    visits: 'b d a c',
  },
  {
    name: 'parallel event-based gateway waits for the events still to come',
    body: `${gateway('Parallel')}${catching('a', message)}${catching('b', other)}${f('g>a', 'g>b')}`,
    roots: messages,
    play: ['start b'],
    visits: 'b',
    open: ['a'],
  },
  {
    name: 'signal catch event',
    body: `${start}${catching('a', signal)}${end}${f('s>a>e')}`,
    roots,
    play: ['start', ['fire a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'message catch event',
    body: `${start}${catching('a', message)}${end}${f('s>a>e')}`,
    roots,
    play: ['start', ['fire a', { x: 1 }]],
    visits: 's a e',
    variables: { x: 1 },
  },
  {
    name: 'timer catch event, date from data',
    body: `${start}${catching('a', date('=until'))}${end}${f('s>a>e')}`,
    play: [['start', { until: { $dateTime: '2030-01-31T09:00:00' } }], 'fire a'],
    visits: 's a e',
  },
  {
    name: 'a timer without a value is an incident, retried with one',
    body: `${start}${catching('a', date('=until'))}${end}${f('s>a>e')}`,
    play: ['start', ['retry a', { until: '2030-01-31T09:00:00' }], 'fire a'],
    visits: 's a e',
  },
  { name: 'none throw event', body: `${start}${throwing('a', '')}${end}${f('s>a>e')}`, visits: 's a e' },
  { name: 'signal end event', body: `${start}${ending('e', signal)}${f('s>e')}`, roots, visits: 's alarm> e' },
  {
    name: 'escalation end event',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${ending('e1', escalation)}${f('s1>e1')}`)}${boundary('b1', 'p1', escalation, false)}${task('c')}${end}${f('s>p1>e', 'b1>c')}`,
    roots,
    visits: 's s1 b1 e1 c p1 e',
  },
  {
    name: 'an escalation of a called process reaches the boundary of the call',
    body: `${start}<callActivity id="a" calledElement="q"/>${boundary('b1', 'a', escalation, false)}${task('c')}${end}${f('s>a>e', 'b1>c')}`,
    roots,
    play: ['start', ['escalate a', { code: 'X1' }], 'do a'],
    visits: 's b1 c a e',
  },
  {
    name: 'an error of a called process reaches the boundary of the call',
    body: `${start}<callActivity id="a" calledElement="q"/>${boundary('b1', 'a', '<errorEventDefinition errorRef="err"/>')}${task('c')}${end}${f('s>a>e', 'b1>c')}`,
    roots,
    play: ['start', ['error a', { code: 'E1' }]],
    visits: 's a? b1 c',
  },
  {
    name: 'boundary message, interrupting',
    body: `${start}${user('a')}${boundary('t', 'a', message)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    roots,
    play: ['start', ['fire t', { x: 1 }]],
    visits: 's a! t b',
    variables: { x: 1 },
  },
  {
    name: 'boundary signal, not interrupting, more than once',
    body: `${start}${user('a')}${boundary('t', 'a', signal, false)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    roots,
    play: ['start', 'fire t', 'fire t', 'do a'],
    visits: 's t b t b a e',
  },
  {
    name: 'boundary condition, interrupting',
    body: `${start}${user('a')}${boundary('t', 'a', condition('x > 1'))}${task('b')}${end}${f('s>a>e', 't>b')}`,
    play: ['start', ['set', { x: 1 }], ['set', { x: 2 }]],
    visits: 's a! t b',
  },
  {
    name: 'boundary timer cycle, not interrupting, fires as often as it says',
    body: `${start}${user('a')}${boundary('t', 'a', cycle('R2/PT1H'), false)}${task('b')}${end}${f('s>a>e', 't>b')}`,
    play: ['start', 'fire t', 'fire t', 'do a'],
    visits: 's t b t b a e',
  },
  ...(
    [
      ['message', message],
      ['signal', signal],
      ['timer duration', timer('PT1H')],
      ['timer cycle', cycle('R/PT1H')],
    ] as const
  ).flatMap(([what, definition]) => [
    {
      name: `event sub-process by ${what}, interrupting`,
      body: besides(definition, true),
      roots,
      play: ['start', 'fire s2'],
      visits: 's a! s2 c x',
    },
    {
      name: `event sub-process by ${what}, not interrupting`,
      body: besides(definition, false),
      roots,
      play: ['start', 'fire s2', 'do a'],
      visits: 's s2 c x a e',
    },
  ]),
  {
    name: 'event sub-process by condition, interrupting',
    body: besides(condition('x > 1'), true),
    play: ['start', ['set', { x: 2 }]],
    visits: 's a! s2 c x',
  },
  {
    name: 'event sub-process by condition, not interrupting',
    body: besides(condition('x > 1'), false),
    play: ['start', ['set', { x: 2 }], 'do a'],
    visits: 's s2 c x a e',
  },
  ...[true, false].map((interrupts) => ({
    name: `event sub-process by escalation, ${interrupts ? 'interrupting' : 'not interrupting'}`,
    body: `${start}${sub('p1', `<startEvent id="s1"/>${throwing('t', escalation)}${task('a')}${eventSub('x', `${starting('s2', escalation, interrupts)}${task('c')}${f('s2>c')}`)}${f('s1>t>a')}`)}${end}${f('s>p1>e')}`,
    roots,
    visits: interrupts ? 's s1 t! s2 c x p1 e' : 's s1 s2 t c a x p1 e',
  })),
  {
    name: 'sequential multi-instance sub-process',
    body: `${start}${sub('p1', `<startEvent id="s1"/>${script('a', 'item * 2', 'twice')}<multiInstanceLoopCharacteristics isSequential="true" longmen:collection="[1, 2]" longmen:item="item"/>${f('s1>a')}`)}${end}${f('s>p1>e')}`,
    visits: 's s1 a p1 s1 a p1 p1 e',
    variables: { twice: 4 },
  },
  {
    name: 'multi-instance call activity',
    body: `${start}<callActivity id="a" calledElement="q"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></callActivity>${end}${f('s>a>e')}`,
    play: ['start', 'do a', 'do a'],
    visits: 's a a a e',
  },
];
