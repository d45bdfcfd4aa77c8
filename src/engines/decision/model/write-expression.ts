/** Boxed expressions of the model as DMN XML. */

import { attributeOf, type XmlElement } from '#kernel/xml';
import type {
  Binding,
  ContextEntry,
  DecisionTable,
  Element,
  Expression,
  FunctionDefinition,
  InformationItem,
  LiteralExpression,
  UnaryTests,
  Wrapped,
} from './model.ts';
import type { Rebuilder } from './rebuild.ts';

const EXPRESSION_NAMES = [
  'literalExpression',
  'decisionTable',
  'context',
  'invocation',
  'functionDefinition',
  'relation',
  'list',
  'conditional',
  'filter',
  'for',
  'some',
  'every',
] as const;

export class ExpressionWriter {
  readonly names: readonly string[] = EXPRESSION_NAMES;
  private readonly builder: Rebuilder;

  constructor(builder: Rebuilder) {
    this.builder = builder;
  }

  private common(element: Element & { readonly typeRef?: string | undefined }) {
    return [
      ['id', element.id],
      ['label', element.label],
      ['typeRef', element.typeRef],
    ] as const;
  }

  private description(element: Element): XmlElement | undefined {
    return this.builder.text(element.source, 'description', element.description);
  }

  informationItem(item: InformationItem, local: string): XmlElement {
    return this.builder.element({
      source: item.source,
      local,
      attributes: [
        ['id', item.id],
        ['name', item.name],
        ['label', item.label],
        ['typeRef', item.typeRef],
      ],
      owned: ['description'],
      children: [this.description(item)],
    });
  }

  unaryTests(tests: UnaryTests, local: string): XmlElement {
    return this.builder.element({
      source: tests.source,
      local,
      attributes: [
        ['id', tests.id],
        ['label', tests.label],
        ['expressionLanguage', tests.expressionLanguage],
      ],
      owned: ['description', 'text'],
      children: [this.description(tests), this.builder.text(tests.source, 'text', tests.text)],
    });
  }

  expression(expression: Expression | undefined): XmlElement | undefined {
    if (expression === undefined) return undefined;
    const { source, kind: local } = expression;
    const attributes = this.common(expression);
    const description = this.description(expression);
    switch (expression.kind) {
      case 'literalExpression':
        return this.literal(expression, local);
      case 'decisionTable':
        return this.table(expression);
      case 'functionDefinition':
        return this.functionDefinition(expression, local);
      case 'context': {
        const children = [description, ...expression.entries.map((entry) => this.entry(entry))];
        return this.builder.element({ source, local, attributes, owned: ['description', 'contextEntry'], children });
      }
      case 'invocation': {
        const bindings = expression.bindings.map((binding) => this.binding(binding));
        const children = [description, this.expression(expression.callee), ...bindings];
        return this.builder.element({
          source,
          local,
          attributes,
          owned: ['description', ...EXPRESSION_NAMES, 'binding'],
          children,
        });
      }
      case 'relation': {
        const columns = expression.columns.map((column) => this.informationItem(column, 'column'));
        const rows = expression.rows.map((row) =>
          this.builder.element({
            source: row.source,
            local: 'row',
            attributes: [
              ['id', row.id],
              ['label', row.label],
            ],
            owned: ['description', ...EXPRESSION_NAMES],
            children: [this.description(row), ...row.expressions.map((one) => this.expression(one))],
          }),
        );
        const children = [description, ...columns, ...rows];
        return this.builder.element({ source, local, attributes, owned: ['description', 'column', 'row'], children });
      }
      case 'list': {
        const children = [description, ...expression.items.map((item) => this.expression(item))];
        return this.builder.element({
          source,
          local,
          attributes,
          owned: ['description', ...EXPRESSION_NAMES],
          children,
        });
      }
      case 'conditional': {
        const parts = [
          this.wrapped(expression.condition, 'if'),
          this.wrapped(expression.consequent, 'then'),
          this.wrapped(expression.alternative, 'else'),
        ];
        const owned = ['description', 'if', 'then', 'else'];
        return this.builder.element({ source, local, attributes, owned, children: [description, ...parts] });
      }
      case 'filter': {
        const parts = [this.wrapped(expression.list, 'in'), this.wrapped(expression.match, 'match')];
        const owned = ['description', 'in', 'match'];
        return this.builder.element({ source, local, attributes, owned, children: [description, ...parts] });
      }
      default: {
        const body = expression.kind === 'for' ? 'return' : 'satisfies';
        const parts = [this.wrapped(expression.list, 'in'), this.wrapped(expression.body, body)];
        return this.builder.element({
          source,
          local,
          attributes: [...attributes, ['iteratorVariable', expression.iteratorVariable]],
          owned: ['description', 'in', body],
          children: [description, ...parts],
        });
      }
    }
  }

