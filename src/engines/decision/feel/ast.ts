/** The tree of a FEEL expression. Every node knows its place in the text: offsets of UTF-16 units, end exclusive. */
import type { FeelType } from './types.ts';
import type { RangeOperator, Value } from './values.ts';

export interface Located {
  readonly start: number;
  readonly end: number;
  /** The whole text the place is in; absent for nodes that no text stands for. */
  readonly text?: string;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '**';
export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export interface Iterator {
  readonly name: string;
  readonly source: Node;
  /** Present for `for i in a..b`. */
  readonly to: Node | null;
}

export type Node = Located & NodeBody;

export type NodeBody =
  | { readonly type: 'literal'; readonly value: Value }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'path'; readonly target: Node; readonly name: string }
  | { readonly type: 'filter'; readonly list: Node; readonly condition: Node }
  | { readonly type: 'call'; readonly callee: Node; readonly args: readonly Node[] }
  | { readonly type: 'named call'; readonly callee: Node; readonly args: readonly { name: string; value: Node }[] }
  | { readonly type: 'negate'; readonly operand: Node }
  | { readonly type: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Node; readonly right: Node }
  | { readonly type: 'compare'; readonly operator: ComparisonOperator; readonly left: Node; readonly right: Node }
  | { readonly type: 'between'; readonly value: Node; readonly low: Node; readonly high: Node }
  | { readonly type: 'in'; readonly value: Node; readonly tests: readonly Node[] }
  | { readonly type: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly type: 'if'; readonly condition: Node; readonly consequent: Node; readonly alternative: Node }
  | { readonly type: 'for'; readonly iterators: readonly Iterator[]; readonly body: Node }
  | { readonly type: 'some' | 'every'; readonly iterators: readonly Iterator[]; readonly condition: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'context'; readonly entries: readonly ContextEntry[]; readonly result: Node | null }
  | {
      readonly type: 'range';
      readonly operator: RangeOperator;
      readonly from: Node | null;
      readonly to: Node | null;
      readonly fromIncluded: boolean;
      readonly toIncluded: boolean;
    }
  | {
      readonly type: 'function';
      readonly parameters: readonly { readonly name: string; readonly type: FeelType | null }[];
      /** Null for an external function, which this engine does not run. */
      readonly body: Node | null;
    }
  /** `of` is null when no type has that name: the answer is null. */
  | { readonly type: 'instance'; readonly value: Node; readonly of: FeelType | null }
  /** Unary tests over the value of `input` (`?`): true when one of them holds, or none when negated. Empty: any value. */
  | { readonly type: 'tests'; readonly tests: readonly Node[]; readonly negated: boolean }
  /** The value of `operand` as a declared type (boxed expressions with typeRef). */
  | { readonly type: 'coerce'; readonly operand: Node; readonly to: FeelType; readonly what: string }
  /** A decision table; its tree is in the model. */
  | { readonly type: 'table'; readonly table: TableNode };

export interface ContextEntry {
  readonly name: string;
  readonly value: Node;
}

export type HitPolicy = 'UNIQUE' | 'FIRST' | 'PRIORITY' | 'ANY' | 'COLLECT' | 'RULE ORDER' | 'OUTPUT ORDER';
export type Aggregation = 'SUM' | 'COUNT' | 'MIN' | 'MAX';

export interface TableInput {
  readonly text: string;
  readonly expression: Node;
  readonly type: FeelType | null;
  /** Tests every input value has to pass; null without. */
  readonly allowed: Node | null;
}

export interface TableOutput {
  readonly name: string | null;
  readonly type: FeelType | null;
  /** In order of priority; null without. */
  readonly allowed: readonly Node[] | null;
  readonly allowedTests: Node | null;
  readonly defaultValue: Node | null;
}

export interface TableRule {
  readonly id: string;
  readonly tests: readonly Node[];
  readonly outputs: readonly Node[];
  readonly inputTexts: readonly string[];
  readonly outputTexts: readonly string[];
  readonly annotations: readonly string[];
}

export interface TableNode {
  readonly id: string;
  readonly name: string;
  readonly hitPolicy: HitPolicy;
  readonly aggregation: Aggregation | null;
  readonly inputs: readonly TableInput[];
  readonly outputs: readonly TableOutput[];
  readonly rules: readonly TableRule[];
}
