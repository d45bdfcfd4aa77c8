/** Backup and restore of a real server that is written to meanwhile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { systemClock } from '#kernel/clock';
import { connect, openReplicationAccess, type ReplicationAccess, useEmbeddedServer } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { testDatabase, testServer } from '#test/database';
import { partsOf } from './base.ts';
import {
  type BackupOptions,
  backup,
  checkRepository,
  followBackup,
  listBases,
  openForWriting,
  openRepository,
  prune,
  releaseBackup,
  restore,
} from './index.ts';
import { recoverable } from './plan.ts';

const clock = systemClock();
const program = join(import.meta.dirname, '../../../bin/longmen.js');
const folder = mkdtempSync(join(tmpdir(), 'longmen-backup-'));
const data = join(folder, 'data');
const backups = join(folder, 'backup');
const key = { kind: 'file', path: join(folder, 'keys/backup.key') } as const;
const warnings: string[] = [];
const log = { info: () => undefined, warn: (_fields: object, message: string) => void warnings.push(message) };

let access: ReplicationAccess;
let client: pg.Client;
const options = (more: Partial<BackupOptions> = {}): BackupOptions => ({
  ...{ folder: backups, key, access, dataFolder: data, clock, log },
  ...more,
});

/** Rows are numbered; each says when it was sent and answered, by the machine's clock. */
const written: { sentAt: string; answeredAt: string }[] = [];
async function write(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const sentAt = now();
    await client.query(`insert into written select ${written.length + 1}, repeat(md5(random()::text), 30)`);
    written.push({ sentAt, answeredAt: now() });
  }
}
function now(): string {
  return clock.now().toString({ smallestUnit: 'microsecond' });
}
/** How many rows a restored database holds; they are the first ones. */
async function countIn(dataFolder: string): Promise<number> {
  const server = await useEmbeddedServer(dataFolder);
  const restored = await connect(server.superuserUrl);
  const { rows } = await restored.query<{ count: bigint; last: bigint }>(
    'select count(*) as count, max(id) as last from written',
  );
  await restored.end();
  await server.release();
  assert.equal(rows[0]?.count, rows[0]?.last);
  return Number(rows[0]?.count);
}
async function codeFrom(work: () => Promise<unknown>): Promise<LongmenError | 'ok'> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    if (error instanceof LongmenError) return error;
    throw error;
  }
}
const open = (at = backups) => openRepository(at, key);

