/**
 * `npm run bench ledger`: how many transfers a second the ledger decides one by one, over HTTP and durably, beside what
 * the same PostgreSQL does with a transaction per transfer. `docs/benchmarks.md` says what each result means.
 *
 * A shared machine is never equally fast for minutes, and ratios must not depend on which of the two was measured in a
 * good minute. So everything is measured in rounds (two, if not told otherwise), every other one in the opposite order,
 * the three distributions of one size always next to each other; and each result, the baseline's as well as ours, is
 * the best of its rounds. What slows the machine down for a while costs one round, whoever it hits; and what is measured
 * last in one round, on larger tables and warmer code, is measured first in the next.
 */
import { parseArgs } from 'node:util';
import type { BaselineWork } from './ledger/baseline.ts';
import { type Distribution, distributions } from './ledger/choose.ts';
import { historyOf } from './ledger/history.ts';
import type { LoadWork } from './ledger/load.ts';
import { measureReads } from './ledger/reads.ts';
import { best, percentile, ratios } from './ledger/results.ts';
import { type MeasuredServer, startServer } from './ledger/server.ts';
import { startWorker } from './ledger/worker.ts';
import type { BenchOptions, Result } from './lib/contract.ts';

const ACCOUNTS = 100_000;
const BASELINE_CLIENTS = [1, 4, 16, 64];
/** Everything measured over HTTP: `size` transfers in each request of each of `clients` clients. */
const SHAPES = [
  ...[1, 16, 64, 256].map((clients) => ({ name: `single_${clients}`, size: 1, clients })),
  ...[100, 1000, 8192].map((size) => ({ name: `batch_${size}`, size, clients: 4 })),
];

interface Plan {
  readonly rounds: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly idleSamples: number;
  /** In the book that is read and verified. */
  readonly postings: number;
  readonly folder: string | undefined;
}

function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '2' },
      quick: { type: 'boolean', default: false },
      postings: { type: 'string', default: '10000000' },
      folder: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 600)) throw new Error('--seconds wants a number above 0 and up to 600');
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds >= 1)) throw new Error('--rounds wants a whole number from 1');
  const postings = Number(values.postings);
  if (!(Number.isInteger(postings) && postings >= 1)) throw new Error('--postings wants a whole number from 1');
  const { folder } = values;
  if (values.quick) return { rounds: 1, warmupMs: 200, windowMs: 300, idleSamples: 300, postings: 1, folder };
  return { rounds, warmupMs: 500, windowMs: (seconds * 1000) / rounds, idleSamples: 300, postings, folder };
}

/** One thing to measure; adds what it found to the measured values. */
interface Step {
  readonly name: string;
  run(seed: number): Promise<void>;
}

