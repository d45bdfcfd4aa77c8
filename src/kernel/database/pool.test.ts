import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { testDatabase } from '#test/database';
import { isUniqueViolation, openDatabase, type Transaction } from './index.ts';

const db = await testDatabase({ after });
await db.admin.query(`create schema shop`);
await db.admin.query(`grant usage on schema shop to longmen_app`);
await db.admin.query(`create table shop.item (id int primary key, name text constraint item_name_key unique)`);
await db.admin.query(`grant select, insert on shop.item to longmen_app`);
await db.admin.query(`create table shop.hidden (id int)`);

const fails = (code: string) => `do $$ begin raise exception sqlstate '${code}'; end $$`;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return;
    await sleep(25);
  }
  assert.fail('waited in vain');
}

test('the application role has only what was granted', async () => {
  const refused = [
    'create table shop.mine (id int)',
    'create table public.mine (id int)',
    'create schema mine',
    'alter table shop.item add column extra int',
    'drop table shop.item',
    'truncate shop.item',
    'update shop.item set name = null',
    'delete from shop.item',
    'select * from shop.hidden',
    'insert into kernel.migration (room, number, name, checksum) values ($$x$$, 1, $$x$$, $$x$$)',
    'create role mine',
    'set role longmen_owner',
    'set session authorization longmen',
  ];
  for (const sql of refused) {
    await assert.rejects(
      db.connection((connection) => connection.query(sql)),
      (error) =>
        error instanceof pg.DatabaseError && (error.code === '42501' || /permission denied/.test(error.message)),
      sql,
    );
  }
  assert.equal((await db.query('select from shop.item')).rowCount, 0);
  assert.notEqual((await db.query('select from kernel.migration')).rowCount, 0);
});

test('SET ROLE stands in for a login of the application role', async () => {
  const { appDatabaseUrl: _, ...config } = db.config;
  const other = await openDatabase({ ...config, appDatabaseUrl: undefined }, { migrate: false });
  try {
    const who = `select current_user as role, session_user as login, current_setting('timezone') as zone`;
    const expected = { role: 'longmen_app', login: 'longmen_owner', zone: 'UTC' };
    assert.deepEqual((await other.query(who)).rows[0], expected);
    const client = new pg.Client(other.connectionString);
    await client.connect();
    assert.deepEqual((await client.query(who)).rows[0], expected);
    await client.end();
  } finally {
    await other.close();
  }
});

test('errors of server and network have codes of the house', async () => {
  const table = {
    '08006': 'database_unreachable',
    '53300': 'database_unreachable',
    '57P01': 'database_unreachable',
    '57P03': 'database_unreachable',
    '53100': 'database_disk_full',
    '25006': 'database_read_only',
    '40001': 'database_conflict',
  };
  for (const [state, code] of Object.entries(table)) {
    await assert.rejects(db.query(fails(state)), { name: 'LongmenError', code, meta: { sqlstate: state } });
  }
  await assert.rejects(db.query('insert into shop.item values (null)'), { name: 'error', code: '23502' });
  const readOnly = db.transaction(async (tx) => {
    await tx.query('set transaction read only');
    await tx.query('insert into shop.item values (1)');
  });
  await assert.rejects(readOnly, { code: 'database_read_only', status: 503 });

  const closedPort = new URL(db.config.databaseUrl ?? '');
  closedPort.port = '1';
  await assert.rejects(openDatabase({ ...db.config, databaseUrl: closedPort.href }), { code: 'database_unreachable' });
  const badPassword = new URL(db.config.databaseUrl ?? '');
  badPassword.password = 'wrong';
  await assert.rejects(openDatabase({ ...db.config, databaseUrl: badPassword.href }), {
    code: 'database_login_refused',
  });
});

test('errors of the work itself are not taken for the database’s', async () => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  await assert.rejects(
    db.transaction(() => Promise.reject(missing)),
    missing,
  );
  await assert.rejects(
    db.connection(() => Promise.reject(missing)),
    missing,
  );
});

test('a unique violation is recognised by its constraint', async () => {
  await db.query(`insert into shop.item values (10, 'ten')`);
  const error = await db.query(`insert into shop.item values (11, 'ten')`).catch((caught: unknown) => caught);
  assert.ok(isUniqueViolation(error));
  assert.ok(isUniqueViolation(error, 'item_name_key'));
  assert.ok(!isUniqueViolation(error, 'item_pkey'));
});

test('a transaction commits all or nothing', async () => {
  const count = await db.transaction(async (tx) => {
    await tx.query(`insert into shop.item values (20, 'twenty')`);
    return (await tx.query('select from shop.item where id = 20')).rowCount;
  });
  assert.equal(count, 1);
  const cause = new Error('changed my mind');
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.query(`insert into shop.item values (21, 'twenty-one')`);
      throw cause;
    }),
    cause,
  );
  assert.equal((await db.query('select from shop.item where id = 21')).rowCount, 0);
});

