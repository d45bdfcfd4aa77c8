/**
 * `npm run soak processes`: two server processes on one database, under the same load over the same accounts, one of
 * them hot and never to go below zero. A third of the requests go to both servers at the same moment: exactly one of
 * them decides, both give the same answer. At the end the books must be sound. Options: `--operations` (default
 * 50,000 transfers).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cleanup, testDatabase } from '#test/database';
import { openAccounts, postTransfers, type Result, type SentTransfer, type Target } from './lib/api.ts';
import { checkBooks } from './lib/books.ts';
import type { Soak, SoakOptions, SoakReport } from './lib/contract.ts';
import { differences } from './lib/differences.ts';
import { loadAccounts, Requests, type Sent } from './lib/load.ts';
import { seededRandom } from './lib/random.ts';
import { readToken, type ServerProcess, startServer } from './lib/server-process.ts';

const servers = 2;
const clients = 8;
const customers = 6;
/** How much of the load is about one account. */
const hotShare = 0.4;

export const run: Soak = async (options) => {
  const cleanups: (() => Promise<void>)[] = [];
  const cleanup: Cleanup = { after: (work) => void cleanups.unshift(work) };
  try {
    return await twoProcesses(options, cleanup);
  } finally {
    for (const work of cleanups) await work();
  }
};

async function twoProcesses(options: SoakOptions, cleanup: Cleanup): Promise<SoakReport> {
  const { operations = 50_000, seed, log, progress } = options;
  const random = seededRandom(seed);
  const found = differences(log);
  const accounts = loadAccounts(random, customers);
  const sent: Sent[] = [];
  const counts = { unanswered: 0, sent_to_both: 0, decided_by_first: 0, decided_by_second: 0 };

  const database = await testDatabase(cleanup);
  const folders = Array.from({ length: servers }, () => mkdtempSync(join(tmpdir(), 'longmen-processes-')));
  const settings = folders.map((folder) => ({ ...database.environment, LONGMEN_DATA: folder }));
  const running = folders.map((dataFolder, index) => startServer({ dataFolder, settings: settings[index] ?? {} }));
  cleanup.after(async () => {
    await Promise.all(running.map((server) => server.stop()));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  const targets = await targetsOf(running, folders);
  const [first] = targets;
  if (first === undefined) throw new Error('no server');
  await openAccounts(first, accounts);

  /** Both get the same at the same moment; what the two say is compared transfer by transfer. */
  async function postToAll(transfers: readonly SentTransfer[]): Promise<Result[] | null> {
    counts.sent_to_both += transfers.length;
    const answers = await Promise.all(targets.map((target) => postTransfers(target, transfers)));
    const [one, other] = answers;
    if (!one || !other) return null;
    const decided = one.map((result, index) => {
      const twin = other[index];
      const once = twin !== undefined && result.repeated !== twin.repeated;
      if (!once) found.add('decided twice or never', { result, twin });
      found.equal({ ...twin, repeated: null }, { ...result, repeated: null }, 'the same answer from both');
      if (result.repeated) counts.decided_by_second++;
      else counts.decided_by_first++;
      return { ...result, repeated: false };
    });
    return decided;
  }

  const startedMs = performance.now();
  let transfersSent = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const requests = new Requests(accounts, random, hotShare);
      while (transfersSent < operations && found.count === 0) {
        const transfers = requests.next();
        transfersSent += transfers.length;
        const results = await (random.chance(0.33)
          ? postToAll(transfers)
          : postTransfers(random.pick(targets), transfers));
        if (results === null) counts.unanswered += transfers.length;
        else {
          requests.learn(transfers, results);
          sent.push({ transfers, results });
        }
        progress(Math.min(transfersSent, operations), operations, 'transfers');
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;

  found.equal(counts.unanswered, 0, 'transfers without an answer');
  const [dataFolder = ''] = folders;
  const check = { target: first, dataFolder, settings: settings[0] ?? {}, accounts, sent, found };
  await checkBooks(check);
  // Both servers read the same books.
  for (const target of targets.slice(1)) await checkBooks({ ...check, target });
  const results = sent.flatMap((request) => request.results ?? []);
  return {
    name: 'processes',
    passed: found.count === 0,
    details: {
      servers,
      transfers: results.length,
      accepted: results.filter(({ status }) => status === 'accepted').length,
      refused_by_hot_account: results.filter(({ code }) => code === 'exceeds_available').length,
      ...counts,
      transfers_per_second: Math.round(results.length / seconds),
      differences: found.count,
      first_differences: found.first,
    },
  };
}

/** The first server to come up writes the token, which both then know. */
async function targetsOf(running: readonly ServerProcess[], folders: readonly string[]): Promise<Target[]> {
  const urls = await Promise.all(running.map(({ ready }) => ready));
  const tokens = folders.filter((folder) => existsSync(join(folder, 'token'))).map(readToken);
  const [token] = tokens;
  if (token === undefined || tokens.length !== 1) throw new Error(`${tokens.length} first tokens`);
  return urls.map((url) => ({ url, token }));
}
