import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentContext, withContext } from '#kernel/context';
import { LongmenError } from '#kernel/errors';
import { lockDataFolder, openDatabase } from '../index.ts';
import { connect } from '../pool.ts';
import { isPostmaster, readPostmaster } from './postmaster.ts';
import { type EmbeddedOptions, useEmbeddedServer } from './server.ts';

const program = join(import.meta.dirname, '../../../../test/embedded-process.ts');
const fast: EmbeddedOptions = { durable: false };

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-embedded-'));
  t.after(async () => {
    // Also stops a server that a failed test has left running.
    if (existsSync(join(folder, 'postgres'))) await (await useEmbeddedServer(folder, fast)).release();
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function postmaster(folder: string): number {
  const pid = readPostmaster(join(folder, 'postgres'))?.pid;
  assert.ok(pid !== undefined);
  return pid;
}

function runs(folder: string): boolean {
  const server = readPostmaster(join(folder, 'postgres'));
  return server !== undefined && isPostmaster(server.pid, join(folder, 'postgres'));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return;
    await sleep(25);
  }
  assert.fail('waited in vain');
}

interface Message {
  readonly ready?: boolean;
  readonly url?: string;
  readonly log?: string;
  readonly interrupted?: boolean;
  readonly answer?: number;
}

interface Process {
  readonly child: ChildProcess;
  readonly messages: Message[];
  said(key: keyof Message): Promise<Message>;
  /** Ends it in order. */
  end(): Promise<void>;
  /** Ends it by kill -9. */
  kill(): Promise<void>;
}

/** Starts another process on the data folder, in a process group of its own. */
function startProcess(t: TestContext, folder: string, ...args: string[]): Process {
  const child = spawn(process.execPath, [program, folder, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const messages: Message[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => messages.push(JSON.parse(line) as Message));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  t.after(() => child.kill('SIGKILL'));
  return {
    child,
    messages,
    async said(key) {
      await until(() => messages.some((message) => message[key] !== undefined));
      return messages.find((message) => message[key] !== undefined) ?? {};
    },
    async end() {
      child.stdin.end();
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('opens on an empty folder, keeps its data, stops with the last handle', async (t) => {
  const folder = emptyFolder(t);
  const config = {
    dataFolder: join(folder, 'deep/data'),
    databaseUrl: undefined,
    appDatabaseUrl: undefined,
    databasePool: 2,
  };
  const first = await openDatabase(config);
  const second = await openDatabase(config);
  assert.deepEqual((await first.query('select current_user as role')).rows, [{ role: 'longmen_app' }]);
  assert.equal(first.connectionString, second.connectionString);
  for (const name of ['secrets.json', 'postgres.log', 'postgres/longmen.conf']) {
    assert.equal(statSync(join(config.dataFolder, name)).mode & 0o077, 0, `${name} is private`);
  }
  await first.close();
  assert.ok(runs(config.dataFolder));
  assert.equal((await second.query('select 1 as one')).rows[0]?.one, 1);
  await second.close();
  assert.ok(!runs(config.dataFolder));
  assert.ok(!existsSync(join(config.dataFolder, 'postgres/postmaster.pid')));

  const { rows: before } = await reopened(config);
  const { rows: after } = await reopened(config);
  assert.deepEqual(after, before);
});

async function reopened(config: Parameters<typeof openDatabase>[0]) {
  const db = await openDatabase(config);
  const result = await db.query('select * from kernel.migration order by room, number');
  await db.close();
  return result;
}

test('two processes at once on an empty folder make one server, and the last stops it', async (t) => {
  const folder = emptyFolder(t);
  const processes = [startProcess(t, folder), startProcess(t, folder), startProcess(t, folder)];
  const ready = await Promise.all(processes.map((each) => each.said('ready')));
  assert.equal(new Set(ready.map(({ url }) => url)).size, 1);
  const logs = processes.flatMap(({ messages }) => messages.map(({ log }) => log));
  assert.equal(logs.filter((line) => line === 'creating the database files').length, 1);
  assert.equal(logs.filter((line) => line === 'PostgreSQL started').length, 1);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('postgres.new')),
    [],
  );
  for (const each of processes) {
    assert.ok(runs(folder));
    await each.end();
  }
  assert.ok(!runs(folder));
});

test('a server whose process was killed is adopted, then stopped in order', async (t) => {
  const folder = emptyFolder(t);
  const killed = startProcess(t, folder);
  await killed.said('ready');
  const pid = postmaster(folder);
  await killed.kill();
  assert.ok(runs(folder));
  const server = await useEmbeddedServer(folder, fast);
  assert.equal(postmaster(folder), pid);
  await server.release();
  assert.ok(!runs(folder));
});

test('Ctrl-C reaches the process but not its server', { skip: process.platform === 'win32' }, async (t) => {
  const folder = emptyFolder(t);
  const each = startProcess(t, folder);
  await each.said('ready');
  process.kill(-Number(each.child.pid), 'SIGINT');
  assert.equal((await each.said('interrupted')).answer, 42);
  await each.end();
  assert.ok(!runs(folder));
});

test('a killed server recovers by itself: nothing committed is lost, the pool goes on', async (t) => {
  const folder = emptyFolder(t);
  const config = { dataFolder: folder, databaseUrl: undefined, appDatabaseUrl: undefined, databasePool: 4 };
  const db = await openDatabase(config, { migrate: false });
  const server = await useEmbeddedServer(folder);
  const owner = await connect(server.ownerUrl);
  await owner.query('create table public.kept (id int); grant select, insert on public.kept to longmen_app');
  await db.query('insert into public.kept select generate_series(1, 1000)');
  const pid = postmaster(folder);
  process.kill(pid, 'SIGKILL');
  await until(() => !isPostmaster(pid, join(folder, 'postgres')));
  let refusals = 0;
  await until(async () => {
    try {
      return (await db.query('select from public.kept')).rowCount === 1000;
    } catch (error) {
      assert.ok(error instanceof LongmenError && error.code === 'database_unreachable', String(error));
      refusals++;
      return false;
    }
  });
  assert.ok(refusals > 0);
  assert.notEqual(postmaster(folder), pid);
  await owner.end();
  await server.release();
  await db.close();
  assert.ok(!runs(folder));
});

test('what a killed server leaves behind does not hinder the next start', async (t) => {
  const folder = emptyFolder(t);
  const killed = startProcess(t, folder);
  await killed.said('ready');
  const pid = postmaster(folder);
  await killed.kill();
  process.kill(pid, 'SIGKILL');
  await until(() => !isPostmaster(pid, join(folder, 'postgres')));
  assert.ok(existsSync(join(folder, 'postgres/postmaster.pid')));
  await (await useEmbeddedServer(folder, fast)).release();

  // The number may meanwhile belong to somebody else, here to this test.
  writeFileSync(join(folder, 'postgres/postmaster.pid'), `${process.pid}\n${folder}/postgres\n0\n1\n\n127.0.0.1\n`);
  await (await useEmbeddedServer(folder, fast)).release();
  assert.ok(!runs(folder));
});

test('a process killed while it makes the database files does no harm', async (t) => {
  const folder = emptyFolder(t);
  const killed = startProcess(t, folder);
  await until(() => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('postgres.new-')));
  await killed.kill();
  await (await useEmbeddedServer(folder, fast)).release();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('postgres.new')),
    [],
  );
});

test('passwords that do not fit, and a server that cannot start, are said', async (t) => {
  const folder = emptyFolder(t);
  await (await useEmbeddedServer(folder, fast)).release();
  const path = join(folder, 'secrets.json');
  const secrets = readFileSync(path, 'utf8');
  writeFileSync(path, secrets.replaceAll(/: ".{4}/g, ': "xxxx'));
  await assert.rejects(useEmbeddedServer(folder, fast), { code: 'data_folder_unusable', message: /secrets\.json/ });
  writeFileSync(path, '{}');
  await assert.rejects(useEmbeddedServer(folder, fast), { code: 'data_folder_unusable' });
  writeFileSync(path, secrets);

  const settings = join(folder, 'postgres/postgresql.conf');
  const good = readFileSync(settings, 'utf8');
  await (await useEmbeddedServer(folder, fast)).release();
  writeFileSync(settings, `${good}nonsense = 1\n`);
  await assert.rejects(useEmbeddedServer(folder, fast), { code: 'embedded_postgres_failed', message: /nonsense/ });
  writeFileSync(settings, good);
});

test('nobody’s data gets into the log of the server', async (t) => {
  const folder = emptyFolder(t);
  const server = await useEmbeddedServer(folder, fast);
  const client = await connect(server.ownerUrl);
  await client.query('create table person (name text primary key)');
  const secret = 'Zhang-San-310101';
  await client.query('insert into person values ($1)', [secret]);
  await assert.rejects(client.query('insert into person values ($1)', [secret]));
  await assert.rejects(client.query('select $1::int', [secret]));
  await assert.rejects(client.query(`select ${secret} from nowhere`));
  await client.end();
  await server.release();
  assert.ok(!readFileSync(join(folder, 'postgres.log'), 'utf8').includes('310101'));
});

test('one application server per data folder; a second is told who holds it', async (t) => {
  const folder = emptyFolder(t);
  const holder = startProcess(t, folder, 'lock');
  await holder.said('ready');
  assert.throws(() => lockDataFolder(folder), {
    code: 'data_folder_in_use',
    status: 409,
    message: new RegExp(`process ${holder.child.pid}\\b`),
    meta: { folder, pid: holder.child.pid },
  });
  await holder.kill();
  const lock = lockDataFolder(folder);
  assert.throws(() => lockDataFolder(folder), { code: 'data_folder_in_use', meta: { folder, pid: process.pid } });
  lock.release();
  lockDataFolder(folder).release();
  assert.ok(!existsSync(join(folder, 'server.pid')));
});

test('a data folder that cannot be one is refused', async (t) => {
  const folder = emptyFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => lockDataFolder(join(file, 'data')), { code: 'data_folder_unusable' });
  await assert.rejects(useEmbeddedServer(file), { code: 'data_folder_unusable' });
});

test('on another server the owner of DATABASE_URL makes the application role, or is told what to do', async (t) => {
  const folder = emptyFolder(t);
  const server = await useEmbeddedServer(folder, fast);
  const administrator = await connect(server.superuserUrl);
  await administrator.query('drop owned by longmen_app, longmen_staff; drop role longmen_app, longmen_staff');
  for (const [name, right] of [
    ['stranger', ''],
    ['bank', 'createrole'],
  ]) {
    await administrator.query(`create role ${name} login ${right} password 'x'`);
    await administrator.query(`create database ${name} owner ${name}`);
  }
  await administrator.end();

  const config = (name: string) => {
    const url = new URL(server.superuserUrl);
    url.username = name;
    url.password = 'x';
    url.pathname = `/${name}`;
    return { dataFolder: folder, databaseUrl: url.href, appDatabaseUrl: undefined, databasePool: 1 };
  };
  const refusal = { code: 'database_role_missing', message: /grant longmen_app to/ };
  await assert.rejects(openDatabase(config('stranger')), refusal);
  const db = await openDatabase(config('bank'));
  assert.deepEqual((await db.query('select current_user as role, session_user as login')).rows, [
    { role: 'longmen_app', login: 'bank' },
  ]);
  const { rows } = await withContext({ ...currentContext(), visibility: [1] }, () =>
    db.query('select current_user as role'),
  );
  assert.deepEqual(rows, [{ role: 'longmen_staff' }]);
  await db.close();
  await assert.rejects(openDatabase(config('stranger')), refusal);
  await server.release();
});