suite('backup and restore', { timeout: 600_000 }, () => {
  before(async () => {
    mkdirSync(data);
    writeFileSync(join(data, 'token'), 'lm_first\n');
    mkdirSync(join(data, 'keys'));
    writeFileSync(join(data, 'keys/signing.pem'), Buffer.alloc(3_000, 'k'));
    access = await openReplicationAccess({ dataFolder: data, databaseUrl: undefined });
    client = await connect(access.url);
    await client.query('create table written (id bigint primary key, filler text)');
    await client.query(`create table ballast as select n, md5(n::text) from generate_series(1, 200000) n`);
  });
  after(async () => {
    await client.end();
    await access.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('while writes go on every instant can be restored, with all that was answered and nothing later', async () => {
    const stop = new AbortController();
    const running = Promise.withResolvers<string | null>();
    const following = followBackup({
      ...options({ signal: stop.signal }),
      baseEveryHours: 24,
      failAtStart: true,
      onRunning: ({ createdKeyFile }) => running.resolve(createdKeyFile),
    });
    let writing = true;
    const writer = (async () => {
      while (writing) {
        await write(1);
        await sleep(3);
      }
    })();
    assert.equal(await Promise.race([running.promise, following]), key.path);
    assert.equal(statSync(key.path).mode & 0o777, 0o600);
    assert.equal(((await codeFrom(() => backup(options()))) as LongmenError).code, 'backup_folder_in_use');
    await sleep(500);
    const middle = now();
    await sleep(2_500);
    // Nothing is forced at the end: what a killed archiver has stored must do.
    const { latest } = listBases(await open()).at(-1) ?? {};
    assert.ok(latest !== null && latest !== undefined && latest > middle);
    writing = false;
    await writer;
    stop.abort();
    await following;
    const repository = await open();
    for (const [name, time] of [
      ['middle', middle],
      ['end', undefined],
    ] as const) {
      const dataFolder = join(folder, name);
      const report = await restore({ repository, dataFolder, time });
      const held = await countIn(dataFolder);
      const answered = written.filter(({ answeredAt }) => time === undefined || answeredAt < time).length;
      const sent = written.filter(({ sentAt }) => time === undefined || sentAt <= time).length;
      assert.ok(answered <= held && held <= sent, `${answered} answered, ${held} restored, ${sent} sent`);
      assert.ok(answered > 20 && (time === undefined || report.last_commit === null || report.last_commit <= time));
      assert.equal(readFileSync(join(dataFolder, 'token'), 'utf8'), 'lm_first\n');
      assert.equal(readFileSync(join(dataFolder, 'keys/signing.pem')).length, 3_000);
      assert.equal(existsSync(join(dataFolder, 'restoring')), false);
      assert.doesNotMatch(readFileSync(join(dataFolder, 'postgres/postgresql.auto.conf'), 'utf8'), /recovery/);
      rmSync(dataFolder, { recursive: true });
    }
  });

  test('a second run adds only log; a second base writes again only what has changed', async () => {
    await write(5);
    const second = await backup(options());
    assert.equal(second.base, null);
    assert.ok(second.wal_bytes > 0 && second.wal_bytes < 16 * 1024 * 1024);
    const full = await backup(options({ full: true }));
    assert.ok(full.base !== null && full.base.new_bytes < full.base.bytes / 10, JSON.stringify(full.base));
    assert.equal((await checkRepository(await open())).ok, true);
  });

  test('a backup that is killed leaves no half base, and the next one goes on', async () => {
    const killed = join(folder, 'killed');
    const child = spawn(process.execPath, [program, 'backup', '--to', killed, '--data', data, '--key-file', key.path], {
      stdio: 'ignore',
    });
    const ended = new Promise((done) => child.once('exit', (_code, signal) => done(signal)));
    while (!existsSync(join(killed, 'parts')) && child.exitCode === null) await sleep(1);
    child.kill('SIGKILL');
    assert.equal(await ended, 'SIGKILL');
    assert.deepEqual(listBases(await open(killed)), []);
    assert.equal(
      (
        (await codeFrom(async () =>
          restore({ repository: await open(killed), dataFolder: join(folder, 'no') }),
        )) as LongmenError
      ).code,
      'backup_not_found',
    );
    // As if it had been killed within a line as well.
    writeFileSync(join(killed, 'manifest.jsonl'), '{"kind":"wal","ch', { flag: 'a' });
    const next = await backup(options({ folder: killed }));
    assert.ok(next.base !== null);
    const report = await checkRepository(await open(killed));
    assert.deepEqual([report.ok, report.bases.length], [true, 1]);
    await releaseBackup(options({ folder: killed }));
    const { rows } = await client.query('select from pg_replication_slots');
    assert.equal(rows.length, 1);
  });

  test('damage of any kind is found by check, and by restore before use', async () => {
    const repository = await open();
    const [older, newer] = listBases(repository);
    assert.ok(older?.latest && newer?.latest);
    const wal = (recoverable(repository.entries)[0]?.wal ?? []).map(({ file }) => file);
    const [otherWal = '', walFile = ''] = wal;
    const base = repository.entries.findLast((entry) => entry.kind === 'base');
    const largest = (await partsOf(repository, base?.index ?? { file: '', size: 0, sha256: '' })).toSorted(
      (a, b) => b.size - a.size,
    );
    const part = largest[0]?.file ?? '';
    const flip = (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x10;
      writeFileSync(path, bytes);
    };
    const segment = walFile.split('/').at(-1)?.split('.')[0];
    const cases: [what: string, harm: (at: string) => void, checked: string, restored: string, named: string][] = [
      ['nothing', () => undefined, 'ok', 'ok', ''],
      ['a part changed', (at) => flip(join(at, part)), 'backup_part_damaged', 'backup_part_damaged', part],
      ['a part cut off', (at) => truncateSync(join(at, part), 500), 'backup_part_damaged', 'backup_part_damaged', part],
      ['a part gone', (at) => rmSync(join(at, part)), 'backup_part_missing', 'backup_part_missing', part],
      [
        'a part in the place of another',
        (at) => cpSync(join(at, largest[1]?.file ?? ''), join(at, part)),
        'backup_part_damaged',
        'backup_part_damaged',
        part,
      ],
      ['log changed', (at) => flip(join(at, walFile)), 'backup_part_damaged', 'backup_part_damaged', walFile],
      ['log gone', (at) => rmSync(join(at, walFile)), 'backup_part_missing', 'backup_wal_missing', walFile],
      [
        'log in the place of other log',
        (at) => cpSync(join(at, otherWal), join(at, walFile)),
        'backup_part_damaged',
        'backup_part_damaged',
        walFile,
      ],
      [
        'the list of parts changed',
        (at) => flip(join(at, base?.index.file ?? '')),
        'backup_part_damaged',
        'backup_part_damaged',
        base?.index.file ?? '',
      ],
    ];
    for (const [what, harm, checked, restored, named] of cases) {
      const copy = join(folder, 'copy');
      cpSync(backups, copy, { recursive: true });
      harm(copy);
      const harmed = await open(copy);
      const report = await checkRepository(harmed);
      assert.deepEqual([report.findings[0]?.code ?? 'ok', report.findings[0]?.part ?? ''], [checked, named], what);
      if (restored !== 'ok') {
        // The older base needs the log, the newer one the part.
        const chosen = named === walFile ? older.base : newer.base;
        const dataFolder = join(folder, 'damaged');
        const error = await codeFrom(() => restore({ repository: harmed, dataFolder, base: chosen }));
        assert.ok(error !== 'ok', what);
        assert.deepEqual([error.code, error.meta.part], [restored, named], what);
        if (named === walFile)
          assert.deepEqual([error.meta.segment, typeof error.meta.latest], [segment, 'string'], what);
        assert.equal(existsSync(join(dataFolder, 'postgres')), false, what);
        rmSync(dataFolder, { recursive: true });
      }
      rmSync(copy, { recursive: true });
    }
  });

  test('what cannot be restored is refused with its reason', async () => {
    const repository = await open();
    const [first] = listBases(repository);
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'file'), '');
    const fresh = join(folder, 'fresh');
    const copy = join(folder, 'other-version');
    cpSync(backups, copy, { recursive: true });
    const other = await openForWriting(copy, key, clock);
    other.rewrite(other.entries.map((entry) => (entry.kind === 'chain' ? { ...entry, postgres: 170_004 } : entry)));
    other.close();
    const otherKey = { kind: 'file', path: join(folder, 'other.key') } as const;
    (await openForWriting(join(folder, 'empty'), otherKey, clock)).close();
    const late = { time: '2100-01-01T00:00:00.000000Z' };
    const cases: [work: () => Promise<unknown>, code: string][] = [
      [() => restore({ repository, dataFolder: full }), 'restore_target_not_empty'],
      [() => restore({ repository, dataFolder: fresh, ...late }), 'backup_time_unreachable'],
      [
        () => restore({ repository, dataFolder: fresh, time: '2000-01-01T00:00:00.000000Z' }),
        'backup_time_unreachable',
      ],
      [() => restore({ repository, dataFolder: fresh, base: 'nobody' }), 'backup_not_found'],
      [async () => restore({ repository: await open(copy), dataFolder: fresh }), 'backup_postgres_version_differs'],
      [() => openRepository(backups, otherKey), 'backup_key_wrong'],
      [() => openRepository(backups, { kind: 'file', path: join(folder, 'no.key') }), 'backup_key_missing'],
      [
        () => openRepository(backups, { kind: 'passphrase', passphrase: 'correct horse battery' }),
        'backup_key_missing',
      ],
      [() => openRepository(backups, { kind: 'file', path: join(data, 'token') }), 'backup_key_invalid'],
      [() => openRepository(join(folder, 'nowhere'), key), 'backup_not_found'],
      [() => openForWriting(full, key, clock), 'backup_folder_unusable'],
      [
        () => openForWriting(join(folder, 'in'), { kind: 'file', path: join(folder, 'in/key') }, clock),
        'backup_key_inside',
      ],
      [
        () => openForWriting(join(folder, 'short'), { kind: 'passphrase', passphrase: 'short' }, clock),
        'backup_key_invalid',
      ],
    ];
    for (const [work, code] of cases) {
      const error = await codeFrom(work);
      assert.equal(error === 'ok' ? error : error.code, code);
    }
    assert.ok(first !== undefined);
    assert.equal(readFileSync(join(full, 'file'), 'utf8'), '');
  });

  test('a passphrase opens what it closed, and no other does', async () => {
    const at = join(folder, 'passphrase');
    const right = { kind: 'passphrase', passphrase: 'correct horse battery staple' } as const;
    (await openForWriting(at, right, clock)).close();
    assert.equal((await openRepository(at, right)).entries.length, 1);
    const wrong = await codeFrom(() =>
      openRepository(at, { kind: 'passphrase', passphrase: 'correct horse battery stable' }),
    );
    assert.equal(wrong === 'ok' ? wrong : wrong.code, 'backup_key_wrong');
  });

  test('when the server had to drop the log a new base is taken, and said so', async () => {
    await client.query(`alter system set max_slot_wal_keep_size = '1MB'`);
    await client.query('select pg_reload_conf()');
    for (let turn = 0; turn < 4; turn++) {
      await client.query('create table filler as select 1; drop table filler; select pg_switch_wal()');
    }
    await client.query('checkpoint');
    const { rows } = await client.query('select wal_status from pg_replication_slots');
    assert.deepEqual(rows, [{ wal_status: 'lost' }]);
    await client.query('alter system reset max_slot_wal_keep_size');
    await client.query('select pg_reload_conf()');
    const report = await backup(options());
    assert.ok(report.base !== null);
    assert.match(report.warnings.join(), /slot_lost.*new base backup/);
    const bases = listBases(await open());
    assert.equal(new Set(bases.map(({ chain }) => chain)).size, 2);
    // The other chain can still be restored from.
    assert.ok(bases.every(({ latest }) => latest !== null));
  });

  test('pruning removes what no kept base needs, never the last', async () => {
    const repository = await openForWriting(backups, key, clock);
    try {
      const bases = listBases(repository).map(({ base }) => base);
      const nothing = await prune(repository, { bases: 1, days: 7 }, now());
      assert.deepEqual([nothing.bases_removed, nothing.bases_kept], [[], bases]);
      const report = await prune(repository, { bases: 1, days: 0 }, '2100-01-01T00:00:00.000000Z');
      assert.deepEqual(report.bases_kept, bases.slice(-1));
      assert.ok(report.files_removed > 0);
      const check = await checkRepository(repository);
      assert.deepEqual([check.ok, check.unneeded, check.bases.length], [true, 0, 1]);
    } finally {
      repository.close();
    }
    await releaseBackup(options());
  });

  test('a server that is not embedded is backed up alike, when its role may replicate', async (t) => {
    const given = (url: string): ReplicationAccess => ({ url, embedded: false, close: () => Promise.resolve() });
    const { config } = await testDatabase(t);
    const refused = await codeFrom(() =>
      backup(options({ folder: join(folder, 'role'), access: given(config.databaseUrl ?? '') })),
    );
    assert.equal(refused === 'ok' ? refused : refused.code, 'backup_role_cannot_replicate');
    const server = await testServer();
    const foreign = await codeFrom(() => backup(options({ access: given(server.superuserUrl) })));
    assert.equal(foreign === 'ok' ? foreign : foreign.code, 'backup_folder_foreign');
    const at = options({ folder: join(folder, 'given'), access: given(server.superuserUrl) });
    const report = await backup(at);
    await releaseBackup(at);
    assert.ok(report.base !== null);
    const dataFolder = join(folder, 'given-restored');
    const restored = await restore({ repository: await open(at.folder), dataFolder });
    assert.equal(restored.recovered, false);
    assert.ok(existsSync(join(dataFolder, 'postgres/recovery.signal')));
  });
});
