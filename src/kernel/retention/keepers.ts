import type { Temporal } from 'temporal-polyfill';
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { listRetentionPolicies, type RetentionKind, type RetentionPolicy } from './policies.ts';

/** Lets go of one kind of data, as its room knows how. */
export interface Keeper {
  readonly kind: RetentionKind;
  /** Archives or deletes what is older than the instant, and says how many records. Must bear repetition. */
  letGo(before: Temporal.Instant, policy: RetentionPolicy): Promise<number>;
}

/** What became of one kind of data. */
export interface Kept {
  readonly kind: RetentionKind;
  /** Records let go of. */
  readonly records: number;
  readonly error: unknown;
}

/** Does what the policies say, kind by kind; what fails with one kind does not keep the others waiting. */
export async function applyRetention(db: Queryable, clock: Clock, keepers: readonly Keeper[]): Promise<Kept[]> {
  const policies = new Map((await listRetentionPolicies(db)).map((policy) => [policy.kind, policy]));
  const done: Kept[] = [];
  for (const { kind, letGo } of keepers) {
    const policy = policies.get(kind);
    if (policy === undefined || policy.keepDays === null) continue;
    const before = clock.now().subtract({ hours: 24 * policy.keepDays });
    try {
      done.push({ kind, records: await letGo(before, policy), error: null });
    } catch (error) {
      done.push({ kind, records: 0, error });
    }
  }
  return done;
}
