/**
 * The secret of sign-in: signs cookies and encrypts the secrets of second factors. It lives in a file outside the
 * database, so that a copy of the database opens no session. Newest first; older ones only decrypt what they encrypted.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Config } from '#kernel/config';
import type { Queryable } from '#kernel/database';
import { identityError } from './errors.ts';

const Secrets = z.strictObject({
  secrets: z.array(z.strictObject({ version: z.int().positive(), value: z.string().min(43) })).min(1),
});

export interface AuthSecret {
  readonly version: number;
  readonly value: string;
}

/** Where the settings of a process say that the file is. */
export function authSecretFile(config: Pick<Config, 'dataFolder' | 'authSecretFile'>): string {
  return config.authSecretFile ?? join(config.dataFolder, 'auth.json');
}

/** The secrets of the file, newest first; made when missing. @throws `auth_secret_unusable` */
export function readAuthSecrets(file: string): [AuthSecret, ...AuthSecret[]] {
  if (!existsSync(file)) write(file, [made(1)]);
  try {
    const [first, ...others] = Secrets.parse(JSON.parse(readFileSync(file, 'utf8'))).secrets;
    if (first !== undefined) return [first, ...others];
  } catch {
    // Said below, without the content.
  }
  throw identityError('auth_secret_unusable', `${file} cannot be read; restore it from a copy`, { file });
}

/**
 * Makes a new secret and ends all sessions, whose cookies the old one signed. Servers take the new one on when they
 * are started again; until then nobody's new sign-in survives that start.
 *
 * @returns the new version, and how many sessions ended
 */
export async function rotateAuthSecret(db: Queryable, file: string): Promise<{ version: number; ended: number }> {
  const present = readAuthSecrets(file);
  const next = made(Math.max(...present.map(({ version }) => version)) + 1);
  write(file, [next, ...present]);
  const { rowCount } = await db.query('delete from identity.session');
  return { version: next.version, ended: rowCount };
}

function made(version: number): AuthSecret {
  return { version, value: randomBytes(32).toString('base64url') };
}

function write(file: string, secrets: readonly AuthSecret[]): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.new`;
  const handle = openSync(draft, 'w', 0o600);
  writeSync(handle, `${JSON.stringify({ secrets }, null, 2)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(draft, file);
}
