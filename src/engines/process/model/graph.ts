/**
 * The executable graph of one process: what the runtime walks. It is made from a BPMN document by `toGraph`, holds no
 * XML, and every reference in it is resolved; so a runtime never has to ask whether a target exists.
 *
 * A *scope* is the process itself or one sub-process; tokens, variables and event sub-processes belong to a scope.
 * Node, flow and scope ids are the ids of the BPMN elements. The scope of a sub-process has the id of its node, the root
 * scope has the id of the process.
 */

/** A FEEL expression as text. The runtime compiles it; it is never empty. */
export interface Expression {
  readonly text: string;
  /** Id of the element that holds it, for messages to people. */
  readonly elementId: string;
}

/** A value written in an attribute: plain text, or FEEL when the text starts with `=`. */
export type Value =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'expression'; readonly expression: Expression };

export interface ProcessDefinition {
  readonly id: string;
  readonly name: string | null;
  readonly documentation: string | null;
  /** `longmen:versionTag`: a label people give a version. */
  readonly versionTag: string | null;
  readonly root: Scope;
  /** Every scope by id, the root included. */
  readonly scopes: ReadonlyMap<string, Scope>;
  /** Every node of every scope by id, boundary events included. */
  readonly nodes: ReadonlyMap<string, FlowNode>;
  readonly flows: ReadonlyMap<string, SequenceFlow>;
  /** Messages the process sends or waits for, by id. */
  readonly messages: ReadonlyMap<string, Message>;
  readonly extension: Extension;
}

export interface Scope {
  readonly id: string;
  /** The scope around it; null for the process. */
  readonly parentId: string | null;
  readonly kind: 'process' | 'embedded' | 'event' | 'transaction';
  readonly nodeIds: readonly string[];
  readonly flowIds: readonly string[];
  /**
   * Where a token starts when the scope is entered: the none start event, or, without start events, every node without
   * incoming flow (BPMN 2.0.2 §10.3.5, §13.3.4). An event sub-process has its one start event here.
   */
  readonly entryIds: readonly string[];
  /** Start events with an event definition: they start an instance of the process. Empty in sub-processes. */
  readonly triggerIds: readonly string[];
  /** Event sub-processes directly inside. */
  readonly eventSubProcessIds: readonly string[];
  /** Data objects and properties declared here, which are variables of this scope. */
  readonly variables: readonly Variable[];
}

/** A declared variable: a data object or a property. Its name in FEEL is `name`. */
export interface Variable {
  readonly id: string;
  readonly name: string;
  readonly isCollection: boolean;
}

export interface SequenceFlow {
  readonly id: string;
  readonly name: string | null;
  readonly scopeId: string;
  readonly sourceId: string;
  readonly targetId: string;
  readonly condition: Expression | null;
  /** True when the source names this flow as its default. A default flow has no condition. */
  readonly isDefault: boolean;
}

/** Values of the namespace `http://longmen.dev/schema/bpmn/1.0` on an element, by local name; see `extension.ts`. */
export type Extension = ReadonlyMap<string, string>;

/** Gives `target`, a variable name, the value of the FEEL expression `source`. */
export interface Mapping {
  readonly source: Expression;
  readonly target: string;
}

export interface Message {
  readonly id: string;
  readonly name: string;
  /**
   * The correlation key as FEEL over the message's payload (variables are the members of the payload). Several BPMN
   * correlation properties make one list. Null: the sender must give the key.
   */
  readonly payloadKey: Expression | null;
}

export interface MessageEvent {
  readonly kind: 'message';
  readonly message: Message;
  /**
   * What the waiting side is found by: FEEL over the variables of the scope when the wait begins; null matches by message
   * name alone. In a start event of the process itself it is null.
   */
  readonly key: Expression | null;
  /** A registered function a throwing event calls to deliver the message outside; null delivers to waiting instances. */
  readonly function: string | null;
}

export interface TimerEvent {
  readonly kind: 'timer';
  readonly timer: 'date' | 'duration' | 'cycle';
  /** ISO 8601 text as it stands (`2030-01-31T09:00:00Z`, `P3D`, `R3/PT1H`), or FEEL that gives a date, duration or text. */
  readonly value: Value;
  /** Business calendar (`longmen:calendar`, for example `CN_INTERBANK`): days of a duration are then business days. */
  readonly calendar: string | null;
}

