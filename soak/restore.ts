/**
 * `npm run soak restore`: the ledger posts without a pause while `longmen backup --follow` archives it; the archiver is
 * killed with `kill -9` and started again, so is PostgreSQL, and base backups are taken and cut off meanwhile. Then random
 * instants are restored, each into a folder of its own, verified, and compared with what the writer had noted: everything
 * answered up to the instant is there, nothing recorded after it is, and what is there is the journal up to one place,
 * count and sums included. Options: `--rounds` (instants, default 20), `--operations` (transfers, default 20,000).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger, verify } from '#engines/ledger';
import { checkRepository, listBases, openRepository, type Repository, restore } from '#kernel/backup';
import { systemClock } from '#kernel/clock';
import { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';
import { Temporal } from '#kernel/dates';
import { createBook } from '#kernel/events';
import { type ArchiverProcess, runBackup, startArchiver } from './lib/archiver-process.ts';
import type { Soak, SoakOptions, SoakReport } from './lib/contract.ts';
import { type Differences, differences } from './lib/differences.ts';
import { type Random, seededRandom } from './lib/random.ts';
import { killPostgres } from './lib/server-process.ts';

const clock = systemClock();
const book = 'restored';
const accountCount = 40;
const writers = 3;

/** What the writer knows of one transfer. Times are microseconds; the machine's clock is also PostgreSQL's. */
interface Noted {
  readonly sequence: bigint;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: bigint;
  readonly sentAt: bigint;
  /** Not before the answer was there. */
  readonly answeredAt: bigint;
  readonly recordedAt: bigint;
}

export const run: Soak = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-restore-'));
  const data = join(folder, 'data');
  const closers: (() => Promise<void>)[] = [];
  try {
    return await restoreSoak(options, folder, data, closers);
  } finally {
    for (const close of closers.reverse()) await close().catch(() => undefined);
    killPostgres(data, true);
    rmSync(folder, { recursive: true, force: true });
  }
};

async function restoreSoak(
  { seed, rounds = 20, operations = 20_000, log, progress }: SoakOptions,
  folder: string,
  data: string,
  closers: (() => Promise<void>)[],
): Promise<SoakReport> {
  const random = seededRandom(seed);
  const found = differences(log);
  const backups = join(folder, 'backup');
  const db = await openDatabase(configOf(data));
  closers.push(() => db.close());
  let archiver = startArchiver(data, backups);
  closers.push(() => archiver.kill());
  await archiver.ready;
  const writer = await startWriter(db, random, operations);
  closers.push(async () => void (await writer.stop()));
  const counts = { archiver_kills: 0, postgres_kills: 0, bases_cut_off: 0, bases_taken: 1 };

  /** Something bad happens at each quarter of the work. */
  async function disturb(quarter: number): Promise<void> {
    await archiver.kill();
    counts.archiver_kills++;
    if (quarter % 2 === 1) {
      if (killPostgres(data, random.chance(0.5))) counts.postgres_kills++;
      await sleep(random.integer(0, 500));
    } else {
      await runBackup(data, backups, ['--full'], random.integer(600, 1_500));
      counts.bases_cut_off++;
      if ((await runBackup(data, backups, ['--full'])) === 0) counts.bases_taken++;
      else found.add('a base backup failed', { quarter });
    }
    archiver = startArchiver(data, backups);
    await archiver.ready;
  }
  for (let quarter = 1; quarter <= 3; quarter++) {
    await writer.until((operations * quarter) / 4, (done) => progress(done, operations, 'transfers'));
    await disturb(quarter);
  }
  await writer.until(operations, (done) => progress(done, operations, 'transfers'));
  const noted = await writer.stop();
  await endInOrder(archiver, found);

  const repository = await openRepository(backups, { kind: 'file', path: join(data, 'backup.key') });
  const check = await checkRepository(repository);
  if (!check.ok) found.add('the backup is not sound', { findings: check.findings });
  const instants = instantsOf(repository, random, rounds, noted);
  const seconds: number[] = [];
  for (const [index, time] of instants.entries()) {
    progress(index, instants.length, 'instants');
    seconds.push(await restoreAndCompare(repository, join(folder, `restored-${index}`), time, noted, found));
  }
  return {
    name: 'restore',
    passed: found.count === 0,
    details: {
      transfers: noted.length,
      instants: instants.length,
      ...counts,
      bases: listBases(repository).length,
      parts: check.parts,
      restore_seconds_longest: Math.max(...seconds),
      comparisons: found.compared,
      differences: found.count,
      first_differences: found.first,
    },
  };
}

