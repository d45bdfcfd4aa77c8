/**
 * `npm run soak books`: three server processes on one database work for one entity with 8 books; all the time one of them
 * is killed with `kill -9` and comes back. Clients send transfers within books and between them, many of which are
 * refused, for want of money or because somebody freezes an account at that moment. In the middle a ninth book is added.
 * In the end nothing may be lost, doubled or in transit. Options: `--rounds` (kills, default 60).
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAmountMinor } from '#kernel/money';
import { type Cleanup, testDatabase } from '#test/database';
import { type AccountReply, call, type Target } from './lib/api.ts';
import type { Soak, SoakOptions, SoakReport } from './lib/contract.ts';
import { differences } from './lib/differences.ts';
import {
  checkAgain,
  done,
  type EntityAccount,
  type EntityRequest,
  type EntityResult,
  entity,
  expectedBalances,
  nextTransfers,
  openBook,
  openCustomer,
  sendTransfers,
  untilAnswered,
} from './lib/entity-load.ts';
import { seededRandom } from './lib/random.ts';
import { readToken, type ServerProcess, startServer, verifyBooks } from './lib/server-process.ts';

const books = 8;
const clients = 6;
/** In full, and for a few rounds, where most of the time would go into setting up. */
const sizes = { full: { servers: 3, customers: 64 }, short: { servers: 2, customers: 24 } };
const shortRounds = 5;
/** Customers who come after the ninth book: enough for some of them to be given to it. */
const newcomers = 64;
const currencies = ['CNY', 'JPY'];
/** The longest the servers work before the next kill. */
const longestWorkMs = 2_500;
/** How long transfers that nobody asked about again may take to end once no server is killed any more. */
const recoveryMs = 30_000;
/** How many requests at once are asked again in the end. */
const checkers = 4;

export const run: Soak = async (options) => {
  const cleanups: (() => Promise<void>)[] = [];
  const cleanup: Cleanup = { after: (work) => void cleanups.unshift(work) };
  try {
    const rounds = options.rounds ?? 60;
    const soak = new BooksSoak(options, rounds <= shortRounds ? sizes.short : sizes.full);
    return await soak.run(rounds, cleanup);
  } finally {
    for (const work of cleanups) await work();
  }
};

class BooksSoak {
  private readonly progress: SoakOptions['progress'];
  private readonly random;
  private readonly found;
  private readonly accounts: EntityAccount[] = [];
  private readonly requests: EntityRequest[] = [];
  private readonly running: { folder: string; server: ServerProcess; target: Target | null }[] = [];
  private readonly counts = { kills: 0, unanswered: 0, freezes: 0, stuck: 0, left_to_recovery: 0 };
  private settings: Readonly<Record<string, string>> = {};
  private token = '';
  private stopped = false;
  private readonly size: (typeof sizes)['full'];

  constructor({ seed, log, progress }: SoakOptions, size: (typeof sizes)['full']) {
    this.size = size;
    this.progress = progress;
    this.random = seededRandom(seed);
    this.found = differences(log);
  }

  async run(rounds: number, cleanup: Cleanup): Promise<SoakReport> {
    await this.startAll(cleanup);
    await this.fill();
    const startedMs = performance.now();
    const working = [...Array.from({ length: clients }, () => this.client()), this.freezer()];
    for (let round = 0; round < rounds; round++) {
      this.progress(round, rounds, 'kills');
      await sleep(this.random.integer(50, longestWorkMs));
      await this.killOne();
      if (round === Math.floor(rounds / 2)) await this.addBook();
    }
    this.stopped = true;
    await Promise.all(working);
    const seconds = (performance.now() - startedMs) / 1000;
    const recovered = await this.settle();
    await this.check();
    return this.report(seconds, recovered);
  }

  private readonly anyTarget = (): Target => {
    const targets = this.running.flatMap(({ target }) => (target === null ? [] : [target]));
    return targets.length === 0 ? { url: 'http://127.0.0.1:9', token: '' } : this.random.pick(targets);
  };

