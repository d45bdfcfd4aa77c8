/** Passwords of the embedded server's three roles, made once, readable by the owner of the data folder only. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { databaseError } from '../errors.ts';

const Secrets = z.object({
  superuser_password: z.string().min(1),
  owner_password: z.string().min(1),
  app_password: z.string().min(1),
});
export type Secrets = z.infer<typeof Secrets>;

/** Reads `secrets.json` of the data folder; made when missing. Call under the start lock. */
export function readSecrets(folder: string): Secrets {
  const path = join(folder, 'secrets.json');
  if (!existsSync(path)) writeSecrets(path);
  try {
    return Secrets.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw databaseError('data_folder_unusable', `${path} cannot be read; restore it from a copy`, { folder });
  }
}

/** New passwords, not yet in force: they lie in `secrets.json.new` until {@link adoptSecrets} is called. */
export function draftSecrets(folder: string): Secrets {
  const secrets = newSecrets();
  writeDraft(join(folder, 'secrets.json'), secrets);
  return secrets;
}

/** Makes drafted passwords the ones of the folder. */
export function adoptSecrets(folder: string): void {
  const path = join(folder, 'secrets.json');
  renameSync(`${path}.new`, path);
}

function newSecrets(): Secrets {
  const password = () => randomBytes(24).toString('base64url');
  return { superuser_password: password(), owner_password: password(), app_password: password() };
}

function writeSecrets(path: string): void {
  writeDraft(path, newSecrets());
  renameSync(`${path}.new`, path);
}

function writeDraft(path: string, secrets: Secrets): void {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  writeSync(file, `${JSON.stringify(secrets, null, 2)}\n`);
  fsyncSync(file);
  closeSync(file);
}
