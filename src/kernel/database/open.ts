/** Opening the database: embedded or given, version checked, migrated, as the application role. */
import type pg from 'pg';
import type { Config } from '#kernel/config';
import { useEmbeddedServer } from './embedded/server.ts';
import { applicationRole, databaseError, staffRole } from './errors.ts';
import type { Database, DatabaseLog } from './interface.ts';
import { ensureApplicationRoles, migrate } from './migrate.ts';
import { connect, openPool, type PoolOptions } from './pool.ts';

/** The settings {@link openDatabase} looks at. */
export type DatabaseConfig = Pick<Config, 'dataFolder' | 'databaseUrl' | 'appDatabaseUrl' | 'databasePool'>;

export interface OpenOptions {
  readonly log?: DatabaseLog;
  /** Bring the schema up to date first; default true. */
  readonly migrate?: boolean;
}

/** Where the database is and how the two roles log in. */
interface Access {
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** Only of the embedded server. */
  readonly superuserUrl?: string;
  /** Taken on after the login of `appUrl`. */
  readonly role?: string;
  readonly revive?: () => void;
  readonly release?: () => Promise<void>;
}

const oldestVersion = 150_000;

/**
 * Opens the database of `config`: the one of DATABASE_URL, else the embedded PostgreSQL of the data folder, which is
 * started when no process has done so yet and stops when the last process using it closes.
 *
 * @throws `database_unreachable`, `database_login_refused`, `database_version_unsupported`, `database_role_missing`,
 *   `migration_*`, `embedded_postgres_*`, `data_folder_unusable`.
 */
export async function openDatabase(config: DatabaseConfig, options: OpenOptions = {}): Promise<Database> {
  const access = await locate(config, options.log);
  try {
    await prepareDatabase(access, options);
    const database = openPool(poolOptions(access, config, options.log));
    // Fails now rather than at the first request when the application role cannot log in.
    await database.query('select 1').catch(async (error: unknown) => {
      await database.close();
      throw error;
    });
    return database;
  } catch (error) {
    await access.release?.();
    throw error;
  }
}

/** @throws `database_version_unsupported` for a `server_version_num` before 15. */
export function checkVersion(version: number, text: string): void {
  if (version >= oldestVersion) return;
  throw databaseError('database_version_unsupported', `PostgreSQL 15 or newer is needed; this is ${text}`);
}

/** A login that may read the whole server, for backups. */
export interface ReplicationAccess {
  readonly url: string;
  /** Whether it is the embedded server of the data folder. */
  readonly embedded: boolean;
  /** Starts the embedded server again if it has died. */
  readonly revive?: (() => void) | undefined;
  /** Ends this use of the server. May be called twice. */
  close(): Promise<void>;
}

/**
 * The login for backups of the database of `config`: the superuser of the embedded server, which is started when it does
 * not run, or DATABASE_URL as it is.
 *
 * @throws `embedded_postgres_*`, `data_folder_unusable`.
 */
export async function openReplicationAccess(
  config: Pick<DatabaseConfig, 'dataFolder' | 'databaseUrl'>,
  log?: DatabaseLog,
): Promise<ReplicationAccess> {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, embedded: false, close: () => Promise.resolve() };
  }
  const server = await useEmbeddedServer(config.dataFolder, log === undefined ? {} : { log });
  return { url: server.superuserUrl, embedded: true, revive: server.revive, close: server.release };
}

async function locate(config: DatabaseConfig, log: DatabaseLog | undefined): Promise<Access> {
  if (config.databaseUrl === undefined) return useEmbeddedServer(config.dataFolder, log === undefined ? {} : { log });
  if (config.appDatabaseUrl !== undefined) return { ownerUrl: config.databaseUrl, appUrl: config.appDatabaseUrl };
  return { ownerUrl: config.databaseUrl, appUrl: config.databaseUrl, role: applicationRole };
}

async function prepareDatabase({ ownerUrl, superuserUrl }: Access, options: OpenOptions): Promise<void> {
  const client = await connect(ownerUrl);
  try {
    const { rows } = await client.query<{ version: number; text: string }>(
      `select current_setting('server_version_num')::integer as version, current_setting('server_version') as text`,
    );
    checkVersion(rows[0]?.version ?? 0, rows[0]?.text ?? 'unknown');
    if (superuserUrl !== undefined) await completeRoles(client, superuserUrl);
    if (options.migrate !== false) await migrate(client, options.log === undefined ? {} : { log: options.log });
  } finally {
    await client.end();
  }
}

/** A data folder of an earlier version lacks a role that its owner may not make. */
async function completeRoles(owner: pg.Client, superuserUrl: string): Promise<void> {
  const { rowCount } = await owner.query('select from pg_roles where rolname = $1', [staffRole]);
  if (rowCount === 1) return;
  const superuser = await connect(superuserUrl);
  await ensureApplicationRoles(superuser).finally(() => superuser.end());
}

function poolOptions(access: Access, config: DatabaseConfig, log: DatabaseLog | undefined): PoolOptions {
  return {
    connectionString: access.appUrl,
    size: config.databasePool,
    ...(access.role === undefined ? {} : { role: access.role }),
    ...(log === undefined ? {} : { log }),
    ...(access.revive === undefined ? {} : { onUnreachable: access.revive }),
    ...(access.release === undefined ? {} : { onClose: access.release }),
  };
}
