/** Errors a caller of the decision engine can act on; a FEEL expression that fails is not one of them: it is null. */
import { defineErrors } from '#kernel/errors';

export const decisionError = defineErrors({
  decision_xml_malformed: { status: 400, title: 'Not well-formed XML' },
  decision_not_dmn: { status: 400, title: 'Not a DMN 1.2 to 1.5 model' },
  decision_model_invalid: { status: 422, title: 'Model has errors' },
  decision_import_missing: { status: 422, title: 'Imported model not given' },
  decision_not_found: { status: 404, title: 'No such decision' },
  decision_input_invalid: { status: 422, title: 'Input cannot be read' },
  decision_steps_exceeded: { status: 422, title: 'Evaluation takes too many steps' },
  decision_time_exceeded: { status: 422, title: 'Evaluation takes too long' },
  decision_depth_exceeded: { status: 422, title: 'Evaluation nests too deeply' },
  decision_size_exceeded: { status: 422, title: 'Evaluation makes too large a value' },
  feel_syntax: { status: 400, title: 'FEEL expression cannot be parsed' },
});
