/**
 * `npm run soak crash`: a server on a fresh data folder works for several clients over HTTP; at a random moment the
 * server, PostgreSQL or both are killed with `kill -9` and come back. Then everything that was acknowledged must be
 * there with the same answer, everything else wholly there or wholly absent, and the books must be sound. Options:
 * `--rounds` (default 50).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { isKnown, isReady, openAccounts, postUntilAnswered, type Target } from './lib/api.ts';
import { checkBooks } from './lib/books.ts';
import type { Soak, SoakOptions, SoakReport } from './lib/contract.ts';
import { differences } from './lib/differences.ts';
import { type LoadAccount, loadAccounts, type Sent, startLoad } from './lib/load.ts';
import { seededRandom } from './lib/random.ts';
import { killPostgres, postgresPid, readToken, type ServerProcess, startServer } from './lib/server-process.ts';

/** What is killed; `everything_twice` kills again while the server or PostgreSQL is coming back. */
const kinds = ['everything', 'postgres', 'server', 'postgres_and_children', 'everything_twice'] as const;
type Kind = (typeof kinds)[number];

const clients = 6;
const customers = 15;
/** The longest a round works before the kill. */
const longestWorkMs = 1_500;
const recoveryTimeoutMs = 60_000;
/** How many requests at once are asked again. */
const checkers = 4;