  private async startAll(cleanup: Cleanup): Promise<void> {
    const database = await testDatabase(cleanup);
    const folders = Array.from({ length: this.size.servers }, () => mkdtempSync(join(tmpdir(), 'longmen-books-')));
    cleanup.after(async () => {
      this.stopped = true;
      await Promise.all(this.running.map(({ server }) => server.stop()));
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });
    this.settings = database.environment;
    for (const folder of folders) {
      this.running.push({ folder, server: this.start(folder), target: null });
    }
    const urls = await Promise.all(this.running.map(({ server }) => server.ready));
    // The first server to come up writes the token, which all then know.
    const [home] = folders.filter((folder) => existsSync(join(folder, 'token')));
    if (home === undefined) throw new Error('no first token');
    this.token = readToken(home);
    for (const [index, one] of this.running.entries()) one.target = { url: urls[index] ?? '', token: this.token };
  }

  private start(folder: string): ServerProcess {
    return startServer({ dataFolder: folder, settings: { ...this.settings, LONGMEN_DATA: folder } });
  }

  /** The entity with its books, tills and customers. */
  private async fill(): Promise<void> {
    const { anyTarget: target, random, accounts } = this;
    await done(target, '/api/v1/entities', { code: entity, name: 'Bank', functional_currency: 'CNY' });
    for (let book = 1; book <= books; book++) {
      accounts.push(...(await openBook(target, random, `${entity}-${book}`, currencies)));
    }
    for (let customer = 0; customer < this.size.customers; customer++) {
      accounts.push(await openCustomer(target, random, `C${customer}`, currencies[customer % 2] ?? 'CNY'));
    }
  }

  /** One more book while everybody works; the customers there are stay where they are. */
  private async addBook(): Promise<void> {
    const { anyTarget: target, random, accounts, found } = this;
    const before = accounts.filter(({ customer }) => customer !== null);
    const added = `${entity}-${books + 1}`;
    const fresh = await openBook(target, random, added, currencies);
    for (let customer = 0; customer < newcomers; customer++) {
      fresh.push(await openCustomer(target, random, `D${customer}`, currencies[customer % 2] ?? 'CNY'));
    }
    for (const { customer, book } of before) {
      const now = (await done(target, `/api/v1/entities/${entity}/customers/${customer}`)) as { book: string };
      found.equal(now.book, book, 'a customer stays in the same book', { customer });
    }
    if (!fresh.some(({ customer, book }) => customer !== null && book === added)) {
      found.add('nobody new is in the new book', { added });
    }
    accounts.push(...fresh);
  }

  private async client(): Promise<void> {
    while (!this.stopped) {
      const request: EntityRequest = { transfers: nextTransfers(this.accounts, this.random), results: null };
      this.requests.push(request);
      request.results = await sendTransfers(this.anyTarget(), request.transfers);
      if (request.results === null) {
        this.counts.unanswered += request.transfers.length;
        await sleep(20);
        // Half of what got no answer is asked for again at once, the other half is left to the servers.
        if (this.random.chance(0.5)) request.results = await sendTransfers(this.anyTarget(), request.transfers);
        else this.counts.left_to_recovery += request.transfers.length;
      }
    }
  }

  /** Freezes an account for a moment, again and again. */
  private async freezer(): Promise<void> {
    while (!this.stopped) {
      const { id, book } = this.random.pick(this.accounts.filter(({ customer }) => customer !== null));
      const path = `/api/v1/ledger/accounts/${id}?book=${book}`;
      await done(this.anyTarget, path, { state: this.random.pick(['frozen', 'outgoing_frozen']) }, 'PATCH');
      this.counts.freezes++;
      await sleep(this.random.integer(0, 300));
      await done(this.anyTarget, path, { state: 'open' }, 'PATCH');
    }
  }

  private async killOne(): Promise<void> {
    const one = this.random.pick(this.running);
    one.target = null;
    await one.server.kill();
    this.counts.kills++;
    one.server = this.start(one.folder);
    one.target = { url: await one.server.ready, token: this.token };
  }

