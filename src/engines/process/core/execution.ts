/** One step under way: the state as it changes, the effects so far, and the small moves every element is made of. */
import type { FeelValue } from '#engines/decision';
import { invariant, LongmenError } from '#kernel/errors';
import type { DecisionBinding, Expression, FlowNode, ProcessDefinition, Scope, Value } from '../model/graph.ts';
import type { Effect, HistoryOutcome } from './effects.ts';
import { evaluate, type Layers } from './expressions.ts';
import type { Moment } from './moment.ts';
import type { ScopeState, State, Token, Wait, WaitsFor } from './state.ts';
import { encode, type Json, type Variables } from './values.ts';

/** What a step may ask besides graph and state; both must give the same answer for the same question. */
export interface StepContext extends Moment {
  /** The instance was started by a call activity. */
  readonly called: boolean;
  /** Evaluates a decision of a deployed DMN model. */
  decide(decision: string, model: string | null, binding: DecisionBinding, variables: Layers): FeelValue;
}

/** The element cannot go on and a person has to look at it. */
export class IncidentError extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface Spawn {
  readonly flow?: string | null;
  readonly phase?: 'enter' | 'leave';
  readonly local?: Variables;
  readonly inner?: boolean;
  readonly result?: Json;
  readonly compensates?: number | null;
  readonly helper?: boolean;
}

export class Execution {
  readonly definition: ProcessDefinition;
  readonly context: StepContext;
  readonly effects: Effect[] = [];
  readonly tokens: Map<number, Token>;
  readonly scopes: Map<number, ScopeState>;
  readonly waits: Map<number, Wait>;
  /** Tokens whose phase is `enter` or `leave`, in the order they are served. */
  readonly ready: number[] = [];
  /** Scopes that lost a token and may be complete. */
  readonly emptied = new Set<number>();
  /** Conditions are to be looked at again. */
  variablesChanged = false;
  ended = false;
  private nextId: number;
  private sequence: number;

  /** Takes `state` over and changes it. */
  constructor(definition: ProcessDefinition, state: State, context: StepContext) {
    this.definition = definition;
    this.context = context;
    this.nextId = state.nextId;
    this.sequence = state.sequence;
    this.tokens = new Map(state.tokens.map((token) => [token.id, token]));
    this.scopes = new Map(state.scopes.map((scope) => [scope.id, scope]));
    this.waits = new Map(state.waits.map((wait) => [wait.id, wait]));
    for (const token of state.tokens) if (token.phase !== 'wait') this.ready.push(token.id);
  }

  state(): State {
    return {
      nextId: this.nextId,
      sequence: this.sequence,
      scopes: [...this.scopes.values()],
      tokens: [...this.tokens.values()],
      waits: [...this.waits.values()],
    };
  }

  newId(): number {
    return this.nextId++;
  }

  node(id: string): FlowNode {
    const node = this.definition.nodes.get(id);
    invariant(node !== undefined, `process_node_exists:${id}`);
    return node;
  }

  graphScope(id: string): Scope {
    const scope = this.definition.scopes.get(id);
    invariant(scope !== undefined, `process_scope_exists:${id}`);
    return scope;
  }

  scope(id: number): ScopeState {
    const scope = this.scopes.get(id);
    invariant(scope !== undefined, 'process_scope_is_open');
    return scope;
  }

  /** The scope instance of the element around a loop, or the scope itself. */
  plainScope(id: number): ScopeState {
    let scope = this.scope(id);
    while (scope.loop !== null && scope.parent !== null) scope = this.scope(scope.parent);
    return scope;
  }

  spawn(scope: number, node: string, options: Spawn = {}): Token {
    const token: Token = {
      id: this.newId(),
      scope,
      node,
      flow: options.flow ?? null,
      phase: options.phase ?? 'enter',
      waitsFor: null,
      since_ms: this.context.now_ms,
      local: options.local ?? {},
      inner: options.inner ?? false,
      result: options.result ?? null,
      incident: null,
      compensates: options.compensates ?? null,
      queue: null,
      helper: options.helper ?? false,
    };
    this.tokens.set(token.id, token);
    this.ready.push(token.id);
    return token;
  }

  wait(token: Token, reason: WaitsFor): void {
    token.phase = 'wait';
    token.waitsFor = reason;
  }

  /** Makes a waiting token leave its node with `result`. */
  resume(token: Token, result: Json = null): void {
    token.phase = 'leave';
    token.waitsFor = null;
    token.result = result;
    this.ready.push(token.id);
  }

  remove(token: Token): void {
    this.tokens.delete(token.id);
    this.emptied.add(token.scope);
  }

