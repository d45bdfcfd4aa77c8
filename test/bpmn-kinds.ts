/** Which kinds of element a process uses, as words such as `boundary timer duration, not interrupting`. */
import { isActivity, type ProcessDefinition } from '../src/engines/process/model/graph.ts';

type Node = ProcessDefinition['nodes'] extends ReadonlyMap<string, infer One> ? One : never;

const places = {
  startEvent: 'start',
  endEvent: 'end',
  intermediateCatchEvent: 'catch',
  intermediateThrowEvent: 'throw',
  boundaryEvent: 'boundary',
} as const;

export function kindsOf(definition: ProcessDefinition): Set<string> {
  const kinds = new Set<string>();
  for (const node of definition.nodes.values()) {
    kinds.add(kindOf(definition, node));
    if (!isActivity(node)) continue;
    if (node.isForCompensation) kinds.add('compensation handler');
    if (node.loop?.kind === 'standard') kinds.add('standard loop');
    if (node.loop?.kind === 'multiInstance') {
      const what = node.kind === 'subProcess' || node.kind === 'callActivity' ? node.kind : 'task';
      kinds.add(`${node.loop.sequential ? 'sequential' : 'parallel'} multi-instance ${what}`);
    }
  }
  return kinds;
}

function kindOf({ scopes }: ProcessDefinition, node: Node): string {
  switch (node.kind) {
    case 'startEvent':
    case 'endEvent':
    case 'intermediateCatchEvent':
    case 'intermediateThrowEvent':
    case 'boundaryEvent': {
      const { event } = node;
      const inside =
        node.kind === 'startEvent' && scopes.get(node.scopeId)?.kind === 'event' ? 'event sub-process ' : '';
      const what = event === null ? 'none' : event.kind === 'timer' ? `timer ${event.timer}` : event.kind;
      const goesOn = 'interrupting' in node && !node.interrupting ? ', not interrupting' : '';
      return `${inside}${places[node.kind]} ${what}${goesOn}`;
    }
    case 'subProcess':
      return `${node.variant} sub-process`;
    case 'eventBasedGateway':
      return `${node.instantiate ? `instantiating ${node.type} ` : ''}${node.kind}`;
    case 'receiveTask':
      return `${node.instantiate ? 'instantiating ' : ''}${node.kind}`;
    default:
      return node.kind;
  }
}

const sides = (what: string) => [what, `${what}, not interrupting`];

/** Every kind the engine executes. */
export const everyKind: readonly string[] = [
  ...['task', 'userTask', 'manualTask', 'serviceTask', 'scriptTask', 'businessRuleTask', 'sendTask', 'receiveTask'],
  ...['instantiating receiveTask', 'callActivity', 'embedded sub-process', 'event sub-process'],
  ...['transaction sub-process', 'compensation handler', 'standard loop'],
  ...['task', 'subProcess', 'callActivity'].flatMap((what) => `parallel multi-instance ${what}`),
  ...['task', 'subProcess'].flatMap((what) => `sequential multi-instance ${what}`),
  ...['exclusiveGateway', 'inclusiveGateway', 'parallelGateway', 'eventBasedGateway'],
  ...['instantiating exclusive eventBasedGateway', 'instantiating parallel eventBasedGateway'],
  ...['none', 'message', 'signal', 'timer date', 'timer cycle'].map((what) => `start ${what}`),
  ...['message', 'signal', 'timer date', 'timer duration', 'conditional', 'link'].map((what) => `catch ${what}`),
  ...['none', 'message', 'signal', 'escalation', 'compensation', 'link'].map((what) => `throw ${what}`),
  ...['none', 'message', 'signal', 'escalation', 'compensation', 'error', 'cancel', 'terminate'].map(
    (one) => `end ${one}`,
  ),
  ...['message', 'signal', 'timer duration', 'escalation', 'conditional'].map((what) => `boundary ${what}`),
  ...['message', 'signal', 'timer cycle', 'escalation', 'conditional'].map(
    (what) => `boundary ${what}, not interrupting`,
  ),
  ...['boundary error', 'boundary cancel', 'boundary compensation'],
  ...['message', 'signal', 'escalation', 'conditional'].flatMap((what) => sides(`event sub-process start ${what}`)),
  ...['event sub-process start timer duration', 'event sub-process start timer cycle, not interrupting'],
  ...['event sub-process start error', 'event sub-process start compensation'],
];
