/** Passwords at rest: scrypt (RFC 7914) from Node, each with its parameters, so that these can grow. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '#kernel/clock';
import type { Queryable } from '#kernel/database';
import { type PasswordPolicy, passwordFault, passwordRefused } from './model.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

// One of the settings OWASP's password storage cheat sheet names as equal: 2^15, r 8, p 3 (32 MiB).
const parameters = { logCost: 15, blockSize: 8, parallelization: 3 };
const keyBytes = 32;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** `scrypt$15$8$3$salt$key`. Two spellings of the same characters are the same password (NFKC). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const { logCost, blockSize, parallelization } = parameters;
  const key = await keyOf(password, salt, logCost, blockSize, parallelization);
  return ['scrypt', logCost, blockSize, parallelization, salt.toString('base64url'), key.toString('base64url')].join(
    '$',
  );
}

/** Whether `hash` was made of this password; false for a hash of another form. */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const [, logCost, blockSize, parallelization, salt, key] = FORM.exec(hash) ?? [];
  if (salt === undefined || key === undefined) return false;
  const made = await keyOf(
    password,
    Buffer.from(salt, 'base64url'),
    Number(logCost),
    Number(blockSize),
    Number(parallelization),
  );
  return timingSafeEqual(made, Buffer.from(key, 'base64url'));
}

function keyOf(password: string, salt: Buffer, logCost: number, blockSize: number, parallelization: number) {
  const cost = 2 ** logCost;
  const maxmem = 256 * cost * blockSize;
  return derive(password.normalize('NFKC'), salt, keyBytes, { cost, blockSize, parallelization, maxmem });
}

/**
 * Checks a new password against the policy and the person's earlier ones.
 *
 * @throws `password_refused` with `fault`
 */
export async function checkNewPassword(
  db: Queryable,
  person: { readonly staffId: string; readonly login: string; readonly email: string },
  password: string,
  policy: PasswordPolicy,
): Promise<void> {
  const fault = passwordFault(password, person, policy);
  if (fault !== null) throw passwordRefused(fault, policy);
  const { rows } = await db.query<{ hash: string }>(
    'select hash from kernel.staff_password where staff_id = $1 order by set_at desc, hash limit $2',
    [person.staffId, policy.history],
  );
  const same = await Promise.all(rows.map(({ hash }) => verifyPassword(hash, password)));
  if (same.includes(true)) throw passwordRefused('used_before', policy);
}

/** Keeps what a password was, for the comparison with later ones. */
export async function rememberPassword(db: Queryable, staffId: string, hash: string, clock: Clock): Promise<void> {
  await db.query(
    'insert into kernel.staff_password (staff_id, hash, set_at) values ($1, $2, $3) on conflict do nothing',
    [staffId, hash, clock.now().toString()],
  );
}

/** What stands where a password will be: nothing fits it, and refusing takes as long as refusing a wrong password. */
export function impossibleHash(): string {
  const { logCost, blockSize, parallelization } = parameters;
  const noise = (bytes: number) => randomBytes(bytes).toString('base64url');
  return ['scrypt', logCost, blockSize, parallelization, noise(16), noise(keyBytes)].join('$');
}