async function endInOrder(archiver: ArchiverProcess, found: Differences): Promise<void> {
  await archiver.stop().catch((error: unknown) => found.add('archiving did not end well', { reason: String(error) }));
}

/** Random instants from the first base backup to the end, every other one a whole second, and the very last one. */
function instantsOf(repository: Repository, random: Random, rounds: number, noted: readonly Noted[]): string[] {
  const bases = listBases(repository);
  const from = microseconds(bases[0]?.earliest ?? '');
  const to = bases.reduce(
    (latest, base) => (base.latest === null ? latest : larger(latest, microseconds(base.latest))),
    0n,
  );
  const lastAnswer = noted.reduce((last, { answeredAt }) => larger(last, answeredAt), 0n);
  if (from >= to || lastAnswer > to)
    throw new Error(`nothing to choose from: ${from} to ${to}, answers to ${lastAnswer}`);
  const span = Number(lastAnswer - from);
  return Array.from({ length: rounds }, (_, index) => {
    if (index === 0) return textOf(to);
    const exact = from + BigInt(random.integer(0, span));
    const second = exact - (exact % 1_000_000n);
    return textOf(index % 2 === 0 && second >= from ? second : exact);
  });
}

async function restoreAndCompare(
  repository: Repository,
  dataFolder: string,
  time: string,
  noted: readonly Noted[],
  found: Differences,
): Promise<number> {
  const { verified, seconds } = await restore({ repository, dataFolder, time, verify: readBooks });
  rmSync(dataFolder, { recursive: true, force: true });
  if (verified === null) throw new Error('the backup was not recovered');
  const at = microseconds(time);
  const { held, sound, sums } = verified;
  found.equal(sound, true, 'verify', time);
  found.equal(
    held.map(({ sequence }) => sequence),
    held.map((_, index) => BigInt(index + 1)),
    'the journal has no gaps',
    time,
  );
  const last = BigInt(held.length);
  // The journal is in commit order, so the state at an instant is the journal up to one place.
  for (const transfer of noted) {
    if (transfer.answeredAt <= at && transfer.sequence > last)
      found.add('an answered transfer is missing', { time, transfer });
    if (transfer.recordedAt > at && transfer.sequence <= last)
      found.add('recorded after the instant', { time, transfer });
    if (transfer.sentAt > at && transfer.sequence <= last) found.add('sent after the instant', { time, transfer });
  }
  const late = held.filter(({ recordedAt }) => recordedAt > at).length;
  found.equal(late, 0, 'no row was recorded after the instant', time);
  const expected = noted.filter(({ sequence }) => sequence <= last);
  found.equal(held.length, expected.length, 'count', time);
  found.equal(sums, sumsOf(expected), 'sums of the accounts', time);
  return seconds;
}

/** What is in a restored database: whether it is sound, its journal, and what its accounts hold. */
async function readBooks(config: DatabaseConfig) {
  const db = await openDatabase(config);
  try {
    const { ok } = await verify(db);
    const { rows } = await db.query<{ sequence: bigint; at: string }>(
      'select sequence, recorded_at::text as at from ledger.transfer order by sequence',
    );
    const { rows: accounts } = await db.query<{ account_id: string; debits: bigint; credits: bigint }>(
      `select account_id, debits_posted as debits, credits_posted as credits from ledger.balance
       where debits_posted <> 0 or credits_posted <> 0`,
    );
    return {
      sound: ok,
      held: rows.map(({ sequence, at }) => ({ sequence, recordedAt: microseconds(at) })),
      sums: new Map(accounts.map((row) => [row.account_id, [row.debits, row.credits]])),
    };
  } finally {
    await db.close();
  }
}

