/**
 * Machine tokens: programs that may call the API, each with permissions in a unit and, at best, an end. A secret is shown once, at creation; only its
 * SHA-256 is stored. A revoked token stops working within 5 seconds in every process.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { instantText, parseInstant } from '#kernel/dates';
import { isUuid, newId } from '#kernel/ids';
import { tokenError } from './errors.ts';
import { createTokenVerifier, secretDigest, type TokenIdentity } from './verifier.ts';

export { tokenError } from './errors.ts';
export { createTokenVerifier, type TokenIdentity, type TokenVerifier } from './verifier.ts';

/** A token as listed; instants are RFC 3339 UTC text. */
export interface TokenRecord extends TokenIdentity {
  readonly createdAt: string;
  /** Exact to the hour; null when the token was never used. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A new token with its secret, which can never be read again. */
export interface NewToken extends TokenIdentity {
  readonly secret: string;
}

/** What a token may do, where, and until when. Without it: everything, everywhere, for ever. */
export interface TokenOptions {
  /** Patterns of permissions such as `ledger.*:read`, 1 to 100. */
  readonly permissions?: readonly string[] | undefined;
  /** The unit, with all below it, in which the permissions hold. */
  readonly unitId?: number | undefined;
  /** RFC 3339; not in the past. */
  readonly expiresAt?: string | undefined;
}

/**
 * Makes a token.
 *
 * @param name what it is for, 1 to 100 characters, for the list of tokens
 * @throws `token_name_invalid`, `token_scope_invalid`
 */
export async function createToken(
  tx: Queryable,
  name: string,
  clock: Clock,
  options: TokenOptions = {},
): Promise<NewToken> {
  if (name.trim() !== name || name.length < 1 || name.length > 100 || /\p{Cc}/u.test(name)) {
    throw tokenError('token_name_invalid', 'A token name has 1 to 100 characters, none of them control characters');
  }
  const tokenId = newId(clock);
  const secret = `lm_${randomBytes(32).toString('base64url')}`;
  const permissions = [...new Set(options.permissions ?? ['*:*'])];
  const { unitId = 1 } = options;
  if (permissions.length === 0 || permissions.length > 100 || !permissions.every((one) => PATTERN.test(one))) {
    throw tokenError('token_scope_invalid', 'A token has 1 to 100 permissions such as ledger.*:read or *:*');
  }
  const expiresAt = options.expiresAt === undefined ? null : parseInstant(options.expiresAt);
  if (expiresAt !== null && expiresAt.epochMilliseconds <= clock.now().epochMilliseconds) {
    throw tokenError('token_scope_invalid', 'A token expires in the future');
  }
  await tx.query(
    `insert into kernel.token (token_id, name, secret_sha256, created_at, permissions, unit_id, expires_at)
     values ($1, $2, decode($3, 'base64'), $4, $5, $6, $7)`,
    [tokenId, name, secretDigest(secret), clock.now().toString(), permissions, unitId, expiresAt?.toString() ?? null],
  );
  return { tokenId, name, permissions, unitId, expiresAt: expiresAt === null ? null : instantText(expiresAt), secret };
}

const PATTERN = /^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?):(\*|[a-z][a-z0-9_]*)$/;

/**
 * Says whose secret this is, asking the database; servers use {@link createTokenVerifier} instead.
 *
 * @throws `token_invalid`
 */
export async function verifyToken(db: Queryable, secret: string, clock: Clock): Promise<TokenIdentity> {
  return createTokenVerifier({ db, clock }).verify(secret);
}

/**
 * Revokes a token; revoking it again changes nothing.
 *
 * @throws `token_not_found`
 */
export async function revokeToken(tx: Queryable, tokenId: string, clock: Clock): Promise<void> {
  const { rowCount } = isUuid(tokenId)
    ? await tx.query('update kernel.token set revoked_at = coalesce(revoked_at, $2) where token_id = $1', [
        tokenId,
        clock.now().toString(),
      ])
    : { rowCount: 0 };
  if (rowCount === 0) throw tokenError('token_not_found', 'There is no such token', { token_id: tokenId });
}

/** All tokens that may be seen, also the revoked and expired, oldest first. */
export async function listTokens(db: Queryable): Promise<TokenRecord[]> {
  const { rows } = await db.query<TokenRecord>(
    `select token_id as "tokenId", name, permissions, unit_id as "unitId", expires_at as "expiresAt",
            created_at as "createdAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"
       from kernel.token order by created_at, token_id`,
  );
  return rows;
}
