/** The master key of a backup folder: from a key file, or from a passphrase through scrypt. */
import { randomBytes, scrypt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Config } from '#kernel/config';
import { backupError } from './errors.ts';
import { writeDurably } from './files.ts';

/** Where the operator keeps the key. A key file is made when the backup folder is new. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'passphrase'; readonly passphrase: string };

/** Where the settings of a process say that the key is. */
export function backupKeyOf(
  config: Pick<Config, 'dataFolder' | 'backupKeyFile' | 'backupPassphrase'>,
  keyFile = config.backupKeyFile,
): KeySource {
  if (keyFile === undefined && config.backupPassphrase !== undefined) {
    return { kind: 'passphrase', passphrase: config.backupPassphrase };
  }
  return { kind: 'file', path: keyFile ?? join(config.dataFolder, 'backup.key') };
}

/** What the manifest says about the key: how to get it, never the key itself. Bytes are base64url. */
export const KeyDescription = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file') }),
  z.object({
    kind: z.literal('passphrase'),
    salt: z.string(),
    cost: z.int().positive(),
    block_size: z.int().positive(),
    parallelization: z.int().positive(),
  }),
]);
export type KeyDescription = z.infer<typeof KeyDescription>;

const keyBytes = 32;
const form = /^longmen-backup-key-1 ([A-Za-z0-9_-]{43})\s*$/;
// RFC 7914 parameters for secrets that are used seldom: 128 MiB and about half a second.
const cost = { cost: 131_072, block_size: 8, parallelization: 1 } as const;
const shortestPassphrase = 12;

/** A key for a new backup folder. `createdFile`: the key file that was made for it, to be told to the operator. */
export async function newKey(
  source: KeySource,
  folder: string,
): Promise<{ master: Buffer; description: KeyDescription; createdFile: string | null }> {
  if (source.kind === 'passphrase') {
    if ([...source.passphrase].length < shortestPassphrase) {
      const detail = `A backup passphrase has at least ${shortestPassphrase} characters`;
      throw backupError('backup_key_invalid', detail);
    }
    const description: KeyDescription = { kind: 'passphrase', salt: randomBytes(16).toString('base64url'), ...cost };
    return { master: await openKey(source, description), description, createdFile: null };
  }
  const path = resolve(source.path);
  if (!relative(resolve(folder), path).startsWith('..')) {
    const detail = `The key file ${path} would lie in the backup it is to protect; name another with --key-file`;
    throw backupError('backup_key_inside', detail, { path });
  }
  const fresh = !existsSync(path);
  if (fresh) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(path, Buffer.from(`longmen-backup-key-1 ${randomBytes(keyBytes).toString('base64url')}\n`));
  }
  return { master: readKeyFile(path), description: { kind: 'file' }, createdFile: fresh ? path : null };
}

/**
 * The key of an existing backup folder.
 *
 * @throws `backup_key_missing`, `backup_key_invalid`. Whether it fits is only known from the manifest.
 */
export async function openKey(source: KeySource, description: KeyDescription): Promise<Buffer> {
  if (description.kind !== source.kind) {
    const wanted = description.kind === 'file' ? 'a key file (--key-file)' : 'a passphrase (LONGMEN_BACKUP_PASSPHRASE)';
    throw backupError('backup_key_missing', `This backup was made with ${wanted}; give that`);
  }
  if (source.kind === 'file') return readKeyFile(resolve(source.path));
  if (description.kind !== 'passphrase') throw backupError('backup_key_missing', 'No passphrase is described');
  const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);
  return derive(source.passphrase.normalize('NFKC'), Buffer.from(description.salt, 'base64url'), keyBytes, {
    cost: description.cost,
    blockSize: description.block_size,
    parallelization: description.parallelization,
    maxmem: 256 * description.cost * description.block_size,
  });
}

function readKeyFile(path: string): Buffer {
  if (!existsSync(path)) {
    const detail = `The key file ${path} is not there; without the key that the backup was made with it cannot be read`;
    throw backupError('backup_key_missing', detail, { path });
  }
  const key = form.exec(readFileSync(path, 'utf8'))?.[1];
  if (key === undefined) throw backupError('backup_key_invalid', `${path} is not a backup key file`, { path });
  return Buffer.from(key, 'base64url');
}
