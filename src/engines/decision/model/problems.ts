/** What is wrong with a model, found while it is loaded or checked; the same shape for all findings. */
export type Severity = 'error' | 'warning' | 'information';

export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly en: string;
  readonly zh: string;
  /** Id of the DMN element, and its name. */
  readonly element?: string | undefined;
  readonly name?: string | undefined;
  /** The text of the expression, and the place in it. */
  readonly text?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Line in the XML file. */
  readonly line?: number | undefined;
  /** Rule numbers of a decision table, counted from 1. */
  readonly rules?: readonly number[] | undefined;
}
