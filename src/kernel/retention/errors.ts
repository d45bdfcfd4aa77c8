import { defineErrors } from '#kernel/errors';

export const retentionError = defineErrors({
  retention_kind_unknown: { status: 404, title: 'No such kind of data' },
  retention_policy_invalid: { status: 400, title: 'Retention policy invalid' },
});
