/** The process that puts the load on the server: `bench/ledger.ts` tells it what to do, one thing after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#kernel/clock';
import { isoDateOf } from '#kernel/dates';
import { newId } from '#kernel/ids';
import { chooser, type Distribution, type Random, seededRandom } from './choose.ts';
import { type HttpAnswer, HttpConnection } from './connection.ts';
import {
  accountJson,
  type Decided,
  decided,
  HOST,
  LARGEST_BATCH,
  post,
  type Target,
  type TransferText,
  transferJson,
} from './requests.ts';
import { Window } from './window.ts';
import { serve } from './worker.ts';

export interface LoadShape {
  readonly distribution: Distribution;
  /** Transfers in each request. */
  readonly size: number;
  /** Clients that each wait for their answer before they ask again. */
  readonly clients: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly seed: number;
}

/** Of all transfers sent, the warm-up and what came after the window included: what the books must hold in the end. */
export interface Loaded extends Decided {
  readonly perSecond: number;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  /** Processor time of this process over time that went by, 1 being one core. */
  readonly loadCores: number;
  /** Whether more was wanted than had been prepared; the measured time is shorter then. */
  readonly ranOut: boolean;
}

/** Latency of single transfers, one after the other, in milliseconds. */
export interface Idle extends Decided {
  readonly latenciesMs: readonly number[];
}

export type LoadWork = {
  /** Opens the accounts and funds each, in the largest batches. */
  readonly open: {
    readonly input: { readonly target: Target; readonly accounts: number; readonly grouped: boolean };
    readonly output: Decided & { readonly seconds: number };
  };
  readonly load: { readonly input: LoadShape; readonly output: Loaded };
  readonly idle: { readonly input: { readonly samples: number; readonly seed: number }; readonly output: Idle };
};

/** More than this is not prepared for one measurement; what runs out ends it early. */
const MOST_PREPARED_PER_SECOND = { single: 20_000, batch: 80_000 };
/** Answers that a window has to see of each client at least. */
const LEAST_ANSWERS_PER_CLIENT = 2;
/** Between the samples of the idle server, so that it is idle. */
const PAUSE_MS = 5;
const FUNDS = '1000000.00';

/** The accounts and the server, once they are there. */
let books: { readonly target: Target; readonly accounts: readonly string[]; readonly effectiveDate: string };

serve<LoadWork>({ open, load, idle });

async function open({
  target,
  accounts: count,
  grouped,
}: LoadWork['open']['input']): Promise<LoadWork['open']['output']> {
  const startedMs = performance.now();
  const id = idsOfNow();
  const accounts = Array.from({ length: count }, id);
  const effectiveDate = isoDateOf(systemClock().now(), 'Asia/Shanghai');
  const treasury = id();
  const connection = await HttpConnection.open(HOST, target.port);
  const exchange = (path: string, body: string) => connection.exchange(post(target, path, body));
  const send = (path: string, member: string, items: readonly string[]) =>
    exchange(path, `{"${member}":[${items.join(',')}]}`);

  if (grouped) await openGroups(exchange, count);
  const texts = accounts.map((account, index) => {
    const groups = grouped ? groupsOf(index, count) : [];
    return accountJson({ id: account, code: '2011', side: 'credit', limited: true, groups });
  });
  texts.push(accountJson({ id: treasury, code: '1001', side: 'debit', limited: false }));
  for (const batch of batches(texts)) {
    const { status, body } = await send('accounts', 'accounts', batch);
    if (status !== 201)
      throw new Error(`accounts were answered with ${status}: ${body.toString('latin1').slice(0, 400)}`);
  }
  const total = { accepted: 0, refused: 0 };
  for (const batch of batches(accounts)) {
    const funding = batch.map((credit) =>
      transferJson({ id: id(), debit: treasury, credit, amount: FUNDS, effectiveDate }),
    );
    add(total, decided(await send('transfers', 'transfers', funding), batch.length));
  }
  connection.close();
  if (total.refused > 0) throw new Error(`${total.refused} accounts could not be funded`);
  books = { target, accounts, effectiveDate };
  return { ...total, seconds: (performance.now() - startedMs) / 1000 };
}

/** Four accounts of one customer, wherever they stand; 50 branches, 10 products of one shelf. */
const CUSTOMER_ACCOUNTS = 4;
const BRANCHES = 50;
const PRODUCTS = 10;

function groupsOf(account: number, accounts: number): string[] {
  const customers = Math.ceil(accounts / CUSTOMER_ACCOUNTS);
  return [`customer:${account % customers}`, `branch:${account % BRANCHES}`, `product:${account % PRODUCTS}`];
}

/**
 * Three groups for each account, of which customers keep no totals per date; and two velocity windows that bind each
 * account: how often in an hour, and how much in a day.
 */
