/** Boxed expressions of DMN XML to the model (DMN 1.5 §7.3, §8 and §10.2). */

import { attributeOf, childElement, childElements, textOf, type XmlElement } from '#kernel/xml';
import type { Aggregation, HitPolicy } from '../feel/ast.ts';
import type {
  Binding,
  ContextEntry,
  DecisionRule,
  DecisionTable,
  Expression,
  FunctionDefinition,
  InputClause,
  LiteralExpression,
  OutputClause,
  Wrapped,
} from './model.ts';
import { common, readInformationItem, readUnaryTests } from './read-common.ts';

const HIT_POLICIES: readonly HitPolicy[] = [
  'UNIQUE',
  'FIRST',
  'PRIORITY',
  'ANY',
  'COLLECT',
  'RULE ORDER',
  'OUTPUT ORDER',
];
const AGGREGATIONS: readonly Aggregation[] = ['SUM', 'COUNT', 'MIN', 'MAX'];

/** The first child that is an expression; undefined without one. */
export function readExpressionIn(element: XmlElement): Expression | undefined {
  return childElements(element).flatMap(readExpression)[0];
}

function base(element: XmlElement) {
  return { ...common(element), typeRef: attributeOf(element, 'typeRef') };
}

function readExpression(element: XmlElement): Expression[] {
  switch (element.local) {
    case 'literalExpression':
      return [readLiteral(element)];
    case 'decisionTable':
      return [readDecisionTable(element)];
    case 'context':
      return [{ ...base(element), kind: 'context', entries: childElements(element, 'contextEntry').map(readEntry) }];
    case 'invocation':
      return [
        {
          ...base(element),
          kind: 'invocation',
          callee: readExpressionIn(element),
          bindings: childElements(element, 'binding').flatMap(readBinding),
        },
      ];
    case 'functionDefinition':
      return [readFunctionDefinition(element)];
    case 'relation':
      return [
        {
          ...base(element),
          kind: 'relation',
          columns: childElements(element, 'column').map(readInformationItem),
          rows: childElements(element, 'row').map((row) => ({
            ...common(row),
            expressions: childElements(row).flatMap(readExpression),
          })),
        },
      ];
    case 'list':
      return [{ ...base(element), kind: 'list', items: childElements(element).flatMap(readExpression) }];
    case 'conditional':
      return [
        {
          ...base(element),
          kind: 'conditional',
          condition: readWrapped(element, 'if'),
          consequent: readWrapped(element, 'then'),
          alternative: readWrapped(element, 'else'),
        },
      ];
    case 'filter':
      return [
        { ...base(element), kind: 'filter', list: readWrapped(element, 'in'), match: readWrapped(element, 'match') },
      ];
    case 'for':
    case 'some':
    case 'every':
      return [
        {
          ...base(element),
          kind: element.local,
          iteratorVariable: attributeOf(element, 'iteratorVariable') ?? '',
          list: readWrapped(element, 'in'),
          body: readWrapped(element, element.local === 'for' ? 'return' : 'satisfies'),
        },
      ];
    default:
      return [];
  }
}

function readWrapped(element: XmlElement, local: string): Wrapped {
  const child = childElement(element, local);
  if (child === undefined) return {};
  return { source: child, expression: readExpressionIn(child), typeRef: attributeOf(child, 'typeRef') };
}

function readLiteral(element: XmlElement): LiteralExpression {
  const text = childElement(element, 'text');
  return {
    ...base(element),
    kind: 'literalExpression',
    text: text === undefined ? '' : textOf(text),
    expressionLanguage: attributeOf(element, 'expressionLanguage'),
  };
}

function readEntry(element: XmlElement): ContextEntry {
  const variable = childElement(element, 'variable');
  return {
    ...common(element),
    variable: variable === undefined ? undefined : readInformationItem(variable),
    expression: readExpressionIn(element),
  };
}

function readBinding(element: XmlElement): Binding[] {
  const parameter = childElement(element, 'parameter');
  if (parameter === undefined) return [];
  return [{ source: element, parameter: readInformationItem(parameter), expression: readExpressionIn(element) }];
}

export function readFunctionDefinition(element: XmlElement): FunctionDefinition {
  const kind = attributeOf(element, 'kind');
  return {
    ...base(element),
    kind: 'functionDefinition',
    functionKind: kind === 'Java' || kind === 'PMML' ? kind : 'FEEL',
    parameters: childElements(element, 'formalParameter').map(readInformationItem),
    body: readExpressionIn(element),
  };
}

function readDecisionTable(element: XmlElement): DecisionTable {
  const policy = attributeOf(element, 'hitPolicy');
  const aggregation = attributeOf(element, 'aggregation');
  return {
    ...base(element),
    kind: 'decisionTable',
    hitPolicy: HIT_POLICIES.find((known) => known === policy) ?? 'UNIQUE',
    aggregation: AGGREGATIONS.find((known) => known === aggregation),
    outputLabel: attributeOf(element, 'outputLabel'),
    preferredOrientation: attributeOf(element, 'preferredOrientation'),
    inputs: childElements(element, 'input').map(readInput),
    outputs: childElements(element, 'output').map(readOutput),
    annotations: childElements(element, 'annotation').map((child) => ({
      source: child,
      name: attributeOf(child, 'name') ?? '',
    })),
    rules: childElements(element, 'rule').map(readRule),
  };
}

function readInput(element: XmlElement): InputClause {
  const expression = childElement(element, 'inputExpression');
  return {
    ...common(element),
    expression: expression === undefined ? { kind: 'literalExpression', text: '' } : readLiteral(expression),
    values: readUnaryTests(childElement(element, 'inputValues')),
  };
}

function readOutput(element: XmlElement): OutputClause {
  const defaultEntry = childElement(element, 'defaultOutputEntry');
  return {
    ...common(element),
    name: attributeOf(element, 'name'),
    typeRef: attributeOf(element, 'typeRef'),
    values: readUnaryTests(childElement(element, 'outputValues')),
    defaultEntry: defaultEntry === undefined ? undefined : readLiteral(defaultEntry),
  };
}

function readRule(element: XmlElement): DecisionRule {
  return {
    ...common(element),
    inputs: childElements(element, 'inputEntry').flatMap((child) => readUnaryTests(child) ?? []),
    outputs: childElements(element, 'outputEntry').map(readLiteral),
    annotations: childElements(element, 'annotationEntry').map((child) => {
      const text = childElement(child, 'text');
      return { source: child, text: text === undefined ? '' : textOf(text) };
    }),
  };
}
