/** Makes the database files: empty cluster, roles, database, settings. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { databaseError } from '../errors.ts';
import { type Place, serverEnvironment } from './place.ts';
import type { Runner } from './privileges.ts';

const mib = 1024 * 1024;

/**
 * Makes the cluster in a folder beside its place and moves it there when complete, so that database files which exist
 * are whole. Call under the start lock.
 *
 * @throws `embedded_postgres_failed`
 */
export async function initialise(place: Place): Promise<void> {
  // Another name each time: an initdb whose parent was killed may still be busy in the last one.
  const draft = mkdtempSync(`${place.files}.new-`);
  place.runner.own(draft);
  place.log?.info({ folder: place.folder }, 'creating the database files');
  const version = await execute(place, place.programs.postgres, ['--version']);
  // From 17 on PostgreSQL sorts and folds Unicode itself, alike on every machine.
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1]);
  const locale = major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C'];
  const sync = place.durable ? [] : ['--no-sync'];
  // Nobody can log in by 'trust': the server first runs with the rules written below.
  await execute(place, place.programs.initdb, [
    ...['-D', draft, '--username=longmen', '--encoding=UTF8', '--auth=trust', '--no-instructions', '--data-checksums'],
    ...locale,
    ...sync,
  ]);
  writeOwned(place.runner, join(draft, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  writeOwned(
    place.runner,
    join(draft, 'postgresql.conf'),
    "include 'longmen.conf'\n# longmen.conf is written anew at each start; settings below win over it.\n",
  );
  writeSettings({ ...place, files: draft });
  const { secrets } = place;
  // The single-user mode takes one statement a line.
  const statements = [
    `alter role longmen password '${secrets.superuser_password}';`,
    `create role longmen_owner login password '${secrets.owner_password}';`,
    `create role longmen_app login password '${secrets.app_password}';`,
    'grant longmen_app to longmen_owner;',
    'create role longmen_staff nologin;',
    'grant longmen_staff to longmen_app;',
    'create database longmen owner longmen_owner;',
    'revoke all on database longmen from public;',
    'grant connect, temporary on database longmen to longmen_app;',
  ];
  await execute(
    place,
    place.programs.postgres,
    ['--single', '-c', 'exit_on_error=on', '-D', draft, 'postgres'],
    `${statements.join('\n')}\n`,
  );
  renameSync(draft, place.files);
  for (const name of readdirSync(place.folder)) {
    if (name.startsWith(`${basename(place.files)}.new-`))
      rmSync(join(place.folder, name), { recursive: true, force: true });
  }
}

/** Writes `longmen.conf`: settings for throughput with full durability, and a log without anybody's data. */
export function writeSettings(place: Pick<Place, 'files' | 'durable' | 'runner'>): void {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: `${sharedBuffersMib()}MB`,
    dynamic_shared_memory_type: sharedMemoryType(),
    fsync: onOff(place.durable),
    synchronous_commit: onOff(place.durable),
    full_page_writes: onOff(place.durable),
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    // A backup that has stopped must not fill the disk with log kept for it; it then begins anew.
    max_slot_wal_keep_size: '8GB',
    random_page_cost: '1.1',
    jit: 'off',
    // Sessions of a killed process end soon, and with them their locks. (Windows cannot tell.)
    ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '5s' }),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Failed statements are reported to the application only: their texts and details may hold personal data.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_statement: 'none',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    log_connections: 'off',
    log_autovacuum_min_duration: '-1',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  writeOwned(place.runner, join(place.files, 'longmen.conf'), lines.join(''));
}

function writeOwned(runner: Runner, path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  runner.own(path);
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}

/** An eighth of the memory this process may use, between 128 MiB and 2 GiB. */
function sharedBuffersMib(): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.round(Math.min(Math.max(memory / 8 / mib, 128), 2048));
}

/** Containers often have a /dev/shm too small for parallel queries. */
function sharedMemoryType(): string {
  if (process.platform === 'win32') return 'windows';
  if (process.platform !== 'linux' || !existsSync('/dev/shm')) return 'posix';
  const { blocks, bsize } = statfsSync('/dev/shm');
  return (blocks * bsize) / mib < 512 ? 'sysv' : 'posix';
}

function execute(place: Place, program: string, args: readonly string[], input?: string): Promise<string> {
  const [command = program, ...rest] = [...place.runner.prefix, program, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { env: serverEnvironment(), stdio: 'pipe' });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const fail = (reason: string) => {
      const meta = { folder: place.folder };
      reject(databaseError('embedded_postgres_failed', `${program} failed: ${reason}`, meta));
    };
    child.once('error', (error) => fail(error.message));
    child.once('close', (status) => {
      if (status === 0) resolve(output);
      else fail(errors.trim().split('\n').slice(-5).join('\n'));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}
