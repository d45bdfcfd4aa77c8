/** Data in and out of activities and events. */
import type { Activity, EventNode, Mapping } from '../model/graph.ts';
import type { Execution } from './execution.ts';
import type { Layers } from './expressions.ts';
import type { ScopeState, Token } from './state.ts';
import { isMembers, type Json, type Variables } from './values.ts';

/** Evaluates mappings in order; each sees the targets of those before it. */
export function mapped(x: Execution, mappings: readonly Mapping[], layers: Layers): Variables {
  const made: Variables = {};
  for (const { source, target } of mappings) made[target] = x.evaluateJson(source, [made, ...layers]);
  return made;
}

/** The result of an activity as variables: its members, or the one variable that is to hold it. */
export function resultVariables(node: Activity, result: Json): Variables {
  if ('resultVariable' in node && node.resultVariable !== null) return { [node.resultVariable]: result };
  return isMembers(result) ? { ...result } : {};
}

/** Takes the result of an activity into its scope; `inside` is the scope of a sub-process that ended. */
export function takeResult(x: Execution, token: Token, node: Activity, inside: ScopeState | null): void {
  const result = resultVariables(node, token.result);
  if (node.outputs.length > 0) {
    const layers = x.layersOf(token, result, ...(inside === null ? [] : [inside.variables]));
    x.setAll(token.scope, mapped(x, node.outputs, layers));
  } else if (node.kind !== 'subProcess') {
    x.setAll(token.scope, result);
  }
}

/** What a catching event takes from its payload. */
export function payloadVariables(x: Execution, node: EventNode, payload: Json, layers: Layers): Variables {
  const members = isMembers(payload) ? payload : {};
  return node.mappings.length > 0 ? mapped(x, node.mappings, [members, ...layers]) : { ...members };
}
