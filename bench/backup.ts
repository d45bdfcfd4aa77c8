/**
 * `npm run bench backup`: how fast a running institution is backed up, checked and restored, beside a plain copy of the
 * same database files to the same disk. Options: `--transfers N` in the books (default 200,000), `--quick` (2,000).
 * MB are 10^6 bytes of database files, as the server sends them, whatever becomes of them.
 */
import { closeSync, cpSync, fsyncSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLedger, verify } from '#engines/ledger';
import { backup, checkRepository, openRepository, restore } from '#kernel/backup';
import { systemClock } from '#kernel/clock';
import { type Database, type DatabaseConfig, openDatabase, openReplicationAccess } from '#kernel/database';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import type { BenchOptions, Result } from './lib/contract.ts';

const clock = systemClock();
const accounts = 1_000;
const batchSize = 1_000;

export async function run({ log, progress, args }: BenchOptions): Promise<readonly Result[]> {
  const { values } = parseArgs({
    args: [...args],
    options: { transfers: { type: 'string' }, quick: { type: 'boolean' } },
  });
  const transfers = values.quick === true ? 2_000 : Number(values.transfers ?? 200_000);
  const folder = mkdtempSync(join(tmpdir(), 'longmen-bench-backup-'));
  try {
    return await measure(folder, transfers, log, progress);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  folder: string,
  transfers: number,
  log: BenchOptions['log'],
  progress: BenchOptions['progress'],
): Promise<Result[]> {
  const data = join(folder, 'data');
  const key = { kind: 'file', path: join(folder, 'backup.key') } as const;
  const config = configOf(data);
  const db = await openDatabase(config);
  await fill(db, transfers, (done) => progress(done, transfers, 'transfers'));
  await db.close();

  // Nobody uses the files now: the server has stopped.
  const bytes = sizeOf(join(data, 'postgres'));
  const copySeconds = await timed(async () => copy(join(data, 'postgres'), join(folder, 'copy')));
  rmSync(join(folder, 'copy'), { recursive: true });
  const copyRate = bytes / 1e6 / copySeconds;
  log(`${Math.round(bytes / 1e6)} MB copied in ${copySeconds.toFixed(1)} s`);

  const access = await openReplicationAccess(config);
  const options = { folder: join(folder, 'backup'), key, access, dataFolder: data, clock, log: quiet };
  const first = await backup(options);
  const again = await backup({ ...options, full: true });
  await access.close();
  const base = first.base?.bytes ?? 0;
  log(
    `base backup of ${Math.round(base / 1e6)} MB in ${first.base_seconds.toFixed(1)} s, again in ${again.base_seconds.toFixed(1)} s`,
  );

  const repository = await openRepository(options.folder, key);
  const checkSeconds = await timed(async () => {
    const report = await checkRepository(repository);
    if (!report.ok) throw new Error(`the backup is not sound: ${JSON.stringify(report.findings)}`);
  });
  let verifySeconds = 0;
  const restored = await restore({
    repository,
    dataFolder: join(folder, 'restored'),
    async verify(restoredConfig) {
      const started = performance.now();
      const books = await openDatabase(restoredConfig);
      const report = await verify(books);
      await books.close();
      verifySeconds = (performance.now() - started) / 1000;
      const postings = report.books.reduce((sum, one) => sum + one.postings, 0);
      if (!report.ok || postings !== transfers)
        throw new Error(`restored ${postings} of ${transfers}, sound: ${report.ok}`);
    },
  });
  const restoreSeconds = restored.seconds - verifySeconds;
  const rate = (name: string, seconds: number): Result => {
    const value = base / 1e6 / seconds;
    return { name, value, unit: 'MB/s', baseline: 'copy_mb_s', ratio: value / copyRate };
  };
  return [
    { name: 'copy_mb_s', value: copyRate, unit: 'MB/s' },
    rate('backup_mb_s', first.base_seconds),
    rate('backup_again_mb_s', again.base_seconds),
    rate('check_mb_s', checkSeconds),
    rate('restore_mb_s', restoreSeconds),
    { name: 'database_mb', value: base / 1e6, unit: 'MB' },
    {
      name: 'stored_mb',
      value: (first.base?.new_bytes ?? 0) / 1e6,
      unit: 'MB',
      baseline: 'database_mb',
      ratio: (first.base?.new_bytes ?? 0) / base,
    },
    {
      name: 'stored_again_mb',
      value: (again.base?.new_bytes ?? 0) / 1e6,
      unit: 'MB',
      baseline: 'database_mb',
      ratio: (again.base?.new_bytes ?? 0) / base,
    },
    { name: 'restore_seconds', value: restoreSeconds, unit: 's' },
    { name: 'verified', value: 1, unit: '1 = sound' },
    { name: 'verify_seconds', value: verifySeconds, unit: 's' },
  ];
}

const quiet = { info: () => undefined, warn: () => undefined };

async function fill(db: Database, transfers: number, onProgress: (done: number) => void): Promise<void> {
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'main' }, clock));
  const ids = Array.from({ length: accounts }, () => newId());
  const inputs = ids.map((id) => ({ id, currency: 'CNY', code: '2011', side: 'credit' as const }));
  await db.transaction((tx) => ledger.openAccounts(tx, 'main', inputs));
  for (let done = 0; done < transfers; done += batchSize) {
    onProgress(done);
    const batch = Array.from({ length: batchSize }, (_, index) => ({
      id: newId(),
      debitAccountId: ids[(done + index * 7) % accounts],
      creditAccountId: ids[(done + index * 7 + 1) % accounts],
      amount: BigInt(1 + ((done + index) % 9_973)),
      currency: 'CNY',
    }));
    const outcomes = await ledger.post('main', batch);
    if (outcomes.some(({ status }) => status !== 'accepted')) throw new Error('a transfer without limits was refused');
  }
  await ledger.close();
}

/** A copy that is on disk when it is done, as a backup is. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const path of filesIn(to)) {
    const handle = openSync(path, 'r');
    fsyncSync(handle);
    closeSync(handle);
  }
}

/** Bytes of all files. */
function sizeOf(folder: string): number {
  return filesIn(folder).reduce((sum, path) => sum + statSync(path).size, 0);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function configOf(dataFolder: string): DatabaseConfig {
  return { dataFolder, databaseUrl: undefined, appDatabaseUrl: undefined, databasePool: 4 };
}
