/** The statements of a unit: one per table, whatever the number of instances. */
import type { Transaction } from '#kernel/database';
import { instantOf, type WorkRow } from './rows.ts';
import type { Live, Unit } from './unit.ts';

export async function writeAll(unit: Unit): Promise<void> {
  await writeInstances(unit);
  await writeHistory(unit);
  await writeWork(unit);
  await writeTasks(unit);
  await writeIncidents(unit);
  await withdrawCalls(unit);
}

async function writeInstances(unit: Unit): Promise<void> {
  const { tx } = unit;
  const { bookId } = unit.engine;
  const now = instantOf(unit.now_ms);
  const changed = [...unit.lives.values()].filter((live) => live.changed);
  const made = changed.filter((live) => live.isNew);
  const kept = changed.filter((live) => !live.isNew);
  if (made.length > 0) {
    await tx.query(
      `insert into process.instance (book_id, instance_id, definition_id, status, business_key, parent_id, parent_token,
              started_at, ended_at, state)
       select $1, n.id, n.definition, n.status, n.business_key, n.parent, n.parent_token, $2, n.ended_at, n.state::jsonb
         from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::integer[], $9::timestamptz[], $10::text[])
              as n (id, definition, status, business_key, parent, parent_token, ended_at, state)`,
      [
        bookId,
        now,
        made.map((live) => live.instanceId),
        made.map((live) => live.deployed.definitionId),
        made.map((live) => live.status),
        made.map((live) => live.businessKey),
        made.map((live) => live.parentId),
        made.map((live) => live.parentToken),
        made.map((live) => (isOver(live) ? now : null)),
        made.map((live) => JSON.stringify(live.state)),
      ],
      { prepare: true },
    );
  }
  if (kept.length > 0) {
    await tx.query(
      `update process.instance as i
          set state = n.state::jsonb, status = n.status, ended_at = n.ended_at, definition_id = n.definition
         from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[])
              as n (id, state, status, ended_at, definition)
        where i.book_id = $1 and i.instance_id = n.id`,
      [
        bookId,
        kept.map((live) => live.instanceId),
        kept.map((live) => JSON.stringify(live.state)),
        kept.map((live) => live.status),
        kept.map((live) => (isOver(live) ? now : null)),
        kept.map((live) => live.deployed.definitionId),
      ],
      { prepare: true },
    );
  }
}

function isOver(live: Live): boolean {
  return live.status !== 'running' && live.status !== 'suspended';
}

/** Removes what ended instances still had open; messages that were on their way to them look for another taker. */
export async function clearEnded(unit: Unit): Promise<void> {
  const { tx } = unit;
  const ids = [...unit.lives.values()].filter((live) => !live.isNew && isOver(live)).map((live) => live.instanceId);
  if (ids.length === 0) return;
  const { bookId } = unit.engine;
  const { rows } = await tx.query<ClearedWork>(
    `delete from process.work where book_id = $1 and instance_id = any($2::uuid[])
     returning instance_id as "instanceId", work_key as key, kind, payload`,
    [bookId, ids],
    { prepare: true },
  );
  for (const { instanceId, key, kind, payload } of rows) {
    // What this unit has handled was taken, be it by the step that ended the instance.
    const handled = unit.lives.get(instanceId)?.work.has(key) === true;
    if (kind === 'message' && !handled) unit.sent.push({ ...payload.message, repeated: true });
  }
  await tx.query(
    `delete from process.subscription where book_id = $1 and instance_id = any($2::uuid[])`,
    [bookId, ids],
    { prepare: true },
  );
}

interface ClearedWork {
  readonly instanceId: string;
  readonly key: string;
  readonly kind: string;
  readonly payload: { readonly message: UndeliveredMessage };
}

interface UndeliveredMessage {
  readonly messageId: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: Readonly<Record<string, never>>;
  readonly expires_ms: number;
}

async function writeHistory({ tx, engine, history }: Unit): Promise<void> {
  if (history.length === 0) return;
  await tx.query(
    `insert into process.history (book_id, instance_id, sequence, token, node, entered_at, left_at, outcome, detail)
     select $1, n.* from unnest($2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::timestamptz[],
                                $7::timestamptz[], $8::text[], $9::jsonb[]) as n`,
    [
      engine.bookId,
      history.map((row) => row.instanceId),
      history.map((row) => row.sequence),
      history.map((row) => row.token),
      history.map((row) => row.node),
      history.map((row) => instantOf(row.since_ms)),
      history.map((row) => instantOf(row.at_ms)),
      history.map((row) => row.outcome),
      history.map((row) => (row.detail === null ? null : JSON.stringify(row.detail))),
    ],
    { prepare: true },
  );
}

