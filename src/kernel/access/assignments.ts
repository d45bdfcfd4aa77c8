/** Who has which role where, and who stands in for whom. */
import type { Clock } from '#kernel/clock';
import { currentContext } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText, parseInstant } from '#kernel/dates';
import { isUuid, newId } from '#kernel/ids';
import { accessError } from './errors.ts';
import { readRole } from './roles.ts';
import { readUnit } from './units.ts';

export interface Assignment {
  readonly assignmentId: string;
  readonly staffId: string;
  readonly role: string;
  /** Code of the unit; the role holds there and in all units below. */
  readonly unit: string;
  /** RFC 3339, UTC. */
  readonly validFrom: string;
  readonly validUntil: string | null;
}

export interface AssignmentInput {
  readonly staffId: string;
  readonly role: string;
  readonly unit: string;
  readonly validFrom?: string | undefined;
  readonly validUntil?: string | undefined;
}

export interface Delegation {
  readonly delegationId: string;
  readonly fromId: string;
  readonly toId: string;
  /** Null: all roles. */
  readonly role: string | null;
  readonly validFrom: string;
  readonly validUntil: string;
}

/**
 * Gives somebody a role in a unit and all units below it.
 *
 * @throws `role_not_found`, `unit_not_found`, `unit_closed`, `validity_invalid`
 */
