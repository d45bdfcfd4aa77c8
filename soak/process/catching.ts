/** Processes of the soak: boundary events, event sub-processes, and repeated sub-processes and calls. */
import { bpmn, flows } from '#test/bpmn';
import {
  boundary,
  byId,
  calling,
  catching,
  condition,
  cycle,
  date,
  ending,
  error,
  escalation,
  eventSub,
  keyed,
  message,
  never,
  repeated,
  roots,
  service,
  sets,
  starting,
  sub,
  throwing,
  timer,
  undoable,
  withId,
} from './xml.ts';

const boundaries = bpmn(
  `<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/><task id="plain"/><intermediateThrowEvent id="mark"/>
   ${never('1')}${boundary('b1', 'never_1', message('note1'), true, byId)}${service('b1a')}
   ${catching('past', date('2020-01-31T09:00:00Z'))}${throwing('say1', message('note1'), withId)}
   ${never('2')}${boundary('b2', 'never_2', message('note2'), false, byId)}${service('b2a')}${ending('say3', message('note3'), withId)}
   ${boundary('b3', 'never_2', message('note3'), true, byId)}${service('b3a')}
   ${catching('soon', date('=now() + duration(&quot;PT0.1S&quot;)'))}${throwing('say2', message('note2'), withId)}
   ${never('3')}${boundary('b4', 'never_3', condition('half = true'), false)}${service('b4a')}${sets('finish', 'whole')}
   ${boundary('b5', 'never_3', condition('whole = true'))}${service('b5a')}${catching('w1', timer('PT0.05S'))}${sets('begin', 'half')}
   ${sub('raised', `<startEvent id="r1"/>${throwing('r2', escalation)}${service('r3')}${flows('r1>r2>r3')}`)}${boundary('b6', 'raised', escalation)}${service('b6a')}
   ${sub('risen', `<startEvent id="i1"/>${service('i2')}${ending('i3', escalation)}${flows('i1>i2>i3')}`)}${boundary('b7', 'risen', escalation, false)}${service('b7a')}
   ${sub('wrong', `<startEvent id="w2"/><parallelGateway id="wg"/>${never('4')}${service('w3')}${ending('w4', error)}${flows('w2>wg>never_4', 'wg>w3>w4')}`)}${boundary('b8', 'wrong', error)}${service('b8a')}
   ${calling('callf', 'failing')}${boundary('b9', 'callf', error)}${service('b9a')}
   ${calling('callw', 'warning')}${boundary('b10', 'callw', escalation, false)}${service('b10a')}
   ${calling('callc', 'waiting')}${boundary('b11', 'callc', message('begun'), true, byId)}${service('b11a')}
   ${flows('s>g', 'g>plain>mark>e', 'g>never_1', 'b1>b1a>e', 'g>past>say1>e', 'g>never_2', 'b2>b2a>say3', 'b3>b3a>e', 'g>soon>say2>e', 'g>never_3', 'b4>b4a>finish>e', 'b5>b5a>e', 'g>w1>begin>e', 'g>raised', 'b6>b6a>e', 'g>risen>e', 'b7>b7a>e', 'g>wrong', 'b8>b8a>e', 'g>callf', 'b9>b9a>e', 'g>callw>e', 'b10>b10a>e', 'g>callc', 'b11>b11a>e')}`,
  `${roots}${['note1', 'note2', 'note3', 'begun'].map(keyed).join('')}`,
  'boundaries',
);

const failing = bpmn(`<startEvent id="s"/>${service('f1')}${ending('f2', error)}${flows('s>f1>f2')}`, roots, 'failing');
const warning = bpmn(
  `<startEvent id="s"/>${throwing('v1', escalation)}${service('v2')}<endEvent id="e"/>${flows('s>v1>v2>e')}`,
  roots,
  'warning',
);
const waiting = bpmn(`${calling('deeper', 'standing')}`, '', 'waiting');
/** Says that it has begun; its caller's caller then ends both. */
const standing = bpmn(
  `<startEvent id="s"/><parallelGateway id="g"/>${never('9')}${throwing('begun1', message('begun'), withId)}${flows('s>g>never_9', 'g>begun1')}`,
  keyed('begun'),
  'standing',
);

