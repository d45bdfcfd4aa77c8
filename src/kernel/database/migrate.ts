/**
 * Numbered SQL migrations. A room keeps its own in a folder `migrations` and owns the PostgreSQL schema of its name
 * (everything below the kernel shares the schema `kernel`). They run as the owner role, each in one transaction, and
 * are recorded with a checksum, so that what ran is what is in the code.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import pg from 'pg';
import { applicationRole, applicationRoleMissing, databaseError, sqlState, staffRole, translate } from './errors.ts';
import type { DatabaseLog } from './interface.ts';

/** The source root: `src` in a checkout, `dist` in an installed package. */
const sourceRoot = resolve(import.meta.dirname, '../..');

// Any fixed number will do; it only has to differ from other users of advisory locks in the same database.
const migrationLock = '7020261121000001';

/** One file of SQL. */
export interface Migration {
  /** Folder that owns it, relative to the source root, e.g. 'engines/ledger'. */
  readonly room: string;
  readonly number: number;
  readonly name: string;
  readonly schema: string;
  readonly sql: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly checksum: string;
}

const floors = ['kernel', 'engines', 'systems', 'apps'];
const kernelRooms = ['database', 'events', 'access', 'approvals', 'tokens', 'identity', 'webhooks', 'jobs', 'http'];

/**
 * All migrations below `root` in the order they run: kernel, engines, systems, apps; within the kernel by dependency,
 * else by name; within a room by number.
 *
 * @throws `migration_malformed` for a file name that is not NNNN-name.sql or a number used twice in one room.
 */
export function findMigrations(root = sourceRoot): Migration[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.sql') && basename(dirname(path)) === 'migrations',
  );
  const migrations = files.map((path) => readMigration(root, path)).sort(inOrder);
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1];
    if (previous !== undefined && previous.room === migration.room && previous.number === migration.number) {
      throw databaseError('migration_malformed', `${migration.room} has two migrations ${label(migration)}`);
    }
  }
  return migrations;
}

/** A short text that changes whenever any migration does. */
export function migrationsChecksum(migrations: readonly Migration[]): string {
  const hash = createHash('sha256');
  for (const { room, number, checksum } of migrations) hash.update(`${room}/${number}/${checksum}\n`);
  return hash.digest('hex').slice(0, 16);
}

/**
 * Brings the database of `client` (owner role) up to date; safe to call from several processes at once.
 *
 * @returns the migrations that were applied now.
 * @throws `migration_changed`, `migration_unknown`, `migration_malformed`, `migration_failed`, `database_role_missing`.
 */
export async function migrate(
  client: pg.Client,
  options: { migrations?: readonly Migration[]; log?: DatabaseLog } = {},
): Promise<Migration[]> {
  const migrations = options.migrations ?? findMigrations();
  try {
    await client.query(`select pg_advisory_lock(${migrationLock})`);
    await ensureApplicationRoles(client);
    await ensureMigrationTable(client);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) {
      await apply(client, migration);
      options.log?.info({ room: migration.room, migration: label(migration) }, 'migration applied');
    }
    if (pending.length > 0) await client.query(shareGrants);
    await client.query(`select pg_advisory_unlock(${migrationLock})`);
    return pending;
  } catch (error) {
    throw translate(error);
  }
}

