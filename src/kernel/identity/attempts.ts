/** Failed sign-ins, counted in the database for all processes: per account and per network address. */
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { parseInstant } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { identityError } from './errors.ts';
import { accountBackoff, addressBackoff, type Backoff, waitAfter } from './model.ts';

/** Who tries: a login as given (it need not exist), null where only the address is known; and from where. */
export interface Attempt {
  readonly account: string | null;
  readonly address: string;
}

/** So many failures behind the free ones the wait has grown to its longest. */
const LONGEST_AFTER = 21;

/** A count is forgotten when nothing failed for this long. */
const FORGOTTEN_AFTER_HOURS = 24;

/**
 * Counts a try as failed before it is made, so that many at once are counted, too. {@link attemptSucceeded} takes it back.
 *
 * @throws `sign_in_locked` with `retry_after_seconds`; then nothing was counted
 */
export async function attemptBegins(db: Queryable, attempt: Attempt, clock: Clock): Promise<void> {
  await count(db, 'address', attempt.address, addressBackoff, clock);
  if (attempt.account !== null) await count(db, 'account', attempt.account, accountBackoff, clock);
}

/** The try was good: the account starts anew, the address gets back what this try was counted. */
export async function attemptSucceeded(db: Queryable, attempt: Attempt): Promise<void> {
  if (attempt.account !== null) await forgetFailures(db, attempt.account);
  await db.query(
    `update kernel.sign_in_failure set failures = greatest(failures - 1, 0), locked_until = null
      where scope = 'address' and key = $1`,
    [keyText(attempt.address)],
  );
}

/** Lets somebody try again at once: they have shown otherwise who they are. */
export async function forgetFailures(db: Queryable, account: string): Promise<void> {
  await db.query(`delete from kernel.sign_in_failure where scope = 'account' and key = $1`, [keyText(account)]);
}

/** A place nobody signed in from for so long is a new one. */
const PLACE_DAYS = 180;

/** Deletes counts that no longer matter, codes that no longer could be sent again, and old places; for a daily job. */
export async function purgeAttempts(db: Queryable, clock: Clock): Promise<void> {
  const before = clock.now().subtract({ hours: FORGOTTEN_AFTER_HOURS }).toString();
  await db.query('delete from kernel.sign_in_failure where last_failed_at < $1', [before]);
  await db.query('delete from kernel.staff_code where used_at < $1', [before]);
  await db.query('delete from identity.verification where "expiresAt" < $1', [before]);
  await db.query('delete from identity.session where "expiresAt" < $1', [before]);
  const forgotten = clock
    .now()
    .subtract({ hours: 24 * PLACE_DAYS })
    .toString();
  await db.query('delete from kernel.sign_in_place where last_used_at < $1', [forgotten]);
}

async function count(db: Queryable, scope: 'account' | 'address', key: string, backoff: Backoff, clock: Clock) {
  const present = clock.now();
  const forgotten = present.subtract({ hours: FORGOTTEN_AFTER_HOURS }).toString();
  // Counting and locking is one statement, so that of many at once none slips in between. The waits are those of
  // {@link waitAfter} by the number of failures.
  const waits_s = Array.from({ length: backoff.free + LONGEST_AFTER }, (_, index) => waitAfter(index + 1, backoff));
  const { rowCount } = await db.query(
    `insert into kernel.sign_in_failure as f (scope, key, failures, last_failed_at)
     values ($1, $2, 1, $3)
     on conflict (scope, key) do update
       set (failures, last_failed_at, locked_until) = (
         select n.failures, $3::timestamptz,
                $3::timestamptz + nullif(($5::int[])[least(n.failures, cardinality($5::int[]))], 0) * interval '1 second'
           from (select case when f.last_failed_at < $4 then 1 else f.failures + 1 end as failures) n)
       where f.locked_until is null or f.locked_until <= $3`,
    [scope, keyText(key), present.toString(), forgotten, waits_s],
  );
  if (rowCount === 0) throw await locked(db, scope, key, clock);
}

async function locked(db: Queryable, scope: string, key: string, clock: Clock): Promise<Error> {
  const { rows } = await db.query<{ until: string | null }>(
    `select locked_until as until from kernel.sign_in_failure where scope = $1 and key = $2`,
    [scope, keyText(key)],
  );
  const until = rows[0]?.until ?? null;
  const wait_ms = until === null ? 0 : parseInstant(until).epochMilliseconds - clock.now().epochMilliseconds;
  const retry_after_seconds = Math.max(1, Math.ceil(wait_ms / 1_000));
  invariant(Number.isFinite(retry_after_seconds), 'waiting_is_a_number');
  return identityError('sign_in_locked', 'Too many sign-ins have failed; try again later', { retry_after_seconds });
}

/** What people type can be long; only so much of it tells accounts apart. */
function keyText(key: string): string {
  return key
    .toLowerCase()
    .slice(0, 100)
    .replace(/\p{Cc}/gu, '');
}