/** A scope that waits and what its event sub-process does about it. */
const scope = (id: string, inside: string, paths: string[], event: string, interrupts = true, key = '') =>
  sub(
    id,
    `<startEvent id="${id}_s"/>${inside}${eventSub(
      `${id}_x`,
      `<startEvent id="${id}_xs" isInterrupting="${interrupts}"${key}>${event}</startEvent>${service(`${id}_xa`)}${flows(`${id}_xs>${id}_xa`)}`,
    )}${flows(...paths)}`,
  );

const scopes = bpmn(
  `<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/>
   ${sub(
     'told',
     `<startEvent id="t1"/>${never('1')}${eventSub('tx', `<startEvent id="tx1" isInterrupting="false"${byId}>${message('note4')}</startEvent>${service('tx2')}${ending('tx3', message('note5'), withId)}${flows('tx1>tx2>tx3')}`)}
      ${eventSub('ty', `<startEvent id="ty1"${byId}>${message('note5')}</startEvent>${service('ty2')}${flows('ty1>ty2')}`)}${flows('t1>never_1')}`,
   )}${catching('w1', timer('PT0.05S'))}${throwing('say4', message('note4'), withId)}
   ${scope('refused', service('re1', 'refuse'), ['refused_s>re1'], error)}
   ${scope('alarmed', `${throwing('al1', escalation)}${service('al2')}`, ['alarmed_s>al1>al2'], escalation, false)}
   ${scope('ended', `${throwing('en1', escalation)}${service('en2')}`, ['ended_s>en1>en2'], escalation)}
   ${scope('changed', `<parallelGateway id="cg"/>${never('2')}${catching('cw', timer('PT0.05S'))}${sets('cs', 'changed1')}`, ['changed_s>cg>never_2', 'cg>cw>cs'], condition('changed1 = true'))}
   ${scope('noticed', `${catching('nw', timer('PT0.05S'))}${sets('ns', 'noticed1')}${service('na')}`, ['noticed_s>nw>ns>na'], condition('noticed1 = true'), false)}
   ${sub(
     'timed',
     `<startEvent id="ti1"/>${catching('ti2', condition('rings = 2'))}${eventSub('tix', `${starting('tix1', cycle('R2/PT0.03S'), false)}${service('tix2')}${sets('tix3', 'rings', 'if rings = null then 1 else rings + 1')}${flows('tix1>tix2>tix3')}`)}${flows('ti1>ti2')}`,
   )}
   ${scope('late', never('3'), ['late_s>never_3'], timer('PT0.2S'))}
   ${sub('undone', `<startEvent id="u1"/>${undoable('u2')}${eventSub('ux', `${starting('ux1', '<compensateEventDefinition/>')}${service('ux2')}${throwing('ux3', '<compensateEventDefinition/>')}${flows('ux1>ux2>ux3')}`)}${flows('u1>u2')}`)}
   ${throwing('undo', '<compensateEventDefinition activityRef="undone"/>')}
   <subProcess id="every"><startEvent id="v1"/>${service('v2')}<userTask id="v3"/>${flows('v1>v2>v3')}${repeated(false)}</subProcess>
   <subProcess id="each"><startEvent id="h1"/>${service('h2')}${flows('h1>h2')}${repeated(true, '[4, 5, 6, 7]', '<completionCondition>numberOfCompletedInstances = 2</completionCondition>')}</subProcess>
   <subProcess id="again"><startEvent id="k1"/>${service('k2', 'count')}${flows('k1>k2')}<standardLoopCharacteristics><loopCondition>times &lt; 3</loopCondition></standardLoopCharacteristics></subProcess>
   ${calling('calls', 'called', repeated(false, '[1, 2]'))}
   ${flows('s>g', 'g>told>e', 'g>w1>say4>e', 'g>refused>e', 'g>alarmed>e', 'g>ended>e', 'g>changed>e', 'g>noticed>e', 'g>timed>e', 'g>late>e', 'g>undone>undo>e', 'g>every>each>again>calls>e')}`,
  `${roots}${keyed('note4')}${keyed('note5')}`,
  'scopes',
);

export const catchingDocuments = [failing, warning, standing, waiting, boundaries, scopes];
export const catchingStarted = ['boundaries', 'scopes'];
