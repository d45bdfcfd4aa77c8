/** One-time links (一次性链接): how a person gets a first password, or a new one. */
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { newId } from '#kernel/ids';
import { forgetFailures } from './attempts.ts';
import { identityError } from './errors.ts';
import type { PasswordPolicy, Staff } from './model.ts';
import { checkNewPassword, hashPassword, rememberPassword } from './passwords.ts';
import { readStaff, staffFields } from './read.ts';

/** Where a link leads, below the address of the house. */
export const WELCOME_PATH = '/welcome';

/** A link that was just made: the token is in no other place. */
export interface NewLink {
  readonly staffId: string;
  readonly token: string;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

export interface LinkOptions {
  readonly hours: number;
  /** Using the link takes away second factors and passkeys: for somebody who has lost them. */
  readonly resetsFactors?: boolean | undefined;
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

/**
 * Makes a link for a person who may come in; links made before stop working.
 *
 * @throws `staff_state_invalid` for somebody who is suspended or has left
 */
export async function createLink(tx: Transaction, staff: Staff, options: LinkOptions, clock: Clock): Promise<NewLink> {
  if (staff.state !== 'invited' && staff.state !== 'active') {
    throw identityError('staff_state_invalid', `Somebody who is ${staff.state} gets no link`, { state: staff.state });
  }
  const token = randomBytes(32).toString('base64url');
  const present = clock.now();
  const expiresAt = instantText(present.add({ hours: options.hours }));
  await endLinks(tx, staff.staffId, clock);
  await tx.query(
    `insert into kernel.staff_link (link_id, staff_id, digest, resets_factors, created_at, expires_at)
     values ($1, $2, decode($3, 'base64'), $4, $5, $6)`,
    [newId(clock), staff.staffId, digestOf(token), options.resetsFactors === true, present.toString(), expiresAt],
  );
  return { staffId: staff.staffId, token, expiresAt };
}

/** Makes all open links of a person useless. */
export async function endLinks(tx: Queryable, staffId: string, clock: Clock): Promise<void> {
  await tx.query('update kernel.staff_link set used_at = $2 where staff_id = $1 and used_at is null', [
    staffId,
    clock.now().toString(),
  ]);
}

/** Whose link this is. @throws `link_not_valid` for one that is unknown, used, expired, or of somebody kept out */
export async function readLink(db: Queryable, token: string, clock: Clock): Promise<Staff> {
  const { rows } = TOKEN.test(token)
    ? await db.query<Staff>(
        `select ${staffFields('s')} from kernel.staff_link l join kernel.staff s using (staff_id)
          where l.digest = decode($1, 'base64') and l.used_at is null and l.expires_at > $2
            and s.state in ('invited', 'active')`,
        [digestOf(token), clock.now().toString()],
      )
    : { rows: [] };
  const [staff] = rows;
  if (staff === undefined) throw linkNotValid();
  return staff;
}

/**
 * Uses a link: sets the password, ends every session, makes an invited person active. All or nothing; a refused
 * password leaves the link as it was.
 *
 * @throws `link_not_valid`, `password_refused`
 */
export async function acceptLink(
  tx: Transaction,
  input: { readonly token: string; readonly password: string },
  policy: PasswordPolicy,
  clock: Clock,
): Promise<Staff> {
  const found = await readLink(tx, input.token, clock);
  const { rows } = await tx.query<{ resetsFactors: boolean }>(
    `update kernel.staff_link set used_at = $2 where digest = decode($1, 'base64') and used_at is null
     returning resets_factors as "resetsFactors"`,
    [digestOf(input.token), clock.now().toString()],
  );
  const [link] = rows;
  // Somebody else was quicker.
  if (link === undefined) throw linkNotValid();
  await checkNewPassword(tx, found, input.password, policy);
  const passwordHash = await hashPassword(input.password);
  const { staffId } = found;
  await tx.query(
    `update identity.account set password = $2, "updatedAt" = $3 where "userId" = $1 and "providerId" = 'credential'`,
    [staffId, passwordHash, clock.now().toString()],
  );
  await rememberPassword(tx, staffId, passwordHash, clock);
  if (link.resetsFactors) {
    await tx.query('delete from identity."twoFactor" where "userId" = $1', [staffId]);
    await tx.query('delete from identity.passkey where "userId" = $1', [staffId]);
    await tx.query('update identity."user" set "twoFactorEnabled" = false where id = $1', [staffId]);
  }
  await tx.query('delete from identity.session where "userId" = $1', [staffId]);
  await tx.query(`update kernel.staff set state = 'active' where staff_id = $1 and state = 'invited'`, [staffId]);
  await forgetFailures(tx, found.login);
  return readStaff(tx, staffId);
}

function linkNotValid() {
  return identityError('link_not_valid', 'This link was used, has expired, or never was; ask for a new one');
}
