/** The state of one instance: plain JSON, all that the next step needs beside the graph. */
import type { Json, Variables } from './values.ts';

/** An activity that was completed and can be compensated. */
export interface Completed {
  readonly node: string;
  /** Its local variables when it was completed: what its handler sees first. */
  readonly local: Variables;
  /** Of a sub-process: the variables and compensable activities it ended with. */
  readonly inside: { readonly variables: Variables; readonly completed: Completed[] } | null;
  /** The scope instance its handler runs in; set when compensation begins. */
  readonly scope?: number;
}

/** Progress of a repeated activity. */
export interface LoopState {
  /** Members of the collection; null for a cardinality or a standard loop. */
  readonly items: readonly Json[] | null;
  /** How many instances there will be; null for a standard loop. */
  readonly total: number | null;
  started: number;
  completed: number;
  /** Results by index, when they are collected. */
  results: Json[] | null;
}

export interface ScopeState {
  readonly id: number;
  /** Id of the scope in the graph; of a loop: the scope the repeated activity is in. */
  graph: string;
  readonly parent: number | null;
  /** The token in the parent that waits for this scope to end. */
  readonly owner: number | null;
  readonly variables: Variables;
  /** Oldest first. */
  completed: Completed[];
  readonly loop: LoopState | null;
}

/**
 * Where the process is. A token is one visit of one node; moving on makes a new one, so its id names the visit for ever
 * and is part of the idempotency key of what the visit calls.
 */
export interface Token {
  readonly id: number;
  readonly scope: number;
  node: string;
  /** The flow it came by. */
  readonly flow: string | null;
  /** `enter` and `leave` are done at once; `wait` needs a stimulus. */
  phase: 'enter' | 'leave' | 'wait';
  waitsFor: WaitsFor | null;
  /** Epoch milliseconds of the entry. */
  readonly since_ms: number;
  /** Variables of the activity itself: inputs and loop variables. */
  local: Variables;
  /** One instance of a repeated activity. */
  readonly inner: boolean;
  /** What came back: result of the activity, payload of the event. */
  result: Json;
  incident: { readonly code: string; readonly detail: string; readonly at: 'enter' | 'leave' } | null;
  /** The token whose compensation this visit is part of. */
  readonly compensates: number | null;
  /** What is still to be compensated, oldest first. */
  queue: Completed[] | null;
  /** Whether the end of the queue is the end of this token: it stands for no visit of its node. */
  readonly helper: boolean;
}

/** `join`: at a gateway; `wait`: open waits; `compensation`: handlers under way. */
export type WaitsFor = 'join' | 'wait' | 'task' | 'job' | 'call' | 'scope' | 'compensation' | 'incident';

/** An open subscription of a token (its own event, a boundary event) or of a scope (an event sub-process). */
export interface Wait {
  readonly id: number;
  /** Token or scope id; they share one numbering. */
  readonly owner: number;
  /** The catching event. */
  node: string;
  readonly kind: 'timer' | 'message' | 'signal' | 'condition';
  readonly name: string | null;
  readonly key: string | null;
  /** Stays open when it fires. */
  readonly keeps: boolean;
  due_ms: number | null;
  repeat: Repeat | null;
  /** Of a condition: what it was last; it fires when it becomes true. */
  last: boolean;
}

/** How a timer goes on: firings left after the present one (null: no end), period, last instant. */
export interface Repeat {
  readonly left: number | null;
  readonly period: string;
  readonly until_ms: number | null;
  readonly calendar: string | null;
}

export interface State {
  nextId: number;
  /** Rows of history so far. */
  sequence: number;
  scopes: ScopeState[];
  tokens: Token[];
  waits: Wait[];
}

export function emptyState(): State {
  return { nextId: 1, sequence: 0, scopes: [], tokens: [], waits: [] };
}