export interface ErrorEvent {
  readonly kind: 'error';
  readonly errorId: string | null;
  readonly name: string | null;
  /** Null in a catching event: every error. A throwing event always has one. */
  readonly code: string | null;
}

export interface EscalationEvent {
  readonly kind: 'escalation';
  readonly escalationId: string | null;
  readonly name: string | null;
  /** Null in a catching event: every escalation. */
  readonly code: string | null;
}

export interface SignalEvent {
  readonly kind: 'signal';
  readonly signalId: string;
  readonly name: string;
}

export interface ConditionalEvent {
  readonly kind: 'conditional';
  readonly condition: Expression;
}

export interface CompensationEvent {
  readonly kind: 'compensation';
  /** The activity to compensate; null compensates the whole scope. Always null in catching events. */
  readonly activityId: string | null;
  readonly waitForCompletion: boolean;
}

export interface LinkEvent {
  readonly kind: 'link';
  readonly name: string;
  /** In a throwing event, the catching link event of the same scope; null in the catching one. */
  readonly targetId: string | null;
}

export type EventDefinition =
  | MessageEvent
  | TimerEvent
  | ErrorEvent
  | EscalationEvent
  | SignalEvent
  | ConditionalEvent
  | CompensationEvent
  | LinkEvent
  | { readonly kind: 'cancel' }
  | { readonly kind: 'terminate' };

interface NodeBase {
  readonly id: string;
  readonly name: string | null;
  readonly documentation: string | null;
  readonly scopeId: string;
  /** Ids of sequence flows, in document order of the flows' listing in the node, or of the flows if it lists none. */
  readonly incoming: readonly string[];
  readonly outgoing: readonly string[];
  readonly extension: Extension;
}

interface EventBase extends NodeBase {
  /** Null is a none event. */
  readonly event: EventDefinition | null;
  /**
   * Catching: from the payload into the scope; FEEL sees the scope's variables and the payload's members over them.
   * Throwing: from the scope into the payload. Empty: a catching event takes every member of the payload over, a throwing
   * event sends nothing.
   */
  readonly mappings: readonly Mapping[];
}

export interface StartEvent extends EventBase {
  readonly kind: 'startEvent';
  /** Of the start event of an event sub-process; true elsewhere. */
  readonly interrupting: boolean;
}

export interface EndEvent extends EventBase {
  readonly kind: 'endEvent';
}

export interface IntermediateCatchEvent extends EventBase {
  readonly kind: 'intermediateCatchEvent';
}

export interface IntermediateThrowEvent extends EventBase {
  readonly kind: 'intermediateThrowEvent';
}

export interface BoundaryEvent extends EventBase {
  readonly kind: 'boundaryEvent';
  readonly event: EventDefinition;
  readonly attachedToId: string;
  readonly interrupting: boolean;
  /** Of a compensation event: the activity at the other end of the association. */
  readonly compensationHandlerId: string | null;
}

/** Repetition of an activity. */
export type Loop = StandardLoop | MultiInstanceLoop;

export interface StandardLoop {
  readonly kind: 'standard';
  readonly testBefore: boolean;
  /** Goes on while it is true; null goes on up to `maximum`. */
  readonly condition: Expression | null;
  readonly maximum: number | null;
}

/** Exactly one of `cardinality` and `collection` is given. */
export interface MultiInstanceLoop {
  readonly kind: 'multiInstance';
  readonly sequential: boolean;
  readonly cardinality: Expression | null;
  readonly collection: Expression | null;
  /** Variable of the inner instance that holds its member of the collection. */
  readonly item: string | null;
  /** Variable of the outer scope that collects the results, in order of the collection. */
  readonly outputCollection: string | null;
  /** What each inner instance adds to it, over its variables. */
  readonly outputItem: Expression | null;
  /** Checked after every completed instance; true cancels those that still run. */
  readonly completionCondition: Expression | null;
}

interface ActivityBase extends NodeBase {
  readonly loop: Loop | null;
  /** From the scope into local variables of the activity, in order. Empty: the activity sees the scope as it is. */
  readonly inputs: readonly Mapping[];
  /**
   * From the activity's result and local variables into the scope, in order. Empty: a result that is a context is taken
   * over member by member (unless `resultVariable` is given).
   */
  readonly outputs: readonly Mapping[];
  readonly boundaryEventIds: readonly string[];
  /** A compensation handler: never reached by flow. */
  readonly isForCompensation: boolean;
  /** The handler of this activity's compensation boundary event. */
  readonly compensationHandlerId: string | null;
  /** Of service, business-rule, script and send tasks, from `longmen:retries` and `longmen:backoff`. */
  readonly retry: Retry;
}

