/** Pieces of the soak's processes. */
export const timer = (duration: string) =>
  `<timerEventDefinition><timeDuration>${duration}</timeDuration></timerEventDefinition>`;
export const date = (text: string) => `<timerEventDefinition><timeDate>${text}</timeDate></timerEventDefinition>`;
export const cycle = (text: string) => `<timerEventDefinition><timeCycle>${text}</timeCycle></timerEventDefinition>`;
export const condition = (text: string) =>
  `<conditionalEventDefinition><condition>${text}</condition></conditionalEventDefinition>`;
export const message = (id: string) => `<messageEventDefinition messageRef="${id}"/>`;
export const signal = (id: string) => `<signalEventDefinition signalRef="${id}"/>`;
export const error = '<errorEventDefinition errorRef="er"/>';
export const escalation = '<escalationEventDefinition escalationRef="es"/>';

export const service = (id: string, name = 'record', inside = '') =>
  `<serviceTask id="${id}" longmen:function="${name}" longmen:backoff="PT0.1S">${inside}</serviceTask>`;
/** Nobody completes it. */
export const never = (id: string, inside = '') => `<userTask id="never_${id}">${inside}</userTask>`;
export const sets = (id: string, variable: string, text = 'true') =>
  `<scriptTask id="${id}" scriptFormat="FEEL" longmen:resultVariable="${variable}"><script>${text}</script></scriptTask>`;
export const sub = (id: string, inside: string) => `<subProcess id="${id}">${inside}</subProcess>`;
export const eventSub = (id: string, inside: string) =>
  `<subProcess id="${id}" triggeredByEvent="true">${inside}</subProcess>`;
export const starting = (id: string, definition: string, interrupts = true) =>
  `<startEvent id="${id}" isInterrupting="${interrupts}">${definition}</startEvent>`;
export const boundary = (id: string, on: string, definition: string, cancels = true, key = '') =>
  `<boundaryEvent id="${id}" attachedToRef="${on}" cancelActivity="${cancels}"${key}>${definition}</boundaryEvent>`;
export const catching = (id: string, definition: string, key = '') =>
  `<intermediateCatchEvent id="${id}"${key}>${definition}</intermediateCatchEvent>`;
export const throwing = (id: string, definition: string, inside = '') =>
  `<intermediateThrowEvent id="${id}">${inside}${definition}</intermediateThrowEvent>`;
export const ending = (id: string, definition: string, inside = '') =>
  `<endEvent id="${id}">${inside}${definition}</endEvent>`;
/** The instance is found by its `id`, and gives it along. */
export const byId = ' longmen:correlationKey="id"';
export const withId = '<extensionElements><longmen:input source="id" target="id"/></extensionElements>';
export const undoable = (id: string) =>
  `${service(id)}<boundaryEvent id="b_${id}" attachedToRef="${id}"><compensateEventDefinition/></boundaryEvent>
   <serviceTask id="undo_${id}" isForCompensation="true" longmen:function="record"/>
   <association id="link_${id}" sourceRef="b_${id}" targetRef="undo_${id}" associationDirection="One"/>`;
export const repeated = (sequential: boolean, over = '[1, 2, 3]', until = '') =>
  `<multiInstanceLoopCharacteristics isSequential="${sequential}" longmen:collection="${over}" longmen:item="item">${until}</multiInstanceLoopCharacteristics>`;
export const calling = (id: string, process: string, inside = '') =>
  `<callActivity id="${id}" calledElement="${process}"><extensionElements><longmen:input source="n" target="n"/><longmen:input source="id" target="id"/></extensionElements>${inside}</callActivity>`;
/** A message with this id and name whose key is the `id` of its payload. */
export const keyed = (name: string) => `<message id="${name}" name="${name}"${byId}/>`;
export const roots = '<error id="er" errorCode="E1"/><escalation id="es" escalationCode="X1"/>';
