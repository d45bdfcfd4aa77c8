/** What can be asked about instances, tasks, incidents and history. Lists are cut at `limit` (default 100). */
import type { Queryable } from '#kernel/database';
import type { State } from './core/state.ts';
import type { Engine } from './engine.ts';
import { processError, uuidOf } from './errors.ts';
import { type Status, taskId } from './store/rows.ts';
import { variablesOf } from './store/unit.ts';

export interface InstanceView {
  readonly instanceId: string;
  readonly process: string;
  readonly version: number;
  readonly status: Status;
  readonly businessKey: string | null;
  readonly parentId: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Variables of the process, in plain data. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Where it is. */
  readonly tokens: readonly TokenView[];
}

export interface TokenView {
  readonly token: number;
  readonly node: string;
  readonly waitsFor: string | null;
  readonly incident: { readonly code: string; readonly detail: string } | null;
}

const instanceSelect = `select i.instance_id as "instanceId", d.key as process, d.version, i.status,
         i.business_key as "businessKey", i.parent_id as "parentId", i.started_at as "startedAt",
         i.ended_at as "endedAt", i.state
    from process.instance i
    join process.definition d on d.book_id = i.book_id and d.definition_id = i.definition_id`;

type InstanceRow = Omit<InstanceView, 'variables' | 'tokens'> & { readonly state: State };

function viewOf({ state, ...row }: InstanceRow): InstanceView {
  const tokens = state.tokens
    .filter((token) => !token.helper)
    .map(({ id, node, waitsFor, incident }) => ({
      token: id,
      node,
      waitsFor,
      incident: incident === null ? null : { code: incident.code, detail: incident.detail },
    }));
  return { ...row, variables: variablesOf(state), tokens };
}

/** One instance. Error: `process_instance_not_found`. */
export async function readInstance(engine: Engine, db: Queryable, instanceId: string): Promise<InstanceView> {
  const { rows } = await db.query<InstanceRow>(`${instanceSelect} where i.book_id = $1 and i.instance_id = $2`, [
    engine.bookId,
    uuidOf(instanceId),
  ]);
  const [row] = rows;
  if (row === undefined) throw processError('process_instance_not_found', `No instance ${instanceId}`);
  return viewOf(row);
}

export interface DefinitionView {
  readonly process: string;
  readonly version: number;
  readonly name: string;
  readonly deployedAt: string;
  readonly deployedBy: string;
  /** Instances of this version that have not ended. */
  readonly open: number;
}

export interface DefinitionFilter {
  readonly process?: string;
  /** Versions behind this one. */
  readonly after?: { readonly process: string; readonly version: number };
  readonly limit?: number;
}

/** Deployed versions, by process and version. */
export async function listDefinitions(
  engine: Engine,
  db: Queryable,
  filter: DefinitionFilter = {},
): Promise<DefinitionView[]> {
  const { process, after, limit = 100 } = filter;
  const { rows } = await db.query<DefinitionView>(
    `select d.key as process, d.version, d.name, d.deployed_at as "deployedAt", d.deployed_by as "deployedBy",
            (select count(*) from process.instance i
              where i.book_id = d.book_id and i.definition_id = d.definition_id
                and i.status in ('running', 'suspended'))::integer as open
       from process.definition d
      where d.book_id = $1 and ($2::text is null or d.key = $2)
        and ($3::text is null or (d.key, d.version) > ($3, $4::integer))
      order by d.key, d.version limit $5`,
    [engine.bookId, process ?? null, after?.process ?? null, after?.version ?? null, limit],
  );
  return rows;
}

/** The BPMN document of a version, as it was deployed; the latest by default. Errors as of `start`. */
export async function readDocument(
  engine: Engine,
  db: Queryable,
  process: string,
  version: number | null = null,
): Promise<string> {
  const { definitionId } = await engine.definitions.find(db, process, version);
  const { rows } = await db.query<{ document: string }>(
    'select document from process.definition where book_id = $1 and definition_id = $2',
    [engine.bookId, definitionId],
  );
  return rows[0]?.document ?? '';
}

export interface InstanceFilter {
  readonly process?: string;
  readonly status?: Status;
  readonly businessKey?: string;
  readonly parentId?: string;
  /** Instances behind this id. */
  readonly after?: string;
  readonly limit?: number;
}

