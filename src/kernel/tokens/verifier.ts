/** Verification of machine tokens on the hot path: one digest and one map look-up when the token was seen recently. */
import { hash } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { tokenError } from './errors.ts';

/** Who presented a valid token. */
export interface TokenIdentity {
  readonly tokenId: string;
  readonly name: string;
  /** Patterns of permissions, held in the unit and all below it. */
  readonly permissions: readonly string[];
  readonly unitId: number;
  /** RFC 3339, UTC; null: never. */
  readonly expiresAt: string | null;
}

export interface TokenVerifier {
  /**
   * Says whose secret this is: at once when it was verified in the last seconds, else after asking the database.
   *
   * @throws (or rejects with) `token_invalid`, also for a revoked token; `token_expired`; database errors.
   */
  verify(secret: string): TokenIdentity | Promise<TokenIdentity>;
  /** Forgets what is remembered, so that a revocation in this process works at once. */
  forget(): void;
}

/** A revocation must be effective everywhere within 5 seconds; the rest is for the query that precedes remembering. */
const REMEMBERED_SECONDS = 4;
const REMEMBERED_LIMIT = 10_000;

const SECRET = /^lm_[A-Za-z0-9_-]{43}$/;

/** Base64 SHA-256 of a secret. Looking up digests makes timing say nothing about how much of a guess was right. */
export function secretDigest(secret: string): string {
  return hash('sha256', secret, 'base64');
}

/**
 * Makes the verifier of a process.
 *
 * @param options.rememberedSeconds how long a verified token is believed without asking again, at most 4 seconds
 */
export function createTokenVerifier(options: {
  db: Queryable;
  clock: Clock;
  rememberedSeconds?: number;
}): TokenVerifier {
  const { db, clock, rememberedSeconds = REMEMBERED_SECONDS } = options;
  invariant(rememberedSeconds <= REMEMBERED_SECONDS, 'revocation_effective_within_5_seconds');
  const remembered = new Map<string, { identity: TokenIdentity; until_ms: number }>();
  const asked = new Map<string, Promise<TokenIdentity>>();
  let generation = 0;

  async function ask(digest: string): Promise<TokenIdentity> {
    // Elapsed real time, not business time: a clock that a test holds still must not keep a revoked token alive.
    const until_ms = performance.now() + rememberedSeconds * 1_000;
    const asked_in = generation;
    const identity = await readIdentity(db, digest, clock);
    if (asked_in === generation) {
      if (remembered.size >= REMEMBERED_LIMIT) remembered.clear();
      remembered.set(digest, { identity, until_ms });
    }
    return identity;
  }

  return {
    verify(secret) {
      if (!SECRET.test(secret)) throw tokenError('token_invalid', 'The bearer token is not valid');
      const digest = secretDigest(secret);
      const known = remembered.get(digest);
      if (known !== undefined && known.until_ms > performance.now()) return known.identity;
      // Concurrent requests with the same token share one question.
      let answer = asked.get(digest);
      if (answer === undefined) {
        answer = ask(digest).finally(() => asked.delete(digest));
        asked.set(digest, answer);
      }
      return answer;
    },
    forget() {
      generation += 1;
      remembered.clear();
      asked.clear();
    },
  };
}

async function readIdentity(db: Queryable, digest: string, clock: Clock): Promise<TokenIdentity> {
  const { rows } = await db.query<TokenIdentity & { stale: boolean; expired: boolean }>(
    `select token_id as "tokenId", name, permissions, unit_id as "unitId", expires_at as "expiresAt",
            coalesce(expires_at <= $2, false) as expired,
            last_used_at is null or last_used_at < $2::timestamptz - interval '1 hour' as stale
       from kernel.token
      where secret_sha256 = decode($1, 'base64') and revoked_at is null`,
    [digest, clock.now().toString()],
  );
  const [row] = rows;
  if (row === undefined) throw tokenError('token_invalid', 'The bearer token is not valid');
  const { stale, expired, ...identity } = row;
  if (expired) throw tokenError('token_expired', 'The bearer token has expired', { expired_at: identity.expiresAt });
  if (stale) void recordUse(db, identity.tokenId, clock);
  return identity;
}

/** The time of last use is a courtesy to operators: when it cannot be written, the request goes on. */
async function recordUse(db: Queryable, tokenId: string, clock: Clock): Promise<void> {
  try {
    await db.query('update kernel.token set last_used_at = $2 where token_id = $1', [tokenId, clock.now().toString()]);
  } catch {
    // A database that is read-only or closing is reported by whatever really needs to write.
  }
}