test('a swallowed error does not look like a commit', async () => {
  const swallowed = db.transaction(async (tx) => {
    await tx.query('select 1/0').catch(() => {});
  });
  await assert.rejects(swallowed, { invariant: 'transaction_committed' });
});

test('a transaction handle ends with its transaction', async () => {
  const leaked = await db.transaction(async (tx): Promise<{ tx: Transaction }> => ({ tx }));
  await assert.rejects(leaked.tx.query('select 1'), { invariant: 'transaction_is_open' });
});

test('a deadlock is resolved by trying again', async () => {
  let attempts = 0;
  const lockBoth = (first: number, second: number) =>
    db.transaction(async (tx) => {
      attempts++;
      await tx.query('select pg_advisory_xact_lock($1)', [first]);
      await sleep(100);
      await tx.query('select pg_advisory_xact_lock($1)', [second]);
    });
  await Promise.all([lockBoth(1, 2), lockBoth(2, 1)]);
  assert.equal(attempts, 3);
});

test('write skew under serializable is resolved by trying again', async () => {
  let attempts = 0;
  const addWhatIsThere = (id: number) =>
    db.transaction(
      async (tx) => {
        attempts++;
        const { rowCount } = await tx.query('select from shop.item');
        await sleep(50);
        await tx.query('insert into shop.item values ($1, $2)', [id, `of ${rowCount}, ${id}`]);
      },
      { isolation: 'serializable' },
    );
  await Promise.all([addWhatIsThere(30), addWhatIsThere(31)]);
  assert.ok(attempts >= 3);
});

test('attempts end, with the conflict', async () => {
  let attempts = 0;
  const hopeless = db.transaction(
    async (tx) => {
      attempts++;
      // The work may well wrap the error; the transaction knows better.
      await tx.query(fails('40P01')).catch(() => {
        throw new Error('wrapped');
      });
    },
    { attempts: 3 },
  );
  await assert.rejects(hopeless, { code: 'database_conflict', status: 409, meta: { sqlstate: '40P01', attempts: 3 } });
  assert.equal(attempts, 3);
});

test('prepared statements are reused by name', async () => {
  await db.connection(async (connection) => {
    for (const id of [1, 2, 3]) await connection.query('select $1::int as id', [id], { prepare: true });
    await connection.query('select 42 as unprepared');
    const { rows } = await connection.query(`select statement from pg_prepared_statements`);
    assert.deepEqual(rows, [{ statement: 'select $1::int as id' }]);
  });
});

test('a prepared statement survives a change of the table on a new connection', async () => {
  const one = await db.reopen();
  const read = () => one.query('select * from shop.item where id = 10', [], { prepare: true });
  await read();
  await db.admin.query('alter table shop.item add column price numeric');
  await assert.rejects(read(), { code: '0A000' });
  assert.deepEqual((await read()).rows, [{ id: 10, name: 'ten', price: null }]);
});

test('a dedicated connection keeps its session and ends with it', async () => {
  await db.connection(async (connection) => {
    await connection.query(`set statement_timeout = '1h'`);
    await connection.query('select pg_advisory_lock(77)');
    assert.deepEqual((await connection.query('show statement_timeout')).rows, [{ statement_timeout: '1h' }]);
  });
  assert.deepEqual((await db.query('show statement_timeout')).rows, [{ statement_timeout: '0' }]);
  await until(async () => (await db.query(`select from pg_locks where locktype = 'advisory'`)).rowCount === 0);
});

test('killed connections neither end the process nor stay in the pool', async () => {
  const other = await db.reopen();
  await Promise.all([other.query('select pg_sleep(0.05)'), other.query('select pg_sleep(0.05)')]);
  const busy = assert.rejects(other.query('select pg_sleep(10)'), { code: 'database_unreachable' });
  const idleInTransaction = assert.rejects(
    other.transaction(async (tx) => {
      await tx.query('select 1');
      await sleep(300);
      await tx.query('select 1');
    }),
    { code: 'database_unreachable' },
  );
  await sleep(100);
  await db.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid() and datname = current_database()',
  );
  await Promise.all([busy, idleInTransaction]);
  assert.equal((await other.query('select 1 as one')).rows[0]?.one, 1);
});

test('a full pool says so instead of waiting for ever', async () => {
  const small = await openDatabase({ ...db.config, databasePool: 1 }, { migrate: false });
  const slow = small.query('select pg_sleep(5.6)');
  await assert.rejects(small.query('select 1'), { code: 'database_unreachable' });
  await slow;
  await small.close();
  await assert.rejects(small.query('select 1'), { code: 'database_unreachable' });
  await small.close();
});
