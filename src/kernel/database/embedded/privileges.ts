/**
 * PostgreSQL refuses to run as root. When Longmen does, its server is run as somebody else without making a system
 * user: in a user namespace (works below folders that only root may enter, files stay root's), or else under the
 * number of an existing unprivileged user, who then owns the database files.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { databaseError } from '../errors.ts';

/** How to start a program that must not see itself as root. */
export interface Runner {
  readonly prefix: readonly string[];
  /** Gives a file, or a folder with all that is in it, to whoever the programs will run as. */
  own(path: string): void;
}

/**
 * The way that works on this machine for data in `folder`.
 *
 * @throws `embedded_postgres_root`
 */
export function findRunner(folder: string, postgres: string): Runner {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && hasName()) return { prefix: [], own: () => {} };
  const users = unprivilegedUsers();
  const named = users[0];
  if (named !== undefined) {
    // initdb wants the number it runs as to have a name; any will do.
    const prefix = ['unshare', '--user', `--map-user=${named.uid}`, '--'];
    if (works(prefix, postgres)) return { prefix, own: (path) => isRoot && giveTo(path, 0, 0) };
  }
  if (!isRoot) return { prefix: [], own: () => {} };
  for (const { uid, gid } of users) {
    const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
    if (!works(prefix, postgres)) continue;
    // The data folder holds the secrets (readable by root only); to pass through it, its user needs no more than this.
    chmodSync(folder, 0o711);
    if (works(prefix, 'ls', '-d', join(folder, '.'))) return { prefix, own: (path) => giveTo(path, uid, gid) };
  }
  throw databaseError(
    'embedded_postgres_root',
    `PostgreSQL does not run as root, and here neither a user namespace (unshare) nor an unprivileged user can run it with data in ${folder}: run Longmen as another user, or set DATABASE_URL`,
    { folder },
  );
}

function hasName(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** Existing users other than root, the customary ones for daemons first. */
function unprivilegedUsers(): { uid: number; gid: number }[] {
  const path = '/etc/passwd';
  if (!existsSync(path)) return [];
  const preferred = ['postgres', 'nobody', 'daemon'];
  const users = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid = '', gid = '']) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => preferred.includes(name) && uid > 0 && gid > 0);
  return users.sort((a, b) => preferred.indexOf(a.name) - preferred.indexOf(b.name));
}

function works(prefix: readonly string[], program: string, ...rest: string[]): boolean {
  const [command = program, ...before] = [...prefix, program];
  const args = [...before, ...(rest.length === 0 ? ['--version'] : rest)];
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function giveTo(path: string, uid: number, gid: number): void {
  // A folder comes last, so that one with the right owner is done.
  const present = statSync(path);
  if (present.uid === uid) return;
  const entries = present.isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  for (const entry of entries) lchownSync(join(path, entry), uid, gid);
  lchownSync(path, uid, gid);
}
