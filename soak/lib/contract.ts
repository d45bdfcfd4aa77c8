/** What a file `soak/<name>.ts` exports: `run`, which is also called by the tests in a short form. */

export interface SoakOptions {
  /** How often the whole experiment is repeated; each soak has its own default. */
  readonly rounds?: number;
  /** How many operations are made; each soak has its own default. */
  readonly operations?: number;
  /** Seed of the pseudo-random choices: the same seed makes the same choices. */
  readonly seed: number;
  log(text: string): void;
  progress(done: number, total: number, what?: string): void;
}

export interface SoakReport {
  readonly name: string;
  readonly passed: boolean;
  /** What was done and found: counts, and the first differences when it did not pass. */
  readonly details: Readonly<Record<string, unknown>>;
}

export type Soak = (options: SoakOptions) => Promise<SoakReport>;
