/** The organisation: institution, legal entities, branches, teams. A unit keeps its place; reorganising makes new ones. */
import type { Clock } from '#kernel/clock';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { accessError } from './errors.ts';

export type UnitKind = 'institution' | 'legal_entity' | 'branch' | 'team';

export interface Unit {
  readonly unitId: number;
  readonly parentId: number | null;
  readonly kind: UnitKind;
  readonly code: string;
  readonly name: string;
  /** RFC 3339, UTC; null for the institution itself. */
  readonly createdAt: string | null;
  readonly closedAt: string | null;
}

export interface UnitInput {
  readonly code: string;
  readonly name: string;
  readonly kind: Exclude<UnitKind, 'institution'>;
  /** Code of the unit above; default the institution. */
  readonly parent?: string | undefined;
}

/** The unit that is the institution itself. */
export const institutionId = 1;

/** What may stand directly below what. */
const below: Readonly<Record<UnitKind, readonly UnitKind[]>> = {
  institution: ['legal_entity', 'branch', 'team'],
  legal_entity: ['branch', 'team'],
  branch: ['branch', 'team'],
  team: [],
};

const columns = `unit_id as "unitId", parent_id as "parentId", kind, code, name, created_at as "createdAt", closed_at as "closedAt"`;

/**
 * Makes a unit; the same again gives the one that exists.
 *
 * @throws `unit_code_invalid`, `unit_not_found` (the parent), `unit_closed`, `unit_kind_misplaced`, `unit_different`
 */
export async function createUnit(tx: Transaction, input: UnitInput, clock: Clock): Promise<Unit> {
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(input.code)) {
    throw accessError('unit_code_invalid', 'A unit code has 1 to 32 of a-z, 0-9, _ and -, the first a letter or digit');
  }
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('kernel.unit', 0))`);
  const parent = await readUnit(tx, input.parent ?? 'institution');
  const existing = await selectUnit(tx, input.code);
  if (existing !== undefined) {
    if (existing.name === input.name && existing.kind === input.kind && existing.parentId === parent.unitId)
      return existing;
    throw accessError('unit_different', `Unit ${input.code} exists as ${existing.name}`, { unit: input.code });
  }
  if (parent.closedAt !== null)
    throw accessError('unit_closed', `Unit ${parent.code} is closed`, { unit: parent.code });
  if (!below[parent.kind].includes(input.kind)) {
    throw accessError('unit_kind_misplaced', `A ${input.kind} does not stand below a ${parent.kind}`);
  }
  const { rows } = await tx.query<Unit>(
    `insert into kernel.unit (unit_id, parent_id, kind, code, name, created_at)
     select max(unit_id) + 1, $1, $2, $3, $4, $5 from kernel.unit
     returning ${columns}`,
    [parent.unitId, input.kind, input.code, input.name, clock.now().toString()],
  );
  const [made] = rows;
  invariant(made !== undefined, 'insert_returns_the_unit');
  await tx.query(
    `insert into kernel.unit_path (ancestor_id, unit_id, depth)
     select ancestor_id, $2::int, depth + 1 from kernel.unit_path where unit_id = $1
     union all select $2::int, $2::int, 0`,
    [parent.unitId, made.unitId],
  );
  return made;
}

/**
 * Renames a unit.
 *
 * @throws `unit_not_found`
 */
export async function renameUnit(tx: Transaction, code: string, name: string): Promise<Unit> {
  const { unitId } = await readUnit(tx, code);
  const { rows } = await tx.query<Unit>(`update kernel.unit set name = $2 where unit_id = $1 returning ${columns}`, [
    unitId,
    name,
  ]);
  const [renamed] = rows;
  if (renamed === undefined) throw accessError('unit_not_found', 'There is no such unit', { unit: code });
  return renamed;
}

/**
 * Closes a unit without open units below; what belongs to it stays where it is. Closing it again changes nothing.
 *
 * @throws `unit_not_found`, `unit_in_use`
 */
export async function closeUnit(tx: Transaction, code: string, clock: Clock): Promise<Unit> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('kernel.unit', 0))`);
  const unit = await readUnit(tx, code);
  if (unit.unitId === institutionId) throw accessError('unit_in_use', 'The institution itself is not closed');
  const { rowCount } = await tx.query('select from kernel.unit where parent_id = $1 and closed_at is null', [
    unit.unitId,
  ]);
  if (rowCount > 0) throw accessError('unit_in_use', `Unit ${code} has open units below it`, { unit: code });
  const { rows } = await tx.query<Unit>(
    `update kernel.unit set closed_at = coalesce(closed_at, $2) where unit_id = $1 returning ${columns}`,
    [unit.unitId, clock.now().toString()],
  );
  return rows[0] ?? unit;
}

/** @throws `unit_not_found`, also for a unit that is not in scope */
export async function readUnit(db: Queryable, code: string): Promise<Unit> {
  const unit = await selectUnit(db, code);
  if (unit === undefined) throw accessError('unit_not_found', 'There is no such unit', { unit: code });
  return unit;
}

/** The units in scope and those above them, parents first. */
export async function listUnits(db: Queryable): Promise<Unit[]> {
  const { rows } = await db.query<Unit>(`select ${columns} from kernel.unit order by unit_id`);
  return rows;
}

async function selectUnit(db: Queryable, code: string): Promise<Unit | undefined> {
  const { rows } = await db.query<Unit>(`select ${columns} from kernel.unit where code = $1`, [code]);
  return rows[0];
}