export const run: Soak = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-crash-'));
  const soak = new CrashSoak(folder, options);
  try {
    return await soak.run(options.rounds ?? 50);
  } finally {
    await soak.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

class CrashSoak {
  private readonly folder: string;
  private readonly progress: SoakOptions['progress'];
  private readonly random;
  private readonly found;
  private readonly accounts: LoadAccount[];
  private readonly sent: Sent[] = [];
  private readonly recoveriesMs: number[] = [];
  private readonly kills = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  private readonly counts = { acknowledged: 0, unacknowledged: 0, survived: 0, lost: 0, half: 0, verify_failures: 0 };
  private server: ServerProcess | undefined;
  private url = '';
  private token = '';

  constructor(folder: string, { seed, log, progress }: SoakOptions) {
    this.folder = folder;
    this.progress = progress;
    this.random = seededRandom(seed);
    this.found = differences(log);
    this.accounts = loadAccounts(this.random, customers);
  }

  async run(rounds: number): Promise<SoakReport> {
    await this.start();
    this.token = readToken(this.folder);
    await openAccounts(this.target, this.accounts);
    for (let round = 0; round < rounds; round++) {
      const kind = kinds[round % kinds.length] ?? 'server';
      this.progress(round, rounds, kind);
      await this.round(kind);
    }
    // Nothing that came later has changed an answer.
    await this.askAgain(this.sent);
    return this.report(rounds);
  }

  async close(): Promise<void> {
    await this.server?.stop();
    killPostgres(this.folder, true);
  }

  private get target(): Target {
    return { url: this.url, token: this.token };
  }

  private async start(): Promise<void> {
    this.server = startServer({ dataFolder: this.folder });
    this.url = await this.server.ready;
  }

  private async round(kind: Kind): Promise<void> {
    const load = startLoad(this.target, this.accounts, clients, this.random);
    await sleep(this.random.integer(20, longestWorkMs));
    const killedMs = performance.now();
    const killedPostgres = postgresPid(this.folder);
    await this.kill(kind);
    // The clients go on into the dark for a moment, as real ones do.
    await sleep(this.random.integer(0, 200));
    await load.stop();
    if (kind !== 'postgres' && kind !== 'postgres_and_children') await this.restart(kind);
    await this.untilReady(kind === 'server' ? undefined : killedPostgres);
    this.recoveriesMs.push(performance.now() - killedMs);
    this.kills[kind]++;

    const [acknowledged, open] = [load.sent.filter(isAnswered), load.sent.filter((request) => !isAnswered(request))];
    this.counts.acknowledged += transfersIn(acknowledged);
    this.counts.unacknowledged += transfersIn(open);
    for (const request of open) await this.settle(request);
    await this.askAgain(acknowledged);
    for (const request of load.sent) this.checkChains(request);
    this.sent.push(...load.sent);
    const { target, folder: dataFolder, accounts, sent, found } = this;
    if (!(await checkBooks({ target, dataFolder, accounts, sent, found }))) this.counts.verify_failures++;
  }

  private async kill(kind: Kind): Promise<void> {
    const postgres = kind !== 'server';
    const withChildren = kind !== 'postgres';
    // Which of the two goes first is left to chance.
    const first = this.random.chance(0.5);
    if (postgres && first) killPostgres(this.folder, withChildren);
    if (kind !== 'postgres' && kind !== 'postgres_and_children') await this.server?.kill();
    if (postgres && !first) killPostgres(this.folder, withChildren);
  }

  private async restart(kind: Kind): Promise<void> {
    if (kind === 'everything_twice') {
      const starting = startServer({ dataFolder: this.folder });
      await sleep(this.random.integer(0, 3_000));
      killPostgres(this.folder, true);
      await starting.kill();
      killPostgres(this.folder, true);
    }
    await this.start();
  }

  private async untilReady(killedPostgres: number | undefined): Promise<void> {
    const deadlineMs = performance.now() + recoveryTimeoutMs;
    for (;;) {
      if (postgresPid(this.folder) !== killedPostgres && (await isReady(this.target))) return;
      if (performance.now() > deadlineMs) throw new Error('the server did not recover in time');
      await sleep(20);
    }
  }

  /** What was not answered is wholly in the books or not at all, and asking again gives a definite answer. */
  private async settle(request: Sent): Promise<void> {
    const { counts, found, target } = this;
    const known = await Promise.all(request.transfers.map(({ id }) => isKnown(target, id)));
    const there = known.includes(true);
    if (there && known.includes(false)) {
      counts.half++;
      found.add('a request is half there', { transfers: request.transfers, known });
    }
    if (there) counts.survived += request.transfers.length;
    request.results = await postUntilAnswered(target, request.transfers);
    const repeated = request.results.map((result) => result.repeated);
    found.equal(repeated, known, 'what is there is repeated, what is not is decided', { transfers: request.transfers });
  }

  /** The same again gives the same answers. */
  private async askAgain(requests: readonly Sent[]): Promise<void> {
    const waiting = [...requests];
    const check = async () => {
      for (let request = waiting.pop(); request !== undefined; request = waiting.pop()) {
        const again = await postUntilAnswered(this.target, request.transfers);
        for (const [index, first] of (request.results ?? []).entries()) {
          if (isDeepStrictEqual(again[index], { ...first, repeated: true })) continue;
          this.counts.lost++;
          this.found.add('an answer is lost', { first, again: again[index] });
        }
      }
    };
    await Promise.all(Array.from({ length: checkers }, check));
  }

  private checkChains({ transfers, results }: Sent): void {
    for (let start = 0; start < transfers.length; ) {
      let end = start;
      while (transfers[end]?.linked) end++;
      const accepted = (results ?? []).slice(start, end + 1).filter(({ status }) => status === 'accepted').length;
      if (accepted !== 0 && accepted !== end + 1 - start) {
        this.counts.half++;
        this.found.add('a chain is half there', { transfers: transfers.slice(start, end + 1) });
      }
      start = end + 1;
    }
  }

  private report(rounds: number): SoakReport {
    const { counts, found, kills, recoveriesMs } = this;
    const sorted = recoveriesMs.toSorted((a, b) => a - b).map(Math.round);
    const answers = this.sent.flatMap(({ results }) => results ?? []);
    return {
      name: 'crash',
      passed: found.count === 0,
      details: {
        rounds,
        kills,
        requests: this.sent.length,
        transfers: answers.length,
        accepted: answers.filter(({ status }) => status === 'accepted').length,
        ...counts,
        recovery_ms: { p50: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) },
        differences: found.count,
        first_differences: found.first,
      },
    };
  }
}

function isAnswered({ results }: Sent): boolean {
  return results !== null;
}

function transfersIn(requests: readonly Sent[]): number {
  return requests.reduce((sum, { transfers }) => sum + transfers.length, 0);
}
