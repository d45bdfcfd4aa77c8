import { defineErrors } from '#kernel/errors';

export const matchError = defineErrors({
  match_invalid: { status: 400, title: 'Not something to compare' },
  match_case_not_found: { status: 404, title: 'Case not found' },
  match_case_decided: { status: 409, title: 'The case was decided otherwise' },
  merge_with_itself: { status: 400, title: 'A party cannot be merged with itself' },
  merge_kind_differs: { status: 409, title: 'A person and an organisation cannot be one party' },
  merge_already_merged: { status: 409, title: 'The party stands behind another already' },
  merge_related: { status: 409, title: 'The two are related to each other, so they are two' },
  merge_different: { status: 409, title: 'The id was used for another merge' },
  merge_not_found: { status: 404, title: 'Merge not found' },
  merge_reason_required: { status: 400, title: 'A reason of 1 to 500 characters must be given' },
});