export interface Retry {
  /** How often a failed call is tried again before it becomes an incident; default 3. */
  readonly retries: number;
  /** ISO 8601 duration before the first retry; it doubles with each; default PT10S. */
  readonly backoff: string;
}

export interface UserTask extends ActivityBase {
  readonly kind: 'userTask';
  readonly assignee: Value | null;
  /** Roles that may claim it. */
  readonly candidateRoles: readonly Value[];
  readonly formKey: string | null;
  readonly dueDate: Value | null;
  readonly priority: Value | null;
}

export interface ManualTask extends ActivityBase {
  readonly kind: 'manualTask';
}

/** A task without type: a step that completes at once. */
export interface PlainTask extends ActivityBase {
  readonly kind: 'task';
}

export interface ServiceTask extends ActivityBase {
  readonly kind: 'serviceTask';
  /** The registered function: `longmen:function`, or the implementation or name of the BPMN operation. */
  readonly function: string;
  readonly resultVariable: string | null;
}

export interface ScriptTask extends ActivityBase {
  readonly kind: 'scriptTask';
  readonly script: Expression;
  readonly resultVariable: string | null;
}

/** `longmen:decisionVersion`: the latest when the task is reached, the latest when the process was deployed, or this one. */
export type DecisionBinding = 'latest' | 'deployment' | number;

export interface BusinessRuleTask extends ActivityBase {
  readonly kind: 'businessRuleTask';
  /** Name or id of the decision: `longmen:decisionRef`, as plain text or FEEL. */
  readonly decision: Value;
  /** `longmen:decisionModel`: namespace or name of the model that has it; null leaves it to the engine. */
  readonly decisionModel: string | null;
  readonly binding: DecisionBinding;
  readonly resultVariable: string | null;
}

/** Throws its message; its inputs are the payload. */
export interface SendTask extends ActivityBase {
  readonly kind: 'sendTask';
  readonly event: MessageEvent;
}

export interface ReceiveTask extends ActivityBase {
  readonly kind: 'receiveTask';
  readonly event: MessageEvent;
  /** It starts an instance, as a message start event does. It is then among the `triggerIds` of its scope. */
  readonly instantiate: boolean;
}

export interface CallActivity extends ActivityBase {
  readonly kind: 'callActivity';
  /** Id of the called process. */
  readonly calledElement: Value;
  /** `longmen:calledVersion`: a version number; null calls the latest. */
  readonly calledVersion: number | null;
}

export interface SubProcess extends ActivityBase {
  readonly kind: 'subProcess';
  /** An event sub-process has no flows and starts by its one start event. */
  readonly variant: 'embedded' | 'event' | 'transaction';
}

export interface ExclusiveGateway extends NodeBase {
  readonly kind: 'exclusiveGateway';
}

export interface InclusiveGateway extends NodeBase {
  readonly kind: 'inclusiveGateway';
}

export interface ParallelGateway extends NodeBase {
  readonly kind: 'parallelGateway';
}

export interface EventBasedGateway extends NodeBase {
  readonly kind: 'eventBasedGateway';
  /** It has no incoming flow and starts an instance. It is then among the `triggerIds` of its scope. */
  readonly instantiate: boolean;
  /** Exclusive: the first event wins. Parallel (only with `instantiate`): one instance takes every event. */
  readonly type: 'exclusive' | 'parallel';
}

export type Activity =
  | UserTask
  | ManualTask
  | PlainTask
  | ServiceTask
  | ScriptTask
  | BusinessRuleTask
  | SendTask
  | ReceiveTask
  | CallActivity
  | SubProcess;

export type EventNode = StartEvent | EndEvent | IntermediateCatchEvent | IntermediateThrowEvent | BoundaryEvent;

export type Gateway = ExclusiveGateway | InclusiveGateway | ParallelGateway | EventBasedGateway;

export type FlowNode = Activity | EventNode | Gateway;

export type NodeKind = FlowNode['kind'];

const activityKinds: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'task',
  'userTask',
  'manualTask',
  'serviceTask',
  'scriptTask',
  'businessRuleTask',
  'sendTask',
  'receiveTask',
  'callActivity',
  'subProcess',
]);

export function isActivity(node: FlowNode): node is Activity {
  return activityKinds.has(node.kind);
}
