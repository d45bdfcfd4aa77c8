/** Moving tokens by hand: ending some, starting others, in one step. */
import { processError } from '../errors.ts';
import type { Execution } from './execution.ts';
import { addScope } from './scopes.ts';
import type { ScopeState } from './state.ts';
import type { Variables } from './values.ts';
import { openBoundaries, openEventSubProcesses } from './waits.ts';

export interface Modification {
  /** Tokens to end. */
  readonly cancel?: readonly number[];
  /** Nodes to start before. `scope` names the scope instance when the sub-process runs more than once. */
  readonly start?: readonly { readonly node: string; readonly scope?: number }[];
  /** Set in the process first. */
  readonly variables?: Variables;
}

/** Errors: `process_token_not_found`, `process_modification_invalid`. */
export function modify(x: Execution, { cancel = [], start = [], variables = {} }: Modification): void {
  const root = [...x.scopes.values()].find((scope) => scope.parent === null);
  if (root === undefined) throw invalid('The instance has not begun');
  Object.assign(root.variables, variables);
  x.variablesChanged = true;
  const ended = cancel.map((id) => {
    const token = x.tokens.get(id);
    if (token === undefined) throw processError('process_token_not_found', `No token ${id}`, { token: id });
    if (token.inner || token.helper || token.compensates !== null) {
      throw invalid(`Token ${id} is part of a loop or a compensation; end the activity around it`);
    }
    return token;
  });
  // Starts come first, so that a scope is not over before its new token is there.
  for (const { node: id, scope } of start) {
    const node = x.definition.nodes.get(id);
    if (node === undefined) throw invalid(`The process has no node ${id}`);
    if (node.kind === 'boundaryEvent') throw invalid(`A token cannot be put on the boundary event ${id}`);
    if (node.kind === 'subProcess' && node.variant === 'event') throw invalid(`${id} starts by its event only`);
    const place = scope === undefined ? scopeFor(x, node.scopeId) : x.scopes.get(scope);
    if (place === undefined || place.graph !== node.scopeId) throw invalid(`Node ${id} is not in scope ${scope}`);
    x.spawn(place.id, id);
  }
  for (const token of ended) x.kill(token);
}

/** The running instance of a scope; sub-processes that are not running are entered without their start events. */
function scopeFor(x: Execution, graph: string): ScopeState {
  const open = [...x.scopes.values()].filter((scope) => scope.graph === graph && scope.loop === null);
  const [first] = open;
  if (open.length > 1) throw invalid(`Scope ${graph} runs ${open.length} times: say which`);
  if (first !== undefined) return first;
  const { parentId, kind } = x.graphScope(graph);
  const node = x.definition.nodes.get(graph);
  if (parentId === null || kind === 'event' || (node !== undefined && 'loop' in node && node.loop !== null)) {
    throw invalid(`Scope ${graph} does not run and cannot be entered by hand`);
  }
  const parent = scopeFor(x, parentId);
  const owner = x.spawn(parent.id, graph);
  x.wait(owner, 'scope');
  openBoundaries(x, owner);
  const made = addScope(x, graph, parent.id, owner.id);
  openEventSubProcesses(x, made);
  return made;
}

function invalid(detail: string) {
  return processError('process_modification_invalid', detail);
}
