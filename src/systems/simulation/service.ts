/** The use cases: a simulation into files, into a book of the ledger, or only to see how well it fits. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type Counts, type SimulateOptions, type Sink, simulate } from './bank.ts';
import { simulationError } from './errors.ts';
import { type FitLine, fitSink } from './fit/fit.ts';
import type { Parameters, Typology } from './parameters/load.ts';
import { type PostDeps, postSink } from './post.ts';
import { truthTables } from './truth-tables.ts';
import { populationFiles } from './write/population.ts';
import type { Format } from './write/record-writer.ts';
import { transferFiles } from './write/transfers.ts';
import { truthFiles } from './write/truth.ts';

export interface FilesOptions extends SimulateOptions {
  readonly format?: Format;
  /** Folder of the hidden truth; default `truth` below the other files. */
  readonly truthFolder?: string | undefined;
}

/** Most customers of a simulation that is asked for by its number of transactions, up to this many transactions. */
const [USUAL_CUSTOMERS, USUAL_TRANSACTIONS] = [40_000, 40_000_000];
/** What the working-day calendar knows from the default start on. */
const LONGEST_DAYS = 730;

/**
 * How large a bank makes `transactions`, as parameters: about 16 days of a small one, or more days of 40,000 customers, so
 * that the memory it takes does not depend on how many are asked for; from 40 million on, more customers.
 */
export function sizedFor(transactions: number): { customers: number; days: number } {
  const perCustomer = USUAL_TRANSACTIONS / USUAL_CUSTOMERS;
  const customers = Math.max(1_000, Math.min(USUAL_CUSTOMERS, Math.ceil(transactions / 25)));
  return { customers: Math.max(customers, Math.ceil(transactions / perCustomer)), days: LONGEST_DAYS };
}

/**
 * Writes a simulated bank into a folder: who there is, what happened, and the hidden truth in a folder of its own.
 * The same parameters write the same bytes. Errors: `simulation_folder_in_use`, `calendar_year_unknown`.
 */
export function simulateToFiles(
  parameters: Parameters,
  typologies: readonly Typology[],
  folder: string,
  options: FilesOptions = {},
): Promise<Counts> {
  const { format = 'csv', truthFolder = join(folder, 'truth') } = options;
  for (const one of [folder, truthFolder]) mustBeEmpty(one);
  // What a day leaves behind is dead at once. Left alone, the space for young objects grows all the same with the time a
  // run takes, by some 50 MB, and gains nothing.
  setFlagsFromString('--semi-space-growth-factor=1');
  const sinks: Sink[] = [
    populationFiles(folder, format),
    transferFiles(folder, format),
    truthFiles(truthFolder, format),
  ];
  return simulate(parameters, typologies, sinks, options);
}

/**
 * Posts a simulated bank into a book of its own through the ledger, and its truth where the application cannot read it.
 * The same parameters again change nothing. Errors: `book_exists_differently`, `simulation_refused`.
 */
export async function simulateToBook(
  deps: PostDeps,
  book: string,
  parameters: Parameters,
  typologies: readonly Typology[],
  options: SimulateOptions = {},
): Promise<Counts & { readonly posted: number }> {
  const { sink, posted } = postSink(deps, book);
  const counts = await simulate(parameters, typologies, [sink, truthTables(deps, book)], options);
  return { ...counts, posted: posted() };
}

/** Simulates and compares with real data in `shared` (folders `amlsim`, `berka` below `data`). Nothing is written. */
export async function simulateFit(
  parameters: Parameters,
  typologies: readonly Typology[],
  shared: string,
  options: SimulateOptions = {},
): Promise<readonly FitLine[]> {
  const fit = fitSink(shared);
  await simulate(parameters, typologies, [fit.sink], options);
  return fit.lines();
}

function mustBeEmpty(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  throw simulationError('simulation_folder_in_use', `${folder} is not empty: name another folder or empty this one`, {
    folder,
  });
}
