/** Boxed expressions to FEEL trees: one tree for all that a decision does, so that one compiler and one judge suffice. */
import { LongmenError } from '#kernel/errors';
import type { Iterator, Node, TableInput, TableNode, TableOutput, TableRule } from '../feel/ast.ts';
import { NameScope, normalizeName } from '../feel/names.ts';
import { type ParseOptions, parseExpression, parseUnaryTests } from '../feel/parser.ts';
import { ANY, type FeelType } from '../feel/types.ts';
import type { TypeTable } from './item-types.ts';
import type {
  BoxedContext,
  DecisionTable,
  Element,
  Expression,
  FunctionDefinition,
  Invocation,
  Iteration,
  LiteralExpression,
  Relation,
  UnaryTests,
  Wrapped,
} from './model.ts';
import { propertyNames } from './names-in-scope.ts';
import type { Problem } from './problems.ts';

const NOWHERE = { start: 0, end: 0 };
const NULL: Node = { type: 'literal', value: null, ...NOWHERE };

/** One of several tests by itself. */
function aloneTest(test: Node): Node {
  return { type: 'tests', tests: [test], negated: false, start: test.start, end: test.end };
}

/** Surroundings of the expressions of one decision or knowledge model. */
export class Lowering {
  private readonly types: TypeTable;
  private readonly problems: Problem[];
  private readonly members: NameScope;
  private readonly element: string | undefined;
  private readonly elementName: string;
  private readonly owner: string;

  constructor(types: TypeTable, problems: Problem[], element: Element & { readonly name: string }) {
    this.types = types;
    this.problems = problems;
    this.members = new NameScope(propertyNames(), types.members);
    this.element = element.id;
    this.elementName = element.name;
    this.owner = element.name;
  }

  /** Names an imported model's variables as entries that may follow a dot. */
  addMembers(names: Iterable<string>): void {
    for (const name of names) this.members.add(name);
  }

  expression(expression: Expression | undefined, names: NameScope): Node {
    if (expression === undefined) return NULL;
    return this.typed(this.untyped(expression, names), expression.typeRef, expression.id);
  }

  /** The value as the declared type, when one is declared. */
  typed(node: Node, typeRef: string | undefined, element: string | undefined): Node {
    const to = this.types.resolve(typeRef, element);
    if (to === null || to.kind === 'any' || node.type === 'function') return node;
    return { type: 'coerce', operand: node, to, what: this.elementName, start: node.start, end: node.end };
  }

  private untyped(expression: Expression, names: NameScope): Node {
    switch (expression.kind) {
      case 'literalExpression':
        return this.literal(expression, names);
      case 'decisionTable':
        return { type: 'table', table: this.table(expression, names), ...NOWHERE };
      case 'context':
        return this.context(expression, names);
      case 'invocation':
        return this.invocation(expression, names);
      case 'functionDefinition':
        return this.function(expression, names);
      case 'relation':
        return this.relation(expression, names);
      case 'list':
        return { type: 'list', items: expression.items.map((item) => this.expression(item, names)), ...NOWHERE };
      case 'conditional':
        return {
          type: 'if',
          condition: this.wrapped(expression.condition, names),
          consequent: this.wrapped(expression.consequent, names),
          alternative: this.wrapped(expression.alternative, names),
          ...NOWHERE,
        };
      case 'filter':
        return {
          type: 'filter',
          list: this.wrapped(expression.list, names),
          condition: this.wrapped(expression.match, new NameScope(names, ['item'], this.members)),
          ...NOWHERE,
        };
      default:
        return this.iteration(expression, names);
    }
  }

  private wrapped(part: Wrapped, names: NameScope): Node {
    return this.typed(this.expression(part.expression, names), part.typeRef, this.element);
  }

  private options(names: NameScope): ParseOptions {
    return { names, members: this.members, resolveType: this.types.find };
  }

  private literal(expression: LiteralExpression, names: NameScope): Node {
    const language = expression.expressionLanguage;
    if (language !== undefined && language !== '' && !/FEEL\/?$/i.test(language)) {
      this.problem(expression, 'language_unknown', `No language ${language}`, `不支持表达式语言 ${language}`);
      return NULL;
    }
    return this.parse(expression, () => parseExpression(expression.text, this.options(names)));
  }

  tests(tests: UnaryTests | undefined, names: NameScope): Node | null {
    if (tests === undefined || tests.text.trim() === '') return null;
    return this.parse(tests, () => parseUnaryTests(tests.text, this.options(new NameScope(names, ['?']))));
  }

