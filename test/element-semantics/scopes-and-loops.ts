/** The table of element semantics: sub-processes, transactions, compensation and loops. Visits are in the order they end; `!` was cancelled, `?` ended by an error. */
import { flows as f } from '#test/bpmn';
import {
  boundary,
  cancelDefinition,
  compensable,
  compensate,
  end,
  ending,
  error,
  eventSub,
  job,
  roots,
  script,
  start,
  starting,
  sub,
  task,
  throwing,
  timer,
  user,
} from '#test/bpmn-elements';
import type { Case } from '#test/bpmn-player';

export const scopesAndLoops: readonly Case[] = [
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
];
