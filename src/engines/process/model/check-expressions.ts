/** Reads every FEEL expression of a graph, so that a slip of the pen is seen at deployment and not by the first instance. */
import { compileExpression } from '#engines/decision';
import type { Findings } from './findings.ts';
import type { Expression, ProcessDefinition } from './graph.ts';
import type { AnyElement, BpmnDocument } from './model.ts';

/**
 * A name may hold spaces and a process may get variables the model does not declare, so what cannot be read here might be
 * readable then: the findings are warnings.
 */
export function checkExpressions(
  definition: ProcessDefinition,
  document: BpmnDocument,
  process: AnyElement,
  findings: Findings,
): void {
  const names = declaredNames(definition);
  const done = new Set<string>();
  for (const { text, elementId } of expressionsIn([...definition.nodes.values(), ...definition.flows.values()])) {
    const key = `${elementId}\0${text}`;
    if (done.has(key)) continue;
    done.add(key);
    try {
      compileExpression(text, names);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const element = document.byId.get(elementId) ?? process;
      findings.add('process_expression_syntax', element, { en: `${text}: ${reason}`, zh: `${text}：${reason}` });
    }
  }
}

function declaredNames(definition: ProcessDefinition): string[] {
  const names = new Set<string>();
  for (const { variables } of definition.scopes.values()) for (const { name } of variables) names.add(name);
  for (const node of definition.nodes.values()) {
    const mappings = 'mappings' in node ? node.mappings : 'inputs' in node ? [...node.inputs, ...node.outputs] : [];
    for (const { target } of mappings) names.add(target);
    if ('resultVariable' in node && node.resultVariable !== null) names.add(node.resultVariable);
    const loop = 'loop' in node ? node.loop : null;
    if (loop?.kind === 'multiInstance') {
      if (loop.item !== null) names.add(loop.item);
      if (loop.outputCollection !== null) names.add(loop.outputCollection);
    }
  }
  names.delete('');
  return [...names];
}

/** Every expression anywhere in a value; the types of the graph give no other object this shape. */
function* expressionsIn(value: unknown): Generator<Expression> {
  if (typeof value !== 'object' || value === null || value instanceof Map) return;
  if (isExpression(value)) {
    yield value;
    return;
  }
  for (const member of Object.values(value)) yield* expressionsIn(member);
}

function isExpression(value: object): value is Expression {
  return 'elementId' in value && 'text' in value;
}
