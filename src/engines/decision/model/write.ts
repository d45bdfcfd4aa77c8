/** The model as DMN XML. What `readDmn` read and nobody changed comes out the same, element for element. */

import { attributeOf, childElement, serializeXml, type XmlDocument, type XmlElement } from '#kernel/xml';
import { decisionError } from '../errors.ts';
import type {
  Decision,
  DecisionService,
  Definitions,
  DmnVersion,
  DrgElement,
  Element,
  Import,
  InformationItem,
  ItemDefinition,
  NamedElement,
  Reference,
  Requirement,
  UnaryTests,
} from './model.ts';
import { NAMESPACES } from './read.ts';
import { allElements, indented, Rebuilder } from './rebuild.ts';
import { ExpressionWriter } from './write-expression.ts';

const DIAGRAM_NAMESPACES: Readonly<Record<DmnVersion, string>> = {
  '1.2': 'http://www.omg.org/spec/DMN/20180521/DMNDI/',
  '1.3': 'https://www.omg.org/spec/DMN/20191111/DMNDI/',
  '1.4': 'https://www.omg.org/spec/DMN/20191111/DMNDI/',
  '1.5': 'https://www.omg.org/spec/DMN/20230324/DMNDI/',
};
const FEEL_NAMESPACES: Readonly<Record<DmnVersion, string>> = {
  '1.2': 'http://www.omg.org/spec/DMN/20180521/FEEL/',
  '1.3': 'https://www.omg.org/spec/DMN/20191111/FEEL/',
  '1.4': 'https://www.omg.org/spec/DMN/20211108/FEEL/',
  '1.5': 'https://www.omg.org/spec/DMN/20230324/FEEL/',
};
const DRG_NAMES = ['inputData', 'decision', 'businessKnowledgeModel', 'decisionService'];
/** Elements older versions do not have. */
const SINCE: Readonly<Record<string, DmnVersion>> = {
  conditional: '1.4',
  filter: '1.4',
  for: '1.4',
  some: '1.4',
  every: '1.4',
  typeConstraint: '1.5',
};

/**
 * Writes a model, in its own version or in another. Throws `decision_model_invalid` when the other version has no element
 * for something in the model.
 */
export function writeDmn(definitions: Definitions, options: { readonly version?: DmnVersion } = {}): string {
  const root = new DefinitionsWriter(definitions).definitions(definitions);
  const document: XmlDocument = {
    before: definitions.document?.before ?? [
      { kind: 'instruction', target: 'xml', text: 'version="1.0" encoding="UTF-8"' },
    ],
    root: indented(root),
    after: definitions.document?.after ?? [],
  };
  const version = options.version ?? definitions.version;
  return serializeXml(version === definitions.version ? document : converted(document, definitions.version, version));
}

function converted(document: XmlDocument, from: DmnVersion, to: DmnVersion): XmlDocument {
  for (const { local, namespace } of allElements(document.root)) {
    const since = namespace === NAMESPACES[from] ? SINCE[local] : undefined;
    if (since !== undefined && since > to) {
      throw decisionError('decision_model_invalid', `DMN ${to} has no element ${local}`, {
        element: local,
        version: to,
      });
    }
  }
  const texts = new Map([
    [NAMESPACES[from], NAMESPACES[to]],
    [DIAGRAM_NAMESPACES[from], DIAGRAM_NAMESPACES[to]],
    [FEEL_NAMESPACES[from], FEEL_NAMESPACES[to]],
  ]);
  const renamed = (element: XmlElement): XmlElement => ({
    ...element,
    namespace: texts.get(element.namespace ?? '') ?? element.namespace,
    attributes: element.attributes.map(({ name, value }) => ({ name, value: texts.get(value) ?? value })),
    children: element.children.map((child) => (child.kind === 'element' ? renamed(child) : child)),
  });
  return { ...document, root: renamed(document.root) };
}

class DefinitionsWriter {
  private readonly builder: Rebuilder;
  private readonly expressions: ExpressionWriter;

  constructor(definitions: Definitions) {
    this.builder = new Rebuilder({
      prefix: definitions.source?.prefix ?? null,
      namespace: definitions.source?.namespace ?? NAMESPACES[definitions.version],
    });
    this.expressions = new ExpressionWriter(this.builder);
  }

  definitions(definitions: Definitions): XmlElement {
    const { source } = definitions;
    return this.builder.element({
      source,
      local: 'definitions',
      attributes: [
        ...(source === undefined ? ([['xmlns', NAMESPACES[definitions.version]]] as const) : []),
        ...this.named(definitions),
        ['namespace', definitions.namespace],
        ['expressionLanguage', definitions.expressionLanguage],
        ['typeLanguage', definitions.typeLanguage],
        ['exporter', definitions.exporter],
        ['exporterVersion', definitions.exporterVersion],
      ],
      owned: ['description', 'import', 'itemDefinition', ...DRG_NAMES],
      children: [
        this.description(definitions),
        ...definitions.imports.map((one) => this.import(one)),
        ...definitions.itemDefinitions.map((one) => this.itemDefinition(one, 'itemDefinition')),
        ...definitions.elements.map((one) => this.drgElement(one)),
      ],
    });
  }

  private named(element: NamedElement) {
    return [
      ['id', element.id],
      ['name', element.name],
      ['label', element.label],
    ] as const;
  }

  private description(element: Element): XmlElement | undefined {
    return this.builder.text(element.source, 'description', element.description);
  }

  private import(one: Import): XmlElement {
    return this.builder.element({
      source: one.source,
      local: 'import',
      attributes: [
        ...this.named(one),
        ['namespace', one.namespace],
        ['importType', one.importType],
        ['locationURI', one.locationURI],
      ],
      owned: ['description'],
      children: [this.description(one)],
    });
  }

