/** The simulated bank: its people, and its days one after the other. */
import { Balances } from './business/balances.ts';
import { fillCompanies } from './business/companies.ts';
import { DayBook } from './business/day-book.ts';
import { fillHouse, type Opening, openings } from './business/house.ts';
import { fillPeople } from './business/people.ts';
import { type World, worldOf } from './business/world.ts';
import { type Day, dayOf } from './calendar/days.ts';
import type { Parameters, Typology } from './parameters/load.ts';
import { accountsOf } from './population/accounts.ts';
import { buildPopulation } from './population/build.ts';
import { type Pattern, Planner } from './truth/planner.ts';

/** One day as it happened: the first `book.settled` rows of `book.order`, and the patterns that began. */
export interface SimulatedDay {
  readonly day: Day;
  readonly book: DayBook;
  readonly begun: readonly Pattern[];
  /** Number of the first transaction of the day; they are counted from 0. */
  readonly firstSerial: number;
}

/** Takes what the simulation makes. Everything is told in the same order on every run. */
export interface Sink {
  /** The bank before its first day. */
  open(world: World, openings: () => Iterable<Opening>): void | Promise<void>;
  day(simulated: SimulatedDay): void | Promise<void>;
  close(): void | Promise<void>;
}

export interface Counts {
  readonly days: number;
  readonly transactions: number;
  readonly patterns: number;
}

export interface SimulateOptions {
  /** Ends after exactly this many transactions, if the days last that long. */
  readonly transactions?: number | undefined;
  /** Told after every day: how many of `total` days, or transactions when those were asked for, are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Simulates day after day and gives each to the sinks. The same parameters and typologies give the same days, whatever
 * the sinks are. Memory does not grow with the number of days: one day is held at a time.
 * Errors: `calendar_year_unknown`, and those of the sinks.
 */
export async function simulate(
  parameters: Parameters,
  typologies: readonly Typology[],
  sinks: readonly Sink[],
  options: SimulateOptions = {},
): Promise<Counts> {
  const most = options.transactions ?? Number.POSITIVE_INFINITY;
  const population = buildPopulation(parameters);
  const accounts = accountsOf(population);
  const balances = new Balances(accounts);
  const world = worldOf(population, accounts, balances);
  for (const { payer, payee, amountMinor } of openings(world)) balances.move(payer, payee, amountMinor);
  for (const sink of sinks) await sink.open(world, () => openings(world));
  const planner = new Planner(world, typologies);
  const book = new DayBook();
  const counts = { days: 0, transactions: 0, patterns: 0 };
  while (counts.days < parameters.days && counts.transactions < most) {
    options.signal?.throwIfAborted();
    const day = dayOf(parameters, counts.days);
    book.clear();
    fillPeople(world, book, day);
    fillCompanies(world, book, day);
    fillHouse(world, book, day);
    const begun = planner.fill(book, day.index);
    book.sort();
    balances.settle(book);
    planner.settled(book);
    book.settled = Math.min(book.settled, most - counts.transactions);
    for (const sink of sinks) await sink.day({ day, book, begun, firstSerial: counts.transactions });
    counts.days += 1;
    counts.transactions += book.settled;
    counts.patterns += begun.length;
    const [done, total] = Number.isFinite(most) ? [counts.transactions, most] : [counts.days, parameters.days];
    options.onProgress?.(done, total);
  }
  for (const sink of sinks) await sink.close();
  return counts;
}
