/** One step on the way to a result: what one decision table did. */
export interface PathStep {
  readonly table: string;
  /** Id of the decision or knowledge model being evaluated. */
  readonly element: string | undefined;
  readonly inputs: readonly { readonly expression: string; readonly value: unknown }[];
  readonly rules: readonly {
    /** Counted from 1, as shown in a table. */
    readonly number: number;
    readonly id: string;
    readonly conditions: readonly string[];
    readonly annotations: readonly string[];
  }[];
  readonly result: unknown;
  readonly en: string;
  readonly zh: string;
}
