/** What a file `conformance/<suite>.ts` exports: `run`, which runs somebody else's suite and counts. */

export interface Failure {
  /** Name of the case as the suite gives it. */
  readonly case: string;
  readonly reason: string;
}

export interface SuiteReport {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  /** Cases that cannot be run here. They never count as passed. */
  readonly skipped: number;
  /** Every failed case, and the skipped ones that are worth naming, with the reason. */
  readonly failures: readonly Failure[];
  /** Rows of `conformance/results/<suite>.csv`, in the layout the suite's authors use; made from the failures if absent. */
  readonly rows?: readonly (readonly string[])[];
}

export interface SuiteOptions {
  /** The folder of the suite: `$LONGMEN_SHARED/conformance/<suite>`. It exists. */
  readonly folder: string;
  log(text: string): void;
  progress(done: number, total: number, what?: string): void;
}

export type Suite = (options: SuiteOptions) => Promise<SuiteReport>;
