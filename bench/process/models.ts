/** The processes that are measured. */
import { bpmn, flows } from '#test/bpmn';

const SERVICES = 8;

/** Eight calls of a function, a script, a decision by data and an end: twelve visits of elements, two of them gateways. */
export const calls = bpmn(
  `<startEvent id="s"/>${names()
    .map((id) => `<serviceTask id="${id}" longmen:function="f" implementation="\${environment.services.f}"/>`)
    .join('')}
   <exclusiveGateway id="g" default="g_e2"/><endEvent id="e"/><endEvent id="e2"/>
   ${flows(`s>${names().join('>')}>g`, 'g>e ? n > 100', 'g>e2')}`,
  '',
  'calls',
);

/** The same for `bpmn-engine`, which knows neither FEEL nor our attributes. */
export const callsElsewhere = calls
  .replaceAll(' longmen:function="f"', '')
  .replace('<conditionExpression>', '<conditionExpression xsi:type="tFormalExpression" language="javascript">')
  .replace('n > 100', 'next(null, this.environment.variables.n > 100)')
  .replace('n &gt; 100', 'next(null, this.environment.variables.n &gt; 100)');

/** Visits of one run of `calls`. */
export const CALLS_VISITS = SERVICES + 3;

export const people = bpmn(
  `<startEvent id="s"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>${flows('s>a>b>e')}`,
  '',
  'people',
);

export const timers = bpmn(
  `<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent><endEvent id="e"/>${flows('s>t>e')}`,
  '',
  'timers',
);

/** Waits for years, for a message and for a person at once. */
export const waiting = bpmn(
  `<startEvent id="s"/><userTask id="u"/><boundaryEvent id="t" attachedToRef="u"><timerEventDefinition><timeDuration>P5Y</timeDuration></timerEventDefinition></boundaryEvent>
   <boundaryEvent id="m" attachedToRef="u" longmen:correlationKey="id"><messageEventDefinition messageRef="msg"/></boundaryEvent><endEvent id="e"/><endEvent id="e2"/><endEvent id="e3"/>${flows('s>u>e', 't>e2', 'm>e3')}`,
  '<message id="msg" name="ping"/>',
  'waiting',
);

function names(): string[] {
  return Array.from({ length: SERVICES }, (_, index) => `a${index + 1}`);
}
