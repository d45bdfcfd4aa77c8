import { defineErrors } from '#kernel/errors';

export const evidenceError = defineErrors({
  evidence_leaf_malformed: { status: 422, title: 'Malformed leaf' },
  evidence_posting_not_found: { status: 404, title: 'No such posting in the log' },
  evidence_posting_archived: { status: 410, title: 'The posting is archived' },
  evidence_journal_gap: { status: 500, title: 'The journal lacks a row' },
});
