/** Processes of the soak that something other than a command starts. */
import { bpmn, flows } from '#test/bpmn';
import {
  boundary,
  byId,
  catching,
  cycle,
  date,
  ending,
  eventSub,
  keyed,
  message,
  never,
  service,
  signal,
  starting,
  throwing,
  timer,
  withId,
} from './xml.ts';

const opened = bpmn(
  `${starting('s', message('open1'))}${service('a')}<endEvent id="e"/>${flows('s>a>e')}`,
  '<message id="open1" name="open1"/>',
  'opened',
);
const received = bpmn(
  `<receiveTask id="s" messageRef="open2" instantiate="true"/>${service('a')}${flows('s>a')}`,
  '<message id="open2" name="open2"/>',
  'received',
);
const chosen = bpmn(
  `<eventBasedGateway id="g" instantiate="true"/>${catching('c1', message('open3'))}${catching('c2', message('open4'))}${service('a')}${service('b')}${flows('g>c1>a', 'g>c2>b')}`,
  '<message id="open3" name="open3"/><message id="open4" name="open4"/>',
  'chosen',
);
const gathered = bpmn(
  `<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>${catching('c1', message('open5'), byId)}${catching('c2', message('open6'), byId)}
   ${throwing('answer', message('ready'), withId)}${service('b')}${flows('g>c1>answer', 'g>c2>b')}`,
  `${keyed('open5')}${keyed('open6')}${keyed('ready')}`,
  'gathered',
);

/** Each message starts one instance of each of those; the second of `gathered` is sent when its instance waits for it. */
const opening = bpmn(
  `<startEvent id="s"/>${['open1', 'open2', 'open3', 'open5'].map((name) => throwing(name, message(`m_${name}`), withId)).join('')}
   ${catching('wait', message('m_ready'), byId)}${ending('open6', message('m_open6'), withId)}${flows('s>open1>open2>open3>open5>wait>open6')}`,
  `${['open1', 'open2', 'open3'].map((name) => `<message id="m_${name}" name="${name}"/>`).join('')}${['open5', 'open6', 'ready'].map((name) => keyed(name).replace('id="', 'id="m_')).join('')}`,
  'opening',
);

export const startingDocuments = [opened, received, chosen, gathered, opening];
export const startingStarted = ['opening'];

/**
 * Processes of their own for each round: their signals are heard in no other round, and their timers fire for it alone.
 * `ringing` is started; it wakes `woken`, and `cycled` and `dated` start by themselves.
 */
export function numbered(number: number): string[] {
  const bells = `<signal id="bell" name="bell ${number}"/><signal id="last" name="last bell ${number}"/>`;
  return [
    bpmn(
      `${starting('s', signal('bell'))}${service('a')}<endEvent id="e"/>${flows('s>a>e')}`,
      bells,
      `woken-${number}`,
    ),
    bpmn(
      `${starting('s', cycle('R2/PT0.1S'))}${service('a')}<endEvent id="e"/>${flows('s>a>e')}`,
      '',
      `cycled-${number}`,
    ),
    bpmn(
      `${starting('s', date('2020-01-31T09:00:00Z'))}${service('a')}<endEvent id="e"/>${flows('s>a>e')}`,
      '',
      `dated-${number}`,
    ),
    bpmn(
      `<startEvent id="s"/><parallelGateway id="g"/><endEvent id="e"/>
       ${never('1')}${boundary('b1', 'never_1', signal('bell'), false)}${service('b1a')}${ending('ring2', signal('last'))}
       ${boundary('b2', 'never_1', signal('last'))}${service('b2a')}${catching('heard', signal('bell'))}
       <subProcess id="deaf"><startEvent id="d1"/>${never('2')}
         ${eventSub('dx', `${starting('dx1', signal('bell'), false)}${service('dx2')}${flows('dx1>dx2')}`)}
         ${eventSub('dy', `${starting('dy1', signal('last'))}${service('dy2')}${flows('dy1>dy2')}`)}${flows('d1>never_2')}</subProcess>
       ${catching('w1', timer('PT0.1S'))}${throwing('ring1', signal('bell'))}
       ${flows('s>g>never_1', 'b1>b1a>ring2', 'b2>b2a>e', 'g>heard>e', 'g>deaf>e', 'g>w1>ring1>e')}`,
      bells,
      `ringing-${number}`,
    ),
  ];
}
