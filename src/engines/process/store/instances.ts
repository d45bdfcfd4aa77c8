/** Getting instances in hand: locked, with their definitions loaded. */
import { processError, uuidOf } from '../errors.ts';
import { type InstanceRow, instanceColumns, instantOf, type WorkKind, type WorkRow } from './rows.ts';
import type { Live, Unit } from './unit.ts';

/** Locks one instance, waiting for whoever has it. Error: `process_instance_not_found`. */
export async function lockInstance(unit: Unit, instanceId: string): Promise<Live> {
  const { rows } = await unit.tx.query<InstanceRow>(
    `select ${instanceColumns} from process.instance i where i.book_id = $1 and i.instance_id = $2 for update`,
    [unit.engine.bookId, uuidOf(instanceId)],
    { prepare: true },
  );
  const [row] = rows;
  if (row === undefined) throw processError('process_instance_not_found', `No instance ${instanceId}`);
  return adopt(unit, row);
}

/** As {@link lockInstance}, for what needs it running. Errors: `process_instance_ended`, `process_instance_suspended`. */
export async function lockRunning(unit: Unit, instanceId: string): Promise<Live> {
  const live = await lockInstance(unit, instanceId);
  requireOpen(live);
  if (live.status === 'suspended') {
    throw processError('process_instance_suspended', `Instance ${instanceId} is suspended`);
  }
  return live;
}

export function requireOpen(live: Live): void {
  if (live.status === 'running' || live.status === 'suspended') return;
  throw processError('process_instance_ended', `Instance ${live.instanceId} is ${live.status}`);
}

async function adopt(unit: Unit, row: InstanceRow): Promise<Live> {
  const known = unit.lives.get(row.instanceId);
  if (known !== undefined) return known;
  const { definitions } = unit.engine;
  const deployed = await definitions.get(unit.tx, row.definitionId);
  if (deployed.decides) await definitions.refreshModels(unit.tx, deployed);
  return unit.adopt(row, deployed);
}

/** Takes open instances that were called by these tokens in hand, but for those that somebody else has. */
export async function lockCalled(
  unit: Unit,
  callers: readonly { readonly parentId: string; readonly token: number }[],
): Promise<void> {
  const { rows } = await unit.tx.query<InstanceRow>(
    `select ${instanceColumns}
       from process.instance i join unnest($2::uuid[], $3::integer[]) as n (parent, token)
         on i.parent_id = n.parent and i.parent_token = n.token
      where i.book_id = $1 and i.ended_at is null
      order by i.instance_id for update of i skip locked`,
    [unit.engine.bookId, callers.map((one) => one.parentId), callers.map((one) => one.token)],
    { prepare: true },
  );
  for (const row of rows) await adopt(unit, row);
}

/** Locks instances that have due work and that nobody else has, those due first, first. */
export async function takeDue(unit: Unit, limit: number): Promise<Live[]> {
  const { rows } = await unit.tx.query<InstanceRow>(
    `select ${instanceColumns}
       from process.work w join process.instance i on i.book_id = w.book_id and i.instance_id = w.instance_id
      where w.book_id = $1 and w.due_at <= $2
      order by w.due_at limit $3 for update of i skip locked`,
    [unit.engine.bookId, instantOf(unit.now_ms), limit],
    { prepare: true },
  );
  const lives = new Set<Live>();
  for (const row of rows) lives.add(await adopt(unit, row));
  return [...lives];
}

interface DueRow {
  readonly instanceId: string;
  readonly key: string;
  readonly kind: WorkKind;
  readonly token: number | null;
  readonly dueAt: string;
  readonly attempts: number;
  readonly payload: WorkRow['payload'];
}

/** The due work of locked instances, oldest first. */
export async function readDue(unit: Unit, ids: readonly string[]): Promise<Map<string, WorkRow[]>> {
  const { rows } = await unit.tx.query<DueRow>(
    `select instance_id as "instanceId", work_key as key, kind, token, due_at as "dueAt", attempts, payload
       from process.work where book_id = $1 and instance_id = any($2::uuid[]) and due_at <= $3
      order by due_at, work_key`,
    [unit.engine.bookId, ids, instantOf(unit.now_ms)],
    { prepare: true },
  );
  const due = new Map<string, WorkRow[]>();
  for (const { dueAt, ...row } of rows) {
    const work = { ...row, due_ms: Date.parse(dueAt) };
    const list = due.get(row.instanceId);
    if (list === undefined) due.set(row.instanceId, [work]);
    else list.push(work);
  }
  return due;
}
