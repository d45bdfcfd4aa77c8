/**
 * Work that is done later, again, or on schedule: jobs on PostgreSQL, enqueued in the transaction that wants them.
 */
export {
  type EnqueueOptions,
  type JobCounts,
  type JobDefinition,
  type JobRun,
  type JobState,
  type JobStatus,
  type Jobs,
  type JobsLog,
  type JobsOptions,
  openJobs,
} from './jobs.ts';