export async function run({ log, progress, args }: BenchOptions): Promise<readonly Result[]> {
  const plan = planOf(args);
  const { warmupMs, windowMs } = plan;
  const perSecond = new Map<string, number[]>();
  const latenciesMs: number[] = [];
  const decided = { accepted: 0, refused: 0 };
  const fullDecided = { accepted: 0, refused: 0 };

  log('starting the servers, each on a fresh data folder');
  // What evidence costs is part of the full figure only.
  const server = await startServer(plan.folder, { LONGMEN_EVIDENCE: 'off' });
  const fullServer = await startServer(plan.folder);
  const load = startWorker<LoadWork>(new URL('./ledger/load.ts', import.meta.url));
  const fullLoad = startWorker<LoadWork>(new URL('./ledger/load.ts', import.meta.url));
  const baseline = startWorker<BaselineWork>(new URL('./ledger/baseline.ts', import.meta.url));
  // Ctrl-C ends the workers, with them what waits for them, and then the server in order.
  const interrupted = () => void Promise.all([load.stop(), fullLoad.stop(), baseline.stop()]);
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);

  const measured = (name: string, value: number, loadCores: number, note = '') => {
    perSecond.set(name, [...(perSecond.get(name) ?? []), value]);
    log(`${name}: ${Math.round(value)} transfers/s, the load taking ${loadCores.toFixed(2)} cores${note}`);
  };
  const baselineStep = (clients: number, pipelined: boolean): Step => ({
    name: `baseline${pipelined ? '_pipelined' : ''}_${clients}`,
    async run(seed) {
      const found = await baseline.ask('run', { clients, warmupMs, windowMs, seed, pipelined });
      measured(this.name, found.perSecond, found.loadCores);
    },
  });
  const loadStep = (shape: (typeof SHAPES)[number], distribution: Distribution): Step => ({
    name: `${shape.name}_${distribution}`,
    async run(seed) {
      const { size, clients } = shape;
      const found = await load.ask('load', { size, clients, distribution, warmupMs, windowMs, seed });
      decided.accepted += found.accepted;
      decided.refused += found.refused;
      measured(this.name, found.perSecond, found.loadCores, found.ranOut ? '; all that was prepared was sent' : '');
    },
  });
  const idleStep: Step = {
    name: 'idle',
    async run(seed) {
      const found = await load.ask('idle', { samples: Math.ceil(plan.idleSamples / plan.rounds), seed });
      decided.accepted += found.accepted;
      decided.refused += found.refused;
      latenciesMs.push(...found.latenciesMs);
      log(`idle: half of the answers within ${percentile(found.latenciesMs, 50).toFixed(2)} ms`);
    },
  };
  /** What is sustained: nothing is done before every posting is evidence as well. */
  const fullStep: Step = {
    name: 'batch_1000_full',
    async run(seed) {
      const found = await fullLoad.ask('load', {
        size: 1000,
        clients: 4,
        distribution: 'uniform',
        warmupMs,
        windowMs,
        seed,
      });
      const answeredMs = performance.now();
      await fullServer.evidenceDrained();
      const drainMs = performance.now() - answeredMs;
      fullDecided.accepted += found.accepted;
      fullDecided.refused += found.refused;
      const sustained = ((found.accepted + found.refused) * 1000) / (found.elapsedMs + drainMs);
      measured(
        this.name,
        sustained,
        found.loadCores,
        `; ${Math.round(found.perSecond)}/s answered, evidence ${Math.round(drainMs)} ms later`,
      );
    },
  };
  const steps = [
    idleStep,
    ...BASELINE_CLIENTS.flatMap((clients) => [false, true].map((pipelined) => baselineStep(clients, pipelined))),
    ...SHAPES.flatMap((shape) => distributions.map((distribution) => loadStep(shape, distribution))),
    fullStep,
  ];

  try {
    const tables = await baseline.ask('open', { url: server.databaseUrl, accounts: ACCOUNTS });
    const opened = await load.ask('open', { target: server.target, accounts: ACCOUNTS, grouped: false });
    decided.accepted += opened.accepted;
    const grouped = await fullLoad.ask('open', { target: fullServer.target, accounts: ACCOUNTS, grouped: true });
    fullDecided.accepted += grouped.accepted;
    await fullServer.evidenceDrained();
    log(
      `${ACCOUNTS} accounts: of the baseline in ${tables.seconds.toFixed(1)} s, ours opened and funded in ${opened.seconds.toFixed(1)} s`,
    );
    const total = plan.rounds * steps.length;
    let done = 0;
    for (let round = 1; round <= plan.rounds; round++) {
      log(`round ${round} of ${plan.rounds}`);
      for (const step of round % 2 === 1 ? steps : steps.toReversed()) {
        progress(done, total, step.name);
        await step.run(++done);
      }
    }
    const { transactions } = await baseline.ask('close', null);
    log(`the baseline's ${transactions} transactions are all in its tables`);

    const history = historyOf(plan.postings);
    log(`writing a history of ${history.postings} postings`);
    const reads = await measureReads(server, history, (day) => progress(day, history.days, 'history'));

    log(`verifying the books: ${decided.accepted} transfers were accepted, ${decided.refused} refused`);
    progress(total, total, 'verify');
    const plain = await verified(server, decided.accepted + history.postings);
    const full = await verified(fullServer, fullDecided.accepted);
    const postings = plain.postings - history.postings;
    return [
      ...ratios(best(perSecond), SHAPES),
      { name: 'idle_p50_ms', value: percentile(latenciesMs, 50), unit: 'ms' },
      { name: 'idle_p99_ms', value: percentile(latenciesMs, 99), unit: 'ms' },
      { name: 'accepted', value: decided.accepted, unit: 'transfers' },
      { name: 'refused', value: decided.refused, unit: 'transfers' },
      {
        name: 'postings',
        value: postings,
        unit: 'transfers',
        baseline: 'accepted',
        ratio: postings / decided.accepted,
      },
      { name: 'verified', value: 1, unit: '1 = sound' },
      { name: 'full_postings', value: full.postings, unit: 'transfers' },
      { name: 'asof_p95_ms', value: reads.asofP95Ms, unit: 'ms' },
      { name: 'trial_balance_ms', value: reads.trialBalanceMs, unit: 'ms' },
      { name: 'history_postings', value: history.postings, unit: 'transfers' },
      { name: 'verify_seconds', value: plain.seconds, unit: 's' },
      { name: 'verify_rate', value: plain.postings / plain.seconds, unit: 'postings/s' },
      { name: 'verify_rate_full', value: full.postings / full.seconds, unit: 'postings/s' },
    ];
  } finally {
    await Promise.all([load.stop(), fullLoad.stop(), baseline.stop()]);
    await Promise.all([server.stop(), fullServer.stop()]);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

/** Verifies all books of a server. Speed without sound books is no result at all. */
async function verified(server: MeasuredServer, expected: number): Promise<{ postings: number; seconds: number }> {
  const startedMs = performance.now();
  const { ok, postings, report } = await server.verify();
  const seconds = (performance.now() - startedMs) / 1000;
  if (!ok) throw new Error(`the books are not sound: ${report}`);
  if (postings !== expected) throw new Error(`${expected} transfers were accepted, but the books hold ${postings}`);
  return { postings, seconds };
}
