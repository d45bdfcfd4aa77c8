/** Elements of short BPMN documents, and the event definitions of `roots`. */

export const start = '<startEvent id="s"/>';
export const end = '<endEvent id="e"/>';
export const task = (id: string, inside = '') => `<task id="${id}">${inside}</task>`;
export const user = (id: string, inside = '') => `<userTask id="${id}">${inside}</userTask>`;
export const job = (id: string, inside = '') => `<serviceTask id="${id}" longmen:function="f">${inside}</serviceTask>`;
export const script = (id: string, text: string, to: string) =>
  `<scriptTask id="${id}" scriptFormat="FEEL" longmen:resultVariable="${to}"><script>${text}</script></scriptTask>`;
export const timer = (text: string) =>
  `<timerEventDefinition><timeDuration>${text}</timeDuration></timerEventDefinition>`;
export const boundary = (id: string, on: string, definition: string, cancels = true) =>
  `<boundaryEvent id="${id}" attachedToRef="${on}" cancelActivity="${cancels}">${definition}</boundaryEvent>`;
export const catching = (id: string, definition: string) =>
  `<intermediateCatchEvent id="${id}">${definition}</intermediateCatchEvent>`;
export const throwing = (id: string, definition: string) =>
  `<intermediateThrowEvent id="${id}">${definition}</intermediateThrowEvent>`;
export const ending = (id: string, definition: string) => `<endEvent id="${id}">${definition}</endEvent>`;
export const sub = (id: string, inside: string) => `<subProcess id="${id}">${inside}</subProcess>`;
export const eventSub = (id: string, inside: string) =>
  `<subProcess id="${id}" triggeredByEvent="true">${inside}</subProcess>`;
export const starting = (id: string, definition: string, interrupts = true) =>
  `<startEvent id="${id}" isInterrupting="${interrupts}">${definition}</startEvent>`;
export const condition = (text: string) =>
  `<conditionalEventDefinition><condition>${text}</condition></conditionalEventDefinition>`;
export const compensable = (id: string, handler: string) =>
  `${task(id)}${boundary(`b_${id}`, id, '<compensateEventDefinition/>')}
   <task id="${handler}" isForCompensation="true"/>
   <association id="link_${id}" sourceRef="b_${id}" targetRef="${handler}" associationDirection="One"/>`;

export const roots = `<message id="m" name="order"/><signal id="sig" name="alarm"/><error id="err" errorCode="E1"/>
  <error id="err2" errorCode="E2"/><escalation id="esc" escalationCode="X1"/>`;
export const message = '<messageEventDefinition messageRef="m"/>';
export const signal = '<signalEventDefinition signalRef="sig"/>';
export const error = '<errorEventDefinition errorRef="err"/>';
export const anyError = '<errorEventDefinition/>';
export const escalation = '<escalationEventDefinition escalationRef="esc"/>';
export const compensate = '<compensateEventDefinition/>';
export const terminate = '<terminateEventDefinition/>';
export const cancelDefinition = '<cancelEventDefinition/>';