async function openGroups(
  exchange: (path: string, body: string) => Promise<HttpAnswer>,
  accounts: number,
): Promise<void> {
  const created = ({ status, body }: HttpAnswer) => {
    if (status !== 201)
      throw new Error(`groups were answered with ${status}: ${body.toString('latin1').slice(0, 400)}`);
  };
  const groups = ['{"dimension":"product","code":"shelf"}'];
  for (let at = 0; at < PRODUCTS; at++) groups.push(`{"dimension":"product","code":"${at}","parent_code":"shelf"}`);
  for (let at = 0; at < BRANCHES; at++) groups.push(`{"dimension":"branch","code":"${at}"}`);
  for (let at = 0; at < accounts / CUSTOMER_ACCOUNTS; at++) {
    groups.push(`{"dimension":"customer","code":"${at}","daily":false}`);
  }
  for (const batch of batches(groups)) created(await exchange('groups', `{"groups":[${batch.join(',')}]}`));
  const window = (code: string, period: string, maxima: string) =>
    exchange(
      'windows',
      `{"code":"${code}","target":{"dimension":"product","code":"shelf"},"per":"account","direction":"out",` +
        `"period":"${period}","currency":"CNY",${maxima}}`,
    );
  created(await window('hourly', 'hour', '"maximum_count":1000000,"maximum_amount":null'));
  created(await window('daily', 'day', '"maximum_count":null,"maximum_amount":"100000000.00"'));
}

async function load({ distribution, size, clients, warmupMs, windowMs, seed }: LoadShape): Promise<Loaded> {
  const mostPerSecond = size === 1 ? MOST_PREPARED_PER_SECOND.single : MOST_PREPARED_PER_SECOND.batch;
  const wanted = Math.ceil((mostPerSecond * (warmupMs + windowMs)) / 1000 / size);
  const leastAnswers = LEAST_ANSWERS_PER_CLIENT * clients;
  const requests = prepared(distribution, size, Math.max(wanted, 4 * leastAnswers), seed);
  const connections = await openConnections(clients);
  const total = { accepted: 0, refused: 0 };
  let next = 0;
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const window = new Window({ warmupMs, windowMs, leastAnswers });
  const client = async (connection: HttpConnection) => {
    while (!window.closed) {
      const request = requests[next++];
      if (request === undefined) return;
      add(total, decided(await connection.exchange(request), size));
      window.answered(size);
    }
  };
  await Promise.all(connections.map(client));
  const cpu = process.cpuUsage(startedCpu);
  const elapsedMs = performance.now() - startedMs;
  for (const connection of connections) connection.close();
  return {
    ...total,
    perSecond: window.perSecond(),
    elapsedMs,
    loadCores: (cpu.user + cpu.system) / 1000 / elapsedMs,
    ranOut: next > requests.length,
  };
}

async function idle({ samples, seed }: LoadWork['idle']['input']): Promise<Idle> {
  // The first answers of a connection are slower; they are sent and not counted.
  const unmeasured = 20;
  const requests = prepared('uniform', 1, unmeasured + samples, seed);
  const [connection] = await openConnections(1);
  const total = { accepted: 0, refused: 0 };
  const latenciesMs: number[] = [];
  for (const request of requests) {
    await sleep(PAUSE_MS);
    const sentMs = performance.now();
    const answer = await connection?.exchange(request);
    latenciesMs.push(performance.now() - sentMs);
    if (answer !== undefined) add(total, decided(answer, 1));
  }
  connection?.close();
  return { ...total, latenciesMs: latenciesMs.slice(unmeasured) };
}

/** `count` requests of `size` transfers each, as bytes: nothing is made while the clock runs. */
function prepared(distribution: Distribution, size: number, count: number, seed: number): Buffer[] {
  const { target, accounts, effectiveDate } = books;
  const random = seededRandom(seed);
  const choose = chooser(distribution, accounts.length, random);
  const id = idsOfNow();
  const transfer = (): string => {
    const [debit, credit] = choose();
    const sides = { debit: accounts[debit] ?? '', credit: accounts[credit] ?? '' };
    return transferJson({ id: id(), ...sides, amount: smallAmount(random), effectiveDate } satisfies TransferText);
  };
  return Array.from({ length: count }, () => {
    const transfers = Array.from({ length: size }, transfer);
    return post(target, 'transfers', `{"transfers":[${transfers.join(',')}]}`);
  });
}

/** From 1.00 to 9.99. */
function smallAmount(random: Random): string {
  const digits = String(100 + Math.floor(random() * 900));
  return `${digits.slice(0, 1)}.${digits.slice(1)}`;
}

/** New UUIDv7s that share their millisecond: asking for the time for each would take longer than all the rest. */
function idsOfNow(): () => string {
  const now = systemClock().now();
  const clock = { now: () => now };
  return () => newId(clock);
}

function openConnections(count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => HttpConnection.open(HOST, books.target.port)));
}

function* batches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += LARGEST_BATCH) yield items.slice(at, at + LARGEST_BATCH);
}

function add(total: { accepted: number; refused: number }, more: Decided): void {
  total.accepted += more.accepted;
  total.refused += more.refused;
}
