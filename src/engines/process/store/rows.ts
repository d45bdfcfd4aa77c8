/** Rows as the store handles them; instants are epoch milliseconds in memory, `infinity` is null. */
import { deterministicId } from '#kernel/ids';
import type { HistoryRow as CoreHistoryRow } from '../core/effects.ts';
import { emptyState, type State } from '../core/state.ts';
import type { Json, Variables } from '../core/values.ts';

export type Status = 'running' | 'suspended' | 'completed' | 'cancelled' | 'failed';

export interface InstanceRow {
  readonly instanceId: string;
  readonly definitionId: string;
  readonly status: Status;
  readonly businessKey: string | null;
  readonly parentId: string | null;
  readonly parentToken: number | null;
  readonly state: State;
}

export type NewInstance = Omit<InstanceRow, 'definitionId' | 'status'>;

export const instanceColumns = `i.instance_id as "instanceId", i.definition_id as "definitionId", i.status,
  i.business_key as "businessKey", i.parent_id as "parentId", i.parent_token as "parentToken", i.state`;

export type WorkKind =
  | 'job'
  | 'timer'
  | 'message'
  | 'signal'
  | 'start'
  | 'returned'
  | 'error'
  | 'escalation'
  | 'fail'
  | 'cancel'
  | 'continue';

export interface WorkRow {
  readonly instanceId: string;
  readonly key: string;
  readonly kind: WorkKind;
  /** The token, or the wait, it is for. */
  readonly token: number | null;
  /** Null: it waits for a person. */
  readonly due_ms: number | null;
  readonly attempts: number;
  readonly payload: Json;
}

export interface HistoryRow extends CoreHistoryRow {
  readonly instanceId: string;
}

export interface TaskRow {
  readonly taskId: string;
  readonly instanceId: string;
  readonly token: number;
  readonly node: string;
  readonly name: string;
  readonly assignee: string | null;
  readonly candidateRoles: readonly string[];
  readonly formKey: string | null;
  readonly priority: number;
  readonly due_ms: number | null;
}

export interface EndedTask {
  readonly taskId: string;
  readonly state: 'completed' | 'cancelled';
  readonly by: string | null;
}

export interface IncidentRow {
  readonly incidentId: string;
  readonly instanceId: string;
  readonly token: number;
  readonly node: string;
  readonly code: string;
  readonly detail: string;
}

export interface NewSubscription {
  readonly instanceId: string;
  readonly wait: number;
  readonly type: 'message' | 'signal';
  readonly name: string;
  readonly key: string | null;
  readonly keeps: boolean;
}

export interface Sent {
  readonly messageId: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: Variables;
  /** Null: a day from now. */
  readonly expires_ms: number | null;
  /** It was on its way to an instance that does not want it any more. */
  readonly repeated: boolean;
}

export interface Broadcast {
  readonly id: string;
  readonly name: string;
  readonly payload: Variables;
}

export const jobKey = (token: number) => `job:${token}`;
export const waitKey = (wait: number) => `wait:${wait}`;
export const taskId = (instanceId: string, token: number) => deterministicId('process.task', instanceId, String(token));

export function unbegun(): State {
  return emptyState();
}

/** An instant for PostgreSQL. */
export function instantOf(time_ms: number | null): string {
  return time_ms === null ? 'infinity' : new Date(time_ms).toISOString();
}
