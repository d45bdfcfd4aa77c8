/** Leaving nodes by sequence flows, and gateways. */
import type { FlowNode, Gateway, SequenceFlow } from '../model/graph.ts';
import { type Execution, IncidentError } from './execution.ts';
import { firstByFlow } from './reach.ts';
import type { Token } from './state.ts';
import { openWait } from './waits.ts';

function outgoing(x: Execution, node: FlowNode): SequenceFlow[] {
  return node.outgoing.flatMap((id) => x.definition.flows.get(id) ?? []);
}

function isTaken(x: Execution, token: Token, flow: SequenceFlow): boolean {
  return flow.condition === null ? !flow.isDefault : x.isTrue(flow.condition, x.layers(token.scope));
}

function go(x: Execution, token: Token, flow: SequenceFlow): void {
  x.spawn(token.scope, flow.targetId, { flow: flow.id });
}

/**
 * Ends the visit of an activity or event: a token goes down every flow whose condition holds, down the default flow if
 * none does. Without outgoing flows the path ends.
 */
export function leaveByFlows(x: Execution, token: Token, node: FlowNode): void {
  const flows = outgoing(x, node);
  const taken = flows.filter((flow) => isTaken(x, token, flow));
  const standard = taken.length === 0 ? flows.filter((flow) => flow.isDefault) : [];
  if (flows.length > 0 && taken.length + standard.length === 0) throw noFlow(node);
  x.record(token, 'completed');
  for (const flow of [...taken, ...standard]) go(x, token, flow);
  x.remove(token);
}

function noFlow(node: FlowNode): IncidentError {
  return new IncidentError('no_flow_taken', `No condition of the flows from ${node.name ?? node.id} holds`);
}

export function enterGateway(x: Execution, token: Token, node: Gateway): void {
  switch (node.kind) {
    case 'exclusiveGateway':
      leaveExclusive(x, token, node);
      return;
    case 'inclusiveGateway':
      // With several incoming flows it waits for the tokens that can still come; the step looks when all else is done.
      if (node.incoming.length > 1) x.wait(token, 'join');
      else leaveByFlows(x, token, node);
      return;
    case 'parallelGateway':
      x.wait(token, 'join');
      joinParallel(x, token, node);
      return;
    case 'eventBasedGateway':
      x.wait(token, 'wait');
      for (const { targetId } of outgoing(x, node)) {
        const target = x.node(targetId);
        const event = 'event' in target ? target.event : null;
        if (event !== null) openWait(x, token.id, targetId, event, x.layers(token.scope), true);
      }
      return;
  }
}

function leaveExclusive(x: Execution, token: Token, node: FlowNode): void {
  const flows = outgoing(x, node);
  const chosen = flows.find((flow) => isTaken(x, token, flow)) ?? flows.find((flow) => flow.isDefault);
  if (chosen === undefined && flows.length > 0) throw noFlow(node);
  x.record(token, 'completed');
  if (chosen !== undefined) go(x, token, chosen);
  x.remove(token);
}

function joinParallel(x: Execution, token: Token, node: FlowNode): void {
  const here = [...x.tokens.values()].filter(
    (other) => other.node === node.id && other.scope === token.scope && other.waitsFor === 'join',
  );
  const arrived = firstByFlow(here);
  if (arrived.size < node.incoming.length) return;
  // A token that came by a flow already taken stays for the next round.
  for (const other of arrived.values()) {
    x.record(other, 'completed');
    x.remove(other);
  }
  for (const flow of outgoing(x, node)) go(x, token, flow);
}
