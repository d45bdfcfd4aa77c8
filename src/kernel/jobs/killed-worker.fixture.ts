/** A process that takes a job and never finishes it; the test kills it. Its database is its first argument. */
import { openJobs } from '#kernel/jobs';

const [connectionString = ''] = process.argv.slice(2);
const jobs = openJobs({ db: { connectionString }, pollInterval_ms: 500 });
jobs.define<{ work: string }>({
  name: 'endless',
  async handler({ id, attempt }) {
    process.stdout.write(`${JSON.stringify({ id, attempt })}\n`);
    await new Promise(() => {});
  },
});
await jobs.start();
