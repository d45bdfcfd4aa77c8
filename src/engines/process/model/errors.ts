/** Errors of reading a process model that leave nothing to work with. */
import { defineErrors } from '#kernel/errors';

export const processModelError = defineErrors({
  process_xml_malformed: { status: 400, title: 'Not well-formed XML' },
  process_not_bpmn: { status: 400, title: 'Not a BPMN 2.0 model' },
});

/** For `parseXml`. */
export const malformed = (detail: string) => processModelError('process_xml_malformed', detail);