async function writeWork(unit: Unit): Promise<void> {
  const removed: { instanceId: string; key: string }[] = [];
  const added: WorkRow[] = [...unit.otherWork];
  for (const live of unit.lives.values()) {
    for (const [key, row] of live.work) {
      if (row !== null) added.push(row);
      else if (!live.isNew) removed.push({ instanceId: live.instanceId, key });
    }
  }
  if (removed.length > 0) {
    await unit.tx.query(
      `delete from process.work as w using unnest($2::uuid[], $3::text[]) as n (id, key)
        where w.book_id = $1 and w.instance_id = n.id and w.work_key = n.key`,
      [unit.engine.bookId, removed.map((row) => row.instanceId), removed.map((row) => row.key)],
      { prepare: true },
    );
  }
  await insertWork(unit.tx, unit.engine.bookId, added);
}

/** Adds work, or puts it in the place of what has its key. */
export async function insertWork(tx: Transaction, bookId: number, work: readonly WorkRow[]): Promise<void> {
  if (work.length === 0) return;
  await tx.query(
    `insert into process.work (book_id, instance_id, work_key, kind, token, due_at, attempts, payload)
     select $1, n.* from unnest($2::uuid[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[], $7::integer[],
                                $8::jsonb[]) as n
         on conflict (book_id, instance_id, work_key) do update
        set kind = excluded.kind, token = excluded.token, due_at = excluded.due_at, held_at = null,
            attempts = excluded.attempts, payload = excluded.payload`,
    [
      bookId,
      work.map((row) => row.instanceId),
      work.map((row) => row.key),
      work.map((row) => row.kind),
      work.map((row) => row.token),
      work.map((row) => instantOf(row.due_ms)),
      work.map((row) => row.attempts),
      work.map((row) => (row.payload === null ? null : JSON.stringify(row.payload))),
    ],
    { prepare: true },
  );
}

async function writeTasks({ tx, engine, tasks, endedTasks, now_ms }: Unit): Promise<void> {
  const now = instantOf(now_ms);
  if (tasks.length > 0) {
    await tx.query(
      `insert into process.task (book_id, task_id, instance_id, token, node, name, state, assignee, candidate_roles,
              form_key, priority, due_at, created_at)
       select $1, n.id, n.instance, n.token, n.node, n.name, 'open', n.assignee,
              array(select jsonb_array_elements_text(n.roles)), n.form_key, n.priority, n.due_at, $2
         from unnest($3::uuid[], $4::uuid[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[],
                     $11::integer[], $12::timestamptz[])
              as n (id, instance, token, node, name, assignee, roles, form_key, priority, due_at)`,
      [
        engine.bookId,
        now,
        tasks.map((row) => row.taskId),
        tasks.map((row) => row.instanceId),
        tasks.map((row) => row.token),
        tasks.map((row) => row.node),
        tasks.map((row) => row.name),
        tasks.map((row) => row.assignee),
        tasks.map((row) => JSON.stringify(row.candidateRoles)),
        tasks.map((row) => row.formKey),
        tasks.map((row) => row.priority),
        tasks.map((row) => (row.due_ms === null ? null : instantOf(row.due_ms))),
      ],
      { prepare: true },
    );
  }
  if (endedTasks.length > 0) {
    await tx.query(
      `update process.task as t set state = n.state, ended_at = $2, ended_by = n.by
         from unnest($3::uuid[], $4::text[], $5::text[]) as n (id, state, by)
        where t.book_id = $1 and t.task_id = n.id and t.state = 'open'`,
      [
        engine.bookId,
        now,
        endedTasks.map((row) => row.taskId),
        endedTasks.map((row) => row.state),
        endedTasks.map((row) => row.by),
      ],
      { prepare: true },
    );
  }
}

async function writeIncidents({ tx, engine, incidents, resolved, now_ms }: Unit): Promise<void> {
  const now = instantOf(now_ms);
  if (resolved.length > 0) {
    await tx.query(
      `update process.incident as i set resolved_at = $2
         from unnest($3::uuid[], $4::integer[]) as n (instance, token)
        where i.book_id = $1 and i.instance_id = n.instance and i.token = n.token and i.resolved_at is null`,
      [engine.bookId, now, resolved.map((row) => row.instanceId), resolved.map((row) => row.token)],
    );
  }
  for (const { incidentId, instanceId, token, node, code, detail } of incidents) {
    await tx.query(
      `insert into process.incident (book_id, incident_id, instance_id, token, node, code, detail, opened_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [engine.bookId, incidentId, instanceId, token, node, code, detail, now],
      { prepare: true },
    );
  }
}

/** Called instances that somebody else had in hand when their caller withdrew are cancelled as work of their own. */
async function withdrawCalls({ tx, engine, withdrawnCalls, now_ms }: Unit): Promise<void> {
  if (withdrawnCalls.length === 0) return;
  await tx.query(
    `insert into process.work (book_id, instance_id, work_key, kind, due_at)
     select i.book_id, i.instance_id, 'cancel', 'cancel', $2::timestamptz
       from process.instance i
       join unnest($3::uuid[], $4::integer[]) as n (parent, token) on i.parent_id = n.parent and i.parent_token = n.token
      where i.book_id = $1 and i.ended_at is null
         on conflict do nothing`,
    [
      engine.bookId,
      instantOf(now_ms),
      withdrawnCalls.map((row) => row.parentId),
      withdrawnCalls.map((row) => row.token),
    ],
  );
}
