/** What is wrong with a process model, found while it is read or checked; the same shape for all findings. */
export type Severity = 'error' | 'warning';

export interface ProcessProblem {
  /** Stable, lower_snake_case. */
  readonly code: string;
  readonly severity: Severity;
  readonly en: string;
  readonly zh: string;
  /** Id and name of the BPMN element, and its kind (`userTask`). */
  readonly element?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  /** Line in the XML file. */
  readonly line?: number | undefined;
}
