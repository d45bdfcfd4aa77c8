import { type JobWithMetadata, PgBoss, type Queue } from 'pg-boss';
import type { Temporal } from 'temporal-polyfill';
import type { Database, Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { jobsError } from './errors.ts';
import { jobsSchema } from './schema.ts';

/** A job as its handler sees it. */
export interface JobRun<Data extends object> {
  readonly id: string;
  readonly name: string;
  readonly data: Data;
  /** 1 for the first attempt; more after a failure or after the process of an earlier attempt died. */
  readonly attempt: number;
  /** Aborts when the time limit is over or the process must stop now. */
  readonly signal: AbortSignal;
}

export interface JobDefinition<Data extends object> {
  /** Letters, digits, `_`, `-`, `.` and `/`. */
  readonly name: string;
  /**
   * Does the work; it counts as done when this resolves and is tried again when it rejects. A job runs at least once:
   * it may run again after its process was killed, or while a process that has stopped answering still works on it, so
   * the work must bear repetition. Code that keeps the event loop busy for 10 s counts as dead.
   */
  readonly handler: (job: JobRun<Data>) => Promise<void>;
  /** Further attempts after the first. Default 5. */
  readonly retryLimit?: number;
  /** Pause before the second attempt; it doubles, with jitter, up to an hour. Default 2. */
  readonly retryDelay_seconds?: number;
  /** How long one attempt may take, at most 24 hours. Default one hour. */
  readonly timeLimit_seconds?: number;
  /** Jobs of this name at a time in one process. Default 1. */
  readonly concurrency?: number;
}

export interface EnqueueOptions {
  /** Not before this instant. Default: at once. */
  readonly runAt?: Temporal.Instant | string;
  /**
   * While a job of the same name and key waits for its first attempt, no second one is added. One that already runs
   * does not count, so a change made during the run is not missed.
   */
  readonly singletonKey?: string;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
}

/** How many jobs of a name are in which state, as counted within the last seconds. */
export interface JobCounts {
  readonly name: string;
  /** Could run now. */
  readonly ready: number;
  /** Wait for their time. */
  readonly deferred: number;
  readonly active: number;
  /** Have used up their attempts; kept for a week. */
  readonly failed: number;
}

export type JobState = 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';

export interface JobStatus {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** Attempts begun so far. */
  readonly attempts: number;
  /** The error of the last failed attempt, as JSON. */
  readonly output: unknown;
}

/** The part of a pino logger that is used here. */
export interface JobsLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface JobsOptions {
  readonly db: Pick<Database, 'connectionString'>;
  readonly log?: JobsLog;
  /** False: only enqueues; for a command that does not stay. Default true. */
  readonly work?: boolean;
  /** Longest time until a free worker sees a job, at least 500. Default 1,000. */
  readonly pollInterval_ms?: number;
}

export interface Jobs {
  /** Declares a job; before `start`. */
  define<Data extends object>(definition: JobDefinition<Data>): void;
  /** Begins to work (unless opened with `work: false`); from here on jobs can be enqueued. */
  start(): Promise<void>;
  /** Stops taking jobs and waits for those under way; what is not done by then is tried again elsewhere. */
  stop(options?: { timeout_ms?: number }): Promise<void>;
  /**
   * Adds a job as part of the caller's transaction (or at once, given a database). `data` is JSON; amounts are decimal
   * strings. Gives the job's id, null when one with the same `singletonKey` already waits. Error: `job_unknown`.
   */
  enqueue(on: Queryable, name: string, data: object, options?: EnqueueOptions): Promise<string | null>;
  /**
   * Enqueues a job whenever the five-field cron expression is met in the time zone. One server does so, to the minute;
   * a run that falls into a time when none is up is not made up for, and one that still waits is not doubled. Several
   * schedules of one job differ by `key`; the same name and key replaces. Errors: `job_unknown`, `job_schedule_invalid`.
   */
  schedule(
    name: string,
    cron: string,
    timeZone: string,
    options?: { readonly key?: string; readonly data?: object },
  ): Promise<void>;
  unschedule(name: string, key?: string): Promise<void>;
  /** Counts by job name, for health and metrics. */
  counts(): Promise<JobCounts[]>;
  /** Error: `job_not_found`. */
  inspect(name: string, id: string): Promise<JobStatus>;
  /** Gives a failed job one more attempt. Error: `job_not_found`. */
  retry(name: string, id: string): Promise<void>;
}

/**
 * When a process dies, its jobs are taken over after at most heartbeat + two looks of the supervisor + first retry pause
 * + one poll: 12 + 2 · 5 + 2 + 1 = 25 seconds. The heartbeat is sent three times in its span. A job whose process dies
 * again and again pauses longer each time and ends as failed, so that it cannot take one server after the other down.
 */
const heartbeat_seconds = 12;
const supervise_seconds = 5;

/**
 * Jobs and schedules on PostgreSQL, by pg-boss. It keeps a small pool of its own, in the application role. Times here
 * are the database's: technical scheduling must work while the business clock is simulated.
 */
export function openJobs(options: JobsOptions): Jobs {
  const { log, work = true, pollInterval_ms = 1_000 } = options;
  const definitions = new Map<string, JobDefinition<object>>();
  let isStarted = false;
  const boss = new PgBoss({
    connectionString: options.db.connectionString,
    application_name: 'longmen-jobs',
    schema: jobsSchema,
    max: 4,
    // The schema is made by a migration: the application role may not, nor may it rebuild indexes.
    migrate: false,
    createSchema: false,
    reindex: false,
    supervise: work,
    schedule: work,
    superviseIntervalSeconds: supervise_seconds,
    // Shorter than the supervisor's interval, so that each of its looks counts.
    monitorIntervalSeconds: supervise_seconds - 1,
    queueCacheIntervalSeconds: supervise_seconds,
    cronWorkerIntervalSeconds: 1,
  });
  boss.on('error', (error) => log?.error({ err: error }, 'jobs failed to reach the database'));
  boss.on('warning', ({ message, data }) => log?.warn({ data }, message));

  async function prepareQueue(definition: JobDefinition<object>): Promise<void> {
    const settings: Omit<Queue, 'name'> = {
      retryLimit: definition.retryLimit ?? 5,
      retryDelay: definition.retryDelay_seconds ?? 2,
      retryBackoff: true,
      retryDelayMax: 3_600,
      expireInSeconds: definition.timeLimit_seconds ?? 3_600,
      heartbeatSeconds: heartbeat_seconds,
    };
    // 'short' is what makes singleton keys unique among waiting jobs.
    await boss.createQueue(definition.name, { ...settings, policy: 'short' });
    await boss.updateQueue(definition.name, settings);
  }

  async function startWorker(definition: JobDefinition<object>): Promise<void> {
    const settings = {
      includeMetadata: true,
      pollingIntervalSeconds: pollInterval_ms / 1_000,
      heartbeatRefreshSeconds: heartbeat_seconds / 3,
    } as const;
    const workerId: string = await boss.work<object, void, typeof settings>(definition.name, settings, async (jobs) => {
      // There may be more: look again at once when this one is over, instead of at the next poll.
      boss.notifyWorker(workerId);
      for (const job of jobs) await definition.handler(runOf(job));
    });
  }

  function assertDefined(name: string): void {
    invariant(isStarted, 'jobs_are_started');
    if (!definitions.has(name)) throw jobsError('job_unknown', `No job '${name}'`, { job: name });
  }

  async function find(name: string, id: string): Promise<JobWithMetadata<object>> {
    assertDefined(name);
    const [job] = await boss.findJobs<object>(name, { id });
    if (!job) throw jobsError('job_not_found', `No job '${name}' with id ${id}`, { job: name, id });
    return job;
  }

  return {
    define<Data extends object>(definition: JobDefinition<Data>) {
      invariant(!isStarted, 'jobs_are_defined_before_start');
      invariant(!definitions.has(definition.name), `job_defined_once:${definition.name}`);
      // What is enqueued under the name is what its handler takes; the database in between knows JSON only.
      definitions.set(definition.name, {
        ...definition,
        handler: (job) => definition.handler({ ...job, data: job.data as Data }),
      });
    },
    async start() {
      await boss.start();
      isStarted = true;
      for (const definition of definitions.values()) await prepareQueue(definition);
      if (!work) return;
      for (const definition of definitions.values()) {
        for (let worker = 0; worker < (definition.concurrency ?? 1); worker += 1) await startWorker(definition);
      }
    },
    async stop({ timeout_ms = 30_000 } = {}) {
      isStarted = false;
      await boss.stop({ graceful: true, timeout: timeout_ms });
    },
    async enqueue(on, name, data, { runAt, singletonKey, priority } = {}) {
      assertDefined(name);
      return boss.send(name, data, {
        db: { executeSql: (text, values) => on.query(text, values) },
        // Every job has a key, as keyless ones would all be taken for one; see `policy`.
        singletonKey: singletonKey ?? newId(),
        ...(runAt !== undefined && { startAfter: runAt.toString() }),
        ...(priority !== undefined && { priority }),
      });
    },
    async schedule(name, cron, timeZone, { key = '', data = {} } = {}) {
      assertDefined(name);
      try {
        await boss.schedule(name, cron, data, { tz: timeZone, key, singletonKey: `schedule:${key}` });
      } catch (error) {
        if (error instanceof Error && !('severity' in error)) {
          throw jobsError('job_schedule_invalid', `'${cron}' in ${timeZone}: ${error.message}`, { job: name });
        }
        throw error;
      }
    },
    async unschedule(name, key) {
      await boss.unschedule(name, key);
    },
    async counts() {
      const queues = await boss.getQueues([...definitions.keys()]);
      return queues.map((queue) => ({
        name: queue.name,
        ready: queue.readyCount,
        deferred: queue.deferredCount,
        active: queue.activeCount,
        failed: queue.failedCount,
      }));
    },
    async inspect(name, id) {
      const job = await find(name, id);
      return { id: job.id, name, state: job.state, attempts: attemptsOf(job), output: job.output };
    },
    async retry(name, id) {
      const job = await find(name, id);
      if (job.state !== 'failed') throw jobsError('job_not_found', `Job ${id} has not failed`, { job: name, id });
      await boss.retry(name, id);
    },
  };
}

function runOf(job: JobWithMetadata<object>): JobRun<object> {
  return { id: job.id, name: job.name, data: job.data, attempt: job.retryCount + 1, signal: job.signal };
}

function attemptsOf(job: JobWithMetadata<object>): number {
  return job.startedOn === null ? 0 : job.retryCount + 1;
}
