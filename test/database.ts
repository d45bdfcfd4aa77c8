/**
 * Databases for tests: each call of {@link testDatabase} gives a fresh, migrated database of its own on one embedded
 * server, which `scripts/test.ts` starts for all test files; a test file run alone starts its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';
import { type EmbeddedServer, useEmbeddedServer } from '../src/kernel/database/embedded/server.ts';
import { findMigrations, migrate, migrationsChecksum } from '../src/kernel/database/migrate.ts';
import { connect, openPool } from '../src/kernel/database/pool.ts';

/** Logins of a running server, as JSON in the environment variable {@link testServerVariable}. */
export type TestServer = Pick<EmbeddedServer, 'superuserUrl' | 'ownerUrl' | 'appUrl'>;

export const testServerVariable = 'LONGMEN_TEST_SERVER';

/** The application role's handle on a test database, with ways around it that only tests need. */
export interface TestDatabase extends Database {
  /** The same database as the owner of the schemas. */
  readonly admin: Database;
  /** Opens the same database; also for `openDatabase` in another process. */
  readonly config: DatabaseConfig;
  /** The same as {@link config}, as environment variables of a child process. */
  readonly environment: Readonly<Record<string, string>>;
  /** A second handle with connections of its own, as another process would have. Closed with the database. */
  reopen(): Promise<Database>;
}

/** Where the end of a test is announced: a `TestContext`, or `{ after }` of `node:test` for a whole file. */
export interface Cleanup {
  after(work: () => Promise<void>): void;
}

/** Makes a database with all migrations applied and no rows; dropped when `t` ends. */
export async function testDatabase(t: Cleanup): Promise<TestDatabase> {
  const server = await testServer();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabase(server, name);
  const ownerUrl = withDatabase(server.ownerUrl, name);
  const appUrl = withDatabase(server.appUrl, name);
  const config: DatabaseConfig = {
    dataFolder: join(tmpdir(), `longmen-${name}`),
    databaseUrl: ownerUrl,
    appDatabaseUrl: appUrl,
    databasePool: 10,
  };
  const admin = openPool({ connectionString: ownerUrl, size: 2 });
  const database = await openDatabase(config, { migrate: false });
  const handles: Database[] = [admin, database];
  t.after(async () => {
    await Promise.all(handles.map((handle) => handle.close()));
    await asSuperuser(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    rmSync(config.dataFolder, { recursive: true, force: true });
  });
  return {
    ...database,
    admin,
    config,
    environment: { DATABASE_URL: ownerUrl, LONGMEN_APP_DATABASE_URL: appUrl, LONGMEN_DATA: config.dataFolder },
    async reopen() {
      const handle = await openDatabase(config, { migrate: false });
      handles.push(handle);
      return handle;
    },
  };
}

let shared: Promise<TestServer> | undefined;

/** The server all test databases are on. */
export function testServer(): Promise<TestServer> {
  shared ??= findServer();
  return shared;
}

async function findServer(): Promise<TestServer> {
  const given = process.env[testServerVariable];
  if (given !== undefined) return JSON.parse(given) as TestServer;
  const folder = mkdtempSync(join(tmpdir(), 'longmen-test-'));
  const server = await useEmbeddedServer(folder, { durable: false });
  process.once('beforeExit', async () => {
    await server.release();
    rmSync(folder, { recursive: true, force: true });
  });
  return server;
}

/** Copies the migrated template, which the first test of a run (and version of the migrations) makes. */
async function createDatabase(server: TestServer, name: string): Promise<void> {
  const migrations = findMigrations();
  const template = `template_${migrationsChecksum(migrations)}`;
  await asSuperuser(server, async (client) => {
    await client.query(`select pg_advisory_lock(1)`);
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [template]);
    if (rowCount === 0) {
      await client.query(`drop database if exists ${template} with (force)`);
      await client.query(`create database ${template} owner longmen_owner`);
      const owner = await connect(withDatabase(server.ownerUrl, template));
      await migrate(owner, { migrations }).finally(() => owner.end());
      await client.query(`alter database ${template} is_template true`);
    }
    await client.query(`select pg_advisory_unlock(1)`);
    await client.query(`create database ${name} template ${template} owner longmen_owner`);
  });
}

async function asSuperuser(server: TestServer, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = await connect(withDatabase(server.superuserUrl, 'postgres'));
  await work(client).finally(() => client.end());
}

function withDatabase(url: string, name: string): string {
  const result = new URL(url);
  result.pathname = `/${name}`;
  return result.href;
}
