/**
 * When an inclusive gateway that joins is to fire (BPMN 2.0.2, table 13.3): it has a token, and no token elsewhere can
 * still come by one of its empty flows, unless that token can come by a flow that has one already as well.
 */
import type { FlowNode, ProcessDefinition } from '../model/graph.ts';
import type { Execution } from './execution.ts';
import type { Token } from './state.ts';

/** For each gateway: which of its incoming flows can be reached from a node without passing the gateway. */
const known = new WeakMap<ProcessDefinition, Map<string, ReadonlySet<string>>>();

/** Fires every inclusive gateway that is due and returns the tokens that are to leave, one for each. */
export function joinInclusive(x: Execution): Token | undefined {
  for (const token of x.tokens.values()) {
    if (token.waitsFor !== 'join' || x.node(token.node).kind !== 'inclusiveGateway') continue;
    const here = [...x.tokens.values()].filter((other) => other.scope === token.scope);
    const arrived = firstByFlow(here.filter((other) => other.node === token.node && other.waitsFor === 'join'));
    if (here.some((other) => mayStillCome(x.definition, other, token.node, arrived))) continue;
    const [first, ...others] = arrived.values();
    for (const other of others) {
      x.record(other, 'completed');
      x.remove(other);
    }
    return first;
  }
  return undefined;
}

/** The longest-waiting token of each flow. */
export function firstByFlow(tokens: readonly Token[]): Map<string | null, Token> {
  const first = new Map<string | null, Token>();
  for (const token of tokens) if (!first.has(token.flow)) first.set(token.flow, token);
  return first;
}

function mayStillCome(
  definition: ProcessDefinition,
  token: Token,
  gateway: string,
  arrived: ReadonlyMap<string | null, Token>,
): boolean {
  if (token.node === gateway && token.waitsFor === 'join') return false;
  const reachable = flowsReached(definition, token.node, gateway);
  let empty = false;
  for (const flow of reachable) {
    if (arrived.has(flow)) return false;
    empty = true;
  }
  return empty;
}

function flowsReached(definition: ProcessDefinition, from: string, gateway: string): ReadonlySet<string> {
  let table = known.get(definition);
  if (table === undefined) {
    table = new Map();
    known.set(definition, table);
  }
  const key = `${from}\0${gateway}`;
  const found = table.get(key) ?? search(definition, from, gateway);
  table.set(key, found);
  return found;
}

function search(definition: ProcessDefinition, from: string, gateway: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const seen = new Set<string>([gateway]);
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id !== from && seen.has(id)) continue;
    seen.add(id);
    const node = definition.nodes.get(id);
    if (node === undefined) continue;
    for (const flowId of node.outgoing) {
      const target = definition.flows.get(flowId)?.targetId;
      if (target === gateway) reached.add(flowId);
      else if (target !== undefined) open.push(target);
    }
    open.push(...sideways(node));
  }
  return reached;
}

/** Where a token may go from a node other than by its flows: boundary events and links. */
function sideways(node: FlowNode): readonly string[] {
  if ('boundaryEventIds' in node) return node.boundaryEventIds;
  if (node.kind === 'intermediateThrowEvent' && node.event?.kind === 'link' && node.event.targetId !== null) {
    return [node.event.targetId];
  }
  return [];
}