function sumsOf(transfers: readonly Noted[]): Map<string, bigint[]> {
  const sums = new Map<string, [bigint, bigint]>();
  const of = (account: string) => {
    const present = sums.get(account) ?? [0n, 0n];
    sums.set(account, present);
    return present;
  };
  for (const { debit, credit, amountMinor } of transfers) {
    of(debit)[0] += amountMinor;
    of(credit)[1] += amountMinor;
  }
  return sums;
}

/** Posts without a pause, asks again when there is no answer, and notes what it was told. */
async function startWriter(db: Database, random: Random, operations: number) {
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  await db.transaction((tx) => createBook(tx, { code: book, name: book }, clock));
  const ids = Array.from({ length: accountCount }, () => random.uuid());
  const inputs = ids.map((id) => ({ id, currency: 'CNY', code: '2011', side: 'credit' as const }));
  await db.transaction((tx) => ledger.openAccounts(tx, book, inputs));
  const noted: Noted[] = [];
  let stopping = false;
  let sent = 0;

  async function write(): Promise<void> {
    while (!stopping && sent < operations) {
      const count = random.integer(1, 12);
      sent += count;
      const batch = Array.from({ length: count }, () => {
        const debit = random.pick(ids);
        const credit = random.pick(ids.filter((id) => id !== debit));
        return { id: random.uuid(), debit, credit, amountMinor: BigInt(random.integer(1, 100_000)) };
      });
      const sentAt = present();
      const outcomes = await untilAnswered(
        batch.map(({ id, debit, credit, amountMinor }) => ({
          ...{ id, debitAccountId: debit, creditAccountId: credit },
          ...{ amount: amountMinor, currency: 'CNY' },
        })),
      );
      // The clock counts in milliseconds, rounded down.
      const answeredAt = present() + 1_000n;
      for (const [index, { sequence, recordedAt: at }] of outcomes.entries()) {
        const one = batch[index];
        if (one === undefined || sequence === null) throw new Error('a transfer without limits was refused');
        const { debit, credit, amountMinor } = one;
        noted.push({ sequence, debit, credit, amountMinor, sentAt, answeredAt, recordedAt: microseconds(at) });
      }
      await sleep(random.integer(0, 12));
    }
  }
  async function untilAnswered(transfers: Parameters<typeof ledger.post>[1]) {
    for (;;) {
      try {
        return await ledger.post(book, transfers);
      } catch (error) {
        if (stopping) throw error;
        await sleep(50);
      }
    }
  }
  const working = Promise.all(Array.from({ length: writers }, write));
  working.catch(() => undefined);
  return {
    async until(count: number, onProgress: (done: number) => void): Promise<void> {
      while (noted.length < count && sent < operations) {
        onProgress(noted.length);
        await Promise.race([sleep(200), working]);
      }
    },
    async stop(): Promise<Noted[]> {
      if (sent >= operations) await working;
      stopping = true;
      await working;
      await ledger.close();
      return noted;
    },
  };
}

function configOf(dataFolder: string): DatabaseConfig {
  return { dataFolder, databaseUrl: undefined, appDatabaseUrl: undefined, databasePool: 6 };
}

function present(): bigint {
  return clock.now().epochNanoseconds / 1000n;
}

/** Of RFC 3339 text, or PostgreSQL's with a zone. */
function microseconds(text: string): bigint {
  return Temporal.Instant.from(text.replace(' ', 'T')).epochNanoseconds / 1000n;
}

function textOf(micro: bigint): string {
  return Temporal.Instant.fromEpochNanoseconds(micro * 1000n).toString({ smallestUnit: 'microsecond' });
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
