/**
 * A DMN model as data (DMN 1.5 §6 and §7). Every part remembers the XML element it was read from, so that writing it again
 * keeps what this model does not speak of: extension elements, diagrams, comments, attributes of other tools.
 */

import type { XmlDocument, XmlElement } from '#kernel/xml';
import type { Aggregation, HitPolicy } from '../feel/ast.ts';

export type DmnVersion = '1.2' | '1.3' | '1.4' | '1.5';

export interface Part {
  /** The element this part was read from; absent in a part made by a program. */
  readonly source?: XmlElement | undefined;
}

export interface Element extends Part {
  readonly id?: string | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
}

export interface NamedElement extends Element {
  readonly name: string;
}

export interface Definitions extends NamedElement {
  readonly version: DmnVersion;
  readonly namespace: string;
  readonly expressionLanguage?: string | undefined;
  readonly typeLanguage?: string | undefined;
  readonly exporter?: string | undefined;
  readonly exporterVersion?: string | undefined;
  readonly imports: readonly Import[];
  readonly itemDefinitions: readonly ItemDefinition[];
  readonly elements: readonly DrgElement[];
  readonly document?: XmlDocument | undefined;
}

export interface Import extends NamedElement {
  readonly namespace: string;
  readonly importType: string;
  readonly locationURI?: string | undefined;
}

export interface UnaryTests extends Element {
  readonly text: string;
  readonly expressionLanguage?: string | undefined;
}

export interface ItemDefinition extends NamedElement {
  readonly isCollection: boolean;
  readonly typeRef?: string | undefined;
  readonly typeLanguage?: string | undefined;
  readonly allowedValues?: UnaryTests | undefined;
  readonly typeConstraint?: UnaryTests | undefined;
  readonly components: readonly ItemDefinition[];
  readonly functionItem?: FunctionItem | undefined;
}

export interface FunctionItem extends Element {
  readonly outputTypeRef?: string | undefined;
  readonly parameters: readonly InformationItem[];
}

export interface InformationItem extends NamedElement {
  readonly typeRef?: string | undefined;
}

export type DrgElement = Decision | InputData | BusinessKnowledgeModel | DecisionService;

export interface Requirement extends Element {
  readonly kind: 'input' | 'decision' | 'knowledge';
  readonly href: string;
}

export interface Decision extends NamedElement {
  readonly kind: 'decision';
  readonly question?: string | undefined;
  readonly allowedAnswers?: string | undefined;
  readonly variable?: InformationItem | undefined;
  readonly requirements: readonly Requirement[];
  readonly expression?: Expression | undefined;
}

export interface InputData extends NamedElement {
  readonly kind: 'inputData';
  readonly variable?: InformationItem | undefined;
}

export interface BusinessKnowledgeModel extends NamedElement {
  readonly kind: 'businessKnowledgeModel';
  readonly variable?: InformationItem | undefined;
  readonly requirements: readonly Requirement[];
  readonly logic?: FunctionDefinition | undefined;
}

export interface Reference extends Part {
  readonly href: string;
}

export interface DecisionService extends NamedElement {
  readonly kind: 'decisionService';
  readonly variable?: InformationItem | undefined;
  readonly outputDecisions: readonly Reference[];
  readonly encapsulatedDecisions: readonly Reference[];
  readonly inputDecisions: readonly Reference[];
  readonly inputData: readonly Reference[];
}

interface ExpressionBase extends Element {
  readonly typeRef?: string | undefined;
}

export type Expression =
  | LiteralExpression
  | DecisionTable
  | BoxedContext
  | Invocation
  | FunctionDefinition
  | Relation
  | BoxedList
  | Conditional
  | Filter
  | Iteration;

export interface LiteralExpression extends ExpressionBase {
  readonly kind: 'literalExpression';
  readonly text: string;
  readonly expressionLanguage?: string | undefined;
}

export interface DecisionTable extends ExpressionBase {
  readonly kind: 'decisionTable';
  readonly hitPolicy: HitPolicy;
  readonly aggregation?: Aggregation | undefined;
  readonly outputLabel?: string | undefined;
  readonly preferredOrientation?: string | undefined;
  readonly inputs: readonly InputClause[];
  readonly outputs: readonly OutputClause[];
  readonly annotations: readonly RuleAnnotationClause[];
  readonly rules: readonly DecisionRule[];
}

export interface InputClause extends Element {
  readonly expression: LiteralExpression;
  readonly values?: UnaryTests | undefined;
}

export interface OutputClause extends Element {
  readonly name?: string | undefined;
  readonly typeRef?: string | undefined;
  readonly values?: UnaryTests | undefined;
  readonly defaultEntry?: LiteralExpression | undefined;
}

export interface RuleAnnotationClause extends Part {
  readonly name: string;
}

export interface DecisionRule extends Element {
  readonly inputs: readonly UnaryTests[];
  readonly outputs: readonly LiteralExpression[];
  readonly annotations: readonly (Part & { readonly text: string })[];
}

export interface BoxedContext extends ExpressionBase {
  readonly kind: 'context';
  readonly entries: readonly ContextEntry[];
}

export interface ContextEntry extends Element {
  /** Absent for the result of the context. */
  readonly variable?: InformationItem | undefined;
  readonly expression?: Expression | undefined;
}

export interface Invocation extends ExpressionBase {
  readonly kind: 'invocation';
  readonly callee?: Expression | undefined;
  readonly bindings: readonly Binding[];
}

export interface Binding extends Part {
  readonly parameter: InformationItem;
  readonly expression?: Expression | undefined;
}

export interface FunctionDefinition extends ExpressionBase {
  readonly kind: 'functionDefinition';
  readonly functionKind: 'FEEL' | 'Java' | 'PMML';
  readonly parameters: readonly InformationItem[];
  readonly body?: Expression | undefined;
}

export interface Relation extends ExpressionBase {
  readonly kind: 'relation';
  readonly columns: readonly InformationItem[];
  readonly rows: readonly RelationRow[];
}

export interface RelationRow extends Element {
  readonly expressions: readonly Expression[];
}

export interface BoxedList extends ExpressionBase {
  readonly kind: 'list';
  readonly items: readonly Expression[];
}

/** An expression inside its own wrapper element (`if`, `then`, `in`, `match` …). */
export interface Wrapped extends Part {
  readonly expression?: Expression | undefined;
  readonly typeRef?: string | undefined;
}

export interface Conditional extends ExpressionBase {
  readonly kind: 'conditional';
  readonly condition: Wrapped;
  readonly consequent: Wrapped;
  readonly alternative: Wrapped;
}

export interface Filter extends ExpressionBase {
  readonly kind: 'filter';
  readonly list: Wrapped;
  readonly match: Wrapped;
}

export interface Iteration extends ExpressionBase {
  readonly kind: 'for' | 'some' | 'every';
  readonly iteratorVariable: string;
  readonly list: Wrapped;
  /** `return` of `for`, `satisfies` of the quantifiers. */
  readonly body: Wrapped;
}