export async function listInstances(
  engine: Engine,
  db: Queryable,
  filter: InstanceFilter = {},
): Promise<InstanceView[]> {
  const { process, status, businessKey, parentId, after, limit = 100 } = filter;
  const { rows } = await db.query<InstanceRow>(
    `${instanceSelect}
      where i.book_id = $1 and ($2::text is null or d.key = $2) and ($3::text is null or i.status = $3)
        and ($4::text is null or i.business_key = $4) and ($5::uuid is null or i.parent_id = $5)
        and ($6::uuid is null or i.instance_id > $6)
      order by i.instance_id limit $7`,
    [engine.bookId, process ?? null, status ?? null, businessKey ?? null, idOrNull(parentId), idOrNull(after), limit],
  );
  return rows.map(viewOf);
}

function idOrNull(id: string | undefined): string | null {
  return id === undefined ? null : uuidOf(id);
}

export interface TaskView {
  readonly taskId: string;
  readonly instanceId: string;
  readonly token: number;
  readonly node: string;
  readonly name: string;
  readonly state: 'open' | 'completed' | 'cancelled';
  readonly assignee: string | null;
  readonly candidateRoles: readonly string[];
  readonly formKey: string | null;
  readonly priority: number;
  readonly dueAt: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
}

export interface TaskFilter {
  readonly instanceId?: string;
  readonly assignee?: string;
  /** Tasks nobody has claimed that one of these roles may. */
  readonly roles?: readonly string[];
  /** Default `open`. */
  readonly state?: TaskView['state'];
  readonly limit?: number;
}

/** Tasks, the most urgent and then the oldest first. */
export async function listTasks(engine: Engine, db: Queryable, filter: TaskFilter = {}): Promise<TaskView[]> {
  const { instanceId, assignee, roles, state = 'open', limit = 100 } = filter;
  const { rows } = await db.query<TaskView>(
    `select task_id as "taskId", instance_id as "instanceId", token, node, name, state, assignee,
            candidate_roles as "candidateRoles", form_key as "formKey", priority, due_at as "dueAt",
            created_at as "createdAt", ended_at as "endedAt", ended_by as "endedBy"
       from process.task
      where book_id = $1 and state = $2 and ($3::uuid is null or instance_id = $3)
        and ($4::text is null or assignee = $4)
        and ($5::text[] is null or (assignee is null and candidate_roles && $5))
      order by priority desc, created_at, task_id limit $6`,
    [engine.bookId, state, idOrNull(instanceId), assignee ?? null, roles ?? null, limit],
  );
  return rows;
}

export interface IncidentView {
  readonly incidentId: string;
  readonly instanceId: string;
  readonly token: number;
  readonly node: string;
  readonly code: string;
  readonly detail: string;
  readonly openedAt: string;
}

/** Open incidents, the oldest first. */
export async function listIncidents(
  engine: Engine,
  db: Queryable,
  filter: { readonly instanceId?: string; readonly limit?: number } = {},
): Promise<IncidentView[]> {
  const { rows } = await db.query<IncidentView>(
    `select incident_id as "incidentId", instance_id as "instanceId", token, node, code, detail, opened_at as "openedAt"
       from process.incident
      where book_id = $1 and resolved_at is null and ($2::uuid is null or instance_id = $2)
      order by opened_at, incident_id limit $3`,
    [engine.bookId, idOrNull(filter.instanceId), filter.limit ?? 100],
  );
  return rows;
}

export interface HistoryView {
  readonly sequence: number;
  readonly token: number;
  readonly node: string;
  readonly enteredAt: string;
  readonly leftAt: string;
  readonly outcome: 'completed' | 'cancelled' | 'error';
  readonly detail: unknown;
}

/** The visits of an instance that are over, in order. */
export async function readHistory(engine: Engine, db: Queryable, instanceId: string): Promise<HistoryView[]> {
  const { rows } = await db.query<HistoryView>(
    `select sequence, token, node, entered_at as "enteredAt", left_at as "leftAt", outcome, detail
       from process.history where book_id = $1 and instance_id = $2 order by sequence`,
    [engine.bookId, instanceId],
  );
  return rows;
}

export interface TrailView {
  readonly recordedAt: string;
  readonly actor: string;
  readonly action: string;
  readonly detail: unknown;
}

/** Who did what to an instance, in order. */
export async function readTrail(engine: Engine, db: Queryable, instanceId: string): Promise<TrailView[]> {
  const { rows } = await db.query<TrailView>(
    `select recorded_at as "recordedAt", actor, action, detail from process.trail
      where book_id = $1 and instance_id = $2 order by trail_id`,
    [engine.bookId, instanceId],
  );
  return rows;
}

/** The id of the task a token stands for. */
export function taskIdOf(instanceId: string, token: number): string {
  return taskId(instanceId, token);
}
