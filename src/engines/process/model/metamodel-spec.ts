/** How one type of the metamodel is written down; the notation is explained in `metamodel.ts`. */
export interface TypeSpec {
  readonly is?: string;
  readonly abstract?: true;
  /** Prefix of the namespace of its element; the model namespace if absent. */
  readonly namespace?: 'bpmndi' | 'di' | 'dc';
  /** `mixed`: text counts, and any element may stand in it. `any`: only foreign elements, kept as they stand. */
  readonly content?: 'mixed' | 'any';
  readonly attributes?: Readonly<Record<string, string>>;
  readonly elements?: Readonly<Record<string, string>>;
}