  private wrapped(part: Wrapped, local: string): XmlElement | undefined {
    if (part.source === undefined && part.expression === undefined) return undefined;
    return this.builder.element({
      source: part.source,
      local,
      attributes: [['typeRef', part.typeRef]],
      owned: EXPRESSION_NAMES,
      children: [this.expression(part.expression)],
    });
  }

  private literal(expression: LiteralExpression, local: string): XmlElement {
    const hasText =
      expression.text !== '' ||
      expression.source?.children.some((child) => child.kind === 'element' && child.local === 'text') === true;
    return this.builder.element({
      source: expression.source,
      local,
      attributes: [...this.common(expression), ['expressionLanguage', expression.expressionLanguage]],
      owned: ['description', 'text'],
      children: [
        this.description(expression),
        hasText ? this.builder.text(expression.source, 'text', expression.text) : undefined,
      ],
    });
  }

  private entry(entry: ContextEntry): XmlElement {
    return this.builder.element({
      source: entry.source,
      local: 'contextEntry',
      attributes: [
        ['id', entry.id],
        ['label', entry.label],
      ],
      owned: ['description', 'variable', ...EXPRESSION_NAMES],
      children: [
        this.description(entry),
        entry.variable === undefined ? undefined : this.informationItem(entry.variable, 'variable'),
        this.expression(entry.expression),
      ],
    });
  }

  private binding(binding: Binding): XmlElement {
    return this.builder.element({
      source: binding.source,
      local: 'binding',
      owned: ['parameter', ...EXPRESSION_NAMES],
      children: [this.informationItem(binding.parameter, 'parameter'), this.expression(binding.expression)],
    });
  }

  functionDefinition(fn: FunctionDefinition, local: string): XmlElement {
    const kind = withDefault(fn.source, 'kind', fn.functionKind, 'FEEL');
    return this.builder.element({
      source: fn.source,
      local,
      attributes: [...this.common(fn), ['kind', kind]],
      owned: ['description', 'formalParameter', ...EXPRESSION_NAMES],
      children: [
        this.description(fn),
        ...fn.parameters.map((parameter) => this.informationItem(parameter, 'formalParameter')),
        this.expression(fn.body),
      ],
    });
  }

  private table(table: DecisionTable): XmlElement {
    const { source } = table;
    return this.builder.element({
      source,
      local: 'decisionTable',
      attributes: [
        ...this.common(table),
        ['hitPolicy', withDefault(source, 'hitPolicy', table.hitPolicy, 'UNIQUE')],
        ['aggregation', table.aggregation],
        ['preferredOrientation', table.preferredOrientation],
        ['outputLabel', table.outputLabel],
      ],
      owned: ['description', 'input', 'output', 'annotation', 'rule'],
      children: [
        this.description(table),
        ...table.inputs.map((input) =>
          this.builder.element({
            source: input.source,
            local: 'input',
            attributes: [
              ['id', input.id],
              ['label', input.label],
            ],
            owned: ['description', 'inputExpression', 'inputValues'],
            children: [
              this.description(input),
              this.literal(input.expression, 'inputExpression'),
              input.values === undefined ? undefined : this.unaryTests(input.values, 'inputValues'),
            ],
          }),
        ),
        ...table.outputs.map((output) =>
          this.builder.element({
            source: output.source,
            local: 'output',
            attributes: [...this.common(output), ['name', output.name]],
            owned: ['description', 'outputValues', 'defaultOutputEntry'],
            children: [
              this.description(output),
              output.values === undefined ? undefined : this.unaryTests(output.values, 'outputValues'),
              output.defaultEntry === undefined ? undefined : this.literal(output.defaultEntry, 'defaultOutputEntry'),
            ],
          }),
        ),
        ...table.annotations.map((annotation) =>
          this.builder.element({
            source: annotation.source,
            local: 'annotation',
            attributes: [['name', annotation.name]],
          }),
        ),
        ...table.rules.map((rule) =>
          this.builder.element({
            source: rule.source,
            local: 'rule',
            attributes: [
              ['id', rule.id],
              ['label', rule.label],
            ],
            owned: ['description', 'inputEntry', 'outputEntry', 'annotationEntry'],
            children: [
              this.description(rule),
              ...rule.inputs.map((cell) => this.unaryTests(cell, 'inputEntry')),
              ...rule.outputs.map((cell) => this.literal(cell, 'outputEntry')),
              ...rule.annotations.map((cell) =>
                this.builder.element({
                  source: cell.source,
                  local: 'annotationEntry',
                  owned: ['text'],
                  children: [this.builder.text(cell.source, 'text', cell.text)],
                }),
              ),
            ],
          }),
        ),
      ],
    });
  }
}

/** An attribute with a default: written unless it is the default and was not written before. */
function withDefault(source: XmlElement | undefined, name: string, value: string, usual: string): string | undefined {
  const written = source === undefined ? undefined : attributeOf(source, name);
  return value === usual && written === undefined ? undefined : value;
}