  /** Waits until the servers have ended what is open, of themselves; then asks for every answer. Returns the wait. */
  private async settle(): Promise<number> {
    const startedMs = performance.now();
    const path = `/api/v1/entities/${entity}/in-transit`;
    for (;;) {
      const state = (await done(this.anyTarget, path)) as { complete: boolean; open_count: number };
      if (state.complete) break;
      if (performance.now() - startedMs > recoveryMs) {
        this.found.add('still in transit', state);
        break;
      }
      await sleep(100);
    }
    const waitedMs = performance.now() - startedMs;
    const waiting = [...this.requests];
    const check = async () => {
      for (let request = waiting.pop(); request !== undefined; request = waiting.pop()) {
        const waits = request.results?.filter(({ status }) => status === 'in_transit').length ?? 0;
        this.counts.stuck += waits;
        const again = await this.ask(request);
        if (request.results === null || waits > 0) request.results = again;
        else checkAgain(request, again, this.found);
      }
    };
    await Promise.all(Array.from({ length: checkers }, check));
    return waitedMs;
  }

  private async ask({ transfers }: EntityRequest): Promise<EntityResult[]> {
    const answer = await untilAnswered(this.anyTarget, `/api/v1/entities/${entity}/transfers`, { transfers });
    return (answer.body as { results: EntityResult[] }).results;
  }

  private async check(): Promise<void> {
    const { accounts, requests, found } = this;
    const expected = expectedBalances(accounts, requests, minor);
    const target = this.anyTarget();
    for (const { id, book, currency, customer } of accounts) {
      const answer = await call(target, `/api/v1/ledger/accounts/${id}?book=${book}`);
      const held = answer?.body as AccountReply;
      const balance = minor(held.balance, currency);
      found.equal(balance, expected.get(id), 'balance of an account', { id, book });
      found.equal(
        [held.debits_pending, held.credits_pending].map((text) => minor(text, currency)),
        [0n, 0n],
        'held',
        {
          id,
        },
      );
      if (customer !== null && balance < 0n) found.add('below the minimum', { id, balance });
    }
    for (const { transfers, results } of requests) {
      found.equal(
        results?.map(({ id }) => id),
        transfers.map(({ id }) => id),
        'every transfer has its answer',
      );
      if (results?.some(({ status }) => status === 'in_transit')) found.add('without an end', { results });
    }
    const [one] = this.running;
    const report = (await verifyBooks(one?.folder ?? '', {
      ...this.settings,
      LONGMEN_DATA: one?.folder ?? '',
    })) as { ok?: boolean };
    if (report.ok !== true) found.add('verify', report);
    const transit = (await done(() => target, `/api/v1/entities/${entity}/in-transit`)) as {
      complete: boolean;
      lines: { under_way: string }[];
    };
    found.equal(transit.complete, true, 'in transit', transit);
    for (const { under_way } of transit.lines) found.equal(Number(under_way), 0, 'under way');
    const sums = (await done(() => target, `/api/v1/entities/${entity}/trial-balance`)) as {
      lines: { currency: string; net: string }[];
    };
    for (const currency of currencies) {
      const net = sums.lines.filter((line) => line.currency === currency).map((line) => minor(line.net, currency));
      found.equal(
        net.reduce((sum, part) => sum + part, 0n),
        0n,
        'all books balance without what is in transit',
      );
    }
  }

  private report(seconds: number, recoveredMs: number): SoakReport {
    const { found, counts, requests } = this;
    const results = requests.flatMap((request) => request.results ?? []);
    const across = results.filter(({ debit_book, credit_book }) => debit_book !== credit_book);
    const codes: Record<string, number> = {};
    for (const { code } of results) codes[code] = (codes[code] ?? 0) + 1;
    return {
      name: 'books',
      passed: found.count === 0 && across.length > 0,
      details: {
        servers: this.size.servers,
        books: books + 1,
        accounts: this.accounts.length,
        transfers: results.length,
        between_books: across.length,
        between_books_accepted: across.filter(({ status }) => status === 'accepted').length,
        refused_by_payee: across.filter(({ side }) => side === 'credit').length,
        codes,
        ...counts,
        transfers_per_second: Math.round(results.length / seconds),
        last_recovery_ms: Math.round(recoveredMs),
        compared: found.compared,
        differences: found.count,
        first_differences: found.first,
      },
    };
  }
}

function minor(amount: string, currency: string): bigint {
  const parsed = parseAmountMinor(amount, currency);
  if (!parsed.ok) throw new Error(`not an amount: ${amount} ${currency}`);
  return parsed.amountMinor;
}
