/** The PostgreSQL schema that belongs to pg-boss. */
import { getConstructionPlans } from 'pg-boss';

export const jobsSchema = 'kernel_jobs';

/**
 * What the installed pg-boss would run to create its schema, without its transaction (the migrator has one) and without
 * the daily partitions of a statistics table that is not used. `migrations/0001-jobs.sql` holds this text; the
 * application role may not create schemas, so pg-boss is started with `migrate: false` and finds it done.
 */
export function constructionSql(): string {
  const statements = getConstructionPlans(jobsSchema);
  return statements
    .replace(/^\s*BEGIN;[\s\S]*?(?=CREATE SCHEMA)/, '')
    .replace(/\n\s*DO \$\$[\s\S]*?END;\s*\$\$\s*;\n/, '\n')
    .replace(/\s*COMMIT;\s*$/, '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
}