  /** Writes the visit of a token into history. */
  record(token: Token, outcome: HistoryOutcome, detail: Json = null): void {
    if (token.helper) return;
    this.sequence++;
    this.effects.push({
      kind: 'history',
      row: {
        sequence: this.sequence,
        token: token.id,
        node: token.node,
        since_ms: token.since_ms,
        at_ms: this.context.now_ms,
        outcome,
        detail,
      },
    });
  }

  /** Ends a token and everything it holds, without completing anything. */
  kill(token: Token, outcome: HistoryOutcome = 'cancelled', detail: Json = null): void {
    if (!this.tokens.has(token.id)) return;
    if (token.waitsFor === 'job' || token.waitsFor === 'task' || token.waitsFor === 'call') {
      this.effects.push({ kind: 'withdraw', token: token.id, what: token.waitsFor });
    }
    if (token.incident !== null) this.effects.push({ kind: 'resolved', token: token.id });
    for (const scope of this.scopes.values()) if (scope.owner === token.id) this.killScope(scope);
    for (const other of this.tokens.values()) if (other.compensates === token.id) this.kill(other);
    this.closeWaits(token.id);
    this.record(token, outcome, detail);
    this.remove(token);
  }

  /** Ends a scope and everything in it; its owner stays. */
  killScope(scope: ScopeState): void {
    this.killTokens(scope);
    this.closeWaits(scope.id);
    this.scopes.delete(scope.id);
    this.emptied.delete(scope.id);
  }

  /** Ends all tokens of a scope, but for `except`. */
  killTokens(scope: ScopeState, except?: Token): void {
    for (const token of this.tokens.values()) {
      if (token.scope === scope.id && token !== except) this.kill(token);
    }
  }

  closeWaits(owner: number): void {
    for (const wait of this.waits.values()) if (wait.owner === owner) this.closeWait(wait);
  }

  closeWait(wait: Wait): void {
    this.waits.delete(wait.id);
    if (wait.kind !== 'condition') this.effects.push({ kind: 'close', wait: wait.id, type: wait.kind });
  }

  /** Stops a token until a person resolves what happened. A job, call or task keeps being one: only it is tried again. */
  raise(token: Token, code: string, detail: string): void {
    const at = token.phase === 'leave' ? 'leave' : 'enter';
    if (token.waitsFor !== 'job' && token.waitsFor !== 'call' && token.waitsFor !== 'task')
      this.wait(token, 'incident');
    token.incident = { code, detail, at };
    this.effects.push({ kind: 'incident', token: token.id, node: token.node, code, detail });
  }

  /** Variables a scope sees, innermost first. */
  layers(scopeId: number | null, ...inner: Readonly<Variables>[]): Layers {
    const layers: Readonly<Variables>[] = [...inner];
    let id = scopeId;
    while (id !== null) {
      const scope: ScopeState = this.scope(id);
      layers.push(scope.variables);
      const owner = scope.owner === null ? undefined : this.tokens.get(scope.owner);
      if (owner !== undefined) layers.push(owner.local);
      id = scope.parent;
    }
    return layers;
  }

  /** Variables a token sees. */
  layersOf(token: Token, ...inner: Readonly<Variables>[]): Layers {
    return this.layers(token.scope, ...inner, token.local);
  }

  /** All that is visible, as one object. */
  visible(layers: Layers): Variables {
    return Object.assign({}, ...layers.toReversed()) as Variables;
  }

  /** Sets a variable in the innermost scope that has it, else in the process. */
  set(scopeId: number, name: string, value: Json): void {
    let scope = this.scope(scopeId);
    while (!Object.hasOwn(scope.variables, name) && scope.parent !== null) scope = this.scope(scope.parent);
    scope.variables[name] = value;
    this.variablesChanged = true;
  }

  setAll(scopeId: number, values: Readonly<Variables>): void {
    for (const [name, value] of Object.entries(values)) this.set(scopeId, name, value);
  }

  /** Errors of limits and syntax become incidents of the token at work. */
  evaluate(expression: Expression, layers: Layers): FeelValue {
    try {
      return evaluate(expression.text, layers, this.context);
    } catch (error) {
      if (!(error instanceof LongmenError)) throw error;
      throw new IncidentError('expression_failed', `${expression.text}: ${error.message}`);
    }
  }

  evaluateJson(expression: Expression, layers: Layers): Json {
    return encode(this.evaluate(expression, layers));
  }

  value(value: Value, layers: Layers): FeelValue {
    return value.kind === 'literal' ? value.text : this.evaluate(value.expression, layers);
  }

  isTrue(expression: Expression, layers: Layers): boolean {
    return this.evaluate(expression, layers) === true;
  }
}
