/**
 * `npm run soak oracle`: random operations against the real ledger on a real PostgreSQL and, side by side, against the
 * oracle (`lib/oracle-model.ts`). Requests go through two lanes on connections of their own, as two processes have them, and
 * through transactions of the caller, while accounts, groups, limits, velocity windows and periods change and currency
 * is exchanged. Every outcome
 * is compared; counters, balances of accounts and groups at both clocks, statements, trial balances and what windows have
 * counted from time to time; at the end the ledger must verify clean. `--operations` (default 1,000,000) transfers.
 */
import {
  type Attach,
  type Ledger,
  type Outcome,
  openLedger,
  outcomeCodes,
  type TransferInput,
  verify,
} from '#engines/ledger';
import { type ManualClock, manualClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { createMetrics, type Metrics } from '#kernel/metrics';
import { openExchange } from '#systems/exchange';
import { type Cleanup, testDatabase } from '#test/database';
import { type Books, changeAccounts, isCustomers, isVault, openSomeAccounts } from './lib/administration.ts';
import {
  compareAccounts,
  compareBalance,
  compareStatement,
  compareTrialBalance,
  microseconds,
} from './lib/comparison.ts';
import type { Soak, SoakOptions, SoakReport } from './lib/contract.ts';
import { differences } from './lib/differences.ts';
import { ExchangeActs } from './lib/exchange-acts.ts';
import { changeGuards } from './lib/guard-acts.ts';
import { compareGroups, compareGuards } from './lib/guard-comparison.ts';
import { type Mood, Operations } from './lib/operations.ts';
import { Oracle, type OracleOutcome } from './lib/oracle-model.ts';
import type { OracleAccount } from './lib/oracle-words.ts';
import { seededRandom } from './lib/random.ts';

const book = 'soak';
/** How many transfers the ledger's sweep expires at once. */
const expiryBatch = 1_000;
const defaultOperations = 1_000_000;
/** From here on every code must have occurred; in short runs those of periods, groups and windows. */
const fullOperations = 100_000;
const shortCodes = /^(period|exceeds_(group|window))_/;
/** Nothing is archived meanwhile. */
const metHere = outcomeCodes.filter((code) => code !== 'transfer_archived');
const shanghaiMs = 8 * 3_600_000;
/** One mood lasts this many moments. */
const moodMoments = 12;

/**
 * Only one lane, and nothing sent twice, so that it decides on what it remembers; then all entrances (`other`: how much
 * goes through the other lane, `inside`: how often a transaction of the caller), repetitions and changes of accounts,
 * groups, windows and periods (`changes`: how often) ever more.
 */
const moods: readonly (Mood & { readonly other: number; readonly inside: number; readonly changes: number })[] = [
  { repeats: 0, largest: 200, other: 0, inside: 0, changes: 0.02 },
  { repeats: 0.0005, largest: 200, other: 0.01, inside: 0.02, changes: 0.1 },
  { repeats: 0.02, largest: 200, other: 0.1, inside: 0.1, changes: 0.4 },
  { repeats: 0.08, largest: 50, other: 0.4, inside: 0.3, changes: 0.6 },
];

export const run: Soak = async (options) => {
  const cleanups: (() => Promise<void>)[] = [];
  try {
    return await new OracleSoak(options).run({ after: (work) => void cleanups.unshift(work) });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
};

class OracleSoak {
  private readonly operations: number;
  private readonly progress: SoakOptions['progress'];
  private readonly random;
  private readonly found;
  private readonly clock: ManualClock = manualClock('2026-03-02T01:00:00Z');
  private readonly metrics: Metrics = createMetrics();
  private readonly oracle = new Oracle();
  private readonly codes = new Map<string, number>(metHere.map((code) => [code, 0]));
  private readonly instants: number[] = [];
  private lastUs = 0;
  private readonly counts = { operations: 0, requests: 0, repeated: 0, expired: 0, failing: 0, inside: 0, noted: 0 };

  constructor({ operations = defaultOperations, seed, log, progress }: SoakOptions) {
    this.operations = operations;
    this.progress = progress;
    this.random = seededRandom(seed);
    this.found = differences(log);
  }

  async run(cleanup: Cleanup): Promise<SoakReport> {
    const { clock, counts, found, metrics, oracle, random } = this;
    const db = await testDatabase(cleanup);
    const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai', metrics });
    const other = openLedger({ db: await db.reopen(), clock, timeZone: 'Asia/Shanghai' });
    cleanup.after(async () => void (await Promise.all([ledger.close(), other.close()])));
    await db.transaction((tx) => createBook(tx, { code: book, name: book }, clock));
    const bookId = await ledger.bookId(book);
    const books: Books = { db, ledger, book, bookId, oracle, random, found };
    await openSomeAccounts(books, 40);
    for (let act = 0; act < 60; act++) await changeGuards(books, this.nowMs);
    const exchange = this.exchange(books, other);
    await exchange.start();
    for (let act = 0; act < 150; act++) {
      if (act % 50 === 49) clock.advance({ hours: 24 });
      await exchange.act();
    }
    const generator = this.generator();

    for (let moment = 0; counts.operations < this.operations && found.count === 0; moment++) {
      const mood = moods[Math.floor(moment / moodMoments) % moods.length] ?? moods[0];
      if (mood === undefined) break;
      this.advance();
      if (random.chance(mood.changes)) await changeAccounts(books);
      if (random.chance(mood.changes)) await changeGuards(books, this.nowMs);
      for (let act = random.integer(0, 3); act > 0; act--) await exchange.act();
      if (random.chance(0.1)) await this.expire(books);
      const requests = Array.from({ length: random.integer(1, 6) }, () => generator.request(mood, this.nowMs));
      if (random.chance(mood.inside)) await this.inside(books, requests.slice(0, 2));
      else {
        const lanes = requests.map(() => (random.chance(mood.other) ? other : ledger));
        await this.throughLanes(books, requests, lanes);
      }
      if (moment % 10 === 0) {
        await this.read(books, moment);
        await exchange.compare();
      }
      this.progress(Math.min(counts.operations, this.operations), this.operations, 'operations');
    }

    await exchange.meetAll();
    await this.read(books, 0);
    await exchange.compare();
    await exchange.compareEvents();
    const { rows } = await db.query<{ count: bigint }>(`select count(*) from kernel.event where type = 'soak.noted'`);
    found.equal(Number(rows[0]?.count ?? 0n), counts.noted, 'events that commit with their transfers');
    const verified = await verify(db);
    for (const finding of verified.findings) found.add('verify', finding);
    return this.report(verified.books[0]?.postings ?? 0, exchange);
  }

  private get nowMs(): number {
    return this.clock.now().epochMilliseconds;
  }

  private generator(): Operations {
    const accounts = () => [...this.oracle.accounts.values()];
    const isClosed = ({ state }: OracleAccount) => state === 'closed';
    return new Operations(
      this.random,
      // Of closed accounts a few are enough to be refused.
      () => {
        const usual = accounts().filter(isCustomers);
        return [...usual.filter((account) => !isClosed(account)), ...usual.filter(isClosed).slice(-3)];
      },
      // Older vaults are full.
      () => accounts().filter(isVault).slice(-4),
    );
  }

  /**
   * Mostly milliseconds pass, now and then hours, seldom days or a month, sometimes nothing; and often the clock comes to
   * the millisecond before, at or after the beginning of a quarter of an hour, an hour, a day, a month.
   */
  private advance(): void {
    const { random } = this;
    if (random.chance(0.005)) this.clock.advance({ hours: 24 * random.integer(1, random.pick([3, 40])) });
    const milliseconds = random.integer(0, random.pick([0, 5, 1_000, 60_000, 60_000, 7_200_000]));
    this.clock.advance({ milliseconds });
    if (!random.chance(0.2)) return;
    const next = nextBorder(this.nowMs, random.weighted({ quarter: 6, hour: 4, day: 1, month: 0.1 }));
    const aim = next + random.pick([-1, 0, 0, 1]);
    if (aim > this.nowMs) this.clock.advance({ milliseconds: aim - this.nowMs });
  }

  private exchange(books: Books, other: Ledger): ExchangeActs {
    const { clock } = this;
    const { db, ledger } = books;
    return new ExchangeActs({
      ...books,
      clock,
      exchange: openExchange({ db, ledger, clock }),
      otherExchange: openExchange({ db, ledger: other, clock }),
      recorded: (us) => this.recorded(us),
      lastRecorded: () => lastRecorded(books),
    });
  }

  private async expire(books: Books): Promise<void> {
    const { ledger, found } = books;
    const got = await ledger.expireDue(book);
    const recordedUs = got === 0 ? 0 : await lastRecorded(books);
    const idOf = (pendingId: string) => deterministicId('ledger.expire', pendingId);
    const want = this.oracle.expireDue({ ms: this.nowMs, recordedUs }, expiryBatch, idOf);
    found.equal(got, want, 'number of expired transfers');
    if (want > 0) this.recorded(recordedUs);
    this.counts.expired += want;
  }

  /** Recorded instants follow the clock and never go back; batches of the same moment differ by microseconds. */
  private recorded(us: number): void {
    const { found, instants, nowMs, random } = this;
    found.equal(us >= this.lastUs && Math.floor(us / 1_000) === nowMs, true, 'recorded now', { us, nowMs });
    this.lastUs = us;
    if (random.chance(0.1)) instants.push(us);
  }

  /** Requests of the same moment, each through its lane; a lane keeps the order of arrival. */
  private async throughLanes(
    { found }: Books,
    requests: readonly TransferInput[][],
    lanes: readonly Ledger[],
  ): Promise<void> {
    const { counts, random } = this;
    const attached = new Map<number, readonly Outcome[]>();
    const posted = requests.map((request, index) => {
      const lane = lanes[index] ?? lanes[0];
      if (lane === undefined) throw new Error('no lane');
      const how = random.weighted({ plain: 80, noted: 20, failing: 1 });
      if (how === 'plain') return lane.post(book, request);
      if (how === 'failing') return lane.postWith(book, request, failing(random.chance(0.5)));
      return lane.postWith(book, request, (outcomes) => {
        attached.set(index, outcomes);
        return { events: [{ type: 'soak.noted', subject: book, payload: {} }] };
      });
    });
    const results = await Promise.allSettled(posted);
    const answered: { request: TransferInput[]; outcomes: Outcome[] }[] = [];
    for (const [index, result] of results.entries()) {
      const request = requests[index] ?? [];
      const noted = attached.get(index);
      if (result.status === 'fulfilled') {
        answered.push({ request, outcomes: result.value });
        // What was answered in full before takes nothing with it.
        if (noted === undefined || result.value.every(({ repeated }) => repeated)) continue;
        counts.noted++;
        found.equal(noted, result.value, 'outcomes that the attachment saw');
      } else if (noted === undefined && isPlanned(result.reason)) counts.failing++;
      else found.add('a request failed', { reason: String(result.reason), request });
    }
    // Which lane came first, only the recorded instants tell; what recorded nothing may stand behind all others.
    answered.sort((a, b) => decidedAt(a.outcomes) - decidedAt(b.outcomes));
    for (const { request, outcomes } of answered) this.decide(request, outcomes);
  }

  /** Requests in a transaction of the caller, which is sometimes rolled back: then nothing has happened. */
  private async inside({ db, ledger, found }: Books, requests: readonly TransferInput[][]): Promise<void> {
    const rollBack = this.random.chance(0.2);
    const answered: Outcome[][] = [];
    try {
      await db.transaction(async (tx) => {
        answered.length = 0;
        for (const request of requests) answered.push(await ledger.postIn(tx, book, request));
        if (rollBack) throw new PlannedFailure();
      });
    } catch (error) {
      if (!isPlanned(error)) found.add('a transaction failed', { reason: String(error), requests });
      return;
    }
    this.counts.inside += requests.length;
    for (const [index, request] of requests.entries()) this.decide(request, answered[index] ?? []);
  }

  /** Lets the oracle decide the same request and compares each outcome. */
  private decide(request: readonly TransferInput[], outcomes: readonly Outcome[]): void {
    const { codes, counts, found, oracle, nowMs } = this;
    // Which requests share a batch, and so an instant, is not determined.
    const decidedUs = decidedAt(outcomes);
    const recordedUs = decidedUs === unrecorded ? 0 : decidedUs;
    if (decidedUs !== unrecorded) this.recorded(recordedUs);
    const expected = oracle.post(request, { ms: nowMs, recordedUs });
    counts.requests++;
    counts.operations += request.length;
    found.equal(outcomes.length, expected.length, 'number of outcomes');
    for (const [index, outcome] of outcomes.entries()) {
      codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1);
      if (outcome.repeated) counts.repeated++;
      const { id } = request[index] ?? {};
      const around = { index, request: request.slice(Math.max(0, index - 5), index + 5) };
      found.equal(comparable(outcome), wanted(id, expected[index]), 'outcome', around);
    }
  }

  private async read(books: Books, moment: number): Promise<void> {
    const asked = { nowMs: this.nowMs, instants: this.instants };
    await compareAccounts(books);
    for (let count = 0; count < 5; count++) await compareBalance(books, asked);
    await compareStatement(books, asked);
    await compareGuards(books, asked);
    await compareGroups(books, asked);
    if (moment % 100 === 0) await compareTrialBalance(books, asked);
  }

  private async report(postings: number, exchange: ExchangeActs): Promise<SoakReport> {
    const { codes, counts, found, operations } = this;
    const missing = [...codes].filter(([, count]) => count === 0).map(([code]) => code);
    const metric = this.metrics.counter({ name: 'longmen_ledger_batches_total', help: '', labelNames: ['mode'] });
    const batches = Object.fromEntries((await metric.get()).values.map(({ labels, value }) => [labels.mode, value]));
    return {
      name: 'oracle',
      passed:
        found.count === 0 &&
        exchange.missing.length === 0 &&
        !missing.some((code) => operations >= fullOperations || shortCodes.test(code)),
      details: {
        ...counts,
        postings,
        batches,
        compared: found.compared,
        differences: found.count,
        first_differences: found.first,
        codes: Object.fromEntries(codes),
        codes_missing: missing,
        exchange_codes: Object.fromEntries(exchange.codes),
        exchange_codes_missing: exchange.missing,
      },
    };
  }
}

/** What the two must agree on; an id that was reused has no recorded answer of its own. */
function comparable(outcome: Outcome): object {
  return { ...outcome, recordedAt: outcome.code === 'id_reused' ? null : microseconds(outcome.recordedAt) };
}

function wanted(id: string | undefined, expected: OracleOutcome | undefined): object | undefined {
  if (expected === undefined) return undefined;
  const { code, sequence, repeated, recordedUs } = expected;
  const status = code === 'accepted' ? 'accepted' : 'refused';
  return { id, status, code, sequence, repeated, recordedAt: code === 'id_reused' ? null : recordedUs };
}

async function lastRecorded({ db, bookId }: Books): Promise<number> {
  const { rows } = await db.query<{ recorded_at: string }>(
    'select recorded_at from ledger.journal_end where book_id = $1',
    [bookId],
  );
  return microseconds(rows[0]?.recorded_at ?? '');
}

const unrecorded = Number.MAX_SAFE_INTEGER;

/** The instant of the batch that decided a request; none when it only gave earlier answers again. */
function decidedAt(outcomes: readonly Outcome[]): number {
  const first = outcomes.find(({ code, repeated }) => code !== 'id_reused' && !repeated);
  return first === undefined ? unrecorded : microseconds(first.recordedAt);
}

/** The next beginning of a quarter of an hour, an hour, a day or a month in Shanghai, in milliseconds. */
function nextBorder(nowMs: number, of: 'quarter' | 'hour' | 'day' | 'month'): number {
  const local = new Date(nowMs + shanghaiMs);
  if (of === 'month') return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 1) - shanghaiMs;
  const length = of === 'quarter' ? 900_000 : of === 'hour' ? 3_600_000 : 86_400_000;
  return (Math.floor(local.getTime() / length) + 1) * length - shanghaiMs;
}

class PlannedFailure extends Error {}

/** An attachment that refuses its request, by itself or in the database. */
function failing(inDatabase: boolean): Attach {
  return () => {
    if (!inDatabase) throw new PlannedFailure();
    return { statements: [{ sql: 'select 1 / 0', values: [] }] };
  };
}

function isPlanned(error: unknown): boolean {
  return error instanceof PlannedFailure || String(error).includes('division by zero');
}
