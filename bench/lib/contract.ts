/** What a file `bench/<name>.ts` exports: `run`, which measures and returns its results. */

/** One measured number. `ratio` is value over baseline value, both taken in the same run. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Name of the result it is compared with, or null. */
  readonly baseline?: string | null;
  readonly ratio?: number | null;
}

export interface BenchOptions {
  /** Says something on standard error. */
  log(text: string): void;
  /** Reports how far the work is; drawn as a bar on a terminal. */
  progress(done: number, total: number, what?: string): void;
  /** Arguments behind the name, for the benchmark itself. */
  readonly args: readonly string[];
}

export type Bench = (options: BenchOptions) => Promise<readonly Result[]>;
