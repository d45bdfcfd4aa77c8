/** What a step wants done outside the state, in order. The store carries effects out in the transaction of the step. */
import type { Retry } from '../model/graph.ts';
import type { Json, Variables } from './values.ts';

export type Effect =
  /** Call a registered function for a token. */
  | {
      readonly kind: 'job';
      readonly token: number;
      readonly node: string;
      readonly function: string;
      readonly retry: Retry;
    }
  | {
      readonly kind: 'task';
      readonly token: number;
      readonly node: string;
      readonly name: string;
      readonly assignee: string | null;
      readonly candidateRoles: readonly string[];
      readonly formKey: string | null;
      readonly due_ms: number | null;
      readonly priority: number;
    }
  | {
      readonly kind: 'call';
      readonly token: number;
      readonly process: string;
      readonly version: number | null;
      readonly variables: Variables;
    }
  /** What a token waited for (job, task, call) is not wanted any more. */
  | { readonly kind: 'withdraw'; readonly token: number; readonly what: 'job' | 'task' | 'call' }
  | { readonly kind: 'timer'; readonly wait: number; readonly node: string; readonly due_ms: number }
  | {
      readonly kind: 'subscribe';
      readonly wait: number;
      readonly node: string;
      readonly type: 'message' | 'signal';
      readonly name: string;
      readonly key: string | null;
      readonly keeps: boolean;
    }
  | { readonly kind: 'close'; readonly wait: number; readonly type: 'timer' | 'message' | 'signal' }
  | {
      readonly kind: 'send';
      readonly token: number;
      readonly name: string;
      readonly key: string | null;
      readonly payload: Variables;
    }
  | { readonly kind: 'broadcast'; readonly name: string; readonly payload: Variables }
  | { readonly kind: 'history'; readonly row: HistoryRow }
  | {
      readonly kind: 'incident';
      readonly token: number;
      readonly node: string;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly kind: 'resolved'; readonly token: number }
  /** An escalation nobody in this instance caught: for the calling instance. */
  | { readonly kind: 'escalate'; readonly code: string; readonly payload: Variables }
  /** More is to be done at once than one step should hold. */
  | { readonly kind: 'continue' }
  | {
      readonly kind: 'ended';
      readonly status: 'completed' | 'cancelled' | 'failed';
      readonly variables: Variables;
      readonly error: { readonly code: string; readonly message: string; readonly payload: Variables } | null;
    };

export type HistoryOutcome = 'completed' | 'cancelled' | 'error';

/** One visit of one node that is over. */
export interface HistoryRow {
  readonly sequence: number;
  readonly token: number;
  readonly node: string;
  readonly since_ms: number;
  readonly at_ms: number;
  readonly outcome: HistoryOutcome;
  readonly detail: Json;
}