function readMigration(root: string, path: string): Migration {
  const match = /^(\d{4})-([a-z0-9]+(?:-[a-z0-9]+)*)\.sql$/.exec(basename(path));
  const [, number, name] = match ?? [];
  if (number === undefined || name === undefined) {
    throw databaseError('migration_malformed', `${path} is not named NNNN-name.sql`);
  }
  const room = dirname(dirname(path)).split(sep).join('/');
  const schema = room.startsWith('kernel/') ? 'kernel' : basename(room).replaceAll('-', '_');
  // A checkout on Windows may have other line ends; the migration is the same.
  const sql = readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
  return { room, number: Number(number), name, schema, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

function inOrder(a: Migration, b: Migration): number {
  return rank(a.room) - rank(b.room) || compareText(a.room, b.room) || a.number - b.number;
}

function rank(room: string): number {
  const [floor = '', name = ''] = room.split('/');
  const within = floor === 'kernel' ? place(kernelRooms, name) : 0;
  return place(floors, floor) * 100 + within;
}

function place(list: readonly string[], item: string): number {
  const index = list.indexOf(item);
  return index === -1 ? list.length : index;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function label(migration: { number: number; name: string }): string {
  return `${String(migration.number).padStart(4, '0')}-${migration.name}`;
}

/** Makes the two roles where they are missing; `client` may be the owner's or a superuser's. */
export async function ensureApplicationRoles(client: pg.Client): Promise<void> {
  const [role, staff] = [pg.escapeIdentifier(applicationRole), pg.escapeIdentifier(staffRole)];
  // From 16 on, who makes a role may give it away but not yet become it.
  const mayBecome = `case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end`;
  try {
    // The role is global to the server: another database may be making it at this moment. Being a member of it is only
    // needed to become it, which whoever tries finds out.
    await client.query(`
      do $$ begin
        if not exists (select from pg_roles where rolname = '${applicationRole}') then
          begin
            create role ${role} nologin;
          exception when duplicate_object or unique_violation then null;
          end;
        end if;
        if not pg_has_role(current_user, '${applicationRole}', ${mayBecome}) then
          begin
            grant ${role} to current_user;
          exception when insufficient_privilege then null;
          end;
        end if;
        if not exists (select from pg_roles where rolname = '${staffRole}') then
          begin
            create role ${staff} nologin;
          exception when duplicate_object or unique_violation then null;
          end;
        end if;
        -- Who logs in as the application may take on less. Not the other way round: that would undo the policies.
        if not pg_has_role('${applicationRole}', '${staffRole}', 'member') then
          grant ${staff} to ${role};
        end if;
      end $$`);
  } catch (error) {
    throw sqlState(error) === '42501' ? applicationRoleMissing() : error;
  }
}

/**
 * Gives the staff role what the application role has been given, but only on tables under row-level security and on views
 * that apply the policies of who asks: what nobody has thought about is closed.
 */
const shareGrants = `
  do $$ declare one record; begin
    for one in
      select format('grant %s on %I.%I to ${staffRole}', string_agg(distinct acl.privilege_type, ', '), n.nspname, c.relname) as command
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
       cross join lateral aclexplode(c.relacl) acl
       where acl.grantee = '${applicationRole}'::regrole
         and (c.relrowsecurity or c.relkind = 'v' and 'security_invoker=true' = any (c.reloptions))
       group by n.nspname, c.relname
      union all
      select format('grant %s (%s) on %I.%I to ${staffRole}', acl.privilege_type, string_agg(quote_ident(a.attname), ', '), n.nspname, c.relname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid
       cross join lateral aclexplode(a.attacl) acl
       where acl.grantee = '${applicationRole}'::regrole and c.relrowsecurity
       group by acl.privilege_type, n.nspname, c.relname
      union all
      select format('grant usage on schema %I to ${staffRole}', n.nspname)
        from pg_namespace n
       cross join lateral aclexplode(n.nspacl) acl
       where acl.grantee = '${applicationRole}'::regrole
    loop
      execute one.command;
    end loop;
  end $$`;

async function ensureMigrationTable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    `select to_regclass('kernel.migration') is not null as present`,
  );
  if (rows[0]?.present) return;
  await client.query(`
    begin;
    create schema if not exists kernel;
    create table kernel.migration (
      room text not null,
      number integer not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default clock_timestamp(),
      primary key (room, number)
    );
    commit`);
}

async function pendingMigrations(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ room: string; number: number; name: string; checksum: string }>(
    'select room, number, name, checksum from kernel.migration order by room, number',
  );
  const key = (migration: { room: string; number: number }) => `${migration.room}/${migration.number}`;
  const applied = new Map(rows.map((row) => [key(row), row]));
  const pending: Migration[] = [];
  for (const migration of migrations) {
    const row = applied.get(key(migration));
    if (row === undefined) {
      pending.push(migration);
      continue;
    }
    applied.delete(key(migration));
    if (row.checksum !== migration.checksum || row.name !== migration.name) {
      throw databaseError(
        'migration_changed',
        `${migration.room} ${label(migration)} differs from what was applied as ${label(row)}; applied migrations are never edited`,
        { room: migration.room, migration: label(migration) },
      );
    }
  }
  const [unknown] = applied.values();
  if (unknown !== undefined) {
    throw databaseError(
      'migration_unknown',
      `The database has ${unknown.room} ${label(unknown)}, which this version does not know: use the newer version`,
      { room: unknown.room, migration: label(unknown) },
    );
  }
  return pending;
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const schema = pg.escapeIdentifier(migration.schema);
  await client.query('begin');
  try {
    await client.query(`create schema if not exists ${schema}`);
    await client.query(`grant usage on schema ${schema} to ${pg.escapeIdentifier(applicationRole)}`);
    // A name without a schema lands in the room's own.
    await client.query(`set local search_path = ${schema}`);
    await client.query(migration.sql);
    await client.query('insert into kernel.migration (room, number, name, checksum) values ($1, $2, $3, $4)', [
      migration.room,
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    if (translate(error) !== error) throw translate(error);
    const reason = error instanceof Error ? error.message : String(error);
    const line = lineOf(migration.sql, error);
    const failure = databaseError('migration_failed', `${migration.room} ${label(migration)}${line}: ${reason}`, {
      room: migration.room,
      migration: label(migration),
    });
    failure.cause = error;
    throw failure;
  }
}

/** ', line N' where PostgreSQL says at which character of the text it stopped. */
function lineOf(sql: string, error: unknown): string {
  if (!(error instanceof pg.DatabaseError) || error.position === undefined) return '';
  return `, line ${sql.slice(0, Number(error.position)).split('\n').length}`;
}
