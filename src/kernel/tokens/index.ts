/**
 * Machine tokens: who may call the API before people and roles exist. A secret is shown once, at creation; only its
 * SHA-256 is stored. A revoked token stops working within 5 seconds in every process.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
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

/**
 * Makes a token.
 *
 * @param name what it is for, 1 to 100 characters, for the list of tokens
 * @throws `token_name_invalid`
 */
export async function createToken(tx: Queryable, name: string, clock: Clock): Promise<NewToken> {
  if (name.trim() !== name || name.length < 1 || name.length > 100 || /\p{Cc}/u.test(name)) {
    throw tokenError('token_name_invalid', 'A token name has 1 to 100 characters, none of them control characters');
  }
  const tokenId = newId(clock);
  const secret = `lm_${randomBytes(32).toString('base64url')}`;
  await tx.query(
    `insert into kernel.token (token_id, name, secret_sha256, created_at)
     values ($1, $2, decode($3, 'base64'), $4)`,
    [tokenId, name, secretDigest(secret), clock.now().toString()],
  );
  return { tokenId, name, permissions: ['*:*'], unitId: 1, secret };
}

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

/** All tokens, also the revoked, oldest first. */
export async function listTokens(db: Queryable): Promise<TokenRecord[]> {
  const { rows } = await db.query<{
    token_id: string;
    name: string;
    created_at: string;
    last_used_at: string | null;
    revoked_at: string | null;
  }>('select token_id, name, created_at, last_used_at, revoked_at from kernel.token order by created_at, token_id');
  return rows.map((row) => ({
    tokenId: row.token_id,
    permissions: ['*:*'],
    unitId: 1,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }));
}