export async function assignRole(tx: Transaction, input: AssignmentInput, clock: Clock): Promise<Assignment> {
  const role = await readRole(tx, input.role);
  const unit = await readUnit(tx, input.unit);
  if (unit.closedAt !== null) throw accessError('unit_closed', `Unit ${unit.code} is closed`, { unit: unit.code });
  const { from, until } = validity(input.validFrom, input.validUntil, clock);
  const assignmentId = newId(clock);
  await tx.query(
    `insert into kernel.assignment (assignment_id, staff_id, role_code, unit_id, valid_from, valid_until, made_by)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [assignmentId, input.staffId, role.code, unit.unitId, from, until, currentContext().actor.id],
  );
  return { assignmentId, staffId: input.staffId, role: role.code, unit: unit.code, validFrom: from, validUntil: until };
}

/**
 * Ends an assignment now; ending it again changes nothing.
 *
 * @throws `assignment_not_found`
 */
export async function endAssignment(tx: Transaction, assignmentId: string, clock: Clock): Promise<void> {
  const { rowCount } = isUuid(assignmentId)
    ? await tx.query(
        `update kernel.assignment set valid_until = greatest(valid_from, least(valid_until, $2)) where assignment_id = $1`,
        [assignmentId, clock.now().toString()],
      )
    : { rowCount: 0 };
  if (rowCount === 0) {
    throw accessError('assignment_not_found', 'There is no such assignment', { assignment_id: assignmentId });
  }
}

/** Assignments, also those that ended, of one person or of all; those in units outside `unitIds` are left out. */
export async function listAssignments(
  db: Queryable,
  filter: { staffId?: string | undefined; unitIds?: readonly number[] | undefined } = {},
): Promise<Assignment[]> {
  const { rows } = await db.query<Assignment>(
    `select a.assignment_id as "assignmentId", a.staff_id as "staffId", a.role_code as role, u.code as unit,
            a.valid_from as "validFrom", a.valid_until as "validUntil"
       from kernel.assignment a join kernel.unit u using (unit_id)
      where ($1::uuid is null or a.staff_id = $1) and ($2::int[] is null or a.unit_id = any ($2))
      order by a.valid_from, a.assignment_id`,
    [filter.staffId ?? null, filter.unitIds === undefined ? null : [...filter.unitIds]],
  );
  return rows;
}

/** @throws `assignment_not_found` */
export async function readAssignment(db: Queryable, assignmentId: string): Promise<Assignment & { unitId: number }> {
  const { rows } = isUuid(assignmentId)
    ? await db.query<Assignment & { unitId: number }>(
        `select a.assignment_id as "assignmentId", a.staff_id as "staffId", a.role_code as role, u.code as unit,
                a.unit_id as "unitId", a.valid_from as "validFrom", a.valid_until as "validUntil"
           from kernel.assignment a join kernel.unit u using (unit_id) where a.assignment_id = $1`,
        [assignmentId],
      )
    : { rows: [] };
  const [found] = rows;
  if (found === undefined) {
    throw accessError('assignment_not_found', 'There is no such assignment', { assignment_id: assignmentId });
  }
  return found;
}

/**
 * Lets a colleague use one's own roles, or one of them, for a time. What was received by delegation cannot be passed on:
 * only assignments of `fromId` count.
 *
 * @throws `delegation_to_self`, `delegation_of_nothing`, `validity_invalid`
 */
export async function delegate(
  tx: Transaction,
  input: {
    fromId: string;
    toId: string;
    role?: string | undefined;
    validFrom?: string | undefined;
    validUntil: string;
  },
  clock: Clock,
): Promise<Delegation> {
  if (input.fromId === input.toId) throw accessError('delegation_to_self', 'Nobody delegates to themselves');
  const { from, until } = validity(input.validFrom, input.validUntil, clock);
  const { rowCount } = await tx.query(
    `select from kernel.assignment
      where staff_id = $1 and ($2::text is null or role_code = $2) and (valid_until is null or valid_until > $3)`,
    [input.fromId, input.role ?? null, from],
  );
  if (rowCount === 0) throw accessError('delegation_of_nothing', 'There is no role to delegate in that time');
  const delegationId = newId(clock);
  await tx.query(
    `insert into kernel.delegation (delegation_id, from_id, to_id, role_code, valid_from, valid_until)
     values ($1, $2, $3, $4, $5, $6)`,
    [delegationId, input.fromId, input.toId, input.role ?? null, from, until],
  );
  const validUntil = until ?? input.validUntil;
  return {
    delegationId,
    fromId: input.fromId,
    toId: input.toId,
    role: input.role ?? null,
    validFrom: from,
    validUntil,
  };
}

/**
 * Ends a delegation now, when it is one of `staffId`, who gave or received it.
 *
 * @throws `delegation_not_found`
 */
export async function endDelegation(
  tx: Transaction,
  delegationId: string,
  staffId: string,
  clock: Clock,
): Promise<void> {
  const { rowCount } = isUuid(delegationId)
    ? await tx.query(
        `update kernel.delegation set valid_until = greatest(valid_from, least(valid_until, $3))
          where delegation_id = $1 and $2 in (from_id, to_id)`,
        [delegationId, staffId, clock.now().toString()],
      )
    : { rowCount: 0 };
  if (rowCount === 0) {
    throw accessError('delegation_not_found', 'There is no such delegation', { delegation_id: delegationId });
  }
}

/** Ends now all delegations a person gave or received that have not ended; returns how many. */
export async function endDelegationsOf(tx: Transaction, staffId: string, clock: Clock): Promise<number> {
  const { rowCount } = await tx.query(
    `update kernel.delegation set valid_until = greatest(valid_from, $2)
      where $1 in (from_id, to_id) and valid_until > greatest(valid_from, $2)`,
    [staffId, clock.now().toString()],
  );
  return rowCount;
}

/** Delegations given or received by a person, also those that ended. */
export async function listDelegations(db: Queryable, staffId: string): Promise<Delegation[]> {
  const { rows } = await db.query<Delegation>(
    `select delegation_id as "delegationId", from_id as "fromId", to_id as "toId", role_code as role,
            valid_from as "validFrom", valid_until as "validUntil"
       from kernel.delegation where $1 in (from_id, to_id) order by valid_from, delegation_id`,
    [staffId],
  );
  return rows;
}

function validity(from: string | undefined, until: string | undefined, clock: Clock) {
  const begins = from === undefined ? instantText(clock.now()) : instantText(parseInstant(from));
  const ends = until === undefined ? null : instantText(parseInstant(until));
  if (ends !== null && ends <= begins) throw accessError('validity_invalid', 'What ends must end after it begins');
  return { from: begins, until: ends };
}
