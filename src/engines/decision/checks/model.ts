/** All static checks of a model, before it is published: expressions, tables, and how the parts hang together. */
import type { Model } from '../engine.ts';
import type { Located, Node, TableNode } from '../feel/ast.ts';
import { type CheckContext, type TypeScope, withNames } from '../feel/check-scope.ts';
import { typeOf } from '../feel/check-types.ts';
import { childrenOf } from '../feel/tree.ts';
import { ANY, type FeelType, isSubtype, listOf, typeText, underlying } from '../feel/types.ts';
import type { GraphNode } from '../model/graph.ts';
import type { Problem } from '../model/problems.ts';
import { checkTable } from './tables.ts';

/** What is wrong, doubtful or worth knowing; errors first. Includes what loading found. */
export function check(model: Model): readonly Problem[] {
  const { graph } = model.program;
  const problems: Problem[] = [...model.problems];
  for (const node of graph.nodes) {
    if (node.unit !== graph.main) continue;
    if (node.element.kind === 'decision' || node.element.kind === 'businessKnowledgeModel') {
      problems.push(...checkLogic(model, node));
    }
  }
  problems.push(...checkUse(model));
  const order = { error: 0, warning: 1, information: 2 };
  return problems.toSorted((left, right) => order[left.severity] - order[right.severity]);
}

function variableType(node: GraphNode): FeelType {
  const { element } = node;
  if (element.kind === 'inputData' || element.kind === 'decision') return node.type ?? ANY;
  const declared = node.type === null ? null : underlying(node.type);
  const result = declared?.kind === 'function' ? declared.result : (node.type ?? ANY);
  if (element.kind === 'decisionService') return { kind: 'function', parameters: null, result };
  const parameters = (element.logic?.parameters ?? []).map(
    (parameter) => node.unit.types.resolve(parameter.typeRef, parameter.id) ?? ANY,
  );
  return { kind: 'function', parameters, result };
}

function scopeOf(node: GraphNode): TypeScope {
  const names = new Map<string, FeelType>();
  for (const { node: needed, importName } of node.needs) {
    if (importName === null) names.set(needed.name, variableType(needed));
    else names.set(importName, ANY);
  }
  if (node.element.kind === 'businessKnowledgeModel') names.set(node.name, variableType(node));
  return withNames(null, names);
}

function checkLogic(model: Model, node: GraphNode): Problem[] {
  const problems: Problem[] = [];
  const { node: tree } = model.program.logic(node);
  const add = (code: string, en: string, zh: string, place: Located, severity: Problem['severity'] = 'error'): void => {
    problems.push({
      code,
      severity,
      en: `${node.name}: ${en}`,
      zh: `${node.name}：${zh}`,
      element: node.element.id,
      name: node.name,
      ...(place.text === undefined ? {} : { text: place.text, start: place.start, end: place.end }),
    });
  };
  const context: CheckContext = {
    report: add,
    table(table, scope) {
      problems.push(...checkTable(table));
      return checkCells(table, scope, context, add);
    },
  };
  const type = typeOf(tree, scopeOf(node), context);
  if (node.element.kind === 'decision' && node.type !== null && contradicts(type, node.type)) {
    add(
      'result_type',
      `the result is ${typeText(type)}, but ${typeText(node.type)} is declared`,
      `结果为 ${typeText(type)}，声明为 ${typeText(node.type)}`,
      tree,
    );
  }
  findZeroLimits(tree, add);
  return problems;
}

function contradicts(type: FeelType, declared: FeelType): boolean {
  const a = underlying(type);
  const b = underlying(declared);
  const simple = (kind: string): boolean =>
    !['any', 'null', 'list', 'context', 'range', 'function', 'named'].includes(kind);
  return simple(a.kind) && simple(b.kind) && !isSubtype(a, b) && !(a.kind === 'date' && b.kind === 'date and time');
}

type Add = (code: string, en: string, zh: string, place: Located) => void;

/** Types of all cells of a table against their columns; gives the type of the table's result. */
function checkCells(table: TableNode, scope: TypeScope, context: CheckContext, add: Add): FeelType {
  const inputs = table.inputs.map((input) => {
    const found = typeOf(input.expression, scope, context);
    return found.kind === 'any' ? (input.type ?? ANY) : found;
  });
  for (const rule of table.rules) {
    rule.tests.forEach((test, column) => {
      typeOf(test, withNames(scope, [['?', inputs[column] ?? ANY]]), context);
    });
    rule.outputs.forEach((output, column) => {
      const found = typeOf(output, scope, context);
      const declared = table.outputs[column]?.type ?? ANY;
      if (contradicts(found, declared)) {
        add(
          'output_type',
          `rule ${table.rules.indexOf(rule) + 1} gives ${typeText(found)}, but ${typeText(declared)} is declared`,
          `第 ${table.rules.indexOf(rule) + 1} 条规则给出 ${typeText(found)}，声明为 ${typeText(declared)}`,
          output,
        );
      }
    });
  }
  const single: FeelType =
    table.outputs.length === 1
      ? (table.outputs[0]?.type ?? ANY)
      : { kind: 'context', fields: new Map(table.outputs.map((output) => [output.name ?? '', output.type ?? ANY])) };
  if (table.aggregation !== null) return ANY;
  const many = table.hitPolicy === 'COLLECT' || table.hitPolicy === 'RULE ORDER' || table.hitPolicy === 'OUTPUT ORDER';
  return many ? listOf(single) : single;
}

