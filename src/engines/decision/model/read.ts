/** DMN XML to the model, for DMN 1.2 to 1.5. Elements the model does not speak of stay in the XML tree and are not lost. */

import { attributeOf, childElement, childElements, parseXml, textOf, type XmlElement } from '#kernel/xml';
import { decisionError } from '../errors.ts';
import type {
  BusinessKnowledgeModel,
  Decision,
  DecisionService,
  Definitions,
  DmnVersion,
  DrgElement,
  FunctionItem,
  Import,
  InformationItem,
  InputData,
  ItemDefinition,
  Reference,
  Requirement,
} from './model.ts';
import { common, named, readInformationItem, readUnaryTests } from './read-common.ts';
import { readExpressionIn, readFunctionDefinition } from './read-expression.ts';

export const NAMESPACES: Readonly<Record<DmnVersion, string>> = {
  '1.2': 'http://www.omg.org/spec/DMN/20180521/MODEL/',
  '1.3': 'https://www.omg.org/spec/DMN/20191111/MODEL/',
  '1.4': 'https://www.omg.org/spec/DMN/20211108/MODEL/',
  '1.5': 'https://www.omg.org/spec/DMN/20230324/MODEL/',
};

const VERSIONS: readonly DmnVersion[] = ['1.2', '1.3', '1.4', '1.5'];

/** Reads a model. Throws `decision_xml_malformed` or `decision_not_dmn`. */
export function readDmn(text: string): Definitions {
  const document = parseXml(text, (detail) => decisionError('decision_xml_malformed', detail));
  const { root } = document;
  const version = VERSIONS.find((candidate) => NAMESPACES[candidate] === root.namespace);
  if (version === undefined || root.local !== 'definitions') {
    throw decisionError('decision_not_dmn', `The root element is ${root.local} of ${root.namespace ?? 'no namespace'}`);
  }
  return {
    ...named(root),
    version,
    namespace: attributeOf(root, 'namespace') ?? '',
    expressionLanguage: attributeOf(root, 'expressionLanguage'),
    typeLanguage: attributeOf(root, 'typeLanguage'),
    exporter: attributeOf(root, 'exporter'),
    exporterVersion: attributeOf(root, 'exporterVersion'),
    imports: childElements(root, 'import').map(readImport),
    itemDefinitions: childElements(root, 'itemDefinition').map(readItemDefinition),
    elements: childElements(root).flatMap(readDrgElement),
    document,
  };
}

function readImport(element: XmlElement): Import {
  return {
    ...named(element),
    namespace: attributeOf(element, 'namespace') ?? '',
    importType: attributeOf(element, 'importType') ?? '',
    locationURI: attributeOf(element, 'locationURI'),
  };
}

function typeRefOf(element: XmlElement): string | undefined {
  const child = childElement(element, 'typeRef');
  return attributeOf(element, 'typeRef') ?? (child === undefined ? undefined : textOf(child).trim());
}

function readItemDefinition(element: XmlElement): ItemDefinition {
  const functionItem = childElement(element, 'functionItem');
  return {
    ...named(element),
    isCollection: attributeOf(element, 'isCollection')?.trim() === 'true',
    typeRef: typeRefOf(element),
    typeLanguage: attributeOf(element, 'typeLanguage'),
    allowedValues: readUnaryTests(childElement(element, 'allowedValues')),
    typeConstraint: readUnaryTests(childElement(element, 'typeConstraint')),
    components: childElements(element, 'itemComponent').map(readItemDefinition),
    functionItem: functionItem === undefined ? undefined : readFunctionItem(functionItem),
  };
}

function readFunctionItem(element: XmlElement): FunctionItem {
  return {
    ...common(element),
    outputTypeRef: attributeOf(element, 'outputTypeRef'),
    parameters: childElements(element, 'parameters').map(readInformationItem),
  };
}

function variableOf(element: XmlElement): InformationItem | undefined {
  const variable = childElement(element, 'variable');
  return variable === undefined ? undefined : readInformationItem(variable);
}

function readDrgElement(element: XmlElement): DrgElement[] {
  switch (element.local) {
    case 'decision':
      return [readDecision(element)];
    case 'inputData':
      return [readInputData(element)];
    case 'businessKnowledgeModel':
      return [readKnowledgeModel(element)];
    case 'decisionService':
      return [readDecisionService(element)];
    default:
      return [];
  }
}

function childText(element: XmlElement, local: string): string | undefined {
  const child = childElement(element, local);
  return child === undefined ? undefined : textOf(child);
}

function readDecision(element: XmlElement): Decision {
  return {
    ...named(element),
    kind: 'decision',
    question: childText(element, 'question'),
    allowedAnswers: childText(element, 'allowedAnswers'),
    variable: variableOf(element),
    requirements: readRequirements(element),
    expression: readExpressionIn(element),
  };
}

function readInputData(element: XmlElement): InputData {
  return { ...named(element), kind: 'inputData', variable: variableOf(element) };
}

function readKnowledgeModel(element: XmlElement): BusinessKnowledgeModel {
  const logic = childElement(element, 'encapsulatedLogic');
  return {
    ...named(element),
    kind: 'businessKnowledgeModel',
    variable: variableOf(element),
    requirements: readRequirements(element),
    logic: logic === undefined ? undefined : readFunctionDefinition(logic),
  };
}

function readRequirements(element: XmlElement): Requirement[] {
  const kinds = { requiredInput: 'input', requiredDecision: 'decision', requiredKnowledge: 'knowledge' } as const;
  const requirements: Requirement[] = [];
  for (const holder of childElements(element)) {
    if (holder.local !== 'informationRequirement' && holder.local !== 'knowledgeRequirement') continue;
    for (const [local, kind] of Object.entries(kinds)) {
      const target = childElement(holder, local);
      if (target !== undefined) requirements.push({ ...common(holder), kind, href: attributeOf(target, 'href') ?? '' });
    }
  }
  return requirements;
}

function readDecisionService(element: XmlElement): DecisionService {
  const references = (local: string): Reference[] =>
    childElements(element, local).map((child) => ({ source: child, href: attributeOf(child, 'href') ?? '' }));
  return {
    ...named(element),
    kind: 'decisionService',
    variable: variableOf(element),
    outputDecisions: references('outputDecision'),
    encapsulatedDecisions: references('encapsulatedDecision'),
    inputDecisions: references('inputDecision'),
    inputData: references('inputData'),
  };
}
