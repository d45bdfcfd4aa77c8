import { defineErrors } from '#kernel/errors';

export const jobsError = defineErrors({
  job_unknown: { status: 404, title: 'No job of this name is defined' },
  job_not_found: { status: 404, title: 'Job not found' },
  job_schedule_invalid: { status: 400, title: 'Job schedule is malformed' },
});
