import { defineErrors } from '#kernel/errors';
import { canonicalUuid } from '#kernel/ids';

export const processError = defineErrors({
  process_id_malformed: { status: 400, title: 'Identifier is not a UUID' },
  process_model_invalid: { status: 422, title: 'Process cannot be executed' },
  process_not_found: { status: 404, title: 'Process not found' },
  process_version_not_found: { status: 404, title: 'Process version not found' },
  process_start_not_found: { status: 422, title: 'Process has no such start event' },
  process_instance_not_found: { status: 404, title: 'Process instance not found' },
  process_instance_ended: { status: 409, title: 'Process instance has ended' },
  process_instance_suspended: { status: 409, title: 'Process instance is suspended' },
  process_instance_exists: { status: 409, title: 'Process instance exists differently' },
  process_task_not_found: { status: 404, title: 'Task not found' },
  process_task_closed: { status: 409, title: 'Task is closed' },
  process_task_claimed: { status: 409, title: 'Task is claimed by another person' },
  process_incident_not_found: { status: 404, title: 'Incident not found' },
  process_token_not_found: { status: 404, title: 'Token not found' },
  process_modification_invalid: { status: 422, title: 'Modification cannot be made' },
  process_migration_invalid: { status: 422, title: 'Migration plan is not valid' },
  process_instance_not_of_version: { status: 409, title: 'Process instance is of another version' },
  process_function_not_registered: { status: 500, title: 'Function is not registered' },
  process_step_failed: { status: 422, title: 'Step cannot be made' },
  process_timer_invalid: { status: 422, title: 'Timer value is not valid' },
  process_variable_invalid: { status: 422, title: 'Variable value is not valid' },
  process_action_forbidden: { status: 403, title: 'Action is not allowed' },
});

/** An id as it is stored. Error: `process_id_malformed`. */
export function uuidOf(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw processError('process_id_malformed', `'${text}' is not a UUID`);
  return id;
}

/**
 * Thrown by a function to raise a BPMN error: it is caught by error events of the model, never retried. `variables`
 * become the payload of the catching event, beside `errorCode` and `errorMessage`.
 */
export class BusinessError extends Error {
  readonly code: string;
  readonly variables: Readonly<Record<string, unknown>>;

  constructor(code: string, message = code, variables: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'BusinessError';
    this.code = code;
    this.variables = variables;
  }
}