  private itemDefinition(item: ItemDefinition, local: string): XmlElement {
    const { source } = item;
    const asAttribute = source !== undefined && attributeOf(source, 'typeRef') !== undefined;
    const fn = item.functionItem;
    return this.builder.element({
      source,
      local,
      attributes: [
        ...this.named(item),
        ['isCollection', flag(source, 'isCollection', item.isCollection)],
        ['typeLanguage', item.typeLanguage],
        ...(asAttribute ? ([['typeRef', item.typeRef]] as const) : []),
      ],
      owned: ['description', 'typeRef', 'allowedValues', 'typeConstraint', 'itemComponent', 'functionItem'],
      children: [
        this.description(item),
        asAttribute ? undefined : this.typeRef(item),
        this.unaryTests(item.allowedValues, 'allowedValues'),
        this.unaryTests(item.typeConstraint, 'typeConstraint'),
        ...item.components.map((component) => this.itemDefinition(component, 'itemComponent')),
        fn === undefined
          ? undefined
          : this.builder.element({
              source: fn.source,
              local: 'functionItem',
              attributes: [
                ['id', fn.id],
                ['label', fn.label],
                ['outputTypeRef', fn.outputTypeRef],
              ],
              owned: ['description', 'parameters'],
              children: [
                this.description(fn),
                ...fn.parameters.map((parameter) => this.expressions.informationItem(parameter, 'parameters')),
              ],
            }),
      ],
    });
  }

  /** The text of a typeRef element may have white space around it. */
  private typeRef(item: ItemDefinition): XmlElement | undefined {
    const written = item.source === undefined ? undefined : childElement(item.source, 'typeRef');
    const text = written?.children.map((child) => ('text' in child ? child.text : '')).join('');
    return this.builder.text(item.source, 'typeRef', text?.trim() === item.typeRef ? text : item.typeRef);
  }

  private unaryTests(tests: UnaryTests | undefined, local: string): XmlElement | undefined {
    return tests === undefined ? undefined : this.expressions.unaryTests(tests, local);
  }

  private variable(item: InformationItem | undefined): XmlElement | undefined {
    return item === undefined ? undefined : this.expressions.informationItem(item, 'variable');
  }

  private drgElement(element: DrgElement): XmlElement {
    switch (element.kind) {
      case 'inputData':
        return this.builder.element({
          source: element.source,
          local: element.kind,
          attributes: this.named(element),
          owned: ['description', 'variable'],
          children: [this.description(element), this.variable(element.variable)],
        });
      case 'decision':
        return this.decision(element);
      case 'businessKnowledgeModel':
        return this.builder.element({
          source: element.source,
          local: element.kind,
          attributes: this.named(element),
          owned: ['description', 'variable', 'encapsulatedLogic', 'knowledgeRequirement'],
          children: [
            this.description(element),
            this.variable(element.variable),
            element.logic === undefined
              ? undefined
              : this.expressions.functionDefinition(element.logic, 'encapsulatedLogic'),
            ...element.requirements.map((requirement) => this.requirement(requirement)),
          ],
        });
      case 'decisionService':
        return this.decisionService(element);
    }
  }

  private decision(decision: Decision): XmlElement {
    return this.builder.element({
      source: decision.source,
      local: 'decision',
      attributes: this.named(decision),
      owned: [
        'description',
        'question',
        'allowedAnswers',
        'variable',
        'informationRequirement',
        'knowledgeRequirement',
        ...this.expressions.names,
      ],
      children: [
        this.description(decision),
        this.builder.text(decision.source, 'question', decision.question),
        this.builder.text(decision.source, 'allowedAnswers', decision.allowedAnswers),
        this.variable(decision.variable),
        ...decision.requirements.map((requirement) => this.requirement(requirement)),
        this.expressions.expression(decision.expression),
      ],
    });
  }

  private requirement(requirement: Requirement): XmlElement {
    const local = { input: 'requiredInput', decision: 'requiredDecision', knowledge: 'requiredKnowledge' }[
      requirement.kind
    ];
    const { source } = requirement;
    return this.builder.element({
      source,
      local: requirement.kind === 'knowledge' ? 'knowledgeRequirement' : 'informationRequirement',
      attributes: [
        ['id', requirement.id],
        ['label', requirement.label],
      ],
      owned: ['description', 'requiredInput', 'requiredDecision', 'requiredKnowledge'],
      children: [
        this.description(requirement),
        this.reference({ source: source && childElement(source, local), href: requirement.href }, local),
      ],
    });
  }

  private reference(reference: Reference, local: string): XmlElement {
    return this.builder.element({ source: reference.source, local, attributes: [['href', reference.href]] });
  }

  private decisionService(service: DecisionService): XmlElement {
    return this.builder.element({
      source: service.source,
      local: 'decisionService',
      attributes: this.named(service),
      owned: ['description', 'variable', 'outputDecision', 'encapsulatedDecision', 'inputDecision', 'inputData'],
      children: [
        this.description(service),
        this.variable(service.variable),
        ...service.outputDecisions.map((one) => this.reference(one, 'outputDecision')),
        ...service.encapsulatedDecisions.map((one) => this.reference(one, 'encapsulatedDecision')),
        ...service.inputDecisions.map((one) => this.reference(one, 'inputDecision')),
        ...service.inputData.map((one) => this.reference(one, 'inputData')),
      ],
    });
  }
}

/** A Boolean attribute whose default is false: written when true, or when it was written before. */
function flag(source: XmlElement | undefined, name: string, value: boolean): string | undefined {
  const written = source === undefined ? undefined : attributeOf(source, name);
  if (written !== undefined && (written.trim() === 'true') === value) return written;
  return value ? 'true' : written === undefined ? undefined : 'false';
}
