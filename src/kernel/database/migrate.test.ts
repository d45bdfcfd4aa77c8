import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { testDatabase } from '#test/database';
import { findMigrations, type Migration, migrate } from './migrate.ts';
import { checkVersion } from './open.ts';
import { connect } from './pool.ts';

const db = await testDatabase({ after });

/** A source tree with these migrations. */
function sources(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'longmen-migrations-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, sql] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), sql);
  }
  return root;
}

/** Runs the migrations of the house and those of `root`, as another start of the program would. */
async function start(root: string): Promise<string[]> {
  const client = await connect(db.config.databaseUrl ?? '');
  try {
    const applied = await migrate(client, { migrations: [...findMigrations(), ...findMigrations(root)] });
    return applied.map(({ room, number }) => `${room}/${number}`);
  } finally {
    await client.end();
  }
}

test('floors, then rooms, then numbers; the kernel is one schema', (t) => {
  const root = sources(t, {
    'apps/cli/migrations/0001-a.sql': '',
    'systems/open-banking/migrations/0001-a.sql': '',
    'engines/rules/migrations/0010-b.sql': '',
    'engines/rules/migrations/0009-a.sql': '',
    'engines/ledger/migrations/0001-a.sql': '',
    'kernel/alerts/migrations/0001-a.sql': '',
    'kernel/jobs/migrations/0001-a.sql': '',
    'kernel/events/migrations/0001-a.sql': '',
    'kernel/database/migrations/0001-a.sql': '',
    'kernel/database/notes/0001-not-a-migration.sql': '',
  });
  assert.deepEqual(
    findMigrations(root).map(({ room, number, schema }) => `${room}/${number} ${schema}`),
    [
      'kernel/database/1 kernel',
      'kernel/events/1 kernel',
      'kernel/jobs/1 kernel',
      'kernel/alerts/1 kernel',
      'engines/ledger/1 ledger',
      'engines/rules/9 rules',
      'engines/rules/10 rules',
      'systems/open-banking/1 open_banking',
      'apps/cli/1 cli',
    ],
  );
});

test('a malformed name or a number used twice is refused', (t) => {
  const code = 'migration_malformed';
  assert.throws(() => findMigrations(sources(t, { 'engines/a/migrations/1-a.sql': '' })), { code });
  const twice = { 'engines/a/migrations/0001-a.sql': '', 'engines/a/migrations/0001-b.sql': '' };
  assert.throws(() => findMigrations(sources(t, twice)), { code });
});

test('line ends do not count', (t) => {
  const [unix] = findMigrations(sources(t, { 'engines/a/migrations/0001-a.sql': 'select 1;\nselect 2;\n' }));
  const [windows] = findMigrations(sources(t, { 'engines/a/migrations/0001-a.sql': 'select 1;\r\nselect 2;\r\n' }));
  assert.equal(unix?.checksum, windows?.checksum);
});

test('migrations run once, in the schema of their room, and are recorded', async (t) => {
  const table = {
    'engines/once/migrations/0001-table.sql': 'create table thing (id int); grant select on thing to longmen_app;',
  };
  assert.deepEqual(await start(sources(t, table)), ['engines/once/1']);
  assert.deepEqual(await start(sources(t, table)), []);
  const more = { ...table, 'engines/once/migrations/0002-more.sql': 'alter table once.thing add column more int' };
  assert.deepEqual(await start(sources(t, more)), ['engines/once/2']);
  assert.equal((await db.query('select id, more from once.thing')).rowCount, 0);

  await t.test('an edited one is refused', async (t) => {
    const root = sources(t, { ...more, 'engines/once/migrations/0001-table.sql': 'create table thing (id bigint);' });
    await assert.rejects(start(root), { code: 'migration_changed', message: /engines\/once 0001-table/ });
  });
  await t.test('a renamed one is refused', async (t) => {
    const { 'engines/once/migrations/0002-more.sql': sql, ...rest } = more;
    const root = sources(t, { ...rest, 'engines/once/migrations/0002-renamed.sql': sql });
    await assert.rejects(start(root), { code: 'migration_changed' });
  });
  await t.test('a database newer than the program is refused', async (t) => {
    await assert.rejects(start(sources(t, table)), { code: 'migration_unknown', message: /engines\/once 0002-more/ });
  });
  await db.admin.query(`delete from kernel.migration where room = 'engines/once'`);
});

test('a failing migration leaves nothing behind and says where', async (t) => {
  const root = sources(t, {
    'engines/broken/migrations/0001-bad.sql': 'create table thing (id int);\n\ncreate table other (id nonsense);',
  });
  await assert.rejects(start(root), {
    code: 'migration_failed',
    message: /engines\/broken 0001-bad, line 3: .*nonsense/,
  });
  const { rows } = await db.query(`select to_regnamespace('broken') as schema`);
  assert.deepEqual(rows, [{ schema: null }]);
});

test('two programs that start at once migrate once', async (t) => {
  const root = sources(t, {
    'engines/race/migrations/0001-table.sql': 'select pg_sleep(0.2); create table thing (id int);',
  });
  const applied = await Promise.all([start(root), start(root), start(root)]);
  assert.deepEqual(applied.flat(), ['engines/race/1']);
  await db.admin.query(`delete from kernel.migration where room = 'engines/race'`);
});

test('what the house itself brings can be applied to nothing', async () => {
  const all: Migration[] = findMigrations();
  assert.equal(all[0]?.room, 'kernel/database');
  const { rows } = await db.query('select room, number from kernel.migration');
  assert.equal(rows.length, all.length);
});

test('PostgreSQL before 15 is refused', () => {
  assert.throws(() => checkVersion(140_012, '14.12'), { code: 'database_version_unsupported', message: /14\.12/ });
  checkVersion(150_000, '15.0');
});