const LIMIT_NAME = /limit|cap\b|ceiling|maximum|minimum|threshold|quota|限额|额度|上限|下限|阈值/i;

/** `limit = 0` or `limit > 0` as a condition takes 0 for "no limit", though a limit of 0 allows nothing. */
function findZeroLimits(tree: Node, add: Add): void {
  const visit = (node: Node, isCondition: boolean): void => {
    if (node.type === 'compare' && isCondition && ['=', '!=', '>'].includes(node.operator)) {
      const name = node.left.type === 'name' || node.left.type === 'path' ? node.left.name : '';
      if (LIMIT_NAME.test(name) && node.right.type === 'literal' && node.right.value === 0) {
        add(
          'zero_as_no_limit',
          `${name} ${node.operator} 0 takes 0 for “no limit”; a limit of 0 allows nothing, null says there is none`,
          `${name} ${node.operator} 0 把 0 当作“无限额”；限额为 0 表示一律不许，无限额应为 null`,
          node,
        );
      }
    }
    const logical = node.type === 'and' || node.type === 'or';
    if (node.type === 'if') {
      visit(node.condition, true);
      visit(node.consequent, false);
      visit(node.alternative, false);
      return;
    }
    if (node.type === 'table') {
      for (const rule of node.table.rules) for (const output of rule.outputs) visit(output, false);
      return;
    }
    for (const child of childrenOf(node)) visit(child, logical);
  };
  visit(tree, false);
}

/** Elements nobody uses and requirements no expression speaks of. */
function checkUse(model: Model): Problem[] {
  const { graph } = model.program;
  const problems: Problem[] = [];
  const own = graph.nodes.filter((node) => node.unit === graph.main);
  const required = new Set(graph.nodes.flatMap((node) => node.needs.map((need) => need.node)));
  const services = own.flatMap(({ element, unit }) =>
    element.kind === 'decisionService'
      ? graph.references(unit, [
          ...element.outputDecisions,
          ...element.encapsulatedDecisions,
          ...element.inputDecisions,
          ...element.inputData,
        ])
      : [],
  );
  const decisions = own.filter((node) => node.element.kind === 'decision');
  const finding = (node: GraphNode, code: string, severity: Problem['severity'], en: string, zh: string): void => {
    problems.push({
      code,
      severity,
      en: `${node.name}: ${en}`,
      zh: `${node.name}：${zh}`,
      element: node.element.id,
      name: node.name,
    });
  };
  for (const node of own) {
    const used = required.has(node) || services.includes(node);
    if (node.element.kind === 'decision') {
      const isOnlyResult = decisions.filter((other) => !required.has(other)).length === 1 && services.length === 0;
      if (!used && !isOnlyResult)
        finding(
          node,
          'decision_unused',
          'information',
          'nothing requires this decision and no service gives it out',
          '没有其他决策需要它，也没有服务输出它',
        );
      if (node.element.expression === undefined)
        finding(
          node,
          'decision_without_logic',
          'warning',
          'has no logic; its value is null',
          '没有决策逻辑，其值为 null',
        );
    } else if (!used && node.element.kind === 'inputData') {
      finding(node, 'input_unused', 'warning', 'no decision requires this input', '没有决策需要此输入');
    } else if (!used && node.element.kind === 'businessKnowledgeModel') {
      finding(
        node,
        'knowledge_unused',
        'warning',
        'nothing requires this knowledge model',
        '没有决策需要此业务知识模型',
      );
    }
    if (node.element.kind === 'decision' || node.element.kind === 'businessKnowledgeModel') {
      const mentioned = new Set<string>();
      collectNames(model.program.logic(node).node, mentioned);
      for (const { node: needed, importName } of node.needs) {
        if (mentioned.has(importName ?? needed.name)) continue;
        finding(
          node,
          'requirement_unused',
          'information',
          `requires ${needed.name} but does not use it`,
          `需要 ${needed.name} 却未使用`,
        );
      }
    }
  }
  return problems;
}

function collectNames(node: Node, names: Set<string>): void {
  if (node.type === 'name') names.add(node.name);
  if (node.type === 'table') {
    const { inputs, outputs, rules } = node.table;
    for (const input of inputs) collectNames(input.expression, names);
    for (const output of outputs) if (output.defaultValue !== null) collectNames(output.defaultValue, names);
    for (const rule of rules) for (const part of [...rule.tests, ...rule.outputs]) collectNames(part, names);
  }
  for (const child of childrenOf(node)) collectNames(child, names);
}
