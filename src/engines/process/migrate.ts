/** Migration of running instances to another version: looked at first, then done one by one, in bulk. */
import type { Queryable, Transaction } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import { type MigrationProblem, migrateState, type NodeMapping } from './core/migrate.ts';
import type { State } from './core/state.ts';
import type { Actor, Engine } from './engine.ts';
import { processError } from './errors.ts';
import { trail } from './service.ts';
import type { Deployed } from './store/definitions.ts';
import { flush } from './store/flush.ts';
import { lockInstance, requireOpen } from './store/instances.ts';
import { Unit } from './store/unit.ts';

export interface MigrationPlan {
  readonly process: string;
  /** Instances of this version. */
  readonly from: number;
  readonly to: number;
  readonly mapping?: NodeMapping;
  /** Only these; all running and suspended ones of the version by default. */
  readonly instanceIds?: readonly string[];
}

export interface MigrationReport {
  /** Instances that can be moved, or were. */
  readonly moved: number;
  readonly refused: readonly { readonly instanceId: string; readonly problems: readonly MigrationProblem[] }[];
}

const PAGE = 200;

interface Versions {
  readonly from: Deployed;
  readonly to: Deployed;
}

async function versionsOf(engine: Engine, db: Queryable, plan: MigrationPlan): Promise<Versions> {
  const from = await engine.definitions.find(db, plan.process, plan.from);
  const to = await engine.definitions.find(db, plan.process, plan.to);
  for (const [old, made] of Object.entries(plan.mapping ?? {})) {
    if (from.graph.nodes.has(old) && to.graph.nodes.has(made)) continue;
    throw processError(
      'process_migration_invalid',
      `The plan maps ${old} to ${made}, which are not nodes of the versions`,
    );
  }
  return { from, to };
}

async function* pages(engine: Engine, db: Queryable, plan: MigrationPlan, from: Deployed) {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await db.query<{ instanceId: string; state: State }>(
      `select instance_id as "instanceId", state from process.instance
        where book_id = $1 and definition_id = $2 and status in ('running', 'suspended') and instance_id > $3
          and ($4::uuid[] is null or instance_id = any($4))
        order by instance_id limit $5`,
      [engine.bookId, from.definitionId, after, plan.instanceIds ?? null, PAGE],
    );
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)?.instanceId ?? after;
  }
}

/** What a migration would do, without doing it. Errors: `process_version_not_found`, `process_migration_invalid`. */
export async function previewMigration(engine: Engine, db: Queryable, plan: MigrationPlan): Promise<MigrationReport> {
  const { from, to } = await versionsOf(engine, db, plan);
  const refused: { instanceId: string; problems: readonly MigrationProblem[] }[] = [];
  const context = { ...engine.moment(), called: false, decide: () => null };
  let moved = 0;
  for await (const rows of pages(engine, db, plan, from)) {
    for (const { instanceId, state } of rows) {
      const { problems } = migrateState(from.graph, to.graph, state, plan.mapping ?? {}, context);
      if (problems.length > 0) refused.push({ instanceId, problems });
      else moved++;
    }
  }
  return { moved, refused };
}

/** Moves one instance in the caller's transaction; gives the problems that keep it where it is, if there are any. */
export async function migrateInstance(
  engine: Engine,
  tx: Transaction,
  instanceId: string,
  plan: MigrationPlan,
  actor: Actor,
): Promise<readonly MigrationProblem[]> {
  engine.allow(actor, 'migrate', instanceId);
  const { from, to } = await versionsOf(engine, tx, plan);
  const unit = new Unit(engine, tx);
  const live = await lockInstance(unit, instanceId);
  requireOpen(live);
  if (live.deployed.definitionId !== from.definitionId) {
    throw processError('process_instance_not_of_version', `Instance ${instanceId} is not of version ${plan.from}`);
  }
  const problems = unit.migrate(live, to, (context) =>
    migrateState(from.graph, to.graph, live.state, plan.mapping ?? {}, context),
  );
  if (problems.length > 0) return problems;
  await trail(unit, instanceId, actor, 'migrate', { from: plan.from, to: plan.to, mapping: plan.mapping ?? {} });
  await flush(unit);
  return [];
}

/** Moves every instance of the plan that can be moved, each in a transaction of its own; it can be run again at will. */
export async function migrate(engine: Engine, plan: MigrationPlan, actor: Actor): Promise<MigrationReport> {
  const { from } = await versionsOf(engine, engine.db, plan);
  const refused: { instanceId: string; problems: readonly MigrationProblem[] }[] = [];
  let moved = 0;
  for await (const rows of pages(engine, engine.db, plan, from)) {
    for (const { instanceId } of rows) {
      const problems = await engine.db
        .transaction((tx) => migrateInstance(engine, tx, instanceId, plan, actor))
        .catch((error: unknown) => goneMeanwhile(error));
      if (problems === null) continue;
      if (problems.length > 0) refused.push({ instanceId, problems });
      else moved++;
    }
  }
  return { moved, refused };
}

/** Null when the instance ended, or was moved by somebody else, since the list was read. */
function goneMeanwhile(error: unknown): null {
  const gone = ['process_instance_ended', 'process_instance_not_of_version'];
  if (error instanceof LongmenError && gone.includes(error.code)) return null;
  throw error;
}
