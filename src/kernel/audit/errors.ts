import { defineErrors } from '#kernel/errors';

export const auditError = defineErrors({
  audit_unavailable: { status: 503, title: 'Cannot be recorded at present' },
  audit_subject_invalid: { status: 400, title: 'Not a subject' },
  audit_reason_missing: { status: 400, title: 'A reason is needed' },
  audit_entry_not_found: { status: 404, title: 'No such entry' },
});