  private parse(element: Element & { readonly text: string }, parse: () => Node): Node {
    if (element.text.trim() === '') return NULL;
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof LongmenError)) throw error;
      const { start, end } = error.meta;
      this.problems.push({
        code: 'feel_syntax',
        severity: 'error',
        en: error.message,
        zh: `语法错误：${error.message}`,
        element: element.id ?? this.element,
        name: this.owner,
        text: element.text,
        start: typeof start === 'number' ? start : undefined,
        end: typeof end === 'number' ? end : undefined,
        line: element.source?.line,
      });
      return NULL;
    }
  }

  private problem(element: Element, code: string, en: string, zh: string): void {
    this.problems.push({
      code,
      severity: 'error',
      en: `${this.owner}: ${en}`,
      zh: `${this.owner}：${zh}`,
      element: element.id ?? this.element,
      name: this.owner,
      line: element.source?.line,
    });
  }

  private context(expression: BoxedContext, names: NameScope): Node {
    const scope = new NameScope(names);
    const entries: { name: string; value: Node }[] = [];
    let result: Node | null = null;
    for (const { variable, expression: value } of expression.entries) {
      if (variable === undefined) {
        result = this.expression(value, scope);
        continue;
      }
      const name = normalizeName(variable.name);
      if (value?.kind === 'functionDefinition') scope.add(name);
      entries.push({ name, value: this.typed(this.expression(value, scope), variable.typeRef, variable.id) });
      scope.add(name);
      this.members.add(name);
    }
    return { type: 'context', entries, result, ...NOWHERE };
  }

  private invocation(expression: Invocation, names: NameScope): Node {
    const args = expression.bindings.map(({ parameter, expression: value }) => ({
      name: normalizeName(parameter.name),
      value: this.typed(this.expression(value, names), parameter.typeRef, parameter.id),
    }));
    return { type: 'named call', callee: this.expression(expression.callee, names), args, ...NOWHERE };
  }

  /** The logic of a function; also that of a knowledge model. */
  function(expression: FunctionDefinition, names: NameScope): Node {
    const parameters = expression.parameters.map((parameter) => ({
      name: normalizeName(parameter.name),
      type: this.types.resolve(parameter.typeRef, parameter.id) as FeelType | null,
    }));
    if (expression.functionKind !== 'FEEL') return { type: 'function', parameters, body: null, ...NOWHERE };
    const scope = new NameScope(
      names,
      parameters.map((parameter) => parameter.name),
    );
    const body = this.typed(this.expression(expression.body, scope), expression.typeRef, expression.id);
    return { type: 'function', parameters, body, ...NOWHERE };
  }

  private relation(expression: Relation, names: NameScope): Node {
    const columns = expression.columns.map((column) => normalizeName(column.name));
    for (const column of columns) this.members.add(column);
    const items = expression.rows.map((row): Node => {
      const entries = columns.map((name, index) => ({
        name,
        value: this.typed(
          this.expression(row.expressions[index], names),
          expression.columns[index]?.typeRef,
          expression.columns[index]?.id,
        ),
      }));
      // Rows do not see their own columns, so the values are not a context's entries of one another.
      return {
        type: 'context',
        entries: entries.map(({ name, value }) => ({ name, value })),
        result: null,
        ...NOWHERE,
      };
    });
    return { type: 'list', items, ...NOWHERE };
  }

  private iteration(expression: Iteration, names: NameScope): Node {
    const name = normalizeName(expression.iteratorVariable);
    const iterators: Iterator[] = [{ name, source: this.wrapped(expression.list, names), to: null }];
    if (expression.kind === 'for') {
      const body = this.wrapped(expression.body, new NameScope(names, [name, 'partial']));
      return { type: 'for', iterators, body, ...NOWHERE };
    }
    const condition = this.wrapped(expression.body, new NameScope(names, [name]));
    return { type: expression.kind, iterators, condition, ...NOWHERE };
  }

  private table(table: DecisionTable, names: NameScope): TableNode {
    const inputs = table.inputs.map(
      (input): TableInput => ({
        text: input.expression.text.trim(),
        expression: this.literal(input.expression, names),
        type: this.types.resolve(input.expression.typeRef, input.id),
        allowed: this.tests(input.values, names),
      }),
    );
    const outputs = table.outputs.map((output): TableOutput => {
      const type = this.types.resolve(output.typeRef, output.id);
      const allowedTests = this.tests(output.values, names) ?? this.testsOfType(type, names);
      return {
        name: output.name === undefined ? null : normalizeName(output.name),
        type,
        allowed: allowedTests?.type === 'tests' ? allowedTests.tests.map(aloneTest) : null,
        allowedTests,
        defaultValue: output.defaultEntry === undefined ? null : this.expression(output.defaultEntry, names),
      };
    });
    for (const output of outputs) if (output.name !== null) this.members.add(output.name);
    const cellNames = new NameScope(names, ['?']);
    const any: Node = { type: 'tests', tests: [], negated: false, ...NOWHERE };
    const rules = table.rules.map(
      (rule, index): TableRule => ({
        id: rule.id ?? `rule ${index + 1}`,
        tests: table.inputs.map((_, column) => {
          const cell = rule.inputs[column];
          if (cell === undefined || cell.text.trim() === '' || cell.text.trim() === '-') return any;
          return this.parse(cell, () => parseUnaryTests(cell.text, this.options(cellNames)));
        }),
        outputs: table.outputs.map((_, column) => {
          const cell = rule.outputs[column];
          return cell === undefined ? NULL : this.literal(cell, names);
        }),
        inputTexts: rule.inputs.map((cell) => cell.text.trim()),
        outputTexts: rule.outputs.map((cell) => cell.text.trim()),
        annotations: rule.annotations.map((annotation) => annotation.text),
      }),
    );
    return {
      id: table.id ?? this.element ?? '',
      name: this.owner,
      hitPolicy: table.hitPolicy,
      aggregation: table.aggregation ?? null,
      inputs,
      outputs,
      rules,
    };
  }

  /** The allowed values of a type: they rank outputs when the table names none. */
  private testsOfType(type: FeelType | null, names: NameScope): Node | null {
    for (let current = type ?? ANY; current.kind === 'named'; current = current.base()) {
      if (current.constraint !== undefined) return this.tests({ text: current.constraint }, names);
    }
    return null;
  }
}
